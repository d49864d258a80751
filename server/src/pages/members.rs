//! `GET /dashboard/members`: the people of the workspace.

use crate::auth::Viewer;
use crate::failure::Failure;
use crate::pages::render::Render;
use crate::state::App;
use app::dashboard::members::members;
use axum::{extract::State, http::StatusCode, response::Response};

/// The page.
///
/// # Errors
/// A page, when the database does not answer.
pub async fn page(State(app): State<App>, Viewer(caller): Viewer, render: Render) -> Result<Response, Failure> {
    let people = app.capabilities.identity.list_members(&caller, &Default::default()).await?.data;
    render.dashboard(&caller, StatusCode::OK, |frame| members(frame, people)).await
}
