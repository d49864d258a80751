//! `/dashboard/teams`: the teams, and who is in them.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{Done, render::Render, to_show, to_try_again, unreadable};
use crate::request::{PathId, PathIds};
use crate::state::App;
use app::dashboard::teams::{Outcome, Typed, teams};
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use identity::{IdentityError, PageRequest};
use model::page::MAX_LIMIT;
use model::{MemberId, Problem, TeamId};
use serde::Deserialize;
use store::Caller;

const SAVED: &str = "/dashboard/teams?done=saved";
const DELETED: &str = "/dashboard/teams?done=deleted";
const TAKEN_OUT: &str = "/dashboard/teams?done=taken-out";

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
    let outcome = match done.as_str() {
        "saved" => Outcome::Done,
        "deleted" => Outcome::Deleted,
        "taken-out" => Outcome::TakenOut,
        _ => Outcome::Nothing,
    };
    show(&app, &caller, &render, (StatusCode::OK, outcome)).await
}

async fn show(
    app: &App,
    caller: &Caller,
    render: &Render,
    (status, outcome): (StatusCode, Outcome),
) -> Result<Response, Failure> {
    let identity = &app.capabilities.identity;
    let all = identity.list_teams(caller).await?;
    // A workspace has no more members than a page shows.
    let members = identity.list_members(caller, &PageRequest { limit: Some(MAX_LIMIT), cursor: None }).await?.data;
    render.dashboard(caller, status, |frame| teams(frame, all, &members, outcome)).await
}

/// The page again, at this address, or with what is wrong; what is our fault, or is not there, is a page of its own.
async fn done(
    app: &App,
    caller: &Caller,
    render: &Render,
    (done, to): (Result<(), IdentityError>, &str),
    typed: Typed,
) -> Result<Response, Failure> {
    let Err(error) = done else { return Ok(Redirect::to(to).into_response()) };
    let (status, problem, retry_after) = to_show(error)?;
    let page = show(app, caller, render, (status, Outcome::Refused(problem, Box::new(typed)))).await?;
    Ok(to_try_again(page, retry_after))
}

/// The form of a team.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Wished {
    name: String,
}

/// Makes a team.
///
/// # Errors
/// A page, for who may not, or when the fault is ours.
pub async fn create(
    State(app): State<App>,
    Member(caller): Member,
    render: Render,
    form: Result<Form<Wished>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Wished { name }) = form.map_err(unreadable)?;
    let made = app.capabilities.identity.create_team(&caller, &name).await;
    done(&app, &caller, &render, (made.map(drop), SAVED), Typed { team: None, name }).await
}

/// Calls one something else.
///
/// # Errors
/// A page, for who may not, where there is none, or when the fault is ours.
pub async fn rename(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<TeamId>,
    render: Render,
    form: Result<Form<Wished>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Wished { name }) = form.map_err(unreadable)?;
    let renamed = app.capabilities.identity.rename_team(&caller, id, &name).await;
    done(&app, &caller, &render, (renamed, SAVED), Typed { team: Some(id), name }).await
}

/// Deletes one.
///
/// # Errors
/// As [`rename`].
pub async fn delete(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<TeamId>,
    render: Render,
) -> Result<Response, Failure> {
    let deleted = app.capabilities.identity.delete_team(&caller, id).await;
    done(&app, &caller, &render, (deleted, DELETED), Typed::default()).await
}

/// The form that puts somebody into a team.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Chosen {
    member: String,
}

/// Puts somebody into one.
///
/// # Errors
/// As [`rename`].
pub async fn add(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<TeamId>,
    render: Render,
    form: Result<Form<Chosen>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Chosen { member }) = form.map_err(unreadable)?;
    let member: MemberId = member.parse().map_err(|_| Problem::not_found())?;
    let added = app.capabilities.identity.add_to_team(&caller, id, member).await;
    done(&app, &caller, &render, (added, SAVED), Typed::default()).await
}

/// Takes somebody out of one.
///
/// # Errors
/// As [`rename`].
pub async fn remove(
    State(app): State<App>,
    Member(caller): Member,
    PathIds(id, member): PathIds<TeamId, MemberId>,
    render: Render,
) -> Result<Response, Failure> {
    let removed = app.capabilities.identity.take_from_team(&caller, id, member).await;
    done(&app, &caller, &render, (removed, TAKEN_OUT), Typed::default()).await
}
