//! The proof finds nothing in a migrated database, and finds every hole in `holes.txt`, on both versions.

use sqlx::{PgConnection, Row as _, postgres::PgRow};
use store::{Store, StoreError};
use testkit::{TestDb, Version, sql};

const PROOF: &str = include_str!("../../src/proof.sql");
const HOLES: &str = include_str!("holes.txt");

/// Opens a hole, lets the proof look at it as an administrator does, and closes it.
async fn found(conn: &mut PgConnection, hole: &str) -> Result<Vec<String>, sqlx::Error> {
    let open = format!("begin; {hole}; set local role app_owner");
    let found = match sqlx::raw_sql(sql(open)).execute(&mut *conn).await {
        Ok(_) => sqlx::raw_sql(PROOF).fetch_all(&mut *conn).await,
        Err(e) => Err(e),
    };
    sqlx::raw_sql("rollback").execute(&mut *conn).await?;
    let line = |row: PgRow| format!("{}: {}", row.get::<String, _>(0), row.get::<String, _>(1));
    Ok(found?.into_iter().map(line).collect())
}

async fn stand_and_every_hole_is_found(version: Version) {
    let db = TestDb::on(version).await;
    assert_eq!(db.services.store.violations().await.unwrap(), []);
    db.services.store.check().await.unwrap();

    let mut conn = db.superuser().await;
    let (mut tried, mut wrong) = (0, Vec::new());
    for line in HOLES.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let [_, name, hole] = line.splitn(3, '|').collect::<Vec<_>>()[..] else { panic!("not a hole: {line}") };
        tried += 1;
        match (found(&mut conn, hole).await, name.contains("(must pass)")) {
            (Ok(found), false) if !found.is_empty() => {}
            (Ok(found), true) if found.is_empty() => {}
            (result, _) => wrong.push(format!("{name}: {result:?}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {tried} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 200, "{tried} holes: has the list been cut?");
    // Every hole was closed again.
    assert_eq!(db.services.store.violations().await.unwrap(), []);
}

#[tokio::test]
async fn the_walls_stand_on_18_and_every_hole_is_found() {
    stand_and_every_hole_is_found(Version::Pg18).await;
}

#[tokio::test]
async fn the_walls_stand_on_16_and_every_hole_is_found() {
    stand_and_every_hole_is_found(Version::Pg16).await;
}

#[tokio::test]
async fn a_copied_database_is_judged_and_mended_by_migrating() {
    let db = TestDb::new().await;
    db.services.store.close().await;
    let copy = db.copy().await;
    let store = Store::new(copy.settings());
    let open = match store.check().await {
        Err(StoreError::Open(open)) => open,
        other => panic!("a copy gives PUBLIC its rights back: {other:?}"),
    };
    assert!(open.iter().any(|v| v.object == "database" && v.problem == "TEMPORARY granted to public"), "{open:?}");
    copy.migrate().await.unwrap();
    assert_eq!(store.violations().await.unwrap(), []);
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_hole_keeps_the_server_from_starting() {
    let db = TestDb::new().await;
    let mut conn = db.superuser().await;
    sqlx::raw_sql("alter table app.memberships no force row level security").execute(&mut conn).await.unwrap();
    match db.services.store.check().await {
        Err(StoreError::Open(open)) => assert_eq!(
            open.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["app.memberships: row-level security is not forced"]
        ),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn logins_that_are_not_the_applications_are_named() {
    let db = TestDb::new().await;
    for (tenant, platform, who) in [
        ("postgres", "samtal_platform", "postgres"),
        ("samtal_tenant", "postgres", "postgres"),
        ("samtal_admin", "samtal_platform", "samtal_admin"),
    ] {
        let mut settings = db.settings();
        settings.tenant = db.login(tenant);
        settings.platform = db.login(platform);
        let open = Store::new(settings).violations().await.unwrap();
        let said = format!("runs as {who}, not as samtal_platform or samtal_tenant");
        assert!(open.iter().any(|v| v.object == "session" && v.problem == said), "{tenant}, {platform}: {open:?}");
    }
}

#[tokio::test]
async fn swapped_logins_lead_nowhere() {
    let db = TestDb::new().await;
    let mut settings = db.settings();
    settings.tenant = db.login("samtal_platform");
    settings.platform = db.login("samtal_tenant");
    assert!(Store::new(settings).check().await.is_err());
}
