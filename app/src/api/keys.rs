//! The keys of a tenant.

use super::ApiError;
use leptos::prelude::*;
use model::identity::{ApiKey, NewApiKey};

/// The keys of the visitor's tenant.
///
/// # Errors
/// `unauthenticated`, or a fault.
#[server(output = super::Json)]
pub async fn list() -> Result<Vec<ApiKey>, ApiError> {
    let page = super::context::page();
    page.respond(page.capabilities.identity.list_api_keys(page.caller()?).await)
}

/// Makes a key; its secret is in the answer and nowhere else.
///
/// # Errors
/// `unauthenticated`, `forbidden`, `invalid` (field `name`), `conflict`, or a fault.
#[server(output = super::Json)]
pub async fn create(
    /// What the key is for.
    name: String,
) -> Result<NewApiKey, ApiError> {
    let page = super::context::page();
    let caller = page.caller()?;
    page.respond(page.capabilities.identity.create_api_key(caller, &name).await)
}

/// Stops a key for good.
///
/// # Errors
/// `unauthenticated`, `forbidden`, `not_found`, or a fault.
#[server(output = super::Json)]
pub async fn revoke(
    /// The key, as the list names it.
    key: String,
) -> Result<(), ApiError> {
    let page = super::context::page();
    let caller = page.caller()?;
    page.respond(page.capabilities.identity.revoke_api_key(caller, page.id(&key)?).await)
}
