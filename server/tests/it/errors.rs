//! Errors: the right form for the reader, the request's id, and not a word of what is inside.

use crate::harness::{Answer, Ask, TestServer};
use crate::probes::{self, By, Probe, World};
use server::edge::lingering::PLACES;
use std::collections::BTreeSet;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Words of the machinery. None may stand in what a stranger reads about an error.
const INSIDE: [&str; 14] = [
    "sqlx",
    "postgres",
    "panic",
    "src/",
    ".rs",
    "app.",
    "memberships",
    "tokio",
    "axum",
    "leptos",
    "serde",
    "thread",
    "stack",
    "select ",
];

/// What holds for every error.
fn assert_error(answer: &Answer, status: u16, named: &str) {
    assert_eq!(answer.status, status, "{named}: {answer}");
    let id = answer.header("x-request-id");
    assert!(id.starts_with("req_") && id.len() == 36, "{named}: {answer}");
    if answer.is_page() {
        assert!(answer.body.contains(&format!("<code>{id}<")), "{named}: {answer}");
        assert_eq!(answer.header("cache-control"), "no-store", "{named}");
    } else {
        let problem = answer.json();
        assert_eq!(problem["request_id"], id, "{named}: {answer}");
        assert_eq!(problem["status"], status, "{named}: {answer}");
        assert!(problem["code"].is_string() && problem["title"].is_string(), "{named}: {answer}");
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{named}: {answer}");
    }
    let body = answer.body.to_lowercase();
    let inside = INSIDE.iter().find(|word| {
        // Names of files are part of every page.
        body.replace("/assets/", "").contains(**word)
    });
    assert_eq!(inside, None, "{named}: {answer}");
}

fn assert_problem(answer: &Answer, status: u16, code: &str, named: &str) {
    assert_error(answer, status, named);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{named}: {answer}");
    assert_eq!(answer.json()["code"], code, "{named}: {answer}");
}

fn assert_page(answer: &Answer, status: u16, named: &str) {
    assert_error(answer, status, named);
    assert!(answer.is_page(), "{named}: {answer}");
}

#[tokio::test]
async fn nothing_here_is_a_page_or_a_problem() {
    let server = TestServer::start().await;
    for path in ["/nothing", "/dashboards", "/login/", "/%00", "/..%2f..%2fetc/passwd", "/api", "/rpc", "/rpc/nothing"]
    {
        assert_page(&server.ask(Ask::get(path)).await, 404, path);
    }
    for path in
        ["/api/", "/api/nothing", "/api/v1/nothing", "/api/v1/me/", "/api/v2/me", "/assets/none.css", "/assets/none"]
    {
        assert_problem(&server.ask(Ask::get(path)).await, 404, "not_found", path);
    }
    for ask in [Ask::get("/nothing"), Ask::get("/dashboard/inbox/conv_0").session(&server.two.aurora)] {
        let path = ask.path.clone();
        assert_problem(&server.ask(ask.wants_json()).await, 404, "not_found", &path);
    }
    // A page of the dashboard that does not exist keeps the frame of the dashboard.
    let answer = server.ask(Ask::get("/dashboard/nothing").session(&server.two.aurora)).await;
    assert_eq!(answer.status, 404, "{answer}");
    assert!(
        answer.is_page() && answer.body.contains("There is nothing here") && answer.body.contains("Aurora"),
        "{answer}"
    );
}

/// The table of routes names every method that a route takes, and `Allow` says the same.
#[tokio::test]
async fn other_methods_are_refused_by_name() {
    let server = TestServer::start().await;
    let documents = [server::rest::openapi(), server::rest::operator::openapi()];
    let documents = documents.map(|document| serde_json::to_value(document).unwrap());
    let mut table: Vec<(String, BTreeSet<String>)> = documents
        .iter()
        .flat_map(|document| document["paths"].as_object().unwrap())
        .map(|(path, item)| (path.clone(), item.as_object().unwrap().keys().map(|m| m.to_uppercase()).collect()))
        .collect();
    for route in server::router::routes() {
        table.push((route.path.to_owned(), route.methods.iter().map(|m| (*m).to_owned()).collect()));
    }
    for (path, mut methods) in table {
        if methods.contains("GET") {
            methods.insert("HEAD".to_owned());
        }
        let address = path.replace("{key}", "key_0").replace("{*page}", "nowhere").replace("{*path}", "x.css");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if methods.contains(method) {
                continue;
            }
            // `/dashboard/{*page}` has what `/dashboard/api-keys/{key}/revoke` has not.
            if path.starts_with("/dashboard/") && method == "GET" {
                continue;
            }
            let named = format!("{method} {path}");
            let answer = server.ask(Ask::new(method, &address)).await;
            assert_error(&answer, 405, &named);
            let allow: BTreeSet<String> = answer.header("allow").split(',').map(|m| m.trim().to_owned()).collect();
            assert_eq!(allow, methods, "{named}: {answer}");
        }
    }
}

#[tokio::test]
async fn without_a_key_the_interface_says_how() {
    let server = TestServer::start().await;
    for ask in [
        Ask::get("/api/v1/me"),
        Ask::get("/api/v1/me").bearer("smt_nonsense"),
        Ask::get("/api/v1/members").header("authorization", "Basic x"),
        Ask::get("/api/v1/members").session(&server.two.aurora),
    ] {
        let answer = server.ask(ask).await;
        assert_problem(&answer, 401, "unauthenticated", "no key");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"Samtal\"");
        assert!(
            answer.json()["detail"].as_str().unwrap().contains("key") || answer.body.contains("Bearer"),
            "{answer}"
        );
    }
    // Forms of the dashboard are for people: a page that leads to the sign-in.
    let answer = server.ask(Ask::post("/dashboard/api-keys").form([("name", "x")])).await;
    assert_page(&answer, 401, "no session");
    assert!(answer.body.contains("href=\"/login\""), "{answer}");
    // The browser's part of a page is a program.
    let answer = server.ask(Ask::post("/dashboard/inbox/conv_0/resolve").wants_json()).await;
    assert_problem(&answer, 401, "unauthenticated", "no session, as JSON");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_name() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    for (path, words) in [
        ("/api/v1/me?verbose=1", "verbose"),
        ("/api/v1/members?lmit=5", "lmit"),
        ("/api/v1/members?limit=many", "digit"),
        ("/api/v1/members?limit=-1", "digit"),
        ("/api/v1/members?limit=99999999999999", "large"),
        ("/api/v1/members?limit=1&limit=2", "limit"),
    ] {
        let answer = server.ask(Ask::get(path).key(aurora)).await;
        assert_problem(&answer, 400, "invalid_request", path);
        assert!(answer.body.contains(words), "{path}: {answer}");
    }
    for (path, field) in [
        ("/api/v1/members?limit=0", "limit"),
        ("/api/v1/members?limit=201", "limit"),
        ("/api/v1/members?cursor=", "cursor"),
    ] {
        let answer = server.ask(Ask::get(path).key(aurora)).await;
        assert_problem(&answer, 422, "invalid", path);
        assert_eq!(answer.json()["errors"][0]["field"], field, "{answer}");
    }
    let keys = server.count("select count(*) from app.api_keys").await;
    for (media_type, body, status) in [
        ("application/json", "{\"name\":\"x\"}", 415),
        ("text/plain", "name=x", 415),
        ("application/x-www-form-urlencoded", "name=x&name=y", 400),
    ] {
        for path in ["/dashboard/api-keys", "/preferences/theme", "/login", "/signup"] {
            let body = if path == "/preferences/theme" { body.replace("name", "theme") } else { body.to_owned() };
            let body = if path == "/login" { body.replace("name", "email") } else { body };
            let ask = Ask::post(path).body(media_type, body.clone()).session(aurora);
            assert_page(&server.ask(ask).await, status, &format!("{path} with {media_type} {body:?}"));
        }
    }
    assert_eq!(keys, server.count("select count(*) from app.api_keys").await);
}

#[tokio::test]
async fn too_much_is_refused() {
    let server = TestServer::with(|config| config.server.body_bytes = 1000).await;
    let aurora = &server.two.aurora;
    let keys = server.count("select count(*) from app.api_keys").await;
    let much = "x".repeat(1001);
    for path in ["/login", "/signup", "/dashboard/api-keys", "/preferences/theme"] {
        assert_page(&server.ask(Ask::post(path).form([("name", &much)]).session(aurora)).await, 413, path);
    }
    for path in ["/dashboard/api-keys", "/api/v1/me"] {
        let answer = server.ask(Ask::post(path).form([("name", &much)]).session(aurora).wants_json()).await;
        assert_problem(&answer, 413, "too_large", path);
    }
    // The same without saying before how much will come.
    let cookie = format!("{}={}", crate::harness::COOKIE, aurora.session);
    let answer = server
        .raw(&format!(
            "POST /dashboard/api-keys HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {cookie}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n\
             3f0\r\nname={}\r\n3f0\r\n{}\r\n0\r\n\r\n",
            "x".repeat(0x3f0 - 5),
            "y".repeat(0x3f0)
        ))
        .await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert_eq!(keys, server.count("select count(*) from app.api_keys").await);
    // Headers have a limit as well.
    let answer = server.raw(&format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(200_000))).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

/// More than the kernel keeps for a connection, and than files may be.
const MUCH: usize = 24 * 1024 * 1024;

#[tokio::test]
async fn who_sends_too_much_reads_the_answer() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let cookie = format!("Cookie: {}={}", crate::harness::COOKIE, aurora.session);
    let key = format!("Authorization: Bearer {}", aurora.api_key);
    for (path, who, media, status) in [
        ("/dashboard/api-keys", cookie.as_str(), "application/x-www-form-urlencoded", ["413"; 2]),
        ("/api/v1/conversations", &key, "application/json", ["413"; 2]),
        ("/dashboard/knowledge", &cookie, "multipart/form-data; boundary=x", ["413"; 2]),
        ("/api/v1/documents", &key, "multipart/form-data; boundary=x", ["413"; 2]),
        // Refused for another reason before anything was read, where no length has been said.
        ("/api/v1/documents", "Authorization: Bearer x", "multipart/form-data; boundary=x", ["413", "401"]),
        ("/nothing", &cookie, "text/plain", ["413", "404"]),
    ] {
        for chunked in [false, true] {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            let length = match chunked {
                true => "Transfer-Encoding: chunked".to_owned(),
                false => format!("Content-Length: {MUCH}"),
            };
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nOrigin: http://x\r\n{who}\r\n\
                 Content-Type: {media}\r\n{length}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            let piece = vec![b'x'; 64 * 1024];
            for _ in 0..MUCH / piece.len() {
                if chunked {
                    stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await.unwrap();
                }
                stream.write_all(&piece).await.unwrap_or_else(|e| panic!("{path} {chunked}: {e}"));
                if chunked {
                    stream.write_all(b"\r\n").await.unwrap();
                }
            }
            if chunked {
                stream.write_all(b"0\r\n\r\n").await.unwrap();
            }
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {} ", status[usize::from(chunked)])),
                "{path} {chunked}: {answer}"
            );
        }
    }
}

#[tokio::test]
async fn who_goes_on_sending_takes_a_place_and_no_more() {
    let server = TestServer::start().await;
    let head = format!("POST /nothing HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nContent-Length: {MUCH}\r\n\r\nx");
    let refused = async || {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 413");
        stream
    };
    let mut places = Vec::new();
    for _ in 0..PLACES {
        places.push(refused().await);
    }
    // The next one is let go at once, while those before it are still being read; a neighbour feels nothing.
    let mut rest = Vec::new();
    let _ = refused().await.read_to_end(&mut rest).await;
    assert_eq!(server.ask(Ask::get("/api/v1/me").key(&server.two.aurora)).await.status, 200);
    let rest = vec![b'x'; MUCH - 1];
    places[0].write_all(&rest).await.unwrap();
    // Who goes gives the place back.
    places.clear();
    while refused().await.write_all(&rest).await.is_err() {}
}

#[tokio::test]
async fn who_sends_too_much_reads_the_answer_over_http_2() {
    let server = TestServer::start().await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    for (path, media) in
        [("/api/v1/conversations", "application/json"), ("/api/v1/documents", "multipart/form-data; boundary=x")]
    {
        let request = http::Request::post(format!("http://x{path}"))
            .header("authorization", format!("Bearer {}", server.two.aurora.api_key))
            .header("content-type", media)
            .body(())
            .unwrap();
        let (answer, mut body) = client.send_request(request, false).unwrap();
        let mut left = MUCH;
        while left > 0 {
            body.reserve_capacity(left.min(64 * 1024));
            let room = std::future::poll_fn(|cx| body.poll_capacity(cx)).await.unwrap().unwrap();
            body.send_data(vec![b'x'; room].into(), left == room).unwrap();
            left -= room;
        }
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 413, "{path}");
        let mut text = Vec::new();
        let mut answer = answer.into_body();
        while let Some(piece) = answer.data().await {
            text.extend_from_slice(&piece.unwrap());
        }
        assert!(String::from_utf8(text).unwrap().contains("too_large"), "{path}");
    }
    // The connection is still good.
    let request = http::Request::get("http://x/healthz").body(()).unwrap();
    let (answer, _) = client.send_request(request, true).unwrap();
    assert_eq!(answer.await.unwrap().status(), 200);
    connection.abort();
}

#[tokio::test]
async fn other_sites_are_refused_and_nothing_is_done() {
    let world = World::new().await;
    let (server, aurora) = (&world.server, &world.server.two.aurora);
    let before = server.rows_of(aurora).await;
    let tenants = server.count("select count(*) from app.tenants").await;
    // Whatever changes something and needs neither a key nor, as what other servers send, a signature over all of it.
    let signed = |probe: &Probe| matches!(probe.by, By::Key | By::Operator) || probe.path.starts_with("/webhooks/");
    let changes = |probe: &&Probe| probe.method == "POST" && !signed(probe);
    let probes = probes::all().into_iter().filter(changes).map(|probe| probe.as_aurora(&world));
    let requests: Vec<_> = probes.flat_map(|ask| [ask.clone(), ask.wants_json()]).collect();
    assert!(requests.len() > 20, "{} requests are tried", requests.len());
    let own = format!("http://{}", server.address);
    for request in &requests {
        for (site, origin) in [
            (Some("cross-site"), Some("https://evil.example")),
            (Some("cross-site"), None),
            (Some("same-site"), Some("https://other.samtal.example")),
            (None, Some("https://evil.example")),
            (None, Some("null")),
            // Another port is another site.
            (None, Some("http://127.0.0.1:1")),
        ] {
            let mut ask = request.clone();
            if let Some(site) = site {
                ask = ask.header("sec-fetch-site", site);
            }
            if let Some(origin) = origin {
                ask = ask.header("origin", origin);
            }
            let named = format!("{} from {site:?} {origin:?}", request.path);
            let answer = server.ask(ask).await;
            assert_error(&answer, 403, &named);
            assert!(
                answer.set_cookie("samtal").is_none() && answer.set_cookie("samtal_theme").is_none(),
                "{named}: {answer}"
            );
        }
    }
    assert_eq!(before, server.rows_of(aurora).await);
    assert_eq!(tenants, server.count("select count(*) from app.tenants").await);
    // Our own pages are heard, whichever of the two headers the browser sends.
    for (name, value) in [("sec-fetch-site", "same-origin"), ("origin", own.as_str())] {
        let ask = Ask::post("/dashboard/api-keys").form([("name", "Good")]).session(aurora).header(name, value);
        assert_eq!(server.ask(ask).await.status, 200, "{name}: {value}");
    }
    assert_ne!(before, server.rows_of(aurora).await);
}

/// A row that this version cannot read is a fault of ours: said without a word about the row.
#[tokio::test]
async fn a_fault_of_ours_tells_nothing_of_itself() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    server
        .execute(
            "alter table app.memberships drop constraint memberships_role_check;
             update app.memberships set role = 'wizard' where email = 'owner@aurora.example'",
        )
        .await;
    assert_page(&server.ask(Ask::get("/dashboard").session(aurora)).await, 500, "dashboard");
    assert_page(&server.ask(Ask::post("/dashboard/api-keys").form([("name", "x")]).session(aurora)).await, 500, "form");
    assert_problem(&server.ask(Ask::get("/api/v1/members").key(aurora)).await, 500, "internal", "members");
    assert_page(&server.ask(Ask::get("/dashboard/members").session(aurora)).await, 500, "the page");
    // The other tenant does not notice.
    assert_eq!(server.ask(Ask::get("/dashboard").session(&server.two.borealis)).await.status, 200);
}

/// HEAD is GET without the body, and asks for nothing more.
#[tokio::test]
async fn head_is_get_without_the_body() {
    let server = TestServer::start().await;
    for ask in
        [Ask::new("HEAD", "/"), Ask::new("HEAD", "/nothing"), Ask::new("HEAD", "/api/v1/me").key(&server.two.aurora)]
    {
        let (path, mut get) = (ask.path.clone(), ask.clone());
        get.method = http::Method::GET;
        let (head, get) = (server.ask(ask).await, server.ask(get).await);
        assert_eq!(head.body, "", "{path}");
        assert_eq!((head.status, head.header("content-type")), (get.status, get.header("content-type")), "{path}");
    }
}
