//! Documents with their questions, from files of JSON lines. The form: `docs/evaluation.md`.
//!
//! Guarantees: a file is read and checked whole before anything is started; a line that is wrong is named with its number.

pub use assistant::measure::{Kind, holds, plain};
use knowledge::normalized;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Most bytes of a file.
pub const MAX_BYTES: u64 = 50 * 1024 * 1024;
/// Most characters of a name: of a document, a trade, a style.
const MAX_NAME: usize = 100;

/// What is asked.
#[derive(Debug, Clone, Deserialize)]
pub struct Question {
    /// In the words of who asks.
    pub q: String,
    /// Whether its document answers it.
    pub kind: Kind,
    /// The words that answer, as they stand in the document.
    pub a: Option<String>,
    /// How it is asked.
    pub style: Option<String>,
}

/// A document, and what is asked about it: a line.
#[derive(Debug, Clone, Deserialize)]
pub struct Document {
    /// Its name; with `.md` the name of its file.
    pub id: String,
    /// Whose it is: documents of one trade belong to one company.
    pub trade: String,
    /// What it says, as Markdown.
    pub text: String,
    /// What is asked.
    pub questions: Vec<Question>,
}

/// A file.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its name, without its ending.
    pub name: String,
    /// Its lines.
    pub documents: Vec<Document>,
}

/// Reads files. Each part has a name of its own, and each document.
///
/// # Errors
/// A sentence that names the file, and the line that is wrong.
pub fn read(paths: &[impl AsRef<Path>]) -> Result<Vec<Part>, String> {
    let mut ids = BTreeSet::new();
    let mut parts: Vec<Part> = Vec::new();
    for path in paths {
        let path = path.as_ref();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let fail = |why: String| format!("{}{why}", path.display());
        if name.contains(char::is_control) || parts.iter().any(|part| part.name == name) {
            return Err(fail(": give each file a name of its own, without its ending.".to_owned()));
        }
        let documents = documents(&bounded(path).map_err(&fail)?, &mut ids).map_err(&fail)?;
        parts.push(Part { name, documents });
    }
    Ok(parts)
}

/// The text of a file.
///
/// # Errors
/// What is wrong with it, to be said after its name.
pub fn bounded(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| format!(" cannot be read: {error}"))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(format!(" is larger than {} MB.", MAX_BYTES / (1024 * 1024)));
    }
    String::from_utf8(bytes).map_err(|_| " is not text in UTF-8.".to_owned())
}

fn documents(text: &str, ids: &mut BTreeSet<String>) -> Result<Vec<Document>, String> {
    let mut documents = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        documents.push(document(line, ids).map_err(|why| format!(", line {number}: {why}"))?);
    }
    if documents.is_empty() { Err(" holds no document.".to_owned()) } else { Ok(documents) }
}

fn document(line: &str, ids: &mut BTreeSet<String>) -> Result<Document, String> {
    let document: Document = serde_json::from_str(line).map_err(|error| {
        let (column, said) = (error.column(), error.to_string());
        // It counts lines from this one.
        format!("{} (column {column}).", said.split(" at line ").next().unwrap_or_default())
    })?;
    let styles = document.questions.iter().filter_map(|question| question.style.as_ref());
    for name in [&document.id, &document.trade].into_iter().chain(styles) {
        if name.trim().is_empty() || name.chars().count() > MAX_NAME || name.contains(char::is_control) {
            return Err(format!("{name:?} is no name: use 1 to {MAX_NAME} ordinary characters."));
        }
    }
    if document.id.contains(['/', '\\']) {
        return Err(format!("the id {:?} is no file's name: leave out the slashes.", document.id));
    }
    let says = normalized(&document.text);
    for question in &document.questions {
        knowledge::question("q", &asked(&question.q)).map_err(|error| format!("{:?}: {error}", question.q))?;
        match (question.kind, &question.a) {
            (Kind::Answerable, Some(answer)) => {
                let answer = plain(&normalized(answer));
                if answer.is_empty() || !holds(&says, &answer) {
                    return Err(format!("the text does not hold the words that answer {:?}.", question.q));
                }
            }
            (Kind::Answerable, None) => {
                return Err(format!("{:?} is answerable and lacks `a`, the words that answer.", question.q));
            }
            (_, Some(_)) => return Err(format!("{:?} has an answer and is not answerable.", question.q)),
            (_, None) => {}
        }
    }
    if !ids.insert(document.id.clone()) {
        return Err(format!("the id {:?} is there already.", document.id));
    }
    Ok(document)
}

/// A question as it is asked: no longer than one may be.
pub fn asked(q: &str) -> String {
    q.chars().take(knowledge::MAX_QUESTION).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"id": "bread", "trade": "bakery", "lang": "en", "title": "Bread", "text": "Rolls cost **2.50 €**.",
        "questions": [{"q": "What is a roll?", "kind": "answerable", "a": "cost 2.50", "style": "plain"},
        {"q": "And rye?", "kind": "near_miss"}]}"#;

    fn line() -> String {
        LINE.replace('\n', " ")
    }

    #[test]
    fn lines_are_read() {
        let read = documents(&format!("\n{}\n", line()), &mut BTreeSet::new()).unwrap();
        assert_eq!((read.len(), read[0].questions.len()), (1, 2));
        assert_eq!(read[0].questions[1].kind, Kind::NearMiss);
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (old, new, words) in [
            ("\"bakery\"", "7", "invalid type"),
            ("\"text\"", "\"words\"", "missing field `text`"),
            ("near_miss", "near", "unknown variant"),
            ("cost 2.50", "cost 3.50", "does not hold the words"),
            ("cost 2.50", "cost 2", "does not hold the words"),
            ("cost 2.50", "**", "does not hold the words"),
            ("\"a\": \"cost 2.50\", ", "", "lacks `a`"),
            ("\"answerable\"", "\"off_topic\"", "is not answerable"),
            ("And rye?", " ", "Ask something."),
            ("\"plain\"", "\"\\u001b\"", "is no name"),
            ("\"bread\"", "\"a/b\"", "slashes"),
        ] {
            let text = format!("\n{}\n{}", line(), line().replace("\"bread\"", "\"rye\"").replace(old, new));
            // The id that this test changes is the second line's.
            let text = if old == "\"bread\"" { format!("\n\n{}", line().replace(old, new)) } else { text };
            let said = documents(&text, &mut BTreeSet::new()).unwrap_err();
            assert!(said.starts_with(", line 3: ") && said.contains(words), "{old}: {said}");
            assert!(!said.contains("at line"), "{said}");
        }
        let twice = format!("{}\n{}", line(), line());
        let said = documents(&twice, &mut BTreeSet::new()).unwrap_err();
        assert!(said.contains("line 2") && said.contains("there already"), "{said}");
        assert!(documents("\n", &mut BTreeSet::new()).unwrap_err().contains("no document"));
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let path = std::env::temp_dir().join(format!("samtal-eval-large-{}", std::process::id()));
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        let said = bounded(&path);
        std::fs::remove_file(&path).unwrap();
        assert!(said.unwrap_err().contains("50 MB"));
    }

    #[test]
    fn texts_are_compared_by_letters_and_digits() {
        assert_eq!(plain("**Größe**: 2.50 €"), "größe250");
    }
}
