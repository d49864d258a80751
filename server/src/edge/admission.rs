//! Bounds on the work in progress: past them a request is told at once to come back, instead of waiting in a queue that
//! only grows. A request takes its place when all of it is there, so that who sends slowly, or nothing, holds none; and one
//! address holds at most its share.

use crate::limits::places::{Admitted, full};
use crate::request::RequestInfo;
use crate::state::App;
use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt as _;

/// Admits a request if there is room.
pub async fn admit(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    mut request: Request,
    next: Next,
) -> Response {
    // Whoever watches the server must get through when it is full.
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    match app.admission.try_enter(info.network()) {
        Some(_place) => {
            request.extensions_mut().insert(Admitted);
            next.run(request).await
        }
        None => full(&app.admission, info.network()),
    }
}

/// Holds a place for each answer until it has been taken: whoever asks much and takes nothing does not fill the memory.
pub async fn answering(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    request: Request,
    next: Next,
) -> Response {
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    let Some(place) = app.answering.try_enter(info.network()) else { return full(&app.answering, info.network()) };
    next.run(request).await.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _held = &place;
            frame
        }))
    })
}
