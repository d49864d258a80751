//! `/dashboard/sign-on`: a company's own provider, and its domains.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{Done, account::here, render::Render, to_show, to_try_again, unreadable};
use crate::request::{PathId, RequestInfo};
use crate::state::App;
use app::dashboard::company_sign_on::{Outcome, Typed, company_sign_on};
use axum::{
    Extension, Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use identity::{Here, IdentityError, ProviderForm};
use serde::Deserialize;
use store::Caller;
use tower_sessions::Session;
use uuid::Uuid;
use zeroize::Zeroizing;

/// The page.
///
/// # Errors
/// A page, for who may not, and when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Viewer(caller): Viewer,
    render: Render,
    Done(done): Done,
) -> Result<Response, Failure> {
    let outcome = match done.as_str() {
        "set" => Outcome::Set,
        "proven" => Outcome::Proven,
        _ => Outcome::Nothing,
    };
    show(&app, &caller, &render, StatusCode::OK, outcome).await
}

async fn show(
    app: &App,
    caller: &Caller,
    render: &Render,
    status: StatusCode,
    outcome: Outcome,
) -> Result<Response, Failure> {
    let found = app.capabilities.identity.company_sign_on(caller).await?;
    render.dashboard(caller, status, |frame| company_sign_on(frame, found, outcome)).await
}

/// What came of a form: the page again, with what was wrong; faults of ours go on.
async fn came(
    app: &App,
    caller: &Caller,
    render: &Render,
    done: Result<(), IdentityError>,
    (next, typed): (&str, Typed),
) -> Result<Response, Failure> {
    let Err(error) = done else { return Ok(Redirect::to(next).into_response()) };
    let (status, problem, retry_after) = to_show(error)?;
    let refused = Outcome::Refused { problem, typed: Box::new(typed) };
    Ok(to_try_again(show(app, caller, render, status, refused).await?, retry_after))
}

/// The form for the provider.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Fields {
    name: String,
    issuer: String,
    client_id: String,
    client_secret: Zeroizing<String>,
    required: String,
    password: Zeroizing<String>,
}

/// Sets the provider.
///
/// # Errors
/// A page, when nobody is signed in, they may not, or the fault is ours.
pub async fn set(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    session: Session,
    render: Render,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let required = !fields.required.is_empty();
    let typed = Typed {
        name: fields.name.clone(),
        issuer: fields.issuer.clone(),
        client_id: fields.client_id.clone(),
        required,
        ..Typed::default()
    };
    let (name, issuer, client_id) = (fields.name, fields.issuer, fields.client_id);
    let (client_secret, password, id) = (fields.client_secret, fields.password, here(&session));
    let form = ProviderForm { name, issuer, client_id, client_secret, required, password };
    let done = app.capabilities.identity.set_provider(&caller, form, Here(&id), &info.origin()).await;
    came(&app, &caller, &render, done, ("/dashboard/sign-on?done=set", typed)).await
}

/// Takes the provider away.
///
/// # Errors
/// A page, when nobody is signed in, they may not, or the fault is ours.
pub async fn remove(State(app): State<App>, Member(caller): Member, render: Render) -> Result<Response, Failure> {
    let done = app.capabilities.identity.remove_provider(&caller).await;
    came(&app, &caller, &render, done, ("/dashboard/sign-on", Typed::default())).await
}

/// The form for a domain.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct NewDomain {
    domain: String,
}

/// Names a domain.
///
/// # Errors
/// A page, when nobody is signed in, they may not, or the fault is ours.
pub async fn add(
    State(app): State<App>,
    Member(caller): Member,
    render: Render,
    form: Result<Form<NewDomain>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(NewDomain { domain }) = form.map_err(unreadable)?;
    let done = app.capabilities.identity.add_domain(&caller, &domain).await;
    let typed = Typed { domain, ..Typed::default() };
    came(&app, &caller, &render, done, ("/dashboard/sign-on", typed)).await
}

/// Looks for the proof of a domain.
///
/// # Errors
/// A page, when nobody is signed in, they may not, there is no such one, or the fault is ours.
pub async fn prove(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<Uuid>,
    render: Render,
) -> Result<Response, Failure> {
    let done = app.capabilities.identity.prove_domain(&caller, id).await;
    came(&app, &caller, &render, done, ("/dashboard/sign-on?done=proven", Typed::default())).await
}

/// Takes a domain off the list.
///
/// # Errors
/// A page, when nobody is signed in, they may not, there is no such one, or the fault is ours.
pub async fn take_off(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<Uuid>,
    render: Render,
) -> Result<Response, Failure> {
    let done = app.capabilities.identity.remove_domain(&caller, id).await;
    came(&app, &caller, &render, done, ("/dashboard/sign-on", Typed::default())).await
}
