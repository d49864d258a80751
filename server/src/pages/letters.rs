//! Letters by mail: asking for a new password, what their links open, and the outbox of who develops.

use crate::auth::sign_in::{carry_on, unfinished};
use crate::failure::Failure;
use crate::pages::{render::Render, sign_in::again, unreadable};
use crate::request::RequestInfo;
use crate::state::App;
use app::auth::{FormState, Kept, Sent, ask_reset, choose_password, confirm, confirm_first, link_over, outbox, sent};
use axum::{
    Extension, Form,
    extract::{Path, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use identity::IdentityError;
use model::Problem;
use model::identity::Owed;
use serde::Deserialize;
use tower_sessions::Session;
use zeroize::Zeroizing;

/// The form that asks for a new password.
pub async fn reset(render: Render) -> Response {
    render.page(StatusCode::OK, || ask_reset(FormState::default()))
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
        Ok(()) => Ok(render.page(StatusCode::OK, || choose_password(FormState::default(), &token))),
        Err(error) => over(&render, error, "/reset"),
    }
}

/// What that form holds.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Chosen {
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
    let Form(Chosen { password }) = form.map_err(unreadable)?;
    match app.capabilities.identity.reset(&token, password, &info.origin()).await {
        Ok(()) => Ok(Redirect::to("/login?done=reset").into_response()),
        Err(error @ IdentityError::LinkOver) => over(&render, error, "/reset"),
        Err(error) => again(&render, |state| choose_password(state, &token), FormState::default(), error),
    }
}

/// What the link to confirm an address opens.
pub async fn confirms(Path(token): Path<String>, render: Render) -> Response {
    render.page(StatusCode::OK, || confirm(&token))
}

/// Confirms it.
///
/// # Errors
/// A page, when the fault is ours.
pub async fn confirmed(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Path(token): Path<String>,
    render: Render,
) -> Result<Response, Failure> {
    match app.capabilities.identity.confirm(&token, &info.origin()).await {
        Ok(()) => Ok(Redirect::to("/login?done=confirmed").into_response()),
        // Whoever signs in is sent another one.
        Err(error) => over(&render, error, "/login"),
    }
}

fn over(render: &Render, error: IdentityError, ask: &'static str) -> Result<Response, Failure> {
    again(render, |state| link_over(state, ask), FormState::default(), error)
}

/// The step of signing in at which the address is still to be confirmed. Without an unfinished sign-in one begins at the
/// beginning.
///
/// # Errors
/// When the database does not answer.
pub async fn address(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    render: Render,
) -> Result<Response, Failure> {
    match unfinished(&app, &session).await? {
        Some(sign_in) if sign_in.owed == Some(Owed::Address) => {
            let email = app.capabilities.identity.address_of(sign_in.person, &info.origin()).await?;
            Ok(render.page(StatusCode::OK, || confirm_first(FormState::new([("email", &email)]))))
        }
        _ => Ok(Redirect::to("/login").into_response()),
    }
}

/// The form of that page.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Step {
    again: String,
}

/// Goes on, if the address has been confirmed meanwhile; or sends the letter again.
///
/// # Errors
/// When the database does not answer.
pub async fn go_on(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Step>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(step) = form.map_err(unreadable)?;
    let (identity, origin) = (&app.capabilities.identity, info.origin());
    let over = |render: &Render| again(render, app::auth::sign_in, FormState::default(), IdentityError::SignInOver);
    let (Some(id), Some(sign_in)) = (session.id(), unfinished(&app, &session).await?) else { return over(&render) };
    let person = sign_in.person;
    let email = identity.address_of(person, &origin).await?;
    if !step.again.is_empty() {
        identity.confirm_again(person, &origin).await?;
        return Ok(
            render.page(StatusCode::OK, || confirm_first(FormState::new([("email", &email), ("again", &step.again)])))
        );
    }
    match identity.go_on_confirmed(sign_in, &origin).await {
        Ok(sign_in) if app.capabilities.sessions.claim(&id).await? => {
            Ok(carry_on(&app, &session, &sign_in, info, &headers).await?.into_response())
        }
        Ok(_) | Err(IdentityError::SignInOver) => over(&render),
        Err(error) => again(&render, confirm_first, FormState::new([("email", &email)]), error),
    }
}

/// What was sent nowhere: on the computer itself alone, and only where there is no mail server.
///
/// # Errors
/// Not found elsewhere.
pub async fn kept(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    render: Render,
) -> Result<Response, Failure> {
    let kept = app.capabilities.identity.mailer().kept().filter(|_| info.address.is_loopback() && app.config.outbox());
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
