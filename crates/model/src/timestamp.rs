//! An instant on the wire: RFC 3339 in UTC with milliseconds, `2026-11-21T06:28:22.123Z`.
//!
//! Small enough for the browser: no time zones, no clock. The server converts from and to its own type.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};
use words::{Text, noted, text};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not an instant in this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an instant like 2026-11-21T06:28:22.123Z")]
pub struct NotATimestamp;

const DAY: i64 = 86_400_000;
/// A day of each month.
const MONTHS: [&str; 12] = [
    noted!("{day} Jan {year}"),
    noted!("{day} Feb {year}"),
    noted!("{day} Mar {year}"),
    noted!("{day} Apr {year}"),
    noted!("{day} May {year}"),
    noted!("{day} Jun {year}"),
    noted!("{day} Jul {year}"),
    noted!("{day} Aug {year}"),
    noted!("{day} Sep {year}"),
    noted!("{day} Oct {year}"),
    noted!("{day} Nov {year}"),
    noted!("{day} Dec {year}"),
];
/// Year, month and day of a day number (proleptic Gregorian). Source: H. Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`.
fn civil(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

/// Day number of a date; the inverse of [`civil`] (`days_from_civil` in the same source).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = year - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = if month > 2 { month - 3 } else { month + 9 };
    let doy = (153 * mp + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

impl Timestamp {
    /// From milliseconds since the epoch, kept between the years 0000 and 9999.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(-62_167_219_200_000, 253_402_300_799_999))
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The day, for people: `21 Nov 2026`.
    pub fn day(self) -> Text {
        let (year, month, day) = civil(self.0.div_euclid(DAY));
        let month = MONTHS.get(month as usize - 1).copied().unwrap_or_default();
        Text::with(month, None, &[("day", &day), ("year", &year)])
    }

    /// The time of day, for people: `06:28`.
    pub fn time(self) -> String {
        let minutes = self.0.rem_euclid(DAY) / 60_000;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// How long ago it was at another instant, for people: `now`, `5 min`, `3 h`, `2 d`, and the day from a week on.
    pub fn ago(self, now: Self) -> Text {
        let minutes = (now.0 - self.0) / 60_000;
        let (sentence, n) = match minutes {
            ..1 => return text!("now"),
            1..60 => (noted!("{n} min"), minutes),
            60..1_440 => (noted!("{n} h"), minutes / 60),
            1_440..10_080 => (noted!("{n} d"), minutes / 1_440),
            _ => return self.day(),
        };
        Text::with(sentence, None, &[("n", &n)])
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0.div_euclid(DAY));
        let ms = self.0.rem_euclid(DAY);
        let (h, m, s, ms) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000);
        write!(f, "{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{ms:03}Z")
    }
}

impl FromStr for Timestamp {
    type Err = NotATimestamp;
    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        let part = |from: usize, to: usize| -> Result<i64, NotATimestamp> {
            let digits = text.get(from..to).ok_or(NotATimestamp)?;
            if !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(NotATimestamp);
            }
            digits.parse().map_err(|_| NotATimestamp)
        };
        let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
        let (h, m, s, ms) = (part(11, 13)?, part(14, 16)?, part(17, 19)?, part(20, 23)?);
        let millis = days(year, month, day) * DAY + h * 3_600_000 + m * 60_000 + s * 1_000 + ms;
        let stamp = Self(millis);
        // One spelling an instant: punctuation, ranges and length are right exactly if it prints as it was written.
        if stamp.to_string() == text { Ok(stamp) } else { Err(NotATimestamp) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "ssr")]
impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::schema::text(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$", Some("date-time"))
    }
}

#[cfg(feature = "ssr")]
impl utoipa::ToSchema for Timestamp {}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::{OffsetDateTime, format_description::well_known::Rfc3339};

    proptest! {
        #[test]
        fn it_agrees_with_the_time_crate(millis in -62_167_219_200_000i64..253_402_300_800_000) {
            let stamp = Timestamp::from_millis(millis);
            let theirs = OffsetDateTime::parse(&stamp.to_string(), &Rfc3339)?;
            prop_assert_eq!(theirs.unix_timestamp_nanos(), i128::from(millis) * 1_000_000);
            prop_assert_eq!(stamp.to_string().parse::<Timestamp>(), Ok(stamp));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
            if let Ok(stamp) = text.parse::<Timestamp>() {
                prop_assert_eq!(stamp.to_string(), text);
            }
        }
    }

    #[test]
    fn impossible_dates_are_refused() {
        for bad in
            ["2026-02-30T00:00:00.000Z", "2026-13-01T00:00:00.000Z", "2026-01-01T24:00:00.000Z", "2026-01-01T00:00:00Z"]
        {
            assert_eq!(bad.parse::<Timestamp>(), Err(NotATimestamp), "{bad}");
        }
        assert_eq!(Timestamp::from_millis(0).day().to_string(), "1 Jan 1970");
    }

    #[test]
    fn times_for_people() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let then = at("2026-11-21T06:08:22.123Z");
        assert_eq!(then.time(), "06:08");
        for (now, words) in [
            ("2026-11-21T06:08:21.000Z", "now"),
            ("2026-11-21T06:09:22.122Z", "now"),
            ("2026-11-21T06:09:22.123Z", "1 min"),
            ("2026-11-21T07:08:22.122Z", "59 min"),
            ("2026-11-22T06:08:22.122Z", "23 h"),
            ("2026-11-28T06:08:22.122Z", "6 d"),
            ("2026-11-28T06:08:22.123Z", "21 Nov 2026"),
        ] {
            assert_eq!(then.ago(at(now)).to_string(), words, "{now}");
        }
    }
}
