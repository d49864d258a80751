//! From the bytes of a file to text, and from text to pairs of a question and an answer.
//!
//! Whatever cannot be read is refused with a sentence that says what the file is and what to do. Nothing is guessed that
//! could turn letters into others: text is UTF-8, or UTF-16 with its mark. What is kept of it is [`normalized`].

use model::knowledge::DocumentKind;
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization as _;
use words::{Text, text};

/// Most bytes of a file.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;
/// Most pairs in a file.
pub const MAX_PAIRS: usize = 5_000;
/// Most characters of a question, and of an answer.
const MAX_SIDE: usize = 10_000;

/// How the uploader wants a file to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    /// By its name and content.
    #[default]
    Auto,
    /// As one of the kinds.
    Kind(DocumentKind),
}

/// A file that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// What it is.
    pub kind: DocumentKind,
    /// Whether its headings are Markdown's.
    pub markdown: bool,
    /// Its text; of pairs, one after the other as [`render`] writes them.
    pub text: String,
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// What is asked.
    pub question: String,
    /// What is answered.
    pub answer: String,
}

/// Reads a file.
///
/// # Errors
/// A sentence for the person who uploaded it.
pub fn read(file_name: &str, bytes: &[u8], wanted: Wanted) -> Result<Read, Text> {
    let written = decode(bytes)?;
    let text = normalized(&written);
    // Marks alone, seen or unseen, answer nothing.
    if !text.contains(char::is_alphanumeric) {
        return Err(text!("The file is empty. Choose one with text in it."));
    }
    let ending = file_name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let pairs = match (wanted, ending.as_str()) {
        (Wanted::Kind(DocumentKind::Text), _) => None,
        // Read as they are written: a line's end may be a part of an answer, and not the end of a line.
        (Wanted::Kind(DocumentKind::Qa), _) => Some(pairs(&written)?),
        // A table or a list of something else is text like any other.
        (Wanted::Auto, "csv" | "json") => pairs(&written).ok(),
        (Wanted::Auto, _) => None,
    };
    if let Some(pairs) = pairs {
        return Ok(Read { kind: DocumentKind::Qa, markdown: false, text: render(&pairs) });
    }
    if text.contains(odd) {
        return Err(text!("This is not a text file: it holds bytes that no text has."));
    }
    Ok(Read { kind: DocumentKind::Text, markdown: matches!(ending.as_str(), "md" | "markdown"), text })
}

/// A text as it is kept, asked and compared: lines end in `\n`, whatever looks like a space is one, the marks of encodings
/// and of hyphenation are out, wherever they stand, and letters are composed (Unicode's NFC).
pub fn normalized(text: &str) -> String {
    let mut returned = false;
    let plain = text.chars().filter_map(move |c| {
        let second = std::mem::replace(&mut returned, c == '\r');
        match c {
            '\n' if second => None,
            '\n' | '\t' => Some(c),
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
            '\u{ad}' | '\u{feff}' => None,
            c if c.is_whitespace() => Some(' '),
            c => Some(c),
        }
    });
    plain.nfc().collect()
}

/// What stands in no text, once it is [`normalized`].
fn odd(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

/// The text in a file, as it is written there.
fn decode(bytes: &[u8]) -> Result<String, Text> {
    const IMAGE: Text =
        text!("This is an image, which cannot be read yet. Upload its text as Markdown, .txt, .csv or .json.");
    if bytes.len() > MAX_BYTES {
        return Err(text!(
            "The file is larger than {size} MB. Split it and upload the parts.",
            size = MAX_BYTES / (1024 * 1024)
        ));
    }
    for (start, what) in [
        (
            &b"%PDF-"[..],
            text!("This is a PDF, which cannot be read yet. Upload its text as Markdown, .txt, .csv or .json."),
        ),
        (
            b"PK\x03\x04",
            text!(
                "This is a ZIP archive or an office document, which cannot be read yet. Upload its text as Markdown, .txt, \
                 .csv or .json."
            ),
        ),
        (
            b"\xD0\xCF\x11\xE0",
            text!(
                "This is an old office document, which cannot be read yet. Upload its text as Markdown, .txt, .csv or \
                 .json."
            ),
        ),
        (b"\x89PNG", IMAGE),
        (b"\xFF\xD8\xFF", IMAGE),
        (b"GIF8", IMAGE),
        (
            b"\x1F\x8B",
            text!(
                "This is a compressed file, which cannot be read yet. Upload its text as Markdown, .txt, .csv or .json."
            ),
        ),
    ] {
        if bytes.starts_with(start) {
            return Err(what);
        }
    }
    let utf16 = |rest: &[u8], from: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok().filter(|_| rest.len().is_multiple_of(2))
    };
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    };
    text.ok_or(text!("The file is not text in UTF-8. Save it with the encoding UTF-8 and upload it again."))
}

/// Pairs from a JSON array of objects, or from CSV with the columns `question` and `answer`.
fn pairs(text: &str) -> Result<Vec<Pair>, Text> {
    const EXAMPLE: &str = r#"{"question": "…", "answer": "…"}"#;
    let text = &text.replace('\u{feff}', "");
    let pairs: Vec<Pair> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(|e| {
            text!("The JSON must be an array of objects like {example}: {error}.", example = EXAMPLE, error = e)
        })?
    } else {
        csv_pairs(text)?
    };
    if pairs.is_empty() {
        return Err(text!("There is no pair of a question and an answer in the file."));
    }
    if pairs.len() > MAX_PAIRS {
        return Err(text!("The file holds more than {most} pairs. Split it and upload the parts.", most = MAX_PAIRS));
    }
    pairs
        .into_iter()
        .zip(1..)
        .map(|(pair, number)| {
            let question = side(&pair.question).map_err(|odd| match odd {
                Odd::Control(code) => control(number, code),
                Odd::Empty => text!("Pair {number} has no question. Fill it in or take the pair out.", number),
                Odd::Long => {
                    text!("The question of pair {number} is longer than {most} characters.", number, most = MAX_SIDE)
                }
            })?;
            let answer = side(&pair.answer).map_err(|odd| match odd {
                Odd::Control(code) => control(number, code),
                Odd::Empty => text!("Pair {number} has no answer. Fill it in or take the pair out.", number),
                Odd::Long => {
                    text!("The answer of pair {number} is longer than {most} characters.", number, most = MAX_SIDE)
                }
            })?;
            let question = question.split_whitespace().collect::<Vec<_>>().join(" ");
            Ok(Pair { question, answer })
        })
        .collect()
}

/// Why a side of a pair will not do.
enum Odd {
    Empty,
    Long,
    /// It holds this character.
    Control(char),
}

fn control(number: usize, character: char) -> Text {
    text!(
        "Pair {number} holds a character that no text has ({code}). Take it out.",
        number,
        code = format!("U+{:04X}", u32::from(character))
    )
}

/// A side of a pair, as it is kept. What is wrong with it shows only here: a character may have been written as an escape.
fn side(text: &str) -> Result<String, Odd> {
    let text = normalized(text);
    let text = text.trim();
    if text.is_empty() {
        return Err(Odd::Empty);
    }
    if let Some(character) = text.chars().find(|c| odd(*c)) {
        return Err(Odd::Control(character));
    }
    if text.chars().count() > MAX_SIDE {
        return Err(Odd::Long);
    }
    Ok(text.to_owned())
}

fn csv_pairs(text: &str) -> Result<Vec<Pair>, Text> {
    // Spreadsheets of some countries write semicolons.
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains(';') && !first.contains(',') { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::Headers).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|e| text!("The CSV cannot be read: {error}.", error = e))?;
    let column = |name: &str| headers.iter().position(|header| header.eq_ignore_ascii_case(name));
    let (Some(question), Some(answer)) = (column("question"), column("answer")) else {
        return Err(text!("The first line of the CSV must name the columns question and answer."));
    };
    reader
        .records()
        .map(|record| {
            let record = record.map_err(|e| text!("The CSV cannot be read: {error}.", error = e))?;
            let cell = |at: usize| record.get(at).unwrap_or_default().to_owned();
            Ok(Pair { question: cell(question), answer: cell(answer) })
        })
        .collect()
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

    fn auto(name: &str, bytes: &[u8]) -> Result<Read, Text> {
        read(name, bytes, Wanted::Auto)
    }

    #[test]
    fn text_in_the_encodings_that_say_what_they_are() {
        let utf16: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain("Größe".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for bytes in ["Größe".as_bytes(), "\u{feff}Größe".as_bytes(), &utf16] {
            assert_eq!(auto("a.txt", bytes).unwrap().text, "Größe");
        }
        assert_eq!(auto("a.txt", b"one\r\ntwo\rthree").unwrap().text, "one\ntwo\nthree");
        for bad in [&b"Gr\xF6\xDFe"[..], b"", b" \n\t ", b"a\0b", b"%PDF-1.7", b"PK\x03\x04xx", b"\xFF\xFEa"] {
            assert!(auto("a.txt", bad).is_err(), "{bad:?}");
        }
        assert!(auto("a.txt", &vec![b'a'; MAX_BYTES + 1]).unwrap_err().to_string().contains("5 MB"));
    }

    #[test]
    fn one_form_of_what_looks_the_same() {
        assert_eq!(normalized("a\r\nb\rc\u{b}d\u{c}e\u{85}f\u{2028}g\u{2029}h\n\r\ni"), "a\nb\nc\nd\ne\nf\ng\nh\n\ni");
        assert_eq!(normalized("\u{feff}\u{feff}de\u{ad}livery\n\u{feff}# Norway"), "delivery\n# Norway");
        assert_eq!(normalized("45\u{a0}days\u{202f}to\u{2009}go\u{3000}!\t?"), "45 days to go !\t?");
        assert_eq!(normalized("Gro\u{308}ße"), "Größe");
        // However long the row of marks on one letter.
        assert_eq!(normalized(&format!("a{}", "\u{316}\u{301}".repeat(500_000))).chars().count(), 1_000_000);
        for text in ["", "x", "a\r", "Größe\n"] {
            assert_eq!(normalized(&normalized(text)), normalized(text));
        }
        let inside = include_bytes!("../tests/support/inputs/12-bom-inside-hides-headings.md");
        assert!(auto("a.md", inside).unwrap().text.contains("\n# Delivery\n"));
    }

    #[test]
    fn what_no_text_has_is_found_after_unescaping() {
        let nul = include_bytes!("../tests/support/inputs/01-json-nul-escape-500.json");
        let qa = Wanted::Kind(DocumentKind::Qa);
        assert!(
            read("a.json", nul, qa)
                .unwrap_err()
                .to_string()
                .contains("Pair 1 holds a character that no text has (U+0000)")
        );
        for forged in ["\\u001e", "\\u001f", "\\u0007"] {
            let json = format!(r#"[{{"question":"a","answer":"b"}},{{"question":"c","answer":"d{forged}e"}}]"#);
            assert!(read("a.json", json.as_bytes(), qa).unwrap_err().to_string().contains("Pair 2"), "{forged}");
        }
        let lines = read("a.json", br#"[{"question":"a\u2028b","answer":"c\u0085d\u000be\ufeff"}]"#, qa).unwrap();
        assert_eq!(rendered_pairs(&lines.text).next().map(|p| (p.0, p.2)), Some(("a b", "c\nd\ne")));
        assert!(auto("a.txt", b"one\x1etwo").is_err());
        assert!(auto("a.txt", "\u{200b}\u{feff}\u{ad}".as_bytes()).is_err());
    }

    #[test]
    fn pairs_from_csv_and_json() {
        let csv = "question,answer\n\"How long, at most?\",\"60 days,\nthen \"\"no\"\"\"\nWhere?,Here\n";
        let json = r#"[{"question":"How long, at most?","answer":"60 days,\nthen \"no\""},{"question":"Where?","answer":"Here"}]"#;
        for (name, text) in [("a.csv", csv), ("a.json", json), ("A.CSV", csv)] {
            let read = auto(name, text.as_bytes()).unwrap();
            assert_eq!(read.kind, DocumentKind::Qa, "{name}");
            let pairs: Vec<_> = rendered_pairs(&read.text).collect();
            assert_eq!(pairs.len(), 2);
            assert_eq!((pairs[0].0, pairs[0].2), ("How long, at most?", "60 days,\nthen \"no\""));
            for (_, begins, answer) in pairs {
                assert_eq!(&read.text[begins..begins + answer.len()], answer);
            }
        }
        let semicolons = read("a.csv", "Answer;Question\nHere;Where?\n".as_bytes(), Wanted::Auto).unwrap();
        assert_eq!(rendered_pairs(&semicolons.text).next().map(|p| (p.0, p.2)), Some(("Where?", "Here")));
    }

    #[test]
    fn another_table_is_text_unless_pairs_were_asked_for() {
        let table = b"name,price\nNordlampa 3,1299\n";
        assert_eq!(auto("prices.csv", table).unwrap().kind, DocumentKind::Text);
        let qa = Wanted::Kind(DocumentKind::Qa);
        let refused = |name: &str, bytes: &[u8]| read(name, bytes, qa).unwrap_err().to_string();
        assert!(refused("prices.csv", table).contains("question and answer"));
        assert!(refused("a.json", b"[{\"question\":\"x\"}]").contains("array of objects"));
        assert!(refused("a.csv", b"question,answer\n,yes\n").contains("Pair 1 has no question"));
        assert!(read("a.csv", b"question,answer\n", qa).is_err());
        // Asked for as text, pairs are text.
        assert_eq!(
            read("a.csv", b"question,answer\na,b\n", Wanted::Kind(DocumentKind::Text)).unwrap().kind,
            DocumentKind::Text
        );
    }
}
