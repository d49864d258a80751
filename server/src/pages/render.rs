//! Makes pages of what handlers have found.

use crate::auth::device;
use crate::failure::Failure;
use crate::state::App;
use app::dashboard::Frame;
use app::shell::{Around, Page, Theme};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use model::{ErrorCode, Problem};
use std::convert::Infallible;
use std::sync::Arc;
use store::Caller;

/// What responses without a page carry: nothing may be loaded, nothing may frame them.
pub const CLOSED_CSP: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The policy of a page: scripts by nonce, everything else from here.
fn page_csp(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; \
         base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )
}

/// The name of the cookie that holds the chosen look.
pub const THEME_COOKIE: &str = "samtal_theme";

/// Makes the page of this request.
#[derive(Debug, Clone)]
pub struct Render {
    app: App,
    theme: Theme,
}

impl FromRequestParts<App> for Render {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::of(app, &parts.headers))
    }
}

impl Render {
    /// For a request with these headers.
    pub fn of(app: &App, headers: &HeaderMap) -> Self {
        let theme = device::cookie(headers, THEME_COOKIE).map_or(Theme::System, Theme::from_name);
        Self { app: app.clone(), theme }
    }

    /// A page.
    pub fn page(&self, status: StatusCode, make: impl FnOnce() -> Page) -> Response {
        let nonce = format!("{:032x}", rand::random::<u128>());
        let csp = HeaderValue::from_str(&page_csp(&nonce));
        let around = Around { theme: self.theme, assets: Arc::clone(&self.app.assets), nonce };
        let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
        let mut response = (status, html, Page::render(&around, make)).into_response();
        // Hexadecimal digits are fit for a header.
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, csp.unwrap_or(HeaderValue::from_static(CLOSED_CSP)));
        response
    }

    /// The providers by whose word one signs in, as the ways in show them: name in addresses, and what people call it.
    pub fn ways(&self) -> Vec<(String, String)> {
        let all = self.app.capabilities.identity.providers();
        all.map(|(slug, title)| (slug.to_owned(), title.to_owned())).collect()
    }

    /// The same, and whether passkeys are another way.
    pub fn offered(&self) -> (Vec<(String, String)>, bool) {
        (self.ways(), self.app.capabilities.identity.passkeys_at().is_some())
    }

    /// A page of the dashboard, for who is signed in.
    ///
    /// # Errors
    /// When the database does not say who that is.
    pub async fn dashboard(
        &self,
        caller: &Caller,
        status: StatusCode,
        make: impl FnOnce(&Frame) -> Page,
    ) -> Result<Response, Failure> {
        let frame = self.frame(caller).await?;
        Ok(self.page(status, || make(&frame)))
    }

    /// What stands around such a page: for who shows something that must not be lost by a question after it.
    ///
    /// # Errors
    /// When the database does not say who that is.
    pub async fn frame(&self, caller: &Caller) -> Result<Frame, Failure> {
        let Some(session) = self.app.capabilities.identity.current_session(caller).await? else {
            return Err(Problem::new(ErrorCode::Unauthenticated, "Your session has ended. Sign in again.").into());
        };
        // All is read.
        caller.scope().let_go();
        let address = self.app.config.public_url.clone().unwrap_or_default();
        Ok(Frame { session, theme: self.theme, address })
    }
}
