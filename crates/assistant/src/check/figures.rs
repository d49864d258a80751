//! Numbers, in figures and in words, and their units.

use crate::codes::among as listed;
use std::collections::BTreeSet;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation as _;

/// The first number in a sentence, of figures or in words, that does not stand there, and whether any does.
pub(super) fn numbers(sentence: &str, there: &str) -> (Option<String>, bool) {
    let (own, there_figures) = (level(sentence), level(there));
    let mut known: BTreeSet<String> = words_for_numbers(there).into_iter().map(|one| one.number).collect();
    for chain in chains(&there_figures) {
        known.insert(chain.number());
        if !chain.is_amount() {
            known.extend(chain.parts.into_iter().map(canonical));
        }
    }
    let (mut missing, mut held) = (None, false);
    for chain in chains(&own) {
        let whole = known.contains(&chain.number());
        if !whole && chain.is_amount() {
            missing = missing.or_else(|| Some(chain.parts.join(" ")));
            continue;
        }
        for figure in chain.parts {
            if whole || known.contains(&canonical(figure)) {
                held = true;
            } else {
                missing = missing.or_else(|| Some(figure.to_owned()));
            }
        }
    }
    for one in words_for_numbers(sentence) {
        if known.contains(&one.number) {
            held = true;
        } else {
            missing = missing.or_else(|| Some(one.word.to_owned()));
        }
    }
    (missing, held)
}

/// Numbers of three parts and more that lines join: days (`2026-05-01`, `5/1/2026`), and some of telephones. They are compared as they are written.
pub(super) fn in_parts(text: &str) -> BTreeSet<&str> {
    let numbers = text.split(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | '/'));
    let numbers = numbers.map(|number| number.trim_matches(['-', '/']));
    numbers.filter(|number| number.split(['-', '/']).filter(|part| !part.is_empty()).count() > 2).collect()
}

/// Units, a line each, in the languages that are known best. Where a word stands in several, it may be any of these.
const UNITS: [&str; 25] = [
    "€ eur euro euros",
    "$ usd dollar dollars",
    "£ gbp pound pounds",
    "kr sek krona kronor",
    "kr nok krone kroner",
    "kr dkk krone kroner",
    "second seconds sec secs s segundo segundos sekunde sekunden sekund sekunder seconde secondes",
    "minute minutes min mins minuto minutos minuten minut minuter",
    "hour hours h hr hrs hora horas stunde stunden heure heures timme timmar",
    "day days día días tag tage tagen jour jours dag dagar",
    "week weeks semana semanas woche wochen semaine semaines vecka veckor",
    "month months mes meses monat monate monaten mois månad månader",
    "year years año años jahr jahre jahren année années ans år",
    "am a.m",
    "pm p.m",
    "% percent procent prozent",
    "° degree degrees grad grados degrés grader",
    "kg kilo kilos kilogram kilograms kilogramm",
    "g gram grams gramm gramos",
    "mm millimetre millimetres millimeter millimeters",
    "cm centimetre centimetres centimeter centimeters",
    "m metre metres meter meters metro metros",
    "km kilometre kilometres kilometer kilometers",
    "l litre litres liter liters litro litros",
    "ml millilitre millilitres milliliter milliliters",
];
/// So many of them are money, which may stand before its number as well.
const MONEY: usize = 6;

/// A number in a sentence whose unit is another one there, wherever that number stands.
pub(super) fn another_unit(sentence: &str, there: &str) -> Option<String> {
    let (own, there) = (level(sentence), level(there));
    let known = amounts(&there);
    amounts(&own).into_iter().find_map(|(number, unit)| {
        let unit = unit?;
        let mut theirs = known.iter().filter(|(other, _)| *other == number).map(|(_, unit)| unit).peekable();
        theirs.peek()?;
        let same = |other: &Option<String>| {
            other.as_ref().is_none_or(|other| UNITS.iter().any(|line| listed(line, &unit) && listed(line, other)))
        };
        (!theirs.any(same)).then(|| format!("{number} {unit}"))
    })
}

/// The numbers in a text, each with its unit, if one stands beside it.
fn amounts(text: &str) -> Vec<(String, Option<String>)> {
    let figures = chains(text).into_iter().map(|chain| (chain.number(), unit(chain.before, chain.after)));
    let words = words_for_numbers(text).into_iter();
    figures.chain(words.map(|one| (one.number, unit("", one.after)))).collect()
}

/// The unit of a number, by what stands before and after it.
fn unit(before: &str, after: &str) -> Option<String> {
    let next = after.strip_prefix([' ', '-']).unwrap_or(after);
    let end = match next.find(|c: char| !c.is_alphabetic() && c != '.') {
        // A sign.
        Some(0) => next.chars().next().map_or(0, char::len_utf8),
        end => end.unwrap_or(next.len()),
    };
    let behind = next.get(..end).unwrap_or_default().trim_end_matches('.');
    let before = before.trim_end_matches(' ');
    let sign = before.char_indices().next_back().and_then(|(at, _)| before.get(at..)).unwrap_or_default();
    let word = before.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let of = |units: &[&str], word: &str| {
        let word = word.to_lowercase();
        units.iter().any(|unit| listed(unit, &word)).then_some(word)
    };
    let money = UNITS.get(..MONEY).unwrap_or_default();
    of(&UNITS, behind).or_else(|| of(money, sign)).or_else(|| of(money, word))
}

/// The text with digits of other scripts as those of ours.
pub(super) fn level(text: &str) -> String {
    let zeros = [0x660, 0x6f0, 0x966, 0xff10];
    let digit = |c: char| zeros.iter().find_map(|zero| u32::from(c).checked_sub(*zero).filter(|digit| *digit < 10));
    text.chars().map(|c| digit(c).and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)).collect()
}

/// Figures that are one number, and what stands before and after it.
struct Chain<'t> {
    /// Each as it is written; several are groups of it (`1 299`).
    parts: Vec<&'t str>,
    before: &'t str,
    after: &'t str,
}

impl Chain<'_> {
    /// The number, in its one spelling.
    fn number(&self) -> String {
        canonical(&self.parts.join(","))
    }

    /// Whether it is of something: then its groups are no numbers of their own (`1 160 kr` is not 160 kr), as they may be of a telephone.
    fn is_amount(&self) -> bool {
        unit(self.before, self.after).is_some()
    }
}

/// The figures in a text.
fn chains(text: &str) -> Vec<Chain<'_>> {
    let (mut chains, mut rest) = (Vec::<Chain<'_>>::new(), text);
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let from = &rest[at..];
        let (number, after) = from.split_at(figure(from));
        // The one before ended where this text begins.
        let group =
            at == 1 && rest.starts_with(' ') && number.split(['.', ',']).next().is_some_and(|first| first.len() == 3);
        match chains.last_mut().filter(|_| group) {
            Some(chain) if chain.parts.iter().all(|one| one.len() <= 3) => {
                chain.parts.push(number);
                chain.after = after;
            }
            _ => {
                let before = text.get(..text.len() - from.len()).unwrap_or_default();
                chains.push(Chain { parts: vec![number], before, after });
            }
        }
        rest = after;
    }
    chains
}

/// How long the figure is with which a text begins: `1,299.00`, `10:00` and `2.5` are one.
fn figure(text: &str) -> usize {
    let (mut end, mut joint) = (0, false);
    for (at, c) in text.char_indices() {
        if c.is_ascii_digit() {
            (end, joint) = (at + 1, false);
        } else if joint || !matches!(c, '.' | ',' | ':' | '\'' | '\u{2019}') {
            break;
        } else {
            joint = true;
        }
    }
    end
}

/// One spelling for one number: without what groups its figures, without zeros that say nothing.
fn canonical(figure: &str) -> String {
    let groups: Vec<&str> = figure.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let (whole, part) = match groups.split_last() {
        Some((last, before)) if !before.is_empty() && last.len() <= 2 => (before.concat(), last.trim_end_matches('0')),
        _ => (groups.concat(), ""),
    };
    let whole = Some(whole.trim_start_matches('0')).filter(|whole| !whole.is_empty()).unwrap_or("0");
    if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
}

/// Numbers in words, in the languages that are known best. (Not one, which is an article, too; not what means something else somewhere: "once", "sex", "neuf".)
const NUMBERS: [(&str, u64); 30] = [
    ("two dos zwei deux två", 2),
    ("three tres drei trois tre", 3),
    ("four cuatro vier quatre fyra", 4),
    ("five cinco fünf cinq fem", 5),
    ("six seis sechs", 6),
    ("seven siete sieben sept sju", 7),
    ("eight ocho acht huit åtta", 8),
    ("nine nueve neun nio", 9),
    ("ten diez zehn dix tio", 10),
    ("eleven elf onze elva", 11),
    ("twelve doce zwölf douze tolv", 12),
    ("thirteen trece dreizehn treize tretton", 13),
    ("fourteen catorce vierzehn quatorze fjorton", 14),
    ("fifteen quince fünfzehn quinze femton", 15),
    ("sixteen dieciséis sechzehn seize sexton", 16),
    ("seventeen diecisiete siebzehn sjutton", 17),
    ("eighteen dieciocho achtzehn arton", 18),
    ("nineteen diecinueve neunzehn nitton", 19),
    ("twenty veinte zwanzig vingt tjugo", 20),
    ("thirty treinta dreißig trente trettio", 30),
    ("forty cuarenta vierzig quarante fyrtio", 40),
    ("fifty cincuenta fünfzig cinquante femtio", 50),
    ("sixty sesenta sechzig soixante sextio", 60),
    ("seventy setenta siebzig sjuttio", 70),
    ("eighty ochenta achtzig åttio", 80),
    ("ninety noventa neunzig nittio", 90),
    ("hundred cien ciento hundert hundra", 100),
    ("thousand mil tausend mille tusen", 1_000),
    ("million millón millionen miljon", 1_000_000),
    ("dozen docena dutzend douzaine dussin", 12),
];

/// One, which counts as the end of a number alone: "twenty-one".
const ONE: &str = "one uno una un une ett";

/// A number in words.
struct NumberWord<'t> {
    /// As it is written: a word, or several ("a hundred and sixty").
    word: &'t str,
    number: String,
    after: &'t str,
}

/// The numbers of a text that are words.
fn words_for_numbers(text: &str) -> Vec<NumberWord<'_>> {
    let mut found = Vec::<(Range<usize>, u64)>::new();
    for (at, word) in text.unicode_word_indices() {
        let small = word.to_lowercase();
        let value = NUMBERS.iter().find(|(known, _)| listed(known, &small)).map(|(_, value)| *value);
        let Some(value) = value.or_else(|| listed(ONE, &small).then_some(1)) else { continue };
        let end = at + word.len();
        let both = found.last().and_then(|(range, before)| together(*before, text.get(range.end..at)?, value));
        match found.last_mut().zip(both) {
            Some((last, both)) => *last = (last.0.start..end, both),
            None if value > 1 => found.push((at..end, value)),
            None => {}
        }
    }
    let number = |(range, value): (Range<usize>, u64)| NumberWord {
        after: text.get(range.end..).unwrap_or_default(),
        word: text.get(range).unwrap_or_default(),
        number: value.to_string(),
    };
    found.into_iter().map(number).collect()
}

/// The number that two make of which one follows the other: "twenty-five", "two hundred", "a hundred and sixty", "treinta y cinco".
fn together(before: u64, between: &str, value: u64) -> Option<u64> {
    let (close, and) = (matches!(between, " " | "-"), matches!(between, " and " | " och " | " y " | " et " | " und "));
    if value >= 100 {
        // Of "two thousand five hundred" the five.
        let times = before % (value * 10);
        return (close && (1..value).contains(&times)).then(|| before - times + times * value);
    }
    let adds = match before % 100 {
        0 => close || and,
        tens if tens >= 20 && tens.is_multiple_of(10) && value < 10 => close || matches!(between, " y " | " et "),
        // "soixante-dix"
        60 => between == "-" && value < 20 || between == " et " && value == 11,
        _ => false,
    };
    adds.then(|| before + value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_spelling() {
        for (one, other) in
            [("1,299.00", "1299"), ("1.299,00", "1299"), ("05", "5"), ("2,5", "2.50"), ("10:00", "10"), ("0", "00")]
        {
            assert_eq!(canonical(one), canonical(other));
        }
        for (one, other) in [("2.5", "25"), ("1,299", "1,300"), ("10:30", "10"), ("1", "10")] {
            assert_ne!(canonical(one), canonical(other));
        }
        let chains = chains("1 299 SEK, 12 days and 3.5 or 4, 2026-05-01");
        assert_eq!((chains[0].before, chains[0].after), ("", " SEK, 12 days and 3.5 or 4, 2026-05-01"));
        assert_eq!(chains[1].before, "1 299 SEK, ");
        assert_eq!(
            chains.into_iter().map(|chain| chain.parts).collect::<Vec<_>>(),
            [vec!["1", "299"], vec!["12"], vec!["3.5"], vec!["4"], vec!["2026"], vec!["05"], vec!["01"]]
        );
    }

    #[test]
    fn words_that_are_one_number_are_it_as_a_whole() {
        for (text, numbers) in [
            ("a hundred and sixty days", vec!["160"]),
            ("twenty-five, or two hundred", vec!["25", "200"]),
            ("two thousand five hundred and thirty-one", vec!["2531"]),
            ("one day, a hundred and one", vec!["101"]),
            ("sixty thousand", vec!["60000"]),
            ("treinta y cinco o ciento sesenta", vec!["35", "160"]),
            ("soixante-dix, vingt et un", vec!["70", "21"]),
            ("two, three or four; twenty and five; three six-packs", vec!["2", "3", "4", "20", "5", "3", "6"]),
            ("two dozen", vec!["2", "12"]),
            ("a thousand million thousand", vec!["1000000000", "1000"]),
        ] {
            let found: Vec<String> = words_for_numbers(text).into_iter().map(|one| one.number).collect();
            assert_eq!(found, numbers, "{text}");
        }
        let found = words_for_numbers("Within a hundred and sixty days.");
        assert_eq!((found.len(), found[0].word, found[0].after), (1, "hundred and sixty", " days."));
    }

    #[test]
    fn no_part_of_a_number_is_taken_for_it() {
        for (sentence, there) in [
            ("It takes 60 days.", "It takes 160 days."),
            ("It takes 60 days.", "It takes a hundred and sixty days."),
            ("It takes five days.", "It takes twenty-five days."),
            ("It costs 160 kr.", "It costs 1 160 kr."),
            ("It costs 1 160 kr.", "For 1 person it costs 160 kr."),
        ] {
            assert!(numbers(sentence, there).0.is_some(), "{sentence} {there}");
        }
        for (sentence, there) in [
            ("It takes 160 days.", "It takes a hundred and sixty days."),
            ("It takes twenty-five days.", "It takes 25 days."),
            ("It costs 1160 kr.", "It costs 1 160 kr."),
            ("Call 08-123 456 78.", "Call 08 123 456 78."),
        ] {
            assert_eq!((numbers(sentence, there), another_unit(sentence, there)), ((None, true), None), "{sentence}");
        }
        // What is an amount there is no other one beside it.
        let there = "It takes 160 days, or 60 weeks.";
        assert_eq!(another_unit("It takes 60 days.", there).as_deref(), Some("60 days"));
        assert_eq!(another_unit("It takes 160 days.", there), None);
    }
}
