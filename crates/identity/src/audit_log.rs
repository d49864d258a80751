//! The audit log, as those read it who may. (It is written by `store::audit`, in the transaction of each act.)

use crate::{Identity, IdentityError};
use model::audit::{Act, ActorKind, AuditEntry, AuditFilter, Facts};
use model::permission::ReadAuditLog;
use model::{ApiKeyId, MemberId, OperatorKeyId, RequestId, Timestamp};
use sqlx::types::Json;
use store::services::timestamp;
use store::{Caller, StoreError};
use time::OffsetDateTime;

/// Most entries that are read at once.
pub const MAX_ENTRIES: u32 = 10_000;

fn instant(at: Option<Timestamp>) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at?.millis()) * 1_000_000).ok()
}

impl Identity {
    /// Entries of the caller's tenant, the latest first, from the one before number `before` on.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for who may not, or the database's.
    #[tracing::instrument(name = "db.audit.list", skip_all)]
    pub async fn list_audit_entries(
        &self,
        caller: &Caller,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, IdentityError> {
        let right = caller.may(ReadAuditLog)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            r#"select number, at, act, actor_kind, actor_id, actor_name, address, request_id, subject_name,
                 before as "before: Json<Facts>", after as "after: Json<Facts>"
               from app.audit_entries
               where number < $1 and ($2::text is null or act = $2) and ($3::uuid is null or actor_id = $3)
                 and ($4::timestamptz is null or at >= $4) and ($5::timestamptz is null or at < $5)
               order by number desc limit $6"#,
            before.unwrap_or(i64::MAX),
            filter.act.map(Act::name),
            filter.member.map(MemberId::uuid),
            instant(filter.from),
            instant(filter.until),
            i64::from(limit.min(MAX_ENTRIES))
        )
        .fetch_all(&mut tx)
        .await
        .map_err(StoreError::from)?;
        tx.leave_open();
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            entries.push(AuditEntry {
                number: row.number,
                created_at: timestamp(row.at),
                act: row.act,
                actor_kind: ActorKind::from_name(&row.actor_kind).unwrap_or(ActorKind::System),
                actor: row.actor_id.map(|id| match row.actor_kind.as_str() {
                    "key" => ApiKeyId::from_uuid(id).to_string(),
                    "operator" => OperatorKeyId::from_uuid(id).to_string(),
                    _ => MemberId::from_uuid(id).to_string(),
                }),
                actor_name: row.actor_name,
                address: row.address,
                request: RequestId::from_uuid(row.request_id).to_string(),
                subject: row.subject_name,
                before: row.before.0,
                after: row.after.0,
            });
        }
        Ok(entries)
    }
}
