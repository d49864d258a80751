//! `/api/v1/roles`: what members may do.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::idempotency::IdempotencyKey;
use crate::rest::refusals::{Refused, RefusedBody, RefusedOnce, RefusedQuery};
use crate::rest::{ApiJson, ApiQuery, query};
use crate::state::App;
use axum::{Json, extract::State, http::StatusCode};
use identity::RoleWishes;
use model::identity::RoleInfo;
use model::page::Page;
use model::permission::Permissions;
use model::{Problem, RoleId};
use serde::Deserialize;
use utoipa::ToSchema;

/// The roles that there are: those that there are everywhere, then the tenant's own by name.
#[utoipa::path(
    get,
    path = "/api/v1/roles",
    operation_id = "list_roles",
    tag = "Identity",
    security(("api_key" = [])),
    responses((status = 200, description = "All of them", body = Page<RoleInfo>), RefusedQuery, Refused)
)]
pub async fn list(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<Page<RoleInfo>>, Failure> {
    Ok(Json(Page { data: app.capabilities.identity.list_roles(&caller).await?, next_cursor: None }))
}

/// A role of the tenant's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// What people call it, unlike any other.
    #[schema(min_length = 1, max_length = 40, pattern = r"\S")]
    title: String,
    /// What it may do. No more than the key may do itself; what it cannot do without comes with it.
    permissions: Permissions,
}

impl From<NewRole> for RoleWishes {
    fn from(NewRole { title, permissions }: NewRole) -> Self {
        Self { title, permissions }
    }
}

/// Makes a role. Takes a key with `members.manage`.
#[utoipa::path(
    post,
    path = "/api/v1/roles",
    operation_id = "create_role",
    tag = "Identity",
    params(IdempotencyKey),
    security(("api_key" = [])),
    request_body = NewRole,
    responses(
        (status = 201, description = "The role", body = RoleInfo),
        RefusedBody,
        RefusedOnce,
        (status = 409, description = "Too many roles; the request of this `Idempotency-Key` is being worked on", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn create(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(role): ApiJson<NewRole>,
) -> Result<(StatusCode, Json<RoleInfo>), Failure> {
    Ok((StatusCode::CREATED, Json(app.capabilities.identity.create_role(&caller, &role.into()).await?)))
}

/// Changes what a role of the tenant's own may do, or is called: at once, for everybody who has it. Takes a key with
/// `members.manage`.
#[utoipa::path(
    put,
    path = "/api/v1/roles/{id}",
    operation_id = "change_role",
    tag = "Identity",
    params(("id" = inline(RoleId), Path, description = "The role's id")),
    security(("api_key" = [])),
    request_body = NewRole,
    responses(
        (status = 204, description = "It is changed"),
        (status = 404, description = "No such role", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        Refused,
    )
)]
pub async fn change(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<RoleId>,
    ApiJson(role): ApiJson<NewRole>,
) -> Result<StatusCode, Failure> {
    app.capabilities.identity.edit_role(&caller, id, &role.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a role of the tenant's own that nobody has. Takes a key with `members.manage`.
#[utoipa::path(
    delete,
    path = "/api/v1/roles/{id}",
    operation_id = "delete_role",
    tag = "Identity",
    params(("id" = inline(RoleId), Path, description = "The role's id")),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such role", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Somebody has it", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn delete(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<RoleId>,
) -> Result<StatusCode, Failure> {
    app.capabilities.identity.delete_role(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
