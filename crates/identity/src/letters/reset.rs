//! A new password for who has lost the old one. Whether an account exists shows neither in the answer nor in what is done
//! before it.

use super::LetterKind;
use crate::{Identity, IdentityError, Origin};
use model::PersonId;
use model::input::{Email, NewPassword};
use store::bus::Notice;
use store::{Reason, StoreError, sessions};
use zeroize::Zeroizing;

impl Identity {
    /// Sends the link for a new password, if there is such an account. Every question counts against its address.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for what is no address, [`IdentityError::TooManyAttempts`], or a fault.
    #[tracing::instrument(name = "db.letter.reset", skip_all)]
    pub async fn ask_reset(&self, email: &str, origin: &Origin) -> Result<(), IdentityError> {
        let email = Email::parse(email).map_err(|e| IdentityError::field("email", e.to_string()))?;
        self.attempt_letter(origin).await?;
        self.write_to(&email, LetterKind::Reset, origin).await
    }

    /// What somebody is sent who wanted to sign up with an address that has an account: that it has; or, where nobody has
    /// confirmed it yet, the way to make it theirs. (Its link to confirm would open it to whoever chose the password.)
    pub(crate) async fn tell_known(&self, email: &Email, origin: &Origin) -> Result<(), IdentityError> {
        self.write_to(email, LetterKind::Known, origin).await
    }

    async fn write_to(&self, email: &Email, kind: LetterKind, origin: &Origin) -> Result<(), IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let found = sqlx::query!(
            r#"select person_id, verified_at is not null as "confirmed!" from app.people where email = $1"#,
            email.as_str()
        )
        .fetch_optional(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let person = found.as_ref().map(|row| PersonId::from_uuid(row.person_id));
        let kind = match found {
            Some(row) if !row.confirmed => LetterKind::Reset,
            _ => kind,
        };
        // The same steps for nobody: something is looked for, and something is written.
        let nobody = PersonId::from_uuid(self.services.new_id());
        let tenant = self.tenant_of(&mut tx, person.unwrap_or(nobody)).await?;
        match (person, tenant) {
            (Some(person), Some(tenant)) => {
                self.write(&mut tx, (tenant, person), email.as_str(), kind).await?;
            }
            _ => self.write_nothing(&mut tx).await?,
        }
        tx.commit().await?;
        self.post_is_due();
        Ok(())
    }

    /// Whether the link opens the form.
    ///
    /// # Errors
    /// [`IdentityError::LinkOver`], or the database's.
    #[tracing::instrument(name = "db.letter.find", skip_all)]
    pub async fn may_reset(&self, token: &str, origin: &Origin) -> Result<(), IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        self.open(&mut tx, LetterKind::Reset, token).await.map(|_| ())
    }

    /// Gives an account a new password by the link of a letter. Who was signed in is signed out everywhere; the address is
    /// confirmed by this as well. Signs nobody in.
    ///
    /// # Errors
    /// [`IdentityError::LinkOver`] for a link that opens nothing any more, [`IdentityError::Invalid`] for a password that does
    /// not do, or a fault; nothing is changed then.
    pub async fn reset(&self, token: &str, password: Zeroizing<String>, origin: &Origin) -> Result<(), IdentityError> {
        // Looked at before the password is hashed, which costs; and again when it is changed.
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let opened = self.open(&mut tx, LetterKind::Reset, token).await?;
        drop(tx);
        let known = [opened.email.as_str(), opened.name.as_str()];
        let new = NewPassword::parse(&password, &known).map_err(|e| IdentityError::field("password", e.to_string()))?;
        let hash = self.passwords.hash(origin.network(), Zeroizing::new(new.expose().to_owned())).await?;
        self.change_password(token, &hash, origin).await
    }

    #[tracing::instrument(name = "db.person.reset", skip_all)]
    async fn change_password(&self, token: &str, hash: &str, origin: &Origin) -> Result<(), IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let opened = self.open(&mut tx, LetterKind::Reset, token).await?;
        sqlx::query!(
            "update app.people set password_hash = $2, verified_at = coalesce(verified_at, $3) where person_id = $1",
            opened.person.uuid(),
            hash,
            self.services.now()
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        for kind in [LetterKind::Reset, LetterKind::Confirm] {
            self.use_up(&mut tx, kind, opened.person).await?;
        }
        let ended = sessions::end_all_of(&mut tx, opened.person).await?;
        if let Some(tenant) = self.tenant_of(&mut tx, opened.person).await? {
            self.write(&mut tx, (tenant, opened.person), &opened.email, LetterKind::Changed).await?;
        }
        tx.commit().await?;
        for tenant in ended {
            self.services.publish(Notice::Ended { tenant });
        }
        self.post_is_due();
        tracing::info!("a password was reset");
        // Failures from before say nothing of the new one.
        if let Ok(email) = Email::parse(&opened.email) {
            self.forgive_account(&email, origin).await?;
        }
        Ok(())
    }
}
