//! The outbox: what has happened, written in the transaction that makes it so, read in order by whoever passes it on.
//!
//! The order is that of transactions (by their ids) and, within one, of ids. A reader sees only what lies below the oldest
//! transaction that is still going on (`pg_snapshot_xmin`): whatever may still be written comes after where the reader is,
//! so nothing is missed and nothing comes twice. A transaction that goes on for long, in any database of the server, holds
//! readers back for as long (the logins bound their own). Positions are this database server's: after a restore into
//! another one readers begin anew, and know by the ids what they have had.
//!
//! A new kind of event is a line in `model::event` and a call of [`record`].

use crate::{Reason, Scope, Services, StoreError, TenantTx};
use model::event::EventKind;
use model::{RequestId, TenantId};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// How long events are kept.
pub const KEPT: Duration = Duration::days(30);
/// Most that are read, or removed by one statement, at once.
const BATCH: i64 = 10_000;

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id, by which a reader that is told twice knows.
    pub id: Uuid,
    /// Whose.
    pub tenant: TenantId,
    /// What; nothing for a kind that only a newer program knows.
    pub kind: Option<EventKind>,
    /// To what: `kind` says what it is.
    pub subject: Uuid,
    /// In what that is found, where it does not stand alone: of a message its conversation.
    pub within: Option<Uuid>,
    /// By whom: the member, key, contact or job.
    pub actor: Uuid,
    /// When.
    pub at: OffsetDateTime,
}

/// How far a reader is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    transaction: i64,
    event: Uuid,
}

/// Notes what this transaction does.
///
/// # Errors
/// The database's.
pub async fn record(
    tx: &mut TenantTx,
    services: &Services,
    scope: &Scope,
    kind: EventKind,
    subject: Uuid,
) -> Result<(), StoreError> {
    record_within(tx, services, scope, kind, subject, None).await
}

/// The same of something that is found by what it is in.
///
/// # Errors
/// The database's.
pub async fn record_within(
    tx: &mut TenantTx,
    services: &Services,
    scope: &Scope,
    kind: EventKind,
    subject: Uuid,
    within: Option<Uuid>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into app.events (tenant_id, event_id, transaction_id, kind, subject_id, within_id, actor_id, created_at)
         values ($1, $2, pg_current_xact_id(), $3, $4, $5, $6, $7)",
        scope.tenant().uuid(),
        services.new_id(),
        kind.name(),
        subject,
        within,
        scope.actor(),
        services.now()
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The events of all tenants after a position, and the position after them.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.events.read", skip_all)]
pub async fn read(services: &Services, after: Position, limit: u32) -> Result<(Vec<Event>, Position), StoreError> {
    let mut tx = services.store.platform(Reason::Events, RequestId::from_uuid(services.new_id())).await?;
    let rows = sqlx::query!(
        r#"select event_id, transaction_id::text::bigint as "transaction!", tenant_id, kind, subject_id, within_id, actor_id,
             created_at
           from app.events
           where (transaction_id, event_id) > ($1::bigint::text::xid8, $2)
             and transaction_id < pg_snapshot_xmin(pg_current_snapshot())
           order by transaction_id, event_id limit $3"#,
        after.transaction,
        after.event,
        i64::from(limit).min(BATCH)
    )
    .fetch_all(&mut tx)
    .await?;
    let last = rows.last().map(|row| Position { transaction: row.transaction, event: row.event_id });
    let events = rows.into_iter().map(|row| Event {
        id: row.event_id,
        tenant: TenantId::from_uuid(row.tenant_id),
        kind: EventKind::from_name(&row.kind),
        subject: row.subject_id,
        within: row.within_id,
        actor: row.actor_id,
        at: row.created_at,
    });
    Ok((events.collect(), last.unwrap_or(after)))
}

/// Removes events that are older than [`KEPT`]; returns how many.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.events.delete_old", skip_all)]
pub async fn delete_old(services: &Services) -> Result<u64, StoreError> {
    let mut deleted = 0;
    loop {
        let mut tx = services.store.platform(Reason::CleanUp, RequestId::from_uuid(services.new_id())).await?;
        let done = sqlx::query!(
            "delete from app.events e using (
               select tenant_id, event_id from app.events where created_at <= $1 limit $2
             ) old
             where e.tenant_id = old.tenant_id and e.event_id = old.event_id",
            services.now() - KEPT,
            BATCH
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        deleted += done.rows_affected();
        if done.rows_affected() < BATCH.unsigned_abs() {
            return Ok(deleted);
        }
    }
}
