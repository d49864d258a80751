//! Questions whose answers are known, from a file: JSON lines, a JSON list of the same, or a table (CSV) with its columns named in the first line.
//!
//! *Guarantees:* a file is read whole or refused by a sentence that names the line or the question.

use super::MOST_QUESTIONS;
use crate::measure::plain;
use knowledge::{MAX_QUESTION, normalized};
use model::evaluation::ExpectedQuestion;
use serde::Deserialize;
use words::{Text, text};

/// Most bytes of a file.
pub const MOST_BYTES: usize = 256 * 1024;
/// Most characters of the words that answer.
const MOST_EXPECTED: usize = 500;
/// What stands in the place of the words that answer where there are none.
const NO_ANSWER: [&str; 7] = ["", "no answer", "no answer.", "none", "n/a", "null", "-"];
/// How columns are called.
const QUESTION: [&str; 2] = ["question", "q"];
const EXPECTED: [&str; 3] = ["expected", "answer", "a"];

/// A line of JSON, or one of a list. (A name that is none of these is a mistake in one of them: what it says would be missing.)
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(alias = "q")]
    question: String,
    #[serde(default, alias = "answer", alias = "a")]
    expected: Option<String>,
}

/// Reads a file.
///
/// # Errors
/// A sentence that says what is wrong, and where.
pub fn read_questions(bytes: &[u8]) -> Result<Vec<ExpectedQuestion>, Text> {
    if bytes.len() > MOST_BYTES {
        return Err(text!("A file of questions may have {most} KB.", most = MOST_BYTES / 1024));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| text!("Save the file in UTF-8."))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(text!("There is no question."));
    }
    let read = match text.chars().next() {
        Some('{') => lines(text)?,
        Some('[') => serde_json::from_str(text).map_err(|error| {
            let line = error.line();
            text!("The list is no JSON of objects with `question` and `expected`: look at line {line}.", line)
        })?,
        _ => table(text)?,
    };
    let questions: Vec<ExpectedQuestion> = read
        .into_iter()
        .map(|Line { question, expected }| {
            let expected = expected.filter(|words| !NO_ANSWER.contains(&words.trim().to_lowercase().as_str()));
            ExpectedQuestion { question, expected }
        })
        .collect();
    checked(&questions)?;
    Ok(questions)
}

fn lines(text: &str) -> Result<Vec<Line>, Text> {
    let lines = (1_usize..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let read = lines.map(|(number, line)| {
        serde_json::from_str(line)
            .map_err(|_| text!("Line {number} is no JSON object with `question` and `expected`.", number))
    });
    read.collect()
}

fn table(text: &str) -> Result<Vec<Line>, Text> {
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [b';', b'\t'].into_iter().find(|sign| first.as_bytes().contains(sign)).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let unnamed = || text!("Name the columns `question` and `expected` in the first line.");
    let heads = reader.headers().map_err(|_| unnamed())?.clone();
    let column =
        |names: &[&str]| heads.iter().position(|head| names.iter().any(|name| head.eq_ignore_ascii_case(name)));
    let (question, expected) = (column(&QUESTION).ok_or_else(unnamed)?, column(&EXPECTED).ok_or_else(unnamed)?);
    // A quotation mark that is never closed would take all that follows for its cell.
    let starts = knowledge::table_lines(&text.replace("\r\n", "\n").replace('\r', "\n"), delimiter, 1)?;
    let mut read = Vec::new();
    for ((number, line), row) in (2_usize..).zip(starts.into_iter().skip(1)).zip(reader.records()) {
        let row = row.map_err(|_| text!("Row {number} of the table cannot be read.", number))?;
        if row.iter().skip(heads.len()).any(|cell| !cell.is_empty()) {
            return Err(text!(
                "Line {line} has more cells than the first line has names. Put quotation marks around a cell that holds the \
                 character between cells.",
                line
            ));
        }
        let cell = |column: usize| row.get(column).unwrap_or_default().to_owned();
        if row.iter().any(|cell| !cell.is_empty()) {
            read.push(Line { question: cell(question), expected: Some(cell(expected)) });
        }
    }
    Ok(read)
}

/// Questions as they are kept, each with the words that answer, or none.
pub(super) fn checked(questions: &[ExpectedQuestion]) -> Result<Vec<(String, String)>, Text> {
    if questions.is_empty() {
        return Err(text!("There is no question."));
    }
    if questions.len() > MOST_QUESTIONS {
        return Err(text!("Use at most {most} questions.", most = MOST_QUESTIONS));
    }
    let kept = (1_usize..).zip(questions).map(|(number, one)| {
        let question = normalized(&one.question).trim().to_owned();
        if question.is_empty() || question.chars().count() > MAX_QUESTION || question.contains('\0') {
            return Err(text!("Question {number} needs 1 to {most} ordinary characters.", number, most = MAX_QUESTION));
        }
        let expected = one.expected.as_deref().map(|words| normalized(words).trim().to_owned());
        let odd =
            |words: &String| plain(words).is_empty() || words.chars().count() > MOST_EXPECTED || words.contains('\0');
        if expected.as_ref().is_some_and(odd) {
            return Err(text!(
                "What answers question {number} needs letters or digits, and at most {most} characters.",
                number,
                most = MOST_EXPECTED
            ));
        }
        Ok((question, expected.unwrap_or_default()))
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Vec<(String, Option<String>)> {
        let read = read_questions(file.as_bytes()).unwrap();
        read.into_iter().map(|one| (one.question, one.expected)).collect()
    }

    #[test]
    fn lines_and_tables_say_the_same() {
        let both = vec![
            ("How long may I return goods?".to_owned(), Some("60 days".to_owned())),
            ("Do you sell boats?".to_owned(), None),
        ];
        for file in [
            "{\"question\": \"How long may I return goods?\", \"expected\": \"60 days\"}\n\n{\"q\": \"Do you sell boats?\", \"a\": null}\n",
            "\u{feff}question,expected\nHow long may I return goods?,60 days\n\nDo you sell boats?,no answer\n",
            "Answer;Question\r\n60 days;How long may I return goods?\r\n;Do you sell boats?\r\n",
            "q\ta\nHow long may I return goods?\t60 days\nDo you sell boats?\t-\n",
            "[{\"question\": \"How long may I return goods?\", \"expected\": \"60 days\"}, {\"question\": \"Do you sell boats?\", \"expected\": \"none\"}]",
        ] {
            assert_eq!(read(file), both, "{file}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let said = |file: &[u8]| read_questions(file).unwrap_err().to_string();
        for (file, words) in [
            ("", "There is no question."),
            ("How long?,60 days\n", "Name the columns"),
            ("question,expected\n", "There is no question."),
            ("{\"question\": \"A?\"}\n{\"ask\": \"B?\"}\n", "Line 2 is no JSON object"),
            ("{\"question\": \" \", \"expected\": \"a\"}", "Question 1 needs"),
            ("question,expected\nA?,...\n", "What answers question 1"),
            ("question,expected\nI bought a stove, how long?,2 years\n", "Line 2 has more cells"),
            ("question,expected\nA?,\"b\nC?,d\nE?,f\n", "line 2 is never closed"),
            ("{\"question\": \"A?\", \"expcted\": \"b\"}", "Line 1 is no JSON object"),
            ("[{\"question\": \"A?\"},\n 7]", "look at line 2"),
        ] {
            assert!(said(file.as_bytes()).contains(words), "{file}: {}", said(file.as_bytes()));
        }
        assert!(said(&[0xff, 0xfe]).contains("UTF-8"));
        assert!(said(&vec![b'a'; MOST_BYTES + 1]).contains("256 KB"));
        let many = format!("question,expected\n{}", "A?,b\n".repeat(MOST_QUESTIONS + 1));
        assert!(said(many.as_bytes()).contains("at most 200 questions"));
        let long = format!("question,expected\n{},b\n", "a".repeat(MAX_QUESTION + 1));
        assert!(said(long.as_bytes()).contains("Question 1 needs"));
    }
}
