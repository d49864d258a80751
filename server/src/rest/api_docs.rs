//! `GET /api/openapi.json`: the description of the REST interface, made from the code.

use axum::Json;
use utoipa::openapi::OpenApi;

/// The document.
pub async fn document() -> Json<OpenApi> {
    Json(super::openapi())
}
