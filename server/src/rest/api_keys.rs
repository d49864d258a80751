//! `GET /api/v1/api-keys`: the keys of the tenant. A key makes none, and ends none.

use crate::auth::ApiReader;
use crate::failure::Failure;
use crate::rest::refusals::{Refused, RefusedQuery};
use crate::rest::{ApiQuery, query};
use crate::state::App;
use axum::{Json, extract::State};
use model::identity::ApiKey;
use model::page::Page;

/// The keys of the tenant, working ones first, without their secrets: two hundred at most.
#[utoipa::path(
    get,
    path = "/api/v1/api-keys",
    operation_id = "list_api_keys",
    tag = "Identity",
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The keys", body = Page<ApiKey>),
        RefusedQuery,
        Refused,
    )
)]
pub async fn list(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<Page<ApiKey>>, Failure> {
    Ok(Json(Page { data: app.capabilities.identity.list_api_keys(&caller).await?, next_cursor: None }))
}
