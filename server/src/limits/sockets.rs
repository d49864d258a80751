//! How many sockets, how many new contacts, how many frames.

use crate::config::SocketLimits;
use shares::{Network, Place, Places, Rate, Rates, Wait, Waiting};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Frames that a socket may send at once, and how many more each second.
const BURST: f64 = 20.0;
const A_SECOND: f64 = 5.0;
/// Frames beyond that which are told so; one that goes on is cut off.
const TOLD: u32 = 50;
/// The same of one in a meeting, and how many offers, each of which takes some work, are among them.
const MEETING: (f64, f64) = (60.0, 20.0);
const OFFERS: (f64, f64) = (12.0, 0.5);
/// And what everybody in it is shown for a moment: hands and reactions.
const SHOWN: (f64, f64) = (10.0, 1.0);
/// How often one address may ask to come into meetings, how often it may come with a token, and how often it may err.
const JOINS: u32 = 300;
const COMES: u32 = 600;
const ERRS: u32 = 60;
/// Over what time new contacts of one address are counted.
const WINDOW: Duration = Duration::from_secs(600);
/// Over what time messages of visitors of one address are.
const MINUTE: Duration = Duration::from_secs(60);

/// The sockets of this process.
#[derive(Debug, Clone)]
pub struct Sockets(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    places: Places<Network>,
    contacts: Rates<Network>,
    messages: Rates<Network>,
    joins: Rates<Network>,
    comes: Rates<Network>,
    errs: Rates<Network>,
    stopping: watch::Sender<bool>,
}

/// A socket's place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    sockets: Sockets,
    place: Place<Network>,
}

impl Sockets {
    /// None open yet.
    pub fn new(limits: SocketLimits) -> Self {
        Self(Arc::new(Inner {
            places: Places::new(limits.total, limits.per_address, Waiting::NOBODY),
            contacts: Rates::new(Rate::in_window(limits.contacts_per_address, WINDOW)),
            messages: Rates::new(Rate::in_window(limits.messages_per_address, MINUTE)),
            joins: Rates::new(Rate::in_window(JOINS, WINDOW)),
            comes: Rates::new(Rate::in_window(COMES, WINDOW)),
            errs: Rates::new(Rate::in_window(ERRS, WINDOW)),
            stopping: watch::Sender::new(false),
        }))
    }

    /// A place for a socket, if there is one.
    pub(crate) fn enter(&self, network: Network) -> Option<Seat> {
        self.0.places.try_enter(network).map(|place| Seat { sockets: self.clone(), place })
    }

    /// Whether somebody at this address may ask to come into a meeting: not too often, and not where too much of it opened nothing.
    pub(crate) fn may_join(&self, network: Network) -> Result<(), Wait> {
        self.0.errs.look(network)?;
        self.0.joins.take(network).map(|_| ())
    }

    /// What somebody there asked for opened nothing.
    pub(crate) fn erred(&self, network: Network) {
        let _ = self.0.errs.take(network);
    }

    /// Has every socket say that it will be back, and waits until they have, for so long at most.
    pub async fn stop(&self, patience: Duration) {
        self.0.stopping.send_replace(true);
        let _ = tokio::time::timeout(patience, self.0.places.empty()).await;
    }
}

impl Seat {
    /// Whether one more visitor of this address may become a contact.
    pub fn may_visit(&self) -> Result<(), Wait> {
        self.sockets.0.contacts.take(self.place.key()).map(|_| ())
    }

    /// Whether one more message of a visitor's of this address is taken.
    pub fn may_say(&self) -> Result<(), Wait> {
        self.sockets.0.messages.take(self.place.key()).map(|_| ())
    }

    /// Whether somebody of this address may come to a meeting once more.
    pub fn may_come(&self) -> Result<(), Wait> {
        self.sockets.0.comes.take(self.place.key()).map(|_| ())
    }

    /// Until the server stops.
    pub async fn stopped(&self) {
        let _ = self.sockets.0.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }
}

/// Whether a frame is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// It is read.
    Yes,
    /// It is one too many, and that is said.
    TooMany,
    /// So many were too many that the socket ends.
    Cut,
}

/// Frames that a socket may still send.
#[derive(Debug)]
pub(crate) struct Bucket {
    left: f64,
    over: u32,
    at: Instant,
    /// At once, and a second.
    rate: (f64, f64),
}

impl Bucket {
    pub fn full(now: Instant) -> Self {
        Self::of((BURST, A_SECOND), now)
    }

    /// Of one in a meeting.
    pub fn of_meeting(now: Instant) -> Self {
        Self::of(MEETING, now)
    }

    /// Of the offers among these.
    pub fn of_offers(now: Instant) -> Self {
        Self::of(OFFERS, now)
    }

    /// Of what is shown for a moment.
    pub fn of_shown(now: Instant) -> Self {
        Self::of(SHOWN, now)
    }

    fn of(rate: (f64, f64), now: Instant) -> Self {
        Self { left: rate.0, over: 0, at: now, rate }
    }

    /// Takes one, if one is left.
    pub fn take(&mut self, now: Instant) -> Allowed {
        let (burst, a_second) = self.rate;
        self.left = (self.left + now.saturating_duration_since(self.at).as_secs_f64() * a_second).min(burst);
        self.at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            if self.left >= burst / 2.0 {
                self.over = 0;
            }
            return Allowed::Yes;
        }
        self.over += 1;
        if self.over > TOLD { Allowed::Cut } else { Allowed::TooMany }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[tokio::test]
    async fn places_and_contacts_are_counted_by_address() {
        let limits = SocketLimits { total: 3, per_address: 2, messages_per_address: 1, contacts_per_address: 1 };
        let of = |text: &str| Network::from(text.parse::<IpAddr>().unwrap());
        let (sockets, a, b) = (Sockets::new(limits), of("2001:db8::1"), of("10.0.0.2"));
        let first = sockets.enter(a).unwrap();
        // Another address of the same network is nobody else.
        let second = sockets.enter(of("2001:db8::2")).unwrap();
        assert!(sockets.enter(of("2001:db8::3")).is_none(), "two of one network");
        let third = sockets.enter(b).unwrap();
        assert!(sockets.enter(b).is_none(), "three in all");
        drop(second);
        assert!(first.may_visit().is_ok());
        let wait = first.may_visit().unwrap_err();
        assert!(wait.until > WINDOW - Duration::from_secs(60) && wait.until <= WINDOW, "{wait:?}");
        assert!(third.may_visit().is_ok(), "another address");
        assert!((0..COMES).all(|_| first.may_come().is_ok()) && first.may_come().is_err());
        assert!(third.may_come().is_ok(), "another address");
        drop((first, third));
        sockets.stop(Duration::from_secs(1)).await;
        assert_eq!(sockets.0.places.free(), 3);
    }

    #[test]
    fn a_socket_may_send_a_burst_and_then_so_many_a_second() {
        let now = Instant::now();
        let mut bucket = Bucket::full(now);
        let taken = |bucket: &mut Bucket, at| (0..50).filter(|_| bucket.take(at) == Allowed::Yes).count();
        assert_eq!(taken(&mut bucket, now), 20);
        assert_eq!(taken(&mut bucket, now + Duration::from_secs(2)), 10);
        assert_eq!(bucket.take(now + Duration::from_secs(2)), Allowed::Cut, "one that goes on");
        // After a while of good behaviour it is as it was.
        let later = now + Duration::from_secs(60);
        assert_eq!(taken(&mut bucket, later), 20);
        assert_eq!(bucket.take(later), Allowed::TooMany);
    }
}
