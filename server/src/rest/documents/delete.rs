//! `DELETE /api/v1/documents/{id}`: forgets a document.

use crate::auth::ApiCaller;
use crate::failure::Failure;
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
        (status = 401, description = "No key, or one that opens nothing", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such document", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A fault of the server's, or more than it can take", body = Problem, content_type = "application/problem+json"),
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
