//! `POST /api/v1/answers`: what the documents say to a question.

use crate::auth::ApiCaller;
use crate::failure::Failure;
use crate::rest::ApiJson;
use crate::state::App;
use axum::{Json, extract::State};
use model::Problem;
use model::knowledge::Answer;
use serde::Deserialize;
use utoipa::ToSchema;

/// What is asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question, at most 1,000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    question: String,
}

/// Answers from the tenant's documents, word for word and with its source, or says that they do not say.
#[utoipa::path(
    post,
    path = "/api/v1/answers",
    tag = "Knowledge",
    security(("api_key" = [])),
    request_body = Question,
    responses(
        (status = 200, description = "The answer, or a refusal", body = Answer),
        (status = 400, description = "A body that cannot be read, or a field that is not known", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No key, or one that opens nothing", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "A body that is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A question that cannot be", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A fault of the server's, or more than it can take", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn answer(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(Question { question }): ApiJson<Question>,
) -> Result<Json<Answer>, Failure> {
    Ok(Json(app.capabilities.assistant.answer(&caller, &question).await?))
}
