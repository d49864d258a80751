//! Requests that are signed (HTTP Message Signatures, RFC 9421, with `hmac-sha256`), instead of carrying a key.
//!
//! The signature covers the method, the path, the query where there is one, and where there is a body its type and its digest (RFC
//! 9530), which `edge::body` compares with what comes. It names its key, the second and a nonce.

use axum::http::{HeaderMap, header, request::Parts};
use identity::{Identity, KeyMark};
use model::{ApiKeyId, ErrorCode, Problem};
use sfv::{BareItem, Dictionary, FieldType as _, InnerList, ListEntry, Parser};
use words::{Text, text};

/// The header of what is signed, and how.
const INPUT: &str = "signature-input";
/// The header of the signatures.
const SIGNATURE: &str = "signature";
/// The header of the body's digest.
pub const DIGEST: &str = "content-digest";
/// Most bytes of what is signed, and of a nonce.
const MOST: usize = 16_384;
const NONCE: std::ops::RangeInclusive<usize> = 8..=128;

/// A request whose signature is right. Whether its key still works, and whether it is the first one, is not known yet.
#[derive(Debug)]
pub struct Signed {
    /// The key.
    pub key: ApiKeyId,
    /// By what its row is found.
    pub mark: KeyMark,
    /// What is to be used once.
    pub nonce: String,
}

/// Whether a request is to be known by its signature: what is sent along is asked first, and others sign for others.
pub fn is_signed(headers: &HeaderMap) -> bool {
    headers.contains_key(INPUT) && !headers.contains_key(header::AUTHORIZATION)
}

fn refuse(detail: Text) -> Problem {
    Problem::new(ErrorCode::Unauthenticated, detail)
}

/// The signature of a request.
///
/// # Errors
/// What is wrong with it.
pub fn read(parts: &Parts, identity: &Identity) -> Result<Signed, Problem> {
    let unreadable = || {
        refuse(text!(
            "The signature cannot be read. Send one, in the headers Signature-Input and Signature of RFC 9421."
        ))
    };
    let input = dictionary(&parts.headers, INPUT).ok_or_else(unreadable)?;
    let signatures = dictionary(&parts.headers, SIGNATURE).ok_or_else(unreadable)?;
    // Others on the way may have signed it as well.
    let ours = input.iter().find_map(|(label, entry)| match entry {
        ListEntry::InnerList(covered) => Some((label, covered, key_of(covered)?)),
        ListEntry::Item(_) => None,
    });
    let (label, covered, key) = ours.ok_or_else(|| refuse(missing()))?;
    let Some(ListEntry::Item(signature)) = signatures.get(label) else { return Err(unreadable()) };
    let signature = signature.bare_item.as_byte_sequence().ok_or_else(unreadable)?;
    let words = |name: &str| covered.params.get(name).and_then(BareItem::as_string).map(|text| text.as_str());

    let names = covered.items.iter().map(|item| item.bare_item.as_string().filter(|_| item.params.is_empty()));
    let names: Vec<&str> = names.map(|name| Some(name?.as_str())).collect::<Option<_>>().ok_or_else(unreadable)?;
    let covers = |name: &str| names.contains(&name);
    let query = parts.uri.query().is_none() || covers("@query");
    // By another type the same bytes can be read as something else.
    let body = !parts.headers.contains_key(DIGEST)
        || (covers(DIGEST) && covers("content-type") && digest(&parts.headers).is_some());
    if !(covers("@method") && covers("@path") && query && body) {
        return Err(refuse(text!(
            "Sign \"@method\" and \"@path\", \"@query\" where there is one, and \"content-digest\", with sha-256, and \"content-type\" where there is a body."
        )));
    }
    if words("alg").is_some_and(|alg| alg != "hmac-sha256") {
        return Err(refuse(text!("Sign with hmac-sha256.")));
    }
    let nonce = words("nonce").filter(|nonce| NONCE.contains(&nonce.len()));
    let created = covered.params.get("created").and_then(BareItem::as_integer);
    let Some((nonce, created)) = nonce.zip(created) else { return Err(refuse(missing())) };
    let expires = covered.params.get("expires").map(|expires| expires.as_integer().map(i64::from));
    let open = expires.is_none_or(|expires| expires.is_some_and(|expires| identity.is_open(expires)));
    if !identity.is_recent(created.into()) || !open {
        return Err(refuse(text!(
            "This was signed more than five minutes ago, is over, or the clock of who signs it is wrong. Sign it anew."
        )));
    }
    let base = base(parts, covered, &names).ok_or_else(unreadable)?;
    let mark = identity.signed_by(key, base.as_bytes(), signature).ok_or_else(opens_nothing)?;
    Ok(Signed { key, mark, nonce: nonce.to_owned() })
}

/// The key of ours that a signature names.
fn key_of(covered: &InnerList) -> Option<ApiKeyId> {
    covered.params.get("keyid").and_then(BareItem::as_string)?.as_str().parse().ok()
}

fn missing() -> Text {
    text!(
        "Say the second (created), the id of the key (keyid), and something that you use once, of 8 to 128 characters (nonce)."
    )
}

/// What is said of a signature that is not right, and of one whose key does not work any more.
pub fn opens_nothing() -> Problem {
    refuse(text!(
        "This signature opens nothing. Its key may be unknown, revoked or expired, or something else was signed."
    ))
}

/// What is said of one that has been used.
pub fn used() -> Problem {
    refuse(text!("This signature has been used. Sign every request anew, with another nonce."))
}

fn dictionary(headers: &HeaderMap, name: &str) -> Option<Dictionary> {
    Parser::new(&combined(headers, name)?).parse().ok()
}

/// The values of a header as one (RFC 9421, section 2.1).
fn combined(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(name).iter().map(|value| value.to_str().ok().map(str::trim));
    let values = values.collect::<Option<Vec<_>>>().filter(|values| !values.is_empty())?;
    let all = values.join(", ");
    (all.len() <= MOST).then_some(all)
}

/// What is signed (RFC 9421, section 2.5).
fn base(parts: &Parts, covered: &InnerList, names: &[&str]) -> Option<String> {
    let mut base = String::new();
    for (at, name) in names.iter().enumerate() {
        // Each once (section 2).
        if names.iter().take(at).any(|before| before == name) {
            return None;
        }
        let value = match *name {
            "@method" => parts.method.as_str().to_owned(),
            "@path" => parts.uri.path().to_owned(),
            "@query" => format!("?{}", parts.uri.query().unwrap_or_default()),
            "@authority" => {
                let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
                host.or_else(|| parts.uri.authority().map(|authority| authority.as_str()))?.to_lowercase()
            }
            name if name.starts_with('@') || name.bytes().any(|byte| byte.is_ascii_uppercase()) => return None,
            name => combined(&parts.headers, name)?,
        };
        base.push_str(&format!("\"{name}\": {value}\n"));
    }
    let params = vec![ListEntry::InnerList(covered.clone())].serialize()?;
    base.push_str(&format!("\"@signature-params\": {params}"));
    Some(base)
}

/// The digest of a body, as its sender says it is: SHA-256. `None` where none of that kind is given, or it is no digest.
pub fn digest(headers: &HeaderMap) -> Option<Vec<u8>> {
    let digests = dictionary(headers, DIGEST)?;
    let Some(ListEntry::Item(digest)) = digests.get("sha-256") else { return None };
    digest.bare_item.as_byte_sequence().map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    /// RFC 9421, appendix B.2.5.
    #[test]
    fn what_is_signed_is_what_the_standard_says() {
        let request = Request::post("https://example.com/foo?param=Value&Pet=dog")
            .header("host", "example.com")
            .header("date", "Tue, 20 Apr 2021 02:07:55 GMT")
            .header("content-type", "application/json")
            .header(
                INPUT,
                r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#,
            )
            .body(())
            .unwrap();
        let (parts, ()) = request.into_parts();
        let input = dictionary(&parts.headers, INPUT).unwrap();
        let Some((_, ListEntry::InnerList(covered))) = input.first() else { panic!() };
        let base = base(&parts, covered, &["date", "@authority", "content-type"]).unwrap();
        assert_eq!(
            base,
            "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@authority\": example.com\n\"content-type\": application/json\n\
             \"@signature-params\": (\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\""
        );
    }

    /// RFC 9530, appendix B.1.
    #[test]
    fn a_digest_is_read() {
        let mut headers = HeaderMap::new();
        assert_eq!(digest(&headers), None);
        let value = "sha-512=:AAA=:, sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
        headers.insert(DIGEST, value.parse().unwrap());
        assert_eq!(digest(&headers).map(|digest| digest.len()), Some(32));
        headers.insert(DIGEST, "sha-256=X48E9".parse().unwrap());
        assert_eq!(digest(&headers), None);
    }
}
