//! `/dashboard/api-keys`: the keys of the workspace, and the forms that make and stop them.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{render::Render, unreadable};
use crate::request::PathId;
use crate::state::App;
use app::dashboard::api_keys::{Outcome, api_keys};
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use model::{ApiKeyId, ErrorCode};
use serde::Deserialize;
use store::Caller;

/// The page.
///
/// # Errors
/// A page, when the database does not answer.
pub async fn page(State(app): State<App>, Viewer(caller): Viewer, render: Render) -> Result<Response, Failure> {
    show(&app, &caller, &render, StatusCode::OK, Outcome::Nothing).await
}

async fn show(
    app: &App,
    caller: &Caller,
    render: &Render,
    status: StatusCode,
    outcome: Outcome,
) -> Result<Response, Failure> {
    let keys = app.capabilities.identity.list_api_keys(caller).await?;
    render.dashboard(caller, status, |frame| api_keys(frame, keys, outcome)).await
}

/// The form for a new key.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct NewKey {
    name: String,
}

/// Makes a key and shows its secret, this once.
///
/// # Errors
/// A page, when nobody is signed in or the fault is ours.
pub async fn create(
    State(app): State<App>,
    Member(caller): Member,
    render: Render,
    form: Result<Form<NewKey>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(NewKey { name }) = form.map_err(unreadable)?;
    let (status, outcome) = match app.capabilities.identity.create_api_key(&caller, &name).await {
        Ok(key) => (StatusCode::OK, Outcome::Created(key)),
        Err(error) => {
            let failure = Failure::from(error);
            if !matches!(failure.0.code, ErrorCode::Invalid | ErrorCode::Conflict) {
                return Err(failure);
            }
            (failure.status(), Outcome::Refused { problem: failure.0, name })
        }
    };
    show(&app, &caller, &render, status, outcome).await
}

/// Stops a key for good.
///
/// # Errors
/// A page, when nobody is signed in, there is no such key, or the fault is ours.
pub async fn revoke(
    State(app): State<App>,
    Member(caller): Member,
    PathId(key): PathId<ApiKeyId>,
) -> Result<Response, Failure> {
    app.capabilities.identity.revoke_api_key(&caller, key).await?;
    Ok(Redirect::to("/dashboard/api-keys").into_response())
}
