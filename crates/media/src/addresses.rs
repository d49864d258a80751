//! The addresses from which one sends, and what may be sent there: little, until somebody there has answered.
//!
//! *Guarantees:* who is in a room knows its secrets, and may be able to send in a stranger's name. That makes no stranger one's address: a check of the way
//! (STUN) goes there, and until it is answered no more than [`TIMES_UNANSWERED`] times of what came from there. An answer counts once, and where it was asked for.
//! It is good for a while, [`CONSENT`], and then nothing but checks goes there until the next one (RFC 7675): who has been
//! somewhere may be there no more. That a check of theirs came from there shows nothing: anybody may have sent it. An answer
//! lets all go there again at once, where the RFC wants new secrets: one that is old or comes twice is none.

use crate::limits::{CONSENT, MOST_ADDRESSES, MOST_ADDRESSES_EVER, MOST_ASKED, TIMES_UNANSWERED};
use crate::rooms::Proto;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

/// An address, and how it is reached.
pub(crate) type At = (Proto, SocketAddr);

/// By which an answer is known to belong to what was asked (RFC 8489, section 5).
type Number = [u8; 12];

/// Types of checks of the way: what is asked, and that it is well or not.
const ASKS: u16 = 0x0001;
const WELL: u16 = 0x0101;
const NOT_WELL: u16 = 0x0111;

#[derive(Debug)]
struct Address {
    at: At,
    heard: Instant,
    /// Bytes that came from there and went there while nobody had answered.
    came: usize,
    went: usize,
    /// When that was asked which somebody there has answered last: who answers has seen it, and may have gone since.
    answered: Option<Instant>,
    /// What was asked and not answered yet, and when.
    asked: VecDeque<(Number, Instant)>,
}

impl Address {
    /// Whether somebody is there, as far as is known. Who has opened a connection is, as long as it stands.
    fn answers(&self, now: Instant) -> bool {
        let lately = |at| now.saturating_duration_since(at) < CONSENT;
        self.at.0 == Proto::Tcp || self.answered.is_some_and(lately)
    }
}

/// Those of one peer.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    known: Vec<Address>,
    ever: usize,
}

/// What a packet says of where it came from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// It was known.
    Known,
    /// It is new; with one that is forgotten for it.
    New(Option<At>),
    /// There have been too many.
    TooMany,
}

/// Type and number of a check of the way; nothing of anything else.
fn check(bytes: &[u8]) -> Option<(u16, Number)> {
    let kind = u16::from_be_bytes(bytes.get(..2)?.try_into().ok()?);
    let number = bytes.get(8..20)?.try_into().ok()?;
    matches!(kind, ASKS | WELL | NOT_WELL).then_some((kind, number))
}

impl Addresses {
    fn find(&mut self, at: At) -> Option<&mut Address> {
        self.known.iter_mut().find(|one| one.at == at)
    }

    /// Whether somebody there has answered lately.
    pub fn answers(&self, at: At, now: Instant) -> bool {
        self.known.iter().any(|one| one.at == at && one.answers(now))
    }

    /// Whether what came from there may be looked at: an answer has to be one to what was asked there, and not answered yet. Its secret has been
    /// checked before.
    pub fn fits(&mut self, at: At, bytes: &[u8]) -> bool {
        let Some((kind @ (WELL | NOT_WELL), number)) = check(bytes) else { return true };
        let Some(address) = self.find(at) else { return false };
        let Some(place) = address.asked.iter().position(|(asked, _)| *asked == number) else { return false };
        let asked = address.asked.remove(place).map(|(_, at)| at);
        if kind == WELL {
            address.answered = address.answered.max(asked);
        }
        true
    }

    /// Something of theirs, so many bytes, came from there.
    pub fn came(&mut self, at: At, bytes: usize, now: Instant) -> Came {
        if let Some(address) = self.find(at) {
            address.heard = now;
            address.came = address.came.saturating_add(bytes);
            return Came::Known;
        }
        if self.ever >= MOST_ADDRESSES_EVER {
            return Came::TooMany;
        }
        self.ever += 1;
        let mut forgotten = None;
        if self.known.len() >= MOST_ADDRESSES {
            // First those at which nobody answers, and of these the one that was silent the longest.
            let all = self.known.iter().enumerate();
            let least = all.min_by_key(|(_, one)| (one.answers(now), one.heard)).map(|(place, _)| place);
            forgotten = least.map(|place| self.known.swap_remove(place).at);
        }
        self.known.push(Address { at, heard: now, came: bytes, went: 0, answered: None, asked: VecDeque::new() });
        Came::New(forgotten)
    }

    /// Whether this may be sent there; then it counts as sent.
    pub fn may_send(&mut self, at: At, bytes: &[u8], now: Instant) -> bool {
        let Some(address) = self.find(at) else { return false };
        let check = check(bytes);
        if !address.answers(now) && check.is_none() {
            return false;
        }
        if at.0 == Proto::Udp && address.answered.is_none() {
            let went = address.went.saturating_add(bytes.len());
            if went > address.came.saturating_mul(TIMES_UNANSWERED) {
                return false;
            }
            address.went = went;
        }
        if let Some((ASKS, number)) = check {
            address.asked.push_back((number, now));
            if address.asked.len() > MOST_ASKED {
                address.asked.pop_front();
            }
        }
        true
    }

    /// It is somebody else's.
    pub fn forget(&mut self, at: At) {
        self.known.retain(|one| one.at != at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: usize) -> At {
        (Proto::Udp, format!("192.0.2.1:{}", 1_000 + number).parse().unwrap())
    }

    fn a_check(kind: u16, number: u8) -> Vec<u8> {
        let mut bytes = vec![0; 100];
        bytes[..2].copy_from_slice(&kind.to_be_bytes());
        bytes[8..20].fill(number);
        bytes
    }

    #[test]
    fn little_goes_to_where_nobody_has_answered() {
        let (mut addresses, now) = (Addresses::default(), Instant::now());
        assert!(!addresses.may_send(at(0), &a_check(ASKS, 1), now), "nothing came from there");
        assert_eq!(addresses.came(at(0), 100, now), Came::New(None));
        assert!(!addresses.may_send(at(0), &[0x80], now), "it is no check");
        assert!([1, 4, 5].into_iter().all(|number| addresses.may_send(at(0), &a_check(ASKS, number), now)));
        assert!(!addresses.may_send(at(0), &a_check(ASKS, 6), now), "more than three times of it");
        // Answers that nobody waits for, and one from somewhere else, are none.
        addresses.came(at(1), 100, now);
        for (from, answer) in [(at(0), a_check(WELL, 2)), (at(1), a_check(WELL, 1)), (at(2), a_check(WELL, 1))] {
            assert!(!addresses.fits(from, &answer));
        }
        assert!(!addresses.answers(at(0), now) && addresses.fits(at(0), &a_check(WELL, 1)));
        assert!(addresses.answers(at(0), now));
        assert!(!addresses.fits(at(0), &a_check(WELL, 1)), "it counts once");
        assert!(addresses.may_send(at(0), &[0x80; 1_000], now));
        // What is no answer is looked at in any case.
        assert!(addresses.fits(at(3), &[0x80; 30]) && addresses.fits(at(3), &a_check(ASKS, 1)));
        // A refusal is an answer, and shows nothing.
        assert!(addresses.may_send(at(1), &a_check(ASKS, 3), now) && addresses.fits(at(1), &a_check(NOT_WELL, 3)));
        assert!(!addresses.answers(at(1), now));
        // Who has opened a connection is there.
        let connection = (Proto::Tcp, at(0).1);
        addresses.came(connection, 1, now);
        let later = now + 10 * CONSENT;
        assert!(addresses.answers(connection, later) && addresses.may_send(connection, &[0x80; 1_000], later));
    }

    #[test]
    fn an_answer_is_good_for_thirty_seconds_from_when_it_was_asked_for() {
        let (mut addresses, start) = (Addresses::default(), Instant::now());
        let after = |seconds| start + std::time::Duration::from_secs(seconds);
        addresses.came(at(0), 100, start);
        assert!(addresses.may_send(at(0), &a_check(ASKS, 1), start));
        assert!(addresses.may_send(at(0), &a_check(ASKS, 2), after(9)));
        // The later one comes first, and stands; both come late.
        assert!(addresses.fits(at(0), &a_check(WELL, 2)) && addresses.fits(at(0), &a_check(WELL, 1)));
        assert!(addresses.may_send(at(0), &[0x80; 1_000], after(38)));
        assert!(!addresses.answers(at(0), after(39)) && !addresses.may_send(at(0), &[0x80], after(39)));
        // Whatever comes from there; checks and what is said to theirs go there as before,
        addresses.came(at(0), 1_000, after(40));
        assert!(!addresses.may_send(at(0), &[0x80], after(40)));
        assert!([ASKS, WELL, NOT_WELL].into_iter().all(|kind| addresses.may_send(at(0), &a_check(kind, 3), after(40))));
        // and with the next answer all else.
        assert!(addresses.fits(at(0), &a_check(WELL, 3)) && addresses.may_send(at(0), &[0x80], after(41)));
    }

    #[test]
    fn there_are_few_at_once_and_an_end_to_all() {
        let (mut addresses, now) = (Addresses::default(), Instant::now());
        addresses.came(at(0), 100, now);
        assert!(addresses.may_send(at(0), &a_check(ASKS, 1), now) && addresses.fits(at(0), &a_check(WELL, 1)));
        for number in 1..MOST_ADDRESSES_EVER {
            let later = now + std::time::Duration::from_millis(number as u64);
            let forgotten = (number >= MOST_ADDRESSES).then(|| at(number + 1 - MOST_ADDRESSES));
            assert_eq!(addresses.came(at(number), 100, later), Came::New(forgotten));
        }
        assert!(addresses.answers(at(0), now), "the one that is theirs stays");
        assert_eq!(addresses.known.len(), MOST_ADDRESSES);
        assert_eq!(addresses.came(at(MOST_ADDRESSES_EVER), 100, now), Came::TooMany);
        assert_eq!(addresses.came(at(0), 100, now), Came::Known);
        addresses.forget(at(0));
        assert!(!addresses.answers(at(0), now));
    }
}
