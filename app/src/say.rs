//! What a page says, in the language that it is in.

use leptos::prelude::*;
use words::{Language, Piece, Text, Values, pieces};

/// A sentence (`words::text!`) in the language of the page.
macro_rules! t {
    ($one:literal $(,)?) => {
        $crate::say::sentence($one).to_owned()
    };
    ($one:literal, $($rest:tt)+) => {
        words::filled!($crate::say::filled, $one, $($rest)+)
    };
}

/// A sentence as it stands, in the language of the page: what islands say costs less code so.
macro_rules! s {
    ($one:literal $(,)?) => {
        $crate::say::sentence($one)
    };
}

/// A sentence in the language of the page with views in it: `rich!("{name} opens it", name = view! { <b>{name}</b> })`.
macro_rules! rich {
    ($one:literal $(, $name:ident = $view:expr)+ $(,)?) => {
        $crate::say::rich(&words::Text::of($one), vec![$((stringify!($name), leptos::prelude::IntoAny::into_any($view))),+])
    };
}

/// The language of the page. In the browser there is one alone, which the page has brought.
pub(crate) fn language() -> Language {
    if cfg!(feature = "ssr") { use_context().unwrap_or_default() } else { Language::default() }
}

/// In the language of the page.
pub(crate) fn say(text: &Text) -> String {
    text.say(language())
}

/// A sentence in the language of the page.
pub(crate) fn sentence(one: &'static str) -> &'static str {
    words::sentence(language(), one)
}

/// A sentence that was kept in English, in the language of the page.
pub(crate) fn kept(text: String) -> String {
    say(&Text::kept(text))
}

/// A sentence of the sources, filled in.
pub(crate) fn filled(one: &'static str, many: Option<(&'static str, u64)>, values: Values<'_>) -> String {
    words::say(language(), one, many, values)
}

/// The same with views in it.
pub(crate) fn rich(text: &Text, mut values: Vec<(&'static str, AnyView)>) -> AnyView {
    let template = text.template(language());
    let all = pieces(&template).into_iter().map(|piece| match piece {
        Piece::Words(words) => words.to_owned().into_any(),
        Piece::Value(name) => match values.iter().position(|(known, _)| *known == name) {
            Some(at) => values.swap_remove(at).1,
            None => ().into_any(),
        },
    });
    all.collect::<Vec<_>>().into_any()
}

/// Takes what the page has brought for its islands. Called once, in the browser.
#[cfg(not(feature = "ssr"))]
pub fn bring() {
    if let Some(said) = document().get_element_by_id("words").and_then(|words| words.get_attribute("data-said")) {
        words::take(said);
    }
}
