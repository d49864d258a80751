//! The step of signing in at which somebody with a second factor gives a code.

use super::{AuthPage, FormState, page, somebody_else};
use crate::shell::Page;
use crate::ui::{AskDevice, Field, FormNotice, PasskeyForm};
use leptos::prelude::*;
use words::noted;

const FIELDS: &[(&str, &str)] = &[("code", noted!("Code"))];

/// The page of that step.
pub fn give_code(state: FormState) -> Page {
    let wrong = state.problem.is_some();
    let trust = !state.value("trust").is_empty();
    let told = match &state.asked {
        Some(_) => {
            t!(
                "Use your passkey, or type a code: the six digits that an app on your phone shows for Samtal, or one of those on paper."
            )
        }
        None => t!("Open the app on your phone and type the six digits that it shows for Samtal."),
    };
    let button = match &state.asked {
        Some(_) => "button button--block",
        None => "button button--primary button--block",
    };
    let passkey = state.asked.clone().map(|asked| {
        view! {
            <PasskeyForm
                action="/login/passkey"
                ask=AskDevice::Show
                options=asked.options
                at=asked.at
                label=t!("Use a passkey")
                next=state.value("next")
            />
            <p class="auth__or">{t!("or")}</p>
        }
    });
    let body = view! {
        <AuthPage
            other=somebody_else()
            aside=view! {
                <p class="auth__note">{t!("Your password alone opens nothing here: the code shows that you have your phone, too. Nobody at Samtal or at your company will ever ask you for one.")}</p>
            }
            .into_any()
        >
            <div><h1>{t!("Give the code")}</h1><p>{told}</p></div>
            {state.problem.clone().map(|problem| view! { <FormNotice problem=problem fields=FIELDS/> })}
            {passkey}
            <form class="form" method="post" action="/login/code">
                <input type="hidden" name="next" value=state.value("next")/>
                <Field
                    name="code"
                    label=t!("Code")
                    autocomplete="one-time-code"
                    hint=t!("No phone? One of the ten codes on paper works as well, once.")
                    error=state.error("code")
                />
                <label class="check"><input type="checkbox" name="trust" value="1" checked=trust/>" "{t!("Do not ask for a code in this browser for 30 days")}</label>
                <button class=button type="submit">{t!("Sign in")}</button>
            </form>
            <p>{t!("Neither phone nor paper? Whoever runs this installation can let you in without: ask them.")}</p>
        </AuthPage>
    };
    page(t!("Give the code"), wrong, body)
}
