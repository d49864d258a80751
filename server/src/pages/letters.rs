//! Letters by mail: asking for a new password, what their links open, and the outbox of who develops.

use crate::auth::sign_in::carry_on;
use crate::failure::Failure;
use crate::pages::{render::Render, sign_in::again, unreadable};
use crate::request::RequestInfo;
use crate::state::App;
use app::auth::{
    FormState, Kept, Sent, ask_reset, choose_password, confirm, confirm_address, link_over, no_letters, outbox, sent,
};
use axum::{
    Extension, Form,
    extract::{Path, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use identity::IdentityError;
use model::Problem;
use serde::Deserialize;
use tower_sessions::Session;
use zeroize::Zeroizing;

/// Whether letters get anywhere: to their readers, or to who develops.
fn helps(app: &App) -> bool {
    app.capabilities.identity.delivers() || app.config.outbox()
}

/// The form that asks for a new password.
pub async fn reset(State(app): State<App>, render: Render) -> Response {
    render.page(StatusCode::OK, || if helps(&app) { ask_reset(FormState::default()) } else { no_letters() })
}

/// What that form holds.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Account {
    email: String,
}

/// Sends the link, if there is such an account; the answer does not say.
///
/// # Errors
/// A page, when the fault is ours.
pub async fn ask(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    render: Render,
    form: Result<Form<Account>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Account { email }) = form.map_err(unreadable)?;
    if !helps(&app) {
        return Ok(render.page(StatusCode::OK, no_letters));
    }
    match app.capabilities.identity.ask_reset(&email, &info.origin()).await {
        Ok(()) => Ok(Redirect::to("/reset/sent").into_response()),
        Err(error) => again(&render, ask_reset, FormState::new([("email", &email)]), error),
    }
}

/// Says that a letter is on its way.
pub async fn reset_sent(State(app): State<App>, render: Render) -> Response {
    render.page(StatusCode::OK, || sent(Sent::Reset, !app.capabilities.identity.delivers()))
}

/// The same after signing up.
pub async fn sign_up_sent(State(app): State<App>, render: Render) -> Response {
    render.page(StatusCode::OK, || sent(Sent::SignUp, !app.capabilities.identity.delivers()))
}

/// What the link in a letter to a new address opens, if it is still good.
///
/// # Errors
/// When the database does not answer.
pub async fn new_address(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Path(token): Path<String>,
    render: Render,
) -> Result<Response, Failure> {
    match app.capabilities.identity.may_take_address(&token, &info.origin()).await {
        Ok(email) => Ok(render.page(StatusCode::OK, || confirm_address(&email))),
        Err(error) => over(&render, error),
    }
}

/// Makes that address theirs.
///
/// # Errors
/// A page, when the fault is ours.
pub async fn take_address(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Path(token): Path<String>,
    render: Render,
) -> Result<Response, Failure> {
    match app.capabilities.identity.take_asked_address(&token, &info.origin()).await {
        Ok(()) => Ok(Redirect::to("/login?done=address").into_response()),
        Err(error) => over(&render, error),
    }
}

/// What the link to a new password opens, if it is still good.
///
/// # Errors
/// When the database does not answer.
pub async fn choose(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Path(token): Path<String>,
    render: Render,
) -> Result<Response, Failure> {
    match app.capabilities.identity.may_reset(&token, &info.origin()).await {
        Ok(email) => Ok(render.page(StatusCode::OK, || choose_password(FormState::new([("email", &email)])))),
        Err(error) => over(&render, error),
    }
}

/// What the forms of both kinds of links hold; the address is for the browser's own memory.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Chosen {
    email: String,
    password: Zeroizing<String>,
}

/// Changes the password.
///
/// # Errors
/// A page, when the fault is ours.
pub async fn change(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Path(token): Path<String>,
    render: Render,
    form: Result<Form<Chosen>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Chosen { email, password }) = form.map_err(unreadable)?;
    match app.capabilities.identity.reset(&token, password, &info.origin()).await {
        Ok(()) => Ok(Redirect::to("/login?done=reset").into_response()),
        Err(error @ IdentityError::LinkOver) => over(&render, error),
        Err(error) => again(&render, choose_password, FormState::new([("email", &email)]), error),
    }
}

/// What the link to confirm an address opens, if it is still good.
///
/// # Errors
/// When the database does not answer.
pub async fn confirms(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Path(token): Path<String>,
    render: Render,
) -> Result<Response, Failure> {
    match app.capabilities.identity.may_confirm(&token, &info.origin()).await {
        Ok(email) => Ok(render.page(StatusCode::OK, || confirm(FormState::new([("email", &email)])))),
        Err(error) => over(&render, error),
    }
}

/// Confirms it, and signs in by the password.
///
/// # Errors
/// A page, when the fault is ours.
pub async fn confirmed(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Path(token): Path<String>,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Chosen>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Chosen { email, password }) = form.map_err(unreadable)?;
    match app.capabilities.identity.confirm(&token, password, &info.origin()).await {
        Ok(sign_in) => Ok(carry_on(&app, &session, &sign_in, info, &headers).await?.into_response()),
        Err(error @ IdentityError::LinkOver) => over(&render, error),
        Err(error) => again(&render, confirm, FormState::new([("email", &email)]), error),
    }
}

fn over(render: &Render, error: IdentityError) -> Result<Response, Failure> {
    again(render, |state| link_over(state, "/reset"), FormState::default(), error)
}

/// Whether a request came to the computer's own name by nobody's hand: other sites can lead a browser here under their names
/// (DNS rebinding), and a tunnel brings strangers who look as if they were here.
fn at_home(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.ends_with(']') { host } else { name });
    let passed_on = headers.keys().any(|name| name == header::FORWARDED || name.as_str().starts_with("x-forwarded-"));
    matches!(name, "localhost" | "127.0.0.1" | "[::1]") && !passed_on
}

/// What was sent nowhere: on the computer itself alone, and only where there is no mail server.
///
/// # Errors
/// Not found elsewhere.
pub async fn kept(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    headers: HeaderMap,
    render: Render,
) -> Result<Response, Failure> {
    let here = info.address.is_loopback() && at_home(&headers) && app.config.outbox();
    let kept = app.capabilities.identity.mailer().kept().filter(|_| here);
    let kept = kept.ok_or_else(Problem::not_found)?;
    let letters = kept
        .into_iter()
        .map(|letter| Kept {
            text: letter.text(),
            to: letter.to,
            subject: letter.subject,
            link: letter.link.map(|link| link.url),
        })
        .collect();
    Ok(render.page(StatusCode::OK, || outbox(letters)))
}
