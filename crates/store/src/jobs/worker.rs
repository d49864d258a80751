//! Claims and does jobs: in each lane so many at once.

use super::job::{Claim, Kind};
use super::{Job, JobError, LEASE, Lane, Registry, Slots, Task, queue};
use crate::{Services, StoreError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use uuid::Uuid;
use words::noted;

/// How often a server looks for work that nobody told it of: retries, and what other servers left.
const LOOK: Duration = Duration::from_secs(1);

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
#[derive(Debug, Clone)]
pub struct Worker {
    services: Services,
    registry: Arc<Registry>,
    slots: Slots,
    /// Whose turn was last, lane by lane.
    last: Arc<Mutex<HashMap<Lane, Uuid>>>,
}

impl Worker {
    /// One that does jobs of these kinds.
    pub fn new(services: Services, registry: Registry, slots: Slots) -> Self {
        Self { services, registry: Arc::new(registry), slots, last: Arc::default() }
    }

    /// Works until `stop` is done; then finishes what it has begun, for at most `patience`, and gives back the rest.
    pub async fn run(&self, stop: impl Future<Output = ()>, patience: Duration) {
        let (working, over) = watch::channel(());
        let mut lanes = JoinSet::new();
        for lane in Lane::ALL {
            lanes.spawn(self.clone().work_in(lane, over.clone(), patience));
        }
        stop.await;
        drop(working);
        while lanes.join_next().await.is_some() {}
    }

    async fn work_in(self, lane: Lane, mut over: watch::Receiver<()>, patience: Duration) {
        let room = Arc::new(Semaphore::new(self.slots.of(lane)));
        let begun = Arc::new(Mutex::new(HashMap::new()));
        let mut working = JoinSet::new();
        loop {
            let place = tokio::select! {
                _ = over.changed() => break,
                place = Arc::clone(&room).acquire_owned() => place,
            };
            let Ok(first) = place else { break };
            let mut places = vec![first];
            while let Ok(place) = Arc::clone(&room).try_acquire_owned() {
                places.push(place);
            }
            // What has ended before this look need not wake it after it.
            while working.try_join_next().is_some() {}
            let own: Vec<Uuid> = begun.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
            let claimed = match self.claim(lane, places.len(), &own).await {
                Ok(claims) => claims,
                Err(error) => {
                    tracing::warn!(%error, "no jobs could be claimed; trying again");
                    Vec::new()
                }
            };
            let idle = claimed.is_empty();
            for (claim, place) in claimed.into_iter().zip(places.drain(..)) {
                begun.lock().unwrap_or_else(PoisonError::into_inner).insert(claim.id, claim.clone());
                let (worker, begun) = (self.clone(), Arc::clone(&begun));
                working.spawn(async move {
                    let id = claim.id;
                    worker.work(claim, place).await;
                    begun.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                });
            }
            drop(places);
            if idle {
                tokio::select! {
                    _ = over.changed() => break,
                    () = self.services.workers_woken(lane) => {}
                    // Its tenant may have had all that it may have.
                    Some(_) = working.join_next() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        }
        let finish = async { while working.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, finish).await.is_ok() {
            return;
        }
        tracing::warn!(jobs = working.len(), "jobs were still in progress; they begin again");
        working.shutdown().await;
        let left = std::mem::take(&mut *begun.lock().unwrap_or_else(PoisonError::into_inner));
        for claim in left.values() {
            // One that cannot be given back begins again when its lease has run out.
            let _ = queue::release(&self.services, claim).await;
        }
    }

    /// Does everything that is due now, one job after the other, and says what became of each. For tests and commands.
    ///
    /// # Errors
    /// The database's.
    pub async fn run_due(&self) -> Result<Vec<End>, StoreError> {
        let mut ends = Vec::new();
        loop {
            let before = ends.len();
            for lane in Lane::ALL {
                while let Some(claim) = self.claim(lane, 1, &[]).await?.pop() {
                    ends.push(self.attempt(&claim).await?);
                }
            }
            if ends.len() == before {
                return Ok(ends);
            }
        }
    }

    /// Takes jobs of one kind that are due, at most so many, and does not do them, whatever the tenant
    /// holds already. For tests.
    ///
    /// # Errors
    /// The database's.
    pub async fn take<J: Job>(&self, most: usize) -> Result<Vec<Task<J>>, StoreError> {
        let kinds = [J::NAME.to_owned()];
        let claimed = queue::claim(&self.services, J::LANE, &kinds, most, usize::MAX, Uuid::nil(), &[]).await?;
        Ok(claimed.into_iter().map(Task::new).collect())
    }

    async fn claim(&self, lane: Lane, most: usize, own: &[Uuid]) -> Result<Vec<Claim>, StoreError> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).get(&lane).copied().unwrap_or_default();
        let (kinds, share) = (self.registry.names(lane), self.slots.of_one_tenant(lane));
        let claimed = queue::claim(&self.services, lane, &kinds, most, share, last, own).await?;
        if let Some(claim) = claimed.last() {
            let tenant = claim.scope.tenant().uuid();
            self.last.lock().unwrap_or_else(PoisonError::into_inner).insert(lane, tenant);
        }
        Ok(claimed)
    }

    /// In a task of its own. Cut off in the middle, the job begins again when its lease has run out.
    async fn work(self, claim: Claim, place: OwnedSemaphorePermit) {
        if let Err(error) = self.attempt(&claim).await {
            // Its lease runs out, and it begins again.
            tracing::warn!(%error, kind = claim.name, "the end of a job could not be noted");
        }
        drop(place);
    }

    /// Tries a job once and notes how it ended.
    #[tracing::instrument(name = "job", skip_all, fields(kind = claim.name, job = %claim.id, tenant_id = %claim.scope.tenant(), attempt = claim.attempt))]
    async fn attempt(&self, claim: &Claim) -> Result<End, StoreError> {
        let services = &self.services;
        let Some(kind) = self.registry.kind(&claim.name) else { return Ok(End::Lost) };
        // A job that ends its server each time is never seen to fail: its tries are counted when it is claimed.
        let result = if claim.attempt > kind.tries {
            let unseen = || noted!("The server stopped each time while it worked on this.").to_owned();
            Some(Err(JobError::Hopeless(claim.error.clone().unwrap_or_else(unseen))))
        } else {
            let (handler, mine) = (Arc::clone(&kind.handler), claim.clone());
            self.renewing(claim, kind, async move { handler.run(mine).await }).await
        };
        let error = match result {
            Some(Ok(())) => return queue::done(services, claim).await,
            Some(Err(error)) => error,
            None => return Ok(End::Lost),
        };
        let text: String = error.to_string().chars().take(500).collect();
        let dead = matches!(error, JobError::Hopeless(_)) || claim.attempt >= kind.tries;
        if dead {
            tracing::error!(error = text, "job is dead");
            // Told before it is noted: whoever dies in between is asked again.
            let (handler, mine, reason) = (Arc::clone(&kind.handler), claim.clone(), text.clone());
            let told = self.renewing(claim, kind, async move { handler.gave_up(mine, &reason).await });
            let told = match told.await {
                Some(told) => told,
                None => return Ok(End::Lost),
            };
            if let Err(error) = told {
                tracing::warn!(%error, "nobody could be told that a job is dead");
                return queue::later(services, claim, &text).await;
            }
            return queue::bury(services, claim, &text).await;
        }
        tracing::warn!(error = text, "job failed; trying again later");
        queue::later(services, claim, &text).await
    }

    /// Has the handler do something, caught if it panics and ended at its deadline, while the lease is renewed. Nothing when
    /// another server has taken the job over: then it is ended.
    async fn renewing(
        &self,
        claim: &Claim,
        kind: &Kind,
        work: impl Future<Output = Result<(), JobError>> + Send + 'static,
    ) -> Option<Result<(), JobError>> {
        let (mut running, deadline) = (JoinSet::new(), kind.deadline);
        running.spawn(tokio::time::timeout(deadline, work));
        let third = Duration::try_from(LEASE / 3).unwrap_or(LOOK);
        let late = || JobError::Retry(format!("The work took longer than {} s.", deadline.as_secs()));
        loop {
            tokio::select! {
                ended = running.join_next() => return Some(match ended {
                    Some(Ok(Ok(result))) => result,
                    Some(Ok(Err(_))) => Err(late()),
                    _ => Err(JobError::Retry("The work stopped in the middle; the log says where.".into())),
                }),
                () = tokio::time::sleep(third) => {
                    if matches!(queue::renew(&self.services, claim).await, Ok(false)) {
                        return None;
                    }
                }
            }
        }
    }
}
