//! Requests that are signed, instead of carrying a key: what they are signed with, and that each counts once.
//!
//! The secret of a key that signs is made of the key's id and the installation's secret, so nothing in the database can sign, and
//! who has no key costs the database nothing. Its row is found by a mark that is made of its id.

use crate::{Identity, KeyMark, hex};
use hmac::{Hmac, KeyInit as _, Mac as _};
use model::{ApiKeyId, RequestId};
use sha2::{Digest as _, Sha256};
use store::{Caller, Reason, StoreError};
use time::Duration;
use uuid::Uuid;

/// How far the clock of whoever signs may be off.
const DRIFT: Duration = Duration::minutes(5);
/// How long it is remembered that a signature was used: until none of its time is taken any more.
const REMEMBERED: Duration = Duration::minutes(15);

impl Identity {
    /// What a key signs with.
    pub(crate) fn signing_secret(&self, key: Uuid) -> String {
        let mac = self.signing_mac.mac(key.as_bytes());
        format!("sms_{}", hex(mac.get(..24).unwrap_or_default()))
    }

    /// By what its row is found. No secret of a key that is sent has this form.
    pub(crate) fn signing_mark(&self, key: Uuid) -> [u8; 32] {
        self.api_key_mac.mac(&[b"signs:", &key.as_bytes()[..]].concat())
    }

    /// The mark of a key, if it has signed this text.
    pub fn signed_by(&self, key: ApiKeyId, text: &[u8], signature: &[u8]) -> Option<KeyMark> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.signing_secret(key.uuid()).as_bytes()).ok()?;
        mac.update(text);
        mac.verify_slice(signature).ok()?;
        Some(KeyMark(self.signing_mark(key.uuid())))
    }

    /// Whether a signature of this second is still taken, or already.
    pub fn is_recent(&self, created: i64) -> bool {
        (self.services.now().unix_timestamp() - created).unsigned_abs() <= DRIFT.whole_seconds().unsigned_abs()
    }

    /// Whether it is not this second yet.
    pub fn is_open(&self, expires: i64) -> bool {
        self.services.now().unix_timestamp() < expires
    }

    /// Uses up what a key has signed once; says whether it was the first time.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.nonce.use", skip_all)]
    pub async fn use_nonce(&self, caller: &Caller, key: ApiKeyId, nonce: &str) -> Result<bool, StoreError> {
        let hash = Sha256::digest(nonce.as_bytes());
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        let used = sqlx::query!(
            "insert into app.nonces (tenant_id, key_id, nonce_hash, used_at) values ($1, $2, $3, $4) on conflict do nothing",
            caller.scope().tenant().uuid(),
            key.uuid(),
            hash.as_slice(),
            self.services.now()
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(used.rows_affected() == 1)
    }

    /// Forgets those of signatures that are too old to be taken; returns how many.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.nonce.clean_up", skip_all)]
    pub async fn delete_old_nonces(&self) -> Result<u64, StoreError> {
        let request = RequestId::from_uuid(self.services.new_id());
        let mut tx = self.services.store.platform(Reason::CleanUp, request).await?;
        let done = sqlx::query!("delete from app.nonces where used_at <= $1", self.services.now() - REMEMBERED)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}
