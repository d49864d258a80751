//! The beginning: email and password. Whether an account exists shows neither in the answer nor in the time it takes.

use crate::passwords::Verdict;
use crate::{Identity, IdentityError, Origin};
use model::FieldError;
use model::PersonId;
use model::input::{Email, NewPassword};
use store::sessions::{Proof, SignIn};
use store::{Reason, StoreError};
use words::text;
use zeroize::Zeroizing;

/// What the form holds, as it was typed.
#[derive(Debug, Default)]
pub struct SignInForm {
    /// The email address.
    pub email: String,
    /// The password.
    pub password: Zeroizing<String>,
}

/// What a browser has kept of earlier sign-ins.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kept<'a> {
    /// By what it is known ([`Identity::device`]).
    pub device: Option<&'a str>,
    /// By what it is not asked for a second factor ([`Identity::trust`]).
    pub trusted: Option<&'a str>,
}

/// A person and the stored hash.
pub(crate) struct Account {
    pub known: Known,
    pub password_hash: Option<String>,
}

/// Somebody who has shown a password.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub person: PersonId,
    /// How often the password had been changed.
    pub epoch: i32,
    /// Whether the address is confirmed.
    pub confirmed: bool,
}

impl Identity {
    /// Checks an email and a password and begins a sign-in.
    ///
    /// # Errors
    /// [`IdentityError::WrongCredentials`] for everything that does not open an account,
    /// [`IdentityError::TooManyAttempts`], or a fault.
    pub async fn sign_in(&self, form: SignInForm, origin: &Origin, kept: Kept<'_>) -> Result<SignIn, IdentityError> {
        let then = |known: Known| async move {
            // As if the password was wrong: whoever has just signed up with somebody's address learns nothing by it.
            if self.delivers() && !known.confirmed {
                return Err(IdentityError::WrongCredentials);
            }
            let mut sign_in = self.begun(known.person, Proof::Password, known.epoch);
            self.count_trust(&mut sign_in, known, kept, origin).await?;
            self.advance(sign_in, origin).await
        };
        self.with_password(form, origin, kept.device, then).await
    }

    /// Counts what a browser keeps of a second factor that was shown in it.
    pub(crate) async fn count_trust(
        &self,
        sign_in: &mut SignIn,
        known: Known,
        kept: Kept<'_>,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        if let Some(trusted) = kept.trusted
            && self.trusts(known.person, trusted, origin).await?
        {
            sign_in.proofs.extend(self.begun(known.person, Proof::Trusted, known.epoch).proofs);
        }
        Ok(())
    }

    /// Does something for who has this email and password. Counts as an attempt to sign in.
    pub(crate) async fn with_password<T, F: Future<Output = Result<T, IdentityError>>>(
        &self,
        form: SignInForm,
        origin: &Origin,
        device: Option<&str>,
        then: impl FnOnce(Known) -> F,
    ) -> Result<T, IdentityError> {
        let mut errors = Vec::new();
        let email =
            Email::parse(&form.email).map_err(|e| errors.push(FieldError { field: "email".into(), message: e.0 })).ok();
        if form.password.is_empty() {
            errors.push(FieldError { field: "password".into(), message: text!("Enter your password.") });
        }
        let (Some(email), true) = (email, errors.is_empty()) else {
            return Err(IdentityError::Invalid(errors));
        };
        let attempt = self.attempt(&email, origin, device).await?;
        let begun = async { then(self.check(&email, form.password, origin).await?).await };
        match begun.await {
            Ok(done) => {
                self.forgive(attempt, origin.request).await?;
                Ok(done)
            }
            Err(IdentityError::WrongCredentials) => {
                self.heed("a password was refused", Some(&email), origin);
                Err(IdentityError::WrongCredentials)
            }
            Err(fault) => {
                // Ours, not theirs. If even this fails, the attempt counts for a quarter of an hour.
                let _ = self.forgive(attempt, origin.request).await;
                Err(fault)
            }
        }
    }

    async fn check(&self, email: &Email, password: Zeroizing<String>, origin: &Origin) -> Result<Known, IdentityError> {
        // No password is longer than this; hashing more would be work for nothing.
        if password.chars().count() > NewPassword::MAX {
            return Err(IdentityError::WrongCredentials);
        }
        let (known, stored) = match self.find_account(email, origin).await? {
            Some(account) => (Some(account.known), account.password_hash),
            None => (None, None),
        };
        let verdict = self.passwords.verify(origin.network(), password.clone(), stored).await?;
        let known = match (verdict, known) {
            (Verdict::Right | Verdict::RightButOld, Some(known)) => known,
            _ => return Err(IdentityError::WrongCredentials),
        };
        if verdict == Verdict::RightButOld {
            self.renew_hash(known, password, origin).await?;
        }
        Ok(known)
    }

    #[tracing::instrument(name = "db.person.find", skip_all)]
    pub(crate) async fn find_account(&self, email: &Email, origin: &Origin) -> Result<Option<Account>, StoreError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let row = sqlx::query!(
            r#"select person_id, password_hash, password_epoch, verified_at is not null as "confirmed!"
               from app.people where email = $1"#,
            email.as_str()
        )
        .fetch_optional(&mut tx)
        .await?;
        Ok(row.map(|row| {
            let person = PersonId::from_uuid(row.person_id);
            let known = Known { person, epoch: row.password_epoch, confirmed: row.confirmed };
            Account { known, password_hash: row.password_hash }
        }))
    }

    #[tracing::instrument(name = "db.person.renew_hash", skip_all)]
    async fn renew_hash(
        &self,
        known: Known,
        password: Zeroizing<String>,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let hash = self.passwords.hash(origin.network(), password).await?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        // Not over a new one.
        sqlx::query!(
            "update app.people set password_hash = $2 where person_id = $1 and password_epoch = $3",
            known.person.uuid(),
            hash,
            known.epoch
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        Ok(tx.commit().await?)
    }
}
