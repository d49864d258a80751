//! The beginning: email and password. Whether an account exists shows neither in the answer nor in the time it takes.

use crate::passwords::Verdict;
use crate::{Identity, IdentityError, Origin};
use model::FieldError;
use model::PersonId;
use model::input::{Email, NewPassword};
use store::sessions::{Proof, SignIn};
use store::{Reason, StoreError};
use zeroize::Zeroizing;

/// What the form holds, as it was typed.
#[derive(Debug, Default)]
pub struct SignInForm {
    /// The email address.
    pub email: String,
    /// The password.
    pub password: Zeroizing<String>,
}

/// A person and the stored hash.
struct Account {
    person: PersonId,
    password_hash: Option<String>,
}

impl Identity {
    /// Checks an email and a password and begins a sign-in. `device` is what the browser keeps ([`Identity::device`]).
    ///
    /// # Errors
    /// [`IdentityError::WrongCredentials`] for everything that does not open an account,
    /// [`IdentityError::TooManyAttempts`], or a fault.
    pub async fn sign_in(
        &self,
        form: SignInForm,
        origin: &Origin,
        device: Option<&str>,
    ) -> Result<SignIn, IdentityError> {
        let mut errors = Vec::new();
        let email = Email::parse(&form.email)
            .map_err(|e| errors.push(FieldError { field: "email".into(), message: e.to_string() }))
            .ok();
        if form.password.is_empty() {
            errors.push(FieldError { field: "password".into(), message: "Enter your password.".into() });
        }
        let (Some(email), true) = (email, errors.is_empty()) else {
            return Err(IdentityError::Invalid(errors));
        };
        let attempt = self.attempt(&email, origin, device).await?;
        let begun = async {
            let person = self.check(&email, form.password, origin).await?;
            self.advance(self.begun(person, Proof::Password), origin).await
        };
        match begun.await {
            Ok(sign_in) => {
                self.forgive(attempt, origin.request).await?;
                Ok(sign_in)
            }
            Err(IdentityError::WrongCredentials) => Err(IdentityError::WrongCredentials),
            Err(fault) => {
                // Ours, not theirs. If even this fails, the attempt counts for a quarter of an hour.
                let _ = self.forgive(attempt, origin.request).await;
                Err(fault)
            }
        }
    }

    async fn check(
        &self,
        email: &Email,
        password: Zeroizing<String>,
        origin: &Origin,
    ) -> Result<PersonId, IdentityError> {
        // No password is longer than this; hashing more would be work for nothing.
        if password.chars().count() > NewPassword::MAX {
            return Err(IdentityError::WrongCredentials);
        }
        let (person, stored) = match self.find_account(email, origin).await? {
            Some(account) => (Some(account.person), account.password_hash),
            None => (None, None),
        };
        let verdict = self.passwords.verify(origin.network(), password.clone(), stored).await?;
        let person = match (verdict, person) {
            (Verdict::Right | Verdict::RightButOld, Some(person)) => person,
            _ => return Err(IdentityError::WrongCredentials),
        };
        if verdict == Verdict::RightButOld {
            self.renew_hash(person, password, origin).await?;
        }
        Ok(person)
    }

    #[tracing::instrument(name = "db.person.find", skip_all)]
    async fn find_account(&self, email: &Email, origin: &Origin) -> Result<Option<Account>, StoreError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let row = sqlx::query!("select person_id, password_hash from app.people where email = $1", email.as_str())
            .fetch_optional(&mut tx)
            .await?;
        Ok(row.map(|row| Account { person: PersonId::from_uuid(row.person_id), password_hash: row.password_hash }))
    }

    #[tracing::instrument(name = "db.person.renew_hash", skip_all)]
    async fn renew_hash(
        &self,
        person: PersonId,
        password: Zeroizing<String>,
        origin: &Origin,
    ) -> Result<(), IdentityError> {
        let hash = self.passwords.hash(origin.network(), password).await?;
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        sqlx::query!("update app.people set password_hash = $2 where person_id = $1", person.uuid(), hash)
            .execute(&mut tx)
            .await
            .map_err(StoreError::from)?;
        Ok(tx.commit().await?)
    }
}
