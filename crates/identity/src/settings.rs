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
use store::{Caller, StoreError, TenantTx};
use time::OffsetDateTime;
use words::{Language, text};

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
            Wanted::Version(version) => (version_of(&mut tx, version, &before.settings).await?, Some(version)),
        };
        if settings.time_zone != before.settings.time_zone {
            look_up_zone(&mut tx, settings.time_zone.as_deref()).await?;
        }
        let differences = before.settings.differences(&settings);
        if differences.is_empty() {
            return Ok((current, settings));
        }
        if before.version.is_none() {
            // How it was made is a version as well.
            put_version(&mut tx, tenant, 0, (&before.settings, None), (None, ""), before.created_at).await?;
        }
        let (by, name) = audit::called(&mut tx, caller).await?;
        let version = current + 1;
        put_version(&mut tx, tenant, version, (&settings, restores), (by, &name), now).await?;
        let minutes = |minutes: Option<u32>| minutes.and_then(|minutes| i32::try_from(minutes).ok());
        sqlx::query!(
            "update app.tenants set name = $2, session_minutes = $3, idle_minutes = $4, second_factor = $5,
               language = $6, remember_facts = $7, mask_personal_data = $8, embed_origins = $9, calls = $10, time_zone = $11,
               service_hours = $12
             where tenant_id = $1",
            tenant.uuid(),
            settings.name,
            minutes(settings.session_minutes),
            minutes(settings.idle_minutes),
            settings.second_factor,
            settings.language.map(Language::tag),
            settings.remember_facts,
            settings.mask_personal_data,
            settings.embed_origins.as_slice(),
            settings.calls,
            settings.time_zone,
            settings.service_hours.as_slice()
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
}

/// What is to be in force.
enum Wanted {
    New(Settings),
    Version(i32),
}

async fn in_force(tx: &mut TenantTx) -> Result<InForce, IdentityError> {
    let row = sqlx::query!(
        "select name, session_minutes, idle_minutes, second_factor, language, remember_facts, mask_personal_data,
                embed_origins, calls, time_zone, service_hours, created_at, (select max(version) from app.settings) as version from app.tenants"
    );
    let row = row.fetch_optional(tx).await.map_err(StoreError::from)?.ok_or(IdentityError::NotFound)?;
    let minutes = |minutes: Option<i32>| minutes.and_then(|minutes| u32::try_from(minutes).ok());
    let settings = Settings {
        name: row.name,
        second_factor: row.second_factor,
        session_minutes: minutes(row.session_minutes),
        idle_minutes: minutes(row.idle_minutes),
        language: spoken(row.language),
        remember_facts: row.remember_facts,
        mask_personal_data: row.mask_personal_data,
        embed_origins: row.embed_origins,
        calls: row.calls,
        time_zone: row.time_zone,
        service_hours: row.service_hours,
    };
    Ok(InForce { settings, version: row.version, created_at: row.created_at })
}

/// Whether there is this time zone, which the database knows.
async fn look_up_zone(tx: &mut TenantTx, zone: Option<&str>) -> Result<(), IdentityError> {
    let Some(zone) = zone else { return Ok(()) };
    let there = sqlx::query_scalar!(r#"select to_timestamp(0) at time zone $1::text as "at!""#, zone);
    match there.fetch_one(tx).await {
        Ok(_) => Ok(()),
        // It knows no such zone (PostgreSQL, appendix A: invalid_parameter_value).
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("22023") => {
            Err(IdentityError::field("time_zone", text!("Choose a time zone, for example Europe/Stockholm.")))
        }
        Err(error) => Err(StoreError::from(error).into()),
    }
}

/// A version; what was no setting yet when it was made is as it is now.
async fn version_of(tx: &mut TenantTx, version: i32, now: &Settings) -> Result<Settings, IdentityError> {
    let found = sqlx::query_scalar!(
        r#"select $2::jsonb || settings as "settings!: Json<Settings>" from app.settings where version = $1"#,
        version,
        Json(now) as _
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
