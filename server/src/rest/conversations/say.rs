//! `POST /api/v1/conversations/{id}/messages`: says something.

use crate::auth::ApiCaller;
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::ApiJson;
use crate::rest::idempotency::IdempotencyKey;
use crate::rest::refusals::{Refused, RefusedBody, RefusedOnce};
use crate::state::App;
use axum::{Json, extract::State, http::StatusCode};
use model::conversation::Message;
use model::{ConversationId, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

/// Who says it.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Speaker)]
pub enum From {
    /// The contact. Wakes the assistant where it handles the conversation.
    #[default]
    Contact,
    /// The company, on a person's behalf. Only after a handoff.
    Agent,
}

/// What is said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// The words. Control characters other than line ends and tabs are taken out.
    #[schema(min_length = 1, max_length = 4000, pattern = r"\S")]
    text: String,
    /// What the sender knows it by, new for each message: sent again, it is there once.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")]
    client_id: String,
    /// Who says it; the contact by default.
    #[serde(default)]
    from: From,
}

/// Says something on the contact's or the company's behalf.
#[utoipa::path(
    post,
    path = "/api/v1/conversations/{id}/messages",
    operation_id = "create_message",
    tag = "Conversations",
    params(("id" = inline(ConversationId), Path, description = "The conversation's id"), IdempotencyKey),
    security(("api_key" = [])),
    request_body = NewMessage,
    responses(
        (status = 201, description = "The message is kept", body = Message),
        (status = 200, description = "It was kept before, under the same client_id", body = Message),
        (status = 404, description = "No such conversation", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        RefusedOnce,
        (status = 409, description = "From an agent while the assistant handles the conversation; other words under a client_id that was used; the request of this `Idempotency-Key` is being worked on", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn say(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<ConversationId>,
    ApiJson(NewMessage { text, client_id, from }): ApiJson<NewMessage>,
) -> Result<(StatusCode, Json<Message>), Failure> {
    let new = conversations::NewMessage { text, client_id };
    let (message, again) = match from {
        From::Contact => app.capabilities.conversations.pass_on(&caller, id, &new).await?,
        From::Agent => app.capabilities.conversations.reply(&caller, id, &new).await?,
    };
    Ok((if again { StatusCode::OK } else { StatusCode::CREATED }, Json(message)))
}
