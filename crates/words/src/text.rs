//! What people read, before it is known in which language.

use crate::{Language, Values, kept, say, sentence};
use std::borrow::Cow;
use std::fmt;

/// Something that people read, in whatever language they do: a sentence in English, by which translations are found, and what
/// is filled in. Made by [`text!`](crate::text).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(Said);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    /// A sentence of the sources, and what is filled in.
    Sentence(&'static str, Option<Box<Filled>>),
    /// One that was kept in English.
    Kept(String),
    /// What is the same in every language.
    Plain(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Filled {
    /// What the sentence is for several, and how many they are.
    many: Option<(&'static str, u64)>,
    values: Vec<(&'static str, String)>,
}

impl Text {
    /// A sentence as it stands in a table, where [`noted!`](crate::noted) has shown it to translators.
    pub const fn of(one: &'static str) -> Self {
        Self(Said::Sentence(one, None))
    }

    /// What is the same in every language: names, and others' words.
    pub fn plain(text: impl Into<String>) -> Self {
        Self(Said::Plain(text.into()))
    }

    /// A sentence that was kept in English: if translators know it, it is said as they have it.
    pub fn kept(text: impl Into<String>) -> Self {
        Self(Said::Kept(text.into()))
    }

    #[doc(hidden)]
    pub fn with(one: &'static str, many: Option<(&'static str, u64)>, values: Values<'_>) -> Self {
        let values = values.iter().map(|(name, value)| (*name, value.to_string())).collect();
        Self(Said::Sentence(one, Some(Box::new(Filled { many, values }))))
    }

    /// What is said in a language, before anything is filled in.
    pub fn template(&self, language: Language) -> Cow<'static, str> {
        match &self.0 {
            Said::Sentence(one, _) => Cow::Borrowed(sentence(language, one)),
            Said::Kept(one) => Cow::Owned(kept(language, one)),
            Said::Plain(text) => Cow::Owned(text.clone()),
        }
    }

    /// In a language.
    pub fn say(&self, language: Language) -> String {
        match &self.0 {
            Said::Sentence(one, Some(filled)) => {
                let values: Vec<(&'static str, &dyn fmt::Display)> =
                    filled.values.iter().map(|(name, value)| (*name, value as _)).collect();
                say(language, one, filled.many, &values)
            }
            _ => self.template(language).into_owned(),
        }
    }
}
