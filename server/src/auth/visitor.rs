//! Who asks, by the session cookie.

use crate::failure::Failure;
use crate::limits::places::early;
use crate::request::RequestInfo;
use crate::state::App;
use axum::{
    body::HttpBody as _,
    extract::{FromRequestParts, Request, State},
    http::{Method, request::Parts},
    middleware::Next,
    response::Response,
};
use model::Problem;
use std::convert::Infallible;
use store::sessions::hash;
use store::{Caller, scope};
use tower_sessions::Session;

/// Who asks, on routers that read the cookie: a caller, nobody, or what kept us from finding out.
#[derive(Debug, Clone)]
pub struct Visitor(pub Result<Option<Caller>, Problem>);

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    /// Taken out, since a clone would not have the transaction that is open already.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.remove().unwrap_or(Self(Ok(None))))
    }
}

/// Whether the first thing that is done with this request is to read rows of the tenant's: pages of the dashboard, and the front
/// page, which names it. Then the credential opens the first transaction. Not while a body is still to be received.
fn reads_at_once(request: &Request) -> bool {
    let path = request.uri().path();
    matches!(*request.method(), Method::GET | Method::HEAD)
        && (path == "/" || path.starts_with("/dashboard"))
        && request.body().is_end_stream()
}

/// Finds out who asks, once for each request.
pub async fn visitor(State(app): State<App>, session: Session, mut request: Request, next: Next) -> Response {
    let place = match early(&app.admission, request.extensions()) {
        Ok(place) => place,
        Err(refused) => return *refused,
    };
    let found = match (session.id(), request.extensions().get::<RequestInfo>()) {
        (Some(id), Some(info)) => {
            let lifetime = app.capabilities.sessions.lifetime();
            let (services, session) = (&app.capabilities.services, hash(id));
            // What a page asks by itself, or opens, keeps nobody signed in.
            let used = request.uri().path() != "/ws" && !request.headers().contains_key("x-unattended");
            let found = match (reads_at_once(&request), used) {
                (true, used) => scope::enter_by_session(services, &session, lifetime, info.id, used).await,
                (false, true) => scope::of_session(services, &session, lifetime, info.id).await,
                (false, false) => scope::of_quiet_session(services, &session, lifetime, info.id).await,
            };
            found.map(|caller| caller.map(|caller| caller.at(info.address))).map_err(|e| Failure::from(e).0)
        }
        _ => Ok(None),
    };
    drop(place);
    if let Ok(Some(caller)) = &found {
        tracing::Span::current().record("tenant_id", tracing::field::display(caller.scope().tenant()));
    }
    request.extensions_mut().insert(Visitor(found));
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn a_transaction_is_opened_for_who_reads_at_once_alone() -> Result<(), axum::http::Error> {
        let request = |method: &str, uri: &str, body: &'static str| {
            Request::builder().method(method).uri(uri).body(if body.is_empty() {
                Body::empty()
            } else {
                Body::from(body)
            })
        };
        for (method, uri, body, reads) in [
            ("GET", "/", "", true),
            ("GET", "/dashboard", "", true),
            ("HEAD", "/dashboard/knowledge?question=x", "", true),
            // Nobody waits for a body with a connection in his hand.
            ("GET", "/dashboard/knowledge", "x", false),
            ("POST", "/dashboard/api-keys", "", false),
            ("OPTIONS", "/dashboard", "", false),
            ("GET", "/ws", "", false),
            ("GET", "/login", "", false),
        ] {
            assert_eq!(reads_at_once(&request(method, uri, body)?), reads, "{method} {uri} {body}");
        }
        Ok(())
    }
}
