//! What the link of an invitation opens.

use super::providers::Ways;
use super::{AuthPage, FormState, page};
use crate::shell::Page;
use crate::ui::{Field, FormNotice};
use leptos::prelude::*;

const FIELDS: &[(&str, &str)] = &[("name", "Your name"), ("password", "Password")];

/// To what somebody is invited.
#[derive(Debug, Clone)]
pub struct Invited {
    /// The company.
    pub company: String,
    /// To whom the invitation is.
    pub email: String,
    /// As what, in words.
    pub role: String,
    /// Whether there is an account with this address.
    pub known: bool,
    /// What stands in the link.
    pub token: String,
}

/// The page: who has an account shows it by its password, who has none makes one.
pub fn join(state: FormState, invited: Invited) -> Page {
    let Invited { company, email, role, known, token } = invited;
    let wrong = state.problem.is_some();
    let title = format!("Join {company}");
    let fields = if known {
        view! {
            <p>"You have an account with "<b>{email}</b>". Its password, and you are in."</p>
            <Field name="password" label="Password" kind="password" autocomplete="current-password" error=state.error("password")/>
            <p><a href="/reset">"Forgot your password?"</a></p>
        }
        .into_any()
    } else {
        view! {
            <Field name="name" label="Your name" autocomplete="name" value=state.value("name") error=state.error("name")/>
            <Field
                name="password"
                label="Password"
                kind="password"
                autocomplete="new-password"
                hint="At least 10 characters. A sentence that you will remember is a good one."
                error=state.error("password")
            />
            <p>"You will sign in with "<b>{email}</b>"."</p>
        }
        .into_any()
    };
    let heading = title.clone();
    let body = view! {
        <AuthPage
            other=view! { "In already? "<a href="/login">"Sign in"</a> }.into_any()
            aside=view! {
                <p class="auth__note">"Each workspace is a company of its own: what is in one is not seen from another."</p>
            }
            .into_any()
        >
            <div><h1>{heading}</h1><p>"You are asked to work there as "{role.to_lowercase()}"."</p></div>
            {state.problem.clone().map(|problem| view! { <FormNotice problem=problem fields=FIELDS/> })}
            // To its own address.
            <form class="form" method="post">
                {fields}
                <button class="button button--primary button--block" type="submit">"Join"</button>
            </form>
            <Ways all=state.ways with=format!("?join={token}")/>
        </AuthPage>
    };
    page(&title, wrong, body)
}
