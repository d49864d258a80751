//! `/join/{token}`: what the link of an invitation opens.

use crate::failure::Failure;
use crate::pages::{render::Render, sign_in, unreadable};
use crate::request::RequestInfo;
use crate::state::App;
use app::auth::{FormState, Invited, join, link_over};
use axum::{
    Extension, Form,
    extract::{Path, State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use identity::{IdentityError, JoinForm};
use serde::Deserialize;
use zeroize::Zeroizing;

async fn offered(app: &App, info: RequestInfo, token: &str) -> Result<Invited, IdentityError> {
    let offer = app.capabilities.identity.offer(token, &info.origin()).await?;
    let (email, role) = (offer.email, offer.role.called(&offer.role_title));
    Ok(Invited { company: offer.company, email, role, known: offer.known, token: token.to_owned() })
}

fn over(render: &Render, error: IdentityError) -> Result<Response, Failure> {
    sign_in::again(render, |state| link_over(state, "/login"), FormState::default(), error)
}

/// The page, with what went wrong on it; without an invitation, what that says.
pub(super) async fn again(
    app: &App,
    info: RequestInfo,
    render: &Render,
    token: &str,
    error: IdentityError,
) -> Result<Response, Failure> {
    match offered(app, info, token).await {
        Ok(invited) => sign_in::again(render, |state| join(state, invited), FormState::default(), error),
        Err(gone) => over(render, gone),
    }
}

/// The page.
///
/// # Errors
/// When the database does not answer.
pub async fn page(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Path(token): Path<String>,
    render: Render,
) -> Result<Response, Failure> {
    match offered(&app, info, &token).await {
        Ok(invited) => {
            let state = FormState::default().offering(render.offered());
            Ok(render.page(StatusCode::OK, || join(state, invited)))
        }
        Err(error) => over(&render, error),
    }
}

/// The form of that page.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Fields {
    name: String,
    password: Zeroizing<String>,
}

/// Joins.
///
/// # Errors
/// A page, when the fault is ours.
pub async fn submit(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Path(token): Path<String>,
    render: Render,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Fields { name, password }) = form.map_err(unreadable)?;
    let state = FormState::new([("name", &name)]);
    let form = JoinForm { name, password };
    match app.capabilities.identity.join(&token, form, &info.origin()).await {
        Ok(()) => Ok(Redirect::to("/login?done=joined").into_response()),
        Err(error @ IdentityError::LinkOver) => over(&render, error),
        Err(error) => match offered(&app, info, &token).await {
            Ok(invited) => sign_in::again(&render, |state| join(state, invited), state, error),
            Err(gone) => over(&render, gone),
        },
    }
}
