//! One's passkeys: made, listed, removed. Plain forms, answered with this page; a device is asked on a page between.

use super::Frame;
use super::account::again;
use super::second_factor::codes_left;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{AskDevice, Field, FormNotice, PasskeyForm};
use leptos::prelude::*;
use model::identity::{OwnPasskeys, Passkey};
use model::{Problem, Timestamp};
use words::noted;

const FIELDS: &[(&str, &str)] =
    &[("name", noted!("Name")), ("password", noted!("Your password")), ("code", noted!("Code"))];
pub(super) const HERE: &str = "/dashboard/account/passkeys";

/// What came of a form.
#[derive(Debug, Clone, Default)]
pub enum Outcome {
    /// None was sent.
    #[default]
    Nothing,
    /// There is one more.
    Added,
    /// There is one less.
    Removed,
    /// It did not work; what the new one was to be called.
    Refused(Problem, String),
}

/// The page. `at`: where browsers know passkeys of this installation, if they do.
pub fn passkeys(frame: &Frame, own: OwnPasskeys, at: Option<&str>, now: Timestamp, outcome: Outcome) -> Page {
    let title = match &outcome {
        Outcome::Nothing => t!("Passkeys"),
        Outcome::Added => t!("Added · Passkeys"),
        Outcome::Removed => t!("Removed · Passkeys"),
        Outcome::Refused(..) => t!("Error: {title}", title = t!("Passkeys")),
    };
    let error = |field: &str| match &outcome {
        Outcome::Refused(problem, _) => problem.field(field).map(say),
        _ => None,
    };
    let errors = [error("name"), error("password"), error("code")];
    let name = match &outcome {
        Outcome::Refused(_, name) => name.clone(),
        _ => String::new(),
    };
    let good = |title: String, text: String| {
        view! {
            <div class="notice notice--good" role="status"><h2 class="notice__title">{title}</h2><p>{text}</p></div>
        }
        .into_any()
    };
    let notice = match outcome {
        Outcome::Nothing => ().into_any(),
        Outcome::Added => good(t!("The passkey is added"), t!("It opens your account from now on.")),
        Outcome::Removed => good(
            t!("The passkey is removed"),
            t!(
                "It opens your account no more, and everywhere else you have been signed out. Your device may still show it: remove it there, too."
            ),
        ),
        Outcome::Refused(problem, _) => view! { <FormNotice problem=problem fields=FIELDS/> }.into_any(),
    };
    let OwnPasskeys { passkeys, codes, app, password } = own;
    let some = !passkeys.is_empty();
    let rows = passkeys.into_iter().map(|one| row(one, (app, password), now)).collect_view();
    let add = match at {
        Some(_) => adding(name, (app, password), errors).into_any(),
        None => view! {
            <p class="notice">{t!("Passkeys take an address with a name, and this installation is reached by a number. Whoever runs it can change that.")}</p>
        }
        .into_any(),
    };
    let main = view! {
        <header class="page__head">
            <h1>{t!("Passkeys")}</h1>
            <p>{t!("A passkey is on your phone, your computer or a security key. It opens your account without a password, and who signs in by the password is asked for it as well.")}</p>
        </header>
        {notice}
        <section class="section" aria-labelledby="yours">
            <div class="section__head"><div class="section__text">
                <h2 id="yours">{t!("Your passkeys")}</h2>
                {(!some).then(|| view! { <p>{t!("There are none yet.")}</p> })}
            </div></div>
            {some.then(|| view! { <ul class="ways" role="list">{rows}</ul> })}
        </section>
        <section class="section" aria-labelledby="add">
            <div class="section__head"><div class="section__text">
                <h2 id="add">{t!("Add one")}</h2>
                <p>{t!("One for each device on which you sign in; some are kept in step between devices.")}</p>
            </div></div>
            {add}
        </section>
        {(some && !app).then(|| on_paper(codes, password))}
        <p><a href="/dashboard/account">{t!("Back to your account")}</a></p>
    };
    frame.page("/dashboard/account", title, Surface::Dashboard, main)
}

fn adding(name: String, (app, password): (bool, bool), errors: [Option<String>; 3]) -> impl IntoView {
    let [name_error, password_error, code_error] = errors;
    view! {
        <form class="form form--narrow" method="post" action=HERE>
            <Field
                name="name"
                label=t!("Name")
                autocomplete="off"
                hint=t!("By which you know it, for example “Phone”.")
                maxlength=60
                value=name
                error=name_error
            />
            {if app {
                view! {
                    <Field name="code" label=t!("Code") autocomplete="one-time-code" hint=t!("Of the app, or one of those on paper.") error=code_error/>
                }
                .into_any()
            } else if password {
                view! {
                    <Field name="password" label=t!("Your password") kind="password" autocomplete="current-password" error=password_error/>
                }
                .into_any()
            } else {
                ().into_any()
            }}
            <button class="button button--primary" type="submit">{t!("Go on")}</button>
        </form>
    }
}

fn row(one: Passkey, shown: (bool, bool), now: Timestamp) -> impl IntoView {
    let made = one.created_at.to_string();
    let day = made.get(..10).unwrap_or_default().to_owned();
    let (name, added) = (view! { <b>{one.name.clone()}</b> }, view! { <time datetime=made>{day}</time> });
    let told = match one.used_at {
        Some(used) => {
            rich!("{name}, added {day}, last used {ago}.", name = name, day = added, ago = say(&used.ago(now)))
        }
        None => rich!("{name}, added {day}, never used.", name = name, day = added),
    };
    view! {
        <li>
            <p>{told}</p>
            <details class="more">
                <summary>{t!("Remove {name}", name = one.name)}</summary>
                <form class="form form--narrow" method="post" action=format!("{HERE}/{}/remove", one.id)>
                    {again(format!("remove-{}", one.id), shown)}
                    <button class="button button--danger" type="submit">{t!("Remove")}</button>
                </form>
            </details>
        </li>
    }
}

fn on_paper(codes: u32, password: bool) -> impl IntoView {
    view! {
        <section class="section" aria-labelledby="paper">
            <div class="section__head"><div class="section__text">
                <h2 id="paper">{t!("Without your devices")}</h2>
                <p>{t!("Each code on paper lets you in once, after your password.")}" "{codes_left(codes)}</p>
            </div></div>
            <details class="more">
                <summary>{t!("New codes for paper")}</summary>
                <form class="form form--narrow" method="post" action="/dashboard/account/code/renew">
                    {again("renew".to_owned(), (false, password))}
                    <button class="button" type="submit">{t!("Make new codes")}</button>
                </form>
            </details>
        </section>
    }
}

/// The page on which a device is asked to make one.
pub fn make_passkey(frame: &Frame, (name, options, at): (String, String, String)) -> Page {
    let main = view! {
        <header class="page__head">
            <h1>{t!("Make the passkey")}</h1>
            <p>{t!("Your browser asks where it is to be kept, and how you unlock it. It is to be called “{name}”.", name)}</p>
        </header>
        <div class="form--narrow">
            <PasskeyForm
                action="/dashboard/account/passkeys/made"
                ask=AskDevice::Make
                options=options
                at=at
                label=t!("Make the passkey")
            />
        </div>
        <p><a href=HERE>{t!("Not now")}</a></p>
    };
    frame.page("/dashboard/account", t!("Make the passkey"), Surface::Dashboard, main)
}
