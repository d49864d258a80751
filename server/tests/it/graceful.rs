//! Bounds and ends: work in progress is finished, slow clients are let go, and too much at once is refused at once.

use crate::harness::{Ask, COOKIE, Held, NEVER, TENANTS, TestServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test]
async fn work_in_progress_is_finished() {
    let mut server = TestServer::start().await;
    let held = Held::new(&server, TENANTS).await;
    let ask = Ask::get("/api/v1/me").key(&server.two.aurora);
    let answer = server.ask_later(ask);
    held.wait_for(&server, 1).await;
    // An idle connection, kept alive after a request, does not hold up the end.
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");

    server.served().stop();
    // The door is closed before the work is done.
    let closed = async { while TcpStream::connect(server.address).await.is_ok() {} };
    timeout(NEVER, closed).await.unwrap();
    assert!(!answer.is_finished());

    held.let_go().await;
    let answer = timeout(NEVER, answer).await.unwrap().unwrap();
    assert_eq!(answer.status, 200, "{answer}");
    let done = server.served().done.take().unwrap();
    timeout(NEVER, done).await.unwrap().unwrap();
    let mut rest = Vec::new();
    let _ = timeout(NEVER, idle.read_to_end(&mut rest)).await.unwrap();
}

#[tokio::test]
async fn work_that_does_not_end_does_not_hold_up_the_end_for_ever() {
    let mut server = TestServer::with(|config| config.server.shutdown_s = 0).await;
    let held = Held::new(&server, TENANTS).await;
    let answer = server.ask_later(Ask::get("/api/v1/me").key(&server.two.aurora));
    held.wait_for(&server, 1).await;
    server.served().stop();
    let done = server.served().done.take().unwrap();
    timeout(NEVER, done).await.unwrap().unwrap();
    // Who waited for the answer hears at once that none will come.
    assert!(timeout(NEVER, answer).await.unwrap().is_err());
    held.let_go().await;
}

#[tokio::test]
async fn slow_headers_are_cut() {
    let server = TestServer::with(|config| config.server.header_timeout_s = 1).await;
    for begun in [
        // Half of the headers; a request done, then half of the next; nothing; half of the preface of HTTP/2.
        "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n",
        "G",
        "",
        "PRI * HTTP/2.0\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let ended = timeout(NEVER, server.raw(begun)).await;
        let answer = ended.unwrap_or_else(|_| panic!("{begun:?} stays for ever"));
        assert!(!answer.contains("<html"), "{begun:?}: {answer}");
    }
}

#[tokio::test]
async fn slow_bodies_are_cut() {
    let server = TestServer::with(|config| config.server.request_timeout_s = 1).await;
    let begun = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\nemail=";
    let answer = timeout(NEVER, server.raw(begun)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 504 ") || answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn what_takes_too_long_is_ended() {
    let server = TestServer::with(|config| config.server.request_timeout_s = 1).await;
    let aurora = &server.two.aurora;
    let held = Held::new(&server, TENANTS).await;
    let answer = timeout(NEVER, server.ask(Ask::get("/api/v1/me").key(aurora))).await.unwrap();
    assert_eq!((answer.status, answer.json()["code"].as_str()), (504, Some("timeout")), "{answer}");
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    let page = timeout(NEVER, server.ask(Ask::get("/dashboard").session(aurora))).await.unwrap();
    assert!(page.status == 504 && page.is_page(), "{page}");
    held.let_go().await;
    // What was given up has left nothing behind.
    for _ in 0..10 {
        assert_eq!(server.ask(Ask::get("/api/v1/me").key(aurora)).await.status, 200);
    }
}

#[tokio::test]
async fn too_much_at_once_is_refused_at_once() {
    let server = TestServer::with(|config| {
        config.server.requests = 2;
        config.server.address_percent = 100;
    })
    .await;
    let aurora = &server.two.aurora;
    let held = Held::new(&server, TENANTS).await;
    let ask = || Ask::get("/api/v1/me").key(aurora);
    let inside = [server.ask_later(ask()), server.ask_later(ask())];
    held.wait_for(&server, 2).await;

    let answer = server.ask(ask()).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "2"), "{answer}");
    assert_eq!(answer.json()["code"], "unavailable", "{answer}");
    let page = server.ask(Ask::get("/")).await;
    assert_eq!((page.status, page.header("retry-after")), (503, "2"), "{page}");
    assert!(page.is_page() && page.nonce().is_some(), "{page}");
    // Whoever watches still sees in.
    assert_eq!(server.ask(Ask::get("/healthz")).await.status, 200);

    held.let_go().await;
    for answer in inside {
        let answer = timeout(NEVER, answer).await.unwrap().unwrap();
        assert_eq!(answer.status, 200, "{answer}");
    }
    for _ in 0..5 {
        assert_eq!(server.ask(ask()).await.status, 200);
    }
}

/// A client that goes away in the middle of a request gives its place back.
#[tokio::test]
async fn who_leaves_gives_the_place_back() {
    let server = TestServer::with(|config| config.server.requests = 1).await;
    let aurora = &server.two.aurora;
    let held = Held::new(&server, TENANTS).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!("GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", aurora.api_key);
    stream.write_all(request.as_bytes()).await.unwrap();
    held.wait_for(&server, 1).await;
    assert_eq!(server.ask(Ask::get("/robots.txt")).await.status, 503);
    drop(stream);
    let free = async { while server.ask(Ask::get("/robots.txt")).await.status == 503 {} };
    timeout(NEVER, free).await.unwrap();
    held.let_go().await;
}

/// Who presses a button and goes on to another page has pressed it; until it is done, it keeps its place.
#[tokio::test]
async fn a_change_is_made_though_nobody_waits_for_the_answer() {
    let server = TestServer::with(|config| config.server.requests = 1).await;
    let aurora = &server.two.aurora;
    let held = Held::new(&server, "app.api_keys").await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "POST /dashboard/api-keys HTTP/1.1\r\nHost: x\r\nCookie: {COOKIE}={}\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\nname=Website",
        aurora.session
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    held.wait_for(&server, 1).await;
    drop(stream);
    server.until_nobody_asks().await;
    assert_eq!(server.ask(Ask::get("/robots.txt")).await.status, 503);
    held.let_go().await;
    server.until("select count(*) from app.api_keys where name = 'Website'", 1).await;
}
