//! One socket, from hello to its end: a single task that reads, listens and writes, one thing at a time.

use crate::limits::sockets::{Allowed, Bucket, Seat};
use crate::request::RequestInfo;
use crate::rest::Object;
use crate::state::App;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message as Frame, Utf8Bytes, WebSocket};
use model::live::{ClientFrame, ServerFrame};
use model::permission::{Permission, ReadConversations};
use model::{ConversationId, ErrorCode, Problem, WidgetId};
use serde::Deserialize;
use std::collections::HashMap;
use std::time::Duration;
use store::Caller;
use tokio::time::{Instant, MissedTickBehavior, timeout};
use words::text;

/// Longest wait for the first frame.
pub(super) const HELLO: Duration = Duration::from_secs(10);
/// How often the server asks whether somebody is there, and whether that somebody may still be.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(30);
/// Contacts are many and their tokens seldom end: they are asked about once in so many beats.
const CONTACT_BEATS: u32 = 10;
/// Silence after which nobody is.
pub(super) const SILENCE: Duration = Duration::from_secs(75);
/// Longest wait for a reader to take what is sent.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// How long, and for how many frames, a socket that was closed is read on, until the other side has heard of it.
const GOODBYE: Duration = Duration::from_secs(5);
const DRAINED: u32 = 10_000;

/// What came with the request that opened the socket.
pub(super) enum Opener {
    /// No credentials: a contact, who brings a widget's key.
    Nobody,
    /// A session, from a page of our own.
    Member { caller: Caller, session: [u8; 32] },
    /// A key.
    Key { caller: Caller, secret: String },
}

/// Who said hello.
pub(super) enum Who {
    /// A visitor who has said nothing yet, and the token that it was given.
    Visitor { caller: Caller, widget: WidgetId, token: String },
    /// A contact, and what it came back with.
    Contact { caller: Caller, widget: WidgetId, token: String },
    /// Somebody of the company's.
    Agent { caller: Caller, name: Option<String> },
}

impl Who {
    pub fn caller(&self) -> &Caller {
        match self {
            Self::Visitor { caller, .. } | Self::Contact { caller, .. } | Self::Agent { caller, .. } => caller,
        }
    }
}

/// Why a socket ends.
pub(super) enum End {
    /// The other side went, or takes nothing.
    Gone,
    /// We say why.
    Close(u16, &'static str),
}

impl From<axum::Error> for End {
    fn from(_: axum::Error) -> Self {
        Self::Gone
    }
}

pub(super) struct Socket {
    pub(super) app: App,
    pub(super) ws: WebSocket,
    pub(super) opener: Opener,
    pub(super) info: RequestInfo,
    pub(super) seat: Seat,
    pub(super) bucket: Bucket,
    pub(super) heard: Instant,
    pub(super) typed: Option<Instant>,
    pub(super) beats: u32,
    /// How often a company had been suspended before it was looked up who is there.
    shut: u64,
}

/// What a socket follows: how far each conversation was sent.
pub(super) type Followed = HashMap<ConversationId, u64>;

/// The message that a frame is about, whatever else stands in it: its sender waits for an answer. (What is passed over may hold
/// halves of surrogate pairs, which no text of ours can.)
pub(super) fn about(frame: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct About {
        client_id: Option<String>,
    }
    serde_json::from_str::<Object<About>>(frame).ok()?.0.client_id
}

/// Says goodbye, where there is something to say.
pub(super) async fn close(ws: &mut WebSocket, end: End) {
    let End::Close(code, reason) = end else { return };
    let close = Frame::Close(Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) }));
    let _ = timeout(PATIENCE, ws.send(close)).await;
    // Dropped with frames unread, the connection would be reset, and the reason lost on the way.
    let read_on = async {
        for _ in 0..DRAINED {
            if !matches!(ws.recv().await, Some(Ok(_))) {
                break;
            }
        }
    };
    let _ = timeout(GOODBYE, read_on).await;
}

impl Socket {
    pub fn new(app: App, ws: WebSocket, opener: Opener, info: RequestInfo, seat: Seat) -> Self {
        let now = Instant::now();
        let shut = app.capabilities.services.times_shut();
        Self { app, ws, opener, info, seat, bucket: Bucket::full(now), heard: now, typed: None, beats: 0, shut }
    }

    // As `telemetry::REQUEST` says.
    #[tracing::instrument(name = "ws", target = "request", level = "error", skip_all, fields(request_id = %self.info.id))]
    pub async fn run(mut self) {
        tracing::debug!("socket opened");
        let end = match timeout(HELLO, self.hello()).await {
            Ok(Ok(who)) => self.talk(who).await,
            Ok(Err(end)) => end,
            Err(_) => End::Close(1008, "no hello came"),
        };
        close(&mut self.ws, end).await;
        tracing::debug!("socket ended");
    }

    pub(super) async fn send(&mut self, frame: &ServerFrame<'_>) -> Result<(), End> {
        let text = serde_json::to_string(frame).map_err(|_| End::Close(1011, "a frame could not be written"))?;
        match timeout(PATIENCE, self.ws.send(Frame::text(text))).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(End::Gone),
        }
    }

    pub(super) async fn refuse(&mut self, problem: &Problem, client_id: Option<&str>) -> Result<(), End> {
        self.send(&ServerFrame::problem(problem, client_id)).await
    }

    /// The next frame; `None` for one that says nothing to us.
    pub(super) async fn read(&mut self, came: Option<Result<Frame, axum::Error>>) -> Result<Option<ClientFrame>, End> {
        self.heard = Instant::now();
        let frame = match came {
            None | Some(Ok(Frame::Close(_))) => return Err(End::Gone),
            Some(Err(error)) => {
                // Too large a frame is the one thing that is worth telling.
                let large = std::error::Error::source(&error).is_some_and(|e| e.to_string().contains("too long"));
                return Err(if large { End::Close(1009, "a frame has at most 16 KB") } else { End::Gone });
            }
            Some(Ok(frame)) => frame,
        };
        let allowed = self.bucket.take(self.heard);
        if allowed == Allowed::Cut {
            return Err(End::Close(1013, "too many frames"));
        }
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Binary(_) => Utf8Bytes::default(),
            Frame::Ping(_) | Frame::Pong(_) | Frame::Close(_) => return Ok(None),
        };
        if allowed == Allowed::TooMany {
            let mut problem = Problem::new(ErrorCode::RateLimited, text!("Too many frames at once. Wait a little."));
            problem.retry_after = Some(2);
            self.refuse(&problem, about(&text).as_deref()).await?;
            return Ok(None);
        }
        if text.is_empty() {
            let problem = Problem::new(ErrorCode::InvalidRequest, text!("Frames are JSON in text messages."));
            self.refuse(&problem, None).await?;
            return Ok(None);
        }
        match serde_json::from_str(&text) {
            Ok(Object(frame)) => Ok(Some(frame)),
            Err(error) => {
                let detail = text!("The frame cannot be read: {error}.", error);
                let problem = Problem::new(ErrorCode::InvalidRequest, detail);
                self.refuse(&problem, about(&text).as_deref()).await?;
                Ok(None)
            }
        }
    }

    pub(super) async fn talk(&mut self, mut who: Who) -> End {
        let tenant = who.caller().scope().tenant();
        let mut ended = self.app.capabilities.services.ended_credentials(tenant);
        // What it came with may have ended before anybody listened; a visitor's, when a company was suspended meanwhile.
        if (matches!(who, Who::Agent { .. }) || self.app.capabilities.services.times_shut() != self.shut)
            && let Err(end) = self.prove(&who).await
        {
            return end;
        }
        let live = self.app.capabilities.conversations.live();
        // A visitor hears of what is theirs, and is refused nothing by that.
        let caller = who.caller();
        let watches = caller.permissions().has(Permission::ReadConversations);
        let mut listener = match watches.then(|| caller.may(ReadConversations)) {
            Some(Ok(right)) => live.watch(right),
            _ => live.listen(tenant),
        };
        let mut followed = Followed::new();
        if let Err(end) = self.welcome(&who).await {
            return end;
        }
        let mut beat = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let worked = tokio::select! {
                () = self.seat.stopped() => return End::Close(1012, "the server restarts"),
                came = self.ws.recv() => match self.read(came).await {
                    Ok(Some(frame)) => self.act(frame, &mut who, &mut listener, &mut followed).await,
                    Ok(None) => Ok(()),
                    Err(end) => Err(end),
                },
                heard = listener.next() => self.pass_on(heard, &who, &mut listener, &mut followed).await,
                // A visitor's is asked about at a beat: there are many, and nobody ends one but with all others.
                shut = ended.next() => match who {
                    Who::Agent { .. } => match self.prove(&who).await {
                        // Who is in which team may have changed: what was within reach may be no more.
                        Ok(()) if !who.caller().permissions().has(Permission::ReachOthers) => {
                            self.look_again(&who, &mut listener, &mut followed).await
                        }
                        proven => proven,
                    },
                    _ if shut => Err(End::Close(1008, "the credentials are no longer good")),
                    _ => Ok(()),
                },
                _ = beat.tick() => self.beat(&who).await,
            };
            if let Err(end) = worked {
                return end;
            }
        }
    }

    /// Asks whether somebody is there, and ends the socket of nobody.
    pub(super) async fn beat(&mut self, who: &Who) -> Result<(), End> {
        if self.heard.elapsed() >= SILENCE {
            return Err(End::Gone);
        }
        self.beats = self.beats.wrapping_add(1);
        if matches!(who, Who::Agent { .. }) || self.beats.is_multiple_of(CONTACT_BEATS) {
            self.prove(who).await?;
        }
        match timeout(PATIENCE, self.ws.send(Frame::Ping(Bytes::new()))).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(End::Gone),
        }
    }
}
