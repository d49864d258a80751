//! Short-lived tokens: what a key gives to a service that is to do a part of what the key may, for some minutes.
//!
//! Nothing is kept of one. It says by what its key's row is found, what it may at most, and until when, and a keyed hash of that, so
//! one that was not made here, or is over, is told before the database is asked. When it is used its key is looked up like the key
//! itself: what has ended the key has ended it, and it may what both may. The hash covers the names of all permissions, for their bits
//! mean something to one version alone.

use crate::{Identity, IdentityError, KeyMark, hex, unhex};
use model::identity::NewToken;
use model::permission::{Permission, Permissions};
use store::secret_key::DerivedKey;
use store::services::timestamp;
use store::{Actor, Caller, Denied, StoreError};
use time::{Duration, OffsetDateTime};
use words::text;

/// What every token begins with, and no key.
const PREFIX: &str = "sme_";
/// Bytes of what finds the key's row, of the permissions, of the end, and of the hash.
const MARK: usize = 32;
const BITS: usize = 4;
const END: usize = 8;
const MAC: usize = 24;
/// For how many seconds a token can be asked for, and for how many one is made when nothing is said.
const SECONDS: std::ops::RangeInclusive<u32> = 60..=900;
const USUAL: u32 = 300;

/// What was sent along as a key: a key, or a token of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credential {
    /// By what the key is known, in both cases.
    pub mark: KeyMark,
    /// Of a token: what it may at most.
    token: Option<Permissions>,
}

impl Credential {
    /// A key itself.
    pub fn of_key(mark: KeyMark) -> Self {
        Self { mark, token: None }
    }

    /// The caller that the key is, or its token.
    pub(crate) fn narrow(self, caller: Caller) -> Caller {
        match self.token {
            Some(permissions) => caller.by_token(permissions),
            None => caller,
        }
    }
}

/// Makes and reads what tokens say.
#[derive(Debug, Clone)]
pub(crate) struct Tokens(pub DerivedKey);

impl Tokens {
    fn mac(&self, said: &[u8]) -> Vec<u8> {
        let names = Permission::ALL.iter().map(|one| one.name()).collect::<Vec<_>>().join(" ");
        let mac = self.0.mac(&[names.as_bytes(), b":", said].concat());
        mac.get(..MAC).unwrap_or_default().to_vec()
    }

    fn write(&self, mark: KeyMark, permissions: Permissions, end: OffsetDateTime) -> String {
        let mut said = mark.0.to_vec();
        said.extend(permissions.bits().to_be_bytes());
        said.extend(timestamp(end).millis().to_be_bytes());
        said.extend(self.mac(&said));
        format!("{PREFIX}{}", hex(&said))
    }

    /// What a token says that was made here and is not over.
    fn read(&self, token: &str, now: OffsetDateTime) -> Option<Credential> {
        let digits = token.strip_prefix(PREFIX)?;
        // Before anything is made of it.
        if digits.len() != 2 * (MARK + BITS + END + MAC) {
            return None;
        }
        let bytes = unhex(digits)?;
        let (said, mac) = bytes.split_at_checked(MARK + BITS + END)?;
        // Compared as a whole, by their hashes, so that no time tells how much of it was right.
        if self.0.mac(&self.mac(said)) != self.0.mac(mac) {
            return None;
        }
        let (mark, said) = said.split_first_chunk::<MARK>()?;
        let (bits, said) = said.split_first_chunk::<BITS>()?;
        let (end, _) = said.split_first_chunk::<END>()?;
        let open = timestamp(now).millis() < i64::from_be_bytes(*end);
        let permissions = Permissions::of_bits(u32::from_be_bytes(*bits));
        open.then_some(Credential { mark: KeyMark(*mark), token: Some(permissions) })
    }
}

impl Identity {
    /// What a secret is, if it can be one at all and, of a token, is not over. Asks nobody.
    pub fn credential(&self, secret: &str) -> Option<Credential> {
        let key = || self.key_mark(secret).map(Credential::of_key);
        self.tokens.read(secret, self.services.now()).or_else(key)
    }

    /// Makes a short-lived token of the key that asks: for what it may, or a part of that.
    ///
    /// # Errors
    /// [`IdentityError::NoTokenOfToken`] for a token; [`IdentityError::Denied`] for who is no key, and for what the key may not;
    /// [`IdentityError::Invalid`] for a token that may nothing, or a time that cannot be; or the database's.
    #[tracing::instrument(name = "db.token.create", skip_all)]
    pub async fn create_token(
        &self,
        caller: &Caller,
        permissions: Option<Permissions>,
        seconds: Option<u32>,
    ) -> Result<NewToken, IdentityError> {
        let Actor::ApiKey { key, scopes } = caller.actor() else { return Err(Denied.into()) };
        if caller.is_token() {
            return Err(IdentityError::NoTokenOfToken);
        }
        let permissions = permissions.unwrap_or(scopes);
        if permissions == Permissions::default() {
            return Err(IdentityError::field("permissions", text!("Choose something that the token may do.")));
        }
        if !scopes.have(permissions) {
            return Err(Denied.into());
        }
        // As a key is made: who reads conversations reaches some. No more than the key itself.
        let permissions = permissions.reaching(scopes).within(scopes);
        let seconds = seconds.unwrap_or(USUAL);
        if !SECONDS.contains(&seconds) {
            return Err(IdentityError::field(
                "expires_in",
                text!("Use a number of seconds from {least} to {most}.", least = SECONDS.start(), most = SECONDS.end()),
            ));
        }
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        let row = sqlx::query!("select key_hash, expires_at from app.api_keys where key_id = $1", key.uuid())
            .fetch_optional(&mut tx)
            .await
            .map_err(StoreError::from)?
            .ok_or(Denied)?;
        drop(tx);
        let mark: [u8; MARK] = row.key_hash.try_into().map_err(|_| StoreError::Corrupt("api_keys.key_hash"))?;
        let end = self.services.now() + Duration::seconds(seconds.into());
        // It ends with its key.
        let end = row.expires_at.map_or(end, |until| until.min(end));
        tracing::info!(target: "security", tenant = %caller.scope().tenant(), %key, "a key has made a short-lived token");
        Ok(NewToken {
            token: self.tokens.write(KeyMark(mark), permissions, end),
            expires_at: timestamp(end),
            permissions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use store::secret_key::SecretKey;

    fn tokens(secret: u8) -> Tokens {
        Tokens(SecretKey::from_bytes([secret; 32]).derive("tokens"))
    }

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds)
    }

    proptest! {
        #[test]
        fn a_token_says_what_it_was_made_of_until_its_end(
            mark in any::<[u8; 32]>(),
            bits in any::<u32>(),
            end in 1_i64..4_000_000_000,
        ) {
            let (made, permissions) = (tokens(7), Permissions::of_bits(bits));
            let token = made.write(KeyMark(mark), permissions, at(end));
            let read = Some(Credential { mark: KeyMark(mark), token: Some(permissions) });
            prop_assert_eq!(made.read(&token, at(end) - Duration::milliseconds(1)), read);
            prop_assert_eq!(made.read(&token, at(end)), None);
            prop_assert_eq!(tokens(8).read(&token, at(0)), None, "of this installation alone");
        }

        #[test]
        fn whatever_is_changed_of_one_it_is_none(
            mark in any::<[u8; 32]>(),
            place in any::<prop::sample::Index>(),
            to in any::<char>(),
        ) {
            let made = tokens(7);
            let token: Vec<char> = made.write(KeyMark(mark), Permissions::of_bits(1), at(10)).chars().collect();
            let opens = |token: &[char]| made.read(&token.iter().collect::<String>(), at(0)).is_some();
            prop_assert!(opens(&token));
            let place = place.index(token.len());
            let mut changed = token.clone();
            changed[place] = to;
            prop_assert_eq!(opens(&changed), changed == token);
            changed.insert(place, to);
            prop_assert!(!opens(&changed) && !opens(&token[..place]) && !opens(&token[place + 1..]));
        }

        #[test]
        fn nothing_else_is_one(rest in "\\PC{0,200}", digits in "[0-9a-f]{136}") {
            for text in [format!("{PREFIX}{rest}"), format!("{PREFIX}{digits}"), rest.clone(), digits.clone()] {
                prop_assert_eq!(tokens(7).read(&text, at(0)), None);
            }
        }
    }
}
