//! Limits on failed attempts: exact, however many come at once, and over a window that slides.

use crate::stage::{counts, from, sign_in, sign_up_form};
use identity::{Identity, IdentityError, Kept, Origin, SignInForm};
use model::Fault as _;
use testkit::{OWNER_PASSWORD, TestDb, Two};
use time::Duration;
use zeroize::Zeroizing;

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

/// So many wrong passwords at once from one address; returns how many were admitted.
async fn fail_at_once(db: &TestDb, email: &str, times: u8) -> usize {
    let tasks: Vec<_> = (0..times)
        .map(|_| {
            let (identity, origin, email) = (db.identity.clone(), from(db, "203.0.113.1"), email.to_owned());
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
async fn an_account_bears_ten_from_an_address_and_its_owner_gets_in_from_another() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let here = from(&db, "192.0.2.1");
    for _ in 0..10 {
        assert_eq!(fail(&db.identity, &two.aurora.email, &here).await, Tried::Counted);
    }
    assert_eq!(fail(&db.identity, &two.aurora.email, &here).await, Tried::Refused { retry_after: 15 * 60 });
    // Nor does the right password open it, in any spelling of the address.
    for email in [two.aurora.email.clone(), two.aurora.email.to_uppercase()] {
        match sign_in(&db.identity, &email, OWNER_PASSWORD, &here).await {
            Err(error @ IdentityError::TooManyAttempts { .. }) => {
                let problem = error.problem();
                assert_eq!((problem.status, problem.retry_after), (429, Some(900)));
            }
            other => panic!("{other:?}"),
        }
    }
    // What was refused was not counted: an attempt counts for address, account there, and account.
    assert_eq!(counts(&db).await[4], 30);
    // Others are not affected: another account from there; the owner from elsewhere, also with a slip.
    sign_in(&db.identity, &two.borealis.email, OWNER_PASSWORD, &here).await.unwrap();
    let elsewhere = from(&db, "198.51.100.1");
    assert_eq!(fail(&db.identity, &two.aurora.email, &elsewhere).await, Tried::Counted);
    sign_in(&db.identity, &two.aurora.email, OWNER_PASSWORD, &elsewhere).await.unwrap();
}

#[tokio::test]
async fn signing_up_with_an_address_locks_nobody_out() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let here = from(&db, "192.0.2.1");
    for _ in 0..12 {
        let taken = db.identity.sign_up(sign_up_form("Another AB", &two.aurora.email), &here).await;
        assert!(matches!(taken, Err(IdentityError::EmailTaken)), "{taken:?}");
    }
    sign_in(&db.identity, &two.aurora.email, OWNER_PASSWORD, &here).await.unwrap();
}

#[tokio::test]
async fn an_account_that_is_tried_from_everywhere_lets_in_who_has_not_failed() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let email = &two.aurora.email;
    let device = db.identity.device(email, "").unwrap();
    for n in 0..100 {
        assert_eq!(fail(&db.identity, email, &from(&db, &format!("192.0.2.{n}"))).await, Tried::Counted);
    }
    // Who has failed is refused, though it has tries left of its own.
    let dirty = from(&db, "192.0.2.7");
    assert!(matches!(fail(&db.identity, email, &dirty).await, Tried::Refused { .. }));
    let clean = from(&db, "198.51.100.1");
    sign_in(&db.identity, email, OWNER_PASSWORD, &clean).await.unwrap();
    // One try each.
    assert_eq!(fail(&db.identity, email, &clean).await, Tried::Counted);
    assert!(matches!(fail(&db.identity, email, &clean).await, Tried::Refused { .. }));

    // A known device gets in from a dirty address; for another account it is nothing, nor with a letter changed.
    let by = |email: &str, device: &str| {
        let (email, device) = (email.to_owned(), device.to_owned());
        let (identity, origin) = (db.identity.clone(), from(&db, "192.0.2.7"));
        async move {
            let form = SignInForm { email, password: Zeroizing::new(OWNER_PASSWORD.to_owned()) };
            identity.sign_in(form, &origin, Kept { device: Some(&device), ..Kept::default() }).await
        }
    };
    by(email, &device).await.unwrap();
    // Also when others have signed in there since; of very many the latest are kept.
    let both = db.identity.device(&two.borealis.email, &device).unwrap();
    by(email, &both).await.unwrap();
    assert_eq!(db.identity.device(email, &both), None, "it is known");
    let many = (0..9).fold(both, |kept, n| db.identity.device(&format!("n{n}@aurora.example"), &kept).unwrap());
    assert!(matches!(by(email, &many).await, Err(IdentityError::TooManyAttempts { .. })) && many.len() < 600);
    by(&email.to_uppercase(), &device).await.unwrap();
    let changed = format!("{}{}", &device[..device.len() - 1], if device.ends_with('0') { '1' } else { '0' });
    let others = db.identity.device(&two.borealis.email, "").unwrap();
    for bad in [changed.as_str(), &others, "", "ü", &device[..40]] {
        assert!(matches!(by(email, bad).await, Err(IdentityError::TooManyAttempts { .. })), "{bad}");
    }
}

#[tokio::test]
async fn a_known_device_bears_ten_too() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let device = db.identity.device(&two.aurora.email, "").unwrap();
    let fail_by = async |address: &str| {
        let form =
            SignInForm { email: two.aurora.email.clone(), password: Zeroizing::new("green lamp river".to_owned()) };
        db.identity.sign_in(form, &from(&db, address), Kept { device: Some(&device), ..Kept::default() }).await
    };
    for n in 0..10 {
        assert!(matches!(fail_by("192.0.2.1").await, Err(IdentityError::WrongCredentials)), "{n}");
    }
    assert!(matches!(fail_by("192.0.2.1").await, Err(IdentityError::TooManyAttempts { .. })));
    // They count against nothing else.
    sign_in(&db.identity, &two.aurora.email, OWNER_PASSWORD, &from(&db, "192.0.2.1")).await.unwrap();
}

#[tokio::test]
async fn an_address_may_sign_up_so_often() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let sign_up = async |address: &str| {
        db.identity.sign_up(sign_up_form("Another AB", &two.aurora.email), &from(&db, address)).await
    };
    for _ in 0..30 {
        assert!(matches!(sign_up("2001:db8::1").await, Err(IdentityError::EmailTaken)));
    }
    for address in ["2001:db8::1", "2001:db8::2"] {
        let refused = sign_up(address).await;
        assert!(matches!(refused, Err(IdentityError::TooManyAttempts { retry_after: 900 })), "{refused:?}");
    }
    assert!(matches!(sign_up("2001:db8:0:1::1").await, Err(IdentityError::EmailTaken)));
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
    assert_eq!(counts(&db).await[4], 30);
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
    // The address is full for every account; the same machine by IPv6's mapping is the same address.
    for address in ["192.0.2.1", "::ffff:192.0.2.1"] {
        let origin = from(&db, address);
        let right = sign_in(&db.identity, &two.aurora.email, OWNER_PASSWORD, &origin).await;
        assert!(matches!(right, Err(IdentityError::TooManyAttempts { retry_after: 900 })), "{right:?}");
    }
    // From elsewhere it works.
    sign_in(&db.identity, &two.aurora.email, OWNER_PASSWORD, &from(&db, "192.0.2.2")).await.unwrap();
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
    // 192.0.2.2, the second network, 192.0.2.1 twice, the first network, each once more with the account, and the account.
    assert_eq!(subjects, [1, 1, 1, 1, 2, 2, 3, 3, 7]);
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
    assert_eq!(counts(&db).await[4], 27);
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
    assert_eq!(db.identity.delete_old_attempts().await.unwrap(), 30);
    assert_eq!(counts(&db).await[4], 3);
}
