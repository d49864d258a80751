//! Sessions: stored by hash, ended by time, by their membership or by a suspension, never revived.

use sqlx::PgConnection;
use std::collections::HashMap;
use store::sessions::{hash, key};
use store::{Actor, Caller, scope};
use testkit::{Tenant, TestDb, Two};
use time::{Duration, OffsetDateTime};
use tower_sessions_core::SessionStore as _;
use tower_sessions_core::session::{Id, Record};

fn record(db: &TestDb, tenant: &Tenant) -> Record {
    let data = HashMap::from([
        (key::PERSON.to_owned(), tenant.person.uuid().to_string().into()),
        (key::TENANT.to_owned(), tenant.id.uuid().to_string().into()),
        (key::DEVICE.to_owned(), "Firefox".into()),
        (key::ADDRESS.to_owned(), "192.0.2.1".into()),
        ("theme".to_owned(), "dark".into()),
    ]);
    Record { id: Id::default(), data, expiry_date: db.services.now() + db.sessions.lifetime().absolute }
}

async fn caller(db: &TestDb, id: Id) -> Option<Caller> {
    scope::of_session(&db.services, &hash(id), db.sessions.lifetime(), db.request()).await.unwrap()
}

async fn rows(behind: &mut PgConnection) -> i64 {
    sqlx::query_scalar("select count(*) from app.sessions").fetch_one(behind).await.unwrap()
}

async fn last_seen(behind: &mut PgConnection, id: Id) -> OffsetDateTime {
    sqlx::query_scalar("select last_seen_at from app.sessions where session_hash = $1")
        .bind(hash(id).as_slice())
        .fetch_one(behind)
        .await
        .unwrap()
}

#[tokio::test]
async fn created_loaded_saved_deleted() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let mut new = record(&db, &two.aurora);
    db.sessions.create(&mut new).await.unwrap();
    assert_eq!(db.sessions.load(&new.id).await.unwrap(), Some(new.clone()));
    let columns: (uuid::Uuid, uuid::Uuid, String, String, OffsetDateTime, OffsetDateTime) = sqlx::query_as(
        "select person_id, tenant_id, device, address, created_at, last_seen_at from app.sessions where session_hash = $1",
    )
    .bind(hash(new.id).as_slice())
    .fetch_one(&mut behind)
    .await
    .unwrap();
    let now = db.services.now();
    let (person, tenant) = (two.aurora.person.uuid(), two.aurora.id.uuid());
    assert_eq!(columns, (person, tenant, "Firefox".into(), "192.0.2.1".into(), now, now));

    new.data.insert("theme".to_owned(), "light".into());
    db.sessions.save(&new).await.unwrap();
    assert_eq!(db.sessions.load(&new.id).await.unwrap().unwrap().data["theme"], "light");

    db.sessions.delete(&new.id).await.unwrap();
    assert_eq!(db.sessions.load(&new.id).await.unwrap(), None);
    assert!(caller(&db, new.id).await.is_none());
    // Twice is the same as once; the others are untouched.
    db.sessions.delete(&new.id).await.unwrap();
    assert!(caller(&db, two.aurora.session).await.is_some());
    assert!(caller(&db, two.borealis.session).await.is_some());
}

#[tokio::test]
async fn a_session_leads_to_its_own_member() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    for tenant in [&two.aurora, &two.borealis] {
        let caller = caller(&db, tenant.session).await.unwrap();
        assert_eq!(caller.scope().tenant(), tenant.id);
        match caller.actor() {
            Actor::Member { member, person, .. } => assert_eq!((member, person), (tenant.member, tenant.person)),
            other => panic!("{other:?}"),
        }
    }
    assert!(caller(&db, Id::default()).await.is_none());
}

#[tokio::test]
async fn the_cookies_value_is_nowhere_in_the_database() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let id = two.aurora.session;
    let hex: String = id.0.to_be_bytes().iter().map(|b| format!("{b:02x}")).collect();
    let backwards: String = id.0.to_le_bytes().iter().map(|b| format!("{b:02x}")).collect();
    for form in [id.to_string(), id.0.to_string(), hex, backwards] {
        assert_eq!(db.columns_with(&form).await, Vec::<String>::new());
    }
    // The same search finds what is there: the hash.
    let hash: String = hash(id).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(db.columns_with(&hash).await, ["app.sessions.session_hash"]);
}

#[tokio::test]
async fn a_taken_id_is_changed() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut first = record(&db, &two.aurora);
    db.sessions.create(&mut first).await.unwrap();
    let mut second = Record { id: first.id, ..record(&db, &two.borealis) };
    db.sessions.create(&mut second).await.unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(caller(&db, first.id).await.unwrap().scope().tenant(), two.aurora.id);
    assert_eq!(caller(&db, second.id).await.unwrap().scope().tenant(), two.borealis.id);
}

#[tokio::test]
async fn however_much_it_is_used_it_ends_at_its_absolute_lifetime() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let lifetime = db.sessions.lifetime();
    let id = two.aurora.session;
    let step = Duration::hours(1);
    let mut lived = Duration::ZERO;
    while lived + step < lifetime.absolute {
        db.clock.advance(step);
        lived += step;
        assert!(caller(&db, id).await.is_some(), "after {lived}");
        // The middleware saves, with a later end each time.
        let mut saved = db.sessions.load(&id).await.unwrap().unwrap();
        saved.expiry_date = db.services.now() + lifetime.absolute;
        db.sessions.save(&saved).await.unwrap();
    }
    db.clock.advance(lifetime.absolute - lived - Duration::milliseconds(1));
    assert!(caller(&db, id).await.is_some());
    db.clock.advance(Duration::milliseconds(1));
    assert!(caller(&db, id).await.is_none());
    assert_eq!(db.sessions.load(&id).await.unwrap(), None);
}

#[tokio::test]
async fn unused_it_ends_when_idle() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let idle = db.sessions.lifetime().idle;
    let millisecond = Duration::milliseconds(1);
    db.clock.advance(idle - millisecond);
    // Loading is not using.
    assert!(db.sessions.load(&two.borealis.session).await.unwrap().is_some());
    assert!(caller(&db, two.aurora.session).await.is_some());
    db.clock.advance(millisecond);
    assert!(caller(&db, two.aurora.session).await.is_some());
    assert!(caller(&db, two.borealis.session).await.is_none());
    assert_eq!(db.sessions.load(&two.borealis.session).await.unwrap(), None);
    db.clock.advance(idle - millisecond);
    assert!(caller(&db, two.aurora.session).await.is_none());
}

#[tokio::test]
async fn its_own_end_counts_as_well() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut short = record(&db, &two.aurora);
    short.expiry_date = db.services.now() + Duration::minutes(5);
    db.sessions.create(&mut short).await.unwrap();
    db.clock.advance(Duration::minutes(5) - Duration::milliseconds(1));
    assert!(caller(&db, short.id).await.is_some());
    db.clock.advance(Duration::milliseconds(1));
    assert!(caller(&db, short.id).await.is_none());
    assert_eq!(db.sessions.load(&short.id).await.unwrap(), None);
}

#[tokio::test]
async fn saving_does_not_revive() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    // Ended by signing out, while a request was under way that saves at its end.
    let held = db.sessions.load(&two.aurora.session).await.unwrap().unwrap();
    db.sessions.delete(&held.id).await.unwrap();
    db.sessions.save(&held).await.unwrap();
    assert_eq!(db.sessions.load(&held.id).await.unwrap(), None);
    assert!(caller(&db, held.id).await.is_none());
    // Ended by time.
    let held = db.sessions.load(&two.borealis.session).await.unwrap().unwrap();
    db.clock.advance(db.sessions.lifetime().idle);
    let later = Record { expiry_date: db.services.now() + Duration::hours(8), ..held };
    db.sessions.save(&later).await.unwrap();
    assert_eq!(db.sessions.load(&later.id).await.unwrap(), None);
    assert!(caller(&db, later.id).await.is_none());
    assert_eq!(rows(&mut behind).await, 1);
}

#[tokio::test]
async fn a_session_before_sign_in_leads_nowhere() {
    let db = TestDb::new().await;
    Two::new(&db).await;
    let mut anonymous =
        Record { id: Id::default(), data: HashMap::new(), expiry_date: db.services.now() + Duration::hours(1) };
    db.sessions.create(&mut anonymous).await.unwrap();
    assert_eq!(db.sessions.load(&anonymous.id).await.unwrap(), Some(anonymous.clone()));
    assert!(caller(&db, anonymous.id).await.is_none());
}

#[tokio::test]
async fn a_session_for_a_tenant_without_membership_cannot_be_made() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut crossed = record(&db, &two.aurora);
    crossed.data.insert(key::TENANT.to_owned(), two.borealis.id.uuid().to_string().into());
    assert!(db.sessions.create(&mut crossed).await.is_err());
    // Nor can one be turned into it.
    let mut own = db.sessions.load(&two.aurora.session).await.unwrap().unwrap();
    own.data.insert(key::TENANT.to_owned(), two.borealis.id.uuid().to_string().into());
    assert!(db.sessions.save(&own).await.is_err());
    assert_eq!(caller(&db, two.aurora.session).await.unwrap().scope().tenant(), two.aurora.id);
}

#[tokio::test]
async fn a_suspended_tenant_has_no_sessions() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    for (suspended, some) in [(true, false), (false, true)] {
        sqlx::query("update app.tenants set suspended_at = case when $2 then created_at end where tenant_id = $1")
            .bind(two.aurora.id.uuid())
            .bind(suspended)
            .execute(&mut behind)
            .await
            .unwrap();
        assert_eq!(caller(&db, two.aurora.session).await.is_some(), some);
        assert_eq!(db.identity.authenticate_key(&two.aurora.api_key, db.request()).await.unwrap().is_some(), some);
        assert!(caller(&db, two.borealis.session).await.is_some());
    }
}

#[tokio::test]
async fn with_its_membership_a_session_is_gone() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let held = db.sessions.load(&two.aurora.session).await.unwrap().unwrap();
    sqlx::query("delete from app.memberships where tenant_id = $1")
        .bind(two.aurora.id.uuid())
        .execute(&mut behind)
        .await
        .unwrap();
    assert!(caller(&db, two.aurora.session).await.is_none());
    assert_eq!(db.sessions.load(&two.aurora.session).await.unwrap(), None);
    db.sessions.save(&held).await.unwrap();
    assert_eq!(rows(&mut behind).await, 1);
    assert!(caller(&db, two.borealis.session).await.is_some());
}

#[tokio::test]
async fn being_seen_is_written_once_a_minute() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let id = two.aurora.session;
    let made = db.services.now();
    for (advance, seen) in [
        (Duration::seconds(0), made),
        (Duration::seconds(59), made),
        (Duration::seconds(1), made),
        (Duration::seconds(1), made + Duration::seconds(61)),
        (Duration::seconds(59), made + Duration::seconds(61)),
        (Duration::seconds(2), made + Duration::seconds(122)),
    ] {
        db.clock.advance(advance);
        assert!(caller(&db, id).await.is_some());
        assert_eq!(last_seen(&mut behind, id).await, seen);
    }
}

#[tokio::test]
async fn what_has_ended_is_removed_and_nothing_else() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let mut short = record(&db, &two.aurora);
    short.expiry_date = db.services.now() + Duration::minutes(1);
    db.sessions.create(&mut short).await.unwrap();
    assert_eq!(db.sessions.delete_ended().await.unwrap(), 0);
    // One ends by its own end,
    db.clock.advance(Duration::minutes(1));
    assert_eq!(db.sessions.delete_ended().await.unwrap(), 1);
    // one by being idle while the other is used,
    for _ in 0..7 {
        db.clock.advance(Duration::hours(1));
        assert!(caller(&db, two.aurora.session).await.is_some());
    }
    assert_eq!(rows(&mut behind).await, 2);
    assert_eq!(db.sessions.delete_ended().await.unwrap(), 1);
    // and that one by its absolute lifetime.
    let mut kept = db.sessions.load(&two.aurora.session).await.unwrap().unwrap();
    kept.expiry_date += Duration::days(30);
    db.sessions.save(&kept).await.unwrap();
    db.clock.advance(Duration::hours(1));
    assert_eq!(db.sessions.delete_ended().await.unwrap(), 1);
    assert_eq!(rows(&mut behind).await, 0);
}
