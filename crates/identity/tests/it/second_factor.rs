//! Codes of a second factor: each is taken once, wrong ones are borne so far, and what is kept says nothing.

use crate::stage::{from, sign_in};
use identity::{IdentityError, Kept, SignInForm};
use model::identity::{Owed, SecondFactor};
use store::sessions::SignIn;
use testkit::{App, OWNER_PASSWORD, TestDb, Two};
use time::Duration;
use zeroize::Zeroizing;

/// A sign-in of Aurora's owner that has shown the password.
async fn begun(db: &TestDb, two: &Two) -> SignIn {
    sign_in(&db.identity, &two.aurora.email, OWNER_PASSWORD, &from(db, "192.0.2.1")).await.unwrap()
}

fn refused(result: Result<SignIn, IdentityError>) -> String {
    match result {
        Err(IdentityError::Invalid(errors)) => errors[0].message.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_step_and_each_code_on_paper_is_taken_once() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let (app, codes) = App::on(&db, &two.aurora).await;
    assert_eq!(codes.len(), 10);
    let from = from(&db, "192.0.2.1");
    let show = async |typed: &str| db.identity.show_code(begun(&db, &two).await, typed, &from).await;

    let sign_in = begun(&db, &two).await;
    assert_eq!(sign_in.owed, Some(Owed::Code));
    // The one by which it was turned on is used up, and so is any of before.
    let now = || db.services.now();
    assert!(refused(show(&app.code(now())).await).contains("used before"));
    assert!(refused(show(&app.code(now() - Duration::seconds(30))).await).contains("used before"));
    // One step early is borne, two are not; after that, its own step is used up.
    assert!(refused(show(&app.code(now() + Duration::seconds(60))).await).contains("not right"));
    let next = app.code(now() + Duration::seconds(30));
    assert_eq!(show(&format!(" {} {}", &next[..3], &next[3..])).await.unwrap().owed, None);
    db.clock.advance(Duration::seconds(30));
    assert!(refused(show(&next).await).contains("used before"));
    db.clock.advance(Duration::seconds(30));
    assert_eq!(show(&app.code(now())).await.unwrap().owed, None);

    let paper = codes[3].to_uppercase();
    assert_eq!(show(&paper).await.unwrap().owed, None);
    assert!(refused(show(&paper).await).contains("used before"));
    for wrong in ["", " - ", "123456", "abcde-fghjk", "１２３４５６", &"9".repeat(4000)] {
        refused(show(wrong).await);
    }
    match db.identity.second_factor(&two.aurora.owner, &from).await.unwrap() {
        SecondFactor::On { codes, .. } => assert_eq!(codes, 9),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn two_who_show_the_same_code_at_once_are_one() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let (app, codes) = App::on(&db, &two.aurora).await;
    let next = app.code(db.services.now() + Duration::seconds(30));
    for typed in [&next, &codes[0]] {
        let sign_ins = [begun(&db, &two).await, begun(&db, &two).await, begun(&db, &two).await];
        let tries = sign_ins.map(|sign_in| {
            let (identity, from, typed) = (db.identity.clone(), from(&db, "192.0.2.1"), typed.clone());
            tokio::spawn(async move { identity.show_code(sign_in, &typed, &from).await })
        });
        let mut taken = 0;
        for one in tries {
            taken += u32::from(one.await.unwrap().is_ok());
        }
        assert_eq!(taken, 1, "{typed}");
    }
}

#[tokio::test]
async fn a_hundred_wrong_codes_end_with_a_new_password_or_one_on_paper() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let (app, codes) = App::on(&db, &two.aurora).await;
    let sign_in = begun(&db, &two).await;
    let mut waits = 0;
    for n in 0..100 {
        let address = format!("192.0.2.{n}");
        let show = async || db.identity.show_code(sign_in.clone(), "000000", &from(&db, &address)).await;
        let mut shown = show().await;
        if matches!(shown, Err(IdentityError::TooManyAttempts { .. })) {
            // From however many addresses.
            waits += 1;
            db.clock.advance(Duration::seconds(16 * 60));
            shown = show().await;
        }
        assert!(refused(shown).contains("not right"), "{n}");
    }
    assert_eq!(waits, 3);
    let show = async |typed: &str| db.identity.show_code(sign_in.clone(), typed, &from(&db, "192.0.2.200")).await;
    db.clock.advance(Duration::seconds(16 * 60));
    assert!(refused(show(&app.code(db.services.now())).await).contains("new password"));
    assert_eq!(show(&codes[0]).await.unwrap().owed, None);
    // A new password, and the app is heard again.
    let form = identity::ChangeForm {
        current: Zeroizing::new(OWNER_PASSWORD.to_owned()),
        password: Zeroizing::new("another way to the harbour".to_owned()),
    };
    let changed = db.identity.change_password(&two.aurora.owner, form, &from(&db, "192.0.2.200")).await.unwrap();
    assert_eq!(changed.owed, None, "who is signed in is not asked again");
    assert_eq!(show(&app.code(db.services.now())).await.unwrap().owed, None);
}

#[tokio::test]
async fn a_trusted_browser_is_trusted_for_its_person_for_thirty_days_until_there_is_a_new_password() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    App::on(&db, &two.aurora).await;
    App::on(&db, &two.borealis).await;
    let here = from(&db, "192.0.2.1");
    let trusted = db.identity.trust(two.aurora.person, "", &here).await.unwrap().unwrap();
    let owed = async |email: &str, trusted: &str| {
        let form = SignInForm { email: email.to_owned(), password: Zeroizing::new(OWNER_PASSWORD.to_owned()) };
        let kept = Kept { trusted: Some(trusted), ..Kept::default() };
        db.identity.sign_in(form, &here, kept).await.unwrap().owed
    };
    let (aurora, borealis) = (two.aurora.email.as_str(), two.borealis.email.as_str());
    assert_eq!(owed(aurora, &trusted).await, None);
    assert_eq!(owed(borealis, &trusted).await, Some(Owed::Code), "for its person alone");
    let both = db.identity.trust(two.borealis.person, &trusted, &here).await.unwrap().unwrap();
    assert_eq!((owed(aurora, &both).await, owed(borealis, &both).await), (None, None));
    // Nothing that was made up, or made longer.
    let (until, mark) = trusted.split_once('~').unwrap();
    let longer = format!("{}~{mark}", until.parse::<i64>().unwrap() + 1);
    for other in [longer.as_str(), "", "~", "9999999999~", "ü~ü", mark, &trusted[..trusted.len() - 1]] {
        assert_eq!(owed(aurora, other).await, Some(Owed::Code), "{other}");
    }
    db.clock.advance(Duration::seconds(30 * 24 * 3600 - 60));
    assert_eq!(owed(aurora, &trusted).await, None);
    db.clock.advance(Duration::seconds(60));
    assert_eq!(owed(aurora, &trusted).await, Some(Owed::Code));

    let fresh = db.identity.trust(two.aurora.person, "", &here).await.unwrap().unwrap();
    assert_eq!(owed(aurora, &fresh).await, None);
    let form = identity::ChangeForm {
        current: Zeroizing::new(OWNER_PASSWORD.to_owned()),
        password: Zeroizing::new("another way to the harbour".to_owned()),
    };
    db.identity.change_password(&two.aurora.owner, form, &here).await.unwrap();
    let form =
        SignInForm { email: aurora.to_owned(), password: Zeroizing::new("another way to the harbour".to_owned()) };
    let kept = Kept { trusted: Some(&fresh), ..Kept::default() };
    assert_eq!(db.identity.sign_in(form, &here, kept).await.unwrap().owed, Some(Owed::Code));
}

#[tokio::test]
async fn turning_it_on_and_off_takes_what_shows_who_one_is() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let (owner, here) = (&two.aurora.owner, from(&db, "192.0.2.1"));
    let wrong = db.identity.begin_factor(owner, Zeroizing::new("not this one".to_owned()), &here).await;
    assert!(matches!(wrong, Err(IdentityError::Invalid(_))), "{wrong:?}");
    assert!(matches!(
        db.identity.begin_factor(&two.aurora.key, Zeroizing::default(), &here).await,
        Err(IdentityError::Denied(_))
    ));
    let hash = store::sessions::hash(two.aurora.session);
    let nothing = db.identity.turn_factor_on(owner, "123456", &hash, &here).await;
    assert!(matches!(nothing, Err(IdentityError::NotFound)), "{nothing:?}");

    // Begun twice, the later seed counts.
    let (first, app) = (App::begun(&db, &two.aurora).await, App::begun(&db, &two.aurora).await);
    let now = db.services.now();
    let old = db.identity.turn_factor_on(owner, &first.code(now), &hash, &here).await;
    assert!(matches!(old, Err(IdentityError::Invalid(_))), "{old:?}");
    // Not on yet: nothing is asked for.
    let before = begun(&db, &two).await;
    assert_eq!(before.owed, None);
    let elsewhere = db.open_session(two.aurora.person, two.aurora.id).await;
    db.identity.turn_factor_on(owner, &app.code(now), &hash, &here).await.unwrap();
    let open: i64 = sqlx::query_scalar("select count(*) from app.sessions where session_hash in ($1, $2)")
        .bind(hash.as_slice())
        .bind(store::sessions::hash(elsewhere).as_slice())
        .fetch_one(&mut db.superuser().await)
        .await
        .unwrap();
    assert_eq!(open, 1, "everywhere else one is signed out");
    // A sign-in that had begun without it opens nothing any more.
    let record = db
        .keep_sign_in(&SignIn { owed: Some(Owed::Workspace), chosen: None, proofs: Vec::new(), ..before.clone() })
        .await;
    let client = store::sessions::Client { device: "Firefox", address: None };
    assert!(!db.sessions.sign_in(&record, &before, client).await.unwrap());

    let again = db.identity.begin_factor(owner, Zeroizing::new(OWNER_PASSWORD.to_owned()), &here).await;
    assert!(matches!(again, Err(IdentityError::FactorIsOn)), "{again:?}");
    let wrong = db.identity.turn_factor_off(owner, "000000", &here).await;
    assert!(matches!(wrong, Err(IdentityError::Invalid(_))), "{wrong:?}");
    let codes = db.identity.new_codes(owner, &app.code(now + Duration::seconds(30)), &here).await.unwrap();
    db.identity.turn_factor_off(owner, &codes[0], &here).await.unwrap();
    assert_eq!(db.identity.second_factor(owner, &here).await.unwrap(), SecondFactor::Off);
    assert_eq!(begun(&db, &two).await.owed, None);
    // For whoever has lost both.
    App::on(&db, &two.borealis).await;
    assert!(db.identity.take_factor_away(&two.borealis.email, &here).await.unwrap());
    assert!(!db.identity.take_factor_away(&two.borealis.email, &here).await.unwrap());
    assert!(matches!(db.identity.take_factor_away("nobody@aurora.example", &here).await, Err(IdentityError::NotFound)));
}

/// Nothing in the database makes a code, and everything is sealed with the last key after `samtal keys rotate`, while people
/// sign in.
#[tokio::test]
async fn keys_are_rotated_while_people_sign_in() {
    use store::sealing::Sealer;
    use store::secret_key::SecretKey;
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let folder = std::env::temp_dir().join(format!("samtal-rotation-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("secret.key");
    SecretKey::read_or_make(&file).unwrap();
    // Two servers and the command, each with keys that it has read for itself.
    let server = || db.identity.clone().with_sealer(Sealer::of_file(&file).unwrap());
    let (one, other, command) = (server(), server(), server());
    let origin = from(&db, "192.0.2.1");
    let password = || Zeroizing::new(OWNER_PASSWORD.to_owned());
    one.begin_factor(&two.aurora.owner, password(), &origin).await.unwrap();
    let SecondFactor::Begun { key, .. } = one.second_factor(&two.aurora.owner, &origin).await.unwrap() else {
        panic!()
    };
    let app = App::new(&key);
    let hash = store::sessions::hash(two.aurora.session);
    one.turn_factor_on(&two.aurora.owner, &app.code(db.services.now()), &hash, &origin).await.unwrap();
    assert_eq!(db.columns_with(&key).await, Vec::<String>::new());

    for round in 0..5 {
        SecretKey::add_to(&file).unwrap();
        let rotated = {
            let command = command.clone();
            tokio::spawn(async move { command.seal_anew().await })
        };
        for server in [&one, &other] {
            db.clock.advance(Duration::seconds(30));
            let sign_in = sign_in(server, &two.aurora.email, OWNER_PASSWORD, &origin).await.unwrap();
            let shown = server.show_code(sign_in, &app.code(db.services.now()), &origin).await;
            assert_eq!(shown.unwrap().owed, None, "{round}");
        }
        assert_eq!(rotated.await.unwrap().unwrap(), 1, "{round}");
        assert_eq!(command.seal_anew().await.unwrap(), 0, "{round}");
    }
    // Those in between are not needed any more.
    let lines: Vec<String> =
        std::fs::read_to_string(&file).unwrap().lines().map(str::to_owned).filter(|l| !l.is_empty()).collect();
    assert_eq!(lines.len(), 6);
    std::fs::write(&file, format!("{}\n{}\n", lines[0], lines[5])).unwrap();
    assert!(matches!(server().second_factor(&two.aurora.owner, &origin).await, Ok(SecondFactor::On { .. })));
    db.clock.advance(Duration::seconds(30));
    let sign_in = begun(&db, &two).await;
    assert!(server().show_code(sign_in, &app.code(db.services.now()), &origin).await.is_ok());
    // And without its key a seed is our fault, said in the log, and opens nothing.
    std::fs::write(&file, format!("{}\n", lines[0])).unwrap();
    let sign_in = begun(&db, &two).await;
    db.clock.advance(Duration::seconds(30));
    let lost = server().show_code(sign_in, &app.code(db.services.now()), &origin).await;
    assert!(matches!(lost, Err(IdentityError::Store(_))), "{lost:?}");
    assert!(command.seal_anew().await.is_err());
    std::fs::remove_dir_all(&folder).unwrap();
}
