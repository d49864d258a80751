//! Words of somebody's with the addresses in them as links.

use leptos::prelude::*;

/// A link. One kind for all of them: each costs the browser's part some hundred bytes.
pub fn anchor(class: &'static str, href: String, words: AnyView) -> AnyView {
    view! { <a class=class href=href>{words}</a> }.into_any()
}

/// The words, addresses (`http://`, `https://`) as links, which open elsewhere (`shell::as_made`). Whatever letters an address has; what ends a
/// sentence does not belong to it, nor does a bracket that opened before it.
pub fn linked(text: &str) -> AnyView {
    let (mut views, mut from, mut at) = (Vec::new(), 0, 0);
    let words = |from, to| text.get(from..to).unwrap_or_default().to_owned();
    while at < text.len() {
        let long = text.as_bytes().get(at..).map_or(0, address);
        if long > 0 {
            views.push(words(from, at).into_any());
            from = at + long;
            views.push(anchor("elsewhere", words(at, from), words(at, from).into_any()));
            at = from;
        } else {
            at += 1;
        }
    }
    views.push(words(from, at).into_any());
    views.into_any()
}

/// How many bytes at the beginning are an address.
fn address(text: &[u8]) -> usize {
    let begin = match text {
        [b'h', b't', b't', b'p', b':', b'/', b'/', ..] => 7,
        [b'h', b't', b't', b'p', b's', b':', b'/', b'/', ..] => 8,
        _ => return 0,
    };
    let (mut at, mut long, mut open, mut path) = (begin, 0, 0, false);
    // Bytes of other letters than those of ASCII are all above it.
    while let Some(rest @ [byte, ..]) = text.get(at..) {
        // Quotation marks, ends of sentences of other scripts, and what is not seen or turns text around.
        if let [0xE2, 0x80 | 0x81, ..] | [0xE3, 0x80, ..] | [0xEF, 0xBC, ..] | [0xC2, 0xAB | 0xBB, ..] = rest {
            break;
        }
        at += 1;
        match byte {
            0..=b' ' | b'"' | b'<' | b'>' => break,
            // A name before the host only makes one take it for another.
            b'@' if !path => return 0,
            b'/' => (path, long) = (true, at),
            b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b'*' => {}
            b'(' => open += 1,
            b')' if open == 0 => {}
            b')' => {
                open -= 1;
                long = at;
            }
            _ => long = at,
        }
    }
    long
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_ends_where_people_say_it_does() {
        for (text, found) in [
            ("https://example.org/a.", "https://example.org/a"),
            ("https://fjällhus.example/vägen?å=ö, please", "https://fjällhus.example/vägen?å=ö"),
            ("https://example.org/Lamp_(light)) and", "https://example.org/Lamp_(light)"),
            ("http://[::1]:3000/x", "http://[::1]:3000/x"),
            ("https://example.org/a\nb", "https://example.org/a"),
            ("https://example.org/<b>", "https://example.org/"),
            ("https://例え.jp/パス！", "https://例え.jp/パス"),
            ("«https://b.example»", ""),
            ("https://b.example» and", "https://b.example"),
            ("https://b.example/x”", "https://b.example/x"),
            ("https://shop.example/\u{202e}gpj", "https://shop.example/"),
            ("https://bank.example@evil.example/", ""),
            ("https://b.example/@name", "https://b.example/@name"),
            ("https://b.example?", "https://b.example"),
            ("https://...", ""),
            ("ftp://example.org", ""),
            ("", ""),
        ] {
            assert_eq!(&text[..address(text.as_bytes())], found, "{text}");
        }
    }
}
