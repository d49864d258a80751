//! `/dashboard/knowledge`: the documents of the workspace, a question to try, and the forms that add, read again and delete.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::render::Render;
use crate::request::{AsJson, PathId};
use crate::rest::documents::read_form;
use crate::state::App;
use ::knowledge::KnowledgeError;
use app::dashboard::knowledge::{Gaps, Outcome, knowledge};
use axum::{
    Json,
    extract::multipart::{Multipart, MultipartRejection},
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use conversations::SEES_UNANSWERED;
use model::knowledge::Document;
use model::page::MAX_LIMIT;
use model::{DocumentId, Fault as _};
use serde::Deserialize;
use std::collections::HashSet;
use store::Caller;

const HERE: &str = "/dashboard/knowledge";

/// The question in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    question: String,
}

/// The page.
///
/// # Errors
/// A page, when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Viewer(caller): Viewer,
    render: Render,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Failure> {
    // First, so that no transaction is open while an answer is computed.
    let (documents, gaps) = (documents(&app, &caller).await?, gaps(&app, &caller).await?);
    let question = asked.map(|Query(asked)| asked.question).unwrap_or_default();
    let tried = if question.trim().is_empty() {
        None
    } else {
        let answer = app.capabilities.assistant.answer(&caller, &question).await;
        Some((question, answer.map_err(|error| Failure::from(error).0)))
    };
    render
        .dashboard(&caller, StatusCode::OK, |frame| knowledge(frame, documents, gaps, Outcome::default(), tried))
        .await
}

/// The documents that the page shows.
pub(super) async fn documents(app: &App, caller: &Caller) -> Result<Vec<Document>, Failure> {
    Ok(app.capabilities.knowledge.list_documents(caller, Some(MAX_LIMIT), None).await?.data)
}

/// What was asked and not answered, as far as the page shows it to this caller.
pub(super) async fn gaps(app: &App, caller: &Caller) -> Result<Gaps, Failure> {
    let unanswered = match caller.permissions().have(SEES_UNANSWERED) {
        true => app.capabilities.conversations.unanswered(caller).await?,
        false => Vec::new(),
    };
    Ok(Gaps { unanswered, ..Gaps::default() })
}

/// Most files of one form.
const MOST_FILES: usize = 20;
/// Most bytes of all of them. Each has its own limit besides: of a form with one that is too large the others are kept.
pub const TOGETHER: usize = 4 * ::knowledge::reading::MAX_BYTES;

/// Keeps the files that a form brings: all that can be read, also when others cannot. The browser's part sends one file at a
/// time and gets the document or the problem.
///
/// # Errors
/// When nobody is signed in or the form cannot be read.
pub async fn upload(
    State(app): State<App>,
    Member(caller): Member,
    AsJson(json): AsJson,
    render: Render,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Failure> {
    let (mut kept, mut outcome) = (Vec::new(), Outcome::default());
    let mut names = HashSet::new();
    for mut new in read_form(form, MOST_FILES).await? {
        let name = new.file_name.clone();
        // What is not ticked is not said; and of one form no file takes the place of another.
        let first = names.insert(name.clone());
        new.replace = Some(first && new.replace.unwrap_or_default());
        match app.capabilities.knowledge.upload(&caller, new).await {
            Ok(document) => kept.push(document),
            Err(
                error @ (KnowledgeError::Invalid { .. }
                | KnowledgeError::There(_)
                | KnowledgeError::SameName(_)
                | KnowledgeError::TooManyDocuments(_)
                | KnowledgeError::TooMuchText(_)),
            ) if !json => {
                let problem = error.problem();
                let why = problem.field("file").unwrap_or(&problem.detail).clone();
                outcome.refused.push((name, why));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if json {
        return Ok((StatusCode::ACCEPTED, Json(kept)).into_response());
    }
    if outcome.refused.is_empty() {
        return Ok(Redirect::to(HERE).into_response());
    }
    let (documents, gaps) = (documents(&app, &caller).await?, gaps(&app, &caller).await?);
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    render.dashboard(&caller, status, |frame| knowledge(frame, documents, gaps, outcome, None)).await
}

/// Forgets a document.
///
/// # Errors
/// When nobody is signed in, there is no such document, or the fault is ours.
pub async fn delete(
    State(app): State<App>,
    Member(caller): Member,
    PathId(document): PathId<DocumentId>,
    AsJson(json): AsJson,
) -> Result<Response, Failure> {
    app.capabilities.knowledge.delete_document(&caller, document).await?;
    Ok(if json { StatusCode::NO_CONTENT.into_response() } else { Redirect::to(HERE).into_response() })
}

/// Reads a document again.
///
/// # Errors
/// As [`delete`].
pub async fn reindex(
    State(app): State<App>,
    Member(caller): Member,
    PathId(document): PathId<DocumentId>,
    AsJson(json): AsJson,
) -> Result<Response, Failure> {
    app.capabilities.knowledge.reindex_document(&caller, document).await?;
    Ok(if json { StatusCode::NO_CONTENT.into_response() } else { Redirect::to(HERE).into_response() })
}
