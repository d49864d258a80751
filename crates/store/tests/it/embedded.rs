//! The carried PostgreSQL, as it is: started, found again, killed, attached to, refused.
//!
//! PostgreSQL does not run as root, so where the tests do they run it as the system user `samtal` (`make setup`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use rustix::process::{Pid, Signal, geteuid, getpid, kill_process, test_kill_process};
use sqlx::{Connection as _, PgConnection, Row as _};
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use store::embedded::{Embedded, EmbeddedError, Programs, Settings, State};

/// More than any of this may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

fn programs() -> Programs {
    Programs::at(testkit::cluster::programs(testkit::Version::Pg18)).unwrap()
}

fn settings() -> Settings {
    Settings {
        run_as: testkit::cluster::unprivileged(),
        shared_buffers_mb: 16,
        extra: vec![("fsync".into(), "off".into())], // nobody pulls a plug here
        ..Settings::default()
    }
}

/// A folder of one test. Ends the server that a failed test has left, then removes everything.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("samtal-it-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new("/tmp").join(name); // short enough for a socket
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    fn cluster(&self) -> PathBuf {
        self.data().join("postgres")
    }

    /// The process that the server's file names.
    fn postmaster(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.cluster().join("postmaster.pid")).ok()?;
        Pid::from_raw(text.lines().next()?.parse().ok()?)
    }

    async fn start(&self) -> Result<Embedded, EmbeddedError> {
        Embedded::start(&programs(), &self.data(), settings()).await
    }

    async fn attach(&self) -> Result<Embedded, EmbeddedError> {
        Embedded::attach(&programs(), &self.data(), settings()).await
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(pid) = self.postmaster().filter(|pid| *pid != getpid()) {
            let _ = kill_process(pid, Signal::QUIT);
            while test_kill_process(pid).is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn admin(embedded: &Embedded) -> PgConnection {
    PgConnection::connect_with(&embedded.urls().admin).await.unwrap()
}

/// Commits one row.
async fn remember(embedded: &Embedded, what: &'static str) {
    let mut connection = admin(embedded).await;
    sqlx::raw_sql("create table if not exists public.notes (note text not null)")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::query("insert into public.notes values ($1)").bind(what).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn remembered(embedded: &Embedded) -> Vec<String> {
    let mut connection = admin(embedded).await;
    let rows = sqlx::query("select note from public.notes order by note").fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_fresh_start_has_all_that_the_migrator_needs_and_ends_cleanly() {
    let scratch = Scratch::new();
    let embedded = scratch.start().await.unwrap();
    let mut connection = admin(&embedded).await;
    let row = sqlx::query(
        "select (select extversion from pg_catalog.pg_extension where extname = 'vector'),
                pg_catalog.pg_get_userbyid(datdba), r.rolsuper, r.rolcreaterole, r.rolbypassrls,
                pg_catalog.current_setting('listen_addresses'), pg_catalog.current_setting('data_checksums'),
                pg_catalog.pg_encoding_to_char(encoding), datcollate
         from pg_catalog.pg_database, pg_catalog.pg_roles r where datname = current_database() and rolname = current_user",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(row.get::<Option<String>, _>(0).is_some(), "no vector");
    assert_eq!(row.get::<String, _>(1), "samtal_admin");
    assert_eq!((row.get(2), row.get(3), row.get(4)), (false, true, false), "the administrator's rights");
    let texts: Vec<String> = (5..9).map(|i| row.get(i)).collect();
    assert_eq!(texts, ["", "on", "UTF8", "C.UTF-8"]);
    let open = "select count(*) from pg_catalog.pg_proc p where starts_with(p.proname::text, 'lo_')
                  and p.pronamespace = 'pg_catalog'::regnamespace and has_function_privilege('public', p.oid, 'execute')";
    let open: i64 = sqlx::query_scalar(open).fetch_one(&mut connection).await.unwrap();
    assert_eq!(open, 0, "nobody makes large objects");
    connection.close().await.unwrap();

    // Nobody without a password, nobody else's folder, no session of ours.
    let none = embedded.urls().admin.clone().password("wrong");
    assert!(PgConnection::connect_with(&none).await.is_err());
    for (path, mode) in
        [("", 0o700), ("postgres", 0o700), ("run", 0o700), ("postgres.json", 0o600), ("postgres.log", 0o600)]
    {
        let found = scratch.data().join(path).metadata().unwrap();
        assert_eq!(found.mode() & 0o777, mode, "{path}");
        assert_eq!(found.uid(), settings().run_as.map_or(geteuid().as_raw(), |(uid, _)| uid), "{path}");
    }
    let pid = scratch.postmaster().unwrap().as_raw_pid();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let session: i32 = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert_eq!(session, pid, "the server leads a session of its own");
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap();
    assert!(!String::from_utf8_lossy(&environment).contains("CARGO"), "our environment reached the server");

    remember(&embedded, "kept").await;
    embedded.stop().await.unwrap();
    assert_eq!(scratch.postmaster(), None);
    let log = fs::read_to_string(scratch.data().join("postgres.log")).unwrap();
    assert!(!log.contains("insert") && !log.contains("recover"), "{log}");

    let embedded = scratch.start().await.unwrap();
    assert_eq!(remembered(&embedded).await, ["kept"]);
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn one_supervisor_a_folder() {
    let scratch = Scratch::new();
    let embedded = scratch.start().await.unwrap();
    let refused = scratch.start().await.unwrap_err();
    assert!(matches!(refused, EmbeddedError::Busy { pid: Some(pid), .. } if pid == std::process::id()), "{refused}");
    assert!(refused.to_string().contains("another samtal"), "{refused}");

    // A command comes and goes; the server stays.
    let command = scratch.attach().await.unwrap();
    assert_eq!(*command.state().borrow(), State::Running);
    remember(&command, "from the command").await;
    command.stop().await.unwrap();
    assert_eq!(remembered(&embedded).await, ["from the command"]);
    embedded.stop().await.unwrap();
    assert_eq!(scratch.postmaster(), None);
}

#[tokio::test]
async fn of_two_commands_the_last_out_stops_the_server() {
    let scratch = Scratch::new();
    let (one, two) = tokio::join!(scratch.attach(), scratch.attach());
    let (one, two) = (one.unwrap(), two.unwrap());
    one.stop().await.unwrap();
    remember(&two, "still here").await;
    two.stop().await.unwrap();
    assert_eq!(scratch.postmaster(), None);

    // A server waits for a command to end, and comes up after it.
    let command = scratch.attach().await.unwrap();
    let (server, stopped) = tokio::join!(scratch.start(), command.stop());
    stopped.unwrap();
    let server = server.unwrap();
    assert_eq!(remembered(&server).await, ["still here"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_comes_back_with_all_that_was_committed() {
    let scratch = Scratch::new();
    let embedded = scratch.start().await.unwrap();
    let mut busy = admin(&embedded).await; // its backend outlives the postmaster for a moment
    let mut state = embedded.state();
    for (round, note) in ["first", "second"].into_iter().enumerate() {
        remember(&embedded, note).await;
        let before = scratch.postmaster().unwrap();
        state.mark_unchanged();
        kill_process(before, Signal::KILL).unwrap();
        tokio::time::timeout(LIMIT, state.changed()).await.unwrap().unwrap();
        tokio::time::timeout(LIMIT, state.wait_for(|state| *state == State::Running)).await.unwrap().unwrap();
        assert_ne!(scratch.postmaster().unwrap(), before);
        assert_eq!(remembered(&embedded).await.len(), round + 1);
    }
    assert!(busy.ping().await.is_err());
    embedded.stop().await.unwrap();
    assert_eq!(scratch.postmaster(), None);
}

#[tokio::test]
async fn a_stop_wins_over_a_restart() {
    let scratch = Scratch::new();
    let embedded = scratch.start().await.unwrap();
    let mut state = embedded.state();
    state.mark_unchanged();
    kill_process(scratch.postmaster().unwrap(), Signal::KILL).unwrap();
    let restarting = state.wait_for(|state| matches!(state, State::Restarting { .. }));
    let _ = tokio::time::timeout(LIMIT, restarting).await.unwrap();
    tokio::time::timeout(LIMIT, embedded.stop()).await.unwrap().unwrap();
    let alive = scratch.postmaster().is_some_and(|pid| test_kill_process(pid).is_ok());
    assert!(!alive, "the server runs after the stop");
    scratch.start().await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_new_supervisor_finds_the_server_of_one_that_was_killed() {
    let scratch = Scratch::new();
    let embedded = scratch.start().await.unwrap();
    remember(&embedded, "before").await;
    let pid = scratch.postmaster();
    drop(embedded);
    let embedded = scratch.start().await.unwrap();
    assert_eq!(scratch.postmaster(), pid);
    assert_eq!(remembered(&embedded).await, ["before"]);
    // Another one, in the middle of its stop.
    drop(embedded);
    kill_process(pid.unwrap(), Signal::INT).unwrap();
    let embedded = scratch.start().await.unwrap();
    assert_ne!(scratch.postmaster(), pid);
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn lock_files_that_a_crash_left_do_not_stop_a_start() {
    let scratch = Scratch::new();
    scratch.start().await.unwrap().stop().await.unwrap();
    let (pid, cluster) = (std::process::id(), scratch.cluster());
    // After a crash of the machine, or in a new container, the number is somebody else's: here it is ours.
    let strangers = format!("{pid}\n{}\n1\n5432\n/run\n\n 1 1\nready   \n", cluster.display());
    let files = [cluster.join("postmaster.pid"), scratch.data().join("run/.s.PGSQL.5432.lock")];
    // Killed before it had written them, or before the disk had.
    for text in [strangers.as_str(), "", "\0\0\0\0\0\0\0\0"] {
        for written in [&files[..1], &files[1..], &files[..]] {
            for file in written {
                fs::write(file, text).unwrap();
                if let Some((uid, gid)) = settings().run_as {
                    std::os::unix::fs::chown(file, Some(uid), Some(gid)).unwrap();
                }
            }
            let embedded = scratch.start().await.unwrap_or_else(|e| panic!("{text:?} in {written:?}: {e}"));
            assert_ne!(scratch.postmaster(), Some(getpid()));
            embedded.stop().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_killed_initdb_is_begun_again() {
    let scratch = Scratch::new();
    let data = scratch.data();
    let staging = |data: &Path| -> Vec<PathBuf> {
        let Ok(entries) = data.read_dir() else {
            return Vec::new();
        };
        entries.flatten().map(|e| e.path()).filter(|p| p.to_string_lossy().contains("postgres.new-")).collect()
    };
    let start = tokio::spawn({
        let data = data.clone();
        async move { Embedded::start(&programs(), &data, settings()).await }
    });
    let half = async {
        while !staging(&data).iter().any(|path| path.join("PG_VERSION").exists()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LIMIT, half).await.unwrap();
    start.abort();
    assert!(start.await.is_err(), "initdb was quicker than its murderer");
    assert!(!staging(&data).is_empty());
    assert!(!scratch.cluster().exists());

    let embedded = scratch.start().await.unwrap();
    remember(&embedded, "after all").await;
    embedded.stop().await.unwrap();
    scratch.start().await.unwrap().stop().await.unwrap();
    assert!(staging(&data).is_empty(), "{:?}", staging(&data));
}

#[tokio::test]
async fn a_cluster_of_another_version_is_refused() {
    let scratch = Scratch::new();
    scratch.start().await.unwrap().stop().await.unwrap();
    fs::write(scratch.cluster().join("PG_VERSION"), "17\n").unwrap();
    let refused = scratch.start().await.unwrap_err();
    assert!(matches!(&refused, EmbeddedError::Version { found, programs: 18, .. } if found == "17"), "{refused}");
}

#[tokio::test]
async fn a_long_path_puts_the_socket_under_tmp() {
    let scratch = Scratch::new();
    let data = scratch.0.join("d".repeat(100)).join("data");
    fs::create_dir(data.parent().unwrap()).unwrap();
    let embedded = Embedded::start(&programs(), &data, settings()).await.unwrap();
    let sockets = embedded.urls().admin.get_socket().unwrap().clone();
    assert!(sockets.starts_with("/tmp") && sockets.to_string_lossy().contains("/samtal-"), "{}", sockets.display());
    remember(&embedded, "far away").await;
    embedded.stop().await.unwrap();

    // Open to others, anybody could stand in for the server there.
    fs::set_permissions(&sockets, fs::Permissions::from_mode(0o755)).unwrap();
    let refused = Embedded::start(&programs(), &data, settings()).await.unwrap_err();
    assert!(matches!(&refused, EmbeddedError::Foreign { path, .. } if *path == sockets), "{refused}");
    fs::remove_dir_all(&sockets).unwrap();
}

#[tokio::test]
async fn what_cannot_work_says_why() {
    let scratch = Scratch::new();
    // Root.
    let root = Settings { run_as: Some((0, 0)), ..settings() };
    let refused = Embedded::start(&programs(), &scratch.data(), root).await.unwrap_err();
    assert!(matches!(refused, EmbeddedError::AsRoot), "{refused}");
    assert!(!scratch.data().exists());

    // A folder closed to the user.
    let closed = scratch.0.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let refused = Embedded::start(&programs(), &closed.join("data"), settings()).await.unwrap_err();
    assert!(matches!(refused, EmbeddedError::Denied { .. }), "{refused}");
    assert!(refused.to_string().contains("SAMTAL_DATA_DIR"), "{refused}");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();

    // Something else where the cluster goes.
    fs::create_dir_all(scratch.0.join("taken/postgres/holiday pictures")).unwrap();
    let refused = Embedded::start(&programs(), &scratch.0.join("taken"), settings()).await.unwrap_err();
    assert!(matches!(refused, EmbeddedError::Foreign { .. }), "{refused}");

    // A server that does not start.
    let mut wrong = settings();
    wrong.extra.push(("shared_buffers".into(), "much".into()));
    let refused = Embedded::start(&programs(), &scratch.data(), wrong).await.unwrap_err();
    assert!(matches!(&refused, EmbeddedError::Start { said, .. } if said.contains("shared_buffers")), "{refused}");

    // Passwords that are gone.
    fs::remove_file(scratch.data().join("postgres.json")).unwrap();
    let refused = scratch.start().await.unwrap_err();
    assert!(matches!(&refused, EmbeddedError::Foreign { path, .. } if path.ends_with("postgres.json")), "{refused}");
}
