//! The media server alone, for the race `bench/p17-media`: takes the address at which it listens and prints where it is asked. Whoever opens a
//! connection there says offers, a line each, and is answered; all are in one room, until the connection ends.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool of the race, not a part of the product")]

use media::{Limits, MediaServer, MediaSettings, Offer, Owner, Publishes, RoomId};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use uuid::Uuid;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let listen = std::env::args().nth(1).unwrap().parse().unwrap();
    let limits = Limits { peers: 1_000, people: 1_000, people_of_one: 1_000, ..Limits::default() };
    let settings = MediaSettings { listen, announce: Vec::new(), threads: 1, limits };
    let server = MediaServer::start(&settings).await.unwrap();
    let asked = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("asked at {}", asked.local_addr().unwrap().port());
    loop {
        let (stream, _) = asked.accept().await.unwrap();
        let (reads, mut writes) = stream.into_split();
        let mut lines = BufReader::new(reads).lines();
        let mut inside = Vec::new();
        while let Ok(Some(line)) = lines.next_line().await {
            let offer: Offer = serde_json::from_str(&line).unwrap();
            let (owner, room) = (Owner(Uuid::nil()), RoomId(Uuid::nil()));
            let joined = server.join(owner, room, server.new_peer(), Publishes::ALL, offer).await;
            let (membership, sdp, mut tells) = joined.unwrap();
            inside.push(membership);
            tokio::spawn(async move { while tells.recv().await.is_some() {} });
            writes.write_all(format!("{}\n", serde_json::json!({ "sdp": sdp })).as_bytes()).await.unwrap();
        }
    }
}
