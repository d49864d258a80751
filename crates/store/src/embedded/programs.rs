//! The PostgreSQL programs that Samtal carries: where they are, which version they are, and how they are run.
//!
//! Guarantees: a program gets an environment of three fixed variables (so neither our secrets nor the user's `PG*`
//! settings reach it), no standard input, and ends with the future that awaits it unless it is told otherwise.
//! It must not look on `PATH`: a PostgreSQL that happens to be installed is not ours to run.

use super::{EmbeddedError, folder::Account};
use crate::vendor;
use std::{
    io,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};
use tokio::process::Command;

/// Where a tree stands inside a vendor folder. The number is the major version that `scripts/setup` unpacks.
const TREE: &str = "postgres/18";

/// A PostgreSQL tree: `bin`, `lib` and `share`.
#[derive(Debug, Clone)]
pub struct Programs {
    root: PathBuf,
}

impl Programs {
    /// Where the tree is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Finds the tree: in `vendor_dir` (`SAMTAL_VENDOR_DIR`), then in `vendor/` beside `exe`, then in the first parent
    /// of `exe` that holds `.tools/vendor`.
    ///
    /// # Errors
    /// [`EmbeddedError::Missing`] names every folder looked at; [`EmbeddedError::Hidden`] one below a folder that may not be entered:
    /// nobody knows whether there is anything.
    pub fn find(vendor_dir: Option<&Path>, exe: &Path) -> Result<Self, EmbeddedError> {
        let sought: Vec<PathBuf> = vendor::folders(vendor_dir, exe).into_iter().map(|dir| dir.join(TREE)).collect();
        let mut hidden = None;
        for root in &sought {
            match root.join("bin/postgres").metadata() {
                Ok(_) => return Self::at(root),
                Err(e) if e.kind() == io::ErrorKind::PermissionDenied => hidden = hidden.or(Some(root)),
                Err(_) => {}
            }
        }
        match hidden {
            Some(root) => Err(EmbeddedError::Hidden { path: root.clone(), user: Account(None).uid() }),
            None => Err(EmbeddedError::Missing { sought }),
        }
    }

    /// The tree at `root`, which holds `bin/postgres`.
    ///
    /// # Errors
    /// [`EmbeddedError::Missing`] when a program is not there, [`EmbeddedError::Unusable`] when the path holds a
    /// character that the shell inside `initdb` and `pg_ctl` would read as its own.
    pub fn at(root: impl AsRef<Path>) -> Result<Self, EmbeddedError> {
        let root = root.as_ref();
        let root = root.canonicalize().map_err(|_| EmbeddedError::Missing { sought: vec![root.to_owned()] })?;
        if !["postgres", "initdb", "pg_ctl"].iter().all(|name| root.join("bin").join(name).is_file()) {
            return Err(EmbeddedError::Missing { sought: vec![root] });
        }
        // Both put the path in double quotes and hand it to `sh -c` (src/bin/pg_ctl/pg_ctl.c, start_postmaster).
        if root.to_str().is_none_or(|path| path.contains(['"', '$', '`', '\\', '\n'])) {
            let why = "its path holds a quote, a dollar, a backslash or no UTF-8; move it to a plainer one".to_owned();
            return Err(EmbeddedError::Unusable { path: root, why });
        }
        Ok(Self { root })
    }

    /// The full path of a program.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join("bin").join(name)
    }

    /// A program, ready for its arguments.
    pub(super) fn command(&self, name: &str, account: Account, folder: &Path) -> Command {
        let mut command = Command::new(self.path(name));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C") // we read what it says
            .env("TZ", "UTC")
            .current_dir(folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some((uid, gid)) = account.0 {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// The major version, by asking `postgres`. Proves on the way that `account` can run it inside `folder`.
    pub(super) async fn major(&self, account: Account, folder: &Path) -> Result<u32, EmbeddedError> {
        let path = self.path("postgres");
        let ask = async |from: &Path| output(self.command("postgres", account, from).arg("-V"), SHORT).await;
        let output = match ask(folder).await {
            Ok(output) => output,
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                // The system does not say which of the two is closed.
                let path = if ask(Path::new("/")).await.is_ok() { folder.to_owned() } else { self.root.clone() };
                return Err(EmbeddedError::Denied { doing: "enter", path, user: account.uid() });
            }
            Err(e) => {
                return Err(EmbeddedError::Unusable { path, why: e.to_string() });
            }
        };
        // "postgres (PostgreSQL) 18.4"
        let said = String::from_utf8_lossy(&output.stdout);
        let version = said.split_whitespace().nth(2).and_then(|v| v.split('.').next());
        version
            .and_then(|v| v.parse().ok())
            .ok_or_else(|| EmbeddedError::Unusable { path, why: end_of(&output.stderr) })
    }
}

/// The longest wait for a program that only answers.
const SHORT: Duration = Duration::from_secs(20);

/// Runs a program to its end and keeps what it wrote; ends it after `limit`.
pub(super) async fn output(command: &mut Command, limit: Duration) -> io::Result<Output> {
    tokio::time::timeout(limit, command.output()).await.unwrap_or_else(|_| {
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("it did not end within {} s", limit.as_secs())))
    })
}

/// The last lines of what a program wrote, as one line.
pub(super) fn end_of(bytes: &[u8]) -> String {
    const LINES: usize = 8;
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.get(lines.len().saturating_sub(LINES)..) {
        Some([]) | None => "(nothing)".to_owned(),
        Some(last) => last.join(" | "),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tree_names_every_folder_and_the_command() {
        let said =
            Programs::find(Some(Path::new("/nowhere")), Path::new("/also/nowhere/samtal")).unwrap_err().to_string();
        assert!(said.contains("/nowhere/postgres/18"), "{said}");
        assert!(said.contains("/also/nowhere/vendor/postgres/18"), "{said}");
        assert!(said.contains("make setup") && said.contains("DATABASE_URL"), "{said}");
    }

    #[test]
    fn what_may_not_be_looked_at_is_not_said_to_be_there() {
        let said = EmbeddedError::Hidden { path: "/closed/vendor/postgres/18".into(), user: 999 }.to_string();
        assert!(
            said.starts_with("user 999 may not look whether PostgreSQL is in /closed/vendor/postgres/18"),
            "{said}"
        );
        assert!(said.contains("if it is not, run `make setup`") && said.contains("DATABASE_URL"), "{said}");
    }

    #[test]
    fn the_end_of_an_output_is_one_line() {
        assert_eq!(end_of(b"a\n\n  b\n"), "a | b");
        assert_eq!(end_of(b""), "(nothing)");
        assert_eq!(end_of(b"1\n2\n3\n4\n5\n6\n7\n8\n9\n"), "2 | 3 | 4 | 5 | 6 | 7 | 8 | 9");
    }
}
