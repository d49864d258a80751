//! `/healthz`: this process is alive. `/readyz`: it can do its work: the database answers, the schema is the right one,
//! and the walls between tenants stand.

use crate::boot::App;
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use store::StoreError;

/// Alive.
pub async fn alive() -> Response {
    answer(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Ready, or what is missing.
pub async fn ready(State(app): State<App>) -> Response {
    let (database, migrations, isolation) = match app.services().store.check().await {
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
    let ready = isolation == "ok";
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if ready { "ready" } else { "not_ready" },
        "database": database,
        "migrations": migrations,
        "isolation": isolation,
    });
    answer(status, &body)
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
