//! A sign-in on its way through the browser: kept in the session, which it opens in the end.

use crate::failure::Failure;
use crate::request::RequestInfo;
use crate::state::App;
use axum::http::{HeaderMap, header};
use axum::response::Redirect;
use identity::IdentityError;
use model::identity::Owed;
use model::{ErrorCode, Problem};
use store::sessions::{Client, SignIn};
use tower_sessions::Session;
use words::text;

/// Where one fulfils what is owed.
const fn page_of(owed: Owed) -> &'static str {
    match owed {
        Owed::Code => "/login/code",
        Owed::Workspace => "/login/workspace",
        Owed::Provider => "/login/provider",
        Owed::Factor => "/login/factor",
    }
}

/// The sign-in that a browser has begun and not finished.
///
/// # Errors
/// When the database does not answer.
pub async fn unfinished(app: &App, session: &Session) -> Result<Option<SignIn>, Failure> {
    match session.id() {
        Some(id) => Ok(app.capabilities.sessions.unfinished(&id).await?),
        None => Ok(None),
    }
}

/// Keeps a sign-in after a step of it, under a new id of the session, and leads to the next one; after the last one the
/// session is open.
///
/// # Errors
/// When the session cannot be stored.
pub async fn carry_on(
    app: &App,
    session: &Session,
    sign_in: &SignIn,
    info: RequestInfo,
    headers: &HeaderMap,
) -> Result<Redirect, Failure> {
    let renewed = async {
        // Whatever session the cookie named is ended, and with it what others may know of it. (`flush` would end it and then
        // use the same id again.)
        if session.id().is_some() {
            session.clear().await;
            session.cycle_id().await?;
        }
        // One with nothing in it is none: there would be no cookie.
        session.insert("signs_in", true).await?;
        session.save().await
    };
    renewed.await.map_err(|e: tower_sessions::session::Error| {
        tracing::error!(error = %e, "session not stored");
        let detail = text!("The database is not answering. Try again in a few seconds.");
        let mut problem = Problem::new(ErrorCode::Unavailable, detail);
        problem.retry_after = Some(5);
        Failure(problem)
    })?;
    // Without an id nothing was stored.
    let Some(id) = session.id() else { return Err(Problem::new(ErrorCode::Internal, text!("Try again.")).into()) };
    let browser = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok());
    let from = Client { device: browser.unwrap_or("unknown"), address: Some(info.address), request: info.id };
    if !app.capabilities.sessions.sign_in(&id, sign_in, from).await? {
        return Err(IdentityError::SignInOver.into());
    }
    let next = sign_in.owed.map_or(sign_in.next.as_str(), |owed| page_of(owed));
    Ok(Redirect::to(next))
}
