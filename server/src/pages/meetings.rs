//! `/dashboard/meetings`: meetings are started, planned and ended; who came.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{render::Render, to_show, to_try_again, unreadable};
use crate::request::PathId;
use crate::state::App;
use ::meetings::{Listed, MeetingChange, MeetingError, NewMeeting, Starts};
use app::dashboard::meetings::{Listing, Outcome, Shown, Typed, meetings};
use axum::{
    Form,
    extract::{Query, State, rejection::FormRejection, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use model::meeting::{Meeting, MeetingState};
use model::{ConversationId, MeetingId, Problem};
use serde::Deserialize;
use store::Caller;

const HERE: &str = "/dashboard/meetings";
/// Meetings of each list: those that go on, those to come, and those that are over.
const LIVE: u32 = 200;
const COMING: u32 = 50;
const PAST: u32 = 20;

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Place {
    done: String,
    before: Option<String>,
    after: Option<String>,
    change: Option<String>,
    conversation: Option<String>,
}

/// The page.
///
/// # Errors
/// A page, for who may not lead meetings, and when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Viewer(caller): Viewer,
    render: Render,
    place: Result<Query<Place>, QueryRejection>,
) -> Result<Response, Failure> {
    let place = place.map(|Query(place)| place).unwrap_or_default();
    let outcome = match place.done.as_str() {
        "planned" => Outcome::Planned,
        "changed" => Outcome::Changed,
        "ended" => Outcome::Ended,
        _ => Outcome::Nothing,
    };
    // One that is to be changed; what is none, or has begun, is passed over.
    let changing = match place.change.as_deref().map(str::parse::<MeetingId>) {
        Some(Ok(id)) => planned(&app, &caller, id).await?,
        _ => None,
    };
    show(&app, &caller, &render, (StatusCode::OK, outcome), (place, changing)).await
}

/// A meeting to which nobody has come yet, as the form that changes it has it.
async fn planned(app: &App, caller: &Caller, id: MeetingId) -> Result<Option<(MeetingId, Typed)>, Failure> {
    match app.capabilities.meetings.planned(caller, id).await {
        Ok((meeting, begins)) => {
            let typed = Typed {
                title: meeting.title,
                starts_at: begins.unwrap_or_default(),
                time_zone: meeting.time_zone.unwrap_or_else(|| "UTC".to_owned()),
                minutes: meeting.minutes.to_string(),
                waiting_room: meeting.waiting_room,
                passcode: meeting.passcode,
                later: true,
            };
            Ok(Some((id, typed)))
        }
        Err(MeetingError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn listing(listed: Listed) -> Listing {
    let Listed { meeting, begins, people, said: (said, messages), now } = listed;
    Listing { meeting, begins, people, said, messages, now }
}

async fn show(
    app: &App,
    caller: &Caller,
    render: &Render,
    (status, outcome): (StatusCode, Outcome),
    (place, changing): (Place, Option<(MeetingId, Typed)>),
) -> Result<Response, Failure> {
    let capability = &app.capabilities.meetings;
    let live = capability.listed(caller, MeetingState::Live, LIVE, None).await?.data;
    let upcoming = capability.listed(caller, MeetingState::Scheduled, COMING, place.after.as_deref()).await?;
    let past = capability.listed(caller, MeetingState::Ended, PAST, place.before.as_deref()).await?;
    let shown = Shown {
        live: live.into_iter().map(listing).collect(),
        upcoming: upcoming.data.into_iter().map(listing).collect(),
        later: upcoming.next_cursor,
        past: past.data.into_iter().map(listing).collect(),
        earlier: past.next_cursor,
        zone: capability.usual_zone(caller).await?.unwrap_or_else(|| "UTC".to_owned()),
        conversation: place.conversation.filter(|id| id.parse::<ConversationId>().is_ok()),
        changing,
        carries: capability.carries(),
    };
    render.dashboard(caller, status, |frame| meetings(frame, shown, outcome)).await
}

/// The form of a meeting.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Fields {
    title: String,
    passcode: String,
    waiting_room: Option<String>,
    later: Option<String>,
    starts_at: String,
    time_zone: String,
    minutes: String,
    without_passcode: Option<String>,
    conversation: Option<String>,
}

impl Fields {
    fn typed(&self, later: bool) -> Typed {
        Typed {
            title: self.title.clone(),
            starts_at: self.starts_at.clone(),
            time_zone: self.time_zone.clone(),
            minutes: self.minutes.clone(),
            waiting_room: self.waiting_room.is_some(),
            passcode: false,
            later,
        }
    }
}

/// Makes a meeting: whoever starts one goes there.
///
/// # Errors
/// A page, for who may not, where the conversation is not there, or when the fault is ours.
pub async fn create(
    State(app): State<App>,
    Member(caller): Member,
    render: Render,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let later = fields.later.is_some();
    let typed = fields.typed(later);
    let new = NewMeeting {
        title: Some(fields.title),
        starts: if later { Starts::Local(fields.starts_at, fields.time_zone) } else { Starts::Now },
        // What is no number is none that can be.
        minutes: if later { Some(fields.minutes.trim().parse().unwrap_or(0)) } else { None },
        passcode: Some(fields.passcode),
        waiting_room: fields.waiting_room.is_some(),
        conversation: None,
    };
    let conversation = fields.conversation.as_deref().filter(|id| !id.is_empty());
    let conversation = conversation.map(str::parse::<ConversationId>).transpose().map_err(|_| Problem::not_found())?;
    let made = make(&app, &caller, conversation, new).await;
    match made {
        Ok(_) if later => Ok(Redirect::to("/dashboard/meetings?done=planned").into_response()),
        Ok(meeting) => Ok(Redirect::to(&path(&meeting)).into_response()),
        Err(error) => {
            let (status, problem, retry_after) = to_show(error)?;
            let place = Place { conversation: conversation.map(|id| id.to_string()), ..Place::default() };
            let outcome = Outcome::Refused(problem, Box::new(typed));
            let page = show(&app, &caller, &render, (status, outcome), (place, None)).await?;
            Ok(to_try_again(page, retry_after))
        }
    }
}

async fn make(
    app: &App,
    caller: &Caller,
    conversation: Option<ConversationId>,
    new: NewMeeting,
) -> Result<Meeting, MeetingError> {
    let meetings = &app.capabilities.meetings;
    match conversation {
        Some(id) => meetings.invite(caller, id, new).await,
        None => meetings.create(caller, new).await,
    }
}

/// Where a meeting is, on this server.
fn path(meeting: &Meeting) -> String {
    let link = &meeting.link;
    link.find("/meet/").and_then(|at| link.get(at..)).unwrap_or(HERE).to_owned()
}

/// Changes one to which nobody has come yet.
///
/// # Errors
/// A page, for who may not, where there is none, or when the fault is ours.
pub async fn change(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<MeetingId>,
    render: Render,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let typed = fields.typed(true);
    let passcode = match (fields.without_passcode, fields.passcode.trim().is_empty()) {
        (Some(_), _) => Some(None),
        // Left empty, it stays.
        (None, true) => None,
        (None, false) => Some(Some(fields.passcode)),
    };
    let change = MeetingChange {
        title: Some(fields.title),
        // One that was to begin at once has no time, unless it gets one.
        starts: (!fields.starts_at.trim().is_empty()).then_some(Starts::Local(fields.starts_at, fields.time_zone)),
        // What is no number is none that can be.
        minutes: Some(fields.minutes.trim().parse().unwrap_or(0)),
        passcode,
        waiting_room: Some(fields.waiting_room.is_some()),
    };
    let changed = app.capabilities.meetings.change(&caller, id, change).await;
    let Err(error) = changed else { return Ok(Redirect::to("/dashboard/meetings?done=changed").into_response()) };
    let (status, problem, retry_after) = to_show(error)?;
    // Whether it has a passcode is not what was typed.
    let passcode = planned(&app, &caller, id).await?.is_some_and(|(_, kept)| kept.passcode);
    let changing = Some((id, Typed { passcode, ..typed.clone() }));
    let outcome = Outcome::Refused(problem, Box::new(typed));
    let page = show(&app, &caller, &render, (status, outcome), (Place::default(), changing)).await?;
    Ok(to_try_again(page, retry_after))
}

/// Ends one.
///
/// # Errors
/// A page, for who may not, where there is none, or when the fault is ours.
pub async fn end(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<MeetingId>,
) -> Result<Response, Failure> {
    app.capabilities.meetings.end(&caller, id).await?;
    Ok(Redirect::to("/dashboard/meetings?done=ended").into_response())
}

/// Leads into the meeting of a conversation: the one that is on, or one that is made now, and whose link is said there.
///
/// # Errors
/// A page, for who may not, where the conversation is not there, or when the fault is ours.
pub async fn invite(
    State(app): State<App>,
    Member(caller): Member,
    PathId(conversation): PathId<ConversationId>,
) -> Result<Response, Failure> {
    let meeting = app.capabilities.meetings.meet(&caller, conversation).await?;
    Ok(Redirect::to(&path(&meeting)).into_response())
}
