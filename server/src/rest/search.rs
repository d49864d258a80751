//! `POST /api/v1/search`: the passages that fit a query.

use crate::auth::ApiCaller;
use crate::failure::Failure;
use crate::rest::ApiJson;
use crate::rest::refusals::{Refused, RefusedBody};
use crate::state::App;
use axum::{Json, extract::State};
use model::knowledge::Passage;
use model::whole;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is sought.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchRequest {
    /// A question or some words, at most 1,000 characters.
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    query: String,
    /// Most passages, 1 to 50; 5 by default.
    #[serde(default, deserialize_with = "whole::or_none")]
    #[schema(minimum = 1, maximum = 50, default = 5)]
    limit: Option<u32>,
    /// What a passage has to score at least, 0 to 1; 0 by default. What scores less is left out, and so there may be fewer, or none.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1, default = 0)]
    minimum: Option<f32>,
}

/// What was found, the best first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchResults {
    /// The passages.
    data: Vec<Passage>,
}

/// Searches the tenant's documents, by meaning and by words, and reads the first dozen together with the query: whether they answer it is half of `score`
/// (where very many search at once they are not read, and it is that of meaning and words alone).
/// Where the workspace has chosen a model of its own for the search, the order is that of both searches together, and `score` is that of meaning and words
/// in the one without it.
#[utoipa::path(
    post,
    path = "/api/v1/search",
    tag = "Knowledge",
    security(("api_key" = [])),
    request_body = SearchRequest,
    responses(
        (status = 200, description = "The passages", body = SearchResults),
        RefusedBody,
        Refused,
    )
)]
pub async fn search(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(SearchRequest { query, limit, minimum }): ApiJson<SearchRequest>,
) -> Result<Json<SearchResults>, Failure> {
    let found = app.capabilities.assistant.search_documents(&caller, &query, limit, minimum).await?;
    Ok(Json(SearchResults { data: found }))
}
