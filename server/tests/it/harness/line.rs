//! Lines to the server's sockets, from outside: frames in JSON, said and read.

use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longest wait for something that has to come: that somebody is gone from a meeting takes 15 seconds.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// What carries messages.
pub trait Carrier {
    async fn put(&mut self, message: Message) -> Result<(), Error>;
    /// The next one; `None` at the end.
    async fn hear(&mut self) -> Option<Result<Message, Error>>;
}

/// A connection alone, which does nothing by itself: it is read when something is to come.
pub type Bare = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Carrier for Bare {
    async fn put(&mut self, message: Message) -> Result<(), Error> {
        self.send(message).await
    }

    async fn hear(&mut self) -> Option<Result<Message, Error>> {
        self.next().await
    }
}

/// A connection that is read all the time. As a browser does, it answers pings also while nobody asks what has come.
pub struct Heard {
    says: SplitSink<Bare, Message>,
    came: mpsc::UnboundedReceiver<Result<Message, Error>>,
    hears: JoinHandle<()>,
}

impl Heard {
    pub fn new(bare: Bare) -> Self {
        let (says, mut bare) = bare.split();
        let (comes, came) = mpsc::unbounded_channel();
        let hears = tokio::spawn(async move {
            while let Some(message) = bare.next().await {
                if comes.send(message).is_err() {
                    return;
                }
            }
        });
        Self { says, came, hears }
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.hears.abort();
    }
}

impl Carrier for Heard {
    async fn put(&mut self, message: Message) -> Result<(), Error> {
        self.says.send(message).await
    }

    async fn hear(&mut self) -> Option<Result<Message, Error>> {
        self.came.recv().await
    }
}

/// Connects to a socket by its path.
pub async fn dial(address: SocketAddr, path: &str, headers: &[(&'static str, String)]) -> Result<Bare, Error> {
    let mut request = format!("ws://{address}{path}").into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    Ok(connect_async(request).await?.0)
}

/// Frames over a connection.
pub struct Line<C>(pub C);

impl<C: Carrier> Line<C> {
    pub async fn send(&mut self, frame: Value) {
        self.raw(&frame.to_string()).await;
    }

    /// Sends words as they are.
    pub async fn raw(&mut self, text: &str) {
        self.0.put(Message::text(text)).await.unwrap();
    }

    /// The next frame that is no ping.
    pub async fn next(&mut self) -> Value {
        loop {
            match timeout(PATIENCE, self.0.hear()).await.expect("a frame has to come") {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next frame of a type; others are passed over.
    pub async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Everything that comes before the answer to a ping.
    pub async fn until_pong(&mut self) -> Vec<Value> {
        self.send(json!({"type": "ping"})).await;
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await;
            if frame["type"] == "pong" {
                return frames;
            }
            frames.push(frame);
        }
    }

    /// The code with which it ends.
    pub async fn end(&mut self) -> Option<u16> {
        loop {
            match timeout(PATIENCE, self.0.hear()).await.expect("an end has to come") {
                Some(Ok(Message::Close(frame))) => return frame.map(|f| f.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}
