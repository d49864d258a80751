//! `GET /api/v1/conversations/{id}`: one conversation.

use crate::auth::ApiCaller;
use crate::failure::Failure;
use crate::rest::refusals::{Refused, RefusedQuery};
use crate::rest::{ApiQuery, query};
use crate::state::App;
use axum::{
    Json,
    extract::{Path, State},
};
use model::Problem;
use model::conversation::Conversation;

/// One conversation: who may speak, and how far it is.
#[utoipa::path(
    get,
    path = "/api/v1/conversations/{id}",
    operation_id = "get_conversation",
    tag = "Conversations",
    params(("id" = String, Path, description = "The conversation's id")),
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
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
    _: ApiQuery<query::None>,
) -> Result<Json<Conversation>, Failure> {
    Ok(Json(app.capabilities.conversations.get(&caller, &id).await?))
}
