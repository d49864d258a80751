//! `/api/v1/meetings`: people see and hear each other.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::idempotency::IdempotencyKey;
use crate::rest::query::{self, Part};
use crate::rest::refusals::{Refused, RefusedBody, RefusedOnce, RefusedQuery};
use crate::rest::{ApiJson, ApiQuery};
use crate::state::App;
use ::meetings::{Invited, MeetingChange, MeetingError, NewMeeting, Starts};
use axum::{Json, extract::State, http::StatusCode};
use model::meeting::{Attendee, AttendeeRole, Joined, Meeting, MeetingState, Written};
use model::timestamp::NotATimestamp;
use model::{ContactId, ConversationId, MeetingId, Page, Problem, Timestamp, whole};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use store::services::timestamp;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use utoipa::{IntoParams, ToSchema};
use words::text;

/// Which meetings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only those that are so far.
    state: Option<MeetingState>,
    /// Most entries.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[param(min_length = 1)]
    cursor: Option<String>,
}

/// Meetings, the newest first. Takes a key with `meetings.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/meetings",
    operation_id = "list_meetings",
    tag = "Meetings",
    params(Which),
    security(("api_key" = [])),
    responses((status = 200, description = "A page of meetings", body = Page<Meeting>), RefusedQuery, Refused)
)]
pub async fn list(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    ApiQuery(Which { state, limit, cursor }): ApiQuery<Which>,
) -> Result<Json<Page<Meeting>>, Failure> {
    Ok(Json(app.capabilities.meetings.list(&caller, state, limit, cursor.as_deref()).await?))
}

/// What a meeting is to be. (It does not print: it may have a passcode.)
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeetingRequest {
    /// What it is called; without it `Meeting`, in the workspace's language.
    #[schema(max_length = 200)]
    title: Option<String>,
    /// When it is to begin, within two years; without it, at once.
    #[serde(default, deserialize_with = "instant")]
    starts_at: Option<Timestamp>,
    /// Where its time is said, by the name of the time zone (IANA).
    #[schema(min_length = 1, max_length = 64)]
    time_zone: Option<String>,
    /// How long it is to take; without it 60.
    #[serde(default, deserialize_with = "whole::or_none")]
    #[schema(minimum = 5, maximum = 1440)]
    minutes: Option<u32>,
    /// What one has to know besides the link: 6 to 64 characters. It is not shown again.
    #[schema(max_length = 64)]
    passcode: Option<String>,
    /// Whether guests wait until a host lets them in.
    #[serde(default)]
    waiting_room: bool,
    /// A conversation in which the link is said, in the workspace's language, and when the meeting begins and ends. A person is asked for there first.
    #[schema(value_type = Option<ConversationId>)]
    conversation_id: Option<String>,
}

/// Reads an instant as programs write one (RFC 3339, whatever its offset), or `null`.
fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let at = Option::<String>::deserialize(deserializer)?.map(|at| {
        let at = OffsetDateTime::parse(&at, &Rfc3339).map_err(|_| D::Error::custom(NotATimestamp))?;
        Ok(timestamp(at.to_offset(UtcOffset::UTC)))
    });
    at.transpose()
}

/// Makes a meeting. Takes a key with `meetings.manage`, and with a conversation also what it takes to write there.
#[utoipa::path(
    post,
    path = "/api/v1/meetings",
    operation_id = "create_meeting",
    tag = "Meetings",
    params(IdempotencyKey),
    security(("api_key" = [])),
    request_body = MeetingRequest,
    responses(
        (status = 201, description = "The meeting, with its link", body = Meeting),
        (status = 404, description = "No such conversation", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        RefusedOnce,
        (status = 409, description = "Too many meetings that are not over; the request of this `Idempotency-Key` is being worked on", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn create(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(request): ApiJson<MeetingRequest>,
) -> Result<(StatusCode, Json<Meeting>), Failure> {
    let new = NewMeeting {
        title: request.title,
        starts: request.starts_at.map_or(Starts::Now, |at| Starts::At(at, request.time_zone)),
        minutes: request.minutes,
        passcode: request.passcode,
        waiting_room: request.waiting_room,
        conversation: None,
    };
    let meetings = &app.capabilities.meetings;
    let meeting = match request.conversation_id {
        Some(conversation) => {
            let conversation: ConversationId = conversation.parse().map_err(|_| Problem::not_found())?;
            meetings.invite(&caller, conversation, new).await?
        }
        None => meetings.create(&caller, new).await?,
    };
    Ok((StatusCode::CREATED, Json(meeting)))
}

/// One meeting. Takes a key with `meetings.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/meetings/{id}",
    operation_id = "get_meeting",
    tag = "Meetings",
    params(("id" = inline(MeetingId), Path, description = "The meeting's id")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The meeting", body = Meeting),
        (status = 404, description = "No such meeting", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn get(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<MeetingId>,
    _: ApiQuery<query::None>,
) -> Result<Json<Meeting>, Failure> {
    Ok(Json(app.capabilities.meetings.get(&caller, id).await?))
}

/// What is to be another about a meeting; what is left out stays. (It does not print: it may have a passcode.)
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeetingPatch {
    /// What it is called.
    #[schema(max_length = 200)]
    title: Option<String>,
    /// When it is to begin, within two years; of one to which nobody has come yet.
    #[serde(default, deserialize_with = "instant")]
    starts_at: Option<Timestamp>,
    /// Where its time is said, by the name of the time zone (IANA); with `starts_at`.
    #[schema(min_length = 1, max_length = 64)]
    time_zone: Option<String>,
    /// How long it is to take.
    #[serde(default, deserialize_with = "whole::or_none")]
    #[schema(minimum = 5, maximum = 1440)]
    minutes: Option<u32>,
    /// What one has to know besides the link: 6 to 64 characters; null for nothing more. It is not shown again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 64)]
    passcode: Option<Option<String>>,
    /// Whether guests wait until a host lets them in.
    waiting_room: Option<bool>,
}

/// A text, or that there is none, where either was said.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Ok(Some(Option::<String>::deserialize(deserializer)?))
}

/// Changes a meeting that is not over. Its link stays. Takes a key with `meetings.manage`.
#[utoipa::path(
    patch,
    path = "/api/v1/meetings/{id}",
    operation_id = "change_meeting",
    tag = "Meetings",
    params(("id" = inline(MeetingId), Path, description = "The meeting's id")),
    security(("api_key" = [])),
    request_body = MeetingPatch,
    responses(
        (status = 200, description = "The meeting as it is now", body = Meeting),
        (status = 404, description = "No such meeting", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is over", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        Refused,
    )
)]
pub async fn change(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<MeetingId>,
    ApiJson(patch): ApiJson<MeetingPatch>,
) -> Result<Json<Meeting>, Failure> {
    let MeetingPatch { title, starts_at, time_zone, minutes, passcode, waiting_room } = patch;
    if starts_at.is_none() && time_zone.is_some() {
        return Err(MeetingError::field("time_zone", text!("Say when it begins as well.")).into());
    }
    let starts = starts_at.map(|at| Starts::At(at, time_zone));
    let change = MeetingChange { title, starts, minutes, passcode, waiting_room };
    Ok(Json(app.capabilities.meetings.change(&caller, id, change).await?))
}

/// Ends a meeting for all who are in it: its link opens nothing any more. Done twice, it is over once. Takes a key with `meetings.manage`.
#[utoipa::path(
    post,
    path = "/api/v1/meetings/{id}/end",
    operation_id = "end_meeting",
    tag = "Meetings",
    params(("id" = inline(MeetingId), Path, description = "The meeting's id"), IdempotencyKey),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The meeting, which is over", body = Meeting),
        (status = 404, description = "No such meeting", body = Problem, content_type = "application/problem+json"),
        RefusedOnce,
        Refused,
    )
)]
pub async fn end(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<MeetingId>,
) -> Result<Json<Meeting>, Failure> {
    Ok(Json(app.capabilities.meetings.end(&caller, id).await?))
}

/// Who came to a meeting, or wanted to, in the order in which they did: 1,000 at most. Takes a key with `meetings.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/meetings/{id}/participants",
    operation_id = "list_meeting_participants",
    tag = "Meetings",
    params(("id" = inline(MeetingId), Path, description = "The meeting's id")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "All of them", body = Page<Attendee>),
        (status = 404, description = "No such meeting", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn participants(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<MeetingId>,
    _: ApiQuery<query::None>,
) -> Result<Json<Page<Attendee>>, Failure> {
    Ok(Json(Page { data: app.capabilities.meetings.people(&caller, id).await?, next_cursor: None }))
}

/// What was written in a meeting, in the order in which it was, while it goes on and afterwards. Takes a key with `meetings.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/meetings/{id}/messages",
    operation_id = "list_meeting_messages",
    tag = "Meetings",
    params(("id" = inline(MeetingId), Path, description = "The meeting's id"), Part),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "A page of messages", body = Page<Written>),
        (status = 404, description = "No such meeting", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn messages(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<MeetingId>,
    ApiQuery(Part { limit, cursor }): ApiQuery<Part>,
) -> Result<Json<Page<Written>>, Failure> {
    Ok(Json(app.capabilities.meetings.written(&caller, id, limit, cursor.as_deref()).await?))
}

const fn speaker() -> AttendeeRole {
    AttendeeRole::Speaker
}

/// Whom to let in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// What they are called there.
    #[schema(min_length = 1, max_length = 80, pattern = r"\S")]
    name: String,
    /// What they may do; without it `speaker`.
    #[serde(default = "speaker")]
    role: AttendeeRole,
    /// The contact, where it is one.
    #[schema(value_type = Option<ContactId>)]
    contact_id: Option<String>,
}

/// Lets somebody into a meeting: they need neither wait nor know the passcode. The token opens the socket for ten minutes and renews itself there;
/// with `person` and `secret` they come back for as long as the meeting goes on. That they are seen, heard and read they agree to themselves: the page of
/// the meeting asks them, and the first `hello` says it. Takes a key with `meetings.manage`.
#[utoipa::path(
    post,
    path = "/api/v1/meetings/{id}/tokens",
    operation_id = "create_meeting_token",
    tag = "Meetings",
    params(("id" = inline(MeetingId), Path, description = "The meeting's id"), IdempotencyKey),
    security(("api_key" = [])),
    request_body = TokenRequest,
    responses(
        (status = 201, description = "Who they are there, and what opens it", body = Joined),
        (status = 404, description = "No such meeting, or it is over", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        RefusedOnce,
        (status = 409, description = "The meeting is full; the request of this `Idempotency-Key` is being worked on", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn token(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<MeetingId>,
    ApiJson(TokenRequest { name, role, contact_id }): ApiJson<TokenRequest>,
) -> Result<(StatusCode, Json<Joined>), Failure> {
    let contact = contact_id.map(|id| id.parse::<ContactId>()).transpose().map_err(|_| MeetingError::no_contact())?;
    let invited = Invited { name, role, contact };
    Ok((StatusCode::CREATED, Json(app.capabilities.meetings.let_in(&caller, id, invited).await?)))
}
