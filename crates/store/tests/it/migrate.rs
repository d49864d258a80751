//! Migrating: again, several at once, on a server without roles; and what is refused.

use sqlx::{Executor as _, PgConnection};
use store::{Store, StoreError, migrate as migrator};
use testkit::{Database, OwnCluster, TestDb, Two, Version, sql};

/// What stands in the catalogue and in the ledger, with the transaction that wrote each row.
async fn state(db: &Database) -> Vec<(String, i64, String)> {
    sqlx::query_as(
        "with app as (select oid from pg_namespace where nspname = 'app'),
         roles as (select oid from pg_roles where rolname in ('app_owner', 'app_door', 'app_tenant', 'app_platform', 'samtal_tenant', 'samtal_platform'))
         select what, count(*), md5(string_agg(row, e'\\n' order by row)) from (
           select 'ledger', l.xmin::text || to_jsonb(l) from app.schema_migrations l
           union all select 'relations', c.xmin::text || c.oid || c.relname from pg_class c where relnamespace in (table app)
           union all select 'columns', a.xmin::text || a.attrelid || a.attname from pg_attribute a
             join pg_class c on c.oid = attrelid where relnamespace in (table app)
           union all select 'routines', p.xmin::text || p.oid from pg_proc p where pronamespace in (table app)
           union all select 'policies', p.xmin::text || p.oid from pg_policy p
           union all select 'schemas', n.xmin::text || n.oid from pg_namespace n where oid in (table app) or nspname = 'public'
           union all select 'defaults', d.xmin::text || d.oid from pg_default_acl d
           union all select 'extensions', e.xmin::text || e.oid from pg_extension e
           union all select 'database', d.xmin::text || d.oid from pg_database d where datname = current_database()
           union all select 'roles', a.xmin::text || a.oid from pg_authid a where oid in (table roles)
           union all select 'members', m.xmin::text || m.oid from pg_auth_members m
             where roleid in (table roles) or member in (table roles)
           union all select 'settings', s.xmin::text || s.setrole from pg_db_role_setting s
             where setdatabase = 0 and setrole in (table roles)
         ) t (what, row) group by what order by what",
    )
    .fetch_all(&mut db.superuser().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn migrating_again_changes_nothing() {
    for version in [Version::Pg18, Version::Pg16] {
        let db = TestDb::on(version).await;
        let two = Two::new(&db).await;
        let before = state(&db).await;
        assert!(before.len() >= 11, "{before:?}");
        db.migrate().await.unwrap();
        db.migrate().await.unwrap();
        assert_eq!(state(&db).await, before);
        db.services.store.check().await.unwrap();
        let mut tx = db.services.store.tenant(two.aurora.owner.scope()).await.unwrap();
        let name: String = sqlx::query_scalar("select name from app.tenants").fetch_one(&mut tx).await.unwrap();
        assert_eq!(name, "Aurora");
    }
}

async fn check(db: &Database) -> Result<(), StoreError> {
    Store::new(db.settings()).check().await
}

#[tokio::test]
async fn four_databases_of_a_new_server_are_migrated_at_once() {
    // Roles belong to the server, so all four want to make the same ones.
    let own = tokio::task::spawn_blocking(|| OwnCluster::start(Version::Pg18)).await.unwrap();
    let mut databases = Vec::new();
    for _ in 0..4 {
        databases.push(Database::on(own.cluster.clone()).await);
    }
    let [a, b, c, d] = &databases[..] else { unreachable!() };
    let (w, x, y, z) = tokio::join!(a.migrate(), b.migrate(), c.migrate(), d.migrate());
    for result in [w, x, y, z] {
        result.unwrap();
    }
    for database in &databases {
        check(database).await.unwrap();
    }
}

/// Whoever opens a connection under load has no time to repeat the hash of a password that cannot be guessed.
#[tokio::test]
async fn a_drawn_password_is_hashed_once_and_a_chosen_one_often() {
    let own = tokio::task::spawn_blocking(|| OwnCluster::start(Version::Pg16)).await.unwrap();
    let db = Database::on(own.cluster.clone()).await;
    // As servers have it by default; those of tests are in a hurry.
    db.superuser().await.execute("alter role postgres set scram_iterations = 4096").await.unwrap();
    let mut behind = db.superuser().await;
    let iterations = async |behind: &mut PgConnection| -> Vec<String> {
        let all = "select split_part(split_part(rolpassword, '$', 2), ':', 1) from pg_authid
                   where rolname in ('samtal_tenant', 'samtal_platform') order by rolname";
        sqlx::query_scalar(all).fetch_all(behind).await.unwrap()
    };
    let drawn = "0123456789abcdef".repeat(4);
    let migrate = async |password: &str| {
        let login = |name: &str| db.login(name).password(password);
        migrator::migrate(
            &db.login("postgres"),
            &migrator::Logins {
                tenant: &login("samtal_tenant"),
                platform: &login("samtal_platform"),
                tenant_password: password,
                platform_password: password,
            },
        )
        .await
        .unwrap();
    };
    migrate("a password that somebody chose").await;
    assert_eq!(iterations(&mut behind).await, ["4096", "4096"]);
    migrate(&drawn).await;
    assert_eq!(iterations(&mut behind).await, ["1", "1"]);
    // As an older program has left them.
    for login in ["samtal_tenant", "samtal_platform"] {
        behind.execute(sql(format!("alter role {login} password '{drawn}'"))).await.unwrap();
    }
    assert_eq!(iterations(&mut behind).await, ["4096", "4096"]);
    migrate(&drawn).await;
    assert_eq!(iterations(&mut behind).await, ["1", "1"]);
}

#[tokio::test]
async fn one_database_is_migrated_by_several_at_once() {
    let db = Database::new(Version::Pg18).await;
    let (a, b, c) = tokio::join!(db.migrate(), db.migrate(), db.migrate());
    for result in [a, b, c] {
        result.unwrap();
    }
    check(&db).await.unwrap();
}

/// The sentence of a refusal.
fn refused(result: Result<(), StoreError>) -> String {
    match result {
        Err(error @ StoreError::Schema(_)) => error.to_string(),
        other => panic!("not refused with a sentence: {other:?}"),
    }
}

#[tokio::test]
async fn a_database_that_was_never_migrated_names_the_command() {
    let db = Database::new(Version::Pg18).await;
    let said = refused(check(&db).await);
    assert!(said.contains("`samtal migrate`"), "{said}");
}

async fn ledger(behind: &mut PgConnection, change: &str) {
    sqlx::raw_sql(sql(change.to_owned())).execute(behind).await.unwrap();
}

#[tokio::test]
async fn a_schema_behind_names_the_command() {
    let db = TestDb::new().await;
    let mut behind = db.superuser().await;
    for change in [
        "delete from app.schema_migrations where version = (select max(version) from app.schema_migrations)",
        "delete from app.schema_migrations where version = (select min(version) from app.schema_migrations)",
        "update app.schema_migrations set success = false where version = (select max(version) from app.schema_migrations)",
        "revoke select (checksum) on app.schema_migrations from app_platform",
        "alter table app.schema_migrations rename to migrations",
        "alter schema app rename to other",
    ] {
        ledger(&mut behind, change).await;
        let said = refused(db.services.store.check().await);
        assert!(said.contains("`samtal migrate`"), "{change}: {said}");
    }
    // So that what the test leaves can be looked at.
    ledger(&mut behind, "alter schema other rename to app").await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_by_server_and_migrator() {
    let db = TestDb::new().await;
    let mut behind = db.superuser().await;
    ledger(
        &mut behind,
        "insert into app.schema_migrations select 9999, 'later', now(), true, checksum, 0 from app.schema_migrations limit 1",
    )
    .await;
    for result in [db.services.store.check().await, db.migrate().await] {
        let said = refused(result);
        assert!(said.contains("9999") && said.contains("newer Samtal"), "{said}");
    }
}

#[tokio::test]
async fn a_migration_in_another_form_is_refused_by_server_and_migrator() {
    let db = TestDb::new().await;
    let mut behind = db.superuser().await;
    ledger(&mut behind, "update app.schema_migrations set checksum = sha384('another') where version = 3").await;
    let said = refused(db.migrate().await);
    assert!(said.contains("Migration 3 ") && said.contains("another form"), "{said}");
    let said = refused(db.services.store.check().await);
    assert!(said.contains("Migration 3 ") && said.contains("another form"), "{said}");
}

#[tokio::test]
async fn a_migration_that_broke_off_is_refused_by_the_migrator() {
    let db = TestDb::new().await;
    let mut behind = db.superuser().await;
    ledger(&mut behind, "update app.schema_migrations set success = false where version = 7").await;
    let said = refused(db.migrate().await);
    assert!(said.contains('7'), "{said}");
}

#[tokio::test]
async fn a_login_that_may_not_is_told_what_to_run() {
    // A server without Samtal's roles, so that nobody else's rights are in the way.
    let own = tokio::task::spawn_blocking(|| OwnCluster::start(Version::Pg18)).await.unwrap();
    let db = Database::on(own.cluster.clone()).await;
    let mut behind = db.superuser().await;
    ledger(&mut behind, "alter role samtal_admin nocreaterole").await;
    let said = refused(db.migrate().await);
    assert!(said.contains("alter role samtal_admin createrole;"), "{said}");

    ledger(&mut behind, "alter role samtal_admin createrole; drop extension vector").await;
    let said = refused(db.migrate().await);
    assert!(said.contains("create extension vector;") && said.contains(&db.name), "{said}");
    // What it says, helps.
    ledger(&mut behind, "create extension vector").await;
    db.migrate().await.unwrap();
    check(&db).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_set_right() {
    let own = tokio::task::spawn_blocking(|| OwnCluster::start(Version::Pg18)).await.unwrap();
    let db = Database::on(own.cluster.clone()).await;
    db.migrate().await.unwrap();
    ledger(&mut db.superuser().await, "alter role samtal_tenant password 'another'").await;
    assert!(check(&db).await.is_err());
    db.migrate().await.unwrap();
    check(&db).await.unwrap();
}
