//! The queue: tenants take turns, lanes have places of their own, one job waits for each subject, and whatever ends a job
//! or its server, it is done or somebody is told.

use futures_core::future::BoxFuture;
use model::{ConversationId, Id as _, TenantId};
use sqlx::PgConnection;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::jobs::{
    End, Handler, Job, JobError, LEASE, Lane, Registry, Schedule, Slots, Task, Worker, enqueue, run_schedules,
};
use store::services::Clock;
use store::{Caller, Services, Store, StoreError, TenantTx};
use testkit::{Tenant, TestDb, Two};
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// Somebody waits for it.
struct Greet;

impl Job for Greet {
    const NAME: &'static str = "greet";
    const LANE: Lane = Lane::Prompt;
    const DEADLINE: Duration = Duration::from_secs(600);
    type Subject = ConversationId;
}

/// Nobody looks.
struct Sweep;

impl Job for Sweep {
    const NAME: &'static str = "sweep";
    const LANE: Lane = Lane::Bulk;
    const DEADLINE: Duration = Duration::from_secs(600);
    type Subject = ConversationId;
}

/// It may take next to no time, and is tried twice.
struct Blink;

impl Job for Blink {
    const NAME: &'static str = "blink";
    const LANE: Lane = Lane::Prompt;
    const DEADLINE: Duration = Duration::from_millis(1);
    const TRIES: i32 = 2;
    type Subject = ConversationId;
}

type Outcome = Result<(), JobError>;

/// A task as its handler saw it.
#[derive(Debug, Clone)]
struct Seen {
    kind: &'static str,
    tenant: TenantId,
    subject: u128,
    attempt: i32,
    caller: Caller,
    /// Why it was given up, when that is what the handler was told.
    given_up: Option<String>,
}

impl Seen {
    fn of<J: Job>(task: &Task<J>, given_up: Option<&str>) -> Self {
        Self {
            kind: J::NAME,
            tenant: task.scope().tenant(),
            subject: task.subject().uuid().as_u128(),
            attempt: task.attempt(),
            caller: task.caller(),
            given_up: given_up.map(str::to_owned),
        }
    }
}

/// Does with each task what the test says, also when it is given up.
struct Does<F>(F);

impl<J: Job, F: Fn(Seen) -> BoxFuture<'static, Outcome> + Send + Sync + 'static> Handler<J> for Does<F> {
    async fn run(&self, task: &Task<J>) -> Outcome {
        (self.0)(Seen::of(task, None)).await
    }

    async fn gave_up(&self, task: &Task<J>, error: &str) -> Outcome {
        (self.0)(Seen::of(task, Some(error))).await
    }
}

/// What handlers have seen, in order.
#[derive(Debug, Clone, Default)]
struct Notes(Arc<Mutex<Vec<Seen>>>);

impl Notes {
    fn add(&self, seen: Seen) {
        self.0.lock().unwrap().push(seen);
    }

    /// What has come since this was last asked.
    fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// A handler that notes each task, and ends as the test says.
    fn then<J: Job>(&self, end: impl Fn(&Seen) -> Outcome + Send + Sync + 'static) -> impl Handler<J> {
        let notes = self.clone();
        Does(move |seen: Seen| -> BoxFuture<'static, Outcome> {
            let end = end(&seen);
            notes.add(seen);
            Box::pin(std::future::ready(end))
        })
    }
}

/// A task that has begun; it ends when this is dropped.
struct Begun {
    seen: Seen,
    _finish: oneshot::Sender<()>,
}

/// Begins tasks, and ends each when the test says so.
#[derive(Clone)]
struct Holds(mpsc::UnboundedSender<Begun>);

impl<J: Job> Handler<J> for Holds {
    async fn run(&self, task: &Task<J>) -> Outcome {
        let (finish, finished) = oneshot::channel();
        let _ = self.0.send(Begun { seen: Seen::of(task, None), _finish: finish });
        let _ = finished.await;
        Ok(())
    }

    async fn gave_up(&self, _: &Task<J>, error: &str) -> Outcome {
        panic!("given up: {error}")
    }
}

/// What must happen; it is not waited for for ever.
async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), what).await.expect("it happens")
}

/// A worker that does nothing but these jobs.
fn worker(services: &Services, registry: Registry, prompt: usize, bulk: usize) -> Worker {
    Worker::new(services.clone(), registry, Slots { prompt, bulk, mail: 1 })
}

/// One that holds what it begins, and what it has begun.
fn holding(services: &Services, prompt: usize, bulk: usize) -> (Worker, mpsc::UnboundedReceiver<Begun>) {
    let (tell, begun) = mpsc::unbounded_channel();
    let holds = Holds(tell);
    (worker(services, Registry::default().with::<Greet>(holds.clone()).with::<Sweep>(holds), prompt, bulk), begun)
}

/// A worker at work.
struct Working {
    stop: oneshot::Sender<()>,
    work: tokio::task::JoinHandle<()>,
}

impl Working {
    fn start(worker: &Worker, patience: Duration) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = worker.clone();
        let stopped = async move {
            let _ = stopped.await;
        };
        Self { stop, work: tokio::spawn(async move { worker.run(stopped, patience).await }) }
    }

    async fn stop(self) {
        drop(self.stop);
        soon(self.work).await.unwrap();
    }
}

/// Another server on the same database.
fn server(db: &TestDb) -> Services {
    Services::new(Store::new(db.settings()), Arc::clone(&db.clock) as Arc<dyn Clock>, &testkit::secret())
}

async fn begin(db: &TestDb, caller: &Caller) -> TenantTx {
    db.services.store.tenant(caller.scope()).await.unwrap()
}

async fn add<J: Job>(tx: &mut TenantTx, db: &TestDb, caller: &Caller, subject: u128) -> Result<(), StoreError> {
    enqueue::<J>(tx, &db.services, caller.scope(), J::Subject::from_uuid(Uuid::from_u128(subject))).await
}

/// Asks for a job, a millisecond after the one before.
async fn ask<J: Job>(db: &TestDb, caller: &Caller, subject: u128) {
    let mut tx = begin(db, caller).await;
    add::<J>(&mut tx, db, caller, subject).await.unwrap();
    tx.commit().await.unwrap();
    db.services.wake_workers::<J>();
    db.clock.advance(time::Duration::milliseconds(1));
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    attempts: i32,
    run_at: OffsetDateTime,
    leased_until: Option<OffsetDateTime>,
    dead_at: Option<OffsetDateTime>,
    error: Option<String>,
}

/// All jobs that there are, the oldest first.
async fn rows(behind: &mut PgConnection) -> Vec<Row> {
    sqlx::query_as("select attempts, run_at, leased_until, dead_at, error from app.jobs order by created_at, job_id")
        .fetch_all(behind)
        .await
        .unwrap()
}

async fn only_row(behind: &mut PgConnection) -> Row {
    let mut all = rows(behind).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// Waits until what is asked of the rows is so.
async fn until(behind: &mut PgConnection, what: &'static str) {
    for _ in 0..20_000 {
        if sqlx::query_scalar(what).fetch_one(&mut *behind).await.unwrap() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("never: {what}");
}

/// Somebody waits for a lock of somebody else's.
const BLOCKED: &str = "select exists (select from pg_stat_activity where datname = current_database()
                                       and usename like 'samtal%' and wait_event_type = 'Lock')";

fn done(number: usize) -> Vec<End> {
    vec![End::Done; number]
}

#[tokio::test]
async fn one_job_of_another_waits_for_one_however_many_wait() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    for n in 0..20 {
        ask::<Greet>(&db, &two.aurora.owner, n).await;
    }
    ask::<Greet>(&db, &two.borealis.key, 100).await;
    let notes = Notes::default();
    let worker = worker(&db.services, Registry::default().with::<Greet>(notes.then(|_| Ok(()))), 1, 1);
    assert_eq!(worker.run_due().await.unwrap(), done(21));
    let seen = notes.take();
    assert_eq!(seen.iter().take(2).filter(|seen| seen.tenant == two.borealis.id).count(), 1, "{seen:?}");
    // Of one tenant the oldest first.
    let aurora: Vec<_> = seen.iter().filter(|seen| seen.tenant == two.aurora.id).map(|seen| seen.subject).collect();
    assert_eq!(aurora, (0..20).collect::<Vec<_>>());
    // Each as its own tenant's job.
    assert!(seen.iter().all(|seen| seen.caller.scope().tenant() == seen.tenant));
}

#[tokio::test]
async fn tenants_take_turns() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let corona = Tenant::new(&db, "Corona").await;
    // One has much, and asked first.
    for (tenant, number) in [(&two.aurora, 9), (&two.borealis, 3), (&corona, 6)] {
        for n in 0..number {
            ask::<Greet>(&db, &tenant.owner, n).await;
        }
    }
    let notes = Notes::default();
    let worker = worker(&db.services, Registry::default().with::<Greet>(notes.then(|_| Ok(()))), 1, 1);
    assert_eq!(worker.run_due().await.unwrap(), done(18));
    let turns: Vec<_> = notes.take().iter().map(|seen| seen.tenant).collect();
    let rounds = |range: std::ops::Range<usize>, tenants: &[TenantId]| {
        for round in turns[range].chunks(tenants.len()) {
            let mut of_each = round.to_vec();
            of_each.sort_unstable();
            let mut all = tenants.to_vec();
            all.sort_unstable();
            assert_eq!(of_each, all, "{turns:?}");
        }
    };
    rounds(0..9, &[two.aurora.id, two.borealis.id, corona.id]);
    rounds(9..15, &[two.aurora.id, corona.id]);
    rounds(15..18, &[two.aurora.id]);
    // And always in the same order.
    assert!(turns[..9].chunks(3).all(|round| round == &turns[..3]), "{turns:?}");
    // The turn is remembered from one time to the next: who was last is not first again.
    for tenant in [&two.aurora, &two.borealis] {
        ask::<Greet>(&db, &tenant.owner, 50).await;
        ask::<Greet>(&db, &tenant.owner, 51).await;
    }
    assert_eq!(worker.run_due().await.unwrap(), done(4));
    let turns: Vec<_> = notes.take().iter().map(|seen| seen.tenant).collect();
    let (a, b) = (two.aurora.id, two.borealis.id);
    assert_eq!(turns, [b, a, b, a], "Aurora's was the last turn");
}

#[tokio::test]
async fn jobs_of_a_suspended_tenant_wait_until_it_is_let_in_again() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    for n in 0..5 {
        ask::<Greet>(&db, &two.aurora.owner, n).await;
    }
    ask::<Greet>(&db, &two.borealis.owner, 100).await;
    let suspend = "update app.tenants set suspended_at = case when $2 then created_at end where tenant_id = $1";
    sqlx::query(suspend).bind(two.aurora.id.uuid()).bind(true).execute(&mut behind).await.unwrap();
    let notes = Notes::default();
    let worker = worker(&db.services, Registry::default().with::<Greet>(notes.then(|_| Ok(()))), 4, 1);
    assert_eq!(worker.run_due().await.unwrap(), done(1));
    assert_eq!(notes.take().iter().map(|seen| seen.tenant).collect::<Vec<_>>(), [two.borealis.id]);
    // Asked for meanwhile, they wait as well, and no try is counted.
    ask::<Greet>(&db, &two.aurora.owner, 5).await;
    db.clock.advance(time::Duration::days(3));
    assert_eq!(worker.run_due().await.unwrap(), []);
    assert!(rows(&mut behind).await.iter().all(|row| row.attempts == 0 && row.leased_until.is_none()));
    sqlx::query(suspend).bind(two.aurora.id.uuid()).bind(false).execute(&mut behind).await.unwrap();
    assert_eq!(worker.run_due().await.unwrap(), done(6));
    let mut seen: Vec<_> = notes.take().iter().map(|seen| seen.subject).collect();
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_tenant_holds_all_places_but_one() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    for n in 0..10 {
        ask::<Greet>(&db, &two.aurora.owner, n).await;
    }
    let (worker, mut begun) = holding(&db.services, 4, 1);
    let working = Working::start(&worker, Duration::from_secs(60));
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(soon(begun.recv()).await.unwrap());
    }
    // The fourth place is free, and Aurora's wait: it goes to whoever else comes.
    ask::<Greet>(&db, &two.borealis.owner, 100).await;
    let fourth = soon(begun.recv()).await.unwrap();
    assert_eq!(fourth.seen.tenant, two.borealis.id);
    assert!(held.iter().all(|begun| begun.seen.tenant == two.aurora.id));
    // All are taken. A place of Aurora's is for Aurora again, as long as nobody else waits.
    drop(held.pop());
    let next = soon(begun.recv()).await.unwrap();
    assert_eq!((next.seen.tenant, next.seen.subject), (two.aurora.id, 3));
    // With somebody else who waits, whose turn it is has it: who holds less.
    ask::<Greet>(&db, &two.borealis.owner, 101).await;
    drop(held.pop());
    assert_eq!(soon(begun.recv()).await.unwrap().seen.tenant, two.borealis.id);
    drop((held, fourth, next, begun));
    working.stop().await;
}

#[tokio::test]
async fn with_one_place_a_tenant_has_it() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    ask::<Greet>(&db, &two.aurora.owner, 1).await;
    let (worker, mut begun) = holding(&db.services, 1, 1);
    let working = Working::start(&worker, Duration::from_secs(60));
    drop(soon(begun.recv()).await.unwrap());
    working.stop().await;
    assert!(rows(&mut db.superuser().await).await.is_empty());
}

#[tokio::test]
async fn a_lane_does_not_wait_for_another() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    for n in 0..5 {
        ask::<Sweep>(&db, &two.aurora.owner, n).await;
        ask::<Sweep>(&db, &two.borealis.owner, n).await;
    }
    let (worker, mut begun) = holding(&db.services, 1, 2);
    let working = Working::start(&worker, Duration::from_secs(60));
    let bulk = [soon(begun.recv()).await.unwrap(), soon(begun.recv()).await.unwrap()];
    assert!(bulk.iter().all(|begun| begun.seen.kind == Sweep::NAME));
    // All places for bulk are taken, and more of it waits.
    ask::<Greet>(&db, &two.aurora.owner, 100).await;
    let prompt = soon(begun.recv()).await.unwrap();
    assert_eq!((prompt.seen.kind, prompt.seen.subject), (Greet::NAME, 100));
    // And the other way round.
    ask::<Greet>(&db, &two.borealis.owner, 101).await;
    drop(bulk);
    let bulk = soon(begun.recv()).await.unwrap();
    assert_eq!(bulk.seen.kind, Sweep::NAME);
    drop((prompt, bulk, begun));
    working.stop().await;
}

#[tokio::test]
async fn a_server_takes_the_kinds_that_it_knows() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    ask::<Blink>(&db, &two.aurora.owner, 1).await;
    ask::<Greet>(&db, &two.aurora.owner, 2).await;
    let notes = Notes::default();
    let older = worker(&db.services, Registry::default().with::<Greet>(notes.then(|_| Ok(()))), 2, 2);
    assert_eq!(older.run_due().await.unwrap(), done(1));
    let newer = worker(&db.services, Registry::default().with::<Blink>(notes.then(|_| Ok(()))), 2, 2);
    assert_eq!(newer.run_due().await.unwrap(), done(1));
    assert_eq!(
        notes.take().iter().map(|seen| (seen.kind, seen.subject)).collect::<Vec<_>>(),
        [(Greet::NAME, 2), (Blink::NAME, 1)]
    );
}

#[tokio::test]
async fn it_is_asked_for_with_its_change_or_not_at_all() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let mut tx = begin(&db, &two.aurora.owner).await;
    add::<Greet>(&mut tx, &db, &two.aurora.owner, 1).await.unwrap();
    assert!(rows(&mut behind).await.is_empty());
    drop(tx);
    ask::<Greet>(&db, &two.aurora.owner, 2).await;
    let notes = Notes::default();
    let worker = worker(&db.services, Registry::default().with::<Greet>(notes.then(|_| Ok(()))), 1, 1);
    assert_eq!(worker.run_due().await.unwrap(), done(1));
    assert_eq!(notes.take()[0].subject, 2);
    assert!(rows(&mut behind).await.is_empty());
}

#[tokio::test]
async fn asked_for_twice_it_is_done_once() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    for _ in 0..2 {
        ask::<Greet>(&db, &two.aurora.owner, 7).await;
    }
    // Twice in one transaction, too.
    let mut tx = begin(&db, &two.aurora.owner).await;
    for _ in 0..2 {
        add::<Greet>(&mut tx, &db, &two.aurora.owner, 7).await.unwrap();
    }
    tx.commit().await.unwrap();
    only_row(&mut behind).await;
    // Another subject, another kind, another tenant.
    ask::<Greet>(&db, &two.aurora.owner, 8).await;
    ask::<Sweep>(&db, &two.aurora.owner, 7).await;
    ask::<Greet>(&db, &two.borealis.owner, 7).await;
    assert_eq!(rows(&mut behind).await.len(), 4);
    let notes = Notes::default();
    let registry = Registry::default().with::<Greet>(notes.then(|_| Ok(()))).with::<Sweep>(notes.then(|_| Ok(())));
    assert_eq!(worker(&db.services, registry, 1, 1).run_due().await.unwrap(), done(4));
    let seven = notes.take().into_iter().filter(|seen| seen.subject == 7 && seen.tenant == two.aurora.id);
    let mut kinds: Vec<_> = seven.map(|seen| seen.kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [Greet::NAME, Sweep::NAME]);
}

#[tokio::test]
async fn asked_for_while_it_is_done_it_is_done_again() {
    let db = Arc::new(TestDb::new().await);
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let owner = &two.aurora.owner;
    ask::<Greet>(&db, owner, 7).await;
    let notes = Notes::default();
    let asks = {
        let (db, owner, notes) = (Arc::clone(&db), owner.clone(), notes.clone());
        Does(move |seen: Seen| -> BoxFuture<'static, Outcome> {
            let (db, owner, notes) = (Arc::clone(&db), owner.clone(), notes.clone());
            Box::pin(async move {
                let first = notes.take();
                if first.is_empty() {
                    // Once more, and once more than that: one waits.
                    ask::<Greet>(&db, &owner, 7).await;
                    ask::<Greet>(&db, &owner, 7).await;
                    assert_eq!(rows(&mut db.superuser().await).await.len(), 2);
                }
                first.into_iter().chain([seen]).for_each(|seen| notes.add(seen));
                Ok(())
            })
        })
    };
    let worker = worker(&db.services, Registry::default().with::<Greet>(asks), 1, 1);
    assert_eq!(worker.run_due().await.unwrap(), done(2));
    assert_eq!(notes.take().iter().map(|seen| (seen.subject, seen.attempt)).collect::<Vec<_>>(), [(7, 1), (7, 1)]);
    assert!(rows(&mut behind).await.is_empty());
}

/// One that fails while another one waits for the same subject leaves the rest to that one.
#[tokio::test]
async fn of_one_that_failed_and_one_that_waits_one_stays() {
    let db = Arc::new(TestDb::new().await);
    let two = Two::new(&db).await;
    ask::<Greet>(&db, &two.aurora.owner, 7).await;
    let notes = Notes::default();
    let fails = {
        let (db, owner, notes) = (Arc::clone(&db), two.aurora.owner.clone(), notes.clone());
        Does(move |seen: Seen| -> BoxFuture<'static, Outcome> {
            let (db, owner, notes) = (Arc::clone(&db), owner.clone(), notes.clone());
            Box::pin(async move {
                let mut all = notes.take();
                all.push(seen);
                let first = all.len() == 1;
                all.into_iter().for_each(|seen| notes.add(seen));
                if first {
                    ask::<Greet>(&db, &owner, 7).await;
                    return Err(JobError::Retry("not yet".into()));
                }
                Ok(())
            })
        })
    };
    let worker = worker(&db.services, Registry::default().with::<Greet>(fails), 1, 1);
    assert_eq!(worker.run_due().await.unwrap(), [End::Later, End::Done]);
    assert_eq!(notes.take().len(), 2);
    assert!(rows(&mut db.superuser().await).await.is_empty());
}

#[tokio::test]
async fn asked_for_again_it_does_not_wait_for_its_next_try() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    ask::<Greet>(&db, &two.aurora.owner, 7).await;
    let notes = Notes::default();
    let first = |seen: &Seen| if seen.attempt == 1 { Err(JobError::Retry("not yet".into())) } else { Ok(()) };
    let worker = worker(&db.services, Registry::default().with::<Greet>(notes.then(first)), 1, 1);
    assert_eq!(worker.run_due().await.unwrap(), [End::Later]);
    assert_eq!(worker.run_due().await.unwrap(), []);
    ask::<Greet>(&db, &two.aurora.owner, 7).await;
    assert_eq!(worker.run_due().await.unwrap(), done(1));
    assert!(rows(&mut db.superuser().await).await.is_empty());
}

/// Two transactions ask for the same: one waits for the other, neither fails, and there is one row.
#[tokio::test]
async fn two_that_ask_at_once_ask_once() {
    let db = Arc::new(TestDb::new().await);
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let owner = &two.aurora.owner;
    // With no row there, and with one; and where the first one thinks better of it.
    for (there, committed) in [(false, true), (true, true), (false, false), (true, false)] {
        if there {
            ask::<Greet>(&db, owner, 7).await;
        }
        let mut first = begin(&db, owner).await;
        add::<Greet>(&mut first, &db, owner, 7).await.unwrap();
        let second = {
            let (db, owner) = (Arc::clone(&db), owner.clone());
            tokio::spawn(async move {
                let mut second = begin(&db, &owner).await;
                add::<Greet>(&mut second, &db, &owner, 7).await.unwrap();
                second.commit().await.unwrap();
            })
        };
        until(&mut behind, BLOCKED).await;
        if committed {
            first.commit().await.unwrap();
        } else {
            drop(first);
        }
        soon(second).await.unwrap();
        let row = only_row(&mut behind).await;
        assert_eq!((row.attempts, row.leased_until, row.dead_at), (0, None, None));
        let notes = Notes::default();
        let worker = worker(&db.services, Registry::default().with::<Greet>(notes.then(|_| Ok(()))), 1, 1);
        assert_eq!(worker.run_due().await.unwrap(), done(1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_that_ask_at_once_ask_once() {
    let db = Arc::new(TestDb::new().await);
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    for round in 0..10 {
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (db, owner) = (Arc::clone(&db), two.aurora.owner.clone());
            all.spawn(async move { ask::<Greet>(&db, &owner, round).await });
        }
        all.join_all().await;
        assert_eq!(rows(&mut behind).await.len(), round as usize + 1);
    }
}

/// Changes what a job is about, and asks for it.
async fn write(db: &TestDb, caller: &Caller, value: u64) -> TenantTx {
    let mut tx = begin(db, caller).await;
    sqlx::query("update app.tenants set name = $1").bind(value.to_string()).execute(&mut tx).await.unwrap();
    add::<Greet>(&mut tx, db, caller, 7).await.unwrap();
    tx
}

/// A worker that reads what its jobs are about, and the highest that any of them has read.
fn reader(services: &Services) -> (Worker, Arc<AtomicU64>) {
    let highest = Arc::new(AtomicU64::new(0));
    let reads = {
        let (services, highest) = (services.clone(), Arc::clone(&highest));
        Does(move |seen: Seen| -> BoxFuture<'static, Outcome> {
            let (services, highest) = (services.clone(), Arc::clone(&highest));
            Box::pin(async move {
                let mut tx = services.store.tenant(seen.caller.scope()).await?;
                let name: String = sqlx::query_scalar("select name from app.tenants").fetch_one(&mut tx).await?;
                highest.fetch_max(name.parse().unwrap(), Ordering::SeqCst);
                Ok(())
            })
        })
    };
    (worker(services, Registry::default().with::<Greet>(reads), 3, 1), highest)
}

#[tokio::test]
async fn what_is_written_before_the_claim_is_read_and_what_is_written_after_it_is_read_later() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let owner = &two.aurora.owner;
    let (worker, highest) = reader(&db.services);
    write(&db, owner, 1).await.commit().await.unwrap();
    // Somebody asks again and has not committed: the job that waits is not begun without it.
    let second = write(&db, owner, 2).await;
    assert_eq!(worker.run_due().await.unwrap(), []);
    second.commit().await.unwrap();
    assert_eq!(worker.run_due().await.unwrap(), done(1));
    assert_eq!(highest.load(Ordering::SeqCst), 2);
    // Claimed before it is asked for again: there is one more.
    write(&db, owner, 3).await.commit().await.unwrap();
    let claimed = worker.take::<Greet>(1).await.unwrap();
    assert_eq!(claimed.len(), 1);
    write(&db, owner, 4).await.commit().await.unwrap();
    assert_eq!(worker.run_due().await.unwrap(), done(1));
    assert_eq!(highest.load(Ordering::SeqCst), 4);
}

/// Asked for and claimed at the same moment, over and over: the last that was written is always read.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_is_first_nothing_is_forgotten() {
    let db = Arc::new(TestDb::new().await);
    let two = Two::new(&db).await;
    let (worker, highest) = reader(&db.services);
    let (other, highest_of_other) = reader(&server(&db));
    let run = |worker: &Worker| {
        let worker = worker.clone();
        tokio::spawn(async move { worker.run_due().await.unwrap().len() })
    };
    for round in 1..=60 {
        write(&db, &two.aurora.owner, 2 * round - 1).await.commit().await.unwrap();
        // Who begins changes, so that all orders are seen.
        let before = (round % 3 != 0).then(|| run(&worker));
        // And how long after asking it commits.
        let asks = {
            let (db, owner) = (Arc::clone(&db), two.aurora.owner.clone());
            tokio::spawn(async move {
                let mut tx = write(&db, &owner, 2 * round).await;
                for _ in 0..round * 7 % 50 {
                    sqlx::query("select 1").execute(&mut tx).await.unwrap();
                }
                tx.commit().await.unwrap();
            })
        };
        let at_once = run(&other);
        asks.await.unwrap();
        let mut ran = at_once.await.unwrap();
        if let Some(before) = before {
            ran += before.await.unwrap();
        }
        ran += worker.run_due().await.unwrap().len();
        let read = highest.load(Ordering::SeqCst).max(highest_of_other.load(Ordering::SeqCst));
        assert_eq!(read, 2 * round, "round {round}");
        assert!((1..=2).contains(&ran), "{ran} in round {round}");
    }
    assert!(rows(&mut db.superuser().await).await.is_empty());
}

#[tokio::test]
async fn what_a_dead_server_held_is_taken_when_its_lease_has_run_out() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    ask::<Greet>(&db, &two.aurora.owner, 7).await;
    let (first, _begun) = holding(&db.services, 1, 1);
    let (second, _begun) = holding(&server(&db), 1, 1);
    let held = first.take::<Greet>(5).await.unwrap();
    assert_eq!(held.iter().map(Task::attempt).collect::<Vec<_>>(), [1]);
    // It is dropped without a word.
    drop(held);
    db.clock.advance(LEASE - time::Duration::milliseconds(1));
    assert!(second.take::<Greet>(5).await.unwrap().is_empty());
    db.clock.advance(time::Duration::milliseconds(1));
    let taken = second.take::<Greet>(5).await.unwrap();
    assert_eq!(
        taken.iter().map(|task| (task.subject().uuid().as_u128(), task.attempt())).collect::<Vec<_>>(),
        [(7, 2)]
    );
    assert!(first.take::<Greet>(5).await.unwrap().is_empty());
    assert_eq!(LEASE, time::Duration::seconds(9));
}

#[tokio::test]
async fn who_has_lost_a_job_says_nothing_about_it() {
    let db = Arc::new(TestDb::new().await);
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let (other, _begun) = holding(&server(&db), 1, 1);
    let slow = {
        let (db, other) = (Arc::clone(&db), other.clone());
        Does(move |seen: Seen| -> BoxFuture<'static, Outcome> {
            let (db, other) = (Arc::clone(&db), other.clone());
            Box::pin(async move {
                assert_eq!(seen.given_up, None);
                db.clock.advance(LEASE);
                assert_eq!(other.take::<Greet>(1).await.unwrap().len(), 1);
                match seen.subject {
                    1 => Ok(()),
                    2 => Err(JobError::Retry("not yet".into())),
                    _ => panic!("it goes wrong"),
                }
            })
        })
    };
    let worker = worker(&db.services, Registry::default().with::<Greet>(slow), 1, 1);
    for subject in 1..=3 {
        ask::<Greet>(&db, &two.aurora.owner, subject).await;
        assert_eq!(worker.run_due().await.unwrap(), [End::Lost]);
        // The other one holds it.
        let row = only_row(&mut behind).await;
        assert_eq!((row.attempts, row.error), (2, None));
        assert_eq!(row.leased_until, Some(db.services.now() + LEASE));
        sqlx::query("delete from app.jobs").execute(&mut behind).await.unwrap();
    }
}

#[tokio::test]
async fn a_job_that_takes_long_is_kept() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    ask::<Greet>(&db, &two.aurora.owner, 7).await;
    let (worker, mut begun) = holding(&db.services, 1, 1);
    let (other, _begun) = holding(&server(&db), 1, 1);
    let working = Working::start(&worker, Duration::from_secs(60));
    let held = soon(begun.recv()).await.unwrap();
    let leased = only_row(&mut behind).await.leased_until.unwrap();
    // Before it has run out it is held longer.
    db.clock.advance(LEASE - time::Duration::seconds(1));
    until(&mut behind, "select leased_until > created_at + interval '16 seconds' from app.jobs").await;
    db.clock.advance(time::Duration::seconds(2));
    assert!(leased < db.services.now(), "the first lease has run out");
    assert!(other.take::<Greet>(1).await.unwrap().is_empty());
    drop(held);
    until(&mut behind, "select not exists (select from app.jobs)").await;
    working.stop().await;
}

#[tokio::test]
async fn an_orderly_stop_gives_back_what_is_not_finished_in_time() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    ask::<Greet>(&db, &two.aurora.owner, 1).await;
    ask::<Sweep>(&db, &two.borealis.owner, 2).await;
    let (worker, mut begun) = holding(&db.services, 1, 1);
    let (other, _begun) = holding(&server(&db), 1, 1);
    for _ in 0..8 {
        let working = Working::start(&worker, Duration::ZERO);
        let held = [soon(begun.recv()).await.unwrap(), soon(begun.recv()).await.unwrap()];
        assert!(held.iter().all(|begun| begun.seen.attempt == 1), "a try that was cut off does not count");
        working.stop().await;
        let rows = rows(&mut behind).await;
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|row| row.leased_until.is_none() && row.attempts == 0 && row.error.is_none()));
    }
    // At once, without the clock's having moved.
    assert_eq!(other.take::<Greet>(5).await.unwrap().len(), 1);
    assert_eq!(other.take::<Sweep>(5).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_orderly_stop_finishes_what_it_can_and_begins_nothing() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    ask::<Greet>(&db, &two.aurora.owner, 1).await;
    let (worker, mut begun) = holding(&db.services, 1, 1);
    let Working { stop, work } = Working::start(&worker, Duration::from_secs(60));
    let held = soon(begun.recv()).await.unwrap();
    drop(stop);
    // Asked for after the stop: it is for another server.
    ask::<Greet>(&db, &two.aurora.owner, 2).await;
    ask::<Sweep>(&db, &two.aurora.owner, 3).await;
    drop(held);
    soon(work).await.unwrap();
    assert!(begun.try_recv().is_err());
    let left = rows(&mut behind).await;
    assert_eq!(left.iter().map(|row| (row.attempts, row.leased_until)).collect::<Vec<_>>(), [(0, None), (0, None)]);
}

#[tokio::test]
async fn what_may_work_later_is_tried_later_and_later_and_then_given_up() {
    let db = TestDb::new().await;
    db.leaves_dead_jobs();
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    ask::<Greet>(&db, &two.aurora.owner, 7).await;
    let notes = Notes::default();
    let never = |seen: &Seen| match seen.given_up {
        None => Err(JobError::Retry(format!("not yet, {}", seen.attempt))),
        Some(_) => Ok(()),
    };
    let worker = worker(&db.services, Registry::default().with::<Greet>(notes.then(never)), 1, 1);
    let moment = time::Duration::milliseconds(1);
    for (tried, least) in (1..Greet::TRIES).zip([2, 4, 8, 16, 32]) {
        assert_eq!(worker.run_due().await.unwrap(), [End::Later]);
        let row = only_row(&mut behind).await;
        assert_eq!((row.attempts, row.leased_until, row.dead_at), (tried, None, None));
        assert_eq!(row.error, Some(format!("not yet, {tried}")));
        let wait = row.run_at - db.services.now();
        let least = time::Duration::seconds(least);
        assert!(least <= wait && wait <= least + least / 4, "{wait} after {tried}");
        db.clock.advance(wait - moment);
        assert_eq!(worker.run_due().await.unwrap(), [], "not before its time");
        db.clock.advance(moment * 2);
    }
    assert!(notes.take().iter().all(|seen| seen.given_up.is_none()));
    assert_eq!(worker.run_due().await.unwrap(), [End::Dead]);
    let told: Vec<_> = notes.take().into_iter().map(|seen| (seen.attempt, seen.given_up)).collect();
    assert_eq!(told, [(6, None), (6, Some("not yet, 6".into()))]);
    // It is kept, and left alone.
    let row = only_row(&mut behind).await;
    assert_eq!((row.leased_until, row.dead_at, row.error), (None, Some(db.services.now()), Some("not yet, 6".into())));
    db.clock.advance(time::Duration::days(1));
    assert_eq!(worker.run_due().await.unwrap(), []);
    // It does not stand in the way of one that is asked for anew.
    ask::<Greet>(&db, &two.aurora.owner, 7).await;
    assert_eq!(worker.run_due().await.unwrap(), [End::Later]);
    assert_eq!(notes.take()[0].attempt, 1);
}

#[tokio::test]
async fn what_never_will_work_is_given_up_at_once() {
    let db = TestDb::new().await;
    db.leaves_dead_jobs();
    let two = Two::new(&db).await;
    ask::<Greet>(&db, &two.aurora.owner, 7).await;
    let notes = Notes::default();
    let hopeless = |seen: &Seen| match seen.given_up {
        None => Err(JobError::Hopeless("x".repeat(600))),
        Some(_) => Ok(()),
    };
    let worker = worker(&db.services, Registry::default().with::<Greet>(notes.then(hopeless)), 1, 1);
    assert_eq!(worker.run_due().await.unwrap(), [End::Dead]);
    // What the row can hold of it.
    let text = "x".repeat(500);
    let told: Vec<_> = notes.take().into_iter().map(|seen| (seen.attempt, seen.given_up)).collect();
    assert_eq!(told, [(1, None), (1, Some(text.clone()))]);
    let row = only_row(&mut db.superuser().await).await;
    assert_eq!((row.attempts, row.dead_at, row.error), (1, Some(db.services.now()), Some(text)));
}

#[tokio::test]
async fn who_could_not_be_told_is_told_again() {
    let db = TestDb::new().await;
    db.leaves_dead_jobs();
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    ask::<Greet>(&db, &two.aurora.owner, 7).await;
    let notes = Notes::default();
    let deaf = |seen: &Seen| match seen.given_up {
        None => Err(JobError::Hopeless("no".into())),
        Some(_) if seen.attempt == 1 => Err(JobError::Retry("nobody hears".into())),
        Some(_) => Ok(()),
    };
    let worker = worker(&db.services, Registry::default().with::<Greet>(notes.then(deaf)), 1, 1);
    assert_eq!(worker.run_due().await.unwrap(), [End::Later]);
    assert_eq!(only_row(&mut behind).await.dead_at, None);
    db.clock.advance(time::Duration::seconds(3));
    assert_eq!(worker.run_due().await.unwrap(), [End::Dead]);
    assert!(only_row(&mut behind).await.dead_at.is_some());
    assert_eq!(notes.take().iter().filter(|seen| seen.given_up.is_some()).count(), 2);
    // It is kept for whoever looks into it, and not for ever.
    let dead = store::jobs::dead(&db.services.store, db.request()).await.unwrap();
    assert_eq!(dead.iter().map(|dead| (dead.kind.as_str(), dead.jobs)).collect::<Vec<_>>(), [("greet", 1)]);
    assert!(dead[0].error.is_some(), "{dead:?}");
    db.clock.advance(store::jobs::DEAD - time::Duration::minutes(1));
    assert_eq!(store::jobs::delete_dead(&db.services).await.unwrap(), 0);
    db.clock.advance(time::Duration::minutes(2));
    assert_eq!(store::jobs::delete_dead(&db.services).await.unwrap(), 1);
}

#[tokio::test]
async fn a_panic_is_a_try_that_failed() {
    let db = TestDb::new().await;
    db.leaves_dead_jobs();
    let two = Two::new(&db).await;
    ask::<Blink>(&db, &two.aurora.owner, 7).await;
    ask::<Greet>(&db, &two.borealis.owner, 8).await;
    let notes = Notes::default();
    let panics = |seen: &Seen| match seen.given_up {
        None => panic!("a handler that panics"),
        Some(_) => Ok(()),
    };
    let registry = Registry::default().with::<Blink>(notes.then(panics)).with::<Greet>(notes.then(|_| Ok(())));
    let worker = worker(&db.services, registry, 1, 1);
    // The other one is done all the same.
    let mut ends = worker.run_due().await.unwrap();
    ends.sort_by_key(|end| *end == End::Done);
    assert_eq!(ends, [End::Later, End::Done]);
    assert_eq!(notes.take().len(), 1);
    db.clock.advance(time::Duration::seconds(3));
    assert_eq!(worker.run_due().await.unwrap(), [End::Dead]);
    let told = notes.take();
    let error = told[0].given_up.clone().unwrap();
    assert_eq!((told.len(), told[0].attempt), (1, 2));
    assert!(error.contains("stopped in the middle"), "{error}");
    assert!(!error.contains("a handler that panics"), "what a panic says is for the log");
}

/// Says that it was dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_try_ends_at_its_deadline() {
    let db = TestDb::new().await;
    db.leaves_dead_jobs();
    let two = Two::new(&db).await;
    ask::<Blink>(&db, &two.aurora.owner, 7).await;
    let (notes, ended) = (Notes::default(), Arc::new(AtomicBool::new(false)));
    let endless = {
        let (notes, ended) = (notes.clone(), Arc::clone(&ended));
        Does(move |seen: Seen| -> BoxFuture<'static, Outcome> {
            let given_up = seen.given_up.is_some();
            notes.add(seen);
            let guard = Dropped(Arc::clone(&ended));
            Box::pin(async move {
                if !given_up {
                    std::future::pending::<()>().await;
                }
                drop(guard);
                Ok(())
            })
        })
    };
    let worker = worker(&db.services, Registry::default().with::<Blink>(endless), 1, 1);
    assert_eq!(soon(worker.run_due()).await.unwrap(), [End::Later]);
    assert!(ended.load(Ordering::SeqCst), "the work goes on behind its deadline");
    assert_eq!(notes.take().len(), 1);
    db.clock.advance(time::Duration::seconds(3));
    assert_eq!(soon(worker.run_due()).await.unwrap(), [End::Dead]);
    let error = notes.take()[1].given_up.clone().unwrap();
    assert!(error.contains("took longer"), "{error}");
}

/// A job that ends its server each time is not tried for ever.
#[tokio::test]
async fn what_ends_its_server_each_time_is_given_up() {
    let db = TestDb::new().await;
    db.leaves_dead_jobs();
    let two = Two::new(&db).await;
    ask::<Greet>(&db, &two.aurora.owner, 7).await;
    let notes = Notes::default();
    let worker = worker(&db.services, Registry::default().with::<Greet>(notes.then(|_| Ok(()))), 1, 1);
    for tried in 1..=Greet::TRIES {
        assert_eq!(worker.take::<Greet>(1).await.unwrap()[0].attempt(), tried);
        db.clock.advance(LEASE);
    }
    assert_eq!(worker.run_due().await.unwrap(), [End::Dead]);
    let told = notes.take();
    assert_eq!(told.len(), 1);
    assert!(told[0].given_up.is_some(), "it is not tried once more");
}

#[tokio::test]
async fn a_tenant_takes_its_jobs_along() {
    let db = Arc::new(TestDb::new().await);
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    for n in 0..3 {
        ask::<Greet>(&db, &two.aurora.owner, n).await;
    }
    ask::<Greet>(&db, &two.borealis.owner, 9).await;
    let goes = {
        let (db, aurora) = (Arc::clone(&db), two.aurora.id);
        Does(move |seen: Seen| -> BoxFuture<'static, Outcome> {
            let db = Arc::clone(&db);
            Box::pin(async move {
                if seen.tenant == aurora {
                    let delete = sqlx::query("delete from app.tenants where tenant_id = $1");
                    delete.bind(seen.tenant.uuid()).execute(&mut db.superuser().await).await.unwrap();
                }
                Ok(())
            })
        })
    };
    let worker = worker(&db.services, Registry::default().with::<Greet>(goes), 1, 1);
    let mut ends = worker.run_due().await.unwrap();
    ends.sort_by_key(|end| *end == End::Done);
    assert_eq!(ends, [End::Lost, End::Done]);
    assert!(rows(&mut behind).await.is_empty());
}

#[tokio::test]
async fn each_round_is_done_by_one_server() {
    let db = TestDb::new().await;
    let servers = [server(&db), server(&db), server(&db)];
    let minute = time::Duration::minutes(1);
    let rounds = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&rounds);
    let counts = Schedule::new("count_rounds", minute, move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok(1) }
    });
    // One that fails is in nobody's way.
    let fails = Schedule::new("fail", minute, || async { Err(StoreError::Corrupt("a test")) });
    let schedules = [fails, counts];
    let all = || async {
        let [a, b, c] = &servers;
        let (a, b, c) =
            tokio::join!(run_schedules(a, &schedules), run_schedules(b, &schedules), run_schedules(c, &schedules));
        assert!([a, b, c].iter().all(Result::is_ok));
        rounds.load(Ordering::SeqCst)
    };
    for round in 1..=20 {
        assert_eq!(all().await, round);
        assert_eq!(all().await, round, "it has been done");
        db.clock.advance(minute - time::Duration::milliseconds(1));
        assert_eq!(all().await, round, "it is not due yet");
        db.clock.advance(time::Duration::milliseconds(1));
    }
    // Rounds that nobody was there for are not made up for.
    db.clock.advance(minute * 10);
    assert_eq!(all().await, 21);
    assert_eq!(all().await, 21);
}

/// Asked for again by a transaction that is still going on while the job fails: neither is lost, and nobody fails.
#[tokio::test]
async fn what_fails_while_somebody_asks_again_is_left_to_the_new_one() {
    let db = Arc::new(TestDb::new().await);
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let owner = two.aurora.owner.clone();
    ask::<Greet>(&db, &owner, 7).await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let fails = {
        let (db, owner) = (Arc::clone(&db), owner.clone());
        Does(move |_| -> BoxFuture<'static, Outcome> {
            let (db, owner, tell) = (Arc::clone(&db), owner.clone(), tell.clone());
            Box::pin(async move {
                let mut tx = begin(&db, &owner).await;
                add::<Greet>(&mut tx, &db, &owner, 7).await.unwrap();
                // Nobody listens the second time: dropped, it is as if it had not asked.
                if tell.send(tx).is_err() { Ok(()) } else { Err(JobError::Retry("not yet".into())) }
            })
        })
    };
    let worker = worker(&db.services, Registry::default().with::<Greet>(fails), 1, 1);
    let running = tokio::spawn(async move { worker.run_due().await });
    let asking = soon(told.recv()).await.unwrap();
    drop(told);
    until(&mut behind, BLOCKED).await;
    asking.commit().await.unwrap();
    assert_eq!(soon(running).await.unwrap().unwrap(), [End::Later, End::Done]);
    assert!(rows(&mut behind).await.is_empty());
}

/// When a job ends, the next one of its tenant begins, also where the tenant had all places that it may have.
#[tokio::test]
async fn a_tenant_alone_is_not_held_up() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    for n in 0..60 {
        ask::<Sweep>(&db, &two.aurora.owner, n).await;
    }
    let notes = Notes::default();
    let worker = worker(&db.services, Registry::default().with::<Sweep>(notes.then(|_| Ok(()))), 1, 2);
    let working = Working::start(&worker, Duration::from_secs(60));
    // A server looks once a second: if that were what begins each, it would take the time of sixty looks.
    let all = until(&mut behind, "select not exists (select from app.jobs)");
    tokio::time::timeout(Duration::from_secs(15), all).await.expect("each begins when the one before has ended");
    working.stop().await;
    assert_eq!(notes.take().len(), 60);
}

/// A handler that fails badly when it is told that a job is dead is not believed any more than one that does so at work.
#[tokio::test]
async fn who_cannot_be_told_holds_nothing_up() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    ask::<Blink>(&db, &two.aurora.owner, 1).await;
    ask::<Blink>(&db, &two.borealis.owner, 2).await;
    let deaf = Does(|seen: Seen| -> BoxFuture<'static, Outcome> {
        Box::pin(async move {
            match (seen.given_up, seen.subject) {
                (None, _) => Err(JobError::Hopeless("no".into())),
                (Some(_), 1) => panic!("a handler that panics when it is told"),
                (Some(_), _) => std::future::pending().await,
            }
        })
    });
    let worker = worker(&db.services, Registry::default().with::<Blink>(deaf), 1, 1);
    let run = tokio::spawn(async move { soon(worker.run_due()).await.unwrap() });
    assert_eq!(run.await.expect("no panic comes through, and none hangs"), [End::Later, End::Later]);
    assert!(rows(&mut db.superuser().await).await.iter().all(|row| row.leased_until.is_none()));
}

/// Whoever is told late is told the same.
#[tokio::test]
async fn who_is_told_again_is_told_the_reason() {
    let db = TestDb::new().await;
    db.leaves_dead_jobs();
    let two = Two::new(&db).await;
    ask::<Blink>(&db, &two.aurora.owner, 7).await;
    let notes = Notes::default();
    let deaf = |seen: &Seen| match seen.given_up {
        None => Err(JobError::Retry("the disk is full".into())),
        Some(_) if seen.attempt == Blink::TRIES => Err(JobError::Retry("nobody hears".into())),
        Some(_) => Ok(()),
    };
    let worker = worker(&db.services, Registry::default().with::<Blink>(notes.then(deaf)), 1, 1);
    for end in [End::Later, End::Later, End::Dead] {
        assert_eq!(worker.run_due().await.unwrap(), [end]);
        db.clock.advance(time::Duration::minutes(1));
    }
    let told: Vec<_> = notes.take().into_iter().filter_map(|seen| seen.given_up).collect();
    assert_eq!(told, ["the disk is full", "the disk is full"]);
    assert_eq!(only_row(&mut db.superuser().await).await.error.as_deref(), Some("the disk is full"));
}

/// A program from before lanes, which still runs while this schema is there: what it asks for has its lane, and once.
#[tokio::test]
async fn what_an_older_program_asks_for_is_done() {
    let db = TestDb::new().await;
    db.leaves_waiting_jobs();
    let two = Two::new(&db).await;
    let subject = Uuid::from_u128(7);
    for kind in ["answer", "answer", "index_document"] {
        let mut tx = begin(&db, &two.aurora.owner).await;
        sqlx::query(
            "insert into app.jobs (tenant_id, job_id, kind, subject_id, attempts, run_at, created_at)
             values ($1, $2, $3, $4, 0, $5, $5)",
        )
        .bind(two.aurora.id.uuid())
        .bind(db.services.new_id())
        .bind(kind)
        .bind(subject)
        .bind(db.services.now())
        .execute(&mut tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }
    let lanes: Vec<(String, String)> = sqlx::query_as("select kind, lane from app.jobs order by kind")
        .fetch_all(&mut db.superuser().await)
        .await
        .unwrap();
    let lanes: Vec<_> = lanes.iter().map(|(kind, lane)| (kind.as_str(), lane.as_str())).collect();
    assert_eq!(lanes, [("answer", "prompt"), ("index_document", "bulk")]);
}
