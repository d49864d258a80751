//! What every capability is given: the store, the time, and new ids. Tests give a clock that stands still.

use crate::Store;
use model::{TenantId, Timestamp};
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::sync::{Notify, broadcast};
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

/// How many ended credentials a listener may be behind; further behind it is told that it missed some.
const REVOCATIONS: usize = 64;

/// Store, clock and ids.
#[derive(Debug, Clone)]
pub struct Services {
    /// The way to rows.
    pub store: Store,
    clock: Arc<dyn Clock>,
    wake: Arc<Notify>,
    revoked: broadcast::Sender<TenantId>,
}

impl Services {
    /// Services over a store and a clock.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, wake: Arc::default(), revoked: broadcast::Sender::new(REVOCATIONS) }
    }

    /// Now, to the millisecond, which is what ids and the wire carry.
    pub fn now(&self) -> OffsetDateTime {
        let now = self.clock.now();
        now.replace_millisecond(now.millisecond()).unwrap_or(now)
    }

    /// Tells whoever goes on without asking, such as a socket, that credentials of this tenant's have ended. Called after
    /// the commit that made it so.
    pub fn credentials_ended(&self, tenant: TenantId) {
        // Nobody may be listening.
        let _ = self.revoked.send(tenant);
    }

    /// The tenants of which credentials end from now on.
    pub fn ended_credentials(&self) -> broadcast::Receiver<TenantId> {
        self.revoked.subscribe()
    }

    /// Tells this server's workers that there is something to do. Called after the commit that made it so.
    pub fn wake_workers(&self) {
        self.wake.notify_one();
    }

    /// Until somebody calls [`Services::wake_workers`], or has since the last time.
    pub(crate) async fn workers_woken(&self) {
        self.wake.notified().await;
    }

    /// A new id: UUIDv7 (RFC 9562, section 5.7) of now.
    pub fn new_id(&self) -> Uuid {
        let random: [u8; 10] = rand::random();
        let millis = u64::try_from(self.now().unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

/// The wire's form of a column.
pub fn timestamp(at: OffsetDateTime) -> Timestamp {
    Timestamp::from_millis(i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default())
}
