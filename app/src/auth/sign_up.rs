//! The sign-up page.

use super::providers::Ways;
use super::{AuthPage, FormState, page};
use crate::shell::Page;
use crate::ui::{Field, FormNotice};
use leptos::prelude::*;

const FIELDS: &[(&str, &str)] =
    &[("company", "Company"), ("name", "Your name"), ("email", "Email"), ("password", "Password")];

/// The sign-up page.
pub fn sign_up(state: FormState) -> Page {
    let wrong = state.problem.is_some();
    let body = view! {
        <AuthPage
            other=view! { "Have one already? "<a href="/login">"Sign in"</a> }.into_any()
            aside=view! {
                <ul class="auth__note" role="list">
                    <li><b>"A workspace of your own"</b>" What is in it stays in it. The database sees to that."</li>
                    <li><b>"You will be its owner"</b>" You decide which programs get a key, and when they lose it."</li>
                </ul>
            }
            .into_any()
        >
            <div><h1>"Create a workspace"</h1><p>"For your company, with you as its owner."</p></div>
            {state.problem.clone().map(|problem| view! { <FormNotice problem=problem fields=FIELDS/> })}
            <form class="form" method="post" action="/signup">
                <Field name="company" label="Company" autocomplete="organization" value=state.value("company") error=state.error("company")/>
                <Field name="name" label="Your name" autocomplete="name" value=state.value("name") error=state.error("name")/>
                <Field name="email" label="Email" kind="email" autocomplete="email" value=state.value("email") error=state.error("email")/>
                <Field
                    name="password"
                    label="Password"
                    kind="password"
                    autocomplete="new-password"
                    hint="At least 10 characters. A sentence that you will remember is a good one."
                    error=state.error("password")
                />
                <button class="button button--primary button--block" type="submit">"Create workspace"</button>
            </form>
            <Ways all=state.ways/>
        </AuthPage>
    };
    page("Create a workspace", wrong, body)
}
