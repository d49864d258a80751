//! `/api/v1/answers`: what the documents say to a question, which may come with pictures, what an answer was made of, and an answer made again
//! from that. `/api/v1/receipt-keys`: by which whoever was given what it was made of verifies that.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::limits::places::Admitted;
use crate::limits::places::Pictured;
use crate::request::{PathId, RequestInfo};
use crate::rest::answer_stream::streamed;
use crate::rest::idempotency::{self, IdempotencyKey};
use crate::rest::refusals::{Refused, RefusedBody, RefusedOnce, RefusedOpen, RefusedQuery};
use crate::rest::{ApiJson, ApiQuery, query};
use crate::state::App;
use assistant::Picture;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json, extract::State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use llm::{MOST_IMAGE, MOST_IMAGES};
use model::knowledge::{Answer, Outcome};
use model::llm::ImageType;
use model::object::objects;
use model::receipt::{Receipt, ReceiptFilter, ReceiptKey, ReceiptLine, Replay, Verdict};
use model::{ConversationId, ErrorCode, FieldError, Page, Problem, ReceiptId};
use serde::Deserialize;
use std::panic::resume_unwind;
use utoipa::{IntoParams, ToSchema};
use words::{Text, text};

/// Most bytes of a question with its pictures: four characters for three bytes, and 64 KB for the rest.
pub const MOST_BYTES: usize = MOST_IMAGES * MOST_IMAGE.div_ceil(3) * 4 + 64 * 1024;
/// What is said of more, and of a longer one than others that does not say its length.
pub const TOO_LARGE: Text = text!(
    "A question may come with 4 pictures of 1 MB each, and has to say its length in the header Content-Length then. Nothing was asked; send less."
);

/// A picture that a question comes with. (It does not print.)
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerImage {
    /// What it is.
    media_type: ImageType,
    /// Its bytes in Base64: a still picture of at most 1 MB and 8,000 pixels a side.
    #[schema(content_encoding = "base64")]
    data: String,
}

/// What is asked. (It does not print, either.)
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerRequest {
    /// The question, at most 1,000 characters.
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    question: String,
    /// A conversation in which it is asked, as far as it goes: what was said there last is read with it (its last six messages; on what the contact has
    /// asked in the last half hour it may stand), and nothing is said there. The summary of what was before, and what is remembered of the contact,
    /// are not read. Takes a key that reads this conversation.
    #[serde(default)]
    #[schema(value_type = Option<ConversationId>)]
    conversation_id: Option<String>,
    /// Whether it is told while it is written, as server-sent events. Takes no `Idempotency-Key`.
    #[serde(default)]
    #[schema(default = false)]
    stream: bool,
    /// Pictures that say with it what is asked. A model of the workspace's that looks at pictures puts into words what they show for the question, and these
    /// are searched and answered with it; the receipt says whether that was done. They are not kept.
    #[serde(default, deserialize_with = "objects")]
    #[schema(max_items = 4)]
    images: Vec<AnswerImage>,
}

/// The pictures of a question.
fn pictures(images: Vec<AnswerImage>) -> Result<Vec<Picture>, Vec<FieldError>> {
    let wrong = |field: String, message: Text| FieldError { field, message };
    if images.len() > MOST_IMAGES {
        let message = text!("Send at most {most} pictures with a question.", most = MOST_IMAGES);
        return Err(vec![wrong("images".to_owned(), message)]);
    }
    let (mut pictures, mut errors) = (Vec::new(), Vec::new());
    for (at, AnswerImage { media_type, data }) in images.into_iter().enumerate() {
        let bytes = STANDARD.decode(data);
        let bytes = bytes.map_err(|_| text!("Send its bytes in Base64, with nothing before them and no line breaks."));
        match bytes.and_then(|bytes| Picture::read(media_type, &bytes)) {
            Ok(picture) => pictures.push(picture),
            Err(message) => errors.push(wrong(format!("images[{at}]"), message)),
        }
    }
    if errors.is_empty() { Ok(pictures) } else { Err(errors) }
}

/// An event of an answer that is told while it is written.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of what is written as text")]
pub struct AnswerEvent {
    /// What it tells.
    event: AnswerEventKind,
    /// JSON: of `draft` an object with `text`, of `withdrawn` an empty one, of `answer` the answer, of `error` a problem document.
    data: String,
}

/// What an event tells.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum AnswerEventKind {
    /// What may be seen so far.
    Draft,
    /// What was seen does not count any more.
    Withdrawn,
    /// All of it.
    Answer,
    /// There is none.
    Error,
}

/// Reads them where it holds up nobody.
async fn read_aside(images: Vec<AnswerImage>) -> Result<Vec<Picture>, Failure> {
    match tokio::task::spawn_blocking(move || pictures(images)).await {
        Ok(read) => read.map_err(|errors| Problem::invalid(errors).into()),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // Ended with the server.
            Err(_) => {
                Err(Problem::new(ErrorCode::Unavailable, text!("The server stopped working on it. Try again.")).into())
            }
        },
    }
}

/// Answers from the tenant's documents, with the source, or says that they do not say: as a model writes it, where the workspace has one that
/// is on (then `model` and `usage` say which and how much), and word for word otherwise.
///
/// `outcome` says which: `answer`; `passages`, where nothing answers clearly, and `citations` has up to three quotes that are nearest; or
/// `refused`. What it was made of stands for 90 days under `receipt_id`. `start` and `end` of a citation say which characters of the answer it is for.
///
/// A question may come with up to four `images`. Above 256 KB the request says its length (`Content-Length`), and a company may have four such questions
/// worked on at once. Without words a picture asks nothing, and is refused.
///
/// With `stream` it comes as server-sent events: `draft`, whose `text` is what may be seen of the answer so far, in whole sentences that stand in the
/// documents, and takes the place of the one before; `withdrawn`, when what was seen does not count any more; and at the end one `answer`, as it comes
/// without `stream`, or one `error`, a problem document. Where no model writes, there is the answer alone. Who closes the connection ends it.
#[utoipa::path(
    post,
    path = "/api/v1/answers",
    tag = "Knowledge",
    params(IdempotencyKey),
    security(("api_key" = [])),
    request_body = AnswerRequest,
    responses(
        (
            status = 200,
            description = "The answer, the nearest passages, or a refusal; with `stream`, events",
            content((Answer = "application/json"), (AnswerEvent = "text/event-stream"))
        ),
        (status = 404, description = "No such conversation", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        RefusedOnce,
        Refused,
    )
)]
pub async fn answer(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    Extension(admitted): Extension<Admitted>,
    Extension(pictured): Extension<Pictured>,
    headers: HeaderMap,
    ApiCaller(caller): ApiCaller,
    ApiJson(AnswerRequest { question, conversation_id, stream, images }): ApiJson<AnswerRequest>,
) -> Result<Response, Failure> {
    if stream && headers.contains_key(idempotency::NAME) {
        let message = text!(
            "What is told while it is written cannot be told again as it was: send stream or the header Idempotency-Key."
        );
        let refused = Problem::invalid(vec![FieldError { field: "stream".to_owned(), message }]);
        return Ok(idempotency::not_begun(refused));
    }
    let earlier = match conversation_id {
        Some(id) => {
            let id: ConversationId = id.parse().map_err(|_| Problem::not_found())?;
            Some(app.capabilities.conversations.earlier(&caller, id).await?)
        }
        None => None,
    };
    let pictures = if images.is_empty() {
        Vec::new()
    } else {
        // A picture alone asks nothing.
        app.capabilities.assistant.may_ask(&caller, &question)?;
        read_aside(images).await?
    };
    if stream {
        return streamed(&app, (info, admitted, pictured), caller, (question, pictures), earlier);
    }
    let made = app.capabilities.assistant.respond_after(&caller, &question, &pictures, earlier.as_ref(), None).await?;
    // For as long as they are in memory.
    drop((pictures, pictured));
    Ok(Json(made.answer).into_response())
}

/// The receipt of an answer: passages, model, prompt hash, usage, cost, verdict and steps, and whether it is what was written down then. Takes a
/// key with `assistant.manage`, and for an answer in a conversation what it takes to read all of those as well.
///
/// Whoever is given it can verify it without a key of ours: `signed` has the text that was signed and its signature (docs/receipts.md).
#[utoipa::path(
    get,
    path = "/api/v1/answers/{id}",
    operation_id = "get_receipt",
    tag = "Knowledge",
    params(("id" = inline(ReceiptId), Path, description = "The receipt's id")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The receipt", body = Receipt),
        (status = 404, description = "No such receipt, or not any more", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn receipt(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<ReceiptId>,
    _: ApiQuery<query::None>,
) -> Result<Json<Receipt>, Failure> {
    Ok(Json(app.capabilities.assistant.receipt(&caller, id).await?))
}

/// The public keys that verify what is signed of receipts: the one that signs now first, then those of before. The same for everybody, and for all
/// workspaces of the installation; takes no key. Keep the one that a receipt names with that receipt: keys of before can be taken away.
#[utoipa::path(
    get,
    path = "/api/v1/receipt-keys",
    operation_id = "list_receipt_keys",
    tag = "Knowledge",
    responses((status = 200, description = "The public keys, all on one page", body = Page<ReceiptKey>), RefusedQuery, RefusedOpen)
)]
pub async fn keys(State(app): State<App>, _: ApiQuery<query::None>) -> Result<Json<Page<ReceiptKey>>, Failure> {
    Ok(Json(Page { data: app.capabilities.assistant.receipt_keys()?, next_cursor: None }))
}

/// Which receipts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of answers that came about so alone.
    #[param(inline)]
    verdict: Option<Verdict>,
    /// Of such answers alone.
    #[param(inline)]
    outcome: Option<Outcome>,
    /// Most entries.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[param(min_length = 1)]
    cursor: Option<String>,
}

/// The receipts of answers, the latest first, those that were made again among them (`replay_of`). Takes a key with `assistant.manage`; those of
/// answers in conversations stand there only for one that may read all of these as well.
#[utoipa::path(
    get,
    path = "/api/v1/answers",
    operation_id = "list_receipts",
    tag = "Knowledge",
    params(Which),
    security(("api_key" = [])),
    responses((status = 200, description = "A page of receipts", body = Page<ReceiptLine>), RefusedQuery, Refused)
)]
pub async fn receipts(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    ApiQuery(Which { verdict, outcome, limit, cursor }): ApiQuery<Which>,
) -> Result<Json<Page<ReceiptLine>>, Failure> {
    let filter = ReceiptFilter { verdict, outcome };
    Ok(Json(app.capabilities.assistant.receipts(&caller, filter, limit, cursor.as_deref()).await?))
}

/// Makes an answer again from its receipt: the same question on the same passages, as they are now, by the models as they are now, under the same
/// budget. Nobody is told. What came of it has a receipt of its own, and stands beside what it was: verdict, model, cost and time, passages, and
/// the answer sentence by sentence. Takes what the receipt takes, and `documents.read`.
#[utoipa::path(
    post,
    path = "/api/v1/answers/{id}/replay",
    operation_id = "replay_answer",
    tag = "Knowledge",
    params(("id" = inline(ReceiptId), Path, description = "The receipt's id"), IdempotencyKey),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The receipt of the answer of now, and what differs", body = Replay),
        (status = 404, description = "No such receipt, or not any more", body = Problem, content_type = "application/problem+json"),
        RefusedOnce,
        (status = 409, description = "None of its passages is there any more, or the receipt is not what was written down; the request of this `Idempotency-Key` is being worked on", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn replay(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<ReceiptId>,
) -> Result<Json<Replay>, Failure> {
    Ok(Json(app.capabilities.assistant.replay(&caller, id).await?))
}
