//! Places for requests: what is answered to who gets none, and places for what is done before a request is all there.

use crate::failure::Failure;
use crate::request::RequestInfo;
use axum::{
    http::Extensions,
    response::{IntoResponse as _, Response},
};
use model::{ErrorCode, Problem, TenantId};
use shares::{Network, Place, Places};
use std::hash::Hash;
use std::sync::Arc;
use words::text;

/// On a request that has its place: that is its own until it is answered, and longer where what answers keeps this.
#[derive(Debug, Clone)]
pub struct Admitted(#[allow(dead_code, reason = "it is held, and nothing is asked of it")] Arc<Place<Network>>);

impl Admitted {
    /// With this place.
    pub fn to(place: Place<Network>) -> Self {
        Self(Arc::new(place))
    }
}

/// On a request that may bring pictures: where it does, its places among those that do, which are its own for as long as somebody keeps this.
#[derive(Debug, Clone, Default)]
pub struct Pictured(
    #[allow(dead_code, reason = "it is held, and nothing is asked of it")]
    Option<Arc<(Place<TenantId>, Place<Network>)>>,
);

impl Pictured {
    /// With these places.
    pub fn with(of_tenant: Place<TenantId>, of_address: Place<Network>) -> Self {
        Self(Some(Arc::new((of_tenant, of_address))))
    }
}

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

/// The answer when a place is not had.
pub fn full<K: Copy + Eq + Hash>(places: &Places<K>, key: K) -> Response {
    Failure(refusal(places, key)).into_response()
}

/// What is said then: to whoever has its share, or to everybody.
pub fn refusal<K: Copy + Eq + Hash>(places: &Places<K>, key: K) -> Problem {
    let (code, detail, wait) = if places.has_its_share(key) && !places.share_is_all() {
        let detail = text!("Many of your requests are being worked on. Wait for them, then send this one again.");
        (ErrorCode::RateLimited, detail, 1)
    } else {
        let detail = text!("There is more to do than the server can take. Try again in a few seconds.");
        (ErrorCode::Unavailable, detail, 2)
    };
    let mut problem = Problem::new(code, detail);
    problem.retry_after = Some(wait);
    problem
}
