//! In the browser: the translations that the page has brought. A page in English brings none.

use crate::sentence::cut;
use crate::{Language, Values, say, sentence};
use std::borrow::Cow;
use std::sync::OnceLock;

/// A sentence and its forms, with tabs between, on each line.
static BROUGHT: OnceLock<String> = OnceLock::new();

/// Takes what the page has brought.
pub fn take(brought: String) {
    let _ = BROUGHT.set(brought);
}

/// The server's alone.
pub fn given(_: Language, _: &[&str]) -> Option<String> {
    None
}

pub(crate) fn template(_: Language, one: &str, own: &'static str, form: usize) -> &'static str {
    found(one, form).unwrap_or(own)
}

fn found(one: &str, form: usize) -> Option<&'static str> {
    let mut rest = BROUGHT.get()?.as_str();
    loop {
        let (known, after) = cut(rest, b'\t')?;
        let (forms, next) = cut(after, b'\n').unwrap_or((after, ""));
        if known == one {
            let mut forms = forms;
            for _ in 0..form {
                forms = cut(forms, b'\t')?.1;
            }
            return Some(cut(forms, b'\t').map_or(forms, |(form, _)| form));
        }
        rest = next;
    }
}

/// Something that people read. In the browser there is one language, and what is filled in is said at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(Cow<'static, str>);

impl Text {
    /// A sentence as it stands in a table, where [`noted!`](crate::noted) has shown it to translators.
    pub const fn of(one: &'static str) -> Self {
        Self(Cow::Borrowed(one))
    }

    /// What is the same in every language: names, and others' words.
    pub fn plain(text: impl Into<String>) -> Self {
        Self(Cow::Owned(text.into()))
    }

    /// A sentence that was kept in English: said as the page has brought it, if it has.
    pub fn kept(text: impl Into<String>) -> Self {
        let text = text.into();
        match found(&text, 0) {
            Some(known) => Self(Cow::Borrowed(known)),
            None => Self(Cow::Owned(text)),
        }
    }

    #[doc(hidden)]
    pub fn with(one: &'static str, many: Option<(&'static str, u64)>, values: Values<'_>) -> Self {
        Self::plain(say(Language::default(), one, many, values))
    }

    /// What is said, before anything is filled in.
    pub fn template(&self, language: Language) -> Cow<'static, str> {
        match &self.0 {
            Cow::Borrowed(one) => Cow::Borrowed(sentence(language, one)),
            Cow::Owned(text) => Cow::Owned(text.clone()),
        }
    }

    /// In the language of the page.
    pub fn say(&self, language: Language) -> String {
        self.template(language).into_owned()
    }
}
