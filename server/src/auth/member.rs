//! A person who is signed in, for forms of the dashboard.

use crate::auth::Visitor;
use crate::failure::Failure;
use crate::state::App;
use axum::{extract::FromRequestParts, http::request::Parts};
use model::{ErrorCode, Problem};
use store::{Actor, Caller};

/// The visitor of a form handler in the dashboard, who must be signed in as a person.
#[derive(Debug)]
pub struct Member(pub Caller);

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
