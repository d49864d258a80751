//! From text to word pieces (WordPiece, as BERT reads it: Devlin and others, 2018), with the places where they stand.
//!
//! The same pieces and places as by `tokenizers` 0.23 with the model's `tokenizer.json`, but for characters younger than
//! the tables of that crate (Unicode 8 and 9; the README says which). A file that asks for anything else is refused.

use crate::LoadError;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;
use unicode_normalization::char::{canonical_combining_class, decompose_canonical};
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// A text as the model reads it: between the marks of its beginning and end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pieces {
    /// Which word pieces.
    pub ids: Vec<u32>,
    /// Where each stands in the text, in bytes; the marks at `0..0`.
    pub places: Vec<Range<usize>>,
}

impl Pieces {
    fn push(&mut self, id: u32, place: Range<usize>) {
        self.ids.push(id);
        self.places.push(place);
    }
}

/// Letters of a longer word are not looked at.
const LONGEST_WORD: usize = 100;

/// The vocabulary, and what it is read with.
pub struct Tokenizer {
    vocabulary: HashMap<String, u32>,
    unknown: u32,
    begin: u32,
    end: u32,
    /// What stands for itself, such as `[SEP]`, also where a text holds it.
    marks: Vec<(String, u32)>,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`; its padding and truncation do not count.
    ///
    /// # Errors
    /// [`LoadError::Unfit`] when it asks for anything that is not done here.
    pub fn load(file: &[u8]) -> Result<Self, LoadError> {
        let mut file: Value = serde_json::from_slice(file)?;
        let vocabulary = file.pointer_mut("/model/vocab").map(Value::take).unwrap_or_default();
        let vocabulary: HashMap<String, u32> = serde_json::from_value(vocabulary)?;
        let normalizer = json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true});
        let model = json!({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": LONGEST_WORD, "vocab": null});
        let added = file["added_tokens"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mark = |mark: &Value| {
            let (content, id) = vocabulary.get_key_value(mark["content"].as_str()?)?;
            let plain = json!({"id": id, "content": content, "special": true, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false});
            (*mark == plain && !content.is_empty()).then(|| (content.clone(), *id))
        };
        let marks: Option<Vec<_>> = added.iter().map(mark).collect();
        let id = |mark: &str| vocabulary.get(mark).copied();
        match (marks, id("[UNK]"), id("[CLS]"), id("[SEP]")) {
            (Some(marks), Some(unknown), Some(begin), Some(end))
                if file["normalizer"] == normalizer
                    && file["pre_tokenizer"] == json!({"type": "BertPreTokenizer"})
                    && file["model"] == model =>
            {
                Ok(Self { vocabulary, unknown, begin, end, marks })
            }
            _ => Err(LoadError::Unfit("the tokenizer is of another kind".into())),
        }
    }

    /// The largest id.
    pub fn largest(&self) -> u32 {
        self.vocabulary.values().copied().max().unwrap_or_default()
    }

    /// The word pieces of a text; of a long one as many as `most` (at least 2) leaves beside the marks at both ends.
    pub fn pieces(&self, text: &str, most: usize) -> Pieces {
        let mut pieces = Pieces::default();
        pieces.push(self.begin, 0..0);
        let mut from = 0;
        while from < text.len() && pieces.ids.len() < most {
            let found = |(mark, id): &(String, u32)| Some((from + text[from..].find(mark)?, Reverse(mark.len()), *id));
            let next = self.marks.iter().filter_map(found).min();
            self.words(&letters(text, from..next.map_or(text.len(), |(at, ..)| at)), most, &mut pieces);
            let Some((at, Reverse(length), id)) = next else { break };
            pieces.push(id, at..at + length);
            from = at + length;
        }
        pieces.ids.truncate(most - 1);
        pieces.places.truncate(most - 1);
        pieces.push(self.end, 0..0);
        pieces
    }

    /// Words are what stands between white space; a punctuation mark is a word of its own.
    fn words(&self, letters: &[Letter], most: usize, pieces: &mut Pieces) {
        let apart = |a: &Letter, b: &Letter| [a, b].iter().any(|l| l.char.is_whitespace() || punctuation(l.char));
        for word in letters.chunk_by(|a, b| !apart(a, b)).filter(|word| !word[0].char.is_whitespace()) {
            if pieces.ids.len() >= most {
                break;
            }
            self.word(word, pieces);
        }
    }

    /// The longest piece that the vocabulary has, then the longest of the rest; all of them, or the word is unknown.
    fn word(&self, word: &[Letter], pieces: &mut Pieces) {
        let whole = pieces.ids.len();
        let mut from = 0;
        while from < word.len() && word.len() <= LONGEST_WORD {
            let mut piece = String::from(if from > 0 { "##" } else { "" });
            piece.extend(word[from..].iter().map(|letter| letter.char));
            let found = (from + 1..=word.len()).rev().find_map(|to| {
                let id = self.vocabulary.get(&piece).copied();
                piece.pop();
                Some((to, id?))
            });
            let Some((to, id)) = found else { break };
            pieces.push(id, word[from].place.0..word[to - 1].place.1);
            from = to;
        }
        if from < word.len() {
            pieces.ids.truncate(whole);
            pieces.places.truncate(whole);
            pieces.push(self.unknown, word[0].place.0..word[word.len() - 1].place.1);
        }
    }
}

/// A letter as the vocabulary has it, and the bytes of the text that it comes from.
#[derive(Clone, Copy)]
struct Letter {
    char: char,
    place: (usize, usize),
}

/// Letters without control characters, case and accents; every Chinese character between spaces.
fn letters(text: &str, range: Range<usize>) -> Vec<Letter> {
    let mut places = Vec::with_capacity(range.len());
    // Class of the mark, letter, and whether it is the first of those that its character is made of.
    let mut parts: Vec<(u8, char, bool)> = Vec::with_capacity(range.len());
    for (at, c) in text[range.clone()].char_indices().filter(|(_, c)| !dropped(*c)) {
        let place = (range.start + at, range.start + at + c.len_utf8());
        let c = if c.is_whitespace() { ' ' } else { c };
        let spaced = [' ', c, ' '];
        for c in if chinese(c) { &spaced[..] } else { &spaced[1..2] } {
            places.push(place);
            let mut first = true;
            decompose_canonical(*c, |part| {
                parts.push((canonical_combining_class(part), part, first));
                first = false;
            });
        }
    }
    // Marks upon one letter have an order of their own (Unicode TR15). Places are given by count, as `tokenizers` does.
    parts.chunk_by_mut(|_, next| next.0 > 0).for_each(|run| run.sort_by_key(|part| part.0));
    let mut places = places.into_iter();
    let mut place = (range.start, range.start);
    let placed = parts.into_iter().map(|(_, char, first)| {
        if first {
            place = places.next().unwrap_or(place);
        }
        Letter { char, place }
    });
    let kept = placed.filter(|letter| letter.char.general_category() != GeneralCategory::NonspacingMark);
    kept.flat_map(|Letter { char, place }| char.to_lowercase().map(move |char| Letter { char, place })).collect()
}

/// Control, format and private characters; line ends and tabs count as white space.
fn dropped(c: char) -> bool {
    use GeneralCategory::{Control, Format, PrivateUse};
    !c.is_ascii_graphic()
        && !matches!(c, ' ' | '\t' | '\n' | '\r')
        && (c == '\u{fffd}' || matches!(c.general_category(), Control | Format | PrivateUse))
}

fn punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || !c.is_ascii() && c.general_category_group() == GeneralCategoryGroup::Punctuation
}

/// Han, as BERT was trained with: neither kana nor Hangul.
fn chinese(c: char) -> bool {
    matches!(c,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{2a6df}' | '\u{2a700}'..='\u{2b73f}'
        | '\u{2b740}'..='\u{2b81f}' | '\u{2b920}'..='\u{2ceaf}' | '\u{f900}'..='\u{faff}' | '\u{2f800}'..='\u{2fa1f}')
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const FILE: &str = r###"{
        "added_tokens": [{"id": 2, "special": true, "content": "[SEP]", "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false}],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
            "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "un": 3, "##able": 4, "##a": 5, "a": 6, "漢": 7, "!": 8}}
    }"###;

    /// Ids and places between the marks at both ends.
    fn read(text: &str) -> Vec<(u32, &str)> {
        let pieces = Tokenizer::load(FILE.as_bytes()).unwrap().pieces(text, 9);
        let all: Vec<_> =
            pieces.ids.iter().zip(&pieces.places).map(|(id, place)| (*id, &text[place.clone()])).collect();
        assert_eq!((all[0], all[all.len() - 1]), ((1, ""), (2, "")));
        all[1..all.len() - 1].to_vec()
    }

    #[test]
    fn the_longest_piece_first() {
        assert_eq!(read("unable unaable"), [(3, "un"), (4, "able"), (3, "un"), (5, "a"), (4, "able")]);
        assert_eq!(read("a una un!a"), [(6, "a"), (3, "un"), (5, "a"), (3, "un"), (8, "!"), (6, "a")]);
        assert_eq!(read("a unb a"), [(6, "a"), (0, "unb"), (6, "a")], "all of a word or nothing");
        assert_eq!(read(&"a".repeat(101)), [(0, &*"a".repeat(101))]);
    }

    #[test]
    fn letters_without_case_accents_and_control_characters() {
        assert_eq!(read("ÚN\u{301} \u{1}A\u{200b}\u{323}\u{301}!"), [(3, "ÚN"), (6, "A"), (8, "!")]);
        assert_eq!(read("a漢a\u{a0}A\u{ad}a"), [(6, "a"), (7, "漢"), (6, "a"), (6, "A"), (5, "a")]);
        assert_eq!(read(" \u{301} \u{200b}\0\u{fffd}\n"), []);
    }

    #[test]
    fn marks_in_a_text_stand_for_themselves() {
        assert_eq!(read("a[SEP]una [SEP]"), [(6, "a"), (2, "[SEP]"), (3, "un"), (5, "a"), (2, "[SEP]")]);
        assert_eq!(read("[sep]"), [(0, "["), (0, "sep"), (0, "]")]);
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(read(&"a ".repeat(50)).len(), 7);
        assert_eq!(read("a a a a a a unable"), [vec![(6, "a"); 6], vec![(3, "un")]].concat());
        assert_eq!(read(&"[SEP]".repeat(50)), [(2, "[SEP]"); 7]);
    }
}
