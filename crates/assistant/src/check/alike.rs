//! Words of weight: which statement says a sentence with most of them, where it stands, and whether it is denied there.

use super::Given;
use super::denial::{DENYING, answered, clauses, denies, negates};
use crate::codes::{SMALL, among as listed, stem};
use crate::sentences::sentences;
use std::collections::BTreeSet;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation as _;

/// Of a hundred words of a part of a sentence so many stand in the part of a statement that speaks of the same.
const SPOKEN_OF: usize = 60;
/// Letters that two words begin with where they are forms of one.
const BEGINNING: usize = 5;

/// The statement of these passages that shares most words with a sentence, and how many of a hundred.
pub(super) fn nearest<'p>(own: &BTreeSet<String>, cited: &[&'p Given]) -> Option<(usize, &'p str)> {
    let statements = cited.iter().flat_map(|passage| {
        let text = passage.text.as_str();
        sentences(text).into_iter().map(move |range| &text[range])
    });
    let alike = statements.map(|statement| {
        let words = content(statement);
        let both = own.iter().filter(|word| among(word, &words)).count();
        (both * 100 / own.len().max(words.len()).max(1), statement)
    });
    alike.max_by_key(|(alike, _)| *alike)
}

/// Whether a part of a sentence is denied there, or denies what is said there: in the part of a statement that has most of its words.
pub(super) fn contrary(sentence: &str, cited: &[&Given]) -> bool {
    let mut statements: Vec<(BTreeSet<String>, bool)> = Vec::new();
    for passage in cited {
        for range in sentences(&passage.text) {
            let statement = answered(&passage.text[range]);
            let parts: Vec<_> = clauses(statement).into_iter().map(|part| (content(part), negates(part))).collect();
            let whole = (content(statement), negates(statement));
            // What is said of several things is said of each, unless a part of it is denied alone.
            let one = parts.iter().all(|(_, denied)| *denied == whole.1);
            statements.extend(parts.into_iter().chain(Some(whole).filter(|_| one)));
        }
    }
    clauses(sentence).into_iter().any(|part| {
        let (own, denies) = (content(part), negates(part));
        let share =
            |words: &BTreeSet<String>| own.iter().filter(|word| among(word, words)).count() * 100 / own.len().max(1);
        let shares: Vec<(usize, bool)> = statements.iter().map(|(words, denied)| (share(words), *denied)).collect();
        let most = shares.iter().map(|(share, _)| *share).max().unwrap_or_default();
        own.len() > 1
            && most >= SPOKEN_OF
            && shares.iter().filter(|(share, _)| *share == most).all(|(_, denied)| *denied != denies)
    })
}

/// Where in a passage that stands which a sentence says: its nearest statement.
pub(crate) fn place(sentence: &str, passage: &str) -> Range<usize> {
    let own = content(sentence);
    let both = |range: &Range<usize>| {
        let words = content(&passage[range.clone()]);
        own.iter().filter(|word| among(word, &words)).count()
    };
    // Of those that are equally near the first.
    sentences(passage).into_iter().rev().max_by_key(both).unwrap_or(0..0)
}

/// Words of weight, in small letters and any number; not those that deny.
pub(crate) fn content(text: &str) -> BTreeSet<String> {
    let words = text.unicode_words().map(str::to_lowercase);
    let weighs = |word: &String| {
        word.chars().any(char::is_alphabetic)
            && !listed(SMALL, word)
            && !listed(DENYING, word)
            && !listed(IDLE, word)
            && !denies(word)
    };
    words.filter(weighs).map(|word| stem(&word)).collect()
}

/// Whether a word, or another form of it, is among these.
pub(crate) fn among(word: &str, words: &BTreeSet<String>) -> bool {
    words.contains(word) || words.iter().any(|other| beginning(word, other) >= BEGINNING)
}

fn beginning(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}

/// Words that answer, or say what may or must be, and nothing else.
const IDLE: &str = "yes sí ja oui jo may might must should shall could would will";
