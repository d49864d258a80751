//! What is done on the page of the documents about what was asked and not answered: an answer is written, or none is to be.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::knowledge::{Place, gaps, listed};
use crate::pages::{render::Render, to_try_again, unreadable};
use crate::request::PathId;
use crate::state::App;
use ::knowledge::KnowledgeError;
use app::dashboard::knowledge::{Gaps, Outcome, Written, knowledge};
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use model::knowledge::AskedId;
use serde::Deserialize;

const HERE: &str = "/dashboard/knowledge";

/// What was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// As it was asked, if it is not there.
    question: Option<String>,
    answer: String,
}

/// Back to the page: its address is this one where an answer could not be kept, and a browser may load it again.
pub async fn back(Viewer(_): Viewer) -> Redirect {
    Redirect::to(HERE)
}

/// Keeps an answer as a document, and takes the question off the list. One that cannot be kept stays in its form.
///
/// # Errors
/// When nobody is signed in, there is no such question, or the fault is ours.
pub async fn answer(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<AskedId>,
    render: Render,
    form: Result<Form<Typed>, FormRejection>,
) -> Result<Response, Failure> {
    let (conversations, knows) = (&app.capabilities.conversations, &app.capabilities.knowledge);
    let asked = conversations.asked(&caller, id).await?;
    let Form(Typed { question, answer }) = form.map_err(unreadable)?;
    let question = question.unwrap_or_else(|| asked.question.clone());
    let (status, retry_after, written) = match knows.write_answer(&caller, &question, &answer).await {
        Ok(_) => {
            conversations.settle(&caller, id).await?;
            return Ok(Redirect::to("/dashboard/knowledge?done=answered").into_response());
        }
        // Twice sent, or written before.
        Err(KnowledgeError::There(title)) => {
            conversations.settle(&caller, id).await?;
            (StatusCode::OK, None, Written::There { title })
        }
        Err(
            error @ (KnowledgeError::Invalid { .. }
            | KnowledgeError::TooManyDocuments(_)
            | KnowledgeError::TooMuchText(_)
            | KnowledgeError::Busy),
        ) => {
            let failure = Failure::from(error);
            let (status, problem) = (failure.status(), failure.0);
            let of_question = problem.field("question").is_some();
            let field = problem.field("question").or_else(|| problem.field("answer")).or_else(|| problem.field("file"));
            let why = field.unwrap_or(&problem.detail).clone();
            (status, problem.retry_after, Written::Refused { asked, question, answer, of_question, why })
        }
        Err(error) => return Err(error.into()),
    };
    let listed = listed(&app, &caller, &Place::default()).await?;
    let gaps = Gaps { written, ..gaps(&app, &caller).await? };
    let page =
        render.dashboard(&caller, status, |frame| knowledge(frame, listed, gaps, Outcome::default(), None)).await?;
    Ok(to_try_again(page, retry_after))
}

/// Takes the question off the list: it needs no answer.
///
/// # Errors
/// As [`answer`].
pub async fn settle(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<AskedId>,
) -> Result<Response, Failure> {
    app.capabilities.conversations.settle(&caller, id).await?;
    Ok(Redirect::to("/dashboard/knowledge?done=settled").into_response())
}
