//! `/healthz`: this process is alive. `/readyz`: it can do its work: the database answers, the schema is the right one,
//! and the walls between tenants stand; and the embedded database has room to write.

use crate::state::App;
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Alive.
pub async fn alive() -> Response {
    answer(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Ready, or what is missing.
pub async fn ready(State(app): State<App>) -> Response {
    let folder = app.config.embedded().then_some(app.config.data_dir.as_path());
    let report = app.readiness.check(&app.capabilities.services.store, folder).await;
    let status = if report.ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut body = json!({
        "status": if report.ready() { "ready" } else { "not_ready" },
        "database": report.database,
        "migrations": report.migrations,
        "isolation": report.isolation,
    });
    // Named where it is what is missing.
    if report.disk == "failed"
        && let Some(parts) = body.as_object_mut()
    {
        parts.insert("disk".to_owned(), report.disk.into());
    }
    answer(status, &body)
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, Json(body)).into_response()
}
