//! `/api/operator/v1/tenants`: the companies of the installation.

use crate::auth::OperatorCaller;
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::idempotency::{self, IdempotencyKey, NAME, REPLAYED};
use crate::rest::refusals::{RefusedBody, RefusedOperator, RefusedQuery};
use crate::rest::{ApiJson, ApiQuery, query, query::Part};
use crate::state::App;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use identity::{Founded, FoundedOnce, PageRequest};
use model::identity::Invitation;
use model::operator::TenantOverview;
use model::{Page, Problem, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The companies, in the order in which they were made. Takes a key with `tenants.read`.
#[utoipa::path(
    get,
    path = "/api/operator/v1/tenants",
    operation_id = "list_tenants",
    tag = "Tenants",
    params(Part),
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "A page of companies", body = Page<TenantOverview>),
        RefusedQuery,
        RefusedOperator,
    )
)]
pub async fn list(
    State(app): State<App>,
    OperatorCaller(operator): OperatorCaller,
    ApiQuery(Part { limit, cursor }): ApiQuery<Part>,
) -> Result<Json<Page<TenantOverview>>, Failure> {
    Ok(Json(app.capabilities.identity.list_tenants(&operator, &PageRequest { limit, cursor }).await?))
}

/// A company that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenantRequest {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    name: String,
    /// Who is asked to join as its owner: an address, at most 254 bytes.
    #[schema(format = Email, min_length = 5, max_length = 254)]
    owner_email: String,
}

/// A company that was made, or whose owner was asked anew.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundedTenant {
    /// The company. It has no members until its owner has joined.
    tenant: TenantOverview,
    /// The invitation to its owner.
    invitation: Invitation,
    /// Its link, where the installation sends no letters, as long as it is open: give it to the owner and nobody else. Whoever has it joins.
    link: Option<String>,
}

impl From<Founded> for FoundedTenant {
    fn from(Founded { tenant, invitation, link }: Founded) -> Self {
        Self { tenant, invitation, link }
    }
}

/// Makes a company and asks its owner to join, by letter where the installation sends any; they choose their own password. Takes a key
/// with `tenants.create`.
#[utoipa::path(
    post,
    path = "/api/operator/v1/tenants",
    operation_id = "create_tenant",
    tag = "Tenants",
    params(IdempotencyKey),
    security(("operator_key" = [])),
    request_body = NewTenantRequest,
    responses(
        (status = 201, description = "The company; with the header `Idempotent-Replayed: true` the one that this `Idempotency-Key` has made before, as it is now", body = FoundedTenant),
        RefusedBody,
        RefusedOperator,
    )
)]
pub async fn create(
    State(app): State<App>,
    OperatorCaller(operator): OperatorCaller,
    headers: HeaderMap,
    ApiJson(NewTenantRequest { name, owner_email }): ApiJson<NewTenantRequest>,
) -> Result<Response, Failure> {
    let once = idempotency::name(&headers);
    if once.is_none() && headers.contains_key(NAME) {
        return Err(idempotency::unreadable());
    }
    let founded = app.capabilities.identity.found_tenant(&operator, (&name, &owner_email), once).await?;
    let (founded, before) = match founded {
        FoundedOnce::Now(founded) => (founded, false),
        FoundedOnce::Before(founded) => (founded, true),
        FoundedOnce::Other => return Err(idempotency::others().into()),
    };
    let mut answer = (StatusCode::CREATED, Json(FoundedTenant::from(founded))).into_response();
    if before {
        answer.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(answer)
}

/// One company. Takes a key with `tenants.read`.
#[utoipa::path(
    get,
    path = "/api/operator/v1/tenants/{id}",
    operation_id = "get_tenant",
    tag = "Tenants",
    params(("id" = inline(TenantId), Path, description = "The company's id")),
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "The company", body = TenantOverview),
        (status = 404, description = "No such company", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        RefusedOperator,
    )
)]
pub async fn get(
    State(app): State<App>,
    OperatorCaller(operator): OperatorCaller,
    PathId(id): PathId<TenantId>,
    _: ApiQuery<query::None>,
) -> Result<Json<TenantOverview>, Failure> {
    Ok(Json(app.capabilities.identity.look_at_tenant(&operator, id).await?))
}

/// Who is asked to be its owner.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedOwner {
    /// The address, at most 254 bytes.
    #[schema(format = Email, min_length = 5, max_length = 254)]
    owner_email: String,
}

/// Asks an owner anew, as long as nobody has joined: the letter was lost, is older than a week, or went to the wrong address. The
/// invitation of before opens nothing any more. Takes a key with `tenants.create`.
#[utoipa::path(
    post,
    path = "/api/operator/v1/tenants/{id}/invitations",
    operation_id = "ask_owner",
    tag = "Tenants",
    params(("id" = inline(TenantId), Path, description = "The company's id")),
    security(("operator_key" = [])),
    request_body = AskedOwner,
    responses(
        (status = 201, description = "The company and the invitation", body = FoundedTenant),
        (status = 404, description = "No such company", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Somebody works there already; too many invitations", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        RefusedOperator,
    )
)]
pub async fn ask_owner(
    State(app): State<App>,
    OperatorCaller(operator): OperatorCaller,
    PathId(id): PathId<TenantId>,
    ApiJson(AskedOwner { owner_email }): ApiJson<AskedOwner>,
) -> Result<(StatusCode, Json<FoundedTenant>), Failure> {
    let founded = app.capabilities.identity.ask_owner_anew(&operator, id, &owner_email).await?;
    Ok((StatusCode::CREATED, Json(founded.into())))
}

/// Why a company is suspended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    /// In a line. It stands in the company's audit log.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    reason: String,
}

/// Suspends a company: nobody signs in to it, its sessions, keys, widget and sockets end within a second, and its jobs wait. Nothing that
/// is the company's is deleted. Done twice it is done once. Takes a key with `tenants.suspend`.
#[utoipa::path(
    post,
    path = "/api/operator/v1/tenants/{id}/suspend",
    operation_id = "suspend_tenant",
    tag = "Tenants",
    params(("id" = inline(TenantId), Path, description = "The company's id")),
    security(("operator_key" = [])),
    request_body = Suspension,
    responses(
        (status = 200, description = "The company", body = TenantOverview),
        (status = 404, description = "No such company", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        RefusedOperator,
    )
)]
pub async fn suspend(
    State(app): State<App>,
    OperatorCaller(operator): OperatorCaller,
    PathId(id): PathId<TenantId>,
    ApiJson(Suspension { reason }): ApiJson<Suspension>,
) -> Result<Json<TenantOverview>, Failure> {
    Ok(Json(app.capabilities.identity.suspend_tenant(&operator, id, &reason).await?))
}

/// Lets a company in again. Done twice it is done once. Takes a key with `tenants.suspend`.
#[utoipa::path(
    post,
    path = "/api/operator/v1/tenants/{id}/resume",
    operation_id = "resume_tenant",
    tag = "Tenants",
    params(("id" = inline(TenantId), Path, description = "The company's id")),
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "The company", body = TenantOverview),
        (status = 404, description = "No such company", body = Problem, content_type = "application/problem+json"),
        RefusedOperator,
    )
)]
pub async fn resume(
    State(app): State<App>,
    OperatorCaller(operator): OperatorCaller,
    PathId(id): PathId<TenantId>,
) -> Result<Json<TenantOverview>, Failure> {
    Ok(Json(app.capabilities.identity.resume_tenant(&operator, id).await?))
}
