//! Confirming an address.

use super::{LetterKind, Named};
use crate::sign_in::Known;
use crate::{Identity, IdentityError, Origin, SignInForm};
use store::sessions::{Proof, SignIn};
use store::{Reason, StoreError};
use zeroize::Zeroizing;

impl Identity {
    /// The address that a link would confirm.
    ///
    /// # Errors
    /// [`IdentityError::LinkOver`] for a link that opens nothing any more, or the database's.
    pub async fn may_confirm(&self, token: &str, origin: &Origin) -> Result<String, IdentityError> {
        self.address_of(&[LetterKind::Confirm], token, origin).await
    }

    /// Confirms an address by the link of a letter and the password that was chosen with it, and begins a sign-in. Without the
    /// password a link would open to whoever signed up with somebody's address what its owner confirms.
    ///
    /// # Errors
    /// [`IdentityError::LinkOver`] for a link that opens nothing any more, and those of [`Identity::sign_in`].
    pub async fn confirm(
        &self,
        token: &str,
        password: Zeroizing<String>,
        origin: &Origin,
    ) -> Result<SignIn, IdentityError> {
        let named = self.named(&[LetterKind::Confirm], token)?;
        let email = self.may_confirm(token, origin).await?;
        let then = |known: Known| async move {
            self.confirmed(named, known, origin).await?;
            self.advance(self.begun(known.person, Proof::Password, known.epoch), origin).await
        };
        self.with_password(SignInForm { email, password }, origin, None, then).await
    }

    #[tracing::instrument(name = "db.person.confirm", skip_all)]
    async fn confirmed(&self, named: Named, known: Known, origin: &Origin) -> Result<(), IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignUp, origin.request).await?;
        let opened = self.open(&mut tx, named, true).await?;
        if opened.person != known.person {
            return Err(IdentityError::LinkOver);
        }
        sqlx::query!(
            "update app.people set verified_at = coalesce(verified_at, $2) where person_id = $1",
            opened.person.uuid(),
            self.services.now()
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        self.use_up(&mut tx, opened.person).await?;
        tx.commit().await?;
        tracing::info!("an address was confirmed");
        Ok(())
    }
}
