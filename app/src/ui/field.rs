//! A labelled input with its hint and its error, tied together for screen readers.

use leptos::prelude::*;

/// One line of input.
#[component]
pub fn Field(
    /// The name in the form; also the element's id.
    name: &'static str,
    /// What stands above it.
    #[prop(into)]
    label: String,
    /// `text`, `email`, `password`.
    #[prop(default = "text")]
    kind: &'static str,
    /// What browsers may fill in (HTML, autofill field names).
    autocomplete: &'static str,
    /// What was typed before.
    #[prop(into, optional)]
    value: String,
    /// What is wrong with it.
    #[prop(default = None)]
    error: Option<String>,
    /// What helps to fill it in.
    #[prop(into, optional)]
    hint: Option<String>,
    /// Most characters.
    #[prop(optional)]
    maxlength: Option<u32>,
) -> impl IntoView {
    let (hint_id, error_id) = (format!("{name}-hint"), format!("{name}-error"));
    let described = [hint.as_ref().map(|_| hint_id.clone()), error.as_ref().map(|_| error_id.clone())]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    view! {
        <div class="field">
            <label class="field__label" for=name>{label}</label>
            {hint.map(|hint| view! { <p class="field__hint" id=hint_id>{hint}</p> })}
            <input
                class="field__input"
                id=name
                name=name
                type=kind
                autocomplete=autocomplete
                value=value
                maxlength=maxlength.map(|n| n.to_string())
                required
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby=(!described.is_empty()).then_some(described)
            />
            {error.map(|error| view! { <p class="field__error" id=error_id>{error}</p> })}
        </div>
    }
}
