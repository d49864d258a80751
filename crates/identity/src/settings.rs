//! The settings of a workspace: read, changed by a new version over the one that was seen, and brought back. What is in force stands
//! in the tenant's own row, where sessions and sign-ins look.

use crate::language::spoken;
use crate::members::hold;
use crate::{Identity, IdentityError};
use model::audit::Act;
use model::permission::{ManageSettings, ReadWorkspace};
use model::settings::{Settings, SettingsVersion};
use sqlx::types::Json;
use store::audit::{self, Entry};
use store::services::timestamp;
use store::{Actor, Caller, StoreError, TenantTx};
use time::OffsetDateTime;
use words::Language;

/// Versions that a list shows.
const LISTED: i64 = 100;

/// A row of the tenant's own.
struct InForce {
    settings: Settings,
    version: Option<i32>,
    created_at: OffsetDateTime,
}

impl Identity {
    /// What is in force, and the number of its version.
    ///
    /// # Errors
    /// [`IdentityError::Denied`], or the database's.
    #[tracing::instrument(name = "db.settings.get", skip_all)]
    pub async fn settings(&self, caller: &Caller) -> Result<(i32, Settings), IdentityError> {
        let right = caller.may(ReadWorkspace)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let found = in_force(&mut tx).await?;
        tx.leave_open();
        Ok((found.version.unwrap_or_default(), found.settings))
    }

    /// The versions, the latest first.
    ///
    /// # Errors
    /// [`IdentityError::Denied`], or the database's.
    #[tracing::instrument(name = "db.settings.list", skip_all)]
    pub async fn settings_versions(&self, caller: &Caller) -> Result<Vec<SettingsVersion>, IdentityError> {
        let right = caller.may(ManageSettings)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            r#"select version, settings as "settings: Json<Settings>", restores, changed_by_name, changed_at
               from app.settings order by version desc limit $1"#,
            LISTED
        );
        let rows = rows.fetch_all(&mut tx).await.map_err(StoreError::from)?;
        tx.leave_open();
        let version = rows.into_iter().map(|row| SettingsVersion {
            version: row.version,
            settings: row.settings.0,
            restores: row.restores,
            changed_by: row.changed_by_name,
            changed_at: timestamp(row.changed_at),
        });
        Ok(version.collect())
    }

    /// Puts new settings over the version that was seen. What is the same changes nothing.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`], [`IdentityError::SettingsChanged`] when that version is in force no more,
    /// [`IdentityError::Denied`], or the database's.
    pub async fn change_settings(
        &self,
        caller: &Caller,
        seen: i32,
        settings: Settings,
    ) -> Result<(i32, Settings), IdentityError> {
        let settings = settings.checked().map_err(IdentityError::Invalid)?;
        self.put_settings(caller, seen, Wanted::New(settings)).await
    }

    /// Brings the settings of a version back, as a new one.
    ///
    /// # Errors
    /// [`IdentityError::NotFound`] for one that there is not, and those of [`Identity::change_settings`].
    pub async fn restore_settings(
        &self,
        caller: &Caller,
        seen: i32,
        version: i32,
    ) -> Result<(i32, Settings), IdentityError> {
        self.put_settings(caller, seen, Wanted::Version(version)).await
    }

    #[tracing::instrument(name = "db.settings.change", skip_all)]
    async fn put_settings(&self, caller: &Caller, seen: i32, wanted: Wanted) -> Result<(i32, Settings), IdentityError> {
        let right = caller.may(ManageSettings)?;
        let (tenant, now) = (right.scope().tenant(), self.services.now());
        let mut tx = self.services.store.tenant(right.scope()).await?;
        // The tenant's row: two who change them at once are one after the other.
        hold(&mut tx, caller).await?;
        let before = in_force(&mut tx).await?;
        let current = before.version.unwrap_or_default();
        if current != seen {
            return Err(IdentityError::SettingsChanged);
        }
        let (settings, restores) = match wanted {
            Wanted::New(settings) => (settings, None),
            Wanted::Version(version) => (version_of(&mut tx, version).await?, Some(version)),
        };
        let differences = before.settings.differences(&settings);
        if differences.is_empty() {
            return Ok((current, settings));
        }
        if before.version.is_none() {
            // How it was made is a version as well.
            put_version(&mut tx, tenant, 0, (&before.settings, None), (None, ""), before.created_at).await?;
        }
        let (by, name) = self.called(&mut tx, caller).await?;
        let version = current + 1;
        put_version(&mut tx, tenant, version, (&settings, restores), (by, &name), now).await?;
        let minutes = |minutes: Option<u32>| minutes.and_then(|minutes| i32::try_from(minutes).ok());
        sqlx::query!(
            "update app.tenants set name = $2, session_minutes = $3, idle_minutes = $4, second_factor = $5,
               language = $6 where tenant_id = $1",
            tenant.uuid(),
            settings.name,
            minutes(settings.session_minutes),
            minutes(settings.idle_minutes),
            settings.second_factor,
            settings.language.map(Language::tag)
        )
        .execute(&mut tx)
        .await
        .map_err(StoreError::from)?;
        let number = version.to_string();
        let mut entry = Entry::new(Act::SettingsChanged).is("version", &number);
        for (name, was, is) in &differences {
            entry = entry.was(name, was.to_string()).is(name, is.to_string());
        }
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        Ok((version, settings))
    }

    /// The member who asks, and what the actor is called.
    async fn called(&self, tx: &mut TenantTx, caller: &Caller) -> Result<(Option<uuid::Uuid>, String), IdentityError> {
        let found = match caller.actor() {
            Actor::Member { member, .. } => {
                let name = sqlx::query_scalar!("select name from app.memberships where member_id = $1", member.uuid());
                (Some(member.uuid()), name.fetch_optional(tx).await.map_err(StoreError::from)?)
            }
            Actor::ApiKey { key, .. } => {
                let name = sqlx::query_scalar!("select name from app.api_keys where key_id = $1", key.uuid());
                let name = name.fetch_optional(tx).await.map_err(StoreError::from)?;
                (None, name.map(|name| format!("API key: {name}")))
            }
            _ => (None, None),
        };
        Ok((found.0, found.1.unwrap_or_default()))
    }
}

/// What is to be in force.
enum Wanted {
    New(Settings),
    Version(i32),
}

async fn in_force(tx: &mut TenantTx) -> Result<InForce, IdentityError> {
    let row = sqlx::query!(
        "select name, session_minutes, idle_minutes, second_factor, language, created_at,
                (select max(version) from app.settings) as version from app.tenants"
    );
    let row = row.fetch_optional(tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
    let minutes = |minutes: Option<i32>| minutes.and_then(|minutes| u32::try_from(minutes).ok());
    let settings = Settings {
        name: row.name,
        second_factor: row.second_factor,
        session_minutes: minutes(row.session_minutes),
        idle_minutes: minutes(row.idle_minutes),
        language: spoken(row.language),
    };
    Ok(InForce { settings, version: row.version, created_at: row.created_at })
}

async fn version_of(tx: &mut TenantTx, version: i32) -> Result<Settings, IdentityError> {
    let found = sqlx::query_scalar!(
        r#"select settings as "settings: Json<Settings>" from app.settings where version = $1"#,
        version
    );
    let found = found.fetch_optional(tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
    Ok(found.0)
}

async fn put_version(
    tx: &mut TenantTx,
    tenant: model::TenantId,
    version: i32,
    (settings, restores): (&Settings, Option<i32>),
    (by, name): (Option<uuid::Uuid>, &str),
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into app.settings (tenant_id, version, settings, restores, changed_by, changed_by_name, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tenant.uuid(),
        version,
        Json(settings) as _,
        restores,
        by,
        name,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}
