//! What a contact has said of themself, and the assistant remembers. Plain forms, answered with this page.

use super::Frame;
use super::inbox::name_of;
use crate::say::say;
use crate::shell::{Page, Surface};
use leptos::prelude::*;
use model::conversation::{ContactFact, Conversation};
use model::{ConversationId, Timestamp};

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Whose it is.
    pub conversation: Conversation,
    /// What is remembered, the latest first.
    pub facts: Vec<ContactFact>,
    /// Whether the workspace wants that.
    pub remembers: bool,
    /// Whether who looks may delete it.
    pub writes: bool,
    /// Whether something was deleted just now.
    pub forgotten: bool,
    /// When it is.
    pub now: Timestamp,
}

/// The page.
pub fn facts(frame: &Frame, shown: Shown) -> Page {
    let Shown { conversation, facts, remembers, writes, forgotten, now } = shown;
    let (id, name) = (conversation.id, name_of(&conversation.contact));
    let title = t!("Remembered of {name}", name = name.clone());
    let heading = title.clone();
    let done = forgotten.then(|| view! { <p class="notice notice--good" role="status">{t!("It is forgotten.")}</p> });
    let all = (writes && !facts.is_empty()).then(|| all(id));
    let list = match (remembers, facts.is_empty()) {
        (false, _) => view! {
            <p>
                {rich!(
                    "This workspace does not remember what contacts say of themselves. The {settings} say so.",
                    settings = view! { <a href="/dashboard/settings">{t!("settings")}</a> },
                )}
            </p>
        }
        .into_any(),
        (true, true) => view! { <p>{t!("Nothing is remembered.")}</p> }.into_any(),
        (true, false) => {
            let rows = facts.into_iter().map(|fact| row(id, fact, writes, now)).collect_view();
            view! { <ul class="people" role="list">{rows}</ul> }.into_any()
        }
    };
    let main = view! {
        <header class="page__head">
            <h1>{heading}</h1>
            <p>{t!("What they have said of themselves, in words of theirs. It is sent to your models with their next questions, and forgotten after a year.")}</p>
        </header>
        {done}
        <section class="section" aria-label=t!("What is remembered")>
            {list}
            <div class="actions">
                <a class="button" href=format!("/dashboard/inbox/{id}")>{t!("Back to the conversation")}</a>
                {all}
            </div>
        </section>
    };
    frame.page("/dashboard/inbox", title, Surface::Dashboard, main)
}

fn row(id: ConversationId, fact: ContactFact, writes: bool, now: Timestamp) -> AnyView {
    let ContactFact { id: fact_id, text, conversation_id, seq, created_at } = fact;
    let place = t!("message {seq}", seq = seq);
    let from = view! { <a href=format!("/dashboard/inbox/{conversation_id}")>{place}</a> };
    let when = view! { <time datetime=created_at.to_string()>{say(&created_at.ago(now))}</time> };
    let label = t!("Forget {fact}", fact = text.clone());
    let button = writes.then(|| {
        view! {
            <form method="post" action=format!("/dashboard/inbox/{id}/facts")>
                <input type="hidden" name="fact" value=fact_id.to_string()/>
                <button class="button button--small" type="submit" aria-label=label>{t!("Forget")}</button>
            </form>
        }
    });
    view! { <li><span>{rich!("{fact} ({message}, {when})", fact = text, message = from, when = when)}</span>{button}</li> }
        .into_any()
}

fn all(id: ConversationId) -> AnyView {
    view! {
        <form method="post" action=format!("/dashboard/inbox/{id}/facts")>
            <input type="hidden" name="fact" value="all"/>
            <button class="button button--danger" type="submit">{t!("Forget all of it")}</button>
        </form>
    }
    .into_any()
}

/// Below a conversation: the way to this page. Without an `action` the form goes to the address of the page, which names the conversation that is
/// open, also where the browser's part has opened another one since; the server leads on from there.
pub(super) fn leading() -> AnyView {
    view! {
        <form method="get">
            <button class="button button--small" type="submit" name="facts" value="1">{t!("What is remembered")}</button>
        </form>
    }
    .into_any()
}
