//! `GET /api/v1/documents/{id}`: one document.

use crate::auth::ApiReader;
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::refusals::{Refused, RefusedQuery};
use crate::rest::{ApiQuery, query};
use crate::state::App;
use axum::{Json, extract::State};
use model::knowledge::Document;
use model::{DocumentId, Problem};

/// One document: how far it is, and why it could not be read.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{id}",
    operation_id = "get_document",
    tag = "Knowledge",
    params(("id" = inline(DocumentId), Path, description = "The document's id")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The document", body = Document),
        (status = 404, description = "No such document", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn get(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<DocumentId>,
    _: ApiQuery<query::None>,
) -> Result<Json<Document>, Failure> {
    Ok(Json(app.capabilities.knowledge.get_document(&caller, id).await?))
}
