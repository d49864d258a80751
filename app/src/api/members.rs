//! The people of a tenant.

use super::ApiError;
use leptos::prelude::*;
use model::Page;
use model::identity::Member;

/// The first members of the visitor's tenant.
///
/// # Errors
/// `unauthenticated`, or a fault.
#[server(output = super::Json)]
pub async fn list() -> Result<Page<Member>, ApiError> {
    let page = super::context::page();
    page.respond(page.capabilities.identity.list_members(page.caller()?, &Default::default()).await)
}
