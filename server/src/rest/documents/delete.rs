//! `DELETE /api/v1/documents/{id}`: forgets a document.

use crate::auth::ApiCaller;
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::refusals::Refused;
use crate::state::App;
use axum::extract::State;
use axum::http::StatusCode;
use model::{DocumentId, Problem};

/// Deletes a document and everything that was made of it.
#[utoipa::path(
    delete,
    path = "/api/v1/documents/{id}",
    operation_id = "delete_document",
    tag = "Knowledge",
    params(("id" = inline(DocumentId), Path, description = "The document's id")),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such document", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn delete(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<DocumentId>,
) -> Result<StatusCode, Failure> {
    app.capabilities.knowledge.delete_document(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
