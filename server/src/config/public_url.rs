//! How browsers reach the server: read once, and the same text everywhere after that.

use serde::Deserialize;
use std::fmt;
use std::str::FromStr;
use url::Url;

/// Scheme, name and port, as browsers write an origin: `https://talk.example`, without a port that goes without saying.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicUrl(String);

/// Why an address will not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "SAMTAL_PUBLIC_URL must be http:// or https://, a name, and a port if need be, like https://talk.example: nothing behind it"
)]
pub struct NoPublicUrl;

impl PublicUrl {
    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is https.
    pub fn secure(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// The scheme.
    pub fn scheme(&self) -> &'static str {
        if self.secure() { "https" } else { "http" }
    }
}

impl FromStr for PublicUrl {
    type Err = NoPublicUrl;

    fn from_str(text: &str) -> Result<Self, NoPublicUrl> {
        let url = Url::parse(text).map_err(|_| NoPublicUrl)?;
        let bare = url.username().is_empty()
            && url.password().is_none()
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none();
        if !bare || !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(NoPublicUrl);
        }
        Ok(Self(url.origin().ascii_serialization()))
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = NoPublicUrl;

    fn try_from(text: String) -> Result<Self, NoPublicUrl> {
        text.parse()
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::PublicUrl;

    #[test]
    fn one_address_has_one_form() {
        let read = |text: &str| text.parse::<PublicUrl>().map(|url| url.as_str().to_owned()).ok();
        for (text, origin) in [
            ("https://talk.example", "https://talk.example"),
            ("https://Talk.Example:443/", "https://talk.example"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://[::1]:80", "http://[::1]"),
            ("https://fjällhus.example", "https://xn--fjllhus-6wa.example"),
        ] {
            assert_eq!(read(text).as_deref(), Some(origin), "{text}");
        }
        for text in [
            "",
            "talk.example",
            "https://",
            "ftp://x",
            "https://x/samtal",
            "https://x?a",
            "https://x#a",
            "https://a@x",
            "https://a:b@x",
            "null",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
