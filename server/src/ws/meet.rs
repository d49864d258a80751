//! `/ws/meet`: being in a meeting. The protocol is in `docs/meetings.md`.
//!
//! Guarantees: a socket is somebody's whom a token names, in one meeting, and every frame goes through the capability, which looks each time
//! whether they may; what a socket holds is bounded as that of `/ws` is, and so is how often one address comes. Must not decide what anybody may do.

use super::session::{End, HELLO, about, close};
use super::upgrade::{BUFFER, no_upgrade, ours, seat};
use crate::failure::Failure;
use crate::limits::sockets::{Allowed, Bucket, Seat};
use crate::request::RequestInfo;
use crate::rest::Object;
use crate::state::App;
use axum::body::Bytes;
use axum::extract::ws::{Message as Frame, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::{
    Extension,
    extract::{FromRequestParts as _, Request, State},
    http::header,
    response::{IntoResponse as _, Response},
};
use futures_util::SinkExt as _;
use meetings::{Attending, Came, Ending, Entered, Gone, Heard, MeetingError, Told};
use model::meeting::{MeetingFrame, MeetingTold};
use model::{ErrorCode, Problem};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, timeout, timeout_at};
use words::text;

/// Largest frame, in bytes: an offer describes all that a browser can.
const FRAME: usize = 160 * 1024;
/// How often somebody is asked whether they are there. Browsers answer by themselves, also for a page that is not looked at.
const ASKS: Duration = Duration::from_secs(4);
/// Questions in a row without an answer, after which nobody is: 12 seconds, of the 15 after which they are gone.
const UNANSWERED: u32 = 2;
/// How long it is between two looks whether somebody may still be here, and new tokens. By the clock by which tokens end.
const RENEWED: time::Duration = time::Duration::minutes(4);
/// Longest wait for a reader to take what is sent: by then they are gone.
const PATIENCE: Duration = Duration::from_secs(12);
/// Frames that are written together.
const TOGETHER: usize = 32;

/// Opens a socket. It opens nothing by itself: that is for a token, which no page of another site has; such a page is refused all the same.
///
/// # Errors
/// Something else than an upgrade, a page of another site, or no room.
pub async fn upgrade(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    request: Request,
) -> Result<Response, Failure> {
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &app).await;
    let upgrade = upgrade.map_err(no_upgrade)?;
    let given = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let url = app.config.public_url.as_ref();
    let elsewhere = parts.headers.contains_key(header::ORIGIN)
        && !given(header::ORIGIN).zip(url).is_some_and(|(origin, url)| ours(origin, url, given(header::HOST)));
    if elsewhere {
        let detail = text!("Meetings are for pages of this server.");
        return Err(Problem::new(ErrorCode::Forbidden, detail).into());
    }
    let seat = seat(&app, info)?;
    let upgrade = upgrade
        .max_message_size(FRAME)
        .max_frame_size(FRAME)
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        // For `welcome`, the largest: a list of people, and what was written last.
        .max_write_buffer_size(4 * FRAME);
    Ok(upgrade.on_upgrade(move |ws| Socket::new(app, ws, info, seat).run()).into_response())
}

struct Socket {
    app: App,
    ws: WebSocket,
    info: RequestInfo,
    seat: Seat,
    bucket: Bucket,
    offers: Bucket,
    shown: Bucket,
    heard: Instant,
    unanswered: u32,
    /// When it was last looked whether they may be here.
    proven: OffsetDateTime,
}

/// Whether a frame opens a way for media, by an offer or elsewhere.
const fn opens(frame: &MeetingFrame) -> bool {
    matches!(frame, MeetingFrame::Offer { .. } | MeetingFrame::Connect {})
}

/// What media tells, where it does.
async fn tells(media: &mut Option<mpsc::Receiver<Told>>) -> Option<Told> {
    match media {
        Some(tells) => tells.recv().await,
        None => std::future::pending().await,
    }
}

impl Socket {
    fn new(app: App, ws: WebSocket, info: RequestInfo, seat: Seat) -> Self {
        let (now, proven) = (Instant::now(), app.capabilities.services.now());
        let (bucket, offers, shown) = (Bucket::of_meeting(now), Bucket::of_offers(now), Bucket::of_shown(now));
        Self { app, ws, info, seat, bucket, offers, shown, heard: now, unanswered: 0, proven }
    }

    // As `telemetry::REQUEST` says.
    #[tracing::instrument(name = "ws.meet", target = "request", level = "error", skip_all, fields(request_id = %self.info.id))]
    async fn run(mut self) {
        let end = match self.hello().await {
            Ok((mut attending, media)) => {
                let end = self.talk(&mut attending, media).await;
                attending.heard(self.heard);
                end
            }
            Err(end) => end,
        };
        close(&mut self.ws, end).await;
    }

    async fn send(&mut self, told: &MeetingTold<'_>) -> Result<(), End> {
        let text = serde_json::to_vec(told).map_err(|_| End::Close(1011, "a frame could not be written"))?;
        self.write(text.into()).await
    }

    async fn feed(&mut self, frame: Bytes) -> Result<(), End> {
        let text = Utf8Bytes::try_from(frame).map_err(|_| End::Close(1011, "a frame could not be written"))?;
        match timeout(PATIENCE, self.ws.feed(Frame::Text(text))).await {
            Ok(fed) => Ok(fed?),
            Err(_) => Err(End::Gone),
        }
    }

    async fn write(&mut self, frame: Bytes) -> Result<(), End> {
        self.feed(frame).await?;
        match timeout(PATIENCE, self.ws.flush()).await {
            Ok(flushed) => Ok(flushed?),
            Err(_) => Err(End::Gone),
        }
    }

    /// Says what is wrong, in the language of whoever is there.
    async fn refuse(
        &mut self,
        problem: Problem,
        client_id: Option<&str>,
        about: Option<&'static str>,
    ) -> Result<(), End> {
        let problem = problem.said(self.info.languages.language());
        self.send(&MeetingTold::problem(&problem, client_id, about)).await
    }

    /// Says why somebody may not be here, and ends.
    async fn turn_away(&mut self, error: MeetingError) -> End {
        let (said, end) = match error {
            MeetingError::NotFound => (self.send(&MeetingTold::Ended).await, End::Close(1000, "the meeting is over")),
            MeetingError::Elsewhere => return End::Close(4001, "elsewhere"),
            MeetingError::TurnedAway => (self.send(&MeetingTold::Removed).await, End::Close(1000, "not let in")),
            error => {
                let Failure(problem) = Failure::from(error);
                let end = match problem.status {
                    500.. => End::Close(1011, "who is there could not be looked up"),
                    _ => End::Close(1008, "join by the link again"),
                };
                (self.refuse(problem, None, None).await, end)
            }
        };
        said.err().unwrap_or(end)
    }

    /// The next frame; `None` for one that says nothing to us.
    async fn read(&mut self, came: Option<Result<Frame, axum::Error>>) -> Result<Option<MeetingFrame>, End> {
        (self.heard, self.unanswered) = (Instant::now(), 0);
        let frame = match came {
            None | Some(Ok(Frame::Close(_))) => return Err(End::Gone),
            Some(Err(error)) => {
                let large = std::error::Error::source(&error).is_some_and(|e| e.to_string().contains("too long"));
                return Err(if large { End::Close(1009, "a frame has at most 160 KB") } else { End::Gone });
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
        let parsed = serde_json::from_str(&text).map(|Object(frame)| frame);
        let offer = parsed.as_ref().is_ok_and(opens).then_some("offer");
        let own = match &parsed {
            Ok(frame) if opens(frame) => self.offers.take(self.heard),
            Ok(MeetingFrame::Hand { .. } | MeetingFrame::React { .. }) => self.shown.take(self.heard),
            _ => Allowed::Yes,
        };
        if allowed == Allowed::TooMany || own != Allowed::Yes {
            let mut problem = Problem::new(ErrorCode::RateLimited, text!("Too many frames at once. Wait a little."));
            problem.retry_after = Some(2);
            self.refuse(problem, about(&text).as_deref(), offer).await?;
            return Ok(None);
        }
        match parsed {
            Ok(frame) => Ok(Some(frame)),
            Err(error) => {
                let detail = text!("The frame cannot be read: {error}.", error);
                let problem = Problem::new(ErrorCode::InvalidRequest, detail);
                self.refuse(problem, about(&text).as_deref(), None).await?;
                Ok(None)
            }
        }
    }

    /// Reads until somebody has said who is there; with what media tells them already.
    async fn hello(&mut self) -> Result<(Attending, Option<mpsc::Receiver<Told>>), End> {
        let until = Instant::now() + HELLO;
        loop {
            // (Coming in is not let go of in the middle: who is in a room by then has to be taken out of it.)
            let came = timeout_at(until, self.ws.recv());
            let came = came.await.map_err(|_| End::Close(1008, "no hello came"))?;
            match self.read(came).await? {
                None => {}
                Some(MeetingFrame::Ping {}) => self.send(&MeetingTold::Pong).await?,
                Some(MeetingFrame::Hello { token, consent, media, was }) => {
                    // Each takes some work, and may be told much.
                    if let Err(wait) = self.seat.may_come() {
                        let detail = text!("Meetings were asked for too often from your address. Wait a little.");
                        let mut problem = Problem::new(ErrorCode::RateLimited, detail);
                        problem.retry_after = Some(wait.until.as_secs() + 1);
                        self.refuse(problem, None, None).await?;
                        return Err(End::Close(1013, "too many come from this address"));
                    }
                    let came = self.app.capabilities.meetings.come(&token, consent, (media, was), self.info.id).await;
                    match came {
                        Ok(Came { attending, first, media }) => {
                            self.write(first).await?;
                            return Ok((attending, media));
                        }
                        Err(error) => return Err(self.turn_away(error).await),
                    }
                }
                Some(_) => {
                    let problem = Problem::new(ErrorCode::Unauthenticated, text!("Say hello first."));
                    self.refuse(problem, None, None).await?;
                }
            }
        }
    }

    async fn talk(&mut self, attending: &mut Attending, mut media: Option<mpsc::Receiver<Told>>) -> End {
        let mut ended = self.app.capabilities.services.ended_credentials(attending.tenant());
        let mut beat = tokio::time::interval_at(Instant::now() + ASKS, ASKS);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let worked = tokio::select! {
                () = self.seat.stopped() => return End::Close(1012, "the server restarts"),
                came = self.ws.recv() => match self.read(came).await {
                    Ok(Some(frame)) => self.act(frame, attending, &mut media).await,
                    Ok(None) => Ok(()),
                    Err(end) => Err(end),
                },
                heard = attending.next() => self.pass_on(heard, attending).await,
                told = tells(&mut media) => self.tell(told, attending, &mut media).await,
                // Somebody of the company's may be none any more, or all of it be shut.
                _ = ended.next() => self.prove(attending).await,
                _ = beat.tick() => self.beat(attending).await,
            };
            if let Err(end) = worked {
                return end;
            }
            if attending.missed() {
                return End::Close(1012, "not all was taken; open again");
            }
        }
    }

    async fn act(
        &mut self,
        frame: MeetingFrame,
        attending: &Attending,
        media: &mut Option<mpsc::Receiver<Told>>,
    ) -> Result<(), End> {
        let client_id = if let MeetingFrame::Say { client_id, .. } = &frame { Some(client_id.clone()) } else { None };
        if client_id.is_some()
            && let Err(wait) = self.seat.may_say()
        {
            let detail = text!("Many messages come from your address. Wait a little.");
            let mut problem = Problem::new(ErrorCode::RateLimited, detail);
            problem.retry_after = Some(wait.until.as_secs() + 1);
            return self.refuse(problem, client_id.as_deref(), None).await;
        }
        let offer = opens(&frame).then_some("offer");
        match attending.act(frame).await {
            Ok(Entered::Done) => Ok(()),
            Ok(Entered::Answer(answer)) => self.write(answer).await,
            Ok(Entered::Media(answer, tells)) => {
                *media = Some(tells);
                self.write(answer).await
            }
            Ok(Entered::Left) => Err(End::Close(1000, "goodbye")),
            Err(error) => {
                let Failure(problem) = Failure::from(error);
                self.refuse(problem, client_id.as_deref(), offer).await
            }
        }
    }

    /// Passes on what was heard, and what came meanwhile, in one write.
    async fn pass_on(&mut self, first: Heard, attending: &mut Attending) -> Result<(), End> {
        let (mut next, mut count) = (Some(first), 0);
        while let Some(heard) = next {
            match heard {
                Heard::Frame(frame) => self.feed(frame).await?,
                Heard::Admitted => match attending.admitted().await {
                    Ok(welcome) => self.feed(welcome).await?,
                    Err(error) => return Err(self.turn_away(error).await),
                },
                Heard::End(ending) => {
                    let (said, end) = match ending {
                        Ending::Removed => (Some(MeetingTold::Removed), End::Close(1000, "taken out")),
                        Ending::Refused => (Some(MeetingTold::Refused), End::Close(1000, "not let in")),
                        Ending::Ended => (Some(MeetingTold::Ended), End::Close(1000, "the meeting is over")),
                        Ending::Elsewhere => (None, End::Close(4001, "elsewhere")),
                    };
                    if let Some(said) = said {
                        self.send(&said).await?;
                    }
                    return Err(end);
                }
            }
            count += 1;
            next = if count < TOGETHER { attending.try_next() } else { None };
        }
        match timeout(PATIENCE, self.ws.flush()).await {
            Ok(flushed) => Ok(flushed?),
            Err(_) => Err(End::Gone),
        }
    }

    /// Passes on what media tells.
    async fn tell(
        &mut self,
        told: Option<Told>,
        attending: &Attending,
        media: &mut Option<mpsc::Receiver<Told>>,
    ) -> Result<(), End> {
        // What has nothing more to tell has failed: they offer anew.
        let told = told.unwrap_or(Told::Gone { why: Gone::Broken });
        if matches!(told, Told::Gone { .. }) {
            *media = None;
            attending.way_ended();
        }
        self.write(meetings::told(&told)).await
    }

    /// Looks whether somebody may still be here, and gives them a token for next time.
    async fn prove(&mut self, attending: &Attending) -> Result<(), End> {
        self.proven = self.app.capabilities.services.now();
        match attending.renew().await {
            Ok(token) => self.write(token).await,
            // Who cannot be asked about is asked about again another time.
            Err(MeetingError::Store(error)) => {
                tracing::warn!(%error, "somebody in a meeting could not be looked up");
                Ok(())
            }
            Err(error) => Err(self.turn_away(error).await),
        }
    }

    /// Asks whether somebody is there, and ends the socket of nobody.
    async fn beat(&mut self, attending: &Attending) -> Result<(), End> {
        // Counted, and not by the clock: what came while we waited for something else is read before the next question.
        if self.unanswered >= UNANSWERED {
            return Err(End::Gone);
        }
        self.unanswered += 1;
        if self.app.capabilities.services.now() - self.proven >= RENEWED {
            self.prove(attending).await?;
        }
        match timeout(PATIENCE, self.ws.send(Frame::Ping(Bytes::new()))).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(End::Gone),
        }
    }
}
