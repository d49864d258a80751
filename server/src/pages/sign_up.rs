//! `POST /signup`.

use crate::auth::sign_in::carry_on;
use crate::failure::Failure;
use crate::pages::{render::Render, sign_in::again, unreadable};
use crate::request::RequestInfo;
use crate::state::App;
use app::auth::{FormState, sign_up};
use axum::{
    Extension, Form,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use identity::{SignUpForm, SignedUp};
use serde::Deserialize;
use tower_sessions::Session;
use zeroize::Zeroizing;

/// The form, as it was typed; what is missing is empty.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Fields {
    company: String,
    name: String,
    email: String,
    password: Zeroizing<String>,
}

/// Makes a tenant and its owner, and signs the owner in; where letters reach their readers, once the address is confirmed.
///
/// # Errors
/// A page, when the fault is ours.
pub async fn submit(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Fields>, axum::extract::rejection::FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let state = FormState::new([("company", &fields.company), ("name", &fields.name), ("email", &fields.email)]);
    let form =
        SignUpForm { company: fields.company, name: fields.name, email: fields.email, password: fields.password };
    match app.capabilities.identity.sign_up(form, &info.origin()).await {
        Ok(SignedUp::In(sign_in)) => Ok(carry_on(&app, &session, &sign_in, info, &headers).await?.into_response()),
        Ok(SignedUp::Sent) => Ok(Redirect::to("/signup/sent").into_response()),
        Err(error) => again(&render, sign_up, state, error),
    }
}
