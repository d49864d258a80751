//! The sign-in page.

use super::providers::Ways;
use super::{AuthPage, FormState, leads_to, page};
use crate::shell::Page;
use crate::ui::{Field, FormNotice};
use leptos::prelude::*;
use words::noted;

const FIELDS: &[(&str, &str)] = &[("email", noted!("Email")), ("password", noted!("Password"))];

/// The sign-in page.
pub fn sign_in(state: FormState) -> Page {
    let next = Some(state.value("next")).filter(|next| !next.is_empty());
    let with = next.as_ref().map(|next| leads_to(next)).unwrap_or_default();
    let (company, passkey) = (format!("/login/company{with}"), format!("/login/passkey{with}"));
    let wrong = state.problem.is_some();
    let done = match state.value("done").as_str() {
        "reset" => Some(t!("Your password has been changed. Sign in with the new one.")),
        "address" => Some(t!("Your account has the new address. Sign in with it.")),
        "joined" => Some(t!("You have joined. Sign in with your address and your password.")),
        _ => None,
    };
    // Who has just joined was not here before.
    let again = (state.value("done") != "joined").then(|| view! { <p>{t!("Good to see you again.")}</p> });
    let body = view! {
        <AuthPage
            other=rich!("New here? {link}", link = view! { <a href="/signup">{t!("Create a workspace")}</a> })
            aside=view! {
                <p class="auth__note">{t!("This installation runs on its owner's own machine. What you say here stays here.")}</p>
            }
            .into_any()
        >
            <div><h1>{t!("Sign in")}</h1>{again}</div>
            {state.problem.clone().map(|problem| view! { <FormNotice problem=problem fields=FIELDS/> })}
            {done.map(|done| view! { <p class="notice notice--good" role="status">{done}</p> })}
            <form class="form" method="post" action="/login">
                <Field name="email" label=t!("Email") kind="email" autocomplete="username" value=state.value("email") error=state.error("email")/>
                <Field name="password" label=t!("Password") kind="password" autocomplete="current-password" error=state.error("password")/>
                {next.map(|next| view! { <input type="hidden" name="next" value=next/> })}
                <button class="button button--primary button--block" type="submit">{t!("Sign in")}</button>
            </form>
            <Ways all=state.ways with=with/>
            {state.passkeys.then(|| view! { <p><a href=passkey>{t!("Sign in with a passkey")}</a></p> })}
            <p><a href=company>{t!("Sign in through your company")}</a></p>
            <p><a href="/reset">{t!("Forgot your password?")}</a></p>
        </AuthPage>
    };
    page(t!("Sign in"), wrong, body).described(t!("Sign in to your company's inbox, documents and settings."))
}
