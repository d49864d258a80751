//! Whoever runs the installation, by a program: the keys that open its interface, and what it does with companies ([`tenants`]).
//!
//! A key is `smo_` and 48 hex digits, shown once and kept as a keyed hash, as companies' keys are, under another key of the
//! installation's: neither opens what the other does. Keys are made in a terminal, where whoever does that may read everything anyway,
//! and by nothing else.

mod tenants;

pub use tenants::{Founded, FoundedOnce};

use crate::{Identity, IdentityError, KeyMark, Origin, Overlap, hex};
use model::input::KeyName;
use model::operator::{NewOperatorKey, OperatorKey, OperatorPermission};
use model::{OperatorKeyId, RequestId, TenantId};
use store::services::timestamp;
use store::{PlatformTx, Reason, StoreError};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use words::text;

/// Most working keys.
pub const MAX_OPERATOR_KEYS: usize = 50;
/// Most keys that a list holds, revoked ones included.
const PAGE: i64 = 200;
/// For how many days a key works at most.
const DAYS: i64 = 365;
/// How exact "last used" is.
const SEEN: Duration = Duration::minutes(1);
/// What every such key begins with.
const PREFIX: &str = "smo_";
/// Characters of a key that are shown afterwards: the prefix and eight digits.
const SHOWN: usize = 12;

/// A program of whoever runs the installation, which has come with a key that works. Made by [`Identity::authenticate_operator`] alone.
#[derive(Debug, Clone)]
pub struct Operator {
    key: OperatorKeyId,
    name: String,
    permissions: Vec<OperatorPermission>,
    origin: Origin,
}

impl Operator {
    /// Goes on for who may do this; writes into the log, under `security`, what is done, or was not.
    fn may(
        &self,
        permission: OperatorPermission,
        act: &'static str,
        tenant: Option<TenantId>,
    ) -> Result<(), IdentityError> {
        let (key, name, address) = (self.key, self.name.as_str(), self.origin.address);
        let tenant = tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
        if self.permissions.contains(&permission) {
            tracing::info!(target: "security", %key, name, %address, act, tenant, "an operator's key acts");
            return Ok(());
        }
        tracing::warn!(target: "security", %key, name, %address, act, tenant, "an operator's key may not do this");
        Err(IdentityError::OperatorMayNot(permission.name()))
    }
}

/// What a new key is to be.
#[derive(Debug, Clone)]
pub struct OperatorKeyWishes<'a> {
    /// What it is for.
    pub name: &'a str,
    /// What it may do.
    pub permissions: &'a [OperatorPermission],
    /// For how long.
    pub lasts: Duration,
}

/// A key, as the database has one.
struct KeyRow {
    key_id: Uuid,
    name: String,
    prefix: String,
    permissions: Vec<String>,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    last_used_at: Option<OffsetDateTime>,
    revoked_at: Option<OffsetDateTime>,
}

impl From<KeyRow> for OperatorKey {
    fn from(row: KeyRow) -> Self {
        Self {
            id: OperatorKeyId::from_uuid(row.key_id),
            name: row.name,
            prefix: row.prefix,
            permissions: named(&row.permissions),
            created_at: timestamp(row.created_at),
            expires_at: timestamp(row.expires_at),
            last_used_at: row.last_used_at.map(timestamp),
            revoked_at: row.revoked_at.map(timestamp),
        }
    }
}

/// Permissions by their names, each once. What has another name is one of a newer version, and none here.
fn named(names: &[String]) -> Vec<OperatorPermission> {
    OperatorPermission::ALL.iter().copied().filter(|one| names.iter().any(|name| name == one.name())).collect()
}

impl Identity {
    /// What a secret is known by; `None` for what cannot be a key of whoever runs the installation.
    pub fn operator_mark(&self, secret: &str) -> Option<KeyMark> {
        let digits = secret.strip_prefix(PREFIX)?;
        let well_formed = digits.len() == 48 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        well_formed.then(|| KeyMark(self.operator_mac.mac(secret.as_bytes())))
    }

    /// Who has come with a key; `None` when it opens nothing.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.operator_key.find", skip_all)]
    pub async fn authenticate_operator(&self, mark: KeyMark, origin: &Origin) -> Result<Option<Operator>, StoreError> {
        let now = self.services.now();
        let mut tx = self.services.store.platform(Reason::Operator, origin.request).await?;
        let found = sqlx::query!(
            "select key_id, name, permissions, last_used_at from app.operator_keys
             where key_hash = $1 and revoked_at is null and expires_at > $2",
            mark.0.as_slice(),
            now
        );
        let Some(row) = found.fetch_optional(&mut tx).await? else { return Ok(None) };
        if row.last_used_at.is_none_or(|at| at < now - SEEN) {
            sqlx::query!("update app.operator_keys set last_used_at = $2 where key_id = $1", row.key_id, now)
                .execute(&mut tx)
                .await?;
            tx.commit().await?;
        }
        let (key, permissions) = (OperatorKeyId::from_uuid(row.key_id), named(&row.permissions));
        Ok(Some(Operator { key, name: row.name, permissions, origin: *origin }))
    }

    /// Makes a key. Its secret is in the answer and nowhere else. For who is at the computer itself: nobody is asked.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a name that will not do, a key that may nothing, or a time that cannot be;
    /// [`IdentityError::TooManyOperatorKeys`]; or the database's.
    #[tracing::instrument(name = "db.operator_key.create", skip_all)]
    pub async fn create_operator_key(
        &self,
        wishes: &OperatorKeyWishes<'_>,
        request: RequestId,
    ) -> Result<NewOperatorKey, IdentityError> {
        let mut tx = self.services.store.platform(Reason::Operator, request).await?;
        self.hold_operator_keys(&mut tx).await?;
        let new = self.put_operator_key(&mut tx, wishes).await?;
        tx.commit().await?;
        let (key, name) = (new.key.id, new.key.name.as_str());
        tracing::info!(target: "security", %key, name, "an operator's key was made");
        Ok(new)
    }

    /// Those that work are held: two who make one at once cannot both see room for one more. (Where there is none there is room.)
    async fn hold_operator_keys(&self, tx: &mut PlatformTx) -> Result<(), StoreError> {
        sqlx::query!(
            "select key_id from app.operator_keys where revoked_at is null and expires_at > $1 order by key_id for no key update",
            self.services.now()
        )
        .fetch_all(tx)
        .await?;
        Ok(())
    }

    async fn put_operator_key(
        &self,
        tx: &mut PlatformTx,
        wishes: &OperatorKeyWishes<'_>,
    ) -> Result<NewOperatorKey, IdentityError> {
        let name = KeyName::parse(wishes.name).map_err(|e| IdentityError::field("name", e.0))?;
        let permissions: Vec<String> = wishes.permissions.iter().map(|one| one.name().to_owned()).collect();
        // In order, and each once.
        let permissions: Vec<String> = named(&permissions).into_iter().map(|one| one.name().to_owned()).collect();
        if permissions.is_empty() {
            return Err(IdentityError::field("may", text!("Choose something that the key may do.")));
        }
        if wishes.lasts <= Duration::ZERO || wishes.lasts > Duration::days(DAYS) {
            return Err(IdentityError::field("days", text!("Use a number from 1 to {most}.", most = DAYS)));
        }
        let (id, now) = (self.services.new_id(), self.services.now());
        // Not in the statement that has waited: it would not see what the one before has written.
        let working = sqlx::query_scalar!(
            r#"select count(*) as "n!" from app.operator_keys where revoked_at is null and expires_at > $1"#,
            now
        );
        let working = working.fetch_one(&mut *tx).await.map_err(StoreError::from)?;
        if working >= MAX_OPERATOR_KEYS as i64 {
            return Err(IdentityError::TooManyOperatorKeys(MAX_OPERATOR_KEYS));
        }
        let secret = format!("{PREFIX}{}", hex(&rand::random::<[u8; 24]>()));
        let prefix: String = secret.chars().take(SHOWN).collect();
        let hash = self.operator_mac.mac(secret.as_bytes());
        let row = sqlx::query_as!(
            KeyRow,
            "insert into app.operator_keys (key_id, name, prefix, key_hash, permissions, created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7)
             returning key_id, name, prefix, permissions, created_at, expires_at, last_used_at, revoked_at",
            id,
            name.as_str(),
            prefix,
            hash.as_slice(),
            &permissions,
            now,
            now + wishes.lasts
        )
        .fetch_one(tx)
        .await
        .map_err(StoreError::from)?;
        Ok(NewOperatorKey { key: row.into(), secret })
    }

    /// The keys: working ones first, the newest on top.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.operator_key.list", skip_all)]
    pub async fn list_operator_keys(&self, request: RequestId) -> Result<Vec<OperatorKey>, IdentityError> {
        let mut tx = self.services.store.platform(Reason::Operator, request).await?;
        let rows = sqlx::query_as!(
            KeyRow,
            "select key_id, name, prefix, permissions, created_at, expires_at, last_used_at, revoked_at from app.operator_keys
             order by revoked_at is not null or expires_at <= $2, key_id desc limit $1",
            PAGE,
            self.services.now()
        );
        let rows = rows.fetch_all(&mut tx).await.map_err(StoreError::from)?;
        Ok(rows.into_iter().map(OperatorKey::from).collect())
    }

    /// Puts another key in the place of one, which may as much, for as long as that one was made for; that one goes on for a while.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] for one that does not work, [`IdentityError::KeyIsReplaced`], and those of
    /// [`Identity::create_operator_key`].
    #[tracing::instrument(name = "db.operator_key.replace", skip_all)]
    pub async fn replace_operator_key(
        &self,
        key: OperatorKeyId,
        overlap: Overlap,
        request: RequestId,
    ) -> Result<NewOperatorKey, IdentityError> {
        let now = self.services.now();
        let mut tx = self.services.store.platform(Reason::Operator, request).await?;
        self.hold_operator_keys(&mut tx).await?;
        let old = sqlx::query!(
            "select name, permissions, created_at, expires_at, replaced_at from app.operator_keys
             where key_id = $1 and revoked_at is null and expires_at > $2 for no key update",
            key.uuid(),
            now
        );
        let old = old.fetch_optional(&mut tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
        if old.replaced_at.is_some() {
            return Err(IdentityError::KeyIsReplaced);
        }
        let ends = overlap.ends(now).min(old.expires_at);
        // Before the new one is counted.
        sqlx::query!(
            "update app.operator_keys
             set expires_at = $2, replaced_at = $3, revoked_at = case when $4 then $3::timestamptz end where key_id = $1",
            key.uuid(),
            ends,
            now,
            overlap == Overlap::None
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let permissions = named(&old.permissions);
        let lasts = old.expires_at - old.created_at;
        let wishes = OperatorKeyWishes { name: &old.name, permissions: &permissions, lasts };
        let new = self.put_operator_key(&mut tx, &wishes).await?;
        tx.commit().await?;
        tracing::info!(target: "security", %key, by = %new.key.id, name = old.name, "an operator's key was replaced");
        Ok(new)
    }

    /// Stops a key for good. Stopping it twice is the same as once.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.operator_key.revoke", skip_all)]
    pub async fn revoke_operator_key(&self, key: OperatorKeyId, request: RequestId) -> Result<(), IdentityError> {
        let mut tx = self.services.store.platform(Reason::Operator, request).await?;
        let there = sqlx::query!(
            "update app.operator_keys set revoked_at = coalesce(revoked_at, $2) where key_id = $1",
            key.uuid(),
            self.services.now()
        );
        let there = there.execute(&mut tx).await.map_err(StoreError::from)?;
        if there.rows_affected() == 0 {
            return Err(IdentityError::NotFound);
        }
        tx.commit().await?;
        tracing::info!(target: "security", %key, "an operator's key was revoked");
        Ok(())
    }
}
