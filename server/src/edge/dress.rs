//! Every error in the dress that its reader expects: a page for a person, a problem document for a program.
//!
//! Handlers return `Failure`; layers (timeouts, limits, panics, the CSRF defence) and axum's own refusals answer in
//! plain text, and [`dress`] turns those into the same two forms. No text of an internal error passes.

use crate::failure::{Undressed, document};
use crate::pages::render::Render;
use crate::request::{AsJson, RequestInfo};
use crate::state::App;
use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use model::{ErrorCode, Problem};
use words::text;

/// Seconds after which a page that says "not just now" asks again by itself.
const RETRY_PAGE: &str = "15";

/// Dresses every error on its way out.
pub async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let info = request.extensions().get::<RequestInfo>().copied();
    let path = request.uri().path();
    let program = AsJson::of(request.headers()).0
        || ["/api/", "/ws", "/healthz", "/readyz", "/assets/"].iter().any(|p| path.starts_with(p));
    let (safe, inside) = (request.method().is_safe(), path.starts_with("/dashboard"));
    let render = (!program).then(|| Render::of(&app, request.headers()));
    let language = info.map(|info| info.languages.language()).unwrap_or_default();

    let mut response = next.run(request).await;
    let status = response.status();
    let dressed = response.headers().get(header::CONTENT_TYPE).is_some_and(|t| {
        [&b"text/html"[..], b"application/problem+json", b"application/json"]
            .iter()
            .any(|d| t.as_bytes().starts_with(d))
    });
    if !(status.is_client_error() || status.is_server_error()) || dressed {
        return response;
    }
    let mut problem = match response.extensions_mut().remove::<Undressed>() {
        Some(Undressed(problem)) => problem,
        None => of_status(status),
    };
    problem.request_id = info.map(|i| i.id.to_string());
    let allow = response.headers_mut().remove(header::ALLOW);
    let mut out = match render {
        None => document(&problem.said(language)),
        Some(render) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(status);
            let again = (safe && problem.code == ErrorCode::Unavailable).then_some(RETRY_PAGE);
            let retry_after = problem.retry_after;
            let home = inside && problem.code == ErrorCode::Forbidden;
            // A page that one may not see, whichever capability has said so.
            if home && safe {
                problem.title = text!("Your role does not include this page");
                problem.detail = text!("Ask an owner or admin of the workspace.");
            }
            let mut page = render.page(status, || app::site::error(problem, home));
            if let Some(seconds) = again {
                page.headers_mut().insert(header::REFRESH, HeaderValue::from_static(seconds));
            }
            if let Some(seconds) = retry_after {
                page.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            page
        }
    };
    if let Some(allow) = allow {
        out.headers_mut().insert(header::ALLOW, allow);
    }
    out
}

/// The problem of a bare status, as layers and axum answer with.
fn of_status(status: StatusCode) -> Problem {
    match status.as_u16() {
        401 => Problem::new(ErrorCode::Unauthenticated, text!("Sign in, or send an API key.")),
        403 => Problem::new(
            ErrorCode::Forbidden,
            text!("The request came from another site, so nothing was done. Go back, reload the page and try again."),
        ),
        404 => Problem::not_found(),
        405 => Problem::new(ErrorCode::MethodNotAllowed, text!("The header Allow names the methods that it takes.")),
        408 | 504 => Problem::new(ErrorCode::Timeout, text!("The server stopped working on it. Try again.")),
        413 => Problem::new(ErrorCode::TooLarge, text!("Nothing was changed. Send less at once.")),
        415 => Problem::new(ErrorCode::UnsupportedMediaType, text!("The header Content-Type names something else.")),
        422 => Problem::new(ErrorCode::Invalid, text!("Nothing was changed.")),
        429 => Problem::new(ErrorCode::RateLimited, text!("Wait a little and try again.")),
        503 => {
            let mut problem = Problem::new(
                ErrorCode::Unavailable,
                text!("There is more to do than the server can take. Try again in a few seconds."),
            );
            problem.retry_after = Some(2);
            problem
        }
        400..=499 => Problem::new(ErrorCode::InvalidRequest, text!("Nothing was changed.")),
        _ => Problem::new(
            ErrorCode::Internal,
            text!("Nothing more is known here; the log has it under the request's id."),
        ),
    }
}
