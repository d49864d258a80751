//! Meetings: what they are, who comes to them, and what goes over their sockets, in JSON (`docs/meetings.md`).

use crate::names::names;
use crate::{AttendeeId, ContactId, ConversationId, ErrorCode, MeetingId, MemberId, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use words::Text;

names!(
    /// How far a meeting is.
    MeetingState {
        /// Nobody has come yet.
        Scheduled = "scheduled",
        /// Somebody has.
        Live = "live",
        /// It is over.
        Ended = "ended",
    }
);
names!(
    /// Who somebody in a meeting is to the company.
    AttendeeKind {
        /// One of its members.
        Member = "member",
        /// Somebody who talks to it.
        Contact = "contact",
        /// Anybody else who has the link.
        Guest = "guest",
    }
);
names!(
    /// What somebody may do in a meeting.
    AttendeeRole {
        /// Leads it: admits, mutes, removes, locks, ends.
        Host = "host",
        /// Is seen and heard.
        Speaker = "speaker",
        /// Sees and hears, and writes.
        Viewer = "viewer",
    }
);
names!(
    /// Where somebody is.
    AttendeeState {
        /// Before the door.
        Waiting = "waiting",
        /// In the meeting.
        In = "in",
        /// Gone, and may come back.
        Left = "left",
        /// Taken out, and may not.
        Removed = "removed",
        /// Not let in.
        Refused = "refused",
    }
);
names!(
    /// What somebody sends.
    MediaSource {
        /// A microphone.
        Microphone = "microphone",
        /// A camera.
        Camera = "camera",
        /// A screen, or a window of it.
        Screen = "screen",
        /// What a shared screen sounds like.
        ScreenSound = "screen_sound",
    }
);

/// Letters of a code: none that is taken for another.
const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// How many it has, and how many stand together.
const LENGTH: usize = 20;
const GROUP: usize = 5;

/// What stands in the link of a meeting: 20 letters, 99 bits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MeetingCode(String);

impl MeetingCode {
    /// Makes one of bytes that nobody can guess, if these are enough: each gives a letter, but for one in 32, which would make some letters
    /// likelier than others.
    pub fn of(random: &[u8]) -> Option<Self> {
        let fair = random.iter().filter(|byte| usize::from(**byte) < LETTERS.len() * 8);
        let letters = fair.filter_map(|byte| LETTERS.get(usize::from(*byte) % LETTERS.len()));
        let code: String = letters.take(LENGTH).map(|letter| char::from(*letter)).collect();
        (code.len() == LENGTH).then_some(Self(code))
    }

    /// Reads one as people write it: with hyphens or without, in small letters or capitals. `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 2 * LENGTH {
            return None;
        }
        let code: String = text.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
        (code.len() == LENGTH && code.bytes().all(|b| LETTERS.contains(&b))).then_some(Self(code))
    }

    /// As it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As people see it: `abcde-fghjk-mnpqr-stuvw`.
    pub fn shown(&self) -> String {
        let letters: Vec<char> = self.0.chars().collect();
        letters.chunks(GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
    }
}

/// A meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Meeting {
    /// Its id.
    pub id: MeetingId,
    /// What it is called.
    pub title: String,
    /// What is sent to those who are to come. Whoever has it may knock.
    pub link: String,
    /// How far it is.
    pub state: MeetingState,
    /// When it is to begin; null for at once.
    pub starts_at: Option<Timestamp>,
    /// How long it is to take.
    pub minutes: u32,
    /// Where its time was said, by the name of the time zone (IANA).
    pub time_zone: Option<String>,
    /// Whether it takes more than the link to come in.
    pub passcode: bool,
    /// Whether guests wait until a host lets them in.
    pub waiting_room: bool,
    /// Whether nobody new comes in.
    pub locked: bool,
    /// The conversation from which it was made.
    pub conversation_id: Option<ConversationId>,
    /// The member who made it; null for a program, or one who has left.
    pub created_by: Option<MemberId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When somebody first came.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Somebody who came to a meeting, or wanted to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Attendee {
    /// Their id, in this meeting alone.
    pub id: AttendeeId,
    /// Who they are to the company.
    pub kind: AttendeeKind,
    /// The member, where it is one.
    pub member_id: Option<MemberId>,
    /// The contact, where it is one.
    pub contact_id: Option<ContactId>,
    /// What they are called there. A guest's is what they say.
    pub name: String,
    /// What they may do.
    pub role: AttendeeRole,
    /// Where they are.
    pub state: AttendeeState,
    /// When they first came in.
    pub joined_at: Option<Timestamp>,
    /// When they left last.
    pub left_at: Option<Timestamp>,
    /// For how many seconds they were in it, all times together; of who is in it, until now.
    pub present_s: u64,
}

/// Who comes in, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Joined {
    /// Who they are there.
    pub person: AttendeeId,
    /// By which they come back as the same. It is not shown again.
    pub secret: String,
    /// What opens the socket, for ten minutes.
    pub token: String,
    /// Whether they wait before the door (`waiting`) or may come in (`in`).
    pub state: AttendeeState,
    /// What they may do.
    pub role: AttendeeRole,
    /// What they are called.
    pub name: String,
}

/// Somebody as the others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Who.
    pub person: AttendeeId,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: AttendeeRole,
    /// Who they are to the company.
    pub kind: AttendeeKind,
    /// `waiting` or `in`.
    pub state: AttendeeState,
    /// By which media names them; none before they have offered.
    pub peer: Option<u64>,
    /// Whether their hand is up.
    pub hand: bool,
    /// Whether their microphone is on.
    pub microphone: bool,
    /// Whether their camera is.
    pub camera: bool,
    /// Whether they share a screen.
    pub screen: bool,
    /// Whether their socket is open; if not, they have a moment to come back.
    pub here: bool,
}

/// What was written in a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Written {
    /// Its number: 1, 2, 3, … without a gap.
    pub seq: u64,
    /// By whom.
    pub person: AttendeeId,
    /// What they are called.
    pub name: String,
    /// The words.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// What somebody wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedSource {
    /// Whose, as media names them.
    pub peer: u64,
    /// Camera or screen.
    pub source: MediaSource,
    /// How high it is on their screen, in pixels of the device.
    pub height: u16,
}

/// What may be shown for a moment.
pub const REACTIONS: [&str; 6] = ["👍", "❤️", "😂", "👏", "🎉", "🤔"];

/// A frame of somebody's in a meeting.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum MeetingFrame {
    /// Who is there.
    Hello {
        /// What joining gave, or a frame `token` since.
        token: String,
        /// Whether they agree that the others see, hear and read them, where they have not said so before.
        #[serde(default)]
        consent: bool,
        /// Whether the way of their media is open still: then it goes on as it was.
        #[serde(default)]
        media: bool,
        /// What `welcome` said of their last socket, for a page that comes back by itself: it takes no place that a later one has.
        #[serde(default)]
        was: Option<u64>,
    },
    /// What their browser sends, and the places that it has.
    Offer {
        /// The description (SDP).
        sdp: String,
        /// What each line is that it sends, by its `mid`.
        #[serde(default)]
        sources: BTreeMap<String, MediaSource>,
    },
    /// Asks for a way to the LiveKit server, where that carries media.
    Connect {},
    /// What they want to see.
    Want {
        /// The most wanted first.
        wanted: Vec<WantedSource>,
    },
    /// Writes something.
    Say {
        /// What the sender knows it by.
        client_id: String,
        /// The words.
        text: String,
    },
    /// Raises a hand, or lowers it.
    Hand {
        /// Whether it is up.
        up: bool,
    },
    /// What is on.
    State {
        /// The microphone.
        microphone: bool,
        /// The camera.
        camera: bool,
        /// A screen.
        screen: bool,
    },
    /// Shows something for a moment.
    React {
        /// One of [`REACTIONS`].
        emoji: String,
    },
    /// Lets somebody in who waits.
    Admit {
        /// Whom.
        person: String,
    },
    /// Does not let them in.
    Refuse {
        /// Whom.
        person: String,
    },
    /// Turns somebody's microphone off.
    Mute {
        /// Whose.
        person: String,
    },
    /// Turns somebody's camera off.
    StopVideo {
        /// Whose.
        person: String,
    },
    /// Has somebody show their screen no more, nor be heard what it sounds like.
    StopScreen {
        /// Whose.
        person: String,
    },
    /// Takes somebody out.
    Remove {
        /// Whom.
        person: String,
    },
    /// Says what somebody may do.
    Role {
        /// Who.
        person: String,
        /// What.
        role: AttendeeRole,
    },
    /// Lets nobody new in, or does again.
    Lock {
        /// Whether nobody.
        locked: bool,
    },
    /// Ends the meeting for all.
    End {},
    /// Leaves.
    Leave {},
    /// Are you there?
    Ping {},
}

impl MeetingFrame {
    /// The types of all frames; the tests of isolation go through them.
    pub const TYPES: [&'static str; 19] = [
        "hello",
        "offer",
        "connect",
        "want",
        "say",
        "hand",
        "state",
        "react",
        "admit",
        "refuse",
        "mute",
        "stop_video",
        "stop_screen",
        "remove",
        "role",
        "lock",
        "end",
        "leave",
        "ping",
    ];
}

/// A meeting, to those who are in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Around {
    /// As it stands in the link.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// Whether nobody new comes in.
    pub locked: bool,
    /// Whether guests wait.
    pub waiting_room: bool,
    /// Since when it goes on.
    pub started_at: Option<Timestamp>,
}

/// A server by which browsers find a way to each other's networks, as they take it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IceServer {
    /// Its addresses.
    pub urls: Vec<String>,
    /// Of one that takes them: a name that is good for some hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// And what proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// A frame of the server's in a meeting, as it is written. (What media tells goes as `media`, and is written where that is known.)
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum MeetingTold<'a> {
    /// They are in.
    Welcome {
        /// As whom.
        person: AttendeeId,
        /// The number of the socket: later ones have higher ones.
        socket: u64,
        /// What they may do.
        role: AttendeeRole,
        /// Where.
        meeting: &'a Around,
        /// Who is there, themselves among them; those who wait for hosts alone.
        people: &'a [Person],
        /// What was written last.
        messages: &'a [Written],
        /// What opens the socket next time.
        token: &'a str,
        /// Seconds between two signs of life.
        heartbeat_s: u64,
        /// Ways through networks.
        ice_servers: &'a [IceServer],
    },
    /// They wait before the door.
    Waiting,
    /// Somebody came, or something about them is another now.
    Person {
        /// As they are now.
        person: &'a Person,
    },
    /// Somebody is gone.
    Gone {
        /// Who.
        person: AttendeeId,
    },
    /// Something was written.
    Message {
        /// What.
        #[serde(flatten)]
        message: &'a Written,
        /// What its sender knows it by, to the sender.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<&'a str>,
    },
    /// Somebody shows something for a moment.
    Reaction {
        /// Who.
        person: AttendeeId,
        /// What.
        emoji: &'a str,
    },
    /// The answer to an offer.
    Answer {
        /// The description (SDP).
        sdp: &'a str,
    },
    /// The way to the LiveKit server.
    Way {
        /// Where it is.
        url: &'a str,
        /// What opens it, for a minute.
        token: &'a str,
    },
    /// Their microphone was turned off.
    Muted {
        /// By whom.
        by: &'a str,
    },
    /// Their camera was.
    VideoStopped {
        /// By whom.
        by: &'a str,
    },
    /// Their screen is shown no more.
    ScreenStopped {
        /// By whom.
        by: &'a str,
    },
    /// They were taken out.
    Removed,
    /// They are not let in.
    Refused,
    /// The meeting is over.
    Ended,
    /// Nobody new comes in, or they do again.
    Locked {
        /// Whether nobody.
        locked: bool,
    },
    /// What opens the socket from now on.
    Token {
        /// For ten minutes.
        token: &'a str,
    },
    /// Yes.
    Pong,
    /// That did not work.
    Error {
        /// Why, for programs.
        code: ErrorCode,
        /// Why, for people.
        detail: &'a Text,
        /// The message that it is about.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<&'a str>,
        /// `offer`, where it is about one.
        #[serde(skip_serializing_if = "Option::is_none")]
        about: Option<&'static str>,
        /// Seconds after which it may work.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
}

impl<'a> MeetingTold<'a> {
    /// A problem as a frame: what is wrong with a field says more than that something is.
    pub fn problem(problem: &'a Problem, client_id: Option<&'a str>, about: Option<&'static str>) -> Self {
        let detail = problem.errors.first().map_or(&problem.detail, |error| &error.message);
        Self::Error { code: problem.code, detail, client_id, about, retry_after: problem.retry_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    proptest! {
        #[test]
        fn a_code_is_read_as_it_is_shown(random in proptest::collection::vec(any::<u8>(), 64)) {
            if let Some(code) = MeetingCode::of(&random) {
                let shown = code.shown();
                prop_assert_eq!(shown.len(), 23);
                for written in [shown.clone(), shown.to_uppercase(), shown.replace('-', "")] {
                    prop_assert_eq!(MeetingCode::parse(&written), Some(code.clone()));
                }
            }
        }

        #[test]
        fn nothing_else_is_a_code(text in "\\PC{0,60}") {
            if let Some(code) = MeetingCode::parse(&text) {
                prop_assert_eq!(MeetingCode::parse(&code.shown()), Some(code));
            }
        }
    }

    #[test]
    fn each_letter_of_a_code_is_as_likely_as_any() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let mut counts = BTreeMap::new();
        // Of every byte, in pieces that are long enough.
        for byte in all {
            if let Some(code) = MeetingCode::of(&[byte; LENGTH]) {
                *counts.entry(code.as_str().to_owned()).or_insert(0) += 1;
            }
        }
        assert_eq!(counts.len(), LETTERS.len());
        assert!(counts.values().all(|count| *count == 8), "{counts:?}");
        assert_eq!(MeetingCode::of(&[0; LENGTH - 1]), None, "too few");
        assert_eq!(MeetingCode::of(&[255; 200]), None, "none of which gives a letter");
    }

    #[test]
    fn every_type_is_read_and_nothing_else() {
        for name in MeetingFrame::TYPES {
            let all = json!({
                "type": name, "token": "t", "sdp": "s", "sources": {}, "wanted": [], "client_id": "c", "text": "t", "up": true,
                "microphone": true, "camera": true, "screen": true, "emoji": "e", "person": "p", "role": "host", "locked": true,
            });
            let error = serde_json::from_str::<MeetingFrame>(&all.to_string()).map(|_| ()).unwrap_err().to_string();
            assert!(error.starts_with("unknown field"), "{name}: {error}");
        }
        for (text, fits) in [
            (r#"{"type":"hello","token":"x"}"#, true),
            (r#"{"type":"hello","token":"x","consent":true,"media":true}"#, true),
            (r#"{"type":"hello","token":"x","consent":"yes"}"#, false),
            (r#"{"type":"hello"}"#, false),
            (r#"{"type":"offer","sdp":"v=0","sources":{"0":"microphone"}}"#, true),
            (r#"{"type":"offer","sdp":"v=0","sources":{"0":"kitchen"}}"#, false),
            (r#"{"type":"want","wanted":[{"peer":1,"source":"camera","height":360}]}"#, true),
            (r#"{"type":"want","wanted":[{"peer":1,"source":"camera","height":-1}]}"#, false),
            (r#"{"type":"want","wanted":[{"peer":1,"source":"camera","height":1,"x":1}]}"#, false),
            (r#"{"type":"end"}"#, true),
            (r#"{"type":"other"}"#, false),
            ("[]", false),
        ] {
            assert_eq!(serde_json::from_str::<MeetingFrame>(text).is_ok(), fits, "{text}");
        }
    }
}
