//! The schema: embedded, forward only, applied under an advisory lock by a login of its own.
//!
//! `roles.sql` runs first and every time (roles belong to the cluster, not to the database), then the numbered
//! migrations as `app_owner`, then `after.sql`. All three are safe to repeat and to run from several places at once.
//! This module is the one reviewed place beside `tx.rs` that sends SQL which is not a literal: the password of a login.

use crate::{Reason, Store, StoreError};
use model::RequestId;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection,
    migrate::{MigrateError, Migration, Migrator},
    postgres::PgConnectOptions,
};
use std::collections::BTreeMap;
use uuid::Uuid;

const ROLES: &str = include_str!("../../../migrations/roles.sql");
const AFTER: &str = include_str!("../../../migrations/after.sql");
const LEDGER: &str = "app.schema_migrations";
/// pgvector below this loses rows of its indexes after a vacuum, or leaks in a parallel build (CVE-2026-3172).
const VECTOR_MIN: (u32, u32, u32) = (0, 8, 2);

fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("../../migrations");
    migrator.dangerous_set_table_name(LEDGER);
    migrator
}

/// The logins whose passwords `migrate` sets. They do not print.
pub struct Logins<'a> {
    /// How `samtal_tenant` connects.
    pub tenant: &'a PgConnectOptions,
    /// How `samtal_platform` connects.
    pub platform: &'a PgConnectOptions,
    /// The password in `tenant`.
    pub tenant_password: &'a str,
    /// The password in `platform`.
    pub platform_password: &'a str,
}

/// Brings the schema up to this program's version.
///
/// # Errors
/// [`StoreError::Schema`] with a sentence that says what to do, or the database's.
pub async fn migrate(admin: &PgConnectOptions, logins: &Logins<'_>) -> Result<(), StoreError> {
    let mut conn = crate::prepare(admin.clone()).connect().await?;
    let version: i32 =
        sqlx::query_scalar("select current_setting('server_version_num')::int").fetch_one(&mut conn).await?;
    if version < 160_000 {
        return Err(StoreError::Schema(format!(
            "Samtal needs PostgreSQL 16 or later; this server is version {}.",
            version / 10_000
        )));
    }
    sqlx::raw_sql(ROLES).execute(&mut conn).await.map_err(explain)?;
    let vector: Option<String> = sqlx::query_scalar("select extversion from pg_extension where extname = 'vector'")
        .fetch_optional(&mut conn)
        .await?;
    if vector.as_deref().and_then(version_of).is_none_or(|v| v < VECTOR_MIN) {
        return Err(StoreError::Schema(
            "Samtal needs pgvector 0.8.2 or later. Update the package, then as a superuser run: alter extension vector update;".into(),
        ));
    }
    set_password(&mut conn, "samtal_tenant", logins.tenant, logins.tenant_password).await?;
    set_password(&mut conn, "samtal_platform", logins.platform, logins.platform_password).await?;
    sqlx::raw_sql("set role app_owner").execute(&mut conn).await?;
    migrator().run_direct(None, &mut conn, false).await.map_err(|e| match e {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => StoreError::from(e),
        MigrateError::VersionMissing(version) => newer(version),
        MigrateError::VersionMismatch(version) => changed(version),
        other => StoreError::Schema(other.to_string()),
    })?;
    sqlx::raw_sql(AFTER).execute(&mut conn).await?;
    conn.close().await?;
    Ok(())
}

fn newer(version: i64) -> StoreError {
    StoreError::Schema(format!(
        "The database has migration {version}, which this program does not know: it was migrated by a newer Samtal. Start that one."
    ))
}

fn changed(version: i64) -> StoreError {
    StoreError::Schema(format!(
        "Migration {version} was applied in another form than this program has it. Use the program that applied it."
    ))
}

/// Errors that `roles.sql` raises on purpose carry their own sentence.
fn explain(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(e) if e.code().as_deref() == Some("P0001") => StoreError::Schema(e.message().to_owned()),
        _ => error.into(),
    }
}

fn version_of(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('.').map(|p| p.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next().flatten().unwrap_or(0)))
}

/// How often the hash of a drawn password is repeated.
const ONCE: &str = "1";

/// Whether a password was drawn by chance: 128 bits and more, in hexadecimal digits. Repeating its hash makes it no harder to
/// guess; but whoever opens a connection has to repeat it as well (4,096 times by default, RFC 7677), beside everything else
/// that a busy server does, and for each of its connections.
fn drawn(password: &str) -> bool {
    password.len() >= 32 && password.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Gives a login its password, unless it can already sign in with it: two migrators at once would otherwise collide.
#[allow(clippy::disallowed_methods, reason = "reviewed: `alter role` takes no parameters; PostgreSQL does the quoting")]
async fn set_password(
    conn: &mut PgConnection,
    login: &str,
    options: &PgConnectOptions,
    password: &str,
) -> Result<(), StoreError> {
    if let Ok(probe) = crate::prepare(options.clone()).connect().await {
        probe.close().await?;
        // Who may not look leaves it as it is.
        let iterations = "select split_part(split_part(rolpassword, '$', 2), ':', 1) from pg_authid
                          where rolname = $1 and rolpassword like 'SCRAM-SHA-256$%'";
        let iterations: Option<String> = sqlx::query_scalar(iterations).bind(login).fetch_one(&mut *conn).await.ok();
        if !drawn(password) || iterations.is_none_or(|iterations| iterations == ONCE) {
            return Ok(());
        }
    }
    let mut tx = conn.begin().await?;
    // Granting what is granted changes nothing, but waits for every other migrator on the server: PostgreSQL locks the
    // role, also across databases. Two `alter role` at once would fail.
    sqlx::raw_sql("grant app_tenant to samtal_tenant with inherit false, set true").execute(&mut *tx).await?;
    if drawn(password) {
        sqlx::raw_sql("set local scram_iterations = 1").execute(&mut *tx).await?;
    }
    // `alter role` takes no parameters, so PostgreSQL itself does the quoting.
    let statement: String = sqlx::query_scalar("select format('alter role %I login password %L', $1, $2)")
        .bind(login)
        .bind(password)
        .fetch_one(&mut *tx)
        .await?;
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

impl Store {
    /// Whether the database has exactly this program's migrations.
    ///
    /// # Errors
    /// [`StoreError::Schema`] with the command to run, or the database's.
    #[tracing::instrument(name = "db.schema.check", skip_all)]
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let behind = || {
            StoreError::Schema("The database is not migrated to this version of Samtal. Run `samtal migrate`.".into())
        };
        let request = RequestId::from_uuid(Uuid::nil());
        let mut tx = match self.platform(Reason::Readiness, request).await {
            Ok(tx) => tx,
            // No such login yet, or one with another password, which is what a migration gives it.
            Err(StoreError::Database(sqlx::Error::Database(e))) if e.code().as_deref() == Some("28P01") => {
                return Err(StoreError::Schema(
                    "The database does not know the application's logins, or by other passwords. Run `samtal migrate`."
                        .into(),
                ));
            }
            // No role to become yet: a database that was never migrated.
            Err(StoreError::Database(sqlx::Error::Database(e)))
                if matches!(e.code().as_deref(), Some("42501" | "22023" | "42704" | "28000")) =>
            {
                return Err(behind());
            }
            Err(e) => return Err(e),
        };
        let applied = sqlx::query_as::<_, (i64, Vec<u8>)>(
            "select version, checksum from app.schema_migrations where success order by version",
        )
        .fetch_all(&mut tx)
        .await
        .map_err(|e| match e {
            sqlx::Error::Database(d) if matches!(d.code().as_deref(), Some("42P01" | "42501" | "3F000")) => behind(),
            other => other.into(),
        })?;
        let applied: BTreeMap<i64, Vec<u8>> = applied.into_iter().collect();
        let migrator = migrator();
        if let Some(version) = applied.keys().find(|v| !migrator.version_exists(**v)) {
            return Err(newer(*version));
        }
        let other = |m: &&Migration| applied.get(&m.version).is_some_and(|c| c.as_slice() != m.checksum.as_ref());
        if let Some(migration) = migrator.iter().find(other) {
            return Err(changed(migration.version));
        }
        if migrator.iter().all(|m| applied.contains_key(&m.version)) { Ok(()) } else { Err(behind()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_pgvector() {
        assert_eq!(version_of("0.8.5"), Some((0, 8, 5)));
        assert_eq!(version_of("1.0"), Some((1, 0, 0)));
        assert_eq!(version_of("next"), None);
        assert!(version_of("0.8.1") < Some(VECTOR_MIN));
    }
}
