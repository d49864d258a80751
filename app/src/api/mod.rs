//! Server functions: what pages ask the server for. Called directly while the server renders, over `/rpc` from the
//! browser; the same function, the same transaction, the same answer.
//!
//! Each is three statements: who asks, one call of a capability, the error mapped. No SQL and no permission here.

mod asked;
pub mod conversations;
pub mod documents;
pub mod keys;
pub mod members;
pub mod session;

#[cfg(feature = "ssr")]
pub mod context;

pub use asked::{Answer, Asked};
use leptos::serde_json;
use leptos::server_fn::Bytes;
use leptos::server_fn::codec::Post;

use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::{ContentType, Decodes, Encodes, Format, FormatType};
use model::{ErrorCode, Problem};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::fmt;

/// What server functions answer with: `#[server(output = Json)]`.
pub type Json = Post<JsonText>;

/// JSON, read as Leptos reads the values in a page: from text. Its own encoding reads from bytes, which would give the
/// browser a second reader of every type, a fifth of what a page weighs.
pub struct JsonText;

impl ContentType for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonText {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonText {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(output).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonText {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        // JSON that is no UTF-8 is no JSON: an empty text says so.
        serde_json::from_str(std::str::from_utf8(&bytes).unwrap_or_default())
    }
}

/// The error of every server function: the problem document that REST answers with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError(pub Problem);

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ApiError {}

/// The error of an answer that is no answer.
fn unreadable() -> ApiError {
    ApiError(Problem::new(ErrorCode::Internal, "Nothing was changed. Try again."))
}

impl FromServerFnError for ApiError {
    type Encoder = JsonText;

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
