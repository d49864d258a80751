//! `/api/v1/unanswered`: what was asked and not answered.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::idempotency::IdempotencyKey;
use crate::rest::refusals::{Refused, RefusedOnce, RefusedQuery};
use crate::rest::{ApiQuery, query};
use crate::state::App;
use axum::{Json, extract::State, http::StatusCode};
use model::Problem;
use model::knowledge::{AskedId, Unanswered};
use model::page::Page;

/// What was asked and not answered, most asked first: the 50 of which there are most. Takes a key with `documents.read`,
/// `conversations.read`, `conversations.others` and every channel.
#[utoipa::path(
    get,
    path = "/api/v1/unanswered",
    operation_id = "list_unanswered",
    tag = "Knowledge",
    security(("api_key" = [])),
    responses((status = 200, description = "The questions", body = Page<Unanswered>), RefusedQuery, Refused)
)]
pub async fn list(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<Page<Unanswered>>, Failure> {
    Ok(Json(Page { data: app.capabilities.conversations.unanswered(&caller).await?, next_cursor: None }))
}

/// Takes a question off the list, with all that say the same: an answer was written, or none is to be. Takes a key with
/// `documents.manage`, too.
#[utoipa::path(
    post,
    path = "/api/v1/unanswered/{id}/settle",
    operation_id = "settle_unanswered",
    tag = "Knowledge",
    params(("id" = inline(AskedId), Path, description = "The question's id"), IdempotencyKey),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "It is settled, or was before"),
        (status = 404, description = "No such question", body = Problem, content_type = "application/problem+json"),
        RefusedOnce,
        Refused,
    )
)]
pub async fn settle(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<AskedId>,
) -> Result<StatusCode, Failure> {
    app.capabilities.conversations.settle(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
