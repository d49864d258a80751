//! Media by a LiveKit server: each way is a seat there, under a name that is used once, and the rooms are looked after, so that they are as `live` says.
//!
//! Guarantees: who has no seat is not in a room for longer than it takes to look, which is done when something has changed, when LiveKit tells of
//! something, and every ten seconds; nor is passed on for longer what is not on. Whoever was taken out may have a token that is still good, since LiveKit
//! gives out new ones by itself: a room is looked after until the last of them is over. A question that fails is asked again the next time. Of all seats one
//! company has no more than a share. Rooms are looked at by turns of companies, so that one with very many makes nobody else's wait. What is kept is one entry
//! a room, and has an end; so has the number of questions at once.
//!
//! Must not: give anybody a name that somebody had before, or wait for anything while `live` is locked.

use crate::live::Live;
use crate::sending::speaks;
use livekit::{LiveKit, LiveKitError, Source};
use media::{Limits, MediaError};
use model::meeting::{AttendeeRole, Person};
use model::{AttendeeId, MeetingId, TenantId};
use shares::{Place, Places, Waiting};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::Services;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

/// How often rooms are looked at where nothing is known to have changed, and how soon where something has: pages do by themselves what they are told.
const EVERY: Duration = Duration::from_secs(10);
const SOON: Duration = Duration::from_millis(250);
/// How long a room is looked after when nobody is in it any more: LiveKit's own tokens are good for ten minutes, and its clock may be another.
const CARED: Duration = Duration::from_secs(12 * 60);
/// Most rooms that are looked after.
const ROOMS: usize = 10_000;
/// Most that are looked at at once, and those of them that are one company's.
const AT_ONCE: usize = 8;
const OF_ONE: usize = 4;

/// A room that is looked after.
#[derive(Debug)]
struct Room {
    tenant: TenantId,
    meeting: MeetingId,
    changed: bool,
    /// Whether it stands in line to be looked at.
    stands: bool,
    until: Instant,
}

/// A room that is to be looked at now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Due {
    name: Arc<str>,
    tenant: TenantId,
    meeting: MeetingId,
}

#[derive(Debug, Default)]
struct Care {
    rooms: Mutex<HashMap<Arc<str>, Room>>,
    wakes: Notify,
}

impl Care {
    fn rooms(&self) -> MutexGuard<'_, HashMap<Arc<str>, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks after a room from now on.
    fn begin(&self, name: &Arc<str>, (tenant, meeting): (TenantId, MeetingId), now: Instant) {
        let (mut rooms, until) = (self.rooms(), now + CARED);
        if let Some(room) = rooms.get_mut(name) {
            room.until = until;
            return;
        }
        if rooms.len() >= ROOMS {
            // Of the company that has most, the one that is nearest to its end.
            let mut of = HashMap::<TenantId, usize>::new();
            rooms.values().for_each(|room| *of.entry(room.tenant).or_default() += 1);
            let most = of.into_iter().max_by_key(|(_, count)| *count).map(|(tenant, _)| tenant);
            let theirs = rooms.iter().filter(|(_, room)| Some(room.tenant) == most);
            let oldest = theirs.min_by_key(|(_, room)| room.until).map(|(name, _)| Arc::clone(name));
            if let Some(oldest) = oldest {
                rooms.remove(&oldest);
            }
        }
        rooms.insert(Arc::clone(name), Room { tenant, meeting, changed: false, stands: false, until });
    }

    /// Something is another now in a room; says whether it is one of these.
    fn changed(&self, name: &str) -> bool {
        let mut rooms = self.rooms();
        let Some(room) = rooms.get_mut(name) else { return false };
        room.changed = true;
        self.wakes.notify_one();
        true
    }

    /// The rooms that come into the line now: those that have changed, or `all`, but for those that stand there already.
    fn due(&self, all: bool) -> Vec<Due> {
        let mut rooms = self.rooms();
        let due = rooms.iter_mut().filter_map(|(name, room)| {
            let comes = (room.changed || all) && !room.stands;
            room.stands |= comes;
            comes.then(|| Due { name: Arc::clone(name), tenant: room.tenant, meeting: room.meeting })
        });
        due.collect()
    }

    /// It is a room's turn: what is another from now on is for the next look.
    fn has_its_turn(&self, name: &str) {
        if let Some(room) = self.rooms().get_mut(name) {
            (room.changed, room.stands) = (false, false);
        }
    }

    /// It was looked at: where somebody is in it, or might be, it is looked after for longer, and else not beyond its time.
    fn looked(&self, name: &str, anybody: bool, now: Instant) {
        let mut rooms = self.rooms();
        let Some(room) = rooms.get_mut(name) else { return };
        if anybody {
            room.until = now + CARED;
        } else if room.until <= now {
            rooms.remove(name);
        }
    }
}

/// Somebody's seat in a room of LiveKit's. Let go of, they are taken out.
#[derive(Debug)]
pub(crate) struct Seat {
    pub peer: u64,
    /// Under which LiveKit knows them: who they are, and the number of the seat.
    pub name: String,
    room: Arc<str>,
    speaks: bool,
    care: Arc<Care>,
    _place: Place<TenantId>,
}

impl Seat {
    /// Has LiveKit pass on what is on, and nothing else.
    ///
    /// # Errors
    /// [`MediaError::Nobody`] where they may send another thing by now than what their token says.
    pub fn agree(&self, person: &Person) -> Result<(), MediaError> {
        self.care.changed(&self.room);
        if speaks(person.role) == self.speaks { Ok(()) } else { Err(MediaError::Nobody) }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.care.changed(&self.room);
    }
}

/// A LiveKit server that carries the media of this process's meetings.
#[derive(Debug, Clone)]
pub(crate) struct Elsewhere {
    livekit: LiveKit,
    people: Places<TenantId>,
    looks: Places<TenantId>,
    next: Arc<AtomicU64>,
    care: Arc<Care>,
    /// Whether it did not answer the last time: that is said once.
    fails: Arc<AtomicBool>,
}

/// Whether something of somebody's is on.
const fn on(person: &Person, source: Source) -> bool {
    match source {
        Source::Microphone => person.microphone,
        Source::Camera => person.camera,
        Source::ScreenShare | Source::ScreenShareAudio => person.screen,
        Source::Unknown => false,
    }
}

impl Elsewhere {
    /// By this server. Seats are numbered on from the time, so that no number comes again after a restart.
    pub fn new(livekit: LiveKit, limits: &Limits, now: OffsetDateTime) -> Self {
        let first = u64::try_from(now.unix_timestamp()).unwrap_or_default().saturating_mul(1_000_000);
        let people = Places::new(limits.people, limits.people_of_one, Waiting::NOBODY);
        let looks = Places::new(AT_ONCE, OF_ONE, Waiting { total: ROOMS, per_key: ROOMS });
        let next = Arc::new(AtomicU64::new(first));
        Self { livekit, people, looks, next, care: Arc::default(), fails: Arc::default() }
    }

    /// Where browsers reach it.
    pub fn url(&self) -> &str {
        self.livekit.url()
    }

    /// The room of a meeting, which is looked after from now on.
    fn room(&self, tenant: TenantId, meeting: MeetingId) -> Arc<str> {
        let room: Arc<str> = format!("{tenant}.{meeting}").into();
        self.care.begin(&room, (tenant, meeting), Instant::now());
        room
    }

    /// Looks after the room of a meeting in which nobody need have had a seat since this process began.
    pub fn look_after(&self, tenant: TenantId, meeting: MeetingId) {
        let room = self.room(tenant, meeting);
        self.care.changed(&room);
    }

    /// A new seat for somebody in this role.
    ///
    /// # Errors
    /// [`MediaError::ShareTaken`] or [`MediaError::AllTaken`].
    pub fn seat(
        &self,
        tenant: TenantId,
        meeting: MeetingId,
        person: AttendeeId,
        role: AttendeeRole,
    ) -> Result<Seat, MediaError> {
        let Some(place) = self.people.try_enter(tenant) else {
            return Err(match self.people.has_its_share(tenant) {
                true => MediaError::ShareTaken,
                false => MediaError::AllTaken,
            });
        };
        let room = self.room(tenant, meeting);
        let peer = self.next.fetch_add(1, Ordering::Relaxed);
        let name = format!("{person}.{peer}");
        Ok(Seat { peer, name, room, speaks: speaks(role), care: Arc::clone(&self.care), _place: place })
    }

    /// What opens a seat, for a minute.
    pub fn token(&self, seat: &Seat, now: OffsetDateTime) -> String {
        let sends: &[Source] = if seat.speaks { &Source::ALL } else { &[] };
        self.livekit.token(&seat.room, &seat.name, sends, now.unix_timestamp())
    }

    /// LiveKit tells of something: the room is looked at. Says whether it was LiveKit. (What it tells need not be believed, or come in order, or once.)
    pub fn told(&self, authorization: &str, body: &[u8], now: OffsetDateTime) -> bool {
        let Some(event) = self.livekit.event(authorization, body, now.unix_timestamp()) else { return false };
        self.care.changed(&event.room.name);
        true
    }

    /// Looks after the rooms, for as long as the process lives.
    pub async fn tend(self, live: Live, services: Services) {
        let mut every = tokio::time::interval(EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let all = tokio::select! {
                () = self.care.wakes.notified() => false,
                _ = every.tick() => true,
            };
            tokio::time::sleep(SOON).await;
            for due in self.care.due(all) {
                // Where it answers slowly, what changes meanwhile waits as one entry a room.
                let (own, live, services) = (self.clone(), live.clone(), services.clone());
                tokio::spawn(async move {
                    let place = own.looks.enter(due.tenant).await;
                    own.care.has_its_turn(&due.name);
                    // There is room in the line for every room. Where there is none after all, the look at all of them is soon.
                    if place.is_ok() {
                        own.look_at(&due, &live, &services).await;
                    }
                    drop(place);
                });
            }
        }
    }

    async fn look_at(&self, due: &Due, live: &Live, services: &Services) {
        let room = &due.name;
        match self.settle(room, due.meeting, live, services).await {
            Ok(anybody) => {
                self.care.looked(room, anybody, Instant::now());
                if self.fails.swap(false, Ordering::Relaxed) {
                    tracing::info!("LiveKit answers again");
                }
            }
            Err(error) => {
                self.care.looked(room, true, Instant::now());
                if !self.fails.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "LiveKit did not do what it was asked; it is asked again");
                }
            }
        }
    }

    /// Makes a room there what it is here. Says whether anybody is in it, here or there.
    async fn settle(
        &self,
        room: &str,
        meeting: MeetingId,
        live: &Live,
        services: &Services,
    ) -> Result<bool, LiveKitError> {
        let now = || services.now().unix_timestamp();
        let there = self.livekit.participants(room, now()).await?;
        // After that: who has come since has had a seat before.
        let seats = live.seats(meeting);
        if seats.is_empty() {
            if !there.is_empty() {
                self.livekit.end(room, now()).await?;
            }
            return Ok(!there.is_empty());
        }
        // One who goes meanwhile is no reason to leave the others as they are.
        let mut done = Ok(true);
        for one in there {
            let Some(person) = seats.get(&one.identity) else {
                done = self.livekit.remove(room, &one.identity, now()).await.and(done);
                continue;
            };
            for track in one.tracks.iter().filter(|track| !track.muted && !on(person, track.source)) {
                done = self.livekit.mute(room, &one.identity, &track.sid, now()).await.and(done);
            }
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn of(tenant: u128, meeting: u128) -> (TenantId, MeetingId) {
        (TenantId::from_uuid(Uuid::from_u128(tenant)), MeetingId::from_uuid(Uuid::from_u128(meeting)))
    }

    /// The rooms that are due, each of which has its turn at once.
    fn due(care: &Care, all: bool) -> Vec<Due> {
        let due = care.due(all);
        due.iter().for_each(|due| care.has_its_turn(&due.name));
        due
    }

    #[test]
    fn a_room_is_looked_at_when_it_has_changed_and_until_its_time_is_over() {
        let (care, room, begun): (Care, Arc<str>, _) = (Care::default(), "a".into(), Instant::now());
        assert!(!care.changed("a"), "not one of these");
        care.begin(&room, of(1, 1), begun);
        assert!(due(&care, false).is_empty());
        assert!(care.changed("a"));
        // Whoever comes meanwhile takes nothing from that.
        care.begin(&room, of(1, 1), begun);
        let (tenant, meeting) = of(1, 1);
        assert_eq!(due(&care, false), [Due { name: Arc::clone(&room), tenant, meeting }]);
        assert!(due(&care, false).is_empty(), "it has been looked at");
        assert_eq!(due(&care, true).len(), 1, "with all of them");
        let late = begun + CARED - Duration::from_secs(1);
        care.looked("a", true, late);
        care.looked("a", false, late + CARED - Duration::from_secs(1));
        assert_eq!(due(&care, true).len(), 1);
        care.looked("a", false, late + CARED);
        assert!(due(&care, true).is_empty() && !care.changed("a"));
    }

    #[test]
    fn a_room_stands_in_line_once_and_what_changes_while_it_is_looked_at_is_looked_at_again() {
        let care = Care::default();
        care.begin(&"a".into(), of(1, 1), Instant::now());
        assert_eq!(care.due(true).len(), 1);
        assert!(care.changed("a"));
        assert!(care.due(true).is_empty(), "it stands there");
        care.has_its_turn("a");
        assert!(care.due(false).is_empty(), "this look sees it");
        assert!(care.changed("a"));
        assert_eq!(care.due(false).len(), 1);
    }

    #[test]
    fn so_many_rooms_are_looked_after_and_the_oldest_goes_of_who_has_most() {
        let (care, mut now) = (Care::default(), Instant::now());
        care.begin(&"theirs".into(), of(2, 0), now);
        for number in 1..=ROOMS as u128 {
            now += Duration::from_millis(1);
            care.begin(&number.to_string().into(), of(1, number), now);
        }
        assert_eq!(care.due(true).len(), ROOMS);
        assert!(!care.changed("1") && care.changed("2") && care.changed("theirs"));
    }
}
