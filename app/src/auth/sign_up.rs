//! The sign-up page.

use super::providers::Ways;
use super::{AuthPage, FormState, page};
use crate::shell::Page;
use crate::ui::{Field, FormNotice};
use leptos::prelude::*;
use words::noted;

const FIELDS: &[(&str, &str)] = &[
    ("company", noted!("Company")),
    ("name", noted!("Your name")),
    ("email", noted!("Email")),
    ("password", noted!("Password")),
];

/// The sign-up page.
pub fn sign_up(state: FormState) -> Page {
    let wrong = state.problem.is_some();
    let body = view! {
        <AuthPage
            other=rich!("Have one already? {link}", link = view! { <a href="/login">{t!("Sign in")}</a> })
            aside=view! {
                <ul class="auth__note" role="list">
                    <li><b>{t!("A workspace of your own")}</b>" "{t!("What is in it stays in it. The database sees to that.")}</li>
                    <li><b>{t!("You will be its owner")}</b>" "{t!("You decide which programs get a key, and when they lose it.")}</li>
                </ul>
            }
            .into_any()
        >
            <div><h1>{t!("Create a workspace")}</h1><p>{t!("For your company, with you as its owner.")}</p></div>
            {state.problem.clone().map(|problem| view! { <FormNotice problem=problem fields=FIELDS/> })}
            <form class="form" method="post" action="/signup">
                <Field name="company" label=t!("Company") autocomplete="organization" value=state.value("company") error=state.error("company")/>
                <Field name="name" label=t!("Your name") autocomplete="name" value=state.value("name") error=state.error("name")/>
                <Field name="email" label=t!("Email") kind="email" autocomplete="email" value=state.value("email") error=state.error("email")/>
                <Field
                    name="password"
                    label=t!("Password")
                    kind="password"
                    autocomplete="new-password"
                    hint=t!("At least 10 characters. A sentence that you will remember is a good one.")
                    error=state.error("password")
                />
                <button class="button button--primary button--block" type="submit">{t!("Create workspace")}</button>
            </form>
            <Ways all=state.ways/>
        </AuthPage>
    };
    page(t!("Create a workspace"), wrong, body).described(t!(
        "Make a workspace: an assistant that answers from your documents, and an inbox where people take over."
    ))
}
