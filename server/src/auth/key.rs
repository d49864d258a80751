//! A program, by its API key: sent along, or having signed the request; or by a short-lived token of one.

use super::signature;
use crate::failure::Failure;
use crate::limits::api::Noted;
use crate::limits::places::early;
use crate::request::RequestInfo;
use crate::state::App;
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{header, request::Parts},
    middleware::Next,
    response::Response,
};
use identity::{Credential, Identity};
use model::{ErrorCode, Problem};
use store::Caller;
use words::{Text, text};

/// The caller of the REST interface: `Authorization: Bearer <key>` or a signature, never a cookie.
#[derive(Debug, Clone)]
pub struct ApiCaller(pub Caller);

/// The same, for a handler that does nothing before it reads: whose key it is and the first transaction are one round trip. A
/// clone has no transaction.
#[derive(Debug)]
pub struct ApiReader(pub Caller);

/// What is known of a request's key before its handler asks.
#[derive(Debug, Clone)]
struct Known(Result<ApiCaller, Problem>);

/// Learns who asks before the body is received: on addresses that take files. Who opens nothing is refused by the handler;
/// `edge::body` receives nothing of theirs.
pub async fn key_first(State(app): State<App>, request: Request, next: Next) -> Response {
    let place = match early(&app.admission, request.extensions()) {
        Ok(place) => place,
        Err(refused) => return *refused,
    };
    let (mut parts, body) = request.into_parts();
    let caller = known(&mut parts, &app).await;
    drop(place);
    if let Some(caller) = caller {
        parts.extensions.insert(ApiCaller(caller));
    }
    next.run(Request::from_parts(parts, body)).await
}

/// Learns who asks before the handler does, which is then told the same: it is looked at, and counted, once. `None` for who opens
/// nothing, or may not ask just now: the handler refuses them.
pub async fn known(parts: &mut Parts, app: &App) -> Option<Caller> {
    let found = ApiCaller::from_request_parts(parts, app).await;
    let caller = found.as_ref().ok().map(|ApiCaller(caller)| caller.clone());
    parts.extensions.insert(Known(found.map_err(|Failure(problem)| problem)));
    caller
}

impl FromRequestParts<App> for ApiCaller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        find(parts, app, false).await.map(Self)
    }
}

impl FromRequestParts<App> for ApiReader {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        find(parts, app, true).await.map(Self)
    }
}

/// Finds out whose key it is, once a request. Who only reads has the first transaction open already.
async fn find(parts: &Parts, app: &App, reads: bool) -> Result<Caller, Failure> {
    if let Some(Known(known)) = parts.extensions.get() {
        return known.clone().map(|ApiCaller(caller)| caller).map_err(Failure);
    }
    let identity = &app.capabilities.identity;
    let signed = signature::is_signed(&parts.headers).then(|| signature::read(parts, identity)).transpose()?;
    let credential = match &signed {
        Some(signed) => Credential::of_key(signed.mark),
        None => sent(parts, identity)?,
    };
    // Counted before the database is asked, so that who asks too often costs it nothing. Tokens have their key's share.
    let noted = parts.extensions.get::<Noted>().cloned().unwrap_or_default();
    app.rates.count_key(credential.mark, &noted)?;
    let request = parts.extensions.get::<RequestInfo>().map(|i| i.id);
    let request = request.unwrap_or_else(|| model::RequestId::from_uuid(app.capabilities.services.new_id()));
    let found = if reads && signed.is_none() {
        identity.enter_by(credential, request).await
    } else {
        identity.authenticate(credential, request).await
    };
    let unknown = || if signed.is_some() { signature::opens_nothing() } else { opens_nothing() };
    let mut caller = found?.ok_or_else(unknown)?;
    if let Some(info) = parts.extensions.get::<RequestInfo>() {
        caller = caller.at(info.address);
    }
    if let Some(signed) = &signed
        && !identity.use_nonce(&caller, signed.key, &signed.nonce).await?
    {
        return Err(signature::used().into());
    }
    // What somebody has sent again takes nothing of the company's share.
    let tenant = caller.scope().tenant();
    app.rates.count_tenant(tenant, &noted)?;
    tracing::Span::current().record("tenant_id", tracing::field::display(tenant));
    Ok(caller)
}

/// The key that was sent, or the token of one.
fn sent(parts: &Parts, identity: &Identity) -> Result<Credential, Problem> {
    let secret = bearer(
        parts,
        text!("Send an API key: `Authorization: Bearer smt_…`. Keys are made in the dashboard."),
        text!("The header Authorization must have the form `Bearer smt_…`."),
    )?;
    identity.credential(secret).ok_or_else(opens_nothing)
}

/// What was sent along as a key. What is said where there is none, and where it is no such header.
pub(super) fn bearer(parts: &Parts, missing: Text, malformed: Text) -> Result<&str, Problem> {
    let header = parts.headers.get(header::AUTHORIZATION).ok_or_else(|| refuse(missing))?;
    header
        .to_str()
        .ok()
        .and_then(|h| h.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim())
        .ok_or_else(|| refuse(malformed))
}

/// What is said of every key that opens nothing, whatever it would have opened.
pub(super) fn opens_nothing() -> Problem {
    tracing::warn!(target: "security", "a key that opens nothing");
    refuse(text!("This API key opens nothing. It may be mistyped, revoked or expired."))
}

fn refuse(detail: Text) -> Problem {
    Problem::new(ErrorCode::Unauthenticated, detail)
}
