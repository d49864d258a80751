//! The documents of a tenant.

use super::ApiError;
use leptos::prelude::*;
use model::Page;
use model::knowledge::Document;

/// The documents of the visitor's tenant, the newest first.
///
/// # Errors
/// `unauthenticated`, or a fault.
#[server(output = super::Json)]
pub async fn list() -> Result<Page<Document>, ApiError> {
    let page = super::context::page();
    let caller = page.caller()?;
    page.respond(page.capabilities.knowledge.list_documents(caller, Some(model::page::MAX_LIMIT), None).await)
}

/// Reads a document again.
///
/// # Errors
/// `unauthenticated`, `not_found`, or a fault.
#[server(output = super::Json)]
pub async fn reindex(
    /// The document, as the list names it.
    document: String,
) -> Result<(), ApiError> {
    let page = super::context::page();
    let caller = page.caller()?;
    page.respond(page.capabilities.knowledge.reindex_document(caller, page.id(&document)?).await)
}

/// Deletes a document.
///
/// # Errors
/// `unauthenticated`, `not_found`, or a fault.
#[server(output = super::Json)]
pub async fn delete(
    /// The document, as the list names it.
    document: String,
) -> Result<(), ApiError> {
    let page = super::context::page();
    let caller = page.caller()?;
    page.respond(page.capabilities.knowledge.delete_document(caller, page.id(&document)?).await)
}

/// What the documents say to a question.
///
/// # Errors
/// `unauthenticated`, `invalid` (field `question`), or a fault.
#[server(output = super::Json)]
pub async fn ask(
    /// The question.
    question: String,
) -> Result<model::knowledge::Answer, ApiError> {
    let page = super::context::page();
    let caller = page.caller()?;
    page.respond(page.capabilities.assistant.answer(caller, &question).await)
}
