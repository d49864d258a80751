//! What can go wrong with the carried PostgreSQL: one sentence each, which says what to do. None holds a password.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Why the carried PostgreSQL cannot be used. The text is for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No tree of PostgreSQL where one is sought.
    #[error(
        "PostgreSQL is not in {}: run `make setup`, or set DATABASE_URL to a PostgreSQL of your own",
        .sought.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", nor in ")
    )]
    Missing {
        /// The folders looked at, in order.
        sought: Vec<PathBuf>,
    },
    /// It could not be looked whether there is a tree of PostgreSQL.
    #[error(
        "user {user} may not look whether PostgreSQL is in {}: let this user in if it is there; if it is not, run `make setup`, \
         or set SAMTAL_VENDOR_DIR to where it is, or DATABASE_URL to a PostgreSQL of your own",
        .path.display()
    )]
    Hidden {
        /// The folder that was sought.
        path: PathBuf,
        /// By whom.
        user: u32,
    },
    /// The programs are there and do not run.
    #[error("{} cannot be used: {why}", .path.display())]
    Unusable {
        /// The program or the tree.
        path: PathBuf,
        /// What it said, or what is wrong with it.
        why: String,
    },
    /// PostgreSQL refuses to run as root.
    #[error(
        "PostgreSQL does not run as root: start samtal as another user (`make setup` makes the user `samtal` for it), \
         or set DATABASE_URL"
    )]
    AsRoot,
    /// Another process holds this folder.
    #[error(
        "another samtal {}serves {}: stop it first, or set SAMTAL_DATA_DIR to another folder",
        .pid.map(|pid| format!("(pid {pid}) ")).unwrap_or_default(), .folder.display()
    )]
    Busy {
        /// The data folder.
        folder: PathBuf,
        /// The process that holds it, when it said so.
        pid: Option<u32>,
    },
    /// The cluster was made by another major version.
    #[error(
        "{} was written by PostgreSQL {found}, and these programs are PostgreSQL {programs}: use the samtal that made it, \
         or dump the database there and restore it into a new SAMTAL_DATA_DIR",
        .folder.display()
    )]
    Version {
        /// The cluster.
        folder: PathBuf,
        /// What its `PG_VERSION` says.
        found: String,
        /// The major version of the programs.
        programs: u32,
    },
    /// The cluster belongs to another user, which PostgreSQL refuses.
    #[error(
        "{} belongs to user {owner}, and PostgreSQL would run as user {user}: start samtal as user {owner}, or give the \
         folder away with `chown -R {user}`",
        .folder.display()
    )]
    Owner {
        /// The cluster.
        folder: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who would use it.
        user: u32,
    },
    /// Permission denied.
    #[error(
        "user {user} may not {doing} {}: let this user in, or choose another place (SAMTAL_DATA_DIR, SAMTAL_VENDOR_DIR)",
        .path.display()
    )]
    Denied {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// By whom.
        user: u32,
    },
    /// The disk, or the user's share of it, is full.
    #[error("no space is left on the disk that holds {}: free some and start again; nothing was lost", .path.display())]
    Space {
        /// A folder on that disk.
        path: PathBuf,
    },
    /// Something else stands where our files belong.
    #[error("{}: {why}", .path.display())]
    Foreign {
        /// What is in the way.
        path: PathBuf,
        /// Why it is not ours and what to do.
        why: String,
    },
    /// Any other failure on files.
    #[error("could not {doing} {}: {source}", .path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `initdb` failed. Nothing is left of it: the next start begins again.
    #[error("PostgreSQL could not make a new database cluster: {said}")]
    Initdb {
        /// The last lines it wrote.
        said: String,
    },
    /// The server ended while starting.
    #[error("PostgreSQL did not start; the end of {} says: {said}", .log.display())]
    Start {
        /// The whole log.
        log: PathBuf,
        /// Its last lines.
        said: String,
    },
    /// The server was not ready in time. It goes on starting.
    #[error(
        "PostgreSQL was not ready after {} s (after a crash it may be recovering); it goes on, so start samtal again in a \
         while; the end of {} says: {said}",
        .waited.as_secs(), .log.display()
    )]
    Slow {
        /// How long we waited.
        waited: Duration,
        /// The whole log.
        log: PathBuf,
        /// Its last lines.
        said: String,
    },
    /// The samtal that holds the folder did not get its PostgreSQL ready in time.
    #[error(
        "another samtal {}holds {} but its PostgreSQL did not answer within {} s: look at what that one says",
        .pid.map(|pid| format!("(pid {pid}) ")).unwrap_or_default(), .folder.display(), .waited.as_secs()
    )]
    Unanswered {
        /// The data folder.
        folder: PathBuf,
        /// The process that holds it, when it said so.
        pid: Option<u32>,
        /// How long we waited.
        waited: Duration,
    },
    /// The running server refused what a start has to do in it.
    #[error("PostgreSQL runs, but refused to {doing}: {source}")]
    Refused {
        /// What was tried, as a verb.
        doing: &'static str,
        /// What it said.
        source: sqlx::Error,
    },
    /// The server did not end, not even after `immediate`.
    #[error("PostgreSQL (pid {pid}) does not stop; its data is safe, but it has to be ended by hand")]
    Stubborn {
        /// Its process.
        pid: i32,
    },
}

impl EmbeddedError {
    /// The right sentence for a failure on a file.
    pub(super) fn io(doing: &'static str, path: &Path, user: u32, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied { doing, path, user },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Space { path },
            _ => Self::Io { doing, path, source },
        }
    }
}
