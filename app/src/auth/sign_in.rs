//! The sign-in page.

use super::{AuthPage, form_state};
use crate::ui::{Field, FormNotice, Title};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

const FIELDS: &[(&str, &str)] = &[("email", "Email"), ("password", "Password")];

/// The sign-in page.
#[component]
pub fn SignIn() -> impl IntoView {
    let state = form_state();
    let next = match state.value("next") {
        given if !given.is_empty() => Some(given),
        _ => use_query_map().read_untracked().get("next"),
    };
    let title = if state.problem.is_some() { "Error: Sign in · Samtal" } else { "Sign in · Samtal" };
    view! {
        <Title text=title/>
        <AuthPage
            other=view! { "New here? "<a href="/signup">"Create a workspace"</a> }.into_any()
            aside=view! {
                <p class="auth__note">"This installation runs on its owner's own machine. What you say here stays here."</p>
            }
            .into_any()
        >
            <div><h1>"Sign in"</h1><p>"Good to see you again."</p></div>
            {state.problem.clone().map(|problem| view! { <FormNotice problem=problem fields=FIELDS/> })}
            <form class="form" method="post" action="/login">
                <Field name="email" label="Email" kind="email" autocomplete="username" value=state.value("email") error=state.error("email")/>
                <Field name="password" label="Password" kind="password" autocomplete="current-password" error=state.error("password")/>
                {next.map(|next| view! { <input type="hidden" name="next" value=next/> })}
                <button class="button button--primary button--block" type="submit">"Sign in"</button>
            </form>
        </AuthPage>
    }
}
