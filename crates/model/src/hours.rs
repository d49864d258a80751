//! Service hours: when people are there, by the clock of one place. Small enough for the browser: no time zones here. Which weekday it is there, and
//! which minute of the day, comes from outside.

use words::{Text, noted, text};

/// The days of a week, as fields of forms are called, and as people call them.
pub const DAYS: [(&str, &str); 7] = [
    ("monday", noted!("Monday")),
    ("tuesday", noted!("Tuesday")),
    ("wednesday", noted!("Wednesday")),
    ("thursday", noted!("Thursday")),
    ("friday", noted!("Friday")),
    ("saturday", noted!("Saturday")),
    ("sunday", noted!("Sunday")),
];
/// Most spans of a day.
const SPANS: usize = 2;
/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// Characters of a day's hours that are said again.
const SAID: usize = 60;

/// From one minute of a day up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: u16,
    to: u16,
}

/// Whether people are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// They are.
    Now,
    /// After so many days, at this minute of the day.
    Later {
        /// 0 is the same day, 7 the same weekday of the next week.
        days: u8,
        /// From 0 to 1,439.
        minute: u16,
    },
}

/// A minute of a day, as people write it: `9:00`, `09:00`, `24:00`.
fn clock(typed: &str) -> Option<u16> {
    let (hours, minutes) = typed.trim().split_once(':')?;
    let number = |digits: &str, fits: bool| -> Option<u16> {
        (fits && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
    };
    let hours = number(hours, matches!(hours.len(), 1 | 2))?;
    let minutes = number(minutes, minutes.len() == 2).filter(|minutes| *minutes < 60)?;
    Some(hours * 60 + minutes).filter(|minute| *minute <= DAY)
}

/// The spans of a day, one after the other. `None` for what is none.
fn spans(typed: &str) -> Option<Vec<Span>> {
    let mut spans: Vec<Span> = Vec::new();
    if typed.trim().is_empty() {
        return Some(spans);
    }
    for part in typed.split(',') {
        // People write either dash.
        let (from, to) = part.split_once(['-', '–'])?;
        let span = Span { from: clock(from)?, to: clock(to)? };
        let after = spans.last().map_or(0, |before| before.to);
        if span.from >= span.to || span.from < after || spans.len() == SPANS {
            return None;
        }
        spans.push(span);
    }
    Some(spans)
}

/// A minute of a day, as it is shown.
pub fn shown(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Hours in their one form, Monday's first: seven days, or none where there are none, which is always. Days that are not named have none.
///
/// # Errors
/// For each day that is written another way: which, and how it is written.
pub fn checked(hours: &[String]) -> Result<Vec<String>, Vec<(&'static str, Text)>> {
    let (mut days, mut errors) = (Vec::with_capacity(DAYS.len()), Vec::new());
    for (at, (day, _)) in DAYS.iter().enumerate() {
        let typed = hours.get(at).map(String::as_str).unwrap_or_default();
        match spans(typed) {
            Some(spans) => {
                let spans = spans.iter().map(|span| format!("{}-{}", shown(span.from), shown(span.to)));
                days.push(spans.collect::<Vec<_>>().join(", "));
            }
            None => {
                let typed: String = typed.trim().chars().take(SAID).collect();
                let message = text!(
                    "{typed} are no hours as they are written here: 09:00-17:00, or 09:00-12:00, 13:00-17:00, one after the other within the day. Nothing, where nobody is there.",
                    typed
                );
                errors.push((*day, message));
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    if days.iter().all(String::is_empty) {
        days.clear();
    }
    Ok(days)
}

/// Whether people are there on a weekday (0 is Monday) at a minute of the day; and when they are next.
pub fn service(hours: &[String], weekday: u8, minute: u16) -> Service {
    let week = u8::try_from(DAYS.len()).unwrap_or(7);
    for days in 0..=week {
        let day = usize::from((weekday + days) % week);
        for span in hours.get(day).and_then(|day| spans(day)).unwrap_or_default() {
            if days > 0 || minute < span.from {
                return Service::Later { days, minute: span.from };
            }
            if minute < span.to {
                return Service::Now;
            }
        }
    }
    // No hours at all: always.
    Service::Now
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn week(days: [&str; 7]) -> Vec<String> {
        days.map(str::to_owned).to_vec()
    }

    #[test]
    fn hours_have_one_form() {
        for (typed, is) in [
            ("", ""),
            ("  ", ""),
            ("09:00-17:00", "09:00-17:00"),
            (" 9:00 – 17:00 ", "09:00-17:00"),
            ("9:00-12:00,13:00-17:30", "09:00-12:00, 13:00-17:30"),
            ("00:00-24:00", "00:00-24:00"),
            ("08:00-12:00, 12:00-13:00", "08:00-12:00, 12:00-13:00"),
        ] {
            let hours = checked(&week([typed, "10:00-11:00", "", "", "", "", ""])).unwrap();
            assert_eq!(hours.first().map(String::as_str), Some(is), "{typed:?}");
        }
        for typed in [
            "9",
            "9-17",
            "09:00",
            "09:00-",
            "-17:00",
            "17:00-09:00",
            "09:00-09:00",
            "09:00-24:01",
            "25:00-26:00",
            "09:60-10:00",
            "9:0-17:00",
            "009:00-17:00",
            "+9:00-17:00",
            "09:00-17:00,",
            "13:00-17:00, 09:00-12:00",
            "09:00-13:00, 12:00-17:00",
            "08:00-09:00, 10:00-11:00, 12:00-13:00",
            "09.00-17.00",
            "closed",
            "۰۹:۰۰-۱۷:۰۰",
        ] {
            let errors = checked(&week(["", typed, "", "", "", "", "x"])).unwrap_err();
            let days: Vec<_> = errors.iter().map(|(day, _)| *day).collect();
            assert_eq!(days, ["tuesday", "sunday"], "{typed}");
        }
        assert_eq!(checked(&[]), Ok(vec![]));
        assert_eq!(checked(&week([""; 7])), Ok(vec![]));
        assert_eq!(checked(&["9:00-10:00".to_owned()]), Ok(week(["09:00-10:00", "", "", "", "", "", ""])));
    }

    #[test]
    fn people_are_there_or_are_next() {
        let hours = week(["09:00-12:00, 13:00-17:00", "", "09:00-24:00", "00:00-01:00", "", "", ""]);
        for (weekday, minute, is) in [
            (0, 539, Service::Later { days: 0, minute: 540 }),
            (0, 540, Service::Now),
            (0, 719, Service::Now),
            (0, 720, Service::Later { days: 0, minute: 780 }),
            (0, 780, Service::Now),
            (0, 1019, Service::Now),
            (0, 1020, Service::Later { days: 2, minute: 540 }),
            (1, 0, Service::Later { days: 1, minute: 540 }),
            (2, 1439, Service::Now),
            (3, 0, Service::Now),
            (3, 60, Service::Later { days: 4, minute: 540 }),
            (6, 1439, Service::Later { days: 1, minute: 540 }),
        ] {
            assert_eq!(service(&hours, weekday, minute), is, "{weekday} {minute}");
        }
        // A week later, where there is one day alone.
        let sundays = week(["", "", "", "", "", "", "10:00-11:00"]);
        assert_eq!(service(&sundays, 6, 660), Service::Later { days: 7, minute: 600 });
        assert_eq!(service(&[], 3, 700), Service::Now);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_the_form_is_its_own(typed in "[0-9:,– -]{0,30}|\\PC{0,30}", weekday in 0_u8..7, minute in 0_u16..1440) {
            if let Ok(hours) = checked(&week([&typed, "", "", "", "", "", ""])) {
                prop_assert_eq!(checked(&hours), Ok(hours.clone()));
                // When they are next is a time at which they are.
                if let Service::Later { days, minute } = service(&hours, weekday, minute) {
                    prop_assert_eq!(service(&hours, (weekday + days) % 7, minute), Service::Now);
                }
            }
        }
    }
}
