#![doc = include_str!("../README.md")]

mod rooms;
mod token;
mod webhook;

pub use rooms::{Participant, Track};
pub use token::Source;
pub use webhook::Event;

use outbound::{Outbound, OutboundError};
use ring::hmac;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Where a LiveKit server is, and what it knows us by.
#[derive(Clone)]
pub struct Settings {
    /// Where browsers reach it: `wss://…`.
    pub url: String,
    /// Where we do: `https://…`, without a slash at the end.
    pub api: String,
    /// The name of the key.
    pub key: String,
    /// What it signs with.
    pub secret: Zeroizing<String>,
}

/// The secret does not print.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("url", &self.url).field("api", &self.api).field("key", &self.key).finish()
    }
}

/// What it did not do.
#[derive(Debug, thiserror::Error)]
pub enum LiveKitError {
    /// It cannot be reached.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// It does not know the key, or the secret is another.
    #[error("it refuses the key: look at media.livekit.key and media.livekit.secret_file")]
    Key,
    /// It answers something else.
    #[error("it answers {0}")]
    Answer(u16),
    /// What it answers cannot be read.
    #[error("its answer cannot be read")]
    Form,
}

/// A LiveKit server.
#[derive(Debug, Clone)]
pub struct LiveKit {
    settings: Arc<Settings>,
    signs: hmac::Key,
    outbound: Outbound,
}

impl LiveKit {
    /// The one at these settings. Asks nothing yet.
    pub fn new(settings: Settings, outbound: Outbound) -> Self {
        let signs = hmac::Key::new(hmac::HMAC_SHA256, settings.secret.as_bytes());
        Self { settings: Arc::new(settings), signs, outbound }
    }

    /// Where browsers reach it.
    pub fn url(&self) -> &str {
        &self.settings.url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that nobody asks.
    pub(crate) fn nowhere(secret: &str) -> LiveKit {
        let settings = Settings {
            url: "wss://127.0.0.1:1".to_owned(),
            api: "https://127.0.0.1:1".to_owned(),
            key: "devkey".to_owned(),
            secret: Zeroizing::new(secret.to_owned()),
        };
        LiveKit::new(settings, Outbound::new(false).unwrap())
    }

    #[test]
    fn the_secret_does_not_print() {
        let shown = format!("{:?}", nowhere("north-north-north"));
        assert!(shown.contains("devkey") && !shown.contains("north"), "{shown}");
    }
}
