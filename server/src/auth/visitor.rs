//! Who asks, by the session cookie.

use crate::failure::Failure;
use crate::limits::places::early;
use crate::request::RequestInfo;
use crate::state::App;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use model::Problem;
use store::sessions::hash;
use store::{Caller, scope};
use tower_sessions::Session;

/// Who asks, on routers that read the cookie: a caller, nobody, or what kept us from finding out.
#[derive(Debug, Clone)]
pub struct Visitor(pub Result<Option<Caller>, Problem>);

/// Finds out who asks, once for each request.
pub async fn visitor(State(app): State<App>, session: Session, mut request: Request, next: Next) -> Response {
    let place = match early(&app.admission, request.extensions()) {
        Ok(place) => place,
        Err(refused) => return *refused,
    };
    let found = match (session.id(), request.extensions().get::<RequestInfo>()) {
        (Some(id), Some(info)) => {
            let lifetime = app.capabilities.sessions.lifetime();
            scope::of_session(&app.capabilities.services, &hash(id), lifetime, info.id)
                .await
                .map_err(|e| Failure::from(e).0)
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
