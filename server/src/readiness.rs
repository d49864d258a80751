//! Whether the database is as it must be, and has room to write, looked at once for all who ask.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::{Store, StoreError};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// What was found, part by part: `ok`, `failed`, or `unknown` where a failure before kept us from looking.
#[derive(Debug, Clone, Copy, Default)]
pub struct Report {
    /// Whether it answers.
    pub database: &'static str,
    /// Whether the schema is the right one.
    pub migrations: &'static str,
    /// Whether the walls between tenants stand.
    pub isolation: &'static str,
    /// Whether there is room where the embedded database writes; `unknown` where the database is elsewhere.
    pub disk: &'static str,
}

impl Report {
    /// Whether all is as it must be.
    pub fn ready(&self) -> bool {
        self.isolation == "ok" && self.disk != "failed"
    }
}

/// Bytes below which PostgreSQL is about to stop: its log alone takes 16 MB pieces.
const LEAST_ROOM: u64 = 64 * 1024 * 1024;
/// How long the file system may take to say how much room it has.
const PATIENCE: Duration = Duration::from_secs(2);

/// Longest rest between two looks.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Looks at the database, one look at a time: whoever asks meanwhile shares the first that began after they asked, and a look
/// is followed by a rest of nine times its length (a second at most). So asking often costs the database no more than a tenth
/// of its time, and no answer is older than its question.
#[derive(Debug, Default)]
pub struct Readiness {
    begun: AtomicU64,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    look: u64,
    report: Report,
    /// When the next look may begin.
    rested: Option<Instant>,
}

impl Readiness {
    /// What a look finds that began after this was called. `folder` is where the embedded database is; `None` where the database is elsewhere.
    pub async fn check(&self, store: &Store, folder: Option<&Path>) -> Report {
        let asked = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if last.look <= asked {
            if let Some(rested) = last.rested {
                tokio::time::sleep_until(rested).await;
            }
            let look = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            let began = Instant::now();
            // Whoever asked may go in the middle of it; the look then goes on in the database.
            last.rested = Some(began + LONGEST_REST);
            let report = look_at(store, folder).await;
            let rest = (began.elapsed() * 9).min(LONGEST_REST);
            *last = Last { look, report, rested: Some(Instant::now() + rest) };
        }
        last.report
    }
}

/// Bytes that are left in the file system of a folder, or of the one in which it will be made.
///
/// # Errors
/// The system's.
pub fn room(folder: &Path) -> io::Result<u64> {
    let there = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let disk = rustix::fs::statvfs(there)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

async fn look_at_disk(folder: &Path) -> &'static str {
    let folder = folder.to_owned();
    // On another machine it may hang.
    let found = timeout(PATIENCE, tokio::task::spawn_blocking(move || room(&folder))).await;
    match found {
        Ok(Ok(Ok(left))) if left < LEAST_ROOM => {
            tracing::warn!(left, "not ready: there is no room left for the data folder");
            "failed"
        }
        Ok(Ok(Ok(_))) => "ok",
        _ => "unknown",
    }
}

async fn look_at(store: &Store, folder: Option<&Path>) -> Report {
    let (database, migrations, isolation) = match store.check().await {
        Ok(()) => ("ok", "ok", "ok"),
        Err(error) => {
            tracing::warn!(error = %error, "not ready");
            match error {
                StoreError::Schema(_) => ("ok", "failed", "unknown"),
                StoreError::Open(_) => ("ok", "ok", "failed"),
                _ => ("failed", "unknown", "unknown"),
            }
        }
    };
    let disk = match folder {
        Some(folder) => look_at_disk(folder).await,
        None => "unknown",
    };
    Report { database, migrations, isolation, disk }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_that_of_the_folder_or_of_the_one_above() -> io::Result<()> {
        // The system's own files take no room, and there is none for others.
        assert_eq!((room(Path::new("/proc"))?, room(Path::new("/proc/no/such/folder"))?), (0, 0));
        assert!(room(&std::env::temp_dir())? > 0);
        // One that will be made here.
        room(Path::new("no-such-folder"))?;
        Ok(())
    }
}
