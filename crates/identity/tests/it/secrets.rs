//! No secret and no address of a failed attempt stands anywhere in the database, in any column of any table.

use crate::stage::{from, sign_in, sign_up_form};
use testkit::{OWNER_PASSWORD, TestDb, Two};

#[tokio::test]
async fn secrets_are_kept_nowhere() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let new = db.identity.create_api_key(&two.aurora.owner, "Website").await.unwrap();
    let origin = from(&db, "198.51.100.77");
    db.identity.sign_up(sign_up_form("Fjord AB", "anna@fjord.example"), &origin).await.unwrap();
    let failed = from(&db, "198.51.100.78");
    let _ = sign_in(&db.identity, "mistyped@fjord.example", "lamp green river", &failed).await;
    db.identity.authenticate_key(&new.secret, db.request()).await.unwrap();

    for secret in [&two.aurora.api_key, &two.borealis.api_key, &new.secret] {
        // Neither whole nor what comes after the part that is shown.
        for part in [&secret[..], &secret[4..], &secret[12..]] {
            assert_eq!(db.columns_with(part).await, Vec::<String>::new());
        }
    }
    // What is shown of one is kept where keys are, and where it is written down who made it.
    for key in [&two.aurora.api_key, &new.secret] {
        assert_eq!(db.columns_with(&key[..12]).await, ["app.api_keys.prefix", "app.audit_entries.after"]);
    }
    for text in [OWNER_PASSWORD, "green lamp river", "lamp green river", "mistyped@fjord.example", "198.51.100.78"] {
        assert_eq!(db.columns_with(text).await, Vec::<String>::new(), "{text}");
    }
    // The search finds what is there.
    assert_eq!(db.columns_with("198.51.100.77").await, ["app.audit_entries.address"]);
    assert_eq!(db.columns_with("anna@fjord.example").await, ["app.memberships.email", "app.people.email"]);
    assert_eq!(db.columns_with("$argon2id$").await, ["app.people.password_hash"]);
}
