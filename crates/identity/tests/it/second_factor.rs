//! Codes of a second factor: each is taken once, wrong ones are borne so far, and what is kept says nothing.

use crate::stage::{from, sign_in};
use identity::{Here, IdentityError, Kept, ShownAgain, SignInForm, SignedUp, TakenAway};
use model::identity::{Owed, SecondFactor};
use model::{PersonId, Timestamp};
use store::sessions::{Proof, Shown, SignIn, hash};
use testkit::{App, OWNER_PASSWORD, TestDb, Two};
use time::Duration;
use zeroize::Zeroizing;

/// A sign-in of Aurora's owner that has shown the password.
async fn begun(db: &TestDb, two: &Two) -> SignIn {
    sign_in(&db.identity, &two.aurora.email, OWNER_PASSWORD, &from(db, "192.0.2.1")).await.unwrap()
}

fn by_code(code: &str) -> ShownAgain {
    ShownAgain { code: Zeroizing::new(code.to_owned()), ..ShownAgain::default() }
}

fn refused(result: Result<SignIn, IdentityError>) -> String {
    match result {
        Err(IdentityError::Invalid(errors)) => errors[0].message.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_step_and_each_code_on_paper_is_taken_once() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let mut two = Two::new(&db).await;
    let (app, codes) = App::on(&db, &mut two.aurora).await;
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
    match db.identity.second_factor(&two.aurora.owner, Here(&[0; 32]), &from).await.unwrap() {
        SecondFactor::On { codes, .. } => assert_eq!(codes, 9),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn two_who_show_the_same_code_at_once_are_one() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let mut two = Two::new(&db).await;
    let (app, codes) = App::on(&db, &mut two.aurora).await;
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
    let mut two = Two::new(&db).await;
    let (app, codes) = App::on(&db, &mut two.aurora).await;
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
    let changed = db
        .identity
        .change_password(&two.aurora.owner, form, Here(&hash(two.aurora.session)), &from(&db, "192.0.2.200"))
        .await
        .unwrap();
    assert_eq!(changed.owed, None, "who is signed in is not asked again");
    assert_eq!(show(&app.code(db.services.now())).await.unwrap().owed, None);
}

#[tokio::test]
async fn a_trusted_browser_is_trusted_for_its_person_for_thirty_days_until_there_is_a_new_password() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let mut two = Two::new(&db).await;
    App::on(&db, &mut two.aurora).await;
    App::on(&db, &mut two.borealis).await;
    let here = from(&db, "192.0.2.1");
    let trust = async |person, kept: &str| {
        let epoch = sqlx::query_scalar("select password_epoch from app.people where person_id = $1");
        let epoch: i32 = epoch.bind(PersonId::uuid(person)).fetch_one(&mut db.superuser().await).await.unwrap();
        let shown = |epoch| Shown { proof: Proof::Password, at: Timestamp::from_millis(0), epoch, of: None };
        let sign_in = |epoch| SignIn { proofs: vec![shown(epoch)], ..testkit::sign_in(person, two.aurora.id) };
        // By another password than the one that was shown nobody is trusted.
        assert_eq!(db.identity.trust(&sign_in(epoch - 1), kept, &here).await.unwrap(), None);
        db.identity.trust(&sign_in(epoch), kept, &here).await
    };
    let trusted = trust(two.aurora.person, "").await.unwrap().unwrap();
    let owed = async |email: &str, trusted: &str| {
        let form = SignInForm { email: email.to_owned(), password: Zeroizing::new(OWNER_PASSWORD.to_owned()) };
        let kept = Kept { trusted: Some(trusted), ..Kept::default() };
        db.identity.sign_in(form, &here, kept).await.unwrap().owed
    };
    let (aurora, borealis) = (two.aurora.email.as_str(), two.borealis.email.as_str());
    assert_eq!(owed(aurora, &trusted).await, None);
    assert_eq!(owed(borealis, &trusted).await, Some(Owed::Code), "for its person alone");
    let both = trust(two.borealis.person, &trusted).await.unwrap().unwrap();
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

    let fresh = trust(two.aurora.person, "").await.unwrap().unwrap();
    assert_eq!(owed(aurora, &fresh).await, None);
    let form = identity::ChangeForm {
        current: Zeroizing::new(OWNER_PASSWORD.to_owned()),
        password: Zeroizing::new("another way to the harbour".to_owned()),
    };
    db.identity.change_password(&two.aurora.owner, form, Here(&hash(two.aurora.session)), &here).await.unwrap();
    let form =
        SignInForm { email: aurora.to_owned(), password: Zeroizing::new("another way to the harbour".to_owned()) };
    let kept = Kept { trusted: Some(&fresh), ..Kept::default() };
    assert_eq!(db.identity.sign_in(form, &here, kept).await.unwrap().owed, Some(Owed::Code));
}

#[tokio::test]
async fn turning_it_on_and_off_takes_what_shows_who_one_is() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let mut two = Two::new(&db).await;
    let (owner, here) = (two.aurora.owner.clone(), from(&db, "192.0.2.1"));
    let owner = &owner;
    let hash_here = hash(two.aurora.session);
    let at = Here(&hash_here);
    let wrong = db.identity.begin_factor(owner, Zeroizing::new("not this one".to_owned()), at, &here).await;
    assert!(matches!(wrong, Err(IdentityError::Invalid(_))), "{wrong:?}");
    assert!(matches!(
        db.identity.begin_factor(&two.aurora.key, Zeroizing::default(), at, &here).await,
        Err(IdentityError::Denied(_))
    ));
    let nothing = db.identity.turn_factor_on(owner, "123456", at, &here).await;
    assert!(matches!(nothing, Err(IdentityError::NotFound)), "{nothing:?}");

    // Begun twice, the later seed counts.
    let (first, app) = (App::begun(&db, &two.aurora).await, App::begun(&db, &two.aurora).await);
    let now = db.services.now();
    let old = db.identity.turn_factor_on(owner, &first.code(now), at, &here).await;
    assert!(matches!(old, Err(IdentityError::Invalid(_))), "{old:?}");
    // Not on yet: nothing is asked for.
    let before = begun(&db, &two).await;
    assert_eq!(before.owed, None);
    // Another session neither sees the seed nor turns it on.
    let elsewhere = hash(db.open_session(two.aurora.person, two.aurora.id).await);
    assert_eq!(db.identity.second_factor(owner, Here(&elsewhere), &here).await.unwrap(), SecondFactor::Off);
    let theirs = db.identity.turn_factor_on(owner, &app.code(now), Here(&elsewhere), &here).await;
    assert!(matches!(theirs, Err(IdentityError::NotFound)), "{theirs:?}");
    let (_, sign_in) = db.identity.turn_factor_on(owner, &app.code(now), at, &here).await.unwrap();
    let open: i64 = sqlx::query_scalar("select count(*) from app.sessions where person_id = $1")
        .bind(two.aurora.person.uuid())
        .fetch_one(&mut db.superuser().await)
        .await
        .unwrap();
    assert_eq!(open, 0, "everywhere one is signed out");
    two.aurora.session = db.keep_sign_in(&sign_in).await;
    let hash_now = hash(two.aurora.session);
    let at = Here(&hash_now);
    // A sign-in that had begun without it opens nothing any more.
    let unfinished = SignIn { owed: Some(Owed::Workspace), chosen: None, proofs: Vec::new(), ..before.clone() };
    let record = db.keep_sign_in(&unfinished).await;
    let client = store::sessions::Client { device: "Firefox", address: None, request: db.request() };
    assert!(!db.sessions.sign_in(&record, &before, client).await.unwrap());

    let again = db.identity.begin_factor(owner, Zeroizing::new(OWNER_PASSWORD.to_owned()), at, &here).await;
    assert!(matches!(again, Err(IdentityError::FactorIsOn)), "{again:?}");
    let twice = db.identity.turn_factor_on(owner, &app.code(now), at, &here).await;
    assert!(matches!(twice, Err(IdentityError::FactorIsOn)), "{twice:?}");
    let wrong = db.identity.turn_factor_off(owner, "000000", at, &here).await;
    assert!(matches!(wrong, Err(IdentityError::Invalid(_))), "{wrong:?}");
    // By a session that has ended meanwhile nothing is done, and no code is used up.
    let next = app.code(now + Duration::seconds(30));
    let over = |error: &IdentityError| matches!(error, IdentityError::SignInOver);
    let ended = Here(&hash_here);
    assert!(over(&db.identity.new_codes(owner, by_code(&next), ended, &here).await.unwrap_err()));
    assert!(over(&db.identity.turn_factor_off(owner, &next, ended, &here).await.unwrap_err()));
    let form = || identity::ChangeForm {
        current: Zeroizing::new(OWNER_PASSWORD.to_owned()),
        password: Zeroizing::new("another way to the harbour".to_owned()),
    };
    assert!(over(&db.identity.change_password(owner, form(), ended, &here).await.unwrap_err()));
    let codes = db.identity.new_codes(owner, by_code(&next), at, &here).await.unwrap();
    db.identity.turn_factor_off(owner, &codes[0], at, &here).await.unwrap();
    assert_eq!(db.identity.second_factor(owner, at, &here).await.unwrap(), SecondFactor::Off);
    assert_eq!(begun(&db, &two).await.owed, None);
    assert!(over(
        &db.identity.begin_factor(owner, Zeroizing::new(OWNER_PASSWORD.to_owned()), ended, &here).await.unwrap_err()
    ));

    // What was begun is over after a while, and with a new password.
    let app = App::begun(&db, &two.aurora).await;
    db.clock.advance(Duration::minutes(15));
    assert_eq!(db.identity.second_factor(owner, at, &here).await.unwrap(), SecondFactor::Off);
    let late = db.identity.turn_factor_on(owner, &app.code(db.services.now()), at, &here).await;
    assert!(matches!(late, Err(IdentityError::NotFound)), "{late:?}");
    App::begun(&db, &two.aurora).await;
    db.identity.change_password(owner, form(), at, &here).await.unwrap();
    let left: i64 = sqlx::query_scalar("select count(*) from app.second_factors where person_id = $1")
        .bind(two.aurora.person.uuid())
        .fetch_one(&mut db.superuser().await)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn whoever_runs_it_lets_somebody_in_who_has_lost_both() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let mut two = Two::new(&db).await;
    let here = from(&db, "192.0.2.1");
    App::on(&db, &mut two.borealis).await;
    let take = async |email: &str| db.identity.take_factor_away(email, &here).await;
    // Nothing is sent from here.
    assert_eq!(take(&two.borealis.email).await.unwrap(), TakenAway::Gone { told: false });
    assert_eq!(take(&two.borealis.email).await.unwrap(), TakenAway::Nothing);
    assert!(matches!(take("nobody@aurora.example").await, Err(IdentityError::NotFound)));
    App::begun(&db, &two.aurora).await;
    assert_eq!(take(&two.aurora.email).await.unwrap(), TakenAway::Nothing, "it was not on");
}

/// A sign-in that is led through one is over when something has ended what was on its way; and where there is no app, none is turned
/// off.
#[tokio::test]
async fn an_older_step_turns_none_on() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let origin = from(&db, "192.0.2.1");
    let (owner, here) = (&two.aurora.owner, hash(two.aurora.session));
    let shown = Shown { proof: Proof::Password, at: store::services::timestamp(db.services.now()), epoch: 0, of: None };
    let led =
        SignIn { owed: Some(Owed::Factor), proofs: vec![shown], ..testkit::sign_in(two.aurora.person, two.aurora.id) };
    let id = hash(db.keep_sign_in(&led).await);
    let begun = db.identity.factor_on_the_way(&led, Here(&id), &origin).await.unwrap();
    let SecondFactor::Begun { key, .. } = begun else { panic!("{begun:?}") };
    let other: String = hash(db.open_session(two.aurora.person, two.aurora.id).await)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    db.identity.end_sessions(owner, Some(&other), &here, &origin).await.unwrap();
    let code = App::new(&key).code(db.services.now());
    let late = db.identity.turn_on_on_the_way(led, &code, Here(&id), &origin).await;
    assert!(matches!(late, Err(IdentityError::SignInOver)), "{late:?}");
    let off = db.identity.turn_factor_off(owner, "abcdefghjk", Here(&here), &origin).await;
    assert!(matches!(off, Err(IdentityError::NotFound)), "{off:?}");
}

/// Whoever is a member nowhere any more begins anew, with no phone of before.
#[tokio::test]
async fn who_begins_anew_has_no_second_factor() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let mut two = Two::new(&db).await;
    App::on(&db, &mut two.aurora).await;
    sqlx::query("delete from app.memberships where member_id = $1")
        .bind(two.aurora.member.uuid())
        .execute(&mut db.superuser().await)
        .await
        .unwrap();
    let form = crate::stage::sign_up_form("Anew", &two.aurora.email);
    let signed_up = db.identity.sign_up(form, &from(&db, "192.0.2.1")).await.unwrap();
    let SignedUp::In(sign_in) = signed_up else { panic!("{signed_up:?}") };
    db.keep_sign_in(&sign_in).await;
    let again = sign_in_of(&db, &two.aurora.email, "green lamp river").await;
    assert_eq!(again.owed, None);
}

async fn sign_in_of(db: &TestDb, email: &str, password: &str) -> SignIn {
    sign_in(&db.identity, email, password, &from(db, "192.0.2.1")).await.unwrap()
}

/// Somebody who types wrong codes elsewhere keeps nobody out who has a code on paper, or a new password.
#[tokio::test]
async fn wrong_codes_elsewhere_keep_nobody_out() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let mut two = Two::new(&db).await;
    let (app, codes) = App::on(&db, &mut two.aurora).await;
    for n in 0..30 {
        let sign_in = begun(&db, &two).await;
        let address = format!("192.0.2.{}", 10 + n / 10);
        assert!(db.identity.show_code(sign_in, "000000", &from(&db, &address)).await.is_err());
    }
    let here = from(&db, "192.0.2.200");
    let right = app.code(db.services.now() + Duration::seconds(30));
    let full = db.identity.show_code(begun(&db, &two).await, &right, &here).await;
    assert!(matches!(full, Err(IdentityError::TooManyAttempts { .. })), "{full:?}");
    assert_eq!(db.identity.show_code(begun(&db, &two).await, &codes[0], &here).await.unwrap().owed, None);
    let form = identity::ChangeForm {
        current: Zeroizing::new(OWNER_PASSWORD.to_owned()),
        password: Zeroizing::new("another way to the harbour".to_owned()),
    };
    let hash = hash(two.aurora.session);
    db.identity.change_password(&two.aurora.owner, form, Here(&hash), &here).await.unwrap();
    let sign_in = sign_in_of(&db, &two.aurora.email, "another way to the harbour").await;
    assert_eq!(db.identity.show_code(sign_in, &right, &here).await.unwrap().owed, None);
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
    let hash = hash(two.aurora.session);
    one.begin_factor(&two.aurora.owner, password(), Here(&hash), &origin).await.unwrap();
    let SecondFactor::Begun { key, .. } = one.second_factor(&two.aurora.owner, Here(&hash), &origin).await.unwrap()
    else {
        panic!()
    };
    let app = App::new(&key);
    one.turn_factor_on(&two.aurora.owner, &app.code(db.services.now()), Here(&hash), &origin).await.unwrap();
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
        assert_eq!(rotated.await.unwrap().unwrap(), (1, 0), "{round}");
        assert_eq!(command.seal_anew().await.unwrap(), (0, 0), "{round}");
    }
    // Those in between are not needed any more.
    let lines: Vec<String> =
        std::fs::read_to_string(&file).unwrap().lines().map(str::to_owned).filter(|l| !l.is_empty()).collect();
    assert_eq!(lines.len(), 6);
    std::fs::write(&file, format!("{}\n{}\n", lines[0], lines[5])).unwrap();
    assert!(matches!(
        server().second_factor(&two.aurora.owner, Here(&hash), &origin).await,
        Ok(SecondFactor::On { .. })
    ));
    db.clock.advance(Duration::seconds(30));
    let sign_in = begun(&db, &two).await;
    assert!(server().show_code(sign_in, &app.code(db.services.now()), &origin).await.is_ok());
    // And without its key a seed is our fault, said in the log, and opens nothing.
    std::fs::write(&file, format!("{}\n", lines[0])).unwrap();
    let sign_in = begun(&db, &two).await;
    db.clock.advance(Duration::seconds(30));
    let lost = server().show_code(sign_in, &app.code(db.services.now()), &origin).await;
    assert!(matches!(lost, Err(IdentityError::Store(_))), "{lost:?}");
    // It does not stop those after it.
    let hash = store::sessions::hash(two.borealis.session);
    command.begin_factor(&two.borealis.owner, password(), Here(&hash), &origin).await.unwrap();
    SecretKey::add_to(&file).unwrap();
    assert_eq!(command.seal_anew().await.unwrap(), (1, 1));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// What goes on under another id after it was turned on does not go on when there is a new password in between.
#[tokio::test]
async fn a_new_password_ends_what_goes_on() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let app = App::begun(&db, &two.aurora).await;
    let (origin, hash) = (from(&db, "192.0.2.1"), hash(two.aurora.session));
    let code = app.code(db.services.now());
    let turned = db.identity.turn_factor_on(&two.aurora.owner, &code, Here(&hash), &origin).await;
    let (_, sign_in) = turned.unwrap();
    let unfinished = SignIn { owed: Some(Owed::Code), chosen: None, proofs: Vec::new(), ..sign_in.clone() };
    let record = db.keep_sign_in(&unfinished).await;
    let client = || store::sessions::Client { device: "Firefox", address: None, request: db.request() };
    sqlx::query("update app.people set password_epoch = password_epoch + 1")
        .execute(&mut db.superuser().await)
        .await
        .unwrap();
    assert!(!db.sessions.sign_in(&record, &sign_in, client()).await.unwrap());
}

/// What one does for oneself is written where one works: from where, in the one in which one acts alone; and signing out where
/// nobody is signed in is not written at all.
#[tokio::test]
async fn one_company_does_not_learn_where_one_was_for_another() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    db.joins(&two.aurora, &two.borealis).await;
    let (owner, hash) = (&two.aurora.owner, hash(two.aurora.session));
    let origin = from(&db, "192.0.2.77");
    let written = async |act: &str| -> Vec<(bool, Option<String>)> {
        sqlx::query_as("select tenant_id = $1, address from app.audit_entries where act = $2 order by 1")
            .bind(two.aurora.id.uuid())
            .bind(act.to_owned())
            .fetch_all(&mut db.superuser().await)
            .await
            .unwrap()
    };
    db.identity.end_sessions(owner, None, &hash, &origin).await.unwrap();
    assert_eq!(written("sessions.ended").await, []);
    db.open_session(two.aurora.person, two.borealis.id).await;
    db.identity.end_sessions(owner, None, &hash, &origin).await.unwrap();
    assert_eq!(written("sessions.ended").await, [(false, None)], "where it was ended");
    let form = identity::ChangeForm {
        current: Zeroizing::new(OWNER_PASSWORD.to_owned()),
        password: Zeroizing::new("another way to the harbour".to_owned()),
    };
    db.identity.change_password(owner, form, Here(&hash), &origin).await.unwrap();
    assert_eq!(written("password.changed").await, [(false, None), (true, Some("192.0.2.77".to_owned()))]);
}
