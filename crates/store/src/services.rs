//! What every capability is given: the store, the time, and new ids. Tests give a clock that stands still.

use crate::Store;
use crate::jobs::{Job, Lane};
use model::{TenantId, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use time::OffsetDateTime;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Now, in UTC.
    fn now(&self) -> OffsetDateTime;
}

/// The computer's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place that asks the computer for the time
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// Store, clock and ids.
#[derive(Debug, Clone)]
pub struct Services {
    /// The way to rows.
    pub store: Store,
    clock: Arc<dyn Clock>,
    wake: Arc<[Notify; Lane::ALL.len()]>,
    revoked: Arc<Revoked>,
}

impl Services {
    /// Services over a store and a clock.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, wake: Arc::default(), revoked: Arc::default() }
    }

    /// Now, to the millisecond, which is what ids and the wire carry.
    pub fn now(&self) -> OffsetDateTime {
        let now = self.clock.now();
        now.replace_millisecond(now.millisecond()).unwrap_or(now)
    }

    /// Tells whoever of this tenant goes on without asking, such as a socket, that credentials have ended. Called after the
    /// commit that made it so.
    pub fn credentials_ended(&self, tenant: TenantId) {
        let listeners =
            self.revoked.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant).and_then(Weak::upgrade);
        if let Some(listeners) = listeners {
            listeners.send_replace(());
        }
    }

    /// Hears of credentials of a tenant's that end from now on.
    pub fn ended_credentials(&self, tenant: TenantId) -> EndedCredentials {
        let mut revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = revoked.get(&tenant).and_then(Weak::upgrade).unwrap_or_else(|| {
            let sender = Arc::new(watch::Sender::new(()));
            revoked.insert(tenant, Arc::downgrade(&sender));
            sender
        });
        let heard = sender.subscribe();
        EndedCredentials { heard, sender: Some(sender), tenant, revoked: Arc::clone(&self.revoked) }
    }

    /// Tells this server's workers that a job of this kind waits. Called after the commit that made it so.
    pub fn wake_workers<J: Job>(&self) {
        self.wake[J::LANE as usize].notify_one();
    }

    /// Until somebody calls [`Services::wake_workers`] for this lane, or has since the last time.
    pub(crate) async fn workers_woken(&self, lane: Lane) {
        self.wake[lane as usize].notified().await;
    }

    /// A new id: UUIDv7 (RFC 9562, section 5.7) of now.
    pub fn new_id(&self) -> Uuid {
        let random: [u8; 10] = rand::random();
        let millis = u64::try_from(self.now().unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

type Revoked = Mutex<HashMap<TenantId, Weak<watch::Sender<()>>>>;

/// Hears of credentials of one tenant's that end.
#[derive(Debug)]
pub struct EndedCredentials {
    heard: watch::Receiver<()>,
    /// Kept by those who listen; the last one that goes takes the tenant's entry along.
    sender: Option<Arc<watch::Sender<()>>>,
    tenant: TenantId,
    revoked: Arc<Revoked>,
}

impl EndedCredentials {
    /// Until some have ended since this was last waited for.
    pub async fn next(&mut self) {
        // It is never closed while this holds its sender.
        let _ = self.heard.changed().await;
    }
}

impl Drop for EndedCredentials {
    fn drop(&mut self) {
        let mut revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.sender.take());
        if revoked.get(&self.tenant).is_some_and(|sender| sender.strong_count() == 0) {
            revoked.remove(&self.tenant);
        }
    }
}

/// The wire's form of a column.
pub fn timestamp(at: OffsetDateTime) -> Timestamp {
    Timestamp::from_millis(i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default())
}
