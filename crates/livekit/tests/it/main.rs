//! With a real LiveKit server, which `scripts/setup --tests` builds where Go is there: that it takes our tokens and no others, does what it is asked, and
//! signs what it sends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use futures_util::StreamExt as _;
use livekit::{LiveKit, LiveKitError, Settings, Source};
use outbound::Outbound;
use std::time::Duration;
use store::services::{Clock as _, SystemClock};
use testkit::LiveKitServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longest wait for something that has to come.
const PATIENCE: Duration = Duration::from_secs(30);
const ROOM: &str = "ten_1.mtg_1";

/// What time it is for a program with a clock of its own.
fn now() -> i64 {
    SystemClock.now().unix_timestamp()
}

/// The server, with our secret or another.
fn kit(server: &LiveKitServer, secret: &str) -> LiveKit {
    let settings = Settings {
        url: format!("ws://{}", server.address),
        api: format!("http://{}", server.address),
        key: LiveKitServer::KEY.to_owned(),
        secret: secret.to_owned().into(),
    };
    LiveKit::new(settings, Outbound::new(false).unwrap())
}

type Line = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Comes in as LiveKit's client does, as far as its list of who is there.
async fn come(kit: &LiveKit, token: &str) -> Result<Line, Error> {
    let address = format!("{}/rtc?access_token={token}&protocol=15&auto_subscribe=0&sdk=js&version=2.0.0", kit.url());
    Ok(connect_async(address).await?.0)
}

/// The line ends, whatever is said before.
async fn ends(mut line: Line) {
    let end = async { while let Some(Ok(_)) = line.next().await {} };
    tokio::time::timeout(PATIENCE, end).await.expect("the line has to end");
}

/// Who is in the room, sorted.
async fn names(kit: &LiveKit) -> Vec<String> {
    let found = kit.participants(ROOM, now()).await.unwrap();
    let mut names: Vec<_> = found.into_iter().map(|one| one.identity).collect();
    names.sort();
    names
}

async fn until_there_are(kit: &LiveKit, expected: &[&str]) {
    let there = async {
        while names(kit).await != expected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, there).await.expect("they have to be there");
}

/// Takes one message: what stands in its `Authorization`, and its body.
async fn message(listener: &TcpListener) -> (String, Vec<u8>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut taken = Vec::new();
    loop {
        let mut more = [0; 4096];
        let length = stream.read(&mut more).await.unwrap();
        assert!(length > 0, "it ends before its end");
        taken.extend_from_slice(&more[..length]);
        let Some(end) = taken.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(taken[..end].to_vec()).unwrap();
        let named = |name: &str| {
            let line =
                head.lines().find_map(|line| line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)));
            line.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let body = &taken[end + 4..];
        if body.len() == named("content-length").parse::<usize>().unwrap() {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
            return (named("authorization"), body.to_vec());
        }
    }
}

#[tokio::test]
async fn a_real_server_takes_our_tokens_does_what_it_is_asked_and_signs_what_it_tells() {
    let tells = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let Some(server) = LiveKitServer::start(&format!("http://{}/", tells.local_addr().unwrap())).await else {
        println!("not run: there is no LiveKit server here; scripts/setup --tests builds it where Go is there");
        return;
    };
    let (kit, other) = (kit(&server, LiveKitServer::SECRET), kit(&server, "south-south-south-south-south-south"));

    // Nothing is there yet.
    assert!(names(&kit).await.is_empty());
    assert!(!kit.remove(ROOM, "att_1.7", now()).await.unwrap());
    assert!(!kit.end(ROOM, now()).await.unwrap());
    // Another secret, and a token of another time, open nothing.
    assert!(matches!(other.participants(ROOM, now()).await, Err(LiveKitError::Key)));
    for token in [other.token(ROOM, "att_1.7", &[], now()), kit.token(ROOM, "att_1.7", &[], now() - 3_600)] {
        let refused = come(&kit, &token).await;
        assert!(matches!(&refused, Err(Error::Http(answer)) if answer.status() == 401), "{refused:?}");
    }

    // Two come, one of whom may send nothing.
    let first = come(&kit, &kit.token(ROOM, "att_1.7", &Source::ALL, now())).await.unwrap();
    let second = come(&kit, &kit.token(ROOM, "att_2.8", &[], now())).await.unwrap();
    until_there_are(&kit, &["att_1.7", "att_2.8"]).await;

    // It tells that the room has begun, and signs it.
    let (signed, body) = tokio::time::timeout(PATIENCE, message(&tells)).await.expect("it has to tell");
    let event = kit.event(&signed, &body, now()).expect("it is signed with our key");
    assert_eq!((event.event.as_str(), event.room.name.as_str()), ("room_started", ROOM));
    assert_eq!(other.event(&signed, &body, now()), None);
    assert_eq!(kit.event(&signed, &body[1..], now()), None);

    // Who is taken out is out, and nobody else is.
    assert!(kit.remove(ROOM, "att_1.7", now()).await.unwrap());
    ends(first).await;
    until_there_are(&kit, &["att_2.8"]).await;
    // What is not sent is not muted.
    assert!(!kit.mute(ROOM, "att_2.8", "TR_nothing", now()).await.unwrap());
    // The room ends for all.
    assert!(kit.end(ROOM, now()).await.unwrap());
    ends(second).await;
    until_there_are(&kit, &[]).await;
}
