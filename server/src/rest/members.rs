//! `GET /api/v1/members`: the people of the tenant.

use crate::auth::ApiReader;
use crate::failure::Failure;
use crate::rest::refusals::{Refused, RefusedQuery};
use crate::rest::{ApiQuery, query::Part};
use crate::state::App;
use axum::{Json, extract::State};
use identity::PageRequest;
use model::Page;
use model::identity::Member;

/// The members of the tenant, in the order in which they joined.
#[utoipa::path(
    get,
    path = "/api/v1/members",
    operation_id = "list_members",
    tag = "Identity",
    params(Part),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "A page of members", body = Page<Member>),
        RefusedQuery,
        Refused,
    )
)]
pub async fn list(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    ApiQuery(Part { limit, cursor }): ApiQuery<Part>,
) -> Result<Json<Page<Member>>, Failure> {
    Ok(Json(app.capabilities.identity.list_members(&caller, &PageRequest { limit, cursor }).await?))
}
