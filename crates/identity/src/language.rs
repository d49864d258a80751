//! The language that somebody has chosen.

use crate::account::person;
use crate::{Identity, IdentityError};
use store::{Caller, Reason, StoreError};
use words::Language;

/// The language of that tag, as it stands in the database.
pub(crate) fn spoken(tag: Option<String>) -> Option<Language> {
    Language::offered(&tag?)
}

impl Identity {
    /// Speaks to the caller in a language from now on, wherever they work; without one, in that of each workspace.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for a program, or the database's.
    #[tracing::instrument(name = "db.person.language", skip_all)]
    pub async fn choose_language(&self, caller: &Caller, language: Option<Language>) -> Result<(), IdentityError> {
        let person = person(caller)?;
        let mut tx = self.services.store.platform(Reason::SignIn, caller.scope().request()).await?;
        sqlx::query!(
            "update app.memberships set language = $2 where person_id = $1",
            person.uuid(),
            language.map(Language::tag)
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        Ok(tx.commit().await?)
    }
}
