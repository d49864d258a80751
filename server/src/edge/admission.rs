//! Bounds on the work in progress: past them a request is told at once to come back, instead of waiting in a queue that
//! only grows. A request takes its place when all of it is there, so that who sends slowly, or nothing, holds none; and one
//! address holds at most its share.

use crate::failure::document;
use crate::limits::places::{Admitted, full, refusal};
use crate::request::RequestInfo;
use crate::state::App;
use axum::{
    Extension,
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use hyper::body::{Frame, SizeHint};
use shares::{Network, Place};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tracing::Instrument as _;

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
        Some(place) => {
            let admitted = Admitted::to(place);
            request.extensions_mut().insert(admitted.clone());
            let answer = next.run(request).await;
            drop(admitted);
            answer
        }
        None => full(&app.admission, info.network()),
    }
}

/// What changes something is done to its end once all of it is here, though whoever asked has gone: somebody who presses a
/// button and goes to another page has pressed it. Around what admits it, so that it holds its place for as long.
pub async fn to_its_end(request: Request, next: Next) -> Response {
    // Who comes back from a provider does so by a GET, which opens something once.
    let comes_back = request.uri().path().starts_with("/login/with/") && request.uri().path().ends_with("/back");
    if request.method().is_safe() && !comes_back {
        return next.run(request).await;
    }
    let done = tokio::spawn(next.run(request).in_current_span()).await;
    done.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        // Ended with the server.
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    })
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
    let network = info.network();
    match app.answering.try_enter(network) {
        Some(place) => next.run(request).await.map(|body| Body::new(Held { body, rest: Bytes::new(), _place: place })),
        // Outside of what dresses errors: a page would be one more answer.
        None => document(&refusal(&app.answering, network).said(info.languages.language())),
    }
}

/// Bytes of an answer that are given on at once: of a larger one, all but the last are still here while its reader waits.
const PIECE: usize = 16 * 1024;

/// A body that holds a place.
struct Held {
    body: Body,
    rest: Bytes,
    _place: Place<Network>,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)).map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(other))) => return Poll::Ready(Some(Ok(other))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let piece = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (mut hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}
