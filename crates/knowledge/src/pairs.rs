//! Pairs of a question and its answer: from JSON, from CSV, and in the one text that is kept of them.
//!
//! *Guarantees:* a file whose keys or columns say question and answer is pairs, or is refused by a sentence that names the
//! place. It is never taken for text, of which raw rows would be told.

mod csv;
mod json;

pub use csv::lines as table_lines;

use crate::reading::{normalized, odd};
use words::{Text, text};

/// Most pairs in a file.
pub const MAX_PAIRS: usize = 5_000;
/// Most characters of a question: as many as can be asked.
pub const MAX_QUESTION: usize = crate::search::MAX_QUESTION;
/// Most characters of an answer.
const MAX_ANSWER: usize = 10_000;
/// How keys and columns name the sides of a pair.
const SIDES: [&str; 2] = ["question", "answer"];

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// What is asked.
    pub question: String,
    /// What is answered.
    pub answer: String,
}

/// What a file is that may hold pairs.
#[derive(Debug)]
pub enum Found {
    /// These.
    Pairs(Vec<Pair>),
    /// Nothing in it says question and answer. What there is to say where pairs were asked for.
    Other(Text),
}

/// Reads pairs in a text as it was written: what it is made of is normalized side by side.
///
/// # Errors
/// A sentence that names the place.
pub fn pairs(written: &str) -> Result<Found, Text> {
    let written = written.replace('\u{feff}', "");
    let found = if written.trim_start().starts_with(['[', '{']) { json::read(&written)? } else { csv::read(&written)? };
    match found {
        Found::Pairs(pairs) if pairs.is_empty() => {
            Err(text!("There is no pair of a question and an answer in the file."))
        }
        Found::Pairs(pairs) if pairs.len() > MAX_PAIRS => {
            Err(text!("The file holds more than {most} pairs. Split it and upload the parts.", most = MAX_PAIRS))
        }
        found => Ok(found),
    }
}

/// Where a pair stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// The pair of that number, from 1.
    Pair(usize),
    /// The line on which it begins, from 1.
    Line(usize),
}

/// Why a side of a pair will not do.
enum Odd {
    Empty,
    Long,
    /// It holds this character.
    Control(char),
}

/// A pair, as it is kept.
fn pair(place: Place, question: &str, answer: &str) -> Result<Pair, Text> {
    let question = normalized(question).split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Pair {
        question: side(question, MAX_QUESTION).map_err(|odd| of_question(place, &odd))?,
        answer: side(normalized(answer), MAX_ANSWER).map_err(|odd| of_answer(place, &odd))?,
    })
}

/// An answer that somebody has typed by itself, as it is kept.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn typed(answer: &str) -> Result<String, Text> {
    side(normalized(answer), MAX_ANSWER).map_err(|odd| match odd {
        Odd::Empty => text!("Write the answer."),
        Odd::Long => text!("Use at most {most} characters.", most = MAX_ANSWER),
        Odd::Control(_) => text!("Use ordinary characters."),
    })
}

/// A side of a pair. What is wrong with it shows only here: a character may have been written as an escape.
fn side(text: String, most: usize) -> Result<String, Odd> {
    let text = text.trim();
    if blank(text) {
        return Err(Odd::Empty);
    }
    if let Some(character) = text.chars().find(|c| odd(*c)) {
        return Err(Odd::Control(character));
    }
    if text.chars().count() > most { Err(Odd::Long) } else { Ok(text.to_owned()) }
}

/// Whether there is nothing to see.
fn blank(text: &str) -> bool {
    let unseen = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    text.chars().all(|c| c.is_whitespace() || unseen(c))
}

/// Whether a key or the head of a column names a side of a pair.
fn names(text: &str, side: &str) -> bool {
    normalized(text).trim().eq_ignore_ascii_case(side)
}

fn of_question(place: Place, odd: &Odd) -> Text {
    match (odd, place) {
        (Odd::Control(character), place) => control(place, *character),
        (Odd::Empty, Place::Pair(number)) => {
            text!("Pair {number} has no question. Fill it in or take the pair out.", number)
        }
        (Odd::Empty, Place::Line(line)) => {
            text!("Line {line} has no question. Fill it in or take the line out.", line)
        }
        (Odd::Long, Place::Pair(number)) => {
            text!("The question of pair {number} is longer than {most} characters.", number, most = MAX_QUESTION)
        }
        (Odd::Long, Place::Line(line)) => {
            text!("The question in line {line} is longer than {most} characters.", line, most = MAX_QUESTION)
        }
    }
}

fn of_answer(place: Place, odd: &Odd) -> Text {
    match (odd, place) {
        (Odd::Control(character), place) => control(place, *character),
        (Odd::Empty, Place::Pair(number)) => {
            text!("Pair {number} has no answer. Fill it in or take the pair out.", number)
        }
        (Odd::Empty, Place::Line(line)) => {
            text!("Line {line} has no answer. Fill it in or take the line out.", line)
        }
        (Odd::Long, Place::Pair(number)) => {
            text!("The answer of pair {number} is longer than {most} characters.", number, most = MAX_ANSWER)
        }
        (Odd::Long, Place::Line(line)) => {
            text!("The answer in line {line} is longer than {most} characters.", line, most = MAX_ANSWER)
        }
    }
}

fn control(place: Place, character: char) -> Text {
    let code = format!("U+{:04X}", u32::from(character));
    match place {
        Place::Pair(number) => {
            text!("Pair {number} holds a character that no text has ({code}). Take it out.", number, code)
        }
        Place::Line(line) => {
            text!("Line {line} holds a character that no text has ({code}). Take it out.", line, code)
        }
    }
}

/// Between two pairs: a character that stands in no text that was accepted (ASCII, record separator).
const BETWEEN_PAIRS: char = '\u{1e}';
/// Between a question and its answer (ASCII, unit separator).
const BETWEEN_SIDES: char = '\u{1f}';

/// Pairs as one text.
pub fn render(pairs: &[Pair]) -> String {
    let mut text = String::new();
    for pair in pairs {
        if !text.is_empty() {
            text.push(BETWEEN_PAIRS);
        }
        text.push_str(&pair.question);
        text.push(BETWEEN_SIDES);
        text.push_str(&pair.answer);
    }
    text
}

/// The pairs in a text that [`render`] wrote: each question, and where its answer begins.
pub fn rendered_pairs(text: &str) -> impl Iterator<Item = (&str, usize, &str)> {
    let mut at = 0;
    text.split(BETWEEN_PAIRS).filter_map(move |pair| {
        let begins = at;
        at += pair.len() + BETWEEN_PAIRS.len_utf8();
        let (question, answer) = pair.split_once(BETWEEN_SIDES)?;
        Some((question, begins + question.len() + BETWEEN_SIDES.len_utf8(), answer))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairs in a text, or what is said.
    pub fn read(written: &str) -> Result<Vec<(String, String)>, String> {
        match pairs(written) {
            Ok(Found::Pairs(pairs)) => Ok(pairs.into_iter().map(|pair| (pair.question, pair.answer)).collect()),
            Ok(Found::Other(why)) => Err(format!("other: {why}")),
            Err(why) => Err(why.to_string()),
        }
    }

    pub fn pair_of(question: &str, answer: &str) -> (String, String) {
        (question.to_owned(), answer.to_owned())
    }

    #[test]
    fn pairs_are_one_text_and_come_back_from_it() {
        let some = [("How long?", "60 days,\nthen \"no\""), ("Where?", "Here")];
        let of = |(question, answer): (&str, &str)| Pair { question: question.into(), answer: answer.into() };
        let text = render(&some.map(of));
        let back: Vec<_> = rendered_pairs(&text).collect();
        assert_eq!(back.iter().map(|pair| (pair.0, pair.2)).collect::<Vec<_>>(), some);
        for (_, begins, answer) in back {
            assert_eq!(&text[begins..begins + answer.len()], answer);
        }
    }

    #[test]
    fn the_bounds_of_a_pair_and_of_a_file() {
        let csv = |question: &str, answer: &str| read(&format!("question,answer\n{question},{answer}\n"));
        assert!(csv(&"q".repeat(1_000), &"a".repeat(10_000)).is_ok());
        assert!(csv(&"q".repeat(1_001), "a").unwrap_err().contains("The question in line 2 is longer than 1000"));
        assert!(csv("q", &"a".repeat(10_001)).unwrap_err().contains("The answer in line 2 is longer than 10000"));
        let many = format!("question,answer\n{}", "a,b\n".repeat(MAX_PAIRS));
        assert_eq!(read(&many).unwrap().len(), MAX_PAIRS);
        assert!(read(&format!("{many}a,b\n")).unwrap_err().contains("more than 5000 pairs"));
        let json = format!("[{}]", vec![r#"{"question":"a","answer":"b"}"#; MAX_PAIRS + 2].join(","));
        assert!(read(&json).unwrap_err().contains("more than 5000 pairs"));
        assert!(read("[]").unwrap_err().contains("array of objects"));
        assert!(read("question,answer\n").unwrap_err().contains("no pair"));
    }

    #[test]
    fn a_character_that_no_text_has_is_named_with_its_place() {
        assert!(read("question,answer\na,b\nc,d\u{1e}e\n").unwrap_err().contains("Line 3 holds"));
        let json = r#"[{"question":"a","answer":"b"},{"question":"c\u001fx","answer":"d"}]"#;
        assert!(read(json).unwrap_err().contains("Pair 2 holds a character that no text has (U+001F)"));
    }
}
