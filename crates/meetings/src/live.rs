//! Who is in which meeting on this node just now, and telling them what happens.
//!
//! Guarantees: a queue is bounded and never waited for, so that a slow reader holds up nobody; one that misses something is told so
//! ([`Place::missed`]), and opens its socket again. What somebody may hear is decided here: who waits hears of nobody, and of who waits
//! hosts alone hear. Media passes on what is on here and nothing else, in the order in which it is turned on and off, also of who has lost their socket and
//! may come back. Nothing here is kept: the database is the truth of who may come back.
//!
//! Must not: make a frame for each who hears it, or wait for anything, while the lock is held.

use crate::backend::Way;
use crate::sending::speaks;
use bytes::Bytes;
use model::meeting::{AttendeeKind, AttendeeRole, AttendeeState, MeetingTold, Person};
use model::{AttendeeId, MeetingId};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use time::OffsetDateTime;
use tokio::sync::mpsc;

/// Most who are in a meeting, and most who wait for one.
pub const MOST_IN: usize = 50;
pub(crate) const MOST_WAITING: usize = 100;
/// How many members who lead it come in besides: where it is full of others they make room.
const MOST_BESIDE: usize = 10;
/// What one has to hear and has not heard yet.
const QUEUE: usize = 256;

/// Something that was heard.
#[derive(Debug)]
pub enum Heard {
    /// A frame, in JSON, made once for all.
    Frame(Bytes),
    /// They were let in.
    Admitted,
    /// It is over for them.
    End(Ending),
}

/// Why it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// They were taken out.
    Removed,
    /// They were not let in.
    Refused,
    /// The meeting is over.
    Ended,
    /// They have come by another socket.
    Elsewhere,
}

/// There is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// What media has to know of somebody.
fn sends(person: &Person) -> (AttendeeRole, bool, bool, bool) {
    (person.role, person.microphone, person.camera, person.screen)
}

/// Somebody who is there.
#[derive(Debug)]
struct Present {
    person: Person,
    socket: u64,
    queue: mpsc::Sender<Heard>,
    missed: Arc<AtomicBool>,
    way: Option<Way>,
}

impl Present {
    fn give(&self, heard: Heard) {
        if self.person.here && self.queue.try_send(heard).is_err() {
            self.missed.store(true, Ordering::Release);
        }
    }

    fn is_in(&self) -> bool {
        self.person.state == AttendeeState::In
    }

    fn leads(&self) -> bool {
        self.is_in() && self.person.role == AttendeeRole::Host
    }
}

#[derive(Debug, Default)]
struct Room(BTreeMap<AttendeeId, Present>);

impl Room {
    /// Tells those who may hear of somebody.
    fn tell_of(&self, state: AttendeeState, except: Option<AttendeeId>, frame: &Bytes) {
        for one in self.0.values().filter(|one| Some(one.person.person) != except) {
            let hears = if state == AttendeeState::In { one.is_in() } else { one.leads() };
            if hears {
                one.give(Heard::Frame(frame.clone()));
            }
        }
    }
}

/// A frame, as sockets send it.
pub(crate) fn frame(told: &MeetingTold<'_>) -> Bytes {
    // Ids, texts and numbers always have a form in JSON.
    serde_json::to_vec(told).map(Bytes::from).unwrap_or_default()
}

/// Who is where.
#[derive(Debug, Clone, Default)]
pub(crate) struct Live(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    rooms: Mutex<HashMap<MeetingId, Room>>,
    next: AtomicU64,
}

/// A socket's place in a meeting. Let go of, its owner has a moment to come back ([`crate::Meetings`] sees to that).
#[derive(Debug)]
pub struct Place {
    pub(crate) meeting: MeetingId,
    pub(crate) person: AttendeeId,
    pub(crate) socket: u64,
    heard: mpsc::Receiver<Heard>,
    missed: Arc<AtomicBool>,
}

impl Place {
    /// What is heard next. Whoever has this place no more hears that they are elsewhere.
    pub async fn next(&mut self) -> Heard {
        self.heard.recv().await.unwrap_or(Heard::End(Ending::Elsewhere))
    }

    /// What is there already.
    pub fn try_next(&mut self) -> Option<Heard> {
        self.heard.try_recv().ok()
    }

    /// Whether something was dropped.
    pub fn missed(&self) -> bool {
        self.missed.load(Ordering::Acquire)
    }
}

impl Live {
    /// Nobody yet. Sockets are numbered on from the time, so that one from before a restart is an earlier one (and 256 a millisecond are exact in JSON).
    pub fn since(now: OffsetDateTime) -> Self {
        let millis = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        Self(Arc::new(Inner { next: AtomicU64::new(millis << 8), ..Inner::default() }))
    }

    /// Whether somebody is there by a later socket than this.
    pub fn by_later(&self, meeting: MeetingId, person: AttendeeId, socket: u64) -> bool {
        let rooms = self.rooms();
        let one = rooms.get(&meeting).and_then(|room| room.0.get(&person));
        one.is_some_and(|one| one.person.here && one.socket > socket)
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<MeetingId, Room>> {
        self.0.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody comes, or comes back: by a new socket, which takes the place of the one before. Media is opened anew.
    pub fn enter(&self, meeting: MeetingId, person: Person) -> Result<Place, Full> {
        self.take_place(meeting, person, false)
    }

    /// The same, whose media is open still: it goes on as it was.
    pub fn enter_again(&self, meeting: MeetingId, person: Person) -> Result<Place, Full> {
        self.take_place(meeting, person, true)
    }

    fn take_place(&self, meeting: MeetingId, mut person: Person, goes_on: bool) -> Result<Place, Full> {
        let id = person.person;
        let (queue, heard) = mpsc::channel(QUEUE);
        let missed = Arc::new(AtomicBool::new(false));
        let socket = self.0.next.fetch_add(1, Ordering::Relaxed);
        person.here = true;
        let mut rooms = self.rooms();
        let others = rooms.get(&meeting).into_iter().flat_map(|room| room.0.values());
        let others = others.filter(|one| one.person.person != id && one.person.state == person.state).count();
        let most = match person.state {
            AttendeeState::In if person.role == AttendeeRole::Host && person.kind == AttendeeKind::Member => {
                MOST_IN + MOST_BESIDE
            }
            AttendeeState::In => MOST_IN,
            _ => MOST_WAITING,
        };
        if others >= most {
            return Err(Full);
        }
        let room = rooms.entry(meeting).or_default();
        let mut way = None;
        if let Some(before) = room.0.remove(&id) {
            person.hand |= before.person.hand;
            before.give(Heard::End(Ending::Elsewhere));
            if goes_on && person.state == AttendeeState::In && speaks(person.role) {
                let Person { microphone, camera, screen, .. } = before.person;
                (person.microphone, person.camera, person.screen) = (microphone, camera, screen);
            }
            way = before.way.filter(|way| goes_on && way.agree(&person).is_ok());
            person.peer = way.as_ref().map(Way::peer);
            if way.is_none() {
                (person.microphone, person.camera, person.screen) = (false, false, false);
            }
        }
        // (One person's line is short; it is made here so that nobody hears of them before those who come after them do.)
        let told = frame(&MeetingTold::Person { person: &person });
        room.tell_of(person.state, Some(id), &told);
        room.0.insert(id, Present { person, socket, queue, missed: Arc::clone(&missed), way });
        Ok(Place { meeting, person: id, socket, heard, missed })
    }

    /// Those who are there, as this one may see them.
    pub fn people(&self, meeting: MeetingId, viewer: AttendeeId) -> Vec<Person> {
        let rooms = self.rooms();
        let Some(room) = rooms.get(&meeting) else { return Vec::new() };
        let leads = room.0.get(&viewer).is_some_and(Present::leads);
        room.0.values().filter(|one| one.is_in() || leads).map(|one| one.person.clone()).collect()
    }

    /// Somebody, as they are now.
    pub fn get(&self, meeting: MeetingId, person: AttendeeId) -> Option<Person> {
        self.rooms().get(&meeting)?.0.get(&person).map(|one| one.person.clone())
    }

    /// Whether somebody is in a meeting.
    pub fn anybody(&self, meeting: MeetingId) -> bool {
        self.rooms().get(&meeting).is_some_and(|room| room.0.values().any(Present::is_in))
    }

    /// How many are.
    pub fn count(&self, meeting: MeetingId) -> usize {
        self.rooms().get(&meeting).map_or(0, |room| room.0.values().filter(|one| one.is_in()).count())
    }

    /// Whether a socket is still somebody's.
    pub fn holds(&self, place: &Place) -> bool {
        let rooms = self.rooms();
        let one = rooms.get(&place.meeting).and_then(|room| room.0.get(&place.person));
        one.is_some_and(|one| one.socket == place.socket)
    }

    /// Changes something about somebody, and tells media, and those who may hear of it, themselves among them.
    pub fn change(&self, meeting: MeetingId, person: AttendeeId, change: impl FnOnce(&mut Person)) {
        let mut rooms = self.rooms();
        let Some(room) = rooms.get_mut(&meeting) else { return };
        let Some(one) = room.0.get_mut(&person) else { return };
        let before = one.person.clone();
        change(&mut one.person);
        let tells = sends(&before) != sends(&one.person);
        if one.way.as_ref().is_some_and(|way| tells && way.agree(&one.person).is_err()) {
            // Media takes no more just now, or not by this way: they are out of it, and open another one.
            (one.way, one.person.peer) = (None, None);
        }
        let now = one.person.clone();
        if now != before {
            let told = frame(&MeetingTold::Person { person: &now });
            room.tell_of(now.state, None, &told);
            // Who leads from now on has not heard of those who wait.
            if now.role == AttendeeRole::Host && before.role != AttendeeRole::Host {
                let waiting = room.0.values().filter(|one| one.person.state == AttendeeState::Waiting);
                let waiting: Vec<_> = waiting.map(|one| frame(&MeetingTold::Person { person: &one.person })).collect();
                if let Some(one) = room.0.get(&person) {
                    waiting.into_iter().for_each(|told| one.give(Heard::Frame(told)));
                }
            }
        }
    }

    /// The way of somebody's media.
    pub fn way(&self, place: &Place) -> Option<Way> {
        let rooms = self.rooms();
        let one = rooms.get(&place.meeting)?.0.get(&place.person)?;
        if one.socket == place.socket { one.way.clone() } else { None }
    }

    /// Somebody's media goes another way now, or none; the one before ends.
    pub fn set_way(&self, place: &Place, way: Option<Way>) {
        let mut rooms = self.rooms();
        let Some(room) = rooms.get_mut(&place.meeting) else { return };
        let Some(one) = room.0.get_mut(&place.person).filter(|one| one.socket == place.socket) else { return };
        // As they are by now: somebody may have made them something else meanwhile.
        one.way = way.filter(|way| way.agree(&one.person).is_ok());
        one.person.peer = one.way.as_ref().map(Way::peer);
        let person = one.person.clone();
        let told = frame(&MeetingTold::Person { person: &person });
        room.tell_of(person.state, None, &told);
    }

    /// Who has a seat elsewhere, by the seat's name.
    pub fn seats(&self, meeting: MeetingId) -> HashMap<String, Person> {
        let rooms = self.rooms();
        let all = rooms.get(&meeting).into_iter().flat_map(|room| room.0.values());
        let seated = all.filter_map(|one| match &one.way {
            Some(Way::LiveKit(seat)) => Some((seat.name.clone(), one.person.clone())),
            _ => None,
        });
        seated.collect()
    }

    /// Tells all who are in a meeting.
    pub fn tell_all(&self, meeting: MeetingId, except: Option<AttendeeId>, told: &MeetingTold<'_>) {
        let told = frame(told);
        if let Some(room) = self.rooms().get(&meeting) {
            room.tell_of(AttendeeState::In, except, &told);
        }
    }

    /// Tells one.
    pub fn tell(&self, meeting: MeetingId, person: AttendeeId, heard: Heard) {
        if let Some(one) = self.rooms().get(&meeting).and_then(|room| room.0.get(&person)) {
            one.give(heard);
        }
    }

    /// A socket has ended. Says whether somebody was in by it, who now has a moment to come back, and until then is heard and seen as they were; who
    /// waited is gone.
    pub fn cut(&self, place: &Place) -> bool {
        {
            let mut rooms = self.rooms();
            let Some(room) = rooms.get_mut(&place.meeting) else { return false };
            let Some(one) = room.0.get_mut(&place.person).filter(|one| one.socket == place.socket) else {
                return false;
            };
            if one.is_in() {
                let person = &mut one.person;
                person.here = false;
                if one.way.is_none() {
                    (person.microphone, person.camera, person.screen) = (false, false, false);
                }
                let told = frame(&MeetingTold::Person { person });
                room.tell_of(AttendeeState::In, Some(place.person), &told);
                return true;
            }
        }
        self.out(place.meeting, place.person, Some(place.socket), None);
        false
    }

    /// Somebody is out, with a word to themselves why; by this socket alone, where one is named. Says whether they were there.
    pub fn out(&self, meeting: MeetingId, person: AttendeeId, socket: Option<u64>, why: Option<Ending>) -> bool {
        let told = frame(&MeetingTold::Gone { person });
        let mut rooms = self.rooms();
        let Some(room) = rooms.get_mut(&meeting) else { return false };
        if room.0.get(&person).is_none_or(|one| socket.is_some_and(|socket| socket != one.socket)) {
            return false;
        }
        if let Some(one) = room.0.remove(&person) {
            if let Some(why) = why {
                one.give(Heard::End(why));
            }
            room.tell_of(one.person.state, None, &told);
        }
        if room.0.is_empty() {
            rooms.remove(&meeting);
        }
        true
    }

    /// The meeting is over for all.
    pub fn close(&self, meeting: MeetingId) {
        let room = self.rooms().remove(&meeting);
        for one in room.into_iter().flat_map(|room| room.0.into_values()) {
            one.give(Heard::End(Ending::Ended));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::meeting::AttendeeKind;
    use uuid::Uuid;

    fn person(number: u128, role: AttendeeRole, state: AttendeeState) -> Person {
        Person {
            person: AttendeeId::from_uuid(Uuid::from_u128(number)),
            name: number.to_string(),
            role,
            kind: AttendeeKind::Guest,
            state,
            peer: None,
            hand: false,
            microphone: false,
            camera: false,
            screen: false,
            here: false,
        }
    }

    fn meeting() -> MeetingId {
        MeetingId::from_uuid(Uuid::nil())
    }

    fn frames(place: &mut Place) -> Vec<String> {
        let heard = std::iter::from_fn(|| place.try_next());
        let text = |heard| match heard {
            Heard::Frame(frame) => serde_json::from_slice::<serde_json::Value>(&frame).unwrap()["type"].to_string(),
            other => format!("{other:?}"),
        };
        heard.map(text).collect()
    }

    #[test]
    fn of_who_waits_hosts_alone_hear_and_who_waits_hears_of_nobody() {
        let (live, id) = (Live::default(), meeting());
        let mut host = live.enter(id, person(1, AttendeeRole::Host, AttendeeState::In)).unwrap();
        let mut guest = live.enter(id, person(2, AttendeeRole::Speaker, AttendeeState::In)).unwrap();
        assert_eq!(frames(&mut host), ["\"person\""]);
        let mut waits = live.enter(id, person(3, AttendeeRole::Speaker, AttendeeState::Waiting)).unwrap();
        live.tell_all(id, None, &MeetingTold::Locked { locked: true });
        assert_eq!(frames(&mut host), ["\"person\"", "\"locked\""]);
        assert_eq!(frames(&mut guest), ["\"locked\""]);
        assert!(frames(&mut waits).is_empty());
        assert_eq!(live.people(id, host.person).len(), 3);
        assert_eq!(live.people(id, guest.person).len(), 2);
        // Who becomes a host learns of them.
        live.change(id, guest.person, |person| person.role = AttendeeRole::Host);
        assert_eq!(frames(&mut guest), ["\"person\"", "\"person\""]);
        live.tell(id, waits.person, Heard::Admitted);
        assert_eq!(frames(&mut waits), ["Admitted"]);
    }

    #[test]
    fn another_socket_takes_the_place_and_the_first_ends_nothing() {
        let (live, id) = (Live::default(), meeting());
        let mut first = live.enter(id, person(1, AttendeeRole::Host, AttendeeState::In)).unwrap();
        assert!(!live.by_later(id, first.person, first.socket));
        let second = live.enter(id, person(1, AttendeeRole::Host, AttendeeState::In)).unwrap();
        assert!(live.by_later(id, first.person, first.socket) && !live.by_later(id, second.person, second.socket));
        assert_eq!(frames(&mut first), ["End(Elsewhere)"]);
        assert!(!live.holds(&first) && live.holds(&second));
        assert!(!live.cut(&first) && live.get(id, second.person).unwrap().here);
        assert!(live.cut(&second) && !live.get(id, second.person).unwrap().here);
        assert!(live.anybody(id));
        assert!(live.out(id, second.person, Some(second.socket), None) && !live.anybody(id));
        assert!(live.rooms().is_empty());
    }

    #[test]
    fn a_meeting_has_room_for_so_many_and_one_who_is_in_it_comes_back() {
        let (live, id) = (Live::default(), meeting());
        let enter = |number| live.enter(id, person(number, AttendeeRole::Speaker, AttendeeState::In));
        let all: Vec<_> = (0..MOST_IN as u128).map(|number| enter(number).unwrap()).collect();
        assert_eq!(enter(1_000).map(drop), Err(Full));
        assert!(enter(3).is_ok());
        assert_eq!(all.len(), live.count(id));
        // Members who lead it come in besides, and not without an end.
        let member =
            |number| Person { kind: AttendeeKind::Member, ..person(number, AttendeeRole::Host, AttendeeState::In) };
        let hosts: Vec<_> =
            (2_000..2_000 + MOST_BESIDE as u128).map(|one| live.enter(id, member(one)).unwrap()).collect();
        assert_eq!(live.enter(id, member(3_000)).map(drop), Err(Full));
        assert_eq!(live.enter(id, person(3_000, AttendeeRole::Host, AttendeeState::In)).map(drop), Err(Full));
        drop(hosts);
        // Those who wait are counted apart.
        assert!(live.enter(id, person(1_000, AttendeeRole::Speaker, AttendeeState::Waiting)).is_ok());
    }

    #[test]
    fn who_does_not_listen_misses_something_and_holds_up_nobody() {
        let (live, id) = (Live::default(), meeting());
        let slow = live.enter(id, person(1, AttendeeRole::Speaker, AttendeeState::In)).unwrap();
        for _ in 0..QUEUE {
            live.tell_all(id, None, &MeetingTold::Pong);
        }
        assert!(!slow.missed());
        live.tell_all(id, None, &MeetingTold::Pong);
        assert!(slow.missed());
    }

    #[test]
    fn a_meeting_that_ends_is_over_for_all() {
        let (live, id) = (Live::default(), meeting());
        let mut all = [
            live.enter(id, person(1, AttendeeRole::Host, AttendeeState::In)).unwrap(),
            live.enter(id, person(2, AttendeeRole::Speaker, AttendeeState::Waiting)).unwrap(),
        ];
        live.close(id);
        for place in &mut all {
            assert_eq!(frames(place).last().map(String::as_str), Some("End(Ended)"));
            assert!(!live.holds(place));
        }
    }
}
