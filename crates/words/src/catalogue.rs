//! In the server: the translations, read once from the files that are part of the program.

use crate::{Language, Piece, pieces};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A sentence in Spanish, and where in the sources it stands.
struct Entry {
    forms: Vec<String>,
    /// What it is in English for several.
    many: Option<String>,
    places: String,
}

type Catalogue = HashMap<String, Entry>;

static SPANISH: LazyLock<Catalogue> = LazyLock::new(|| read(include_str!("../po/es.po")));
static ACCENTED: LazyLock<Catalogue> = LazyLock::new(|| tried(accented));
static MIRRORED: LazyLock<Catalogue> = LazyLock::new(|| tried(mirrored));

/// What is said in a language; English stands in the sources.
fn catalogue(language: Language) -> Option<&'static Catalogue> {
    match language {
        Language::English => None,
        Language::Spanish => Some(&SPANISH),
        Language::Accented => Some(&ACCENTED),
        Language::Mirrored => Some(&MIRRORED),
    }
}

/// The sentences that are translated, with their forms. What is not is said in English.
fn read(text: &str) -> Catalogue {
    let catalogue = match polib::po_file::parse_from_reader(text.as_bytes()) {
        Ok(catalogue) => catalogue,
        // `xtask words --check` reads the same file.
        Err(_) => return Catalogue::new(),
    };
    let read = catalogue.messages().filter(|message| message.is_translated()).map(|message| {
        let forms = match (message.msgstr(), message.msgstr_plural()) {
            (Ok(form), _) => vec![form.to_owned()],
            (_, Ok(forms)) => forms.clone(),
            _ => Vec::new(),
        };
        let many = message.msgid_plural().ok().map(str::to_owned);
        (message.msgid().to_owned(), Entry { forms, many, places: message.source().to_owned() })
    });
    read.collect()
}

/// What is translated, in a language that is for trying.
fn tried(say: fn(&str) -> String) -> Catalogue {
    let said = SPANISH.iter().map(|(one, entry)| {
        let forms = std::iter::once(one).chain(&entry.many).map(|form| say(form)).collect();
        (one.clone(), Entry { forms, many: None, places: entry.places.clone() })
    });
    said.collect()
}

/// A sentence in a language, in the form that is wanted.
fn found(language: Language, one: &str, form: usize) -> Option<&'static str> {
    catalogue(language)?.get(one)?.forms.get(form).map(String::as_str)
}

/// What is said in a language: `own` is the English form.
pub(crate) fn template(language: Language, one: &str, own: &'static str, form: usize) -> &'static str {
    found(language, one, form).unwrap_or(own)
}

/// The same of what was kept in English, whose braces were filled in.
pub(crate) fn kept(language: Language, one: &str) -> String {
    found(language, one, 0).unwrap_or(one).to_owned()
}

/// What a page gives to its code: on each line a sentence of these sources and its forms in a language, with tabs between. None in
/// English, which the code knows.
pub fn given(language: Language, sources: &[&str]) -> Option<String> {
    let here = |places: &str| places.split_whitespace().any(|place| sources.iter().any(|from| place.starts_with(from)));
    let mut all: Vec<String> = catalogue(language)?
        .iter()
        .filter(|(_, entry)| here(&entry.places))
        .map(|(one, entry)| format!("{one}\t{}", entry.forms.join("\t")))
        .collect();
    all.sort_unstable();
    Some(all.join("\n"))
}

/// With accents, a third longer, in brackets; what is filled in stays.
fn accented(text: &str) -> String {
    const LETTERS: [(char, char); 10] = [
        ('a', 'á'),
        ('c', 'ç'),
        ('e', 'é'),
        ('i', 'í'),
        ('n', 'ñ'),
        ('o', 'ó'),
        ('s', 'š'),
        ('u', 'ú'),
        ('y', 'ý'),
        ('A', 'Á'),
    ];
    let with = |c: char| LETTERS.iter().find(|(plain, _)| *plain == c).map_or(c, |(_, with)| *with);
    let mut said = String::from("[");
    for piece in pieces(text) {
        match piece {
            Piece::Words(words) => said.extend(words.chars().map(with)),
            Piece::Value(name) => said.extend(["{", name, "}"]),
        }
    }
    // In words, so that lines break as they do.
    (0..text.chars().count().div_ceil(3)).for_each(|at| said.push_str(if at % 6 == 0 { " ~" } else { "~" }));
    said.push(']');
    said
}

/// Each word from right to left.
fn mirrored(text: &str) -> String {
    let mut said = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Words(words) => {
                for part in words.split_inclusive(' ') {
                    let word = part.trim_end_matches(' ');
                    if word.is_empty() {
                        said.push_str(part);
                    } else {
                        said.extend(["\u{202E}", word, "\u{202C}", &part[word.len()..]]);
                    }
                }
            }
            Piece::Value(name) => said.extend(["{", name, "}"]),
        }
    }
    said
}
