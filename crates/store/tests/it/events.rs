//! The outbox: with its change or not at all, in the order of commits, nothing missed and nothing twice.

use model::event::EventKind;
use store::events::{Position, delete_old, read, record};
use store::{Caller, TenantTx};
use testkit::{TestDb, Two};
use uuid::Uuid;

async fn begin(db: &TestDb, caller: &Caller) -> TenantTx {
    db.services.store.tenant(caller.scope()).await.unwrap()
}

async fn happen(db: &TestDb, caller: &Caller, subject: u128) -> TenantTx {
    let mut tx = begin(db, caller).await;
    let subject = Uuid::from_u128(subject);
    record(&mut tx, &db.services, caller.scope(), EventKind::MessageCreated, subject).await.unwrap();
    tx
}

async fn subjects(db: &TestDb, after: &mut Position) -> Vec<u128> {
    let (events, position) = read(&db.services, *after, 100).await.unwrap();
    *after = position;
    events.iter().map(|event| event.subject.as_u128()).collect()
}

/// So many, however long transactions of other tests, in other databases, hold them back.
async fn next(db: &TestDb, after: &mut Position, number: usize) -> Vec<u128> {
    let mut all = Vec::new();
    while all.len() < number {
        all.extend(subjects(db, after).await);
    }
    all
}

#[tokio::test]
async fn it_is_there_with_its_change_or_not_at_all() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut at = Position::default();
    drop(happen(&db, &two.aurora.owner, 1).await);
    happen(&db, &two.aurora.owner, 2).await.commit().await.unwrap();
    happen(&db, &two.borealis.key, 3).await.commit().await.unwrap();
    assert_eq!(next(&db, &mut at, 2).await, [2, 3]);
    assert!(subjects(&db, &mut at).await.is_empty());
    let (events, _) = read(&db.services, Position::default(), 100).await.unwrap();
    let seen: Vec<_> = events.iter().map(|e| (e.tenant, e.actor, e.subject.as_u128())).collect();
    let (owner, key) = (two.aurora.owner.scope().actor(), two.borealis.key.scope().actor());
    assert_eq!(seen, [(two.aurora.id, owner, 2), (two.borealis.id, key, 3)]);
}

/// The one that began first commits last: a reader that goes on from where it was still gets it.
#[tokio::test]
async fn nothing_is_missed_whoever_commits_first() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut at = Position::default();
    let slow = happen(&db, &two.aurora.owner, 1).await;
    happen(&db, &two.aurora.owner, 2).await.commit().await.unwrap();
    // As long as one before it may still write, it waits.
    assert!(subjects(&db, &mut at).await.is_empty());
    slow.commit().await.unwrap();
    happen(&db, &two.aurora.owner, 3).await.commit().await.unwrap();
    assert_eq!(next(&db, &mut at, 3).await, [1, 2, 3]);
}

/// Many write at once, one reads all the while: each once, in one order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_comes_once() {
    let db = std::sync::Arc::new(TestDb::new().await);
    let two = Two::new(&db).await;
    let writers: Vec<_> = (0..6_u128)
        .map(|n| {
            let (db, caller) = (std::sync::Arc::clone(&db), two.aurora.owner.clone());
            tokio::spawn(async move {
                for m in 0..20 {
                    let tx = happen(&db, &caller, n * 100 + m).await;
                    if m % 5 == 4 { drop(tx) } else { tx.commit().await.unwrap() }
                }
            })
        })
        .collect();
    let (mut at, mut all) = (Position::default(), Vec::new());
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        all.extend(subjects(&db, &mut at).await);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    // Transactions that were rolled back end a moment later.
    while all.len() < 6 * 16 {
        all.extend(subjects(&db, &mut at).await);
    }
    assert!(subjects(&db, &mut at).await.is_empty());
    let mut once = all.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!((once.len(), all.len()), (6 * 16, 6 * 16));
    // Of each writer in its order.
    for n in 0..6 {
        let its: Vec<_> = all.iter().filter(|subject| *subject / 100 == n).collect();
        assert!(its.is_sorted(), "{its:?}");
    }
}

#[tokio::test]
async fn what_is_old_goes() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    happen(&db, &two.aurora.owner, 1).await.commit().await.unwrap();
    db.clock.advance(time::Duration::days(20));
    happen(&db, &two.aurora.owner, 2).await.commit().await.unwrap();
    assert_eq!(delete_old(&db.services).await.unwrap(), 0);
    db.clock.advance(time::Duration::days(10));
    assert_eq!(delete_old(&db.services).await.unwrap(), 1);
    assert_eq!(next(&db, &mut Position::default(), 1).await, [2]);
}
