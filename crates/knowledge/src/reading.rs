//! From the bytes of a file to text, or to pairs of a question and an answer.
//!
//! Whatever cannot be read is refused with a sentence that says what the file is and what to do. Nothing is guessed that
//! could turn letters into others: text is UTF-8, or UTF-16 with its mark; a web page also what it says that it is. What is kept of it is
//! [`normalized`].

use crate::pairs::{Found, pairs, render};
use crate::web_page::{self, Unread};
use model::knowledge::DocumentKind;
use unicode_normalization::UnicodeNormalization as _;
use words::{Text, text};

/// Most bytes of a file.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;

/// How the uploader wants a file to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    /// By its name and content.
    #[default]
    Auto,
    /// As one of the kinds.
    Kind(DocumentKind),
}

/// A file that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// What it is.
    pub kind: DocumentKind,
    /// Whether its headings are Markdown's.
    pub markdown: bool,
    /// What a web page calls itself; empty where nothing does.
    pub title: String,
    /// Its text; of a web page, as Markdown; of pairs, one after the other as `pairs::render` writes them.
    pub text: String,
}

/// Reads a file.
///
/// # Errors
/// A sentence for the person who uploaded it.
pub fn read(file_name: &str, bytes: &[u8], wanted: Wanted) -> Result<Read, Text> {
    let ending = file_name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let (written, page) = decode(bytes, &ending)?;
    let text = normalized(&written);
    // Marks alone, seen or unseen, answer nothing.
    if !text.contains(char::is_alphanumeric) {
        return Err(text!("The file is empty. Choose one with text in it."));
    }
    let qa = Wanted::Kind(DocumentKind::Qa);
    if page && wanted == qa {
        return Err(text!(
            "This is a web page, in which pairs of a question and an answer are not found. Upload it as text."
        ));
    }
    if wanted == qa || (wanted == Wanted::Auto && !page && matches!(ending.as_str(), "csv" | "tsv" | "json")) {
        // As they are written: what ends a line in an answer ends no line of the table.
        match pairs(&written)? {
            Found::Pairs(pairs) => {
                return Ok(Read {
                    kind: DocumentKind::Qa,
                    markdown: false,
                    title: String::new(),
                    text: render(&pairs),
                });
            }
            Found::Other(why) if wanted == qa => return Err(why),
            // A table or a list of something else is text like any other.
            Found::Other(_) => {}
        }
    }
    // Of a page only what is told counts, which scripts are not; what is odd in it is left out there.
    let broken = if page { text.contains('\0') } else { text.contains(odd) };
    if broken {
        return Err(text!("This is not a text file: it holds bytes that no text has."));
    }
    let kind = DocumentKind::Text;
    if page {
        return match web_page::read(&written) {
            Ok(page) => Ok(Read { kind, markdown: true, title: page.title, text: page.markdown }),
            Err(Unread::TooDeep) => {
                Err(text!("The web page is nested too deeply to be read. Save it as text or Markdown and upload that."))
            }
            Err(Unread::Crowded) => Err(text!(
                "A tag of the web page has too many attributes to be read. Save it as text or Markdown and upload that."
            )),
        };
    }
    Ok(Read { kind, markdown: matches!(ending.as_str(), "md" | "markdown"), title: String::new(), text })
}

/// A text as it is kept, asked and compared: lines end in `\n`, whatever looks like a space is one, the marks of encodings
/// and of hyphenation are out, wherever they stand, and letters are composed (Unicode's NFC).
pub fn normalized(text: &str) -> String {
    let mut returned = false;
    let plain = text.chars().filter_map(move |c| {
        let second = std::mem::replace(&mut returned, c == '\r');
        match c {
            '\n' if second => None,
            '\n' | '\t' => Some(c),
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
            '\u{ad}' | '\u{feff}' => None,
            c if c.is_whitespace() => Some(' '),
            c => Some(c),
        }
    });
    plain.nfc().collect()
}

/// What stands in no text, once it is [`normalized`].
pub(crate) fn odd(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

/// The text in a file, as it is written there, and whether it is a web page.
fn decode(bytes: &[u8], ending: &str) -> Result<(String, bool), Text> {
    const IMAGE: Text =
        text!("This is an image, which cannot be read yet. Upload its text as Markdown, .txt, .csv or .json.");
    const RICH: Text = text!("This is a rich text document. Save it as text or Markdown and upload that.");
    const ARCHIVE: Text =
        text!("This is an archive of a web page, which cannot be read yet. Save the page as HTML and upload that.");
    if bytes.len() > MAX_BYTES {
        return Err(text!(
            "The file is larger than {size} MB. Split it and upload the parts.",
            size = MAX_BYTES / (1024 * 1024)
        ));
    }
    for (start, what) in [
        (
            &b"%PDF-"[..],
            text!("This is a PDF, which cannot be read yet. Upload its text as Markdown, .txt, .csv or .json."),
        ),
        (
            b"PK\x03\x04",
            text!(
                "This is a ZIP archive or an office document, which cannot be read yet. Upload its text as Markdown, .txt, \
                 .csv or .json."
            ),
        ),
        (
            b"\xD0\xCF\x11\xE0",
            text!(
                "This is an old office document, which cannot be read yet. Upload its text as Markdown, .txt, .csv or \
                 .json."
            ),
        ),
        (b"\x89PNG", IMAGE),
        (b"\xFF\xD8\xFF", IMAGE),
        (b"GIF8", IMAGE),
        (
            b"\x1F\x8B",
            text!(
                "This is a compressed file, which cannot be read yet. Upload its text as Markdown, .txt, .csv or .json."
            ),
        ),
    ] {
        if bytes.starts_with(start) {
            return Err(what);
        }
    }
    // Also where it is in another encoding.
    match ending {
        "rtf" => return Err(RICH),
        "mht" | "mhtml" => return Err(ARCHIVE),
        _ => {}
    }
    let named = matches!(ending, "html" | "htm" | "xhtml");
    let utf16 = |rest: &[u8], from: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok().filter(|_| rest.len().is_multiple_of(2))
    };
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, ..] => String::from_utf8(bytes.to_vec()).ok(),
        _ => match web_page::declared(bytes).filter(|_| named || begins_page(&String::from_utf8_lossy(bytes))) {
            Some(encoding) => {
                encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
            }
            None => String::from_utf8(bytes.to_vec()).ok(),
        },
    };
    let text =
        text.ok_or(text!("The file is not text in UTF-8. Save it with the encoding UTF-8 and upload it again."))?;
    if without_preface(&text).starts_with("{\\rtf") {
        return Err(RICH);
    }
    let page = named || begins_page(&text);
    Ok((text, page))
}

/// Whether a text begins as web pages do.
fn begins_page(text: &str) -> bool {
    let first = without_preface(text);
    let begins = |mark: &&str| first.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    ["<!doctype html", "<html>", "<html ", "<head>", "<body>", "<body "].iter().any(begins)
}

/// A text without what may stand before the first tag of a page: marks of an encoding, a declaration, comments.
fn without_preface(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let after = if rest.starts_with("<?") {
            rest.split_once("?>")
        } else if rest.starts_with("<!--") {
            rest.split_once("-->")
        } else {
            None
        };
        match after {
            Some((_, after)) => rest = after,
            None => return rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairs::rendered_pairs;

    fn auto(name: &str, bytes: &[u8]) -> Result<Read, Text> {
        read(name, bytes, Wanted::Auto)
    }

    #[test]
    fn text_in_the_encodings_that_say_what_they_are() {
        let utf16: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain("Größe".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for bytes in ["Größe".as_bytes(), "\u{feff}Größe".as_bytes(), &utf16] {
            assert_eq!(auto("a.txt", bytes).unwrap().text, "Größe");
        }
        assert_eq!(auto("a.txt", b"one\r\ntwo\rthree").unwrap().text, "one\ntwo\nthree");
        for bad in [&b"Gr\xF6\xDFe"[..], b"", b" \n\t ", b"a\0b", b"%PDF-1.7", b"PK\x03\x04xx", b"\xFF\xFEa"] {
            assert!(auto("a.txt", bad).is_err(), "{bad:?}");
        }
        assert!(auto("a.txt", &vec![b'a'; MAX_BYTES + 1]).unwrap_err().to_string().contains("5 MB"));
    }

    #[test]
    fn one_form_of_what_looks_the_same() {
        assert_eq!(normalized("a\r\nb\rc\u{b}d\u{c}e\u{85}f\u{2028}g\u{2029}h\n\r\ni"), "a\nb\nc\nd\ne\nf\ng\nh\n\ni");
        assert_eq!(normalized("\u{feff}\u{feff}de\u{ad}livery\n\u{feff}# Norway"), "delivery\n# Norway");
        assert_eq!(normalized("45\u{a0}days\u{202f}to\u{2009}go\u{3000}!\t?"), "45 days to go !\t?");
        assert_eq!(normalized("Gro\u{308}ße"), "Größe");
        // However long the row of marks on one letter.
        assert_eq!(normalized(&format!("a{}", "\u{316}\u{301}".repeat(500_000))).chars().count(), 1_000_000);
        for text in ["", "x", "a\r", "Größe\n"] {
            assert_eq!(normalized(&normalized(text)), normalized(text));
        }
        let inside = include_bytes!("../tests/support/inputs/12-bom-inside-hides-headings.md");
        assert!(auto("a.md", inside).unwrap().text.contains("\n# Delivery\n"));
    }

    #[test]
    fn what_no_text_has_is_found_after_unescaping() {
        let nul = include_bytes!("../tests/support/inputs/01-json-nul-escape-500.json");
        let said = auto("a.json", nul).unwrap_err().to_string();
        assert!(said.contains("Pair 1 holds a character that no text has (U+0000)"), "{said}");
        assert!(auto("a.txt", b"one\x1etwo").is_err());
        assert!(auto("a.txt", "\u{200b}\u{feff}\u{ad}".as_bytes()).is_err());
    }

    #[test]
    fn a_web_page_is_told_by_its_name_or_by_how_it_begins() {
        let page = include_bytes!("../tests/support/inputs/25-html-file-told-with-tags.html");
        let want = Read {
            kind: DocumentKind::Text,
            markdown: true,
            title: "T".to_owned(),
            text: "You can send goods back within 45 days of delivery.".to_owned(),
        };
        for name in ["a.html", "A.HTM", "a.xhtml", "a.txt", "a.md", "a", "a.csv", "a.json"] {
            assert_eq!(auto(name, page).unwrap(), want, "{name}");
        }
        let qa = read("a.html", page, Wanted::Kind(DocumentKind::Qa));
        assert!(qa.unwrap_err().to_string().contains("web page"));
        for page in [
            "\u{feff}\n<?xml version=\"1.0\"?>\n<!-- saved -->\n<HTML lang=\"en\"><p>a",
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"><p>a",
            "<head><title>T</title></head>a",
            "<body class=x>a",
        ] {
            assert_eq!(auto("a.txt", page.as_bytes()).unwrap().text, "a", "{page}");
        }
        assert_eq!(auto("a.html", b"<p>a").unwrap().text, "a");
        for text in ["<p>A paragraph</p>", "Write <html> first.", "<!-- a -->\n# Title", "<htmlx>a", "<?php echo 1"] {
            assert_eq!(auto("a.md", text.as_bytes()).unwrap().text, text);
        }
        let deep = format!("<!doctype html>{}a", "<div>".repeat(100_000));
        assert!(auto("a.html", deep.as_bytes()).unwrap_err().to_string().contains("too deeply"));
        assert!(auto("a.html", b"<p>a\0b").is_err());
    }

    #[test]
    fn a_web_page_is_in_the_encoding_that_it_says() {
        let said = |bytes: &[u8]| auto("a.html", bytes).map(|read| read.text).map_err(|why| why.to_string());
        let utf16: Vec<u8> = [0xFE, 0xFF]
            .into_iter()
            .chain("<html><p>Gr\u{f6}\u{df}e".encode_utf16().flat_map(u16::to_be_bytes))
            .collect();
        for page in [
            "<html><p>Gr\u{f6}\u{df}e".as_bytes(),
            b"<meta charset=iso-8859-1><p>Gr\xF6\xDFe",
            b"<meta http-equiv=\"Content-Type\" content=\"text/html; charset='Windows-1252'\"><p>Gr\xF6\xDFe",
            // A mark wins over what is said, and UTF-16 cannot be meant by who could write that.
            "\u{feff}<meta charset=latin1><p>Gr\u{f6}\u{df}e".as_bytes(),
            "<meta charset=utf-16><p>Gr\u{f6}\u{df}e".as_bytes(),
            &utf16,
        ] {
            assert_eq!(said(page).as_deref(), Ok("Gr\u{f6}\u{df}e"), "{}", page.escape_ascii());
        }
        assert_eq!(said(b"<meta charset=windows-1251><p>\xCC\xE8\xF0").as_deref(), Ok("\u{41c}\u{438}\u{440}"));
        for page in [&b"<p>Gr\xF6\xDFe"[..], b"<meta charset=utf-8><p>Gr\xF6\xDFe", b"<meta charset=x><p>Gr\xF6\xDFe"] {
            assert!(said(page).unwrap_err().contains("not text in UTF-8"), "{}", page.escape_ascii());
        }
        // What is no page is guessed nothing of.
        assert!(auto("a.txt", b"<meta charset=latin1> Gr\xF6\xDFe").is_err());
    }

    /// What would be told with its marks.
    #[test]
    fn archives_of_web_pages_are_refused() {
        for name in ["a.mhtml", "A.MHT"] {
            let page = b"From: <Saved by Blink>\nMIME-Version: 1.0\n\n<!DOCTYPE html><p>=C3=A5";
            assert!(auto(name, page).unwrap_err().to_string().contains("archive of a web page"), "{name}");
        }
    }

    /// The same.
    #[test]
    fn rich_text_is_refused() {
        for (name, text) in [("a.rtf", "plain"), ("a.txt", "{\\rtf1\\ansi Hello}")] {
            assert!(auto(name, text.as_bytes()).unwrap_err().to_string().contains("rich text"), "{name}");
        }
    }

    #[test]
    fn pairs_by_ending_or_by_wish() {
        let csv = b"question,answer\nHow long?,60 days\n";
        let json = br#"[{"question":"How long?","answer":"60 days"}]"#;
        for (name, bytes) in [("a.csv", &csv[..]), ("A.CSV", csv), ("a.json", json), ("a.csv", json)] {
            let read = auto(name, bytes).unwrap();
            assert_eq!(read.kind, DocumentKind::Qa, "{name}");
            assert_eq!(rendered_pairs(&read.text).map(|p| (p.0, p.2)).collect::<Vec<_>>(), [("How long?", "60 days")]);
        }
        let qa = Wanted::Kind(DocumentKind::Qa);
        assert_eq!(auto("a.txt", csv).unwrap().kind, DocumentKind::Text);
        assert_eq!(read("a.txt", csv, qa).unwrap().kind, DocumentKind::Qa);
        // Asked for as text, pairs are text.
        assert_eq!(read("a.csv", csv, Wanted::Kind(DocumentKind::Text)).unwrap().kind, DocumentKind::Text);
    }

    #[test]
    fn another_table_is_text_unless_pairs_were_asked_for() {
        let table = b"name,price\nNordlampa 3,1299\n";
        assert_eq!(auto("prices.csv", table).unwrap().kind, DocumentKind::Text);
        let qa = Wanted::Kind(DocumentKind::Qa);
        let refused = |name: &str, bytes: &[u8]| read(name, bytes, qa).unwrap_err().to_string();
        assert!(refused("prices.csv", table).contains("question and answer"));
        assert!(refused("a.json", b"[{\"question\":\"x\"}]").contains("array of objects"));
        assert!(refused("a.csv", b"question,answer\n,yes\n").contains("Line 2 has no question"));
        assert!(refused("a.csv", b"question,answer\n").contains("no pair"));
    }

    /// What people upload: never text of which raw rows would be told.
    #[test]
    fn what_says_question_and_answer_is_pairs_or_an_error() {
        for (name, bytes, answer) in [
            (
                "17.csv",
                &include_bytes!("../tests/support/inputs/17-csv-sep-line-silently-text.csv")[..],
                "45 days, counted from delivery.",
            ),
            (
                "18.csv",
                include_bytes!("../tests/support/inputs/18-csv-tabs-silently-text.csv"),
                "45 days, counted from delivery.",
            ),
            (
                "19.csv",
                include_bytes!("../tests/support/inputs/19-csv-semicolons-comma-in-header-silently-text.csv"),
                "45 days.",
            ),
            ("23.json", include_bytes!("../tests/support/inputs/23-json-wrapped-silently-text.json"), "45 days."),
        ] {
            let read = auto(name, bytes).unwrap();
            let pair = rendered_pairs(&read.text).next().map(|pair| (pair.0, pair.2));
            assert_eq!(pair, Some(("How long can I return goods?", answer)), "{name}");
        }
        for (name, bytes, line) in [
            (
                "14.csv",
                &include_bytes!("../tests/support/inputs/14-csv-unquoted-comma-silently-text.csv")[..],
                "Line 2 has more cells",
            ),
            (
                "21.csv",
                include_bytes!("../tests/support/inputs/21-csv-unclosed-quote-swallows-the-rest.csv"),
                "line 2 is never closed",
            ),
        ] {
            let said = auto(name, bytes).unwrap_err().to_string();
            assert!(said.contains(line), "{name}: {said}");
        }
    }
}
