//! The cookie by which a browser is known on which somebody has signed in before: it opens nothing. Whoever fails elsewhere
//! cannot keep its owner out.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

/// Its name.
const NAME: &str = "samtal_device";
/// How long it is kept, in seconds: half a year.
const KEPT: u32 = 180 * 24 * 3600;

/// What the browser keeps, if anything.
pub fn known(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, NAME)
}

/// Has the browser keep it, and send it with the sign-in form alone.
pub fn remember(response: &mut Response, device: Option<String>, secure: bool) {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = device.map(|d| format!("{NAME}={d}; Path=/login; Max-Age={KEPT}; HttpOnly; SameSite=Lax{secure}"));
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The value of a cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(named, _)| *named == name)
        .map(|(_, value)| value)
}
