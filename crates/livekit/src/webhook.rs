//! What LiveKit sends by itself: JSON, with a token in `Authorization` that is signed with our key and says the SHA-256 of the body
//! (its `protocol/webhook`).

use crate::LiveKit;
use crate::token::CLOCKS;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::{digest, hmac};
use serde::Deserialize;

/// Something has happened in a room.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Event {
    /// What: `participant_joined`, `track_published` and the like.
    pub event: String,
    /// Where.
    #[serde(default)]
    pub room: Room,
}

/// A room, by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Room {
    /// Its name.
    #[serde(default)]
    pub name: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    #[serde(default)]
    nbf: i64,
    exp: i64,
    sha256: String,
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

impl LiveKit {
    /// Reads a message with what stands in its `Authorization`; `None` for one that is not from there.
    pub fn event(&self, authorization: &str, body: &[u8], now: i64) -> Option<Event> {
        let token = authorization.strip_prefix("Bearer ").unwrap_or(authorization);
        let (said, proof) = token.rsplit_once('.')?;
        let (header, claims) = said.split_once('.')?;
        // First whether it is signed: nothing else of it is looked at before.
        hmac::verify(&self.signs, said.as_bytes(), &decode(proof)?).ok()?;
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        let claims: Claims = serde_json::from_slice(&decode(claims)?).ok()?;
        let good = header.alg == "HS256"
            && claims.iss == self.settings.key
            && claims.nbf <= now.saturating_add(CLOCKS)
            && now.saturating_sub(CLOCKS) < claims.exp;
        let is = STANDARD.encode(digest::digest(&digest::SHA256, body));
        if good && claims.sha256 == is { serde_json::from_slice(body).ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use crate::tests::nowhere;
    use proptest::prelude::*;

    const SECRET: &str = "north-north-north-north-north-north";
    const BODY: &[u8] =
        br#"{"event":"participant_joined","room":{"name":"ten_1.mtg_1"},"participant":{"identity":"att_1.7"}}"#;
    /// Of this body, good from 1000 to 1300; made by Python's hmac, hashlib and base64.
    const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJkZXZrZXkiLCJuYmYiOjEwMDAsImV4cCI6MTMwMCwic2hhMjU2IjoiUWdMZU9DUmk0b1VUbFBIK3lzWVRDK05zaFNmV2tGOTBZWjFXdTRWWGliVT0ifQ.vxWX2vh_eecY-bVtSbtxx11koLs4y9xo3YOWG3payww";
    /// The same, whose header says that nothing signs it, and signed all the same.
    const NONE: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJpc3MiOiJkZXZrZXkiLCJuYmYiOjEwMDAsImV4cCI6MTMwMCwic2hhMjU2IjoiUWdMZU9DUmk0b1VUbFBIK3lzWVRDK05zaFNmV2tGOTBZWjFXdTRWWGliVT0ifQ.uvd_ly14p2l5wyoTj58SIzdCSCBUzvqmop9lkX1zvD0";

    #[test]
    fn a_message_of_livekit_s_is_read_within_its_time() {
        let kit = nowhere(SECRET);
        let event = kit.event(TOKEN, BODY, 1_100).unwrap();
        assert_eq!((event.event.as_str(), event.room.name.as_str()), ("participant_joined", "ten_1.mtg_1"));
        assert_eq!(kit.event(&format!("Bearer {TOKEN}"), BODY, 1_100), Some(event));
        for (now, read) in
            [(939, false), (940, true), (1_359, true), (1_360, false), (i64::MIN, false), (i64::MAX, false)]
        {
            assert_eq!(kit.event(TOKEN, BODY, now).is_some(), read, "{now}");
        }
    }

    #[test]
    fn whatever_is_not_of_livekit_says_nothing() {
        let kit = nowhere(SECRET);
        assert_eq!(nowhere("another").event(TOKEN, BODY, 1_100), None, "another secret");
        assert_eq!(kit.event(TOKEN, &BODY[1..], 1_100), None, "another body");
        assert_eq!(kit.event(TOKEN, b"{}", 1_100), None, "another body");
        assert_eq!(kit.event(NONE, BODY, 1_100), None, "nothing signs it");
        // A token for a room is signed with the same secret, and is about no body.
        assert_eq!(kit.event(&kit.token("r", "i", &[], 1_100), BODY, 1_100), None);
        for text in ["", ".", "..", "Bearer ", "a.b.c", &TOKEN[..TOKEN.len() - 1], &format!("{TOKEN}.")] {
            assert_eq!(kit.event(text, BODY, 1_100), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_changed_of_a_token_it_is_none(place in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.-]") {
            let kit = nowhere(SECRET);
            let place = place.index(TOKEN.len());
            let changed = format!("{}{to}{}", &TOKEN[..place], &TOKEN[place + 1..]);
            prop_assert_eq!(kit.event(&changed, BODY, 1_100).is_some(), changed == TOKEN);
        }

        #[test]
        fn nothing_else_is_one(text in "\\PC{0,200}", body in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(nowhere(SECRET).event(&text, &body, 1_100), None);
        }
    }
}
