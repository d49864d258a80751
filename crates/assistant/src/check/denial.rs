//! What denies: words, parts of a statement, and the yes or no with which one begins.

use crate::codes::among as listed;
use unicode_segmentation::UnicodeSegmentation as _;

/// The parts of a statement, without the yes or no that it begins with: that answers, and what follows says it.
pub(super) fn clauses(statement: &str) -> Vec<&str> {
    let parts = answered(statement).split([',', ';', ':', '(', ')', '\u{2013}', '\u{2014}']);
    let words = [" but ", " pero ", " aber ", " mais ", " men "];
    words
        .iter()
        .fold(parts.collect(), |parts: Vec<&str>, word| parts.into_iter().flat_map(|part| part.split(*word)).collect())
}

/// A statement without the yes or no that it begins with, where something follows.
pub(super) fn answered(statement: &str) -> &str {
    let rest = yes_or_no(statement).map(|(_, rest)| rest);
    rest.filter(|rest| rest.contains(char::is_alphanumeric)).unwrap_or(statement)
}

/// Whether a statement denies something. "No, it costs 49 kr" does not.
pub(crate) fn denying(statement: &str) -> bool {
    negates(answered(statement))
}

/// Words that deny.
pub(super) const DENYING: &str = "\
    not no never none without cannot nor neither nobody nothing nicht kein keine keinen keiner nie ohne nein nunca sin \
    ningún ninguna ninguno nadie nada ne pas jamais sans aucun aucune non inte ej aldrig utan ingen inga inget nej";

pub(super) fn denies(word: &str) -> bool {
    word.ends_with("n't") || word.ends_with("n\u{2019}t")
}

/// Whether a text has a word that denies. "No later than", "no more than" and "not only" deny nothing.
pub(super) fn negates(text: &str) -> bool {
    let words: Vec<String> = text.unicode_words().map(str::to_lowercase).collect();
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let limits = |at: usize| {
        listed("later earlier sooner only just", word(at))
            || listed("more less fewer longer", word(at)) && word(at + 1) == "than"
    };
    (0..words.len()).any(|at| (listed(DENYING, word(at)) || denies(word(at))) && !limits(at + 1))
}

/// The yes or no with which a text begins, and what follows.
pub(super) fn yes_or_no(passage: &str) -> Option<(bool, &str)> {
    let passage = passage.trim_start();
    let end = passage.find(|c: char| !c.is_alphabetic()).unwrap_or(passage.len());
    let (word, rest) = passage.split_at(end);
    // "No returns" is no answer.
    if !rest.trim_start_matches(' ').is_empty() && !rest.starts_with(['.', ',', '!', ';', ':', '\n']) {
        return None;
    }
    match word.to_lowercase().as_str() {
        "yes" | "sí" | "ja" | "oui" | "jo" => Some((true, rest)),
        "no" | "nein" | "non" | "nej" => Some((false, rest)),
        _ => None,
    }
}
