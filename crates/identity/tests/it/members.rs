//! The list of members: in pages, of one's own tenant.

use crate::stage::member;
use identity::{IdentityError, PageRequest};
use model::MemberId;
use model::identity::Role;
use store::Caller;
use testkit::{TestDb, Two};

fn page(limit: u32, cursor: Option<&str>) -> PageRequest {
    PageRequest { limit: Some(limit), cursor: cursor.map(str::to_owned) }
}

/// Every id, page by page.
async fn walk(db: &TestDb, caller: &Caller, limit: u32) -> Vec<MemberId> {
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let found = db.identity.list_members(caller, &page(limit, cursor.as_deref())).await.unwrap();
        assert!(found.data.len() <= limit as usize);
        assert!(found.next_cursor.is_none() || found.data.len() == limit as usize);
        ids.extend(found.data.iter().map(|member| member.id));
        match found.next_cursor {
            Some(next) => cursor = Some(next),
            None => return ids,
        }
    }
}

#[tokio::test]
async fn page_by_page_everybody_is_there_once() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut expected = vec![two.aurora.member];
    for name in ["Bo", "Cia", "Dag", "Eva"] {
        db.clock.advance(time::Duration::milliseconds(1));
        expected.push(member(&db, &two.aurora, name, "agent").await.1);
        member(&db, &two.borealis, name, "agent").await;
    }
    for limit in [1, 2, 3, 4, 5, 6, 200] {
        for caller in [&two.aurora.owner, &two.aurora.key] {
            assert_eq!(walk(&db, caller, limit).await, expected, "in pages of {limit}");
        }
    }
    let all = db.identity.list_members(&two.aurora.owner, &PageRequest::default()).await.unwrap();
    assert_eq!(all.next_cursor, None);
    assert_eq!(all.data.len(), 5);
    let owner = &all.data[0];
    assert_eq!(
        (owner.role, owner.email.as_str(), owner.name.as_str()),
        (Role::Owner, "owner@aurora.example", "Aurora Owner")
    );
    assert_eq!(owner.created_at.to_string(), "2026-11-21T09:00:00.000Z");
    assert!(all.data[1..].iter().all(|member| member.role == Role::Agent));
}

#[tokio::test]
async fn what_is_no_limit_and_no_cursor_is_told() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let id = two.aurora.member.to_string();
    let wrong = [
        ("limit", page(0, None)),
        ("limit", page(201, None)),
        ("limit", page(u32::MAX, None)),
        ("cursor", page(1, Some(""))),
        ("cursor", page(1, Some("2"))),
        ("cursor", page(1, Some(&id.to_uppercase()))),
        ("cursor", page(1, Some(&two.aurora.id.to_string()))),
        ("cursor", page(1, Some(&two.aurora.member.uuid().to_string()))),
    ];
    for (field, request) in wrong {
        match db.identity.list_members(&two.aurora.owner, &request).await {
            Err(IdentityError::Invalid(errors)) => {
                assert_eq!(errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(), [field], "{request:?}");
            }
            other => panic!("{request:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_foreign_cursor_is_an_unknown_one() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    for name in ["Bo", "Cia"] {
        db.clock.advance(time::Duration::milliseconds(1));
        member(&db, &two.aurora, name, "agent").await;
        member(&db, &two.borealis, name, "agent").await;
    }
    for foreign in walk(&db, &two.borealis.owner, 50).await {
        // The id next to it, which nobody has.
        let unknown = MemberId::from_uuid(uuid::Uuid::from_u128(foreign.uuid().as_u128() ^ 1));
        let mut answers = Vec::new();
        for cursor in [foreign, unknown] {
            let request = page(1, Some(&cursor.to_string()));
            answers.push(db.identity.list_members(&two.aurora.owner, &request).await.unwrap());
        }
        assert_eq!(answers[0], answers[1]);
        assert!(answers[0].data.iter().all(|member| member.id != foreign));
    }
}
