//! The PostgreSQL that Samtal carries, and its supervisor.
//!
//! Guarantees: one supervisor per data folder; the server is started again whenever it dies; what was committed is
//! there afterwards (`fsync` is on); a supervisor that is killed leaves the server running, and the next one finds it;
//! [`Embedded::stop`] leaves a cluster that was shut down cleanly, and only it stops the server. Every wait is bounded.
//!
//! Must not: create the logins `samtal_tenant` and `samtal_platform` or any table (the migrator does; here are only
//! their passwords), open TCP, or hand out the superuser.

mod cluster;
mod error;
mod folder;
mod programs;

pub use error::EmbeddedError;
pub use programs::Programs;

use cluster::{Cluster, Started};
use folder::{Account, Credentials, Folder, Lock};
use sqlx::postgres::PgConnectOptions;
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep},
};

/// How often the supervisor looks whether the server lives. A look is a few system calls.
const LOOK: Duration = Duration::from_millis(200);
/// The shortest and the longest pause between two tries to start a server that died.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// A server that ran this long has not died of its start: the pauses begin again with the shortest.
const SETTLED: Duration = Duration::from_secs(30);

/// What a process that holds the folder says it is.
const SERVER: &str = "server";
const COMMAND: &str = "command";

/// How to run the server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// User and group that PostgreSQL runs as and that own its files; `None`: the ones of this process. Only root can
    /// choose others.
    pub run_as: Option<(u32, u32)>,
    /// `max_connections`, of which PostgreSQL keeps 3 for the superuser.
    pub max_connections: u32,
    /// `shared_buffers`, in MB.
    pub shared_buffers_mb: u32,
    /// The longest wait for the server to take connections.
    pub start_timeout: Duration,
    /// How long a `fast` stop may take before `immediate`, which costs a recovery at the next start.
    pub stop_timeout: Duration,
    /// More lines for the server's configuration, name and value; they win over all others. Written by the operator
    /// or by tests: the names are not checked.
    pub extra: Vec<(String, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            run_as: None,
            max_connections: 60,
            shared_buffers_mb: 128,
            start_timeout: Duration::from_secs(60),
            stop_timeout: Duration::from_secs(20),
            extra: Vec::new(),
        }
    }
}

/// How to connect: three logins with their passwords, on the database `samtal`, over the socket.
/// Its `Debug` says nothing: that of sqlx's options prints passwords.
#[derive(Clone)]
pub struct Urls {
    /// `samtal_tenant`; the migrator creates it with this password.
    pub tenant: PgConnectOptions,
    /// `samtal_platform`; the migrator creates it with this password.
    pub platform: PgConnectOptions,
    /// `samtal_admin`: owns the database, may create logins, is no superuser. For the migrator alone.
    pub admin: PgConnectOptions,
    /// The password in `tenant`, which sqlx does not give back.
    pub tenant_password: String,
    /// The password in `platform`.
    pub platform_password: String,
}

impl std::fmt::Debug for Urls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Urls").finish_non_exhaustive()
    }
}

/// How the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It takes connections.
    Running,
    /// It died, and the next try to start it has to wait.
    Down {
        /// When that was noticed.
        since: Instant,
    },
    /// It is being started again.
    Restarting {
        /// When its death was noticed.
        since: Instant,
    },
}

/// The running server, for as long as this process needs it.
///
/// Dropped without [`Embedded::stop`], the server goes on and a later start finds it.
#[derive(Debug)]
pub struct Embedded {
    urls: Urls,
    cluster: Arc<Cluster>,
    state: watch::Receiver<State>,
    hold: Hold,
}

/// By what right we use the server.
#[derive(Debug)]
enum Hold {
    /// We hold the folder, and stop the server whoever else uses it.
    Server(Watch),
    /// We hold the folder for one command, and stop the server unless another command uses it by then.
    Command(Watch),
    /// Another process holds the folder.
    Guest {
        /// Keeps other commands from stopping the server.
        users: Lock,
        /// Keeps `state` open.
        _state: watch::Sender<State>,
    },
}

impl Embedded {
    /// Takes the folder, makes the cluster if it is new, starts the server or finds the one that runs, and watches it.
    ///
    /// Cancelled, it lets go of the folder; a server that was already starting goes on.
    ///
    /// # Errors
    /// [`EmbeddedError::Busy`] when another server has the folder, or a command for longer than
    /// `settings.start_timeout`; [`EmbeddedError::AsRoot`]; else whatever kept the server from taking
    /// connections within `settings.start_timeout` (plus the making of a new cluster).
    pub async fn start(programs: &Programs, data_dir: &Path, settings: Settings) -> Result<Self, EmbeddedError> {
        let cluster = Self::cluster(programs, data_dir, settings)?;
        let folder = &cluster.folder;
        let deadline = Instant::now() + cluster.settings.start_timeout;
        loop {
            if let Some(lock) = folder.lock_supervisor(SERVER)? {
                return Self::own(cluster, lock, Hold::Server).await;
            }
            let holder = folder.supervisor();
            // A command is soon done; a server is not.
            if holder.as_ref().is_none_or(|holder| holder.what != COMMAND) || Instant::now() >= deadline {
                return Err(EmbeddedError::Busy {
                    folder: folder.root().to_owned(),
                    pid: holder.map(|holder| holder.pid),
                });
            }
            sleep(LOOK).await;
        }
    }

    /// For a command: uses the server of the process that holds the folder, or takes the folder for its own duration.
    /// Of several such commands the last to stop stops the server.
    ///
    /// # Errors
    /// As [`Embedded::start`]; [`EmbeddedError::Unanswered`] when the other process's server does not let us in within
    /// `settings.start_timeout`.
    pub async fn attach(programs: &Programs, data_dir: &Path, settings: Settings) -> Result<Self, EmbeddedError> {
        let cluster = Self::cluster(programs, data_dir, settings)?;
        let folder = &cluster.folder;
        let waited = cluster.settings.start_timeout;
        let deadline = Instant::now() + waited;
        loop {
            if let Some(lock) = folder.lock_supervisor(COMMAND)? {
                return Self::own(cluster, lock, Hold::Command).await;
            }
            // Joined before we look, so that nobody stops the server behind our back.
            if let Some(users) = folder.join_users()?
                && let Some(credentials) = Credentials::find(folder)?
                && cluster.answers(&credentials).await
            {
                let (sender, state) = watch::channel(State::Running);
                return Ok(Self {
                    urls: credentials.urls(folder),
                    cluster: Arc::new(cluster),
                    state,
                    hold: Hold::Guest { users, _state: sender },
                });
            }
            if Instant::now() >= deadline {
                let (pid, folder) = (folder.supervisor().map(|holder| holder.pid), folder.root().to_owned());
                return Err(EmbeddedError::Unanswered { folder, pid, waited });
            }
            sleep(LOOK).await;
        }
    }

    /// Whether there is a database in the folder: the cluster appears whole or not at all. Also where it cannot be looked at: whoever
    /// opens it is told why not.
    pub fn is_made(data_dir: &Path) -> bool {
        data_dir.join(folder::CLUSTER).try_exists().unwrap_or(true)
    }

    fn cluster(programs: &Programs, data_dir: &Path, settings: Settings) -> Result<Cluster, EmbeddedError> {
        if Account(settings.run_as).uid() == 0 {
            return Err(EmbeddedError::AsRoot); // before anything of root's lies in the folder
        }
        let folder = Folder::open(data_dir, &settings)?;
        Ok(Cluster::new(folder, settings, programs.clone()))
    }

    async fn own(cluster: Cluster, lock: Lock, hold: impl FnOnce(Watch) -> Hold) -> Result<Self, EmbeddedError> {
        let credentials = cluster.ensure().await?;
        let started = cluster.start().await?;
        if let Err(error) = cluster.prepare(&credentials, started).await {
            if started == Started::New
                && let Err(error) = cluster.stop().await
            {
                tracing::warn!(%error, "the PostgreSQL that could not be prepared goes on");
            }
            return Err(error);
        }
        let cluster = Arc::new(cluster);
        let (sender, state) = watch::channel(State::Running);
        let watch = Watch::begin(Arc::clone(&cluster), sender, lock);
        Ok(Self { urls: credentials.urls(&cluster.folder), cluster, state, hold: hold(watch) })
    }

    /// How to connect. The same after every restart of the server.
    pub fn urls(&self) -> &Urls {
        &self.urls
    }

    /// How the server is, and every change of that. A command that uses another process's server always reads
    /// [`State::Running`]: the other one watches it.
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Ends our use of the server: stops it if it is ours to stop, first `fast`, then `immediate`.
    ///
    /// # Errors
    /// [`EmbeddedError::Stubborn`] when it goes on after both.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        match self.hold {
            Hold::Server(watch) => watch.end(true).await,
            Hold::Command(watch) => {
                watch.end(false).await?;
                leave(&self.cluster).await
            }
            Hold::Guest { users, .. } => {
                drop(users);
                leave(&self.cluster).await
            }
        }
    }
}

/// The last command out stops the server, unless a process holds the folder: then that one will, by the same rule or
/// because it is the server. Every process lets go of its own lock before it looks at the other one, so of two that
/// leave at once one finds nobody left.
async fn leave(cluster: &Cluster) -> Result<(), EmbeddedError> {
    loop {
        let Some(supervisor) = cluster.folder.lock_supervisor(COMMAND)? else {
            return Ok(());
        };
        if let Some(_users) = cluster.folder.lock_users()? {
            return cluster.stop().await;
        }
        drop(supervisor);
        if cluster.folder.lock_users()?.is_none() {
            return Ok(()); // somebody is still at work, and will come by here
        }
    }
}

/// The task that watches the server.
#[derive(Debug)]
struct Watch {
    /// Says to stop watching, and whether to stop the server.
    end: Option<oneshot::Sender<bool>>,
    task: Option<JoinHandle<Result<(), EmbeddedError>>>,
    lock: Arc<Lock>,
}

impl Watch {
    fn begin(cluster: Arc<Cluster>, state: watch::Sender<State>, lock: Lock) -> Self {
        let (end, ended) = oneshot::channel();
        let lock = Arc::new(lock);
        let held = Arc::clone(&lock);
        let task = tokio::spawn(async move {
            // The folder stays ours until the server has stopped, also when nobody waits for that any more.
            let _held = held;
            watch(&cluster, &state, ended).await
        });
        Self { end: Some(end), task: Some(task), lock }
    }

    /// Ends the watching; with `stop`, the server too. Cancelled, the task goes on to that end.
    async fn end(mut self, stop: bool) -> Result<(), EmbeddedError> {
        if let Some(end) = self.end.take() {
            let _ = end.send(stop); // a task that is gone has its result waiting
        }
        match self.task.take() {
            Some(task) => task.await.unwrap_or_else(|panic| {
                tracing::error!(%panic, "the supervisor of PostgreSQL failed");
                Ok(())
            }),
            None => Ok(()),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Dropped without `end`: let go at once, not when the runtime comes to it.
        if let (Some(_), Some(task)) = (&self.end, &self.task) {
            task.abort();
            self.lock.release();
        }
    }
}

/// Looks after the server until told to end.
async fn watch(
    cluster: &Cluster,
    state: &watch::Sender<State>,
    mut ended: oneshot::Receiver<bool>,
) -> Result<(), EmbeddedError> {
    let mut running_since = Instant::now();
    let mut pause = BACKOFF.0;
    let stop = 'watch: loop {
        tokio::select! {
            stop = &mut ended => break stop,
            () = sleep(LOOK) => {}
        }
        if cluster.postmaster().is_some() {
            if let Err(error) = cluster.folder.tend_log() {
                tracing::debug!(%error, "the log of PostgreSQL was not tended");
            }
            continue;
        }
        let since = Instant::now();
        let said = programs::end_of(&cluster.folder.log_since(0));
        tracing::error!(log = said, "PostgreSQL died; starting it again");
        if since - running_since > SETTLED {
            pause = BACKOFF.0;
        }
        loop {
            state.send_replace(State::Down { since });
            tokio::select! {
                stop = &mut ended => break 'watch stop,
                () = sleep(pause) => pause = (pause * 2).min(BACKOFF.1),
            }
            state.send_replace(State::Restarting { since });
            let start = cluster.start();
            tokio::pin!(start);
            let started = tokio::select! {
                started = &mut start => started,
                stop = &mut ended => {
                    // Not dropped in the middle: the server would come up when nobody looks any more.
                    cluster.end_start();
                    while tokio::time::timeout(LOOK, &mut start).await.is_err() {
                        cluster.end_start();
                    }
                    break 'watch stop;
                }
            };
            match started {
                Ok(_) => break,
                Err(error) => tracing::error!(%error, "PostgreSQL could not be started again; trying on"),
            }
        }
        running_since = Instant::now();
        tracing::info!(down = ?(running_since - since), "PostgreSQL runs again");
        state.send_replace(State::Running);
    };
    // A sender that is gone without a word belongs to a supervisor that was dropped: the server goes on.
    if stop.unwrap_or(false) { cluster.stop().await } else { Ok(()) }
}
