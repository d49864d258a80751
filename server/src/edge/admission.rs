//! Bounds on the work in progress: past them a request is told at once to come back, instead of waiting in a queue that
//! only grows. A request takes its place when all of it is there, so that who sends slowly, or nothing, holds none; and one
//! address holds at most its share.

use crate::failure::Failure;
use crate::request::RequestInfo;
use crate::state::App;
use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{Extensions, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt as _;
use model::{ErrorCode, Problem};
use shares::{Network, Place, Places};
use std::hash::Hash;

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

/// On a request that has its place.
#[derive(Debug, Clone, Copy)]
struct Admitted;

/// A place for what is done for a request before it is all there, such as learning who sends it; none is needed once it has
/// been admitted.
///
/// # Errors
/// The answer, when there is no room.
pub fn early(app: &App, request: &Extensions) -> Result<Option<Place<Network>>, Response> {
    let Some(info) = request.get::<RequestInfo>().filter(|_| request.get::<Admitted>().is_none()) else {
        return Ok(None);
    };
    let network = info.network();
    app.admission.try_enter(network).map(Some).ok_or_else(|| full(&app.admission, network))
}

/// The answer when a place is not had: to whoever has its share, or to everybody.
pub(super) fn full<K: Copy + Eq + Hash>(places: &Places<K>, key: K) -> Response {
    if !places.has_its_share(key) || places.share_is_all() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let mut problem = Problem::new(
        ErrorCode::RateLimited,
        "Many of your requests are being worked on. Wait for them, then send this one again.",
    );
    problem.retry_after = Some(1);
    Failure(problem).into_response()
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
