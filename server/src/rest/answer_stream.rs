//! An answer that one sees being written, as server-sent events: what `POST /api/v1/answers` gives with `stream`.
//!
//! *Guarantees:* `draft` and `withdrawn` come as `assistant::Drafts` has it, and one `answer` or one `error` is the end. It keeps its place among the
//! requests that are worked on for as long as it is, which is as long as a request may be. Whoever goes away ends it, and with it what is asked of a
//! model. Whoever stays and takes nothing holds nothing up: it is made whether somebody reads or not, and keeps no connection to the database and no
//! place at a model meanwhile.

use crate::failure::Failure;
use crate::limits::places::Admitted;
use crate::limits::places::Pictured;
use crate::request::RequestInfo;
use crate::state::App;
use assistant::{Draft, Drafts, Picture, Watcher};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use conversations::Earlier;
use futures_util::stream;
use model::knowledge::Answer;
use model::{ErrorCode, Problem};
use serde_json::json;
use std::panic::resume_unwind;
use std::time::Duration;
use store::Caller;
use tokio::task::JoinSet;
use tracing::Instrument as _;
use words::text;

/// How far it is.
struct Written {
    /// What makes the answer, until it is done. Dropped before, it is ended.
    work: JoinSet<Result<Answer, Failure>>,
    watcher: Watcher,
    /// What is still to be told at the end.
    last: Option<Event>,
    info: RequestInfo,
}

/// Answers, event by event.
///
/// # Errors
/// What can be told before it begins: what cannot be asked.
pub(super) fn streamed(
    app: &App,
    (info, admitted, pictured): (RequestInfo, Admitted, Pictured),
    caller: Caller,
    (question, pictures): (String, Vec<Picture>),
    earlier: Option<Earlier>,
) -> Result<Response, Failure> {
    app.capabilities.assistant.may_ask(&caller, &question)?;
    let (drafts, watcher) = Drafts::watched();
    let mut work = JoinSet::new();
    let making = worked(app.clone(), caller, (question, pictures), earlier, drafts);
    let placed = async move {
        let made = making.await;
        drop((admitted, pictured));
        made
    };
    work.spawn(placed.in_current_span());
    let written = Written { work, watcher, last: None, info };
    let events = stream::unfold(written, |mut written| async move {
        let event = written.next().await?;
        Some((event, written))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(5))).into_response())
}

async fn worked(
    app: App,
    caller: Caller,
    (question, pictures): (String, Vec<Picture>),
    earlier: Option<Earlier>,
    drafts: Drafts,
) -> Result<Answer, Failure> {
    let made = app.capabilities.assistant.respond_after(&caller, &question, &pictures, earlier.as_ref(), Some(&drafts));
    match tokio::time::timeout(Duration::from_secs(app.config.server.request_timeout_s), made).await {
        Ok(made) => Ok(made?.answer),
        Err(_) => Err(Failure(Problem::new(ErrorCode::Timeout, text!("The server stopped working on it. Try again.")))),
    }
}

impl Written {
    /// What is told next; nothing after the end.
    async fn next(&mut self) -> Option<Result<Event, axum::Error>> {
        if let Some(last) = self.last.take() {
            return Some(Ok(last));
        }
        if self.work.is_empty() {
            return None;
        }
        let done = tokio::select! {
            biased;
            draft = self.watcher.next() => return Some(told(draft)),
            done = self.work.join_next() => done?,
        };
        let last = match done {
            Ok(Ok(answer)) => Event::default().event("answer").json_data(answer),
            Ok(Err(Failure(mut problem))) => {
                problem.request_id = Some(self.info.id.to_string());
                Event::default().event("error").json_data(problem.said(self.info.languages.language()))
            }
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // Ended with the server.
                Err(_) => return None,
            },
        };
        match (self.watcher.last(), last) {
            (Some(withdrawn), Ok(last)) => {
                self.last = Some(last);
                Some(told(withdrawn))
            }
            (_, last) => Some(last),
        }
    }
}

fn told(draft: Draft) -> Result<Event, axum::Error> {
    match draft {
        Draft::Text(text) => Event::default().event("draft").json_data(json!({ "text": text })),
        Draft::Withdrawn => Event::default().event("withdrawn").json_data(json!({})),
    }
}
