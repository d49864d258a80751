//! API keys: a secret that is shown once and kept as a keyed hash.
//!
//! A key is `smt_` and 48 hex digits: 192 random bits, a prefix that secret scanners can look for, and nothing that a
//! double click would not select.

use crate::{Identity, IdentityError, hex};
use model::ApiKeyId;
use model::audit::Act;
use model::event::EventKind;
use model::identity::{ApiKey, NewApiKey};
use model::input::KeyName;
use model::permission::{ManageKeys, ReadWorkspace};
use store::audit::{self, Entry};
use store::bus::Notice;
use store::services::timestamp;
use store::{Caller, Denied, StoreError, events};

/// Most working keys of a tenant.
pub const MAX_KEYS: usize = 50;
/// Most keys that one list holds, revoked ones included.
const PAGE: i64 = 200;
/// Characters of a key that are shown afterwards: `smt_` and eight digits.
const SHOWN: usize = 12;

/// A new secret and what is kept of it.
pub(crate) struct DrawnKey {
    pub(crate) secret: String,
    pub(crate) prefix: String,
    pub(crate) hash: [u8; 32],
}

/// Whether a text can be a key at all; asked before the database is.
pub(crate) fn well_formed(secret: &str) -> bool {
    secret
        .strip_prefix("smt_")
        .is_some_and(|digits| digits.len() == 48 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl Identity {
    pub(crate) fn draw_key(&self) -> DrawnKey {
        let secret = format!("smt_{}", hex(&rand::random::<[u8; 24]>()));
        let prefix = secret.chars().take(SHOWN).collect();
        let hash = self.api_key_mac.mac(secret.as_bytes());
        DrawnKey { secret, prefix, hash }
    }

    /// Makes a key. Its secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for anybody but an owner, [`IdentityError::Invalid`] for a name that will not do,
    /// [`IdentityError::TooManyKeys`], or the database's.
    #[tracing::instrument(name = "db.api_key.create", skip_all)]
    pub async fn create_api_key(&self, caller: &Caller, name: &str) -> Result<NewApiKey, IdentityError> {
        let right = caller.may(ManageKeys)?;
        let name = KeyName::parse(name).map_err(|e| IdentityError::field("name", e.to_string()))?;
        let drawn = self.draw_key();
        let (id, now) = (self.services.new_id(), self.services.now());
        let mut tx = self.services.store.tenant(right.scope()).await?;
        // The tenant's row is the lock: two at once cannot both see room for one more.
        sqlx::query!("select tenant_id from app.tenants for no key update")
            .fetch_optional(&mut tx)
            .await
            .map_err(StoreError::from)?;
        let working = sqlx::query_scalar!(r#"select count(*) as "n!" from app.api_keys where revoked_at is null"#)
            .fetch_one(&mut tx)
            .await
            .map_err(StoreError::from)?;
        if working >= MAX_KEYS as i64 {
            return Err(IdentityError::TooManyKeys(MAX_KEYS));
        }
        sqlx::query!(
            "insert into app.api_keys (tenant_id, key_id, name, prefix, key_hash, created_by, created_at)
             values ($1, $2, $3, $4, $5, $6, $7)",
            right.scope().tenant().uuid(),
            id,
            name.as_str(),
            drawn.prefix,
            drawn.hash.as_slice(),
            right.member().ok_or(Denied)?.uuid(),
            now
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        events::record(&mut tx, &self.services, right.scope(), EventKind::KeyCreated, id).await?;
        let entry = Entry::new(Act::KeyCreated).to(id, name.as_str()).is("prefix", &drawn.prefix);
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        Ok(NewApiKey {
            key: ApiKey {
                id: ApiKeyId::from_uuid(id),
                name: name.as_str().to_owned(),
                prefix: drawn.prefix,
                created_at: timestamp(now),
                last_used_at: None,
                revoked_at: None,
            },
            secret: drawn.secret,
        })
    }

    /// The keys of the caller's tenant: working ones first, the newest on top.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.api_key.list", skip_all)]
    pub async fn list_api_keys(&self, caller: &Caller) -> Result<Vec<ApiKey>, IdentityError> {
        let right = caller.may(ReadWorkspace)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            "select key_id, name, prefix, created_at, last_used_at, revoked_at from app.api_keys
             order by revoked_at is not null, key_id desc limit $1",
            PAGE
        )
        .fetch_all(&mut tx)
        .await
        .map_err(StoreError::from)?;
        tx.leave_open();
        Ok(rows
            .into_iter()
            .map(|row| ApiKey {
                id: ApiKeyId::from_uuid(row.key_id),
                name: row.name,
                prefix: row.prefix,
                created_at: timestamp(row.created_at),
                last_used_at: row.last_used_at.map(timestamp),
                revoked_at: row.revoked_at.map(timestamp),
            })
            .collect())
    }

    /// Stops a key for good. Stopping it twice is the same as once.
    ///
    /// # Errors
    /// [`IdentityError::Denied`], [`IdentityError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.api_key.revoke", skip_all)]
    pub async fn revoke_api_key(&self, caller: &Caller, key: ApiKeyId) -> Result<(), IdentityError> {
        let right = caller.may(ManageKeys)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let revoked = sqlx::query!(
            "update app.api_keys set revoked_at = $2 where key_id = $1 and revoked_at is null returning name, prefix",
            key.uuid(),
            self.services.now()
        )
        .fetch_optional(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let Some(revoked) = revoked else {
            let there = sqlx::query!("select key_id from app.api_keys where key_id = $1", key.uuid());
            let there = there.fetch_optional(&mut tx).await.map_err(StoreError::from)?;
            return there.map(|_| ()).ok_or(IdentityError::NotFound);
        };
        events::record(&mut tx, &self.services, right.scope(), EventKind::KeyRevoked, key.uuid()).await?;
        let entry = Entry::new(Act::KeyRevoked).to(key.uuid(), &revoked.name).was("prefix", &revoked.prefix);
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        self.services.publish(Notice::Ended { tenant: right.scope().tenant() });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::well_formed;

    #[test]
    fn the_form_of_a_key() {
        assert!(well_formed(&format!("smt_{}", "0a".repeat(24))));
        for bad in ["", "smt_", "smt_xyz", &format!("sk_{}", "0a".repeat(24)), &format!("smt_{}", "0a".repeat(25))] {
            assert!(!well_formed(bad), "{bad:?}");
        }
    }
}
