//! The inbox of a tenant.

use super::ApiError;
use leptos::prelude::*;
use model::conversation::{Conversation, InboxFilter, InboxView, Message, Step, Thread, WidgetInstall};

/// What the inbox shows.
///
/// # Errors
/// `unauthenticated`, `invalid` (field `after`), or a fault.
#[server(output = super::Json)]
pub async fn list(
    /// Which conversations.
    show: InboxFilter,
    /// Where the page begins; the first one's beginning if there is none.
    after: Option<String>,
    /// The one that the page has open.
    conversation: Option<String>,
) -> Result<InboxView, ApiError> {
    let page = super::context::page();
    let caller = page.caller()?;
    // One that is none is left out like one that is not there.
    let open = conversation.and_then(|id| id.parse().ok());
    page.respond(page.capabilities.conversations.inbox(caller, show, after.as_deref(), open).await)
}

/// One conversation with a page of its messages.
///
/// # Errors
/// `unauthenticated`, `not_found`, `invalid` (field `before`), or a fault.
#[server(output = super::Json)]
pub async fn get(
    /// The conversation, as the inbox names it.
    conversation: String,
    /// Messages before this one; the latest if there is none.
    before: Option<String>,
) -> Result<Thread, ApiError> {
    let page = super::context::page();
    let caller = page.caller()?;
    page.respond(page.capabilities.conversations.thread(caller, page.id(&conversation)?, before.as_deref()).await)
}

/// Says something to a contact.
///
/// # Errors
/// `unauthenticated`, `not_found`, `invalid` (fields `text`, `client_id`), `conflict`, or a fault.
#[server(output = super::Json)]
pub async fn say(
    /// The conversation, as the inbox names it.
    conversation: String,
    /// The words.
    text: String,
    /// Sent twice with the same, the words are there once.
    client_id: String,
) -> Result<Message, ApiError> {
    let page = super::context::page();
    let new = conversations::NewMessage { text, client_id };
    page.respond(page.capabilities.conversations.reply(page.caller()?, page.id(&conversation)?, &new).await)
        .map(|(message, _)| message)
}

/// Takes over, hands back, resolves.
///
/// # Errors
/// `unauthenticated`, `not_found`, or a fault.
#[server(output = super::Json)]
pub async fn handle(
    /// The conversation, as the inbox names it.
    conversation: String,
    /// What to do.
    step: Step,
) -> Result<Conversation, ApiError> {
    let page = super::context::page();
    let caller = page.caller()?;
    page.respond(page.capabilities.conversations.handle(caller, page.id(&conversation)?, step).await)
}

/// The way in from the company's own pages.
///
/// # Errors
/// `unauthenticated`, or a fault.
#[server(output = super::Json)]
pub async fn install_snippet() -> Result<WidgetInstall, ApiError> {
    let page = super::context::page();
    let caller = page.caller()?;
    page.respond(page.capabilities.conversations.install_snippet(caller).await)
}
