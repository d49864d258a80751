//! Labelled fields for several lines. The only ones that there are: Leptos does not escape what stands in a `<textarea>`
//! when it renders on the server, so these do.

use super::live;
use leptos::{html::Textarea, prelude::*};

/// Several lines of input, with what is wrong with them.
#[component]
pub fn TextArea(
    /// The name in the form; also the element's id.
    name: &'static str,
    /// What it is for.
    label: &'static str,
    /// What was typed before.
    value: String,
    /// The element.
    node_ref: NodeRef<Textarea>,
    /// Why nothing can be typed, if so.
    closed: Memo<Option<&'static str>>,
    /// What is wrong with it.
    error: RwSignal<Option<String>>,
) -> impl IntoView {
    let (hint, wrong) = (format!("{name}-hint"), format!("{name}-error"));
    let described = format!("{hint} {wrong}");
    view! {
        <div class="field">
            <label class="field__label" for=name>{label}</label>
            <textarea
                class="field__input"
                id=name
                name=name
                rows="1"
                placeholder=label
                autocomplete="off"
                required
                node_ref=node_ref
                disabled=move || closed.get().is_some()
                aria-invalid=move || error.get().map(|_| "true")
                aria-describedby=described
                inner_html=escaped(&value)
            ></textarea>
            <p class="field__hint" id=hint>{live(move || closed.get().into_any())}</p>
            <p class="field__error" id=wrong role="alert">{live(move || error.get().into_any())}</p>
        </div>
    }
}

/// Several lines of input on a page that nothing moves in.
#[component]
pub fn Lines(
    /// The name in the form; also the element's id, where there is one such field alone.
    name: &'static str,
    /// The element's id, where there are several.
    #[prop(optional)]
    id: Option<String>,
    /// Whether it is prose, whose spelling a browser may look at.
    #[prop(optional)]
    prose: bool,
    /// Whether something has to be typed.
    #[prop(default = true)]
    required: bool,
    /// What it is for.
    label: &'static str,
    /// How many lines are seen.
    rows: u32,
    /// What was typed before.
    value: String,
    /// What is wrong with it.
    error: Option<String>,
) -> impl IntoView {
    let id = id.unwrap_or_else(|| name.to_owned());
    let wrong = format!("{id}-error");
    let described = error.as_ref().map(|_| wrong.clone());
    view! {
        <div class="field">
            <label class="field__label" for=id.clone()>{label}</label>
            <textarea
                class="field__input"
                id=id
                name=name
                rows=rows.to_string()
                maxlength="10000"
                autocomplete="off"
                spellcheck=(!prose).then_some("false")
                required=required
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby=described
                inner_html=escaped(&value)
            ></textarea>
            {error.map(|error| view! { <p class="field__error" id=wrong>{error}</p> })}
        </div>
    }
}

/// The text as the content of a `<textarea>`.
fn escaped(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    // The parser drops a first line break, so that one is given to it.
    format!("\n{}", text.replace('&', "&amp;").replace('<', "&lt;"))
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_leaves_the_field() {
        assert_eq!(escaped("</textarea><script>&amp;"), "\n&lt;/textarea>&lt;script>&amp;amp;");
        assert_eq!(escaped(""), "");
    }
}
