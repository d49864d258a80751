//! `POST /logout`.

use crate::access::Visitor;
use crate::boot::App;
use crate::errors::Failure;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, extract::State};
use conversations::live::Revoked;
use model::{ErrorCode, Problem};
use store::Actor;
use tower_sessions::Session;

/// Ends the session, here and in the database. Without one it does the same.
///
/// # Errors
/// When the session could not be ended: then it says so, instead of pretending.
pub async fn submit(
    State(app): State<App>,
    Extension(Visitor(visitor)): Extension<Visitor>,
    session: Session,
) -> Result<Response, Failure> {
    session.flush().await.map_err(|e| {
        tracing::error!(error = %e, "session not ended");
        let mut problem = Problem::new(
            ErrorCode::Unavailable,
            "You are still signed in: the database is not answering. Try again in a few seconds.",
        );
        problem.retry_after = Some(5);
        Failure(problem)
    })?;
    // The pages that are still open hear of it.
    if let Ok(Some(caller)) = visitor
        && let Actor::Member { member, .. } = caller.actor()
    {
        app.conversations().live().revoked(caller.scope().tenant(), Revoked::Member(member));
    }
    Ok(Redirect::to("/").into_response())
}
