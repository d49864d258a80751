//! `/api/v1/conversations/{id}/facts`: what the contact has said of themself, and the assistant remembers.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::request::{PathId, PathIds};
use crate::rest::refusals::{Refused, RefusedQuery};
use crate::rest::{ApiQuery, query};
use crate::state::App;
use axum::{Json, extract::State, http::StatusCode};
use model::conversation::ContactFact;
use model::page::Page;
use model::{ConversationId, FactId, Problem};

/// What the contact has said of themself, in this conversation and in others within the key's reach, the latest first: twenty things at most. None
/// where the workspace does not want it remembered.
#[utoipa::path(
    get,
    path = "/api/v1/conversations/{id}/facts",
    operation_id = "list_facts",
    tag = "Conversations",
    params(("id" = inline(ConversationId), Path, description = "The conversation's id")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "All of them", body = Page<ContactFact>),
        (status = 404, description = "No such conversation", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn facts(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<ConversationId>,
    _: ApiQuery<query::None>,
) -> Result<Json<Page<ContactFact>>, Failure> {
    Ok(Json(Page { data: app.capabilities.conversations.facts(&caller, id).await?, next_cursor: None }))
}

/// Forgets all of them. Takes a key with `conversations.write`.
#[utoipa::path(
    delete,
    path = "/api/v1/conversations/{id}/facts",
    operation_id = "delete_facts",
    tag = "Conversations",
    params(("id" = inline(ConversationId), Path, description = "The conversation's id")),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "There are none"),
        (status = 404, description = "No such conversation", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn forget_facts(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<ConversationId>,
) -> Result<StatusCode, Failure> {
    app.capabilities.conversations.forget(&caller, id, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets one of them. Takes a key with `conversations.write`.
#[utoipa::path(
    delete,
    path = "/api/v1/conversations/{id}/facts/{fact_id}",
    operation_id = "delete_fact",
    tag = "Conversations",
    params(
        ("id" = inline(ConversationId), Path, description = "The conversation's id"),
        ("fact_id" = inline(FactId), Path, description = "What is forgotten"),
    ),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such conversation, or nothing of that contact's", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn forget_fact(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathIds(id, fact): PathIds<ConversationId, FactId>,
) -> Result<StatusCode, Failure> {
    app.capabilities.conversations.forget(&caller, id, Some(fact)).await?;
    Ok(StatusCode::NO_CONTENT)
}
