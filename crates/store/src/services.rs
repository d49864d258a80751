//! What every capability is given: the store, the time, and new ids. Tests give a clock that stands still.

use crate::Store;
use crate::bus::{Bus, LocalBus, Notice, Part};
use crate::jobs::{Job, Lane};
use crate::scope::Doors;
use crate::secret_key::{DerivedKey, SecretKey};
use model::{TenantId, Timestamp};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
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

/// Store, clock and ids, and the bus to those who listen.
#[derive(Debug, Clone)]
pub struct Services {
    /// The way to rows.
    pub store: Store,
    clock: Arc<dyn Clock>,
    bus: Arc<dyn Bus>,
    waiting: Arc<Listeners>,
    last_id: Arc<Mutex<Uuid>>,
    audit_key: DerivedKey,
    pub(crate) doors: Arc<Doors>,
}

/// Those on this node who wait to be told: workers of each lane, and whoever goes on without asking.
#[derive(Debug, Default)]
struct Listeners {
    workers: [Notify; Lane::ALL.len()],
    /// How often the tenant was shut is what is told.
    credentials: Mutex<HashMap<TenantId, Weak<watch::Sender<u64>>>>,
    /// How often any was.
    shut: AtomicU64,
}

impl Part for Listeners {
    fn hear(&self, notice: &Notice) {
        match notice {
            Notice::JobsDue { lane } => self.workers[*lane as usize].notify_one(),
            Notice::Ended { tenant } => self.tell(*tenant, |_| ()),
            Notice::Shut { tenant } => {
                self.shut.fetch_add(1, Ordering::SeqCst);
                self.tell(*tenant, |times| *times += 1);
            }
            Notice::Written { .. } | Notice::Changed { .. } | Notice::Typing { .. } => {}
        }
    }
}

impl Listeners {
    fn credentials(&self) -> MutexGuard<'_, HashMap<TenantId, Weak<watch::Sender<u64>>>> {
        self.credentials.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who listen for this tenant.
    fn tell(&self, tenant: TenantId, change: impl FnOnce(&mut u64)) {
        let listeners = self.credentials().get(&tenant).and_then(Weak::upgrade);
        if let Some(listeners) = listeners {
            listeners.send_modify(change);
        }
    }
}

impl Services {
    /// Services over a store and a clock, on one node of the installation that has this secret.
    pub fn new(store: Store, clock: Arc<dyn Clock>, secret: &SecretKey) -> Self {
        Self::on(store, clock, secret, Arc::new(LocalBus::default()))
    }

    /// The same over this bus.
    pub fn on(store: Store, clock: Arc<dyn Clock>, secret: &SecretKey, bus: Arc<dyn Bus>) -> Self {
        let waiting = Arc::new(Listeners::default());
        let part: Arc<dyn Part> = Arc::clone(&waiting) as Arc<dyn Part>;
        bus.attach(Arc::downgrade(&part));
        let audit_key = secret.derive("audit/1");
        Self { store, clock, bus, waiting, last_id: Arc::default(), audit_key, doors: Arc::default() }
    }

    /// What the entries of the audit log are hashed with.
    pub(crate) fn audit_key(&self) -> &DerivedKey {
        &self.audit_key
    }

    /// The bus.
    pub fn bus(&self) -> Arc<dyn Bus> {
        Arc::clone(&self.bus)
    }

    /// Tells all nodes what was committed. Called after the commit.
    pub fn publish(&self, notice: impl Into<Option<Notice>>) {
        if let Some(notice) = notice.into() {
            self.bus.publish(notice);
        }
    }

    /// Now, to the millisecond, which is what ids and the wire carry.
    pub fn now(&self) -> OffsetDateTime {
        let now = self.clock.now();
        now.replace_millisecond(now.millisecond()).unwrap_or(now)
    }

    /// Hears of credentials of a tenant's that end from now on.
    pub fn ended_credentials(&self, tenant: TenantId) -> EndedCredentials {
        let mut credentials = self.waiting.credentials();
        let sender = credentials.get(&tenant).and_then(Weak::upgrade).unwrap_or_else(|| {
            let sender = Arc::new(watch::Sender::new(0));
            credentials.insert(tenant, Arc::downgrade(&sender));
            sender
        });
        drop(credentials);
        let (mut heard, waiting) = (sender.subscribe(), Arc::clone(&self.waiting));
        let shut = *heard.borrow_and_update();
        EndedCredentials { heard, shut, sender: Some(sender), tenant, waiting }
    }

    /// How often a tenant has been shut: who has looked somebody up before they listened, and finds another number then, looks again.
    pub fn times_shut(&self) -> u64 {
        self.waiting.shut.load(Ordering::SeqCst)
    }

    /// Tells workers that a job of this kind waits. Called after the commit that made it so.
    pub fn wake_workers<J: Job>(&self) {
        self.publish(Notice::JobsDue { lane: J::LANE });
    }

    /// Until somebody calls [`Services::wake_workers`] for this lane, or has since the last time.
    pub(crate) async fn workers_woken(&self, lane: Lane) {
        self.waiting.workers[lane as usize].notified().await;
    }

    /// A new id: UUIDv7 of now (RFC 9562, section 5.7); on one node after all that it has made before, also within a
    /// millisecond and when the clock goes back (section 6.2, method 2).
    pub fn new_id(&self) -> Uuid {
        let random: [u8; 10] = rand::random();
        let millis = u64::try_from(self.now().unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        let made = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        let mut last = self.last_id.lock().unwrap_or_else(PoisonError::into_inner);
        let step = u128::from(rand::random::<u32>()) + 1;
        *last = if made > *last { made } else { Uuid::from_u128(last.as_u128() + step) };
        *last
    }
}

/// Hears of credentials of one tenant's that end.
#[derive(Debug)]
pub struct EndedCredentials {
    heard: watch::Receiver<u64>,
    /// How often the tenant had been shut when this was last heard of.
    shut: u64,
    /// Kept by those who listen; the last one that goes takes the tenant's entry along.
    sender: Option<Arc<watch::Sender<u64>>>,
    tenant: TenantId,
    waiting: Arc<Listeners>,
}

impl EndedCredentials {
    /// Until some have ended since this was last waited for. Says whether all have, since the tenant was shut.
    pub async fn next(&mut self) -> bool {
        // It is never closed while this holds its sender.
        let _ = self.heard.changed().await;
        let shut = *self.heard.borrow_and_update();
        std::mem::replace(&mut self.shut, shut) != shut
    }
}

impl Drop for EndedCredentials {
    fn drop(&mut self) {
        let mut credentials = self.waiting.credentials();
        drop(self.sender.take());
        if credentials.get(&self.tenant).is_some_and(|sender| sender.strong_count() == 0) {
            credentials.remove(&self.tenant);
        }
    }
}

/// The wire's form of a column.
pub fn timestamp(at: OffsetDateTime) -> Timestamp {
    Timestamp::from_millis(i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default())
}
