//! The guide: each page of the dashboard leads to what is written of it.

use crate::harness::{Ask, TestServer};
use std::fs;

/// What a page leads to in the guide.
fn links(page: &str) -> Vec<String> {
    let all = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    all.filter(|to| to.starts_with("/guide")).map(str::to_owned).collect()
}

#[tokio::test]
async fn each_page_leads_to_its_own_and_each_of_them_on() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    for (path, guide, heading) in [
        ("", "/guide/home", "Home"),
        ("/inbox", "/guide/inbox", "Inbox"),
        ("/knowledge", "/guide/knowledge", "Knowledge"),
        ("/assistant", "/guide/assistant", "Assistant"),
        ("/meetings", "/guide/meetings", "Meetings"),
        ("/members", "/guide/members", "Members"),
        ("/roles", "/guide/roles", "Roles"),
        ("/teams", "/guide/teams", "Teams"),
        ("/api-keys", "/guide/api-keys", "API keys"),
        ("/audit-log", "/guide/audit-log", "Audit log"),
        ("/sign-on", "/guide/company-sign-on", "Company sign-on"),
        ("/settings", "/guide/settings", "Settings"),
        ("/account", "/guide/account", "Your account"),
        ("/account/passkeys", "/guide/account", "Your account"),
        ("/account/code", "/guide/account", "Your account"),
        ("/workspaces", "/guide/workspaces", "Your workspaces"),
    ] {
        let page = server.ask(Ask::get(format!("/dashboard{path}")).session(aurora)).await;
        assert_eq!((page.status, links(&page.body)), (200, vec![guide.to_owned()]), "{path}: {page}");
        // It is for everybody.
        let page = server.ask(Ask::get(guide)).await;
        assert_eq!(page.status, 200, "{guide}: {page}");
        assert!(page.body.contains(&format!("<h1>{heading}")), "{guide}: {page}");
    }
    let (mut open, mut seen) = (vec!["/guide".to_owned()], Vec::new());
    while let Some(path) = open.pop() {
        if seen.contains(&path) {
            continue;
        }
        let page = server.ask(Ask::get(&path)).await;
        assert_eq!(page.status, 200, "{path}: {page}");
        open.extend(links(&page.body));
        seen.push(path);
    }
    assert!(seen.len() > 15, "{seen:?}");
    for none in ["/guide/nothing", "/guide/README", "/guide/inbox.md", "/guide/..%2fsecurity"] {
        assert_eq!(server.ask(Ask::get(none)).await.status, 404, "{none}");
    }
}

#[tokio::test]
async fn whatever_is_written_of_a_page_is_there() {
    let server = TestServer::start().await;
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guide")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".md").map(str::to_owned)).filter(|name| name != "README").collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let page = server.ask(Ask::get(format!("/guide/{name}"))).await;
        assert_eq!(page.status, 200, "{name}: {page}");
    }
}
