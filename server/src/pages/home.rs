//! `GET /dashboard`: what needs somebody today.

use crate::auth::Viewer;
use crate::failure::Failure;
use crate::pages::render::Render;
use crate::state::App;
use app::dashboard::{home, nothing_here};
use axum::{extract::State, http::StatusCode, response::Response};
use model::conversation::InboxFilter;
use model::page::MAX_LIMIT;
use model::permission::Permission;
use store::services::timestamp;

/// The page.
///
/// # Errors
/// A page, when the database does not answer.
pub async fn page(State(app): State<App>, Viewer(caller): Viewer, render: Render) -> Result<Response, Failure> {
    let (conversations, caller) = (&app.capabilities.conversations, &caller);
    let keys = app.capabilities.identity.list_api_keys(caller).await?;
    let may = caller.permissions();
    let (waiting, mine) = match may.has(Permission::ReadConversations) {
        true => (
            Some(conversations.inbox(caller, InboxFilter::Waiting, None, None).await?),
            Some(conversations.inbox(caller, InboxFilter::Mine, None, None).await?),
        ),
        false => (None, None),
    };
    let documents = match may.has(Permission::ReadDocuments) {
        true => app.capabilities.knowledge.list_documents(caller, Some(MAX_LIMIT), None, None).await?.data,
        false => Vec::new(),
    };
    let models = match may.has(Permission::ManageAssistant) {
        true => app.capabilities.llm.list(caller).await?,
        false => Vec::new(),
    };
    let today = home::Today {
        now: timestamp(app.capabilities.services.now()),
        waiting,
        mine,
        documents,
        models,
        install: conversations.install_snippet(caller).await?,
        keys: (!keys.is_empty(), keys.iter().any(|key| key.last_used_at.is_some())),
    };
    render.dashboard(caller, StatusCode::OK, |frame| home::home(frame, today)).await
}

/// An address of the dashboard that leads nowhere.
///
/// # Errors
/// As [`page`].
pub async fn nowhere(Viewer(caller): Viewer, render: Render) -> Result<Response, Failure> {
    render.dashboard(&caller, StatusCode::NOT_FOUND, nothing_here).await
}
