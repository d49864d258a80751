//! The queue: work that is done after the request that asked for it.
//!
//! A job is written in the transaction of the change that needs it, so neither can be without the other. Whichever
//! server claims it holds it by a lease; a server that dies lets the lease run out, and another one takes the job. So a
//! job may be done more than once: a handler must come to the same end however often it runs. A job that fails is tried
//! again later, each time later still; after [`ATTEMPTS`] tries it is dead, is kept, and its handler is told.
//!
//! Must not hold anything but ids, and must not be written by any other way than [`enqueue`].

use crate::{Actor, Caller, Reason, Scope, Services, StoreError, TenantTx, scope};
use futures_core::future::BoxFuture;
use model::RequestId;
use std::{collections::BTreeMap, future::Future, pin::pin, sync::Arc};
use time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Tries before a job is dead.
pub const ATTEMPTS: i32 = 6;
/// How long a claim holds. A job that takes longer has its lease renewed while it is worked on.
pub const LEASE: Duration = Duration::seconds(60);
/// The wait before the second try; doubled for each one after it, and up to a quarter longer by chance.
const FIRST_WAIT: Duration = Duration::seconds(2);
/// How often a server looks for work that nobody told it of: retries, and what other servers left.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// A claimed job.
#[derive(Debug, Clone)]
pub struct Job {
    id: Uuid,
    lease: Uuid,
    kind: String,
    scope: Scope,
    /// What it is about.
    pub subject: Uuid,
    /// Which try this is, from 1.
    pub attempt: i32,
}

impl Job {
    /// The tenant that it is for.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The job as a caller.
    pub fn caller(&self) -> Caller {
        Caller::new(self.scope.clone(), Actor::Job)
    }
}

/// A job that did not work.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// It may work later.
    #[error("{0}")]
    Retry(String),
    /// It never will.
    #[error("{0}")]
    Hopeless(String),
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Self::Retry(error.to_string())
    }
}

impl From<sqlx::Error> for JobError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

/// Does the jobs of one kind.
pub trait Handler: Send + Sync + 'static {
    /// The kind, as [`enqueue`] names it: an imperative such as `index_document`.
    fn kind(&self) -> &'static str;

    /// Does it. May be called more than once for one job, also while an earlier call that lost its lease still runs.
    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<(), JobError>>;

    /// Is told that the job is dead, so that whoever waits for it can be told. As [`Handler::run`], more than once if
    /// need be.
    fn gave_up<'a>(&'a self, job: &'a Job, error: &'a str) -> BoxFuture<'a, Result<(), JobError>>;
}

/// Adds a job to a transaction of its tenant. Call [`Services::wake_workers`] after the commit.
///
/// # Errors
/// The database's.
pub async fn enqueue(
    tx: &mut TenantTx,
    services: &Services,
    scope: &Scope,
    kind: &'static str,
    subject: Uuid,
) -> Result<(), StoreError> {
    let now = services.now();
    sqlx::query!(
        "insert into app.jobs (tenant_id, job_id, kind, subject_id, attempts, run_at, created_at)
         values ($1, $2, $3, $4, 0, $5, $5)",
        scope.tenant().uuid(),
        services.new_id(),
        kind,
        subject,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Done, and gone.
    Done,
    /// To be tried again.
    Later,
    /// Dead.
    Dead,
    /// Somebody else has it: our lease had run out.
    Lost,
}

/// Claims and does jobs until it is told to stop.
#[derive(Clone)]
pub struct Worker {
    services: Services,
    handlers: Arc<BTreeMap<&'static str, Arc<dyn Handler>>>,
    at_once: usize,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("kinds", &self.handlers.keys()).field("at_once", &self.at_once).finish()
    }
}

impl Worker {
    /// One that does jobs of these kinds, so many at once.
    pub fn new(services: Services, handlers: Vec<Arc<dyn Handler>>, at_once: usize) -> Self {
        let handlers = handlers.into_iter().map(|handler| (handler.kind(), handler)).collect();
        Self { services, handlers: Arc::new(handlers), at_once }
    }

    /// Works until `stop` is done; then finishes what it has begun, for at most `patience`.
    pub async fn run(&self, stop: impl Future<Output = ()>, patience: std::time::Duration) {
        let room = Arc::new(Semaphore::new(self.at_once));
        let mut working = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            let places = tokio::select! {
                () = &mut stop => break,
                place = Arc::clone(&room).acquire_owned() => place,
            };
            let Ok(first) = places else { break };
            let mut places = vec![first];
            while let Ok(place) = Arc::clone(&room).try_acquire_owned() {
                places.push(place);
            }
            let claimed = match self.claim(places.len()).await {
                Ok(jobs) => jobs,
                Err(error) => {
                    tracing::warn!(%error, "no jobs could be claimed; trying again");
                    Vec::new()
                }
            };
            let idle = claimed.is_empty();
            for (job, place) in claimed.into_iter().zip(places.drain(..)) {
                working.spawn(self.clone().work(job, place));
            }
            drop(places);
            while working.try_join_next().is_some() {}
            if idle {
                tokio::select! {
                    () = &mut stop => break,
                    () = self.services.workers_woken() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        }
        let finish = async { while working.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, finish).await.is_err() {
            tracing::warn!(
                jobs = working.len(),
                "jobs were still in progress; they begin again when their leases have run out"
            );
            working.shutdown().await;
        }
    }

    /// Does everything that is due now, one job after the other, and says what became of each. For tests and commands.
    ///
    /// # Errors
    /// The database's.
    pub async fn run_due(&self) -> Result<Vec<End>, StoreError> {
        let mut ends = Vec::new();
        loop {
            let jobs = self.claim(1).await?;
            let Some(job) = jobs.into_iter().next() else { return Ok(ends) };
            ends.push(self.attempt(&job).await?);
        }
    }

    /// Takes jobs that are due, the oldest first, at most so many.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.job.claim", level = "debug", skip_all)]
    pub async fn claim(&self, most: usize) -> Result<Vec<Job>, StoreError> {
        let (now, lease) = (self.services.now(), self.services.new_id());
        let request = RequestId::from_uuid(self.services.new_id());
        let kinds: Vec<String> = self.handlers.keys().map(|kind| (*kind).to_owned()).collect();
        let mut tx = self.services.store.platform(Reason::Jobs, request).await?;
        let rows = sqlx::query!(
            r#"with due as (
                 select tenant_id, job_id from app.jobs
                 where dead_at is null and run_at <= $1 and (leased_until is null or leased_until <= $1)
                   and kind = any($2)
                 order by run_at, job_id
                 for update skip locked
                 limit $3
               )
               update app.jobs j
               set lease_id = $4, leased_until = $5, attempts = j.attempts + 1
               from due where j.tenant_id = due.tenant_id and j.job_id = due.job_id
               returning j.tenant_id, j.job_id, j.kind, j.subject_id, j.attempts"#,
            now,
            &kinds,
            i64::try_from(most).unwrap_or(i64::MAX),
            lease,
            now + LEASE
        )
        .fetch_all(&mut tx)
        .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        tx.commit().await?;
        Ok(rows
            .into_iter()
            .map(|row| Job {
                id: row.job_id,
                lease,
                kind: row.kind,
                scope: scope::of_job(row.tenant_id, row.job_id, request),
                subject: row.subject_id,
                attempt: row.attempts,
            })
            .collect())
    }

    /// In a task of its own. Cut off in the middle, the job begins again when its lease has run out.
    async fn work(self, job: Job, place: OwnedSemaphorePermit) {
        if let Err(error) = self.attempt(&job).await {
            // Its lease runs out, and it begins again.
            tracing::warn!(%error, kind = job.kind, "the end of a job could not be noted");
        }
        drop(place);
    }

    /// Tries a job once and notes how it ended.
    #[tracing::instrument(name = "job", skip_all, fields(kind = job.kind, job = %job.id, tenant_id = %job.scope.tenant(), attempt = job.attempt))]
    async fn attempt(&self, job: &Job) -> Result<End, StoreError> {
        let Some(handler) = self.handlers.get(job.kind.as_str()) else { return Ok(End::Lost) };
        // A job that ends its server each time is never seen to fail: its tries are counted when it is claimed.
        let result = if job.attempt > ATTEMPTS {
            Err(JobError::Hopeless("The server stopped each time while it worked on this.".into()))
        } else {
            self.renewing(job, handler).await
        };
        let error = match result {
            Ok(()) => return self.done(job).await,
            Err(error) => error,
        };
        let text: String = error.to_string().chars().take(500).collect();
        let dead = matches!(error, JobError::Hopeless(_)) || job.attempt >= ATTEMPTS;
        if dead {
            tracing::error!(error = text, "job is dead");
            // Told before it is noted: whoever dies in between is asked again.
            if let Err(error) = handler.gave_up(job, &text).await {
                tracing::warn!(%error, "nobody could be told that a job is dead");
                return self.later(job, &text).await;
            }
            return self.bury(job, &text).await;
        }
        tracing::warn!(error = text, "job failed; trying again later");
        self.later(job, &text).await
    }

    /// Runs the handler, caught if it panics, while the lease is renewed; ends it when the lease is lost.
    async fn renewing(&self, job: &Job, handler: &Arc<dyn Handler>) -> Result<(), JobError> {
        let mut running = JoinSet::new();
        let (handler, mine) = (Arc::clone(handler), job.clone());
        running.spawn(async move { handler.run(&mine).await });
        let third = std::time::Duration::try_from(LEASE / 3).unwrap_or(LOOK);
        loop {
            tokio::select! {
                ended = running.join_next() => {
                    return match ended {
                        Some(Ok(result)) => result,
                        _ => Err(JobError::Retry("The work stopped in the middle; the log says where.".into())),
                    };
                }
                () = tokio::time::sleep(third) => {
                    if matches!(self.renew(job).await, Ok(false)) {
                        return Err(JobError::Retry("Another server has taken this over.".into()));
                    }
                }
            }
        }
    }

    async fn renew(&self, job: &Job) -> Result<bool, StoreError> {
        let mut tx = self.services.store.platform(Reason::Jobs, job.scope.request()).await?;
        let renewed = sqlx::query!(
            "update app.jobs set leased_until = $4 where tenant_id = $1 and job_id = $2 and lease_id = $3",
            job.scope.tenant().uuid(),
            job.id,
            job.lease,
            self.services.now() + LEASE
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(renewed.rows_affected() == 1)
    }

    async fn done(&self, job: &Job) -> Result<End, StoreError> {
        let mut tx = self.services.store.platform(Reason::Jobs, job.scope.request()).await?;
        let gone = sqlx::query!(
            "delete from app.jobs where tenant_id = $1 and job_id = $2 and lease_id = $3",
            job.scope.tenant().uuid(),
            job.id,
            job.lease
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(if gone.rows_affected() == 1 { End::Done } else { End::Lost })
    }

    async fn later(&self, job: &Job, error: &str) -> Result<End, StoreError> {
        let doubled = FIRST_WAIT * 2_i32.saturating_pow(u32::try_from(job.attempt - 1).unwrap_or(0).min(10));
        let wait = doubled + doubled * (rand::random::<f64>() / 4.0);
        let mut tx = self.services.store.platform(Reason::Jobs, job.scope.request()).await?;
        let kept = sqlx::query!(
            "update app.jobs set lease_id = null, leased_until = null, run_at = $4, error = $5
             where tenant_id = $1 and job_id = $2 and lease_id = $3",
            job.scope.tenant().uuid(),
            job.id,
            job.lease,
            self.services.now() + wait,
            error
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(if kept.rows_affected() == 1 { End::Later } else { End::Lost })
    }

    async fn bury(&self, job: &Job, error: &str) -> Result<End, StoreError> {
        let mut tx = self.services.store.platform(Reason::Jobs, job.scope.request()).await?;
        let buried = sqlx::query!(
            "update app.jobs set lease_id = null, leased_until = null, dead_at = $4, error = $5
             where tenant_id = $1 and job_id = $2 and lease_id = $3",
            job.scope.tenant().uuid(),
            job.id,
            job.lease,
            self.services.now(),
            error
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(if buried.rows_affected() == 1 { End::Dead } else { End::Lost })
    }
}
