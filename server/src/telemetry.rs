//! Logs: one line an event, with the request's id and, once known, the tenant's. Never a body, a token or an email.

use crate::boot::App;
use crate::config::{Log, LogFormat};
use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue},
    middleware::Next,
    response::Response,
};
use identity::Origin;
use model::RequestId;
use std::{
    io::IsTerminal as _,
    net::{IpAddr, SocketAddr},
    time::Instant,
};
use tracing::{Instrument as _, field};
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging to standard error. Called once, at start.
///
/// # Errors
/// A sentence, when the level is not a filter.
pub fn start(log: &Log) -> Result<(), String> {
    let filter: Targets = log.level.parse().map_err(|e| format!("Setting log.level: {e}"))?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = match log.format {
        LogFormat::Text => registry
            .with(
                fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).with_target(false),
            )
            .try_init(),
        LogFormat::Json => registry
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_current_span(true)
                    .with_span_list(false)
                    .with_writer(std::io::stderr),
            )
            .try_init(),
    };
    // Only a test starts it twice.
    let _ = started;
    Ok(())
}

/// A request, as everything that works on it knows it.
#[derive(Debug, Clone, Copy)]
pub struct RequestInfo {
    /// Its id.
    pub id: RequestId,
    /// The client's address; a trusted proxy's word for it, where there is one.
    pub address: IpAddr,
}

impl RequestInfo {
    /// As an attempt to sign in sees it.
    pub fn origin(self) -> Origin {
        Origin { address: self.address, request: self.id }
    }
}

/// Gives each request an id, a span and a line in the log. The outermost layer.
pub async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId::from_uuid(app.services().new_id());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::from([0, 0, 0, 0]), |c| c.0.ip());
    let address = client(peer, request.headers(), &app.config().server.trusted_proxies);
    request.extensions_mut().insert(RequestInfo { id, address });
    let route = request.uri().path().to_owned();
    let span = tracing::info_span!("http", request_id = %id, method = %request.method(), path = %route, tenant_id = field::Empty);
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

/// The client's address: the peer's, or what the last proxies that we trust say (the rightmost address that is not one
/// of theirs).
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    if !trusted.contains(&peer) {
        return peer;
    }
    let named: Vec<IpAddr> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .filter_map(|a| a.trim().parse().ok())
        .collect();
    named.iter().rev().find(|a| !trusted.contains(a)).copied().unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() -> Result<(), Box<dyn std::error::Error>> {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("9.9.9.9, 203.0.113.7, 10.0.0.2"));
        let (proxy, inner, other): (IpAddr, IpAddr, IpAddr) =
            ("10.0.0.1".parse()?, "10.0.0.2".parse()?, "198.51.100.1".parse()?);
        assert_eq!(client(other, &headers, &[proxy, inner]), other);
        assert_eq!(client(proxy, &headers, &[proxy, inner]), "203.0.113.7".parse::<IpAddr>()?);
        assert_eq!(client(proxy, &HeaderMap::new(), &[proxy]), proxy);
        Ok(())
    }
}
