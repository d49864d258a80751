//! The audit log: what was changed, removed or put in behind every wall is found, and nobody inside them can.

use model::TenantId;
use model::audit::Act;
use sqlx::Executor as _;
use store::audit::{self, Break, Entry, Verdict};
use store::{Caller, Services};
use testkit::{Tenant, TestDb, Two, sql};

async fn record(services: &Services, caller: &Caller, name: &str) {
    let mut tx = services.store.tenant(caller.scope()).await.unwrap();
    let entry = Entry::new(Act::KeyCreated).to(services.new_id(), name).was("a", "1").is("a", "2");
    audit::record(&mut tx, services, caller, entry).await.unwrap();
    tx.commit().await.unwrap();
}

async fn verify(db: &TestDb, tenant: &Tenant) -> Verdict {
    audit::verify(&db.services, db.request(), tenant.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn every_change_behind_the_walls_is_found() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    for n in 0..5 {
        if n == 4 {
            let before = "create table public.head_before as table app.audit_heads";
            db.superuser().await.execute(before).await.unwrap();
        }
        record(&db.services, &two.aurora.owner, &format!("key {n}")).await;
        record(&db.services, &two.borealis.key, &format!("key {n}")).await;
    }
    let Verdict::Whole(all) = verify(&db, &two.aurora).await else { panic!() };
    assert!(all >= 5, "{all}");
    let mut behind = db.superuser().await;
    let tenant = two.aurora.id.uuid();
    let (third, last) = (all - 2, all);
    let of = |number: i64| format!("where tenant_id = '{tenant}' and number = {number}");
    let mut holes = vec![
        (format!("delete from app.audit_entries {}", of(third)), Verdict::Broken(third, Break::Missing)),
        (format!("delete from app.audit_entries {}", of(1)), Verdict::Broken(1, Break::Missing)),
        (format!("delete from app.audit_entries {}", of(last)), Verdict::Broken(last - 1, Break::Head)),
        // With the head as it would have been, but for its proof.
        (
            format!(
                "delete from app.audit_entries {}; update app.audit_heads set number = {}, hash =
                   (select hash from app.audit_entries {}) where tenant_id = '{tenant}'",
                of(last),
                last - 1,
                of(last - 1)
            ),
            Verdict::Broken(last - 1, Break::Head),
        ),
        (format!("delete from app.audit_heads where tenant_id = '{tenant}'"), Verdict::Broken(last, Break::Head)),
        (
            format!("update app.audit_heads set number = number - 3 where tenant_id = '{tenant}'"),
            Verdict::Broken(last - 3, Break::Head),
        ),
        // As it was some time ago, proof and all.
        (
            format!(
                "update app.audit_heads h set number = o.number, hash = o.hash, proof = o.proof from public.head_before o
                 where h.tenant_id = '{tenant}' and o.tenant_id = '{tenant}'"
            ),
            Verdict::Broken(last - 1, Break::Head),
        ),
        (
            format!(
                "insert into app.audit_entries select tenant_id, number + 1, at, act, actor_kind, actor_id, actor_name, address,
                   request_id, subject_id, subject_name, before, after, hash from app.audit_entries {};
                 update app.audit_heads set number = number + 1 where tenant_id = '{tenant}'",
                of(last)
            ),
            Verdict::Broken(last + 1, Break::Changed),
        ),
        // Of another tenant's.
        (
            format!(
                "update app.audit_entries e set hash = o.hash, subject_name = o.subject_name from app.audit_entries o
                 where e.tenant_id = '{tenant}' and e.number = {third} and o.tenant_id = '{}' and o.number = {third}",
                two.borealis.id.uuid()
            ),
            Verdict::Broken(third, Break::Changed),
        ),
    ];
    for change in [
        "at = at + interval '1 microsecond'",
        "act = 'key.revoked'",
        "actor_kind = 'key'",
        "actor_id = gen_random_uuid()",
        "actor_id = null",
        "actor_name = 'Somebody else'",
        "address = '203.0.113.1'",
        "address = ''",
        "at = 'infinity'",
        "before = '[]'",
        "after = '{\"a\": 2}'",
        "request_id = gen_random_uuid()",
        "subject_id = null",
        "subject_name = 'x'",
        "before = '{}'",
        "before = '{\"a\": \"3\"}'",
        "after = '{\"a\": \"2\", \"b\": \"\"}'",
        "hash = sha256('')",
        // From one part to the next.
        "actor_name = actor_name || 'k', subject_name = substr(subject_name, 2)",
    ] {
        holes.push((
            format!("update app.audit_entries set {change} {}", of(third)),
            Verdict::Broken(third, Break::Changed),
        ));
    }
    for (change, expected) in holes {
        // What is found is found in the changed rows alone: each is put back.
        behind.execute("create table public.entries as table app.audit_entries").await.unwrap();
        behind.execute("create table public.heads as table app.audit_heads").await.unwrap();
        sqlx::raw_sql(sql(change.clone())).execute(&mut behind).await.unwrap();
        assert_eq!(verify(&db, &two.aurora).await, expected, "{change}");
        assert!(matches!(verify(&db, &two.borealis).await, Verdict::Whole(_)), "{change}");
        // And still when something is done after it.
        record(&db.services, &two.aurora.owner, "after").await;
        assert!(matches!(verify(&db, &two.aurora).await, Verdict::Broken(..)), "{change}");
        behind
            .execute(
                "truncate app.audit_entries, app.audit_heads;
                 insert into app.audit_entries table public.entries; insert into app.audit_heads table public.heads;
                 drop table public.entries, public.heads",
            )
            .await
            .unwrap();
        assert_eq!(verify(&db, &two.aurora).await, Verdict::Whole(all), "{change}");
    }
    // Another installation's key says that nothing is what was written.
    let other =
        Services::new(db.services.store.clone(), db.clock.clone(), &store::secret_key::SecretKey::from_bytes([8; 32]));
    let theirs = audit::verify(&other, db.request(), two.aurora.id).await.unwrap();
    assert_eq!(theirs, Some(Verdict::Broken(1, Break::Changed)));
    let nobodys = TenantId::from_uuid(db.services.new_id());
    assert_eq!(audit::verify(&db.services, db.request(), nobodys).await.unwrap(), None);
}

#[tokio::test]
async fn many_at_once_are_numbered_without_gaps_and_what_is_not_committed_is_not_there() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let Verdict::Whole(before) = verify(&db, &two.aurora).await else { panic!() };
    let all: Vec<_> = (0..20)
        .map(|n| {
            let (services, caller) = (db.services.clone(), two.aurora.owner.clone());
            tokio::spawn(async move {
                let mut tx = services.store.tenant(caller.scope()).await.unwrap();
                audit::record(&mut tx, &services, &caller, Entry::new(Act::KeyCreated)).await.unwrap();
                // Every other one fails in the end.
                if n % 2 == 0 {
                    tx.commit().await.unwrap();
                }
            })
        })
        .collect();
    for one in all {
        one.await.unwrap();
    }
    assert_eq!(verify(&db, &two.aurora).await, Verdict::Whole(before + 10));
    // Entries are nobody's to change, also not the tenant's own.
    for change in
        ["update app.audit_entries set act = 'x'", "delete from app.audit_entries", "delete from app.audit_heads"]
    {
        let mut tx = db.services.store.tenant(two.aurora.owner.scope()).await.unwrap();
        assert!(sqlx::query(sql(change.to_owned())).execute(&mut tx).await.is_err(), "{change}");
        let mut tx = db.services.store.platform(store::Reason::Audit, db.request()).await.unwrap();
        assert!(sqlx::query(sql(change.to_owned())).execute(&mut tx).await.is_err(), "{change}");
    }
}
