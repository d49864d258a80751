//! A meeting as calendars take it (iCalendar, RFC 5545). Times are in UTC, which every calendar shows in its own.
//!
//! It is a file and no message: it has no `METHOD`, which would ask for an organizer with an address (RFC 5546, section 3.2.1). A calendar that has
//! taken it once knows it by its `UID`, and takes what has a higher `SEQUENCE` in its place.

use model::Timestamp;
use model::meeting::Meeting;

/// Most bytes of a line, without its end.
const LINE: usize = 75;

/// The file.
pub fn calendar(meeting: &Meeting, now: Timestamp) -> String {
    let begins = meeting.starts_at.unwrap_or(meeting.created_at);
    let ends = Timestamp::from_millis(begins.millis() + i64::from(meeting.minutes) * 60_000);
    // When it was changed is not kept: whoever takes it later has what is newer, or the same.
    let sequence = (now.millis() - meeting.created_at.millis()).max(0) / 1_000;
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Samtal//Meetings//EN".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@samtal", meeting.id),
        format!("SEQUENCE:{sequence}"),
        format!("DTSTAMP:{}", instant(now)),
        format!("DTSTART:{}", instant(begins)),
        format!("DTEND:{}", instant(ends)),
        format!("SUMMARY:{}", escaped(&meeting.title)),
        format!("LOCATION:{}", escaped(&meeting.link)),
        format!("URL:{}", meeting.link),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    lines.iter().map(|line| folded(line)).collect()
}

/// `20261121T062822Z`.
fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    let seconds = text.split('.').next().unwrap_or_default();
    seconds.chars().filter(|c| c.is_ascii_digit() || *c == 'T').chain(['Z']).collect()
}

/// A text (section 3.3.11).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// A line, cut where it is too long, between characters (section 3.1).
fn folded(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + 8);
    let mut length = 0;
    for c in line.chars() {
        if length + c.len_utf8() > LINE {
            folded.push_str("\r\n ");
            length = 1;
        }
        folded.push(c);
        length += c.len_utf8();
    }
    folded.push_str("\r\n");
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::MeetingId;
    use model::meeting::MeetingState;

    #[test]
    fn a_calendar_reads_it() {
        let at = |millis| Timestamp::from_millis(millis);
        let meeting = Meeting {
            id: MeetingId::from_uuid(uuid::Uuid::nil()),
            title: "Prices, terms; \\ all\nBEGIN:VEVENT ".to_owned() + &"å".repeat(100),
            link: "https://samtal.example/meet/aaaaa-aaaaa-aaaaa-aaaaa".to_owned(),
            state: MeetingState::Scheduled,
            starts_at: Some(at(1_764_496_800_000)),
            minutes: 45,
            time_zone: Some("Europe/Stockholm".to_owned()),
            passcode: false,
            waiting_room: true,
            locked: false,
            conversation_id: None,
            created_by: None,
            created_at: at(0),
            started_at: None,
            ended_at: None,
        };
        let file = calendar(&meeting, at(0));
        assert!(
            file.contains("DTSTAMP:19700101T000000Z\r\nDTSTART:20251130T100000Z\r\nDTEND:20251130T104500Z\r\n"),
            "{file}"
        );
        // Taken later, it stands in the place of what was taken before.
        assert!(file.contains("\r\nSEQUENCE:0\r\n") && !file.contains("METHOD"), "{file}");
        assert!(calendar(&meeting, at(90_500)).contains("\r\nSEQUENCE:90\r\n"));
        assert!(file.contains("SUMMARY:Prices\\, terms\\; \\\\ all\\nBEGIN:VEVENT å"), "{file}");
        assert!(file.split("\r\n").all(|line| line.len() <= LINE), "{file}");
        // What stands in a title begins no line.
        assert_eq!(file.split("\r\n").filter(|line| line.starts_with("BEGIN:VEVENT")).count(), 1, "{file}");
        assert!(file.ends_with("END:VCALENDAR\r\n"));
        // Put together again it is what it was.
        assert!(file.replace("\r\n ", "").contains(&"å".repeat(100)));
        let now = Meeting { starts_at: None, ..meeting };
        assert!(calendar(&now, at(0)).contains("DTSTART:19700101T000000Z"));
    }
}
