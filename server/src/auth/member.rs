//! A person who is signed in, for forms of the dashboard.

use crate::auth::Visitor;
use crate::failure::Failure;
use crate::state::App;
use axum::{
    extract::{FromRequestParts, Request, State},
    http::request::Parts,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use model::{ErrorCode, Problem};
use store::{Actor, Caller};

/// The visitor of a form handler in the dashboard, who must be signed in as a person.
#[derive(Debug)]
pub struct Member(pub Caller);

/// Learns who sends before it is received: on addresses that take files.
pub async fn member_first(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match Member::from_request_parts(&mut parts, &app).await {
        Ok(_) => next.run(Request::from_parts(parts, body)).await,
        Err(failure) => failure.into_response(),
    }
}

impl FromRequestParts<App> for Member {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        match parts.extensions.get::<Visitor>() {
            Some(Visitor(Ok(Some(caller)))) if matches!(caller.actor(), Actor::Member { .. }) => {
                Ok(Self(caller.clone()))
            }
            Some(Visitor(Err(problem))) => Err(Failure(problem.clone())),
            _ => Err(Failure(Problem::new(
                ErrorCode::Unauthenticated,
                "Your session has ended. Sign in again; nothing was changed.",
            ))),
        }
    }
}
