//! Requests that are done once, by the name that a key gives one. (Whole requests: `server/tests/it/idempotency.rs`.)

use identity::{Begun, MAX_ANSWER, MAX_KEPT, MAX_KEPT_MB, Once};
use store::Caller;
use store::sealing::Sealer;
use store::secret_key::SecretKey;
use testkit::{TestDb, Two};
use time::Duration;

const LEASE: std::time::Duration = std::time::Duration::from_secs(60);
const REQUEST: [u8; 32] = [1; 32];

/// Begins the request with this name.
async fn begin(db: &TestDb, caller: &Caller, name: &str) -> Once {
    db.identity.begin_once(caller, name, &REQUEST, LEASE).await.unwrap()
}

/// The same for the first of a name.
async fn first(db: &TestDb, caller: &Caller, name: &str) -> Begun {
    match begin(db, caller, name).await {
        Once::First(begun) => begun,
        other => panic!("{name}: {other:?}"),
    }
}

/// What was answered to the request with this name, if it is done.
async fn answer(db: &TestDb, caller: &Caller, name: &str) -> Option<(u16, Vec<u8>)> {
    match begin(db, caller, name).await {
        Once::Done(kept) => Some((kept.status, kept.answer.to_vec())),
        _ => None,
    }
}

async fn count(db: &TestDb) -> i64 {
    sqlx::query_scalar("select count(*) from app.kept_answers").fetch_one(&mut db.superuser().await).await.unwrap()
}

#[tokio::test]
async fn the_first_of_a_name_is_done_and_the_others_get_its_answer() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (key, identity) = (&two.aurora.key, &db.identity);
    let begun = first(&db, key, "order").await;
    assert!(matches!(begin(&db, key, "order").await, Once::Running));
    identity.keep_answer(key, &begun, 201, b"made").await.unwrap();
    assert_eq!(answer(&db, key, "order").await, Some((201, b"made".to_vec())));
    // Another request, another name, another key, another company.
    let other = identity.begin_once(key, "order", &[2; 32], LEASE).await.unwrap();
    assert!(matches!(other, Once::Other), "{other:?}");
    first(&db, key, "another order").await;
    let new = identity.create_api_key(&two.aurora.owner, "Till").await.unwrap();
    let till = identity.authenticate_key(&new.secret, db.request()).await.unwrap().unwrap();
    first(&db, &till, "order").await;
    first(&db, &two.borealis.key, "order").await;
    // Given up it is free again.
    let begun = first(&db, key, "given up").await;
    identity.give_up_once(key, &begun).await.unwrap();
    first(&db, key, "given up").await;
    // At once: one of them.
    let (one, two) = tokio::join!(begin(&db, key, "at once"), begin(&db, key, "at once"));
    let firsts = [&one, &two].into_iter().filter(|once| matches!(once, Once::First(_))).count();
    let running = [&one, &two].into_iter().filter(|once| matches!(once, Once::Running)).count();
    assert_eq!((firsts, running), (1, 1), "{one:?} {two:?}");
}

#[tokio::test]
async fn who_does_not_come_back_is_given_up_when_the_lease_is_over() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (key, identity) = (&two.aurora.key, &db.identity);
    let before = first(&db, key, "order").await;
    db.clock.advance(Duration::seconds(59));
    assert!(matches!(begin(&db, key, "order").await, Once::Running));
    db.clock.advance(Duration::seconds(1));
    // It stays this request's name.
    let other = identity.begin_once(key, "order", &[2; 32], LEASE).await.unwrap();
    assert!(matches!(other, Once::Other), "{other:?}");
    let after = first(&db, key, "order").await;
    // Whoever comes back all the same ends nothing of the other's.
    identity.keep_answer(key, &before, 201, b"before").await.unwrap();
    identity.give_up_once(key, &before).await.unwrap();
    assert!(matches!(begin(&db, key, "order").await, Once::Running));
    identity.keep_answer(key, &after, 201, b"after").await.unwrap();
    assert_eq!(answer(&db, key, "order").await, Some((201, b"after".to_vec())));
}

#[tokio::test]
async fn names_are_forgotten_after_a_day_and_bounded() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (key, identity) = (&two.aurora.key, &db.identity);
    let begun = first(&db, key, "order").await;
    identity.keep_answer(key, &begun, 201, &[b'x'; MAX_ANSWER]).await.unwrap();
    // More is refused by the database, and so is a status that says nothing of what was done.
    let large = first(&db, key, "large").await;
    assert!(identity.keep_answer(key, &large, 201, &[b'x'; 2 * MAX_ANSWER]).await.is_err());
    for status in [199, 500, 65_535] {
        assert!(identity.keep_answer(key, &large, status, b"x").await.is_err(), "{status}");
    }
    identity.give_up_once(key, &large).await.unwrap();

    db.clock.advance(Duration::days(1) - Duration::seconds(1));
    assert!(answer(&db, key, "order").await.is_some());
    assert_eq!(identity.delete_kept_answers().await.unwrap(), 0);
    db.clock.advance(Duration::seconds(1));
    // Also before somebody has cleaned up, and for any request.
    let again = identity.begin_once(key, "order", &[2; 32], LEASE).await.unwrap();
    assert!(matches!(again, Once::First(_)), "{again:?}");
    db.clock.advance(Duration::days(1));
    assert_eq!(identity.delete_kept_answers().await.unwrap(), 1);
    assert_eq!(count(&db).await, 0);

    sqlx::query(
        "insert into app.kept_answers (tenant_id, key_id, name_hash, answer_id, request_hash, begun_at, leased_until)
         select $1, $2, sha256(n::text::bytea), gen_random_uuid(), sha256('request'), $3, $3 from generate_series(1, $4) n",
    )
    .bind(two.aurora.id.uuid())
    .bind(key.scope().actor())
    .bind(db.services.now())
    .bind(i32::try_from(MAX_KEPT).unwrap() - 1)
    .execute(&mut db.superuser().await)
    .await
    .unwrap();
    let last = first(&db, key, "the last").await;
    identity.keep_answer(key, &last, 200, b"last").await.unwrap();
    assert!(matches!(begin(&db, key, "one more").await, Once::Full));
    assert_eq!(count(&db).await, MAX_KEPT, "what is refused leaves nothing");
    // What is there is still answered, and others have names of their own.
    assert_eq!(answer(&db, key, "the last").await, Some((200, b"last".to_vec())));
    first(&db, &two.borealis.key, "one more").await;
}

#[tokio::test]
async fn what_all_keys_of_a_company_have_kept_is_bounded() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (key, identity) = (&two.aurora.key, &db.identity);
    let new = identity.create_api_key(&two.aurora.owner, "Till").await.unwrap();
    let till = identity.authenticate_key(&new.secret, db.request()).await.unwrap().unwrap();
    // Of the other key, large ones as many as there is room for, but for less than one.
    let large = 65_000;
    sqlx::query(
        "insert into app.kept_answers
           (tenant_id, key_id, name_hash, answer_id, request_hash, begun_at, status, answer_sealed)
         select $1, $2, sha256(n::text::bytea), gen_random_uuid(), sha256('request'), $3, 201,
           decode(repeat('00', $4), 'hex')
         from generate_series(1, $5) n",
    )
    .bind(two.aurora.id.uuid())
    .bind(till.scope().actor())
    .bind(db.services.now())
    .bind(large)
    .bind(i32::try_from(MAX_KEPT_MB).unwrap() * 1024 * 1024 / large)
    .execute(&mut db.superuser().await)
    .await
    .unwrap();
    let last = first(&db, key, "the last").await;
    identity.keep_answer(key, &last, 200, &[b'x'; MAX_ANSWER]).await.unwrap();
    let kept = count(&db).await;
    for caller in [key, &till] {
        assert!(matches!(begin(&db, caller, "one more").await, Once::Full));
    }
    assert_eq!(count(&db).await, kept, "what is refused leaves nothing");
    // What is there is still answered, and other companies have room of their own.
    assert_eq!(answer(&db, key, "the last").await.map(|(status, _)| status), Some(200));
    first(&db, &two.borealis.key, "one more").await;
    // A name counts also before it has an answer, and where that is short.
    sqlx::query("update app.kept_answers set answer_sealed = substring(answer_sealed from 1 for 40)")
        .execute(&mut db.superuser().await)
        .await
        .unwrap();
    first(&db, key, "one more").await;
    sqlx::query(
        "insert into app.kept_answers (tenant_id, key_id, name_hash, answer_id, request_hash, begun_at, leased_until)
         select $1, $2, sha256(n::text::bytea), gen_random_uuid(), sha256('request'), $3, $3
         from generate_series(10001, 10000 + $4) n",
    )
    .bind(two.aurora.id.uuid())
    .bind(till.scope().actor())
    .bind(db.services.now())
    .bind(i32::try_from(MAX_KEPT_MB * 1024 - count(&db).await).unwrap() + 1)
    .execute(&mut db.superuser().await)
    .await
    .unwrap();
    assert!(matches!(begin(&db, key, "and one more").await, Once::Full));
}

#[tokio::test]
async fn answers_are_sealed_and_sealed_anew() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let folder = std::env::temp_dir().join(format!("samtal-answers-rotation-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("secret.key");
    SecretKey::read_or_make(&file).unwrap();
    let identity = db.identity.clone().with_sealer(Sealer::of_file(&file).unwrap());
    // More than are sealed anew at once.
    for number in 0..120 {
        for key in [&two.aurora.key, &two.borealis.key] {
            let name = format!("order {number}");
            let once = identity.begin_once(key, &name, &REQUEST, LEASE).await.unwrap();
            let Once::First(begun) = once else { panic!("{once:?}") };
            identity.keep_answer(key, &begun, 201, b"shown this once").await.unwrap();
        }
    }
    first(&db, &two.aurora.key, "not done yet").await;
    assert_eq!(db.columns_with("shown this once").await, Vec::<String>::new());
    SecretKey::add_to(&file).unwrap();
    assert_eq!(identity.seal_anew().await.unwrap(), (240, 0));
    assert_eq!(identity.seal_anew().await.unwrap(), (0, 0));
    // With the new key alone.
    let last_line = || std::fs::read_to_string(&file).unwrap().trim_end().lines().next_back().unwrap().to_owned();
    std::fs::write(&file, last_line() + "\n").unwrap();
    for key in [&two.aurora.key, &two.borealis.key] {
        let once = identity.begin_once(key, "order 7", &REQUEST, LEASE).await.unwrap();
        let Once::Done(kept) = once else { panic!("{once:?}") };
        assert_eq!((kept.status, kept.answer.as_slice()), (201, &b"shown this once"[..]));
    }
    // Without any of its keys nothing is done again, and it is told.
    SecretKey::add_to(&file).unwrap();
    // Not as long as the file before, so that it is seen to be another one.
    std::fs::write(&file, last_line() + "\n\n").unwrap();
    assert!(identity.begin_once(&two.aurora.key, "order 7", &REQUEST, LEASE).await.is_err());
    assert_eq!(identity.seal_anew().await.unwrap(), (0, 240));
    std::fs::remove_dir_all(&folder).unwrap();
}
