//! Confirming an address.

use super::LetterKind;
use crate::{Identity, IdentityError, Origin};
use model::PersonId;
use store::sessions::SignIn;
use store::{Reason, StoreError};

impl Identity {
    /// Confirms an address by the link of a letter. Signs nobody in.
    ///
    /// # Errors
    /// [`IdentityError::LinkOver`] for a link that opens nothing any more, or the database's.
    #[tracing::instrument(name = "db.person.confirm", skip_all)]
    pub async fn confirm(&self, token: &str, origin: &Origin) -> Result<(), IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignUp, origin.request).await?;
        let person = self.open(&mut tx, LetterKind::Confirm, token).await?.person;
        let now = self.services.now();
        sqlx::query!(
            "update app.people set verified_at = coalesce(verified_at, $2) where person_id = $1",
            person.uuid(),
            now
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        self.use_up(&mut tx, LetterKind::Confirm, person).await?;
        tx.commit().await?;
        tracing::info!("an address was confirmed");
        Ok(())
    }

    /// Whether a person may sign in with an address as it is: confirmed, or with nobody to confirm it.
    #[tracing::instrument(name = "db.person.confirmed", skip_all)]
    pub(crate) async fn is_confirmed(&self, person: PersonId, origin: &Origin) -> Result<bool, StoreError> {
        if !self.delivers() {
            return Ok(true);
        }
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let found = sqlx::query_scalar!(
            r#"select verified_at is not null as "confirmed!" from app.people where person_id = $1"#,
            person.uuid()
        );
        Ok(found.fetch_optional(&mut tx).await?.unwrap_or_default())
    }

    /// The address of who signs in.
    ///
    /// # Errors
    /// [`IdentityError::SignInOver`] when there is no such person any more, or the database's.
    #[tracing::instrument(name = "db.person.email", skip_all)]
    pub async fn address_of(&self, person: PersonId, origin: &Origin) -> Result<String, IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let found = sqlx::query_scalar!("select email from app.people where person_id = $1", person.uuid());
        found.fetch_optional(&mut tx).await.map_err(StoreError::from)?.ok_or(IdentityError::SignInOver)
    }

    /// Goes on with a sign-in once the address has been confirmed, wherever that was.
    ///
    /// # Errors
    /// [`IdentityError::NotConfirmed`] as long as it has not been.
    pub async fn go_on_confirmed(&self, sign_in: SignIn, origin: &Origin) -> Result<SignIn, IdentityError> {
        if !self.is_confirmed(sign_in.person, origin).await? {
            return Err(IdentityError::NotConfirmed);
        }
        match self.advance(sign_in, origin).await {
            Err(IdentityError::WrongCredentials) => Err(IdentityError::SignInOver),
            other => other,
        }
    }

    /// Sends the letter once more; not for ever.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.letter.again", skip_all)]
    pub async fn confirm_again(&self, person: PersonId, origin: &Origin) -> Result<(), IdentityError> {
        let email = self.address_of(person, origin).await?;
        let mut tx = self.services.store.platform(Reason::SignUp, origin.request).await?;
        if let Some(tenant) = self.tenant_of(&mut tx, person).await? {
            self.write(&mut tx, (tenant, person), &email, LetterKind::Confirm).await?;
        }
        tx.commit().await?;
        self.post_is_due();
        Ok(())
    }
}
