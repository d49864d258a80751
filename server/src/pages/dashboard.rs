//! Pages of the dashboard, and its forms for browsers in which WASM has not arrived.

use crate::auth::{Member, Visitor};
use crate::failure::{Failure, document};
use crate::pages::render::render_with;
use crate::request::{PathId, RequestInfo};
use crate::rest::documents::read_form;
use crate::state::App;
use app::dashboard::{api_keys, knowledge::Outcome};
use app::shell::dashboard;
use axum::{
    Extension, Form, Json,
    body::Body,
    extract::multipart::{Multipart, MultipartRejection},
    extract::{Request, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use knowledge::KnowledgeError;
use model::{ApiKeyId, DocumentId, ErrorCode, Fault as _};
use serde::Deserialize;

/// A page, for who is signed in; others go to the sign-in page and come back.
///
/// # Errors
/// A page, when nobody can tell who asks.
pub async fn page(
    State(app): State<App>,
    Extension(Visitor(visitor)): Extension<Visitor>,
    request: Request,
) -> Result<Response, Failure> {
    match visitor {
        Ok(Some(_)) => Ok(render_with(&app, request, StatusCode::OK, (), dashboard).await),
        Ok(None) => {
            let path = request.uri().path();
            // One value of the query, whatever stands in it.
            let next = path.replace('%', "%25").replace('&', "%26").replace('+', "%2B");
            let to = if path == "/dashboard" { "/login".to_owned() } else { format!("/login?next={next}") };
            Ok(Redirect::to(&to).into_response())
        }
        Err(problem) => Err(Failure(problem)),
    }
}

/// The form for a new key.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct NewKey {
    name: String,
}

/// Makes a key and shows its secret, this once.
///
/// # Errors
/// A page, when nobody is signed in or the fault is ours.
pub async fn create_key(
    State(app): State<App>,
    Member(caller): Member,
    Extension(info): Extension<RequestInfo>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    form: Result<Form<NewKey>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(NewKey { name }) = form.map_err(super::sign_in::unreadable)?;
    let (status, outcome) = match app.capabilities.identity.create_api_key(&caller, &name).await {
        Ok(key) => (StatusCode::OK, api_keys::Outcome::Created(key)),
        Err(error) => {
            let Failure(problem) = Failure::from(error);
            if !matches!(problem.code, ErrorCode::Invalid | ErrorCode::Conflict) {
                return Err(Failure(problem));
            }
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            (status, api_keys::Outcome::Refused { problem, name })
        }
    };
    let request = again("/dashboard/api-keys", headers, info, visitor);
    Ok(render_with(&app, request, status, outcome, dashboard).await)
}

/// Stops a key for good.
///
/// # Errors
/// A page, when nobody is signed in, there is no such key, or the fault is ours.
pub async fn revoke_key(
    State(app): State<App>,
    Member(caller): Member,
    PathId(key): PathId<ApiKeyId>,
) -> Result<Response, Failure> {
    app.capabilities.identity.revoke_api_key(&caller, key).await?;
    Ok(Redirect::to("/dashboard/api-keys").into_response())
}

/// Most files of one form.
const MOST_FILES: usize = 20;

/// Keeps the files that a form brings: all that can be read, also when others cannot. A browser with WASM sends one file
/// at a time, says that it reads JSON, and gets the document or the problem.
///
/// # Errors
/// A page, when nobody is signed in or the form cannot be read.
pub async fn upload(
    State(app): State<App>,
    Member(caller): Member,
    Extension(info): Extension<RequestInfo>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Failure> {
    let json = headers.get(header::ACCEPT).is_some_and(|types| types.as_bytes().starts_with(b"application/json"));
    let mut outcome = Outcome::default();
    let kept = async {
        let mut kept = Vec::new();
        for new in read_form(form, MOST_FILES).await? {
            let name = new.file_name.clone();
            match app.capabilities.knowledge.upload(&caller, new).await {
                Ok(document) => kept.push(document),
                Err(
                    error @ (KnowledgeError::Invalid { .. }
                    | KnowledgeError::TooManyDocuments(_)
                    | KnowledgeError::TooMuchText(_)),
                ) if !json => {
                    let problem = error.problem();
                    let why = problem.field("file").unwrap_or(&problem.detail).to_owned();
                    outcome.refused.push((name, why));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok::<_, Failure>(kept)
    };
    match kept.await {
        Ok(kept) if json => Ok((StatusCode::ACCEPTED, Json(kept)).into_response()),
        Err(Failure(mut problem)) if json => {
            problem.request_id = Some(info.id.to_string());
            Ok(document(&problem))
        }
        Err(failure) => Err(failure),
        Ok(_) if outcome.refused.is_empty() => Ok(Redirect::to("/dashboard/knowledge").into_response()),
        Ok(_) => {
            let request = again("/dashboard/knowledge", headers, info, visitor);
            Ok(render_with(&app, request, StatusCode::UNPROCESSABLE_ENTITY, outcome, dashboard).await)
        }
    }
}

/// Forgets a document.
///
/// # Errors
/// A page, when nobody is signed in, there is no such document, or the fault is ours.
pub async fn delete_document(
    State(app): State<App>,
    Member(caller): Member,
    PathId(document): PathId<DocumentId>,
) -> Result<Response, Failure> {
    app.capabilities.knowledge.delete_document(&caller, document).await?;
    Ok(Redirect::to("/dashboard/knowledge").into_response())
}

/// Reads a document again.
///
/// # Errors
/// As [`delete_document`].
pub async fn reindex_document(
    State(app): State<App>,
    Member(caller): Member,
    PathId(document): PathId<DocumentId>,
) -> Result<Response, Failure> {
    app.capabilities.knowledge.reindex_document(&caller, document).await?;
    Ok(Redirect::to("/dashboard/knowledge").into_response())
}

/// A request for the page that a form was on.
pub(super) fn again(path: &str, headers: HeaderMap, info: RequestInfo, visitor: Visitor) -> Request {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse().unwrap_or_default();
    *request.headers_mut() = headers;
    request.extensions_mut().insert(info);
    request.extensions_mut().insert(visitor);
    request
}
