//! Personal data, out of what is sent to a model's provider, and back into what that answers.
//!
//! *Guarantees:* where it is on, no address of mail, telephone, card, account (IBAN), number of a person (Sweden's, Spain's) and no address of a
//! page with a user in it goes out of what was hidden by one, as far as their forms are known here; each has one name (`<email-1>`) for all of a
//! question, so that two are told apart and one is known again; and what comes back has each again as it was. *Not:* names, postal addresses, and
//! what is spelt so that no program would know it ("ann at example dot org").
//!
//! What may as well be the number of an order, an article, a price or a day stays, since the question is about it: cards, accounts and numbers of
//! persons have to be right by their check digits, and telephones by how they are written or by the word before them.

use serde_json::Value;
use std::collections::BTreeMap;

/// Most bytes before the `@` of an address, and of anything else that is looked at as one.
const LOCAL: usize = 64;
const LONGEST: usize = 300;
/// Most bytes of a name.
const NAME: usize = 20;
/// Most parts between spaces that one number has.
const PARTS: usize = 8;
/// Most digits of anything.
const DIGITS: usize = 19;
/// Dashes that stand in numbers for a hyphen: the hyphens of print, the dash of a number, the one of a range, and the minus.
const DASHES: [char; 5] = ['\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2212}'];

/// What a piece of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Email,
    Phone,
    Card,
    Account,
    Person,
    Link,
    /// What looks like the name of something hidden.
    Text,
}

impl Kind {
    const ALL: [Self; 7] = [Self::Email, Self::Phone, Self::Card, Self::Account, Self::Person, Self::Link, Self::Text];

    const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Card => "card",
            Self::Account => "account",
            Self::Person => "id",
            Self::Link => "link",
            Self::Text => "text",
        }
    }
}

/// What is hidden in one question, and how it is called there.
#[derive(Debug, Default)]
pub(crate) struct Mask {
    on: bool,
    names: BTreeMap<(Kind, String), String>,
    things: BTreeMap<String, String>,
    counts: BTreeMap<Kind, usize>,
}

impl Mask {
    /// One that hides something, or nothing.
    pub fn new(on: bool) -> Self {
        Self { on, ..Self::default() }
    }

    /// A text without personal data.
    pub fn hide(&mut self, text: &str) -> String {
        self.hide_behind("", text)
    }

    /// A text without personal data, behind these words.
    fn hide_behind(&mut self, before: &str, text: &str) -> String {
        if !self.on {
            return text.to_owned();
        }
        let (all, mut shown) = (format!("{before}{text}"), before.len());
        let mut hidden = String::with_capacity(text.len());
        for (from, to, kind) in personal(&all).into_iter().filter(|(from, ..)| *from >= before.len()) {
            hidden.push_str(&all[shown..from]);
            hidden.push_str(self.name(kind, &all[from..to]));
            shown = to;
        }
        hidden.push_str(&all[shown..]);
        hidden
    }

    /// JSON without personal data: text by text, since in the JSON of a text a line begins with the letter of `\n`.
    pub fn hide_in(&mut self, value: Value) -> Value {
        if self.on { self.hide_below("", value) } else { value }
    }

    /// `before`: what it is called.
    fn hide_below(&mut self, before: &str, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.hide_behind(before, &text)),
            Value::Number(number) => {
                let text = number.to_string();
                let hidden = self.hide_behind(before, &text);
                if hidden == text { Value::Number(number) } else { Value::String(hidden) }
            }
            Value::Array(all) => all.into_iter().map(|one| self.hide_below(before, one)).collect(),
            Value::Object(all) => {
                let named = |(name, one): (String, Value)| {
                    let before = format!("{}: ", name.replace(['_', '-'], " "));
                    (self.hide(&name), self.hide_below(&before, one))
                };
                all.into_iter().map(named).collect()
            }
            plain => plain,
        }
    }

    fn name(&mut self, kind: Kind, thing: &str) -> &str {
        let (things, counts) = (&mut self.things, &mut self.counts);
        self.names.entry((kind, thing.to_owned())).or_insert_with(|| {
            let number = counts.entry(kind).or_default();
            *number += 1;
            let name = format!("<{}-{number}>", kind.name());
            things.insert(name.clone(), thing.to_owned());
            name
        })
    }

    /// A text with all of it again. A name that stands for nothing stays, and is found by [`left`].
    pub fn back(&self, text: &str) -> String {
        let mut back = String::with_capacity(text.len());
        let mut shown = 0;
        for (at, _) in text.match_indices('<') {
            let Some(length) = name(&text[at..]) else { continue };
            if let Some(thing) = self.things.get(&text[at..at + length]) {
                back.push_str(&text[shown..at]);
                back.push_str(thing);
                shown = at + length;
            }
        }
        back.push_str(&text[shown..]);
        back
    }

    /// JSON with all of it again, however it writes `<`; as a text, where it is none.
    pub fn back_in(&self, json: &str) -> String {
        match serde_json::from_str(json) {
            Ok(value) if !self.things.is_empty() => self.back_below(value).to_string(),
            _ => self.back(json),
        }
    }

    fn back_below(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.back(&text)),
            Value::Array(all) => all.into_iter().map(|one| self.back_below(one)).collect(),
            Value::Object(all) => all.into_iter().map(|(name, one)| (self.back(&name), self.back_below(one))).collect(),
            plain => plain,
        }
    }
}

/// Whether the name of something hidden is left in a text.
pub(crate) fn left(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| name(&text[at..]).is_some())
}

/// Whether a text has what is not to be kept: a card, an account, a number of a person, or a page with a user.
pub(crate) fn secret(text: &str) -> bool {
    personal(text)
        .into_iter()
        .any(|(_, _, kind)| matches!(kind, Kind::Card | Kind::Account | Kind::Person | Kind::Link))
}

/// The bytes of a name with which a text begins: `<email-1>`.
fn name(text: &str) -> Option<usize> {
    let inside = beginning(text, NAME).strip_prefix('<')?;
    let (kind, rest) = inside.split_once('-')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let known = Kind::ALL.iter().any(|one| one.name() == kind);
    (known && (1..=6).contains(&digits) && rest[digits..].starts_with('>')).then(|| kind.len() + digits + 3)
}

/// The pieces of a text that are personal, in order, in bytes.
fn personal(text: &str) -> Vec<(usize, usize, Kind)> {
    if text.is_ascii() {
        return pieces(text);
    }
    // Where each byte of what is looked at stands.
    let (mut plain, mut places) = (String::with_capacity(text.len()), Vec::with_capacity(text.len()));
    for (at, c) in text.char_indices().filter_map(|(at, c)| Some((at, as_typed(c)?))) {
        plain.push(c);
        places.extend(std::iter::repeat_n(at, c.len_utf8()));
    }
    let place = |at: usize| places.get(at).copied().unwrap_or(text.len());
    let end = |to: usize| {
        let last = place(to - 1);
        last + text[last..].chars().next().map_or(0, char::len_utf8)
    };
    pieces(&plain).into_iter().map(|(from, to, kind)| (place(from), end(to), kind)).collect()
}

/// The sign of a common keyboard for one of another width, alphabet or kind of space; none for what nobody sees.
fn as_typed(c: char) -> Option<char> {
    let digit = |zero: char| char::from_digit(u32::from(c) - u32::from(zero), 10);
    match c {
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => None,
        '\u{660}'..='\u{669}' => digit('\u{660}'),
        '\u{6f0}'..='\u{6f9}' => digit('\u{6f0}'),
        '\u{966}'..='\u{96f}' => digit('\u{966}'),
        // The full width of ASCII.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\n' | '\r' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(c),
        c if c.is_whitespace() => Some(' '),
        c => Some(c),
    }
}

/// The same of a text that is as it would be typed.
fn pieces(text: &str) -> Vec<(usize, usize, Kind)> {
    let mut found = Vec::new();
    let (mut at, mut before) = (0, None::<char>);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let starts = !before.is_some_and(char::is_alphanumeric);
        let piece = match c {
            '<' => name(rest).map(|length| (length, Kind::Text)),
            // "tel+46701234567"
            '+' if !starts => number(&text[..at], rest),
            _ if !starts => None,
            _ => link(rest)
                .map(|length| (length, Kind::Link))
                .or_else(|| email(rest).map(|length| (length, Kind::Email)))
                .or_else(|| account(rest).map(|length| (length, Kind::Account)))
                .or_else(|| foreigner(rest).map(|length| (length, Kind::Person)))
                .or_else(|| number(&text[..at], rest)),
        };
        match piece {
            Some((length, kind)) => {
                found.push((at, at + length, kind));
                before = text[..at + length].chars().next_back();
                at += length;
            }
            None => {
                before = Some(c);
                at += c.len_utf8();
            }
        }
    }
    found
}

/// The text up to so many bytes.
fn beginning(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// Whether a word is over behind these bytes.
fn ends(text: &str, at: usize) -> bool {
    !text[at..].starts_with(char::is_alphanumeric)
}

/// An address of a page that names a user: `https://ann:secret@example.org/`.
fn link(text: &str) -> Option<usize> {
    let scheme = text.bytes().take(12).take_while(u8::is_ascii_alphanumeric).count();
    let rest = text.get(scheme..)?.strip_prefix("://").filter(|_| scheme > 1)?;
    let over = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '(' | ')' | '\'' | '\u{201d}' | '»');
    // (Longer than an address is looked at, the rest is no part of it.)
    let rest = beginning(rest, LONGEST);
    let whole = &rest[..rest.find(over).unwrap_or(rest.len())];
    let authority = &whole[..whole.find(['/', '?', '#']).unwrap_or(whole.len())];
    let whole = whole.trim_end_matches(['.', ',', ';', ':', '!', '?']);
    (authority.contains('@') && !whole.is_empty()).then(|| scheme + 3 + whole.len())
}

fn email(text: &str) -> Option<usize> {
    let local = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'');
    let near = beginning(text, LOCAL + 1);
    let at = near.find(|c: char| !local(c))?;
    let host = near[at..].strip_prefix('@').filter(|_| at > 0).and(text.get(at + 1..))?;
    let host = beginning(host, LONGEST);
    let host = &host[..host.find(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '-')).unwrap_or(host.len())];
    let host = host.trim_end_matches(['.', '-']);
    let (_, last) = host.rsplit_once('.').filter(|(before, _)| !before.is_empty())?;
    let ending = last.chars().nth(1).is_some() && last.chars().all(char::is_alphabetic);
    ending.then(|| at + 1 + host.len())
}

/// An account by its IBAN (ISO 13616), whose check digits are right.
fn account(text: &str) -> Option<usize> {
    let country = text.as_bytes().get(..4)?;
    let [a, b, c, d] = country else { return None };
    if !(a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit()) {
        return None;
    }
    let mut signs = String::new();
    let (mut found, mut spaced) = (None, false);
    for (at, sign) in text.char_indices().take(48) {
        if sign == ' ' && !spaced {
            spaced = true;
            continue;
        }
        if !sign.is_ascii_alphanumeric() || signs.len() == 34 {
            break;
        }
        spaced = false;
        signs.push(sign.to_ascii_uppercase());
        if signs.len() >= 15 && ends(text, at + 1) && right_account(&signs) {
            found = Some(at + 1);
        }
    }
    found
}

fn right_account(signs: &str) -> bool {
    let turned = signs[4..].chars().chain(signs[..4].chars());
    let rest = turned.fold(0_u32, |rest, sign| {
        let value = sign.to_digit(36).unwrap_or_default();
        (if value > 9 { rest * 100 + value } else { rest * 10 + value }) % 97
    });
    rest == 1
}

/// A number of somebody who is no Spaniard and lives there (NIE): `X1234567L`.
fn foreigner(text: &str) -> Option<usize> {
    let first = "XYZ".find(text.chars().next()?.to_ascii_uppercase())?;
    let rest = &text[1..];
    let gap = usize::from(rest.starts_with(['-', ' ']));
    let digits = rest.get(gap..gap + 7).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let length = letter(&format!("{first}{digits}"), &rest[gap + 7..])?;
    Some(1 + gap + 7 + length)
}

/// The bytes of the letter behind the digits of a Spanish number, if it is the right one.
fn letter(digits: &str, rest: &str) -> Option<usize> {
    let gap = usize::from(rest.starts_with('-'));
    let letter = rest[gap..].chars().next()?.to_ascii_uppercase();
    let right = "TRWAGMYFPDXBNJZSQVHLCKE".chars().nth(digits.parse::<usize>().ok()? % 23)?;
    (letter == right && ends(rest, gap + 1)).then_some(gap + 1)
}

/// What a number is, if it is a person's. `before`: what stands before it.
fn number(before: &str, text: &str) -> Option<(usize, Kind)> {
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    if !digit(text) && !text.strip_prefix(['+', '(']).is_some_and(digit) {
        return None;
    }
    // A part of a code, of an amount, or of a time.
    let mut last = before.chars().rev();
    let (sign, word) = (last.next(), last.next());
    let part = match sign {
        Some('#') => true,
        Some('-' | '_' | '/') => word.is_some_and(char::is_alphanumeric),
        Some('.' | ',') => word.is_some_and(|word| word.is_ascii_digit()),
        _ => false,
    };
    if part {
        return None;
    }
    if let Some(length) = spaniard(text) {
        return Some((length, Kind::Person));
    }
    // Where its parts between spaces end; the most of them that are something together.
    let inside =
        |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '/' | '.' | '(' | ')' | '+') || DASHES.contains(&c);
    let near = beginning(text, 48);
    let run = &near[..near.find(|c: char| !inside(c)).unwrap_or(near.len())];
    let mut stops: Vec<usize> = run.match_indices(' ').map(|(at, _)| at).chain([run.len()]).take(PARTS).collect();
    stops.reverse();
    for stop in stops {
        let part = run[..stop].trim_end_matches(|c: char| !c.is_ascii_digit());
        if part.is_empty() || part.contains("  ") || !ends(text, part.len()) {
            continue;
        }
        if let Some(kind) = numbered(before, &part.replace(DASHES, "-")) {
            return Some((part.len(), kind));
        }
    }
    None
}

/// What a number by itself is.
fn numbered(before: &str, part: &str) -> Option<Kind> {
    let digits: String = part.chars().filter(char::is_ascii_digit).collect();
    if digits.len() > DIGITS {
        return None;
    }
    let plain = part.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.'));
    if plain && (13..=DIGITS).contains(&digits.len()) && digits.starts_with(['2', '3', '4', '5', '6']) && luhn(&digits)
    {
        return Some(Kind::Card);
    }
    if swede(part) {
        return Some(Kind::Person);
    }
    phone(before, part, &digits).then_some(Kind::Phone)
}

/// Whether the last digit is the check digit of those before it.
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits.chars().rev().filter_map(|c| c.to_digit(10)).enumerate().fold(0, |sum, (at, digit)| {
        let digit = if at % 2 == 1 { digit * 2 } else { digit };
        sum + digit / 10 + digit % 10
    });
    sum.is_multiple_of(10)
}

/// A Swede's number: a day, and four digits of which the last is the check digit: `850709-9805`, `19850709-9805`.
fn swede(part: &str) -> bool {
    let (day, rest) = match part.split_once(['-', '+', ' ']) {
        Some(parts) => parts,
        None if matches!(part.len(), 10 | 12) && part.is_ascii() => part.split_at(part.len() - 4),
        None => return false,
    };
    let figures = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !figures(day) || !figures(rest) || rest.len() != 4 {
        return false;
    }
    let day = match day.len() {
        6 => day,
        8 if day.starts_with("19") || day.starts_with("20") => &day[2..],
        _ => return false,
    };
    let of = |range: std::ops::Range<usize>| day[range].parse::<u32>().unwrap_or_default();
    // Who has a number for the time being has 60 days more.
    let (month, date) = (of(2..4), of(4..6));
    (1..=12).contains(&month)
        && ((1..=31).contains(&date) || (61..=91).contains(&date))
        && luhn(&format!("{day}{rest}"))
}

/// A Spaniard's number (DNI): eight digits, and the letter that is theirs: `12345678Z`, `12.345.678-Z`.
fn spaniard(text: &str) -> Option<usize> {
    let dotted = text.get(..10).filter(|part| {
        part.bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 2 | 6) { byte == b'.' } else { byte.is_ascii_digit() })
    });
    let plain = text.get(..8).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let part = dotted.or(plain)?;
    let length = letter(&part.replace('.', ""), &text[part.len()..])?;
    Some(part.len() + length)
}

/// Words before a number that is a telephone's, and before one that is something else's.
const PHONES: &str = "\
    tel phone telephone mobile cell cellphone call whatsapp sms móvil movil teléfono telefono tfno llámame telefon \
    telefonnummer mobil mobilnummer ring handy handynummer rufnummer festnetz telefax fax téléphone portable";
const OTHERS: &str = "\
    order orders ordernummer ordernumber pedido pedidos beställning beställningsnummer bestellung bestellnummer commande \
    invoice factura faktura rechnung facture article artikel artikelnummer artículo articulo ref reference referencia referens \
    serial serie serienummer tracking parcel paket kollinummer envío item sku isbn batch ticket case ärende caso error code código";
/// Words that end in a point, which ends nothing.
const SHORT: &str = "tel. tfno. mob. nr. no. num. núm. ref. art.";
/// Words before a number that is looked at.
const WORDS: usize = 3;

/// Whether the words before a number say that it is a telephone's, or something else's: the nearest one that does.
fn said(before: &str) -> Option<bool> {
    let near = before.char_indices().rev().nth(60).map_or(before, |(at, _)| &before[at..]);
    // Another sentence speaks of something else.
    let last = near.rsplit(['!', '?', '\n', ';']).next().unwrap_or_default();
    let words = last.split(|c: char| c.is_whitespace() || matches!(c, ':' | '(' | '"')).filter(|word| !word.is_empty());
    // What stands before another number is said of that.
    let near = words.rev().take(WORDS).take_while(|word| !word.contains(|c: char| c.is_ascii_digit()));
    let among = |list: &str, word: &str| list.split(' ').any(|listed| listed == word);
    let mut apart = false;
    for word in near {
        let word = word.to_lowercase();
        let plain = word.trim_end_matches(['.', ',']);
        if among(PHONES, plain) {
            return Some(true);
        }
        // In doubt it is hidden: "It is about my order, 070-123 45 67".
        apart |= word.len() > plain.len() && !among(SHORT, &word);
        if !apart && among(OTHERS, plain) {
            return Some(false);
        }
    }
    None
}

/// Whether these are the parts of a day.
fn day(parts: &[&str]) -> bool {
    let year = |part: &str| part.len() == 4 && (part.starts_with("19") || part.starts_with("20"));
    let short = |part: &str| part.len() <= 2;
    match parts {
        [first, month, day, ..] if year(first) => month.len() == 2 && day.len() == 2,
        [day, month, last, ..] if year(last) => short(day) && short(month),
        [day, month, last] => short(day) && short(month) && last.len() == 2,
        _ => false,
    }
}

/// Whether a number is a telephone's: by a country before it, by how it is written, or by a word before it.
fn phone(before: &str, part: &str, digits: &str) -> bool {
    let many = digits.len();
    let rest = part.trim_start_matches(['+', '(']);
    let signs = |allowed: &[char]| rest.chars().all(|c| c.is_ascii_digit() || allowed.contains(&c));
    if part.starts_with('+') {
        return (8..=15).contains(&many);
    }
    let parts: Vec<&str> = part.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    if day(&parts) && part.contains(['-', '/', '.']) {
        return false;
    }
    match said(before) {
        Some(true) if (6..=15).contains(&many) => return true,
        Some(false) => return false,
        _ if part.contains('+') => return false,
        _ => {}
    }
    let groups: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    if !signs(&[' ', '-', '/', '(', ')']) {
        // As in North America, where points part them, too.
        return groups == [3, 3, 4] && !digits.starts_with(['0', '1']);
    }
    match groups.as_slice() {
        _ if digits.starts_with("00") => (10..=17).contains(&many),
        // Germany's may have twelve.
        _ if digits.starts_with('0') => (9..=11).contains(&many) || many == 12 && groups.len() < 3,
        [3, 3, 4] => true,
        // Spain's, where they are written in parts; together it may be the number of anything.
        [3, 3, 3] | [3, 2, 2, 2] => digits.starts_with(['6', '7', '8', '9']),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> String {
        let mut mask = Mask::new(true);
        let hidden = mask.hide(text);
        assert_eq!(mask.back(&hidden), text, "all of it comes back");
        hidden
    }

    #[test]
    fn what_is_personal_is_hidden_and_comes_back() {
        for (text, without) in [
            ("Write to ann.berg+shop@mail.example.org, please.", "Write to <email-1>, please."),
            (
                "mailto:ann@example.org or bo@example.org or ann@example.org",
                "mailto:<email-1> or <email-2> or <email-1>",
            ),
            ("örjan@fjällhus.example", "<email-1>"),
            ("Call +46 70 123 45 67 or +34 612 34 56 78.", "Call <phone-1> or <phone-2>."),
            ("Call +46 (0)70-123 45 67!", "Call <phone-1>!"),
            ("070-123 45 67, 08-123 456 78 and 0701234567", "<phone-1>, <phone-2> and <phone-3>"),
            ("0701-23 45 67", "<phone-1>"),
            ("0176 12345678, or 0151/23456789", "<phone-1>, or <phone-2>"),
            ("Meine Handynummer ist 17612345678", "Meine Handynummer ist <phone-1>"),
            ("tel+46701234567", "tel<phone-1>"),
            ("070\u{2011}123\u{a0}45\u{a0}67 or 070\u{2013}123 45 67", "<phone-1> or <phone-2>"),
            ("\u{2068}070-123 45\u{200b} 67\u{2069}.", "\u{2068}<phone-1>\u{2069}."),
            ("Tel.070-123 45 67, or mobile,0701234567", "Tel.<phone-1>, or mobile,<phone-2>"),
            ("My order is late. 070-123 45 67", "My order is late. <phone-1>"),
            ("About my order, 070-123 45 67", "About my order, <phone-1>"),
            ("Call me. 612345678", "Call me. <phone-1>"),
            ("ａｎｎ＠example.org, ０７０-１２３ ４５ ６７", "<email-1>, <phone-1>"),
            ("\u{660}\u{667}\u{660}\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}", "<phone-1>"),
            ("0046 70 123 45 67", "<phone-1>"),
            ("612 34 56 78 o 912 345 678", "<phone-1> o <phone-2>"),
            ("Mi móvil es 612345678", "Mi móvil es <phone-1>"),
            ("(555) 234-5678 or 555.234.5678", "<phone-1> or <phone-2>"),
            ("The order is 48213, 070-123 45 67", "The order is 48213, <phone-1>"),
            ("My card is 4111 1111 1111 1111.", "My card is <card-1>."),
            ("5500-0000-0000-0004", "<card-1>"),
            ("4111.1111.1111.1111", "<card-1>"),
            ("378282246310005", "<card-1>"),
            ("ES91 2100 0418 4502 0005 1332 is mine", "<account-1> is mine"),
            ("SE4550000000058398257466", "<account-1>"),
            ("de89370400440532013000, thanks", "<account-1>, thanks"),
            ("Born 850709-9805", "Born <id-1>"),
            ("19850709-9805 and 198507099805 and 8507099805", "<id-1> and <id-2> and <id-3>"),
            ("Mi DNI es 12345678Z, o 12.345.678-Z", "Mi DNI es <id-1>, o <id-2>"),
            ("NIE X1234567L y y-1234567x", "NIE <id-1> y <id-2>"),
            ("See https://ann:secret@shop.example/orders?x=1.", "See <link-1>."),
            ("What is <email-1>? Mine is ann@example.org", "What is <text-1>? Mine is <email-1>"),
            ("ann@example.org\nann@example.org", "<email-1>\n<email-1>"),
        ] {
            assert_eq!(hidden(text), without);
        }
    }

    #[test]
    fn what_a_question_is_about_stays() {
        for text in [
            "",
            "Within how many days may goods be returned?",
            "It costs 1 299 000 kr, 1,299.00 SEK or 1.299.000,00 €, not 12 345 678.",
            "Order 48213, 4821377 and #0701234567",
            "My order number is 612 345 678",
            "pedido 912345678 del 01-05-2026 a las 10:00",
            "On 2026-05-01, 01.05.2026 10:00, 05/01/2026 or 1/5/26 10",
            "Can you call me on 2026-05-01, or ring 01.05.2026?",
            "Is the phone case 4821377 there? I call about order nr. 482137 and the ring, article 4821378",
            "From 2019-2024, 10-14 or 10:00-19:00",
            "Article FH-3318, FH-0701234567, EAN 7312345678906 and 70412",
            "Error 1605, E14, Eco 60, P-062 and version 2.5.10",
            "Card 4111 1111 1111 1112 has a digit that is wrong",
            "ES91 2100 0418 4502 0005 1333 as well, and AB12",
            "850709-9806, 851309-9805 and 850732-9805",
            "12345678A is no DNI, X1234567A no NIE",
            "https://shop.example/@ann and https://shop.example/a?b=c@d",
            "@ann, ann@, @example.org and ann@localhost",
            "3-seat, 120 x 200 x 40, 230 V, 5 % of 100",
            "a < b > c <br> <email> <email-> <other-1>",
        ] {
            assert_eq!(hidden(text), text);
        }
    }

    #[test]
    fn one_name_stands_for_one_thing_in_all_that_is_sent() {
        let mut mask = Mask::new(true);
        assert_eq!(mask.hide("ann@example.org"), "<email-1>");
        assert_eq!(mask.hide("bo@example.org, ann@example.org"), "<email-2>, <email-1>");
        assert_eq!(mask.back("We wrote to <email-2> and <email-3>."), "We wrote to bo@example.org and <email-3>.");
        assert!(left("and <email-3>.") && left("<card-12>") && !left("a < b-1> <email>") && !left("bo@example.org"));
    }

    #[test]
    fn json_is_hidden_text_by_text_and_comes_back_however_it_is_written() {
        let mut mask = Mask::new(true);
        let json = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
        let told = json(r#"{"text": "Write to:\nann@example.org\n070-123 45 67", "n": [48213, true, null]}"#);
        let hidden = json(r#"{"text": "Write to:\n<email-1>\n<phone-1>", "n": [48213, true, null]}"#);
        assert_eq!(mask.hide_in(told.clone()), hidden);
        assert_eq!(Mask::new(false).hide_in(told.clone()), told);
        // What it is called is read, too.
        for (told, hidden) in [
            (r#"{"customer_phone": "612345678"}"#, r#"{"customer_phone": "<phone-2>"}"#),
            (r#"{"order_number": "612 345 678"}"#, r#"{"order_number": "612 345 678"}"#),
            (r#"{"paid": [4111111111111111]}"#, r#"{"paid": ["<card-1>"]}"#),
            (r#"{"ann@example.org": "\"070-123 45 67\""}"#, r#"{"<email-1>": "\"<phone-1>\""}"#),
        ] {
            assert_eq!(mask.hide_in(json(told)), json(hidden));
        }
        assert_eq!(mask.back_in(r#"{"to":"\u003cemail-1\u003e"}"#), r#"{"to":"ann@example.org"}"#);
        assert_eq!(mask.back_in("{\"to\": \"<email-1>"), "{\"to\": \"ann@example.org");
        let _ = mask.hide("https://a:\\b@c.example");
        assert_eq!(json(&mask.back_in(r#"{"see":"<link-1>"}"#))["see"], "https://a:\\b@c.example");
    }

    #[test]
    fn nothing_is_hidden_where_nobody_wants_that() {
        let mut mask = Mask::new(false);
        assert_eq!(mask.hide("ann@example.org, <email-1>"), "ann@example.org, <email-1>");
        assert_eq!(mask.back("<email-1>"), "<email-1>");
    }

    #[test]
    fn what_is_not_to_be_kept_is_known() {
        for text in
            ["pays by 4111 1111 1111 1111", "is 850709-9805", "has ES9121000418450200051332", "ftp://a:b@c.example"]
        {
            assert!(secret(text), "{text}");
        }
        assert!(!secret("is called Ann, ann@example.org, order 48213"));
    }

    #[test]
    fn nothing_panics_and_long_texts_end() {
        for text in [
            "@",
            "a@",
            "+",
            "(",
            "(0",
            "+4",
            "<",
            "<-",
            "<email-",
            "<email-1",
            "é@é.éé",
            "X",
            "X-",
            "X1234567",
            "12345678",
            "12.345.678",
            "ES91",
            "Ñ123",
            "http://",
            "http://@",
            "٠١٢٣٤٥٦٧٨٩",
            "0 0 0 0 0 0 0 0 0 0 0 0",
            "--1-2",
            "1é",
            "xé1234567",
        ] {
            hidden(text);
        }
        for long in ["1 ".repeat(50_000), "a.".repeat(50_000), "é@".repeat(50_000), "<email-1>".repeat(5_000)] {
            hidden(&long);
        }
    }
}
