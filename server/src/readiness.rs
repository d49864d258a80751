//! Whether the database is as it must be, looked at once for all who ask.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::{Store, StoreError};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// What was found, part by part: `ok`, `failed`, or `unknown` where a failure before kept us from looking.
#[derive(Debug, Clone, Copy, Default)]
pub struct Report {
    /// Whether it answers.
    pub database: &'static str,
    /// Whether the schema is the right one.
    pub migrations: &'static str,
    /// Whether the walls between tenants stand.
    pub isolation: &'static str,
}

impl Report {
    /// Whether all is as it must be.
    pub fn ready(&self) -> bool {
        self.isolation == "ok"
    }
}

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
    /// What a look finds that began after this was called.
    pub async fn check(&self, store: &Store) -> Report {
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
            let report = look_at(store).await;
            let rest = (began.elapsed() * 9).min(LONGEST_REST);
            *last = Last { look, report, rested: Some(Instant::now() + rest) };
        }
        last.report
    }
}

async fn look_at(store: &Store) -> Report {
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
    Report { database, migrations, isolation }
}
