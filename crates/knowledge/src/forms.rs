//! Codes, measures, amounts, hours and long numbers in the other ways in which they are written: "2,5 mm" and "2.5mm", "F04" and "F-04", "€20" and
//! "20 EUR", "5 pm" and "17:00", "1,299" and "1299". A question is searched by these, too; what is kept of documents stays as it is.

use std::collections::BTreeSet;

/// Most characters of the other ways to write what is in a question.
const MOST: usize = 2_000;
/// Units that stand behind a number, with a space, a hyphen or nothing between.
const UNITS: &str = "\
    ah bar c cl cm cm2 cm3 db dl f fl ft g gb ghz h ha hp hz in k kb kg khz km kn kva kw kwh l lb lbs lm m m2 m3 ma mah mb mbit mg mhz min ml mm \
    mm2 mm3 ms mv mw nm oz pa ppm pt px rpm s tb v va w wh";
/// Words before a number that are no part of a code.
const SMALL: &str = "\
    a about ab all an and as at below by de del do du el en est et for from för hat i il im in is ist la las le les los me mit my of on only or \
    over past per på que the till to um un una und under until up via vid von vor was we with within y zu";
/// What one currency is called; its signs are the first.
const CURRENCIES: [&[&str]; 4] = [
    &["€", "eur", "euro", "euros"],
    &["$", "usd", "dollar", "dollars"],
    &["£", "gbp", "pound", "pounds"],
    &["kr", "sek", "nok", "dkk", "krona", "kronor", "kroner"],
];
const PERCENT: [&str; 6] = ["%", "percent", "procent", "prozent", "pct", "porcentaje"];
/// Words before an hour that is told by "h" alone; behind others that is how long something takes.
const AT: &str = "à ab at bis de des dès desde från from hasta klockan kl las till um until vers von";
/// Letters from which the word before a number does not stand before its hyphen: "within-60" is how nobody writes.
const WORD: usize = 5;
/// Digits from which a number is parted into thousands.
const LONG: usize = 4;

/// A part of a text that is of one kind: letters, digits, or one other character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part<'t> {
    text: &'t str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letters,
    Digits,
    Other,
}

/// The other ways to write what is in a question, with spaces between; nothing where there is nothing of the kind.
pub fn other_forms(question: &str) -> String {
    forms(question).text
}

/// A number with signs between its thousands as it is without them: "1,299" and "1 299" are 1299. Not 2.5, nor 10:00.
pub fn plain_number(number: &str) -> Option<String> {
    let parts = parts(number);
    let (whole, end) = thousands(&parts, 0)?;
    (end == parts.len() && end > 1).then_some(whole)
}

/// The forms that were found, each once, and as one text.
#[derive(Default)]
struct Forms {
    written: BTreeSet<String>,
    text: String,
}

impl Forms {
    fn add(&mut self, form: String) {
        if self.text.len() + form.len() < MOST && !self.written.contains(&form) {
            self.text.push_str(&form);
            self.text.push(' ');
            self.written.insert(form);
        }
    }
}

fn forms(question: &str) -> Forms {
    let question = question.to_lowercase();
    let parts = parts(&question);
    let mut forms = Forms::default();
    let mut at = 0;
    while let Some(part) = parts.get(at) {
        at = match part.kind {
            Kind::Letters => code(&parts, at, &mut forms),
            Kind::Digits => number(&parts, at, &mut forms),
            Kind::Other => at + 1,
        };
    }
    currencies(&parts, &mut forms);
    forms
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let kind = |c: char| match c {
        _ if c.is_ascii_digit() => Kind::Digits,
        _ if c.is_alphabetic() => Kind::Letters,
        _ => Kind::Other,
    };
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let this = kind(first);
        let end = match this {
            Kind::Other => first.len_utf8(),
            _ => rest.find(|c: char| kind(c) != this).unwrap_or(rest.len()),
        };
        let (text, after) = rest.split_at(end);
        parts.push(Part { text, kind: this });
        rest = after;
    }
    parts
}

fn of<'t>(parts: &[Part<'t>], at: usize, kind: Kind) -> Option<&'t str> {
    parts.get(at).filter(|part| part.kind == kind).map(|part| part.text)
}

fn is(parts: &[Part<'_>], at: usize, signs: &[&str]) -> bool {
    parts.get(at).is_some_and(|part| signs.contains(&part.text))
}

fn listed(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|other| other == word)
}

/// Letters and digits, together, with a hyphen, or with a space between: all three. Where it goes on.
fn code(parts: &[Part<'_>], at: usize, forms: &mut Forms) -> usize {
    let Some(letters) = of(parts, at, Kind::Letters) else { return at + 1 };
    let begins = !at.checked_sub(1).is_some_and(|before| {
        of(parts, before, Kind::Digits).is_some() || is(parts, before, &["-", "_", "/", ".", "'", "’"])
    });
    let between = usize::from(is(parts, at + 1, &["-", " "]));
    let Some(digits) = of(parts, at + 1 + between, Kind::Digits) else { return at + 1 };
    let end = at + 2 + between;
    // Of a longer one no part is a code; what is an amount or an hour is read as such.
    let ends = of(parts, end, Kind::Letters).is_none()
        && !(is(parts, end, &["-", ".", ",", ":", "/"]) && of(parts, end + 1, Kind::Digits).is_some());
    let together = format!("{letters}{digits}");
    if begins && ends && !listed(SMALL, letters) && !listed(UNITS, &together) {
        forms.add(together);
        let spaced = is(parts, at + 1, &[" "]);
        if !spaced || letters.chars().count() < WORD {
            forms.add(format!("{letters}-{digits}"));
        }
        if !spaced {
            forms.add(format!("{letters} {digits}"));
        }
    }
    // The digits are looked at themselves, where they are not a part of the code.
    if is(parts, at + 1, &[" "]) { at + 2 } else { end }
}

/// A number, with what is behind it. Where it goes on.
fn number(parts: &[Part<'_>], at: usize, forms: &mut Forms) -> usize {
    if let Some(end) = hour(parts, at, forms) {
        return end;
    }
    let Some(digits) = of(parts, at, Kind::Digits) else { return at + 1 };
    let mut ways = vec![digits.to_owned()];
    let (mut end, mut next) = (at + 1, None);
    if let Some((whole, after)) = thousands(parts, at) {
        end = after;
        ways = separated(&whole);
        // What is behind it is kept where it says something.
        if let Some(fraction) = fraction(parts, end) {
            end += 2;
            if fraction.bytes().any(|digit| digit != b'0') {
                ways = ways.iter().flat_map(|way| [format!("{way}.{fraction}"), format!("{way},{fraction}")]).collect();
            }
        } else if after == at + 3 && is(parts, at + 1, &[" "]) {
            // With a space they may be two as well: "an iPhone 15 128 GB".
            next = Some(at + 2);
        }
    } else if let Some(fraction) = fraction(parts, at + 1) {
        end = at + 3;
        ways = vec![format!("{digits}.{fraction}"), format!("{digits},{fraction}")];
    }
    // Dates, addresses and versions have other numbers around them.
    let longer = |at: usize| is(parts, at, &[".", "-", "/", ":"]) && of(parts, at + 1, Kind::Digits).is_some();
    let before = at.checked_sub(1).is_some_and(|before| is(parts, before, &[".", "/", ":"]));
    if before || longer(end) {
        return end;
    }
    let between = usize::from(is(parts, end, &["-", " "]));
    let unit = of(parts, end + between, Kind::Letters).map(|unit| match of(parts, end + between + 1, Kind::Digits) {
        Some(power @ ("2" | "3")) => format!("{unit}{power}"),
        _ => unit.to_owned(),
    });
    if let Some(unit) = unit.filter(|unit| listed(UNITS, unit)) {
        for way in &ways {
            forms.add(format!("{way} {unit}"));
            forms.add(format!("{way}{unit}"));
        }
    } else if ways.len() > 1 {
        ways.iter().for_each(|way| forms.add(way.clone()));
    }
    let sign = end + usize::from(is(parts, end, &[" "]));
    if parts.get(sign).is_some_and(|part| PERCENT.contains(&part.text)) {
        PERCENT.iter().skip(1).for_each(|word| forms.add((*word).to_owned()));
    }
    next.unwrap_or(end)
}

/// A number that is long, or parted into thousands, without what parts it; and where it ends.
fn thousands(parts: &[Part<'_>], at: usize) -> Option<(String, usize)> {
    let first = of(parts, at, Kind::Digits)?;
    if first.len() >= LONG {
        let year = first.len() == LONG && (first.starts_with("19") || first.starts_with("20"));
        let whole = !year && !first.starts_with('0') && first.len() <= 9;
        return whole.then(|| (first.to_owned(), at + 1));
    }
    let sign = parts.get(at + 1).filter(|_| is(parts, at + 1, &[",", ".", " ", "'", "’", "\u{a0}", "\u{202f}"]))?;
    let (mut whole, mut end) = (first.to_owned(), at + 1);
    while parts.get(end) == Some(sign)
        && let Some(three) = of(parts, end + 1, Kind::Digits).filter(|three| three.len() == 3)
        && whole.len() <= 9
    {
        whole.push_str(three);
        end += 2;
    }
    (end > at + 1 && !first.starts_with('0')).then_some((whole, end))
}

/// One or two digits behind a comma or a point.
fn fraction<'t>(parts: &[Part<'t>], at: usize) -> Option<&'t str> {
    let digits = parts.get(at + 1).filter(|part| part.kind == Kind::Digits)?;
    (is(parts, at, &[".", ","]) && digits.text.len() <= 2).then_some(digits.text)
}

/// A long number as it is, and with its thousands parted.
fn separated(whole: &str) -> Vec<String> {
    let with = |sign: char| {
        let mut parted = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                parted.push(sign);
            }
            parted.push(digit);
        }
        parted
    };
    vec![whole.to_owned(), with(','), with('.')]
}

/// An hour, as clocks of twelve and of twenty-four hours tell it: "5 pm", "5:30 p.m.", "17:00", "17.30 Uhr", "à 17 h". And where it ends.
fn hour(parts: &[Part<'_>], at: usize, forms: &mut Forms) -> Option<usize> {
    let hours: u32 = of(parts, at, Kind::Digits).filter(|digits| digits.len() <= 2)?.parse().ok()?;
    let minutes = of(parts, at + 2, Kind::Digits).filter(|digits| digits.len() == 2);
    let minutes = minutes.filter(|minutes| is(parts, at + 1, &[":", "."]) && *minutes < "60");
    let colon = minutes.is_some() && is(parts, at + 1, &[":"]);
    let mut end = if minutes.is_some() { at + 3 } else { at + 1 };
    let word = end + usize::from(is(parts, end, &[" "]));
    // Halves of a day are written with points, too.
    let half = match (of(parts, word, Kind::Letters), of(parts, word + 2, Kind::Letters)) {
        (Some("am"), _) => Some((0, word + 1)),
        (Some("pm"), _) => Some((12, word + 1)),
        (Some("a"), Some("m")) if is(parts, word + 1, &["."]) => Some((0, word + 3)),
        (Some("p"), Some("m")) if is(parts, word + 1, &["."]) => Some((12, word + 3)),
        _ => None,
    };
    let clock = match of(parts, word, Kind::Letters) {
        Some("uhr") => true,
        Some("h") => at
            .checked_sub(2)
            .and_then(|before| of(parts, before, Kind::Letters))
            .is_some_and(|before| listed(AT, before)),
        _ => false,
    };
    let hours = match half {
        Some((from, after)) if (1..=12).contains(&hours) => {
            end = after;
            hours % 12 + from
        }
        None if hours < 24 && (colon || clock) => hours,
        _ => return None,
    };
    let minutes = minutes.unwrap_or("00");
    let (twelve, half) = (if hours % 12 == 0 { 12 } else { hours % 12 }, if hours < 12 { "am" } else { "pm" });
    forms.add(format!("{hours}:{minutes}"));
    forms.add(format!("{hours:02}:{minutes}"));
    forms.add(format!("{hours}.{minutes}"));
    if minutes == "00" {
        forms.add(format!("{hours}h"));
        forms.add(format!("{twelve} {half}"));
        forms.add(format!("{twelve}{half}"));
    } else {
        forms.add(format!("{hours}h{minutes}"));
        forms.add(format!("{twelve}:{minutes} {half}"));
    }
    Some(end)
}

/// What the currency of an amount is called otherwise.
fn currencies(parts: &[Part<'_>], forms: &mut Forms) {
    for (at, part) in parts.iter().enumerate() {
        let Some(names) = CURRENCIES.iter().find(|names| names.contains(&part.text)) else { continue };
        // Beside a number, with a space between or none.
        let after = at + 1 + usize::from(is(parts, at + 1, &[" "]));
        let before = at.checked_sub(1).and_then(|before| before.checked_sub(usize::from(is(parts, before, &[" "]))));
        if of(parts, after, Kind::Digits).is_some() || before.is_some_and(|at| of(parts, at, Kind::Digits).is_some()) {
            let words = names.iter().filter(|name| name.chars().all(char::is_alphabetic) && **name != part.text);
            words.for_each(|name| forms.add((*name).to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(question: &str) -> Vec<String> {
        forms(question).written.into_iter().collect()
    }

    fn has(question: &str, forms: &[&str]) {
        let written = written(question);
        for form in forms {
            assert!(written.iter().any(|other| other == form), "{question}: {form} of {written:?}");
        }
    }

    #[test]
    fn what_is_written_in_one_way_is_written_in_the_others() {
        has("Is there a cable of 2,5 mm?", &["2.5 mm", "2.5mm", "2,5mm", "2,5 mm"]);
        has("2.5mm cable", &["2.5 mm", "2,5 mm"]);
        has("a 50-cm shelf", &["50 cm", "50cm"]);
        has("50cm shelf", &["50 cm"]);
        has("what fits an iPhone15", &["iphone 15", "iphone-15"]);
        has("what fits an iPhone 15", &["iphone15"]);
        has("What is F-04?", &["f04", "f 04"]);
        has("what is f04", &["f-04", "f 04"]);
        has("what is f 04", &["f04", "f-04"]);
        has("5 %", &["percent", "procent"]);
        has("5 procent", &["percent"]);
        has("Is it below €20?", &["eur", "euros"]);
        has("20 euros", &["eur"]);
        has("200 kr", &["sek", "kronor"]);
        has("200 SEK", &["kr"]);
        has("open at 5 pm?", &["17:00", "17.00", "17h"]);
        has("open at 5:30 p.m.", &["17:30"]);
        has("open at 12 am", &["0:00", "00:00"]);
        has("open at 17:00", &["5 pm", "5pm", "17.00"]);
        has("ab 17 Uhr", &["17:00", "5 pm"]);
        has("ouvert à 17 h ?", &["17:00", "5 pm"]);
        has("at 9am", &["09:00", "9:00"]);
        has("above 1,299 euros", &["1299", "1.299", "eur"]);
        has("above 1299", &["1,299", "1.299"]);
        has("above 1.299,50 €", &["1299.50", "1,299.50", "1299,50"]);
        has("above 1 299 kr", &["1299", "1,299"]);
        has("40 m2 of floor", &["40m2"]);
        // A space parts thousands, or two numbers.
        has("a case for an iPhone 15 128 GB", &["iphone15", "128gb", "15128gb"]);
    }

    #[test]
    fn how_long_something_takes_is_no_hour() {
        for question in ["Does the battery last 8 h?", "how long is 2.50 h", "within 8 h"] {
            let written = written(question);
            assert!(written.iter().all(|form| !form.contains(':') && !form.ends_with("am")), "{question}: {written:?}");
        }
        has("Does the battery last 8 h?", &["8h"]);
    }

    #[test]
    fn what_is_nothing_of_the_kind_is_left_alone() {
        for question in [
            "",
            "?!",
            "How long may I return goods?",
            "within 60",
            "192.168.0.1",
            "2026-11-30",
            "1/2",
            "Do you sell dollars?",
            "e-mail",
            "24/7",
        ] {
            assert_eq!(written(question), [""; 0], "{question}");
        }
        assert_eq!(other_forms("How long may I return goods?"), "");
    }

    #[test]
    fn thousands_are_no_part_of_a_number() {
        for (number, plain) in [("1,299", "1299"), ("1 299", "1299"), ("1.299", "1299"), ("12'345'678", "12345678")] {
            assert_eq!(plain_number(number).as_deref(), Some(plain));
        }
        for number in ["1299", "2.5", "10:00", "1,299.00", "0,123", "", "1,", ",1", "1,2345"] {
            assert_eq!(plain_number(number), None, "{number}");
        }
    }

    #[test]
    fn however_much_is_written_there_is_a_bound_and_nothing_panics() {
        let much = "1,299 F04 5 pm €20 ".repeat(60);
        assert!(other_forms(&much).len() <= MOST);
        for text in
            ["1", "1.", "-1", "1,", "f-", "€", "5 p.", "99999999999999999999 mm", "²é1", "%", "a1-", "25:99", "0 am"]
        {
            let _ = other_forms(text);
        }
    }
}
