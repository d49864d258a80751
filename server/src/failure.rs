//! A request that failed. Handlers return [`Failure`]; `edge::dress` gives it the form that its reader expects.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::{ErrorCode, Fault, Problem};

/// A request that failed: what the outside sees. Whoever makes one has logged the cause.
#[derive(Debug)]
pub struct Failure(pub Problem);

impl Failure {
    /// The status that says so.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl<E: Fault> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(capabilities::problem(error))
    }
}

/// The problem in a response that is still to be dressed.
#[derive(Debug, Clone)]
pub struct Undressed(pub Problem);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Undressed(self.0));
        response
    }
}

/// A problem document.
pub fn document(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(problem)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if problem.code == ErrorCode::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Samtal\""));
    }
    response
}
