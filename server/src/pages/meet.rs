//! `/meet/{code}`: the page of a meeting, the way in, and the file for calendars. `/embed/meet/{code}`: the same page in the page of another
//! site, which the company allows.
//!
//! What is wrong, over, or of a company that is suspended gets one answer. In a frame nobody is a member: no cookie is read there, so what stands
//! around it has no session to misuse.

use crate::auth::Visitor;
use crate::failure::Failure;
use crate::pages::render::{Render, let_ask, let_frame};
use crate::request::{AsJson, RequestInfo};
use crate::rest::ApiJson;
use crate::state::App;
use app::meeting::{Lobby, WORDS, meet};
use axum::{
    Extension, Json,
    extract::{FromRequest as _, Path, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use meetings::{Door, HEARTBEAT, Joining, MOST_IN, MeetingError};
use model::meeting::{Joined, MeetingState, REACTIONS};
use model::{ErrorCode, Problem};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::Caller;
use store::services::timestamp;
use store::sessions::hash;
use tower_sessions::Session;
use words::{Language, sentence, text};

/// What this page alone may of what browsers guard.
const MAY: &str = "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), fullscreen=(self), \
                   geolocation=(), payment=(), usb=(), browsing-topics=()";

/// Where the page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a tab of its own.
    Own,
    /// In the page of another site.
    Frame,
}

impl Place {
    /// What its addresses begin with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Own => "",
            Self::Frame => "/embed",
        }
    }
}

/// The page: what stands before the door, and the room.
///
/// # Errors
/// A page, for a code that opens nothing, and when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Visitor(visitor): Visitor,
    Extension(info): Extension<RequestInfo>,
    Path(code): Path<String>,
    render: Render,
) -> Result<Response, Failure> {
    let visitor = visitor.map_err(Failure)?;
    let door = knock(&app, info, &code, visitor.as_ref()).await?;
    let name = match (&visitor, door.member) {
        (Some(caller), true) => app.capabilities.identity.current_session(caller).await?.map(|now| now.member.name),
        _ => None,
    };
    Ok(show(&app, &render, Place::Own, &door, (name, false)))
}

/// The page in a frame of another site's. Whoever looks is a guest there, or whom the token is of that its address has behind the `#`.
///
/// # Errors
/// A page, for a code that opens nothing, and when the database does not answer. No site may frame that: whose it is, is not known.
pub async fn framed(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Path(code): Path<String>,
    render: Render,
) -> Result<Response, Failure> {
    let door = knock(&app, info, &code, None).await?;
    Ok(show(&app, &render, Place::Frame, &door, (None, false)))
}

/// What stands before the door, unless too much of what came from this address opened nothing.
async fn knock(app: &App, info: RequestInfo, code: &str, visitor: Option<&Caller>) -> Result<Door, Failure> {
    may(app, info)?;
    let door = app.capabilities.meetings.door(code, visitor, info.id).await;
    noted(app, info, &door);
    door.map_err(gone)
}

/// What who comes by a link is told where there is nothing.
fn gone(error: MeetingError) -> Failure {
    match error {
        MeetingError::NotFound => Problem::new(
            ErrorCode::NotFound,
            text!("There is no meeting here, or it is over. Ask who sent you the link for a new one."),
        )
        .into(),
        other => other.into(),
    }
}

/// Whether somebody at this address may ask.
fn may(app: &App, info: RequestInfo) -> Result<(), Failure> {
    app.sockets.may_join(info.network()).map_err(|wait| {
        let detail = text!("Meetings were asked for too often from your address. Wait a little.");
        let mut problem = Problem::new(ErrorCode::RateLimited, detail);
        problem.retry_after = Some(wait.until.as_secs() + 1);
        problem.into()
    })
}

/// Notes what opened nothing: a code or a passcode that somebody may be guessing.
fn noted<T>(app: &App, info: RequestInfo, came: &Result<T, MeetingError>) {
    if matches!(came, Err(MeetingError::NotFound | MeetingError::Invalid { field: "passcode", .. })) {
        app.sockets.erred(info.network());
    }
}

fn show(
    app: &App,
    render: &Render,
    place: Place,
    door: &Door,
    (name, without_code): (Option<String>, bool),
) -> Response {
    let language = render.language();
    let (meetings, meeting) = (&app.capabilities.meetings, &door.meeting);
    let to_come = meeting.starts_at.filter(|_| meeting.state == MeetingState::Scheduled);
    let back = match (place, door.member) {
        (Place::Frame, _) => None,
        (Place::Own, true) => Some("/dashboard/meetings"),
        (Place::Own, false) => Some("/"),
    };
    let join = format!("{}/meet/{}/join", place.prefix(), door.code);
    let settings = json!({
        "code": door.code,
        "title": meeting.title,
        "starts_at": to_come,
        "socket": "/ws/meet",
        "join": join,
        "sites": (place == Place::Frame).then_some(&door.sites),
        "host": door.host,
        "name": name,
        "passcode": meeting.passcode && !door.member,
        "waiting_room": meeting.waiting_room && !door.member,
        "media": meetings.carries(),
        // What speaks with LiveKit is loaded where that carries media, and only then.
        "livekit": meetings.livekit().and_then(|_| app.assets.file("livekit.js")),
        "back": back,
        "limits": {"name": 80, "text": 2_000, "passcode": 64, "people": MOST_IN},
        "reactions": REACTIONS,
        "heartbeat_s": HEARTBEAT.as_secs(),
        "language": language.tag(),
    });
    let lobby = Lobby {
        code: door.code.clone(),
        join,
        title: meeting.title.clone(),
        name,
        member: door.member,
        passcode: meeting.passcode,
        waits: meeting.waiting_room && !door.member,
        begins: to_come.map(|at| format!("{} {} UTC", at.day().say(language), at.time())),
        back,
        script: app.assets.file("meet.js").map(str::to_owned),
        settings: fit(&settings),
        words: fit(&said(language)),
        without_code,
    };
    let mut response = render.page(StatusCode::OK, || meet(lobby));
    response.headers_mut().insert(HeaderName::from_static("permissions-policy"), HeaderValue::from_static(MAY));
    if let Some(livekit) = app.config.media.livekit() {
        let_ask(&mut response, &livekit.places());
    }
    if place == Place::Frame {
        let_frame(&mut response, &door.sites);
    }
    response
}

/// The sentences of the page's code.
fn said(language: Language) -> Value {
    let all = WORDS.iter().map(|(name, one)| ((*name).to_owned(), sentence(language, one).into()));
    Value::Object(all.collect::<Map<_, _>>())
}

/// JSON that stands in a script of a page: nothing in it ends that.
fn fit(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

/// What the page's code sends. (It does not print: it has secrets.)
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    name: Option<String>,
    passcode: Option<String>,
    #[serde(default)]
    consent: bool,
    r#as: Option<String>,
    person: Option<String>,
    secret: Option<String>,
}

/// Somebody asks to come in: the page's code, which goes on over a socket. A form that is sent without it gets the page, which says what it takes.
///
/// # Errors
/// A problem, or a page, for whatever opens nothing, and when the database does not answer.
pub async fn join(
    State(app): State<App>,
    Visitor(visitor): Visitor,
    Extension(info): Extension<RequestInfo>,
    AsJson(json): AsJson,
    Path(code): Path<String>,
    render: Render,
    request: Request,
) -> Result<Response, Failure> {
    let visitor = visitor.map_err(Failure)?;
    if json {
        enter(&app, info, &code, visitor.as_ref(), request).await
    } else {
        without_code(&app, info, &code, visitor.as_ref(), (&render, Place::Own)).await
    }
}

/// The same in a frame, where whoever asks is nobody's member.
///
/// # Errors
/// As outside of one.
pub async fn join_framed(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    AsJson(json): AsJson,
    Path(code): Path<String>,
    render: Render,
    request: Request,
) -> Result<Response, Failure> {
    if json {
        enter(&app, info, &code, None, request).await
    } else {
        without_code(&app, info, &code, None, (&render, Place::Frame)).await
    }
}

async fn without_code(
    app: &App,
    info: RequestInfo,
    code: &str,
    visitor: Option<&Caller>,
    (render, place): (&Render, Place),
) -> Result<Response, Failure> {
    let door = knock(app, info, code, visitor).await?;
    Ok(show(app, render, place, &door, (None, true)))
}

async fn enter(
    app: &App,
    info: RequestInfo,
    code: &str,
    visitor: Option<&Caller>,
    request: Request,
) -> Result<Response, Failure> {
    let session = request.extensions().get::<Session>().and_then(Session::id).map(hash);
    let ApiJson(Asked { name, passcode, consent, r#as: pass, person, secret }) =
        ApiJson::from_request(request, app).await?;
    may(app, info)?;
    let joining = Joining { name, passcode, consent, pass, session, person, secret };
    let joined = app.capabilities.meetings.join(code, visitor, &joining, info.id).await;
    noted(app, info, &joined);
    let joined: Joined = joined.map_err(gone)?;
    Ok(Json(joined).into_response())
}

/// The meeting as calendars take it.
///
/// # Errors
/// A page, for a code that opens nothing, and when the database does not answer.
pub async fn invite(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Path(code): Path<String>,
) -> Result<Response, Failure> {
    let door = knock(&app, info, &code, None).await?;
    let file = meetings::calendar(&door.meeting, timestamp(app.capabilities.services.now()));
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"invite.ics\""), // lint:allow(file-name-header) always this name
    ];
    Ok((headers, file).into_response())
}
