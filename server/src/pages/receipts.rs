//! `/dashboard/assistant/receipts`: what answers were made of, as a list and one by one, and an answer made again from its receipt.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{render::Render, to_show, to_try_again};
use crate::request::PathId;
use crate::state::App;
use app::dashboard::assistant::{receipt, receipts};
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use knowledge::KnowledgeError;
use model::knowledge::Outcome;
use model::permission::Permission;
use model::receipt::{ReceiptFilter, Verdict};
use model::{Page, Problem, ReceiptId};
use serde::Deserialize;
use store::Caller;

/// Receipts of a page.
const PAGE: u32 = 25;

/// What is asked for, as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Part {
    verdict: String,
    outcome: String,
    cursor: String,
}

/// The list, and how the answers of the last days came about. What is no verdict, outcome or cursor asks for nothing.
///
/// # Errors
/// A page, for who may not, or when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Viewer(caller): Viewer,
    render: Render,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(Part { verdict, outcome, cursor }) = part.unwrap_or_default();
    let assistant = &app.capabilities.assistant;
    let filter = ReceiptFilter { verdict: Verdict::from_name(&verdict), outcome: Outcome::from_name(&outcome) };
    let cursor = Some(cursor.as_str()).filter(|cursor| !cursor.is_empty());
    let found = match assistant.receipts(&caller, filter, Some(PAGE), cursor).await {
        Err(KnowledgeError::Invalid { .. }) => Page { data: Vec::new(), next_cursor: None },
        found => found?,
    };
    let counts = assistant.verdicts(&caller).await?;
    render.dashboard(&caller, StatusCode::OK, |frame| receipts(frame, found, counts, filter)).await
}

/// A receipt; of an answer that was made again, beside what it was.
///
/// # Errors
/// A page, for who may not, where there is none, or when the fault is ours.
pub async fn one(
    State(app): State<App>,
    Viewer(caller): Viewer,
    PathId(id): PathId<ReceiptId>,
    render: Render,
) -> Result<Response, Failure> {
    show(&app, &caller, &render, id, (StatusCode::OK, None)).await
}

async fn show(
    app: &App,
    caller: &Caller,
    render: &Render,
    id: ReceiptId,
    (status, problem): (StatusCode, Option<Problem>),
) -> Result<Response, Failure> {
    let assistant = &app.capabilities.assistant;
    let found = assistant.receipt(caller, id).await?;
    let since = assistant.since(caller, &found).await?;
    let replays = caller.permissions().has(Permission::ReadDocuments);
    render.dashboard(caller, status, |frame| receipt(frame, found, since, replays, problem)).await
}

/// Makes its answer again, and leads to the receipt of that.
///
/// # Errors
/// As [`one`].
pub async fn again(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<ReceiptId>,
    render: Render,
) -> Result<Response, Failure> {
    match app.capabilities.assistant.replay(&caller, id).await {
        Ok(made) => Ok(Redirect::to(&format!("/dashboard/assistant/receipts/{}", made.receipt.id)).into_response()),
        Err(error) => {
            let (status, problem, retry_after) = to_show(error)?;
            let page = show(&app, &caller, &render, id, (status, Some(problem))).await?;
            Ok(to_try_again(page, retry_after))
        }
    }
}
