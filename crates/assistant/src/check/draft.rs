//! What a model wrote, sentence by sentence: what is told of it, and what may be seen of it while it is written.

use super::denial::denying;
use super::marks::{leans, without_list_marks};
use std::ops::Range;
use words::{Text, text};

/// An answer whose sentences are judged.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Without the numbers of passages.
    pub(super) text: String,
    pub(super) sentences: Vec<Sentence>,
    /// Whether it is in another language than its passages.
    pub elsewhere: bool,
}

#[derive(Debug)]
pub(super) struct Sentence {
    pub(super) range: Range<usize>,
    /// Numbers of passages.
    pub(super) cites: Vec<usize>,
    pub(super) stands: Stands,
}

/// Whether a sentence stands in its passages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stands {
    Yes,
    No(Text),
    /// Its meaning decides.
    Unsure,
}

/// A sentence whose meaning decides.
#[derive(Debug)]
pub(crate) struct Unsure {
    /// Which.
    pub at: usize,
    pub sentence: String,
    /// Whether it denies something: what does not says another thing.
    pub denies: bool,
    /// Its passages, by their place.
    pub passages: Vec<usize>,
}

/// What is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub text: String,
    /// The passages by their place, in the order in which they are cited, each with the sentence that cites it first, and where that stands in the
    /// text.
    pub cited: Vec<(usize, String, Range<usize>)>,
    /// Why sentences were taken out.
    pub out: Vec<Text>,
}

impl Draft {
    /// Sentences whose meaning decides.
    pub fn unsure(&self) -> Vec<Unsure> {
        let unsure = self.sentences.iter().enumerate().filter(|(_, sentence)| sentence.stands == Stands::Unsure);
        let unsure = unsure.map(|(at, sentence)| {
            let words = self.words(sentence);
            Unsure {
                at,
                denies: denying(&words),
                sentence: words,
                passages: sentence.cites.iter().filter_map(|number| number.checked_sub(1)).collect(),
            }
        });
        unsure.collect()
    }

    /// Says of one whether its meaning stands in its passages.
    pub fn settle(&mut self, at: usize, stands: bool) {
        if let Some(sentence) = self.sentences.get_mut(at) {
            sentence.stands = match stands {
                true => Stands::Yes,
                false => Stands::No(text!("its passages do not say this")),
            };
        }
    }

    /// What is told: the sentences that stand, where they stand by themselves; otherwise why nothing is.
    pub fn kept(&self) -> Result<Kept, Text> {
        let stands = |sentence: &Sentence| sentence.stands == Stands::Yes;
        let out = self.sentences.iter().filter_map(|sentence| match &sentence.stands {
            Stands::Yes => None,
            Stands::No(why) => Some(why.clone()),
            Stands::Unsure => Some(text!("its passages do not say this")),
        });
        let out: Vec<Text> = out.collect();
        let why = out.first().cloned().unwrap_or(text!("it says nothing"));
        // An answer that has lost its beginning, or most of itself, is another one.
        if !self.sentences.first().is_some_and(stands) || out.len() * 2 > self.sentences.len() {
            return Err(why);
        }
        let (mut text, mut cited) = (String::new(), Vec::<(usize, String, Range<usize>)>::new());
        let mut before: Option<&Sentence> = None;
        for sentence in &self.sentences {
            let words = &self.text[sentence.range.clone()];
            let lost = before.is_some_and(|before| !stands(before));
            let leads = before.is_some_and(|before| self.text[before.range.clone()].trim_end().ends_with(':'));
            // What leans on a sentence that is gone does not stand by itself; nor does what leads to one.
            if stands(sentence) && lost && leans(words) || !stands(sentence) && leads {
                return Err(why);
            }
            if stands(sentence) {
                let from = before.map_or(sentence.range.start, |before| before.range.end);
                if !text.is_empty() {
                    text.push_str(&self.text[from..sentence.range.start]);
                }
                let begins = text.len();
                text.push_str(words);
                for place in sentence.cites.iter().filter_map(|number| number.checked_sub(1)) {
                    if cited.iter().all(|(there, ..)| *there != place) {
                        cited.push((place, self.words(sentence), begins..text.len()));
                    }
                }
            }
            before = Some(sentence);
        }
        if before.is_some_and(|last| stands(last) && self.text[last.range.clone()].trim_end().ends_with(':')) {
            return Err(why);
        }
        Ok(Kept { text, cited, out })
    }

    /// Its beginning, as far as that stands and is whole while more is being written: what begins it now begins [`Self::kept`].
    pub(super) fn beginning(&self) -> &str {
        let words = |sentence: &Sentence| &self.text[sentence.range.clone()];
        let all = &self.sentences;
        let mut whole = all.iter().take_while(|sentence| sentence.stands == Stands::Yes).count();
        // "It takes 60 days. 3": that may go on.
        if all.get(whole).is_none_or(|next| !words(next).contains(char::is_alphabetic)) {
            whole = whole.saturating_sub(1);
        }
        let whole = all.iter().take(whole);
        // What leads to a sentence is not seen without it.
        let last = whole.rev().find(|sentence| !words(sentence).trim_end().ends_with(':'));
        let (Some(first), Some(last)) = (all.first(), last) else { return "" };
        &self.text[first.range.start..last.range.end]
    }

    fn words(&self, sentence: &Sentence) -> String {
        without_list_marks(&self.text[sentence.range.clone()])
    }
}
