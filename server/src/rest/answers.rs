//! `/api/v1/answers`: what the documents say to a question, and what an answer was made of.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::idempotency::IdempotencyKey;
use crate::rest::refusals::{Refused, RefusedBody, RefusedOnce, RefusedQuery};
use crate::rest::{ApiJson, ApiQuery, query};
use crate::state::App;
use axum::{Json, extract::State};
use model::knowledge::Answer;
use model::receipt::Receipt;
use model::{Problem, ReceiptId};
use serde::Deserialize;
use utoipa::ToSchema;

/// What is asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerRequest {
    /// The question, at most 1,000 characters.
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    question: String,
}

/// Answers from the tenant's documents, with the source, or says that they do not say: as a model writes it, where the workspace has one that
/// is on (then `model` and `usage` say which and how much), and word for word otherwise.
///
/// `outcome` says which: `answer`; `passages`, where nothing answers clearly, and `citations` has up to three quotes that are nearest; or
/// `refused`. What it was made of stands for 90 days under `receipt_id`.
#[utoipa::path(
    post,
    path = "/api/v1/answers",
    tag = "Knowledge",
    params(IdempotencyKey),
    security(("api_key" = [])),
    request_body = AnswerRequest,
    responses(
        (status = 200, description = "The answer, the nearest passages, or a refusal", body = Answer),
        RefusedBody,
        RefusedOnce,
        Refused,
    )
)]
pub async fn answer(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(AnswerRequest { question }): ApiJson<AnswerRequest>,
) -> Result<Json<Answer>, Failure> {
    Ok(Json(app.capabilities.assistant.respond(&caller, &question).await?.answer))
}

/// The receipt of an answer: passages, model, prompt hash, usage, cost, verdict and steps, and whether it is what was written down then. Takes a
/// key with `assistant.manage`, and for an answer in a conversation what it takes to read all of those as well.
#[utoipa::path(
    get,
    path = "/api/v1/answers/{id}",
    operation_id = "get_receipt",
    tag = "Knowledge",
    params(("id" = inline(ReceiptId), Path, description = "The receipt's id")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The receipt", body = Receipt),
        (status = 404, description = "No such receipt, or not any more", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn receipt(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<ReceiptId>,
    _: ApiQuery<query::None>,
) -> Result<Json<Receipt>, Failure> {
    Ok(Json(app.capabilities.assistant.receipt(&caller, id).await?))
}
