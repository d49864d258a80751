//! What a browser keeps of earlier sign-ins: a cookie by which it is known, so that whoever fails elsewhere cannot keep its
//! owner out, and one by which it is not asked for a second factor for a while. Neither opens anything.

use crate::request::cookie;
use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use identity::Kept;

/// A cookie: its name, and how long it is kept, in days.
#[derive(Debug, Clone, Copy)]
pub struct Kind(&'static str, u32);

/// By which a browser is known.
pub const KNOWN: Kind = Kind("samtal_device", 180);
/// By which it is not asked for a second factor.
pub const TRUSTED: Kind = Kind("samtal_trusted", 30);

/// What a browser keeps on a way of some steps, sealed, in a cookie of this name. No neighbour of this host can set it (`__Host-`,
/// RFC 6265bis, section 4.1.3.2).
#[derive(Debug, Clone, Copy)]
pub struct OnTheWay {
    plain: &'static str,
    secure: &'static str,
}

/// To a provider and back.
pub const SIGN_ON: OnTheWay = OnTheWay { plain: "samtal_sign_on", secure: "__Host-samtal_sign_on" };
/// While a device is asked for a passkey, or makes one.
pub const PASSKEY: OnTheWay = OnTheWay { plain: "samtal_passkey", secure: "__Host-samtal_passkey" };

impl OnTheWay {
    const fn name(self, secure: bool) -> &'static str {
        if secure { self.secure } else { self.plain }
    }

    /// What the browser has kept.
    pub fn kept(self, headers: &HeaderMap, secure: bool) -> &str {
        cookie(headers, self.name(secure)).unwrap_or_default()
    }

    /// Has it keep that, or forget it.
    pub fn keep(self, response: &mut Response, value: Option<&str>, secure: bool) {
        let (name, age) = (self.name(secure), if value.is_some() { 900 } else { 0 });
        let (value, secure) = (value.unwrap_or_default(), if secure { "; Secure" } else { "" });
        let cookie = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}

/// What the browser keeps, if anything.
pub fn kept(headers: &HeaderMap) -> Kept<'_> {
    Kept { device: cookie(headers, KNOWN.0), trusted: cookie(headers, TRUSTED.0) }
}

/// Has the browser keep it, and send it with the forms of a sign-in alone.
pub fn remember(response: &mut Response, Kind(name, days): Kind, value: Option<String>, secure: bool) {
    let (secure, age) = (if secure { "; Secure" } else { "" }, days * 24 * 3600);
    let cookie = value.map(|v| format!("{name}={v}; Path=/login; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"));
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
