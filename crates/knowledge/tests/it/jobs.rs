//! Reading survives what happens to servers: killed in the middle, too slow, two at once, a document that kills its reader.

use crate::stage::{Stage, file};
use knowledge::{IndexDocument, Knowledge};
use model::knowledge::DocumentState;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::jobs::{End, Handler, Job, JobError, LEASE, Registry, Slots, Task, Worker};
use time::Duration;

/// Does what it is told before, or instead of, reading.
#[derive(Clone)]
struct Told {
    knowledge: Knowledge,
    calls: Arc<AtomicUsize>,
    told: fn(usize) -> Result<bool, JobError>,
}

impl Handler<IndexDocument> for Told {
    async fn run(&self, task: &Task<IndexDocument>) -> Result<(), JobError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if (self.told)(call)? { self.knowledge.run(task).await } else { Ok(()) }
    }

    async fn gave_up(&self, task: &Task<IndexDocument>, error: &str) -> Result<(), JobError> {
        self.knowledge.gave_up(task, error).await
    }
}

fn told(knowledge: &Knowledge, told: fn(usize) -> Result<bool, JobError>) -> Told {
    Told { knowledge: knowledge.clone(), calls: Arc::default(), told }
}

/// A server on which this does the reading.
fn worker(stage: &Stage, handler: Told) -> Worker {
    Worker::new(stage.db.services.clone(), Registry::default().with::<IndexDocument>(handler), Slots::default())
}

#[tokio::test]
async fn a_server_that_dies_in_the_middle_leaves_the_job_to_the_next() {
    let stage = Stage::with(None).await;
    let caller = &stage.two.aurora.owner;
    let id = stage.knowledge.upload(caller, file("a.txt", "Some text.")).await.unwrap().id;
    // Claimed, and then nothing more is heard of that server.
    assert_eq!(stage.worker().take::<IndexDocument>(10).await.unwrap().len(), 1);
    assert!(stage.worker().run_due().await.unwrap().is_empty(), "it is held");
    stage.db.clock.advance(LEASE + Duration::seconds(1));
    assert_eq!(stage.worker().run_due().await.unwrap(), [End::Done]);
    let document = stage.knowledge.get_document(caller, id).await.unwrap();
    assert_eq!((document.state, document.chunk_count), (DocumentState::Ready, 1));
}

#[tokio::test]
async fn two_servers_share_the_work_and_do_nothing_twice() {
    let stage = Stage::with(None).await;
    let caller = &stage.two.aurora.owner;
    for n in 0..20 {
        stage.knowledge.upload(caller, file(&format!("{n}.txt"), format!("Text {n}."))).await.unwrap();
    }
    let (one, other) = (stage.worker(), stage.worker());
    let (one, other) = tokio::join!(one.run_due(), other.run_due());
    let ends: Vec<End> = one.unwrap().into_iter().chain(other.unwrap()).collect();
    assert_eq!(ends, [End::Done; 20]);
    let all = stage.knowledge.list_documents(caller, None, None, None).await.unwrap().data;
    assert!(all.iter().all(|d| d.state == DocumentState::Ready && d.chunk_count == 1));
}

#[tokio::test]
async fn a_server_that_was_too_slow_changes_nothing_of_what_another_did() {
    let stage = Stage::with(None).await;
    let caller = &stage.two.aurora.owner;
    stage.knowledge.upload(caller, file("a.txt", "Some text.")).await.unwrap();
    let slow = stage.worker().take::<IndexDocument>(1).await.unwrap().remove(0);
    stage.db.clock.advance(LEASE + Duration::seconds(1));
    assert_eq!(stage.worker().run_due().await.unwrap(), [End::Done]);
    // The slow one comes to its end all the same.
    stage.knowledge.run(&slow).await.unwrap();
    let all = stage.knowledge.list_documents(caller, None, None, None).await.unwrap().data;
    assert_eq!((all[0].state, all[0].chunk_count), (DocumentState::Ready, 1));
    assert_eq!(stage.knowledge.search(caller, "text", None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_fails_is_tried_again_later_each_time_later_still() {
    let stage = Stage::with(None).await;
    let caller = &stage.two.aurora.owner;
    let id = stage.knowledge.upload(caller, file("a.txt", "Some text.")).await.unwrap().id;
    let handler =
        told(&stage.knowledge, |call| if call < 3 { Err(JobError::Retry("Not now.".into())) } else { Ok(true) });
    let worker = worker(&stage, handler.clone());
    assert_eq!(worker.run_due().await.unwrap(), [End::Later]);
    assert!(worker.run_due().await.unwrap().is_empty(), "not at once");
    stage.db.clock.advance(Duration::seconds(3));
    assert_eq!(worker.run_due().await.unwrap(), [End::Later]);
    stage.db.clock.advance(Duration::seconds(3));
    assert!(worker.run_due().await.unwrap().is_empty(), "later than the first time");
    stage.db.clock.advance(Duration::seconds(3));
    assert_eq!(worker.run_due().await.unwrap(), [End::Done]);
    assert_eq!(handler.calls.load(Ordering::SeqCst), 3);
    assert_eq!(stage.knowledge.get_document(caller, id).await.unwrap().state, DocumentState::Ready);
}

#[tokio::test]
async fn what_never_works_is_given_up_and_said() {
    let stage = Stage::with(None).await;
    stage.db.leaves_dead_jobs();
    let caller = &stage.two.aurora.owner;
    let id = stage.knowledge.upload(caller, file("a.txt", "Some text.")).await.unwrap().id;
    let handler = told(&stage.knowledge, |_| Err(JobError::Retry("Not today.".into())));
    let worker = worker(&stage, handler.clone());
    let mut ends = Vec::new();
    for _ in 0..IndexDocument::TRIES + 2 {
        ends.extend(worker.run_due().await.unwrap());
        stage.db.clock.advance(Duration::hours(1));
    }
    assert_eq!(ends.len(), usize::try_from(IndexDocument::TRIES).unwrap());
    assert_eq!(ends.last(), Some(&End::Dead));
    let document = stage.knowledge.get_document(caller, id).await.unwrap();
    assert_eq!((document.state, document.error.as_deref()), (DocumentState::Failed, Some("Not today.")));

    // Asked for again, it is read.
    stage.knowledge.reindex_document(caller, id).await.unwrap();
    stage.do_jobs().await;
    let document = stage.knowledge.get_document(caller, id).await.unwrap();
    assert_eq!((document.state, document.error), (DocumentState::Ready, None));
}

/// As a document may be that was read before so much of Markdown was left out.
#[tokio::test]
async fn a_document_that_says_nothing_any_more_is_given_up_and_no_more_found() {
    let stage = Stage::with(None).await;
    stage.db.leaves_dead_jobs();
    let caller = &stage.two.aurora.owner;
    let id = stage.add(caller, "a.md", "Quoffle lamps.").await.id;
    assert_eq!(stage.knowledge.search(caller, "quoffle", None).await.unwrap().len(), 1);
    let mut behind = stage.db.superuser().await;
    let hidden = "update app.document_texts set text = '<!-- Quoffle lamps. -->'".to_owned();
    sqlx::query(testkit::sql(hidden)).execute(&mut behind).await.unwrap();
    stage.knowledge.reindex_document(caller, id).await.unwrap();
    assert_eq!(stage.worker().run_due().await.unwrap(), [End::Dead]);
    let document = stage.knowledge.get_document(caller, id).await.unwrap();
    assert_eq!(document.state, DocumentState::Failed);
    assert!(document.error.unwrap().contains("nothing to tell"));
    assert!(stage.knowledge.search(caller, "quoffle", None).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_ready_is_read_again_once_when_pieces_have_changed() {
    let stage = Stage::with(None).await;
    let caller = &stage.two.aurora.owner;
    let id = stage.add(caller, "a.txt", "Quoffle lamps.").await.id;
    let mut behind = stage.db.superuser().await;
    let again = include_str!("../../../../migrations/0033_documents_read_again.sql");
    for _ in 0..2 {
        let again = testkit::sql(format!("begin; {again} commit;"));
        sqlx::raw_sql(again).execute(&mut behind).await.unwrap();
        let document = stage.knowledge.get_document(caller, id).await.unwrap();
        assert_eq!(document.state, DocumentState::Queued);
        assert_eq!(stage.knowledge.search(caller, "quoffle", None).await.unwrap().len(), 1, "found until then");
    }
    assert_eq!(stage.worker().run_due().await.unwrap(), [End::Done]);
    let document = stage.knowledge.get_document(caller, id).await.unwrap();
    assert_eq!((document.state, document.chunk_count), (DocumentState::Ready, 1));
}

#[tokio::test]
async fn a_job_that_ends_its_server_each_time_is_given_up() {
    let stage = Stage::with(None).await;
    stage.db.leaves_dead_jobs();
    let caller = &stage.two.aurora.owner;
    let id = stage.knowledge.upload(caller, file("a.txt", "Some text.")).await.unwrap().id;
    for _ in 0..IndexDocument::TRIES {
        assert_eq!(stage.worker().take::<IndexDocument>(1).await.unwrap().len(), 1);
        stage.db.clock.advance(LEASE + Duration::seconds(1));
    }
    assert_eq!(stage.worker().run_due().await.unwrap(), [End::Dead]);
    assert_eq!(stage.knowledge.get_document(caller, id).await.unwrap().state, DocumentState::Failed);
}

#[tokio::test]
async fn a_panic_is_a_failure_like_any_other() {
    let stage = Stage::with(None).await;
    stage.db.leaves_waiting_jobs();
    stage.knowledge.upload(&stage.two.aurora.owner, file("a.txt", "Some text.")).await.unwrap();
    let handler = told(&stage.knowledge, |_| panic!("on purpose"));
    let worker = worker(&stage, handler);
    assert_eq!(worker.run_due().await.unwrap(), [End::Later]);
}

#[tokio::test]
async fn a_worker_works_until_it_is_told_to_stop_and_finishes_what_it_began() {
    let stage = Stage::with(None).await;
    let caller = &stage.two.aurora.owner;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = stage.worker();
    let running = tokio::spawn(async move {
        worker.run(async { drop(stopped.await) }, std::time::Duration::from_secs(60)).await;
    });
    let id = stage.knowledge.upload(caller, file("a.txt", "Some text.")).await.unwrap().id;
    // Woken by the upload.
    while stage.knowledge.get_document(caller, id).await.unwrap().state != DocumentState::Ready {
        tokio::task::yield_now().await;
    }
    drop(stop);
    running.await.unwrap();
    stage.knowledge.upload(caller, file("b.txt", "More text.")).await.unwrap();
    assert_eq!(stage.worker().run_due().await.unwrap(), [End::Done], "nobody else did it");
}
