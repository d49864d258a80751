//! The step of signing in at which somebody sets a second factor up, because the workspace asks for it.

use super::{AuthPage, FormState, page, somebody_else};
use crate::shell::Page;
use crate::ui::{AskDevice, Field, FormNotice, PasskeyForm, Picture, ToPhotograph};
use leptos::prelude::*;
use words::noted;

/// The page of that step.
pub fn set_up_factor(state: FormState, key: &str, picture: Picture) -> Page {
    let wrong = state.problem.is_some();
    let (error, key) = (state.error("code"), key.to_owned());
    let FormState { problem, asked, .. } = state;
    let told = if asked.is_some() {
        t!(
            "This workspace asks for a second factor. Make a passkey on this device, or let an app on your phone photograph this, or type the key into it."
        )
    } else {
        t!(
            "This workspace asks for a second factor. Let an app on your phone photograph this, or type the key into it."
        )
    };
    let button = if asked.is_some() { "button button--block" } else { "button button--primary button--block" };
    let passkey = asked.map(|asked| {
        view! {
            <PasskeyForm
                action="/login/factor/passkey"
                ask=AskDevice::Make
                options=asked.options
                at=asked.at
                label=t!("Make a passkey and sign in")
            />
            <p class="auth__or">{t!("or")}</p>
        }
    });
    let body = view! {
        <AuthPage
            other=somebody_else()
            aside=view! { <p class="auth__note">{t!("Your password alone opens nothing here: the code shows that you have your phone, too.")}</p> }.into_any()
        >
            <div>
                <h1>{t!("One more thing")}</h1>
                <p>{told}</p>
            </div>
            {problem.map(|problem| view! { <FormNotice problem=problem fields=&[("code", noted!("Code"))]/> })}
            {passkey}
            <ToPhotograph key=key picture=picture/>
            <form class="form" method="post" action="/login/factor">
                <Field
                    name="code"
                    label=t!("Code")
                    autocomplete="one-time-code"
                    hint=t!("The six digits that the app shows now.")
                    error=error
                />
                <button class=button type="submit">{t!("Turn it on and sign in")}</button>
            </form>
        </AuthPage>
    };
    page(t!("Set up a second factor"), wrong, body)
}

/// The codes for paper, this once.
pub fn codes_once(codes: Vec<String>, next: &str) -> Page {
    let codes = codes.into_iter().map(|code| view! { <li><code>{code}</code></li> }).collect_view();
    let next = next.to_owned();
    let body = view! {
        <AuthPage
            other=().into_any()
            aside=view! { <p class="auth__note">{t!("Neither phone nor paper? Whoever runs this installation can let you in without.")}</p> }.into_any()
        >
            <div>
                <h1>{t!("Print these, or write them down")}</h1>
                <p>{t!("When your phone is gone, each of them lets you in, once. Samtal cannot show them again.")}</p>
            </div>
            <ol class="codes" id="codes">{codes}</ol>
            <p><a class="button button--primary button--block" href=next>{t!("I have them")}</a></p>
        </AuthPage>
    };
    page(t!("Your codes for paper"), false, body)
}
