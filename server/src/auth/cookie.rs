//! The session cookie: how it is made, kept and defended.

use crate::failure::Failure;
use crate::request::RequestInfo;
use crate::state::App;
use axum::{
    http::{HeaderValue, header},
    response::Response,
};
use model::{ErrorCode, Problem};
use store::sessions::{SignedIn, key};
use tower_http::csrf::CsrfLayer;
use tower_sessions::{Expiry, Session, SessionManagerLayer, cookie::SameSite};

/// Opens a session for somebody who has just signed in, under a new id.
///
/// # Errors
/// When the session cannot be stored.
pub async fn open_session(
    session: &Session,
    who: &SignedIn,
    info: RequestInfo,
    device: Option<&str>,
) -> Result<(), Failure> {
    let device: String = device.unwrap_or("unknown").chars().filter(|c| !c.is_control()).take(200).collect();
    let open = async {
        // Whatever session the cookie named is ended, and the new one gets an id of its own: the old one may be known to
        // others. (`flush` would end it and then use the same id again.)
        if session.id().is_some() {
            session.clear().await;
            session.cycle_id().await?;
        }
        session.insert(key::PERSON, who.person.uuid()).await?;
        session.insert(key::TENANT, who.tenant.uuid()).await?;
        session.insert(key::DEVICE, device).await?;
        session.insert(key::ADDRESS, info.address).await?;
        session.save().await
    };
    open.await.map_err(|e: tower_sessions::session::Error| {
        tracing::error!(error = %e, "session not stored");
        let mut problem =
            Problem::new(ErrorCode::Unavailable, "The database is not answering. Try again in a few seconds.");
        problem.retry_after = Some(5);
        Failure(problem)
    })
}

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
        Some(url) => CsrfLayer::new().add_trusted_origin(url).unwrap_or(layer),
        None => layer,
    }
}
