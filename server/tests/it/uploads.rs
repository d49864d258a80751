//! Files that are sent: what they are called, what is typed beside them, and how large they may be.

use crate::harness::{Ask, TestServer};
use serde_json::json;

/// What a part of a form says of itself, and what it holds.
type Part<'p> = (&'p [u8], &'p [u8]);

fn form(path: &str, parts: &[Part<'_>]) -> Ask {
    let mut body = Vec::new();
    for (headers, content) in parts {
        body.extend_from_slice(b"--edge\r\ncontent-disposition: form-data; ");
        body.extend_from_slice(headers);
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--edge--\r\n");
    Ask::post(path).bytes("multipart/form-data; boundary=edge", body)
}

fn file(content: &[u8]) -> Part<'_> {
    (b"name=\"file\"; filename=\"a.md\"", content)
}

const REST: &str = "/api/v1/documents";

#[tokio::test]
async fn a_file_keeps_its_name() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    for (headers, named) in [
        ("name=\"file\"; filename=\"rätt.md\"".as_bytes(), "rätt.md"),
        (b"name=\"file\"; filename=\"r\xE4tt.md\"", "rätt.md"),
        (b"name=\"file\"; filename*=UTF-8''r%C3%A4tt.md; filename=\"ratt.md\"", "rätt.md"),
        (b"name=\"file\"; filename=\"ratt.md\"; filename*=UTF-8''r%C3%A4tt.md", "rätt.md"),
        (b"name=\"file\"; filename*=UTF-8''..%2F%2e%2e%5Cr%C3%A4tt.md", "rätt.md"),
        (b"name=\"file\"; filename=\"C:\\docs\\ratt.md\"", "ratt.md"),
    ] {
        let text = format!("# Returns {}", headers.escape_ascii());
        let answer = server.ask(form(REST, &[(headers, text.as_bytes())]).key(aurora)).await;
        assert_eq!(answer.status, 202, "{}: {answer}", headers.escape_ascii());
        let document = answer.json();
        assert_eq!(document["file_name"], named, "{}", headers.escape_ascii());
        assert_eq!(document["title"], named.trim_end_matches(".md"), "{}", headers.escape_ascii());
    }
    for headers in [&b"name=\"file\"; filename*=UTF-8''%00.md"[..], b"name=\"file\"; filename=\"\"", b"name=\"file\""] {
        let answer = server.ask(form(REST, &[(headers, b"# Returns")]).key(aurora)).await;
        assert_eq!(answer.status, 422, "{}: {answer}", headers.escape_ascii());
        assert_eq!(answer.json()["errors"][0]["field"], "file", "{answer}");
    }
}

#[tokio::test]
async fn what_is_typed_is_text_in_its_encoding() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    for (headers, content, kept) in [
        (&b"name=\"title\""[..], "Rückgabe".as_bytes(), true),
        (b"name=\"title\"\r\ncontent-type: text/plain; charset=iso-8859-1", b"R\xFCckgabe", true),
        (b"name=\"title\"\r\ncontent-type: text/plain; charset=utf-8", b"R\xFCckgabe", false),
        (b"name=\"title\"", b"R\xFCckgabe", false),
        (b"name=\"kind\"", b"te\xFFxt", false),
    ] {
        let text = format!("# Returns {}", headers.escape_ascii());
        let answer = server.ask(form(REST, &[file(text.as_bytes()), (headers, content)]).key(aurora)).await;
        let named = format!("{} {}: {answer}", headers.escape_ascii(), content.escape_ascii());
        if kept {
            assert_eq!(answer.status, 202, "{named}");
            assert_eq!(answer.json()["title"], "Rückgabe", "{named}");
        } else {
            assert_eq!(answer.status, 422, "{named}");
            assert_eq!(answer.json()["errors"][0]["message"], json!("Send this field in UTF-8."), "{named}");
        }
    }
    assert_eq!(server.count("select count(*) from app.documents").await, 2);
}

#[tokio::test]
async fn a_file_has_a_limit_and_all_of_a_form_have_one() {
    const PAGE: &str = "/dashboard/knowledge";
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let documents = async || server.count("select count(*) from app.documents").await;
    let lamps = |megabytes: usize| b"Lamps. ".repeat(megabytes * 1024 * 1024 / 7 + 1);
    let large = lamps(6);
    let large = file(&large);
    // Each is another one, of few words.
    let others: Vec<_> = (b'a'..=b'l').map(|name| [&[name][..], &b" ".repeat(4 * 1024 * 1024)].concat()).collect();
    let names: Vec<_> = (b'a'..=b'l').map(|n| format!("name=\"file\"; filename=\"{}.txt\"", char::from(n))).collect();
    let small: Vec<Part<'_>> = names.iter().zip(&others).map(|(name, text)| (name.as_bytes(), &text[..])).collect();
    // By itself it is told what a file may have.
    let answer = server.ask(form(REST, &[large]).key(aurora)).await;
    assert_eq!(answer.status, 413, "{answer}");
    assert_eq!(answer.json()["detail"], "A file may have 5 MB. Split it and upload the parts.", "{answer}");
    for ask in [form(PAGE, &[large]), form(PAGE, &[large]).wants_json()] {
        let answer = server.ask(ask.session(aurora)).await;
        assert!(answer.status == 422 && answer.body.contains("The file is larger than 5 MB."), "{answer}");
    }
    assert_eq!(documents().await, 0);
    // Among others it keeps none of them out.
    let answer = server.ask(form(PAGE, &[small[0], large, small[1]]).session(aurora)).await;
    assert!(answer.status == 422 && answer.body.contains("The file is larger than 5 MB."), "{answer}");
    assert_eq!(documents().await, 2);
    assert_eq!(server.ask(form(PAGE, &small[2..6]).session(aurora)).await.status, 303);
    assert_eq!(documents().await, 6);
    // All of them have one, which the answer names; to a program, too.
    for json in [false, true] {
        let ask = form(PAGE, &small[6..]).session(aurora);
        let answer = server.ask(if json { ask.wants_json() } else { ask }).await;
        assert_eq!((answer.status, answer.is_page()), (413, !json), "{answer}");
        assert!(answer.body.contains("A file may have 5 MB, and all files of a form 20 MB."), "{answer}");
    }
    assert_eq!(documents().await, 6);
}
