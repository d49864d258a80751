//! How requests are refused, described once for all of them.

use model::Problem;
use utoipa::IntoResponses;

/// What any request may be answered with.
#[derive(IntoResponses)]
pub enum Refused {
    /// No key, or one that opens nothing
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(Problem),
    /// A key that may not do this: `GET /api/v1/me` says what it may
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// More requests than may be made; `Retry-After` says when the next may
    #[response(status = 429, content_type = "application/problem+json")]
    RateLimited(Problem),
    /// A fault of the server's, or more than it can take
    #[response(status = "default", content_type = "application/problem+json")]
    Other(Problem),
}

/// What a request that takes no key may be answered with.
#[derive(IntoResponses)]
pub enum RefusedOpen {
    /// More requests from an address than are worked on at once; `Retry-After` says when to ask again
    #[response(status = 429, content_type = "application/problem+json")]
    RateLimited(Problem),
    /// A fault of the server's, or more than it can take
    #[response(status = "default", content_type = "application/problem+json")]
    Other(Problem),
}

/// What a request with parameters may be answered with.
#[derive(IntoResponses)]
pub enum RefusedQuery {
    /// A parameter that cannot be read, or is not known
    #[response(status = 400, content_type = "application/problem+json")]
    Unreadable(Problem),
    /// A parameter that cannot be
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(Problem),
}

/// What a request with a body may be answered with.
#[derive(IntoResponses)]
pub enum RefusedBody {
    /// A body that cannot be read, or a field that is not known
    #[response(status = 400, content_type = "application/problem+json")]
    Unreadable(Problem),
    /// A body that is too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// A body of another kind
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(Problem),
    /// A field that cannot be
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(Problem),
}

/// What a request that is done once (`super::idempotency`) may be answered with. It stands after the others where
/// responses are listed: what comes later of a status counts.
#[derive(IntoResponses)]
pub enum RefusedOnce {
    /// A body that cannot be read, or a field that is not known; an `Idempotency-Key` that is none, or more than one
    #[response(status = 400, content_type = "application/problem+json")]
    Unreadable(Problem),
    /// The request of this `Idempotency-Key` is being worked on; `Retry-After` says when to ask again
    #[response(status = 409, content_type = "application/problem+json")]
    Running(Problem),
    /// A field that cannot be; an `Idempotency-Key` that another request had
    #[response(status = 422, content_type = "application/problem+json")]
    Other(Problem),
}

/// What any request of the operator's interface may be answered with.
#[derive(IntoResponses)]
pub enum RefusedOperator {
    /// No key, or one that opens nothing here
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(Problem),
    /// A key that was not made with what this takes
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// More requests than may be made, or too many keys from this address that opened nothing; `Retry-After` says when the next may
    #[response(status = 429, content_type = "application/problem+json")]
    RateLimited(Problem),
    /// A fault of the server's, or more than it can take
    #[response(status = "default", content_type = "application/problem+json")]
    Other(Problem),
}
