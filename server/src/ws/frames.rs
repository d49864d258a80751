//! What goes over a socket, in JSON. Messages and typing are made by `conversations::live`, once for all who hear them.

use model::conversation::Message;
use model::{ConversationId, ErrorCode, Problem};
use serde::{Deserialize, Serialize};

/// A frame of the client's.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// Who is there.
    Hello {
        /// The widget's key, of a contact.
        widget: Option<String>,
        /// What an earlier welcome gave, of a contact who comes back.
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
    pub const TYPES: [&'static str; 7] = ["hello", "subscribe", "unsubscribe", "send", "handoff", "typing", "ping"];
}

/// What the opener of a socket is.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum As {
    Contact,
    Agent,
}

/// A frame of the server's.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ServerFrame<'a> {
    Welcome {
        r#as: As,
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<&'a str>,
        conversation: Option<ConversationId>,
        last_seq: u64,
        heartbeat_s: u64,
    },
    CaughtUp {
        conversation: ConversationId,
        seq: u64,
    },
    Sent {
        client_id: &'a str,
        message: &'a Message,
    },
    Changed {
        #[serde(skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
    },
    Pong,
    Error {
        code: ErrorCode,
        detail: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
}

impl<'a> ServerFrame<'a> {
    /// A problem as a frame: what is wrong with a field says more than that something is.
    pub fn problem(problem: &'a Problem, client_id: Option<&'a str>) -> Self {
        let detail = problem.errors.first().map_or(problem.detail.as_str(), |error| error.message.as_str());
        Self::Error { code: problem.code, detail, client_id, retry_after: problem.retry_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_and_nothing_else() {
        for name in ClientFrame::TYPES {
            let all = format!(
                r#"{{"type":"{name}","conversation":"c","after":1,"client_id":"x","text":"t","widget":"w","token":"t"}}"#
            );
            let error = serde_json::from_str::<ClientFrame>(&all).map(|_| ()).unwrap_err().to_string();
            assert!(error.starts_with("unknown field"), "{name}: {error}");
        }
        for (text, fits) in [
            (r#"{"type":"hello"}"#, true),
            (r#"{"type":"send","client_id":"a","text":"b"}"#, true),
            (r#"{"type":"subscribe","conversation":"c"}"#, true),
            (r#"{"type":"subscribe","conversation":"c","after":-1}"#, false),
            (r#"{"type":"other"}"#, false),
            ("[]", false),
            ("", false),
        ] {
            assert_eq!(serde_json::from_str::<ClientFrame>(text).is_ok(), fits, "{text}");
        }
    }
}
