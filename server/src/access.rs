//! From a cookie or a key to who asks. The only place that reads either.

use crate::boot::App;
use crate::errors::Failure;
use crate::telemetry::RequestInfo;
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{header, request::Parts},
    middleware::Next,
    response::Response,
};
use model::{ErrorCode, Problem};
use store::sessions::{SignedIn, hash, key};
use store::{Actor, Caller, scope};
use tower_sessions::Session;

/// Who asks, on routers that read the cookie: a caller, nobody, or what kept us from finding out.
#[derive(Debug, Clone)]
pub struct Visitor(pub Result<Option<Caller>, Problem>);

/// Finds out who asks, once for each request.
pub async fn visitor(State(app): State<App>, session: Session, mut request: Request, next: Next) -> Response {
    let found = match (session.id(), request.extensions().get::<RequestInfo>()) {
        (Some(id), Some(info)) => {
            let lifetime = app.sessions().lifetime();
            scope::of_session(app.services(), &hash(id), lifetime, info.id).await.map_err(|e| Failure::from(e).0)
        }
        _ => Ok(None),
    };
    if let Ok(Some(caller)) = &found {
        tracing::Span::current().record("tenant_id", tracing::field::display(caller.scope().tenant()));
    }
    request.extensions_mut().insert(Visitor(found));
    next.run(request).await
}

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

/// The visitor of a form handler in the dashboard, who must be signed in as a person.
#[derive(Debug)]
pub struct Member(pub Caller);

impl FromRequestParts<App> for Member {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        match parts.extensions.get::<Visitor>() {
            Some(Visitor(Ok(Some(caller)))) if matches!(caller.actor(), Actor::Member { .. }) => {
                Ok(Self(caller.clone()))
            }
            Some(Visitor(Err(problem))) => Err(Failure(problem.clone())),
            _ => Err(Failure(Problem::new(
                ErrorCode::Unauthenticated,
                "Your session has ended. Sign in again; nothing was changed.",
            ))),
        }
    }
}

/// The caller of the REST interface: `Authorization: Bearer <key>`, never a cookie.
#[derive(Debug)]
pub struct ApiCaller(pub Caller);

impl FromRequestParts<App> for ApiCaller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let refuse = |detail: &str| Failure(Problem::new(ErrorCode::Unauthenticated, detail));
        let header = parts
            .headers
            .get(header::AUTHORIZATION)
            .ok_or_else(|| refuse("Send an API key: `Authorization: Bearer smt_…`. Keys are made in the dashboard."))?;
        let secret = header
            .to_str()
            .ok()
            .and_then(|h| h.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, secret)| secret.trim())
            .ok_or_else(|| refuse("The header Authorization must have the form `Bearer smt_…`."))?;
        let request = parts.extensions.get::<RequestInfo>().map(|i| i.id);
        let request = request.unwrap_or_else(|| model::RequestId::from_uuid(app.services().new_id()));
        let caller = app.identity().authenticate_key(secret, request).await.map_err(Failure::from)?;
        let caller =
            caller.ok_or_else(|| refuse("This API key opens nothing. It may be mistyped, revoked or expired."))?;
        tracing::Span::current().record("tenant_id", tracing::field::display(caller.scope().tenant()));
        Ok(Self(caller))
    }
}
