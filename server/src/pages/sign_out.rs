//! `POST /logout`.

use crate::auth::device;
use crate::failure::Failure;
use crate::pages::render::keep;
use crate::request::SPOKEN_COOKIE;
use crate::state::App;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use model::{ErrorCode, Problem};
use tower_sessions::Session;
use words::text;

/// Ends the session, here and in the database. Without one it does the same.
///
/// # Errors
/// When the session could not be ended: then it says so, instead of pretending.
pub async fn submit(State(app): State<App>, session: Session) -> Result<Response, Failure> {
    session.flush().await.map_err(|e| {
        tracing::error!(error = %e, "session not ended");
        let mut problem = Problem::new(
            ErrorCode::Unavailable,
            text!("You are still signed in: the database is not answering. Try again in a few seconds."),
        );
        problem.retry_after = Some(5);
        Failure(problem)
    })?;
    let mut response = Redirect::to("/").into_response();
    keep(&mut response, SPOKEN_COOKIE, None, app.config.secure());
    // What somebody has begun in this browser is over as well.
    device::SIGN_ON.keep(&mut response, None, app.config.secure());
    Ok(response)
}
