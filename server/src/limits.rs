//! Bounds on the work in progress: past them a request is told at once to come back, instead of waiting in a queue that
//! only grows.

use crate::boot::App;
use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Admits a request if there is room.
pub async fn admit(State(app): State<App>, request: Request, next: Next) -> Response {
    // Whoever watches the server must get through when it is full.
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    match app.admission().try_acquire() {
        Ok(_room) => next.run(request).await,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
