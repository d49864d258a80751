//! Splits a source into code, comments and strings, so that a rule looks only where it means something.
//!
//! A mask has the length and the lines of the source: what does not belong to the layer is blank, so a position in the
//! mask is a position in the file. It is a lexer of strings and comments, not a parser; macros' tokens count as code.

/// What part of a source a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// The file as it is.
    All,
    /// Without comments.
    NoComments,
    /// Without comments and without what stands in strings.
    Code,
    /// Only what stands in strings, with their quotes.
    Strings,
}

/// A source and its masks.
#[derive(Debug)]
pub struct Source {
    text: String,
    no_comments: String,
    code: String,
    strings: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    Quote,
    Str,
    /// An escape that means white space, so blank in every mask.
    Space,
}

impl Source {
    /// Chooses by the end of the file's name; text without a known form is all code and all strings.
    pub fn new(path: &str, text: String) -> Self {
        let parts = match path.rsplit_once('.').map(|(_, e)| e) {
            Some("rs") => rust(&text),
            Some("sql") => sql(&text),
            _ => {
                return Source { no_comments: text.clone(), code: text.clone(), strings: text.clone(), text };
            }
        };
        // SQL is one language, whatever stands in its quotes: dynamic statements do.
        let whole = path.ends_with(".sql");
        let mask = |keep: &dyn Fn(Part) -> bool| blank(&text, &parts, keep);
        Source {
            no_comments: mask(&|p| p != Part::Comment),
            code: mask(&|p| p == Part::Code || p == Part::Quote),
            strings: mask(&|p| p == Part::Str || p == Part::Quote || (whole && p == Part::Code)),
            text,
        }
    }

    pub fn layer(&self, layer: Layer) -> &str {
        match layer {
            Layer::All => &self.text,
            Layer::NoComments => &self.no_comments,
            Layer::Code => &self.code,
            Layer::Strings => &self.strings,
        }
    }
}

fn blank(text: &str, parts: &[Part], keep: &dyn Fn(Part) -> bool) -> String {
    // Byte by byte: a blanked character of several bytes becomes as many spaces, so positions stay.
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if c == '\n' || keep(parts[at]) {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n(' ', c.len_utf8()));
        }
    }
    out
}

fn mark(parts: &mut [Part], from: usize, to: usize, part: Part) {
    let to = to.min(parts.len());
    if from < to {
        parts[from..to].fill(part);
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn rust(text: &str) -> Vec<Part> {
    let b = text.as_bytes();
    let mut parts = vec![Part::Code; b.len()];
    let mut i = 0;
    while i < b.len() {
        let rest = &b[i..];
        let after_word = i > 0 && is_word(b[i - 1]);
        if rest.starts_with(b"//") {
            let end = line_end(b, i);
            mark(&mut parts, i, end, Part::Comment);
            i = end;
        } else if rest.starts_with(b"/*") {
            let end = block_end(b, i);
            mark(&mut parts, i, end, Part::Comment);
            i = end;
        } else if let Some((open, hashes)) = (!after_word).then(|| raw_string(rest)).flatten() {
            let mut close = vec![b'"'];
            close.extend(std::iter::repeat_n(b'#', hashes));
            let body = i + open;
            let end = find(b, body, &close).unwrap_or(b.len());
            mark(&mut parts, body - 1, body, Part::Quote);
            mark(&mut parts, body, end, Part::Str);
            mark(&mut parts, end, end + 1, Part::Quote);
            i = end + close.len();
        } else if b[i] == b'"' {
            let end = quoted_end(b, i + 1, b'"');
            mark(&mut parts, i, i + 1, Part::Quote);
            mark(&mut parts, i + 1, end, Part::Str);
            spaces(b, &mut parts, i + 1, end);
            mark(&mut parts, end, end + 1, Part::Quote);
            i = end + 1;
        } else if b[i] == b'\'' {
            i = char_end(text, i);
        } else {
            i += 1;
        }
    }
    parts
}

/// Marks `\n` and its like, and a backslash at the end of a line.
fn spaces(b: &[u8], parts: &mut [Part], from: usize, to: usize) {
    let mut i = from;
    while i + 1 < to.min(b.len()) {
        if b[i] != b'\\' {
            i += 1;
            continue;
        }
        if matches!(b[i + 1], b'n' | b't' | b'r' | b'\n') {
            mark(parts, i, i + 2, Part::Space);
        }
        i += 2;
    }
}

/// `r"`, `r#"`, `br##"` and the like: length up to and with the quote, number of hashes.
fn raw_string(rest: &[u8]) -> Option<(usize, usize)> {
    let mut i = 0;
    if matches!(rest.first(), Some(b'b' | b'c')) {
        i += 1;
    }
    if rest.get(i) != Some(&b'r') {
        return None;
    }
    i += 1;
    let hashes = rest[i..].iter().take_while(|c| **c == b'#').count();
    (rest.get(i + hashes) == Some(&b'"')).then_some((i + hashes + 1, hashes))
}

/// Behind a character literal, or behind the quote of a lifetime.
fn char_end(text: &str, at: usize) -> usize {
    let rest = &text[at + 1..];
    let mut chars = rest.char_indices();
    match chars.next() {
        Some((_, '\\')) => at + 1 + quoted_end(rest.as_bytes(), 0, b'\'') + 1,
        Some((_, _)) => match chars.next() {
            Some((i, '\'')) => at + 1 + i + 1,
            _ => at + 1,
        },
        None => at + 1,
    }
}

/// Position of the closing quote, from the first byte behind the opening one.
fn quoted_end(b: &[u8], mut i: usize, quote: u8) -> usize {
    while i < b.len() {
        match b[i] {
            b'\\' => i += 2,
            c if c == quote => return i,
            _ => i += 1,
        }
    }
    b.len()
}

fn line_end(b: &[u8], from: usize) -> usize {
    find(b, from, b"\n").unwrap_or(b.len())
}

/// Behind a block comment, which may hold others.
fn block_end(b: &[u8], mut i: usize) -> usize {
    let mut depth = 0_usize;
    while i < b.len() {
        if b[i..].starts_with(b"/*") {
            depth += 1;
            i += 2;
        } else if b[i..].starts_with(b"*/") {
            depth -= 1;
            i += 2;
            if depth == 0 {
                return i;
            }
        } else {
            i += 1;
        }
    }
    b.len()
}

fn find(b: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    b.get(from..)?.windows(what.len()).position(|w| w == what).map(|at| from + at)
}

fn sql(text: &str) -> Vec<Part> {
    let b = text.as_bytes();
    let mut parts = vec![Part::Code; b.len()];
    let mut i = 0;
    while i < b.len() {
        if b[i..].starts_with(b"--") {
            let end = line_end(b, i);
            mark(&mut parts, i, end, Part::Comment);
            i = end;
        } else if b[i..].starts_with(b"/*") {
            let end = block_end(b, i);
            mark(&mut parts, i, end, Part::Comment);
            i = end;
        } else if b[i] == b'\'' {
            // A doubled quote closes and opens again: the same parts.
            let end = find(b, i + 1, b"'").unwrap_or(b.len());
            mark(&mut parts, i, i + 1, Part::Quote);
            mark(&mut parts, i + 1, end, Part::Str);
            mark(&mut parts, end, end + 1, Part::Quote);
            i = end + 1;
        } else {
            i += 1;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(text: &str, layer: Layer) -> String {
        let source = Source::new("x.rs", text.to_owned());
        let mask = source.layer(layer).to_owned();
        assert_eq!(mask.len(), text.len());
        mask.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn rust_strings_and_comments_are_told_apart() {
        let text = r##"let a = "one // not"; // two "not"
            let b = r#"three "quoted""#; /* four /* "nested" */ still */ let c = b"five";"##;
        assert_eq!(layer(text, Layer::Strings), r#""one // not" "three "quoted"" "five""#);
        assert_eq!(layer(text, Layer::Code), r##"let a = " "; let b = r#" "#; let c = b" ";"##);
    }

    #[test]
    fn quotes_in_characters_and_lifetimes_open_nothing() {
        let text = r#"fn f<'a>(x: &'a str) { let q = '"'; let e = '\''; let u = '\u{1F600}'; let s = "in"; }"#;
        assert_eq!(layer(text, Layer::Strings), "\"in\"");
    }

    #[test]
    fn escapes_do_not_end_a_string() {
        assert_eq!(layer(r#"f("a\"b", 'x', "ö")"#, Layer::Strings), r#""a\"b" "ö""#);
    }

    #[test]
    fn escaped_white_space_is_white_space() {
        assert_eq!(layer(r#"f("two\n\twords\\n")"#, Layer::Strings), r#""two words\\n""#);
        assert_eq!(layer("f(\"two \\\n   words\")", Layer::Strings), "\"two words\"");
        assert_eq!(layer(r##"f(r"two\nwords")"##, Layer::Strings), r#""two\nwords""#);
    }

    #[test]
    fn sql_keeps_dynamic_statements() {
        let text = "-- hidden x\nexecute 'do two words'; select 1 /* y */";
        let source = Source::new("x.sql", text.to_owned());
        assert!(source.layer(Layer::Strings).contains("do two words"));
        assert!(!source.layer(Layer::Strings).contains("hidden"));
    }

    #[test]
    fn unfinished_sources_do_not_panic() {
        for text in ["\"abc", "r#\"abc", "/* abc", "'", "'\\", "b'", "\"\\"] {
            let _ = Source::new("x.rs", text.to_owned());
            let _ = Source::new("x.sql", text.to_owned());
        }
    }
}
