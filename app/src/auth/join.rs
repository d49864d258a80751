//! What the link of an invitation opens.

use super::providers::Ways;
use super::{AuthPage, FormState, page};
use crate::say::say;
use crate::shell::Page;
use crate::ui::{Field, FormNotice};
use leptos::prelude::*;
use words::{Text, noted};

const FIELDS: &[(&str, &str)] = &[("name", noted!("Your name")), ("password", noted!("Password"))];

/// To what somebody is invited.
#[derive(Debug, Clone)]
pub struct Invited {
    /// The company.
    pub company: String,
    /// To whom the invitation is.
    pub email: String,
    /// As what, in words.
    pub role: Text,
    /// Whether there is an account with this address.
    pub known: bool,
    /// What stands in the link.
    pub token: String,
}

/// The page: who has an account shows it by its password, who has none makes one.
pub fn join(state: FormState, invited: Invited) -> Page {
    let Invited { company, email, role, known, token } = invited;
    let wrong = state.problem.is_some();
    let title = t!("Join {company}", company);
    let fields = if known {
        view! {
            <p>{rich!("You have an account with {email}. Its password, and you are in.", email = view! { <b>{email}</b> })}</p>
            <Field name="password" label=t!("Password") kind="password" autocomplete="current-password" error=state.error("password")/>
            <p><a href="/reset">{t!("Forgot your password?")}</a></p>
        }
        .into_any()
    } else {
        view! {
            <Field name="name" label=t!("Your name") autocomplete="name" value=state.value("name") error=state.error("name")/>
            <Field
                name="password"
                label=t!("Password")
                kind="password"
                autocomplete="new-password"
                hint=t!("At least 10 characters. A sentence that you will remember is a good one.")
                error=state.error("password")
            />
            <p>{rich!("You will sign in with {email}.", email = view! { <b>{email}</b> })}</p>
        }
        .into_any()
    };
    let heading = title.clone();
    let asked = t!("You are asked to work there as {role}.", role = say(&role).to_lowercase());
    let body = view! {
        <AuthPage
            other=rich!("In already? {link}", link = view! { <a href="/login">{t!("Sign in")}</a> })
            aside=view! {
                <p class="auth__note">{t!("Each workspace is a company of its own: what is in one is not seen from another.")}</p>
            }
            .into_any()
        >
            <div><h1>{heading}</h1><p>{asked}</p></div>
            {state.problem.clone().map(|problem| view! { <FormNotice problem=problem fields=FIELDS/> })}
            // To its own address.
            <form class="form" method="post">
                {fields}
                <button class="button button--primary button--block" type="submit">{t!("Join")}</button>
            </form>
            <Ways all=state.ways with=format!("?join={token}")/>
        </AuthPage>
    };
    page(title, wrong, body)
}
