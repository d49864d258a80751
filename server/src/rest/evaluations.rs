//! `/api/v1/evaluations`: the assistant measured on questions whose answers are known.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::idempotency::IdempotencyKey;
use crate::rest::refusals::{Refused, RefusedBody, RefusedOnce, RefusedQuery};
use crate::rest::{ApiJson, ApiQuery, Object, query};
use crate::state::App;
use axum::{Json, extract::State, http::StatusCode};
use knowledge::KnowledgeError;
use model::evaluation::{Evaluation, EvaluationReport, ExpectedQuestion, OutcomeCounts};
use model::{EvaluationId, Page, Problem};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use words::text;

/// A run that is to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluationRequest {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    name: String,
    /// Its questions.
    #[schema(value_type = Vec<ExpectedQuestion>, min_items = 1, max_items = 200)]
    questions: Vec<Object<ExpectedQuestion>>,
}

/// Beside which run.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Against {
    /// The id of an earlier run, with which it is compared, question by question.
    against: Option<String>,
}

/// The runs, the newest first: 20 are kept. Takes a key with `assistant.manage` and `documents.read`.
#[utoipa::path(
    get,
    path = "/api/v1/evaluations",
    operation_id = "list_evaluations",
    tag = "Assistant",
    security(("api_key" = [])),
    responses((status = 200, description = "All of them", body = Page<Evaluation>), RefusedQuery, Refused)
)]
pub async fn list(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<Page<Evaluation>>, Failure> {
    Ok(Json(Page { data: app.capabilities.assistant.evaluations(&caller).await?, next_cursor: None }))
}

/// Asks the built-in answerer questions whose answers are known, one after the other; no model is asked. Ask for the run again until its `state` is
/// `done` or `failed`. One run at a time, ten in 24 hours. Takes a key with `assistant.manage` and `documents.read`.
#[utoipa::path(
    post,
    path = "/api/v1/evaluations",
    operation_id = "create_evaluation",
    tag = "Assistant",
    params(IdempotencyKey),
    security(("api_key" = [])),
    request_body = EvaluationRequest,
    responses(
        (status = 202, description = "The run, whose questions will be asked; one of the same name and questions that has not ended is the same", body = Evaluation),
        RefusedBody,
        RefusedOnce,
        (status = 409, description = "Another one has not ended, or ten were begun in 24 hours; the request of this `Idempotency-Key` is being worked on", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn create(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(EvaluationRequest { name, questions }): ApiJson<EvaluationRequest>,
) -> Result<(StatusCode, Json<Evaluation>), Failure> {
    let questions: Vec<ExpectedQuestion> = questions.into_iter().map(|Object(question)| question).collect();
    let begun = app.capabilities.assistant.begin_evaluation(&caller, &name, &questions).await?;
    Ok((StatusCode::ACCEPTED, Json(begun)))
}

/// What came of a run so far: its figures and each question that was asked, and both beside an earlier run. Takes a key with `assistant.manage` and
/// `documents.read`.
#[utoipa::path(
    get,
    path = "/api/v1/evaluations/{id}",
    operation_id = "get_evaluation",
    tag = "Assistant",
    params(("id" = inline(EvaluationId), Path, description = "The run's id"), Against),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "What came of it", body = EvaluationReport),
        (status = 404, description = "No such run, or no such earlier one", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn get(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<EvaluationId>,
    ApiQuery(Against { against }): ApiQuery<Against>,
) -> Result<Json<EvaluationReport>, Failure> {
    let against = against.as_deref().map(str::parse::<EvaluationId>).transpose();
    let against = against.map_err(|_| KnowledgeError::field("against", text!("Use the id of a run.")))?;
    Ok(Json(app.capabilities.assistant.evaluation(&caller, id, against).await?))
}

/// Deletes a run, and ends it where it goes on. Takes a key with `assistant.manage` and `documents.read`.
#[utoipa::path(
    delete,
    path = "/api/v1/evaluations/{id}",
    operation_id = "delete_evaluation",
    tag = "Assistant",
    params(("id" = inline(EvaluationId), Path, description = "The run's id")),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such run", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn delete(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<EvaluationId>,
) -> Result<StatusCode, Failure> {
    app.capabilities.assistant.delete_evaluation(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What became of what visitors asked in the last 30 days, of the newest 10,000 questions, and what they said of it. Takes a key with
/// `documents.read`, `conversations.read`, `conversations.others` and every channel.
#[utoipa::path(
    get,
    path = "/api/v1/assistant/outcomes",
    operation_id = "get_outcomes",
    tag = "Assistant",
    security(("api_key" = [])),
    responses((status = 200, description = "How many of each", body = OutcomeCounts), RefusedQuery, Refused)
)]
pub async fn outcomes(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<OutcomeCounts>, Failure> {
    Ok(Json(app.capabilities.conversations.outcomes(&caller).await?))
}
