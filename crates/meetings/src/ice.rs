//! Ways through networks: servers that tell a browser its own address (STUN), and such that carry for it (TURN), with a name and a proof that
//! are good for some hours (draft-uberti-behave-turn-rest-00, as coturn has it with `use-auth-secret`).

#[cfg(test)]
mod turn;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::meeting::IceServer;
use ring::hmac;
use std::fmt;
use time::{Duration, OffsetDateTime};

/// How long a name is good: longer than a meeting may take.
const GOOD: Duration = Duration::hours(24);

/// The servers of this installation.
#[derive(Clone, Default)]
pub struct Ice {
    /// Addresses of STUN servers.
    pub stun: Vec<String>,
    /// Addresses of TURN servers.
    pub turn: Vec<String>,
    /// What they share with us.
    pub turn_secret: Option<String>,
}

/// The secret does not print.
impl fmt::Debug for Ice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ice").field("stun", &self.stun).field("turn", &self.turn).finish_non_exhaustive()
    }
}

impl Ice {
    /// As browsers take them.
    pub(crate) fn servers(&self, now: OffsetDateTime) -> Vec<IceServer> {
        let mut servers = Vec::new();
        if !self.stun.is_empty() {
            servers.push(IceServer { urls: self.stun.clone(), username: None, credential: None });
        }
        if let (false, Some(secret)) = (self.turn.is_empty(), &self.turn_secret) {
            let name = format!("{}:samtal", (now + GOOD).unix_timestamp());
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
            let proof = STANDARD.encode(hmac::sign(&key, name.as_bytes()));
            servers.push(IceServer { urls: self.turn.clone(), username: Some(name), credential: Some(proof) });
        }
        servers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_proven_as_coturn_checks_it() {
        let ice = Ice {
            stun: vec!["stun:stun.example:3478".into()],
            turn: vec!["turn:turn.example:3478".into()],
            turn_secret: Some("north".into()),
        };
        let servers = ice.servers(OffsetDateTime::UNIX_EPOCH);
        assert_eq!(servers.len(), 2);
        assert_eq!(servers[1].username.as_deref(), Some("86400:samtal"));
        // printf 86400:samtal | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(servers[1].credential.as_deref(), Some("dJmLdTE255up5NsT/Wz3RI4xHV0="));
        assert!(!format!("{ice:?}").contains("north"));
        // Without a secret nobody is told of a server that would refuse them.
        assert_eq!(Ice { turn_secret: None, ..ice }.servers(OffsetDateTime::UNIX_EPOCH).len(), 1);
        assert!(Ice::default().servers(OffsetDateTime::UNIX_EPOCH).is_empty());
    }
}
