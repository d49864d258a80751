//! Sentences: as they stand in the sources, and said in a language.

use crate::{Language, template};
use std::fmt::{self, Write as _};

/// A [`Text`](crate::Text). The first literal is the sentence; a second one is the sentence for several, and then the first value is
/// how many. What stands in braces is filled in by name: `text!("{company} asks for it", company)`,
/// `text!("{n} day", "{n} days", n = days)`.
#[macro_export]
macro_rules! text {
    ($one:literal $(,)?) => {
        $crate::Text::of($one)
    };
    ($one:literal, $($rest:tt)+) => {
        $crate::filled!($crate::Text::with, $one, $($rest)+)
    };
}

/// Calls a function with a sentence, with what it is for several, and with what is filled in.
#[doc(hidden)]
#[macro_export]
macro_rules! filled {
    ($to:path, $one:literal, $many:literal, $n:ident $(= $count:expr)? $(, $name:ident $(= $value:expr)?)* $(,)?) => {{
        let count = $crate::filled!(@ $n $($count)?);
        let many = Some(($many, count as u64));
        $to($one, many, &[(stringify!($n), &count) $(, (stringify!($name), &$crate::filled!(@ $name $($value)?)))*])
    }};
    ($to:path, $one:literal $(, $name:ident $(= $value:expr)?)+ $(,)?) => {
        $to($one, None, &[$((stringify!($name), &$crate::filled!(@ $name $($value)?))),+])
    };
    (@ $name:ident) => { $name };
    (@ $name:ident $value:expr) => { $value };
}

/// What is filled into a sentence, by name.
pub type Values<'v> = &'v [(&'static str, &'v dyn fmt::Display)];

/// A sentence in a table, for translators to find; [`Text::of`](crate::Text::of) makes a text of it.
#[macro_export]
macro_rules! noted {
    ($one:literal) => {
        $one
    };
}

/// A sentence in a language, as it stands.
pub fn sentence(language: Language, one: &'static str) -> &'static str {
    template(language, one, one, 0)
}

/// A sentence in a language, filled in; for several as there are, what it is for several in English, and how many they are.
pub fn say(language: Language, one: &'static str, many: Option<(&'static str, u64)>, values: Values<'_>) -> String {
    let (mut own, mut form) = (one, 0);
    if let Some((many, number)) = many {
        form = language.form(number);
        if form > 0 {
            own = many;
        }
    }
    let mut rest = template(language, one, own, form);
    let mut said = String::new();
    while let Some((words, name, after)) = gap(rest) {
        said.push_str(words);
        for (known, value) in values {
            if *known == name {
                let _ = write!(said, "{value}");
            }
        }
        rest = after;
    }
    said.push_str(rest);
    said
}

/// A part of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'t> {
    /// As it stands.
    Words(&'t str),
    /// What is filled in, by name.
    Value(&'t str),
}

/// The parts of a sentence, in order.
pub fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut all = Vec::new();
    let mut rest = template;
    while let Some((words, name, after)) = gap(rest) {
        all.extend([Piece::Words(words), Piece::Value(name)]);
        rest = after;
    }
    all.push(Piece::Words(rest));
    all.retain(|piece| *piece != Piece::Words(""));
    all
}

/// The first part that is filled in, with what stands before and after it.
fn gap(text: &str) -> Option<(&str, &str, &str)> {
    let (words, rest) = cut(text, b'{')?;
    let (name, rest) = cut(rest, b'}')?;
    Some((words, name, rest))
}

/// What stands before and after a character, its first. (`split_once` costs the browser more code.)
pub(crate) fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == at)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}
