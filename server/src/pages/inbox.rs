//! Forms of the inbox, for browsers in which WASM has not arrived.

use super::dashboard::again;
use crate::auth::{Member, Visitor};
use crate::failure::Failure;
use crate::pages::render::render_with;
use crate::request::{PathId, RequestInfo};
use crate::state::App;
use app::dashboard::inbox::Outcome;
use app::shell::dashboard;
use axum::{
    Extension, Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use conversations::NewMessage;
use model::conversation::{InboxFilter, Step};
use model::{ConversationId, ErrorCode};
use serde::Deserialize;
use store::Caller;

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
/// A page, when nobody is signed in, there is no such conversation, or the fault is ours.
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub async fn say(
    State(app): State<App>,
    Member(caller): Member,
    PathId(conversation): PathId<ConversationId>,
    Extension(info): Extension<RequestInfo>,
    Extension(visitor): Extension<Visitor>,
    uri: Uri,
    headers: HeaderMap,
    form: Result<Form<Words>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Words { text, client_id }) = form.map_err(super::sign_in::unreadable)?;
    let new = NewMessage { text, client_id };
    let Err(error) = app.capabilities.conversations.reply(&caller, conversation, &new).await else {
        return Ok(Redirect::to(&page(conversation, &uri)).into_response());
    };
    let Failure(problem) = Failure::from(error);
    if !matches!(problem.code, ErrorCode::Invalid | ErrorCode::Conflict) {
        return Err(Failure(problem));
    }
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let request = again(&page(conversation, &uri), headers, info, visitor);
    let outcome = Outcome { text: new.text, problem: Some(problem) };
    Ok(render_with(&app, request, status, outcome, dashboard).await)
}

/// The member takes the conversation.
///
/// # Errors
/// A page, when nobody is signed in, there is no such conversation, or the fault is ours.
pub async fn take_over(
    State(app): State<App>,
    Member(caller): Member,
    PathId(conversation): PathId<ConversationId>,
    uri: Uri,
) -> Result<Redirect, Failure> {
    step(&app, &caller, conversation, &uri, Step::TakeOver).await
}

/// The assistant answers again.
///
/// # Errors
/// As [`take_over`].
pub async fn hand_back(
    State(app): State<App>,
    Member(caller): Member,
    PathId(conversation): PathId<ConversationId>,
    uri: Uri,
) -> Result<Redirect, Failure> {
    step(&app, &caller, conversation, &uri, Step::HandBack).await
}

/// It is settled.
///
/// # Errors
/// As [`take_over`].
pub async fn resolve(
    State(app): State<App>,
    Member(caller): Member,
    PathId(conversation): PathId<ConversationId>,
    uri: Uri,
) -> Result<Redirect, Failure> {
    step(&app, &caller, conversation, &uri, Step::Resolve).await
}

async fn step(app: &App, caller: &Caller, id: ConversationId, uri: &Uri, step: Step) -> Result<Redirect, Failure> {
    app.capabilities.conversations.handle(caller, id, step).await?;
    Ok(Redirect::to(&page(id, uri)))
}

/// The page of a conversation that is there, with the list as the form's address names it.
fn page(conversation: ConversationId, uri: &Uri) -> String {
    let name = uri.query().and_then(|query| query.strip_prefix("show=")).and_then(InboxFilter::from_name);
    let show = name.map_or_else(String::new, |show| format!("?show={}", show.name()));
    format!("/dashboard/inbox/{conversation}{show}")
}
