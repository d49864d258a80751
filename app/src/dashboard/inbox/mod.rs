//! The inbox: who has written, who answers, and the conversation that is open.
//!
//! The server renders all of it, and every form works without WASM. With it, forms ask server functions, and a socket brings
//! what is said elsewhere. What the page knows of the open conversation stands in [`Talk`]; messages get there in the order
//! of their numbers and without gaps, whichever way they come.

mod list;
mod talk;
mod thread;
mod way_in;

use super::{LoadError, NotHere};
use crate::api::{ApiError, Asked, conversations};
use crate::live::{Link, Live};
use crate::ui;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};
use model::Problem;
use model::conversation::{Contact, InboxFilter};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use talk::Talk;
pub(super) use way_in::{demo, snippet};

/// The address of the page.
const HERE: &str = "/dashboard/inbox";
/// How soon the list is asked for again when something has changed: once for all that changes meanwhile.
const AGAIN: Duration = Duration::from_millis(300);
/// How often it is asked for again in any case, since what it says of time grows old.
const NOW_AND_THEN: Duration = Duration::from_secs(60);
/// How soon when the server did not answer.
const ONCE_MORE: Duration = Duration::from_secs(5);

/// A message that was not sent. The server puts it into context when it answers the form itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was typed.
    pub text: String,
    /// Why it was not sent.
    pub problem: Option<Problem>,
}

/// Both pages: the list, and the list with a conversation.
#[component]
pub(super) fn Inbox() -> impl IntoView {
    // In the browser the server's outcome comes with the page.
    let given = SharedValue::new(|| use_context::<Outcome>().unwrap_or_default()).into_inner();
    // Not `use_query_map`: it does not hear of another query when the path changes and the route does not.
    let (params, query) = (use_params_map(), use_location().query);
    let id = Memo::new(move |_| params.read().get("conversation"));
    let show = Memo::new(move |_| {
        query.read().get("show").and_then(|name| InboxFilter::from_name(&name)).unwrap_or(InboxFilter::Open)
    });
    let before = Memo::new(move |_| query.read().get("before"));
    let inbox = Asked::about(
        move || show.get().name().to_owned(),
        move |show| {
            let show = InboxFilter::from_name(&show).unwrap_or(InboxFilter::Open);
            conversations::list(show, id.get_untracked())
        },
    );
    let thread = Asked::about(
        move || id.get().map(|id| format!("{id} {}", before.get().unwrap_or_default())).unwrap_or_default(),
        |which| async move {
            match which.split_once(' ') {
                Some((id, before)) => {
                    let before = (!before.is_empty()).then(|| before.to_owned());
                    conversations::get(id.to_owned(), before).await.map(Some)
                }
                None => Ok(None),
            }
        },
    );
    let live = Live::default();
    let talk = Talk::new(live, given);
    let waiting = RwSignal::new(0);
    // What the list was, and whether it could not be renewed.
    let (last, stale) = (StoredValue::new(None), RwSignal::new(false));

    let asked = StoredValue::new(false);
    let changed = move || {
        if asked.try_get_value() == Some(false) {
            asked.set_value(true);
            set_timeout(
                move || {
                    // Unless the page is gone.
                    if asked.try_set_value(false).is_none() {
                        inbox.refetch();
                    }
                },
                AGAIN,
            );
        }
    };
    Effect::new(move |_| {
        live.open(move |frame| match frame.r#type.as_str() {
            "welcome" => {
                talk.follow();
                changed();
            }
            "changed" => changed(),
            _ => talk.hear(frame),
        });
        talk.local.set(true);
        if let Ok(timer) = set_interval_with_handle(move || inbox.refetch(), NOW_AND_THEN) {
            on_cleanup(move || timer.clear());
        }
    });
    on_cleanup(move || live.close());

    let title = move || {
        let waiting = waiting.get();
        let number = if waiting > 0 { format!("({waiting}) ") } else { String::new() };
        let with = talk.conversation.get().map(|c| format!("{} · ", name_of(&c.contact))).unwrap_or_default();
        format!("{number}{with}Inbox · Samtal")
    };
    view! {
        <Title text=title/>
        <h1 class="visually-hidden">"Inbox"</h1>
        <div class="inbox">
            <section class="inbox__list" aria-label="Conversations">
                <header class="inbox__head">
                    <h2>"Inbox"</h2>
                    {list::filters(show, waiting)}
                </header>
                {ui::live(move || connection(live.link(), stale.get()))}
                {ui::renewed(6, move || async move {
                    let answer = inbox.await;
                    let which = show.get_untracked();
                    let kept = last.get_value().filter(|(of, _)| *of == which).map(|(_, list)| list);
                    let found = match (answer, kept) {
                        (Ok(found), _) => {
                            last.set_value(Some((which, found.clone())));
                            stale.set(false);
                            found
                        }
                        // An older list is better than none.
                        (Err(ApiError(problem)), Some(list)) if problem.status >= 500 => {
                            stale.set(true);
                            set_timeout(changed, ONCE_MORE);
                            list
                        }
                        (Err(error), _) => return view! { <LoadError error=error/> }.into_any(),
                    };
                    waiting.set(found.waiting);
                    if let Some(open) = found.open {
                        talk.renew(open);
                    }
                    match found.nobody_yet {
                        Some(widget) => way_in::nobody_yet(widget),
                        None if found.data.is_empty() => list::nothing(which),
                        None => list::entries(found.data, found.now, which, id),
                    }
                })}
            </section>
            {ui::renewed(4, move || async move {
                match thread.await {
                    Ok(Some(found)) => {
                        talk.begin(found);
                        thread::pane(talk, show)
                    }
                    Ok(None) => {
                        talk.end();
                        view! { <p class="inbox__none">"Choose a conversation."</p> }.into_any()
                    }
                    Err(ApiError(problem)) if problem.status == 404 => {
                        talk.end();
                        view! { <section class="thread thread--none"><NotHere/></section> }.into_any()
                    }
                    Err(error) => view! { <section class="thread thread--none"><LoadError error=error/></section> }.into_any(),
                }
            })}
        </div>
    }
}

/// What the contact is called here.
fn name_of(contact: &Contact) -> String {
    contact.name.clone().unwrap_or_else(|| {
        let id = contact.id.to_string();
        format!("Visitor {}", id.get(id.len() - 4..).unwrap_or_default())
    })
}

/// The address of a conversation, or of the list.
fn address(conversation: &str, show: InboxFilter) -> String {
    let slash = if conversation.is_empty() { "" } else { "/" };
    format!("{HERE}{slash}{conversation}?show={}", show.name())
}

/// How the connection is, where that is worth a word.
fn connection(link: Link, stale: bool) -> AnyView {
    match link {
        Link::Idle | Link::Open if stale => {
            view! { <p class="inbox__line" role="status">"The server does not answer. Trying again…"</p> }.into_any()
        }
        Link::Idle | Link::Open => ().into_any(),
        Link::Lost => view! { <p class="inbox__line" role="status">"No connection. Trying again…"</p> }.into_any(),
        Link::SignedOut => view! {
            <p class="inbox__line" role="alert">"You are signed out. "<a href="/login" rel="external">"Sign in"</a></p>
        }
        .into_any(),
    }
}
