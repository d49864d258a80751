//! `/dashboard/knowledge`: the documents of the workspace, a question to try, and the forms that add, read again and delete.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::render::Render;
use crate::request::{AsJson, PathId};
use crate::rest::documents::read_form;
use crate::state::App;
use ::knowledge::KnowledgeError;
use app::dashboard::knowledge::{Gaps, Listed, Outcome, Written, knowledge};
use axum::{
    Json,
    extract::multipart::{Multipart, MultipartRejection},
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use conversations::SEES_UNANSWERED;
use model::page::Page;
use model::{DocumentId, Fault as _};
use serde::Deserialize;
use std::collections::HashSet;
use store::Caller;
use url::form_urlencoded::Serializer;

const HERE: &str = "/dashboard/knowledge";

/// What the address says: a question, and which part of the list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Place {
    question: String,
    /// A part of a title or of the name of a file.
    name: String,
    /// The last document of the page before.
    before: Option<String>,
    /// What has just been done.
    done: String,
}

impl Place {
    /// The part of an address that asks for documents of this name, those after this one.
    fn query(&self, before: Option<&str>) -> String {
        let name = Some(self.name.as_str()).filter(|name| !name.trim().is_empty());
        let parts = [("name", name), ("before", before)].into_iter().filter_map(|(part, value)| Some((part, value?)));
        let query = Serializer::new(String::new()).extend_pairs(parts).finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

/// The page.
///
/// # Errors
/// A page, when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Viewer(caller): Viewer,
    render: Render,
    headers: HeaderMap,
    place: Result<Query<Place>, QueryRejection>,
) -> Result<Response, Failure> {
    let place = place.map(|Query(place)| place).unwrap_or_default();
    // First, so that no transaction is open while an answer is computed.
    let (listed, mut gaps) = (listed(&app, &caller, &place).await?, gaps(&app, &caller).await?);
    let mut outcome = Outcome::default();
    match place.done.as_str() {
        "answered" => gaps.written = Written::Kept,
        "settled" => gaps.written = Written::Settled,
        "deleted" => outcome.deleted = true,
        _ => {}
    }
    let question = place.question;
    // What asks by itself asks for the list.
    let tried = if question.trim().is_empty() || headers.contains_key("x-unattended") {
        None
    } else {
        let answer = app.capabilities.assistant.answer(&caller, &question).await;
        Some((question, answer.map_err(|error| Failure::from(error).0)))
    };
    let status = if listed.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    render.dashboard(&caller, status, |frame| knowledge(frame, listed, gaps, outcome, tried)).await
}

/// The documents that the page shows.
pub(super) async fn listed(app: &App, caller: &Caller, place: &Place) -> Result<Listed, Failure> {
    let before = place.before.as_deref();
    let (page, problem) = match app.capabilities.knowledge.list_documents(caller, None, before, Some(&place.name)).await
    {
        Err(KnowledgeError::Invalid { field: "name", message }) => {
            (Page { data: Vec::new(), next_cursor: None }, Some(message))
        }
        Err(KnowledgeError::Invalid { field: "cursor", message }) => {
            return Err(KnowledgeError::field("before", message).into());
        }
        page => (page?, None),
    };
    let search = app.capabilities.knowledge.search_progress(caller).await?;
    Ok(Listed {
        documents: page.data,
        older: page.next_cursor.map(|last| place.query(Some(&last))),
        newest: before.map(|_| place.query(None)),
        name: place.name.clone(),
        problem,
        search: Some(search).filter(|search| search.model.is_some()),
    })
}

/// What was asked and not answered, and what became of all that was asked, as far as the page shows it to this caller.
pub(super) async fn gaps(app: &App, caller: &Caller) -> Result<Gaps, Failure> {
    if !caller.permissions().have(SEES_UNANSWERED) {
        return Ok(Gaps::default());
    }
    let conversations = &app.capabilities.conversations;
    let (unanswered, outcomes) = (conversations.unanswered(caller).await?, conversations.outcomes(caller).await?);
    Ok(Gaps { unanswered, outcomes: Some(outcomes), ..Gaps::default() })
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
    let (listed, gaps) = (listed(&app, &caller, &Place::default()).await?, gaps(&app, &caller).await?);
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    render.dashboard(&caller, status, |frame| knowledge(frame, listed, gaps, outcome, None)).await
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
    let back = || Redirect::to("/dashboard/knowledge?done=deleted").into_response();
    Ok(if json { StatusCode::NO_CONTENT.into_response() } else { back() })
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
