//! Signing in by a passkey: alone, or after the password.

use super::own::descriptors;
use crate::browser::{OPEN, Sealed};
use crate::sign_in::Known;
use crate::{Identity, IdentityError, Origin};
use model::{PersonId, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use store::services::timestamp;
use store::sessions::{Proof, SignIn};
use store::{Reason, StoreError};
use webauthn_rs::prelude::{DiscoverableAuthentication, Passkey, PublicKeyCredential};

/// A passkey that a browser is asked for.
#[derive(Debug)]
pub struct AskedPasskey {
    /// What its devices are told (`PublicKeyCredentialRequestOptionsJSON`).
    pub options: String,
    /// What the browser keeps meanwhile, sealed.
    pub kept: String,
}

/// What has come of a passkey that was shown.
#[derive(Debug)]
pub enum PasskeyShown {
    /// A sign-in that begins.
    Begun(SignIn),
    /// The one that was begun, which goes on.
    GoesOn(SignIn),
}

/// What the browser keeps while its devices are asked.
#[derive(Serialize, Deserialize)]
struct Asking {
    state: DiscoverableAuthentication,
    /// Whose it has to be, where that is known.
    person: Option<PersonId>,
    /// By which it counts once.
    mark: String,
    until: Timestamp,
}

impl Identity {
    /// Asks for a passkey: of this sign-in, or of whoever there is. What comes back says the same for everybody.
    ///
    /// # Errors
    /// [`IdentityError::NoPasskeys`] where the installation has no name, or the database's.
    pub async fn ask_for_passkey(&self, of: Option<&SignIn>, origin: &Origin) -> Result<AskedPasskey, IdentityError> {
        let begun = self.passkeys.made()?.start_discoverable_authentication();
        let (asked, state) = begun.map_err(|_| StoreError::Corrupt("a passkey that cannot be asked for"))?;
        let mut options = serde_json::to_value(asked.public_key).unwrap_or_default();
        if let (Some(sign_in), Some(options)) = (of, options.as_object_mut()) {
            // Their own alone, so that the browser offers no other.
            let all = self.credentials_of(sign_in.person, origin).await?;
            options.insert("allowCredentials".to_owned(), descriptors(&all));
        }
        let mark = format!("{:032x}", rand::random::<u128>());
        let until = timestamp(self.services.now() + OPEN);
        let asking = Asking { state, person: of.map(|sign_in| sign_in.person), mark, until };
        Ok(AskedPasskey { options: options.to_string(), kept: self.keep(Sealed::Passkey, &asking)? })
    }

    /// Takes what a device has answered: a sign-in begins by it, which owes neither a password nor a code, or the one that was begun
    /// goes on, if it was asked for that.
    ///
    /// # Errors
    /// [`IdentityError::SignInOver`] for what this browser was not asked for, too late, or before;
    /// [`IdentityError::WrongPasskey`] for one that opens nothing; [`IdentityError::TooManyAttempts`]; or a fault.
    pub async fn passkey_shown(
        &self,
        begun: Option<SignIn>,
        (kept, answer): (&str, &str),
        next: String,
        origin: &Origin,
    ) -> Result<PasskeyShown, IdentityError> {
        let asking: Asking = self.kept(Sealed::Passkey, kept)?;
        if asking.until <= timestamp(self.services.now()) {
            return Err(IdentityError::SignInOver);
        }
        let goes_on = match (asking.person, begun) {
            (None, _) => None,
            (Some(person), Some(begun)) if begun.person == person => Some(begun),
            _ => return Err(IdentityError::SignInOver),
        };
        let known = self.by_passkey(asking, answer, origin).await?;
        let shown = self.begun(known.person, Proof::Passkey, known.epoch);
        match goes_on {
            Some(mut sign_in) => {
                sign_in.proofs.extend(shown.proofs);
                self.advance(sign_in, origin).await.map(PasskeyShown::GoesOn)
            }
            // As for a password.
            None if self.delivers() && !known.confirmed => Err(IdentityError::WrongPasskey),
            None => self.advance(SignIn { next, ..shown }, origin).await.map(PasskeyShown::Begun),
        }
        // Who works nowhere any more: no password was typed that could be wrong.
        .map_err(|error| match error {
            IdentityError::WrongCredentials => IdentityError::WrongPasskey,
            other => other,
        })
    }

    /// Whose passkey it is that has answered.
    async fn by_passkey(&self, asking: Asking, answer: &str, origin: &Origin) -> Result<Known, IdentityError> {
        let attempt = self.attempt_passkey(origin).await?;
        self.answered(&asking.mark, origin).await?;
        let known = self.check_passkey(asking, answer, origin).await;
        match &known {
            Err(IdentityError::WrongPasskey) => self.heed("a passkey was refused", None, origin),
            _ => self.forgive(attempt, origin.request).await?,
        }
        known
    }

    #[tracing::instrument(name = "db.passkey.check", skip_all)]
    async fn check_passkey(&self, asking: Asking, answer: &str, origin: &Origin) -> Result<Known, IdentityError> {
        let made = self.passkeys.made()?;
        let answer: PublicKeyCredential = serde_json::from_str(answer).map_err(|_| IdentityError::WrongPasskey)?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        // Held, so that what it has counted is written in order.
        let found = sqlx::query!(
            r#"select k.passkey_id, k.credential as "credential: Json<Passkey>", p.person_id, p.password_epoch,
                 p.verified_at is not null as "confirmed!"
               from app.passkeys k join app.people p on p.person_id = k.person_id
               where k.credential_id = $1 for no key update of k"#,
            answer.get_credential_id()
        );
        let found = found.fetch_optional(&mut tx).await.map_err(StoreError::from)?;
        let found = found.ok_or(IdentityError::WrongPasskey)?;
        let person = PersonId::from_uuid(found.person_id);
        // Some devices do not say whose it is, where that was known.
        let says = answer.get_user_unique_id().is_none_or(|id| id == found.person_id.as_bytes());
        if !says || asking.person.is_some_and(|asked| asked != person) {
            return Err(IdentityError::WrongPasskey);
        }
        let mut passkey = found.credential.0;
        let result = made.finish_discoverable_authentication_v2(&answer, asking.state, &passkey).map_err(|error| {
            tracing::warn!(target: "security", %error, address = %origin.address, "a passkey's answer is not believed");
            IdentityError::WrongPasskey
        })?;
        passkey.update_credential(&result);
        sqlx::query!(
            "update app.passkeys set credential = $2, used_at = $3 where passkey_id = $1",
            found.passkey_id,
            Json(&passkey) as _,
            self.services.now()
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        tx.commit().await?;
        Ok(Known { person, epoch: found.password_epoch, confirmed: found.confirmed })
    }
}
