//! `GET /api/v1/documents`: the documents of the tenant.

use crate::auth::ApiReader;
use crate::failure::Failure;
use crate::rest::refusals::{Refused, RefusedQuery};
use crate::rest::{ApiQuery, query::Part};
use crate::state::App;
use axum::{Json, extract::State};
use model::Page;
use model::knowledge::Document;

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
        RefusedQuery,
        Refused,
    )
)]
pub async fn list(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    ApiQuery(Part { limit, cursor }): ApiQuery<Part>,
) -> Result<Json<Page<Document>>, Failure> {
    Ok(Json(app.capabilities.knowledge.list_documents(&caller, limit, cursor.as_deref()).await?))
}
