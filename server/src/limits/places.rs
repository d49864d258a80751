//! Places for requests: what is answered to who gets none, and places for what is done before a request is all there.

use crate::failure::Failure;
use crate::request::RequestInfo;
use axum::{
    http::{Extensions, StatusCode},
    response::{IntoResponse as _, Response},
};
use model::{ErrorCode, Problem};
use shares::{Network, Place, Places};
use std::hash::Hash;

/// On a request that has its place.
#[derive(Debug, Clone, Copy)]
pub struct Admitted;

/// A place for what is done for a request before it is all there, such as learning who sends it; none is needed once it has
/// been admitted.
///
/// # Errors
/// The answer, when there is no room.
pub fn early(places: &Places<Network>, request: &Extensions) -> Result<Option<Place<Network>>, Box<Response>> {
    let Some(info) = request.get::<RequestInfo>().filter(|_| request.get::<Admitted>().is_none()) else {
        return Ok(None);
    };
    let network = info.network();
    places.try_enter(network).map(Some).ok_or_else(|| Box::new(full(places, network)))
}

/// The answer when a place is not had: to whoever has its share, or to everybody.
pub fn full<K: Copy + Eq + Hash>(places: &Places<K>, key: K) -> Response {
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
