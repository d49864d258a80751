//! The settings of a workspace. Each change is a version that stays.
//!
//! A new one: a field here, its line in [`Settings::facts`] and its check in [`Settings::checked`], what is in force of it where it is
//! asked for, and a field of the form.

use crate::input::CompanyName;
use crate::{FieldError, Timestamp, whole};
use serde::{Deserialize, Serialize};
use words::{Language, Text, text};

/// Fewest and most minutes of a session.
pub const MINUTES: std::ops::RangeInclusive<u32> = 5..=10_080;

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
        match name {
            Some(name) if errors.is_empty() => Ok(Self { name: name.as_str().to_owned(), ..self }),
            _ => Err(errors),
        }
    }

    /// By name, as people read them.
    pub fn facts(&self) -> [(&'static str, Text); 5] {
        let minutes = |minutes: Option<u32>| match minutes {
            Some(n) => text!("{n} minutes", n),
            None => Text::plain("-"),
        };
        let second_factor = if self.second_factor { text!("required") } else { text!("up to each") };
        let language = self.language.map_or(text!("up to each"), |language| Text::plain(language.name()));
        [
            ("idle_minutes", minutes(self.idle_minutes)),
            ("language", language),
            ("name", Text::plain(&self.name)),
            ("second_factor", second_factor),
            ("session_minutes", minutes(self.session_minutes)),
        ]
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
            "idle_minutes" => text!("Unused, it ends after"),
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

    fn settings() -> Settings {
        Settings {
            name: "Fjällhus".into(),
            second_factor: false,
            session_minutes: None,
            idle_minutes: None,
            language: None,
        }
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
