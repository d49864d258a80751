//! `/dashboard/api-keys`: the keys of the workspace, and the forms that make and stop them.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{Done, render::Render, unreadable};
use crate::request::PathId;
use crate::state::App;
use app::dashboard::api_keys::{Outcome, api_keys};
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use identity::{IdentityError, KeyWishes, Overlap};
use model::identity::NewApiKey;
use model::permission::{API_KEY, Permissions};
use model::{ApiKeyId, ErrorCode};
use serde::Deserialize;
use std::collections::HashMap;
use store::Caller;
use store::services::timestamp;
use time::Duration;
use words::text;

/// The page.
///
/// # Errors
/// A page, when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Viewer(caller): Viewer,
    render: Render,
    Done(done): Done,
) -> Result<Response, Failure> {
    let outcome = if done == "revoked" { Outcome::Revoked } else { Outcome::Nothing };
    show(&app, &caller, &render, StatusCode::OK, outcome).await
}

async fn show(
    app: &App,
    caller: &Caller,
    render: &Render,
    status: StatusCode,
    outcome: Outcome,
) -> Result<Response, Failure> {
    let keys = app.capabilities.identity.list_api_keys(caller).await?;
    let now = timestamp(app.capabilities.services.now());
    render.dashboard(caller, status, |frame| api_keys(frame, keys, now, outcome)).await
}

/// The form for a new key. What it may do are fields of these names.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct NewKey {
    name: String,
    days: String,
    /// Whether it was chosen what the key may do.
    chosen: String,
    /// Whether it signs requests.
    signs: String,
    #[serde(flatten)]
    scopes: HashMap<String, String>,
}

impl NewKey {
    fn scopes(&self) -> Permissions {
        if self.chosen.is_empty() { API_KEY } else { Permissions::named(self.scopes.keys().map(String::as_str)) }
    }

    /// For how long. As many days as the form has, or a number in between.
    fn lasts(&self) -> Result<Option<Duration>, IdentityError> {
        if self.days.is_empty() {
            return Ok(None);
        }
        let days = self.days.parse().ok().filter(|days| (1..=3650).contains(days));
        let days = days.ok_or_else(|| IdentityError::field("days", text!("Choose for how long the key works.")))?;
        Ok(Some(Duration::days(days)))
    }
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
    let Form(new) = form.map_err(unreadable)?;
    let (scopes, signs) = (new.scopes(), !new.signs.is_empty());
    let made = match new.lasts() {
        Ok(lasts) => {
            let wishes = KeyWishes { name: &new.name, scopes, lasts, signs };
            app.capabilities.identity.create_api_key(&caller, wishes).await
        }
        Err(error) => Err(error),
    };
    once(&app, &caller, &render, made, (new.name, scopes, new.days, signs)).await
}

/// Shows a key that was made, or why none was.
async fn once(
    app: &App,
    caller: &Caller,
    render: &Render,
    made: Result<NewApiKey, IdentityError>,
    (name, scopes, days, signs): (String, Permissions, String, bool),
) -> Result<Response, Failure> {
    let (status, outcome) = match made {
        Ok(key) => (StatusCode::OK, Outcome::Created(key)),
        Err(error) => {
            let failure = Failure::from(error);
            if !matches!(failure.0.code, ErrorCode::Invalid | ErrorCode::Conflict) {
                return Err(failure);
            }
            (failure.status(), Outcome::Refused { problem: failure.0, name, scopes, days, signs })
        }
    };
    show(app, caller, render, status, outcome).await
}

/// How long the one that is replaced goes on.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Replaced {
    overlap: String,
}

/// Puts another key in the place of one, and shows its secret, this once.
///
/// # Errors
/// A page, when nobody is signed in, there is no such key, or the fault is ours.
pub async fn rotate(
    State(app): State<App>,
    Member(caller): Member,
    PathId(key): PathId<ApiKeyId>,
    render: Render,
    form: Result<Form<Replaced>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Replaced { overlap }) = form.map_err(unreadable)?;
    let overlap = match overlap.as_str() {
        "none" => Overlap::None,
        "week" => Overlap::Week,
        _ => Overlap::Day,
    };
    let made = app.capabilities.identity.rotate_api_key(&caller, key, overlap).await;
    once(&app, &caller, &render, made, (String::new(), API_KEY, String::new(), false)).await
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
    Ok(Redirect::to("/dashboard/api-keys?done=revoked").into_response())
}
