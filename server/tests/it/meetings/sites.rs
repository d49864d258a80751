//! Meetings in pages of other sites.

use super::{Attends, joined, meeting, path};
use crate::harness::{Answer, Ask, TestServer};
use model::meeting::AttendeeRole;
use model::settings::Settings;
use serde_json::{Value, json};
use testkit::Tenant;

/// Has a company allow sites to show its meetings.
async fn allow(server: &TestServer, tenant: &Tenant, sites: &[&str]) {
    let identity = &server.capabilities().identity;
    let (version, settings) = identity.settings(&tenant.owner).await.unwrap();
    let embed_origins = sites.iter().map(|&site| site.to_owned()).collect();
    identity.change_settings(&tenant.owner, version, Settings { embed_origins, ..settings }).await.unwrap();
}

/// Who may show an answer in a page of theirs, by its policy and by the older header.
fn framers(answer: &Answer) -> (String, String) {
    let policy = answer.header("content-security-policy");
    let named: Vec<_> = policy.split("; ").filter_map(|rule| rule.strip_prefix("frame-ancestors ")).collect();
    (named.join(" and "), answer.header("x-frame-options").to_owned())
}

#[tokio::test]
async fn sites_that_the_company_allows_show_its_meetings_and_no_others() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let ours = path(&meeting(&server, aurora, |_| {}).await);
    let theirs = path(&meeting(&server, borealis, |_| {}).await);
    let ended = meeting(&server, aurora, |_| {}).await;
    server.capabilities().meetings.end(&aurora.owner, ended.id).await.unwrap();
    let nobody = ("'none'".to_owned(), "DENY".to_owned());
    let page = server.ask(Ask::get(format!("/embed{ours}"))).await;
    assert_eq!((page.status, framers(&page)), (200, nobody.clone()), "{page}");

    allow(&server, aurora, &["https://Shop.example:443/", "http://localhost:5173"]).await;
    let page = server.ask(Ask::get(format!("/embed{ours}")).session(aurora)).await;
    let sites = ("https://shop.example http://localhost:5173".to_owned(), String::new());
    assert_eq!((page.status, framers(&page)), (200, sites.clone()), "{page}");
    assert!(page.header("permissions-policy").starts_with("camera=(self), microphone=(self)"), "{page}");
    assert!(page.body.contains(r#""sites":["https://shop.example","http://localhost:5173"]"#), "{page}");
    // Nobody is a member there, whatever cookie came along, and none is set.
    assert!(page.body.contains(r#"id="name""#) && !page.body.contains("Aurora Owner"), "{page}");
    assert!(!page.headers.contains_key("set-cookie"), "{page}");
    let join = |body: Value| {
        let ask = Ask::post(format!("/embed{ours}/join")).body("application/json", body.to_string());
        ask.wants_json().session(aurora)
    };
    let unnamed = server.ask(join(json!({"consent": true}))).await;
    assert_eq!((unnamed.status, &unnamed.json()["errors"][0]["field"]), (422, &json!("name")), "{unnamed}");
    let kim = joined(&server.ask(join(json!({"name": "Kim", "consent": true}))).await);
    assert_eq!(kim.role, AttendeeRole::Speaker);
    Attends::inside(server.address, &kim.token).await;
    let back = joined(&server.ask(join(json!({"person": kim.person, "secret": kim.secret}))).await);
    assert_eq!((back.person, back.name.as_str()), (kim.person, "Kim"));
    // A form that is sent without the page's code gets the page, in its frame.
    let form = server.ask(Ask::post(format!("/embed{ours}/join")).form([("name", "Kim")])).await;
    assert_eq!((form.status, framers(&form)), (200, sites), "{form}");

    // Outside of the frame, of another company, and where there is nothing: nobody.
    let codes =
        [ours.clone(), format!("/embed{theirs}"), format!("/embed{}", path(&ended)), "/embed/meet/x".to_owned()];
    for (path, status) in codes.iter().zip([200, 200, 404, 404]) {
        let answer = server.ask(Ask::get(path)).await;
        assert_eq!((answer.status, framers(&answer)), (status, nobody.clone()), "{path}: {answer}");
    }
    allow(&server, aurora, &[]).await;
    assert_eq!(framers(&server.ask(Ask::get(format!("/embed{ours}"))).await), nobody);
}

#[tokio::test]
async fn sites_are_set_by_the_page_and_by_programs() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    server.execute("update app.api_keys set scopes = scopes || '{settings.manage}'").await;
    let form = |version: &str, sites: &str| {
        let fields = [("version", version), ("name", "Aurora"), ("embed_origins", sites)];
        Ask::post("/dashboard/settings").form(fields).session(aurora)
    };
    let wrong = server.ask(form("0", "https://shop.example\r\nshop.example/page")).await;
    assert!(wrong.status == 422 && wrong.body.contains("shop.example/page is no site"), "{wrong}");
    let done =
        server.ask(form("0", " https://Shop.example/\r\n\r\nhttps://shop.example\r\nhttps://b.example:8443 ")).await;
    assert_eq!(done.status, 303, "{done}");
    let put = |version: i32, sites: &[&str]| {
        let body = json!({"version": version, "settings": {"name": "Aurora", "embed_origins": sites}}).to_string();
        Ask::new("PUT", "/api/v1/settings").body("application/json", body).key(aurora)
    };
    let now = server.ask(Ask::get("/api/v1/settings").key(aurora)).await.json();
    assert_eq!(now["settings"]["embed_origins"], json!(["https://shop.example", "https://b.example:8443"]));
    let many: Vec<_> = (0..21).map(|n| format!("https://shop-{n}.example")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let unfit: [&[&str]; 5] =
        [&["http://shop.example"], &["https://*.example"], &["https://a.example; script-src *"], &[""], &many];
    for sites in unfit {
        let answer = server.ask(put(1, sites)).await;
        assert_eq!(answer.status, 422, "{sites:?}: {answer}");
        assert_eq!(answer.json()["errors"][0]["field"], "embed_origins", "{sites:?}: {answer}");
    }
    assert_eq!(server.ask(put(1, &many[..20])).await.status, 200);
    assert_eq!(server.ask(put(2, &[])).await.json()["settings"]["embed_origins"], json!([]));
}
