//! What people type, checked once at the edge and carried as types that cannot hold anything else.
//!
//! Every `parse` returns a sentence for the person who typed it. Secrets do not print.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use words::{Text, text};

/// What is wrong with an input, in words for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Rejected(pub Text);

/// One line of text: trimmed, without control characters, of a bounded number of characters, of which something is seen.
pub(crate) fn line(text: &str, max: usize, empty: Text, long: Text) -> Result<String, Rejected> {
    let text = text.trim();
    if text.chars().all(unseen) {
        return Err(Rejected(empty));
    }
    if odd(text) {
        return Err(Rejected(text!("Use one line of ordinary characters.")));
    }
    if text.chars().count() > max {
        return Err(Rejected(long));
    }
    Ok(text.to_owned())
}

/// Control characters, and the invisible ones that turn text around or hide in it (Unicode TR36, "bidirectional text
/// spoofing"): they have no place in a name.
fn forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Whether a line holds what has no place in a name. The two joiners have theirs between characters that are not ASCII: Persian
/// is written with the one, and the other makes a family of several faces.
fn odd(line: &str) -> bool {
    let joined = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && !c.is_whitespace() && !forbidden(c));
    let (mut before, mut rest) = (None, line.chars().peekable());
    while let Some(c) = rest.next() {
        let joins = matches!(c, '\u{200C}' | '\u{200D}') && joined(before) && joined(rest.peek().copied());
        if forbidden(c) && !joins {
            return true;
        }
        before = Some(c);
    }
    false
}

/// What leaves nothing to see where it stands alone: spaces, what fonts leave out (`Default_Ignorable_Code_Point` of Unicode's
/// `DerivedCoreProperties.txt`, of 17.0), and the blank of Braille.
fn unseen(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{AD}'
                | '\u{34F}'
                | '\u{61C}'
                | '\u{115F}'..='\u{1160}'
                | '\u{17B4}'..='\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFF8}'
                | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D173}'..='\u{1D17A}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

macro_rules! text_input {
    ($(#[$doc:meta])* $name:ident, $parse:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks what was typed.
            ///
            /// # Errors
            /// A sentence that says what is wrong.
            pub fn parse(text: &str) -> Result<Self, Rejected> {
                let parse: fn(&str) -> Result<String, Rejected> = $parse;
                parse(text).map(Self)
            }

            /// The checked text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

text_input!(
    /// A company's name, 1 to 100 characters.
    CompanyName,
    |text| line(
        text,
        100,
        text!("Enter the name of your company."),
        text!("Use at most 100 characters.")
    )
);
text_input!(
    /// What people call a provider, 1 to 60 characters.
    ProviderName,
    |text| line(text, 60, text!("Enter what your people call it."), text!("Use at most 60 characters."))
);
text_input!(
    /// A domain in lower case, at most 253 characters, as it stands in the DNS.
    DomainName,
    |text| {
        let text = text.trim().trim_start_matches('@').to_lowercase();
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let fits = text.len() <= 240 && text.contains('.') && text.split('.').all(label);
        // What ends in a number is an address, not a name.
        let named = text.rsplit('.').next().is_some_and(|last| last.bytes().any(|b| b.is_ascii_alphabetic()));
        if fits && named { Ok(text) } else { Err(Rejected(text!("Enter a domain like example.com."))) }
    }
);
text_input!(
    /// A person's name, 1 to 100 characters.
    PersonName,
    |text| line(text, 100, text!("Enter your name."), text!("Use at most 100 characters."))
);
text_input!(
    /// What a key is for, 1 to 60 characters.
    KeyName,
    |text| line(
        text,
        60,
        text!("Say what the key is for, for example \u{201c}Website\u{201d}."),
        text!("Use at most 60 characters.")
    )
);
text_input!(
    /// Why a company is suspended, 1 to 200 characters.
    SuspensionReason,
    |text| line(text, 200, text!("Say in a line why it is suspended."), text!("Use at most 200 characters."))
);
text_input!(
    /// What a company calls a role of its own, 1 to 40 characters, and not as another one is called.
    RoleTitle,
    |text| {
        let title = line(text, 40, text!("Give the role a name, for example \u{201c}Night shift\u{201d}."), text!("Use at most 40 characters."))?;
        let built_in = ["owner", "admin", "agent", "viewer"];
        if built_in.contains(&title.to_lowercase().as_str()) {
            return Err(Rejected(text!("There is a role of this name already. Choose another one.")));
        }
        Ok(title)
    }
);
text_input!(
    /// What a company calls a team, 1 to 40 characters. Two that differ in capitals alone are one.
    TeamName,
    |text| line(text, 40, text!("Give the team a name, for example \u{201c}Billing\u{201d}."), text!("Use at most 40 characters."))
);
impl TeamName {
    /// As names are compared.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}
text_input!(
    /// What the owner of a passkey calls it, 1 to 60 characters.
    PasskeyName,
    |text| line(
        text,
        60,
        text!("Say where the passkey is, for example \u{201c}Laptop\u{201d}."),
        text!("Use at most 60 characters.")
    )
);
text_input!(
    /// The name of a file, 1 to 200 characters.
    FileName,
    |text| {
        const FORM: Text = text!("Give the file a name of at most 200 characters.");
        line(text, 200, FORM, FORM)
    }
);
text_input!(
    /// What a document is called, 1 to 200 characters.
    DocumentTitle,
    |text| line(text, DocumentTitle::MAX, text!("Give the document a title."), text!("Use at most 200 characters."))
);
impl DocumentTitle {
    /// Most characters.
    pub const MAX: usize = 200;
}
text_input!(
    /// The name of somebody who writes to a company, 1 to 100 characters.
    ContactName,
    |text| line(text, 100, text!("Give a name, or leave it out."), text!("Use at most 100 characters."))
);
text_input!(
    /// What somebody says: 1 to 4,000 characters, lines and all. Other control characters than those of lines and tabs, which
    /// come along when text is copied, are taken out.
    MessageText,
    |text| {
        let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
        text.retain(|c| !c.is_control() || matches!(c, '\n' | '\t'));
        let text = text.trim();
        if text.chars().all(unseen) {
            return Err(Rejected(text!("Write something first.")));
        }
        if text.chars().count() > MessageText::MAX {
            return Err(Rejected(text!("Use at most 4,000 characters, and send the rest in another message.")));
        }
        Ok(text.to_owned())
    }
);
impl MessageText {
    /// Most characters.
    pub const MAX: usize = 4_000;
}
text_input!(
    /// What a meeting is called, 1 to 200 characters.
    MeetingTitle,
    |text| line(text, 200, text!("Give the meeting a name."), text!("Use at most 200 characters."))
);
text_input!(
    /// What somebody is called in a meeting, 1 to 80 characters.
    AttendeeName,
    |text| line(text, 80, text!("Say who you are, so that others know."), text!("Use at most 80 characters."))
);
text_input!(
    /// What is written in a meeting: 1 to 2,000 characters, lines and all, as in a conversation.
    MeetingText,
    |text| {
        let text = MessageText::parse(text)?;
        if text.as_str().chars().count() > 2_000 {
            return Err(Rejected(text!("Use at most 2,000 characters, and send the rest in another message.")));
        }
        Ok(text.0)
    }
);
text_input!(
    /// What one has to know to come into a meeting besides its link, 6 to 64 characters.
    Passcode,
    |text| {
        const FORM: Text = text!("Use 6 to 64 characters.");
        let line = line(text, 64, FORM, FORM)?;
        if line.chars().count() < 6 { Err(Rejected(FORM)) } else { Ok(line) }
    }
);
text_input!(
    /// What a sender knows its message by, so that sending it twice leaves one: 1 to 64 of `A-Z a-z 0-9 _ -`.
    ClientId,
    |text| {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if fits { Ok(text.to_owned()) } else { Err(Rejected(text!("Use 1 to 64 of A-Z a-z 0-9 _ -, new for each message."))) }
    }
);
text_input!(
    /// An email address in lower case, at most 254 bytes (RFC 5321, section 4.5.3.1.3). Only its form is checked: whether
    /// it can be reached is known when a message has arrived.
    Email,
    |text| {
        const FORM: Rejected = Rejected(text!("Enter an email address like name@example.com."));
        let text = text.trim().to_lowercase();
        if text.is_empty() {
            return Err(Rejected(text!("Enter your email address.")));
        }
        if text.len() > 254 {
            return Err(Rejected(text!("Use an email address of at most 254 characters.")));
        }
        let (local, domain) = text.rsplit_once('@').ok_or(FORM)?;
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local
                .chars()
                .all(|c| !c.is_whitespace() && !forbidden(c) && !"@,;:<>()[]\\\"".contains(c));
        let label_ok = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        if !local_ok || !domain.contains('.') || !domain.split('.').all(label_ok) {
            return Err(FORM);
        }
        Ok(text)
    }
);

/// A new password: at least 10 characters, at most 128; any characters, no rules of composition (NIST SP 800-63B,
/// section 3.1.1.2). Never printed; wiped when dropped is the holder's duty on the server.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword(String);

impl NewPassword {
    /// Fewest characters.
    pub const MIN: usize = 10;
    /// Most characters, so that hashing one is bounded.
    pub const MAX: usize = 128;

    /// Checks what was typed. `known` are words that a password must not consist of: the email, the names.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str, known: &[&str]) -> Result<Self, Rejected> {
        let length = text.chars().count();
        if text.is_empty() {
            return Err(Rejected(text!("Choose a password.")));
        }
        if length < Self::MIN {
            return Err(Rejected(text!("Use at least 10 characters. A few unrelated words work well.")));
        }
        if length > Self::MAX {
            return Err(Rejected(text!("Use at most 128 characters.")));
        }
        let folded = text.to_lowercase();
        let mut characters: Vec<char> = folded.chars().collect();
        characters.sort_unstable();
        characters.dedup();
        if characters.len() < 4 || common(&folded) {
            return Err(Rejected(text!("This password is easy to guess. A few unrelated words work well.")));
        }
        if known.iter().any(|word| word.trim().to_lowercase() == folded) {
            return Err(Rejected(text!("Do not use your email address or a name as the password.")));
        }
        Ok(Self(text.to_owned()))
    }

    /// The password itself, for hashing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

/// The ten thousand passwords that people choose most, from four characters on, and all of ten and more that are known, sorted: those
/// of zxcvbn (Dropbox, MIT), out of published lists of leaked ones, and a few.
const COMMON: &str = include_str!("input/common_passwords.txt");

/// Whether a password is among the common ones: as it is, twice or more in a row, with digits or punctuation before or after it, or
/// with digits in the place of letters.
fn common(folded: &str) -> bool {
    let listed = |word: &str| {
        let (mut from, mut to) = (0, COMMON.len());
        // By halves, line by line.
        while from < to {
            let middle = (from + to) / 2;
            let begin = COMMON[..middle].rfind('\n').map_or(0, |at| at + 1);
            let end = COMMON[begin..].find('\n').map_or(COMMON.len(), |at| begin + at);
            match COMMON[begin..end].cmp(word) {
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Less => from = (end + 1).min(to),
                std::cmp::Ordering::Greater => to = begin,
            }
        }
        false
    };
    let once = |word: &str| -> usize {
        let length = word.len();
        (1..=length / 2)
            .find(|part| {
                length.is_multiple_of(*part)
                    && word.is_char_boundary(*part)
                    && word[..*part].repeat(length / part) == word
            })
            .unwrap_or(length)
    };
    let plain = |word: &str| {
        let letter = |c: char| match c {
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => other,
        };
        word.chars().map(letter).collect::<String>()
    };
    let around = |c: char| !c.is_alphabetic();
    let stem = folded.trim_matches(around);
    let read = plain(folded.trim_end_matches(|c: char| c.is_ascii_digit() || !c.is_alphanumeric()));
    [folded, stem, &plain(folded), &plain(stem), &read, read.trim_matches(around)]
        .into_iter()
        .any(|word| listed(word) || (once(word) >= 4 && listed(&word[..once(word)])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn emails() {
        for good in ["a@b.se", " Anna.Berg@Example.COM ", "o'neil+tag@sub.example.co.uk", "å@exämple.se"] {
            let email = Email::parse(good);
            assert!(email.is_ok(), "{good:?} {email:?}");
        }
        assert_eq!(Email::parse(" Anna@Example.COM ").map(|e| e.0).as_deref(), Ok("anna@example.com"));
        for bad in [
            "",
            " ",
            "a",
            "@",
            "a@",
            "@b.se",
            "a@b",
            "a b@c.se",
            "a@b..se",
            ".a@b.se",
            "a@-b.se",
            "a@b.se\r\nBcc: x@y.se",
            "a,b@c.se",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Email::parse(&format!("a@{}.se", "x".repeat(300))).is_err());
    }

    #[test]
    fn names() {
        assert_eq!(CompanyName::parse("  Fjord & Söner AB ").map(|n| n.0).as_deref(), Ok("Fjord & Söner AB"));
        assert!(CompanyName::parse("\u{202e}evil").is_err());
        assert!(CompanyName::parse("two\nlines").is_err());
        assert!(CompanyName::parse(&"x".repeat(101)).is_err());
        assert!(CompanyName::parse(&"å".repeat(100)).is_ok());
    }

    #[test]
    fn joiners_have_their_place() {
        for good in [
            "علی\u{200C}رضا",
            "نیم\u{200C}فاصله",
            "\u{915}\u{94D}\u{200D}\u{937}",
            "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467} & Co",
            "\u{2764}\u{FE0F}\u{200D}\u{1F525}",
        ] {
            let name = PersonName::parse(good).map(|name| name.0);
            assert_eq!(name.as_deref(), Ok(good), "{}", good.escape_unicode());
            assert_eq!(FileName::parse(good).map(|name| name.0).as_deref(), Ok(good));
        }
        for bad in [
            "A\u{200D}nna",
            "A\u{200C}nna",
            "é\u{200D}n",
            "n\u{200D}é",
            "علی\u{200C}",
            "\u{200C}علی",
            "علی\u{200C}\u{200C}رضا",
            "علی\u{200C} رضا",
            "علی\u{200B}رضا",
            "علی\u{202E}رضا",
            "\u{1F468}\u{200D}",
        ] {
            assert!(PersonName::parse(bad).is_err(), "{}", bad.escape_unicode());
        }
        assert!(Email::parse("علی\u{200C}رضا@example.com").is_err());
        assert!(DomainName::parse("علی\u{200C}رضا.example").is_err());
    }

    #[test]
    fn what_nobody_sees_is_no_name() {
        for blank in [
            "\u{3164}",
            "\u{115F}\u{1160}",
            "\u{FFA0} \u{FFA0}",
            "\u{2800}",
            "\u{AD}",
            "\u{180E}",
            "\u{200B}",
            "\u{200C}\u{200D}",
            "\u{2060}\u{FEFF}",
            "\u{FE0F}",
            "\u{E0020}",
            "\u{A0}\u{3000}",
            "",
        ] {
            assert_eq!(PersonName::parse(blank), PersonName::parse(" "), "{}", blank.escape_unicode());
            assert!(PersonName::parse(blank).is_err(), "{}", blank.escape_unicode());
        }
        // Among what is seen, some of it has its place.
        for seen in ["Fjäll\u{AD}hus", "A\u{FE0F}", "\u{3164}a"] {
            assert!(PersonName::parse(seen).is_ok(), "{}", seen.escape_unicode());
        }
    }

    #[test]
    fn messages() {
        let said = |text: &str| MessageText::parse(text).map(|text| text.0);
        for (typed, kept) in [
            ("  Hello\r\nthere\t! ", "Hello\nthere\t!"),
            ("one\rtwo\r\rthree", "one\ntwo\n\nthree"),
            ("a\u{0}b\u{7}c\u{1b}[1m\u{7f}\u{85}", "abc[1m"),
            ("\u{8}Hello\u{c}", "Hello"),
            ("\u{0} Hello \u{0}", "Hello"),
            ("\u{1F468}\u{200D}\u{1F469}", "\u{1F468}\u{200D}\u{1F469}"),
            ("A\u{200D}nna", "A\u{200D}nna"),
        ] {
            assert_eq!(said(typed).as_deref(), Ok(kept), "{typed:?}");
        }
        for blank in ["", " \n\t ", "\u{0}\u{7}", "\r\r", "\u{200B}\u{FEFF}", "\u{3164}\n\u{2800}", "\u{FE0F}"] {
            let refused = said(blank).map_err(|rejected| rejected.0.to_string());
            assert_eq!(refused, Err("Write something first.".to_owned()), "{}", blank.escape_unicode());
        }
        assert!(said(&"x".repeat(MessageText::MAX)).is_ok() && said(&"x".repeat(MessageText::MAX + 1)).is_err());
        // What is taken out does not count.
        assert!(said(&"x\u{0}".repeat(MessageText::MAX)).is_ok());
    }

    #[test]
    fn the_list_is_in_order() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.len() >= 3_000 && lines.is_sorted(), "{}", lines.len());
        assert!(lines.iter().all(|line| common(line)), "each is found");
    }

    #[test]
    fn passwords() {
        assert!(NewPassword::parse("correct horse battery", &[]).is_ok());
        for bad in ["", "short", "aaaaaaaaaaaa", "Password123", "1234567890"] {
            assert!(NewPassword::parse(bad, &[]).is_err(), "{bad:?}");
        }
        // What people make of a common one.
        for bad in [
            "password2026!",
            "P@ssw0rd2026",
            "2026password",
            "qwertyqwerty",
            "QwertyQwerty1",
            "letmein!!!",
            "sunshine.2026",
            "dragon1234",
            "monkey!!!!!!",
            "1q2w3e4r5t",
            "0123456789",
            "iloveyou12",
            "administrator",
            "abc123abc123",
            "football12",
        ] {
            assert!(NewPassword::parse(bad, &[]).is_err(), "{bad:?}");
        }
        for good in [
            "four lamps and 3f9a",
            "green lamp river",
            "dragonfly pond",
            "passwords are old",
            "Ängsblomman står",
            "kx81-vv20-qq7z",
        ] {
            assert!(NewPassword::parse(good, &[]).is_ok(), "{good:?}");
        }
        assert!(NewPassword::parse("Anna@Example.com", &["anna@example.com"]).is_err());
        assert!(NewPassword::parse(&"ab cd".repeat(26), &[]).is_err());
        assert_eq!(format!("{:?}", NewPassword("secret".into())), "NewPassword(…)");
    }

    proptest! {
        #[test]
        fn no_input_panics_and_what_is_kept_is_stable(text in "\\PC{0,300}") {
            if let Ok(email) = Email::parse(&text) { prop_assert_eq!(Email::parse(email.as_str()), Ok(email)); }
            if let Ok(name) = PersonName::parse(&text) { prop_assert_eq!(PersonName::parse(name.as_str()), Ok(name)); }
            if let Ok(said) = MessageText::parse(&text) { prop_assert_eq!(MessageText::parse(said.as_str()), Ok(said)); }
            let _ = NewPassword::parse(&text, &[]);
        }
    }
}
