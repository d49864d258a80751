//! `/dashboard/members`: the people of the workspace, what they may do, and who is asked to join.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{render::Render, unreadable};
use crate::request::PathId;
use crate::state::App;
use app::dashboard::members::{Done, Outcome, members};
use axum::{
    Form,
    extract::{Query, State, rejection::FormRejection, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use identity::{IdentityError, Invited, KeptMember, PageRequest};
use model::identity::Role;
use model::page::MAX_LIMIT;
use model::{ErrorCode, InvitationId, MemberId};
use serde::Deserialize;
use store::{Actor, Caller};
use words::text;

const HERE: &str = "/dashboard/members";

/// What the address says: what has just been done, and about whom.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Place {
    done: String,
    who: String,
}

impl Place {
    fn outcome(&self) -> Outcome {
        let done = match self.done.as_str() {
            "taken-back" => Done::TakenBack,
            "changed" => Done::Changed,
            "signed-out" => Done::SignedOut,
            "suspended" => Done::Suspended,
            "let-in" => Done::LetIn,
            "removed" => Done::Removed,
            _ => return Outcome::Nothing,
        };
        Outcome::Done { done, who: self.who.parse().ok() }
    }
}

/// Where it is said what was done about a member.
fn done(what: &str, member: MemberId) -> Response {
    Redirect::to(&format!("{HERE}?done={what}&who={member}")).into_response()
}

/// The page. A workspace has no more members than a page shows.
///
/// # Errors
/// A page, when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Viewer(caller): Viewer,
    render: Render,
    place: Result<Query<Place>, QueryRejection>,
) -> Result<Response, Failure> {
    let place = place.map(|Query(place)| place).unwrap_or_default();
    show(&app, &caller, &render, StatusCode::OK, place.outcome()).await
}

async fn show(
    app: &App,
    caller: &Caller,
    render: &Render,
    status: StatusCode,
    outcome: Outcome,
) -> Result<Response, Failure> {
    let identity = &app.capabilities.identity;
    let people = identity.list_members(caller, &PageRequest { limit: Some(MAX_LIMIT), cursor: None }).await?.data;
    let invitations = identity.list_invitations(caller).await?;
    let roles = identity.list_roles(caller).await?;
    render.dashboard(caller, status, |frame| members(frame, (people, invitations), &roles, outcome)).await
}

/// The page with what is wrong; what is our fault, or is not there, is a page of its own.
async fn refused(
    app: &App,
    caller: &Caller,
    render: &Render,
    error: IdentityError,
    email: String,
) -> Result<Response, Failure> {
    let failure = Failure::from(error);
    if !matches!(failure.0.code, ErrorCode::Invalid | ErrorCode::Conflict) {
        return Err(failure);
    }
    let status = failure.status();
    show(app, caller, render, status, Outcome::Refused { problem: failure.0, email }).await
}

/// The form that asks somebody to join.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct New {
    email: String,
    role: String,
}

/// A role by its name.
fn role(name: &str) -> Result<Role, IdentityError> {
    Role::from_name(name).ok_or_else(|| IdentityError::field("role", text!("Choose a role.")))
}

async fn invited(
    app: &App,
    caller: &Caller,
    render: &Render,
    done: Result<Invited, IdentityError>,
    email: String,
) -> Result<Response, Failure> {
    match done {
        Ok(Invited { invitation, link }) => {
            let email = invitation.email;
            show(app, caller, render, StatusCode::OK, Outcome::Invited { email, link }).await
        }
        Err(error) => refused(app, caller, render, error, email).await,
    }
}

/// Asks somebody to join.
///
/// # Errors
/// A page, for who may not, or when the fault is ours.
pub async fn invite(
    State(app): State<App>,
    Member(caller): Member,
    render: Render,
    form: Result<Form<New>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(New { email, role: wanted }) = form.map_err(unreadable)?;
    let done = match role(&wanted) {
        Ok(role) => app.capabilities.identity.invite(&caller, &email, role).await,
        Err(error) => Err(error),
    };
    invited(&app, &caller, &render, done, email).await
}

/// Sends an invitation again.
///
/// # Errors
/// A page, for who may not, where there is none, or when the fault is ours.
pub async fn again(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<InvitationId>,
    render: Render,
) -> Result<Response, Failure> {
    let done = app.capabilities.identity.invite_again(&caller, id).await;
    invited(&app, &caller, &render, done, String::new()).await
}

/// Takes an invitation back.
///
/// # Errors
/// As [`again`].
pub async fn take_back(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<InvitationId>,
) -> Result<Response, Failure> {
    app.capabilities.identity.take_back(&caller, id).await?;
    Ok(Redirect::to("/dashboard/members?done=taken-back").into_response())
}

/// The form for a member's role.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Change {
    role: String,
}

/// Changes what a member may do.
///
/// # Errors
/// As [`again`].
pub async fn change(
    State(app): State<App>,
    Member(caller): Member,
    PathId(member): PathId<MemberId>,
    render: Render,
    form: Result<Form<Change>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Change { role: wanted }) = form.map_err(unreadable)?;
    let changed = match role(&wanted) {
        Ok(role) => app.capabilities.identity.change_role(&caller, member, role).await,
        Err(error) => Err(error),
    };
    match changed {
        Ok(()) => Ok(done("changed", member)),
        Err(error) => refused(&app, &caller, &render, error, String::new()).await,
    }
}

/// The form that ends a membership.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Removal {
    keys: String,
}

/// Ends a membership, one's own or another's.
///
/// # Errors
/// As [`again`].
pub async fn remove(
    State(app): State<App>,
    Member(caller): Member,
    PathId(member): PathId<MemberId>,
    render: Render,
    form: Result<Form<Removal>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Removal { keys }) = form.map_err(unreadable)?;
    let own = matches!(caller.actor(), Actor::Member { member: own, .. } if own == member);
    match app.capabilities.identity.remove_member(&caller, member, !keys.is_empty()).await {
        Ok(()) => Ok(Redirect::to(if own { "/login" } else { "/dashboard/members?done=removed" }).into_response()),
        Err(error) => refused(&app, &caller, &render, error, String::new()).await,
    }
}

/// Signs a member out of the workspace.
///
/// # Errors
/// As [`again`].
pub async fn sign_out(
    State(app): State<App>,
    Member(caller): Member,
    PathId(member): PathId<MemberId>,
) -> Result<Response, Failure> {
    app.capabilities.identity.sign_member_out(&caller, member).await?;
    Ok(done("signed-out", member))
}

/// The form that keeps a member out, or lets one in again.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Keeping {
    keys: String,
    resume: String,
}

/// Keeps a member out for a while, or lets one in again.
///
/// # Errors
/// As [`again`].
pub async fn keep(
    State(app): State<App>,
    Member(caller): Member,
    PathId(member): PathId<MemberId>,
    render: Render,
    form: Result<Form<Keeping>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Keeping { keys, resume }) = form.map_err(unreadable)?;
    let (kept, what) = match resume.is_empty() {
        true => (KeptMember::Out { keys: !keys.is_empty() }, "suspended"),
        false => (KeptMember::In, "let-in"),
    };
    match app.capabilities.identity.keep_member(&caller, member, kept).await {
        Ok(()) => Ok(done(what, member)),
        Err(error) => refused(&app, &caller, &render, error, String::new()).await,
    }
}
