//! From a request to a socket: what it was opened with, and whether there is room.

use super::session::{Opener, Socket};
use crate::auth::{ApiCaller, Visitor};
use crate::config::PublicUrl;
use crate::failure::Failure;
use crate::limits::sockets::Seat;
use crate::request::RequestInfo;
use crate::state::App;
use axum::{
    Extension,
    extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    extract::{FromRequestParts as _, Request, State},
    http::header,
    response::{IntoResponse as _, Response},
};
use model::{ErrorCode, Problem};
use store::sessions::hash;
use tower_sessions::Session;
use words::text;

/// Largest frame, in bytes.
const FRAME: usize = 16 * 1024;
/// What a socket reads and writes at once, in bytes. axum's own default is 128 KB of each.
pub(super) const BUFFER: usize = 4 * 1024;

/// Opens a socket.
///
/// # Errors
/// Something else than an upgrade, a key that opens nothing, or no room.
pub async fn upgrade(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Extension(info): Extension<RequestInfo>,
    session: Session,
    request: Request,
) -> Result<Response, Failure> {
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &app).await;
    let upgrade = upgrade.map_err(no_upgrade)?;
    let opener = if parts.headers.contains_key(header::AUTHORIZATION) {
        let ApiCaller(caller) = ApiCaller::from_request_parts(&mut parts, &app).await?;
        let key = parts.headers.get(header::AUTHORIZATION).and_then(|h| h.to_str().ok()).unwrap_or_default();
        let secret = key.split_once(' ').map_or("", |(_, secret)| secret.trim()).to_owned();
        Opener::Key { caller, secret }
    } else {
        let given = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        // A page of another site could open a socket with our cookie.
        let url = app.config.public_url.as_ref();
        let own = given(header::ORIGIN).zip(url).is_some_and(|(origin, url)| ours(origin, url, given(header::HOST)));
        match (visitor.0, session.id()) {
            (Ok(Some(caller)), Some(id)) if own => Opener::Member { caller, session: hash(id) },
            // Not signed out: it cannot be told just now.
            (Err(problem), _) if own => return Err(Failure(problem)),
            _ => Opener::Nobody,
        }
    };
    let seat = seat(&app, info)?;
    let upgrade = upgrade
        .max_message_size(FRAME)
        .max_frame_size(FRAME)
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_write_buffer_size(16 * FRAME);
    Ok(upgrade.on_upgrade(move |ws| Socket::new(app, ws, opener, info, seat).run()).into_response())
}

/// What is said to whoever asks for something else.
pub(super) fn no_upgrade(_: WebSocketUpgradeRejection) -> Problem {
    Problem::new(ErrorCode::InvalidRequest, text!("This address speaks WebSocket only (RFC 6455, version 13)."))
}

/// A place for a socket, if there is one.
pub(super) fn seat(app: &App, info: RequestInfo) -> Result<Seat, Failure> {
    app.sockets.enter(info.network()).ok_or_else(|| {
        let detail = text!("Too many connections are open. Try again in a few seconds.");
        let mut problem = Problem::new(ErrorCode::Unavailable, detail);
        problem.retry_after = Some(5);
        problem.into()
    })
}

/// Whether an `Origin` is ours: our public address, or the one by which we are asked, as where `localhost` and `127.0.0.1` are the same
/// machine. A cookie is of one host, so a page of another one that leads here brings none.
pub(super) fn ours(origin: &str, url: &PublicUrl, host: Option<&str>) -> bool {
    let Ok(origin) = origin.parse::<PublicUrl>() else { return false };
    origin == *url || host.is_some_and(|host| format!("{}://{host}", url.scheme()).parse() == Ok(origin))
}

#[cfg(test)]
mod tests {
    use super::ours;
    use crate::config::PublicUrl;

    #[test]
    fn only_our_own_address_is_ours() {
        let url = |text: &str| text.parse::<PublicUrl>().unwrap();
        let here = url("https://samtal.example");
        assert!(ours("https://samtal.example", &here, None) && ours("https://samtal.example:443", &here, None));
        for other in
            ["http://samtal.example", "https://evil.example", "https://samtal.example.evil.example", "null", ""]
        {
            assert!(!ours(other, &here, None), "{other}");
        }
        let local = |origin, host| ours(origin, &url("http://127.0.0.1:3000"), host);
        assert!(local("http://127.0.0.1:3000", None) && local("http://localhost:3000", Some("localhost:3000")));
        for (origin, host) in [
            ("http://localhost:3000", Some("127.0.0.1:3000")),
            ("http://localhost:8080", Some("localhost:3000")),
            ("https://localhost:3000", Some("localhost:3000")),
            ("http://evil@127.0.0.1:3000", Some("127.0.0.1:3000")),
            ("http://evil.example", Some("http://evil.example")),
            ("null", Some("null")),
            ("http://evil.example", None),
        ] {
            assert!(!local(origin, host), "{origin} {host:?}");
        }
    }
}
