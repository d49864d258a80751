//! `/healthz`, `/readyz`, and how the server bears it when its database is gone or its walls are open.

use crate::harness::{Answer, Ask, PASSWORD, Served, TestServer, application};
use serde_json::json;
use server::config::Config;
use std::time::Duration;
use store::{PgConnectOptions, Services, Settings, Store};
use testkit::TestClock;

async fn ready(server: &Served) -> (u16, serde_json::Value) {
    let answer = server.ask(Ask::get("/readyz")).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    (answer.status, answer.json())
}

fn report(status: &str, database: &str, migrations: &str, isolation: &str) -> serde_json::Value {
    json!({ "status": status, "database": database, "migrations": migrations, "isolation": isolation })
}

#[tokio::test]
async fn ready_and_alive() {
    let server = TestServer::start().await;
    let answer = server.ask(Ask::get("/healthz")).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": "ok" })));
    assert_eq!(ready(&server).await, (200, report("ready", "ok", "ok", "ok")));
}

#[tokio::test]
async fn an_open_wall_is_not_ready() {
    let server = TestServer::start().await;
    for (open, close) in [
        (
            "alter table app.memberships no force row level security",
            "alter table app.memberships force row level security",
        ),
        ("alter table app.api_keys disable row level security", "alter table app.api_keys enable row level security"),
        ("grant select on app.people to app_tenant", "revoke select on app.people from app_tenant"),
        (
            "create table app.leak (tenant_id uuid not null); grant select on app.leak to app_tenant",
            "drop table app.leak",
        ),
    ] {
        server.execute(open).await;
        assert_eq!(ready(&server).await, (503, report("not_ready", "ok", "ok", "failed")), "{open}");
        server.execute(close).await;
        assert_eq!(ready(&server).await, (200, report("ready", "ok", "ok", "ok")), "{close}");
    }
}

#[tokio::test]
async fn another_schema_is_not_ready() {
    let server = TestServer::start().await;
    server
        .execute("delete from app.schema_migrations where version = (select max(version) from app.schema_migrations)")
        .await;
    assert_eq!(ready(&server).await, (503, report("not_ready", "ok", "failed", "unknown")));
    assert_eq!(server.ask(Ask::get("/healthz")).await.status, 200);
}

/// Where the embedded database cannot write any more, no requests should come. (No file has room below `/proc`.)
#[tokio::test]
async fn a_full_disk_is_not_ready() {
    let server = TestServer::with(|config| config.data_dir = "/proc".into()).await;
    let mut full = report("not_ready", "ok", "ok", "ok");
    full["disk"] = json!("failed");
    assert_eq!(ready(&server).await, (503, full));
    assert_eq!(server.ask(Ask::get("/healthz")).await.status, 200);
    // A database that is elsewhere has another disk.
    let server = TestServer::with(|config| {
        config.data_dir = "/proc".into();
        config.database.url = Some("postgres://elsewhere".into());
    })
    .await;
    assert_eq!(ready(&server).await, (200, report("ready", "ok", "ok", "ok")));
}

/// A server whose database is nowhere.
async fn without_database() -> Served {
    let nowhere = |user: &str| {
        let options = PgConnectOptions::new_without_pgpass().socket("/nonexistent/samtal");
        options.username(user).password("x").database("samtal")
    };
    let mut settings = Settings::new(nowhere("samtal_tenant"), nowhere("samtal_platform"));
    settings.acquire_timeout = Duration::from_millis(200);
    let services = Services::new(Store::new(settings), TestClock::new(), &testkit::secret());
    let config = Config::default();
    Served::start(&application(services, config)).await
}

fn assert_unavailable(answer: &Answer, named: &str) {
    assert_eq!((answer.status, answer.header("retry-after")), (503, "5"), "{named}: {answer}");
    let id = answer.header("x-request-id");
    assert!(answer.body.contains(id), "{named}: {answer}");
    let body = answer.body.to_lowercase();
    for word in ["nonexistent", "sqlx", "socket", "os error", "no such file", "pool"] {
        assert!(!body.contains(word), "{named}: {word} in {answer}");
    }
}

#[tokio::test]
async fn without_a_database_requests_fail_fast_and_clearly() {
    let server = without_database().await;
    assert_eq!(ready(&server).await, (503, report("not_ready", "failed", "unknown", "unknown")));
    assert_eq!(server.ask(Ask::get("/healthz")).await.status, 200);
    assert_eq!(server.ask(Ask::get("/api/openapi.json")).await.status, 200);

    // What needs no row works.
    for path in ["/", "/login", "/signup"] {
        let page = server.ask(Ask::get(path)).await;
        assert_eq!(page.status, 200, "{path}: {page}");
    }
    assert_eq!(server.ask(Ask::get("/dashboard")).await.status, 303);

    // What does says so: as a page, as a problem, in the form with what was typed.
    let cookie = "AAAAAAAAAAAAAAAAAAAAAA";
    let page = server.ask(Ask::get("/dashboard").cookie(cookie)).await;
    assert_unavailable(&page, "dashboard");
    assert!(page.is_page() && page.body.contains("The database is not answering."), "{page}");
    let page = server.ask(Ask::post("/dashboard/api-keys").form([("name", "x")]).cookie(cookie)).await;
    assert_unavailable(&page, "form");
    let page = server.ask(Ask::post("/logout").cookie(cookie)).await;
    assert_unavailable(&page, "sign-out");
    assert!(page.set_cookie("samtal").is_none(), "who is still signed in must keep the cookie: {page}");
    let answer = server.ask(Ask::get("/api/v1/me").bearer(&format!("smt_{}", "0".repeat(48)))).await;
    assert_unavailable(&answer, "me");
    assert_eq!(answer.json()["code"], "unavailable");
    let answer = server.ask(Ask::get("/dashboard/inbox").cookie(cookie).wants_json()).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (503, Some("unavailable")), "{answer}");
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"), "{answer}");
    assert_eq!(answer.header("retry-after"), "5", "{answer}");
    let form = server.ask(Ask::post("/login").form([("email", "a@b.example"), ("password", PASSWORD)])).await;
    assert_eq!((form.status, form.header("retry-after")), (503, "5"), "{form}");
    assert_eq!(form.input("email").as_deref(), Some("a@b.example"), "{form}");
    // The landing page is still there for who has a cookie, though it cannot say whose.
    let page = server.ask(Ask::get("/").cookie(cookie)).await;
    assert!(page.is_page() && page.body.contains("hero-title"), "{page}");
}

/// The database ends every connection (as at a restart): the next request does not notice.
#[tokio::test]
async fn dead_connections_are_replaced() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    for _ in 0..3 {
        assert_eq!(server.ask(Ask::get("/dashboard").session(aurora)).await.status, 200);
        assert_eq!(server.ask(Ask::get("/api/v1/members").key(aurora)).await.status, 200);
        let ended = "select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity
                     where datname = current_database() and application_name = 'samtal'";
        assert!(server.count(ended).await > 0, "there was no connection to end");
    }
    // The proof of isolation takes one connection as it comes; a dead one it finds is gone afterwards.
    let mut dead = 0;
    while ready(&server).await.0 != 200 {
        dead += 1;
        assert!(dead <= 5, "not ready though the database is there");
    }
}
