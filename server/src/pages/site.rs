//! The front page, the ways in, and the small files that browsers ask for by name.

use crate::auth::Visitor;
use crate::failure::Failure;
use crate::pages::preferences::came_from;
use crate::pages::render::Render;
use crate::pages::sign_in::{inside, within};
use crate::state::App;
use app::auth::{FormState, sign_in, sign_up};
use app::site::landing;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

/// The landing page. It is there also when nobody can tell who looks at it.
pub async fn page(State(app): State<App>, Visitor(visitor): Visitor, render: Render) -> Response {
    let session = match visitor {
        Ok(Some(caller)) => {
            let session = app.capabilities.identity.current_session(&caller).await;
            session.map_err(Failure::from).ok().flatten()
        }
        _ => None,
    };
    render.page(StatusCode::OK, || landing(session))
}

/// Where somebody wants to go after signing in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Next {
    next: String,
    /// What has just been done, to be said on the page.
    done: String,
}

/// Sign-in; who is signed in already goes on to the dashboard. Who followed a link from a page where the session had ended comes back to it.
pub async fn login(
    Visitor(visitor): Visitor,
    render: Render,
    headers: HeaderMap,
    next: Result<Query<Next>, QueryRejection>,
) -> Response {
    let Next { next, done } = next.map(|Query(next)| next).unwrap_or_default();
    let next = match came_from(&headers) {
        // Without its query, which may hold what was meant for nobody.
        Some(page) if next.is_empty() => page.as_str().split('?').next().and_then(within).unwrap_or_default(),
        _ if next.is_empty() => next,
        _ => inside(&next),
    };
    if let Ok(Some(_)) = visitor {
        return Redirect::to(if next.is_empty() { "/dashboard" } else { &next }).into_response();
    }
    let state = FormState::new([("next", &next), ("done", &done)]).offering(render.offered());
    render.page(StatusCode::OK, || sign_in(state))
}

/// Sign-up; who is signed in already goes on to the dashboard.
pub async fn signup(Visitor(visitor): Visitor, render: Render) -> Response {
    match visitor {
        Ok(Some(_)) => Redirect::to("/dashboard").into_response(),
        _ => render.page(StatusCode::OK, || sign_up(FormState::default().offering(render.offered()))),
    }
}

/// Search engines may see the landing page; the rest is nobody's business.
pub async fn robots() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], "User-agent: *\nAllow: /$\nDisallow: /\n").into_response()
}

/// Browsers ask for this name whatever the page says.
pub async fn favicon(State(app): State<App>) -> Response {
    match app.assets.file("favicon.svg").and_then(|path| HeaderValue::from_str(path).ok()) {
        Some(path) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, path)]).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
