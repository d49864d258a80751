//! One's own account: the password, and where one is signed in. Plain forms, answered with this page.

use super::Frame;
use crate::shell::{Page, Surface};
use crate::ui::{Field, FormNotice};
use leptos::prelude::*;
use model::identity::{OpenSession, SecondFactor};
use model::{Problem, Timestamp};

const FIELDS: &[(&str, &str)] = &[("current", "Your password now"), ("password", "New password")];

/// What came of a form.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Outcome {
    /// None was sent.
    #[default]
    Nothing,
    /// The password is another one.
    Changed,
    /// It did not work.
    Refused(Problem),
}

/// The page.
pub fn account(
    frame: &Frame,
    factor: &SecondFactor,
    sessions: Vec<OpenSession>,
    now: Timestamp,
    outcome: Outcome,
) -> Page {
    let title = match &outcome {
        Outcome::Nothing => "Your account · Samtal",
        Outcome::Changed => "Password changed · Your account · Samtal",
        Outcome::Refused(_) => "Error: Your account · Samtal",
    };
    let error = |field: &str| match &outcome {
        Outcome::Refused(problem) => problem.field(field).map(str::to_owned),
        _ => None,
    };
    let (current, password) = (error("current"), error("password"));
    let notice = match outcome {
        Outcome::Nothing => ().into_any(),
        Outcome::Changed => view! {
            <div class="notice notice--good" role="status">
                <h2 class="notice__title">"Your password is changed"</h2>
                <p>"Everywhere else you have been signed out."</p>
            </div>
        }
        .into_any(),
        Outcome::Refused(problem) => view! { <FormNotice problem=problem fields=FIELDS/> }.into_any(),
    };
    let member = frame.session.member.clone();
    let (on, change) = match factor {
        SecondFactor::On { .. } => ("Signing in takes a code of your phone, too.", "Change"),
        SecondFactor::Begun { .. } => ("You have begun to set it up.", "Go on"),
        SecondFactor::Off => {
            ("Who has your password is in. With a second factor it takes a code of your phone, too.", "Set it up")
        }
    };
    let others = sessions.iter().any(|session| !session.current);
    let main = view! {
        <header class="page__head"><h1>"Your account"</h1><p>{member.name}", "{member.email.clone()}</p></header>
        <section class="section" aria-labelledby="password-head">
            <div class="section__head"><div class="section__text">
                <h2 id="password-head">"Password"</h2>
                <p>"With a new one you are signed out everywhere else."</p>
            </div></div>
            {notice}
            <form class="form form--narrow" method="post" action="/dashboard/account">
                <input type="hidden" name="email" autocomplete="username" value=member.email/>
                <Field name="current" label="Your password now" kind="password" autocomplete="current-password" error=current/>
                <Field
                    name="password"
                    label="New password"
                    kind="password"
                    autocomplete="new-password"
                    hint="At least 10 characters. A sentence that you will remember is a good one."
                    error=password
                />
                <button class="button button--primary" type="submit">"Change the password"</button>
            </form>
        </section>
        <section class="section" aria-labelledby="factor">
            <div class="section__head">
                <div class="section__text"><h2 id="factor">"Second factor"</h2><p>{on}</p></div>
                <a class="button" href="/dashboard/account/code">{change}<span class="visually-hidden">" the second factor"</span></a>
            </div>
        </section>
        <section class="section" aria-labelledby="sessions">
            <div class="section__head">
                <div class="section__text">
                    <h2 id="sessions">"Where you are signed in"</h2>
                    <p>"Something that you do not know? Sign it out, and change your password."</p>
                </div>
            </div>
            <div class="table">
                <table role="table" aria-labelledby="sessions">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">"Browser"</th>
                            <th role="columnheader" scope="col">"Workspace"</th>
                            <th role="columnheader" scope="col">"Last seen"</th>
                            <th class="table__end" role="columnheader" scope="col"><span class="visually-hidden">"Action"</span></th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{sessions.into_iter().map(|session| row(session, now)).collect_view()}</tbody>
                </table>
            </div>
            {others.then(|| view! {
                <form class="actions" method="post" action="/dashboard/account/sessions/end">
                    <button class="button" type="submit">"Sign out everywhere else"</button>
                </form>
            })}
        </section>
    };
    frame.page("/dashboard/account", title.to_owned(), Surface::Dashboard, main)
}

fn row(session: OpenSession, now: Timestamp) -> impl IntoView {
    let device = browser(&session.device);
    let label = format!("Sign out {device}, {}", session.address);
    let end = if session.current {
        view! { <span class="badge badge--accent">"Here"</span> }.into_any()
    } else {
        view! {
            <form method="post" action=format!("/dashboard/account/sessions/{}/end", session.id)>
                <button class="button button--small" type="submit" aria-label=label>"Sign out"</button>
            </form>
        }
        .into_any()
    };
    view! {
        <tr role="row">
            <th role="rowheader" scope="row"><span class="entry"><span>{device}<small>{session.address}</small></span></span></th>
            <td role="cell" data-label="Workspace">{session.company}</td>
            <td role="cell" data-label="Last seen">
                <time datetime=session.last_seen_at.to_string()>{session.last_seen_at.ago(now)}</time>
            </td>
            <td class="table__end" role="cell">{end}</td>
        </tr>
    }
}

/// A browser as people call it, out of what it says of itself: the first of these that stands there, since most also say that
/// they are others.
pub(super) fn browser(agent: &str) -> String {
    const NAMES: [(&str, &str); 5] =
        [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let first = |all: &[(&str, &'static str)]| all.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name);
    match (first(&NAMES), first(&SYSTEMS)) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name.to_owned(),
        _ => "Another program".to_owned(),
    }
}
