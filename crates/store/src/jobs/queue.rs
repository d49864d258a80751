//! The rows of the queue: asked for, claimed, kept, ended.

use super::job::Claim;
use super::{End, Job, Lane};
use crate::{PlatformTx, Reason, Scope, Services, Store, StoreError, TenantTx, scope};
use model::{Id as _, RequestId, TenantId};
use sqlx::{Executor, Postgres};
use time::Duration;
use uuid::Uuid;

/// How long a claim holds. A job that takes longer has its lease renewed while it is worked on; one that was cut off is
/// taken up when it has run out.
pub const LEASE: Duration = Duration::seconds(9);
/// The wait before the second try; doubled for each one after it, and up to a quarter longer by chance.
const FIRST_WAIT: Duration = Duration::seconds(2);

/// Adds a job to a transaction of its tenant; where one of this kind waits for the same subject already, that one serves
/// both. Call [`Services::wake_workers`] after the commit.
///
/// # Errors
/// The database's.
pub async fn enqueue<J: Job>(
    tx: &mut TenantTx,
    services: &Services,
    scope: &Scope,
    subject: J::Subject,
) -> Result<(), StoreError> {
    insert::<J>(tx, services, scope.tenant(), subject).await
}

/// The same for work across tenants, which says whose job it is.
///
/// # Errors
/// The database's.
pub async fn enqueue_for<J: Job>(
    tx: &mut PlatformTx,
    services: &Services,
    tenant: TenantId,
    subject: J::Subject,
) -> Result<(), StoreError> {
    insert::<J>(tx, services, tenant, subject).await
}

async fn insert<'c, J: Job>(
    tx: impl Executor<'c, Database = Postgres>,
    services: &Services,
    tenant: TenantId,
    subject: J::Subject,
) -> Result<(), StoreError> {
    let now = services.now();
    // The update locks the row that waits: who claims it sees what this transaction writes.
    sqlx::query!(
        "insert into app.jobs (tenant_id, job_id, kind, lane, subject_id, attempts, run_at, created_at)
         values ($1, $2, $3, $4, $5, 0, $6, $6)
         on conflict (tenant_id, kind, subject_id) where lease_id is null and dead_at is null
         do update set run_at = least(jobs.run_at, excluded.run_at)",
        tenant.uuid(),
        services.new_id(),
        J::NAME,
        J::LANE.name(),
        subject.uuid(),
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes jobs of a lane that are due, at most so many. Tenants take turns: first those of whom the fewest jobs are being
/// done, of these the one after `last`, whose turn was last, each with its oldest job; a tenant holds at most `share` at
/// once (more for a moment where servers claim at the same time). Not those that `own` names: they are being done here, and
/// only their leases could not be renewed. Nor those of a tenant that is suspended: they wait.
///
/// The rows are compared so that every step is a step down `jobs_due_idx`, whatever the planner believes about the table.
#[tracing::instrument(name = "db.job.claim", level = "debug", skip_all)]
pub(super) async fn claim(
    services: &Services,
    lane: Lane,
    kinds: &[String],
    most: usize,
    share: usize,
    last: Uuid,
    own: &[Uuid],
) -> Result<Vec<Claim>, StoreError> {
    let (now, lease) = (services.now(), services.new_id());
    let request = RequestId::from_uuid(services.new_id());
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let mut tx = services.store.platform(Reason::Jobs, request).await?;
    let rows = sqlx::query!(
        r#"with recursive tenants as (
             (select lane, tenant_id from app.jobs where (lane, tenant_id) >= ($2, '00000000-0000-0000-0000-000000000000')
                and dead_at is null order by lane, tenant_id limit 1)
             union all
             select next.lane, next.tenant_id from tenants t cross join lateral (
               select j.lane, j.tenant_id from app.jobs j
               where (j.lane, j.tenant_id) > ($2, t.tenant_id) and j.dead_at is null order by j.lane, j.tenant_id limit 1
             ) next where t.lane = $2
           ),
           waiting as (
             select t.tenant_id, due.job_id, due.run_at,
               held.jobs + row_number() over (partition by t.tenant_id order by due.run_at, due.job_id) as turn
             from tenants t
             -- One row of its own for each, whatever the planner believes about that table.
             cross join lateral (
               select c.tenant_id from app.tenants c where c.tenant_id = t.tenant_id and c.suspended_at is null limit 1
             ) working
             cross join lateral (
               select count(*) as jobs from app.jobs r
               where r.lane = $2 and r.tenant_id = t.tenant_id and r.lease_id is not null and r.leased_until > $1
             ) held
             cross join lateral (
               select j.job_id, j.run_at from app.jobs j
               where j.lane = $2 and j.tenant_id = t.tenant_id and j.dead_at is null and j.run_at <= $1
                 and (j.leased_until is null or j.leased_until <= $1) and j.kind = any($3) and j.job_id <> all($9)
               order by j.run_at, j.job_id limit $4
             ) due
             where t.lane = $2
           ),
           due as (
             select j.tenant_id, j.job_id
             from (
               select * from waiting w where w.turn <= $5
               order by w.turn, w.tenant_id > $6 desc, w.tenant_id, w.run_at
             ) w cross join lateral (
               select j.tenant_id, j.job_id from app.jobs j
               where j.tenant_id = w.tenant_id and j.job_id = w.job_id and j.dead_at is null
                 and (j.leased_until is null or j.leased_until <= $1)
               for update skip locked
             ) j
             limit $4
           )
           update app.jobs j
           set lease_id = $7, leased_until = $8, attempts = j.attempts + 1
           from due where j.tenant_id = due.tenant_id and j.job_id = due.job_id
           returning j.tenant_id, j.job_id, j.kind, j.subject_id, j.attempts, j.error"#,
        now,
        lane.name(),
        kinds,
        number(most),
        number(share),
        last,
        lease,
        now + LEASE,
        own
    )
    .fetch_all(&mut tx)
    .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    tx.commit().await?;
    Ok(rows
        .into_iter()
        .map(|row| Claim {
            id: row.job_id,
            lease,
            name: row.kind,
            scope: scope::of_job(row.tenant_id, row.job_id, request),
            subject: row.subject_id,
            attempt: row.attempts,
            error: row.error,
        })
        .collect())
}

/// Holds it longer; `false` when it is no longer ours.
pub(super) async fn renew(services: &Services, claim: &Claim) -> Result<bool, StoreError> {
    let mut tx = services.store.platform(Reason::Jobs, claim.scope.request()).await?;
    let renewed = sqlx::query!(
        "update app.jobs set leased_until = $4 where tenant_id = $1 and job_id = $2 and lease_id = $3",
        claim.scope.tenant().uuid(),
        claim.id,
        claim.lease,
        services.now() + LEASE
    )
    .execute(&mut tx)
    .await?;
    tx.commit().await?;
    Ok(renewed.rows_affected() == 1)
}

/// It is done, and gone.
pub(super) async fn done(services: &Services, claim: &Claim) -> Result<End, StoreError> {
    let mut tx = services.store.platform(Reason::Jobs, claim.scope.request()).await?;
    let gone = sqlx::query!(
        "delete from app.jobs where tenant_id = $1 and job_id = $2 and lease_id = $3",
        claim.scope.tenant().uuid(),
        claim.id,
        claim.lease
    )
    .execute(&mut tx)
    .await?;
    tx.commit().await?;
    Ok(if gone.rows_affected() == 1 { End::Done } else { End::Lost })
}

/// It is tried again after a while.
pub(super) async fn later(services: &Services, claim: &Claim, error: &str) -> Result<End, StoreError> {
    let doubled = FIRST_WAIT * 2_i32.saturating_pow(u32::try_from(claim.attempt - 1).unwrap_or(0).min(10));
    let wait = doubled + doubled * (rand::random::<f64>() / 4.0);
    give_back(services, claim, wait, claim.attempt, Some(error)).await
}

/// It was cut off through no fault of its own, and may be taken up at once; the try does not count.
pub(super) async fn release(services: &Services, claim: &Claim) -> Result<End, StoreError> {
    give_back(services, claim, Duration::ZERO, claim.attempt - 1, None).await
}

async fn give_back(
    services: &Services,
    claim: &Claim,
    wait: Duration,
    attempts: i32,
    error: Option<&str>,
) -> Result<End, StoreError> {
    let again = |error: &StoreError| error.constraint() == Some("jobs_waiting_key");
    match try_to_give_back(services, claim, wait, attempts, error).await {
        // Asked for by a transaction that was still going on: now it is there to be seen.
        Err(taken) if again(&taken) => try_to_give_back(services, claim, wait, attempts, error).await,
        given => given,
    }
}

async fn try_to_give_back(
    services: &Services,
    claim: &Claim,
    wait: Duration,
    attempts: i32,
    error: Option<&str>,
) -> Result<End, StoreError> {
    let mut tx = services.store.platform(Reason::Jobs, claim.scope.request()).await?;
    // Asked for once more meanwhile: that one does it, as the next try of the same.
    sqlx::query!(
        "update app.jobs twin set attempts = greatest(twin.attempts, $4), error = coalesce($5, twin.error)
         from app.jobs j
         where j.tenant_id = $1 and j.job_id = $2 and j.lease_id = $3
           and twin.tenant_id = j.tenant_id and twin.kind = j.kind and twin.subject_id = j.subject_id
           and twin.lease_id is null and twin.dead_at is null",
        claim.scope.tenant().uuid(),
        claim.id,
        claim.lease,
        attempts,
        error
    )
    .execute(&mut tx)
    .await?;
    let gone = sqlx::query!(
        "delete from app.jobs j where j.tenant_id = $1 and j.job_id = $2 and j.lease_id = $3
           and exists (select from app.jobs twin where twin.tenant_id = j.tenant_id and twin.kind = j.kind
             and twin.subject_id = j.subject_id and twin.lease_id is null and twin.dead_at is null)",
        claim.scope.tenant().uuid(),
        claim.id,
        claim.lease
    )
    .execute(&mut tx)
    .await?;
    let kept = sqlx::query!(
        "update app.jobs set lease_id = null, leased_until = null, run_at = $4, attempts = $5, error = coalesce($6, error)
         where tenant_id = $1 and job_id = $2 and lease_id = $3",
        claim.scope.tenant().uuid(),
        claim.id,
        claim.lease,
        services.now() + wait,
        attempts,
        error
    )
    .execute(&mut tx)
    .await?;
    tx.commit().await?;
    Ok(if gone.rows_affected() + kept.rows_affected() == 1 { End::Later } else { End::Lost })
}

/// How long a dead job is kept, for whoever looks into it.
pub const DEAD: Duration = Duration::days(30);

/// Removes jobs that have been dead for [`DEAD`]; returns how many.
///
/// # Errors
/// The database's.
#[tracing::instrument(name = "db.job.clean_up", skip_all)]
pub async fn delete_dead(services: &Services) -> Result<u64, StoreError> {
    let mut tx = services.store.platform(Reason::CleanUp, RequestId::from_uuid(services.new_id())).await?;
    let old = services.now() - DEAD;
    let done = sqlx::query!("delete from app.jobs where dead_at <= $1", old).execute(&mut tx).await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}

/// Dead jobs of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// Which kind.
    pub kind: String,
    /// How many.
    pub jobs: i64,
    /// Why the last of them was given up.
    pub error: Option<String>,
}

/// The jobs that are dead, by their kinds, for whoever runs the installation.
///
/// # Errors
/// The database's.
pub async fn dead(store: &Store, request: RequestId) -> Result<Vec<Dead>, StoreError> {
    let mut tx = store.platform(Reason::Jobs, request).await?;
    let dead = sqlx::query_as!(
        Dead,
        r#"select kind, count(*) as "jobs!", (array_agg(error order by dead_at desc))[1] as error
           from app.jobs where dead_at is not null group by kind order by kind limit 50"#
    );
    Ok(dead.fetch_all(&mut tx).await?)
}

/// It is dead, and kept for [`DEAD`].
pub(super) async fn bury(services: &Services, claim: &Claim, error: &str) -> Result<End, StoreError> {
    let mut tx = services.store.platform(Reason::Jobs, claim.scope.request()).await?;
    let buried = sqlx::query!(
        "update app.jobs set lease_id = null, leased_until = null, dead_at = $4, error = $5
         where tenant_id = $1 and job_id = $2 and lease_id = $3",
        claim.scope.tenant().uuid(),
        claim.id,
        claim.lease,
        services.now(),
        error
    )
    .execute(&mut tx)
    .await?;
    tx.commit().await?;
    Ok(if buried.rows_affected() == 1 { End::Dead } else { End::Lost })
}
