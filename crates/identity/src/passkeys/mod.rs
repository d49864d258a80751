//! Passkeys (W3C Web Authentication, by `webauthn-rs`): keys on a person's devices, which a finger, a face or a number unlocks. One
//! opens the account by itself, and is a second factor as well; whoever has one is asked for it, or for a code, after the password.
//!
//! What a device has to sign is kept by the browser meanwhile, sealed, and counts once. Every passkey is found by the device itself
//! (a discoverable credential), so that nobody has to say first who they are, and no answer says who has an account.

mod own;
mod show;

pub use own::{NewPasskey, PasskeyForm};
pub use show::{AskedPasskey, PasskeyShown};

use crate::IdentityError;
use std::sync::Arc;
use webauthn_rs::prelude::{Url, Webauthn, WebauthnBuilder};

/// What makes and checks them, at the address of the installation.
#[derive(Debug, Clone, Default)]
pub struct Passkeys(Option<(Arc<Webauthn>, Arc<str>)>);

impl Passkeys {
    /// Those of this address. Browsers know passkeys at a name, and not at a number: what listens at this machine's own address has them
    /// at `localhost`; elsewhere without a name there are none.
    pub fn at(address: &str) -> Self {
        let here = |url: &Url| matches!(url.host_str(), Some("127.0.0.1" | "[::1]"));
        let Ok(mut url) = Url::parse(address) else { return Self::default() };
        if here(&url) && url.set_host(Some("localhost")).is_err() {
            return Self::default();
        }
        let made = url.domain().and_then(|name| {
            let made = WebauthnBuilder::new(name, &url).map(|builder| builder.rp_name("Samtal")).ok()?;
            made.build().ok()
        });
        let origin = url.origin().ascii_serialization();
        Self(made.map(|made| (Arc::new(made), origin.into())))
    }

    /// The address at which browsers know them, if there is one.
    pub fn origin(&self) -> Option<&str> {
        self.0.as_ref().map(|(_, origin)| &**origin)
    }

    fn made(&self) -> Result<&Webauthn, IdentityError> {
        self.0.as_ref().map(|(made, _)| &**made).ok_or(IdentityError::NoPasskeys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_them_by_its_name() {
        let origin = |address: &str| Passkeys::at(address).origin().map(str::to_owned);
        assert_eq!(origin("https://talk.fjord.example").as_deref(), Some("https://talk.fjord.example"));
        assert_eq!(origin("https://talk.fjord.example:8443").as_deref(), Some("https://talk.fjord.example:8443"));
        assert_eq!(origin("http://127.0.0.1:3000").as_deref(), Some("http://localhost:3000"));
        assert_eq!(origin("http://[::1]:3000").as_deref(), Some("http://localhost:3000"));
        for none in ["https://192.0.2.1", "https://[2001:db8::1]", "", "talk.fjord.example"] {
            assert_eq!(origin(none), None, "{none}");
        }
    }
}
