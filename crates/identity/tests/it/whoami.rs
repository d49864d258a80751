//! Who a caller is: a member or a key, in its own tenant.

use crate::stage::agent;
use identity::{IdentityError, Who};
use model::identity::Role;
use testkit::{TestDb, Two};

#[tokio::test]
async fn members_and_keys_are_told_apart() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    for (tenant, name) in [(&two.aurora, "Aurora"), (&two.borealis, "Borealis")] {
        let (seen, who) = db.identity.whoami(&tenant.owner).await.unwrap();
        assert_eq!((seen.id, seen.name.as_str()), (tenant.id, name));
        assert_eq!(seen.created_at.to_string(), "2026-11-21T09:00:00.000Z");
        match who {
            Who::Member(member, _) => {
                assert_eq!((member.id, &member.email, member.role), (tenant.member, &tenant.email, Role::Owner));
            }
            Who::Key(key) => panic!("{key:?}"),
        }
        let session = db.identity.current_session(&tenant.owner).await.unwrap().unwrap();
        assert_eq!((session.tenant, session.member.id), (seen, tenant.member));

        let (seen, who) = db.identity.whoami(&tenant.key).await.unwrap();
        assert_eq!((seen.id, seen.name.as_str()), (tenant.id, name));
        match who {
            Who::Key(key) => {
                assert_eq!(key.name, "First key");
                assert_eq!(key.prefix, tenant.api_key[..12]);
                assert_eq!(key.revoked_at, None);
            }
            Who::Member(member, _) => panic!("{member:?}"),
        }
        assert_eq!(db.identity.current_session(&tenant.key).await.unwrap(), None);
    }
    let (_, who) = db.identity.whoami(&agent(&db, &two.aurora).await).await.unwrap();
    assert!(matches!(who, Who::Member(member, _) if member.role == Role::Agent));
}

#[tokio::test]
async fn who_was_just_removed_is_not_found() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    sqlx::raw_sql("delete from app.api_keys; delete from app.memberships")
        .execute(&mut db.superuser().await)
        .await
        .unwrap();
    for caller in [&two.aurora.owner, &two.aurora.key] {
        assert!(matches!(db.identity.whoami(caller).await, Err(IdentityError::NotFound)));
    }
}
