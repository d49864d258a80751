//! `POST /preferences/theme`: light, dark, or what the system says. `POST /preferences/language`: one of those that there are, or
//! what the browser asks for.

use crate::auth::Viewer;
use crate::failure::Failure;
use crate::pages::render::{THEME_COOKIE, keep, keep_language};
use crate::pages::unreadable;
use crate::request::RelativePath;
use crate::state::App;
use app::shell::Theme;
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use words::Language;

/// The form.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Fields {
    theme: String,
}

/// Keeps the choice in a cookie for a year and goes back to where the visitor was.
///
/// # Errors
/// A body that is not a form.
pub async fn theme(
    State(app): State<App>,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let theme = Some(Theme::from_name(&fields.theme)).filter(|theme| *theme != Theme::System);
    let mut response = Redirect::to(came_from(&headers).as_ref().map_or("/", RelativePath::as_str)).into_response();
    keep(&mut response, THEME_COOKIE, theme.map(Theme::name), app.config.secure());
    Ok(response)
}

/// The form.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Spoken {
    language: String,
}

/// Keeps the choice in the browser and, of who is signed in, with what is known of them; goes back to where the visitor was.
///
/// # Errors
/// A body that is not a form, or the database's.
pub async fn language(
    State(app): State<App>,
    viewer: Result<Viewer, Response>,
    headers: HeaderMap,
    form: Result<Form<Spoken>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let language = Language::offered(&fields.language);
    match viewer {
        Ok(Viewer(caller)) => app.capabilities.identity.choose_language(&caller, language).await?,
        Err(refused) if refused.status().is_server_error() => return Ok(refused),
        // Nobody is signed in.
        Err(_) => {}
    }
    let mut response = Redirect::to(came_from(&headers).as_ref().map_or("/", RelativePath::as_str)).into_response();
    keep_language(&mut response, language, app.config.secure());
    Ok(response)
}

/// The path of the page that one came from, if that can be told.
pub(super) fn came_from(headers: &HeaderMap) -> Option<RelativePath> {
    let referer = headers.get(header::REFERER).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let path = referer.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
    path.and_then(RelativePath::parse)
}
