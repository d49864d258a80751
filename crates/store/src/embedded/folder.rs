//! The data folder: what lies where, who owns it, who may use it now, and the passwords in it.
//!
//! | Path | What |
//! |---|---|
//! | `postgres/` | the cluster; appears whole or not at all |
//! | `postgres.new-…` | a cluster in the making; whatever carries this name may be removed |
//! | `postgres.json` | the four passwords, mode 0600 |
//! | `postgres.log`, `postgres.log.1` | what the server says, 10 MB each at most |
//! | `run/` | the socket, when its path fits; else `/tmp/samtal-<hash>/` |
//! | `supervisor.lock` | held by the one process that starts, watches and stops the server |
//! | `users.lock` | shared by commands that use a server which another process started |
//!
//! Guarantees: folders are 0700 and files 0600, all of them the account's that PostgreSQL runs as; files appear
//! whole (written aside, synced, renamed). Must not touch anything else in the folder: it holds more than the database.

use super::{EmbeddedError, Settings};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::{
    ConnectOptions as _,
    postgres::{PgConnectOptions, PgSslMode},
};
use std::{
    fmt::Write as _,
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// The name of the database that a start makes.
pub(super) const DATABASE: &str = "samtal";
/// The cluster's folder.
pub(super) const CLUSTER: &str = "postgres";
/// Names the socket, nothing more: there is no TCP.
pub(super) const PORT: u16 = 5432;
/// `sun_path` has 108 bytes, the last of them zero (unix(7)).
const SOCKET_PATH_LIMIT: usize = 107;
/// When a log is put aside.
const LOG_LIMIT: u64 = 10 * 1024 * 1024;

/// Who PostgreSQL runs as and who owns its files: a user and a group, or whoever we are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account(pub(super) Option<(u32, u32)>);

impl Account {
    /// The user's number.
    pub(super) fn uid(self) -> u32 {
        self.0.map_or_else(|| rustix::process::geteuid().as_raw(), |(uid, _)| uid)
    }

    /// Gives a path of ours to the account.
    fn give(self, path: &Path) -> io::Result<()> {
        match self.0 {
            Some((uid, gid)) => std::os::unix::fs::lchown(path, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }
}

/// A data folder that exists.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
    pub(super) account: Account,
}

impl Folder {
    /// Opens the folder, made first if it is new.
    pub(super) fn open(data_dir: &Path, settings: &Settings) -> Result<Self, EmbeddedError> {
        let account = Account(settings.run_as);
        let fail = |e| EmbeddedError::io("make", data_dir, account.uid(), e);
        if let Some(parent) = data_dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(fail)?;
        }
        make_folder(data_dir, account).map_err(fail)?;
        let root = data_dir.canonicalize().map_err(fail)?;
        if root.to_str().is_none_or(|path| path.contains(char::is_control)) {
            let why = "the path of the data folder must be UTF-8 without control characters".to_owned();
            return Err(EmbeddedError::Foreign { path: root, why });
        }
        Ok(Self { root, account })
    }

    /// The folder itself: absolute, without links.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The cluster.
    pub(super) fn cluster(&self) -> PathBuf {
        self.root.join(CLUSTER)
    }

    /// What the server writes.
    pub(super) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// Wraps a failure on a path in here.
    pub(super) fn fail(&self, doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EmbeddedError {
        let (path, user) = (path.to_owned(), self.account.uid());
        move |e| EmbeddedError::io(doing, &path, user, e)
    }

    /// The folder of the socket: in here when the path fits, else in `/tmp` under a name made from ours.
    pub(super) fn sockets(&self) -> PathBuf {
        let near = self.root.join("run");
        if near.join(socket_name()).as_os_str().len() <= SOCKET_PATH_LIMIT {
            return near;
        }
        let mut name = hex(&Sha256::digest(self.root.as_os_str().as_encoded_bytes()));
        name.truncate(16);
        // Not $TMPDIR: every command has to come to the same answer.
        Path::new("/tmp").join(format!("samtal-{name}"))
    }

    /// Makes the folder of the socket, or makes sure that the one there is ours alone: whoever owns it could stand
    /// in for the server.
    pub(super) fn make_sockets(&self) -> Result<PathBuf, EmbeddedError> {
        let path = self.sockets();
        make_folder(&path, self.account).map_err(self.fail("make", &path))?;
        let found = path.symlink_metadata().map_err(self.fail("read", &path))?;
        if !found.is_dir() || found.uid() != self.account.uid() || found.mode() & 0o077 != 0 {
            let why = format!(
                "the folder for PostgreSQL's socket must belong to user {} and be closed to others (mode 0700): move it away",
                self.account.uid()
            );
            return Err(EmbeddedError::Foreign { path, why });
        }
        Ok(path)
    }

    /// A fresh, empty folder to make a cluster in. Its name says that it may be removed by whoever holds the lock.
    pub(super) fn make_staging(&self) -> Result<PathBuf, EmbeddedError> {
        let path = self.root.join(format!("{STAGING}{}", hex(&rand::random::<[u8; 6]>())));
        make_folder(&path, self.account).map_err(self.fail("make", &path))?;
        Ok(path)
    }

    /// Removes what killed starts have left. A program of theirs may still be writing: what cannot be removed now
    /// stays for the next start, and nobody reads it.
    pub(super) fn sweep(&self) {
        let Ok(entries) = self.root.read_dir() else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(STAGING)) {
                let path = entry.path();
                let gone = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
                if let Err(error) = gone {
                    tracing::warn!(path = %path.display(), %error, "a half-made cluster could not be removed");
                }
            }
        }
    }

    /// Writes a file whole or not at all. Only for the holder of the lock.
    pub(super) fn write(&self, path: &Path, content: &str) -> Result<(), EmbeddedError> {
        let aside = path.with_extension("new"); // one writer at a time: whoever holds the lock
        let put = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
            self.account.give(&aside)?;
            file.write_all(content.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&aside, path)?;
            sync(path.parent().unwrap_or(&self.root))
        };
        put().map_err(|e| {
            let _ = std::fs::remove_file(&aside);
            self.fail("write", path)(e)
        })
    }

    /// Takes the folder for one supervisor, which says what it is; `None` when another process has it.
    pub(super) fn lock_supervisor(&self, what: &str) -> Result<Option<Lock>, EmbeddedError> {
        let lock = self.lock("supervisor.lock", FlockOperation::NonBlockingLockExclusive)?;
        if let Some(Lock(file)) = &lock {
            let mut file: &File = file;
            let say = file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0)));
            say.and_then(|_| writeln!(file, "{} {what}", std::process::id()))
                .map_err(self.fail("write", &self.root))?;
        }
        Ok(lock)
    }

    /// The process that holds the folder, when it can be read. A hint: the lock alone decides.
    pub(super) fn supervisor(&self) -> Option<Holder> {
        let text = std::fs::read_to_string(self.root.join("supervisor.lock")).ok()?;
        let (pid, what) = text.trim().split_once(' ')?;
        Some(Holder { pid: pid.parse().ok()?, what: what.to_owned() })
    }

    /// Joins those who use a server that another process started. `None` while somebody is stopping it.
    pub(super) fn join_users(&self) -> Result<Option<Lock>, EmbeddedError> {
        self.lock("users.lock", FlockOperation::NonBlockingLockShared)
    }

    /// Makes sure that nobody uses the server. `None` while somebody does.
    pub(super) fn lock_users(&self) -> Result<Option<Lock>, EmbeddedError> {
        self.lock("users.lock", FlockOperation::NonBlockingLockExclusive)
    }

    fn lock(&self, name: &str, operation: FlockOperation) -> Result<Option<Lock>, EmbeddedError> {
        let path = self.root.join(name);
        let take = || {
            let file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
            self.account.give(&path)?;
            match flock(&file, operation) {
                Ok(()) => Ok(Some(Lock(file))),
                Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
                Err(e) => Err(e.into()),
            }
        };
        take().map_err(self.fail("lock", &path))
    }

    /// Keeps the log small, and makes it ours before a shell of PostgreSQL's makes it. The server appends, so the file
    /// can be cut under it; a line written in that moment is lost.
    pub(super) fn tend_log(&self) -> Result<(), EmbeddedError> {
        let path = self.log();
        let tend = || {
            let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
            self.account.give(&path)?;
            if file.metadata()?.len() > LOG_LIMIT {
                let aside = path.with_extension("log.1");
                std::fs::copy(&path, &aside)?;
                self.account.give(&aside)?;
                file.set_len(0)?;
            }
            Ok(())
        };
        tend().map_err(self.fail("write", &path))
    }

    /// How long the log is, to read later what came after.
    pub(super) fn log_length(&self) -> u64 {
        self.log().metadata().map_or(0, |m| m.len())
    }

    /// The end of what the server has said since the log had this length.
    pub(super) fn log_since(&self, length: u64) -> Vec<u8> {
        const MOST: u64 = 8 * 1024;
        let read = || {
            let mut file = File::open(self.log())?;
            let from = length.max(file.metadata()?.len().saturating_sub(MOST));
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.take(MOST).read_to_end(&mut bytes)?;
            io::Result::Ok(bytes)
        };
        read().unwrap_or_default()
    }
}

/// What begins the names that `sweep` may remove.
const STAGING: &str = "postgres.new-";

/// The file name of the socket.
pub(super) fn socket_name() -> String {
    format!(".s.PGSQL.{PORT}")
}

/// Makes a folder of mode 0700 unless there is one.
fn make_folder(path: &Path, account: Account) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => account.give(path),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e),
    }
}

/// Makes a rename last.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // cannot fail on a String
        text
    })
}

/// What the holder of a folder says of itself.
pub(super) struct Holder {
    pub(super) pid: u32,
    pub(super) what: String,
}

/// A lock on a file, held until dropped or until the process ends.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Lets go at once, even while a child between fork and exec still carries the file.
    pub(super) fn release(&self) {
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.release();
    }
}

/// The four passwords. Not `Debug`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// The superuser, for this module alone.
    postgres: String,
    pub(super) admin: String,
    tenant: String,
    platform: String,
}

impl Credentials {
    /// Reads them; `None` when there are none yet.
    pub(super) fn find(folder: &Folder) -> Result<Option<Self>, EmbeddedError> {
        let path = Self::path(folder);
        let text = match std::fs::read_to_string(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(folder.fail("read", &path))?,
        };
        serde_json::from_str(&text).map(Some).map_err(|_| {
            // Its own error could quote a password.
            let why = "is not the file of passwords that samtal wrote: put the right one back".to_owned();
            EmbeddedError::Foreign { path, why }
        })
    }

    /// Makes and keeps new ones.
    pub(super) fn make(folder: &Folder) -> Result<Self, EmbeddedError> {
        let password = || hex(&rand::random::<[u8; 32]>());
        let made = Self { postgres: password(), admin: password(), tenant: password(), platform: password() };
        let text = serde_json::to_string_pretty(&made)
            .map_err(|e| folder.fail("write", &Self::path(folder))(io::Error::other(e)))?;
        folder.write(&Self::path(folder), &text)?;
        Ok(made)
    }

    /// Where they are kept.
    pub(super) fn path(folder: &Folder) -> PathBuf {
        folder.root.join("postgres.json")
    }

    /// The superuser's password, for `initdb`.
    pub(super) fn postgres(&self) -> &str {
        &self.postgres
    }

    /// How the superuser connects. Nothing is logged of what it says: passwords are among it.
    pub(super) fn superuser(&self, folder: &Folder, database: &str) -> PgConnectOptions {
        login(folder, "postgres", &self.postgres).database(database).disable_statement_logging()
    }

    /// How everybody else connects.
    pub(super) fn urls(&self, folder: &Folder) -> super::Urls {
        super::Urls {
            tenant: login(folder, "samtal_tenant", &self.tenant),
            platform: login(folder, "samtal_platform", &self.platform),
            admin: login(folder, "samtal_admin", &self.admin),
            tenant_password: self.tenant.clone(),
            platform_password: self.platform.clone(),
        }
    }
}

fn login(folder: &Folder, user: &str, password: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(folder.sockets())
        .port(PORT)
        .username(user)
        .password(password)
        .database(DATABASE)
        .ssl_mode(PgSslMode::Disable)
        .application_name("samtal")
}
