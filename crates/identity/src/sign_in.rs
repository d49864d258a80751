//! Sign in with email and password. Whether an account exists shows neither in the answer nor in the time it takes.

use crate::passwords::Verdict;
use crate::{Identity, IdentityError, Origin};
use model::FieldError;
use model::input::{Email, NewPassword};
use model::{MemberId, PersonId, TenantId};
use store::sessions::SignedIn;
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

/// A person, the stored hash, and the membership that a session is opened for.
struct Account {
    signed_in: SignedIn,
    password_hash: Option<String>,
}

impl Identity {
    /// Checks an email and a password and says who that is. `device` is what the browser keeps ([`Identity::device`]).
    ///
    /// # Errors
    /// [`IdentityError::WrongCredentials`] for everything that does not open an account,
    /// [`IdentityError::TooManyAttempts`], or a fault.
    pub async fn sign_in(
        &self,
        form: SignInForm,
        origin: &Origin,
        device: Option<&str>,
    ) -> Result<SignedIn, IdentityError> {
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
        match self.check(&email, form.password, origin).await {
            Ok(signed_in) => {
                self.forgive(attempt, origin.request).await?;
                Ok(signed_in)
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
    ) -> Result<SignedIn, IdentityError> {
        // No password is longer than this; hashing more would be work for nothing.
        if password.chars().count() > NewPassword::MAX {
            return Err(IdentityError::WrongCredentials);
        }
        let (signed_in, stored) = match self.find_account(email, origin).await? {
            Some(account) => (Some(account.signed_in), account.password_hash),
            None => (None, None),
        };
        let verdict = self.passwords.verify(origin.network(), password.clone(), stored).await?;
        let signed_in = match (verdict, signed_in) {
            (Verdict::Right | Verdict::RightButOld, Some(signed_in)) => signed_in,
            _ => return Err(IdentityError::WrongCredentials),
        };
        if verdict == Verdict::RightButOld {
            self.renew_hash(signed_in.person, password, origin).await?;
        }
        Ok(signed_in)
    }

    /// The person of that email, with the oldest membership in a tenant that is not suspended.
    #[tracing::instrument(name = "db.person.find", skip_all)]
    async fn find_account(&self, email: &Email, origin: &Origin) -> Result<Option<Account>, StoreError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let row = sqlx::query!(
            "select p.person_id, p.password_hash, m.tenant_id, m.member_id
             from app.people p
             join app.memberships m on m.person_id = p.person_id
             join app.tenants t on t.tenant_id = m.tenant_id
             where p.email = $1 and t.suspended_at is null
             order by m.created_at, m.member_id limit 1",
            email.as_str()
        )
        .fetch_optional(&mut tx)
        .await?;
        Ok(row.map(|row| Account {
            signed_in: SignedIn {
                person: PersonId::from_uuid(row.person_id),
                tenant: TenantId::from_uuid(row.tenant_id),
                member: MemberId::from_uuid(row.member_id),
            },
            password_hash: row.password_hash,
        }))
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
