//! Who is signed in.

use super::ApiError;
use leptos::prelude::*;
use model::identity::CurrentSession;

/// The visitor's session; `None` when nobody is signed in.
///
/// # Errors
/// When the server cannot find out.
#[server(output = super::Json)]
pub async fn current() -> Result<Option<CurrentSession>, ApiError> {
    let page = super::context::page();
    match &page.visitor {
        Ok(None) => Ok(None),
        _ => page.respond(page.capabilities.identity.current_session(page.caller()?).await),
    }
}
