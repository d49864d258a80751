//! What is named to the letter: codes, such as `E14` or `FH-3318`, and numbers that are names, such as `error 1605`, `Eco 60` or
//! 70412. Each means itself alone, and a model of meanings takes one for another.
//!
//! Not every number is a name: where a question counts, measures or dates, another number may well be the answer.

use knowledge::forms::plain_number;
use std::collections::BTreeSet;

/// A code, without its hyphens and in small letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// The letters that it begins with: codes of one kind have the same.
    kind: String,
    rest: String,
}

/// What a text names.
#[derive(Debug, Default)]
pub struct Names {
    codes: BTreeSet<Code>,
    /// Numbers that a word before them names, with the stem of the word.
    named: BTreeSet<(String, String)>,
    /// Numbers of four digits and more that count, measure and date nothing.
    bare: BTreeSet<String>,
    /// All numbers, as they are written, and without what parts their thousands.
    numbers: BTreeSet<String>,
    /// From one number to another.
    ranges: Vec<(u64, u64)>,
}

/// Digits from which a number alone is a name.
const BARE: usize = 4;
/// Digits from which a number is hardly another thing of the same number.
const TELLING: usize = 3;
/// What measures look like with letters and digits.
const MEASURES: &str = "m2 m3 cm2 cm3 mm2 dm2 dm3 km2";
/// Signs beside a number that measures.
const SIGNS: &[char] = &['€', '$', '£', '¥', '%', '‰', '°', '×', '+'];
/// Words after a number that measures, or counts; those of more than three letters with any ending.
const UNITS: &str = "\
    c cl cm dl eur f g gb gbp gr h hz kb kg khz km kr kv kw kwh l lb lbs lm m mah mb mg mhz min ml mm nm nok oz \
    pc pcs pm pt px sek tb uhr usd v va w wh x ans år día dia jour mes mois tag year time piece \
    item people person percent procent prozent ciento minut second sekund segund hour stund hora heure timm days \
    dag dagar dias días tage week woche veck seman semain month monat månad euro dollar pound krona kronor \
    kroner gram kilo litre liter litro metre meter metro watt volt lumen degree grad mile inch feet foot jahr \
    años day digit character page point";
/// Words that only lead to a number: what it numbers stands before them.
const LEADING: &str = "number no nr num numero número nummer numéro code código kod id";
/// Words that name nothing. (Not "plus" and "pro", by which plans are called.)
pub const SMALL: &str = "\
    a about after ago all am an and another any approximately are around as at be before below between but by \
    can cost costs do does every exactly fewer first for from get give has have hold holds i if in into is it \
    last least less like maximum minimum more most my need needs next o of on only or other over past pay per \
    send since take takes than that the their them these they this those till to under until up us using \
    was we weigh weighs were when which with within without y you your al cada con de del desde durante el en \
    entre es hasta hay la las los más menos para por que son un una unos ab alle auf aus bei bis das dem den der \
    die ein eine für im innerhalb ist mit nach oder seit sind und unter vom von vor zu über att av efter \
    eller ett från för inom med och om på som var är au aux avec chez dans des du et le les ou pendant pour sous \
    sur à";
/// Words between the numbers of a list, and between the ends of a range.
const AND: &str = "and or y o und oder och eller et ou";
const TO: &str = "to till through until bis hasta a à";

/// How a number goes with the one before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    And,
    To,
}

/// A word or a number, and what stands between it and the next.
struct Token<'t> {
    text: &'t str,
    after: &'t str,
}

/// The codes in a text.
pub fn codes(text: &str) -> BTreeSet<Code> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '-');
    words
        .filter_map(|word| {
            let word: String = word.chars().filter(|c| *c != '-').map(level).collect::<String>().to_lowercase();
            let digits = word.find(|c: char| c.is_ascii_digit()).filter(|at| *at > 0)?;
            let (kind, rest) = word.split_at(digits);
            (!among(MEASURES, &word)).then(|| Code { kind: kind.to_owned(), rest: rest.to_owned() })
        })
        .collect()
}

/// What a text names.
pub fn names(text: &str) -> Names {
    let mut names = Names { codes: codes(text), ..Names::default() };
    let tokens = tokens(text);
    // The number before: what comes after it, the number, and what names it.
    let mut before: Option<(usize, String, Option<String>)> = None;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if !is_number(token) {
            at += 1;
            continue;
        }
        let parts = parts(&tokens[at..]);
        let end = at + parts;
        let number: String =
            tokens[at..end - 1].iter().flat_map(|t| [t.text, t.after]).chain([tokens[end - 1].text]).collect();
        names.numbers.extend(plain_number(&number));
        names.numbers.insert(number.clone());
        let link = before.as_ref().and_then(|(end, ..)| link(&tokens, *end, at));
        let version = number.bytes().all(|b| b.is_ascii_digit() || b == b'.') && parts <= 2;
        let mut name = None;
        if version && !measures(&tokens, at, end) {
            let inherited = || before.as_ref().filter(|_| link.is_some()).and_then(|(.., name)| name.clone());
            name = name_of(&tokens, at).or_else(inherited);
            if parts == 1 && number.len() >= BARE && !is_year(&number) && !is_part(&tokens, at) {
                names.bare.insert(number.clone());
            }
        }
        if let (Some(Link::To), Some((_, from, _))) = (link, &before)
            && from.len() == number.len()
            && (name.is_some() || number.len() >= TELLING)
            && let (Ok(from), Ok(to)) = (from.parse(), number.parse())
        {
            names.ranges.push((from, to));
        }
        if let Some(name) = &name {
            names.named.insert((name.clone(), number.clone()));
        }
        before = Some((end, number, name));
        at = end;
    }
    names
}

impl Names {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.named.is_empty() && self.bare.is_empty()
    }

    /// Whether what is told may answer who asks for these: it has each code, and of each number that is a name it has that one,
    /// or speaks of no other of its kind.
    pub fn held_by(&self, told: &Self) -> bool {
        self.codes.iter().all(|code| told.has_code(code))
            && self.named.iter().all(|(name, number)| told.has(name, number) || !told.has_others(name))
            && self
                .bare
                .iter()
                .all(|number| told.has_number(number) || !told.bare.iter().any(|other| other.len() == number.len()))
    }

    /// Whether what is told names all of these.
    pub fn all_in(&self, told: &Self) -> bool {
        self.codes.iter().all(|code| told.has_code(code))
            && self.named.iter().all(|(name, number)| told.has(name, number))
            && self.bare.iter().all(|number| told.has_number(number))
    }

    fn has_code(&self, code: &Code) -> bool {
        self.codes.contains(code) || self.named.contains(&(stem(&code.kind), code.rest.clone()))
    }

    fn has(&self, name: &str, number: &str) -> bool {
        self.named.contains(&(name.to_owned(), number.to_owned()))
            || self.codes.iter().any(|code| stem(&code.kind) == name && code.rest == number)
            || (number.len() >= TELLING && self.numbers.contains(number))
            || self.in_range(number)
    }

    fn has_others(&self, name: &str) -> bool {
        self.named.iter().any(|(other, _)| other == name) || self.codes.iter().any(|code| stem(&code.kind) == name)
    }

    fn has_number(&self, number: &str) -> bool {
        self.numbers.contains(number) || self.in_range(number)
    }

    fn in_range(&self, number: &str) -> bool {
        number.parse().is_ok_and(|number: u64| self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&number)))
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut rest = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    while !rest.is_empty() {
        let (text, after) = rest.split_at(rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()));
        let (after, next) = after.split_at(after.find(char::is_alphanumeric).unwrap_or(after.len()));
        tokens.push(Token { text, after });
        rest = next;
    }
    tokens
}

fn is_number(token: &Token) -> bool {
    token.text.bytes().all(|b| b.is_ascii_digit())
}

fn is_word(token: &Token) -> bool {
    token.text.chars().all(char::is_alphabetic)
}

/// How many tokens a number consists of: `1,299.00`, `10:00` and `2.5` are one.
fn parts(tokens: &[Token]) -> usize {
    let joins = |this: &Token| matches!(this.after, "." | "," | ":" | "'" | "’");
    let joined = |pair: &&[Token]| matches!(pair, [this, next] if joins(this) && is_number(next));
    1 + tokens.windows(2).take_while(joined).count()
}

/// How a number goes with the one that ends before a token.
fn link(tokens: &[Token], end: usize, at: usize) -> Option<Link> {
    let last = tokens.get(at.checked_sub(1)?)?;
    if end == at {
        return match last.after.trim() {
            "-" | "–" | "—" => Some(Link::To),
            "," | "/" | "&" => Some(Link::And),
            _ => None,
        };
    }
    let word = last.text.to_lowercase();
    if end + 1 != at || last.after != " " {
        None
    } else if among(TO, &word) {
        Some(Link::To)
    } else {
        among(AND, &word).then_some(Link::And)
    }
}

/// Whether a number counts or measures.
fn measures(tokens: &[Token], at: usize, end: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| tokens.get(at)).map(|token| token.after).unwrap_or_default();
    let after = end.checked_sub(1).and_then(|at| tokens.get(at)).map(|token| token.after).unwrap_or_default();
    let unit = tokens.get(end).filter(|_| matches!(after, " " | "-")).map(|unit| unit.text.to_lowercase());
    let is_unit =
        |unit: String| UNITS.split(' ').any(|known| unit == known || (known.len() > 3 && unit.starts_with(known)));
    before.trim_end().ends_with(SIGNS) || after.trim_start().starts_with(SIGNS) || unit.is_some_and(is_unit)
}

/// The stem of the word that names a number.
fn name_of(tokens: &[Token], at: usize) -> Option<String> {
    let word = |back: usize| {
        let token = tokens.get(at.checked_sub(back)?)?;
        let word = token.text.to_lowercase();
        let leads = among(LEADING, &word);
        // The end of a sentence parts them, but for the point of an abbreviation.
        let near = |c: char| {
            matches!(c, ' ' | '#' | '№' | '(' | ':' | '-' | '–' | '"' | '“' | '*' | '`') || (leads && c == '.')
        };
        (is_word(token) && token.after.chars().all(near)).then_some((word, leads))
    };
    let (nearest, leads) = word(1)?;
    let further = if leads { word(2).map(|(word, _)| word).filter(|word| !among(SMALL, word)) } else { None };
    further.or(Some(nearest)).filter(|word| !among(SMALL, word)).map(|word| stem(&word))
}

/// Whether a number is a part of a longer one, as of telephones, and not the end of a range.
fn is_part(tokens: &[Token], at: usize) -> bool {
    let joined = |this: &Token, next: &Token| {
        let range = this.text.len() == next.text.len() && this.text < next.text;
        is_number(this) && is_number(next) && matches!((this.after, range), (" ", _) | ("-", false))
    };
    let around = &tokens[at.saturating_sub(1)..tokens.len().min(at + 2)];
    around.windows(2).any(|pair| matches!(pair, [this, next] if joined(this, next)))
}

fn is_year(number: &str) -> bool {
    number.len() == 4 && (number.starts_with("19") || number.starts_with("20"))
}

/// Whether a list has a word.
pub fn among(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

/// A word in any number.
pub fn stem(word: &str) -> String {
    let one = word.strip_suffix('s').unwrap_or(word);
    one.strip_suffix('e').unwrap_or(one).to_owned()
}

/// A digit that stands higher or lower, on the line.
fn level(c: char) -> char {
    let digit = match c {
        '²' => Some(2),
        '³' => Some(3),
        '¹' => Some(1),
        '\u{2070}'..='\u{2079}' => Some(u32::from(c) - 0x2070),
        '\u{2080}'..='\u{2089}' => Some(u32::from(c) - 0x2080),
        _ => None,
    };
    digit.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_letters_and_then_digits() {
        let of = |text: &str| codes(text).into_iter().map(|c| format!("{} {}", c.kind, c.rest)).collect::<Vec<_>>();
        assert_eq!(of("FH-3318, (E14) or **P-062**; r20418?"), ["e 14", "fh 3318", "p 062", "r 20418"]);
        assert!(of("the 25th, 2.4 GHz, 60 days, 10:00\u{2013}19:00, pick-up - and 3-seat, 40 m² or m2").is_empty());
        assert_eq!(codes("FH3318"), codes("fh-3318"));
        assert_eq!(codes("CO₂"), codes("CO2"));
    }

    #[test]
    fn numbers_are_names_by_the_word_before_them() {
        let of = |text: &str| {
            names(text).named.into_iter().map(|(name, number)| format!("{name} {number}")).collect::<Vec<_>>()
        };
        assert_eq!(of("error 1605, Error code: 1606 and ERROR #1607"), ["error 1605", "error 1606", "error 1607"]);
        assert_eq!(of("Errors 1603, 1604 and 1605"), ["error 1603", "error 1604", "error 1605"]);
        assert_eq!(of("Eco 60 or the screw no. 7, version 2.5"), ["eco 60", "screw 7", "version 2.5"]);
        for nothing in [
            "within 60 days",
            "it takes 4 days, holds 18 kg and costs 1,299.00 SEK",
            "discount 20 %, price €50",
            "Monday 10:00",
            "It is an error. 1605 people saw it.",
            "a board of 120 cm",
            "more than 12",
            "the\n3 rules",
        ] {
            assert!(of(nothing).is_empty(), "{nothing}: {:?}", of(nothing));
        }
    }

    #[test]
    fn what_is_told_must_hold_what_is_asked() {
        let held = |asked: &str, told: &str| names(asked).held_by(&names(told));
        for (asked, told) in [
            ("What is F04?", "F04: the pump is blocked."),
            ("What is F04?", "Fault F 04 means that the pump is blocked."),
            ("What does error 1605 mean?", "Errors 1600 to 1610: no power."),
            ("What does error 1605 mean?", "Error 1603: no water. Error 1605: no power."),
            ("What does error 1605 mean?", "Call us about an error."),
            ("What does error 1605 mean?", "It cost 1299 euros in 2024. Call 0855 1234."),
            ("How long does Eco 60 take?", "Eco 60 takes two hours, Eco 40 one."),
            ("Can I return it within 60 days?", "Within 30 days."),
            ("Is batch 2245 safe?", "Batches 2240-2252 are not."),
            ("Is lot 70412 safe?", "Lot 70,412 is, and so is 70413."),
            ("What is F-04?", "F 04: the pump is blocked."),
            ("what is f 04", "F-04: the pump is blocked."),
            ("Does it fit an iPhone15?", "It fits the iPhone 15."),
            ("Does it fit an iPhone 15?", "It fits the iPhone15."),
            ("I bought it in 2019 for 1500 euros", "In 2021 it cost 1700 euros."),
            ("Does it take 4 days?", "It takes 6 days."),
            ("How do I track it?", "E14, error 1603, 70412"),
        ] {
            assert!(held(asked, told), "{asked} {told}");
        }
        for (asked, told) in [
            ("What is F04?", "The pump is blocked."),
            ("What is F04?", "F05: the pump is blocked."),
            ("What does error 1605 mean?", "Error 1603: no water."),
            ("What does error 1605 mean?", "1603: no water."),
            ("what is 70412", "Article 70413 is a lamp."),
            ("How long does Eco 60 take?", "Eco 40 takes 60 minutes."),
            ("With what torque do I tighten screw 50?", "Step 7: tighten screw number 7."),
        ] {
            assert!(!held(asked, told), "{asked} {told}");
        }
    }

    #[test]
    fn nothing_panics() {
        for text in
            ["", "1", "1.", ".1", "1,", "a 1-", "- 1 2 3", "99999999999999999999999 to 99999999999999999999999", "é1²"]
        {
            let names = names(text);
            assert!(names.held_by(&names) && names.all_in(&names), "{text}");
        }
    }
}
