//! The inbox: who has written, who answers, and the conversation that is open.
//!
//! The server makes all of it, and every form and link works by itself; where the browser's part arrives, [`desk`] takes over.

mod desk;
mod list;
mod talk;
mod thread;
mod unsent;

use super::{Frame, facts, meetings, nothing, teams};
use crate::say::language;
use crate::shell::{Page, Surface};
use desk::Desk;
use leptos::prelude::*;
use model::conversation::{Contact, InboxFilter, InboxView, Thread};
use model::{MemberId, Problem, TeamId};
use serde::{Deserialize, Serialize};

/// The address of the page.
const HERE: &str = "/dashboard/inbox";
/// What the address asks for, and what is there: all that the page shows. The server makes the page of it, and gives it to
/// the browser as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// Which conversations.
    pub show: InboxFilter,
    /// Where this page of them begins; the first one's beginning if there is none.
    pub after: Option<String>,
    /// The conversations.
    pub list: InboxView,
    /// The conversation that the address names.
    pub thread: Option<Thread>,
    /// Whether it names one that is not there.
    pub missing: bool,
    /// A message that was not sent.
    pub outcome: Outcome,
    /// Where this installation is, as the outside sees it, without a slash at the end.
    pub address: String,
    /// Who looks: what the tab keeps is theirs alone.
    pub me: Option<MemberId>,
    /// Whether they may write.
    pub writes: bool,
}

/// A message that was not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was typed.
    pub text: String,
    /// Why it was not sent.
    pub problem: Option<Problem>,
}

/// Both pages: the list, and the list with a conversation. `to` are the teams to which one may be given; `remembers`: whether there is a page of
/// what is remembered of its contact; `meets`: whether they may begin meetings.
pub fn inbox(frame: &Frame, mut inbox: Inbox, to: Vec<(TeamId, String)>, remembers: bool, meets: bool) -> Page {
    // The browser's part gets it as it was said.
    inbox.outcome.problem = inbox.outcome.problem.map(|problem| problem.said(language()));
    let with = inbox.thread.as_ref().map(|thread| name_of(&thread.conversation.contact));
    let title = title(inbox.missing, inbox.list.waiting, with);
    let giving = (!to.is_empty()).then(|| teams::giving(to));
    let facts = remembers.then(facts::leading);
    let meeting = meets.then(meetings::beginning);
    let some = meeting.is_some() || giving.is_some() || facts.is_some();
    let below = some.then(|| view! { <div class="giving">{meeting}{giving}{facts}</div> });
    let main = view! {
        <h1 class="visually-hidden">{s!("Inbox")}</h1>
        <Desk inbox=inbox/>
        {below}
    };
    Page { island: Some("desk"), ..frame.page(HERE, title, Surface::Inbox, main) }
}

/// What the browser calls the page, before the product's name.
fn title(missing: bool, waiting: u32, with: Option<String>) -> String {
    if missing {
        return nothing();
    }
    let title = match with {
        Some(name) => t!("{name} · Inbox", name),
        None => t!("Inbox"),
    };
    if waiting > 0 { format!("({waiting}) {title}") } else { title }
}

/// What the contact is called here.
pub(super) fn name_of(contact: &Contact) -> String {
    contact.name.clone().unwrap_or_else(|| {
        let id = contact.id.to_string();
        t!("Visitor {id}", id = id.get(id.len() - 4..).unwrap_or_default())
    })
}

/// The address of a conversation, or of the list, on the page that begins after another one.
pub(super) fn address(conversation: &str, show: InboxFilter, after: Option<&str>) -> String {
    let slash = if conversation.is_empty() { "" } else { "/" };
    let page = if after.is_some() { "&after=" } else { "" };
    format!("{HERE}{slash}{conversation}?show={}{page}{}", show.name(), after.unwrap_or_default())
}
