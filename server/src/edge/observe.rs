//! Gives each request an id, a span and a line in the log.

use crate::request::{Asked, RequestInfo, client};
use crate::state::App;
use crate::telemetry::REQUEST;
use axum::{
    extract::{ConnectInfo, Request, State},
    http::HeaderValue,
    middleware::Next,
    response::Response,
};
use model::RequestId;
use std::{
    net::{IpAddr, SocketAddr},
    time::Instant,
};
use tracing::{Instrument as _, field};

/// Longest part of a path that is no secret: what stands in the link of a letter is longer.
const SECRET: usize = 80;

/// A path as the log may have it: without the secret of a letter's link, and the code of a meeting.
fn shown(path: &str) -> String {
    let mut code = false;
    let parts = path.split('/').map(|part| {
        let secret = part.len() > SECRET || code;
        code = part == "meet";
        if secret { "…" } else { part }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Gives each request an id, a span and a line in the log. The outermost layer.
pub async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId::from_uuid(app.capabilities.services.new_id());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::from([0, 0, 0, 0]), |c| c.0.ip());
    let address = client(peer, request.headers(), &app.config.server.trusted_proxies);
    let languages = Asked::of(request.headers());
    request.extensions_mut().insert(RequestInfo { id, address, languages });
    let route = shown(request.uri().path());
    let span = tracing::error_span!(target: REQUEST, "http", request_id = %id, method = %request.method(), path = %route, tenant_id = field::Empty);
    let started = Instant::now();
    async move {
        let mut response = next.run(request).await;
        if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
            response.headers_mut().insert("x-request-id", value);
        }
        let (status, elapsed_us) = (response.status().as_u16(), started.elapsed().as_micros() as u64);
        if matches!(route.as_str(), "/healthz" | "/readyz") {
            tracing::debug!(status, elapsed_us, "answered");
        } else {
            tracing::info!(status, elapsed_us, "answered");
        }
        response
    }
    .instrument(span)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_link_of_a_letter_or_a_meeting_stands_in_the_log() {
        assert_eq!(
            shown("/dashboard/inbox/conv_019aa1b2c3d47e8f90a1b2c3d4e5f602"),
            "/dashboard/inbox/conv_019aa1b2c3d47e8f90a1b2c3d4e5f602"
        );
        assert_eq!(shown(&format!("/reset/{}", "0".repeat(96))), "/reset/…");
        assert_eq!(shown("/"), "/");
        assert_eq!(shown("/meet/abcde-fghjk-mnpqr-stuvw"), "/meet/…");
        assert_eq!(shown("/meet/abcde-fghjk-mnpqr-stuvw/join"), "/meet/…/join");
        assert_eq!(shown("/embed/meet/abcde-fghjk-mnpqr-stuvw"), "/embed/meet/…");
        assert_eq!(shown("/ws/meet"), "/ws/meet");
    }
}
