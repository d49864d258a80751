//! API keys: a secret that is shown once and kept as a keyed hash.
//!
//! A key is `smt_` and 48 hex digits: 192 random bits, a prefix that secret scanners can look for, and nothing that a
//! double click would not select.

use crate::members::hold;
use crate::{Identity, IdentityError, hex};
use model::ApiKeyId;
use model::audit::Act;
use model::event::EventKind;
use model::identity::{ApiKey, NewApiKey};
use model::input::KeyName;
use model::permission::{API_KEY, KEY_AT_MOST, ManageKeys, Permissions, ReadWorkspace};
use store::audit::{self, Entry};
use store::bus::Notice;
use store::services::timestamp;
use store::{Caller, Denied, Right, StoreError, TenantTx, events};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use words::text;

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

/// How long a key that is replaced goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// Not at all.
    None,
    /// A day.
    Day,
    /// A week.
    Week,
}

impl Overlap {
    /// When one ends that is replaced now, unless it ends before.
    pub(crate) fn ends(self, now: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::None => now,
            Self::Day => now + Duration::days(1),
            Self::Week => now + Duration::days(7),
        }
    }
}

/// What a new key is to be.
#[derive(Debug, Clone)]
pub struct KeyWishes<'a> {
    /// What it is for.
    pub name: &'a str,
    /// What it may do.
    pub scopes: Permissions,
    /// For how long, if not for ever.
    pub lasts: Option<Duration>,
    /// Whether it signs requests instead of being sent with them.
    pub signs: bool,
}

impl<'a, S: AsRef<str> + ?Sized> From<&'a S> for KeyWishes<'a> {
    /// What a key is of which nothing else is said.
    fn from(name: &'a S) -> Self {
        Self { name: name.as_ref(), scopes: API_KEY, lasts: None, signs: false }
    }
}

impl Identity {
    pub(crate) fn draw_key(&self) -> DrawnKey {
        let secret = format!("smt_{}", hex(&rand::random::<[u8; 24]>()));
        let prefix = secret.chars().take(SHOWN).collect();
        let hash = self.api_key_mac.mac(secret.as_bytes());
        DrawnKey { secret, prefix, hash }
    }

    /// The same of a key that signs.
    fn signing_key(&self, id: Uuid) -> DrawnKey {
        let secret = self.signing_secret(id);
        DrawnKey { prefix: secret.chars().take(SHOWN).collect(), hash: self.signing_mark(id), secret }
    }

    /// Makes a key. Its secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`IdentityError::Denied`] for who may not, or may not themself what the key is to do; [`IdentityError::Invalid`] for a name
    /// that will not do, or a key that may nothing; [`IdentityError::TooManyKeys`], or the database's.
    #[tracing::instrument(name = "db.api_key.create", skip_all)]
    pub async fn create_api_key(
        &self,
        caller: &Caller,
        wishes: impl Into<KeyWishes<'_>>,
    ) -> Result<NewApiKey, IdentityError> {
        let right = caller.may(ManageKeys)?;
        let wishes: KeyWishes<'_> = wishes.into();
        let scopes = wishes.scopes.reaching(caller.permissions().within(KEY_AT_MOST));
        let wishes = KeyWishes { scopes, ..wishes };
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx, caller).await?;
        let new = self.put_key(&mut tx, caller, right, &wishes).await?;
        let entry = Entry::new(Act::KeyCreated).to(new.key.id.uuid(), &new.key.name);
        let entry = entry.is("prefix", &new.key.prefix).is("scopes", wishes.scopes.names().join(" "));
        let entry = if wishes.signs { entry.is("signs", "yes") } else { entry };
        let entry = entry.is("expires_at", new.key.expires_at.map_or_else(|| "never".to_owned(), |at| at.to_string()));
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        Ok(new)
    }

    /// Puts another key in the place of one, which may as much; that one goes on for a while.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] for one that does not work, and those of [`Identity::create_api_key`].
    #[tracing::instrument(name = "db.api_key.rotate", skip_all)]
    pub async fn rotate_api_key(
        &self,
        caller: &Caller,
        key: ApiKeyId,
        overlap: Overlap,
    ) -> Result<NewApiKey, IdentityError> {
        let right = caller.may(ManageKeys)?;
        let now = self.services.now();
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx, caller).await?;
        let old = sqlx::query!(
            "select name, prefix, scopes, created_at, expires_at, replaced_at, signs from app.api_keys
             where key_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2) for no key update",
            key.uuid(),
            now
        )
        .fetch_optional(&mut tx)
        .await
        .map_err(StoreError::from)?
        .ok_or(IdentityError::NotFound)?;
        if old.replaced_at.is_some() {
            return Err(IdentityError::KeyIsReplaced);
        }
        let scopes = Permissions::named(old.scopes.iter().map(String::as_str));
        let lasts = old.expires_at.map(|until| until - old.created_at);
        let ends = overlap.ends(now);
        let ends = old.expires_at.map_or(ends, |until| until.min(ends));
        // Before the new one is counted.
        sqlx::query!(
            "update app.api_keys set expires_at = $2, replaced_at = $4, revoked_at = case when $3 then $2::timestamptz end
             where key_id = $1",
            key.uuid(),
            ends,
            overlap == Overlap::None,
            now
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let wishes = KeyWishes { name: &old.name, scopes, lasts, signs: old.signs };
        let new = self.put_key(&mut tx, caller, right, &wishes).await?;
        let entry = Entry::new(Act::KeyRotated).to(new.key.id.uuid(), &old.name);
        let entry = entry.was("prefix", &old.prefix).is("prefix", &new.key.prefix);
        let entry = entry.is("old_one_expires_at", timestamp(ends).to_string());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        self.services.publish(Notice::Ended { tenant: right.scope().tenant() });
        Ok(new)
    }

    async fn put_key(
        &self,
        tx: &mut TenantTx,
        caller: &Caller,
        right: Right<'_, ManageKeys>,
        wishes: &KeyWishes<'_>,
    ) -> Result<NewApiKey, IdentityError> {
        let name = KeyName::parse(wishes.name).map_err(|e| IdentityError::field("name", e.0))?;
        if wishes.scopes == Permissions::default() {
            return Err(IdentityError::field("scopes", text!("Choose something that the key may do.")));
        }
        // Nobody gives away what they have not.
        if !KEY_AT_MOST.have(wishes.scopes) || !caller.permissions().have(wishes.scopes) {
            return Err(Denied.into());
        }
        let (id, now) = (self.services.new_id(), self.services.now());
        let drawn = if wishes.signs { self.signing_key(id) } else { self.draw_key() };
        let expires_at = wishes.lasts.map(|lasts| now + lasts);
        // The tenant's row is held: two at once cannot both see room for one more.
        let working = sqlx::query_scalar!(
            r#"select count(*) as "n!" from app.api_keys
               where revoked_at is null and (expires_at is null or expires_at > $1)"#,
            now
        )
        .fetch_one(&mut *tx)
        .await
        .map_err(StoreError::from)?;
        if working >= MAX_KEYS as i64 {
            return Err(IdentityError::TooManyKeys(MAX_KEYS));
        }
        sqlx::query!(
            "insert into app.api_keys
               (tenant_id, key_id, name, prefix, key_hash, created_by, created_at, scopes, expires_at, signs)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            right.scope().tenant().uuid(),
            id,
            name.as_str(),
            drawn.prefix,
            drawn.hash.as_slice(),
            right.member().ok_or(Denied)?.uuid(),
            now,
            &wishes.scopes.names(),
            expires_at,
            wishes.signs
        )
        .execute(&mut *tx)
        .await
        .map_err(StoreError::from)?;
        events::record(tx, &self.services, right.scope(), EventKind::KeyCreated, id).await?;
        Ok(NewApiKey {
            key: ApiKey {
                id: ApiKeyId::from_uuid(id),
                name: name.as_str().to_owned(),
                prefix: drawn.prefix,
                signs: wishes.signs,
                scopes: wishes.scopes.list(),
                created_at: timestamp(now),
                expires_at: expires_at.map(timestamp),
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
            "select key_id, name, prefix, signs, scopes, created_at, expires_at, last_used_at, revoked_at from app.api_keys
             order by revoked_at is not null or coalesce(expires_at <= $2, false), key_id desc limit $1",
            PAGE,
            self.services.now()
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
                signs: row.signs,
                scopes: Permissions::named(row.scopes.iter().map(String::as_str)).list(),
                created_at: timestamp(row.created_at),
                expires_at: row.expires_at.map(timestamp),
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
        hold(&mut tx, caller).await?;
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
