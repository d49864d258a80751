//! `/api/v1/assistant`: the instructions of the personality in use, which a model is told. All of it is under `/api/v1/personalities`.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::rest::refusals::{Refused, RefusedBody, RefusedQuery};
use crate::rest::{ApiJson, ApiQuery, query};
use crate::state::App;
use axum::{Json, extract::State};
use model::receipt::AssistantWishes;

/// The instructions of the personality in use: what a model is told, besides the documents and its other traits. Takes a key with
/// `assistant.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/assistant",
    operation_id = "get_assistant",
    tag = "Assistant",
    security(("api_key" = [])),
    responses((status = 200, description = "What it is told", body = AssistantWishes), RefusedQuery, Refused)
)]
pub async fn get(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<AssistantWishes>, Failure> {
    Ok(Json(app.capabilities.assistant.wishes(&caller).await?))
}

/// Gives the personality in use other instructions, as a new version, from the next answer on. Where there is none, one is made. Takes a key
/// with `assistant.manage`.
#[utoipa::path(
    put,
    path = "/api/v1/assistant",
    operation_id = "change_assistant",
    tag = "Assistant",
    security(("api_key" = [])),
    request_body = AssistantWishes,
    responses((status = 200, description = "What it is told now", body = AssistantWishes), RefusedBody, Refused)
)]
pub async fn change(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(wishes): ApiJson<AssistantWishes>,
) -> Result<Json<AssistantWishes>, Failure> {
    Ok(Json(app.capabilities.assistant.wish(&caller, &wishes).await?))
}
