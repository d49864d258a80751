//! Signing up: all of it or nothing.

use crate::stage::{counts, from, sign_in, sign_up_form};
use identity::{IdentityError, SignUpForm, SignedUp};
use store::StoreError;
use testkit::{TestDb, Two};
use zeroize::Zeroizing;

#[tokio::test]
async fn it_makes_person_tenant_and_owner() {
    let db = TestDb::new().await;
    let origin = from(&db, "192.0.2.1");
    let signed_up = db.identity.sign_up(sign_up_form("  Fjord AB ", " Anna@Fjord.Example "), &origin).await.unwrap();
    let SignedUp::In(signed_in) = signed_up else { panic!("there is no mail server") };
    // One of each, no key, and an attempt that counts against the address.
    assert_eq!(counts(&db).await, [1, 1, 1, 0, 1]);
    let row: (String, String, String, String, String) = sqlx::query_as(
        "select t.name, p.email, p.name, m.email, m.role from app.tenants t
         join app.memberships m using (tenant_id) join app.people p using (person_id)
         where t.tenant_id = $1 and p.person_id = $2",
    )
    .bind(signed_in.chosen.unwrap().uuid())
    .bind(signed_in.person.uuid())
    .fetch_one(&mut db.superuser().await)
    .await
    .unwrap();
    let email = "anna@fjord.example".to_owned();
    assert_eq!(row, ("Fjord AB".into(), email.clone(), "Anna Berg".into(), email, "owner".into()));
    // It opens the same account.
    let again = sign_in(&db.identity, "ANNA@fjord.example", "green lamp river", &origin).await.unwrap();
    assert_eq!(again, signed_in);
}

#[tokio::test]
async fn a_fault_at_any_step_leaves_nothing() {
    for table in ["people", "tenants", "memberships"] {
        let db = TestDb::new().await;
        let mut behind = db.superuser().await;
        sqlx::raw_sql(
            "create function public.fail() returns trigger language plpgsql as $$ begin raise exception 'on purpose'; end $$",
        )
        .execute(&mut behind)
        .await
        .unwrap();
        let trigger = match table {
            "people" => "create trigger fail after insert on app.people execute function public.fail()",
            "tenants" => "create trigger fail after insert on app.tenants execute function public.fail()",
            _ => "create trigger fail after insert on app.memberships execute function public.fail()",
        };
        sqlx::raw_sql(trigger).execute(&mut behind).await.unwrap();
        let origin = from(&db, "192.0.2.1");
        match db.identity.sign_up(sign_up_form("Fjord AB", "anna@fjord.example"), &origin).await {
            Err(IdentityError::Store(StoreError::Database(_))) => {}
            other => panic!("{table}: {other:?}"),
        }
        // Ours, not theirs: it does not count against them.
        assert_eq!(counts(&db).await, [0, 0, 0, 0, 0], "{table}");
        sqlx::raw_sql("drop function public.fail() cascade").execute(&mut behind).await.unwrap();
        db.identity.sign_up(sign_up_form("Fjord AB", "anna@fjord.example"), &origin).await.unwrap();
        assert_eq!(counts(&db).await, [1, 1, 1, 0, 1], "{table}");
    }
}

#[tokio::test]
async fn an_email_that_is_taken_makes_nothing_and_counts() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let before = counts(&db).await;
    let origin = from(&db, "192.0.2.1");
    for email in [two.aurora.email.clone(), format!(" {} ", two.aurora.email.to_uppercase())] {
        match db.identity.sign_up(sign_up_form("Another AB", &email), &origin).await {
            Err(IdentityError::EmailTaken) => {}
            other => panic!("{other:?}"),
        }
    }
    let after = counts(&db).await;
    assert_eq!(after[..4], before[..4]);
    assert_eq!(after[4], before[4] + 2, "two attempts, each against the address alone");
    // The account is as it was.
    sign_in(&db.identity, &two.aurora.email, testkit::OWNER_PASSWORD, &origin).await.unwrap();
    assert!(sign_in(&db.identity, &two.aurora.email, "green lamp river", &origin).await.is_err());
}

#[tokio::test]
async fn of_several_at_once_with_one_email_one_is_made() {
    let db = TestDb::new().await;
    let tasks: Vec<_> = (0..5)
        .map(|n| {
            let (identity, origin) = (db.identity.clone(), from(&db, "192.0.2.1"));
            tokio::spawn(async move {
                identity.sign_up(sign_up_form(&format!("Company {n}"), "anna@fjord.example"), &origin).await
            })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => made += 1,
            Err(IdentityError::EmailTaken) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((made, counts(&db).await[..4].to_vec()), (1, vec![1, 1, 1, 0]));
}

#[tokio::test]
async fn wrong_fields_are_all_named_and_count_for_nothing() {
    let db = TestDb::new().await;
    let form = SignUpForm {
        company: " ".into(),
        name: "two\nlines".into(),
        email: "anna".into(),
        password: Zeroizing::new("short".into()),
    };
    match db.identity.sign_up(form, &from(&db, "192.0.2.1")).await {
        Err(IdentityError::Invalid(errors)) => assert_eq!(
            errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(),
            ["company", "name", "email", "password"]
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(counts(&db).await, [0; 5]);
}
