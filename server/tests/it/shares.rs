//! What is shared (docs/operators/limits.md): in every test one takes all that it can, and another gets its own all the
//! same. Told by order and by number; no test looks at a clock.

use crate::harness::{Answer, Ask, COOKIE, Held, NEVER, PASSWORD, TENANTS, TestServer};
use crate::probes::documents::upload;
use axum::body::Bytes;
use server::edge::lingering::SHARE;
use testkit::Tenant;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The address of who takes all that it can, and that of somebody else.
const GREEDY: u8 = 2;
const NEIGHBOUR: u8 = 9;

/// The next answer on a connection, whole; empty when the connection ends instead.
async fn answer(stream: &mut TcpStream) -> String {
    let read = async {
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&answer).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let begun = answer.len();
        answer.resize(begun + length.unwrap_or(0), 0);
        stream.read_exact(&mut answer[begun..]).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = timeout(NEVER, read).await.expect("an answer or an end has to come");
    String::from_utf8(answer.unwrap_or_default()).unwrap()
}

/// Whether a connection is served.
async fn serves(stream: &mut TcpStream) -> bool {
    let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    asked.is_ok() && answer(stream).await.starts_with("HTTP/1.1 200 ")
}

/// Until a connection ends on which nothing was said.
async fn ended(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // A reset is an end, too.
    let _ = timeout(NEVER, stream.read_to_end(&mut rest)).await.expect("the connection stays for ever");
    assert_eq!(String::from_utf8_lossy(&rest), "");
}

fn assert_limited(answer: &Answer, named: &str) {
    assert_eq!((answer.status, answer.header("retry-after")), (429, "1"), "{named}: {answer}");
    assert!(answer.is_page() || answer.json()["code"] == "rate_limited", "{named}: {answer}");
}

// ── Bodies ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Heads of requests that announce a body.
const ANNOUNCED: [&str; 4] = [
    "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\n",
    "POST /signup HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
     Transfer-Encoding: chunked\r\n\r\n",
    "POST /api/v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n",
    "POST /dashboard/api-keys HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
     Content-Length: 100\r\n\r\nname=",
];

#[tokio::test]
async fn bodies_that_never_come_hold_no_place() {
    let server = TestServer::with(|config| {
        config.server.requests = 4;
        config.server.body_grace_s = 3_600;
    })
    .await;
    let me = || Ask::get("/api/v1/me").key(&server.two.aurora);
    // Four addresses, with four connections each: all that they can.
    let mut bodies = JoinSet::new();
    let places = [2, 3, 4, 5];
    for place in places {
        for announced in ANNOUNCED {
            let mut stream = server.connect_from(place).await;
            stream.write_all(announced.as_bytes()).await.unwrap();
            bodies.spawn(async move { (answer(&mut stream).await, stream) });
        }
    }
    let mut refused = Vec::new();
    for _ in 0..12 {
        let (answer, stream) = bodies.join_next().await.unwrap().unwrap();
        let head = answer.to_lowercase();
        assert!(head.starts_with("http/1.1 429 ") && head.contains("\r\nretry-after: 1\r\n"), "{answer}");
        refused.push(stream);
    }
    for place in [NEIGHBOUR].into_iter().chain(places) {
        let page = server.ask_from(place, Ask::get("/")).await;
        assert!(page.status == 200 && page.is_page(), "{place}: {page}");
        let answer = server.ask_from(place, me()).await;
        assert_eq!(answer.status, 200, "{place}: {answer}");
    }
    assert!(bodies.try_join_next().is_none(), "each address still has its one body to come");
    assert_eq!(bodies.len(), 4);
    // Who goes gives the place back.
    bodies.shutdown().await;
    let form = || Ask::post("/login").form([("email", "a@x.example"), ("password", "not the password")]);
    let free = async { while server.ask_from(GREEDY, form()).await.status == 429 {} };
    timeout(NEVER, free).await.unwrap();
}

#[tokio::test]
async fn streams_whose_bodies_never_come_hold_no_place() {
    let server = TestServer::with(|config| {
        config.server.requests = 4;
        config.server.body_grace_s = 3_600;
    })
    .await;
    let me = || Ask::get("/api/v1/me").key(&server.two.aurora);
    let stream = server.connect_from(GREEDY).await;
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let (mut answers, mut bodies) = (JoinSet::new(), Vec::<h2::SendStream<Bytes>>::new());
    for _ in 0..16 {
        let request = http::Request::post("http://x/login").body(()).unwrap();
        let (answer, body) = client.send_request(request, false).unwrap();
        bodies.push(body);
        answers.spawn(async move { answer.await.unwrap().status() });
    }
    for _ in 0..15 {
        assert_eq!(timeout(NEVER, answers.join_next()).await.unwrap().unwrap().unwrap(), 429);
    }
    for place in [NEIGHBOUR, GREEDY] {
        assert_eq!(server.ask_from(place, Ask::get("/")).await.status, 200);
        assert_eq!(server.ask_from(place, me()).await.status, 200);
    }
    // On the same connection as well.
    let request = http::Request::get("http://x/robots.txt").body(()).unwrap();
    assert_eq!(client.send_request(request, true).unwrap().0.await.unwrap().status(), 200);
    assert!(answers.try_join_next().is_none(), "one body is still to come");
    connection.abort();
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up_and_its_place_is_free() {
    let server = TestServer::with(|config| {
        config.server.requests = 4;
        config.server.body_grace_s = 1;
    })
    .await;
    // One of four places is this address's: each of these was received, so the one before it has gone.
    for announced in ANNOUNCED {
        let mut stream = server.connect_from(GREEDY).await;
        stream.write_all(announced.as_bytes()).await.unwrap();
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 504 "), "{announced}: {answer}");
        assert!(answer.contains("The body came too slowly."), "{announced}: {answer}");
    }
    let form = Ask::post("/login").form([("email", "a@x.example"), ("password", "not the password")]);
    assert_eq!(server.ask_from(GREEDY, form).await.status, 422);
}

/// More than the kernel keeps for a connection.
const MUCH: usize = 24 * 1024 * 1024;

/// One that was refused before its body was read, and goes on sending: it is read on.
async fn refused(server: &TestServer, place: u8, address: &str) -> TcpStream {
    let mut stream = server.connect_from(place).await;
    let head =
        format!("POST /nothing HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\nContent-Length: {MUCH}\r\n\r\nx");
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    stream
}

#[tokio::test]
async fn who_is_refused_is_read_on_whatever_another_sends() {
    let server = TestServer::start().await;
    let rest = vec![b'x'; MUCH - 1];
    let mut greedy = Vec::new();
    for _ in 0..SHARE {
        greedy.push(refused(&server, GREEDY, "x").await);
    }
    assert!(refused(&server, GREEDY, "x").await.write_all(&rest).await.is_err(), "one more than its share");
    refused(&server, NEIGHBOUR, "x").await.write_all(&rest).await.unwrap();
    greedy[0].write_all(&rest).await.unwrap();
}

/// The same where all come from one proxy: the address that it names is the one that counts.
#[tokio::test]
async fn who_is_refused_behind_a_proxy_is_read_on_whatever_another_sends() {
    let server = behind_a_proxy().await;
    let rest = vec![b'x'; MUCH - 1];
    let mut greedy = Vec::new();
    for _ in 0..SHARE {
        greedy.push(refused(&server, 1, "203.0.113.1").await);
    }
    assert!(refused(&server, 1, "203.0.113.1").await.write_all(&rest).await.is_err(), "one more than its share");
    refused(&server, 1, "203.0.113.2").await.write_all(&rest).await.unwrap();
}

// ── Requests ───────────────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn an_address_has_its_share_of_the_work() {
    let server = TestServer::with(|config| {
        config.server.requests = 4;
        config.server.address_percent = 50;
    })
    .await;
    let me = || Ask::get("/api/v1/me").key(&server.two.aurora);
    let held = Held::new(&server, TENANTS).await;
    let mut inside = vec![server.ask_later_from(GREEDY, me()), server.ask_later_from(GREEDY, me())];
    held.wait_for(&server, 2).await;

    assert_limited(&server.ask_from(GREEDY, me()).await, "the third");
    for path in ["/", "/login", "/robots.txt", "/api/openapi.json", "/assets/none.css"] {
        assert_limited(&server.ask_from(GREEDY, Ask::get(path)).await, path);
    }
    assert!(server.ask_from(GREEDY, Ask::get("/")).await.is_page());
    let form = Ask::post("/login").form([("email", "a@x.example"), ("password", "x")]);
    assert_limited(&server.ask_from(GREEDY, form).await, "a form");
    assert_eq!(server.ask_from(GREEDY, Ask::get("/healthz")).await.status, 200);

    assert_eq!(server.ask_from(NEIGHBOUR, Ask::get("/")).await.status, 200);
    // Of another tenant, whose share of the connections is its own.
    let other = || Ask::get("/api/v1/me").key(&server.two.borealis);
    inside.push(server.ask_later_from(NEIGHBOUR, other()));
    held.wait_for(&server, 3).await;
    inside.push(server.ask_later_from(NEIGHBOUR, other()));
    held.wait_for(&server, 4).await;
    // Now none is left for anybody, and that is said in other words.
    let other = server.ask_from(4, me()).await;
    assert_eq!((other.status, other.header("retry-after")), (503, "2"), "{other}");
    for place in [GREEDY, NEIGHBOUR, 4] {
        assert_eq!(server.ask_from(place, Ask::get("/healthz")).await.status, 200);
    }
    held.let_go().await;
    for answer in inside {
        let answer = timeout(NEVER, answer).await.unwrap().unwrap();
        assert_eq!(answer.status, 200, "{answer}");
    }
    assert_eq!(server.ask_from(GREEDY, me()).await.status, 200);
}

/// Who sends files is known before they are received, and to find that out is work like any other.
#[tokio::test]
async fn where_files_are_taken_an_address_has_no_more_than_its_share() {
    let server = TestServer::with(|config| config.server.requests = 4).await;
    for path in ["/dashboard/inbox", "/api/v1/members", "/dashboard/knowledge", "/api/v1/documents"] {
        // Each with credentials of its own that were made up.
        let ask = |n: u8| match path.starts_with("/api/") {
            true => Ask::get(path).bearer(&format!("smt_{n:048x}")),
            false => Ask::get(path).cookie(format!("{}AAAAAAAAAAAAAAAAAAAAA", char::from(b'A' + n))),
        };
        let held = Held::new(&server, TENANTS).await;
        let mut inside = JoinSet::new();
        for n in 0..3 {
            inside.spawn(server.ask_later_from(GREEDY, ask(n)));
        }
        held.wait_for(&server, 1).await;
        for _ in 0..2 {
            assert_limited(&inside.join_next().await.unwrap().unwrap().unwrap(), path);
        }
        held.let_go().await;
        assert_ne!(inside.join_next().await.unwrap().unwrap().unwrap().status, 429, "{path}");
    }
}

// ── Connections ────────────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn an_address_has_its_share_of_connections() {
    const PROXY: u8 = 7;
    let server = TestServer::with(|config| {
        config.server.connections = 16;
        config.server.address_percent = 12;
        config.server.trusted_proxies = vec![format!("127.0.0.{PROXY}").parse().unwrap()];
    })
    .await;
    let mut greedy = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect_from(GREEDY).await;
        assert!(serves(&mut stream).await);
        greedy.push(stream);
    }
    for _ in 0..3 {
        ended(&mut server.connect_from(GREEDY).await).await;
    }
    // Another address connects, and those that are open stay so.
    let mut neighbour = server.connect_from(NEIGHBOUR).await;
    assert!(serves(&mut neighbour).await);
    for stream in &mut greedy {
        assert!(serves(stream).await);
    }
    // All come through a proxy: it has no share.
    let mut proxied = Vec::new();
    for _ in 0..5 {
        proxied.push(server.connect_from(PROXY).await);
    }
    for stream in &mut proxied {
        assert!(serves(stream).await);
    }
    // Who goes gives the place back.
    greedy.pop();
    let free = async { while !serves(&mut server.connect_from(GREEDY).await).await {} };
    timeout(NEVER, free).await.unwrap();
}

#[tokio::test]
async fn who_finds_no_room_to_connect_waits_and_is_served() {
    let server = TestServer::with(|config| {
        config.server.connections = 2;
        config.server.address_percent = 50;
    })
    .await;
    let (mut first, mut second) = (server.connect_from(GREEDY).await, server.connect_from(NEIGHBOUR).await);
    assert!(serves(&mut first).await && serves(&mut second).await);
    let mut third = server.connect_from(4).await;
    let waits = tokio::spawn(async move { serves(&mut third).await });
    for _ in 0..10 {
        assert!(serves(&mut second).await);
    }
    assert!(!waits.is_finished());
    drop(first);
    assert!(timeout(NEVER, waits).await.unwrap().unwrap());
    assert!(serves(&mut second).await);
}

#[tokio::test]
async fn a_connection_without_a_request_ends_and_its_place_is_free() {
    let server = TestServer::with(|config| {
        config.server.header_timeout_s = 1;
        config.server.connections = 8;
    })
    .await;
    for said in ["", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        // All that it may have.
        let mut silent = [server.connect_from(GREEDY).await, server.connect_from(GREEDY).await];
        for stream in &mut silent {
            stream.write_all(said.as_bytes()).await.unwrap();
        }
        for stream in &mut silent {
            let mut rest = Vec::new();
            let _ = timeout(NEVER, stream.read_to_end(&mut rest)).await.expect("the connection stays for ever");
            assert!(!String::from_utf8_lossy(&rest).contains(" 200 "), "{said:?}");
        }
        let free = async { while !serves(&mut server.connect_from(GREEDY).await).await {} };
        timeout(NEVER, free).await.unwrap();
    }
}

/// Between two requests of HTTP/2 there is more time than before the first: who has asked something is still there when
/// somebody has gone who came later and asked nothing.
#[tokio::test]
async fn who_has_asked_something_is_kept_longer() {
    let server = TestServer::with(|config| config.server.header_timeout_s = 1).await;
    let (mut asked, connection) = h2::client::handshake(server.connect_from(NEIGHBOUR).await).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut serves = async || {
        let request = http::Request::get("http://x/healthz").body(()).unwrap();
        asked = asked.clone().ready().await.unwrap();
        asked.send_request(request, true).unwrap().0.await.unwrap().status()
    };
    assert_eq!(serves().await, 200);
    for _ in 0..2 {
        ended(&mut server.connect_from(GREEDY).await).await;
    }
    assert_eq!(serves().await, 200);
    connection.abort();
}

/// Who asks and does not take the answers holds its own share of them, and no more; who goes gives it back.
#[tokio::test]
async fn answers_that_nobody_takes_are_bounded() {
    let server = TestServer::with(|config| config.server.requests = 1).await;
    // A quarter of 4 × 1 + 256, on connections that have 64 streams each.
    let (mut kept, mut clients) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let stream = server.connect_from(GREEDY).await;
        let mut closed = h2::client::Builder::new();
        let (client, connection) = closed.initial_window_size(0).handshake::<_, Bytes>(stream).await.unwrap();
        clients.push((client, tokio::spawn(connection)));
    }
    for n in 0..66 {
        let (client, _) = &clients[n / 64];
        let request = http::Request::get("http://x/robots.txt").body(()).unwrap();
        let answer = client.clone().ready().await.unwrap().send_request(request, true).unwrap().0.await.unwrap();
        assert_eq!(answer.status(), if n < 65 { 200 } else { 429 }, "{n}");
        kept.push(answer);
    }
    let other = server.ask_from(NEIGHBOUR, Ask::get("/robots.txt")).await;
    assert_eq!(other.status, 200, "{other}");
    drop(kept);
    clients.iter().for_each(|(_, connection)| connection.abort());
    let free = async { while server.ask_from(GREEDY, Ask::get("/robots.txt")).await.status == 429 {} };
    timeout(NEVER, free).await.unwrap();
}

// ── Files ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A form with a file, as it goes over the wire.
const FILE: &str =
    "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.md\"\r\n\r\n# A\r\n--edge--\r\n";

/// The head of a request with a file, whose sender waits until it is asked for the body.
fn head(path: &str, who: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\n{who}\r\nExpect: 100-continue\r\n\
         Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: {length}\r\n\r\n"
    )
}

fn by_key(tenant: &Tenant) -> String {
    format!("Authorization: Bearer {}", tenant.api_key)
}

fn by_session(tenant: &Tenant) -> String {
    format!("Cookie: {COOKIE}={}", tenant.session)
}

/// How one shows who one is.
type Credentials = fn(&Tenant) -> String;

/// The addresses that take files.
const TAKE_FILES: [(&str, Credentials); 2] = [("/api/v1/documents", by_key), ("/dashboard/knowledge", by_session)];

/// An upload that has its place and stops in the middle.
async fn begun(server: &TestServer, place: u8, path: &str, who: &str) -> TcpStream {
    let mut stream = server.connect_from(place).await;
    stream.write_all(head(path, who, FILE.len()).as_bytes()).await.unwrap();
    // Asked for when there is room for it.
    let asked = answer(&mut stream).await;
    assert!(asked.starts_with("HTTP/1.1 100 "), "{asked}");
    stream.write_all(&FILE.as_bytes()[..50]).await.unwrap();
    stream
}

#[tokio::test]
async fn a_company_has_its_share_of_uploads() {
    let server = TestServer::with(|config| {
        config.server.uploads = 8;
        config.server.address_percent = 50;
        config.server.body_grace_s = 3_600;
    })
    .await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    // (Each is another one.)
    let drawn = || server.db.services.new_id();
    let by_program = |tenant| upload("/api/v1/documents", "a.md", &format!("# A {}", drawn())).key(tenant);
    let by_form = |tenant| {
        upload("/dashboard/knowledge", &format!("{}.md", drawn()), &format!("# A {}", drawn())).session(tenant)
    };
    for (path, who) in TAKE_FILES {
        let documents = server.count("select count(*) from app.documents").await;
        let mut first = begun(&server, GREEDY, path, &who(aurora)).await;
        let second = begun(&server, GREEDY, path, &who(aurora)).await;
        // A third is one too many, wherever it comes from and however it is sent, and is not asked for.
        for place in [GREEDY, NEIGHBOUR] {
            assert_limited(&server.ask_from(place, by_program(aurora)).await, path);
            let page = server.ask_from(place, by_form(aurora)).await;
            assert_limited(&page, path);
            assert!(page.is_page(), "{page}");
            for (path, who) in TAKE_FILES {
                let mut third = server.connect_from(place).await;
                third.write_all(head(path, &who(aurora), FILE.len()).as_bytes()).await.unwrap();
                let answer = answer(&mut third).await;
                assert!(answer.starts_with("HTTP/1.1 429 "), "{path}: {answer}");
            }
        }
        // The other company sends its own, also from the same address; and what is no upload goes on.
        for place in [GREEDY, NEIGHBOUR] {
            assert_eq!(server.ask_from(place, by_program(borealis)).await.status, 202);
            assert_eq!(server.ask_from(place, by_form(borealis)).await.status, 303);
        }
        assert_eq!(server.ask(Ask::get("/api/v1/documents").key(aurora)).await.status, 200);
        assert_eq!(server.ask(Ask::get("/dashboard/knowledge").session(aurora)).await.status, 200);
        assert_eq!(server.count("select count(*) from app.documents").await, documents + 4);
        // What had begun comes to its end, and its place is free.
        first.write_all(&FILE.as_bytes()[50..]).await.unwrap();
        let kept = answer(&mut first).await;
        assert!(kept.starts_with("HTTP/1.1 202 ") || kept.starts_with("HTTP/1.1 303 "), "{path}: {kept}");
        assert_eq!(server.ask(by_program(aurora)).await.status, 202);
        assert_eq!(server.count("select count(*) from app.documents").await, documents + 6);
        // Who goes in the middle gives the place back.
        drop(second);
        let third = begun(&server, GREEDY, path, &who(aurora)).await;
        let free = async { while server.ask(by_program(aurora)).await.status == 429 {} };
        timeout(NEVER, free).await.unwrap();
        drop(third);
        // All of them, before the next round.
        let free = async {
            loop {
                let both = tokio::join!(server.ask(by_program(aurora)), server.ask(by_program(aurora)));
                if both.0.status == 202 && both.1.status == 202 {
                    break;
                }
            }
        };
        timeout(NEVER, free).await.unwrap();
        // The next round sends the same file.
        server.execute("delete from app.documents").await;
    }
}

#[tokio::test]
async fn an_upload_that_stops_is_given_up_and_its_place_is_free() {
    let server = TestServer::with(|config| {
        config.server.uploads = 4;
        config.server.body_grace_s = 1;
    })
    .await;
    let aurora = &server.two.aurora;
    for (path, who) in TAKE_FILES {
        for _ in 0..2 {
            let mut stream = begun(&server, GREEDY, path, &who(aurora)).await;
            let answer = answer(&mut stream).await;
            assert!(answer.starts_with("HTTP/1.1 504 "), "{path}: {answer}");
        }
    }
    assert_eq!(server.count("select count(*) from app.documents").await, 0);
    // One that is kept on disk while it comes arrives whole.
    let text = format!("# A\n\n{}", "Lamps come back. ".repeat(60_000));
    let answer = server.ask(upload("/api/v1/documents", "a.md", &text).key(aurora)).await;
    assert_eq!(answer.status, 202, "{answer}");
    assert_eq!(answer.json()["bytes"], text.len(), "{answer}");
}

#[tokio::test]
async fn nobody_is_asked_for_files_that_are_refused() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let made_up = format!("Authorization: Bearer smt_{}", "0".repeat(48));
    let old = format!("Cookie: {COOKIE}=AAAAAAAAAAAAAAAAAAAAAA");
    // A form of the dashboard takes several files.
    let (file, much, more) = (FILE.len(), 6_000_000, 24_000_000);
    for (path, who, length, status) in [
        ("/api/v1/documents", "X-Nobody: x", file, 401),
        ("/api/v1/documents", "Authorization: Bearer x", file, 401),
        ("/api/v1/documents", &made_up, file, 401),
        // What opens the one does not open the other.
        ("/api/v1/documents", &by_session(aurora), file, 401),
        ("/dashboard/knowledge", "X-Nobody: x", file, 401),
        ("/dashboard/knowledge", &old, file, 401),
        ("/dashboard/knowledge", &by_key(aurora), file, 401),
        ("/api/v1/documents", &by_key(aurora), much, 413),
        ("/dashboard/knowledge", &by_session(aurora), more, 413),
        // Other addresses take no files.
        ("/api/v1/search", &by_key(aurora), much, 413),
        ("/login", "X-Nobody: x", much, 413),
    ] {
        let mut stream = server.connect_from(GREEDY).await;
        stream.write_all(head(path, who, length).as_bytes()).await.unwrap();
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {who} {length}: {answer}");
    }
    assert_eq!(server.count("select count(*) from app.documents").await, 0);
}

// ── Quotas of the REST interface ───────────────────────────────────────────────────────────────────────────────────────

/// Limit, what remains, and seconds until all may be used again.
fn quota(answer: &Answer) -> [u64; 3] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]
        .map(|name| answer.header(name).parse().unwrap_or_else(|_| panic!("no {name}: {answer}")))
}

/// Three requests of a key, five of a company; one more a minute.
async fn with_quotas() -> TestServer {
    TestServer::with(|config| {
        let api = &mut config.api;
        (api.key_burst, api.tenant_burst, api.key_per_minute, api.tenant_per_minute) = (3, 5, 1, 1);
    })
    .await
}

fn assert_refused(answer: &Answer, burst: u64) {
    assert_eq!((answer.status, answer.json()["code"].as_str()), (429, Some("rate_limited")), "{answer}");
    let [limit, remaining, reset] = quota(answer);
    assert_eq!((limit, remaining), (burst, 0), "{answer}");
    assert!(reset > (burst - 1) * 60 && reset <= burst * 60, "{answer}");
    let retry_after: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&retry_after), "{answer}");
}

#[tokio::test]
async fn a_key_has_its_quota_and_its_company_has_one() {
    let server = with_quotas().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let other = server.new_key(aurora, "Other").await.secret;
    let me = |secret: &str| server.ask(Ask::get("/api/v1/me").bearer(secret));
    // Whatever the answer is, it counts once and says what is left.
    for (spent, (path, status)) in
        (1..).zip([("/api/v1/me", 200), ("/api/v1/documents/doc_0", 404), ("/api/v1/members?limit=0", 422)])
    {
        let answer = server.ask(Ask::get(path).key(aurora)).await;
        let [limit, remaining, reset] = quota(&answer);
        assert_eq!((answer.status, limit, remaining), (status, 3, 3 - spent), "{answer}");
        assert!(reset > (spent - 1) * 60 && reset <= spent * 60, "{answer}");
    }
    for path in ["/api/v1/me", "/api/v1/documents"] {
        assert_refused(&server.ask(Ask::get(path).key(aurora)).await, 3);
    }
    // Another key goes on, until the company's is used up: three and two are five, for refusals did not count. Where files
    // are taken a request counts once as well.
    let answer = server.ask(upload("/api/v1/documents", "a.md", "# A").bearer(&other)).await;
    assert_eq!((answer.status, &quota(&answer)[..2]), (202, &[3, 2][..]), "{answer}");
    let answer = me(&other).await;
    assert_eq!((answer.status, &quota(&answer)[..2]), (200, &[3, 1][..]), "{answer}");
    // The key had one more, which is spent on being refused for the company's sake: no key has the database asked more often
    // than it may.
    assert_refused(&me(&other).await, 5);
    for _ in 0..3 {
        assert_refused(&me(&other).await, 3);
    }
    assert_refused(&me(&aurora.api_key).await, 3);
    // A look at the documents is one, too, though whoever sends some is known before they are received.
    for (path, left) in [("/api/v1/me", 2), ("/api/v1/documents", 1), ("/api/v1/me", 0)] {
        let answer = server.ask(Ask::get(path).key(borealis)).await;
        assert_eq!((answer.status, &quota(&answer)[..2]), (200, &[3, left][..]), "{answer}");
    }
}

#[tokio::test]
async fn keys_that_were_made_up_count_and_cost_no_question() {
    let server = with_quotas().await;
    let me = |secret: &str| Ask::get("/api/v1/me").bearer(secret);
    let made_up = format!("smt_{}", "0".repeat(48));
    for left in [2, 1, 0] {
        let answer = server.ask(me(&made_up)).await;
        assert_eq!((answer.status, &quota(&answer)[..2]), (401, &[3, left][..]), "{answer}");
    }
    // Who asks the database now gets no answer; this one does.
    let held = Held::new(&server, TENANTS).await;
    let asks = server.ask_later(me(&server.two.aurora.api_key));
    held.wait_for(&server, 1).await;
    for path in ["/api/v1/me", "/api/v1/documents"] {
        assert_refused(&server.ask(Ask::get(path).bearer(&made_up)).await, 3);
    }
    assert!(!asks.is_finished());
    held.let_go().await;
    assert_eq!(timeout(NEVER, asks).await.unwrap().unwrap().status, 200);
    // Another one is another, and what cannot be a key is none.
    let answer = server.ask(me(&format!("smt_{}", "1".repeat(48)))).await;
    assert_eq!((answer.status, &quota(&answer)[..2]), (401, &[3, 2][..]), "{answer}");
    for _ in 0..4 {
        for ask in [
            Ask::get("/api/v1/me"),
            Ask::get("/api/v1/documents"),
            me("x"),
            me("smt_"),
            me(&format!("smt_{}", "0".repeat(47))),
            me(&format!("smt_{}", "g".repeat(48))),
            Ask::get("/api/v1/me").header("authorization", "Basic x"),
            Ask::get("/api/v1/me").session(&server.two.aurora),
        ] {
            let answer = server.ask(ask).await;
            assert_eq!(answer.status, 401, "{answer}");
            assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("ratelimit")), "{answer}");
        }
    }
}

// ── Accounts ───────────────────────────────────────────────────────────────────────────────────────────────────────────

async fn behind_a_proxy() -> TestServer {
    TestServer::with(|config| config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await
}

fn forwarded(ask: Ask, address: &str) -> Ask {
    ask.header("x-forwarded-for", address)
}

fn sign_in(email: &str, password: &str) -> Ask {
    Ask::post("/login").form([("email", email), ("password", password)])
}

#[tokio::test]
async fn an_address_has_its_share_of_sign_ups() {
    let server = behind_a_proxy().await;
    let sign_up = |n: usize, address: &str| {
        let (company, email) = (format!("Company {n}"), format!("n{n}@c.example"));
        let form = [("company", company.as_str()), ("name", "N"), ("email", &email), ("password", PASSWORD)];
        server.ask(forwarded(Ask::post("/signup").form(form), address))
    };
    for n in 0..30 {
        let answer = sign_up(n, "203.0.113.1").await;
        assert_eq!(answer.status, 303, "{n}: {answer}");
    }
    let answer = sign_up(30, "203.0.113.1").await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "900"), "{answer}");
    assert_eq!(sign_up(30, "203.0.113.2").await.status, 303);
    assert_eq!(server.count("select count(*) from app.tenants").await, 2 + 31);
    // It is no limit on signing in.
    assert_eq!(server.ask(forwarded(sign_in("n0@c.example", PASSWORD), "203.0.113.1")).await.status, 303);
}

#[tokio::test]
async fn who_guesses_keeps_the_owner_out_from_there_alone() {
    const DEVICE: &str = "samtal_device";
    let server = behind_a_proxy().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let dirty = "203.0.113.1";
    let from = |address: &str, email: &str, password: &str| server.ask(forwarded(sign_in(email, password), address));
    let with = |device: &str, address: &str, password: &str| {
        let ask = sign_in(&aurora.email, password).header("cookie", format!("{DEVICE}={device}"));
        server.ask(forwarded(ask, address))
    };
    for _ in 0..10 {
        assert_eq!(from(dirty, &aurora.email, "not the password").await.status, 422);
    }
    assert_eq!(from(dirty, &aurora.email, PASSWORD).await.status, 429);
    // From elsewhere the owner gets in, and the browser is known from then on.
    let answer = from("203.0.113.2", &aurora.email, PASSWORD).await;
    assert_eq!(answer.status, 303, "{answer}");
    let cookie = answer.set_cookie(DEVICE).unwrap();
    let mut attributes: Vec<_> = cookie.split("; ").skip(1).collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Max-Age=15552000", "Path=/login", "SameSite=Lax"], "{cookie}");
    let device = answer.cookie(DEVICE).unwrap();
    let answer = with(device, dirty, PASSWORD).await;
    assert_eq!(answer.status, 303, "{answer}");
    assert!(answer.set_cookie(DEVICE).is_none(), "it is known already: {answer}");
    // It opens nothing by itself, and no cookie but this one helps: made up, altered, or that of another account.
    let foreign = from("203.0.113.3", &borealis.email, PASSWORD).await.cookie(DEVICE).unwrap().to_owned();
    let mut altered = device.to_owned();
    altered.replace_range(..1, if device.starts_with('0') { "1" } else { "0" });
    for other in ["", "x", &"0".repeat(96), &altered, &foreign] {
        assert_eq!(with(other, dirty, PASSWORD).await.status, 429, "{other}");
    }
    // Ten tries are its own, from wherever they come.
    for n in 0..10 {
        assert_eq!(with(device, &format!("203.0.113.{}", 20 + n), "not the password").await.status, 422);
    }
    assert_eq!(with(device, "203.0.113.40", PASSWORD).await.status, 429);
    assert_eq!(from("203.0.113.40", &aurora.email, PASSWORD).await.status, 303, "without it, from a clean address");
    assert_eq!(from(dirty, &borealis.email, PASSWORD).await.status, 303, "another account, from the dirty one");
}

#[tokio::test]
async fn who_guesses_from_everywhere_keeps_out_those_alone_who_have_failed() {
    let server = TestServer::with(|config| {
        config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        (config.sign_in.account_failures, config.sign_in.account_failures_everywhere) = (2, 3);
    })
    .await;
    let email = &server.two.aurora.email;
    let from = |address: &str, email: &str, password: &str| server.ask(forwarded(sign_in(email, password), address));
    // One network of 64 bits is one address.
    for address in ["203.0.113.1", "2001:db8:0:1::1", "203.0.113.3"] {
        assert_eq!(from(address, email, "not the password").await.status, 422);
    }
    assert_eq!(from("203.0.113.4", "nobody@x.example", "not the password").await.status, 422);
    for failed in ["203.0.113.1", "2001:db8:0:1:ffff::9", "203.0.113.4"] {
        assert_eq!(from(failed, email, PASSWORD).await.status, 429, "{failed}");
    }
    for clean in ["203.0.113.5", "2001:db8:0:2::1"] {
        assert_eq!(from(clean, email, PASSWORD).await.status, 303, "{clean}");
    }
}

#[tokio::test]
async fn an_address_is_one_however_a_proxy_writes_it() {
    let server = TestServer::with(|config| {
        config.server.requests = 8;
        config.server.address_percent = 12;
        config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let me = || Ask::get("/api/v1/me").key(&server.two.aurora);
    let held = Held::new(&server, TENANTS).await;
    let inside = [
        server.ask_later(forwarded(me(), "203.0.113.7:1234")),
        server.ask_later(forwarded(me(), "[2001:db8:0:1::7]:443")),
        server.ask_later(forwarded(me(), "203.0.113.9")),
    ];
    held.wait_for(&server, 3).await;
    for same in [
        "203.0.113.7",
        "203.0.113.7:1234",
        "203.0.113.7:65535",
        " 203.0.113.7 ",
        "198.51.100.1, 203.0.113.7:80",
        "::ffff:203.0.113.7",
        "[::ffff:203.0.113.7]:80",
        "2001:db8:0:1::7",
        "[2001:db8:0:1::8]",
        "[2001:db8:0:1:ffff::9]:1",
        "203.0.113.9:9",
        "203.0.113.9:9, 127.0.0.1",
    ] {
        assert_limited(&server.ask(forwarded(Ask::get("/robots.txt"), same)).await, same);
    }
    // Others, and what cannot be read, which is the proxy itself.
    for other in [
        "203.0.113.8",
        "203.0.113.8:1234",
        "203.0.113.7, 203.0.113.8:1",
        "[2001:db8:0:2::7]:443",
        "203.0.113.7:port",
        "203.0.113.7:65536",
        "203.0.113.7, unknown",
    ] {
        let answer = server.ask(forwarded(Ask::get("/robots.txt"), other)).await;
        assert_eq!(answer.status, 200, "{other}: {answer}");
    }
    held.let_go().await;
    for answer in inside {
        assert_eq!(timeout(NEVER, answer).await.unwrap().unwrap().status, 200);
    }
}

// ── Readiness ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Many ask at once; the database is looked at twice: for the first, and once for all the others.
#[tokio::test]
async fn whether_it_is_ready_is_looked_at_for_many_at_once() {
    const LEDGER: &str = "app.schema_migrations";
    let server = TestServer::start().await;
    let first_look = Held::new(&server, LEDGER).await;
    let stream = server.connect_from(GREEDY).await;
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut answers = JoinSet::new();
    let mut ask = |path: &str| {
        let request = http::Request::get(format!("http://x{path}")).body(()).unwrap();
        client.send_request(request, true).unwrap().0
    };
    for _ in 0..60 {
        let answer = ask("/readyz");
        answers.spawn(async move { answer.await.unwrap().status() });
    }
    first_look.wait_for(&server, 1).await;
    // Asked after them, and answered: so all of them wait by now.
    assert_eq!(ask("/healthz").await.unwrap().status(), 200);
    let second_look = Held::next(&server, LEDGER).await;
    first_look.let_go().await;
    assert_eq!(timeout(NEVER, answers.join_next()).await.unwrap().unwrap().unwrap(), 200);
    let second_look = timeout(NEVER, second_look).await.unwrap().unwrap();
    second_look.wait_for(&server, 1).await;
    assert_eq!(answers.len(), 59, "one look at a time");
    assert!(answers.try_join_next().is_none());
    // A third look would have to wait for this lock.
    let third_look = Held::next(&server, LEDGER).await;
    second_look.let_go().await;
    for _ in 0..59 {
        assert_eq!(timeout(NEVER, answers.join_next()).await.unwrap().unwrap().unwrap(), 200);
    }
    timeout(NEVER, third_look).await.unwrap().unwrap().let_go().await;
    assert_eq!(server.ask(Ask::get("/readyz")).await.status, 200);
    connection.abort();
}
