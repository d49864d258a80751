//! Signing in by a provider's word: an honest one opens what it should, one that lies opens nothing.

use crate::stage::{from, sign_in};
use identity::{Came, Gone, Here, Identity, IdentityError, Kept, Leads, Origin, Purpose, Returned};
use model::audit::Act;
use model::identity::{Owed, Role};
use model::{Fault as _, PersonId};
use serde_json::json;
use store::sessions::{Proof, SignIn, hash};
use store::{Caller, scope};
use testkit::{App, LIES, Lie, OWNER_PASSWORD, Provider, Says, Tenant, TestDb, Two};
use time::Duration;
use zeroize::Zeroizing;

/// A provider, and identity that offers it.
async fn offered(db: &TestDb) -> (Provider, Identity) {
    let provider = Provider::start().await;
    let identity = db.identity.clone().with_providers(provider.offered());
    (provider, identity)
}

async fn goes(db: &TestDb, identity: &Identity, purpose: Purpose) -> Result<Gone, IdentityError> {
    identity.go_to_provider("honest", purpose, "/dashboard/members".into(), &from(db, "192.0.2.1")).await
}

/// There: what the browser keeps, and what comes back with it.
async fn there(db: &TestDb, identity: &Identity, provider: &Provider, says: Says) -> (String, Returned) {
    let gone = goes(db, identity, Purpose::SignIn).await.unwrap();
    let returned = provider.signs_in(&gone.address, says);
    (gone.kept, returned)
}

async fn back(identity: &Identity, (kept, returned): (&str, Returned), from: &Origin) -> Result<Came, IdentityError> {
    let came = identity.back_from_provider(("honest", kept), returned, (None, Kept::default()), from).await;
    came.map_err(|lost| lost.error)
}

/// There and back.
async fn comes(db: &TestDb, identity: &Identity, provider: &Provider, says: Says) -> Result<Came, IdentityError> {
    let (kept, returned) = there(db, identity, provider, says).await;
    back(identity, (&kept, returned), &from(db, "192.0.2.1")).await
}

async fn count(db: &TestDb, table: &str) -> i64 {
    let query = testkit::sql(format!("select count(*) from app.{table}"));
    sqlx::query_scalar(query).fetch_one(&mut db.superuser().await).await.unwrap()
}

fn signed_in(came: Result<Came, IdentityError>) -> SignIn {
    match came {
        Ok(Came::In(sign_in)) => sign_in,
        other => panic!("{other:?}"),
    }
}

/// Links the account of Aurora's owner at the provider with the one here, by the password.
async fn linked(db: &TestDb, two: &Two, identity: &Identity, provider: &Provider) -> SignIn {
    let came = comes(db, identity, provider, Says::of("astrid", &two.aurora.email)).await;
    let Ok(Came::Password(kept)) = came else { panic!("{came:?}") };
    let password = Zeroizing::new(OWNER_PASSWORD.to_owned());
    identity.link_by_password(&kept, password, Kept::default(), &from(db, "192.0.2.1")).await.unwrap()
}

#[tokio::test]
async fn an_account_is_linked_by_its_password_once() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let (provider, identity) = offered(&db).await;
    let from = from(&db, "192.0.2.1");
    let email = &two.aurora.email;
    // The address alone opens nothing.
    let Ok(Came::Password(kept)) = comes(&db, &identity, &provider, Says::of("astrid", email)).await else { panic!() };
    let asked = identity.asked_for_password(&kept, &from).await.unwrap();
    assert_eq!(asked, ("Honest".to_owned(), email.clone(), None));
    let wrong = Zeroizing::new("not the password".to_owned());
    let wrong = identity.link_by_password(&kept, wrong, Kept::default(), &from).await.unwrap_err();
    let problem = wrong.problem();
    let said = problem.field("password").map(ToString::to_string);
    assert_eq!(said.as_deref(), Some("This is not the password of your account here."));
    assert_eq!(count(&db, "identities").await, 0);

    let sign_in = linked(&db, &two, &identity, &provider).await;
    assert_eq!((sign_in.owed, sign_in.chosen), (None, Some(two.aurora.id)));
    // From then on it opens the account, whatever the address is there.
    for says in [Says::of("astrid", "elsewhere@aurora.example"), Says { email: None, ..Says::of("astrid", "") }] {
        let sign_in = signed_in(comes(&db, &identity, &provider, says).await);
        assert_eq!((sign_in.person, sign_in.owed, sign_in.proofs[0].proof), (two.aurora.person, None, Proof::Provider));
    }
    // Whoever is given the address there later does not come in by it.
    let later = comes(&db, &identity, &provider, Says::of("another", email)).await;
    let Ok(Came::Password(kept)) = later else { panic!("{later:?}") };
    let password = Zeroizing::new(OWNER_PASSWORD.to_owned());
    let elsewhere = identity.link_by_password(&kept, password, Kept::default(), &from).await;
    assert!(matches!(elsewhere, Err(IdentityError::LinkedElsewhere(_))), "{elsewhere:?}");
    // Nor does it open the account of somebody else.
    let other = comes(&db, &identity, &provider, Says::of("bo", &two.borealis.email)).await;
    assert!(matches!(other, Ok(Came::Password(_))), "{other:?}");
    assert_eq!(count(&db, "identities").await, 1);
}

#[tokio::test]
async fn a_provider_that_lies_opens_nothing() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let (provider, identity) = offered(&db).await;
    linked(&db, &two, &identity, &provider).await;
    let says = Says { apart: true, ..Says::of("astrid", &two.aurora.email) };
    let before = (count(&db, "sessions").await, count(&db, "identities").await, count(&db, "people").await);
    for lie in LIES.into_iter().filter(|lie| *lie != Lie::Slow) {
        provider.lies(None);
        let gone = goes(&db, &identity, Purpose::SignIn).await.unwrap();
        provider.lies(Some(lie));
        let returned = provider.signs_in(&gone.address, says.clone());
        let came = back(&identity, (&gone.kept, returned), &from(&db, "192.0.2.1")).await;
        let Err(error @ IdentityError::Provider { .. }) = came else { panic!("{lie:?}: {came:?}") };
        assert!(error.problem().detail.to_string().contains("Honest"), "{lie:?}: {error}");
    }
    provider.lies(None);
    assert_eq!(before, (count(&db, "sessions").await, count(&db, "identities").await, count(&db, "people").await));
    signed_in(comes(&db, &identity, &provider, says).await);
}

#[tokio::test]
async fn a_provider_that_is_slow_or_gone_is_said_to_be() {
    let db = TestDb::new().await;
    let (provider, identity) = offered(&db).await;
    provider.lies(Some(Lie::Slow));
    let hasty = db.identity.clone().with_providers(provider.offered_at_once());
    let slow = goes(&db, &hasty, Purpose::SignIn).await.unwrap_err();
    assert_eq!(slow.problem().status, 503);
    assert!(slow.problem().detail.to_string().contains("Honest takes too long"), "{slow}");
    drop(provider);
    let gone = goes(&db, &identity, Purpose::SignIn).await.unwrap_err();
    assert_eq!(gone.problem().status, 503);
    assert!(gone.problem().detail.to_string().contains("Honest does not answer"), "{gone}");
}

#[tokio::test]
async fn a_key_that_is_changed_meanwhile_is_known() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let (provider, identity) = offered(&db).await;
    linked(&db, &two, &identity, &provider).await;
    let (kept, returned) = there(&db, &identity, &provider, Says::of("astrid", &two.aurora.email)).await;
    provider.changes_its_key();
    signed_in(back(&identity, (&kept, returned), &from(&db, "192.0.2.1")).await);
}

#[tokio::test]
async fn what_comes_back_opens_once_and_in_its_own_browser() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let (provider, identity) = offered(&db).await;
    linked(&db, &two, &identity, &provider).await;
    let says = || Says::of("astrid", &two.aurora.email);
    let here = from(&db, "192.0.2.1");

    // The same answer again, in the same browser.
    let (kept, returned) = there(&db, &identity, &provider, says()).await;
    signed_in(back(&identity, (&kept, returned.clone()), &here).await);
    assert!(matches!(back(&identity, (&kept, returned), &here).await, Err(IdentityError::SignInOver)));

    // In another browser; with the code of another sign-in; the state of another; without any of them.
    let (mine, mine_back) = there(&db, &identity, &provider, says()).await;
    let (yours, yours_back) = there(&db, &identity, &provider, says()).await;
    let crossed =
        identity.back_from_provider(("honest", &yours), mine_back.clone(), (None, Kept::default()), &here).await;
    let lost = crossed.unwrap_err();
    assert!(matches!(lost.error, IdentityError::SignInOver) && lost.leads.is_none(), "it stays as it was: {lost:?}");
    let (theirs, theirs_back) = there(&db, &identity, &provider, says()).await;
    assert!(back(&identity, (&theirs, mine_back.clone()), &here).await.is_err());
    signed_in(back(&identity, (&theirs, theirs_back), &here).await);
    let swapped = Returned { code: yours_back.code.clone(), ..mine_back };
    let swapped = back(&identity, (&mine, swapped), &here).await;
    assert!(matches!(swapped, Err(IdentityError::Provider { .. })), "the code is another sign-in's: {swapped:?}");
    for nothing in ["", "00", "zz", &"0".repeat(80), &mine[..mine.len() - 2]] {
        let came = back(&identity, (nothing, yours_back.clone()), &here).await;
        assert!(matches!(came, Err(IdentityError::SignInOver)), "{nothing}: {came:?}");
    }
    let (kept, returned) = there(&db, &identity, &provider, says()).await;
    let other = identity.back_from_provider(("other", &kept), returned, (None, Kept::default()), &here).await;
    assert!(matches!(other.unwrap_err().error, IdentityError::SignInOver));

    // What the provider would not; too late.
    let (kept, Returned { state, .. }) = there(&db, &identity, &provider, says()).await;
    let denied = Returned { error: Some("access_denied".into()), state, ..Returned::default() };
    let denied = identity.back_from_provider(("honest", &kept), denied, (None, Kept::default()), &here).await;
    let lost = denied.unwrap_err();
    assert_eq!(lost.leads, Some(Leads::To("/dashboard/members".into())), "where one wanted to go is kept");
    assert!(lost.error.problem().detail.to_string().contains("without saying who you are"), "{lost:?}");
    let (kept, returned) = there(&db, &identity, &provider, says()).await;
    db.clock.advance(Duration::minutes(15));
    assert!(matches!(back(&identity, (&kept, returned), &here).await, Err(IdentityError::SignInOver)));
    // What was answered is forgotten when it could not come again.
    assert!(count(&db, "sign_on_answers").await > 0);
    identity.delete_old_attempts().await.unwrap();
    assert_eq!(count(&db, "sign_on_answers").await, 0);
}

#[tokio::test]
async fn an_address_counts_only_where_the_provider_confirms_it() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let (provider, identity) = offered(&db).await;
    let email = &two.aurora.email;
    let of =
        |verified: serde_json::Value, more: serde_json::Value| Says { verified, more, ..Says::of("astrid", email) };
    let none = json!({});
    for says in [
        of(false.into(), none.clone()),
        of(serde_json::Value::Null, none.clone()),
        of("false".into(), none.clone()),
        of(false.into(), json!({"xms_edov": false})),
        of(false.into(), json!({"xms_edov": "0"})),
        of(false.into(), json!({"xms_edov": [true]})),
        Says { email: None, ..of(true.into(), none.clone()) },
        Says { email: Some("no address".into()), ..of(true.into(), none.clone()) },
    ] {
        let came = comes(&db, &identity, &provider, says.clone()).await;
        assert!(matches!(came, Err(IdentityError::Unconfirmed(_))), "{says:?}: {came:?}");
    }
    for says in [
        of("true".into(), none.clone()),
        Says { apart: true, ..of(true.into(), none.clone()) },
        of(false.into(), json!({"xms_edov": true})),
        of(false.into(), json!({"xms_edov": "1"})),
        of(false.into(), json!({"xms_edov": 1})),
    ] {
        let came = comes(&db, &identity, &provider, says.clone()).await;
        assert!(matches!(came, Ok(Came::Password(_))), "{says:?}: {came:?}");
    }
}

#[tokio::test]
async fn a_newcomer_is_asked_and_makes_a_workspace_once() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let (provider, identity) = offered(&db).await;
    let here = from(&db, "192.0.2.1");
    let says = || Says::of("astrid", "astrid@lund.example");
    let Ok(Came::Asked(kept)) = comes(&db, &identity, &provider, says()).await else { panic!() };
    let newcomer = identity.newcomer(&kept, &here).await.unwrap();
    assert_eq!((newcomer.email.as_str(), newcomer.name.as_str()), ("astrid@lund.example", "Astrid Lund"));
    assert_eq!(count(&db, "people").await, 0, "nothing is made unasked");
    let wrong = identity.found_as_newcomer(&kept, ("", ""), &here).await.unwrap_err().problem();
    assert_eq!(wrong.errors.len(), 2, "{wrong:?}");

    let sign_in = identity.found_as_newcomer(&kept, ("Lund AB", "Astrid"), &here).await.unwrap();
    assert!(sign_in.chosen.is_some() && sign_in.owed.is_none(), "{sign_in:?}");
    assert!(identity.found_as_newcomer(&kept, ("Lund AB", "Astrid"), &here).await.is_err(), "twice is once");
    assert_eq!((count(&db, "people").await, count(&db, "tenants").await, count(&db, "identities").await), (1, 1, 1));
    assert_eq!(signed_in(comes(&db, &identity, &provider, says()).await).person, sign_in.person);
    // No password opens it: there is none.
    let guessed = crate::stage::sign_in(&identity, "astrid@lund.example", OWNER_PASSWORD, &here).await;
    assert!(matches!(guessed, Err(IdentityError::WrongCredentials)));
}

#[tokio::test]
async fn an_invitation_is_accepted_by_the_address_that_it_went_to() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let (provider, identity) = offered(&db).await;
    let here = from(&db, "192.0.2.1");
    let invite = async |email: &str| {
        let invited = identity.invite(&two.aurora.owner, email, Role::Agent).await.unwrap();
        invited.link.unwrap().rsplit('/').next().unwrap().to_owned()
    };
    let join = async |token: &str, says: Says| {
        let gone = goes(&db, &identity, Purpose::Join(token.to_owned())).await?;
        assert!(gone.address.contains("login_hint="), "the provider is told for whom it is: {}", gone.address);
        let returned = provider.signs_in(&gone.address, says);
        back(&identity, (&gone.kept, returned), &here).await
    };
    let pressed = async |came: Result<Came, IdentityError>, token: &str| match came {
        Ok(Came::Asked(kept)) => identity.join_as_newcomer(&kept, token, Kept::default(), &here).await,
        other => panic!("{other:?}"),
    };
    let token = invite("astrid@lund.example").await;
    let other = join(&token, Says::of("bo", "bo@lund.example")).await;
    assert!(matches!(other, Err(IdentityError::OtherAddress(_))), "{other:?}");
    let unconfirmed = Says { verified: false.into(), ..Says::of("astrid", "astrid@lund.example") };
    assert!(matches!(join(&token, unconfirmed).await, Err(IdentityError::Unconfirmed(_))));
    let came = join(&token, Says::of("astrid", "astrid@lund.example")).await;
    let Ok(Came::Asked(kept)) = &came else { panic!("{came:?}") };
    let asked = identity.newcomer(kept, &here).await.unwrap();
    assert!(asked.joins && asked.invited.len() == 1 && asked.invited[0].1.company == "Aurora", "{asked:?}");
    assert_eq!(count(&db, "memberships").await, 2, "nobody joins unasked");
    let kept = kept.clone();
    let sign_in = pressed(came, &token).await.unwrap();
    assert_eq!((sign_in.chosen, sign_in.owed), (Some(two.aurora.id), None));
    assert!(identity.join_as_newcomer(&kept, &token, Kept::default(), &here).await.is_err(), "once");
    assert!(matches!(join(&token, Says::of("astrid", "astrid@lund.example")).await, Err(IdentityError::LinkOver)));
    // Who has come without a link is shown what is open, and joins what was chosen.
    let token = invite("cleo@lund.example").await;
    let Ok(Came::Asked(kept)) = comes(&db, &identity, &provider, Says::of("cleo", "cleo@lund.example")).await else {
        panic!()
    };
    let invited = identity.newcomer(&kept, &here).await.unwrap().invited;
    assert_eq!(
        invited.iter().map(|(token, offer)| (token.as_str(), offer.company.as_str())).collect::<Vec<_>>(),
        [(token.as_str(), "Aurora")]
    );
    let sign_in = identity.join_as_newcomer(&kept, &token, Kept::default(), &here).await.unwrap();
    assert_eq!(sign_in.chosen, Some(two.aurora.id));
    // Who has an account with a password shows it, joins, and is there.
    let token = invite(&two.borealis.email).await;
    let Ok(Came::Password(kept)) = join(&token, Says::of("dag", &two.borealis.email)).await else { panic!() };
    let asked = identity.asked_for_password(&kept, &here).await.unwrap();
    assert_eq!(
        asked,
        ("Honest".into(), two.borealis.email.clone(), Some("Aurora".into())),
        "it says what is joined by it"
    );
    let password = || Zeroizing::new(OWNER_PASSWORD.to_owned());
    let sign_in = identity.link_by_password(&kept, password(), Kept::default(), &here).await.unwrap();
    assert_eq!((sign_in.chosen, sign_in.owed), (Some(two.aurora.id), None));
    let again = identity.link_by_password(&kept, password(), Kept::default(), &here).await;
    assert!(matches!(again, Err(IdentityError::SignInOver)), "what a browser keeps counts once: {again:?}");
    // One that is taken back meanwhile keeps nobody out.
    let third = Tenant::new(&db, "Cirrus").await;
    let token = invite(&third.email).await;
    let Ok(Came::Password(kept)) = join(&token, Says::of("eva", &third.email)).await else { panic!() };
    let open = identity.list_invitations(&two.aurora.owner).await.unwrap();
    identity.take_back(&two.aurora.owner, open[0].id).await.unwrap();
    let sign_in = identity.link_by_password(&kept, password(), Kept::default(), &here).await.unwrap();
    assert_eq!((sign_in.chosen, sign_in.owed), (Some(third.id), None));
}

#[tokio::test]
async fn a_second_factor_is_owed_after_a_providers_word() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let mut two = Two::new(&db).await;
    let (provider, identity) = offered(&db).await;
    linked(&db, &two, &identity, &provider).await;
    let (app, _) = App::on(&db, &mut two.aurora).await;
    let sign_in = signed_in(comes(&db, &identity, &provider, Says::of("astrid", &two.aurora.email)).await);
    assert_eq!((sign_in.owed, sign_in.chosen.is_some()), (Some(Owed::Code), true));
    let here = from(&db, "192.0.2.1");
    let code = app.code(db.services.now() + Duration::seconds(30));
    assert_eq!(identity.show_code(sign_in, &code, &here).await.unwrap().owed, None);
}

#[tokio::test]
async fn one_links_and_unlinks_where_one_is_signed_in() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let (provider, identity) = offered(&db).await;
    let (here, session) = (from(&db, "192.0.2.1"), hash(two.aurora.session));
    let password = |text: &str| Zeroizing::new(text.to_owned());
    let go = async |typed: &str| {
        identity.go_to_link(&two.aurora.owner, "honest", password(typed), Here(&session), &here).await
    };
    let wrong = go("not the password").await.unwrap_err();
    assert!(matches!(wrong, IdentityError::NotThePassword), "{wrong}");
    let link = async |says: Says, session: Option<&[u8; 32]>| {
        let gone = go(OWNER_PASSWORD).await.unwrap();
        let returned = provider.signs_in(&gone.address, says);
        let acting = (session.map(Here), Kept::default());
        let came = identity.back_from_provider(("honest", &gone.kept), returned, acting, &here).await;
        came.map_err(|lost| lost.error)
    };
    let email = &two.aurora.email;
    // Not with another address, nor in another session or none.
    let other = link(Says::of("astrid", "other@aurora.example"), Some(&session)).await;
    assert!(matches!(other, Err(IdentityError::OtherAddress(_))), "{other:?}");
    for elsewhere in [None, Some(&hash(two.borealis.session)), Some(&[0; 32])] {
        let came = link(Says::of("astrid", email), elsewhere).await;
        assert!(matches!(came, Err(IdentityError::SignInOver)), "{came:?}");
    }
    assert_eq!(count(&db, "identities").await, 0);
    assert!(matches!(link(Says::of("astrid", email), Some(&session)).await, Ok(Came::Linked)));
    let ways = identity.ways_in(&two.aurora.owner, &here).await.unwrap();
    assert!(ways.password);
    assert_eq!(
        ways.linked.iter().map(|one| (one.provider.as_str(), one.email.as_str())).collect::<Vec<_>>(),
        [("Honest", email.as_str())]
    );
    let id = ways.linked[0].id.parse().unwrap();
    // Nobody unlinks what is another's.
    let theirs = hash(two.borealis.session);
    let other = identity.unlink(&two.borealis.owner, id, password(OWNER_PASSWORD), Here(&theirs), &here).await;
    assert!(matches!(other, Err(IdentityError::NotFound)), "{other:?}");
    // What is on its way by it opens nothing after that.
    let on_its_way = signed_in(comes(&db, &identity, &provider, Says::of("astrid", email)).await);
    let elsewhere =
        db.keep_sign_in(&signed_in(comes(&db, &identity, &provider, Says::of("astrid", email)).await)).await;
    identity.unlink(&two.aurora.owner, id, password(OWNER_PASSWORD), Here(&session), &here).await.unwrap();
    let client = store::sessions::Client { device: "Firefox", address: None, request: db.request() };
    let late = db.open_session(two.aurora.person, two.aurora.id).await;
    assert!(!db.sessions.sign_in(&late, &on_its_way, client).await.unwrap());
    let open = identity.list_sessions(&two.aurora.owner, &session, &here).await.unwrap();
    assert!(open.iter().all(|one| one.id != hash(elsewhere).map(|b| format!("{b:02x}")).concat()), "signed out");
    assert!(matches!(comes(&db, &identity, &provider, Says::of("astrid", email)).await, Ok(Came::Password(_))));
    let acts: Vec<String> =
        sqlx::query_scalar("select act from app.audit_entries where act like 'provider.%' order by number")
            .fetch_all(&mut db.superuser().await)
            .await
            .unwrap();
    assert_eq!(acts, [Act::ProviderLinked.name(), Act::ProviderUnlinked.name()]);
}

/// Somebody who has come by a provider, and has no password: signed in.
async fn without_password(db: &TestDb, identity: &Identity, provider: &Provider) -> (Caller, [u8; 32], PersonId) {
    let says = Says::of("anna", "anna@lund.example");
    let Ok(Came::Asked(kept)) = comes(db, identity, provider, says).await else { panic!() };
    let sign_in = identity.found_as_newcomer(&kept, ("Lund AB", "Anna"), &from(db, "192.0.2.1")).await.unwrap();
    let session = db.keep_sign_in(&sign_in).await;
    let caller = scope::of_session(&db.services, &hash(session), db.sessions.lifetime(), db.request()).await;
    (caller.unwrap().unwrap(), hash(session), sign_in.person)
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let (provider, identity) = offered(&db).await;
    let here = from(&db, "192.0.2.1");
    let (own, session, _) = without_password(&db, &identity, &provider).await;
    let ways = identity.ways_in(&own, &here).await.unwrap();
    assert!(!ways.password && ways.linked.len() == 1 && ways.linked[0].slug.as_deref() == Some("honest"), "{ways:?}");
    let id = ways.linked[0].id.parse().unwrap();
    let last = identity.unlink(&own, id, Zeroizing::default(), Here(&session), &here).await;
    assert!(matches!(last, Err(IdentityError::LastWay)), "{last:?}");
    // One of a provider that is offered no more opens nothing, and so is no other way.
    sqlx::query(
        "insert into app.identities (identity_id, person_id, issuer, subject, provider, email, linked_at)
         select gen_random_uuid(), person_id, 'https://gone.example', '1', 'Gone', email, linked_at from app.identities",
    )
    .execute(&mut db.superuser().await)
    .await
    .unwrap();
    let last = identity.unlink(&own, id, Zeroizing::default(), Here(&session), &here).await;
    assert!(matches!(last, Err(IdentityError::LastWay)), "{last:?}");
    assert_eq!(count(&db, "identities").await, 2);
    // A second factor takes no password where there is none.
    identity.begin_factor(&own, Zeroizing::default(), Here(&session), &here).await.unwrap();
}

#[tokio::test]
async fn an_account_without_a_password_is_opened_by_no_other_account_there() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let (provider, identity) = offered(&db).await;
    let (_, _, anna) = without_password(&db, &identity, &provider).await;
    let other = Provider::start().await;
    let by_other = db.identity.clone().with_providers(other.offered());
    for (identity, provider) in [(&identity, &provider), (&by_other, &other)] {
        let came = comes(&db, identity, provider, Says::of("stranger", "anna@lund.example")).await;
        assert!(matches!(came, Err(IdentityError::LinkedElsewhere(_))), "{came:?}");
    }
    let own = signed_in(comes(&db, &identity, &provider, Says::of("anna", "anna@lund.example")).await);
    assert_eq!(own.person, anna);
    assert_eq!(count(&db, "identities").await, 1);
}

#[tokio::test]
async fn who_is_removed_everywhere_begins_anew() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let (provider, identity) = offered(&db).await;
    let here = from(&db, "192.0.2.1");
    let two = Two::new(&db).await;
    let token = identity.invite(&two.aurora.owner, "anna@lund.example", Role::Agent).await.unwrap().link.unwrap();
    let token = token.rsplit('/').next().unwrap();
    let email = "anna@lund.example".to_owned();
    let Ok(Came::Asked(kept)) = comes(&db, &identity, &provider, Says::of("anna", &email)).await else { panic!() };
    let person = identity.join_as_newcomer(&kept, token, Kept::default(), &here).await.unwrap().person;
    let members = identity.list_members(&two.aurora.owner, &Default::default()).await.unwrap().data;
    let id = members.iter().find(|member| member.email == email).unwrap().id;
    identity.remove_member(&two.aurora.owner, id, true).await.unwrap();
    let Ok(Came::Asked(kept)) = comes(&db, &identity, &provider, Says::of("anna", &email)).await else { panic!() };
    let sign_in = identity.found_as_newcomer(&kept, ("Anna AB", "Anna"), &here).await.unwrap();
    assert_eq!(sign_in.person, person);
    let again = signed_in(comes(&db, &identity, &provider, Says::of("anna", &email)).await);
    assert_eq!((again.person, again.chosen), (sign_in.person, sign_in.chosen));
    // With another address there, it is another person here.
    let stranger: PersonId = sign_in.person;
    let Ok(Came::Asked(kept)) = comes(&db, &identity, &provider, Says::of("new", "new@lund.example")).await else {
        panic!()
    };
    assert_ne!(identity.found_as_newcomer(&kept, ("New", "New"), &here).await.unwrap().person, stranger);
}

#[tokio::test]
async fn strangers_who_come_back_without_an_answer_are_slowed_down() {
    let db = TestDb::new().await;
    let (provider, identity) = offered(&db).await;
    let (here, mut refused) = (from(&db, "192.0.2.1"), 0);
    for _ in 0..101 {
        let (kept, returned) = there(&db, &identity, &provider, Says::of("astrid", "a@b.example")).await;
        let made_up = Returned { code: Some("made up".into()), ..returned };
        match back(&identity, (&kept, made_up), &here).await {
            Err(IdentityError::TooManyAttempts { .. }) => refused += 1,
            Err(IdentityError::Provider { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(refused, 1);
    // What the provider does not answer counts for nobody.
    let there_now = there(&db, &identity, &provider, Says::of("astrid", "a@b.example")).await;
    provider.lies(Some(Lie::Slow));
    let hasty = db.identity.clone().with_providers(provider.offered_at_once());
    for _ in 0..3 {
        let (kept, returned) = there_now.clone();
        let _ = back(&hasty, (&kept, returned), &from(&db, "192.0.2.9")).await.unwrap_err();
    }
    provider.lies(None);
    let failed: i64 = sqlx::query_scalar("select count(distinct attempt_id) from app.sign_in_attempts")
        .fetch_one(&mut db.superuser().await)
        .await
        .unwrap();
    assert!(failed <= 100 + 2, "{failed}");
    // Elsewhere, and by password, one signs in as before.
    let two = Two::new(&db).await;
    assert!(sign_in(&identity, &two.aurora.email, OWNER_PASSWORD, &here).await.is_ok());
    let (kept, returned) = there(&db, &identity, &provider, Says::of("astrid", "a@b.example")).await;
    assert!(back(&identity, (&kept, returned), &from(&db, "192.0.2.2")).await.is_ok());
}
