//! `/dashboard/account`: one's own name, password and address, and where one is signed in.

use crate::auth::sign_in::carry_on;
use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{Done, render::Render, to_show, to_try_again, unreadable};
use crate::request::RequestInfo;
use crate::state::App;
use app::dashboard::account::{Outcome, account};
use axum::{
    Extension, Form,
    extract::{Path, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use identity::{ChangeForm, Here, IdentityError, NewAddress};
use serde::Deserialize;
use store::Caller;
use store::services::timestamp;
use store::sessions::hash;
use tower_sessions::Session;
use zeroize::Zeroizing;

const HERE: &str = "/dashboard/account";

/// What the session that asks is known by.
pub(super) fn here(session: &Session) -> [u8; 32] {
    session.id().map(hash).unwrap_or_default()
}

/// The page.
///
/// # Errors
/// A page, when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Viewer(caller): Viewer,
    session: Session,
    render: Render,
    Done(done): Done,
) -> Result<Response, Failure> {
    let outcome = match done.as_str() {
        "password" => Outcome::Changed,
        "linked" => Outcome::Linked,
        "unlinked" => Outcome::Unlinked,
        "asked" => Outcome::Asked,
        "address" => Outcome::Moved,
        "name" => Outcome::Named,
        _ => Outcome::Nothing,
    };
    show(&app, &caller, &session, info, &render, (StatusCode::OK, outcome)).await
}

/// The page, with what went wrong on it; faults of ours go on.
pub(super) async fn refused(
    app: &App,
    caller: &Caller,
    session: &Session,
    info: RequestInfo,
    render: &Render,
    error: IdentityError,
) -> Result<Response, Failure> {
    let (status, problem, retry_after) = to_show(error)?;
    let refused = (status, Outcome::Refused(problem));
    Ok(to_try_again(show(app, caller, session, info, render, refused).await?, retry_after))
}

async fn show(
    app: &App,
    caller: &Caller,
    session: &Session,
    info: RequestInfo,
    render: &Render,
    (status, outcome): (StatusCode, Outcome),
) -> Result<Response, Failure> {
    // Read elsewhere: nothing is held meanwhile.
    caller.scope().let_go();
    let (identity, origin) = (&app.capabilities.identity, info.origin());
    let factor = identity.second_factor(caller, Here(&here(session)), &origin).await?;
    let sessions = identity.list_sessions(caller, &here(session), &origin).await?;
    let ways = identity.ways_in(caller, &origin).await?;
    let now = timestamp(app.capabilities.services.now());
    render
        .dashboard(caller, status, |frame| account(frame, &factor, (ways, render.ways()), sessions, now, outcome))
        .await
}

/// The form for a new password.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Change {
    current: Zeroizing<String>,
    password: Zeroizing<String>,
}

/// Changes the password: everywhere else one is signed out.
///
/// # Errors
/// A page, when nobody is signed in or the fault is ours.
pub async fn change(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Change>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Change { current, password }) = form.map_err(unreadable)?;
    let form = ChangeForm { current, password };
    match app.capabilities.identity.change_password(&caller, form, Here(&here(&session)), &info.origin()).await {
        Ok(sign_in) => Ok(carry_on(&app, &session, &sign_in, info, &headers).await?.into_response()),
        Err(error) => refused(&app, &caller, &session, info, &render, error).await,
    }
}

/// The form for another name.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Name {
    name: String,
}

/// Takes another name.
///
/// # Errors
/// A page, when nobody is signed in or the fault is ours.
pub async fn change_name(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    session: Session,
    render: Render,
    form: Result<Form<Name>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Name { name }) = form.map_err(unreadable)?;
    let here = here(&session);
    match app.capabilities.identity.change_name(&caller, &name, Here(&here), &info.origin()).await {
        Ok(()) => Ok(Redirect::to("/dashboard/account?done=name").into_response()),
        Err(error) => {
            let (status, problem, retry_after) = to_show(error)?;
            let outcome = (status, Outcome::Unnamed(name, problem));
            Ok(to_try_again(show(&app, &caller, &session, info, &render, outcome).await?, retry_after))
        }
    }
}

/// The form for another address.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Address {
    email: String,
    password: Zeroizing<String>,
}

/// Asks for another address.
///
/// # Errors
/// A page, when nobody is signed in or the fault is ours.
pub async fn ask_for_address(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    session: Session,
    render: Render,
    form: Result<Form<Address>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Address { email, password }) = form.map_err(unreadable)?;
    let (identity, here) = (&app.capabilities.identity, here(&session));
    match identity.ask_for_address(&caller, (&email, password), Here(&here), &info.origin()).await {
        Ok(NewAddress::Asked) => Ok(Redirect::to("/dashboard/account?done=asked").into_response()),
        Ok(NewAddress::Taken) => Ok(Redirect::to("/dashboard/account?done=address").into_response()),
        Err(error) => refused(&app, &caller, &session, info, &render, error).await,
    }
}

/// Ends one of one's own sessions.
///
/// # Errors
/// A page, where there is no such one, when nobody is signed in, or when the fault is ours.
pub async fn end(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    Path(id): Path<String>,
    session: Session,
) -> Result<Response, Failure> {
    app.capabilities.identity.end_sessions(&caller, Some(&id), &here(&session), &info.origin()).await?;
    Ok(Redirect::to(HERE).into_response())
}

/// Ends all but this one.
///
/// # Errors
/// A page, when nobody is signed in or the fault is ours.
pub async fn end_others(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    session: Session,
) -> Result<Response, Failure> {
    app.capabilities.identity.end_sessions(&caller, None, &here(&session), &info.origin()).await?;
    Ok(Redirect::to(HERE).into_response())
}
