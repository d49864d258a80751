//! A line of input in one of several forms that have the same fields.

use leptos::prelude::*;

/// What it is.
#[derive(Default)]
pub(super) struct Line {
    /// The name in the form.
    pub name: &'static str,
    /// Behind the name, what makes the element's id another one in each form; nothing in the one to which a notice leads.
    pub form: String,
    /// What stands above it.
    pub label: String,
    /// `text`, `password`, `date`.
    pub kind: &'static str,
    /// What helps to fill it in.
    pub hint: Option<String>,
    /// What was typed before.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<String>,
    /// Most characters.
    pub most: u32,
    /// The id of a list of what is often typed.
    pub list: Option<&'static str>,
    /// Which keys a phone shows.
    pub mode: Option<&'static str>,
    /// Whether something has to be typed.
    pub required: bool,
}

pub(super) fn line(line: Line) -> AnyView {
    let Line { name, form, label, kind, hint, value, error, most, list, mode, required } = line;
    let id = if form.is_empty() { name.to_owned() } else { format!("{name}-{form}") };
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    let described = [hint.as_ref().map(|_| hint_id.clone()), error.as_ref().map(|_| error_id.clone())];
    let described = described.into_iter().flatten().collect::<Vec<_>>().join(" ");
    view! {
        <div class="field">
            <label class="field__label" for=id.clone()>{label}</label>
            {hint.map(|hint| view! { <p class="field__hint" id=hint_id>{hint}</p> })}
            <input
                class="field__input"
                id=id
                name=name
                type=kind
                autocomplete="off"
                spellcheck="false"
                value=value
                maxlength=most.to_string()
                list=list
                inputmode=mode
                required=required
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby=(!described.is_empty()).then_some(described)
            />
            {error.map(|error| view! { <p class="field__error" id=error_id>{error}</p> })}
        </div>
    }
    .into_any()
}
