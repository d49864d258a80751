//! `GET /api/v1/conversations`: the conversations of the tenant.

use crate::auth::ApiReader;
use crate::failure::Failure;
use crate::rest::ApiQuery;
use crate::rest::refusals::{Refused, RefusedQuery};
use crate::state::App;
use axum::{Json, extract::State};
use model::Page;
use model::conversation::{Conversation, ConversationState};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which conversations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Those that are open, or resolved; all by default.
    state: Option<ConversationState>,
    /// Most entries.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[param(min_length = 1)]
    cursor: Option<String>,
}

/// The conversations of the tenant, those that began last first.
#[utoipa::path(
    get,
    path = "/api/v1/conversations",
    operation_id = "list_conversations",
    tag = "Conversations",
    params(Which),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "A page of conversations", body = Page<Conversation>),
        RefusedQuery,
        Refused,
    )
)]
pub async fn list(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    ApiQuery(Which { state, limit, cursor }): ApiQuery<Which>,
) -> Result<Json<Page<Conversation>>, Failure> {
    Ok(Json(app.capabilities.conversations.list(&caller, state, limit, cursor.as_deref()).await?))
}
