//! Tokens: what opens a meeting's socket, for ten minutes.
//!
//! Nothing is kept of one. It says tenant, meeting, person and until when, and a keyed hash of that, so one that was not made here, or is
//! over, is told before the database is asked. When it is used the person is looked at: who was taken out has no token that opens anything.

use model::{AttendeeId, MeetingId, TenantId};
use store::secret_key::DerivedKey;
use store::services::timestamp;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// What every token begins with.
const PREFIX: &str = "smm_";
/// Bytes of three ids, of the end, and of the hash.
const SAID: usize = 3 * 16 + 8;
const MAC: usize = 24;
/// How long one is good.
pub(crate) const GOOD: Duration = Duration::minutes(10);

/// Whom a token lets in, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Says {
    pub tenant: TenantId,
    pub meeting: MeetingId,
    pub person: AttendeeId,
}

/// Makes and reads tokens.
#[derive(Debug, Clone)]
pub(crate) struct Tokens(pub DerivedKey);

/// Bytes as digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of digits.
pub(crate) fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return None;
    }
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

impl Tokens {
    fn mac(&self, said: &[u8]) -> Vec<u8> {
        self.0.mac(said).into_iter().take(MAC).collect()
    }

    /// A token for somebody.
    pub fn write(&self, says: Says, now: OffsetDateTime) -> String {
        let Says { tenant, meeting, person } = says;
        let mut said = [tenant.uuid(), meeting.uuid(), person.uuid()].map(Uuid::into_bytes).concat();
        said.extend(timestamp(now + GOOD).millis().to_be_bytes());
        said.extend(self.mac(&said));
        format!("{PREFIX}{}", hex(&said))
    }

    /// What a token says that was made here and is not over.
    pub fn read(&self, token: &str, now: OffsetDateTime) -> Option<Says> {
        let digits = token.strip_prefix(PREFIX)?;
        // Before anything is made of it.
        if digits.len() != 2 * (SAID + MAC) {
            return None;
        }
        let bytes = unhex(digits)?;
        let (said, mac) = bytes.split_at_checked(SAID)?;
        // Compared by their hashes, so that no time tells how much of it was right.
        if self.0.mac(&self.mac(said)) != self.0.mac(mac) {
            return None;
        }
        let (tenant, said) = said.split_first_chunk::<16>()?;
        let (meeting, said) = said.split_first_chunk::<16>()?;
        let (person, said) = said.split_first_chunk::<16>()?;
        let (end, _) = said.split_first_chunk::<8>()?;
        let open = timestamp(now).millis() < i64::from_be_bytes(*end);
        open.then_some(Says {
            tenant: TenantId::from_uuid(Uuid::from_bytes(*tenant)),
            meeting: MeetingId::from_uuid(Uuid::from_bytes(*meeting)),
            person: AttendeeId::from_uuid(Uuid::from_bytes(*person)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use store::secret_key::SecretKey;

    fn tokens(secret: u8) -> Tokens {
        Tokens(SecretKey::from_bytes([secret; 32]).derive("meetings/token/1"))
    }

    fn says(tenant: u128, meeting: u128, person: u128) -> Says {
        Says {
            tenant: TenantId::from_uuid(Uuid::from_u128(tenant)),
            meeting: MeetingId::from_uuid(Uuid::from_u128(meeting)),
            person: AttendeeId::from_uuid(Uuid::from_u128(person)),
        }
    }

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    proptest! {
        #[test]
        fn a_token_says_what_it_was_made_of_until_its_end(tenant: u128, meeting: u128, person: u128) {
            let (made, says) = (tokens(7), says(tenant, meeting, person));
            let token = made.write(says, NOW);
            prop_assert_eq!(made.read(&token, NOW + GOOD - Duration::milliseconds(1)), Some(says));
            prop_assert_eq!(made.read(&token, NOW + GOOD), None);
            prop_assert_eq!(tokens(8).read(&token, NOW), None, "of this installation alone");
        }

        #[test]
        fn whatever_is_changed_of_one_it_is_none(place in any::<prop::sample::Index>(), to in any::<char>()) {
            let made = tokens(7);
            let token: Vec<char> = made.write(says(1, 2, 3), NOW).chars().collect();
            let opens = |token: &[char]| made.read(&token.iter().collect::<String>(), NOW).is_some();
            let place = place.index(token.len());
            let mut changed = token.clone();
            changed[place] = to;
            prop_assert_eq!(opens(&changed), changed == token);
            changed.insert(place, to);
            prop_assert!(!opens(&changed) && !opens(&token[..place]) && !opens(&token[place + 1..]));
        }

        #[test]
        fn nothing_else_is_one(rest in "\\PC{0,200}", digits in "[0-9a-f]{160}") {
            for text in [format!("{PREFIX}{rest}"), format!("{PREFIX}{digits}"), rest.clone(), digits.clone()] {
                prop_assert_eq!(tokens(7).read(&text, NOW), None);
            }
        }
    }
}
