//! A database for one test, and the clock that the test turns.

use crate::cluster::{self, Cluster, PASSWORD, Version};
use identity::{AttemptLimits, Identity, Passwords};
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU32, Ordering},
};
use store::scope::SessionLifetime;
use store::secret_key::SecretKey;
use store::services::Clock;
use store::sessions::Sessions;
use store::{Services, Settings, Store, StoreError, migrate};
use time::{Duration, OffsetDateTime};

/// The secret of every installation in tests.
pub fn secret() -> SecretKey {
    SecretKey::from_bytes([7; 32])
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct TestClock(Mutex<OffsetDateTime>);

impl TestClock {
    /// Stands at 2026-11-21T09:00:00Z.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(OffsetDateTime::from_unix_timestamp(1_795_251_600).unwrap())))
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap()
    }
}

/// A database of one test's own, dropped with this value. Nothing in it but the extension; owned by `samtal_admin`.
#[derive(Debug)]
pub struct Database {
    /// The server that it is on.
    pub cluster: Cluster,
    /// Its name.
    pub name: String,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Database {
    /// One on the shared server of that version.
    pub async fn new(version: Version) -> Self {
        Self::on(tokio::task::spawn_blocking(move || cluster::start(version)).await.unwrap()).await
    }

    /// One on that server.
    pub async fn on(cluster: Cluster) -> Self {
        let database = Self::create(cluster, None).await;
        let mut conn = database.superuser().await;
        sqlx::raw_sql("create extension vector").execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        database
    }

    /// A migrated one: a copy of what the first test that needed it has migrated, with what a copy lacks.
    pub async fn migrated(version: Version) -> Self {
        let cluster = tokio::task::spawn_blocking(move || cluster::start(version)).await.unwrap();
        let template = Self::template(&cluster).await;
        let database = Self::create(cluster, Some(&template)).await;
        database.migrate().await.unwrap();
        database
    }

    /// The name of the database from which migrated ones are copied; made if it is not there. It says what it was made
    /// from, so that another schema has another one.
    async fn template(cluster: &Cluster) -> String {
        let name = format!("migrated_{}", schema());
        let mut conn = login(cluster, "postgres", "postgres").connect().await.unwrap();
        let there = "select exists (select from pg_database where datname = $1)";
        // One makes it, whichever test binary it is in; the others wait. The lock ends with the connection.
        sqlx::query("select pg_advisory_lock(7305003)").execute(&mut conn).await.unwrap(); // lint:allow(sql-session-lock) of a test server's own
        if !sqlx::query_scalar::<_, bool>(there).bind(&name).fetch_one(&mut conn).await.unwrap() {
            let draft = Self::on(cluster.clone()).await;
            draft.migrate().await.unwrap();
            let rename = format!("alter database {} rename to {name}", draft.name);
            sqlx::raw_sql(sql(rename)).execute(&mut conn).await.unwrap();
        }
        conn.close().await.unwrap();
        name
    }

    /// A copy, as `create database … template …` makes it: without the rights on the database. Nobody may be connected.
    pub async fn copy(&self) -> Self {
        Self::create(self.cluster.clone(), Some(&self.name)).await
    }

    async fn create(cluster: Cluster, template: Option<&str>) -> Self {
        let name = format!("t_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut conn = login(&cluster, "postgres", "postgres").connect().await.unwrap();
        // Roles belong to the server: their first creation must not race between test binaries.
        sqlx::raw_sql(
            "begin; select pg_advisory_xact_lock(7305002);
             do $$ begin
               if not exists (select from pg_roles where rolname = 'samtal_admin') then
                 create role samtal_admin login createrole password 'test';
               end if;
             end $$; commit",
        )
        .execute(&mut conn)
        .await
        .unwrap();
        let template = template.map(|t| format!(" template {t}")).unwrap_or_default();
        let create = format!("create database {name} owner samtal_admin{template}");
        sqlx::raw_sql(sql(create)).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        if template.is_empty() {
            // As whoever sets up a database of their own does (docs/operators/settings.md).
            let mut conn = login(&cluster, "postgres", &name).connect().await.unwrap();
            let large =
                "revoke execute on function lo_create(oid), lo_creat(integer), lo_put(oid, bigint, bytea) from public;"; // lint:allow(sql-large-object) taken away
            let more = "revoke execute on function lo_from_bytea(oid, bytea), lowrite(integer, bytea) from public"; // lint:allow(sql-large-object) taken away
            let large = large.to_owned() + more;
            sqlx::raw_sql(sql(large)).execute(&mut conn).await.unwrap();
            conn.close().await.unwrap();
        }
        Self { cluster, name }
    }

    /// Migrates it, as `samtal migrate` does.
    ///
    /// # Errors
    /// The migrator's.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migrate::migrate(
            &self.login("samtal_admin"),
            &migrate::Logins {
                tenant: &self.login("samtal_tenant"),
                platform: &self.login("samtal_platform"),
                tenant_password: PASSWORD,
                platform_password: PASSWORD,
            },
        )
        .await
    }

    /// How the application reaches it: few connections, and a long wait for one, since the machine may be busy.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::new(self.login("samtal_tenant"), self.login("samtal_platform"));
        settings.tenant_connections = 5;
        // Tests hold some of one tenant's.
        settings.tenant_percent = 60;
        settings.acquire_timeout = std::time::Duration::from_secs(20);
        settings
    }

    /// How a login reaches it.
    pub fn login(&self, user: &str) -> PgConnectOptions {
        login(&self.cluster, user, &self.name)
    }

    /// A connection as the superuser, to set a stage or to look behind it. Never to prove isolation.
    pub async fn superuser(&self) -> PgConnection {
        self.login("postgres").connect().await.unwrap()
    }

    /// The columns, as `schema.table.column`, in which a text stands, plain or as bytes: where a secret was kept.
    pub async fn columns_with(&self, text: &str) -> Vec<String> {
        let mut conn = self.superuser().await;
        let columns: Vec<(String, String)> = sqlx::query_as(
            "select format('%I.%I', nspname, relname), attname::text
             from pg_class c join pg_namespace n on n.oid = relnamespace join pg_attribute a on attrelid = c.oid
             where relkind = 'r' and nspname !~ '^pg_' and nspname <> 'information_schema'
               and attnum > 0 and not attisdropped
             order by 1, 2",
        )
        .fetch_all(&mut conn)
        .await
        .unwrap();
        let mut found = Vec::new();
        for (table, column) in columns {
            let look = format!(
                "select exists (select from {table} where position($1 in \"{column}\"::text) > 0
                   or position(encode(convert_to($1, 'UTF8'), 'hex') in \"{column}\"::text) > 0)"
            );
            if sqlx::query_scalar(sql(look)).bind(text).fetch_one(&mut conn).await.unwrap() {
                found.push(format!("{table}.{column}"));
            }
        }
        found
    }
}

/// What stands for the schema: a hash of the files in `migrations`.
fn schema() -> String {
    let folder = std::fs::read_dir(cluster::workspace().join("migrations")).unwrap();
    let mut files: Vec<_> = folder.map(|file| file.unwrap().path()).collect();
    files.sort();
    let hash = files.iter().fold(Sha256::new(), |hash, file| hash.chain_update(std::fs::read(file).unwrap()));
    hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// SQL that a test puts together from names that it makes up or reads from the catalogue.
#[allow(clippy::disallowed_methods, reason = "tests alone: nothing that ships depends on testkit")]
pub fn sql(text: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(text)
}

/// A migrated database of one test's own, and what works on it. Dropped, it asserts that no job is left over.
#[derive(Debug)]
pub struct TestDb {
    /// Store, clock and ids, logged in as the application.
    pub services: Services,
    /// The clock in `services`.
    pub clock: Arc<TestClock>,
    /// The capability, with the default limits.
    pub identity: Identity,
    /// The session store.
    pub sessions: Sessions,
    leaves_waiting: AtomicBool,
    leaves_dead: AtomicBool,
    database: Database,
}

impl TestDb {
    /// A migrated, empty database on PostgreSQL 18.
    pub async fn new() -> Self {
        Self::on(Version::Pg18).await
    }

    /// A migrated, empty database on that version.
    pub async fn on(version: Version) -> Self {
        let database = Database::migrated(version).await;
        let clock = TestClock::new();
        let services = Services::new(Store::new(database.settings()), Arc::clone(&clock) as Arc<dyn Clock>, &secret());
        let identity =
            Identity::new(services.clone(), Passwords::start(2, 256).unwrap(), AttemptLimits::default(), &secret());
        let sessions = Sessions::new(services.clone(), SessionLifetime::default());
        let (leaves_waiting, leaves_dead) = Default::default();
        Self { services, clock, identity, sessions, leaves_waiting, leaves_dead, database }
    }

    /// This test asks for jobs that it does not do.
    pub fn leaves_waiting_jobs(&self) {
        self.leaves_waiting.store(true, Ordering::Relaxed);
    }

    /// Jobs of this test fail for good.
    pub fn leaves_dead_jobs(&self) {
        self.leaves_dead.store(true, Ordering::Relaxed);
    }

    /// The kinds of jobs that are left over.
    fn jobs_left(&self) -> Result<String, String> {
        let (waiting, dead) = (self.leaves_waiting.load(Ordering::Relaxed), self.leaves_dead.load(Ordering::Relaxed));
        self.cluster.psql(
            &self.name,
            &format!(
                "select kind, case when dead_at is null then 'waiting' else 'dead' end, count(*) from app.jobs
                 where not case when dead_at is null then {waiting} else {dead} end group by 1, 2 order by 1, 2"
            ),
        )
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(
                self.jobs_left(),
                Ok(String::new()),
                "jobs that nobody does: do them, or say that this test leaves them"
            );
        }
    }
}

impl std::ops::Deref for TestDb {
    type Target = Database;
    fn deref(&self) -> &Database {
        &self.database
    }
}

/// How a login reaches a database.
pub fn login(cluster: &Cluster, user: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().socket(&cluster.socket).username(user).password(PASSWORD).database(database)
}

impl Drop for Database {
    fn drop(&mut self) {
        // Whatever it says: the test has its own verdict.
        let _ = self.cluster.psql("postgres", &format!("drop database if exists {} with (force)", self.name));
    }
}
