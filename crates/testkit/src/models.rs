//! A model server of one test's own, which speaks every wire and can come to grief in every way.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use futures_util::stream;
use model::llm::{Usage, Wire};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// What it says where nothing else was told.
pub const SAYS: &str = "We serve räksmörgås on the menu.";

/// How an answer comes to grief, or comes oddly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// The key is wrong.
    Key,
    /// There is no such model.
    NoModel,
    /// Nothing is paid for any more.
    Quota,
    /// Too many ask, and it may say after how many seconds to come again.
    Busy(Option<u32>),
    /// It has a fault of its own.
    Broken,
    /// The question is too long.
    TooLong,
    /// It refuses, and says back the key that it was sent.
    Refuses,
    /// It sends on to somewhere else.
    Moved,
    /// It answers a web page.
    Html,
    /// It answers as if no events had been asked for.
    Plain,
    /// It never begins.
    Silent,
    /// It begins, and then says nothing more.
    Endless,
    /// It is cut off in a word.
    CutInWord,
    /// It is cut off in a letter of two bytes.
    CutInLetter,
    /// It is cut off in a call of a tool.
    CutInToolCall,
    /// It ends without having said that it does.
    NoEnd,
    /// An event is no JSON.
    WrongJson,
    /// An event in the middle is an error.
    FailsMidway,
    /// 20 MB of events.
    Huge,
    /// 20 MB of one line.
    HugeLine,
    /// It has nothing to say.
    Empty,
    /// It comes to the length that was asked for.
    Length,
    /// The provider holds it back.
    Filtered,
    /// It does not say what it has used.
    NoUsage,
    /// It comes byte by byte.
    Bytewise,
}

/// A question that has come.
#[derive(Debug, Clone)]
pub struct AskedModel {
    /// How.
    pub wire: Wire,
    /// With which key.
    pub key: String,
    /// Which model.
    pub model: String,
    /// All of it.
    pub body: Value,
}

/// The server. Ends with this value.
#[derive(Debug)]
pub struct ModelServer {
    address: String,
    inner: Shared,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared(Arc<Inner>);

struct Inner {
    script: Mutex<Script>,
    arrived: watch::Sender<usize>,
    left: Arc<Semaphore>,
    sent: Arc<AtomicUsize>,
}

struct Script {
    next: VecDeque<Option<Mishap>>,
    always: Option<Mishap>,
    says: String,
    asked: Vec<AskedModel>,
}

/// How a body ends.
enum End {
    Whole,
    Cut,
    Never,
}

/// Tells that who asked has gone.
struct Left(Arc<Semaphore>);

/// What a body is poured from.
struct Pour {
    parts: VecDeque<Vec<u8>>,
    end: End,
    sent: Arc<AtomicUsize>,
    left: Option<Left>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl ModelServer {
    /// Starts one that answers well.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let script = Script { next: VecDeque::new(), always: None, says: SAYS.to_owned(), asked: Vec::new() };
        let left = Arc::new(Semaphore::new(0));
        let inner = Inner { script: Mutex::new(script), arrived: watch::Sender::new(0), left, sent: Arc::default() };
        let inner = Shared(Arc::new(inner));
        let routes = Router::new()
            .route("/v1/chat/completions", post(openai))
            .route("/v1/messages", post(anthropic))
            .route("/v1beta/models/{call}", post(gemini))
            .with_state(inner.clone());
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, inner, server }
    }

    /// Where it is for a wire.
    pub fn address(&self, wire: Wire) -> String {
        let version = if wire == Wire::Gemini { "v1beta" } else { "v1" };
        format!("{}/{version}", self.address)
    }

    /// It says this from now on.
    pub fn says(&self, text: &str) {
        text.clone_into(&mut self.inner.lock().says);
    }

    /// The next questions come to this, one each; those after them to what is always so.
    pub fn then(&self, mishaps: impl IntoIterator<Item = Option<Mishap>>) {
        self.inner.lock().next.extend(mishaps);
    }

    /// Every question comes to this from now on.
    pub fn always(&self, mishap: Option<Mishap>) {
        self.inner.lock().always = mishap;
    }

    /// The questions that have come.
    pub fn asked(&self) -> Vec<AskedModel> {
        self.inner.lock().asked.clone()
    }

    /// Until so many questions have come in all.
    pub async fn arrive(&self, questions: usize) {
        self.inner.0.arrived.subscribe().wait_for(|arrived| *arrived >= questions).await.unwrap();
    }

    /// Until one more who asked has gone before the end of an answer that has none.
    pub async fn is_left(&self) {
        self.inner.0.left.acquire().await.unwrap().forget();
    }

    /// Bytes that were taken from it.
    pub fn sent(&self) -> usize {
        self.inner.0.sent.load(Ordering::SeqCst)
    }

    /// What it says that it has used for saying this.
    pub fn used(text: &str) -> Usage {
        Usage { input: 20, cached: 4, output: text.split_inclusive(' ').count() as u64 }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Script> {
        self.0.script.lock().unwrap()
    }

    async fn answer(self, asked: AskedModel) -> Response {
        let (wire, key) = (asked.wire, asked.key.clone());
        let (mishap, says) = {
            let mut script = self.lock();
            script.asked.push(asked);
            let always = script.always;
            (script.next.pop_front().unwrap_or(always), script.says.clone())
        };
        self.0.arrived.send_modify(|arrived| *arrived += 1);
        if mishap == Some(Mishap::Silent) {
            let _left = Left(Arc::clone(&self.0.left));
            return std::future::pending().await;
        }
        match mishap.and_then(|mishap| refusal(wire, mishap, &key)) {
            Some(refused) => refused,
            None => self.pour(wire, mishap, &says),
        }
    }

    fn pour(&self, wire: Wire, mishap: Option<Mishap>, says: &str) -> Response {
        let frames = frames(wire, mishap, says);
        let (parts, end): (Vec<Vec<u8>>, End) = match mishap {
            Some(Mishap::CutInWord) => (vec![before(&frames, "menu", 2)], End::Cut),
            Some(Mishap::CutInLetter) => (vec![before(&frames, "ä", 1)], End::Cut),
            Some(Mishap::CutInToolCall) => (vec![before(&frames, "query", 3)], End::Cut),
            Some(Mishap::Endless) => (vec![before(&frames, "serve", 0)], End::Never),
            Some(Mishap::WrongJson) => {
                (vec![before(&frames, "serve", 0), b"\n\ndata: {\"choices\": [}\n\n".to_vec()], End::Whole)
            }
            Some(Mishap::Huge) => (vec![delta(wire, &"x".repeat(64 * 1024)).into_bytes(); 320], End::Whole),
            Some(Mishap::HugeLine) => (vec![vec![b'x'; 64 * 1024]; 320], End::Whole),
            Some(Mishap::Bytewise) => {
                (frames.concat().into_bytes().into_iter().map(|byte| vec![byte]).collect(), End::Whole)
            }
            _ => (frames.into_iter().map(String::into_bytes).collect(), End::Whole),
        };
        let left = matches!(end, End::Never).then(|| Left(Arc::clone(&self.0.left)));
        let pour = Pour { parts: parts.into(), end, sent: Arc::clone(&self.0.sent), left };
        let pieces = stream::unfold(pour, |mut pour| async move {
            if let Some(part) = pour.parts.pop_front() {
                pour.sent.fetch_add(part.len(), Ordering::SeqCst);
                return Some((Ok(part), pour));
            }
            match pour.end {
                End::Whole => {
                    drop(pour.left.take());
                    None
                }
                End::Cut => {
                    pour.end = End::Whole;
                    // What came before it is sent first.
                    tokio::task::yield_now().await;
                    Some((Err(std::io::Error::other("cut off")), pour))
                }
                End::Never => std::future::pending().await,
            }
        });
        ([(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")], Body::from_stream(pieces)).into_response()
    }
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn named(body: &Value) -> String {
    body["model"].as_str().unwrap_or_default().to_owned()
}

async fn openai(State(inner): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let key = header(&headers, "authorization").trim_start_matches("Bearer ").to_owned();
    inner.answer(AskedModel { wire: Wire::OpenAi, key, model: named(&body), body }).await
}

async fn anthropic(State(inner): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    assert_eq!(header(&headers, "anthropic-version"), "2023-06-01");
    let key = header(&headers, "x-api-key");
    inner.answer(AskedModel { wire: Wire::Anthropic, key, model: named(&body), body }).await
}

async fn gemini(
    State(inner): State<Shared>,
    Path(call): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let model = call.strip_suffix(":streamGenerateContent").unwrap().to_owned();
    let key = header(&headers, "x-goog-api-key");
    inner.answer(AskedModel { wire: Wire::Gemini, key, model, body }).await
}

/// What is sent instead of an answer.
fn refusal(wire: Wire, mishap: Mishap, key: &str) -> Option<Response> {
    let openai = |status, code: &str, message: &str| {
        (status, json!({ "error": { "message": message, "type": "invalid_request_error", "code": code } }))
    };
    let anthropic = |status, kind: &str, message: &str| {
        (status, json!({ "type": "error", "error": { "type": kind, "message": message } }))
    };
    let gemini = |status: u16, name: &str, reason: &str, message: &str| {
        let details = json!([{ "reason": reason }]);
        (status, json!({ "error": { "code": status, "status": name, "message": message, "details": details } }))
    };
    let wrong = format!("Incorrect API key provided: {key}");
    let odd = format!("Unknown field \u{201c}most\u{201d}. You sent: {key}");
    let (status, body) = match (mishap, wire) {
        (Mishap::Key, Wire::OpenAi) => openai(401, "invalid_api_key", &wrong),
        (Mishap::Key, Wire::Anthropic) => anthropic(401, "authentication_error", "invalid x-api-key"),
        (Mishap::Key, Wire::Gemini) => gemini(400, "INVALID_ARGUMENT", "API_KEY_INVALID", "API key not valid."),
        (Mishap::NoModel, Wire::OpenAi) => openai(404, "model_not_found", "The model does not exist"),
        (Mishap::NoModel, Wire::Anthropic) => anthropic(404, "not_found_error", "model: x"),
        (Mishap::NoModel, Wire::Gemini) => gemini(404, "NOT_FOUND", "", "models/x is not found"),
        (Mishap::Quota, Wire::OpenAi) => openai(429, "insufficient_quota", "You exceeded your current quota."),
        (Mishap::Quota, Wire::Anthropic) => anthropic(400, "invalid_request_error", "Your credit balance is too low."),
        (Mishap::Quota, Wire::Gemini) => gemini(403, "PERMISSION_DENIED", "BILLING_DISABLED", "Enable billing."),
        (Mishap::Busy(_), Wire::OpenAi) => openai(429, "rate_limit_exceeded", "Rate limit reached"),
        (Mishap::Busy(_), Wire::Anthropic) => anthropic(529, "overloaded_error", "Overloaded"),
        (Mishap::Busy(_), Wire::Gemini) => gemini(429, "RESOURCE_EXHAUSTED", "", "Slow down."),
        (Mishap::TooLong, Wire::OpenAi) => openai(400, "context_length_exceeded", "Too long"),
        (Mishap::TooLong, Wire::Anthropic) => anthropic(400, "invalid_request_error", "prompt is too long: 9 > 8"),
        (Mishap::TooLong, Wire::Gemini) => {
            gemini(400, "INVALID_ARGUMENT", "", "The input exceeds the maximum number of tokens allowed.")
        }
        (Mishap::Refuses, Wire::OpenAi) => openai(400, "unknown_field", &odd),
        (Mishap::Refuses, Wire::Anthropic) => anthropic(400, "invalid_request_error", &odd),
        (Mishap::Refuses, Wire::Gemini) => gemini(400, "INVALID_ARGUMENT", "", &odd),
        (Mishap::Broken, _) => return Some(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        (Mishap::Moved, _) => {
            return Some((StatusCode::FOUND, [(header::LOCATION, "http://127.0.0.1:1/")]).into_response());
        }
        (Mishap::Html, _) => {
            return Some(([(header::CONTENT_TYPE, "text/html")], "<!doctype html><p>Welcome").into_response());
        }
        (Mishap::Plain, _) => {
            let whole = json!({ "choices": [{ "message": { "content": SAYS }, "finish_reason": "stop" }] });
            return Some(Json(whole).into_response());
        }
        _ => return None,
    };
    let mut refused = (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
    if let Mishap::Busy(Some(seconds)) = mishap {
        refused.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Some(refused)
}

/// An event with its data, as its wire sends it.
fn frame(event: &Value) -> String {
    match event["type"].as_str() {
        Some(kind) => format!("event: {kind}\ndata: {event}\n\n"),
        None => format!("data: {event}\n\n"),
    }
}

/// An event that says something.
fn delta(wire: Wire, words: &str) -> String {
    frame(&match wire {
        Wire::OpenAi => json!({ "choices": [{ "index": 0, "delta": { "content": words }, "finish_reason": null }] }),
        Wire::Anthropic => {
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": words } })
        }
        Wire::Gemini => json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": words }] } }] }),
    })
}

/// An answer, event by event.
fn frames(wire: Wire, mishap: Option<Mishap>, says: &str) -> Vec<String> {
    let Usage { input, cached, output } = ModelServer::used(says);
    let used = mishap != Some(Mishap::NoUsage);
    let mut all = Vec::new();
    match wire {
        Wire::OpenAi => {
            all.push(frame(&json!({ "choices": [{ "index": 0, "delta": { "role": "assistant", "content": "" } }] })))
        }
        Wire::Anthropic => {
            let counts =
                json!({ "input_tokens": input - cached, "cache_read_input_tokens": cached, "output_tokens": 1 });
            let counts = if used { counts } else { Value::Null };
            all.push(frame(&json!({ "type": "message_start", "message": { "role": "assistant", "usage": counts } })));
            all.push(frame(&json!({ "type": "ping" })));
        }
        Wire::Gemini => {}
    }
    if mishap != Some(Mishap::Empty) {
        all.extend(says.split_inclusive(' ').map(|words| delta(wire, words)));
    }
    match (mishap, wire) {
        (Some(Mishap::NoEnd), _) => return all,
        (Some(Mishap::FailsMidway), _) => {
            all.push(frame(&json!({ "error": { "type": "overloaded_error", "message": "Overloaded" } })));
            return all;
        }
        (Some(Mishap::CutInToolCall), Wire::OpenAi) => {
            let call = json!({ "name": "search", "arguments": "{\"query\": \"re" });
            all =
                vec![frame(&json!({ "choices": [{ "delta": { "tool_calls": [{ "index": 0, "function": call }] } }] }))];
        }
        (Some(Mishap::CutInToolCall), Wire::Anthropic) => {
            let call = json!({ "type": "input_json_delta", "partial_json": "{\"query\": \"re" });
            all = vec![frame(&json!({ "type": "content_block_delta", "delta": call }))];
        }
        (Some(Mishap::CutInToolCall), Wire::Gemini) => {
            let call = json!({ "functionCall": { "name": "search", "args": { "query": "returns" } } });
            all = vec![frame(&json!({ "candidates": [{ "content": { "parts": [call] } }] }))];
        }
        _ => {}
    }
    let ended = |usual: &'static str, length: &'static str, filtered: &'static str| match mishap {
        Some(Mishap::Length) => length,
        Some(Mishap::Filtered) => filtered,
        _ => usual,
    };
    match wire {
        Wire::OpenAi => {
            let reason = ended("stop", "length", "content_filter");
            all.push(frame(&json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] })));
            if used {
                let counts = json!({ "prompt_tokens": input, "completion_tokens": output, "prompt_tokens_details": { "cached_tokens": cached } });
                all.push(frame(&json!({ "choices": [], "usage": counts })));
            }
            all.push("data: [DONE]\n\n".to_owned());
        }
        Wire::Anthropic => {
            let reason = ended("end_turn", "max_tokens", "refusal");
            let counts = if used { json!({ "output_tokens": output }) } else { Value::Null };
            all.push(frame(&json!({ "type": "message_delta", "delta": { "stop_reason": reason }, "usage": counts })));
            all.push(frame(&json!({ "type": "message_stop" })));
        }
        Wire::Gemini => {
            let reason = ended("STOP", "MAX_TOKENS", "SAFETY");
            let counts =
                json!({ "promptTokenCount": input, "cachedContentTokenCount": cached, "candidatesTokenCount": output });
            let counts = if used { counts } else { Value::Null };
            all.push(frame(&json!({ "candidates": [{ "content": { "parts": [] }, "finishReason": reason }], "usageMetadata": counts })));
        }
    }
    all
}

/// All until some bytes after a word has begun.
fn before(frames: &[String], word: &str, more: usize) -> Vec<u8> {
    let all = frames.concat();
    let at = all.find(word).unwrap() + more;
    all.into_bytes()[..at].to_vec()
}
