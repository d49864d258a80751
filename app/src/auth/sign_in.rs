//! The sign-in page.

use super::providers::Ways;
use super::{AuthPage, FormState, leads_to, page};
use crate::shell::Page;
use crate::ui::{Field, FormNotice};
use leptos::prelude::*;

const FIELDS: &[(&str, &str)] = &[("email", "Email"), ("password", "Password")];

/// The sign-in page.
pub fn sign_in(state: FormState) -> Page {
    let next = Some(state.value("next")).filter(|next| !next.is_empty());
    let with = next.as_ref().map(|next| leads_to(next)).unwrap_or_default();
    let (company, passkey) = (format!("/login/company{with}"), format!("/login/passkey{with}"));
    let wrong = state.problem.is_some();
    let done = match state.value("done").as_str() {
        "reset" => Some("Your password has been changed. Sign in with the new one."),
        "address" => Some("Your account has the new address. Sign in with it."),
        "joined" => Some("You have joined. Sign in with your address and your password."),
        _ => None,
    };
    let body = view! {
        <AuthPage
            other=view! { "New here? "<a href="/signup">"Create a workspace"</a> }.into_any()
            aside=view! {
                <p class="auth__note">"This installation runs on its owner's own machine. What you say here stays here."</p>
            }
            .into_any()
        >
            <div><h1>"Sign in"</h1><p>"Good to see you again."</p></div>
            {state.problem.clone().map(|problem| view! { <FormNotice problem=problem fields=FIELDS/> })}
            {done.map(|done| view! { <p class="notice notice--good" role="status">{done}</p> })}
            <form class="form" method="post" action="/login">
                <Field name="email" label="Email" kind="email" autocomplete="username" value=state.value("email") error=state.error("email")/>
                <Field name="password" label="Password" kind="password" autocomplete="current-password" error=state.error("password")/>
                {next.map(|next| view! { <input type="hidden" name="next" value=next/> })}
                <button class="button button--primary button--block" type="submit">"Sign in"</button>
            </form>
            <Ways all=state.ways with=with/>
            {state.passkeys.then(|| view! { <p><a href=passkey>"Sign in with a passkey"</a></p> })}
            <p><a href=company>"Sign in through your company"</a></p>
            <p><a href="/reset">"Forgot your password?"</a></p>
        </AuthPage>
    };
    page("Sign in", wrong, body)
}
