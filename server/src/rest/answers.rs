//! `POST /api/v1/answers`: what the documents say to a question.

use crate::auth::ApiCaller;
use crate::failure::Failure;
use crate::rest::ApiJson;
use crate::rest::refusals::{Refused, RefusedBody};
use crate::state::App;
use axum::{Json, extract::State};
use model::knowledge::Answer;
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

/// Answers from the tenant's documents, word for word and with its source, or says that they do not say.
///
/// `outcome` says which: `answer`; `passages`, where nothing answers clearly, and `citations` has up to three quotes that are nearest; or
/// `refused`.
#[utoipa::path(
    post,
    path = "/api/v1/answers",
    tag = "Knowledge",
    security(("api_key" = [])),
    request_body = AnswerRequest,
    responses(
        (status = 200, description = "The answer, the nearest passages, or a refusal", body = Answer),
        RefusedBody,
        Refused,
    )
)]
pub async fn answer(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(AnswerRequest { question }): ApiJson<AnswerRequest>,
) -> Result<Json<Answer>, Failure> {
    Ok(Json(app.capabilities.assistant.answer(&caller, &question).await?))
}
