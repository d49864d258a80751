//! Keys that sign. (Whole requests: `server/tests/it/signed.rs`.)

use hmac::{Hmac, KeyInit as _, Mac as _};
use identity::KeyWishes;
use model::permission::API_KEY;
use sha2::Sha256;
use testkit::{TestDb, Two};
use time::Duration;

fn mac(secret: &str, text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

#[tokio::test]
async fn a_key_is_known_by_what_it_has_signed_and_by_nothing_else() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let identity = &db.identity;
    let wishes = KeyWishes { name: "Till", scopes: API_KEY, lasts: None, signs: true };
    let key = identity.create_api_key(&two.aurora.owner, wishes.clone()).await.unwrap();
    let other = identity.create_api_key(&two.borealis.owner, wishes).await.unwrap();
    assert_ne!(key.secret, other.secret);
    assert!(key.secret.starts_with("sms_") && key.secret.len() == 52 && key.secret.starts_with(&key.key.prefix));
    let listed = identity.list_api_keys(&two.aurora.owner).await.unwrap();
    let signs: Vec<bool> = listed.iter().map(|key| key.signs).collect();
    assert_eq!(signs, [true, false]);

    let (id, text) = (key.key.id, &b"a text"[..]);
    let mark = identity.signed_by(id, text, &mac(&key.secret, text)).expect("it has signed it");
    let caller = identity.authenticate_mark(mark, db.request()).await.unwrap().expect("it works");
    assert_eq!(caller.scope().tenant(), two.aurora.id);
    let right = mac(&key.secret, text);
    for (what, id, text, signature) in [
        ("another text", id, &b"another"[..], &right[..]),
        ("another key", other.key.id, text, &right[..]),
        ("another's signature", id, text, &mac(&other.secret, text)[..]),
        ("the beginning of it", id, text, &right[..16]),
        ("nothing", id, text, &[]),
    ] {
        assert_eq!(identity.signed_by(id, text, signature), None, "{what}");
    }
    // It opens nothing when it is sent, and one that is sent opens nothing by its id.
    assert!(identity.authenticate_key(&key.secret, db.request()).await.unwrap().is_none());
    identity.revoke_api_key(&two.aurora.owner, id).await.unwrap();
    assert!(identity.authenticate_mark(mark, db.request()).await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_signed_counts_once_and_while_it_is_new() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let identity = &db.identity;
    let now = db.services.now().unix_timestamp();
    for (second, recent) in [(0, true), (300, true), (-300, true), (301, false), (-301, false), (-100_000, false)] {
        assert_eq!(identity.is_recent(now + second), recent, "{second}");
    }
    assert!(identity.is_open(now + 1) && !identity.is_open(now) && !identity.is_open(now - 1));

    let key = async |owner| identity.list_api_keys(owner).await.unwrap().remove(0).id;
    let (aurora, borealis) = (key(&two.aurora.owner).await, key(&two.borealis.owner).await);
    assert!(identity.use_nonce(&two.aurora.key, aurora, "once").await.unwrap());
    assert!(!identity.use_nonce(&two.aurora.key, aurora, "once").await.unwrap());
    assert!(identity.use_nonce(&two.aurora.key, aurora, "twice").await.unwrap());
    assert!(identity.use_nonce(&two.borealis.key, borealis, "once").await.unwrap());
    db.clock.advance(Duration::minutes(15) - Duration::seconds(1));
    assert_eq!(identity.delete_old_nonces().await.unwrap(), 0);
    db.clock.advance(Duration::seconds(1));
    assert_eq!(identity.delete_old_nonces().await.unwrap(), 3);
    assert!(identity.use_nonce(&two.aurora.key, aurora, "once").await.unwrap());
}
