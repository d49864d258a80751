//! `GET /api/v1/conversations/{id}/messages`: what was said.

use crate::auth::ApiReader;
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::ApiQuery;
use crate::rest::refusals::{Refused, RefusedQuery};
use crate::state::App;
use axum::{Json, extract::State};
use conversations::{ConversationError, MessagesFrom};
use model::conversation::Message;
use model::{ConversationId, Page, Problem};
use serde::Deserialize;
use utoipa::IntoParams;
use words::{Text, text};

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Most messages.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before: leads to what was said earlier.
    #[param(min_length = 1)]
    cursor: Option<String>,
    /// What came after this `seq`, from there on: to go on where one stopped. Not together with `cursor`.
    #[param(minimum = 0, maximum = 9_223_372_036_854_775_807_i64)]
    after: Option<u64>,
}

/// The latest messages, or those before a cursor or after a number; always in the order in which they were said.
#[utoipa::path(
    get,
    path = "/api/v1/conversations/{id}/messages",
    operation_id = "list_messages",
    tag = "Conversations",
    params(("id" = inline(ConversationId), Path, description = "The conversation's id"), Part),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "A page of messages; `next_cursor` leads to earlier ones, and after a number only says that there are more", body = Page<Message>),
        (status = 404, description = "No such conversation", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn messages(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<ConversationId>,
    ApiQuery(Part { limit, cursor, after }): ApiQuery<Part>,
) -> Result<Json<Page<Message>>, Failure> {
    let refused = |field, message: Text| Failure::from(ConversationError::field(field, message));
    let wrong = |message| refused("cursor", message);
    let from = match (cursor, after) {
        (Some(_), Some(_)) => return Err(wrong(text!("Use cursor or after, not both."))),
        (Some(cursor), None) => {
            MessagesFrom::Before(cursor.parse().map_err(|_| wrong(text!("Use the next_cursor of the page before.")))?)
        }
        // Such a number no message has: the database counts to there.
        (None, Some(seq)) if i64::try_from(seq).is_err() => {
            return Err(refused("after", text!("Use the seq of a message.")));
        }
        (None, Some(seq)) => MessagesFrom::After(seq),
        (None, None) => MessagesFrom::Latest,
    };
    Ok(Json(app.capabilities.conversations.messages(&caller, id, from, limit).await?))
}
