//! API keys: made by owners, shown once, revoked for good, unknown to other tenants.

use crate::stage::{agent, counts};
use identity::{IdentityError, KeyWishes, MAX_KEYS, Overlap};
use model::permission::{API_KEY, KEY_AT_MOST, Permission, Permissions, ReadDocuments, WriteConversations};
use model::{ApiKeyId, Fault as _};
use sqlx::PgConnection;
use store::Actor;
use testkit::{Tenant, TestDb, Two};
use time::{Duration, OffsetDateTime};

async fn last_used(behind: &mut PgConnection, tenant: &Tenant) -> Option<OffsetDateTime> {
    sqlx::query_scalar("select last_used_at from app.api_keys where tenant_id = $1")
        .bind(tenant.id.uuid())
        .fetch_one(behind)
        .await
        .unwrap()
}

#[tokio::test]
async fn made_shown_once_used_listed_revoked() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let new = db.identity.create_api_key(&two.aurora.owner, "  Website ").await.unwrap();
    assert_eq!(new.key.name, "Website");
    assert_eq!(new.secret.len(), 52);
    assert_eq!(new.secret[..12], new.key.prefix);
    assert_ne!(new.secret, two.aurora.api_key);

    let caller = db.identity.authenticate_key(&new.secret, db.request()).await.unwrap().unwrap();
    assert_eq!(caller.scope().tenant(), two.aurora.id);
    assert_eq!(caller.actor(), Actor::ApiKey { key: new.key.id, scopes: API_KEY });
    assert_eq!(caller.scope().actor(), new.key.id.uuid());

    db.clock.advance(Duration::milliseconds(1));
    let newer = db.identity.create_api_key(&two.aurora.owner, "Import").await.unwrap();
    // Everybody in the tenant sees them, the newest on top, without their secrets; nobody else does.
    let agent = agent(&db, &two.aurora).await;
    for caller in [&two.aurora.owner, &two.aurora.key, &agent] {
        let names: Vec<String> =
            db.identity.list_api_keys(caller).await.unwrap().into_iter().map(|key| key.name).collect();
        assert_eq!(names[0], "Import");
        assert_eq!(names.len(), 3, "{names:?}");
    }
    let others = db.identity.list_api_keys(&two.borealis.owner).await.unwrap();
    assert_eq!(others.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["First key"]);

    db.clock.advance(Duration::seconds(1));
    let revoked_at = store::services::timestamp(db.services.now());
    db.identity.revoke_api_key(&two.aurora.owner, newer.key.id).await.unwrap();
    assert!(db.identity.authenticate_key(&newer.secret, db.request()).await.unwrap().is_none());
    assert!(db.identity.authenticate_key(&new.secret, db.request()).await.unwrap().is_some());
    // Twice is the same as once, the time of the first included.
    db.clock.advance(Duration::seconds(1));
    db.identity.revoke_api_key(&two.aurora.owner, newer.key.id).await.unwrap();
    let last = db.identity.list_api_keys(&two.aurora.owner).await.unwrap().pop().unwrap();
    assert_eq!((last.id, last.revoked_at), (newer.key.id, Some(revoked_at)));
}

#[tokio::test]
async fn only_owners_make_and_revoke() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let agent = agent(&db, &two.aurora).await;
    let id = db.identity.list_api_keys(&two.aurora.owner).await.unwrap()[0].id;
    let before = counts(&db).await;
    for caller in [&agent, &two.aurora.key] {
        assert!(matches!(db.identity.create_api_key(caller, "x").await, Err(IdentityError::Denied(_))));
        // Before the name, or whether there is such a key, is looked at.
        assert!(matches!(db.identity.create_api_key(caller, "").await, Err(IdentityError::Denied(_))));
        for id in [id, ApiKeyId::from_uuid(db.services.new_id())] {
            assert!(matches!(db.identity.revoke_api_key(caller, id).await, Err(IdentityError::Denied(_))));
        }
    }
    assert_eq!(counts(&db).await, before);
    assert!(db.identity.authenticate_key(&two.aurora.api_key, db.request()).await.unwrap().is_some());
}

#[tokio::test]
async fn foreign_unknown_and_malformed_ids_get_one_answer() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let foreign = db.identity.list_api_keys(&two.borealis.owner).await.unwrap()[0].id;
    let unknown = ApiKeyId::from_uuid(db.services.new_id());
    let own = db.identity.list_api_keys(&two.aurora.owner).await.unwrap()[0].id;
    let mut answers = Vec::new();
    for malformed in [
        "",
        "key_",
        "key_0",
        &own.to_string().to_uppercase(),
        &own.to_string().replace("key_", "mem_"),
        &own.uuid().to_string(),
        &format!("{own}0"),
        "' or true --",
    ] {
        assert!(malformed.parse::<ApiKeyId>().is_err(), "{malformed:?}");
    }
    for id in [foreign, unknown] {
        match db.identity.revoke_api_key(&two.aurora.owner, id).await {
            Err(error @ IdentityError::NotFound) => answers.push(error.problem()),
            other => panic!("{id:?}: {other:?}"),
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    for tenant in [&two.aurora, &two.borealis] {
        assert!(db.identity.authenticate_key(&tenant.api_key, db.request()).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn names_are_checked() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    for name in ["", "   ", "two\nlines", &"x".repeat(61)] {
        match db.identity.create_api_key(&two.aurora.owner, name).await {
            Err(IdentityError::Invalid(errors)) => assert_eq!(errors[0].field, "name"),
            other => panic!("{name:?}: {other:?}"),
        }
    }
    let new = db.identity.create_api_key(&two.aurora.owner, &"å".repeat(60)).await.unwrap();
    assert_eq!(new.key.name.chars().count(), 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_has_at_most_fifty_that_work() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    // One is there from the start.
    let mut last = None;
    for n in 1..MAX_KEYS - 1 {
        last = Some(db.identity.create_api_key(&two.aurora.owner, &format!("Key {n}")).await.unwrap());
    }
    // Room for one, and five want it.
    let tasks: Vec<_> = (0..5)
        .map(|n| {
            let (identity, owner) = (db.identity.clone(), two.aurora.owner.clone());
            tokio::spawn(async move { identity.create_api_key(&owner, &format!("Last {n}")).await })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => made += 1,
            Err(error @ IdentityError::TooManyKeys(MAX_KEYS)) => assert_eq!(error.problem().status, 409),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(made, 1);
    assert_eq!(db.identity.list_api_keys(&two.aurora.owner).await.unwrap().len(), MAX_KEYS);
    // Another tenant has room; revoking makes some.
    db.identity.create_api_key(&two.borealis.owner, "x").await.unwrap();
    db.identity.revoke_api_key(&two.aurora.owner, last.unwrap().key.id).await.unwrap();
    db.identity.create_api_key(&two.aurora.owner, "x").await.unwrap();
    let full = db.identity.create_api_key(&two.aurora.owner, "x").await;
    assert!(matches!(full, Err(IdentityError::TooManyKeys(_))), "{full:?}");
}

#[tokio::test]
async fn what_opens_nothing_opens_nothing() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let key = two.aurora.api_key.as_str();
    let (digits, last) = (key.strip_prefix("smt_").unwrap(), key.chars().next_back().unwrap());
    let changed = format!("{}{}", &key[..key.len() - 1], if last == '0' { '1' } else { '0' });
    for secret in [
        "",
        "smt_",
        digits,
        &changed,
        &format!("smt_{}", digits.to_uppercase().replace(char::is_numeric, "A")),
        &format!(" {key}"),
        &format!("{key}\n"),
        &format!("{key}0"),
        &format!("smt_{}", "0".repeat(48)),
    ] {
        assert!(db.identity.authenticate_key(secret, db.request()).await.unwrap().is_none(), "{secret:?}");
    }
    // Expired: at the very moment.
    sqlx::query("update app.api_keys set expires_at = $1")
        .bind(db.services.now() + Duration::minutes(1))
        .execute(&mut behind)
        .await
        .unwrap();
    db.clock.advance(Duration::minutes(1) - Duration::milliseconds(1));
    assert!(db.identity.authenticate_key(key, db.request()).await.unwrap().is_some());
    db.clock.advance(Duration::milliseconds(1));
    assert!(db.identity.authenticate_key(key, db.request()).await.unwrap().is_none());
}

#[tokio::test]
async fn being_used_is_written_once_a_minute() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    // The stage has used it already.
    let first = db.services.now();
    assert_eq!(last_used(&mut behind, &two.aurora).await, Some(first));
    for (advance, used) in [
        (Duration::seconds(60), first),
        (Duration::seconds(1), first + Duration::seconds(61)),
        (Duration::seconds(60), first + Duration::seconds(61)),
        (Duration::seconds(1), first + Duration::seconds(122)),
    ] {
        db.clock.advance(advance);
        assert!(db.identity.authenticate_key(&two.aurora.api_key, db.request()).await.unwrap().is_some());
        assert_eq!(last_used(&mut behind, &two.aurora).await, Some(used));
        assert_eq!(last_used(&mut behind, &two.borealis).await, Some(first));
    }
    let seen = db.identity.list_api_keys(&two.aurora.owner).await.unwrap()[0].last_used_at;
    assert_eq!(seen, Some(store::services::timestamp(first + Duration::seconds(122))));
}

#[tokio::test]
async fn a_key_may_what_it_was_given_for_as_long_as_it_was_given_it() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let owner = &two.aurora.owner;
    let reads = Permissions::of(&[Permission::ReadDocuments]);
    let wishes = KeyWishes { name: "Search", scopes: reads, lasts: Some(Duration::days(30)), signs: false };
    let new = db.identity.create_api_key(owner, wishes).await.unwrap();
    assert_eq!(new.key.scopes, [Permission::ReadDocuments]);
    let open = async |secret: &str| db.identity.authenticate_key(secret, db.request()).await.unwrap();
    // In both ways in which a key comes in.
    let mark = db.identity.key_mark(&new.secret).unwrap();
    let by_door = async || db.identity.enter_by_mark(mark, db.request()).await.unwrap();
    for caller in [open(&new.secret).await.unwrap(), by_door().await.unwrap(), by_door().await.unwrap()] {
        assert!(caller.may(ReadDocuments).is_ok() && caller.may(WriteConversations).is_err());
        assert_eq!(caller.permissions(), reads);
        caller.scope().let_go();
        let (_, identity::Who::Key(key)) = db.identity.whoami(&caller).await.unwrap() else { panic!() };
        assert_eq!(key.scopes, [Permission::ReadDocuments], "it may know itself");
        assert!(db.identity.list_api_keys(&caller).await.is_err());
        caller.scope().let_go();
    }
    db.clock.advance(Duration::days(30) - Duration::seconds(1));
    assert!(open(&new.secret).await.is_some());
    db.clock.advance(Duration::seconds(1));
    assert!(open(&new.secret).await.is_none() && by_door().await.is_none());

    // Nobody gives away what they have not, nor what keys never have; and not nothing.
    let give = async |scopes| {
        db.identity.create_api_key(owner, KeyWishes { name: "x", scopes, lasts: None, signs: false }).await
    };
    assert!(matches!(give(Permissions::of(&[Permission::ManageKeys])).await, Err(IdentityError::Denied(_))));
    assert!(matches!(give(Permissions::of(&[Permission::ManageOwners])).await, Err(IdentityError::Denied(_))));
    assert!(matches!(give(Permissions::default()).await, Err(IdentityError::Invalid(_))));
    assert!(give(KEY_AT_MOST).await.is_ok());
    // What a row says beyond that, a key has not.
    sqlx::query("update app.api_keys set scopes = '{keys.manage,owners.manage,documents.read,of.tomorrow}' where name = 'First key'")
        .execute(&mut db.superuser().await)
        .await
        .unwrap();
    let caller = open(&two.aurora.api_key).await.unwrap();
    assert_eq!(caller.permissions(), reads);
}

#[tokio::test]
async fn another_key_takes_the_place_of_one() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let owner = &two.aurora.owner;
    let scopes = Permissions::of(&[Permission::ReadDocuments]);
    let wishes = KeyWishes { name: "Search", scopes, lasts: Some(Duration::days(30)), signs: false };
    let first = db.identity.create_api_key(owner, wishes).await.unwrap();
    let works = async |secret: &str| db.identity.authenticate_key(secret, db.request()).await.unwrap().is_some();
    db.clock.advance(Duration::days(10));
    let second = db.identity.rotate_api_key(owner, first.key.id, Overlap::Day).await.unwrap();
    assert_eq!((second.key.name.as_str(), &second.key.scopes), ("Search", &first.key.scopes));
    assert!(works(&first.secret).await && works(&second.secret).await);
    let twice = db.identity.rotate_api_key(owner, first.key.id, Overlap::Week).await;
    assert!(matches!(twice, Err(IdentityError::KeyIsReplaced)), "{twice:?}");
    db.clock.advance(Duration::days(1));
    assert!(!works(&first.secret).await && works(&second.secret).await);
    // As long as the first one was to.
    db.clock.advance(Duration::days(29) - Duration::seconds(1));
    assert!(works(&second.secret).await);
    // Not longer than it would have: and one that ended, or is another's, is none.
    let third = db.identity.rotate_api_key(owner, second.key.id, Overlap::Week).await.unwrap();
    db.clock.advance(Duration::seconds(1));
    assert!(!works(&second.secret).await && works(&third.secret).await);
    for (caller, key) in [(owner, second.key.id), (&two.borealis.owner, third.key.id)] {
        let none = db.identity.rotate_api_key(caller, key, Overlap::Day).await;
        assert!(matches!(none, Err(IdentityError::NotFound)), "{none:?}");
    }
    let fourth = db.identity.rotate_api_key(owner, third.key.id, Overlap::None).await.unwrap();
    assert!(!works(&third.secret).await && works(&fourth.secret).await);
    let denied = db.identity.rotate_api_key(&two.aurora.key, fourth.key.id, Overlap::None).await;
    assert!(matches!(denied, Err(IdentityError::Denied(_))), "{denied:?}");
}
