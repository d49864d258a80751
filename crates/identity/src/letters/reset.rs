//! A new password for who has lost the old one. Whether an account exists shows neither in the answer nor in what is done
//! before it.

use super::{LetterKind, Named};
use crate::{Identity, IdentityError, Origin};
use model::PersonId;
use model::audit::Act;
use model::input::{Email, NewPassword};
use store::audit::{self, Entry};
use store::bus::Notice;
use store::{Reason, StoreError, sessions};
use zeroize::Zeroizing;

/// Whose links open the form for a new password.
const OPENS: &[LetterKind] = &[LetterKind::Reset, LetterKind::Claim];

impl Identity {
    /// Sends the link for a new password, if there is such an account. Every question counts against its address.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for what is no address, [`IdentityError::TooManyAttempts`], or a fault.
    pub async fn ask_reset(&self, email: &str, origin: &Origin) -> Result<(), IdentityError> {
        let email = Email::parse(email).map_err(|e| IdentityError::field("email", e.0))?;
        self.attempt_letter(origin).await?;
        self.write_to(&email, LetterKind::Reset, origin).await
    }

    /// What somebody is sent who wanted to sign up with an address that has an account: that it has; or, where nobody has
    /// confirmed it yet, the way to make it theirs.
    pub(crate) async fn tell_known(&self, email: &Email, origin: &Origin) -> Result<(), IdentityError> {
        self.write_to(email, LetterKind::Known, origin).await
    }

    #[tracing::instrument(name = "db.letter.write", skip_all)]
    async fn write_to(&self, email: &Email, kind: LetterKind, origin: &Origin) -> Result<(), IdentityError> {
        // Somebody who asks in another's name uses up what is asked for from there, and not what its owner may ask for.
        let enough = match self.attempt_letter_to(email, origin).await {
            Ok(_) => false,
            Err(IdentityError::TooManyAttempts { .. }) => true,
            Err(error) => return Err(error),
        };
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let found = sqlx::query!(
            r#"select person_id, verified_at is not null as "confirmed!" from app.people where email = $1
               for no key update"#,
            email.as_str()
        )
        .fetch_optional(&mut tx)
        .await
        .map_err(StoreError::from)?;
        // The same steps for nobody: as much is looked for, and as much is written.
        let nobody = PersonId::from_uuid(self.services.new_id());
        let person = found.as_ref().map_or(nobody, |row| PersonId::from_uuid(row.person_id));
        let kind = if found.is_some_and(|row| !row.confirmed) { LetterKind::Claim } else { kind };
        let tenant = self.tenant_of(&mut tx, person).await?.filter(|_| !enough);
        let nowhere = model::TenantId::from_uuid(self.services.new_id());
        if !self.write(&mut tx, (tenant.unwrap_or(nowhere), person), email.as_str(), kind).await? {
            self.write_nothing(&mut tx).await?;
        }
        tx.commit().await?;
        self.post_is_due();
        Ok(())
    }

    /// The address whose password a link would change.
    ///
    /// # Errors
    /// [`IdentityError::LinkOver`], or the database's.
    pub async fn may_reset(&self, token: &str, origin: &Origin) -> Result<String, IdentityError> {
        self.address_of(OPENS, token, origin).await
    }

    /// Gives an account a new password by the link of a letter. Who was signed in is signed out everywhere; the address is
    /// confirmed by this as well. Signs nobody in.
    ///
    /// # Errors
    /// [`IdentityError::LinkOver`] for a link that opens nothing any more, [`IdentityError::Invalid`] for a password that does
    /// not do, or a fault; nothing is changed then.
    pub async fn reset(&self, token: &str, password: Zeroizing<String>, origin: &Origin) -> Result<(), IdentityError> {
        let named = self.named(OPENS, token)?;
        // Looked at before the password is hashed, which costs; and again when it is changed.
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let opened = self.open(&mut tx, named, false).await?;
        drop(tx);
        let known = [opened.email.as_str(), opened.name.as_str()];
        let new = NewPassword::parse(&password, &known).map_err(|e| IdentityError::field("password", e.0))?;
        let hash = self.passwords.hash(origin.network(), Zeroizing::new(new.expose().to_owned())).await?;
        self.put_reset(named, &hash, origin).await
    }

    #[tracing::instrument(name = "db.person.reset", skip_all)]
    async fn put_reset(&self, named: Named, hash: &str, origin: &Origin) -> Result<(), IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let opened = self.open(&mut tx, named, true).await?;
        // Before the sessions: a sign-in that is on its way waits for this, or is ended below.
        sqlx::query!(
            "update app.people set password_hash = $2, password_epoch = password_epoch + 1,
               verified_at = coalesce(verified_at, $3) where person_id = $1",
            opened.person.uuid(),
            hash,
            self.services.now()
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        // The membership before its letters, as who ends one does.
        if let Some(tenant) = self.tenant_of(&mut tx, opened.person).await? {
            self.write(&mut tx, (tenant, opened.person), &opened.email, LetterKind::Changed).await?;
        }
        self.use_up(&mut tx, opened.person).await?;
        self.begin_codes_anew(&mut tx, opened.person).await?;
        let ended = sessions::end_all_of(&mut tx, opened.person, None).await?;
        let entry = Entry::new(Act::PasswordReset);
        audit::record_everywhere(&mut tx, &self.services, (opened.person, None), origin.into(), &entry).await?;
        tx.commit().await?;
        for tenant in ended {
            self.services.publish(Notice::Ended { tenant });
        }
        self.post_is_due();
        tracing::info!("a password was reset");
        // Failures from before say nothing of the new one. It is changed, whatever becomes of this.
        if let Ok(email) = Email::parse(&opened.email) {
            let _ = self.forgive_account(&email, origin).await;
        }
        Ok(())
    }
}
