//! `/dashboard/roles`: what each role may do, and the company's own.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{Done, render::Render, to_show, to_try_again, unreadable};
use crate::request::PathId;
use crate::state::App;
use app::dashboard::roles::{Outcome, Typed, roles};
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use identity::{IdentityError, RoleWishes};
use model::RoleId;
use model::identity::Role;
use model::permission::Permissions;
use serde::Deserialize;
use std::collections::HashMap;
use store::Caller;

const SAVED: &str = "/dashboard/roles?done=saved";

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
    let all = app.capabilities.identity.list_roles(caller).await?;
    render.dashboard(caller, status, |frame| roles(frame, all, outcome)).await
}

/// The page with what is wrong; what is our fault, or is not there, is a page of its own.
async fn refused(
    app: &App,
    caller: &Caller,
    render: &Render,
    error: IdentityError,
    typed: Typed,
) -> Result<Response, Failure> {
    let (status, problem, retry_after) = to_show(error)?;
    let page = show(app, caller, render, (status, Outcome::Refused(problem, Box::new(typed)))).await?;
    Ok(to_try_again(page, retry_after))
}

/// The form of a role. What it may do are fields of these names.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Wished {
    title: String,
    #[serde(flatten)]
    permissions: HashMap<String, String>,
}

impl Wished {
    fn typed(self, role: Option<Role>) -> Typed {
        let permissions = Permissions::named(self.permissions.keys().map(String::as_str));
        Typed { role, title: self.title, permissions }
    }
}

fn wishes(typed: &Typed) -> RoleWishes {
    RoleWishes { title: typed.title.clone(), permissions: typed.permissions }
}

/// Makes a role.
///
/// # Errors
/// A page, for who may not, or when the fault is ours.
pub async fn create(
    State(app): State<App>,
    Member(caller): Member,
    render: Render,
    form: Result<Form<Wished>, FormRejection>,
) -> Result<Response, Failure> {
    let typed = form.map_err(unreadable)?.0.typed(None);
    match app.capabilities.identity.create_role(&caller, &wishes(&typed)).await {
        Ok(_) => Ok(Redirect::to(SAVED).into_response()),
        Err(error) => refused(&app, &caller, &render, error, typed).await,
    }
}

/// Changes one.
///
/// # Errors
/// A page, for who may not, where there is none, or when the fault is ours.
pub async fn edit(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<RoleId>,
    render: Render,
    form: Result<Form<Wished>, FormRejection>,
) -> Result<Response, Failure> {
    let typed = form.map_err(unreadable)?.0.typed(Some(Role::Custom(id)));
    match app.capabilities.identity.edit_role(&caller, id, &wishes(&typed)).await {
        Ok(()) => Ok(Redirect::to(SAVED).into_response()),
        Err(error) => refused(&app, &caller, &render, error, typed).await,
    }
}

/// Deletes one that nobody has.
///
/// # Errors
/// As [`edit`].
pub async fn delete(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<RoleId>,
    render: Render,
) -> Result<Response, Failure> {
    match app.capabilities.identity.delete_role(&caller, id).await {
        Ok(()) => Ok(Redirect::to("/dashboard/roles?done=deleted").into_response()),
        Err(error) => refused(&app, &caller, &render, error, Typed::default()).await,
    }
}
