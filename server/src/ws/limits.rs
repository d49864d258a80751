//! How many sockets, how many new contacts, how many frames.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

/// Frames that a socket may send at once, and how many more each second.
const BURST: f64 = 20.0;
const A_SECOND: f64 = 5.0;
/// Over what time new contacts of one address are counted.
const WINDOW: Duration = Duration::from_secs(600);
/// Addresses that are remembered at most.
const ADDRESSES: usize = 50_000;

/// Bounds on sockets, from the settings.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SocketLimits {
    /// Most sockets open at once.
    pub total: usize,
    /// Most of them from one address.
    pub per_address: usize,
    /// Most visitors of one address who become contacts in ten minutes.
    pub contacts_per_address: usize,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self { total: 10_000, per_address: 500, contacts_per_address: 200 }
    }
}

/// The sockets of this process.
#[derive(Debug, Clone)]
pub struct Sockets(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: SocketLimits,
    room: Semaphore,
    addresses: Mutex<HashMap<IpAddr, Address>>,
    stopping: watch::Sender<bool>,
}

#[derive(Debug)]
struct Address {
    open: usize,
    since: Instant,
    contacts: usize,
}

/// A socket's place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    sockets: Sockets,
    address: IpAddr,
}

impl Sockets {
    /// None open yet.
    pub fn new(limits: SocketLimits) -> Self {
        let room = Semaphore::new(limits.total);
        Self(Arc::new(Inner { limits, room, addresses: Mutex::default(), stopping: watch::Sender::new(false) }))
    }

    /// A place for a socket, if there is one.
    pub(super) fn enter(&self, address: IpAddr, now: Instant) -> Option<Place> {
        let room = self.0.room.try_acquire().ok()?;
        self.at(address, now, |at| {
            let free = at.open < self.0.limits.per_address;
            at.open += usize::from(free);
            free
        })
        .then(|| {
            room.forget();
            Place { sockets: self.clone(), address }
        })
    }

    fn at<T>(&self, address: IpAddr, now: Instant, work: impl FnOnce(&mut Address) -> T) -> T {
        let mut addresses = self.0.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= ADDRESSES && !addresses.contains_key(&address) {
            addresses.retain(|_, at| at.open > 0 || at.since + WINDOW > now);
        }
        let at = addresses.entry(address).or_insert(Address { open: 0, since: now, contacts: 0 });
        if at.since + WINDOW <= now {
            (at.since, at.contacts) = (now, 0);
        }
        work(at)
    }

    /// Has every socket say that it will be back, and waits until they have, for so long at most.
    pub async fn stop(&self, patience: Duration) {
        self.0.stopping.send_replace(true);
        let all = u32::try_from(self.0.limits.total).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(patience, self.0.room.acquire_many(all)).await;
    }

    /// Until [`Sockets::stop`] is called.
    pub(super) async fn stopped(&self) {
        let _ = self.0.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }
}

impl Place {
    /// Whether one more visitor of this address may become a contact.
    pub fn may_visit(&self, now: Instant) -> bool {
        let most = self.sockets.0.limits.contacts_per_address;
        self.sockets.at(self.address, now, |at| {
            let free = at.contacts < most;
            at.contacts += usize::from(free);
            free
        })
    }

    /// Until the server stops.
    pub async fn stopped(&self) {
        self.sockets.stopped().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sockets.at(self.address, Instant::now(), |at| at.open = at.open.saturating_sub(1));
        self.sockets.0.room.add_permits(1);
    }
}

/// Frames that a socket may still send.
#[derive(Debug)]
pub(super) struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    pub fn full(now: Instant) -> Self {
        Self { left: BURST, at: now }
    }

    /// Takes one, if one is left.
    pub fn take(&mut self, now: Instant) -> bool {
        self.left = (self.left + now.saturating_duration_since(self.at).as_secs_f64() * A_SECOND).min(BURST);
        self.at = now;
        let free = self.left >= 1.0;
        self.left -= f64::from(u8::from(free));
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_and_contacts_are_counted_by_address() {
        let limits = SocketLimits { total: 3, per_address: 2, contacts_per_address: 1 };
        let (sockets, a, b) = (Sockets::new(limits), IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let now = Instant::now();
        let first = sockets.enter(a, now).unwrap();
        let second = sockets.enter(a, now).unwrap();
        assert!(sockets.enter(a, now).is_none(), "two of one address");
        let third = sockets.enter(b, now).unwrap();
        assert!(sockets.enter(b, now).is_none(), "three in all");
        drop((second, third));
        assert!(first.may_visit(now));
        assert!(!first.may_visit(now));
        assert!(first.may_visit(now + WINDOW));
        let again = sockets.enter(a, now).unwrap();
        drop((first, again));
        sockets.stop(Duration::from_secs(1)).await;
        assert_eq!(sockets.0.room.available_permits(), 3);
    }

    #[test]
    fn a_socket_may_send_a_burst_and_then_so_many_a_second() {
        let now = Instant::now();
        let mut bucket = Bucket::full(now);
        assert_eq!((0..50).filter(|_| bucket.take(now)).count(), 20);
        assert_eq!((0..50).filter(|_| bucket.take(now + Duration::from_secs(2))).count(), 10);
    }
}
