//! What a job is, and who does it.

use super::Lane;
use crate::{Actor, Caller, Scope, StoreError};
use futures_core::future::BoxFuture;
use model::Id;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// A kind of work. The type stands with the capability that asks for it; who does it is a [`Handler`] of it.
pub trait Job: Send + Sync + 'static {
    /// Its name in the database: an imperative such as `index_document`.
    const NAME: &'static str;
    /// What it waits for, and what it does not.
    const LANE: Lane;
    /// How long one try may take; one that takes longer has failed.
    const DEADLINE: Duration;
    /// Tries before it is dead.
    const TRIES: i32 = 6;
    /// What it is about. Of one subject there is one job that waits, however often it was asked for.
    type Subject: Id;
}

/// A claimed job.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub id: Uuid,
    pub lease: Uuid,
    pub name: String,
    pub scope: Scope,
    pub subject: Uuid,
    pub attempt: i32,
    /// Why it failed the last time.
    pub error: Option<String>,
}

/// A claimed job of one kind, as its handler sees it.
#[derive(Debug)]
pub struct Task<J: Job>(Claim, PhantomData<fn() -> J>);

impl<J: Job> Task<J> {
    pub(super) fn new(claim: Claim) -> Self {
        Self(claim, PhantomData)
    }

    /// What it is about.
    pub fn subject(&self) -> J::Subject {
        J::Subject::from_uuid(self.0.subject)
    }

    /// Which try this is, from 1.
    pub fn attempt(&self) -> i32 {
        self.0.attempt
    }

    /// The tenant that it is for.
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }

    /// The job as a caller.
    pub fn caller(&self) -> Caller {
        Caller::new(self.0.scope.clone(), Actor::Job)
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
pub trait Handler<J: Job>: Send + Sync + 'static {
    /// Does it. May be called more than once for one job, also while an earlier call that lost its lease still runs.
    fn run(&self, task: &Task<J>) -> impl Future<Output = Result<(), JobError>> + Send;

    /// Is told that the job is dead, so that whoever waits for it can be told. As [`Handler::run`], more than once if
    /// need be.
    fn gave_up(&self, task: &Task<J>, error: &str) -> impl Future<Output = Result<(), JobError>> + Send;
}

/// A handler whose kind is known by name only.
pub(super) trait AnyHandler: Send + Sync {
    fn run(&self, claim: Claim) -> BoxFuture<'_, Result<(), JobError>>;
    fn gave_up<'a>(&'a self, claim: Claim, error: &'a str) -> BoxFuture<'a, Result<(), JobError>>;
}

struct Of<J, H>(H, PhantomData<fn() -> J>);

impl<J: Job, H: Handler<J>> AnyHandler for Of<J, H> {
    fn run(&self, claim: Claim) -> BoxFuture<'_, Result<(), JobError>> {
        Box::pin(async move { self.0.run(&Task::new(claim)).await })
    }

    fn gave_up<'a>(&'a self, claim: Claim, error: &'a str) -> BoxFuture<'a, Result<(), JobError>> {
        Box::pin(async move { self.0.gave_up(&Task::new(claim), error).await })
    }
}

/// What a worker knows of a kind.
#[derive(Clone)]
pub(super) struct Kind {
    pub lane: Lane,
    pub deadline: Duration,
    pub tries: i32,
    pub handler: Arc<dyn AnyHandler>,
}

/// The kinds that a worker does.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<&'static str, Kind>);

impl Registry {
    /// With one more kind, and who does it.
    #[must_use]
    pub fn with<J: Job>(mut self, handler: impl Handler<J>) -> Self {
        let handler = Arc::new(Of::<J, _>(handler, PhantomData));
        self.0.insert(J::NAME, Kind { lane: J::LANE, deadline: J::DEADLINE, tries: J::TRIES, handler });
        self
    }

    pub(super) fn kind(&self, name: &str) -> Option<&Kind> {
        self.0.get(name)
    }

    /// The names of a lane's kinds.
    pub(super) fn names(&self, lane: Lane) -> Vec<String> {
        self.0.iter().filter(|(_, kind)| kind.lane == lane).map(|(name, _)| (*name).to_owned()).collect()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
