//! Tokens, as LiveKit takes them (RFC 7519, HS256; the claims are those of `ClaimGrants` in its `protocol/auth/grants.go`).

use crate::LiveKit;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::{Deserialize, Serialize};

/// How many seconds one is good: it is used at once, and opens what was open before to nobody.
pub(crate) const GOOD: i64 = 60;
/// How many seconds clocks of two machines may differ.
pub(crate) const CLOCKS: i64 = 60;

/// Where sound and pictures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all(serialize = "snake_case", deserialize = "SCREAMING_SNAKE_CASE"))]
pub enum Source {
    /// A microphone.
    Microphone,
    /// A camera.
    Camera,
    /// A screen that is shared.
    ScreenShare,
    /// What is heard of it.
    ScreenShareAudio,
    /// Something that we have no name for.
    #[serde(other)]
    Unknown,
}

impl Source {
    /// All that somebody may send.
    pub const ALL: [Self; 4] = [Self::Microphone, Self::Camera, Self::ScreenShare, Self::ScreenShareAudio];
}

/// What a token lets its holder do. What is left out is not allowed, or (where LiveKit would allow it) is said.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Grant<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    room_create: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    room_admin: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    room_join: bool,
    can_publish: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    can_publish_sources: &'a [Source],
    can_subscribe: bool,
    can_publish_data: bool,
    can_update_own_metadata: bool,
}

impl<'a> Grant<'a> {
    /// For ourselves: what is asked about one room.
    pub fn admin(room: &'a str) -> Self {
        Self { room: Some(room), room_admin: true, ..Self::default() }
    }

    /// For ourselves: ending rooms.
    pub fn create() -> Self {
        Self { room_create: true, ..Self::default() }
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    sub: &'a str,
    nbf: i64,
    exp: i64,
    video: Grant<'a>,
}

impl LiveKit {
    /// A token by which somebody comes into a room under a name (which is an id: LiveKit learns nobody's), sees and hears all that is there, and
    /// sends what these are. Good for a minute from `now`, in seconds since 1970.
    pub fn token(&self, room: &str, identity: &str, sends: &[Source], now: i64) -> String {
        let video = Grant {
            room: Some(room),
            room_join: true,
            can_publish: !sends.is_empty(),
            can_publish_sources: sends,
            can_subscribe: true,
            ..Grant::default()
        };
        self.signed(identity, video, now)
    }

    pub(crate) fn signed(&self, sub: &str, video: Grant<'_>, now: i64) -> String {
        let claims = Claims { iss: &self.settings.key, sub, nbf: now - CLOCKS, exp: now + GOOD, video };
        // Texts, numbers and flags always have a form in JSON.
        let claims = serde_json::to_vec(&claims).unwrap_or_default();
        let said = format!("{}.{}", encode(br#"{"alg":"HS256","typ":"JWT"}"#), encode(&claims));
        let proof = hmac::sign(&self.signs, said.as_bytes());
        format!("{said}.{}", encode(proof.as_ref()))
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::nowhere;

    const SECRET: &str = "north-north-north-north-north-north";

    fn claims(token: &str) -> serde_json::Value {
        let said = token.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(said).unwrap()).unwrap()
    }

    #[test]
    fn a_token_is_what_others_make_of_the_same_claims() {
        // Made by Python's hmac, hashlib and base64.
        let expected = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJkZXZrZXkiLCJzdWIiOiJhdHRfMS43IiwibmJmIjotNjAsImV4cCI6NjAsInZpZGVvIjp7InJvb20iOiJ0ZW5fMS5tdGdfMSIsInJvb21Kb2luIjp0cnVlLCJjYW5QdWJsaXNoIjp0cnVlLCJjYW5QdWJsaXNoU291cmNlcyI6WyJtaWNyb3Bob25lIiwiY2FtZXJhIiwic2NyZWVuX3NoYXJlIiwic2NyZWVuX3NoYXJlX2F1ZGlvIl0sImNhblN1YnNjcmliZSI6dHJ1ZSwiY2FuUHVibGlzaERhdGEiOmZhbHNlLCJjYW5VcGRhdGVPd25NZXRhZGF0YSI6ZmFsc2V9fQ.ewKgcJqzyK5R5jd1wftX9GgihUyGDO3_vzWONB8vpEM";
        assert_eq!(nowhere(SECRET).token("ten_1.mtg_1", "att_1.7", &Source::ALL, 0), expected);
        assert_ne!(nowhere("south").token("ten_1.mtg_1", "att_1.7", &Source::ALL, 0), expected);
    }

    #[test]
    fn who_may_send_nothing_has_a_token_that_says_so() {
        let token = nowhere(SECRET).token("ten_1.mtg_1", "att_1.7", &[], 1_000);
        let claims = claims(&token);
        assert_eq!((&claims["nbf"], &claims["exp"]), (&940.into(), &1_060.into()));
        let video = serde_json::json!({
            "room": "ten_1.mtg_1", "roomJoin": true, "canPublish": false, "canSubscribe": true, "canPublishData": false,
            "canUpdateOwnMetadata": false,
        });
        assert_eq!(claims["video"], video);
    }

    #[test]
    fn our_own_tokens_let_nobody_in() {
        let kit = nowhere(SECRET);
        for (grant, may) in [(Grant::admin("r"), "roomAdmin"), (Grant::create(), "roomCreate")] {
            let video = claims(&kit.signed("", grant, 0))["video"].clone();
            assert_eq!(video[may], true);
            assert!(video["roomJoin"].is_null() && video["canSubscribe"] == false, "{video}");
        }
    }
}
