//! One's second factor: set it up, keep the codes for paper, turn it off. Plain forms, answered with this page.

use super::{Frame, passkeys};
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{Field, FormNotice, Picture, ToPhotograph};
use leptos::prelude::*;
use model::Problem;
use model::identity::SecondFactor;
use words::noted;

const FIELDS: &[(&str, &str)] = &[("password", noted!("Your password")), ("code", noted!("Code"))];
const HERE: &str = "/dashboard/account/code";

/// What came of a form.
#[derive(Debug, Clone, Default)]
pub enum Outcome {
    /// None was sent.
    #[default]
    Nothing,
    /// Here are the codes for paper; where it goes on.
    Codes(Vec<String>, &'static str),
    /// It did not work.
    Refused(Problem),
}

/// The page. `asks`: whether there is a password to be shown once more.
pub fn second_factor(frame: &Frame, (factor, asks): (SecondFactor, bool), picture: Picture, outcome: Outcome) -> Page {
    let title = match &outcome {
        Outcome::Nothing => t!("Second factor"),
        Outcome::Codes(..) => t!("Your codes for paper · Second factor"),
        Outcome::Refused(_) => t!("Error: {title}", title = t!("Second factor")),
    };
    let error = |field: &str| match &outcome {
        Outcome::Refused(problem) => problem.field(field).map(say),
        _ => None,
    };
    let (password, code) = (error("password"), error("code"));
    // Codes come with the first passkey, too.
    let told = match &outcome {
        Outcome::Codes(_, next) if *next == passkeys::HERE => {
            t!("Your password and a passkey: who has only the password gets nowhere.")
        }
        _ => t!("Your password and a code of your phone: who has only the one gets nowhere."),
    };
    let (notice, made) = match outcome {
        Outcome::Nothing => (().into_any(), false),
        Outcome::Codes(codes, next) => (view! { <Codes codes=codes next=next/> }.into_any(), true),
        Outcome::Refused(problem) => (view! { <FormNotice problem=problem fields=FIELDS/> }.into_any(), false),
    };
    let body = match factor {
        SecondFactor::Off => view! { <Off asks=asks password=password/> }.into_any(),
        SecondFactor::Begun { key, .. } => view! { <Begun key=key picture=picture code=code/> }.into_any(),
        // Who has just been given codes is to keep them first.
        SecondFactor::On { .. } if made => ().into_any(),
        SecondFactor::On { since, codes } => {
            let since = since.to_string();
            view! { <On since=since codes=codes code=code/> }.into_any()
        }
    };
    let main = view! {
        <header class="page__head">
            <h1>{t!("Second factor")}</h1>
            <p>{told}</p>
        </header>
        {notice}
        {body}
        <p><a href="/dashboard/account">{t!("Back to your account")}</a></p>
    };
    frame.page("/dashboard/account", title, Surface::Dashboard, main)
}

/// The codes, this once.
#[component]
fn Codes(codes: Vec<String>, next: &'static str) -> impl IntoView {
    let codes = codes.into_iter().map(|code| view! { <li><code>{code}</code></li> }).collect_view();
    view! {
        <section class="notice notice--good" role="status" aria-labelledby="codes-head">
            <h2 class="notice__title" id="codes-head">{t!("Print these codes, or write them down")}</h2>
            <p>{t!("When your phone is gone, each of them lets you in after your password, once. Samtal cannot show them again.")}</p>
            <ol class="codes" id="codes">{codes}</ol>
            <p><a class="button button--primary" href=next>{t!("I have them")}</a></p>
        </section>
    }
}

/// There is none.
#[component]
fn Off(asks: bool, password: Option<String>) -> impl IntoView {
    view! {
        <section class="section" aria-labelledby="begin">
            <div class="section__head"><div class="section__text">
                <h2 id="begin">{t!("Set it up")}</h2>
                <p>{t!("You need an app that makes codes: the one for passwords on your phone most likely does, and there are many others.")}</p>
            </div></div>
            <form class="form form--narrow" method="post" action="/dashboard/account/code/begin">
                {asks.then(|| view! {
                    <Field name="password" label=t!("Your password") kind="password" autocomplete="current-password" error=password/>
                })}
                <button class="button button--primary" type="submit">{t!("Begin")}</button>
            </form>
        </section>
    }
}

/// It is being set up.
#[component]
fn Begun(key: String, picture: Picture, code: Option<String>) -> impl IntoView {
    view! {
        <section class="section" aria-labelledby="show">
            <div class="section__head"><div class="section__text">
                <h2 id="show">{t!("Show it to your app")}</h2>
                <p>{t!("Let the app photograph this, or type the key into it.")}</p>
            </div></div>
            <ToPhotograph key=key picture=picture/>
            <form class="form form--narrow" method="post" action=HERE>
                <Field
                    name="code"
                    label=t!("Code")
                    autocomplete="one-time-code"
                    hint=t!("The six digits that the app shows now. Everywhere else you will be signed out.")
                    error=code
                />
                <button class="button button--primary" type="submit">{t!("Turn it on")}</button>
            </form>
            <form class="actions" method="post" action="/dashboard/account/code/give-up">
                <button class="button" type="submit">{t!("Not now")}</button>
            </form>
        </section>
    }
}

/// How many codes for paper are left, as a sentence.
pub(super) fn codes_left(codes: u32) -> String {
    match codes {
        0 => t!("None of your codes for paper is left: make new ones."),
        n => t!("One of your codes for paper is left.", "{n} of your codes for paper are left.", n),
    }
}

/// Signing in takes a code.
#[component]
fn On(since: String, codes: u32, code: Option<String>) -> impl IntoView {
    let day = since.get(..10).unwrap_or_default().to_owned();
    let day = view! { <time datetime=since>{day}</time> };
    view! {
        <section class="section" aria-labelledby="on">
            <div class="section__head"><div class="section__text">
                <h2 id="on">{t!("Signing in takes a code")}</h2>
                <p>{rich!("Since {day}.", day = day)}" "{codes_left(codes)}</p>
            </div></div>
            <form class="form form--narrow" method="post" action="/dashboard/account/code/renew">
                <Field name="code" label=t!("Code") autocomplete="one-time-code" hint=t!("Of the app, or one of those on paper.") error=code/>
                <div class="actions">
                    <button class="button" type="submit">{t!("New codes for paper")}</button>
                    <button class="button button--ends" type="submit" formaction="/dashboard/account/code/turn-off">{t!("Turn it off")}</button>
                </div>
            </form>
        </section>
    }
}
