//! What somebody sends and sees: from frames to the media server, and back.

use crate::backend::{Backend, Way};
use crate::live::frame;
use crate::{Attending, Entered, MeetingError};
use bytes::Bytes;
use media::{MediaError, Offer, Owner, PeerId, Publishes, RoomId, Source, Told, Wanted};
use model::meeting::{AttendeeRole, MediaSource, MeetingTold, Person, WantedSource};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lines of media that an offer may name.
const LINES: usize = 64;

impl From<MediaError> for MeetingError {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::RoomFull => Self::Full,
            MediaError::ShareTaken => Self::MediaShareTaken,
            MediaError::AllTaken => Self::MediaTaken,
            MediaError::Offer(why) => Self::Offer(why),
            MediaError::TooManyRooms | MediaError::Nobody | MediaError::Unavailable => Self::NoMedia,
        }
    }
}

const fn source(source: MediaSource) -> Source {
    match source {
        MediaSource::Microphone => Source::Microphone,
        MediaSource::Camera => Source::Camera,
        MediaSource::Screen => Source::Screen,
        MediaSource::ScreenSound => Source::ScreenSound,
    }
}

/// Whether somebody in this role may send anything.
pub(crate) const fn speaks(role: AttendeeRole) -> bool {
    match role {
        AttendeeRole::Host | AttendeeRole::Speaker => true,
        AttendeeRole::Viewer => false,
    }
}

/// What somebody in this role may send.
pub(crate) const fn may(role: AttendeeRole) -> Publishes {
    match speaks(role) {
        true => Publishes::ALL,
        false => Publishes { sound: false, picture: false, screen: false },
    }
}

/// The frame of what media tells.
pub fn told(told: &Told) -> Bytes {
    #[derive(Serialize)]
    struct Media<'a> {
        r#type: &'static str,
        #[serde(flatten)]
        told: &'a Told,
    }
    serde_json::to_vec(&Media { r#type: "media", told }).map(Bytes::from).unwrap_or_default()
}

/// By what a browser calls its session, which stays the same in all of its offers (RFC 8866, section 5.2).
fn session(sdp: &str) -> String {
    let origin = sdp.lines().find_map(|line| line.strip_prefix("o="));
    let words: Vec<&str> = origin.unwrap_or_default().split_ascii_whitespace().take(2).collect();
    words.join(" ").chars().take(200).collect()
}

impl Attending {
    /// Their browser offers: goes on with what was agreed, or comes anew, since no other session's offer fits into one that is there.
    pub(crate) async fn offer(
        &self,
        me: &Person,
        sdp: String,
        sources: BTreeMap<String, MediaSource>,
    ) -> Result<Entered, MeetingError> {
        if sources.len() > LINES {
            return Err(MeetingError::Offer("it names too many lines"));
        }
        let meetings = &self.meetings;
        let media = meetings.media()?;
        let session = session(&sdp);
        let sources = sources.into_iter().map(|(mid, what)| (mid, source(what))).collect();
        let offer = Offer { sdp, sources };
        if let Some(way) = meetings.live.way(&self.place) {
            if let Way::Own { session: before, membership } = &way
                && *before == session
            {
                match membership.offer(offer.clone()).await {
                    Ok(answer) => return Ok(Entered::Answer(frame(&MeetingTold::Answer { sdp: &answer }))),
                    // It is out: they come anew.
                    Err(MediaError::Nobody) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            // First, so that they take one place in the room.
            meetings.live.set_way(&self.place, None);
        }
        let room = RoomId(self.place.meeting.uuid());
        let owner = Owner(self.tenant().uuid());
        let (membership, answer, tells) = media.join(owner, room, media.new_peer(), may(me.role), offer).await?;
        let way = Way::Own { session, membership: Arc::new(membership) };
        meetings.live.set_way(&self.place, Some(way));
        Ok(Entered::Media(frame(&MeetingTold::Answer { sdp: &answer }), tells))
    }

    /// They ask for a way to the LiveKit server: a seat, and what opens it. The seat before is nobody's then.
    pub(crate) fn connect(&self, me: &Person) -> Result<Entered, MeetingError> {
        let meetings = &self.meetings;
        let Some(Backend::LiveKit(elsewhere)) = meetings.media.get() else { return Err(MeetingError::NoMedia) };
        let (meeting, person) = self.ids();
        if meetings.live.way(&self.place).is_some() {
            // First, so that they take one of the company's places.
            meetings.live.set_way(&self.place, None);
        }
        let seat = Arc::new(elsewhere.seat(self.tenant(), meeting, person, me.role)?);
        meetings.live.set_way(&self.place, Some(Way::LiveKit(Arc::clone(&seat))));
        // First the seat, then its token. It is none where their role has become another meanwhile, or their place another socket's: they ask again.
        if meetings.live.way(&self.place).is_none_or(|way| way.peer() != seat.peer) {
            return Err(MeetingError::NoMedia);
        }
        let token = elsewhere.token(&seat, meetings.services.now());
        Ok(Entered::Answer(frame(&MeetingTold::Way { url: elsewhere.url(), token: &token })))
    }

    /// What they want to see.
    pub(crate) fn want(&self, wanted: &[WantedSource]) -> Result<(), MeetingError> {
        // LiveKit is told by the page itself.
        let Some(Way::Own { membership, .. }) = self.meetings.live.way(&self.place) else { return Ok(()) };
        let wanted = wanted.iter().take(LINES).map(|one| Wanted {
            peer: PeerId(one.peer),
            source: source(one.source),
            height: one.height,
        });
        Ok(membership.want(wanted.collect())?)
    }

    /// What is on. What is not is not passed on, whatever is sent.
    pub(crate) fn state(&self, me: &Person, microphone: bool, camera: bool, screen: bool) {
        let (meeting, person) = self.ids();
        let speaks = speaks(me.role);
        let (microphone, camera, screen) = (microphone && speaks, camera && speaks, screen && speaks);
        self.meetings.live.change(meeting, person, |one| {
            (one.microphone, one.camera, one.screen) = (microphone, camera, screen);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::Gone;

    #[test]
    fn a_session_is_known_by_its_origin() {
        let sdp = |id: &str, version: u32| format!("v=0\r\no=- {id} {version} IN IP4 127.0.0.1\r\ns=-\r\n");
        assert_eq!(session(&sdp("123", 1)), session(&sdp("123", 2)));
        assert_ne!(session(&sdp("123", 1)), session(&sdp("124", 1)));
        assert_eq!(session("nothing"), "");
        assert!(session(&format!("o={}", "x".repeat(10_000))).len() <= 200);
    }

    #[test]
    fn what_media_tells_is_a_frame_of_its_own() {
        let frame = told(&Told::Gone { why: Gone::Silent });
        let frame: serde_json::Value = serde_json::from_slice(&frame).unwrap();
        assert_eq!(frame, serde_json::json!({"type": "media", "media": "gone", "why": "silent"}));
    }
}
