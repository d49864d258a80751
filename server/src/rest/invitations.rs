//! `/api/v1/invitations`: who is asked to join.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::idempotency::IdempotencyKey;
use crate::rest::refusals::{Refused, RefusedBody, RefusedOnce, RefusedQuery};
use crate::rest::{ApiJson, ApiQuery, query};
use crate::state::App;
use axum::{Json, extract::State, http::StatusCode};
use identity::Invited;
use model::identity::{Invitation, Role};
use model::page::Page;
use model::{InvitationId, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The invitations that are open, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/invitations",
    operation_id = "list_invitations",
    tag = "Identity",
    security(("api_key" = [])),
    responses(
        (status = 200, description = "All of them", body = Page<Invitation>),
        RefusedQuery,
        Refused,
    )
)]
pub async fn list(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<Page<Invitation>>, Failure> {
    Ok(Json(Page { data: app.capabilities.identity.list_invitations(&caller).await?, next_cursor: None }))
}

/// Who is asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// The address, at most 254 bytes.
    #[schema(format = Email, min_length = 5, max_length = 254)]
    email: String,
    /// As what. No more than the key may do itself.
    role: Role,
}

/// An invitation that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeInvitation {
    /// The invitation.
    invitation: Invitation,
    /// Its link, where no letter takes it there: whoever has it joins.
    link: Option<String>,
}

/// Asks somebody to join, by letter where the installation sends any. Takes a key with `members.manage`.
#[utoipa::path(
    post,
    path = "/api/v1/invitations",
    operation_id = "create_invitation",
    tag = "Identity",
    params(IdempotencyKey),
    security(("api_key" = [])),
    request_body = NewInvitation,
    responses(
        (status = 201, description = "The invitation", body = MadeInvitation),
        RefusedBody,
        RefusedOnce,
        (status = 409, description = "Too many members, or invitations; the request of this `Idempotency-Key` is being worked on", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn create(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(NewInvitation { email, role }): ApiJson<NewInvitation>,
) -> Result<(StatusCode, Json<MadeInvitation>), Failure> {
    let Invited { invitation, link } = app.capabilities.identity.invite(&caller, &email, role).await?;
    Ok((StatusCode::CREATED, Json(MadeInvitation { invitation, link })))
}

/// Takes an invitation back. Takes a key with `members.manage`.
#[utoipa::path(
    delete,
    path = "/api/v1/invitations/{id}",
    operation_id = "delete_invitation",
    tag = "Identity",
    params(("id" = inline(InvitationId), Path, description = "The invitation's id")),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "It opens nothing any more"),
        (status = 404, description = "No such invitation", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn delete(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<InvitationId>,
) -> Result<StatusCode, Failure> {
    app.capabilities.identity.take_back(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
