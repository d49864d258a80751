//! One socket, from hello to its end: a single task that reads, listens and writes, one thing at a time.

use super::limits::{self, Bucket, Seat};
use crate::failure::Failure;
use crate::request::RequestInfo;
use crate::state::App;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message as Frame, Utf8Bytes, WebSocket};
use conversations::live::{Heard, Listener};
use conversations::{MessagesFrom, NewMessage};
use futures_util::SinkExt as _;
use model::conversation::Author;
use model::live::{ClientFrame, ServerFrame, Side};
use model::{ConversationId, ErrorCode, Problem, WidgetId};
use std::collections::HashMap;
use std::time::Duration;
use store::{Caller, scope};
use tokio::time::{Instant, MissedTickBehavior, timeout};

/// Longest wait for the first frame.
const HELLO: Duration = Duration::from_secs(10);
/// How often the server asks whether somebody is there, and whether that somebody may still be.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// Contacts are many and their tokens seldom end: they are asked about once in so many beats.
const CONTACT_BEATS: u32 = 10;
/// Silence after which nobody is.
const SILENCE: Duration = Duration::from_secs(75);
/// Longest wait for a reader to take what is sent.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long, and for how many frames, a socket that was closed is read on, until the other side has heard of it.
const GOODBYE: Duration = Duration::from_secs(5);
const DRAINED: u32 = 10_000;
/// Conversations that a socket may follow.
const FOLLOWED: usize = 16;
/// Messages that are read at once while catching up.
const PAGE: u32 = 100;
/// Frames that are written together.
const TOGETHER: usize = 32;
/// How often one socket's typing is passed on.
const TYPING: Duration = Duration::from_secs(3);

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
enum Who {
    /// A visitor who has said nothing yet, and the token that it was given.
    Visitor { caller: Caller, widget: WidgetId, token: String },
    /// A contact, and what it came back with.
    Contact { caller: Caller, widget: WidgetId, token: String },
    /// Somebody of the company's.
    Agent { caller: Caller, name: Option<String> },
}

impl Who {
    fn caller(&self) -> &Caller {
        match self {
            Self::Visitor { caller, .. } | Self::Contact { caller, .. } | Self::Agent { caller, .. } => caller,
        }
    }
}

/// Why a socket ends.
enum End {
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
    app: App,
    ws: WebSocket,
    opener: Opener,
    info: RequestInfo,
    seat: Seat,
    bucket: Bucket,
    heard: Instant,
    typed: Option<Instant>,
    beats: u32,
}

/// The id of a conversation that a frame names; what is none is answered like one that is unknown.
fn id(text: &str) -> Result<ConversationId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// What a socket follows: how far each conversation was sent.
type Followed = HashMap<ConversationId, u64>;

impl Socket {
    pub fn new(app: App, ws: WebSocket, opener: Opener, info: RequestInfo, seat: Seat) -> Self {
        let now = Instant::now();
        Self { app, ws, opener, info, seat, bucket: Bucket::full(now), heard: now, typed: None, beats: 0 }
    }

    #[tracing::instrument(name = "ws", skip_all, fields(request_id = %self.info.id))]
    pub async fn run(mut self) {
        tracing::debug!("socket opened");
        let end = match timeout(HELLO, self.hello()).await {
            Ok(Ok(who)) => self.talk(who).await,
            Ok(Err(end)) => end,
            Err(_) => End::Close(1008, "no hello came"),
        };
        if let End::Close(code, reason) = end {
            let close = Frame::Close(Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) }));
            let _ = timeout(PATIENCE, self.ws.send(close)).await;
            // Dropped with frames unread, the connection would be reset, and the reason lost on the way.
            let read_on = async {
                for _ in 0..DRAINED {
                    if !matches!(self.ws.recv().await, Some(Ok(_))) {
                        break;
                    }
                }
            };
            let _ = timeout(GOODBYE, read_on).await;
        }
        tracing::debug!("socket ended");
    }

    async fn send(&mut self, frame: &ServerFrame<'_>) -> Result<(), End> {
        let text = serde_json::to_string(frame).map_err(|_| End::Close(1011, "a frame could not be written"))?;
        match timeout(PATIENCE, self.ws.send(Frame::text(text))).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(End::Gone),
        }
    }

    async fn refuse(&mut self, problem: &Problem, client_id: Option<&str>) -> Result<(), End> {
        self.send(&ServerFrame::problem(problem, client_id)).await
    }

    /// The next frame; `None` for one that says nothing to us.
    async fn read(&mut self, came: Option<Result<Frame, axum::Error>>) -> Result<Option<ClientFrame>, End> {
        self.heard = Instant::now();
        let text = match came {
            None | Some(Ok(Frame::Close(_))) => return Err(End::Gone),
            Some(Err(error)) => {
                // Too large a frame is the one thing that is worth telling.
                let large = std::error::Error::source(&error).is_some_and(|e| e.to_string().contains("too long"));
                return Err(if large { End::Close(1009, "a frame has at most 16 KB") } else { End::Gone });
            }
            Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => return Ok(None),
            Some(Ok(Frame::Binary(_))) => {
                self.refuse(&Problem::new(ErrorCode::InvalidRequest, "Frames are JSON in text messages."), None)
                    .await?;
                return Ok(None);
            }
            Some(Ok(Frame::Text(text))) => text,
        };
        match self.bucket.take(self.heard) {
            limits::Frame::Taken => {}
            limits::Frame::Cut => return Err(End::Close(1013, "too many frames")),
            limits::Frame::TooMany => {
                let mut problem = Problem::new(ErrorCode::RateLimited, "Too many frames at once. Wait a little.");
                problem.retry_after = Some(2);
                // Read only for the message that it is about.
                let client_id = match serde_json::from_str::<ClientFrame>(&text) {
                    Ok(ClientFrame::Send { client_id, .. }) => Some(client_id),
                    _ => None,
                };
                self.refuse(&problem, client_id.as_deref()).await?;
                return Ok(None);
            }
        }
        match serde_json::from_str(&text) {
            Ok(frame) => Ok(Some(frame)),
            Err(error) => {
                let detail = format!("The frame cannot be read: {error}.");
                self.refuse(&Problem::new(ErrorCode::InvalidRequest, detail), None).await?;
                Ok(None)
            }
        }
    }

    /// Reads until somebody has said who is there.
    async fn hello(&mut self) -> Result<Who, End> {
        loop {
            let came = self.ws.recv().await;
            let Some(frame) = self.read(came).await? else { continue };
            let problem = match frame {
                ClientFrame::Hello { widget: None, token: None } => match self.member().await {
                    Ok(who) => return Ok(who),
                    Err(problem) => problem,
                },
                ClientFrame::Hello { widget: Some(widget), token } => match self.contact(&widget, token).await {
                    Ok(who) => return Ok(who),
                    Err(problem) => problem,
                },
                ClientFrame::Ping {} => {
                    self.send(&ServerFrame::Pong).await?;
                    continue;
                }
                _ => Problem::new(ErrorCode::Unauthenticated, "Say hello first."),
            };
            self.refuse(&problem, None).await?;
        }
    }

    async fn member(&mut self) -> Result<Who, Problem> {
        let caller = match &self.opener {
            Opener::Member { caller, .. } | Opener::Key { caller, .. } => caller.clone(),
            Opener::Nobody => {
                return Err(Problem::new(ErrorCode::Unauthenticated, "Sign in, or open the socket with a key."));
            }
        };
        let session = self.app.capabilities.identity.current_session(&caller).await.map_err(|e| Failure::from(e).0)?;
        Ok(Who::Agent { caller, name: session.map(|session| session.member.name) })
    }

    async fn contact(&mut self, widget: &str, token: Option<String>) -> Result<Who, Problem> {
        let unknown =
            || Problem::new(ErrorCode::NotFound, "There is no such widget. Copy the line for your page again.");
        let widget: WidgetId = widget.parse().map_err(|_| unknown())?;
        let (services, request) = (&self.app.capabilities.services, self.info.id);
        let Some(token) = token else {
            let found = scope::of_widget(services, widget, request).await.map_err(|e| Failure::from(e).0)?;
            return Ok(Who::Visitor { caller: found.ok_or_else(unknown)?, widget, token: conversations::token() });
        };
        let back = self.app.capabilities.conversations.come_back(widget, &token, request).await;
        match back.map_err(|e| Failure::from(e).0)? {
            Some(caller) => Ok(Who::Contact { caller, widget, token }),
            None => {
                Err(Problem::new(ErrorCode::Unauthenticated, "This token opens nothing here. Say hello without it."))
            }
        }
    }

    async fn talk(&mut self, mut who: Who) -> End {
        let tenant = who.caller().scope().tenant();
        let mut ended = self.app.capabilities.services.ended_credentials(tenant);
        // What it came with may have ended before anybody listened.
        if matches!(who, Who::Agent { .. })
            && let Err(end) = self.prove(&who).await
        {
            return end;
        }
        let mut listener = self.app.capabilities.conversations.live().listen(tenant, matches!(who, Who::Agent { .. }));
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
                () = ended.next() => self.prove(&who).await,
                _ = beat.tick() => self.beat(&who).await,
            };
            if let Err(end) = worked {
                return end;
            }
        }
    }

    async fn welcome(&mut self, who: &Who) -> Result<(), End> {
        let current = match who {
            Who::Contact { caller, .. } => match self.app.capabilities.conversations.current(caller).await {
                Ok(current) => current,
                Err(error) => {
                    self.refuse(&Failure::from(error).0, None).await?;
                    return Err(End::Close(1011, "the conversation could not be read"));
                }
            },
            Who::Visitor { .. } | Who::Agent { .. } => None,
        };
        let (r#as, token) = match who {
            Who::Visitor { token, .. } | Who::Contact { token, .. } => (Side::Contact, Some(token.as_str())),
            Who::Agent { .. } => (Side::Agent, None),
        };
        self.send(&ServerFrame::Welcome {
            r#as,
            token,
            conversation: current.as_ref().map(|c| c.id),
            last_seq: current.as_ref().map_or(0, |c| c.last_seq),
            heartbeat_s: HEARTBEAT.as_secs(),
        })
        .await
    }

    /// Does what a frame asks for. What goes wrong is told, and the socket stays.
    async fn act(
        &mut self,
        frame: ClientFrame,
        who: &mut Who,
        listener: &mut Listener,
        followed: &mut Followed,
    ) -> Result<(), End> {
        // Who has said nothing yet has no conversation: there is none to name.
        let named = match &frame {
            ClientFrame::Send { conversation, .. } => conversation.is_some(),
            ClientFrame::Subscribe { .. } | ClientFrame::Handoff { .. } | ClientFrame::Typing { .. } => true,
            _ => false,
        };
        if named && matches!(who, Who::Visitor { .. }) {
            let client_id =
                if let ClientFrame::Send { client_id, .. } = &frame { Some(client_id.as_str()) } else { None };
            return self.refuse(&Problem::not_found(), client_id).await;
        }
        match frame {
            ClientFrame::Hello { .. } => {
                self.refuse(&Problem::new(ErrorCode::Conflict, "Hello was said already."), None).await
            }
            ClientFrame::Ping {} => self.send(&ServerFrame::Pong).await,
            ClientFrame::Subscribe { conversation, after } => {
                self.subscribe(&conversation, after, who.caller(), listener, followed).await
            }
            ClientFrame::Unsubscribe { conversation } => {
                if let Ok(id) = conversation.parse()
                    && followed.remove(&id).is_some()
                {
                    listener.leave(id);
                }
                Ok(())
            }
            ClientFrame::Send { conversation, client_id, text } => {
                let new = NewMessage { text, client_id };
                match self.say(conversation, &new, who).await {
                    Ok((message, begun)) => {
                        self.send(&ServerFrame::Sent { client_id: &new.client_id, message: &message }).await?;
                        let id = message.conversation_id;
                        if begun && !followed.contains_key(&id) {
                            return self.subscribe(&id.to_string(), 0, who.caller(), listener, followed).await;
                        }
                        Ok(())
                    }
                    Err(Failure(problem)) => self.refuse(&problem, Some(&new.client_id)).await,
                }
            }
            ClientFrame::Handoff { conversation } => {
                let handed_off = async {
                    let id = id(&conversation)?;
                    self.app.capabilities.conversations.hand_off(who.caller(), id).await?;
                    Ok::<_, Failure>(())
                };
                match handed_off.await {
                    Ok(()) => Ok(()),
                    Err(Failure(problem)) => self.refuse(&problem, None).await,
                }
            }
            ClientFrame::Typing { conversation } => {
                let id = conversation.parse::<ConversationId>().ok().filter(|id| followed.contains_key(id));
                let Some(id) = id else { return self.refuse(&Problem::not_found(), None).await };
                if self.typed.is_none_or(|at| at.elapsed() >= TYPING) {
                    self.typed = Some(Instant::now());
                    let (from, name) = match &*who {
                        Who::Agent { name, .. } => (Author::Agent, name.as_deref()),
                        _ => (Author::Contact, None),
                    };
                    let live = self.app.capabilities.conversations.live();
                    live.typing(who.caller().scope().tenant(), id, from, name, Some(listener.id()));
                }
                Ok(())
            }
        }
    }

    /// Says something on behalf of whoever is there; a visitor becomes a contact by it. Also says whether the place was
    /// left to us.
    async fn say(
        &mut self,
        conversation: Option<String>,
        new: &NewMessage,
        who: &mut Who,
    ) -> Result<(model::conversation::Message, bool), Failure> {
        let app = self.app.clone();
        if !matches!(who, Who::Agent { .. })
            && let Err(wait) = self.seat.may_say()
        {
            let mut problem =
                Problem::new(ErrorCode::RateLimited, "Many messages come from your address. Wait a little.");
            problem.retry_after = Some(wait.until.as_secs() + 1);
            return Err(problem.into());
        }
        if let Who::Visitor { caller, widget, token } = who {
            // What cannot be said begins nothing, and so takes nothing from others of this address.
            new.check()?;
            if let Err(wait) = self.seat.may_visit() {
                let mut problem = Problem::new(
                    ErrorCode::RateLimited,
                    "Many conversations were begun from your address. Try again in a few minutes.",
                );
                problem.retry_after = Some(wait.until.as_secs() + 1);
                return Err(problem.into());
            }
            let caller = app.capabilities.conversations.visit(caller, *widget, token).await?;
            *who = Who::Contact { caller, widget: *widget, token: std::mem::take(token) };
        }
        match who {
            Who::Agent { caller, .. } => {
                let id = id(conversation.as_deref().unwrap_or_default())?;
                Ok((app.capabilities.conversations.reply(caller, id, new).await?.0, false))
            }
            Who::Contact { caller, .. } | Who::Visitor { caller, .. } => {
                let begun = conversation.is_none();
                let id = match conversation {
                    Some(named) => id(&named)?,
                    None => app.capabilities.conversations.open(caller).await?,
                };
                Ok((app.capabilities.conversations.say(caller, id, new).await?.0, begun))
            }
        }
    }

    async fn subscribe(
        &mut self,
        conversation: &str,
        after: u64,
        caller: &Caller,
        listener: &mut Listener,
        followed: &mut Followed,
    ) -> Result<(), End> {
        // Whether the caller may is asked first; what is said between the question and the following is caught up with.
        let found =
            async { Ok::<_, Failure>(self.app.capabilities.conversations.get(caller, id(conversation)?).await?) };
        let found = match found.await {
            Ok(found) => found,
            Err(Failure(problem)) => return self.refuse(&problem, None).await,
        };
        if followed.len() >= FOLLOWED && !followed.contains_key(&found.id) {
            let detail = "A socket follows at most 16 conversations. Unsubscribe from one first.";
            return self.refuse(&Problem::new(ErrorCode::Conflict, detail), None).await;
        }
        listener.follow(found.id);
        // A number that is not there yet would hide what is still to come.
        followed.insert(found.id, after.min(found.last_seq));
        self.catch_up(found.id, caller, followed).await?;
        let seq = followed.get(&found.id).copied().unwrap_or_default();
        self.send(&ServerFrame::CaughtUp { conversation: found.id, seq }).await
    }

    /// Sends what the database has after what was sent.
    async fn catch_up(&mut self, id: ConversationId, caller: &Caller, followed: &mut Followed) -> Result<(), End> {
        loop {
            let Some(sent) = followed.get_mut(&id) else { return Ok(()) };
            let after = MessagesFrom::After(*sent);
            let page = match self.app.capabilities.conversations.messages(caller, id, after, Some(PAGE)).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(%error, "a socket could not catch up");
                    return Err(End::Close(1011, "messages could not be read; open again"));
                }
            };
            for message in &page.data {
                self.feed(conversations::live::frame(message)).await?;
                *sent = message.seq;
            }
            self.flush().await?;
            if page.next_cursor.is_none() {
                return Ok(());
            }
        }
    }

    async fn feed(&mut self, frame: Bytes) -> Result<(), End> {
        let text = Utf8Bytes::try_from(frame).map_err(|_| End::Close(1011, "a frame could not be written"))?;
        match timeout(PATIENCE, self.ws.feed(Frame::Text(text))).await {
            Ok(fed) => Ok(fed?),
            Err(_) => Err(End::Gone),
        }
    }

    async fn flush(&mut self) -> Result<(), End> {
        match timeout(PATIENCE, self.ws.flush()).await {
            Ok(flushed) => Ok(flushed?),
            Err(_) => Err(End::Gone),
        }
    }

    /// Passes on what was heard, and what came meanwhile, in one write.
    async fn pass_on(
        &mut self,
        first: Heard,
        who: &Who,
        listener: &mut Listener,
        followed: &mut Followed,
    ) -> Result<(), End> {
        let (mut next, mut count) = (Some(first), 0);
        let mut changed = Vec::new();
        while let Some(heard) = next {
            match heard {
                Heard::Message { conversation, seq, frame } => match followed.get_mut(&conversation) {
                    Some(sent) if seq == *sent + 1 => {
                        *sent = seq;
                        self.feed(frame).await?;
                    }
                    Some(sent) if seq > *sent => self.catch_up(conversation, who.caller(), followed).await?,
                    _ => {}
                },
                Heard::Written { conversation, seq } => {
                    if followed.get(&conversation).is_some_and(|sent| seq > *sent) {
                        self.catch_up(conversation, who.caller(), followed).await?;
                    }
                }
                Heard::Typing { conversation, frame } => {
                    if followed.contains_key(&conversation) {
                        self.feed(frame).await?;
                    }
                }
                Heard::Changed(conversation) => {
                    if !changed.contains(&conversation) {
                        changed.push(conversation);
                    }
                }
            }
            count += 1;
            next = if count < TOGETHER { listener.try_next() } else { None };
        }
        for conversation in changed {
            let frame = serde_json::to_vec(&ServerFrame::Changed { conversation: Some(conversation) });
            self.feed(frame.unwrap_or_default().into()).await?;
        }
        if listener.missed() {
            for id in followed.keys().copied().collect::<Vec<_>>() {
                self.catch_up(id, who.caller(), followed).await?;
            }
            if matches!(who, Who::Agent { .. }) {
                self.send(&ServerFrame::Changed { conversation: None }).await?;
            }
        }
        self.flush().await
    }

    /// Asks whether somebody is there, and ends the socket of nobody.
    async fn beat(&mut self, who: &Who) -> Result<(), End> {
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

    /// Ends the socket of somebody whose credentials are no longer good.
    async fn prove(&mut self, who: &Who) -> Result<(), End> {
        let (app, request) = (&self.app, self.info.id);
        let good = match (who, &self.opener) {
            (Who::Visitor { widget, .. }, _) => scope::of_widget(&app.capabilities.services, *widget, request)
                .await
                .map(|c| c.is_some())
                .map_err(Failure::from),
            (Who::Contact { widget, token, .. }, _) => {
                let back = app.capabilities.conversations.come_back(*widget, token, request).await;
                back.map(|c| c.is_some()).map_err(Failure::from)
            }
            (Who::Agent { .. }, Opener::Member { session, .. }) => {
                let lifetime = app.capabilities.sessions.lifetime();
                let found = scope::of_quiet_session(&app.capabilities.services, session, lifetime, request).await;
                found.map(|c| c.is_some()).map_err(Failure::from)
            }
            (Who::Agent { .. }, Opener::Key { secret, .. }) => {
                let found = app.capabilities.identity.authenticate_key(secret, request).await;
                found.map(|c| c.is_some()).map_err(Failure::from)
            }
            (Who::Agent { .. }, Opener::Nobody) => Ok(false),
        };
        match good {
            Ok(true) => Ok(()),
            Ok(false) => Err(End::Close(1008, "the credentials are no longer good")),
            // Who cannot be asked about is asked about again at the next beat.
            Err(_) => Ok(()),
        }
    }
}
