//! `POST /api/v1/conversations/{id}/handoff|call|team|handback|resolve`: who may speak.

use crate::auth::ApiCaller;
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::ApiJson;
use crate::rest::idempotency::IdempotencyKey;
use crate::rest::refusals::{Refused, RefusedBody, RefusedOnce};
use crate::state::App;
use axum::{Json, extract::State};
use model::conversation::Conversation;
use model::permission::ReadConversations;
use model::{ConversationId, Problem, TeamId};
use serde::Deserialize;
use store::Caller;
use utoipa::ToSchema;

/// A conversation to whom has changed it: of who may write and not read, it is not told who the contact is, and what was said.
fn shown(caller: &Caller, mut conversation: Conversation) -> Json<Conversation> {
    if caller.may(ReadConversations).is_err() {
        (conversation.contact.name, conversation.contact.email, conversation.last_text) = (None, None, None);
    }
    Json(conversation)
}

/// Asks for a person: the assistant is silent from now on. Asked twice, once is enough.
#[utoipa::path(
    post,
    path = "/api/v1/conversations/{id}/handoff",
    operation_id = "hand_off_conversation",
    tag = "Conversations",
    params(("id" = inline(ConversationId), Path, description = "The conversation's id"), IdempotencyKey),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The conversation, with people", body = Conversation),
        (status = 404, description = "No such conversation", body = Problem, content_type = "application/problem+json"),
        RefusedOnce,
        Refused,
    )
)]
pub async fn hand_off(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<ConversationId>,
) -> Result<Json<Conversation>, Failure> {
    Ok(shown(&caller, app.capabilities.conversations.hand_off(&caller, id).await?))
}

/// Asks for a call on behalf of the contact: people are asked for, by an event that says so. Outside the company's service hours it says when they
/// are there again, and the conversation waits for their call-back. Asked again before anybody has answered, nothing changes.
#[utoipa::path(
    post,
    path = "/api/v1/conversations/{id}/call",
    operation_id = "ask_for_call",
    tag = "Conversations",
    params(("id" = inline(ConversationId), Path, description = "The conversation's id"), IdempotencyKey),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The conversation, with people", body = Conversation),
        (status = 404, description = "No such conversation", body = Problem, content_type = "application/problem+json"),
        RefusedOnce,
        (status = 409, description = "The company takes no calls; the request of this `Idempotency-Key` is being worked on", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn call(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<ConversationId>,
) -> Result<Json<Conversation>, Failure> {
    Ok(shown(&caller, app.capabilities.conversations.call(&caller, id).await?))
}

/// To whom a conversation is given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenTo {
    /// The team; `null` for none any more.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, value_type = Option<TeamId>)]
    team_id: Option<String>,
}

/// Gives the conversation to a team: it waits for a person there, whoever had it before. Where it is already, nothing changes. The answer says
/// how it is now, also to a key that reaches what is that team's no more.
#[utoipa::path(
    post,
    path = "/api/v1/conversations/{id}/team",
    operation_id = "give_conversation",
    tag = "Conversations",
    params(("id" = inline(ConversationId), Path, description = "The conversation's id"), IdempotencyKey),
    security(("api_key" = [])),
    request_body = GivenTo,
    responses(
        (status = 200, description = "The conversation, with people", body = Conversation),
        (status = 404, description = "No such conversation, or no such team", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        RefusedOnce,
        Refused,
    )
)]
pub async fn give(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<ConversationId>,
    ApiJson(GivenTo { team_id }): ApiJson<GivenTo>,
) -> Result<Json<Conversation>, Failure> {
    // What is no id is answered like one that is unknown.
    let team: Option<TeamId> = team_id.map(|id| id.parse()).transpose().map_err(|_| Problem::not_found())?;
    Ok(shown(&caller, app.capabilities.conversations.give(&caller, id, team).await?))
}

/// Gives the conversation back to the assistant.
#[utoipa::path(
    post,
    path = "/api/v1/conversations/{id}/handback",
    operation_id = "hand_back_conversation",
    tag = "Conversations",
    params(("id" = inline(ConversationId), Path, description = "The conversation's id"), IdempotencyKey),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The conversation, with the assistant", body = Conversation),
        (status = 404, description = "No such conversation", body = Problem, content_type = "application/problem+json"),
        RefusedOnce,
        Refused,
    )
)]
pub async fn hand_back(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<ConversationId>,
) -> Result<Json<Conversation>, Failure> {
    Ok(shown(&caller, app.capabilities.conversations.hand_back(&caller, id).await?))
}

/// Marks the conversation as settled. A new message of the contact opens it again.
#[utoipa::path(
    post,
    path = "/api/v1/conversations/{id}/resolve",
    operation_id = "resolve_conversation",
    tag = "Conversations",
    params(("id" = inline(ConversationId), Path, description = "The conversation's id"), IdempotencyKey),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The conversation, resolved", body = Conversation),
        (status = 404, description = "No such conversation", body = Problem, content_type = "application/problem+json"),
        RefusedOnce,
        Refused,
    )
)]
pub async fn resolve(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<ConversationId>,
) -> Result<Json<Conversation>, Failure> {
    Ok(shown(&caller, app.capabilities.conversations.resolve(&caller, id).await?))
}
