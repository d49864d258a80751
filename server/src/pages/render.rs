//! Makes pages of what handlers have found.

use crate::failure::Failure;
use crate::request::{Asked, LANGUAGE_COOKIE, SPOKEN_COOKIE, cookie};
use crate::state::App;
use app::dashboard::Frame;
use app::shell::{Around, Page, Theme};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use model::permission::Permission;
use model::{ErrorCode, Problem};
use std::convert::Infallible;
use std::sync::Arc;
use store::Caller;
use words::{Language, text};

/// What responses without a page carry: nothing may be loaded, nothing may frame them.
pub const CLOSED_CSP: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Of the policy of a page, who may show it in theirs.
pub const NO_FRAMES: &str = "frame-ancestors 'none'";

/// The policy of a page: scripts by nonce, everything else from here.
fn page_csp(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; {OWN}; manifest-src 'self'; form-action 'self'; \
         base-uri 'none'; object-src 'none'; {NO_FRAMES}"
    )
}

/// Of the policy of a page, whom it may ask.
const OWN: &str = "connect-src 'self'";

/// Lets these sites, and no others, show a page in theirs.
pub fn let_frame(response: &mut Response, sites: &[String]) {
    if !sites.is_empty() {
        allow(response, NO_FRAMES, &format!("frame-ancestors {}", sites.join(" ")));
    }
}

/// Lets a page ask at these places besides.
pub fn let_ask(response: &mut Response, places: &[String]) {
    if !places.is_empty() {
        allow(response, OWN, &format!("{OWN} {}", places.join(" ")));
    }
}

/// Puts another rule into the policy of a page.
fn allow(response: &mut Response, rule: &str, instead: &str) {
    let policy = response.headers().get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let policy = policy.map(|policy| policy.replace(rule, instead));
    // What is no header stays with the policy that it has.
    if let Some(Ok(policy)) = policy.map(HeaderValue::try_from) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// The name of the cookie that holds the chosen look.
pub const THEME_COOKIE: &str = "samtal_theme";

/// Has the browser keep a language that was chosen, or forget it; what the last page spoke says nothing any more.
pub fn keep_language(response: &mut Response, language: Option<Language>, secure: bool) {
    keep(response, LANGUAGE_COOKIE, language.map(Language::tag), secure);
    keep(response, SPOKEN_COOKIE, None, secure);
}

/// Has the browser keep a choice, for a year, or forget it.
pub fn keep(response: &mut Response, name: &str, value: Option<&str>, secure: bool) {
    let (age, secure) = (if value.is_some() { 31_536_000 } else { 0 }, if secure { "; Secure" } else { "" });
    let value = value.unwrap_or_default();
    let cookie = format!("{name}={value}; Path=/; Max-Age={age}; SameSite=Lax; HttpOnly{secure}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Makes the page of this request.
#[derive(Debug, Clone)]
pub struct Render {
    app: App,
    theme: Theme,
    languages: Asked,
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
        let theme = cookie(headers, THEME_COOKIE).map_or(Theme::System, Theme::from_name);
        Self { app: app.clone(), theme, languages: Asked::of(headers) }
    }

    /// The language of pages for whoever is not signed in.
    pub fn language(&self) -> Language {
        self.languages.language()
    }

    /// A page.
    pub fn page(&self, status: StatusCode, make: impl FnOnce() -> Page) -> Response {
        self.page_in(self.languages.language(), status, make)
    }

    fn page_in(&self, language: Language, status: StatusCode, make: impl FnOnce() -> Page) -> Response {
        let nonce = format!("{:032x}", rand::random::<u128>());
        let csp = HeaderValue::from_str(&page_csp(&nonce));
        let around = Around { theme: self.theme, language, assets: Arc::clone(&self.app.assets), nonce };
        let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
        let mut response = (status, html, Page::render(&around, make)).into_response();
        // Hexadecimal digits are fit for a header.
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, csp.unwrap_or(HeaderValue::from_static(CLOSED_CSP)));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
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
        Ok(self.framed(status, &frame, make))
    }

    /// The same, where the frame is there. The browser keeps which language that was, if it asked for another one: what has no page of
    /// its own (a problem in an answer to code, an error) speaks it, too.
    pub fn framed(&self, status: StatusCode, frame: &Frame, make: impl FnOnce(&Frame) -> Page) -> Response {
        let mut response = self.page_in(frame.language, status, || make(frame));
        if self.languages.language() != frame.language {
            let other = self.languages.asked.unwrap_or_default() != frame.language;
            let secure = self.app.config.secure();
            keep(&mut response, SPOKEN_COOKIE, other.then(|| frame.language.tag()), secure);
        }
        response
    }

    /// What stands around such a page: for who shows something that must not be lost by a question after it.
    ///
    /// # Errors
    /// When the database does not say who that is.
    pub async fn frame(&self, caller: &Caller) -> Result<Frame, Failure> {
        let Some(session) = self.app.capabilities.identity.current_session(caller).await? else {
            return Err(
                Problem::new(ErrorCode::Unauthenticated, text!("Your session has ended. Sign in again.")).into()
            );
        };
        let conversations = &self.app.capabilities.conversations;
        let waiting = match caller.permissions().has(Permission::ReadConversations) {
            true => Some(conversations.waiting(caller).await?),
            false => None,
        };
        // All is read.
        caller.scope().let_go();
        let address = self.app.config.public_url.as_ref().map(ToString::to_string).unwrap_or_default();
        // One of those for trying pages stays, whatever was chosen.
        let asked = self.languages.asked;
        let trying = asked.filter(|asked| !Language::OFFERED.contains(asked));
        let language = trying.or(session.languages.spoken()).or(asked).unwrap_or_default();
        Ok(Frame { session, theme: self.theme, language, waiting, address })
    }
}
