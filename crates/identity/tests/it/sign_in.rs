//! Signing in: one answer for everything that does not open an account.

use crate::stage::{caller, counts, from, sign_in};
use argon2::PasswordHasher as _;
use identity::{IdentityError, Kept, SignInForm};
use model::identity::Owed;
use model::permission::ManageKeys;
use model::{Fault as _, TenantId};
use sqlx::Executor as _;
use store::sessions::{Proof, SignIn};
use testkit::{OWNER_PASSWORD, Tenant, TestDb, Two};
use zeroize::Zeroizing;

#[tokio::test]
async fn the_right_password_opens_its_own_account() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    for tenant in [&two.aurora, &two.borealis] {
        let origin = from(&db, "192.0.2.1");
        let signed_in = sign_in(&db.identity, &tenant.email, OWNER_PASSWORD, &origin).await.unwrap();
        assert_eq!((signed_in.chosen, signed_in.person, signed_in.owed), (Some(tenant.id), tenant.person, None));
        assert_eq!(signed_in.proofs.iter().map(|shown| shown.proof).collect::<Vec<_>>(), [Proof::Password]);
        let typed = format!("  {} ", tenant.email.to_uppercase());
        assert_eq!(sign_in(&db.identity, &typed, OWNER_PASSWORD, &origin).await.unwrap().chosen, Some(tenant.id));
    }
    assert_eq!(counts(&db).await[4], 0, "what succeeds does not count");
}

#[tokio::test]
async fn everything_else_gets_one_answer() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    behind.execute("update app.tenants set suspended_at = created_at where name = 'Borealis'").await.unwrap();
    let passwordless = crate::stage::member(&db, &two.aurora, "Passwordless", "agent").await.0;
    let passwordless: String = sqlx::query_scalar("select email from app.people where person_id = $1")
        .bind(passwordless.uuid())
        .fetch_one(&mut behind)
        .await
        .unwrap();
    let long = "x".repeat(10_000);
    let mut answers = Vec::new();
    for (email, password) in [
        (two.aurora.email.as_str(), "green lamp river"),
        (two.aurora.email.as_str(), " correct horse battery"),
        (two.aurora.email.as_str(), "Correct horse battery"),
        (two.aurora.email.as_str(), long.as_str()),
        (two.borealis.email.as_str(), "green lamp river"),
        ("nobody@aurora.example", OWNER_PASSWORD),
        (passwordless.as_str(), OWNER_PASSWORD),
    ] {
        match sign_in(&db.identity, email, password, &from(&db, "192.0.2.1")).await {
            Err(error @ IdentityError::WrongCredentials) => answers.push(error.problem()),
            other => panic!("{email}: {other:?}"),
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(counts(&db).await[4], 21, "each counts against the address, its account there, and its account");
    // Who has the password is told that the workspace is suspended, and that counts against nobody.
    let suspended = sign_in(&db.identity, &two.borealis.email, OWNER_PASSWORD, &from(&db, "192.0.2.1")).await;
    let Err(IdentityError::WorkspaceSuspended) = suspended else { panic!("{suspended:?}") };
    assert_eq!(counts(&db).await[4], 21);
    // The suspension lifted, the account opens.
    behind.execute("update app.tenants set suspended_at = null").await.unwrap();
    sign_in(&db.identity, &two.borealis.email, OWNER_PASSWORD, &from(&db, "192.0.2.1")).await.unwrap();
}

#[tokio::test]
async fn an_empty_form_is_told_what_is_missing() {
    let db = TestDb::new().await;
    match db.identity.sign_in(SignInForm::default(), &from(&db, "192.0.2.1"), Kept::default()).await {
        Err(IdentityError::Invalid(errors)) => {
            assert_eq!(errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(), ["email", "password"]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(counts(&db).await, [0; 5]);
}

#[tokio::test]
async fn who_works_in_several_tenants_chooses_one_of_theirs() {
    let db = TestDb::new().await;
    let (two, castor) = (Two::new(&db).await, Tenant::new(&db, "Castor").await);
    let mut behind = db.superuser().await;
    db.joins(&two.aurora, &two.borealis).await;
    let origin = from(&db, "192.0.2.1");
    let begun = sign_in(&db.identity, &two.aurora.email, OWNER_PASSWORD, &origin).await.unwrap();
    assert_eq!((begun.person, begun.chosen, begun.owed), (two.aurora.person, None, Some(Owed::Workspace)));
    let offered = db.identity.tenants_of(begun.person, &origin).await.unwrap();
    assert_eq!(offered.iter().map(|tenant| tenant.id).collect::<Vec<_>>(), [two.aurora.id, two.borealis.id]);

    for none in [Some(castor.id), Some(TenantId::from_uuid(db.services.new_id())), None] {
        let refused = db.identity.choose(begun.clone(), none, &origin).await;
        assert!(matches!(refused, Err(IdentityError::Invalid(_))), "{none:?}: {refused:?}");
    }
    for tenant in [two.aurora.id, two.borealis.id] {
        let chosen = db.identity.choose(begun.clone(), Some(tenant), &origin).await.unwrap();
        assert_eq!(chosen, SignIn { chosen: Some(tenant), owed: None, ..begun.clone() });
    }
    // With the rights that one has there.
    assert!(caller(&db, &two.borealis, begun.person).await.may(ManageKeys).is_err());

    // A tenant that is suspended is not offered, nor can it be chosen by who was offered it.
    behind.execute("update app.tenants set suspended_at = created_at where name = 'Aurora'").await.unwrap();
    let opened = sign_in(&db.identity, &two.aurora.email, OWNER_PASSWORD, &origin).await.unwrap();
    assert_eq!((opened.chosen, opened.owed), (Some(two.borealis.id), None));
    let late = db.identity.choose(begun.clone(), Some(two.aurora.id), &origin).await;
    assert!(matches!(late, Err(IdentityError::WorkspaceSuspended)), "{late:?}");
    // Of another company it is not said.
    behind.execute("update app.tenants set suspended_at = created_at where name = 'Castor'").await.unwrap();
    let others = db.identity.choose(begun.clone(), Some(castor.id), &origin).await;
    assert!(matches!(others, Err(IdentityError::Invalid(_))), "{others:?}");
    behind.execute("update app.tenants set suspended_at = created_at").await.unwrap();
    let nowhere = db.identity.choose(begun.clone(), Some(two.borealis.id), &origin).await;
    assert!(matches!(nowhere, Err(IdentityError::WorkspaceSuspended)), "{nowhere:?}");
    behind.execute("delete from app.memberships").await.unwrap();
    let nowhere = db.identity.choose(begun, Some(two.borealis.id), &origin).await;
    assert!(matches!(nowhere, Err(IdentityError::SignInOver)), "{nowhere:?}");
}

#[tokio::test]
async fn an_older_hash_is_renewed_by_signing_in() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    // Argon2id of the owner's password with 8 KiB and one pass.
    let params = argon2::Params::new(8, 1, 1, None).unwrap();
    let old = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let old: argon2::password_hash::phc::PasswordHash = old.hash_password(OWNER_PASSWORD.as_bytes()).unwrap();
    let old = old.to_string();
    sqlx::query("update app.people set password_hash = $1").bind(&old).execute(&mut behind).await.unwrap();
    let stored =
        "select p.password_hash from app.people p join app.memberships m using (person_id) where m.member_id = $1";
    let origin = from(&db, "192.0.2.1");

    assert!(sign_in(&db.identity, &two.aurora.email, "green lamp river", &origin).await.is_err());
    let hash: String = sqlx::query_scalar(stored).bind(two.aurora.member.uuid()).fetch_one(&mut behind).await.unwrap();
    assert_eq!(hash, old, "a wrong password changes nothing");

    for _ in 0..2 {
        sign_in(&db.identity, &two.aurora.email, OWNER_PASSWORD, &origin).await.unwrap();
        let hash: String =
            sqlx::query_scalar(stored).bind(two.aurora.member.uuid()).fetch_one(&mut behind).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    }
    let other: String =
        sqlx::query_scalar(stored).bind(two.borealis.member.uuid()).fetch_one(&mut behind).await.unwrap();
    assert_eq!(other, old, "nobody else's hash is touched");
}

#[tokio::test]
async fn a_hash_that_cannot_be_read_is_our_fault() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    db.superuser().await.execute("update app.people set password_hash = 'x'").await.unwrap();
    let form = SignInForm { email: two.aurora.email.clone(), password: Zeroizing::new(OWNER_PASSWORD.to_owned()) };
    match db.identity.sign_in(form, &from(&db, "192.0.2.1"), Kept::default()).await {
        Err(error @ IdentityError::Hash(_)) => assert_eq!(error.problem().status, 500),
        other => panic!("{other:?}"),
    }
    assert_eq!(counts(&db).await[4], 0, "it does not count against whoever tried");
}
