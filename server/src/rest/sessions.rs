//! `/api/v1/sessions`: where the members of the tenant are signed in to it.

use crate::auth::ApiCaller;
use crate::failure::Failure;
use crate::rest::refusals::{Refused, RefusedQuery};
use crate::rest::{ApiQuery, query::Part};
use crate::state::App;
use axum::extract::{Path, State};
use axum::{Json, http::StatusCode};
use identity::PageRequest;
use model::identity::MemberSession;
use model::{Page, Problem};

/// The sessions that are open, in pages. Takes a key with `members.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    operation_id = "list_sessions",
    tag = "Identity",
    params(Part),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "A page of sessions", body = Page<MemberSession>),
        RefusedQuery,
        Refused,
    )
)]
pub async fn list(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiQuery(Part { limit, cursor }): ApiQuery<Part>,
) -> Result<Json<Page<MemberSession>>, Failure> {
    let page = PageRequest { limit, cursor };
    Ok(Json(app.capabilities.identity.list_member_sessions(&caller, &page).await?))
}

/// Ends a session: whoever has it is signed out. Takes a key with `members.manage`, that may what its member may.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    operation_id = "delete_session",
    tag = "Identity",
    params(("id" = String, Path, pattern = "^[0-9a-f]{64}$", description = "The session's id")),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "It is over"),
        (status = 404, description = "No such session", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn delete(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    app.capabilities.identity.end_member_session(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
