//! Limits on failed attempts: exact, however many come at once, and over a window that slides.

use crate::stage::{counts, from, sign_in, sign_up_form};
use identity::{Identity, IdentityError, Origin};
use model::Fault as _;
use testkit::{OWNER_PASSWORD, TestDb, Two};
use time::Duration;

/// What became of an attempt with a wrong password.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Tried {
    Counted,
    Refused { retry_after: u64 },
}

async fn fail(identity: &Identity, email: &str, origin: &Origin) -> Tried {
    match sign_in(identity, email, "green lamp river", origin).await {
        Err(IdentityError::WrongCredentials) => Tried::Counted,
        Err(IdentityError::TooManyAttempts { retry_after }) => Tried::Refused { retry_after },
        other => panic!("{other:?}"),
    }
}

/// So many wrong passwords at once, each from an address of its own; returns how many were admitted.
async fn fail_at_once(db: &TestDb, email: &str, times: u8) -> usize {
    let tasks: Vec<_> = (0..times)
        .map(|n| {
            let (identity, origin, email) =
                (db.identity.clone(), from(db, &format!("203.0.113.{n}")), email.to_owned());
            tokio::spawn(async move { fail(&identity, &email, &origin).await })
        })
        .collect();
    let mut counted = 0;
    for task in tasks {
        counted += usize::from(task.await.unwrap() == Tried::Counted);
    }
    counted
}

#[tokio::test]
async fn an_account_bears_ten() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    for n in 0..10 {
        assert_eq!(fail(&db.identity, &two.aurora.email, &from(&db, &format!("192.0.2.{n}"))).await, Tried::Counted);
    }
    let refused = Tried::Refused { retry_after: 15 * 60 };
    let elsewhere = from(&db, "198.51.100.1");
    assert_eq!(fail(&db.identity, &two.aurora.email, &elsewhere).await, refused);
    // Nor does the right password open it, in any spelling of the address, nor signing up with it.
    for email in [two.aurora.email.clone(), two.aurora.email.to_uppercase()] {
        match sign_in(&db.identity, &email, OWNER_PASSWORD, &elsewhere).await {
            Err(error @ IdentityError::TooManyAttempts { .. }) => {
                let problem = error.problem();
                assert_eq!((problem.status, problem.retry_after), (429, Some(900)));
            }
            other => panic!("{other:?}"),
        }
    }
    let taken = db.identity.sign_up(sign_up_form("Another AB", &two.aurora.email), &elsewhere).await;
    assert!(matches!(taken, Err(IdentityError::TooManyAttempts { .. })), "{taken:?}");
    // What was refused was not counted.
    assert_eq!(counts(&db).await[4], 20);
    // Others are not affected: another account, also from an address that failed.
    sign_in(&db.identity, &two.borealis.email, OWNER_PASSWORD, &from(&db, "192.0.2.1")).await.unwrap();
}

#[tokio::test]
async fn an_account_that_is_not_there_bears_as_many() {
    let db = TestDb::new().await;
    Two::new(&db).await;
    let origin = from(&db, "192.0.2.1");
    let mut tried = Vec::new();
    for _ in 0..11 {
        tried.push(fail(&db.identity, "nobody@aurora.example", &origin).await);
    }
    let mut expected = vec![Tried::Counted; 10];
    expected.push(Tried::Refused { retry_after: 900 });
    assert_eq!(tried, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_thirty_at_once_ten_are_admitted() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    assert_eq!(fail_at_once(&db, &two.aurora.email, 30).await, 10);
    assert_eq!(fail_at_once(&db, &two.aurora.email, 30).await, 0);
    assert_eq!(counts(&db).await[4], 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_bears_a_hundred() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut counted = 0;
    for batch in 0..4 {
        let tasks: Vec<_> = (0..30)
            .map(|n| {
                let (identity, origin) = (db.identity.clone(), from(&db, "192.0.2.1"));
                tokio::spawn(
                    async move { fail(&identity, &format!("nobody{batch}x{n}@aurora.example"), &origin).await },
                )
            })
            .collect();
        for task in tasks {
            counted += usize::from(task.await.unwrap() == Tried::Counted);
        }
    }
    assert_eq!(counted, 100);
    // The address is full for every account, and for signing up; the same machine by IPv6's mapping is the same address.
    for address in ["192.0.2.1", "::ffff:192.0.2.1"] {
        let origin = from(&db, address);
        let right = sign_in(&db.identity, &two.aurora.email, OWNER_PASSWORD, &origin).await;
        assert!(matches!(right, Err(IdentityError::TooManyAttempts { retry_after: 900 })), "{right:?}");
        let new = db.identity.sign_up(sign_up_form("New AB", "new@new.example"), &origin).await;
        assert!(matches!(new, Err(IdentityError::TooManyAttempts { .. })), "{new:?}");
    }
    // From elsewhere both work.
    sign_in(&db.identity, &two.aurora.email, OWNER_PASSWORD, &from(&db, "192.0.2.2")).await.unwrap();
    db.identity.sign_up(sign_up_form("New AB", "new@new.example"), &from(&db, "192.0.2.2")).await.unwrap();
}

#[tokio::test]
async fn an_ipv6_network_counts_as_one() {
    let db = TestDb::new().await;
    Two::new(&db).await;
    for address in [
        "2001:db8:1:2::1",
        "2001:db8:1:2:ffff::1",
        "2001:db8:1:2:1:2:3:4",
        "2001:db8:1:3::1",
        "192.0.2.1",
        "::ffff:192.0.2.1",
        "192.0.2.2",
    ] {
        assert_eq!(fail(&db.identity, "nobody@aurora.example", &from(&db, address)).await, Tried::Counted);
    }
    let mut subjects: Vec<i64> = sqlx::query_scalar("select count(*) from app.sign_in_attempts group by subject")
        .fetch_all(&mut db.superuser().await)
        .await
        .unwrap();
    subjects.sort_unstable();
    // 192.0.2.2, the second network, 192.0.2.1 twice, the first network, and the account.
    assert_eq!(subjects, [1, 1, 2, 3, 7]);
}

#[tokio::test]
async fn success_does_not_count_and_forgives_nothing_else() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let origin = from(&db, "192.0.2.1");
    for _ in 0..9 {
        assert_eq!(fail(&db.identity, &two.aurora.email, &origin).await, Tried::Counted);
    }
    for _ in 0..12 {
        sign_in(&db.identity, &two.aurora.email, OWNER_PASSWORD, &origin).await.unwrap();
    }
    assert_eq!(counts(&db).await[4], 18);
    assert_eq!(fail(&db.identity, &two.aurora.email, &origin).await, Tried::Counted);
    assert_eq!(fail(&db.identity, &two.aurora.email, &origin).await, Tried::Refused { retry_after: 900 });
}

#[tokio::test]
async fn the_window_slides() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let origin = from(&db, "192.0.2.1");
    let email = &two.aurora.email;
    // One a minute, from 0:00 to 9:00.
    for _ in 0..10 {
        assert_eq!(fail(&db.identity, email, &origin).await, Tried::Counted);
        db.clock.advance(Duration::minutes(1));
    }
    // At 10:00 the first one still counts for five minutes.
    assert_eq!(fail(&db.identity, email, &origin).await, Tried::Refused { retry_after: 300 });
    db.clock.advance(Duration::minutes(5) - Duration::milliseconds(1));
    assert_eq!(fail(&db.identity, email, &origin).await, Tried::Refused { retry_after: 1 });
    // At 15:00 there is room for one, and no more until 16:00.
    db.clock.advance(Duration::milliseconds(1));
    assert_eq!(fail(&db.identity, email, &origin).await, Tried::Counted);
    assert_eq!(fail(&db.identity, email, &origin).await, Tried::Refused { retry_after: 60 });
    db.clock.advance(Duration::minutes(1));
    sign_in(&db.identity, email, OWNER_PASSWORD, &origin).await.unwrap();
    assert_eq!(fail(&db.identity, email, &origin).await, Tried::Counted);
    assert_eq!(fail(&db.identity, email, &origin).await, Tried::Refused { retry_after: 60 });
}

#[tokio::test]
async fn old_attempts_are_removed() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let origin = from(&db, "192.0.2.1");
    for _ in 0..10 {
        fail(&db.identity, &two.aurora.email, &origin).await;
    }
    db.clock.advance(Duration::minutes(10));
    fail(&db.identity, &two.borealis.email, &origin).await;
    assert_eq!(db.identity.delete_old_attempts().await.unwrap(), 0);
    db.clock.advance(Duration::minutes(5));
    assert_eq!(db.identity.delete_old_attempts().await.unwrap(), 20);
    assert_eq!(counts(&db).await[4], 2);
}
