//! A transaction leaves nothing behind, whatever happens to it: cancelled at any await, dropped, failed, cut off.

use model::{Fault as _, TenantId};
use sqlx::{Executor as _, PgConnection};
use std::future::{Future, poll_fn};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use store::sessions::hash;
use store::{Reason, Scope, Services, Store, StoreError, scope};
use testkit::{Tenant, TestDb, Two};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};

/// How a future is given up.
#[derive(Debug, Clone, Copy)]
enum GivenUp {
    /// As soon as it waits.
    Waiting,
    /// When what it waited for is there, before it has looked.
    Woken,
}

/// Polls a future at most `polls` times, then drops it. `None` when that was before its end.
async fn cancel<F: Future>(future: F, polls: usize, given_up: GivenUp) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(None);
        }
        polled += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polled == polls && matches!(given_up, GivenUp::Waiting) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// A way to the database on which nothing comes at once and nothing comes whole: what the database says is handed on
/// in small pieces, by tasks of this test's one thread. So a client that needs an answer has to wait for it, and can be
/// given up there; a database that is quick enough would otherwise answer before the client first looks.
struct SlowWay {
    folder: PathBuf,
    accept: tokio::task::JoinHandle<()>,
}

impl SlowWay {
    fn to(db: &TestDb) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("samtal-slow-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap();
        let database = db.cluster.socket.join(".s.PGSQL.5432");
        let accept = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&database).await.unwrap();
                let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
                tokio::spawn(hand_on(from_client, to_server, 8192));
                tokio::spawn(hand_on(from_server, to_client, 16));
            }
        });
        Self { folder, accept }
    }

    /// A store on it, with so many connections for tenants.
    fn store(&self, db: &TestDb, connections: u32) -> Store {
        let mut settings = db.settings();
        settings.tenant = settings.tenant.socket(&self.folder);
        settings.platform = settings.platform.socket(&self.folder);
        settings.tenant_connections = connections;
        settings.tenant_percent = 100;
        settings.platform_connections = connections;
        Store::new(settings)
    }
}

async fn hand_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, piece: usize) {
    let mut buffer = vec![0; piece];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

impl Drop for SlowWay {
    fn drop(&mut self) {
        self.accept.abort();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Waits until no connection of the application's in this database is in a transaction or at work.
async fn calm(behind: &mut PgConnection) {
    let mut busy: Vec<(String, Option<String>, String)> = Vec::new();
    for _ in 0..5_000 {
        busy = sqlx::query_as(
            "select usename::text, state, query from pg_stat_activity
             where datname = current_database() and usename in ('samtal_tenant', 'samtal_platform')
               and state is distinct from 'idle'",
        )
        .fetch_all(&mut *behind)
        .await
        .unwrap();
        if busy.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("a connection was left in the middle of something: {busy:?}");
}

/// Takes every connection of the pool at once, and looks at each: in the next transaction, and without one.
async fn inspect(store: &Store, tenant: &Tenant, connections: u32) {
    let mut held = Vec::new();
    for _ in 0..connections {
        held.push(store.tenant(tenant.owner.scope()).await.unwrap());
    }
    for tx in &mut held {
        let seen: (String, String, String) = sqlx::query_as(
            "select current_user::text, current_setting('app.tenant_id'), current_setting('app.user_id')",
        )
        .fetch_one(&mut *tx)
        .await
        .unwrap();
        assert_eq!(seen, ("app_tenant".into(), tenant.id.uuid().to_string(), tenant.member.uuid().to_string()));
        let members: Vec<String> =
            sqlx::query_scalar("select email from app.memberships").fetch_all(&mut *tx).await.unwrap();
        assert_eq!(members, [tenant.email.as_str()]);
        // What is left when the transaction is taken away. (A product never does this: the lint sees to it.)
        sqlx::raw_sql("rollback").execute(&mut *tx).await.unwrap();
        let bare: (String, String, String, String) = sqlx::query_as(
            "select session_user::text, current_user::text,
                    coalesce(current_setting('app.tenant_id', true), '') || coalesce(current_setting('app.request_id', true), ''),
                    coalesce(current_setting('app.user_id', true), '') || coalesce(current_setting('app.credential', true), '')",
        )
        .fetch_one(&mut *tx)
        .await
        .unwrap();
        assert_eq!(bare, ("samtal_tenant".into(), "samtal_tenant".into(), String::new(), String::new()));
    }
}

async fn name_of(behind: &mut PgConnection, tenant: &Tenant) -> String {
    sqlx::query_scalar("select name from app.tenants where tenant_id = $1")
        .bind(tenant.id.uuid())
        .fetch_one(behind)
        .await
        .unwrap()
}

/// A whole transaction: begin, write, read, commit.
async fn rename(store: &Store, scope: &Scope, name: &str) -> Result<(), StoreError> {
    let mut tx = store.tenant(scope).await?;
    sqlx::query("update app.tenants set name = $1").bind(name).execute(&mut tx).await?;
    let _: String = sqlx::query_scalar("select name from app.tenants").fetch_one(&mut tx).await?;
    tx.commit().await
}

/// A store with so many connections for tenants.
fn store(db: &TestDb, connections: u32) -> Store {
    let mut settings = db.settings();
    settings.tenant_connections = connections;
    settings.tenant_percent = 100;
    settings.platform_connections = connections;
    Store::new(settings)
}

async fn cancelled_at_every_await(connections: u32, warm: bool, given_up: GivenUp) {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let way = SlowWay::to(&db);
    let mut pool = way.store(&db, connections);
    if warm {
        inspect(&pool, &two.aurora, connections).await;
    }
    for polls in 0.. {
        if !warm {
            pool.close().await;
            pool = way.store(&db, connections);
        }
        let before = name_of(&mut behind, &two.aurora).await;
        let name = format!("Aurora {polls}");
        let result = cancel(rename(&pool, two.aurora.owner.scope(), &name), polls, given_up).await;
        calm(&mut behind).await;
        let after = name_of(&mut behind, &two.aurora).await;
        // Given up while it commits, a change may be kept; half of one never.
        assert!(after == name || (after == before && result.is_none()), "{polls}: {after}, {result:?}");
        inspect(&pool, &two.borealis, connections).await;
        calm(&mut behind).await;
        assert_eq!(name_of(&mut behind, &two.borealis).await, "Borealis");
        if let Some(result) = result {
            result.unwrap();
            // Begin, two statements and commit, each answered in pieces.
            assert!(polls > 8, "done after {polls} polls: little was cancelled");
            return;
        }
        assert!(polls < 5_000, "never done");
    }
}

#[tokio::test]
async fn cancelled_at_every_await_on_one_connection() {
    cancelled_at_every_await(1, true, GivenUp::Waiting).await;
}

#[tokio::test]
async fn cancelled_at_every_await_on_one_connection_once_woken() {
    cancelled_at_every_await(1, true, GivenUp::Woken).await;
}

#[tokio::test]
async fn cancelled_at_every_await_on_two_connections() {
    cancelled_at_every_await(2, true, GivenUp::Waiting).await;
}

#[tokio::test]
async fn cancelled_at_every_await_while_connecting() {
    cancelled_at_every_await(1, false, GivenUp::Waiting).await;
}

#[tokio::test]
async fn cancelled_at_every_await_while_connecting_once_woken() {
    cancelled_at_every_await(1, false, GivenUp::Woken).await;
}

#[tokio::test]
async fn cancelled_in_each_step_alone() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let way = SlowWay::to(&db);
    let store = way.store(&db, 1);
    let scope = two.aurora.owner.scope();
    inspect(&store, &two.borealis, 1).await;
    for given_up in [GivenUp::Waiting, GivenUp::Woken] {
        // The beginning.
        for polls in 0.. {
            let done = cancel(store.tenant(scope), polls, given_up).await.is_some();
            calm(&mut behind).await;
            inspect(&store, &two.borealis, 1).await;
            if done {
                break;
            }
        }
        // A statement, after which the same transaction is used on.
        for polls in 0.. {
            let mut tx = store.tenant(scope).await.unwrap();
            let query = sqlx::query_scalar::<_, String>("select name from app.tenants, pg_sleep(0.002)");
            let done = cancel(query.fetch_one(&mut tx), polls, given_up).await.is_some();
            let role: String = sqlx::query_scalar("select current_user::text").fetch_one(&mut tx).await.unwrap();
            assert_eq!(role, "app_tenant");
            let seen: String = sqlx::query_scalar("select name from app.tenants").fetch_one(&mut tx).await.unwrap();
            assert_eq!(seen, "Aurora");
            drop(tx);
            calm(&mut behind).await;
            inspect(&store, &two.borealis, 1).await;
            if done {
                break;
            }
        }
        // The commit.
        for polls in 0.. {
            let before = name_of(&mut behind, &two.aurora).await;
            let name = format!("Aurora {polls}");
            let mut tx = store.tenant(scope).await.unwrap();
            sqlx::query("update app.tenants set name = $1").bind(&name).execute(&mut tx).await.unwrap();
            let done = cancel(tx.commit(), polls, given_up).await.is_some();
            calm(&mut behind).await;
            let after = name_of(&mut behind, &two.aurora).await;
            assert!(after == name || (after == before && !done), "{polls}: {after}");
            inspect(&store, &two.borealis, 1).await;
            if done {
                break;
            }
        }
        sqlx::query("update app.tenants set name = 'Aurora' where tenant_id = $1")
            .bind(two.aurora.id.uuid())
            .execute(&mut behind)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn entering_by_a_credential_is_cancelled_as_cleanly() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let way = SlowWay::to(&db);
    let services = Services::new(way.store(&db, 1), db.clock.clone(), &testkit::secret());
    let (session, lifetime) = (hash(two.aurora.session), db.sessions.lifetime());
    // The long way, after which the door is known.
    scope::of_session(&services, &session, lifetime, db.request()).await.unwrap();
    inspect(&services.store, &two.borealis, 1).await;
    for given_up in [GivenUp::Waiting, GivenUp::Woken] {
        for polls in 0.. {
            let enter = scope::enter_by_session(&services, &session, lifetime, db.request(), true);
            let entered = cancel(enter, polls, given_up).await;
            let done = entered.is_some();
            // Also when whoever has entered goes away without a word.
            drop(entered);
            calm(&mut behind).await;
            inspect(&services.store, &two.borealis, 1).await;
            if done {
                assert!(polls > 2, "done after {polls} polls: little was cancelled");
                break;
            }
            assert!(polls < 500, "never done");
        }
    }
}

#[tokio::test]
async fn work_across_tenants_is_cancelled_as_cleanly() {
    let db = TestDb::new().await;
    Two::new(&db).await;
    let mut behind = db.superuser().await;
    let way = SlowWay::to(&db);
    let store = way.store(&db, 1);
    for given_up in [GivenUp::Waiting, GivenUp::Woken] {
        for polls in 0.. {
            let work = async {
                let mut tx = store.platform(Reason::CleanUp, db.request()).await?;
                sqlx::query("delete from app.sign_in_attempts").execute(&mut tx).await?;
                tx.commit().await
            };
            let result = cancel(work, polls, given_up).await;
            calm(&mut behind).await;
            let mut tx = store.platform(Reason::Readiness, db.request()).await.unwrap();
            let state: (String, String) = sqlx::query_as("select current_user::text, current_setting('app.tenant_id')")
                .fetch_one(&mut tx)
                .await
                .unwrap();
            assert_eq!(state, ("app_platform".into(), String::new()));
            sqlx::raw_sql("rollback").execute(&mut tx).await.unwrap();
            let bare: String = sqlx::query_scalar("select current_user::text").fetch_one(&mut tx).await.unwrap();
            assert_eq!(bare, "samtal_platform");
            if let Some(result) = result {
                result.unwrap();
                break;
            }
            assert!(polls < 500, "never done");
        }
    }
}

#[tokio::test]
async fn a_stream_given_up_half_read_leaves_nothing() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let store = store(&db, 1);
    let mut tx = store.tenant(two.aurora.owner.scope()).await.unwrap();
    {
        let mut rows =
            sqlx::query_scalar::<_, String>("select repeat(name, 100) from app.tenants, generate_series(1, 20000)")
                .fetch(&mut tx);
        let first = poll_fn(|context| rows.as_mut().poll_next(context)).await;
        assert!(first.unwrap().unwrap().starts_with("AuroraAurora"));
    }
    drop(tx);
    calm(&mut behind).await;
    inspect(&store, &two.borealis, 1).await;
}

#[tokio::test]
async fn what_is_dropped_is_rolled_back() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let mut tx = db.services.store.tenant(two.aurora.owner.scope()).await.unwrap();
    tx.execute("update app.tenants set name = 'Lost'").await.unwrap();
    drop(tx);
    calm(&mut behind).await;
    assert_eq!(name_of(&mut behind, &two.aurora).await, "Aurora");
}

#[tokio::test]
async fn dropped_on_a_thread_without_a_runtime_it_is_closed() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let store = store(&db, 1);
    for _ in 0..3 {
        let mut tx = store.tenant(two.aurora.owner.scope()).await.unwrap();
        tx.execute("update app.tenants set name = 'Lost'").await.unwrap();
        std::thread::spawn(move || drop(tx)).join().unwrap();
        calm(&mut behind).await;
        // The place in the pool is free again.
        inspect(&store, &two.borealis, 1).await;
    }
    assert_eq!(name_of(&mut behind, &two.aurora).await, "Aurora");
}

#[tokio::test]
async fn a_commit_after_a_swallowed_error_fails_and_keeps_nothing() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let store = store(&db, 1);
    let mut tx = store.tenant(two.aurora.owner.scope()).await.unwrap();
    tx.execute("update app.tenants set name = 'Lost'").await.unwrap();
    let _ = tx.execute("select 1 / 0").await.unwrap_err();
    match tx.commit().await {
        Err(StoreError::Database(sqlx::Error::Database(e))) => assert_eq!(e.code().as_deref(), Some("25P02")),
        other => panic!("the change is lost, and commit said {other:?}"),
    }
    calm(&mut behind).await;
    assert_eq!(name_of(&mut behind, &two.aurora).await, "Aurora");
    inspect(&store, &two.borealis, 1).await;
}

#[tokio::test]
async fn what_is_committed_stays() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    rename(&db.services.store, two.aurora.owner.scope(), "Aurora AB").await.unwrap();
    assert_eq!(name_of(&mut db.superuser().await, &two.aurora).await, "Aurora AB");
}

async fn cut_off(behind: &mut PgConnection) -> i64 {
    sqlx::query_scalar(
        "select count(*) from (
           select pg_terminate_backend(pid, 10000) as gone from pg_stat_activity
           where datname = current_database() and usename in ('samtal_tenant', 'samtal_platform')
         ) t where gone",
    )
    .fetch_one(behind)
    .await
    .unwrap()
}

#[tokio::test]
async fn dead_connections_are_replaced_unseen() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let store = store(&db, 3);
    for _ in 0..3 {
        inspect(&store, &two.aurora, 3).await;
        calm(&mut behind).await;
        assert!(cut_off(&mut behind).await >= 3);
        // Every connection of the pool is dead; nobody notices.
        rename(&store, two.aurora.owner.scope(), "Aurora").await.unwrap();
        inspect(&store, &two.borealis, 3).await;
    }
}

#[tokio::test]
async fn cut_off_in_the_middle_nothing_is_kept() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let store = store(&db, 1);
    let mut tx = store.tenant(two.aurora.owner.scope()).await.unwrap();
    tx.execute("update app.tenants set name = 'Lost'").await.unwrap();
    cut_off(&mut behind).await;
    let error = StoreError::from(tx.execute("select 1").await.unwrap_err());
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(tx.commit().await.is_err());
    assert_eq!(name_of(&mut behind, &two.aurora).await, "Aurora");
    inspect(&store, &two.borealis, 1).await;
}

#[tokio::test]
async fn a_statement_over_its_limit_is_told_as_such() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let store = store(&db, 1);
    // The logins have limits of their own.
    let mut tx = store.tenant(two.aurora.owner.scope()).await.unwrap();
    let limits: (String, String, String) = sqlx::query_as(
        "select current_setting('statement_timeout'), current_setting('lock_timeout'),
                current_setting('idle_in_transaction_session_timeout')",
    )
    .fetch_one(&mut tx)
    .await
    .unwrap();
    assert_eq!(limits, ("15s".into(), "5s".into(), "30s".into()));
    // A shorter one, so that nobody waits.
    tx.execute("set local statement_timeout = 1").await.unwrap();
    let error = StoreError::from(tx.execute("select pg_sleep(60)").await.unwrap_err());
    assert!(matches!(error, StoreError::TimedOut(_)), "{error:?}");
    assert!(tx.commit().await.is_err());
    inspect(&store, &two.borealis, 1).await;
}

#[tokio::test]
async fn a_lock_that_is_not_had_in_time_is_told_as_such() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let store = store(&db, 2);
    let mut holder = store.tenant(two.aurora.owner.scope()).await.unwrap();
    holder.execute("select from app.tenants for update").await.unwrap();
    let mut tx = store.tenant(two.aurora.owner.scope()).await.unwrap();
    tx.execute("set local lock_timeout = 1").await.unwrap();
    let error = StoreError::from(tx.execute("select from app.tenants for update").await.unwrap_err());
    assert!(matches!(error, StoreError::TimedOut(_)), "{error:?}");
}

#[tokio::test]
async fn a_transaction_left_idle_for_too_long_is_no_fault_of_ours() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut behind = db.superuser().await;
    let store = store(&db, 1);
    let mut tx = store.tenant(two.aurora.owner.scope()).await.unwrap();
    let pid: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut tx).await.unwrap();
    tx.execute("set local idle_in_transaction_session_timeout = 1").await.unwrap();
    for tries in 0.. {
        let there: i64 = sqlx::query_scalar("select count(*) from pg_stat_activity where pid = $1")
            .bind(pid)
            .fetch_one(&mut behind)
            .await
            .unwrap();
        if there == 0 {
            break;
        }
        assert!(tries < 5_000, "PostgreSQL did not end it");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // The reason stands in what PostgreSQL sent last, if the connection still lets it be read.
    let error = StoreError::from(tx.execute("select 1").await.unwrap_err());
    assert!(matches!(error, StoreError::TimedOut(_) | StoreError::Unavailable(_)), "{error:?}");
    drop(tx);
    inspect(&store, &two.borealis, 1).await;
}

#[tokio::test]
async fn with_every_connection_in_use_one_is_told_to_come_back() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut settings = db.settings();
    settings.tenant_connections = 1;
    settings.acquire_timeout = Duration::from_millis(50);
    let store = Store::new(settings);
    // A first connection may take longer than that on a busy machine.
    let held = loop {
        if let Ok(tx) = store.tenant(two.aurora.owner.scope()).await {
            break tx;
        }
    };
    match store.tenant(two.borealis.owner.scope()).await {
        Err(error @ StoreError::Unavailable(_)) => {
            let problem = error.problem();
            assert_eq!((problem.status, problem.retry_after.is_some()), (503, true));
        }
        other => panic!("{other:?}"),
    }
    drop(held);
}

/// Asks for a transaction and, when it has one, notes whose it was and gives it back.
async fn note_turn(store: Store, scope: Scope, order: Arc<Mutex<Vec<TenantId>>>) {
    let tx = store.tenant(&scope).await.unwrap();
    order.lock().unwrap().push(scope.tenant());
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn tenants_wait_for_connections_by_turns() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let store = store(&db, 1);
    let held = store.tenant(two.aurora.owner.scope()).await.unwrap();
    let order = Arc::default();
    let mut waiting = tokio::task::JoinSet::new();
    for tenant in [[&two.aurora; 20].as_slice(), &[&two.borealis; 3]].concat() {
        waiting.spawn(note_turn(store.clone(), tenant.owner.scope().clone(), Arc::clone(&order)));
        // On this one thread it now stands in line.
        tokio::task::yield_now().await;
    }
    assert!(order.lock().unwrap().is_empty());
    drop(held);
    while let Some(ended) = waiting.join_next().await {
        ended.unwrap();
    }
    let order = order.lock().unwrap().clone();
    let (a, b) = (two.aurora.id, two.borealis.id);
    // Who had none comes first, and then each in its turn.
    assert_eq!(order[..7], [b, a, b, a, b, a, a]);
    assert_eq!(order.len(), 23);
}

#[tokio::test]
async fn a_tenant_does_not_hold_every_connection() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let mut settings = db.settings();
    settings.tenant_connections = 4;
    settings.tenant_percent = 75;
    let store = Store::new(settings);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(store.tenant(two.aurora.owner.scope()).await.unwrap());
    }
    // A fourth one waits although there is a connection, which is at once another's.
    let order = Arc::default();
    let fourth = tokio::spawn(note_turn(store.clone(), two.aurora.owner.scope().clone(), Arc::clone(&order)));
    tokio::task::yield_now().await;
    for _ in 0..3 {
        note_turn(store.clone(), two.borealis.owner.scope().clone(), Arc::clone(&order)).await;
    }
    assert_eq!(*order.lock().unwrap(), [two.borealis.id; 3]);
    held.pop().unwrap().commit().await.unwrap();
    fourth.await.unwrap();
    assert_eq!(order.lock().unwrap().last(), Some(&two.aurora.id));
}
