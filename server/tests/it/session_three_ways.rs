//! Who is signed in, as three see it: the landing page, the dashboard, and the browser's part of a page, which asks for
//! JSON. One answer, read as the tenant.

use crate::harness::{Answer, Ask, TestServer};
use std::cell::RefCell;
use std::collections::BTreeMap;
use testkit::Tenant;
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry;

const INBOX: &str = "/dashboard/inbox";

/// The three answers.
struct Three {
    landing: Answer,
    dashboard: Answer,
    json: Answer,
}

async fn three(server: &TestServer, tenant: &Tenant) -> Three {
    Three {
        landing: server.ask(Ask::get("/").session(tenant)).await,
        dashboard: server.ask(Ask::get("/dashboard").session(tenant)).await,
        json: server.ask(Ask::get(INBOX).session(tenant).wants_json()).await,
    }
}

/// All three say that this tenant's owner is signed in.
fn assert_signed_in(three: &Three, tenant: &Tenant, company: &str) {
    let Three { landing, dashboard, json } = three;
    assert_eq!((landing.status, dashboard.status, json.status), (200, 200, 200), "{landing}{dashboard}{json}");
    assert!(landing.body.contains("Open dashboard") && landing.body.contains(company), "{landing}");
    assert!(!landing.body.contains("Sign up"), "{landing}");
    assert!(dashboard.body.contains(company) && dashboard.body.contains(&tenant.id.to_string()), "{dashboard}");
    assert!(json.json()["list"]["data"].is_array(), "{json}");
}

fn assert_signed_out(three: &Three, company: &str) {
    let Three { landing, dashboard, json } = three;
    assert_eq!(landing.status, 200, "{landing}");
    assert!(!landing.body.contains("Open dashboard") && !landing.body.contains(company), "{landing}");
    assert!(landing.body.contains("Sign up"), "{landing}");
    assert_eq!((dashboard.status, dashboard.header("location")), (303, "/login"), "{dashboard}");
    assert_eq!((json.status, json.json()["code"].as_str()), (401, Some("unauthenticated")), "{json}");
}

#[tokio::test]
async fn three_ways_one_answer() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    assert_signed_in(&three(&server, aurora).await, aurora, "Aurora");
    assert_signed_in(&three(&server, borealis).await, borealis, "Borealis");

    // The landing page brings no WASM: nothing on it starts a program.
    let landing = server.ask(Ask::get("/").session(aurora)).await;
    for start in [".wasm", "modulepreload", "type=\"module\"", "import "] {
        assert!(!landing.body.contains(start), "{landing}");
    }
}

#[tokio::test]
async fn a_new_name_is_seen_in_all_three() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    server.execute("update app.tenants set name = 'Corona Lamps' where name = 'Aurora'").await;
    assert_signed_in(&three(&server, aurora).await, aurora, "Corona Lamps");
}

/// What the tenant's role may not read, none of the three can say: each goes through a transaction of the tenant's. The
/// landing page is there all the same, as for anybody.
#[tokio::test]
async fn all_three_read_as_the_tenant() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    server.execute("revoke select on app.tenants, app.conversations from app_tenant").await;
    let Three { landing, dashboard, json } = three(&server, aurora).await;
    assert!(!landing.body.contains("Open dashboard") && landing.body.contains("Sign up"), "{landing}");
    assert!(!dashboard.body.contains(&aurora.id.to_string()), "{dashboard}");
    assert_eq!((landing.status, dashboard.status, json.status), (200, 500, 500), "{landing}{dashboard}{json}");
    assert_eq!(json.json()["code"], "internal");

    server.execute("grant select on app.tenants, app.conversations to app_tenant").await;
    assert_signed_in(&three(&server, aurora).await, aurora, "Aurora");
}

#[tokio::test]
async fn a_membership_that_ends_ends_all_three() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    server.execute("delete from app.memberships where email = 'owner@aurora.example'").await;
    assert_signed_out(&three(&server, aurora).await, "Aurora");
    assert_signed_in(&three(&server, borealis).await, borealis, "Borealis");
}

#[tokio::test]
async fn a_suspended_tenant_is_closed_in_all_three() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    server.execute("update app.tenants set suspended_at = created_at where name = 'Aurora'").await;
    assert_signed_out(&three(&server, aurora).await, "Aurora");
    assert_signed_in(&three(&server, borealis).await, borealis, "Borealis");
}

thread_local! {
    /// How often each span was begun on this thread.
    static SPANS: RefCell<BTreeMap<&'static str, usize>> = RefCell::default();
}

/// Counts spans. For the whole process: one that is set for a thread alone may miss what other threads saw first.
struct Count;

impl<S: tracing::Subscriber> Layer<S> for Count {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        SPANS.with_borrow_mut(|spans| *spans.entry(attributes.metadata().name()).or_default() += 1);
    }
}

/// The same function of the same capability, once for each page; what is no page shows no frame. (The server runs on this
/// test's thread.)
#[tokio::test]
async fn each_page_asks_the_capability_once() {
    tracing::subscriber::set_global_default(registry().with(Count)).unwrap();
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    for (ask, times) in
        [(Ask::get("/"), 1), (Ask::get("/dashboard"), 1), (Ask::get(INBOX), 1), (Ask::get(INBOX).wants_json(), 0)]
    {
        SPANS.take();
        let answer = server.ask(ask.clone().session(aurora)).await;
        assert_eq!(answer.status, 200, "{answer}");
        assert_eq!(
            SPANS.take().get("db.tenant.get").copied().unwrap_or_default(),
            times,
            "{} {}",
            ask.method,
            ask.path
        );
    }
}
