//! Bounds on the work in progress: past them a request is told at once to come back, instead of waiting in a queue that
//! only grows. A request takes its place when all of it is there, so that who sends slowly, or nothing, holds none; and one
//! address holds at most its share.

use crate::failure::Failure;
use crate::request::RequestInfo;
use crate::state::App;
use axum::{
    Extension,
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use model::{ErrorCode, Problem};

/// Admits a request if there is room.
pub async fn admit(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    request: Request,
    next: Next,
) -> Response {
    // Whoever watches the server must get through when it is full.
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    match app.admission.try_enter(info.network()) {
        Some(_place) => next.run(request).await,
        None if app.admission.free() > 0 => too_many(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The answer to whoever has its share.
pub(super) fn too_many() -> Response {
    let mut problem = Problem::new(
        ErrorCode::RateLimited,
        "Many of your requests are being worked on. Wait for them, then send this one again.",
    );
    problem.retry_after = Some(1);
    Failure(problem).into_response()
}
