//! `POST /login`, the steps after it, and how a form of the site is shown again with what was typed.

use crate::auth::device;
use crate::auth::sign_in::{carry_on, unfinished};
use crate::failure::Failure;
use crate::pages::{passkeys, render::Render, to_try_again, unreadable};
use crate::request::{RelativePath, RequestInfo};
use crate::state::App;
use app::auth::{FormState, choose_workspace, give_code};
use app::shell::Page;
use axum::{
    Extension, Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use identity::{IdentityError, SignInForm};
use model::ErrorCode;
use model::identity::Owed;
use serde::Deserialize;
use store::sessions::SignIn;
use tower_sessions::Session;
use zeroize::Zeroizing;

/// The form, as it was typed; what is missing is empty.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Fields {
    email: String,
    password: Zeroizing<String>,
    next: String,
}

/// Signs a person in.
///
/// # Errors
/// A page, when the fault is ours.
pub async fn submit(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let next = inside(&fields.next);
    let state = FormState::new([("email", &fields.email), ("next", &next)]);
    let (identity, email) = (&app.capabilities.identity, fields.email.clone());
    let form = SignInForm { email: fields.email, password: fields.password };
    let kept = device::kept(&headers);
    match identity.sign_in(form, &info.origin(), kept).await {
        Ok(sign_in) => {
            let sign_in = SignIn { next, ..sign_in };
            let mut response = carry_on(&app, &session, &sign_in, info, &headers).await?.into_response();
            // A password alone does not make a browser one on which somebody has signed in.
            let device = identity.device(&email, kept.device.unwrap_or_default());
            let device = device.filter(|_| sign_in.owed != Some(Owed::Code));
            device::remember(&mut response, device::KNOWN, device, app.config.secure());
            // What somebody has begun otherwise in this browser is over.
            device::SIGN_ON.keep(&mut response, None, app.config.secure());
            Ok(response)
        }
        Err(error) => again(&render, app::auth::sign_in, state, error),
    }
}

/// Asks for a code of a second factor. Without an unfinished sign-in one begins at the beginning.
///
/// # Errors
/// When the database does not answer.
pub async fn code(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    render: Render,
) -> Result<Response, Failure> {
    match unfinished(&app, &session).await?.filter(|one| one.owed == Some(Owed::Code)) {
        Some(sign_in) => {
            let state = FormState::new([("next", &sign_in.next)]);
            ask_code(&app, info, &render, &sign_in, (state, None)).await
        }
        None => Ok(Redirect::to("/login").into_response()),
    }
}

/// The page of that step, with what was wrong. Of who has passkeys, one is asked for besides.
pub(super) async fn ask_code(
    app: &App,
    info: RequestInfo,
    render: &Render,
    sign_in: &SignIn,
    (state, error): (FormState, Option<IdentityError>),
) -> Result<Response, Failure> {
    let identity = &app.capabilities.identity;
    let passkeys = identity.factors_of(sign_in.person, &info.origin()).await?.is_some_and(|factors| factors.passkeys);
    let (asked, kept) = match passkeys && identity.passkeys_at().is_some() {
        true => passkeys::asked(app, info, Some(sign_in)).await.map(|(asked, kept)| (Some(asked), Some(kept)))?,
        false => (None, None),
    };
    let page = |state: FormState| give_code(state.asking(asked));
    let mut response = match error {
        Some(error) => again(render, page, state, error)?,
        None => render.page(StatusCode::OK, || page(state)),
    };
    if kept.is_some() {
        device::PASSKEY.keep(&mut response, kept.as_deref(), app.config.secure());
    }
    Ok(response)
}

/// Carries a sign-in on that has shown more than a password: by that the browser is known.
pub(super) async fn arrive(
    app: &App,
    session: &Session,
    sign_in: &SignIn,
    info: RequestInfo,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let (identity, secure) = (&app.capabilities.identity, app.config.secure());
    let known = device::kept(headers).device.unwrap_or_default();
    let known = identity.device_of(sign_in.person, known, &info.origin()).await?;
    let mut response = carry_on(app, session, sign_in, info, headers).await?.into_response();
    device::remember(&mut response, device::KNOWN, known, secure);
    // What somebody has begun otherwise in this browser is over.
    device::PASSKEY.keep(&mut response, None, secure);
    device::SIGN_ON.keep(&mut response, None, secure);
    Ok(response)
}

/// The form of that page.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Code {
    code: Zeroizing<String>,
    trust: String,
    next: String,
}

/// Takes the code. Who comes too late, or for the second time, is told so.
///
/// # Errors
/// When the database does not answer.
pub async fn give(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Code>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let state = FormState::new([("next", &inside(&fields.next)), ("trust", &fields.trust)]);
    let (identity, origin) = (&app.capabilities.identity, info.origin());
    let sign_in = unfinished(&app, &session).await?.filter(|one| one.owed == Some(Owed::Code));
    let (Some(id), Some(sign_in)) = (session.id(), sign_in) else {
        return again(&render, app::auth::sign_in, state, IdentityError::SignInOver);
    };
    let here = sign_in.clone();
    match identity.show_code(sign_in, &fields.code, &origin).await {
        Ok(sign_in) if app.capabilities.sessions.claim(&id).await? => {
            let kept = device::kept(&headers).trusted.unwrap_or_default();
            let trusted = if fields.trust.is_empty() { None } else { identity.trust(&sign_in, kept, &origin).await? };
            let mut response = arrive(&app, &session, &sign_in, info, &headers).await?;
            device::remember(&mut response, device::TRUSTED, trusted, app.config.secure());
            Ok(response)
        }
        Ok(_) | Err(IdentityError::WrongCredentials) => {
            again(&render, app::auth::sign_in, state, IdentityError::SignInOver)
        }
        Err(error) => ask_code(&app, info, &render, &here, (state, Some(error))).await,
    }
}

/// Shows where somebody may work who has shown who they are. Without an unfinished sign-in one begins at the beginning.
///
/// # Errors
/// When the database does not answer.
pub async fn workspaces(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    render: Render,
) -> Result<Response, Failure> {
    // Not before a code is given, if one is owed.
    if let Some(sign_in) = unfinished(&app, &session).await?.filter(|one| one.owed == Some(Owed::Workspace)) {
        let workspaces = app.capabilities.identity.tenants_of(sign_in.person, &info.origin()).await?;
        if !workspaces.is_empty() {
            let state = FormState::new([("next", &sign_in.next)]).with(workspaces);
            return Ok(render.page(StatusCode::OK, || choose_workspace(state)));
        }
    }
    Ok(Redirect::to("/login").into_response())
}

/// The form of that page.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Chosen {
    workspace: String,
    next: String,
}

/// Takes the choice. Who comes too late, or for the second time, is told so.
///
/// # Errors
/// When the database does not answer.
pub async fn choose(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Chosen>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let state = FormState::new([("next", &inside(&fields.next))]);
    let identity = &app.capabilities.identity;
    let sign_in = unfinished(&app, &session).await?.filter(|one| one.owed == Some(Owed::Workspace));
    let (Some(id), Some(sign_in)) = (session.id(), sign_in) else {
        return again(&render, app::auth::sign_in, state, IdentityError::SignInOver);
    };
    let person = sign_in.person;
    match identity.choose(sign_in, fields.workspace.parse().ok(), &info.origin()).await {
        Ok(sign_in) if app.capabilities.sessions.claim(&id).await? => {
            Ok(carry_on(&app, &session, &sign_in, info, &headers).await?.into_response())
        }
        Ok(_) => again(&render, app::auth::sign_in, state, IdentityError::SignInOver),
        Err(over @ IdentityError::SignInOver) => again(&render, app::auth::sign_in, state, over),
        Err(error) => {
            let workspaces = identity.tenants_of(person, &info.origin()).await?;
            if workspaces.is_empty() {
                return again(&render, app::auth::sign_in, state, error);
            }
            again(&render, choose_workspace, state.with(workspaces), error)
        }
    }
}

/// Where a sign-in leads: what was asked for, if it is inside.
pub(super) fn inside(next: &str) -> String {
    within(next).unwrap_or_else(|| "/dashboard".to_owned())
}

/// A page for who is signed in: of the dashboard, or the demo, which then has their widget.
pub(super) fn within(next: &str) -> Option<String> {
    let next = RelativePath::parse(next).filter(|p| p.as_str().starts_with("/dashboard") || p.as_str() == "/demo");
    next.map(|path| path.as_str().to_owned())
}

/// Shows the form once more with what was typed (passwords aside) and what is wrong with it; faults of ours go on.
pub(super) fn again(
    render: &Render,
    page: impl FnOnce(FormState) -> Page,
    mut state: FormState,
    error: IdentityError,
) -> Result<Response, Failure> {
    let failure = Failure::from(error);
    // "Busy" is not a fault that deserves a page of its own: what was typed would be lost.
    let keep = matches!(failure.0.code, ErrorCode::Invalid | ErrorCode::RateLimited | ErrorCode::Unavailable);
    if !keep {
        return Err(failure);
    }
    let (status, retry_after) = (failure.status(), failure.0.retry_after);
    state.problem = Some(failure.0);
    state = state.offering(render.offered());
    Ok(to_try_again(render.page(status, || page(state)), retry_after))
}
