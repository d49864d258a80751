//! `GET /api/v1/audit-entries`: who did what.

use crate::auth::ApiReader;
use crate::failure::Failure;
use crate::rest::ApiQuery;
use crate::rest::refusals::{Refused, RefusedQuery};
use crate::state::App;
use axum::{Json, extract::State};
use identity::IdentityError;
use model::audit::{Act, AuditEntry, AuditFilter};
use model::page::{self, Page};
use model::{MemberId, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;
use words::text;

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Of this act alone.
    #[param(inline)]
    act: Option<Act>,
    /// By this member alone.
    #[param(value_type = Option<MemberId>, inline)]
    member: Option<String>,
    /// Not before.
    from: Option<Timestamp>,
    /// Before.
    until: Option<Timestamp>,
    /// Most entries.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Those with lower numbers: the `next_cursor` of the page before.
    before: Option<i64>,
}

/// The audit log, the latest entries first. Takes a key with `audit.read`.
#[utoipa::path(
    get,
    path = "/api/v1/audit-entries",
    operation_id = "list_audit_entries",
    tag = "Identity",
    params(Part),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "A page of entries", body = Page<AuditEntry>),
        RefusedQuery,
        Refused,
    )
)]
pub async fn list(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    ApiQuery(part): ApiQuery<Part>,
) -> Result<Json<Page<AuditEntry>>, Failure> {
    let limit = page::limit(part.limit).map_err(|wrong| IdentityError::field("limit", wrong))?;
    let member = part.member.as_deref().map(str::parse::<MemberId>).transpose();
    let member = member.map_err(|_| IdentityError::field("member", text!("Use the id of a member.")))?;
    let filter = AuditFilter { act: part.act, member, from: part.from, until: part.until };
    let mut data = app.capabilities.identity.list_audit_entries(&caller, &filter, part.before, limit + 1).await?;
    let more = data.len() > limit as usize;
    data.truncate(limit as usize);
    let next_cursor = data.last().filter(|_| more).map(|entry| entry.number.to_string());
    Ok(Json(Page { data, next_cursor }))
}
