//! Headers that protect: on every response, whatever it is.

use crate::harness::{Answer, Ask, PASSWORD, TestServer};
use crate::probes::{self, World};

const CLOSED: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

fn assert_protected(answer: &Answer, named: &str) {
    // The widget's scripts are for pages of other sites; nothing else is.
    let of_whom =
        if named.starts_with("GET /widget/v1/") && answer.status == 200 { "cross-origin" } else { "same-origin" };
    // The page of a meeting may use camera, microphone and screen; nothing else may.
    let meets = [" /meet/{code}", " /embed/meet/{code}"].iter().any(|page| named.contains(page));
    let meets = meets && answer.is_page() && answer.status == 200;
    let policy = if meets {
        "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), fullscreen=(self), \
         geolocation=(), payment=(), usb=(), browsing-topics=()"
    } else {
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"
    };
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", of_whom),
        ("permissions-policy", policy),
    ] {
        assert_eq!(answer.header(name), value, "{named}, {name}: {answer}");
    }
    assert!(answer.header("x-request-id").starts_with("req_"), "{named}: {answer}");
    assert_eq!(answer.header("server"), "", "{named}");
    let csp = answer.headers.get_all("content-security-policy").iter().count();
    assert_eq!(csp, 1, "{named} has {csp} policies: {answer}");
    if answer.is_page() {
        assert_page_policy(answer, named);
        assert_scripts_of_meetings(answer, named, meets);
    } else {
        assert_eq!(answer.header("content-security-policy"), CLOSED, "{named}: {answer}");
    }
}

/// The policy of a page, and that the page keeps to it.
fn assert_page_policy(answer: &Answer, named: &str) {
    let csp = answer.header("content-security-policy");
    let nonce = answer.nonce().unwrap_or_else(|| panic!("{named} has no nonce: {answer}"));
    assert!(nonce.len() >= 16, "{named}: {nonce}");
    for directive in [
        "default-src 'none'",
        &format!("script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'"),
        "style-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(csp.split("; ").any(|d| d == directive), "{named}: {directive} is not in {csp}");
    }
    let open = csp
        .split([' ', ';'])
        .find(|source| ["'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:"].contains(source));
    assert_eq!(open, None, "{named}: {csp}");
    assert_eq!(answer.header("cache-control"), "no-store", "{named}: {answer}");
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{named}");

    for tag in answer.body.split("<script").skip(1) {
        let tag = tag.split('>').next().unwrap();
        assert!(tag.contains(&format!(" nonce=\"{nonce}\"")), "{named}: <script{tag}> has not the nonce {nonce}");
    }
    for inline in [" style=", "<style", "javascript:", " onclick=", " onload=", " onsubmit=", " onerror=", " onchange="]
    {
        assert!(!answer.body.contains(inline), "{named}: {inline} in {answer}");
    }
}

/// The program of meetings is loaded by the pages of meetings and by no other; and what speaks with LiveKit by none, where there is no LiveKit.
fn assert_scripts_of_meetings(page: &Answer, named: &str, meets: bool) {
    let files: Vec<&str> = page.body.split("/assets/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let names = |name: &str| files.iter().any(|file| file.starts_with(name) && file.ends_with(".js"));
    // (Without a bundle no page loads anything.)
    assert_eq!(names("meet."), meets && !files.is_empty(), "{named}: {page}");
    assert!(!names("livekit."), "{named}: {page}");
}

#[tokio::test]
async fn every_answer_is_protected() {
    let world = World::new().await;
    let mut pages = 0;
    for probe in probes::all() {
        let named = format!("{} {}", probe.method, probe.path);
        let stranger = world.server.ask((probe.ask)(&world)).await;
        let answer = world.server.ask(probe.as_aurora(&world)).await;
        assert_protected(&stranger, &named);
        assert_protected(&answer, &named);
        assert_eq!(answer.header("strict-transport-security"), "", "{named}");
        pages += usize::from(answer.is_page());
    }
    assert!(pages >= 5, "only {pages} pages were looked at");
    let aurora = &world.server.two.aurora;
    for (ask, status) in [
        (Ask::get("/nothing"), 404),
        (Ask::get("/api/v1/nothing"), 404),
        (Ask::new("DELETE", "/"), 405),
        (Ask::new("DELETE", "/api/v1/me"), 405),
        (Ask::post("/dashboard/api-keys").form([("name", "x")]), 401),
        (Ask::post("/dashboard/api-keys").form([("name", "")]).session(aurora), 422),
        (Ask::post("/login").form([]), 422),
        (Ask::post("/signup").form([]), 422),
        (Ask::get("/dashboard/nothing").session(aurora), 404),
        (Ask::post("/login").header("sec-fetch-site", "cross-site"), 403),
        (Ask::post("/login").form([("email", &"x".repeat(300_000))]), 413),
        (Ask::get("/dashboard/inbox").wants_json(), 401),
        (Ask::get("/dashboard/inbox").session(aurora).wants_json(), 200),
    ] {
        let named = format!("{} {}", ask.method, ask.path);
        let answer = world.server.ask(ask).await;
        assert_eq!(answer.status, status, "{named}: {answer}");
        assert_protected(&answer, &named);
    }
}

#[tokio::test]
async fn a_nonce_is_used_once() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let mut nonces = std::collections::BTreeSet::new();
    let asks = [
        Ask::get("/"),
        Ask::get("/"),
        Ask::get("/dashboard").session(aurora),
        Ask::get("/dashboard").session(aurora),
        Ask::get("/nothing"),
        Ask::get("/nothing"),
        Ask::post("/login").form([]),
        Ask::post("/login").form([]),
    ];
    for (ask, before) in asks.into_iter().zip(0..) {
        let answer = server.ask(ask).await;
        nonces.insert(answer.nonce().unwrap().to_owned());
        assert_eq!(nonces.len(), before + 1, "a nonce came twice");
    }
    // Pages of the site hold no script at all.
    for ask in [Ask::get("/").session(aurora), Ask::get("/login"), Ask::get("/nothing"), Ask::post("/login").form([])] {
        let named = ask.path.clone();
        let page = server.ask(ask).await;
        assert!(page.body.ends_with("</html>") && !page.body.contains("<script"), "{named}: {page}");
    }
    // Pages of the dashboard say what may be fetched ahead and forget what is half written at signing out; what can be copied has a button, what waits is heard of;
    // only one with an island loads a program.
    for (path, runs, own) in [("/dashboard", false, 4), ("/dashboard/members", false, 3), ("/dashboard/inbox", true, 3)]
    {
        let page = server.ask(Ask::get(path).session(aurora)).await;
        let scripts = page.body.matches("<script").count();
        let rules = page.body.matches("<script type=\"speculationrules\"").count();
        // Without a bundle there is nothing to run; with one, what keeps the island as it was made, and what starts it.
        let program = page.body.contains("<leptos-island") && page.body.contains("/assets/islands.");
        assert_eq!((rules, scripts), (1, if program { own + 2 } else { own }), "{path}: {page}");
        assert_eq!(page.body.contains("<leptos-island"), runs, "{path}: {page}");
    }
}

/// A key's secret is in one answer that nobody keeps, and is escaped like everything else.
#[tokio::test]
async fn a_new_key_is_shown_once() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let evil = "\"><script>alert(1)</script>";
    let answer = server.ask(Ask::post("/dashboard/api-keys").form([("name", evil)]).session(aurora)).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{answer}");
    assert!(!answer.body.contains("<script>alert"), "{answer}");
    let secret =
        answer.body.split("smt_").skip(1).map(|rest| &rest[..48]).find(|s| s.bytes().all(|b| b.is_ascii_hexdigit()));
    let secret = format!("smt_{}", secret.unwrap_or_else(|| panic!("no key in {answer}")));
    assert_eq!(server.ask(Ask::get("/api/v1/me").bearer(&secret)).await.status, 200);
    for path in ["/dashboard", "/dashboard/api-keys"] {
        let page = server.ask(Ask::get(path).session(aurora)).await;
        assert!(!page.body.contains(&secret) && !page.body.contains("<script>alert"), "{path}");
    }
    let page = server.ask(Ask::get("/dashboard/api-keys").session(aurora)).await;
    assert!(page.body.contains(&secret[..12]), "{page}");
    let rows = serde_json::to_string(&server.rows_of(aurora).await).unwrap();
    assert!(!rows.contains(&secret));
    // What was typed stays in a form that did not go through.
    let long = format!("{evil}{}", "x".repeat(60));
    let answer = server.ask(Ask::post("/dashboard/api-keys").form([("name", &long)]).session(aurora)).await;
    assert_eq!((answer.status, answer.input("name").as_deref()), (422, Some(long.as_str())), "{answer}");
    assert!(!answer.body.contains("<script>alert"), "{answer}");
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let server = TestServer::start().await;
    for (headers, status) in
        [("", 400), ("Host: a\r\nHost: b\r\n", 400), ("Host: a\r\nHost: a\r\n", 400), ("Host: a\r\n", 200)]
    {
        let answer = server.raw(&format!("GET /healthz HTTP/1.1\r\n{headers}Connection: close\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{headers:?}: {answer}");
    }
    // HTTP/1.0 knows none.
    assert!(server.raw("GET /healthz HTTP/1.0\r\n\r\n").await.starts_with("HTTP/1.0 200 "));
}

#[tokio::test]
async fn with_https_everything_is_bound_to_it() {
    let server = TestServer::with(|config| config.public_url = "https://samtal.example".parse().ok()).await;
    let aurora = &server.two.aurora;
    for ask in
        [Ask::get("/"), Ask::get("/healthz"), Ask::get("/api/v1/me"), Ask::get("/nothing"), Ask::get("/assets/x.css")]
    {
        let answer = server.ask(ask).await;
        assert_eq!(answer.header("strict-transport-security"), "max-age=63072000; includeSubDomains", "{answer}");
    }
    let name = "__Host-samtal";
    let answer = server.ask(Ask::post("/login").form([("email", &aurora.email), ("password", PASSWORD)])).await;
    let cookie = answer.set_cookie(name).unwrap_or_else(|| panic!("no cookie: {answer}"));
    let mut attributes: Vec<_> = cookie.split("; ").skip(1).collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Max-Age=28800", "Path=/", "SameSite=Lax", "Secure"], "{cookie}");
    let value = answer.cookie(name).unwrap();
    let page = server.ask(Ask::get("/dashboard").header("cookie", format!("{name}={value}"))).await;
    assert_eq!(page.status, 200, "{page}");
    // A cookie that a neighbour without https could have set is not read.
    let page = server.ask(Ask::get("/dashboard").cookie(value)).await;
    assert_eq!(page.status, 303, "{page}");
    // Browsers refuse a `__Host-` cookie without Secure, also when it is being removed.
    let answer = server.ask(Ask::post("/logout").header("cookie", format!("{name}={value}"))).await;
    let cookie = answer.set_cookie(name).unwrap();
    assert!(cookie.contains("Max-Age=0") && cookie.contains("Path=/") && cookie.contains("Secure"), "{cookie}");
    let answer = server.ask(Ask::post("/preferences/theme").form([("theme", "dark")])).await;
    assert!(answer.set_cookie("samtal_theme").unwrap().contains("Secure"), "{answer}");

    // Behind a proxy that ends https, the browser's origin is the public address.
    let own = Ask::post("/preferences/theme").form([("theme", "dark")]).header("origin", "https://samtal.example");
    assert_eq!(server.ask(own).await.status, 303);
    let other =
        Ask::post("/preferences/theme").form([("theme", "dark")]).header("origin", "https://samtal.example.evil");
    assert_eq!(server.ask(other).await.status, 403);
}

/// A cut-off answer is seen as one: every answer that is not packed on the way says how long it is.
#[tokio::test]
async fn answers_say_how_long_they_are() {
    let server = TestServer::start().await;
    for ask in [Ask::get("/robots.txt"), Ask::get("/api/v1/me").key(&server.two.aurora), Ask::get("/api/openapi.json")]
    {
        let path = ask.path.clone();
        let answer = server.ask(ask).await;
        assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "{path}");
    }
}
