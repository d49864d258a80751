//! What the server gives to everything that it renders or runs, and how errors leave.

use super::ApiError;
use crate::ui::Assets;
use axum::http::{HeaderValue, StatusCode, header};
use capabilities::Capabilities;
use leptos::prelude::{expect_context, use_context};
use leptos_axum::ResponseOptions;
use model::{ErrorCode, Fault, Problem, RequestId};
use std::sync::Arc;
use store::Caller;

/// Everything that a render or a server function may use. Provided by the server for each request.
#[derive(Clone)]
pub struct PageContext {
    /// What Samtal can do.
    pub capabilities: Capabilities,
    /// Who asks: a caller, nobody, or a problem that kept us from finding out.
    pub visitor: Result<Option<Caller>, Problem>,
    /// The request, as the log names it.
    pub request: RequestId,
    /// Where the bundles are.
    pub assets: Arc<Assets>,
    /// Light, dark, or what the system says.
    pub theme: Theme,
    /// Where this installation is, as the outside sees it, without a slash at the end.
    pub address: String,
}

/// The look that the visitor chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// What the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The name in the cookie and the form.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of that name; the system's for any other.
    pub fn from_name(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// The context of this request.
pub fn page() -> PageContext {
    expect_context()
}

impl PageContext {
    /// The caller, who must be signed in.
    ///
    /// # Errors
    /// `unauthenticated`, or what kept us from finding out.
    pub fn caller(&self) -> Result<&Caller, ApiError> {
        match &self.visitor {
            Ok(Some(caller)) => Ok(caller),
            Ok(None) => {
                Err(self.fail(Problem::new(ErrorCode::Unauthenticated, "Your session has ended. Sign in again.")))
            }
            Err(problem) => Err(self.fail(problem.clone())),
        }
    }

    /// The id that a page sent; what is none is answered like one that is unknown.
    ///
    /// # Errors
    /// `not_found`.
    pub fn id<T: std::str::FromStr>(&self, text: &str) -> Result<T, ApiError> {
        text.parse().map_err(|_| self.fail(Problem::not_found()))
    }

    /// Passes a result on; an error becomes a problem with this request's id.
    ///
    /// # Errors
    /// The mapped one.
    pub fn respond<T, E: Fault>(&self, result: Result<T, E>) -> Result<T, ApiError> {
        result.map_err(|error| self.fail(capabilities::problem(error)))
    }

    fn fail(&self, mut problem: Problem) -> ApiError {
        problem.request_id = Some(self.request.to_string());
        set_status(problem.status);
        if let (Some(response), Some(seconds)) = (use_context::<ResponseOptions>(), problem.retry_after) {
            response.insert_header(header::RETRY_AFTER, seconds.into());
        }
        ApiError(problem)
    }
}

/// A problem of a server function that never ran, with this request's id and as this response's status.
pub(crate) fn of_this_request(problem: Problem) -> Problem {
    match use_context::<PageContext>() {
        Some(page) => page.fail(problem).0,
        None => problem,
    }
}

/// The status of the response that is being made; server functions would otherwise answer every error with 500.
pub(crate) fn set_status(status: u16) {
    if let (Some(response), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) {
        response.set_status(status);
    }
}

/// Tells the browser, before it has read the page, which files the chunk of a surface consists of.
pub(crate) fn preload(surface: &str, chunk: &str) {
    let (Some(response), Some(page)) = (use_context::<ResponseOptions>(), use_context::<PageContext>()) else { return };
    let files = page.assets.bundles.get(surface).and_then(|bundle| bundle.chunks.get(chunk));
    for file in files.into_iter().flatten() {
        let link = format!("<{file}>; rel=preload; as=fetch; type=\"application/wasm\"; crossorigin");
        if let Ok(value) = HeaderValue::from_str(&link) {
            response.append_header(header::LINK, value);
        }
    }
}

/// A path on this server: begins with one slash and holds nothing that could lead elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelativePath(String);

impl RelativePath {
    /// Takes a path; `None` for anything that a browser could read as another address.
    pub fn parse(path: &str) -> Option<Self> {
        let inside = path.starts_with('/') && !path.starts_with("//") && !path.starts_with("/\\");
        let plain = path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        (inside && plain && path.len() <= 512).then(|| Self(path.to_owned()))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Redirects the page that is being rendered. (Leptos's own function panics at a path that is no header value.)
pub fn redirect_to(path: &RelativePath) {
    if let (Some(response), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(path.as_str())) {
        response.set_status(StatusCode::SEE_OTHER);
        response.insert_header(header::LOCATION, value);
    }
}

#[cfg(test)]
mod tests {
    use super::RelativePath;

    #[test]
    fn only_paths_of_our_own() {
        assert!(RelativePath::parse("/dashboard/api-keys?x=1").is_some());
        for bad in [
            "",
            "dashboard",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nSet-Cookie: x",
            "/a b",
            "/å",
        ] {
            assert!(RelativePath::parse(bad).is_none(), "{bad:?}");
        }
    }
}
