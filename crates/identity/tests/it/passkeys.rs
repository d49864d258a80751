//! Passkeys: one opens the account and is a second factor; what a device says that lies opens nothing.

use crate::stage::{from, sign_in, sign_up_form};
use identity::{
    Here, Identity, IdentityError, Kept, PasskeyForm, PasskeyShown, Passkeys, ShownAgain, SignInForm, SignedUp,
};
use model::identity::Owed;
use model::settings::Settings;
use store::sessions::{Proof, Shown, SignIn, hash};
use testkit::{App, DEVICE_LIES, Device, DeviceLie, OWNER_PASSWORD, Tenant, TestDb, Two};
use time::Duration;
use zeroize::Zeroizing;

const ADDRESS: &str = "https://talk.fjord.example";

fn with_passkeys(db: &TestDb) -> Identity {
    db.identity.clone().with_passkeys(Passkeys::at(ADDRESS))
}

fn by_password(password: &str) -> ShownAgain {
    ShownAgain { password: Zeroizing::new(password.to_owned()), ..ShownAgain::default() }
}

fn named(name: &str, password: &str) -> PasskeyForm {
    PasskeyForm { name: name.to_owned(), shown: by_password(password) }
}

/// A device of a tenant's owner with a new passkey, and the codes for paper that came with it.
async fn made(db: &TestDb, identity: &Identity, tenant: &Tenant, name: &str) -> (Device, Vec<String>) {
    let (hash, origin) = (hash(tenant.session), from(db, "192.0.2.1"));
    let begun = identity.begin_passkey(&tenant.owner, named(name, OWNER_PASSWORD), Here(&hash), &origin).await.unwrap();
    let (device, answer) = Device::make(&begun.options, ADDRESS, None);
    let codes = identity.add_passkey(&tenant.owner, (&begun.kept, &answer), Here(&hash), &origin).await.unwrap();
    (device, codes)
}

async fn shown(
    db: &TestDb,
    identity: &Identity,
    device: &mut Device,
    begun: Option<SignIn>,
    lie: Option<DeviceLie>,
) -> Result<PasskeyShown, IdentityError> {
    let origin = from(db, "192.0.2.1");
    let asked = identity.ask_for_passkey(begun.as_ref(), &origin).await?;
    let answer = device.show(&asked.options, lie);
    identity.passkey_shown(begun, (&asked.kept, &answer), "/dashboard".to_owned(), &origin).await
}

async fn open(db: &TestDb, session: [u8; 32]) -> bool {
    let open = "select exists (select from app.sessions where session_hash = $1)";
    sqlx::query_scalar(open).bind(session.as_slice()).fetch_one(&mut db.superuser().await).await.unwrap()
}

async fn count(db: &TestDb, table: &str) -> i64 {
    let count = format!("select count(*) from app.{table}");
    sqlx::query_scalar(testkit::sql(count)).fetch_one(&mut db.superuser().await).await.unwrap()
}

#[tokio::test]
async fn one_opens_the_account_by_itself_and_is_asked_for_after_the_password() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let (two, identity) = (Two::new(&db).await, with_passkeys(&db));
    let elsewhere = db.open_session(two.aurora.person, two.aurora.id).await;
    let (mut device, codes) = made(&db, &identity, &two.aurora, "Phone").await;
    assert_eq!(codes.len(), 10);
    assert!(!open(&db, hash(elsewhere)).await, "everywhere else one is signed out");
    assert!(open(&db, hash(two.aurora.session)).await);

    let PasskeyShown::Begun(sign_in) = shown(&db, &identity, &mut device, None, None).await.unwrap() else { panic!() };
    assert_eq!((sign_in.person, sign_in.owed), (two.aurora.person, None));
    assert_eq!(sign_in.proofs.iter().map(|shown| shown.proof).collect::<Vec<_>>(), [Proof::Passkey]);
    db.keep_sign_in(&sign_in).await;

    // After the password: the passkey, or a code on paper, and no code of an app that is not there.
    let begun = || async { sign_in_here(&db, &identity, &two.aurora).await };
    let sign_in = begun().await;
    assert_eq!(sign_in.owed, Some(Owed::Code));
    let shown_then = shown(&db, &identity, &mut device, Some(sign_in), None).await.unwrap();
    let PasskeyShown::GoesOn(sign_in) = shown_then else { panic!() };
    assert_eq!(sign_in.owed, None);
    let origin = from(&db, "192.0.2.1");
    assert!(matches!(identity.show_code(begun().await, "123456", &origin).await, Err(IdentityError::Invalid(_))));
    assert_eq!(identity.show_code(begun().await, &codes[0], &origin).await.unwrap().owed, None);
    let own = identity.own_passkeys(&two.aurora.owner, &origin).await.unwrap();
    assert_eq!((own.codes, own.app, own.password, own.passkeys.len()), (9, false, true, 1));
    assert!(own.passkeys[0].name == "Phone" && own.passkeys[0].used_at.is_some());

    // A second one comes without codes, and signs nobody out.
    let elsewhere = db.open_session(two.aurora.person, two.aurora.id).await;
    let (mut other, codes) = made(&db, &identity, &two.aurora, "Laptop").await;
    assert!(codes.is_empty() && open(&db, hash(elsewhere)).await);
    assert!(shown(&db, &identity, &mut other, None, None).await.is_ok());
}

async fn sign_in_here(db: &TestDb, identity: &Identity, tenant: &Tenant) -> SignIn {
    sign_in(identity, &tenant.email, OWNER_PASSWORD, &from(db, "192.0.2.1")).await.unwrap()
}

#[tokio::test]
async fn a_device_that_lies_opens_nothing_and_makes_nothing() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let (two, identity) = (Two::new(&db).await, with_passkeys(&db));
    let (mut device, _) = made(&db, &identity, &two.aurora, "Phone").await;
    for lie in DEVICE_LIES {
        for begun in [None, Some(sign_in_here(&db, &identity, &two.aurora).await)] {
            let refused = shown(&db, &identity, &mut device, begun, Some(lie)).await;
            assert!(matches!(refused, Err(IdentityError::WrongPasskey)), "{lie:?}: {refused:?}");
        }
        // What lied once is believed when it does not.
        assert!(shown(&db, &identity, &mut device, None, None).await.is_ok(), "{lie:?}");
    }
    let (hash, origin) = (hash(two.borealis.session), from(&db, "192.0.2.1"));
    let making = [
        DeviceLie::Origin,
        DeviceLie::Site,
        DeviceLie::NotPresent,
        DeviceLie::NotUnlocked,
        DeviceLie::Challenge,
        DeviceLie::Kind,
        DeviceLie::Nonsense,
    ];
    for lie in making {
        let form = named("Phone", OWNER_PASSWORD);
        let begun = identity.begin_passkey(&two.borealis.owner, form, Here(&hash), &origin).await.unwrap();
        let (_, answer) = Device::make(&begun.options, ADDRESS, Some(lie));
        let made = identity.add_passkey(&two.borealis.owner, (&begun.kept, &answer), Here(&hash), &origin).await;
        assert!(matches!(made, Err(IdentityError::NotMade)), "{lie:?}: {made:?}");
    }
    assert_eq!(count(&db, "passkeys").await, 1);
}

#[tokio::test]
async fn an_answer_counts_once_in_its_browser_and_its_time_and_for_whom_it_was_asked() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let (two, identity) = (Two::new(&db).await, with_passkeys(&db));
    let (mut device, _) = made(&db, &identity, &two.aurora, "Phone").await;
    let (mut other, _) = made(&db, &identity, &two.borealis, "Phone").await;
    let origin = from(&db, "192.0.2.1");
    let show = async |begun: Option<SignIn>, kept: &str, answer: &str| {
        identity.passkey_shown(begun, (kept, answer), "/dashboard".to_owned(), &origin).await
    };
    let asked = identity.ask_for_passkey(None, &origin).await.unwrap();
    let answer = device.show(&asked.options, None);
    assert!(show(None, &asked.kept, &answer).await.is_ok());
    let over = |result: Result<_, IdentityError>| matches!(result, Err(IdentityError::SignInOver));
    assert!(over(show(None, &asked.kept, &answer).await), "twice");
    let another = identity.ask_for_passkey(None, &origin).await.unwrap();
    let wrong = show(None, &another.kept, &answer).await;
    assert!(matches!(wrong, Err(IdentityError::WrongPasskey)), "to another question");
    for kept in ["", "00", "zz", &asked.kept[1..], &asked.kept.replace('a', "b")] {
        assert!(over(show(None, kept, &answer).await), "{kept}");
    }
    let asked = identity.ask_for_passkey(None, &origin).await.unwrap();
    db.clock.advance(Duration::minutes(15));
    let answer = device.show(&asked.options, None);
    assert!(over(show(None, &asked.kept, &answer).await), "too late");

    // On the way of somebody's sign-in: theirs alone, and for it alone.
    let begun = sign_in_here(&db, &identity, &two.aurora).await;
    let refused = shown(&db, &identity, &mut other, Some(begun.clone()), None).await;
    assert!(matches!(refused, Err(IdentityError::WrongPasskey)));
    let asked = identity.ask_for_passkey(Some(&begun), &origin).await.unwrap();
    let answer = device.show(&asked.options, None);
    assert!(over(show(None, &asked.kept, &answer).await), "it does not begin one");
    let others = sign_in_here(&db, &identity, &two.borealis).await;
    let asked = identity.ask_for_passkey(Some(&begun), &origin).await.unwrap();
    assert!(over(show(Some(others), &asked.kept, &other.show(&asked.options, None)).await), "nor another one's");

    // One is made by the session that began, while the password is the same.
    let (here, there) = (hash(two.aurora.session), db.open_session(two.aurora.person, two.aurora.id).await);
    let owner = &two.aurora.owner;
    let begun = identity.begin_passkey(owner, named("x", OWNER_PASSWORD), Here(&here), &origin).await.unwrap();
    let (_, answer) = Device::make(&begun.options, ADDRESS, None);
    let made = identity.add_passkey(owner, (&begun.kept, &answer), Here(&hash(there)), &origin).await;
    assert!(matches!(made, Err(IdentityError::SignInOver)));
    let borealis = hash(two.borealis.session);
    let made = identity.add_passkey(&two.borealis.owner, (&begun.kept, &answer), Here(&borealis), &origin).await;
    assert!(matches!(made, Err(IdentityError::SignInOver)));
    identity.end_sessions(owner, None, &here, &origin).await.unwrap();
    let made = identity.add_passkey(owner, (&begun.kept, &answer), Here(&here), &origin).await;
    assert!(matches!(made, Err(IdentityError::SignInOver)), "what has ended sessions ends this, too");
}

#[tokio::test]
async fn making_and_removing_take_what_shows_that_it_is_the_person() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let (mut two, identity) = (Two::new(&db).await, with_passkeys(&db));
    let origin = from(&db, "192.0.2.1");
    let here = hash(two.aurora.session);
    for (name, password, field) in [
        ("", OWNER_PASSWORD, "name"),
        (&"x".repeat(61), OWNER_PASSWORD, "name"),
        ("Phone", "not it", "password"),
        ("Phone", "", "password"),
    ] {
        match identity.begin_passkey(&two.aurora.owner, named(name, password), Here(&here), &origin).await {
            Err(IdentityError::Invalid(errors)) => assert_eq!(errors[0].field, field),
            other => panic!("{other:?}"),
        }
    }
    let (_, _) = made(&db, &identity, &two.aurora, "Phone").await;
    let id = |own: model::identity::OwnPasskeys| own.passkeys[0].id.parse().unwrap();
    let own = id(identity.own_passkeys(&two.aurora.owner, &origin).await.unwrap());
    let others = hash(two.borealis.session);
    let foreign =
        identity.remove_passkey(&two.borealis.owner, own, by_password(OWNER_PASSWORD), Here(&others), &origin);
    assert!(matches!(foreign.await, Err(IdentityError::NotFound)));
    let wrong = identity.remove_passkey(&two.aurora.owner, own, by_password("not it"), Here(&here), &origin);
    assert!(matches!(wrong.await, Err(IdentityError::Invalid(_))));

    // With an app, a code of it; the password is not enough.
    let (app, _) = App::on(&db, &mut two.aurora).await;
    let here = hash(two.aurora.session);
    let wrong = identity.remove_passkey(&two.aurora.owner, own, by_password(OWNER_PASSWORD), Here(&here), &origin);
    assert!(matches!(wrong.await, Err(IdentityError::Invalid(_))));
    let code = app.code(db.services.now() + Duration::seconds(30));
    let shown = ShownAgain { code: Zeroizing::new(code), ..ShownAgain::default() };
    identity.remove_passkey(&two.aurora.owner, own, shown, Here(&here), &origin).await.unwrap();
    // The app is there still, and its codes on paper with it.
    assert_eq!((count(&db, "passkeys").await, count(&db, "recovery_codes").await), (0, 10));

    // Ten are the most, and the same one is there once.
    let (hash, owner) = (hash(two.borealis.session), &two.borealis.owner);
    let begun = identity.begin_passkey(owner, named("x", OWNER_PASSWORD), Here(&hash), &origin).await.unwrap();
    let (_, answer) = Device::make(&begun.options, ADDRESS, None);
    let add = async || identity.add_passkey(owner, (&begun.kept, &answer), Here(&hash), &origin).await;
    assert_eq!(add().await.unwrap().len(), 10);
    // (The first one has ended what was begun before it.)
    assert!(matches!(add().await, Err(IdentityError::SignInOver)));
    let begun = identity.begin_passkey(owner, named("x", OWNER_PASSWORD), Here(&hash), &origin).await.unwrap();
    let (_, answer) = Device::make(&begun.options, ADDRESS, None);
    let add = async || identity.add_passkey(owner, (&begun.kept, &answer), Here(&hash), &origin).await;
    add().await.unwrap();
    assert!(matches!(add().await, Err(IdentityError::PasskeyIsThere)));
    for _ in 2..10 {
        made(&db, &identity, &two.borealis, "x").await;
    }
    // What a browser keeps meanwhile fits into a cookie, also where devices name theirs by as much as they may.
    sqlx::query("update app.passkeys set credential_id = credential_id || decode(repeat('00', 991), 'hex')")
        .execute(&mut db.superuser().await)
        .await
        .unwrap();
    sqlx::query("delete from app.passkeys where passkey_id = (select passkey_id from app.passkeys limit 1)")
        .execute(&mut db.superuser().await)
        .await
        .unwrap();
    let one_more = identity.begin_passkey(owner, named(&"x".repeat(60), OWNER_PASSWORD), Here(&hash), &origin).await;
    let (one_more, at_once) = (one_more.unwrap(), {
        identity.begin_passkey(owner, named("x", OWNER_PASSWORD), Here(&hash), &origin).await.unwrap()
    });
    assert!(one_more.kept.len() < 3000, "{}", one_more.kept.len());
    let told: serde_json::Value = serde_json::from_str(&one_more.options).unwrap();
    assert_eq!(told["excludeCredentials"].as_array().unwrap().len(), 9);
    let (_, answer) = Device::make(&one_more.options, ADDRESS, None);
    identity.add_passkey(owner, (&one_more.kept, &answer), Here(&hash), &origin).await.unwrap();
    // Of two that were begun at once the second is one too many.
    let (_, answer) = Device::make(&at_once.options, ADDRESS, None);
    let second = identity.add_passkey(owner, (&at_once.kept, &answer), Here(&hash), &origin).await;
    assert!(matches!(second, Err(IdentityError::TooManyPasskeys(10))), "{second:?}");
    let more = identity.begin_passkey(owner, named("x", OWNER_PASSWORD), Here(&hash), &origin).await;
    assert!(matches!(more, Err(IdentityError::TooManyPasskeys(10))));
    assert_eq!(count(&db, "passkeys").await, 10);
}

#[tokio::test]
async fn the_last_way_in_and_what_a_workspace_asks_for_stay() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let (two, identity) = (Two::new(&db).await, with_passkeys(&db));
    let (origin, here) = (from(&db, "192.0.2.1"), hash(two.aurora.session));
    made(&db, &identity, &two.aurora, "Phone").await;
    let own = identity.own_passkeys(&two.aurora.owner, &origin).await.unwrap().passkeys[0].id.parse().unwrap();
    let (version, settings) = identity.settings(&two.aurora.owner).await.unwrap();
    let here_again = Here(&here);
    let asks = Settings { second_factor: true, ..settings.clone() };
    let (version, _) = identity.change_settings(&two.aurora.owner, version, asks).await.unwrap();
    let remove = || identity.remove_passkey(&two.aurora.owner, own, by_password(OWNER_PASSWORD), here_again, &origin);
    assert!(matches!(remove().await, Err(IdentityError::FactorIsRequired)));
    assert_eq!((count(&db, "passkeys").await, count(&db, "recovery_codes").await), (1, 10));
    identity.change_settings(&two.aurora.owner, version, settings).await.unwrap();
    let mut behind = db.superuser().await;
    sqlx::query("update app.people set password_hash = null where person_id = $1")
        .bind(two.aurora.person.uuid())
        .execute(&mut behind)
        .await
        .unwrap();
    assert!(matches!(remove().await, Err(IdentityError::LastWay)));
    let form = SignInForm { email: two.aurora.email.clone(), password: Zeroizing::new(OWNER_PASSWORD.to_owned()) };
    assert!(identity.sign_in(form, &origin, Kept::default()).await.is_err());

    // Whoever runs the installation takes nobody's only way in, where no letter could lead to another; else all of it, with what it
    // has opened.
    let last = identity.take_factor_away(&two.aurora.email, &origin).await;
    assert!(matches!(last, Err(IdentityError::LastWay)), "{last:?}");
    sqlx::query("update app.people set password_hash = 'x' where person_id = $1")
        .bind(two.aurora.person.uuid())
        .execute(&mut behind)
        .await
        .unwrap();
    let taken = identity.take_factor_away(&two.aurora.email, &origin).await.unwrap();
    assert!(matches!(taken, identity::TakenAway::Gone { .. }));
    assert_eq!((count(&db, "passkeys").await, count(&db, "recovery_codes").await), (0, 0));
    assert!(!open(&db, here).await);
}

/// A company's own provider opens that company. What opens the whole account is not made, or taken away, by its word alone.
#[tokio::test]
async fn a_companys_word_alone_makes_and_removes_none() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let (two, identity) = (Two::new(&db).await, with_passkeys(&db));
    let origin = from(&db, "192.0.2.1");
    made(&db, &identity, &two.borealis, "Phone").await;
    for tenant in [&two.aurora, &two.borealis] {
        let epoch: i32 = sqlx::query_scalar("select password_epoch from app.people where person_id = $1")
            .bind(tenant.person.uuid())
            .fetch_one(&mut db.superuser().await)
            .await
            .unwrap();
        let plain = testkit::sign_in(tenant.person, tenant.id);
        let at = store::services::timestamp(db.services.now());
        let word = Shown { proof: Proof::Provider, at, epoch, of: Some(tenant.id) };
        let vouched = SignIn { proofs: vec![word], ..plain };
        let here = hash(db.keep_sign_in(&vouched).await);
        let form = named("Laptop", OWNER_PASSWORD);
        let begun = identity.begin_passkey(&tenant.owner, form, Here(&here), &origin).await;
        assert!(matches!(begun, Err(IdentityError::NotByACompany)), "{begun:?}");
        if let Some(one) = identity.own_passkeys(&tenant.owner, &origin).await.unwrap().passkeys.first() {
            let id = one.id.parse().unwrap();
            let shown = by_password(OWNER_PASSWORD);
            let removed = identity.remove_passkey(&tenant.owner, id, shown, Here(&here), &origin).await;
            assert!(matches!(removed, Err(IdentityError::NotByACompany)), "{removed:?}");
            let codes = identity.new_codes(&tenant.owner, by_password(OWNER_PASSWORD), Here(&here), &origin).await;
            assert!(matches!(codes, Err(IdentityError::NotByACompany)), "{codes:?}");
        }
        let led = SignIn { owed: Some(Owed::Factor), ..vouched };
        let here = hash(db.keep_sign_in(&led).await);
        let begun = identity.begin_passkey_on_the_way(&led, Here(&here), &origin).await;
        assert!(matches!(begun, Err(IdentityError::NotByACompany)), "{begun:?}");
    }
    assert_eq!(count(&db, "passkeys").await, 1);
}

/// Whoever is a member nowhere any more begins anew, with no device of before.
#[tokio::test]
async fn who_begins_anew_has_none() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let (two, identity) = (Two::new(&db).await, with_passkeys(&db));
    let (mut device, codes) = made(&db, &identity, &two.aurora, "Phone").await;
    sqlx::query("delete from app.memberships where member_id = $1")
        .bind(two.aurora.member.uuid())
        .execute(&mut db.superuser().await)
        .await
        .unwrap();
    let nowhere = shown(&db, &identity, &mut device, None, None).await;
    assert!(matches!(nowhere, Err(IdentityError::WrongPasskey)), "{nowhere:?}");
    let origin = from(&db, "192.0.2.1");
    let signed_up = identity.sign_up(sign_up_form("Anew", &two.aurora.email), &origin).await.unwrap();
    let SignedUp::In(sign_in) = signed_up else { panic!("{signed_up:?}") };
    db.keep_sign_in(&sign_in).await;
    let again = crate::stage::sign_in(&identity, &two.aurora.email, "green lamp river", &origin).await.unwrap();
    assert_eq!(again.owed, None);
    assert!(matches!(shown(&db, &identity, &mut device, None, None).await, Err(IdentityError::WrongPasskey)));
    assert!(identity.show_code(again, &codes[0], &origin).await.is_ok(), "nothing is owed, and nothing is taken");
    assert_eq!((count(&db, "passkeys").await, count(&db, "recovery_codes").await), (0, 0));
}

#[tokio::test]
async fn where_there_is_no_name_there_are_none() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (identity, origin) =
        (db.identity.clone().with_passkeys(Passkeys::at("https://192.0.2.1")), from(&db, "192.0.2.1"));
    assert!(matches!(identity.ask_for_passkey(None, &origin).await, Err(IdentityError::NoPasskeys)));
    let here = hash(two.aurora.session);
    let begun = identity.begin_passkey(&two.aurora.owner, named("x", OWNER_PASSWORD), Here(&here), &origin).await;
    assert!(matches!(begun, Err(IdentityError::NoPasskeys)));
}

/// Who is led through a second factor may make a passkey instead; by what was shown, once, and only as the first one.
#[tokio::test]
async fn who_is_led_through_a_second_factor_makes_one() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let (two, identity) = (Two::new(&db).await, with_passkeys(&db));
    let origin = from(&db, "192.0.2.1");
    let (version, settings) = identity.settings(&two.aurora.owner).await.unwrap();
    let asks = Settings { second_factor: true, ..settings };
    identity.change_settings(&two.aurora.owner, version, asks).await.unwrap();
    let led = sign_in_here(&db, &identity, &two.aurora).await;
    assert_eq!(led.owed, Some(Owed::Factor));
    let id = hash(db.keep_sign_in(&led).await);
    // A session from before shows nothing of that.
    let session = SignIn { proofs: vec![Shown { proof: Proof::Session, ..led.proofs[0] }], ..led.clone() };
    let refused = identity.begin_passkey_on_the_way(&session, Here(&id), &origin).await;
    assert!(matches!(refused, Err(IdentityError::SignInOver)), "{refused:?}");
    let late = hash(db.keep_sign_in(&led).await);
    let begin = async |id: &[u8; 32]| identity.begin_passkey_on_the_way(&led, Here(id), &origin).await.unwrap();
    let (new, other) = (begin(&id).await, begin(&late).await);
    let (mut device, answer) = Device::make(&new.options, ADDRESS, None);
    let add = async |id: &[u8; 32], kept: &str, answer: &str| {
        identity.add_passkey_on_the_way(led.clone(), (kept, answer), Here(id), &origin).await
    };
    assert!(matches!(add(&late, &new.kept, &answer).await, Err(IdentityError::SignInOver)), "another sign-in's");
    let (codes, sign_in) = add(&id, &new.kept, &answer).await.unwrap();
    assert_eq!((codes.len(), sign_in.owed), (10, None));
    db.keep_sign_in(&sign_in).await;
    // Whoever knows the password alone does not add a second one.
    let (_, answer) = Device::make(&other.options, ADDRESS, None);
    assert!(add(&late, &other.kept, &answer).await.is_err());
    // Nor one who has come by an older step.
    let epoch = led.proofs[0].epoch + 1;
    let again = SignIn { proofs: vec![Shown { epoch, ..led.proofs[0] }], ..led.clone() };
    let id = hash(db.keep_sign_in(&again).await);
    let new = identity.begin_passkey_on_the_way(&again, Here(&id), &origin).await.unwrap();
    let (_, answer) = Device::make(&new.options, ADDRESS, None);
    let second = identity.add_passkey_on_the_way(again, (&new.kept, &answer), Here(&id), &origin).await;
    assert!(matches!(second, Err(IdentityError::FactorIsOn)), "{second:?}");
    assert_eq!(sign_in_here(&db, &identity, &two.aurora).await.owed, Some(Owed::Code));
    assert!(shown(&db, &identity, &mut device, None, None).await.is_ok());
    assert_eq!(count(&db, "passkeys").await, 1);
}
