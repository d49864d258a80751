//! The languages that there are, to choose one: in the menu, and as a form where one signs in and on the front page.

use crate::say::language;
use leptos::prelude::*;
use words::Language;

/// A button for each language; the one that was chosen is pressed.
pub fn languages(class: &'static str, chosen: Option<Language>) -> AnyView {
    let all = Language::OFFERED.map(|one| {
        let pressed = if Some(one) == chosen { "true" } else { "false" };
        view! { <button class=class type="submit" name="language" value=one.tag() lang=one.tag() aria-pressed=pressed>{one.name()}</button> }
    });
    all.into_iter().collect_view().into_any()
}

/// The form.
#[component]
pub fn Languages() -> impl IntoView {
    view! {
        <form class="languages" method="post" action="/preferences/language" aria-label=t!("Language")>
            {languages("button button--plain button--small", Some(language()))}
        </form>
    }
}
