//! `POST /preferences/theme`: light, dark, or what the system says.

use crate::failure::Failure;
use crate::pages::{render::THEME_COOKIE, unreadable};
use crate::request::RelativePath;
use crate::state::App;
use app::shell::Theme;
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

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
    let theme = Theme::from_name(&fields.theme);
    let age = if theme == Theme::System { 0 } else { 31_536_000 };
    let secure = if app.config.secure() { "; Secure" } else { "" };
    let cookie = format!("{THEME_COOKIE}={}; Path=/; Max-Age={age}; SameSite=Lax; HttpOnly{secure}", theme.name());
    let mut response = Redirect::to(&back(&headers)).into_response();
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// The path of the page that the form was on; the home page if that cannot be told.
fn back(headers: &HeaderMap) -> String {
    let referer = headers.get(header::REFERER).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let path = referer.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
    path.and_then(RelativePath::parse).map_or_else(|| "/".to_owned(), |p| p.as_str().to_owned())
}
