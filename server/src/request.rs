//! A request, as everything that works on it knows it: its id, and whose address it came from.

use crate::failure::Failure;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use identity::Origin;
use model::{Problem, RequestId};
use shares::Network;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use words::Language;

/// A request.
#[derive(Debug, Clone, Copy)]
pub struct RequestInfo {
    /// Its id.
    pub id: RequestId,
    /// The client's address; a trusted proxy's word for it, where there is one.
    pub address: IpAddr,
    /// The languages that its browser asks for.
    pub languages: Asked,
}

/// In which language a browser is to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// What was chosen in it, or else what it asks for, of the languages that there are.
    pub asked: Option<Language>,
    /// What the last page spoke, where that was another one, because of whoever is signed in.
    spoken: Option<Language>,
}

impl Asked {
    /// What these headers ask for.
    pub fn of(headers: &HeaderMap) -> Self {
        let kept = |name| cookie(headers, name).and_then(Language::from_tag);
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
        let asked = kept(LANGUAGE_COOKIE).or_else(|| accepted.and_then(Language::accepted));
        Self { asked, spoken: kept(SPOKEN_COOKIE) }
    }

    /// What answers without a page of somebody's own speak.
    pub fn language(self) -> Language {
        self.spoken.or(self.asked).unwrap_or_default()
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

/// The name of the cookie that holds the chosen language.
pub const LANGUAGE_COOKIE: &str = "samtal_language";
/// The name of the one that holds what the last page spoke.
pub const SPOKEN_COOKIE: &str = "samtal_spoken";

impl RequestInfo {
    /// Whom the address belongs to, as limits count.
    pub fn network(self) -> Network {
        self.address.into()
    }

    /// As an attempt to sign in sees it.
    pub fn origin(self) -> Origin {
        Origin {
            address: self.address,
            request: self.id,
            language: self.languages.asked.filter(|one| Language::OFFERED.contains(one)),
        }
    }
}

/// The id in a path. What is none is answered like one that is unknown.
#[derive(Debug, Clone, Copy)]
pub struct PathId<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let text = Path::<String>::from_request_parts(parts, state).await.ok();
        let id = text.and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(|| Problem::not_found().into())
    }
}

/// The same of a path with two.
#[derive(Debug, Clone, Copy)]
pub struct PathIds<T, U>(pub T, pub U);

impl<T: FromStr, U: FromStr, S: Send + Sync> FromRequestParts<S> for PathIds<T, U> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let texts = Path::<(String, String)>::from_request_parts(parts, state).await.ok();
        let ids = texts.and_then(|Path((one, other))| Some(Self(one.parse().ok()?, other.parse().ok()?)));
        ids.ok_or_else(|| Problem::not_found().into())
    }
}

/// Whether the answer is for a program, which says so first of all: then it is JSON, whatever else the address gives.
#[derive(Debug, Clone, Copy)]
pub struct AsJson(pub bool);

impl AsJson {
    /// What these headers ask for.
    pub fn of(headers: &HeaderMap) -> Self {
        Self(headers.get(header::ACCEPT).is_some_and(|types| types.as_bytes().starts_with(b"application/json")))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AsJson {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
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

/// The client's address: the peer's, or what the last proxies that we trust say: the rightmost address that is not one of
/// theirs. What cannot be read ends the search, for whatever stands before it may be anybody's word.
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    // An IPv4 address that comes over IPv6 is the one that the settings name.
    let trusted: Vec<IpAddr> = trusted.iter().map(IpAddr::to_canonical).collect();
    let mut client = peer.to_canonical();
    let named = headers.get_all("x-forwarded-for").iter().rev();
    let mut named = named.flat_map(|v| v.to_str().unwrap_or("?").rsplit(',').collect::<Vec<_>>());
    while trusted.contains(&client) {
        match named.next().and_then(address) {
            Some(address) => client = address.to_canonical(),
            None => break,
        }
    }
    client
}

/// An address as proxies write it: with a port, in brackets, or plain.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    plain.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

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

    #[test]
    fn only_trusted_proxies_are_believed() -> Result<(), Box<dyn std::error::Error>> {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("9.9.9.9, 203.0.113.7, 10.0.0.2"));
        let (proxy, inner, other): (IpAddr, IpAddr, IpAddr) =
            ("10.0.0.1".parse()?, "10.0.0.2".parse()?, "198.51.100.1".parse()?);
        assert_eq!(client(other, &headers, &[proxy, inner]), other);
        assert_eq!(client(proxy, &headers, &[proxy, inner]), "203.0.113.7".parse::<IpAddr>()?);
        assert_eq!(client(proxy, &HeaderMap::new(), &[proxy]), proxy);
        let mapped = "::ffff:10.0.0.1".parse()?;
        assert_eq!(client(mapped, &headers, &[proxy, inner]), "203.0.113.7".parse::<IpAddr>()?);
        for (said, is) in [
            ("203.0.113.7:4711", "203.0.113.7"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("198.51.100.1, 203.0.113.7 , 10.0.0.2", "203.0.113.7"),
            // Whoever wrote what nobody can read may have written what stands before it.
            ("198.51.100.1, unknown", "10.0.0.1"),
            ("198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"),
            ("198.51.100.1, , 10.0.0.2", "10.0.0.2"),
            ("", "10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", HeaderValue::from_str(said)?);
            assert_eq!(client(proxy, &headers, &[proxy, inner]), is.parse::<IpAddr>()?, "{said}");
        }
        let mut twice = HeaderMap::new();
        twice.append("x-forwarded-for", HeaderValue::from_static("198.51.100.1"));
        twice.append("x-forwarded-for", HeaderValue::from_static("203.0.113.7, 10.0.0.2"));
        assert_eq!(client(proxy, &twice, &[proxy, inner]), "203.0.113.7".parse::<IpAddr>()?);
        Ok(())
    }
}
