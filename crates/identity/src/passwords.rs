//! Password hashing, Argon2id (RFC 9106) with 19 MiB, two passes, one lane (OWASP, Password Storage Cheat Sheet), on
//! threads of its own that step back: bounded in number and in queue, so that a flood of sign-ins slows sign-ins and nothing
//! else. Those who wait are served by turns, address by address: a flood from one slows its own.

use crate::IdentityError;
use argon2::{
    Argon2, Params, PasswordHasher, PasswordVerifier,
    password_hash::{Error, phc::PasswordHash},
};
use shares::{AsideError, Network, Places, Waiting, aside};
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// The hashing of passwords.
#[derive(Clone)]
pub struct Passwords {
    places: Places<Network>,
    /// A hash of a password that nobody has: verified when there is no account, so that both take the same time.
    nobody: Arc<str>,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords(…)")
    }
}

/// What verifying found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right,
    /// Right, but hashed with other parameters than today's: hash again.
    RightButOld,
}

impl Passwords {
    /// Hashing on at most so many `threads`, with at most `queue` passwords waiting, a quarter of them from one address.
    ///
    /// # Errors
    /// When no password can be hashed.
    pub fn start(threads: usize, queue: usize) -> Result<Self, IdentityError> {
        let waiting = Waiting { total: queue, per_key: queue.div_ceil(4) };
        let places = Places::new(threads.max(1), threads.max(1), waiting);
        let random: [u8; 32] = rand::random();
        Ok(Self { places, nobody: hash(&random)?.into() })
    }

    async fn run<T: Send + 'static>(
        &self,
        from: Network,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, IdentityError> {
        let place = self.places.enter(from).await.map_err(|_| IdentityError::Busy)?;
        let done = aside("password", move || {
            let done = work();
            drop(place);
            done
        });
        done.await.map_err(|error| match error {
            AsideError::NoThread => IdentityError::Busy,
            AsideError::Panicked => IdentityError::Hash(error.to_string()),
        })
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, from: Network, password: Zeroizing<String>) -> Result<String, IdentityError> {
        self.run(from, move || hash(composed(&password).as_bytes())).await?
    }

    /// Verifies a password against a stored hash, or against nobody's, which takes as long.
    pub(crate) async fn verify(
        &self,
        from: Network,
        password: Zeroizing<String>,
        stored: Option<String>,
    ) -> Result<Verdict, IdentityError> {
        let nobody = Arc::clone(&self.nobody);
        self.run(from, move || {
            let verify = |password: &str| match &stored {
                Some(stored) => verify(password.as_bytes(), stored),
                None => verify(password.as_bytes(), &nobody).map(|_| Verdict::Wrong),
            };
            let one = composed(&password);
            let verdict = verify(&one)?;
            // It may have been hashed as it was typed, before there was one spelling.
            if verdict != Verdict::Wrong || *one == *password {
                return Ok(verdict);
            }
            Ok(if verify(&password)? == Verdict::Wrong { Verdict::Wrong } else { Verdict::RightButOld })
        })
        .await?
    }
}

/// The one spelling of a password: an accent that is typed with its letter or behind it is the same to a person (NIST SP 800-63B, section
/// 3.1.1.2; Unicode's form C).
fn composed(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfc().collect())
}

fn hash(password: &[u8]) -> Result<String, IdentityError> {
    let hash: PasswordHash =
        Argon2::default().hash_password(password).map_err(|e| IdentityError::Hash(e.to_string()))?;
    Ok(hash.to_string())
}

fn verify(password: &[u8], stored: &str) -> Result<Verdict, IdentityError> {
    let fault = |e: String| IdentityError::Hash(e);
    let stored = PasswordHash::new(stored).map_err(|e| fault(e.to_string()))?;
    match Argon2::default().verify_password(password, &stored) {
        Ok(()) => {
            let params = Params::try_from(&stored).map_err(|e| fault(e.to_string()))?;
            let today = Params::default();
            let same =
                (params.m_cost(), params.t_cost(), params.p_cost()) == (today.m_cost(), today.t_cost(), today.p_cost());
            Ok(if same { Verdict::Right } else { Verdict::RightButOld })
        }
        Err(Error::PasswordInvalid) => Ok(Verdict::Wrong),
        Err(e) => Err(fault(e.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use tokio::sync::oneshot;

    fn here() -> Network {
        Network::from(std::net::IpAddr::from([127, 0, 0, 1]))
    }

    fn text(s: &str) -> Zeroizing<String> {
        Zeroizing::new(s.to_owned())
    }

    #[tokio::test]
    async fn a_hash_verifies_its_password_alone() -> Result<(), IdentityError> {
        let passwords = Passwords::start(1, 4)?;
        let stored = passwords.hash(here(), text("correct horse")).await?;
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(passwords.verify(here(), text("correct horse"), Some(stored.clone())).await?, Verdict::Right);
        assert_eq!(passwords.verify(here(), text("Correct horse"), Some(stored)).await?, Verdict::Wrong);
        assert_eq!(passwords.verify(here(), text("correct horse"), None).await?, Verdict::Wrong);
        // One system's keyboard composes what another one's leaves apart.
        let stored = passwords.hash(here(), text("re\u{301}sume\u{301} of a whale")).await?;
        assert_eq!(passwords.verify(here(), text("r\u{e9}sum\u{e9} of a whale"), Some(stored)).await?, Verdict::Right);
        let old = hash("re\u{301}sume\u{301} of a whale".as_bytes())?;
        let as_it_was = text("re\u{301}sume\u{301} of a whale");
        assert_eq!(passwords.verify(here(), as_it_was, Some(old)).await?, Verdict::RightButOld);
        let stored = passwords.hash(here(), text("r\u{e9}sum\u{e9} of a whale")).await?;
        assert_eq!(
            passwords.verify(here(), text("re\u{301}sume\u{301} of a whale"), Some(stored)).await?,
            Verdict::Right
        );
        Ok(())
    }

    #[tokio::test]
    async fn a_flood_from_one_address_slows_its_own() -> Result<(), IdentityError> {
        let passwords = Passwords::start(1, 8)?;
        let there = Network::from(std::net::IpAddr::from([192, 0, 2, 7]));
        let (release, gate) = mpsc::channel::<()>();
        let (started, running) = oneshot::channel::<()>();
        let first = passwords.clone();
        let first = tokio::spawn(async move {
            let work = move || {
                let _ = started.send(());
                let _ = gate.recv();
            };
            first.run(here(), work).await
        });
        let _ = running.await;
        // Two wait, a quarter of the line; one more is refused at once.
        let line: Vec<_> = (0..2)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.run(here(), || ()).await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(matches!(passwords.run(here(), || ()).await, Err(IdentityError::Busy)));
        let other = passwords.clone();
        let other = tokio::spawn(async move { other.run(there, || ()).await });
        tokio::task::yield_now().await;
        let _ = release.send(());
        assert!(matches!(other.await, Ok(Ok(()))), "another address still has its turn");
        for waiting in line.into_iter().chain([first]) {
            assert!(matches!(waiting.await, Ok(Ok(()))));
        }
        Ok(())
    }

    #[test]
    fn older_parameters_are_told() -> Result<(), Box<dyn std::error::Error>> {
        let params = Params::new(8, 1, 1, None).map_err(|e| e.to_string())?;
        let weak = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let stored: PasswordHash = weak.hash_password(b"old").map_err(|e| e.to_string())?;
        assert_eq!(verify(b"old", &stored.to_string())?, Verdict::RightButOld);
        Ok(())
    }
}
