//! What goes over a socket, in JSON (`docs/protocol.md`). Examples of every frame stand in `frames.json`, which the tests
//! here and those of the widget read.

use crate::conversation::{Author, Conversation, Message};
use crate::{ConversationId, ErrorCode, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use words::Text;

/// A frame of the client's.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// Who is there.
    Hello {
        /// The widget's key, of a contact.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        widget: Option<String>,
        /// What an earlier welcome gave, of a contact who comes back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// Send what came after `after`, then what comes.
    Subscribe {
        /// Where.
        conversation: String,
        /// The number that the client has.
        #[serde(default)]
        after: u64,
    },
    /// Stop.
    Unsubscribe {
        /// Where.
        conversation: String,
    },
    /// Say something.
    Send {
        /// Where; a contact's first message has no place yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<String>,
        /// What the sender knows it by.
        client_id: String,
        /// The words.
        text: String,
    },
    /// A person, please.
    Handoff {
        /// Where.
        conversation: String,
    },
    /// Talking face to face, please.
    Call {
        /// Where.
        conversation: String,
    },
    /// Whether an answer answers, in the eyes of who asked.
    Judge {
        /// Where.
        conversation: String,
        /// The number of the message that answers.
        seq: u64,
        /// Whether it does.
        answers: bool,
    },
    /// Somebody writes.
    Typing {
        /// Where.
        conversation: String,
    },
    /// Are you there?
    Ping {},
}

impl ClientFrame {
    /// The types of all frames; the isolation probes go through them.
    pub const TYPES: [&'static str; 9] =
        ["hello", "subscribe", "unsubscribe", "send", "handoff", "call", "judge", "typing", "ping"];
}

/// What the opener of a socket is.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Somebody who talks to the company.
    Contact,
    /// Somebody of the company's, or a program on its behalf.
    Agent,
}

/// A frame of the server's, as it is written.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame<'a> {
    /// The answer to `hello`.
    Welcome {
        /// As whom.
        r#as: Side,
        /// What to open with next time.
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<&'a str>,
        /// The conversation that is there to go on with.
        conversation: Option<ConversationId>,
        /// Its last number.
        last_seq: u64,
        /// Seconds between two signs of life.
        heartbeat_s: u64,
        /// How many wait for a person, up to 100: for who may see that.
        #[serde(skip_serializing_if = "Option::is_none")]
        waiting: Option<u32>,
        /// Whether a contact may ask for a call.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        calls: bool,
    },
    /// Something was said.
    Message {
        /// What.
        message: &'a Message,
    },
    /// Everything up to here has been sent.
    CaughtUp {
        /// Where.
        conversation: ConversationId,
        /// How far.
        seq: u64,
    },
    /// The client's message is kept.
    Sent {
        /// Which.
        client_id: &'a str,
        /// As it was kept.
        message: &'a Message,
    },
    /// Somebody writes.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Who.
        from: Author,
        /// The member's name.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
        /// What of it may be seen already: the beginning of an answer. Empty where it does not count any more.
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'a str>,
        /// What was seen does not count any more.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        withdrawn: bool,
    },
    /// Something changed in a conversation of the workspace.
    Changed {
        /// Where; without it, in several, or out of the reach of who is told.
        #[serde(skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
        /// How it is now; without it, the list has to be asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<&'a Line>,
        /// Without a line: how many of those within reach wait for a person now, where that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        waiting: Option<u32>,
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
        /// Seconds after which it may work.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
}

impl<'a> ServerFrame<'a> {
    /// A problem as a frame: what is wrong with a field says more than that something is.
    pub fn problem(problem: &'a Problem, client_id: Option<&'a str>) -> Self {
        let detail = problem.errors.first().map_or(&problem.detail, |error| &error.message);
        Self::Error { code: problem.code, detail, client_id, retry_after: problem.retry_after }
    }
}

/// What a line of the inbox shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The conversation.
    pub conversation: Conversation,
    /// How many of those within reach wait for a person; 100 stands for more.
    pub waiting: u32,
    /// When it was read: what was committed before is in it.
    pub now: Timestamp,
}

/// A frame of the server's, as the dashboard reads it. One struct for all: an enum would cost the bundle several times as
/// much.
#[derive(Debug, Deserialize)]
pub struct Frame {
    /// Which.
    pub r#type: String,
    /// `message`: what was said.
    pub message: Option<Message>,
    /// `caught_up`, `typing`, `changed`: where.
    pub conversation: Option<String>,
    /// `caught_up`: how far.
    pub seq: Option<u64>,
    /// `changed`: how the conversation is now.
    pub line: Option<Line>,
    /// `typing`: who.
    pub from: Option<Author>,
    /// `typing`: the member's name.
    pub name: Option<String>,
    /// `typing`: what of an answer may be seen already; empty where that does not count any more.
    pub text: Option<String>,
    /// `error`: which.
    pub code: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[derive(Deserialize)]
    struct Golden {
        client: Vec<Value>,
        server: Vec<Value>,
    }

    fn golden() -> Golden {
        serde_json::from_str(include_str!("../frames.json")).unwrap()
    }

    fn types(frames: &[Value]) -> Vec<&str> {
        let mut types: Vec<_> = frames.iter().map(|frame| frame["type"].as_str().unwrap()).collect();
        types.dedup();
        types
    }

    #[test]
    fn the_client_s_examples_are_read_as_they_stand() {
        let golden = golden();
        assert_eq!(types(&golden.client), ClientFrame::TYPES);
        for example in golden.client {
            let frame: ClientFrame = serde_json::from_value(example.clone()).unwrap();
            assert_eq!(serde_json::to_value(frame).unwrap(), example);
        }
    }

    #[test]
    #[cfg(feature = "ssr")]
    fn the_server_s_examples_are_what_it_writes() {
        let golden = golden();
        let message: Message = serde_json::from_value(golden.server[3]["message"].clone()).unwrap();
        let conversation = message.conversation_id;
        let line: Line = serde_json::from_value(golden.server[10]["line"].clone()).unwrap();
        let problem = Problem::new(ErrorCode::RateLimited, Text::plain("Too many frames at once. Wait a little."));
        let (slow, unknown) = (Problem { retry_after: Some(2), ..problem }, Problem::not_found());
        let welcome = |r#as, token, conversation, last_seq| ServerFrame::Welcome {
            r#as,
            token,
            conversation,
            last_seq,
            heartbeat_s: 30,
            waiting: matches!(r#as, Side::Agent).then_some(3),
            calls: last_seq > 0,
        };
        let typing = |from, name, text, withdrawn| ServerFrame::Typing { conversation, from, name, text, withdrawn };
        let written = [
            welcome(Side::Contact, Some("smc_example"), None, 0),
            welcome(Side::Contact, Some("smc_example"), Some(conversation), 7),
            welcome(Side::Agent, None, None, 0),
            ServerFrame::Message { message: &message },
            ServerFrame::CaughtUp { conversation, seq: 9 },
            ServerFrame::Sent { client_id: "c-1", message: &message },
            typing(Author::Agent, Some("Anna"), None, false),
            typing(Author::Assistant, None, None, false),
            typing(Author::Assistant, None, Some("Unused goods may be returned within 60 days."), false),
            typing(Author::Assistant, None, Some(""), true),
            ServerFrame::Changed { conversation: Some(conversation), line: Some(&line), waiting: None },
            ServerFrame::Changed { conversation: None, line: None, waiting: Some(2) },
            ServerFrame::Changed { conversation: None, line: None, waiting: None },
            ServerFrame::Pong,
            ServerFrame::problem(&slow, Some("c-1")),
            ServerFrame::problem(&unknown, None),
        ];
        let written: Vec<_> = written.iter().map(|frame| serde_json::to_value(frame).unwrap()).collect();
        assert_eq!(Value::Array(written), Value::Array(golden.server));
    }

    #[test]
    fn the_dashboard_reads_what_it_needs_of_them() {
        for example in golden().server {
            let frame: Frame = serde_json::from_value(example.clone()).unwrap();
            assert_eq!(json!(frame.r#type), example["type"]);
            assert_eq!(json!(frame.conversation), *example.get("conversation").unwrap_or(&Value::Null));
            assert_eq!(json!(frame.code), *example.get("code").unwrap_or(&Value::Null));
            assert_eq!(json!(frame.text), *example.get("text").unwrap_or(&Value::Null));
            // (What programs alone are told of a conversation, the browser's part does not know.)
            let mut line = json!(frame.line);
            if let (Some(known), Some(example)) = (line.as_object_mut(), example.get("line")) {
                let of = |key: &str| example["conversation"][key].clone();
                known["conversation"]["team_id"] = of("team_id");
                known["conversation"]["channel"] = of("channel");
            }
            assert_eq!(line, *example.get("line").unwrap_or(&Value::Null));
        }
    }

    #[test]
    fn every_type_is_read_and_nothing_else() {
        for name in ClientFrame::TYPES {
            let all = json!({
                "type": name, "conversation": "c", "after": 1, "client_id": "x", "text": "t", "widget": "w", "token": "t",
                "seq": 1, "answers": true,
            });
            let error = serde_json::from_str::<ClientFrame>(&all.to_string()).map(|_| ()).unwrap_err().to_string();
            assert!(error.starts_with("unknown field"), "{name}: {error}");
        }
        for (text, fits) in [
            (r#"{"type":"hello"}"#, true),
            (r#"{"type":"send","client_id":"a","text":"b"}"#, true),
            (r#"{"type":"subscribe","conversation":"c"}"#, true),
            (r#"{"type":"subscribe","conversation":"c","after":-1}"#, false),
            (r#"{"type":"judge","conversation":"c","seq":1,"answers":false}"#, true),
            (r#"{"type":"judge","conversation":"c","seq":1}"#, false),
            (r#"{"type":"other"}"#, false),
            ("[]", false),
            ("", false),
        ] {
            assert_eq!(serde_json::from_str::<ClientFrame>(text).is_ok(), fits, "{text}");
        }
    }
}
