//! The address of a tool: what stands in it, and what is filled in.
//!
//! *Guarantees:* nothing is filled in before the path; what is filled in is one value of the path or the query, whatever is written in it, and
//! leads nowhere else: it ends no segment, is not empty in the path, and has no `..` there, also where an encoded stroke is read as one.

use serde_json::{Map, Value};

/// Most bytes of what is asked.
const MOST: usize = 4_000;

/// A part of an address.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    /// The name of what is filled in.
    Name(&'a str),
}

/// The parts of one; nothing, where braces do not go together, or stand before the path.
fn parts(address: &str) -> Option<Vec<Part<'_>>> {
    let at = address.find("://")? + 3;
    let path = at + address.get(at..)?.find(['/', '?'])?;
    if address.find(['{', '}']).is_some_and(|brace| brace < path) {
        return None;
    }
    let (mut parts, mut rest) = (Vec::new(), address);
    while let Some((text, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        if text.contains('}') || name.is_empty() {
            return None;
        }
        parts.extend([Part::Text(text), Part::Name(name)]);
        rest = after;
    }
    parts.push(Part::Text(rest));
    (!rest.contains('}')).then_some(parts)
}

/// The names in an address.
pub(super) fn names(address: &str) -> Option<Vec<&str>> {
    let names = parts(address)?.into_iter().filter_map(|part| match part {
        Part::Name(name) => Some(name),
        Part::Text(_) => None,
    });
    Some(names.collect())
}

/// The address with some value in the place of each name: whether it is one can be told by that.
pub(super) fn example(address: &str) -> Option<String> {
    let parts = parts(address)?.into_iter().map(|part| match part {
        Part::Text(text) => text,
        Part::Name(_) => "x",
    });
    Some(parts.collect())
}

/// The address with what is filled in, and the arguments that have no place there. `Err`: what is wrong with these, for the model that has written
/// them.
pub(super) fn filled(address: &str, arguments: &Map<String, Value>) -> Result<(String, Map<String, Value>), String> {
    let (mut whole, mut rest) = (String::new(), arguments.clone());
    for part in parts(address).unwrap_or_default() {
        match part {
            Part::Text(text) => whole.push_str(text),
            Part::Name(name) => {
                let value = written(arguments.get(name).unwrap_or(&Value::Null));
                if value.is_empty() && !whole.contains('?') {
                    return Err(format!("`{name}` is empty"));
                }
                whole.push_str(&encoded(&value));
                rest.remove(name);
            }
        }
    }
    let path = whole.split('?').next().unwrap_or_default().to_ascii_lowercase();
    // As browsers read it, an encoded point is one; and as many a proxy does, an encoded stroke as well, which then leads up and out of the place.
    let read = path.replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    if read.split('/').skip(3).any(|segment| segment == "." || segment == "..") {
        return Err("`.` and `..` are no values here".to_owned());
    }
    Ok((whole, rest)).and_then(bounded)
}

/// The same with arguments behind it that have no place in it.
pub(super) fn asked(mut address: String, arguments: &Map<String, Value>) -> Result<String, String> {
    for (name, value) in arguments {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(&encoded(name));
        address.push('=');
        address.push_str(&encoded(&written(value)));
    }
    bounded((address, ())).map(|(address, ())| address)
}

fn bounded<T>((address, rest): (String, T)) -> Result<(String, T), String> {
    if address.len() > MOST { Err("they are too long".to_owned()) } else { Ok((address, rest)) }
}

/// A value as it stands in an address.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Every byte but letters, digits and what means nothing anywhere (RFC 3986, section 2.3).
fn encoded(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            all.push(char::from(byte));
        } else {
            all.push_str(&format!("%{byte:02X}"));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fill(address: &str, arguments: Value) -> Result<String, String> {
        filled(address, arguments.as_object().unwrap()).and_then(|(address, rest)| asked(address, &rest))
    }

    #[test]
    fn names_stand_behind_the_host_alone() {
        assert_eq!(names("https://a.example/o/{order}?in={country}"), Some(vec!["order", "country"]));
        assert_eq!(example("https://a.example/o/{order}?in={c}").as_deref(), Some("https://a.example/o/x?in=x"));
        assert_eq!(names("https://a.example/"), Some(vec![]));
        for bad in [
            "https://{host}/a",
            "https://a.{host}.example/a",
            "{scheme}://a.example/",
            "https://a.example:{port}/a",
            "https://a.example",
            "https://a.example/{a",
            "https://a.example/a}",
            "https://a.example/{}",
            "https://a.example/{a}}",
            "nothing",
        ] {
            assert_eq!(names(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_filled_in_leads_nowhere_else() {
        const ORDER: &str = "https://a.example/o/{order}/lines?in={country}";
        for (order, there) in [
            ("7", "7"),
            ("a/b", "a%2Fb"),
            ("a..b/c", "a..b%2Fc"),
            ("7?all=1#x", "7%3Fall%3D1%23x"),
            ("å b&c", "%C3%A5%20b%26c"),
            ("%2e%2e", "%252e%252e"),
            ("@evil.example", "%40evil.example"),
            ("\r\nHost: x", "%0D%0AHost%3A%20x"),
            ("...", "..."),
        ] {
            let whole = fill(ORDER, json!({ "order": order, "country": "SE" }));
            assert_eq!(whole.as_deref(), Ok(format!("https://a.example/o/{there}/lines?in=SE").as_str()));
        }
        for bad in ["", ".", "..", "../admin", "..\\admin", "a/../../admin", "a/.", "./a"] {
            assert!(fill(ORDER, json!({ "order": bad, "country": "SE" })).is_err(), "{bad}");
        }
        assert!(fill("https://a.example/.{a}", json!({ "a": "." })).is_err(), "put together");
        assert!(fill("https://a.example/%2e{a}", json!({ "a": "." })).is_err(), "put together, encoded");
        assert!(fill(ORDER, json!({ "order": "x".repeat(MOST), "country": "" })).is_err());
        // What has no place goes behind it; in the query it may be empty.
        let whole = fill("https://a.example/o?q={q}", json!({ "q": "", "n": 3, "all": true, "s": "a b" }));
        assert_eq!(whole.as_deref(), Ok("https://a.example/o?q=&all=true&n=3&s=a%20b"));
        assert_eq!(fill("https://a.example/o", json!({ "n": 3 })).as_deref(), Ok("https://a.example/o?n=3"));
    }
}
