//! The settings of a workspace. Each change is a version that stays.
//!
//! A new one: a field here, its line in [`Settings::facts`] and its check in [`Settings::checked`], what is in force of it where it is
//! asked for, and a field of the form.

use crate::input::CompanyName;
use crate::{FieldError, Timestamp, hours, whole};
use serde::{Deserialize, Serialize};
use words::{Language, Text, text};

/// Fewest and most minutes of a session.
pub const MINUTES: std::ops::RangeInclusive<u32> = 5..=10_080;
/// Most sites that may show meetings in their pages.
const SITES: usize = 20;
/// Characters of one of them. All of them stand in a header.
const SITE: usize = 120;
/// Characters of a time zone's name.
const ZONE: usize = 64;

/// What a workspace has chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Settings {
    /// The company's name.
    #[cfg_attr(feature = "ssr", schema(min_length = 1, max_length = 100, pattern = r"\S"))]
    pub name: String,
    /// Whether signing in takes a second factor. Who has none is led through it.
    #[serde(default)]
    pub second_factor: bool,
    /// After how many minutes a session ends; none for as long as the installation lets it. From 5 to 10,080.
    #[serde(default, deserialize_with = "whole::or_none")]
    #[cfg_attr(feature = "ssr", schema(minimum = 5, maximum = 10_080))]
    pub session_minutes: Option<u32>,
    /// After how many minutes a session ends that nobody uses; none for as long as the installation lets it. From 5 to 10,080.
    #[serde(default, deserialize_with = "whole::or_none")]
    #[cfg_attr(feature = "ssr", schema(minimum = 5, maximum = 10_080))]
    pub idle_minutes: Option<u32>,
    /// What its people and its letters speak, where somebody has not chosen; none for what each browser asks for.
    #[serde(default)]
    pub language: Option<Language>,
    /// Whether the assistant remembers what contacts say of themselves.
    #[serde(default)]
    pub remember_facts: bool,
    /// Whether personal data is hidden in what is sent to a model's provider: addresses, telephones, cards, accounts, and numbers of persons.
    #[serde(default)]
    pub mask_personal_data: bool,
    /// The sites that may show meetings in their pages: origins, `https://` with a name and perhaps a port. `http://` for `localhost` alone.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(max_items = 20))]
    pub embed_origins: Vec<String>,
    /// Whether contacts may ask to talk face to face.
    #[serde(default)]
    pub calls: bool,
    /// The time zone of the hours, by its name (IANA), like `Europe/Stockholm`. Hours take one.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(max_length = 64))]
    pub time_zone: Option<String>,
    /// When people are there: Monday's hours, then Tuesday's, up to two spans a day, like `09:00-12:00, 13:00-17:00`; an empty text where nobody
    /// is. None at all: always.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(max_items = 7))]
    pub service_hours: Vec<String>,
}

/// The origin of a site as browsers write it: small letters, no port that goes without saying. Nothing, for what is none, or what a content
/// security policy cannot name.
fn origin(typed: &str) -> Option<String> {
    let typed = typed.trim();
    if typed.len() > SITE {
        return None;
    }
    let typed = typed.to_ascii_lowercase();
    let (scheme, rest) = typed.strip_suffix('/').unwrap_or(&typed).split_once("://")?;
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    let usual = match scheme {
        "https" => 443,
        "http" if matches!(host, "localhost" | "127.0.0.1") => 80,
        _ => return None,
    };
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(letter) && !label.starts_with('-') && !label.ends_with('-')
    };
    if !host.split('.').all(label) {
        return None;
    }
    let port = match port {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse::<u16>().ok().filter(|port| *port > 0)?
        }
        Some(_) => return None,
        None => usual,
    };
    Some(if port == usual { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") })
}

impl Settings {
    /// These, if they are all right.
    ///
    /// # Errors
    /// What is wrong with each field.
    pub fn checked(self) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message: Text| errors.push(FieldError { field: field.to_owned(), message });
        let name = CompanyName::parse(&self.name).map_err(|e| wrong("name", e.0)).ok();
        for (field, minutes) in [("session_minutes", self.session_minutes), ("idle_minutes", self.idle_minutes)] {
            if minutes.is_some_and(|minutes| !MINUTES.contains(&minutes)) {
                wrong(field, text!("From 5 to 10,080 minutes, or nothing."));
            }
        }
        if self.embed_origins.len() > SITES {
            wrong("embed_origins", text!("Name at most {most} sites.", most = SITES));
        }
        let mut embed_origins = Vec::new();
        for typed in self.embed_origins.iter().take(SITES) {
            match origin(typed) {
                Some(origin) if embed_origins.contains(&origin) => {}
                Some(origin) => embed_origins.push(origin),
                None => {
                    let site: String = typed.chars().take(SITE).collect();
                    let message = text!(
                        "{site} is no site as it is written here: https://, its name and perhaps a port, like https://shop.example. http:// is for localhost alone.",
                        site
                    );
                    wrong("embed_origins", message);
                    break;
                }
            }
        }
        if self.service_hours.len() > hours::DAYS.len() {
            wrong("service_hours", text!("A week has seven days."));
        }
        let service_hours = hours::checked(&self.service_hours).unwrap_or_else(|errors| {
            errors.into_iter().for_each(|(day, message)| wrong(day, message));
            Vec::new()
        });
        let time_zone = self.time_zone.as_deref().map(str::trim).filter(|zone| !zone.is_empty());
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
        let fits = time_zone.is_some_and(|zone| zone.len() <= ZONE && zone.chars().all(named));
        // Whether there is such a zone the database knows.
        if !fits && (time_zone.is_some() || !service_hours.is_empty()) {
            wrong("time_zone", text!("Choose a time zone, for example Europe/Stockholm."));
        }
        let time_zone = time_zone.map(str::to_owned);
        match name {
            Some(name) if errors.is_empty() => {
                Ok(Self { name: name.as_str().to_owned(), embed_origins, time_zone, service_hours, ..self })
            }
            _ => Err(errors),
        }
    }

    /// By name, as people read them.
    pub fn facts(&self) -> [(&'static str, Text); 11] {
        let minutes = |minutes: Option<u32>| match minutes {
            Some(n) => text!("{n} minutes", n),
            None => Text::plain("-"),
        };
        let second_factor = if self.second_factor { text!("required") } else { text!("up to each") };
        let language = self.language.map_or(text!("up to each"), |language| Text::plain(language.name()));
        let switch = |on| if on { text!("on") } else { text!("off") };
        let sites = if self.embed_origins.is_empty() { "-".to_owned() } else { self.embed_origins.join(", ") };
        let zone = self.time_zone.as_deref().unwrap_or("-");
        [
            ("calls", switch(self.calls)),
            ("embed_origins", Text::plain(sites)),
            ("idle_minutes", minutes(self.idle_minutes)),
            ("language", language),
            ("mask_personal_data", switch(self.mask_personal_data)),
            ("name", Text::plain(&self.name)),
            ("remember_facts", switch(self.remember_facts)),
            ("second_factor", second_factor),
            ("service_hours", self.week()),
            ("session_minutes", minutes(self.session_minutes)),
            ("time_zone", Text::plain(zone)),
        ]
    }

    /// The hours of the week, as people read them.
    fn week(&self) -> Text {
        if self.service_hours.is_empty() {
            return text!("always");
        }
        let of = |day: usize| self.service_hours.get(day).filter(|hours| !hours.is_empty()).map_or("-", String::as_str);
        text!(
            "Mon {mon}; Tue {tue}; Wed {wed}; Thu {thu}; Fri {fri}; Sat {sat}; Sun {sun}",
            mon = of(0),
            tue = of(1),
            wed = of(2),
            thu = of(3),
            fri = of(4),
            sat = of(5),
            sun = of(6)
        )
    }

    /// What differs: name, what it was, and what it is in `newer`.
    pub fn differences(&self, newer: &Self) -> Vec<(&'static str, Text, Text)> {
        let pairs = self.facts().into_iter().zip(newer.facts());
        pairs.filter(|(was, is)| was != is).map(|((name, was), (_, is))| (name, was, is)).collect()
    }

    /// What a setting is called.
    pub fn title(name: &str) -> Text {
        match name {
            "name" => text!("Company"),
            "language" => text!("Language"),
            "second_factor" => text!("Second factor"),
            "session_minutes" => text!("A session ends after"),
            "idle_minutes" => text!("Signed out when idle for"),
            "remember_facts" => text!("Remember contacts"),
            "mask_personal_data" => text!("Hide personal data from models"),
            "embed_origins" => text!("Sites that show meetings"),
            "calls" => text!("Contacts may ask for a call"),
            "time_zone" => text!("Time zone"),
            "service_hours" => text!("Service hours"),
            other => Text::plain(other),
        }
    }
}

/// A version of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SettingsVersion {
    /// Its number; the highest is in force. 0 is how the workspace was made.
    pub version: i32,
    /// What was chosen.
    pub settings: Settings,
    /// Which version it brought back, if it did.
    pub restores: Option<i32>,
    /// Who changed them, as they were called then; empty for version 0.
    pub changed_by: String,
    /// When.
    pub changed_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn settings() -> Settings {
        Settings {
            name: "Fjällhus".into(),
            second_factor: false,
            session_minutes: None,
            idle_minutes: None,
            language: None,
            remember_facts: false,
            mask_personal_data: false,
            embed_origins: Vec::new(),
            calls: false,
            time_zone: None,
            service_hours: Vec::new(),
        }
    }

    #[test]
    fn hours_take_a_time_zone() {
        let with = |zone: Option<&str>, monday: &str| {
            let time_zone = zone.map(str::to_owned);
            let checked = Settings { time_zone, service_hours: vec![monday.to_owned()], ..settings() }.checked();
            checked
                .map(|s| (s.time_zone, s.service_hours.len()))
                .map_err(|errors| errors.into_iter().map(|e| e.field).collect::<Vec<_>>())
        };
        let zone = Some("Europe/Stockholm".to_owned());
        assert_eq!(with(Some(" Europe/Stockholm "), "9:00-17:00"), Ok((zone.clone(), 7)));
        assert_eq!(with(Some("Europe/Stockholm"), ""), Ok((zone, 0)));
        assert_eq!(with(None, ""), Ok((None, 0)));
        assert_eq!(with(Some(""), ""), Ok((None, 0)));
        for zone in [None, Some(""), Some("Europe/Stockholm; drop"), Some("'"), Some(&*"x".repeat(65))] {
            assert_eq!(with(zone, "9:00-17:00"), Err(vec!["time_zone".to_owned()]), "{zone:?}");
        }
        assert_eq!(with(Some("UTC"), "9-17"), Err(vec!["monday".to_owned()]));
        let eight = Settings { service_hours: vec![String::new(); 8], ..settings() }.checked();
        assert!(eight.is_err_and(|errors| errors.iter().any(|e| e.field == "service_hours")));
    }

    #[test]
    fn what_is_wrong_is_named_all_at_once() {
        let wrong = Settings { name: " ".into(), session_minutes: Some(4), idle_minutes: Some(10_081), ..settings() };
        let fields = wrong.checked().map_err(|errors| errors.into_iter().map(|e| e.field).collect::<Vec<_>>());
        assert_eq!(fields, Err(vec!["name".into(), "session_minutes".into(), "idle_minutes".into()]));
        let right = Settings {
            name: "  Fjällhus  ".into(),
            session_minutes: Some(5),
            idle_minutes: Some(10_080),
            ..settings()
        };
        assert_eq!(right.checked().map(|right| right.name), Ok("Fjällhus".into()));
    }

    #[test]
    fn a_site_has_one_form() {
        for (typed, is) in [
            ("https://shop.example", Some("https://shop.example")),
            (" HTTPS://Shop.Example:443/ ", Some("https://shop.example")),
            ("https://shop.example:8443", Some("https://shop.example:8443")),
            ("https://shop.example:08443", Some("https://shop.example:8443")),
            ("https://xn--fjllhus-6wa.example", Some("https://xn--fjllhus-6wa.example")),
            ("https://intranet", Some("https://intranet")),
            ("http://localhost:5173", Some("http://localhost:5173")),
            ("http://127.0.0.1:80", Some("http://127.0.0.1")),
            ("http://shop.example", None),
            ("http://localhost.example", None),
            ("shop.example", None),
            ("//shop.example", None),
            ("https://", None),
            ("https://*", None),
            ("https://*.shop.example", None),
            ("https://shop.example/page", None),
            ("https://shop.example?", None),
            ("https://shop.example#x", None),
            ("https://kim@shop.example", None),
            ("https://shop.example.", None),
            ("https://-shop.example", None),
            ("https://fjällhus.example", None),
            ("https://[::1]", None),
            ("https://shop.example:", None),
            ("https://shop.example:0", None),
            ("https://shop.example:65536", None),
            ("https://shop.example:+80", None),
            ("https://shop.example:80:80", None),
            ("https://shop.example; script-src *", None),
            ("https://shop.example https://other.example", None),
            ("https://shop.example\r\nx: y", None),
            ("'self'", None),
            ("null", None),
            ("", None),
        ] {
            assert_eq!(origin(typed).as_deref(), is, "{typed:?}");
        }
        assert_eq!(origin(&format!("https://{}example", "a.".repeat(60))), None);
    }

    proptest! {
        #[test]
        fn a_site_s_form_is_its_own_and_fits_a_header(
            typed in prop_oneof!["\\PC{0,40}", "https?://[a-zA-Z0-9.-]{0,20}(:[0-9]{0,6})?/?"]
        ) {
            if let Some(is) = origin(&typed) {
                prop_assert_eq!(origin(&is), Some(is.clone()));
                prop_assert!(is.bytes().all(|b| b.is_ascii_graphic() && !b";,'\"*".contains(&b)), "{}", is);
            }
        }
    }

    #[test]
    fn sites_are_few_and_each_is_named_once() {
        let with = |embed_origins: Vec<String>| Settings { embed_origins, ..settings() }.checked();
        let sites = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect::<Vec<_>>();
        let all = with(sites(&["https://B.example", "https://a.example:443", "https://b.example/"]));
        assert_eq!(all.map(|all| all.embed_origins), Ok(sites(&["https://b.example", "https://a.example"])));
        let many = |n: usize| (0..n).map(|n| format!("https://shop-{n}.example")).collect::<Vec<_>>();
        assert!(with(many(SITES)).is_ok());
        let wrong = |result: Result<Settings, Vec<FieldError>>| {
            result.map_err(|errors| errors.into_iter().map(|e| (e.field, e.message.to_string())).collect::<Vec<_>>())
        };
        let too_many = wrong(with(many(SITES + 1))).unwrap_err();
        assert_eq!(too_many, [("embed_origins".to_owned(), "Name at most 20 sites.".to_owned())]);
        let one = wrong(with(sites(&["https://a.example", "ftp://b.example", "c"]))).unwrap_err();
        assert!(one.len() == 1 && one[0].1.starts_with("ftp://b.example is no site"), "{one:?}");
    }

    #[test]
    fn what_differs_is_told() {
        assert_eq!(settings().differences(&settings()), []);
        let newer = Settings { second_factor: true, idle_minutes: Some(30), ..settings() };
        assert_eq!(
            settings().differences(&newer),
            [
                ("idle_minutes", Text::plain("-"), text!("{n} minutes", n = 30)),
                ("second_factor", text!("up to each"), text!("required")),
            ]
        );
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        assert!(serde_json::from_str::<Settings>(r#"{"name": "A", "colour": "red"}"#).is_err());
        assert!(serde_json::from_str::<Settings>(r#"{"name": "A"}"#).is_ok());
    }
}
