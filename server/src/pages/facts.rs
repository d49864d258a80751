//! `/dashboard/inbox/{conversation}/facts`: what a contact has said of themself, and the assistant remembers.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{Done, render::Render, unreadable};
use crate::request::PathId;
use crate::state::App;
use app::dashboard::facts::{Shown, facts};
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use model::permission::Permission;
use model::{ConversationId, FactId, Problem};
use serde::Deserialize;
use store::services::timestamp;

/// The page.
///
/// # Errors
/// A page, where there is no such conversation, or when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Viewer(caller): Viewer,
    PathId(id): PathId<ConversationId>,
    Done(done): Done,
    render: Render,
) -> Result<Response, Failure> {
    let conversations = &app.capabilities.conversations;
    let shown = Shown {
        conversation: conversations.get(&caller, id).await?,
        facts: conversations.facts(&caller, id).await?,
        remembers: conversations.remembers(&caller).await?,
        writes: caller.permissions().has(Permission::WriteConversations),
        forgotten: done == "forgotten",
        now: timestamp(app.capabilities.services.now()),
    };
    render.dashboard(&caller, StatusCode::OK, |frame| facts(frame, shown)).await
}

/// What is to be forgotten: the id of one thing, or `all`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wished {
    fact: String,
}

/// Forgets one of them, or all.
///
/// # Errors
/// A page, for who may not, where there is no such conversation or nothing of that contact's, or when the fault is ours.
pub async fn forget(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<ConversationId>,
    form: Result<Form<Wished>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Wished { fact }) = form.map_err(unreadable)?;
    let fact: Option<FactId> = match fact.as_str() {
        "all" => None,
        id => Some(id.parse().map_err(|_| Problem::not_found())?),
    };
    app.capabilities.conversations.forget(&caller, id, fact).await?;
    Ok(Redirect::to(&format!("/dashboard/inbox/{id}/facts?done=forgotten")).into_response())
}
