//! `GET /api/v1/documents`: the documents of the tenant.

use crate::auth::ApiCaller;
use crate::failure::Failure;
use crate::rest::{ApiQuery, query::Part};
use crate::state::App;
use axum::{Json, extract::State};
use model::knowledge::Document;
use model::{Page, Problem};

/// The documents of the tenant, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/documents",
    operation_id = "list_documents",
    tag = "Knowledge",
    params(Part),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "A page of documents", body = Page<Document>),
        (status = 400, description = "A parameter that is not known", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No key, or one that opens nothing", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A limit or cursor that cannot be", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A fault of the server's, or more than it can take", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiQuery(Part { limit, cursor }): ApiQuery<Part>,
) -> Result<Json<Page<Document>>, Failure> {
    Ok(Json(app.capabilities.knowledge.list_documents(&caller, limit, cursor.as_deref()).await?))
}
