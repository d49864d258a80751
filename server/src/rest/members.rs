//! `/api/v1/members`: the people of the tenant.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::refusals::{Refused, RefusedBody, RefusedQuery};
use crate::rest::{ApiJson, ApiQuery, query::Part};
use crate::state::App;
use axum::{Json, extract::State, http::StatusCode};
use identity::{IdentityError, KeptMember, PageRequest};
use model::identity::{Member, Role};
use model::{MemberId, Page, Problem};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use words::text;

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

/// What is changed of a member: one of them at a time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberChange {
    /// As what they work from now on. No more than the key may do itself.
    role: Option<Role>,
    /// Whether they are kept out: signed out everywhere here, until they are let in again.
    suspended: Option<bool>,
    /// Whether the API keys that they made are revoked with that. Only with `suspended: true`, and then so if nothing is said.
    revoke_keys: Option<bool>,
}

/// Changes what a member may do, or whether they are kept out. Takes a key with `members.manage`.
#[utoipa::path(
    patch,
    path = "/api/v1/members/{id}",
    operation_id = "change_member",
    tag = "Identity",
    params(("id" = inline(MemberId), Path, description = "The member's id")),
    security(("api_key" = [])),
    request_body = MemberChange,
    responses(
        (status = 204, description = "It is changed"),
        (status = 404, description = "No such member", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The last owner stays", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        Refused,
    )
)]
pub async fn change(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<MemberId>,
    ApiJson(MemberChange { role, suspended, revoke_keys }): ApiJson<MemberChange>,
) -> Result<StatusCode, Failure> {
    let identity = &app.capabilities.identity;
    match (role, suspended, revoke_keys) {
        (Some(role), None, None) => identity.change_role(&caller, id, role).await?,
        (None, Some(true), keys) => {
            identity.keep_member(&caller, id, KeptMember::Out { keys: keys.unwrap_or(true) }).await?;
        }
        (None, Some(false), None) => identity.keep_member(&caller, id, KeptMember::In).await?,
        // Not one of them done, and the other one refused.
        _ => return Err(IdentityError::field("role", text!("Change one at a time: role, or suspended.")).into()),
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What goes with a member.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Removal {
    /// Whether the API keys that they made are revoked, too.
    #[serde(default = "yes")]
    #[param(default = true)]
    revoke_keys: bool,
}

const fn yes() -> bool {
    true
}

/// Removes a member: sessions and sockets end at once, and what they had taken waits for somebody else. Takes a key with
/// `members.manage`.
#[utoipa::path(
    delete,
    path = "/api/v1/members/{id}",
    operation_id = "delete_member",
    tag = "Identity",
    params(("id" = inline(MemberId), Path, description = "The member's id"), Removal),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "They are out"),
        (status = 404, description = "No such member", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The last owner stays", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn delete(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<MemberId>,
    ApiQuery(Removal { revoke_keys }): ApiQuery<Removal>,
) -> Result<StatusCode, Failure> {
    app.capabilities.identity.remove_member(&caller, id, revoke_keys).await?;
    Ok(StatusCode::NO_CONTENT)
}
