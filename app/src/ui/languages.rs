//! The languages that there are, to choose one: a form, on every page without a menu of its own.

use crate::say::language;
use leptos::prelude::*;
use words::Language;

/// A button for each language; the one of the page is pressed.
pub fn languages(class: &'static str) -> AnyView {
    let here = language();
    let all = Language::OFFERED.map(|one| {
        let pressed = if one == here { "true" } else { "false" };
        view! { <button class=class type="submit" name="language" value=one.tag() lang=one.tag() aria-pressed=pressed>{one.name()}</button> }
    });
    all.into_iter().collect_view().into_any()
}

/// The form.
#[component]
pub fn Languages() -> impl IntoView {
    view! {
        <form class="languages" method="post" action="/preferences/language" aria-label=t!("Language")>
            {languages("button button--plain button--small")}
        </form>
    }
}
