//! Pages of the dashboard, and its forms for browsers in which WASM has not arrived.

use crate::access::{Member, Visitor};
use crate::boot::App;
use crate::errors::Failure;
use crate::leptos::render_with;
use crate::telemetry::RequestInfo;
use app::dashboard::api_keys::Outcome;
use app::shell::dashboard;
use axum::{
    Extension, Form,
    body::Body,
    extract::{Path, Request, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use model::ErrorCode;
use serde::Deserialize;

/// A page, for who is signed in; others go to the sign-in page and come back.
///
/// # Errors
/// A page, when nobody can tell who asks.
pub async fn page(
    State(app): State<App>,
    Extension(Visitor(visitor)): Extension<Visitor>,
    request: Request,
) -> Result<Response, Failure> {
    match visitor {
        Ok(Some(_)) => Ok(render_with(&app, request, StatusCode::OK, (), dashboard).await),
        Ok(None) => {
            let path = request.uri().path();
            let to = if path == "/dashboard" { "/login".to_owned() } else { format!("/login?next={path}") };
            Ok(Redirect::to(&to).into_response())
        }
        Err(problem) => Err(Failure(problem)),
    }
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
pub async fn create_key(
    State(app): State<App>,
    Member(caller): Member,
    Extension(info): Extension<RequestInfo>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    form: Result<Form<NewKey>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(NewKey { name }) = form.map_err(super::sign_in::unreadable)?;
    let (status, outcome) = match app.identity().create_api_key(&caller, &name).await {
        Ok(key) => (StatusCode::OK, Outcome::Created(key)),
        Err(error) => {
            let Failure(problem) = Failure::from(error);
            if !matches!(problem.code, ErrorCode::Invalid | ErrorCode::Conflict) {
                return Err(Failure(problem));
            }
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            (status, Outcome::Refused { problem, name })
        }
    };
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static("/dashboard/api-keys");
    *request.headers_mut() = headers;
    request.extensions_mut().insert(info);
    request.extensions_mut().insert(visitor);
    Ok(render_with(&app, request, status, outcome, dashboard).await)
}

/// Stops a key for good.
///
/// # Errors
/// A page, when nobody is signed in, there is no such key, or the fault is ours.
pub async fn revoke_key(
    State(app): State<App>,
    Member(caller): Member,
    Path(key): Path<String>,
) -> Result<Response, Failure> {
    app.identity().revoke_api_key(&caller, &key).await?;
    Ok(Redirect::to("/dashboard/api-keys").into_response())
}
