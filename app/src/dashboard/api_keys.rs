//! The keys of the workspace: make one, see it once, stop it.
//!
//! Both forms work without WASM: the server answers them with this page again. With it, they ask the server function
//! and the page stays.

use super::{Given, LoadError};
use crate::api::{ApiError, Asked, keys};
use crate::ui::{Field, FormNotice, Icon, Shape, Title, live, renewed};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use model::Problem;
use model::identity::{ApiKey, NewApiKey};
use serde::{Deserialize, Serialize};
use web_sys::{HtmlInputElement, wasm_bindgen::JsCast as _};

const FIELDS: &[(&str, &str)] = &[("name", "What the key is for")];

/// What came of the form for a new key. The server puts it into context when it answers the form itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
#[component]
pub(super) fn ApiKeys() -> impl IntoView {
    view! {
        <Title text="API keys · Samtal"/>
        <header class="page__head"><h1>"API keys"</h1><p>"Each key lets one program act for this workspace."</p></header>
        <KeySection keys=key_list()/>
    }
}

/// The keys of the workspace, from the server.
pub(super) type KeyList = Asked<Vec<ApiKey>>;

/// Asks for the keys. Once a page.
pub(super) fn key_list() -> KeyList {
    Asked::new(keys::list)
}

/// The form and the list, wherever they stand.
#[component]
pub(super) fn KeySection(keys: KeyList) -> impl IntoView {
    // In the browser the server's outcome comes with the page.
    let given = SharedValue::new(|| use_context::<Outcome>().unwrap_or_default()).into_inner();
    let outcome = RwSignal::new(given);
    let form = NodeRef::<leptos::html::Form>::new();
    let create = Action::new(move |name: &String| {
        let name = name.clone();
        async move {
            let result = keys::create(name.clone()).await;
            outcome.set(match result {
                Ok(key) => {
                    if let Some(field) = field(&form) {
                        field.set_value("");
                    }
                    Outcome::Created(key)
                }
                Err(ApiError(problem)) => Outcome::Refused { problem, name },
            });
            keys.refetch();
        }
    });
    let revoke = Action::new(move |key: &String| {
        let key = key.clone();
        async move {
            let result = keys::revoke(key).await;
            if let Err(ApiError(problem)) = result {
                outcome.set(Outcome::Refused { problem, name: String::new() });
            }
            keys.refetch();
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(field) = field(&form) {
            create.dispatch(field.value());
        }
    };
    view! {
        <section class="section" aria-labelledby="keys">
            <div class="section__head">
                <div class="section__text">
                    <h2 id="keys">"Keys"</h2>
                    <p>"Give every program its own, so that you can take one away without touching the others."</p>
                </div>
            </div>
            {live(move || match outcome.get() {
                Outcome::Nothing => ().into_any(),
                Outcome::Created(key) => view! { <Once key=key/> }.into_any(),
                Outcome::Refused { problem, .. } => view! { <FormNotice problem=problem fields=FIELDS/> }.into_any(),
            })}
            <form class="form form--inline" method="post" action="/dashboard/api-keys" node_ref=form on:submit=submit>
                {live(move || {
                    let (value, error) = match outcome.get() {
                        Outcome::Refused { problem, name } => (name, problem.field("name").map(str::to_owned)),
                        _ => (String::new(), None),
                    };
                    view! { <Field name="name" label="What the key is for" autocomplete="off" maxlength=60 value=value error=error/> }.into_any()
                })}
                <button class="button button--primary" type="submit" disabled=move || create.pending().get()>
                    <Icon shape=Shape::Plus/>"Create key"
                </button>
            </form>
            {renewed(3, move || async move {
                match keys.await {
                    Ok(list) if list.is_empty() => view! { <NoKeys/> }.into_any(),
                    Ok(list) => view! { <KeyTable keys=list revoke=revoke/> }.into_any(),
                    Err(error) => view! { <LoadError error=error/> }.into_any(),
                }
            })}
        </section>
    }
}

/// The form's one field.
fn field(form: &NodeRef<leptos::html::Form>) -> Option<HtmlInputElement> {
    form.get_untracked()?.query_selector("input[name=name]").ok()??.dyn_into().ok()
}

/// The secret, this once.
#[component]
fn Once(key: NewApiKey) -> impl IntoView {
    let Given { address, .. } = expect_context();
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
fn NoKeys() -> impl IntoView {
    let Given { address, .. } = expect_context();
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
fn KeyTable(keys: Vec<ApiKey>, revoke: Action<String, ()>) -> impl IntoView {
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
                    {keys.into_iter().map(|key| view! { <KeyRow key=key revoke=revoke/> }).collect_view()}
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn KeyRow(key: ApiKey, revoke: Action<String, ()>) -> impl IntoView {
    let id = key.id.to_string();
    let dialog = format!("revoke-{id}");
    let used = key.last_used_at.map_or_else(|| "Never".to_owned(), |at| at.day());
    let end = match key.revoked_at {
        Some(at) => view! { <span class="badge">"Revoked "{at.day()}</span> }.into_any(),
        None => {
            let submit = {
                let id = id.clone();
                move |event: SubmitEvent| {
                    event.prevent_default();
                    revoke.dispatch(id.clone());
                }
            };
            view! {
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
                    <form class="dialog__actions" method="post" action=format!("/dashboard/api-keys/{id}/revoke") on:submit=submit>
                        <button class="button" type="button" command="close" commandfor=dialog.clone()>"Keep it"</button>
                        <button class="button button--danger" type="submit">"Revoke "{key.name.clone()}</button>
                    </form>
                </dialog>
            }
            .into_any()
        }
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
