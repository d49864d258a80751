//! One cluster on disk and its server: made, configured, started, found again, stopped.
//!
//! Guarantees: a cluster appears by one rename, after its passwords are safe; the server listens on a socket in a
//! folder of ours alone, never on TCP, with `fsync` on; a process is taken for our server only when it works in our
//! cluster's folder, whatever `postmaster.pid` says. Every wait is bounded. Only the holder of the supervisor's lock
//! may call what changes anything. Must not start the server in our session or process group: Ctrl-C would stop it
//! under the feet of requests that are being finished.

use super::{
    EmbeddedError, Settings,
    folder::{Credentials, DATABASE, Folder, PORT, socket_name, sync},
    programs::{Programs, end_of, output},
};
use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitOptions, kill_process, test_kill_process, waitpid},
};
use sqlx::{Connection as _, PgConnection, Row as _, postgres::PgConnectOptions};
use std::{
    io,
    os::unix::{fs::MetadataExt as _, net::UnixStream},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};

/// How often a wait looks again.
const LOOK: Duration = Duration::from_millis(50);
/// The longest `initdb` may take (0.7 s on a quick disk).
const INITDB_LIMIT: Duration = Duration::from_secs(180);
/// The longest one conversation with the running server may take.
const TALK_LIMIT: Duration = Duration::from_secs(30);
/// How long `immediate` may take: the postmaster itself kills what is left after 5 s.
const IMMEDIATE_LIMIT: Duration = Duration::from_secs(15);

/// A cluster, and the programs that run it.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) folder: Folder,
    pub(super) settings: Settings,
    programs: Programs,
    /// Set once, when nothing is to be started any more.
    ending: AtomicBool,
}

/// What `start` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Started {
    /// A server that an earlier supervisor had left running.
    Found,
    /// A new one.
    New,
}

impl Cluster {
    /// The cluster of a folder, which need not exist yet.
    pub(super) fn new(folder: Folder, settings: Settings, programs: Programs) -> Self {
        Self { folder, settings, programs, ending: AtomicBool::new(false) }
    }

    /// Makes sure that there is a cluster of the right version, and returns its passwords.
    pub(super) async fn ensure(&self) -> Result<Credentials, EmbeddedError> {
        let (folder, user) = (&self.folder, self.folder.account.uid());
        let programs = self.programs.major(folder.account, folder.root()).await?;
        let path = folder.cluster();
        folder.sweep();
        match std::fs::read_to_string(path.join("PG_VERSION")) {
            Ok(found) if found.trim() == programs.to_string() => {}
            Ok(found) => {
                let found = found.trim().to_owned();
                return Err(EmbeddedError::Version { folder: path, found, programs });
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => return self.make().await,
            Err(e) => return Err(folder.fail("read", &path)(e)),
        }
        let owner = path.metadata().map_err(folder.fail("read", &path))?.uid();
        if owner != user {
            return Err(EmbeddedError::Owner { folder: path, owner, user });
        }
        Credentials::find(folder)?.ok_or_else(|| EmbeddedError::Foreign {
            path: Credentials::path(folder),
            why: "the passwords of the cluster beside it are gone: put this file back from a copy".to_owned(),
        })
    }

    /// `initdb` into a folder aside, then one rename. Killed anywhere, the next start begins again.
    async fn make(&self) -> Result<Credentials, EmbeddedError> {
        let folder = &self.folder;
        let path = folder.cluster();
        if path.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
            let why = "is not a PostgreSQL cluster, yet the cluster has to go there: move it away".to_owned();
            return Err(EmbeddedError::Foreign { path, why });
        }
        let credentials = match Credentials::find(folder)? {
            Some(kept) => kept,
            None => Credentials::make(folder)?,
        };
        let staging = folder.make_staging()?;
        let made = self.initdb(&staging, &credentials).await;
        if made.is_err() {
            folder.sweep();
        }
        made?;
        std::fs::rename(&staging, &path).map_err(folder.fail("make", &path))?;
        sync(folder.root()).map_err(folder.fail("write", folder.root()))?;
        tracing::info!(folder = %path.display(), "made a new PostgreSQL cluster");
        Ok(credentials)
    }

    async fn initdb(&self, staging: &Path, credentials: &Credentials) -> Result<(), EmbeddedError> {
        let folder = &self.folder;
        // Under a name that a sweep takes along, should we be killed here.
        let passwords = staging.with_extension("pw");
        folder.write(&passwords, credentials.postgres())?;
        let mut command = self.programs.command("initdb", folder.account, folder.root());
        command
            .arg("--pgdata")
            .arg(staging)
            .args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"])
            .args(["--data-checksums", "--no-instructions"])
            .arg("--pwfile")
            .arg(&passwords);
        let ran = output(&mut command, INITDB_LIMIT).await;
        let removed = std::fs::remove_file(&passwords);
        let ran = ran.map_err(|e| EmbeddedError::Initdb { said: e.to_string() })?;
        removed.map_err(folder.fail("remove", &passwords))?;
        if !ran.status.success() {
            let said = end_of(&ran.stderr);
            return Err(space(&said, folder.root()).unwrap_or(EmbeddedError::Initdb { said }));
        }
        Ok(())
    }

    /// Writes the server's settings. They hold from the next start, or from the next reload where that is enough.
    fn configure(&self) -> Result<(), EmbeddedError> {
        let folder = &self.folder;
        let sockets = folder.make_sockets()?;
        folder.write(&folder.cluster().join("samtal.conf"), &self.configuration(&sockets))?;
        let main = folder.cluster().join("postgresql.conf");
        let text = std::fs::read_to_string(&main).map_err(folder.fail("read", &main))?;
        if text.lines().any(|line| line.trim() == INCLUDE) {
            return Ok(());
        }
        folder.write(&main, &format!("{text}\n# Samtal's own settings, written anew at every start.\n{INCLUDE}\n"))
    }

    fn configuration(&self, sockets: &Path) -> String {
        let Settings { max_connections, shared_buffers_mb, .. } = self.settings;
        let sockets = format!("\"{}\"", sockets.display().to_string().replace('"', "\"\""));
        // Errors reach whoever sent the statement. In the log their statements and details would be people's data.
        let mut text = format!(
            "# Written by samtal at every start: changes here are lost.\n\
             listen_addresses = ''\nport = {PORT}\nunix_socket_directories = {}\nunix_socket_permissions = 0700\n\
             max_connections = {max_connections}\nshared_buffers = {shared_buffers_mb}MB\n\
             fsync = on\nfull_page_writes = on\nsynchronous_commit = on\npassword_encryption = 'scram-sha-256'\n\
             timezone = 'UTC'\njit = off\ncluster_name = 'samtal'\n\
             log_destination = 'stderr'\nlogging_collector = off\nlog_timezone = 'UTC'\nlog_line_prefix = '%m [%p] %q%u@%d '\n\
             log_min_messages = warning\nlog_min_error_statement = panic\nlog_error_verbosity = terse\n\
             log_checkpoints = off\nlog_statement = 'none'\n",
            quoted(&sockets)
        );
        for (name, value) in &self.settings.extra {
            text.push_str(&format!("{name} = {}\n", quoted(value)));
        }
        text
    }

    /// Starts the server, or finds the one that runs. Returns when it takes connections.
    pub(super) async fn start(&self) -> Result<Started, EmbeddedError> {
        self.configure()?;
        let deadline = Instant::now() + self.settings.start_timeout;
        // What an earlier server said is not why this one does not come.
        let mut from = self.folder.log_length();
        let mut started = Started::Found;
        loop {
            // A server that is starting or stopping is waited for.
            while let Some(pid) = self.postmaster() {
                if self.is_ready() {
                    tracing::info!(pid = pid.as_raw_pid(), found = started == Started::Found, "PostgreSQL runs");
                    return Ok(started);
                }
                self.before(deadline, from)?;
                sleep(LOOK).await;
            }
            self.before(deadline, from)?;
            self.clear_stale()?;
            self.folder.tend_log()?;
            from = from.min(self.folder.log_length());
            started = Started::New;
            match self.launch(deadline, from).await {
                Ok(()) => {}
                Err(EmbeddedError::Start { said, .. }) if is_passing(&said) => {
                    from = self.folder.log_length();
                    sleep(LOOK * 4).await;
                }
                Err(e) => return Err(e),
            }
        }
    }

    /// One try with `pg_ctl`, which gives the server a session of its own.
    async fn launch(&self, deadline: Instant, from: u64) -> Result<(), EmbeddedError> {
        let folder = &self.folder;
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1));
        let mut command = self.programs.command("pg_ctl", folder.account, folder.root());
        command
            // Relative to the folder: `pg_ctl` puts both into a line for the shell.
            .args(["start", "--silent", "--wait", "--pgdata=postgres", "--log=postgres.log"])
            .arg(format!("--timeout={}", left.as_secs()))
            // Ctrl-C during the start would make it stop the server again.
            .process_group(0);
        let ran = output(&mut command, left + Duration::from_secs(5)).await;
        if matches!(&ran, Ok(output) if output.status.success()) || self.postmaster().is_some() {
            return Ok(()); // the caller looks whether it is ready, and how long to wait for that
        }
        let mut said = end_of(&folder.log_since(from));
        if said == "(nothing)" {
            said = ran.map_or_else(|e| e.to_string(), |output| end_of(&output.stderr));
        }
        Err(space(&said, folder.root()).unwrap_or_else(|| EmbeddedError::Start { log: folder.log(), said }))
    }

    fn before(&self, deadline: Instant, from: u64) -> Result<(), EmbeddedError> {
        if Instant::now() < deadline && !self.ending.load(Relaxed) {
            return Ok(());
        }
        let said = end_of(&self.folder.log_since(from));
        Err(EmbeddedError::Slow { waited: self.settings.start_timeout, log: self.folder.log(), said })
    }

    /// The process of our server, if it lives.
    pub(super) fn postmaster(&self) -> Option<Pid> {
        self.pid_file().and_then(|file| file.pid).filter(|pid| self.is_ours(*pid))
    }

    /// The server's own word for whether it takes connections: the eighth line of its file (`miscadmin.h`,
    /// `LOCK_FILE_LINE_PM_STATUS`).
    fn is_ready(&self) -> bool {
        self.pid_file().is_some_and(|file| file.ready)
    }

    fn pid_file(&self) -> Option<PidFile> {
        let text = std::fs::read_to_string(self.folder.cluster().join("postmaster.pid")).ok()?;
        Some(PidFile::parse(&text))
    }

    /// Whether a process is the server of this cluster: its working folder is the cluster (`ChangeToDataDir`).
    /// A number alone proves nothing: after a crash, or in a new container, somebody else has it.
    fn is_ours(&self, pid: Pid) -> bool {
        if test_kill_process(pid).is_err() {
            return false; // gone, or another user's
        }
        let process = PathBuf::from(format!("/proc/{}", pid.as_raw_pid()));
        let Ok(stat) = std::fs::read_to_string(process.join("stat")) else {
            // Without /proc (not Linux) the number has to do; with it, the process has just gone.
            return !Path::new("/proc/self/stat").exists();
        };
        // "pid (name) state …"; the name may hold anything (proc(5)).
        let Some((name, rest)) = stat.rsplit_once(')') else {
            return false;
        };
        if rest.trim_start().starts_with('Z') {
            // As process 1 of a container we inherit the server, and bury it.
            if name.ends_with("(postgres") {
                let _ = waitpid(Some(pid), WaitOptions::NOHANG);
            }
            return false;
        }
        match (process.join("cwd").metadata(), self.folder.cluster().metadata()) {
            (Ok(its), Ok(ours)) => (its.dev(), its.ino()) == (ours.dev(), ours.ino()),
            // Root without CAP_SYS_PTRACE (a container) may not look there: then the name has to do.
            (Err(e), Ok(_)) if e.kind() == io::ErrorKind::PermissionDenied => name.ends_with("(postgres"),
            _ => false,
        }
    }

    /// Removes lock files of a server that is gone over which PostgreSQL would refuse to start: those whose number now belongs
    /// to another process, and those that it did not live to write. (A number that nobody has, it clears by itself.)
    fn clear_stale(&self) -> Result<(), EmbeddedError> {
        let socket = self.folder.sockets().join(socket_name());
        let lock = socket.with_file_name(format!("{}.lock", socket_name()));
        for path in [lock, self.folder.cluster().join("postmaster.pid")] {
            let Ok(text) = std::fs::read(&path) else { continue };
            let (names, why) = match PidFile::parse(&String::from_utf8_lossy(&text)).pid {
                Some(pid) if test_kill_process(pid).is_err() || self.is_ours(pid) => continue,
                Some(pid) => (format!("process {}, which is not this cluster's server", pid.as_raw_pid()), "another's"),
                // Perhaps one that comes up just now is about to write it.
                None if is_young(&path) => continue,
                None => ("no process".to_owned(), "never written"),
            };
            if UnixStream::connect(&socket).is_ok() {
                let why = format!("names {names}, yet something answers at {}: end that first", socket.display());
                return Err(EmbeddedError::Foreign { path, why });
            }
            tracing::warn!(file = %path.display(), why, "removing a lock file that a crash has left");
            match std::fs::remove_file(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(self.folder.fail("remove", &path)(e)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Stops the server: `fast`, then `immediate`. Does nothing when none runs.
    pub(super) async fn stop(&self) -> Result<(), EmbeddedError> {
        // Fast and immediate: PostgreSQL, "Shutting Down the Server".
        for (signal, limit) in [(Signal::INT, self.settings.stop_timeout), (Signal::QUIT, IMMEDIATE_LIMIT)] {
            let deadline = Instant::now() + limit;
            let Some(pid) = self.postmaster() else { return Ok(()) };
            match kill_process(pid, signal) {
                Ok(()) | Err(Errno::SRCH) => {}
                Err(e) => return Err(self.folder.fail("stop the server of", &self.folder.cluster())(e.into())),
            }
            while self.is_ours(pid) {
                if Instant::now() >= deadline {
                    tracing::warn!(
                        pid = pid.as_raw_pid(),
                        seconds = limit.as_secs(),
                        "PostgreSQL does not stop; next I insist"
                    );
                    break;
                }
                sleep(LOOK).await;
            }
        }
        match self.postmaster() {
            None => Ok(()),
            Some(pid) => Err(EmbeddedError::Stubborn { pid: pid.as_raw_pid() }),
        }
    }

    /// Lets a `start` that is under way end soon, and asks a server that it has started to stop.
    pub(super) fn end_start(&self) {
        self.ending.store(true, Relaxed);
        if let Some(pid) = self.postmaster() {
            let _ = kill_process(pid, Signal::INT);
        }
    }

    /// Makes in the running server what everything else builds on: the login `samtal_admin`, the database `samtal`
    /// and the extension `vector` in it. Each step looks first, so it may be repeated after a crash anywhere.
    pub(super) async fn prepare(&self, credentials: &Credentials, started: Started) -> Result<(), EmbeddedError> {
        let work = async {
            let mut server = connect(&credentials.superuser(&self.folder, "postgres"), "let its superuser in").await?;
            self.prove_ours(&mut server).await?;
            if started == Started::Found {
                sqlx::raw_sql("select pg_catalog.pg_reload_conf()")
                    .execute(&mut server)
                    .await
                    .map_err(refused("read its settings again"))?;
            }
            prepare_server(&mut server, &credentials.admin)
                .await
                .map_err(refused("make the login samtal_admin and its database"))?;
            let mut database =
                connect(&credentials.superuser(&self.folder, DATABASE), "open the database samtal").await?;
            sqlx::raw_sql(VECTOR).execute(&mut database).await.map_err(refused("make the extension vector"))?;
            let _ = (server.close().await, database.close().await); // all is committed
            Ok(())
        };
        timeout(TALK_LIMIT, work).await.unwrap_or_else(|_| Err(refused("answer in time")(timed_out())))
    }

    /// Whether the server lets the administrator into the database: what a command needs that uses another's server.
    pub(super) async fn answers(&self, credentials: &Credentials) -> bool {
        let admin = credentials.urls(&self.folder).admin;
        matches!(timeout(TALK_LIMIT, PgConnection::connect_with(&admin)).await, Ok(Ok(_)))
    }

    /// Tells our server from any other that might answer at the socket.
    async fn prove_ours(&self, server: &mut PgConnection) -> Result<(), EmbeddedError> {
        const DOING: &str = "say which cluster it serves";
        let row = sqlx::query("select pg_catalog.current_setting('data_directory')");
        let row = row.fetch_one(server).await.map_err(refused(DOING))?;
        let serves: String = row.try_get(0).map_err(refused(DOING))?;
        let cluster = self.folder.cluster();
        match (Path::new(&serves).canonicalize(), cluster.canonicalize()) {
            (Ok(serves), Ok(ours)) if serves == ours => Ok(()),
            _ => Err(EmbeddedError::Foreign {
                path: self.folder.sockets(),
                why: format!("the server that answers here serves {serves}, not {}: end it", cluster.display()),
            }),
        }
    }
}

/// The line that brings our settings in.
const INCLUDE: &str = "include_if_exists = 'samtal.conf'";

/// A value of PostgreSQL's configuration file.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

/// Whether a start failed over what passes by itself: the children of a postmaster that was killed need a moment to
/// notice, and hold its shared memory until then; another supervisor's last start may just be coming up; and a lock file
/// that was not written is removed when it is no longer young.
fn is_passing(said: &str) -> bool {
    let any = |all: &[&str]| all.iter().any(|words| said.contains(words));
    // Of the server and of `pg_ctl`.
    let lock_file = ["lock file", "PID file"];
    said.contains("pre-existing shared memory")
        || (any(&lock_file) && any(&["already exists", "is empty", "bogus data", "invalid data"]))
}

/// Whether a file was touched a moment ago, as clocks say that do not quite agree.
fn is_young(path: &Path) -> bool {
    let Ok(touched) = path.metadata().and_then(|file| file.modified()) else { return false };
    touched.elapsed().unwrap_or_else(|ahead| ahead.duration()) < Duration::from_secs(2)
}

/// The sentence for a full disk, when that is what a program said.
fn space(said: &str, path: &Path) -> Option<EmbeddedError> {
    let full = ["No space left on device", "Check free disk space", "Disk quota exceeded"]
        .iter()
        .any(|words| said.contains(words));
    full.then(|| EmbeddedError::Space { path: path.to_owned() })
}

fn refused(doing: &'static str) -> impl FnOnce(sqlx::Error) -> EmbeddedError {
    move |source| EmbeddedError::Refused { doing, source }
}

fn timed_out() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "no answer"))
}

async fn connect(options: &PgConnectOptions, doing: &'static str) -> Result<PgConnection, EmbeddedError> {
    PgConnection::connect_with(options).await.map_err(refused(doing))
}

/// The administrator owns the database and may make logins, and nothing else.
async fn prepare_server(server: &mut PgConnection, password: &str) -> Result<(), sqlx::Error> {
    let mut tx = server.begin().await?;
    // A statement that takes no parameters gets the password through a setting of this transaction.
    sqlx::query("select pg_catalog.set_config('samtal.password', $1, true)").bind(password).execute(&mut *tx).await?;
    sqlx::raw_sql(ADMIN).execute(&mut *tx).await?;
    tx.commit().await?;
    let database = sqlx::query("select 1 from pg_catalog.pg_database where datname = 'samtal'");
    if database.fetch_optional(&mut *server).await?.is_none() {
        sqlx::raw_sql("create database samtal owner samtal_admin").execute(server).await?;
    }
    Ok(())
}

const ADMIN: &str = "
do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'samtal_admin') then
    create role samtal_admin;
  end if;
  execute pg_catalog.format(
    'alter role samtal_admin login createrole nosuperuser nocreatedb nobypassrls noreplication password %L',
    pg_catalog.current_setting('samtal.password'));
end $$;
-- nobody but the superuser has business in the databases that initdb made
revoke all on database postgres, template1 from public;
";

const VECTOR: &str = "
do $$
declare
  installed text := (select extversion from pg_catalog.pg_extension where extname = 'vector');
  carried text := (select default_version from pg_catalog.pg_available_extensions where name = 'vector');
  large regprocedure;
begin
  -- Large objects belong to no workspace, and no policy keeps them apart: nobody makes any.
  for large in
    select p.oid from pg_catalog.pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace and starts_with(p.proname::text, 'lo_')
      and has_function_privilege('public', p.oid, 'execute')
  loop
    execute format('revoke execute on function %s from public', large);
  end loop;
  if installed is null then
    create extension vector;
  elsif installed <> carried then
    alter extension vector update;
  end if;
end $$;
";

/// What the server writes about itself.
#[derive(Debug, PartialEq)]
struct PidFile {
    pid: Option<Pid>,
    ready: bool,
}

impl PidFile {
    fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        // A single-user server writes its number negative.
        let pid = lines.next().and_then(|line| line.trim().parse::<i32>().ok());
        let pid = pid.and_then(i32::checked_abs).and_then(Pid::from_raw);
        Self { pid, ready: lines.nth(6).is_some_and(|status| status.trim() == "ready") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_file_is_read() {
        let ready = "4711\n/data/postgres\n1763700000\n5432\n/data/run\n\n  12345  6\nready   \n";
        assert_eq!(PidFile::parse(ready), PidFile { pid: Pid::from_raw(4711), ready: true });
        assert!(!PidFile::parse(&ready.replace("ready", "stopping")).ready);
        assert_eq!(PidFile::parse("-12\n").pid, Pid::from_raw(12));
        for broken in ["", "x", "0\n", "-2147483648\n"] {
            assert_eq!(PidFile::parse(broken), PidFile { pid: None, ready: false });
        }
    }

    #[test]
    fn a_full_disk_has_its_own_sentence() {
        let said = "FATAL:  could not write lock file \"postmaster.pid\": No space left on device";
        assert!(matches!(space(said, Path::new("/data")), Some(EmbeddedError::Space { .. })));
        assert!(!is_passing(said));
        for words in ["already exists", "is empty"] {
            assert!(is_passing(&format!("FATAL:  lock file \"postmaster.pid\" {words}")));
        }
        assert!(is_passing("pg_ctl: the PID file \"postgres/postmaster.pid\" is empty"));
        assert!(is_passing("pg_ctl: invalid data in PID file \"postgres/postmaster.pid\""));
        assert!(is_passing("FATAL:  bogus data in lock file \"postmaster.pid\": \"\""));
    }

    #[test]
    fn values_cannot_leave_their_quotes() {
        assert_eq!(quoted(r"it's \ here"), r"'it''s \\ here'");
    }
}
