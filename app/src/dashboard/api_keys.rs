//! The keys of the workspace: make one, see it once, stop it. Both are plain forms, answered with this page.

use super::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{Asked, CopyButton, Field, FormNotice, Icon, Shape, confirm};
use leptos::prelude::*;
use model::identity::{ApiKey, NewApiKey};
use model::permission::{API_KEY, KEY_AT_MOST, Permission, Permissions};
use model::{Problem, Timestamp};
use words::{Text, noted};

const FIELDS: &[(&str, &str)] = &[("name", noted!("What the key is for")), ("scopes", noted!("What the key may do"))];

/// What came of the form for a new key.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Outcome {
    /// The form was not sent.
    #[default]
    Nothing,
    /// A key was made.
    Created(NewApiKey),
    /// One works no more.
    Revoked,
    /// No key was made.
    Refused {
        /// Why.
        problem: Problem,
        /// What was typed.
        name: String,
        /// What it was to do.
        scopes: Permissions,
        /// For how many days; nothing for as long as nobody ends it.
        days: String,
        /// Whether it was to sign requests.
        signs: bool,
    },
}

/// The page.
pub fn api_keys(frame: &Frame, keys: Vec<ApiKey>, now: Timestamp, outcome: Outcome) -> Page {
    let may = frame.session.member.permissions;
    let manages = may.has(Permission::ManageKeys);
    let address = frame.address.clone();
    let title = match &outcome {
        Outcome::Nothing => t!("API keys"),
        Outcome::Created(_) => t!("Key created · API keys"),
        Outcome::Revoked => t!("Key revoked · API keys"),
        Outcome::Refused { .. } => t!("Error: {title}", title = t!("API keys")),
    };
    let mut wishes = Wishes { may, scopes: API_KEY, days: String::new(), signs: false, error: None };
    let (notice, value, error) = match outcome {
        Outcome::Nothing => (().into_any(), String::new(), None),
        Outcome::Created(key) => (view! { <Once key=key address=address.clone()/> }.into_any(), String::new(), None),
        Outcome::Revoked => {
            let words = t!("The key is revoked. Whatever uses it is refused from now on.");
            (view! { <p class="notice notice--good" role="status">{words}</p> }.into_any(), String::new(), None)
        }
        Outcome::Refused { problem, name, scopes, days, signs } => {
            let error = problem.field("name").map(say);
            wishes = Wishes { may, scopes, days, signs, error: problem.field("scopes").map(say) };
            (view! { <FormNotice problem=problem fields=FIELDS/> }.into_any(), name, error)
        }
    };
    let list = if keys.is_empty() {
        view! { <NoKeys address=address/> }.into_any()
    } else {
        view! { <KeyTable keys=keys now=now manages=manages/> }.into_any()
    };
    let main = view! {
        <header class="page__head"><h1>{t!("API keys")}</h1><p>{t!("Each key lets one program act for this workspace.")}</p></header>
        <section class="section" aria-labelledby="keys">
            <div class="section__head">
                <div class="section__text">
                    <h2 id="keys">{t!("Keys")}</h2>
                    <p>{t!("Give every program its own, so that you can take one away without touching the others.")}</p>
                </div>
            </div>
            {notice}
            {manages.then(|| view! {
                <form class="form" method="post" action="/dashboard/api-keys">
                    <div class="form form--inline">
                        <Field name="name" label=t!("What the key is for") autocomplete="off" maxlength=60 value=value error=error/>
                        <button class="button button--primary" type="submit"><Icon shape=Shape::Plus/>{t!("Create key")}</button>
                    </div>
                    {more(wishes)}
                </form>
            })}
            {list}
        </section>
    };
    frame.page("/dashboard/api-keys", title, Surface::Dashboard, main)
}

/// What a new key is to do, and for how long.
struct Wishes {
    /// What whoever makes it may do.
    may: Permissions,
    scopes: Permissions,
    days: String,
    signs: bool,
    error: Option<String>,
}

/// For how long: days, and how people say that.
const DAYS: [(&str, &str); 4] = [
    ("", noted!("Until it is revoked")),
    ("30", noted!("30 days")),
    ("90", noted!("90 days")),
    ("365", noted!("A year")),
];

/// The rest of the form, for who wants something else than most do.
fn more(wishes: Wishes) -> AnyView {
    let Wishes { may, scopes, days, signs, error } = wishes;
    let open = error.is_some() || scopes != API_KEY || !days.is_empty() || signs;
    let scope = |permission: Permission| {
        view! {
            <label class="check">
                <input type="checkbox" name=permission.name() value="1" checked=scopes.has(permission)/>
                " "{say(&permission.sentence())}
            </label>
        }
    };
    let can = KEY_AT_MOST.list().into_iter().filter(|permission| may.has(*permission));
    let day = |(value, words): (&'static str, &'static str)| {
        view! { <option value=value selected=value == days>{say(&Text::of(words))}</option> }
    };
    let described = error.is_some().then_some("scopes-error");
    view! {
        <details class="more" open=open>
            <summary>{t!("What it may do, for how long, and how it is used")}</summary>
            // Whoever sends this form chooses: none chosen is not all of them.
            <input type="hidden" name="chosen" value="1"/>
            <fieldset class="checks" id="scopes" aria-describedby=described>
                <legend class="field__label">{t!("What the key may do")}</legend>
                {can.map(scope).collect_view()}
                {error.map(|error| view! { <p class="field__error" id="scopes-error">{error}</p> })}
            </fieldset>
            <div class="field">
                <label class="field__label" for="days">{t!("How long it works")}</label>
                <select class="field__input" id="days" name="days">{DAYS.into_iter().map(day).collect_view()}</select>
            </div>
            <div class="field">
                <label class="field__label" for="signs">{t!("How it is used")}</label>
                <p class="field__hint" id="signs-hint">{t!("What signs is never sent, and nobody on the way can change or repeat what was signed.")}</p>
                <select class="field__input" id="signs" name="signs" aria-describedby="signs-hint">
                    <option value="">{t!("It is sent with every request")}</option>
                    <option value="1" selected=signs>{t!("It signs every request")}</option>
                </select>
            </div>
        </details>
    }
    .into_any()
}

/// The secret, this once.
#[component]
fn Once(key: NewApiKey, address: String) -> impl IntoView {
    let call = format!("curl {address}/api/v1/me \\\n  -H \"Authorization: Bearer {}\"", key.secret);
    let kept = if key.key.signs {
        t!("Copy it now, to where the program will find it. Samtal does not show it again.")
    } else {
        t!(
            "Copy it now, to where the program will find it. Samtal keeps only a fingerprint of it and cannot show it again."
        )
    };
    let how = if key.key.signs {
        let id = key.key.id.to_string();
        view! {
            <p>
                {rich!(
                    "Its id is {id}. Sign with hmac-sha256 (RFC 9421); {guide} in the documentation shows how.",
                    id = view! { <code id="keyid">{id}</code> },
                    guide = view! { <code>"signed-requests.md"</code> },
                )}
            </p>
        }
        .into_any()
    } else {
        view! {
            <figure class="code">
                <figcaption>{t!("Ask whose key this is")}</figcaption>
                <pre tabindex="0" role="region" aria-label=t!("Example call with curl")><code>{call}</code></pre>
            </figure>
        }
        .into_any()
    };
    view! {
        <div class="notice notice--good" role="status">
            <h3 class="notice__title">{t!("Here is your key: {name}", name = key.key.name)}</h3>
            <p>{kept}</p>
            <div class="copy"><code id="secret">{key.secret.clone()}</code><CopyButton/></div>
            {how}
        </div>
    }
}

#[component]
fn NoKeys(address: String) -> impl IntoView {
    view! {
        <div class="empty">
            <div class="empty__text">
                <h3>{t!("No program has a key yet")}</h3>
                <p>{t!("A key lets one program act for this workspace: a till, an import, your own app. You see it once, when you create it; after that only its first characters are kept to tell keys apart.")}</p>
            </div>
            <figure class="code">
                <figcaption>{t!("Ask for the members of this workspace")}</figcaption>
                <pre tabindex="0" role="region" aria-label=t!("Example call with curl")><code>
                    {format!("curl {address}/api/v1/members \\\n  -H ")}<b>"\"Authorization: Bearer $SAMTAL_KEY\""</b>
                </code></pre>
            </figure>
        </div>
    }
}

#[component]
fn KeyTable(keys: Vec<ApiKey>, now: Timestamp, manages: bool) -> impl IntoView {
    view! {
        <div class="table">
            <table role="table" aria-labelledby="keys">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t!("Name")}</th>
                        <th role="columnheader" scope="col">{t!("Created")}</th>
                        <th role="columnheader" scope="col">{t!("Last used")}</th>
                        <th class="table__end" role="columnheader" scope="col"><span class="visually-hidden">{t!("Action")}</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    {keys.into_iter().map(|key| view! { <KeyRow key=key now=now manages=manages/> }).collect_view()}
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn KeyRow(key: ApiKey, now: Timestamp, manages: bool) -> impl IntoView {
    let id = key.id.to_string();
    let used = key.last_used_at.map_or_else(|| t!("Never"), |at| say(&at.day()));
    let scopes = key.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(", ");
    let until = key.expires_at.filter(|_| key.revoked_at.is_none());
    let until = until.map(|at| format!(" · {}", t!("until {day}", day = say(&at.day()))));
    let end = match (key.revoked_at, key.expires_at.filter(|at| *at <= now)) {
        (Some(at), _) => view! { <span class="badge">{t!("Revoked {day}", day = say(&at.day()))}</span> }.into_any(),
        (None, Some(at)) => view! { <span class="badge">{t!("Ended {day}", day = say(&at.day()))}</span> }.into_any(),
        (None, None) if !manages => ().into_any(),
        (None, None) => view! {
            <div class="actions">
                {replace(&key)}
                {revoke(&key)}
            </div>
        }
        .into_any(),
    };
    let signs = key.signs.then(|| rich!(" · signs as {id}", id = view! { <code>{id}</code> }));
    view! {
        <tr role="row">
            <th role="rowheader" scope="row">
                <span class="entry"><span>{key.name.clone()}<small><code>{key.prefix.clone()}"…"</code>{until}{signs}<br/>{scopes}</small></span></span>
            </th>
            <td role="cell" data-label=t!("Created")><time datetime=key.created_at.to_string()>{say(&key.created_at.day())}</time></td>
            <td role="cell" data-label=t!("Last used")>{used}</td>
            <td class="table__end" role="cell">{end}</td>
        </tr>
    }
}

/// Ends one, once that was asked.
fn revoke(key: &ApiKey) -> AnyView {
    let (id, name) = (key.id, &key.name);
    let asked = Asked {
        short: t!("Revoke"),
        full: t!("Revoke {name}", name),
        question: t!("Revoke {name}?", name),
        text: rich!(
            "Whatever uses the key {key} is refused from this moment on. This cannot be undone; you can create a new key at any time.",
            key = view! { <code>{key.prefix.clone()}"…"</code> },
        ),
    };
    confirm(&format!("revoke-{id}"), asked, format!("/dashboard/api-keys/{id}/revoke"))
}

/// Puts another key in the place of one.
fn replace(key: &ApiKey) -> AnyView {
    let (id, name) = (key.id.to_string(), key.name.clone());
    let (dialog, title) = (format!("replace-{id}"), format!("replace-{id}-title"));
    let (text, overlap) = (format!("{dialog}-text"), format!("{dialog}-overlap"));
    view! {
        <button
            class="button button--small"
            type="button"
            aria-label=t!("Replace {name}", name)
            command="show-modal"
            commandfor=dialog.clone()
        >
            {t!("Replace")}
        </button>
        <dialog class="dialog" id=dialog.clone() aria-labelledby=title.clone() aria-describedby=text.clone()>
            <div class="dialog__head">
                <h2 id=title.clone()>{t!("Replace {name}?", name)}</h2>
                <p id=text.clone()>{t!("You see a new secret, once; it may do the same. Give it to the program while the old one still works.")}</p>
            </div>
            <form class="form" method="post" action=format!("/dashboard/api-keys/{id}/rotate")>
                <div class="field">
                    <label class="field__label" for=overlap.clone()>{t!("The old one works")}</label>
                    <select class="field__input" id=overlap.clone() name="overlap">
                        <option value="day">{t!("For a day")}</option>
                        <option value="week">{t!("For a week")}</option>
                        <option value="none">{t!("No longer")}</option>
                    </select>
                </div>
                <div class="dialog__actions">
                    <button class="button" type="button" command="close" commandfor=dialog.clone()>{t!("Not now")}</button>
                    <button class="button button--primary" type="submit">{t!("Replace {name}", name)}</button>
                </div>
            </form>
        </dialog>
    }
    .into_any()
}
