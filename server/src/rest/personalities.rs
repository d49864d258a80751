//! `/api/v1/personalities`: what the assistant is like, each change a version.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::idempotency::IdempotencyKey;
use crate::rest::refusals::{Refused, RefusedBody, RefusedOnce, RefusedQuery};
use crate::rest::{ApiJson, ApiQuery, object, query};
use crate::state::App;
use axum::{Json, extract::State, http::StatusCode};
use model::personality::{KeptPersonality, Personality, PersonalityVersion};
use model::{Page, PersonalityId, Problem, whole};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// The personalities, in the order in which they were made: ten at most, one of which is in use. Takes a key with `assistant.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/personalities",
    operation_id = "list_personalities",
    tag = "Assistant",
    security(("api_key" = [])),
    responses((status = 200, description = "All of them", body = Page<KeptPersonality>), RefusedQuery, Refused)
)]
pub async fn list(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<Page<KeptPersonality>>, Failure> {
    Ok(Json(Page { data: app.capabilities.assistant.personalities(&caller).await?, next_cursor: None }))
}

/// Makes a personality. The first one that there is is in use. Takes a key with `assistant.manage`.
#[utoipa::path(
    post,
    path = "/api/v1/personalities",
    operation_id = "create_personality",
    tag = "Assistant",
    params(IdempotencyKey),
    security(("api_key" = [])),
    request_body = Personality,
    responses(
        (status = 201, description = "The personality", body = KeptPersonality),
        RefusedBody,
        RefusedOnce,
        (status = 409, description = "Too many personalities; the request of this `Idempotency-Key` is being worked on", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn create(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(personality): ApiJson<Personality>,
) -> Result<(StatusCode, Json<KeptPersonality>), Failure> {
    Ok((StatusCode::CREATED, Json(app.capabilities.assistant.create_personality(&caller, personality).await?)))
}

/// A personality. Takes a key with `assistant.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/personalities/{id}",
    operation_id = "get_personality",
    tag = "Assistant",
    params(("id" = inline(PersonalityId), Path, description = "The personality's id")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The personality", body = KeptPersonality),
        (status = 404, description = "No such personality", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn get(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<PersonalityId>,
    _: ApiQuery<query::None>,
) -> Result<Json<KeptPersonality>, Failure> {
    Ok(Json(app.capabilities.assistant.personality(&caller, id).await?))
}

/// What a personality is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonalityChange {
    /// The number of the version that was seen.
    #[serde(deserialize_with = "whole::read")]
    version: i32,
    /// All of what it is to be: what is not said is as in a new one.
    #[serde(deserialize_with = "object")]
    personality: Personality,
}

/// Makes a personality another, over the version that was seen, from the next answer on. To bring a version back, send it. Takes a key with
/// `assistant.manage`.
#[utoipa::path(
    put,
    path = "/api/v1/personalities/{id}",
    operation_id = "change_personality",
    tag = "Assistant",
    params(("id" = inline(PersonalityId), Path, description = "The personality's id")),
    security(("api_key" = [])),
    request_body = PersonalityChange,
    responses(
        (status = 200, description = "The personality now", body = KeptPersonality),
        (status = 404, description = "No such personality", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is another version by now", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        Refused,
    )
)]
pub async fn change(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<PersonalityId>,
    ApiJson(PersonalityChange { version, personality }): ApiJson<PersonalityChange>,
) -> Result<Json<KeptPersonality>, Failure> {
    Ok(Json(app.capabilities.assistant.change_personality(&caller, id, version, personality).await?))
}

/// Deletes a personality that is not in use, with its versions. Takes a key with `assistant.manage`.
#[utoipa::path(
    delete,
    path = "/api/v1/personalities/{id}",
    operation_id = "delete_personality",
    tag = "Assistant",
    params(("id" = inline(PersonalityId), Path, description = "The personality's id")),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such personality", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is in use", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn delete(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<PersonalityId>,
) -> Result<StatusCode, Failure> {
    app.capabilities.assistant.delete_personality(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which versions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Most entries.
    #[param(minimum = 1, maximum = 20, default = 10)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[param(min_length = 1)]
    cursor: Option<String>,
}

/// The versions of a personality, the latest first, each with all of it; the last 200 are kept. Takes a key with `assistant.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/personalities/{id}/versions",
    operation_id = "list_personality_versions",
    tag = "Assistant",
    params(("id" = inline(PersonalityId), Path, description = "The personality's id"), Which),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "A page of versions", body = Page<PersonalityVersion>),
        (status = 404, description = "No such personality", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn versions(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<PersonalityId>,
    ApiQuery(Which { limit, cursor }): ApiQuery<Which>,
) -> Result<Json<Page<PersonalityVersion>>, Failure> {
    Ok(Json(app.capabilities.assistant.personality_versions(&caller, id, limit, cursor.as_deref()).await?))
}

/// Gives the assistant this personality, from the next answer on. Takes a key with `assistant.manage`.
#[utoipa::path(
    post,
    path = "/api/v1/personalities/{id}/use",
    operation_id = "use_personality",
    tag = "Assistant",
    params(("id" = inline(PersonalityId), Path, description = "The personality's id"), IdempotencyKey),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The personality, which is in use", body = KeptPersonality),
        (status = 404, description = "No such personality", body = Problem, content_type = "application/problem+json"),
        RefusedOnce,
        Refused,
    )
)]
pub async fn take(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<PersonalityId>,
) -> Result<Json<KeptPersonality>, Failure> {
    Ok(Json(app.capabilities.assistant.use_personality(&caller, id).await?))
}
