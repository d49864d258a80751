//! `GET /api/v1/me`: whose key this is.

use crate::auth::ApiReader;
use crate::failure::Failure;
use crate::rest::refusals::{Refused, RefusedQuery};
use crate::rest::{ApiQuery, query};
use crate::state::App;
use axum::{Json, extract::State};
use identity::Who;
use model::Problem;
use model::identity::{ApiKey, Tenant};
use serde::Serialize;
use utoipa::ToSchema;

/// The tenant and the key that a request was made with.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The tenant that the key opens.
    tenant: Tenant,
    /// The key.
    key: ApiKey,
}

/// Whose key this is.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    operation_id = "get_me",
    tag = "Identity",
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The tenant and the key", body = Me),
        RefusedQuery,
        Refused,
    )
)]
pub async fn get(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<Me>, Failure> {
    match app.capabilities.identity.whoami(&caller).await? {
        (tenant, Who::Key(key)) => Ok(Json(Me { tenant, key })),
        (_, Who::Member(..)) => Err(Problem::not_found().into()),
    }
}
