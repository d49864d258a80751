//! Signing in by a passkey.

use super::{AuthPage, FormState, leads_to, page};
use crate::shell::Page;
use crate::ui::{AskDevice, FormNotice, PasskeyForm};
use leptos::prelude::*;

/// A passkey that a browser's devices are asked for: what they are told, and where browsers know them.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What they are told.
    pub options: String,
    /// The address.
    pub at: String,
}

/// The page that asks for it, and that is shown again when it opened nothing.
pub fn sign_in_by_passkey(state: FormState, asked: Asked) -> Page {
    let (wrong, next) = (state.problem.is_some(), state.value("next"));
    let another = format!("/login{}", leads_to(&next));
    // What opened nothing is not asked for again by itself.
    let ask = if wrong { AskDevice::Show } else { AskDevice::ShowAtOnce };
    let body = view! {
        <AuthPage
            other=rich!("New here? {link}", link = view! { <a href="/signup">{t!("Create a workspace")}</a> })
            aside=view! {
                <p class="auth__note">{t!("A passkey never leaves your device, and it answers this address alone: nobody can ask you for it on another page.")}</p>
            }
            .into_any()
        >
            <div><h1>{t!("Use a passkey")}</h1><p>{t!("Unlock it as you unlock your device: by a finger, a face, or a number.")}</p></div>
            {state.problem.clone().map(|problem| view! { <FormNotice problem=problem fields=&[]/> })}
            <PasskeyForm action="/login/passkey" ask=ask options=asked.options at=asked.at label=t!("Use a passkey") next=next/>
            <p><a href=another>{t!("Sign in another way")}</a></p>
        </AuthPage>
    };
    page(t!("Use a passkey"), wrong, body)
}
