//! Server functions: what pages ask the server for. Called directly while the server renders, over `/rpc` from the
//! browser; the same function, the same transaction, the same answer.
//!
//! Each is three statements: who asks, one call of a capability, the error mapped. No SQL and no permission here.

pub mod conversations;
pub mod documents;
pub mod keys;
pub mod members;
pub mod session;

#[cfg(feature = "ssr")]
pub mod context;

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use model::{ErrorCode, Problem};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The error of every server function: the problem document that REST answers with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError(pub Problem);

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ApiError {}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let problem = match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Problem::new(ErrorCode::InvalidRequest, "The request does not have the form that this function reads.")
            }
            ServerFnErrorErr::Request(_) => Problem::new(
                ErrorCode::Unavailable,
                "The server cannot be reached. Check the connection and try again.",
            ),
            _ => Problem::new(ErrorCode::Internal, "Nothing was changed. Try again."),
        };
        #[cfg(feature = "ssr")]
        let problem = context::of_this_request(problem);
        Self(problem)
    }
}
