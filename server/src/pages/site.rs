//! Pages without WASM, and the small files that browsers ask for by name.

use crate::auth::Visitor;
use crate::pages::render::render_plain;
use crate::state::App;
use app::shell::site;
use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};

/// The landing page, and the others of the site.
pub async fn page(State(app): State<App>, request: Request) -> Response {
    render_plain(&app, request, StatusCode::OK, (), site).await
}

/// Sign-in and sign-up; who is signed in already goes on to the dashboard.
pub async fn entrance(
    State(app): State<App>,
    Extension(Visitor(visitor)): Extension<Visitor>,
    request: Request,
) -> Response {
    match visitor {
        Ok(Some(_)) => Redirect::to("/dashboard").into_response(),
        _ => render_plain(&app, request, StatusCode::OK, (), site).await,
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
