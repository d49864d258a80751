//! A transaction that a credential opens: what the long way finds, and nothing else.

use sqlx::Executor as _;
use store::sessions::hash;
use store::{Caller, TenantTx, scope};
use testkit::{Tenant, TestDb, Two, sql};
use time::Duration;

/// The hash of a tenant's key, as the table has it.
async fn key_hash(db: &TestDb, tenant: &Tenant) -> [u8; 32] {
    let hash: Vec<u8> = sqlx::query_scalar("select key_hash from app.api_keys where tenant_id = $1")
        .bind(tenant.id.uuid())
        .fetch_one(&mut db.superuser().await)
        .await
        .unwrap();
    hash.try_into().unwrap()
}

async fn by_session(db: &TestDb, tenant: &Tenant, door: bool) -> Option<Caller> {
    let (hash, lifetime) = (hash(tenant.session), db.sessions.lifetime());
    match door {
        true => scope::enter_by_session(&db.services, &hash, lifetime, db.request(), true).await.unwrap(),
        false => scope::of_quiet_session(&db.services, &hash, lifetime, db.request()).await.unwrap(),
    }
}

async fn by_key(db: &TestDb, hash: &[u8; 32], door: bool) -> Option<Caller> {
    match door {
        true => scope::enter_by_api_key(&db.services, hash, db.request()).await.unwrap(),
        false => scope::of_api_key(&db.services, hash, db.request()).await.unwrap(),
    }
}

/// Which transaction it is, and whose.
async fn seen(tx: &mut TenantTx) -> (i32, String, String, Vec<String>) {
    let (pid, role, tenant) =
        sqlx::query_as("select pg_backend_pid(), current_user::text, current_setting('app.tenant_id')")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
    let emails = sqlx::query_scalar("select email from app.memberships").fetch_all(&mut *tx).await.unwrap();
    (pid, role, tenant, emails)
}

/// How many transactions of tenants are going on.
async fn going_on(db: &TestDb) -> i64 {
    sqlx::query_scalar(
        "select count(*) from pg_stat_activity
         where datname = current_database() and usename = 'samtal_tenant' and state <> 'idle'",
    )
    .fetch_one(&mut db.superuser().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn who_enters_is_whom_the_long_way_finds_and_is_inside() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    for tenant in [&two.aurora, &two.borealis] {
        let hash = key_hash(&db, tenant).await;
        for key in [false, true] {
            let (long, entered) = match key {
                true => (by_key(&db, &hash, false).await, by_key(&db, &hash, true).await),
                false => (by_session(&db, tenant, false).await, by_session(&db, tenant, true).await),
            };
            let (long, entered) = (long.unwrap(), entered.unwrap());
            assert_eq!((long.actor(), long.scope().tenant()), (entered.actor(), entered.scope().tenant()));
            assert_eq!(long.scope().actor(), entered.scope().actor());
            // It is open before anybody begins one.
            assert_eq!(going_on(&db).await, 1);
            let mut tx = db.services.store.tenant(entered.scope()).await.unwrap();
            assert_eq!(going_on(&db).await, 1);
            let inside = seen(&mut tx).await;
            let expected = ("app_tenant".to_owned(), tenant.id.uuid().to_string(), vec![tenant.email.clone()]);
            assert_eq!((inside.1, inside.2, inside.3), expected);
            // And it is one: the next is another, and the first stays what it was.
            let mut second = db.services.store.tenant(entered.scope()).await.unwrap();
            assert_ne!(seen(&mut second).await.0, inside.0);
            let actor: String =
                sqlx::query_scalar("select current_setting('app.user_id')").fetch_one(&mut tx).await.unwrap();
            assert_eq!(actor, long.scope().actor().to_string());
            tx.commit().await.unwrap();
            drop(second);
            ended(&db).await;
        }
    }
}

/// Waits until no transaction of a tenant's goes on.
async fn ended(db: &TestDb) {
    only(db, 0).await;
}

/// Waits until so many go on, and no more.
async fn only(db: &TestDb, number: i64) {
    for _ in 0..5_000 {
        if going_on(db).await == number {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("a transaction was left open");
}

#[tokio::test]
async fn who_is_kept_for_later_holds_no_connection() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let entered = by_session(&db, &two.aurora, true).await.unwrap();
    let kept = entered.clone();
    let shown = format!("{entered:?}");
    drop(entered);
    ended(&db).await;
    let mut tx = db.services.store.tenant(kept.scope()).await.unwrap();
    assert_eq!(seen(&mut tx).await.3, [two.aurora.email.as_str()], "{shown}");
    // Work that is bounded in time begins one of its own, and gives back what was open.
    let entered = by_session(&db, &two.aurora, true).await.unwrap();
    drop(tx);
    let bounded = db.services.store.tenant_within(entered.scope(), std::time::Duration::from_secs(5)).await.unwrap();
    only(&db, 1).await;
    drop(bounded);
}

/// Of a request that reads in several places, the reads are one transaction; of whatever lasts longer, each is its own.
#[tokio::test]
async fn what_is_left_open_is_the_request_s_own_and_ends_with_it() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let begun = async |tx: &mut TenantTx| -> String {
        let begun = "select pg_backend_pid() || ' ' || transaction_timestamp()";
        sqlx::query_scalar(begun).fetch_one(tx).await.unwrap()
    };
    for door in [false, true] {
        let (aurora, borealis) = (by_session(&db, &two.aurora, door).await.unwrap(), two.borealis.owner.scope());
        let store = &db.services.store;
        let mut first = store.tenant(aurora.scope()).await.unwrap();
        let one = begun(&mut first).await;
        first.leave_open();
        // For nobody else.
        let kept = aurora.clone();
        for scope in [kept.scope(), borealis] {
            let mut other = store.tenant(scope).await.unwrap();
            assert_ne!(begun(&mut other).await, one);
            assert_eq!(seen(&mut other).await.2, scope.tenant().uuid().to_string());
            other.leave_open();
            only(&db, 1).await;
        }
        // Twice in a row, and once at a time.
        for _ in 0..2 {
            let mut again = store.tenant(aurora.scope()).await.unwrap();
            assert_eq!(begun(&mut again).await, one);
            let mut beside = store.tenant(aurora.scope()).await.unwrap();
            assert_ne!(begun(&mut beside).await, one);
            drop(beside);
            again.leave_open();
        }
        aurora.scope().let_go();
        ended(&db).await;
        let last = store.tenant(aurora.scope()).await.unwrap();
        last.leave_open();
        assert_eq!(going_on(&db).await, 1);
        drop(aurora);
        ended(&db).await;
    }
}

/// Everything that closes a credential closes its door at once, though it was good a moment ago.
#[tokio::test]
async fn what_opens_nothing_enters_nothing() {
    const KEY: &str = "update app.api_keys set";
    const SESSION: &str = "update app.sessions set";
    for (change, key_opens, session_opens) in [
        ("select".to_owned(), true, true),
        (format!("{KEY} revoked_at = created_at"), false, true),
        (format!("{KEY} expires_at = created_at"), false, true),
        (format!("{KEY} expires_at = created_at + interval '1 day'"), true, true),
        ("update app.tenants set suspended_at = created_at".to_owned(), false, false),
        (format!("{SESSION} expires_at = created_at"), true, false),
        (format!("{SESSION} created_at = created_at - interval '9 hours'"), true, false),
        (format!("{SESSION} last_seen_at = last_seen_at - interval '3 hours'"), true, false),
        (format!("{SESSION} last_seen_at = last_seen_at - interval '10 minutes'"), true, true),
        (format!("{SESSION} tenant_id = null"), true, false),
        ("delete from app.memberships".to_owned(), true, false),
        ("delete from app.sessions".to_owned(), true, false),
        ("delete from app.tenants".to_owned(), false, false),
    ] {
        let db = TestDb::new().await;
        let two = Two::new(&db).await;
        let hash = key_hash(&db, &two.aurora).await;
        db.superuser().await.execute(sql(change.clone())).await.unwrap();
        for door in [true, false] {
            assert_eq!(by_key(&db, &hash, door).await.is_some(), key_opens, "{change}, key, by the door: {door}");
            let session = by_session(&db, &two.aurora, door).await;
            assert_eq!(session.is_some(), session_opens, "{change}, session, by the door: {door}");
        }
        ended(&db).await;
    }
}

#[tokio::test]
async fn what_nobody_has_ever_had_enters_nothing() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (key, session) = (key_hash(&db, &two.aurora).await, hash(two.aurora.session));
    // Each is the other's, or none's.
    for wrong in [session, [0; 32], [255; 32]] {
        assert!(by_key(&db, &wrong, true).await.is_none());
    }
    let lifetime = db.sessions.lifetime();
    for wrong in [key, [0; 32], [255; 32]] {
        let entered = scope::enter_by_session(&db.services, &wrong, lifetime, db.request(), true).await.unwrap();
        assert!(entered.is_none());
    }
    ended(&db).await;
}

/// A use is noted once a minute, by the door as by the long way.
#[tokio::test]
async fn uses_are_noted() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let hash = key_hash(&db, &two.aurora).await;
    let noted = async || -> (String, String) {
        sqlx::query_as(
            "select k.last_used_at::text, s.last_seen_at::text from app.api_keys k join app.sessions s using (tenant_id)
             where tenant_id = $1",
        )
        .bind(two.aurora.id.uuid())
        .fetch_one(&mut db.superuser().await)
        .await
        .unwrap()
    };
    let before = noted().await;
    assert!(by_key(&db, &hash, true).await.is_some() && by_session(&db, &two.aurora, true).await.is_some());
    assert_eq!(noted().await, before, "within the minute");
    db.clock.advance(Duration::seconds(61));
    assert!(by_key(&db, &hash, true).await.is_some() && by_session(&db, &two.aurora, true).await.is_some());
    let after = noted().await;
    assert!(after.0 > before.0 && after.1 > before.1, "{before:?} {after:?}");
}

/// Whoever could say any SQL in a tenant's transaction can go back to the door, and there sees one row whose hash they know, of
/// nobody else anything, and changes nothing.
#[tokio::test]
async fn a_door_shows_one_row_and_lets_nothing_be_changed() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (key, session) = (key_hash(&db, &two.borealis).await, hash(two.borealis.session));
    let mut tx = db.services.store.tenant(two.aurora.owner.scope()).await.unwrap();
    // As app_tenant, a credential opens nothing.
    present(&mut tx, &session).await;
    let error = sqlx::query("select from app.sessions").execute(&mut tx).await.unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
    let count = async |tx: &mut TenantTx, table: &str| -> i64 {
        sqlx::query_scalar(sql(format!("select count(tenant_id) from app.{table}"))).fetch_one(tx).await.unwrap()
    };
    for (credential, keys, sessions) in [(&key, 1, 0), (&session, 0, 1), (&[7; 32], 0, 0)] {
        let mut tx = db.services.store.tenant(two.aurora.owner.scope()).await.unwrap();
        present(&mut tx, credential).await;
        sqlx::raw_sql("reset role; set local role app_door").execute(&mut tx).await.unwrap();
        assert_eq!((count(&mut tx, "api_keys").await, count(&mut tx, "sessions").await), (keys, sessions));
        // Of the tenant whose transaction it is, as far as the door has to know it.
        assert_eq!((count(&mut tx, "memberships").await, count(&mut tx, "tenants").await), (1, 1));
        let own: uuid::Uuid = sqlx::query_scalar("select tenant_id from app.tenants").fetch_one(&mut tx).await.unwrap();
        assert_eq!(own, two.aurora.id.uuid());
    }
    for forbidden in [
        "select data from app.sessions",
        "select email from app.memberships",
        "select name from app.api_keys",
        "select from app.people",
        "select from app.conversations",
        "update app.sessions set last_seen_at = now()",
        "update app.api_keys set revoked_at = null",
        "delete from app.sessions",
        "set local role app_platform",
    ] {
        let mut tx = db.services.store.tenant(two.aurora.owner.scope()).await.unwrap();
        sqlx::raw_sql("reset role; set local role app_door").execute(&mut tx).await.unwrap();
        let error = sqlx::query(forbidden).execute(&mut tx).await.unwrap_err();
        assert!(error.to_string().contains("permission denied"), "{forbidden}: {error}");
    }
}

async fn present(tx: &mut TenantTx, credential: &[u8; 32]) {
    let text = credential.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    sqlx::query("select set_config('app.credential', '\\x' || $1, true)").bind(text).execute(tx).await.unwrap();
}
