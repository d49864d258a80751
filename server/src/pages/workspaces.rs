//! `/dashboard/workspaces`: from one workspace to another.

use crate::auth::sign_in::carry_on;
use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::account::here;
use crate::pages::{render::Render, unreadable};
use crate::request::RequestInfo;
use crate::state::App;
use app::dashboard::workspaces::workspaces;
use axum::{
    Extension, Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use identity::Here;
use model::{ErrorCode, Problem};
use serde::Deserialize;
use store::{Actor, Caller};
use tower_sessions::Session;

/// The page.
///
/// # Errors
/// A page, when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Viewer(caller): Viewer,
    render: Render,
) -> Result<Response, Failure> {
    show(&app, &caller, info, &render, None).await
}

async fn show(
    app: &App,
    caller: &Caller,
    info: RequestInfo,
    render: &Render,
    problem: Option<Failure>,
) -> Result<Response, Failure> {
    let Actor::Member { person, .. } = caller.actor() else { return Err(Problem::not_found().into()) };
    // Read elsewhere: nothing is held meanwhile.
    caller.scope().let_go();
    let all = app.capabilities.identity.tenants_of(person, &info.origin()).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Failure::status);
    render.dashboard(caller, status, |frame| workspaces(frame, all, problem.map(|failure| failure.0))).await
}

/// Where one goes.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Chosen {
    workspace: String,
}

/// Goes there. The session goes on under a new id.
///
/// # Errors
/// A page, when nobody is signed in or the fault is ours.
pub async fn go(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Member(caller): Member,
    session: Session,
    headers: HeaderMap,
    render: Render,
    form: Result<Form<Chosen>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Chosen { workspace }) = form.map_err(unreadable)?;
    let here = here(&session);
    match app.capabilities.identity.switch(&caller, workspace.parse().ok(), Here(&here), &info.origin()).await {
        Ok(sign_in) => Ok(carry_on(&app, &session, &sign_in, info, &headers).await?.into_response()),
        Err(error) => {
            let failure = Failure::from(error);
            if failure.0.code != ErrorCode::Invalid {
                return Err(failure);
            }
            show(&app, &caller, info, &render, Some(failure)).await
        }
    }
}
