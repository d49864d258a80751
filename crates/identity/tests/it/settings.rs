//! Settings: each change a version over the one that was seen; what is in force holds at once.

use crate::stage::{agent, from, sign_in};
use identity::{Here, IdentityError};
use model::identity::{Owed, SecondFactor};
use model::settings::Settings;
use store::scope;
use store::sessions::{Client, Proof, SignIn, hash};
use testkit::{App, OWNER_PASSWORD, TestDb, Two};
use time::Duration;

fn with(name: &str, change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings {
        name: name.to_owned(),
        second_factor: false,
        session_minutes: None,
        idle_minutes: None,
        language: None,
        remember_facts: false,
        mask_personal_data: false,
        embed_origins: Vec::new(),
        calls: false,
        time_zone: None,
        service_hours: Vec::new(),
    };
    change(&mut settings);
    settings
}

#[tokio::test]
async fn each_change_is_a_version_and_any_comes_back() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (identity, owner) = (&db.identity, &two.aurora.owner);
    assert_eq!(identity.settings(owner).await.unwrap(), (0, with("Aurora", |_| {})));
    assert_eq!(identity.settings_versions(owner).await.unwrap(), []);
    // The same changes nothing.
    assert_eq!(identity.change_settings(owner, 0, with("Aurora", |_| {})).await.unwrap().0, 0);
    let renamed = with("Aurora Lamps", |s| {
        s.idle_minutes = Some(30);
        s.embed_origins = vec!["https://shop.example".to_owned(), "http://localhost:5173".to_owned()];
        s.calls = true;
        s.time_zone = Some("Europe/Stockholm".to_owned());
        s.service_hours = ["09:00-12:00, 13:00-17:00", "", "", "", "", "", "10:00-24:00"].map(str::to_owned).to_vec();
    });
    assert_eq!(identity.change_settings(owner, 0, renamed.clone()).await.unwrap(), (1, renamed.clone()));
    assert_eq!(identity.whoami(owner).await.unwrap().0.name, "Aurora Lamps");
    // Over one that is in force no more nothing is put.
    let late = identity.change_settings(owner, 0, with("Aurora Sofas", |_| {})).await;
    assert!(matches!(late, Err(IdentityError::SettingsChanged)), "{late:?}");
    let wrong = identity.change_settings(owner, 1, with("", |s| s.session_minutes = Some(1))).await;
    assert!(matches!(wrong, Err(IdentityError::Invalid(errors)) if errors.len() == 2));
    // A time zone that the database does not know is none.
    let nowhere = with("Aurora", |s| s.time_zone = Some("Europe/Nowhere".to_owned()));
    let nowhere = identity.change_settings(owner, 1, nowhere).await;
    assert!(matches!(nowhere, Err(IdentityError::Invalid(errors)) if errors[0].field == "time_zone"));
    assert_eq!(identity.restore_settings(owner, 1, 0).await.unwrap(), (2, with("Aurora", |_| {})));
    assert!(matches!(identity.restore_settings(owner, 2, 7).await, Err(IdentityError::NotFound)));
    let versions = identity.settings_versions(owner).await.unwrap();
    let seen: Vec<_> = versions.iter().map(|v| (v.version, v.restores, v.changed_by.as_str())).collect();
    assert_eq!(seen, [(2, Some(0), "Aurora Owner"), (1, None, "Aurora Owner"), (0, None, "")]);
    assert_eq!(versions[1].settings, renamed);
    // Of another company nothing is seen or touched.
    assert_eq!(identity.settings(&two.borealis.owner).await.unwrap(), (0, with("Borealis", |_| {})));
    assert_eq!(identity.settings_versions(&two.borealis.owner).await.unwrap(), []);
    // Who may not changes none, and does not see who changed what.
    let agent = agent(&db, &two.aurora).await;
    assert!(matches!(identity.change_settings(&agent, 2, renamed).await, Err(IdentityError::Denied(_))));
    assert!(matches!(identity.settings_versions(&agent).await, Err(IdentityError::Denied(_))));
    assert!(matches!(identity.settings_versions(&two.aurora.key).await, Err(IdentityError::Denied(_))));
}

#[tokio::test]
async fn what_was_no_setting_yet_stays_as_it_is() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (identity, owner) = (&db.identity, &two.aurora.owner);
    identity.change_settings(owner, 0, with("Old", |_| {})).await.unwrap();
    let sites = |s: &mut Settings| {
        s.mask_personal_data = true;
        s.embed_origins = vec!["https://shop.example".to_owned()];
    };
    identity.change_settings(owner, 1, with("New", sites)).await.unwrap();
    let old = "update app.settings set settings = settings - 'mask_personal_data' - 'embed_origins' where version = 1";
    sqlx::query(old).execute(&mut db.superuser().await).await.unwrap();
    let restored = identity.restore_settings(owner, 2, 1).await.unwrap();
    assert_eq!(restored, (3, with("Old", sites)));
    // And it is shown in the list, as it was.
    let listed = identity.settings_versions(owner).await.unwrap();
    assert_eq!(listed[2].settings, with("Old", |_| {}));
}

#[tokio::test]
async fn of_two_who_change_them_at_once_one_does() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let tries = ["One", "Another", "A third"].map(|name| {
        let (identity, owner) = (db.identity.clone(), two.aurora.owner.clone());
        tokio::spawn(async move { identity.change_settings(&owner, 0, with(name, |_| {})).await })
    });
    let mut done = 0;
    for one in tries {
        match one.await.unwrap() {
            Ok(_) => done += 1,
            Err(IdentityError::SettingsChanged) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(done, 1);
    assert_eq!(db.identity.settings_versions(&two.aurora.owner).await.unwrap().len(), 2);
}

#[tokio::test]
async fn sessions_end_as_the_company_has_set() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let owner = &two.aurora.owner;
    // By both ways in which a session is read.
    let open = async |session| {
        let (services, session, lifetime) = (&db.services, hash(session), db.sessions.lifetime());
        let quiet = scope::enter_by_session(services, &session, lifetime, db.request(), false).await.unwrap().is_some();
        let found = scope::of_session(services, &session, lifetime, db.request()).await.unwrap().is_some();
        assert_eq!(quiet, found, "both say the same");
        found
    };
    let set = with("Aurora", |s| {
        s.idle_minutes = Some(10);
        s.session_minutes = Some(25);
    });
    db.identity.change_settings(owner, 0, set).await.unwrap();
    let session = two.aurora.session;
    for _ in 0..2 {
        db.clock.advance(Duration::minutes(9));
        assert!(open(session).await, "it is used");
    }
    let theirs = two.borealis.session;
    db.clock.advance(Duration::minutes(8));
    assert!(!open(session).await, "26 minutes after it began");
    assert!(open(theirs).await, "another company has set nothing");
    let another = db.open_session(two.aurora.person, two.aurora.id).await;
    db.clock.advance(Duration::minutes(10));
    assert!(!open(another).await, "nobody has used it");
    // Going elsewhere and back does not prolong it.
    db.joins(&two.aurora, &two.borealis).await;
    let (begun, here) = (db.open_session(two.aurora.person, two.aurora.id).await, from(&db, "192.0.2.1"));
    let mut at = begun;
    for chosen in [two.borealis.id, two.aurora.id] {
        db.clock.advance(Duration::minutes(9));
        let lifetime = db.sessions.lifetime();
        let caller = scope::of_session(&db.services, &hash(at), lifetime, db.request()).await.unwrap().unwrap();
        let goes = db.identity.switch(&caller, Some(chosen), Here(&hash(at)), &here).await.unwrap();
        at = db.keep_sign_in(&goes).await;
    }
    assert!(open(at).await, "18 minutes after it began");
    db.clock.advance(Duration::minutes(8));
    assert!(!open(at).await, "26 minutes after it began");
    let listed = db.identity.list_sessions(owner, &hash(another), &from(&db, "192.0.2.1")).await.unwrap();
    assert_eq!(listed, [], "and it stands in no list");
}

#[tokio::test]
async fn who_has_no_second_factor_is_led_through_it_where_it_is_asked_for() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let mut two = Two::new(&db).await;
    let here = from(&db, "192.0.2.1");
    let (identity, owner) = (&db.identity, two.aurora.owner.clone());
    identity.change_settings(&owner, 0, with("Aurora", |s| s.second_factor = true)).await.unwrap();
    let begun = sign_in(identity, &two.aurora.email, OWNER_PASSWORD, &here).await.unwrap();
    assert_eq!((begun.owed, begun.chosen), (Some(Owed::Factor), Some(two.aurora.id)));
    // Nobody is led through it where it is not asked for.
    assert_eq!(sign_in(identity, &two.borealis.email, OWNER_PASSWORD, &here).await.unwrap().owed, None);
    let way = hash(db.keep_sign_in(&begun).await);
    let elsewhere = hash(db.keep_sign_in(&begun).await);
    let SecondFactor::Begun { key, .. } = identity.factor_on_the_way(&begun, Here(&way), &here).await.unwrap() else {
        panic!()
    };
    // The same one when it is looked at again; of nobody who has only the password.
    let again = identity.factor_on_the_way(&begun, Here(&way), &here).await.unwrap();
    assert!(matches!(again, SecondFactor::Begun { key: same, .. } if same == key));
    let app = App::new(&key);
    let now = db.services.now();
    let other = identity.turn_on_on_the_way(begun.clone(), &app.code(now), Here(&elsewhere), &here).await;
    assert!(matches!(other, Err(IdentityError::NotFound)), "{other:?}");
    for nothing in [[0; 32], hash(two.borealis.session)] {
        let none = identity.turn_on_on_the_way(begun.clone(), &app.code(now), Here(&nothing), &here).await;
        assert!(matches!(none, Err(IdentityError::SignInOver)), "{none:?}");
    }
    let wrong = identity.turn_on_on_the_way(begun.clone(), "000000", Here(&way), &here).await;
    assert!(matches!(wrong, Err(IdentityError::Invalid(_))), "{wrong:?}");
    let (codes, done) = identity.turn_on_on_the_way(begun.clone(), &app.code(now), Here(&way), &here).await.unwrap();
    assert_eq!((codes.len(), done.owed, done.chosen), (10, None, Some(two.aurora.id)));
    assert_eq!(done.proofs.iter().map(|shown| shown.proof).collect::<Vec<_>>(), [Proof::Password, Proof::Totp]);
    // It opens a session; what was begun before it opens none any more.
    let client = || Client { device: "Firefox", address: None, request: db.request() };
    let fresh = db.keep_sign_in(&testkit::sign_in(two.borealis.person, two.borealis.id)).await;
    assert!(!db.sessions.sign_in(&fresh, &SignIn { owed: None, ..begun.clone() }, client()).await.unwrap());
    assert!(db.sessions.sign_in(&fresh, &done, client()).await.unwrap());
    assert!(identity.turn_on_on_the_way(begun, &app.code(now), Here(&way), &here).await.is_err(), "once");
    // While it is asked for it stays on.
    two.aurora.session = fresh;
    let stays = identity.turn_factor_off(&owner, &codes[0], Here(&hash(fresh)), &here).await;
    assert!(matches!(stays, Err(IdentityError::FactorIsRequired)), "{stays:?}");
    identity.change_settings(&owner, 1, with("Aurora", |_| {})).await.unwrap();
    identity.turn_factor_off(&owner, &codes[0], Here(&hash(fresh)), &here).await.unwrap();
    assert_eq!(sign_in(identity, &two.aurora.email, OWNER_PASSWORD, &here).await.unwrap().owed, None);
}

/// A session shows nothing of what its person knows: whoever has one sets no second factor up by going anywhere.
#[tokio::test]
async fn a_session_alone_leads_through_no_second_factor() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let here = from(&db, "192.0.2.1");
    let identity = &db.identity;
    db.joins(&two.aurora, &two.borealis).await;
    identity.change_settings(&two.borealis.owner, 0, with("Borealis", |s| s.second_factor = true)).await.unwrap();
    let session = hash(two.aurora.session);
    let owner = &two.aurora.owner;
    let own = identity.switch(owner, Some(two.aurora.id), Here(&session), &here).await;
    assert!(matches!(own, Err(IdentityError::Invalid(_))), "where one is one does not go: {own:?}");
    let other = identity.switch(owner, Some(two.borealis.id), Here(&session), &here).await;
    assert!(matches!(other, Err(IdentityError::FactorFirst)), "{other:?}");
    // Nor on the way of a sign-in that has shown nothing else.
    let way =
        SignIn { proofs: Vec::new(), owed: Some(Owed::Factor), ..testkit::sign_in(two.aurora.person, two.aurora.id) };
    let id = hash(db.keep_sign_in(&way).await);
    let begun = identity.factor_on_the_way(&way, Here(&id), &here).await;
    assert!(matches!(begun, Err(IdentityError::SignInOver)), "{begun:?}");
}
