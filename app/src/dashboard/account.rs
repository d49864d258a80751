//! One's own account: the name, the password, and where one is signed in. Plain forms, answered with this page.

use super::{Frame, notices};
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{Field, FormNotice};
use leptos::prelude::*;
use model::identity::{LinkedAccount, OpenSession, SecondFactor, WaysIn};
use model::{Problem, Timestamp};
use words::noted;

const FIELDS: &[(&str, &str)] = &[
    ("name", noted!("Your name")),
    ("current", noted!("Your password now")),
    ("password", noted!("New password")),
    ("email", noted!("New address")),
];

/// What came of a form.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Outcome {
    /// None was sent.
    #[default]
    Nothing,
    /// The password is another one.
    Changed,
    /// A letter is on its way to the new address.
    Asked,
    /// The account has the new address.
    Moved,
    /// One has the new name.
    Named,
    /// An account elsewhere opens this one.
    Linked,
    /// One does not any more.
    Unlinked,
    /// It did not work.
    Refused(Problem),
    /// What was typed is no name, and why.
    Unnamed(String, Problem),
}

/// The page.
pub fn account(
    frame: &Frame,
    factor: &SecondFactor,
    (ways, offered): (WaysIn, Vec<(String, String)>),
    sessions: Vec<OpenSession>,
    now: Timestamp,
    outcome: Outcome,
) -> Page {
    let title = match &outcome {
        Outcome::Nothing => t!("Your account"),
        Outcome::Changed => t!("Password changed · Your account"),
        Outcome::Asked => t!("A letter is on its way · Your account"),
        Outcome::Moved => t!("Address changed · Your account"),
        Outcome::Linked => t!("Linked · Your account"),
        Outcome::Unlinked => t!("Unlinked · Your account"),
        Outcome::Named => t!("Name changed · Your account"),
        Outcome::Refused(_) | Outcome::Unnamed(..) => t!("Error: {title}", title = t!("Your account")),
    };
    let error = |field: &str| match &outcome {
        Outcome::Refused(problem) | Outcome::Unnamed(_, problem) => problem.field(field).map(say),
        _ => None,
    };
    let member = frame.session.member.clone();
    let (unnamed, name) = match &outcome {
        Outcome::Unnamed(typed, _) => (error("name"), typed.clone()),
        _ => (None, member.name.clone()),
    };
    let (current, password, moves) = (error("current"), error("password"), error("email"));
    let moving = moves.is_some();
    let notice = match outcome {
        Outcome::Nothing => ().into_any(),
        Outcome::Changed => view! {
            <div class="notice notice--good" role="status">
                <h2 class="notice__title">{t!("Your password is changed")}</h2>
                <p>{t!("Everywhere else you have been signed out.")}</p>
            </div>
        }
        .into_any(),
        Outcome::Asked => view! {
            <div class="notice notice--good" role="status">
                <h2 class="notice__title">{t!("A letter is on its way")}</h2>
                <p>{t!("It goes to the new address, and its link is good for an hour. Until it is opened nothing is changed.")}</p>
            </div>
        }
        .into_any(),
        Outcome::Moved => view! {
            <div class="notice notice--good" role="status">
                <h2 class="notice__title">{t!("Your account has the new address")}</h2>
                <p>{t!("You sign in with it from now on.")}</p>
            </div>
        }
        .into_any(),
        Outcome::Linked => view! {
            <div class="notice notice--good" role="status">
                <h2 class="notice__title">{t!("Linked")}</h2>
                <p>{t!("You can sign in this way from now on.")}</p>
            </div>
        }
        .into_any(),
        Outcome::Unlinked => view! {
            <div class="notice notice--good" role="status">
                <h2 class="notice__title">{t!("Unlinked")}</h2>
                <p>{t!("It opens your account no more. Everywhere else you have been signed out.")}</p>
            </div>
        }
        .into_any(),
        Outcome::Named => view! {
            <div class="notice notice--good" role="status">
                <h2 class="notice__title">{t!("Your name is changed")}</h2>
                <p>{t!("Colleagues see the new one, and so do those to whom you write from now on.")}</p>
            </div>
        }
        .into_any(),
        Outcome::Refused(problem) | Outcome::Unnamed(_, problem) => {
            view! { <FormNotice problem=problem fields=FIELDS/> }.into_any()
        }
    };
    // What stands on the link, and what it is called where it is read out without what stands around it.
    let (on, change, called) = match factor {
        SecondFactor::On { .. } => {
            (t!("Signing in takes a code of your phone, too."), t!("Change"), t!("Change the second factor"))
        }
        SecondFactor::Begun { .. } => (t!("You have begun to set it up."), t!("Go on"), t!("Go on the second factor")),
        SecondFactor::Off => (
            t!("Who has your password is in. With a second factor it takes a code of your phone, too."),
            t!("Set it up"),
            t!("Set it up the second factor"),
        ),
    };
    let others = sessions.iter().any(|session| !session.current);
    let main = view! {
        <header class="page__head"><h1>{t!("Your account")}</h1><p>{t!("{name}, {email}", name = member.name, email = member.email)}</p></header>
        {notice}
        <section class="section" aria-labelledby="name-head">
            <div class="section__head"><div class="section__text">
                <h2 id="name-head">{t!("Name")}</h2>
                <p>{t!("It is the same in all your workspaces.")}</p>
            </div></div>
            <form class="form form--narrow" method="post" action="/dashboard/account/name">
                <Field name="name" label=t!("Your name") autocomplete="name" value=name error=unnamed maxlength=100/>
                <button class="button" type="submit">{t!("Change the name")}</button>
            </form>
        </section>
        <section class="section" aria-labelledby="password-head">
            <div class="section__head"><div class="section__text">
                <h2 id="password-head">{t!("Password")}</h2>
                <p>{if ways.password {
                    t!("With a new one you are signed out everywhere else.")
                } else {
                    t!("You have none: a provider opens your account. A letter leads to one.")
                }}</p>
            </div>{(!ways.password).then(|| view! { <a class="button" href="/reset">{t!("Choose a password")}</a> })}</div>
            {ways.password.then(|| view! {
                <form class="form form--narrow" method="post" action="/dashboard/account">
                    <input type="hidden" name="email" autocomplete="username" value=member.email.clone()/>
                    <Field name="current" label=t!("Your password now") kind="password" autocomplete="current-password" error=current/>
                    <Field
                        name="password"
                        label=t!("New password")
                        kind="password"
                        autocomplete="new-password"
                        hint=t!("At least 10 characters. A sentence that you will remember is a good one.")
                        error=password
                    />
                    <button class="button button--primary" type="submit">{t!("Change the password")}</button>
                </form>
            })}
        </section>
        <section class="section" aria-labelledby="address">
            <div class="section__head"><div class="section__text">
                <h2 id="address">{t!("Address")}</h2>
                <p>{t!("You sign in with {email}.", email = member.email)}</p>
            </div></div>
            <details class="more" open=moving>
                <summary>{t!("Use another address")}</summary>
                <form class="form form--narrow" method="post" action="/dashboard/account/address">
                    <Field name="email" label=t!("New address") kind="email" autocomplete="email" error=moves/>
                    {again("address-password".to_owned(), (false, ways.password))}
                    <button class="button" type="submit">{t!("Use this address")}</button>
                </form>
            </details>
        </section>
        {providers(ways, offered, now)}
        <section class="section" aria-labelledby="passkeys">
            <div class="section__head">
                <div class="section__text">
                    <h2 id="passkeys">{t!("Passkeys")}</h2>
                    <p>{t!("A device that you unlock opens your account, without a password.")}</p>
                </div>
                <a class="button" href="/dashboard/account/passkeys">{t!("Your passkeys")}</a>
            </div>
        </section>
        <section class="section" aria-labelledby="factor">
            <div class="section__head">
                <div class="section__text"><h2 id="factor">{t!("Second factor")}</h2><p>{on}</p></div>
                <a class="button" href="/dashboard/account/code" aria-label=called>{change}</a>
            </div>
        </section>
        {frame.waiting.map(|_| notices::wishes())}
        <section class="section" aria-labelledby="sessions">
            <div class="section__head">
                <div class="section__text">
                    <h2 id="sessions">{t!("Where you are signed in")}</h2>
                    <p>{t!("Something that you do not know? Sign it out, and change your password.")}</p>
                </div>
            </div>
            <div class="table">
                <table role="table" aria-labelledby="sessions">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">{t!("Browser")}</th>
                            <th role="columnheader" scope="col">{t!("Workspace")}</th>
                            <th role="columnheader" scope="col">{t!("Last seen")}</th>
                            <th class="table__end" role="columnheader" scope="col"><span class="visually-hidden">{t!("Action")}</span></th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{sessions.into_iter().map(|session| row(session, now)).collect_view()}</tbody>
                </table>
            </div>
            {others.then(|| view! {
                <form class="actions" method="post" action="/dashboard/account/sessions/end">
                    <button class="button" type="submit">{t!("Sign out everywhere else")}</button>
                </form>
            })}
        </section>
    };
    frame.page("/dashboard/account", title, Surface::Dashboard, main)
}

/// The accounts elsewhere that open this one, and those that could. Nothing where there are neither.
fn providers(ways: WaysIn, offered: Vec<(String, String)>, now: Timestamp) -> impl IntoView {
    let WaysIn { password, linked } = ways;
    let more: Vec<_> =
        offered.into_iter().filter(|(slug, _)| !linked.iter().any(|one| one.slug.as_ref() == Some(slug))).collect();
    (!linked.is_empty() || !more.is_empty()).then(|| {
        let linked = linked.into_iter().map(|one| linked_row(one, password, now)).collect_view();
        let more = more.into_iter().map(|(slug, title)| {
            let form = view! {
                <form class="form form--narrow" method="post" action="/dashboard/account/providers">
                    <input type="hidden" name="provider" value=slug.clone()/>
                    {again(format!("link-{slug}"), (false, password))}
                    <button class="button" type="submit">{t!("Go on to {provider}", provider = title)}</button>
                </form>
            };
            view! { <li><details class="more"><summary>{t!("Link {provider}", provider = title)}</summary>{form}</details></li> }
        });
        view! {
            <section class="section" aria-labelledby="providers">
                <div class="section__head"><div class="section__text">
                    <h2 id="providers">{t!("Other ways to sign in")}</h2>
                    <p>{t!("An account elsewhere with the same address can open this one.")}</p>
                </div></div>
                <ul class="ways" role="list">{linked}{more.collect_view()}</ul>
            </section>
        }
    })
}

fn linked_row(one: LinkedAccount, password: bool, now: Timestamp) -> impl IntoView {
    let provider = view! { <b>{one.provider.clone()}</b> };
    let how = match one.used_at {
        Some(used) => rich!(
            "{provider} opens it: {email}, last used {ago}.",
            provider = provider,
            email = one.email,
            ago = say(&used.ago(now))
        ),
        None => rich!("{provider} opens it: {email}, never used.", provider = provider, email = one.email),
    };
    view! {
        <li>
            <p>{how}</p>
            <details class="more">
                <summary>{t!("Unlink {provider}", provider = one.provider)}</summary>
                <form class="form form--narrow" method="post" action=format!("/dashboard/account/providers/{}/unlink", one.id)>
                    {again(format!("unlink-{}", one.id), (false, password))}
                    <button class="button button--danger" type="submit">{t!("Unlink")}</button>
                </form>
            </details>
        </li>
    }
}

/// A code of the app where there is one, or else the password where there is one, once more.
pub(super) fn again(id: String, (app, password): (bool, bool)) -> AnyView {
    if app {
        return view! {
            <div class="field">
                <label class="field__label" for=id.clone()>{t!("Code")}</label>
                <input class="field__input" id=id name="code" autocomplete="one-time-code" required/>
            </div>
        }
        .into_any();
    }
    if !password {
        return ().into_any();
    }
    view! {
        <div class="field">
            <label class="field__label" for=id.clone()>{t!("Your password")}</label>
            <input class="field__input" id=id name="password" type="password" autocomplete="current-password" required/>
        </div>
    }
    .into_any()
}

fn row(session: OpenSession, now: Timestamp) -> impl IntoView {
    let device = browser(&session.device);
    let label = t!("Sign out {device}, {address}", device, address = session.address);
    let end = if session.current {
        view! { <span class="badge badge--accent">{t!("Here")}</span> }.into_any()
    } else {
        view! {
            <form method="post" action=format!("/dashboard/account/sessions/{}/end", session.id)>
                <button class="button button--small" type="submit" aria-label=label>{t!("Sign out")}</button>
            </form>
        }
        .into_any()
    };
    view! {
        <tr role="row">
            <th role="rowheader" scope="row"><span class="entry"><span>{device}<small>{session.address}</small></span></span></th>
            <td role="cell" data-label=t!("Workspace")>{session.company}</td>
            <td role="cell" data-label=t!("Last seen")>
                <time datetime=session.last_seen_at.to_string()>{say(&session.last_seen_at.ago(now))}</time>
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
        (Some(name), Some(system)) => t!("{name} on {system}", name, system),
        (Some(name), None) => name.to_owned(),
        _ => t!("Another program"),
    }
}
