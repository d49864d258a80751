//! `/dashboard/assistant/evaluation`: the assistant measured on questions of the company's own, and what came of each.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{render::Render, to_show, to_try_again};
use crate::request::PathId;
use crate::rest::documents::read_form;
use crate::state::App;
use app::dashboard::assistant::{evaluation, evaluations};
use assistant::read_questions;
use axum::{
    extract::multipart::{Multipart, MultipartRejection},
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use knowledge::KnowledgeError;
use model::{ErrorCode, EvaluationId, Problem};
use serde::Deserialize;
use store::Caller;

const HERE: &str = "/dashboard/assistant/evaluation";
/// Characters of a file's name that a run without a name gets.
const NAMED: usize = 100;

/// The runs, and the form of another one.
///
/// # Errors
/// A page, for who may not, and when the database does not answer.
pub async fn page(State(app): State<App>, Viewer(caller): Viewer, render: Render) -> Result<Response, Failure> {
    show(&app, &caller, &render, StatusCode::OK, None).await
}

async fn show(
    app: &App,
    caller: &Caller,
    render: &Render,
    status: StatusCode,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let runs = app.capabilities.assistant.evaluations(caller).await?;
    render.dashboard(caller, status, |frame| evaluations(frame, runs, problem)).await
}

/// Begins a run with the questions of a file.
///
/// # Errors
/// A page, when nobody is signed in, they may not, or the fault is ours.
pub async fn begin(
    State(app): State<App>,
    Member(caller): Member,
    render: Render,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Failure> {
    // Who may not is told so, whatever they send.
    app.capabilities.assistant.evaluations(&caller).await?;
    let new = match read_form(form, 1).await {
        Ok(mut files) => files.pop().unwrap_or_default(),
        // What is missing is said on the page.
        Err(Failure(problem)) if problem.code == ErrorCode::Invalid => {
            return show(&app, &caller, &render, StatusCode::UNPROCESSABLE_ENTITY, Some(problem)).await;
        }
        Err(failure) => return Err(failure),
    };
    let begun = match read_questions(&new.bytes) {
        Ok(questions) => {
            let name = if new.title.trim().is_empty() { new.file_name } else { new.title };
            let name: String = name.chars().take(NAMED).collect();
            app.capabilities.assistant.begin_evaluation(&caller, &name, &questions).await
        }
        Err(why) => Err(KnowledgeError::field("file", why).into()),
    };
    match begun {
        Ok(begun) => Ok(Redirect::to(&format!("{HERE}/{}", begun.id)).into_response()),
        Err(error) => {
            let (status, problem, retry_after) = to_show(error)?;
            Ok(to_try_again(show(&app, &caller, &render, status, Some(problem)).await?, retry_after))
        }
    }
}

/// Beside which run, as the form says it: nothing for none.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Beside {
    against: String,
}

/// What came of a run.
///
/// # Errors
/// A page, for who may not, where there is none, or when the fault is ours.
pub async fn report(
    State(app): State<App>,
    Viewer(caller): Viewer,
    PathId(id): PathId<EvaluationId>,
    render: Render,
    beside: Result<Query<Beside>, QueryRejection>,
) -> Result<Response, Failure> {
    let beside = beside.map(|Query(beside)| beside).unwrap_or_default();
    let against = match beside.against.as_str() {
        "" => None,
        // What is no id is nobody's.
        text => Some(text.parse::<EvaluationId>().map_err(|_| Failure(Problem::not_found()))?),
    };
    let runs = app.capabilities.assistant.evaluations(&caller).await?;
    let found = app.capabilities.assistant.evaluation(&caller, id, against).await?;
    render.dashboard(&caller, StatusCode::OK, |frame| evaluation(frame, found, runs)).await
}

/// Deletes a run.
///
/// # Errors
/// As [`report`].
pub async fn delete(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<EvaluationId>,
) -> Result<Response, Failure> {
    app.capabilities.assistant.delete_evaluation(&caller, id).await?;
    Ok(Redirect::to(HERE).into_response())
}
