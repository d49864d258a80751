//! A request over HTTP/1.1 says once for which host it is (RFC 9112, section 3.2): one that does not, or says it twice, is read differently by
//! whatever stands in front.

use crate::failure::Failure;
use axum::{
    extract::Request,
    http::{Version, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use model::{ErrorCode, Problem};
use words::text;

/// Refuses a request over HTTP/1.1 without a `Host`, or with several.
pub async fn once(request: Request, next: Next) -> Response {
    let named = request.headers().get_all(header::HOST).iter().count();
    if request.version() == Version::HTTP_11 && named != 1 {
        let detail = text!("A request names its host once, in the header Host.");
        return Failure(Problem::new(ErrorCode::InvalidRequest, detail)).into_response();
    }
    next.run(request).await
}
