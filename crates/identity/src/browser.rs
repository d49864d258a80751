//! What a browser keeps for us on a way of some steps, sealed: nobody can read it or make it, and strangers who begin cost no row.
//! What may count once alone is written down when it comes back.

use crate::{Identity, IdentityError, Origin, hex, unhex};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use store::sealing::{Owner, Spot};
use store::{PlatformTx, Reason, StoreError};
use time::Duration;
use uuid::Uuid;

/// How long somebody may be on such a way.
pub(crate) const OPEN: Duration = Duration::minutes(15);

/// What a sealed value is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sealed {
    /// Somebody is at a provider.
    Way,
    /// A provider has vouched for somebody, who is asked something.
    Pending,
    /// A passkey is being made.
    NewPasskey,
    /// A passkey is asked for.
    Passkey,
}

impl Sealed {
    const fn spot(self) -> Spot {
        let column = match self {
            Self::Way => "browser.sign_on_way",
            Self::Pending => "browser.sign_on_pending",
            Self::NewPasskey => "browser.new_passkey",
            Self::Passkey => "browser.passkey",
        };
        Spot { owner: Owner::Browser, column, row: Uuid::nil() }
    }
}

impl Identity {
    /// What a browser is to keep.
    pub(crate) fn keep(&self, sealed: Sealed, what: &impl Serialize) -> Result<String, IdentityError> {
        let text = serde_json::to_vec(what).map_err(|_| StoreError::Corrupt("what a browser keeps"))?;
        Ok(hex(&self.sealer.seal(&sealed.spot(), &text)?))
    }

    /// What a browser has kept; whatever else it sends is as if it had kept nothing.
    pub(crate) fn kept<T: DeserializeOwned>(&self, sealed: Sealed, value: &str) -> Result<T, IdentityError> {
        let bytes = unhex(value).ok_or(IdentityError::SignInOver)?;
        let open = self.sealer.open(&sealed.spot(), &bytes).map_err(|_| IdentityError::SignInOver)?;
        serde_json::from_slice(&open).map_err(|_| IdentityError::SignInOver)
    }

    /// Writes down that something has come back: the second time it opens nothing.
    #[tracing::instrument(name = "db.sign_on_answer.write", skip_all)]
    pub(crate) async fn answered(&self, mark: &str, origin: &Origin) -> Result<(), IdentityError> {
        let mut tx = self.services.store.platform(Reason::SignIn, origin.request).await?;
        let hash: [u8; 32] = Sha256::digest(mark.as_bytes()).into();
        let written = sqlx::query!(
            "insert into app.sign_on_answers (state_hash, answered_at) values ($1, $2) on conflict do nothing",
            hash.as_slice(),
            self.services.now()
        );
        let first = written.execute(&mut tx).await.map_err(StoreError::from)?.rows_affected() == 1;
        tx.commit().await?;
        if first { Ok(()) } else { Err(IdentityError::SignInOver) }
    }

    /// Removes answers that could not come again; returns how many.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.sign_on_answer.clean_up", skip_all)]
    pub(crate) async fn delete_old_answers(&self, tx: &mut PlatformTx) -> Result<u64, StoreError> {
        let old = sqlx::query!("delete from app.sign_on_answers where answered_at <= $1", self.services.now() - OPEN);
        Ok(old.execute(tx).await?.rows_affected())
    }
}
