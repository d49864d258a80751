//! `/api/v1/teams`: members who see to the same conversations.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::request::{PathId, PathIds};
use crate::rest::idempotency::IdempotencyKey;
use crate::rest::refusals::{Refused, RefusedBody, RefusedOnce, RefusedQuery};
use crate::rest::{ApiJson, ApiQuery, query};
use crate::state::App;
use axum::{Json, extract::State, http::StatusCode};
use model::identity::Team;
use model::page::Page;
use model::{MemberId, Problem, TeamId};
use serde::Deserialize;
use utoipa::ToSchema;

/// The teams, by name.
#[utoipa::path(
    get,
    path = "/api/v1/teams",
    operation_id = "list_teams",
    tag = "Identity",
    security(("api_key" = [])),
    responses((status = 200, description = "All of them", body = Page<Team>), RefusedQuery, Refused)
)]
pub async fn list(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<Page<Team>>, Failure> {
    Ok(Json(Page { data: app.capabilities.identity.list_teams(&caller).await?, next_cursor: None }))
}

/// What a team is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeam {
    /// What people call it, unlike any other.
    #[schema(min_length = 1, max_length = 40, pattern = r"\S")]
    name: String,
}

/// Makes a team, in which nobody is yet. Takes a key with `members.manage`.
#[utoipa::path(
    post,
    path = "/api/v1/teams",
    operation_id = "create_team",
    tag = "Identity",
    params(IdempotencyKey),
    security(("api_key" = [])),
    request_body = NewTeam,
    responses(
        (status = 201, description = "The team", body = Team),
        RefusedBody,
        RefusedOnce,
        (status = 409, description = "Too many teams; the request of this `Idempotency-Key` is being worked on", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn create(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(NewTeam { name }): ApiJson<NewTeam>,
) -> Result<(StatusCode, Json<Team>), Failure> {
    Ok((StatusCode::CREATED, Json(app.capabilities.identity.create_team(&caller, &name).await?)))
}

/// One team.
#[utoipa::path(
    get,
    path = "/api/v1/teams/{id}",
    operation_id = "get_team",
    tag = "Identity",
    params(("id" = inline(TeamId), Path, description = "The team's id")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The team", body = Team),
        (status = 404, description = "No such team", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn get(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<TeamId>,
    _: ApiQuery<query::None>,
) -> Result<Json<Team>, Failure> {
    Ok(Json(app.capabilities.identity.get_team(&caller, id).await?))
}

/// Calls a team something else. Takes a key with `members.manage`.
#[utoipa::path(
    patch,
    path = "/api/v1/teams/{id}",
    operation_id = "change_team",
    tag = "Identity",
    params(("id" = inline(TeamId), Path, description = "The team's id")),
    security(("api_key" = [])),
    request_body = NewTeam,
    responses(
        (status = 204, description = "It is changed"),
        (status = 404, description = "No such team", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        Refused,
    )
)]
pub async fn change(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<TeamId>,
    ApiJson(NewTeam { name }): ApiJson<NewTeam>,
) -> Result<StatusCode, Failure> {
    app.capabilities.identity.rename_team(&caller, id, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a team: what was given to it is no team's any more. Takes a key with `members.manage`, `conversations.others` and every channel.
#[utoipa::path(
    delete,
    path = "/api/v1/teams/{id}",
    operation_id = "delete_team",
    tag = "Identity",
    params(("id" = inline(TeamId), Path, description = "The team's id")),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such team", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn delete(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<TeamId>,
) -> Result<StatusCode, Failure> {
    app.capabilities.identity.delete_team(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts a member into a team; done twice, they are in it once. Takes a key with `members.manage`, `conversations.others` and every channel.
#[utoipa::path(
    put,
    path = "/api/v1/teams/{id}/members/{member_id}",
    operation_id = "add_team_member",
    tag = "Identity",
    params(
        ("id" = inline(TeamId), Path, description = "The team's id"),
        ("member_id" = inline(MemberId), Path, description = "The member's id"),
    ),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "They are in it"),
        (status = 404, description = "No such team or member", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn add(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathIds(id, member): PathIds<TeamId, MemberId>,
) -> Result<StatusCode, Failure> {
    app.capabilities.identity.add_to_team(&caller, id, member).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a member out of a team. Takes a key with `members.manage`.
#[utoipa::path(
    delete,
    path = "/api/v1/teams/{id}/members/{member_id}",
    operation_id = "delete_team_member",
    tag = "Identity",
    params(
        ("id" = inline(TeamId), Path, description = "The team's id"),
        ("member_id" = inline(MemberId), Path, description = "The member's id"),
    ),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "They are out of it"),
        (status = 404, description = "No such team, or they are not in it", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn remove(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathIds(id, member): PathIds<TeamId, MemberId>,
) -> Result<StatusCode, Failure> {
    app.capabilities.identity.take_from_team(&caller, id, member).await?;
    Ok(StatusCode::NO_CONTENT)
}
