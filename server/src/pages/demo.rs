//! `GET /demo`: a shop page that carries a widget.

use crate::auth::Visitor;
use crate::config::Environment;
use crate::failure::Failure;
use crate::pages::render::Render;
use crate::request::RequestInfo;
use crate::state::App;
use app::site::demo;
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
};
use model::WidgetId;
use serde::Deserialize;
use store::scope;

/// Whose widget.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Whose {
    widget: Option<String>,
}

/// The page with the widget that the address names; or that of the workspace that the visitor is signed in to; or, in
/// development, that of the workspace that was made first, which is the demo's.
///
/// # Errors
/// A page, when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Visitor(visitor): Visitor,
    Extension(info): Extension<RequestInfo>,
    render: Render,
    whose: Result<Query<Whose>, QueryRejection>,
) -> Result<Response, Failure> {
    let named = whose.ok().and_then(|Query(whose)| whose.widget).and_then(|id| id.parse::<WidgetId>().ok());
    let widget = match (named, visitor) {
        (Some(id), _) => Some(id),
        (None, Ok(Some(caller))) => Some(app.capabilities.conversations.widget(&caller).await?.id),
        (None, _) if app.config.env == Environment::Development => {
            scope::first_widget(&app.capabilities.services, info.id).await?
        }
        (None, _) => None,
    };
    Ok(render.page(StatusCode::OK, || demo(widget)))
}
