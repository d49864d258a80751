//! A button that asks once more before it sends a form: what cannot be undone.

use leptos::prelude::*;

/// What is asked for, as its button says it, as it is called in full, and as a question.
pub(crate) struct Asked<T = String> {
    pub short: String,
    pub full: String,
    pub question: String,
    /// What comes of it.
    pub text: T,
}

/// What a dialog asks.
pub(crate) struct Question<T = String> {
    pub question: String,
    /// What comes of it.
    pub text: T,
    /// The button that closes it, and the one that sends its form.
    pub no: String,
    pub yes: String,
}

/// The button, and its dialog of that id, which posts to `action`.
pub(crate) fn confirm<T: IntoAny>(dialog: &str, asked: Asked<T>, action: String) -> AnyView {
    let Asked { short, full, question, text } = asked;
    let asks = Question { question, text, no: t!("Keep it"), yes: full.clone() };
    view! {
        {opener(dialog, short, full)}
        {asking(dialog, asks, action)}
    }
    .into_any()
}

/// The button alone, which opens the dialog of that id.
pub(crate) fn opener(dialog: &str, short: String, full: String) -> AnyView {
    view! {
        <button class="button button--small" type="button" aria-label=full command="show-modal" commandfor=dialog.to_owned()>
            {short}
        </button>
    }
    .into_any()
}

/// The dialog alone.
pub(crate) fn asking<T: IntoAny>(dialog: &str, asks: Question<T>, action: String) -> AnyView {
    let (title, named) = (format!("{dialog}-title"), format!("{dialog}-text"));
    let dialog = dialog.to_owned();
    let Question { question, text, no, yes } = asks;
    view! {
        <dialog class="dialog" id=dialog.clone() aria-labelledby=title.clone() aria-describedby=named.clone()>
            <div class="dialog__head">
                <h2 id=title.clone()>{question}</h2>
                <p id=named.clone()>{text.into_any()}</p>
            </div>
            <form class="dialog__actions" method="post" action=action>
                <button class="button" type="button" command="close" commandfor=dialog.clone()>{no}</button>
                <button class="button button--danger" type="submit">{yes}</button>
            </form>
        </dialog>
    }
    .into_any()
}
