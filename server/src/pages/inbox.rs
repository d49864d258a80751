//! `/dashboard/inbox`: the conversations of the workspace, one of them open beside the list, and what is done in it.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{meetings, render::Render, unreadable};
use crate::request::{AsJson, PathId};
use crate::state::App;
use app::dashboard::inbox::{Inbox, Outcome, inbox};
use axum::{
    Form, Json,
    extract::{Path, Query, State, rejection::FormRejection, rejection::QueryRejection},
    http::{StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use conversations::{ConversationError, NewMessage};
use model::conversation::{InboxFilter, Step};
use model::permission::Permission;
use model::{ConversationId, ErrorCode, Problem, TeamId};
use serde::Deserialize;
use store::{Actor, Caller};

/// What the address says besides the conversation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Which conversations; open ones unless it says something that there is.
    show: String,
    /// Where the page of the list begins.
    after: Option<String>,
    /// Messages before this one.
    before: Option<String>,
    /// A conversation of which the list says how it is, without its messages.
    beside: Option<String>,
    /// Whether what is remembered of the contact is asked for.
    facts: String,
}

/// The page: the list, and a conversation beside it if the address names one. (The form for words has an address of its own,
/// where the page stands when they were refused: whoever goes back there gets the same, without the form that gives it to a team, which goes to
/// the address that it stands at.)
///
/// # Errors
/// `not_found` for a program that asks for a conversation which is not there, `invalid` for a place that is none, or the
/// database's.
pub async fn page(
    State(app): State<App>,
    Viewer(caller): Viewer,
    AsJson(json): AsJson,
    render: Render,
    uri: Uri,
    open: Option<Path<String>>,
    place: Result<Query<Place>, QueryRejection>,
) -> Result<Response, Failure> {
    let place = place.map(|Query(place)| place).unwrap_or_default();
    let open = open.map(|Path(id)| id);
    if let Some(Ok(id)) = open.as_ref().filter(|_| !place.facts.is_empty()).map(|id| id.parse::<ConversationId>()) {
        return Ok(Redirect::to(&format!("/dashboard/inbox/{id}/facts")).into_response());
    }
    let found = find(&app, &caller, &place, open).await?;
    match (json, found.missing) {
        (true, true) => Err(Problem::not_found().into()),
        (true, false) => Ok(Json(found).into_response()),
        (false, _) => {
            let status = if found.missing { StatusCode::NOT_FOUND } else { StatusCode::OK };
            let own = !uri.path().ends_with("/messages");
            let remembers = own && app.capabilities.conversations.remembers(&caller).await?;
            let teams =
                if own && found.writes { app.capabilities.identity.team_names(&caller).await? } else { Vec::new() };
            let meets = found.writes && caller.permissions().has(Permission::ManageMeetings);
            render.dashboard(&caller, status, |frame| inbox(frame, found, teams, remembers, meets)).await
        }
    }
}

/// What is there.
async fn find(app: &App, caller: &Caller, place: &Place, open: Option<String>) -> Result<Inbox, Failure> {
    let conversations = &app.capabilities.conversations;
    let show = InboxFilter::from_name(&place.show).unwrap_or(InboxFilter::Open);
    let beside = place.beside.as_ref().and_then(|id| id.parse().ok());
    let list = conversations.inbox(caller, show, place.after.as_deref(), beside).await?;
    let named = open.is_some();
    let thread = match open.and_then(|id| id.parse().ok()) {
        None => None,
        Some(id) => match conversations.thread(caller, id, place.before.as_deref()).await {
            Ok(thread) => Some(thread),
            Err(ConversationError::NotFound) => None,
            Err(error) => return Err(error.into()),
        },
    };
    let missing = named && thread.is_none();
    let address = app.config.public_url.as_ref().map(ToString::to_string).unwrap_or_default();
    let writes = caller.permissions().has(Permission::WriteConversations);
    let me = match caller.actor() {
        Actor::Member { member, .. } => Some(member),
        _ => None,
    };
    Ok(Inbox {
        show,
        after: place.after.clone(),
        list,
        thread,
        missing,
        outcome: Outcome::default(),
        address,
        me,
        writes,
    })
}

/// What was typed.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Words {
    text: String,
    client_id: String,
}

/// Says something to a contact.
///
/// # Errors
/// When nobody is signed in, there is no such conversation, or the fault is ours; for a program, also what is wrong with the
/// words.
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub async fn say(
    State(app): State<App>,
    Member(caller): Member,
    PathId(conversation): PathId<ConversationId>,
    AsJson(json): AsJson,
    render: Render,
    uri: Uri,
    place: Result<Query<Place>, QueryRejection>,
    form: Result<Form<Words>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Words { text, client_id }) = form.map_err(unreadable)?;
    let new = NewMessage { text, client_id };
    let problem = match app.capabilities.conversations.reply(&caller, conversation, &new).await {
        Ok((message, _)) if json => return Ok(Json(message).into_response()),
        Ok(_) => return Ok(Redirect::to(&address(conversation, &uri)).into_response()),
        Err(error) => Failure::from(error),
    };
    if json || !matches!(problem.0.code, ErrorCode::Invalid | ErrorCode::Conflict) {
        return Err(problem);
    }
    let status = problem.status();
    let place = place.map(|Query(place)| place).unwrap_or_default();
    let found = find(&app, &caller, &place, Some(conversation.to_string())).await?;
    let found = Inbox { outcome: Outcome { text: new.text, problem: Some(problem.0) }, ..found };
    let meets = caller.permissions().has(Permission::ManageMeetings);
    render.dashboard(&caller, status, |frame| inbox(frame, found, Vec::new(), false, meets)).await
}

/// To whom a conversation is given: the id of a team, or that of none. Or that its meeting is wanted.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Given {
    team: String,
    meet: String,
}

/// Gives the conversation to a team, or leads into its meeting.
///
/// # Errors
/// When nobody is signed in, there is no such conversation or team, or the fault is ours.
pub async fn give(
    State(app): State<App>,
    Member(caller): Member,
    PathId(conversation): PathId<ConversationId>,
    AsJson(json): AsJson,
    uri: Uri,
    form: Result<Form<Given>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Given { team, meet }) = form.map_err(unreadable)?;
    if !meet.is_empty() {
        return meetings::invite(State(app), Member(caller), PathId(conversation)).await;
    }
    let team: Option<TeamId> = match team.as_str() {
        "none" => None,
        id => Some(id.parse().map_err(|_| Problem::not_found())?),
    };
    let conversations = &app.capabilities.conversations;
    let now = conversations.give(&caller, conversation, team).await?;
    if json {
        return Ok(Json(now).into_response());
    }
    // Whoever gave it away may not reach it any more.
    let theirs = conversations.get(&caller, conversation).await.is_ok();
    let to = if theirs { address(conversation, &uri) } else { "/dashboard/inbox".to_owned() };
    Ok(Redirect::to(&to).into_response())
}

/// The member takes the conversation.
///
/// # Errors
/// When nobody is signed in, there is no such conversation, or the fault is ours.
pub async fn take_over(
    State(app): State<App>,
    Member(caller): Member,
    PathId(conversation): PathId<ConversationId>,
    json: AsJson,
    uri: Uri,
) -> Result<Response, Failure> {
    step(&app, &caller, conversation, &uri, json, Step::TakeOver).await
}

/// The assistant answers again.
///
/// # Errors
/// As [`take_over`].
pub async fn hand_back(
    State(app): State<App>,
    Member(caller): Member,
    PathId(conversation): PathId<ConversationId>,
    json: AsJson,
    uri: Uri,
) -> Result<Response, Failure> {
    step(&app, &caller, conversation, &uri, json, Step::HandBack).await
}

/// It is settled.
///
/// # Errors
/// As [`take_over`].
pub async fn resolve(
    State(app): State<App>,
    Member(caller): Member,
    PathId(conversation): PathId<ConversationId>,
    json: AsJson,
    uri: Uri,
) -> Result<Response, Failure> {
    step(&app, &caller, conversation, &uri, json, Step::Resolve).await
}

async fn step(
    app: &App,
    caller: &Caller,
    id: ConversationId,
    uri: &Uri,
    AsJson(json): AsJson,
    step: Step,
) -> Result<Response, Failure> {
    let now = app.capabilities.conversations.handle(caller, id, step).await?;
    Ok(if json { Json(now).into_response() } else { Redirect::to(&address(id, uri)).into_response() })
}

/// The page of a conversation that is there, with the list as the form's address names it.
fn address(conversation: ConversationId, uri: &Uri) -> String {
    let name = uri.query().and_then(|query| query.strip_prefix("show=")).and_then(InboxFilter::from_name);
    let show = name.map_or_else(String::new, |show| format!("?show={}", show.name()));
    format!("/dashboard/inbox/{conversation}{show}")
}
