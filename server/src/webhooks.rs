//! What other servers send by themselves.
//!
//! Guarantees: a message is believed by its signature alone, which is about all of it; what it leads to is the same however often it comes, and in
//! whatever order.

use crate::failure::Failure;
use crate::state::App;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use model::{ErrorCode, Problem};
use words::text;

/// LiveKit tells of something in a room: the room is looked at, so that who has come without a seat is out at once.
///
/// # Errors
/// Not found where LiveKit carries no media, and unauthenticated where the message is not signed with its key.
pub async fn livekit(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Failure> {
    let signed = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match app.capabilities.meetings.livekit_tells(signed, &body) {
        Some(true) => Ok(StatusCode::NO_CONTENT),
        Some(false) => {
            let detail = text!("This is not signed with the key that Samtal knows LiveKit by, or its time is over.");
            Err(Problem::new(ErrorCode::Unauthenticated, detail).into())
        }
        None => Err(Problem::not_found().into()),
    }
}
