//! Errors as the outside sees them: one table of codes, and the problem document that carries one (RFC 9457).
//!
//! A problem never holds the text of an internal error; it holds what the reader can do about it.

use serde::{Deserialize, Serialize};
use std::fmt;
use words::{Language, Text, text};

// The names are `tt` for the same reason as in `names!`.
macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $name:tt, $status:literal, $retryable:literal, $title:expr;)*) => {
        /// Why a request failed, as a machine reads it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl ErrorCode {
            /// Every code, for documentation and tests.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The code's stable name on the wire.
            pub const fn name(self) -> &'static str {
                match self { $(ErrorCode::$variant => $name,)* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(ErrorCode::$variant => $status,)* }
            }

            /// Whether the same request may succeed later.
            pub const fn retryable(self) -> bool {
                match self { $(ErrorCode::$variant => $retryable,)* }
            }

            /// A short summary that is the same for every occurrence.
            pub const fn title(self) -> Text {
                match self { $(ErrorCode::$variant => $title,)* }
            }
        }
    };
}

error_codes! {
    /// The request cannot be read: not JSON, an unknown field, a wrong type.
    InvalidRequest = "invalid_request", 400, false, text!("The request could not be read");
    /// No credentials, or none that are valid.
    Unauthenticated = "unauthenticated", 401, false, text!("Sign in first");
    /// Known, but not allowed to do this.
    Forbidden = "forbidden", 403, false, text!("You may not do this");
    /// There is no such thing, or it is not yours: the two are never told apart.
    NotFound = "not_found", 404, false, text!("There is nothing here");
    /// The address exists, but not with this method.
    MethodNotAllowed = "method_not_allowed", 405, false, text!("This address does not take that method");
    /// The thing is in a state that does not allow this.
    Conflict = "conflict", 409, false, text!("That does not go together with how things are");
    /// The body is larger than this address takes.
    TooLarge = "too_large", 413, false, text!("That is too large");
    /// The body is not of a type that this address reads.
    UnsupportedMediaType = "unsupported_media_type", 415, false, text!("This address does not read that kind of content");
    /// Some fields do not hold what they should; `errors` names them.
    Invalid = "invalid", 422, false, text!("Some fields need another look");
    /// A limit was reached; `Retry-After` says when to come back.
    RateLimited = "rate_limited", 429, true, text!("Too many attempts");
    /// A fault of the server's; the log has it under the request id.
    Internal = "internal", 500, true, text!("Something went wrong on our side");
    /// The database or a queue does not take work just now.
    Unavailable = "unavailable", 503, true, text!("Samtal is not answering just now");
    /// The work took longer than the server allows.
    Timeout = "timeout", 504, true, text!("That took too long");
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is wrong with one field, in words for the person who filled it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field's name in the form or body.
    pub field: String,
    /// What is wrong and what to do.
    pub message: Text,
}

/// The only error body on the wire: `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Always `about:blank`: the code says more than a link would.
    pub r#type: String,
    /// The code's title.
    pub title: Text,
    /// The HTTP status, repeated for readers who see only the body.
    pub status: u16,
    /// The code.
    pub code: ErrorCode,
    /// What happened this time and what to do about it.
    pub detail: Text,
    /// The request, as the log names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Field by field, when the code is `invalid`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Seconds after which another try makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem with the code's own title and a sentence of its own.
    pub fn new(code: ErrorCode, detail: Text) -> Self {
        Self {
            r#type: "about:blank".into(),
            title: code.title(),
            status: code.status(),
            code,
            detail,
            request_id: None,
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// The same answer for what is not there and for what belongs to somebody else.
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, text!("It may have been removed, or the address is not quite right."))
    }

    /// Some fields are wrong.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let mut problem =
            Self::new(ErrorCode::Invalid, text!("Nothing was changed. Correct the marked fields and send again."));
        problem.errors = errors;
        problem
    }

    /// The message for one field, if it has one.
    pub fn field(&self, name: &str) -> Option<&Text> {
        self.errors.iter().find(|e| e.field == name).map(|e| &e.message)
    }

    /// The same, said in a language for good: what leaves for who reads it there.
    pub fn said(mut self, language: Language) -> Self {
        let fields = self.errors.iter_mut().map(|error| &mut error.message);
        fields.chain([&mut self.title, &mut self.detail]).for_each(|text| text.said(language));
        self
    }
}

/// An error of a use case's, as the outside sees it. Implemented where the error is; read in one place
/// (`capabilities::problem`) for pages, REST and sockets.
pub trait Fault: fmt::Display {
    /// How it looks from outside: without a word of what is inside.
    fn problem(&self) -> Problem;
}

impl Fault for Problem {
    fn problem(&self) -> Problem {
        self.clone()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.title, self.detail)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_statuses_are_errors() {
        let mut names: Vec<_> = ErrorCode::ALL.iter().map(|c| c.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        assert!(ErrorCode::ALL.iter().all(|c| (400..600).contains(&c.status())));
    }

    #[test]
    fn the_wire_uses_the_names() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_string(code).ok(), Some(format!("\"{}\"", code.name())));
        }
    }
}
