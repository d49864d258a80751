//! What is asked of rooms: LiveKit's `RoomService` (`livekit_room.proto`), in JSON by Twirp.

use crate::token::{Grant, Source};
use crate::{LiveKit, LiveKitError};
use http::{Request, StatusCode, header};
use outbound::{OutboundError, Whose};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Most bytes of an answer: a full room, each with all that can be sent.
const MOST: usize = 1024 * 1024;

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Participant {
    /// By which name their token lets them in.
    #[serde(default)]
    pub identity: String,
    /// What they send.
    #[serde(default)]
    pub tracks: Vec<Track>,
}

/// Something that is sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Track {
    /// By which name LiveKit knows it.
    #[serde(default)]
    pub sid: String,
    /// What it is.
    #[serde(default = "unknown")]
    pub source: Source,
    /// Whether it is not passed on just now.
    #[serde(default)]
    pub muted: bool,
}

const fn unknown() -> Source {
    Source::Unknown
}

#[derive(Deserialize)]
struct Participants {
    #[serde(default)]
    participants: Vec<Participant>,
}

impl LiveKit {
    /// Who is in a room, and with what; nobody where there is no such room.
    ///
    /// # Errors
    /// See [`LiveKitError`]; as for all that follow.
    pub async fn participants(&self, room: &str, now: i64) -> Result<Vec<Participant>, LiveKitError> {
        let body = json!({"room": room});
        let found: Option<Participants> = self.ask("ListParticipants", Grant::admin(room), &body, now).await?;
        Ok(found.map(|found| found.participants).unwrap_or_default())
    }

    /// Has nothing more of a track passed on, until who sends it turns it on again. Says whether it was there.
    ///
    /// # Errors
    /// See [`LiveKitError`].
    pub async fn mute(&self, room: &str, identity: &str, sid: &str, now: i64) -> Result<bool, LiveKitError> {
        let body = json!({"room": room, "identity": identity, "track_sid": sid, "muted": true});
        let muted = self.ask::<Value>("MutePublishedTrack", Grant::admin(room), &body, now).await?;
        Ok(muted.is_some_and(|answer| !answer["track"].is_null()))
    }

    /// Takes somebody out. Says whether they were there.
    ///
    /// # Errors
    /// See [`LiveKitError`].
    pub async fn remove(&self, room: &str, identity: &str, now: i64) -> Result<bool, LiveKitError> {
        let body = json!({"room": room, "identity": identity});
        Ok(self.ask::<Value>("RemoveParticipant", Grant::admin(room), &body, now).await?.is_some())
    }

    /// Ends a room, and takes out who is there. Says whether there was one.
    ///
    /// # Errors
    /// See [`LiveKitError`].
    pub async fn end(&self, room: &str, now: i64) -> Result<bool, LiveKitError> {
        Ok(self.ask::<Value>("DeleteRoom", Grant::create(), &json!({"room": room}), now).await?.is_some())
    }

    /// Asks; `None` for what is not there.
    async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        grant: Grant<'_>,
        body: &Value,
        now: i64,
    ) -> Result<Option<T>, LiveKitError> {
        let request = Request::post(format!("{}/twirp/livekit.RoomService/{method}", self.settings.api))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.signed("", grant, now)))
            .body(body.to_string().into_bytes())
            .map_err(|_| LiveKitError::Outbound(OutboundError::Address))?;
        let answer = self.outbound.ask(Whose::Operator, request, MOST).await?;
        match answer.status() {
            StatusCode::OK => serde_json::from_slice(answer.body()).map(Some).map_err(|_| LiveKitError::Form),
            // Nothing else at that address answers it so.
            StatusCode::NOT_FOUND if says(answer.body(), "not_found") => Ok(None),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(LiveKitError::Key),
            other => Err(LiveKitError::Answer(other.as_u16())),
        }
    }
}

/// Whether an answer is Twirp's, with this code.
fn says(body: &[u8], code: &str) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|answer| answer["code"] == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_livekit_writes_them() {
        let answer = r#"{"participants":[{"sid":"PA_x","identity":"att_1.7","state":"ACTIVE","tracks":[
            {"sid":"TR_a","type":"AUDIO","name":"","muted":false,"source":"MICROPHONE","mime_type":"audio/red"},
            {"sid":"TR_b","type":"VIDEO","muted":true,"source":"SCREEN_SHARE"},{"sid":"TR_c","source":"HOLOGRAM"}],
            "joined_at":"1","permission":{"can_subscribe":true}},{"identity":"att_2.8"}]}"#;
        let found: Participants = serde_json::from_str(answer).unwrap();
        let track = |sid: &str, source, muted| Track { sid: sid.to_owned(), source, muted };
        let tracks = vec![
            track("TR_a", Source::Microphone, false),
            track("TR_b", Source::ScreenShare, true),
            track("TR_c", Source::Unknown, false),
        ];
        assert_eq!(found.participants[0].tracks, tracks);
        assert_eq!(found.participants[1], Participant { identity: "att_2.8".to_owned(), tracks: Vec::new() });
        assert!(serde_json::from_str::<Participants>("{}").unwrap().participants.is_empty());
        assert!(says(br#"{"code":"not_found","msg":"participant does not exist"}"#, "not_found"));
        assert!(!says(b"404 page not found", "not_found"));
    }
}
