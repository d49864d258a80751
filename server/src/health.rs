//! `/healthz`: this process is alive. `/readyz`: it can do its work: the database answers, the schema is the right one,
//! and the walls between tenants stand.

use crate::boot::App;
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::sync::atomic::{AtomicU64, Ordering};
use store::{Store, StoreError};
use tokio::sync::Mutex;

/// Alive.
pub async fn alive() -> Response {
    answer(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Ready, or what is missing.
pub async fn ready(State(app): State<App>) -> Response {
    let report = app.readiness().check(&app.services().store).await;
    let status = if report.ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if report.ready() { "ready" } else { "not_ready" },
        "database": report.database,
        "migrations": report.migrations,
        "isolation": report.isolation,
    });
    answer(status, &body)
}

/// What was found, part by part: `ok`, `failed`, or `unknown` where a failure before kept us from looking.
#[derive(Debug, Clone, Copy, Default)]
struct Report {
    database: &'static str,
    migrations: &'static str,
    isolation: &'static str,
}

impl Report {
    fn ready(&self) -> bool {
        self.isolation == "ok"
    }
}

/// Looks at the database, one look at a time: whoever asks meanwhile shares the first that began after they asked, so
/// that asking often costs no more than asking once, and no answer is older than its question.
#[derive(Debug, Default)]
pub struct Readiness {
    begun: AtomicU64,
    last: Mutex<(u64, Report)>,
}

impl Readiness {
    async fn check(&self, store: &Store) -> Report {
        let asked = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if last.0 <= asked {
            let look = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            *last = (look, look_at(store).await);
        }
        last.1
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

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, Json(body)).into_response()
}
