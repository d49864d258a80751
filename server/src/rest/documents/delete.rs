//! `DELETE /api/v1/documents/{id}`: forgets a document.

use crate::auth::ApiCaller;
use crate::failure::Failure;
use crate::rest::refusals::Refused;
use crate::state::App;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::Problem;

/// Deletes a document and everything that was made of it.
#[utoipa::path(
    delete,
    path = "/api/v1/documents/{id}",
    operation_id = "delete_document",
    tag = "Knowledge",
    params(("id" = String, Path, description = "The document's id")),
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
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    app.capabilities.knowledge.delete_document(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
