//! Words of somebody's with the addresses in them as links.

use leptos::prelude::*;

/// The words, addresses (`http://`, `https://`) as links. Whatever letters an address has; what ends a sentence does not belong to it, nor does a
/// bracket that opened before it.
pub fn linked(text: &str) -> AnyView {
    let (mut views, mut from, mut at) = (Vec::new(), 0, 0);
    while at < text.len() {
        let end = at + address(&text.as_bytes()[at..]);
        if end > at {
            let href = &text[at..end];
            views.push(text[from..at].to_owned().into_any());
            views.push(
                view! { <a href=href.to_owned() target="_blank" rel="noopener noreferrer">{href.to_owned()}</a> }
                    .into_any(),
            );
            from = end;
        }
        at = end.max(at + 1);
    }
    views.push(text[from..].to_owned().into_any());
    views.into_any()
}

/// How many bytes at the beginning are an address.
fn address(text: &[u8]) -> usize {
    let begin = if text.starts_with(b"https://") {
        8
    } else if text.starts_with(b"http://") {
        7
    } else {
        return 0;
    };
    let mut end = begin;
    let mut open = 0;
    // Bytes of other letters than those of ASCII are all above it.
    while let Some(byte) = text.get(end).filter(|byte| !byte.is_ascii_whitespace() && !b"<>\"".contains(byte)) {
        open += match byte {
            b'(' | b'[' => 1,
            b')' | b']' => -1,
            _ => 0,
        };
        end += 1;
    }
    while end > begin {
        match text.get(end - 1) {
            Some(b')' | b']') if open < 0 => open += 1,
            Some(byte) if b".,;:!?'*_".contains(byte) => {}
            _ => break,
        }
        end -= 1;
    }
    if end > begin { end } else { 0 }
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
            ("https://例え.jp/パス！", "https://例え.jp/パス！"),
            ("https://...", ""),
            ("ftp://example.org", ""),
            ("", ""),
        ] {
            assert_eq!(&text[..address(text.as_bytes())], found, "{text}");
        }
    }
}
