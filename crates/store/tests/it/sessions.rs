//! Sessions: stored by hash, ended by time, by their membership or by a suspension, never revived.

use model::identity::Owed;
use sqlx::PgConnection;
use std::collections::HashMap;
use store::services::timestamp;
use store::sessions::{Client, Proof, Shown, SignIn, hash};
use store::{Actor, Caller, scope};
use testkit::{Tenant, TestDb, Two, sign_in};
use time::{Duration, OffsetDateTime};
use tower_sessions_core::SessionStore as _;
use tower_sessions_core::session::{Id, Record};

fn record(db: &TestDb) -> Record {
    let data = HashMap::from([("theme".to_owned(), "dark".into())]);
    Record { id: Id::default(), data, expiry_date: db.services.now() + db.sessions.lifetime().absolute }
}

/// Stores a session and signs the owner in.
async fn open(db: &TestDb, record: &mut Record, tenant: &Tenant) {
    db.sessions.create(record).await.unwrap();
    let from = Client { device: "Fire\u{7}fox", address: Some([192, 0, 2, 1].into()), request: db.request() };
    db.sessions.sign_in(&record.id, &sign_in(tenant.person, tenant.id), from).await.unwrap();
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
    let mut new = record(&db);
    open(&db, &mut new, &two.aurora).await;
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
    let mut first = record(&db);
    open(&db, &mut first, &two.aurora).await;
    let mut second = Record { id: first.id, ..record(&db) };
    open(&db, &mut second, &two.borealis).await;
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
    let mut short = record(&db);
    short.expiry_date = db.services.now() + Duration::minutes(5);
    open(&db, &mut short, &two.aurora).await;
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
async fn a_sign_in_that_owes_something_opens_nothing_and_is_soon_forgotten() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let shown = Shown { proof: Proof::Password, at: timestamp(db.services.now()), epoch: 0, of: None };
    let owes = SignIn {
        proofs: vec![shown],
        owed: Some(Owed::Workspace),
        next: "/dashboard/members".into(),
        ..sign_in(two.aurora.person, two.aurora.id)
    };
    let from = || Client { device: "Firefox", address: None, request: db.request() };
    let mut kept = record(&db);
    db.sessions.create(&mut kept).await.unwrap();
    db.sessions.sign_in(&kept.id, &owes, from()).await.unwrap();
    assert_eq!(db.sessions.unfinished(&kept.id).await.unwrap(), Some(owes.clone()));
    assert!(caller(&db, kept.id).await.is_none(), "though a tenant is chosen");
    // Neither another's session nor one that is open is a sign-in.
    assert_eq!(db.sessions.unfinished(&Id::default()).await.unwrap(), None);
    assert_eq!(db.sessions.unfinished(&two.aurora.session).await.unwrap(), None);
    assert!(!db.sessions.claim(&two.aurora.session).await.unwrap());

    db.clock.advance(Duration::minutes(15) - Duration::milliseconds(1));
    assert!(db.sessions.unfinished(&kept.id).await.unwrap().is_some());
    db.clock.advance(Duration::milliseconds(1));
    assert_eq!(db.sessions.unfinished(&kept.id).await.unwrap(), None);
    assert!(!db.sessions.claim(&kept.id).await.unwrap());
    // Paid in the end, it opens; it is claimed once.
    let mut paid = record(&db);
    db.sessions.create(&mut paid).await.unwrap();
    db.sessions.sign_in(&paid.id, &owes, from()).await.unwrap();
    db.sessions.sign_in(&paid.id, &SignIn { owed: None, ..owes.clone() }, from()).await.unwrap();
    assert_eq!(caller(&db, paid.id).await.unwrap().scope().tenant(), two.aurora.id);
    assert_eq!(db.sessions.unfinished(&paid.id).await.unwrap(), None);
    let mut once = record(&db);
    db.sessions.create(&mut once).await.unwrap();
    db.sessions.sign_in(&once.id, &owes, from()).await.unwrap();
    assert!(db.sessions.claim(&once.id).await.unwrap());
    assert!(!db.sessions.claim(&once.id).await.unwrap());
    // Whoever owes nothing and has chosen nothing would be nowhere.
    assert!(db.sessions.sign_in(&paid.id, &SignIn { owed: None, chosen: None, ..owes }, from()).await.is_err());
}

#[tokio::test]
async fn a_session_for_a_tenant_without_membership_cannot_be_made() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut crossed = record(&db);
    db.sessions.create(&mut crossed).await.unwrap();
    let (person, foreign) = (two.aurora.person, two.borealis.id);
    let from = || Client { device: "Firefox", address: None, request: db.request() };
    assert!(db.sessions.sign_in(&crossed.id, &sign_in(person, foreign), from()).await.is_err());
    assert!(caller(&db, crossed.id).await.is_none());
    // Nor can one be turned into it, nor one that has ended be given to anybody, nor does what stands inside say whose it is.
    assert!(db.sessions.sign_in(&two.aurora.session, &sign_in(person, foreign), from()).await.is_err());
    assert!(db.sessions.sign_in(&Id::default(), &sign_in(person, two.aurora.id), from()).await.is_err());
    let mut own = db.sessions.load(&two.aurora.session).await.unwrap().unwrap();
    own.data.insert("tenant".to_owned(), two.borealis.id.uuid().to_string().into());
    db.sessions.save(&own).await.unwrap();
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
    let mut short = record(&db);
    short.expiry_date = db.services.now() + Duration::minutes(1);
    open(&db, &mut short, &two.aurora).await;
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
