//! `POST /api/v1/conversations`: begins a conversation.

use crate::auth::ApiCaller;
use crate::failure::Failure;
use crate::rest::idempotency::IdempotencyKey;
use crate::rest::refusals::{Refused, RefusedBody, RefusedOnce};
use crate::rest::{ApiJson, object};
use crate::state::App;
use axum::{Json, extract::State, http::StatusCode};
use model::conversation::Conversation;
use serde::Deserialize;
use utoipa::ToSchema;

/// With whom.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewContact {
    /// The name.
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    name: Option<String>,
    /// The address, at most 254 bytes.
    #[schema(format = Email, min_length = 5, max_length = 254)]
    email: Option<String>,
}

/// What is begun.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConversation {
    /// The contact; an empty object for somebody of whom nothing is known.
    #[serde(default, deserialize_with = "object")]
    contact: NewContact,
}

/// Begins a conversation with a new contact. The assistant handles it.
#[utoipa::path(
    post,
    path = "/api/v1/conversations",
    operation_id = "create_conversation",
    tag = "Conversations",
    params(IdempotencyKey),
    security(("api_key" = [])),
    request_body = NewConversation,
    responses(
        (status = 201, description = "The conversation", body = Conversation),
        RefusedBody,
        RefusedOnce,
        Refused,
    )
)]
pub async fn create(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(NewConversation { contact }): ApiJson<NewConversation>,
) -> Result<(StatusCode, Json<Conversation>), Failure> {
    let new = conversations::NewContact { name: contact.name, email: contact.email };
    Ok((StatusCode::CREATED, Json(app.capabilities.conversations.create(&caller, new).await?)))
}
