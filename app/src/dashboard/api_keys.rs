//! The keys of the workspace: make one, see it once, stop it. Both are plain forms, answered with this page.

use super::Frame;
use crate::shell::{Page, Surface};
use crate::ui::{Field, FormNotice, Icon, Shape};
use leptos::prelude::*;
use model::Problem;
use model::identity::{ApiKey, NewApiKey};

const FIELDS: &[(&str, &str)] = &[("name", "What the key is for")];

/// What came of the form for a new key.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Outcome {
    /// The form was not sent.
    #[default]
    Nothing,
    /// A key was made.
    Created(NewApiKey),
    /// No key was made.
    Refused {
        /// Why.
        problem: Problem,
        /// What was typed.
        name: String,
    },
}

/// The page.
pub fn api_keys(frame: &Frame, keys: Vec<ApiKey>, outcome: Outcome) -> Page {
    let address = frame.address.clone();
    let title = match &outcome {
        Outcome::Nothing => "API keys · Samtal",
        Outcome::Created(_) => "Key created · API keys · Samtal",
        Outcome::Refused { .. } => "Error: API keys · Samtal",
    };
    let (notice, value, error) = match outcome {
        Outcome::Nothing => (().into_any(), String::new(), None),
        Outcome::Created(key) => (view! { <Once key=key address=address.clone()/> }.into_any(), String::new(), None),
        Outcome::Refused { problem, name } => {
            let error = problem.field("name").map(str::to_owned);
            (view! { <FormNotice problem=problem fields=FIELDS/> }.into_any(), name, error)
        }
    };
    let list = if keys.is_empty() {
        view! { <NoKeys address=address/> }.into_any()
    } else {
        view! { <KeyTable keys=keys/> }.into_any()
    };
    let main = view! {
        <header class="page__head"><h1>"API keys"</h1><p>"Each key lets one program act for this workspace."</p></header>
        <section class="section" aria-labelledby="keys">
            <div class="section__head">
                <div class="section__text">
                    <h2 id="keys">"Keys"</h2>
                    <p>"Give every program its own, so that you can take one away without touching the others."</p>
                </div>
            </div>
            {notice}
            <form class="form form--inline" method="post" action="/dashboard/api-keys">
                <Field name="name" label="What the key is for" autocomplete="off" maxlength=60 value=value error=error/>
                <button class="button button--primary" type="submit"><Icon shape=Shape::Plus/>"Create key"</button>
            </form>
            {list}
        </section>
    };
    frame.page("/dashboard/api-keys", title.to_owned(), Surface::Dashboard, main)
}

/// The secret, this once.
#[component]
fn Once(key: NewApiKey, address: String) -> impl IntoView {
    let call = format!("curl {address}/api/v1/me \\\n  -H \"Authorization: Bearer {}\"", key.secret);
    view! {
        <div class="notice notice--good" role="status">
            <h3 class="notice__title">"Here is your key: "{key.key.name.clone()}</h3>
            <p>"Copy it now, to where the program will find it. Samtal keeps only a fingerprint of it and cannot show it again."</p>
            <div class="copy"><code id="secret">{key.secret.clone()}</code></div>
            <figure class="code">
                <figcaption>"Ask whose key this is"</figcaption>
                <pre tabindex="0" role="region" aria-label="Example call with curl"><code>{call}</code></pre>
            </figure>
        </div>
    }
}

#[component]
fn NoKeys(address: String) -> impl IntoView {
    view! {
        <div class="empty">
            <div class="empty__text">
                <h3>"No program has a key yet"</h3>
                <p>"A key lets one program act for this workspace: a till, an import, your own app. You see it once, when you create it; after that only its first characters are kept to tell keys apart."</p>
            </div>
            <figure class="code">
                <figcaption>"Ask for the members of this workspace"</figcaption>
                <pre tabindex="0" role="region" aria-label="Example call with curl"><code>
                    {format!("curl {address}/api/v1/members \\\n  -H ")}<b>"\"Authorization: Bearer $SAMTAL_KEY\""</b>
                </code></pre>
            </figure>
        </div>
    }
}

#[component]
fn KeyTable(keys: Vec<ApiKey>) -> impl IntoView {
    view! {
        <div class="table">
            <table role="table" aria-labelledby="keys">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Name"</th>
                        <th role="columnheader" scope="col">"Created"</th>
                        <th role="columnheader" scope="col">"Last used"</th>
                        <th class="table__end" role="columnheader" scope="col"><span class="visually-hidden">"Action"</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    {keys.into_iter().map(|key| view! { <KeyRow key=key/> }).collect_view()}
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn KeyRow(key: ApiKey) -> impl IntoView {
    let id = key.id.to_string();
    let dialog = format!("revoke-{id}");
    let used = key.last_used_at.map_or_else(|| "Never".to_owned(), |at| at.day());
    let end = match key.revoked_at {
        Some(at) => view! { <span class="badge">"Revoked "{at.day()}</span> }.into_any(),
        None => view! {
                <button
                    class="button button--small"
                    type="button"
                    aria-label=format!("Revoke {}", key.name)
                    command="show-modal"
                    commandfor=dialog.clone()
                >
                    "Revoke"
                </button>
                <dialog class="dialog" id=dialog.clone() aria-labelledby=format!("{dialog}-title") aria-describedby=format!("{dialog}-text")>
                    <div class="dialog__head">
                        <h2 id=format!("{dialog}-title")>"Revoke "{key.name.clone()}"?"</h2>
                        <p id=format!("{dialog}-text")>
                            "Whatever uses the key "<code>{key.prefix.clone()}"…"</code>
                            " is refused from this moment on. This cannot be undone; you can create a new key at any time."
                        </p>
                    </div>
                    <form class="dialog__actions" method="post" action=format!("/dashboard/api-keys/{id}/revoke")>
                        <button class="button" type="button" command="close" commandfor=dialog.clone()>"Keep it"</button>
                        <button class="button button--danger" type="submit">"Revoke "{key.name.clone()}</button>
                    </form>
                </dialog>
            }
            .into_any(),
    };
    view! {
        <tr role="row">
            <th role="rowheader" scope="row">
                <span class="entry"><span>{key.name.clone()}<small><code>{key.prefix.clone()}"…"</code></small></span></span>
            </th>
            <td role="cell" data-label="Created"><time datetime=key.created_at.to_string()>{key.created_at.day()}</time></td>
            <td role="cell" data-label="Last used">{used}</td>
            <td class="table__end" role="cell">{end}</td>
        </tr>
    }
}
