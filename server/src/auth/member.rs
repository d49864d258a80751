//! A person who is signed in, for pages and forms of the dashboard.

use crate::auth::Visitor;
use crate::failure::Failure;
use crate::request::AsJson;
use crate::state::App;
use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use model::{ErrorCode, Problem};
use store::{Actor, Caller};
use words::text;

/// The visitor of a form handler in the dashboard, who must be signed in as a person.
#[derive(Debug)]
pub struct Member(pub Caller);

impl FromRequestParts<App> for Member {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        match parts.extensions.remove::<Visitor>() {
            Some(Visitor(Ok(Some(caller)))) if matches!(caller.actor(), Actor::Member { .. }) => Ok(Self(caller)),
            Some(Visitor(Err(problem))) => Err(Failure(problem)),
            _ => Err(Failure(Problem::new(
                ErrorCode::Unauthenticated,
                text!("Your session has ended. Sign in again; nothing was changed."),
            ))),
        }
    }
}

/// Who looks at a page of the dashboard. Others go to the sign-in page and come back; a program is told so.
#[derive(Debug)]
pub struct Viewer(pub Caller);

impl FromRequestParts<App> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let nobody = matches!(parts.extensions.get::<Visitor>(), Some(Visitor(Ok(None))));
        if !nobody || AsJson::of(&parts.headers).0 {
            let member = Member::from_request_parts(parts, app).await;
            return member.map(|Member(caller)| Self(caller)).map_err(IntoResponse::into_response);
        }
        // Without its query, which may hold what was meant for nobody.
        let path = parts.uri.path();
        // One value of the query, whatever stands in it.
        let next = path.replace('%', "%25").replace('&', "%26").replace('+', "%2B");
        let to = if path == "/dashboard" { "/login".to_owned() } else { format!("/login?next={next}") };
        Err(Redirect::to(&to).into_response())
    }
}
