//! The headers that every response carries.

use crate::pages::render::{CLOSED_CSP, NO_FRAMES};
use crate::state::App;
use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response,
};

/// The headers that every response carries; those that a handler has set stay.
pub fn security_headers(
    app: &App,
) -> impl Fn(Response) -> std::future::Ready<Response> + Clone + Send + Sync + 'static {
    const FIXED: [(HeaderName, &str); 8] = [
        // Answers are one visitor's, unless a handler says otherwise.
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, CLOSED_CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
        ),
    ];
    let https = app.config.secure();
    move |mut response: Response| {
        let headers = response.headers_mut();
        // Where a page's policy names sites that may frame it, no other header says that they may not.
        let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
        let framed = policy.is_some_and(|policy| !policy.contains(NO_FRAMES));
        for (name, value) in &FIXED {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        if framed {
            headers.remove(header::X_FRAME_OPTIONS);
        }
        if https {
            headers.insert(
                header::STRICT_TRANSPORT_SECURITY,
                HeaderValue::from_static("max-age=63072000; includeSubDomains"),
            );
        }
        std::future::ready(response)
    }
}
