//! `GET /api/v1/documents`: the documents of the tenant.

use crate::auth::ApiReader;
use crate::failure::Failure;
use crate::rest::ApiQuery;
use crate::rest::refusals::{Refused, RefusedQuery};
use crate::state::App;
use axum::{Json, extract::State};
use model::Page;
use model::knowledge::Document;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which documents.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Those alone that have this in their title or in the name of their file, in capital letters or small ones.
    #[param(max_length = 200)]
    name: Option<String>,
    /// Most entries.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[param(min_length = 1)]
    cursor: Option<String>,
}

/// The documents of the tenant, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/documents",
    operation_id = "list_documents",
    tag = "Knowledge",
    params(Which),
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
    ApiQuery(Which { name, limit, cursor }): ApiQuery<Which>,
) -> Result<Json<Page<Document>>, Failure> {
    Ok(Json(app.capabilities.knowledge.list_documents(&caller, limit, cursor.as_deref(), name.as_deref()).await?))
}
