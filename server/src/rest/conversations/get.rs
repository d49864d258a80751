//! `GET /api/v1/conversations/{id}`: one conversation.

use crate::auth::ApiReader;
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::refusals::{Refused, RefusedQuery};
use crate::rest::{ApiQuery, query};
use crate::state::App;
use axum::{Json, extract::State};
use model::conversation::Conversation;
use model::{ConversationId, Problem};

/// One conversation: who may speak, and how far it is.
#[utoipa::path(
    get,
    path = "/api/v1/conversations/{id}",
    operation_id = "get_conversation",
    tag = "Conversations",
    params(("id" = inline(ConversationId), Path, description = "The conversation's id")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The conversation", body = Conversation),
        (status = 404, description = "No such conversation", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn get(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<ConversationId>,
    _: ApiQuery<query::None>,
) -> Result<Json<Conversation>, Failure> {
    Ok(Json(app.capabilities.conversations.get(&caller, id).await?))
}
