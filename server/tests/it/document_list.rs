//! The list of documents: page by page, and by a part of their names.

use crate::harness::{Answer, Ask, TestServer};
use knowledge::NewDocument;
use serde_json::{Value, json};
use testkit::Tenant;
use time::Duration;

const PAGE: &str = "/dashboard/knowledge";
const REST: &str = "/api/v1/documents";

/// Uploads so many documents, one after the other: `lamp 1.txt` and so on. Nobody reads them.
async fn upload(server: &TestServer, tenant: &Tenant, count: usize) {
    for number in 1..=count {
        server.db.clock.advance(Duration::milliseconds(1));
        let file_name = format!("lamp {number}.txt");
        let new = NewDocument { bytes: file_name.clone().into(), file_name, ..NewDocument::default() };
        server.capabilities().knowledge.upload(&tenant.owner, new).await.unwrap();
    }
}

/// Where a link of that name leads.
fn link(page: &Answer, name: &str) -> Option<String> {
    let (before, _) = page.body.split_once(&format!(">{name}<"))?;
    let (_, address) = before.rsplit_once("href=\"")?;
    let (address, _) = address.split_once('"')?;
    Some(address.replace("&amp;", "&").trim_end_matches("#documents").to_owned())
}

/// The titles that a page of the list shows.
fn shown(page: &Answer) -> Vec<String> {
    let rows = page.body.split("id=\"document-doc_").skip(1);
    rows.map(|row| {
        let (_, title) = row.split_once("<span class=\"entry\"><span>").unwrap();
        title.split('<').next().unwrap().to_owned()
    })
    .collect()
}

#[tokio::test]
async fn it_goes_on_page_by_page() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    upload(&server, &server.two.borealis, 1).await;
    upload(&server, aurora, 52).await;
    let open = async |path: &str| {
        let page = server.ask(Ask::get(path).session(aurora)).await;
        assert_eq!(page.status, 200, "{page}");
        page
    };
    let first = open(PAGE).await;
    let titles = shown(&first);
    assert_eq!((titles.len(), titles[0].as_str(), titles[49].as_str()), (50, "lamp 52", "lamp 3"));
    assert_eq!(link(&first, "Newest documents"), None);
    let older = link(&first, "Older documents").unwrap();
    let second = open(&older).await;
    assert_eq!(shown(&second), ["lamp 2", "lamp 1"]);
    assert_eq!((link(&second, "Older documents"), link(&second, "Newest documents").as_deref()), (None, Some(PAGE)));
    // Where the page began is a place, whether a document is there still or not.
    let (_, id) = older.split_once("before=").unwrap();
    let deleted = server.ask(Ask::new("DELETE", format!("{REST}/{id}")).key(aurora)).await;
    assert_eq!(deleted.status, 204, "{deleted}");
    assert_eq!(shown(&open(&older).await), ["lamp 2", "lamp 1"]);
    let (_, last) = second.body.rsplit_once("id=\"document-").unwrap();
    let end = open(&format!("{PAGE}?before={}", last.split('"').next().unwrap())).await;
    assert!(end.body.contains("There are no older documents.") && link(&end, "Newest documents").is_some(), "{end}");
    // What is no place is none.
    for path in ["?before=x", "?before="] {
        assert_eq!(server.ask(Ask::get(format!("{PAGE}{path}")).session(aurora)).await.status, 422, "{path}");
    }
    // What asks by itself asks for the list, and no question is answered for it.
    let asked = Ask::get(format!("{PAGE}?question=What+is+a+lamp")).session(aurora);
    assert!(server.ask(asked.clone()).await.body.contains("id=\"answer\""));
    let renewed = server.ask(asked.header("x-unattended", "1")).await;
    assert!(renewed.status == 200 && !renewed.body.contains("id=\"answer\""), "{renewed}");
    assert_eq!(shown(&renewed).len(), 50);
}

#[tokio::test]
async fn it_is_looked_through_by_a_part_of_the_name() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    upload(&server, aurora, 12).await;
    let open = async |query: &str| server.ask(Ask::get(format!("{PAGE}?name={query}")).session(aurora)).await;
    for (query, found) in [
        ("LAMP+1", &["lamp 12", "lamp 11", "lamp 10", "lamp 1"][..]),
        ("+lamp+7+", &["lamp 7"]),
        ("lamp_7", &[]),
        ("lamp%25", &[]),
        ("%22%3E%3Cb%3E%27", &[]),
    ] {
        let page = open(query).await;
        assert_eq!((page.status, shown(&page)), (200, found.iter().map(|f| (*f).to_owned()).collect()), "{query}");
        assert_eq!(found.is_empty(), page.body.contains("No document has this in its title"), "{query}");
        assert_eq!(link(&page, "All documents").as_deref(), Some(PAGE), "{query}");
    }
    assert!(!open("%22%3E%3Cb%3E").await.body.contains("\"><b>"), "what was typed is text");
    assert_eq!(open("%22%3E%3Cb%3E").await.input("name").as_deref(), Some("\"><b>"));
    let long = "x".repeat(201);
    let refused = open(&long).await;
    assert_eq!((refused.status, refused.input("name").as_deref()), (422, Some(long.as_str())), "{refused}");
    for part in ["Use at most 200 characters.", "aria-invalid=\"true\"", "Error: Knowledge"] {
        assert!(refused.body.contains(part), "{part}: {refused}");
    }
    let theirs = server.ask(Ask::get(format!("{PAGE}?name=lamp")).session(borealis)).await;
    assert!(theirs.status == 200 && shown(&theirs).is_empty(), "{theirs}");

    // By REST, with a place in the list.
    let list = async |query: &str| -> Value {
        let answer = server.ask(Ask::get(format!("{REST}?{query}")).key(aurora)).await;
        assert_eq!(answer.status, 200, "{answer}");
        answer.json()
    };
    let first = list("name=LAMP%201&limit=3").await;
    assert_eq!(first["data"][2]["title"], "lamp 10");
    let rest = list(&format!("name=lamp%201&limit=3&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!((&rest["data"][0]["title"], &rest["next_cursor"]), (&json!("lamp 1"), &Value::Null));
    assert_eq!(list("name=").await["data"].as_array().unwrap().len(), 12);
    for bad in [format!("name={long}"), "name=a%00b".to_owned()] {
        let refused = server.ask(Ask::get(format!("{REST}?{bad}")).key(aurora)).await;
        assert_eq!((refused.status, &refused.json()["errors"][0]["field"]), (422, &json!("name")), "{refused}");
    }
}
