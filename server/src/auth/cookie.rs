//! The session cookie: how it is written and defended.

use crate::state::App;
use axum::{
    http::{HeaderValue, header},
    response::Response,
};
use tower_http::csrf::CsrfLayer;
use tower_sessions::{Expiry, SessionManagerLayer, cookie::SameSite};

/// Reads and writes the cookie.
pub fn session_layer(app: &App) -> SessionManagerLayer<store::sessions::Sessions> {
    let secure = app.config.secure();
    SessionManagerLayer::new(app.capabilities.sessions.clone())
        // `__Host-` binds the cookie to this host, https and all paths (RFC 6265bis, section 4.1.3.2).
        .with_name(if secure { "__Host-samtal" } else { "samtal" })
        .with_same_site(SameSite::Lax)
        .with_http_only(true)
        .with_secure(secure)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(app.capabilities.sessions.lifetime().absolute))
}

/// tower-sessions removes its cookie without the attributes that it was set with; browsers refuse a `__Host-` cookie
/// without `Secure`, and would keep the old one (RFC 6265bis, section 5.7).
pub async fn keep_secure(mut response: Response) -> Response {
    if let header::Entry::Occupied(mut cookies) = response.headers_mut().entry(header::SET_COOKIE) {
        for cookie in cookies.iter_mut() {
            if let Ok(text) = cookie.to_str()
                && text.starts_with("__Host-")
                && !text.contains("; Secure")
                && let Ok(secure) = HeaderValue::from_str(&format!("{text}; Secure; HttpOnly; SameSite=Lax"))
            {
                *cookie = secure;
            }
        }
    }
    response
}

/// Refuses unsafe methods from other sites, by `Sec-Fetch-Site` and `Origin`.
pub fn csrf_layer(app: &App) -> CsrfLayer {
    let layer = CsrfLayer::new();
    match &app.config.public_url {
        Some(url) => CsrfLayer::new().add_trusted_origin(url.as_str()).unwrap_or(layer),
        None => layer,
    }
}
