//! What a part of a form says of itself: its name, and that of the file in it (`Content-Disposition`, RFC 7578, section 4.2).
//!
//! Browsers write the name of a file in UTF-8, some programs in Latin-1, and others as RFC 8187 has it (`filename*`), beside
//! `filename` or alone. It is read as it was meant, or not at all: never with other letters.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

const HEADER: HeaderName = header::CONTENT_DISPOSITION; // lint:allow(file-name-header) it is read here, not written

/// The names; empty where there are none.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Disposition {
    /// Of the field.
    pub name: String,
    /// Of the file, as its sender has it: it may be a path.
    pub file_name: String,
}

impl Disposition {
    /// What the headers of a part say.
    pub fn of(headers: &HeaderMap) -> Self {
        let header = headers.get(HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
        let (mut name, mut file_name, mut extended) = (None, None, None);
        for (parameter, value) in pieces(header).filter_map(parameter) {
            match parameter.as_slice() {
                b"name" if name.is_none() => name = Some(plain(value)),
                b"filename" if file_name.is_none() => file_name = Some(plain(value)),
                b"filename*" if extended.is_none() => extended = encoded(&value),
                _ => {}
            }
        }
        // Whoever writes both means the extended one, wherever it stands (RFC 6266, section 4.3).
        Self { name: name.unwrap_or_default(), file_name: extended.or(file_name).unwrap_or_default() }
    }
}

/// What stands between semicolons, but for those in quotes.
fn pieces(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    header.split(move |byte| {
        let after_backslash = std::mem::take(&mut escaped);
        match byte {
            b'"' if !after_backslash => quoted = !quoted,
            b'\\' => escaped = quoted && !after_backslash,
            _ => {}
        }
        *byte == b';' && !quoted
    })
}

/// The name of a parameter, in lower case, and its value.
fn parameter(piece: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut halves = piece.splitn(2, |byte| *byte == b'=');
    let (name, value) = (halves.next()?.trim_ascii(), halves.next()?.trim_ascii());
    let value = match value.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")) {
        Some(inner) => unescaped(inner),
        None => value.to_vec(),
    };
    Some((name.to_ascii_lowercase(), value))
}

/// Without the backslashes before quotes and backslashes. Others stay: they are of a path.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let (mut plain, mut bytes) = (Vec::with_capacity(text.len()), text.iter().copied().peekable());
    while let Some(byte) = bytes.next() {
        let escaped = bytes.next_if(|next| byte == b'\\' && matches!(*next, b'"' | b'\\'));
        plain.push(escaped.unwrap_or(byte));
    }
    plain
}

/// UTF-8, or else Latin-1 (ISO 8859-1), in which each byte is a character.
fn plain(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| latin(error.into_bytes()))
}

fn latin(bytes: Vec<u8>) -> String {
    bytes.into_iter().map(char::from).collect()
}

/// A value with its charset and language before it: `UTF-8'sv'r%C3%A4tt.md` (RFC 8187, section 3.2). `None` where it is damaged,
/// or in a charset that is neither UTF-8 nor Latin-1.
fn encoded(value: &[u8]) -> Option<String> {
    let (charset, rest) = std::str::from_utf8(value).ok()?.split_once('\'')?;
    let (_, coded) = rest.split_once('\'')?;
    let mut bytes = Vec::with_capacity(coded.len());
    let mut left = coded.bytes();
    while let Some(byte) = left.next() {
        bytes.push(if byte == b'%' { digit(left.next()?)? * 16 + digit(left.next()?)? } else { byte });
    }
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" => String::from_utf8(bytes).ok(),
        "iso-8859-1" => Some(latin(bytes)),
        _ => None,
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &[u8]) -> (String, String) {
        let value = HeaderValue::from_bytes(header).unwrap();
        let Disposition { name, file_name } = Disposition::of(&HeaderMap::from_iter([(HEADER, value)]));
        (name, file_name)
    }

    #[test]
    fn names_are_read_as_they_were_meant() {
        for (header, file_name) in [
            (&b"form-data; name=\"file\"; filename=\"a.md\""[..], "a.md"),
            (b"form-data; name=file; filename=a.md", "a.md"),
            (b"Form-Data;Name = \"file\" ;FILENAME = \"a b.md\" ", "a b.md"),
            (b"form-data; filename=\"a.md\"; name=\"file\"", "a.md"),
            ("form-data; name=\"file\"; filename=\"rätt.md\"".as_bytes(), "rätt.md"),
            (b"form-data; name=\"file\"; filename=\"r\xE4tt.md\"", "rätt.md"),
            // Before and after, and alone.
            (b"form-data; name=\"file\"; filename*=UTF-8''r%C3%A4tt.md; filename=\"ratt.md\"", "rätt.md"),
            (b"form-data; name=\"file\"; filename=\"ratt.md\"; filename*=utf-8'sv'r%c3%a4tt.md", "rätt.md"),
            (b"form-data; filename*=UTF-8''%E2%82%AC%20rates.md; name=\"file\"", "€ rates.md"),
            (b"form-data; name=\"file\"; filename*=\"UTF-8''r%C3%A4tt.md\"", "rätt.md"),
            (b"form-data; name=\"file\"; filename*=iso-8859-1''r%E4tt.md", "rätt.md"),
            // What cannot be read is as if it were not there.
            (b"form-data; name=\"file\"; filename*=UTF-8''r%E4tt.md; filename=\"ratt.md\"", "ratt.md"),
            (b"form-data; name=\"file\"; filename*=UTF-8''r%C3%A; filename=\"ratt.md\"", "ratt.md"),
            (b"form-data; name=\"file\"; filename*=koi8-r''a.md; filename=\"ratt.md\"", "ratt.md"),
            (b"form-data; name=\"file\"; filename*=a.md; filename=\"ratt.md\"", "ratt.md"),
            (b"form-data; name=\"file\"; filename*0=\"a\"; filename*1=\".md\"", ""),
            (b"form-data; name=\"file\"", ""),
            // What is in quotes is no parameter.
            (b"form-data; name=\"file\"; filename=\"a; name=b; filename=c.md\"", "a; name=b; filename=c.md"),
            (b"form-data; filename=\"a name=b.md\"; name=\"file\"", "a name=b.md"),
            (b"form-data; name=\"file\"; filename=\"a\\\"; name=\\\"b.md\"", "a\"; name=\"b.md"),
            // Paths of Windows, as they are and escaped.
            (b"form-data; name=\"file\"; filename=\"C:\\docs\\a.md\"", "C:\\docs\\a.md"),
            (b"form-data; name=\"file\"; filename=\"C:\\\\docs\\\\a.md\"", "C:\\docs\\a.md"),
            (b"form-data; name=\"file\"; filename=\"a.md\"; filename=\"b.md\"", "a.md"),
        ] {
            assert_eq!(of(header), ("file".to_owned(), file_name.to_owned()), "{}", header.escape_ascii());
        }
        for header in [&b""[..], b"form-data", b"form-data; name", b";;=;", b"form-data; filename"] {
            assert_eq!(of(header), (String::new(), String::new()), "{}", header.escape_ascii());
        }
    }
}
