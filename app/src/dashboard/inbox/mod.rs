//! The inbox: who has written, who answers, and the conversation that is open.
//!
//! The server renders all of it, and every form works without WASM. With it, forms ask server functions, and a socket brings
//! what is said elsewhere. What the page knows of the open conversation stands in [`Talk`]; messages get there in the order
//! of their numbers and without gaps, whichever way they come.

mod list;
mod talk;
mod thread;
mod unsent;
mod way_in;

use super::{LoadError, NOTHING, NothingHere};
use crate::api::{ApiError, Asked, conversations};
use crate::live::{Link, Live};
use crate::ui::{self, Title};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_location, use_params_map};
use list::List;
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
    let after = Memo::new(move |_| {
        // It goes back into addresses.
        let plain = |after: &String| after.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        query.read().get("after").filter(plain)
    });
    let before = Memo::new(move |_| query.read().get("before"));
    let inbox = Asked::about(
        move || address("", show.get(), after.get().as_deref()),
        move |_| conversations::list(show.get_untracked(), after.get_untracked(), id.get_untracked()),
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
    let list = List::new();
    let desk = Desk { list, talk, show, after, id, stale: RwSignal::new(false), asked: StoredValue::new(false) };
    Effect::new(move |_| {
        live.open(move |frame| match frame.r#type.as_str() {
            "welcome" => {
                talk.follow();
                desk.soon(AGAIN);
            }
            "changed" => desk.soon(AGAIN),
            _ => talk.hear(frame),
        });
        unsent::read();
        talk.settle();
        talk.local.set(true);
        if let Ok(timer) = set_interval_with_handle(move || desk.renew(), NOW_AND_THEN) {
            on_cleanup(move || timer.clear());
        }
    });
    on_cleanup(move || live.close());

    // Whether there is no such conversation.
    let missing = RwSignal::new(false);
    let title = move || {
        if missing.get() {
            return format!("{NOTHING} · Samtal");
        }
        let waiting = list.waiting.get();
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
                    {list::filters(show, list.waiting)}
                </header>
                {ui::live(move || connection(live.link(), desk.stale.get()))}
                {ui::renewed(6, move || async move {
                    match inbox.await {
                        Ok(found) => {
                            list.begin(found);
                            list.view(show.get_untracked(), after.get_untracked(), id, move || desk.renew())
                        }
                        Err(error) => view! { <LoadError error=error/> }.into_any(),
                    }
                })}
            </section>
            {ui::renewed(4, move || async move {
                match thread.await {
                    Ok(Some(found)) => {
                        missing.set(false);
                        talk.begin(found);
                        thread::pane(talk, show, after)
                    }
                    Ok(None) => {
                        missing.set(false);
                        talk.end();
                        view! { <p class="inbox__none">"Choose a conversation."</p> }.into_any()
                    }
                    Err(ApiError(problem)) if problem.status == 404 => {
                        talk.end();
                        missing.set(true);
                        view! { <section class="thread thread--none"><NothingHere/></section> }.into_any()
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

/// The address of a conversation, or of the list, on the page that begins after another one.
fn address(conversation: &str, show: InboxFilter, after: Option<&str>) -> String {
    let slash = if conversation.is_empty() { "" } else { "/" };
    let page = if after.is_some() { "&after=" } else { "" };
    format!("{HERE}{slash}{conversation}?show={}{page}{}", show.name(), after.unwrap_or_default())
}

/// What keeps the list as it is on the server.
#[derive(Clone, Copy)]
struct Desk {
    list: List,
    talk: Talk,
    show: Memo<InboxFilter>,
    after: Memo<Option<String>>,
    /// The open conversation.
    id: Memo<Option<String>>,
    /// Whether the list could not be renewed.
    stale: RwSignal<bool>,
    /// Whether it will be asked for in a moment.
    asked: StoredValue<bool>,
}

impl Desk {
    /// Asks for the list in a moment, once for all that want it meanwhile.
    fn soon(self, wait: Duration) {
        if self.asked.try_get_value() == Some(false) {
            self.asked.set_value(true);
            let ask = move || {
                // Unless the page is gone.
                if self.asked.try_set_value(false).is_none() {
                    self.renew();
                }
            };
            set_timeout(ask, wait);
        }
    }

    /// Asks for the list.
    fn renew(self) {
        let (Some(show), Some(after)) = (self.show.try_get_untracked(), self.after.try_get_untracked()) else { return };
        let open = self.id.try_get_untracked().flatten();
        spawn_local(async move {
            let answer = conversations::list(show, after.clone(), open).await;
            // Unless the page is gone, or shows others.
            if self.show.try_get_untracked() != Some(show) || self.after.try_get_untracked() != Some(after) {
                return;
            }
            match answer {
                Ok(mut found) => {
                    self.stale.set(false);
                    if let Some(open) = found.open.take() {
                        self.talk.renew(open);
                    }
                    self.list.renew(found);
                }
                // An older list is better than none.
                Err(ApiError(problem)) if problem.status >= 500 => {
                    self.stale.set(true);
                    self.soon(ONCE_MORE);
                }
                Err(_) => {}
            }
        });
    }
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
