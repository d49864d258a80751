//! A model server of one test's own, which speaks every wire and can come to grief in every way.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
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

/// How many numbers it makes of a text where nothing else was told.
pub const NUMBERS: usize = 256;

/// As how many tokens it counts a text of which it makes numbers.
pub const TOKENS: usize = 5;

/// So many tokens it thinks, where it does.
pub const THOUGHT: u64 = 1_000;

/// Where an answer has this, it waits until it is told to go on ([`ModelServer::go_on`]). It is not said.
pub const WAITS: char = '\u{2016}';

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
    /// Too many ask, and it says alone after how many seconds its limit is full again (Gemini, which says nothing of that: when to come again).
    Full(u32),
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
    /// It does not take tools.
    NoTools,
    /// It takes tools only where it is told not to think, as OpenAI's newer models.
    ThinksNotWithTools,
    /// It writes down what it was asked, to remember it.
    Remembers,
    /// It thinks first ([`THOUGHT`]), if there is room for that and for words.
    Thinks,
    /// It thinks until no room is left.
    ThinksOnly,
}

/// A call of a tool: its name, and its arguments as it writes them.
pub type Called = (String, String);

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

impl AskedModel {
    /// Most tokens that it may answer with.
    pub fn most(&self) -> u64 {
        let most = match self.wire {
            Wire::OpenAi => self.body.get("max_completion_tokens").unwrap_or(&self.body["max_tokens"]),
            Wire::Anthropic => &self.body["max_tokens"],
            Wire::Gemini => &self.body["generationConfig"]["maxOutputTokens"],
        };
        most.as_u64().unwrap()
    }
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
    goes_on: Arc<Semaphore>,
    sent: Arc<AtomicUsize>,
    held: watch::Sender<bool>,
    /// Questions that are being answered, and the most that ever were at once.
    here: Mutex<(usize, usize)>,
}

struct Script {
    next: VecDeque<Option<Mishap>>,
    always: Option<Mishap>,
    says: String,
    /// What it calls before it says anything: a round each.
    calls: VecDeque<Vec<Called>>,
    /// What it calls each time.
    always_calls: Vec<Called>,
    /// What it says where these words stand in a question.
    says_to: Vec<(String, String)>,
    /// How many numbers it makes of a text, and what texts mean that have some words in them.
    numbers: usize,
    means: Vec<(String, String)>,
    asked: Vec<AskedModel>,
}

/// How a body ends.
enum End {
    Whole,
    Cut,
    Never,
}

/// Tells that who asked has gone, unless that was at the end.
struct Left(Option<Arc<Semaphore>>);

/// A question that is being answered.
struct Here(Arc<Inner>);

impl Here {
    fn enter(inner: &Arc<Inner>) -> Self {
        let mut here = inner.here.lock().unwrap();
        here.0 += 1;
        here.1 = here.1.max(here.0);
        drop(here);
        Self(Arc::clone(inner))
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        if let Ok(mut here) = self.0.here.lock() {
            here.0 -= 1;
        }
    }
}

/// What a body is poured from.
struct Pour {
    /// An empty one waits.
    parts: VecDeque<Vec<u8>>,
    end: End,
    goes_on: Arc<Semaphore>,
    sent: Arc<AtomicUsize>,
    left: Option<Left>,
    _here: Here,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        if let Some(left) = &self.0 {
            left.add_permits(1);
        }
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
        let script = Script {
            next: VecDeque::new(),
            always: None,
            says: SAYS.to_owned(),
            calls: VecDeque::new(),
            always_calls: Vec::new(),
            says_to: Vec::new(),
            numbers: NUMBERS,
            means: Vec::new(),
            asked: Vec::new(),
        };
        let left = Arc::new(Semaphore::new(0));
        let (arrived, held) = (watch::Sender::new(0), watch::Sender::new(false));
        let (script, sent, here) = (Mutex::new(script), Arc::default(), Mutex::default());
        let inner = Inner { script, arrived, left, goes_on: Arc::new(Semaphore::new(0)), sent, held, here };
        let inner = Shared(Arc::new(inner));
        let routes = Router::new()
            .route("/v1/chat/completions", post(openai))
            .route("/v1/embeddings", post(openai_vectors))
            .route("/v1/messages", post(anthropic))
            .route("/v1beta/models/{call}", post(gemini))
            .layer(DefaultBodyLimit::disable())
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

    /// To one of the next questions with which tools are offered it calls these, by name and arguments, instead of saying anything: whatever
    /// was offered.
    pub fn calls<const N: usize>(&self, calls: [(&str, &str); N]) {
        self.inner.lock().calls.push_back(owned(calls));
    }

    /// The same to each question from now on, where nothing else was told.
    pub fn always_calls<const N: usize>(&self, calls: [(&str, &str); N]) {
        self.inner.lock().always_calls = owned(calls);
    }

    /// It says this from now on to what has these words in it, before all that was told it otherwise.
    pub fn says_to(&self, words: &str, text: &str) {
        self.inner.lock().says_to.insert(0, (words.to_owned(), text.to_owned()));
    }

    /// A text that has these words in it means what this says to it from now on, when it makes vectors.
    pub fn means(&self, words: &str, meaning: &str) {
        self.inner.lock().means.push((words.to_owned(), meaning.to_owned()));
    }

    /// It makes so many numbers of a text from now on.
    pub fn numbers(&self, numbers: usize) {
        self.inner.lock().numbers = numbers;
    }

    /// The next questions come to this, one each; those after them to what is always so.
    pub fn then(&self, mishaps: impl IntoIterator<Item = Option<Mishap>>) {
        self.inner.lock().next.extend(mishaps);
    }

    /// Every question comes to this from now on.
    pub fn always(&self, mishap: Option<Mishap>) {
        self.inner.lock().always = mishap;
    }

    /// Nothing is answered from now on, until it is again.
    pub fn hold(&self, held: bool) {
        self.inner.0.held.send_replace(held);
    }

    /// The most questions that were being answered at once.
    pub fn most_at_once(&self) -> usize {
        self.inner.0.here.lock().unwrap().1
    }

    /// The questions that have come.
    pub fn asked(&self) -> Vec<AskedModel> {
        self.inner.lock().asked.clone()
    }

    /// Until so many questions have come in all.
    pub async fn arrive(&self, questions: usize) {
        self.inner.0.arrived.subscribe().wait_for(|arrived| *arrived >= questions).await.unwrap();
    }

    /// An answer that waits goes on, up to where it waits again.
    pub fn go_on(&self) {
        self.inner.0.goes_on.add_permits(1);
    }

    /// Until one more who asked has gone before the end of an answer that has none, or waits.
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
        let here = Here::enter(&self.0);
        let (mishap, says, calls) = {
            let mut script = self.lock();
            let (all, offered) = (asked.body.to_string(), asked.body.get("tools").is_some());
            let still = asked.body["reasoning_effort"] == "none";
            let always = script.always;
            let mishap = script.next.pop_front().unwrap_or(always);
            let full = mishap == Some(Mishap::Thinks) && asked.most() <= THOUGHT;
            let mishap = if full { Some(Mishap::ThinksOnly) } else { mishap };
            script.asked.push(asked);
            // What is refused uses nothing up.
            let refused = match mishap {
                Some(Mishap::NoTools) => offered,
                Some(Mishap::ThinksNotWithTools) => offered && !still,
                _ => false,
            };
            let next = if refused || !offered { None } else { script.calls.pop_front() };
            let calls = next.unwrap_or_else(|| script.always_calls.clone());
            let of_tools = |mishap: &Mishap| matches!(mishap, Mishap::NoTools | Mishap::ThinksNotWithTools);
            let mishap = mishap.filter(|mishap| !of_tools(mishap) || refused);
            let says = script.says_to.iter().find(|(words, _)| all.contains(words)).map(|(_, text)| text.clone());
            (mishap, says.unwrap_or_else(|| script.says.clone()), calls)
        };
        self.0.arrived.send_modify(|arrived| *arrived += 1);
        let _ = self.0.held.subscribe().wait_for(|held| !held).await;
        if mishap == Some(Mishap::Silent) {
            let _left = Left(Some(Arc::clone(&self.0.left)));
            return std::future::pending().await;
        }
        match mishap.and_then(|mishap| refusal(wire, mishap, &key)) {
            Some(refused) => refused,
            None => self.pour(wire, mishap, &says, &calls, here),
        }
    }

    /// Makes vectors of texts: of the words that stand in each, whatever their order.
    async fn vectors(self, asked: AskedModel, texts: Vec<String>) -> Response {
        let (wire, key) = (asked.wire, asked.key.clone());
        let _here = Here::enter(&self.0);
        let (mishap, numbers, means) = {
            let mut script = self.lock();
            script.asked.push(asked);
            let always = script.always;
            (script.next.pop_front().unwrap_or(always), script.numbers, script.means.clone())
        };
        self.0.arrived.send_modify(|arrived| *arrived += 1);
        let _ = self.0.held.subscribe().wait_for(|held| !held).await;
        if mishap == Some(Mishap::Silent) {
            let _left = Left(Some(Arc::clone(&self.0.left)));
            return std::future::pending().await;
        }
        if let Some(refused) = mishap.and_then(|mishap| refusal(wire, mishap, &key)) {
            return refused;
        }
        let kept = if mishap == Some(Mishap::Empty) { 0 } else { texts.len() };
        let vectors = texts.iter().take(kept).map(|text| vector(text, numbers, &means));
        let used = mishap != Some(Mishap::NoUsage);
        let body = match wire {
            Wire::Gemini => {
                json!({ "embeddings": vectors.map(|values| json!({ "values": values })).collect::<Vec<_>>() })
            }
            _ => {
                let one = |(index, vector): (usize, Vec<f64>)| json!({ "object": "embedding", "index": index, "embedding": vector });
                // The last one first: their order is what they say it is.
                let all: Vec<Value> = vectors.enumerate().map(one).collect::<Vec<_>>().into_iter().rev().collect();
                let counts = json!({ "prompt_tokens": TOKENS * texts.len(), "total_tokens": TOKENS * texts.len() });
                json!({ "object": "list", "data": all, "usage": if used { counts } else { Value::Null } })
            }
        };
        Json(body).into_response()
    }

    fn pour(&self, wire: Wire, mishap: Option<Mishap>, says: &str, calls: &[Called], here: Here) -> Response {
        let frames = frames(wire, mishap, says, calls);
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
        let waits = parts.iter().any(Vec::is_empty);
        let left = (waits || matches!(end, End::Never)).then(|| Left(Some(Arc::clone(&self.0.left))));
        let (sent, goes_on) = (Arc::clone(&self.0.sent), Arc::clone(&self.0.goes_on));
        let pour = Pour { parts: parts.into(), end, goes_on, sent, left, _here: here };
        let pieces = stream::unfold(pour, |mut pour| async move {
            while let Some(part) = pour.parts.pop_front() {
                if part.is_empty() {
                    pour.goes_on.acquire().await.unwrap().forget();
                    continue;
                }
                pour.sent.fetch_add(part.len(), Ordering::SeqCst);
                return Some((Ok(part), pour));
            }
            match pour.end {
                End::Whole => {
                    if let Some(left) = &mut pour.left {
                        left.0 = None;
                    }
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

fn owned<const N: usize>(calls: [(&str, &str); N]) -> Vec<Called> {
    calls.into_iter().map(|(name, arguments)| (name.to_owned(), arguments.to_owned())).collect()
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

async fn openai_vectors(State(inner): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let key = header(&headers, "authorization").trim_start_matches("Bearer ").to_owned();
    let texts = strings(&body["input"]);
    inner.vectors(AskedModel { wire: Wire::OpenAi, key, model: named(&body), body }, texts).await
}

/// The texts of a list.
fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// What is made of a text.
fn vector(text: &str, numbers: usize, means: &[(String, String)]) -> Vec<f64> {
    let text = means.iter().find(|(words, _)| text.contains(words)).map_or(text, |(_, meaning)| meaning.as_str());
    let mut vector = vec![0.01; numbers];
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let place = word.to_lowercase().bytes().fold(7, |sum, byte| (sum * 31 + usize::from(byte)) % numbers);
        vector[place] += 1.0;
    }
    vector
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
    let key = header(&headers, "x-goog-api-key");
    if let Some(model) = call.strip_suffix(":batchEmbedContents") {
        let requests = body["requests"].as_array().unwrap();
        let text = |one: &Value| one["content"]["parts"][0]["text"].as_str().unwrap().to_owned();
        let (texts, model) = (requests.iter().map(text).collect(), model.to_owned());
        return inner.vectors(AskedModel { wire: Wire::Gemini, key, model, body }, texts).await;
    }
    let model = call.strip_suffix(":streamGenerateContent").unwrap().to_owned();
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
        (Mishap::Full(_), Wire::OpenAi) => openai(429, "rate_limit_exceeded", "Rate limit reached"),
        (Mishap::Full(_), Wire::Anthropic) => anthropic(429, "rate_limit_error", "Too many requests"),
        (Mishap::Full(seconds), Wire::Gemini) => {
            let details =
                json!([{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s") }]);
            let error =
                json!({ "code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Slow down.", "details": details });
            (429, json!({ "error": error }))
        }
        (Mishap::TooLong, Wire::OpenAi) => openai(400, "context_length_exceeded", "Too long"),
        (Mishap::TooLong, Wire::Anthropic) => anthropic(400, "invalid_request_error", "prompt is too long: 9 > 8"),
        (Mishap::TooLong, Wire::Gemini) => {
            gemini(400, "INVALID_ARGUMENT", "", "The input exceeds the maximum number of tokens allowed.")
        }
        (Mishap::NoTools, Wire::OpenAi) => openai(400, "invalid", "small does not support tools"),
        (Mishap::ThinksNotWithTools, _) => {
            openai(400, "", "Function tools with reasoning_effort are not supported for small in /v1/chat/completions.")
        }
        (Mishap::NoTools, Wire::Anthropic) => anthropic(400, "invalid_request_error", "tools: not supported"),
        (Mishap::NoTools, Wire::Gemini) => gemini(400, "INVALID_ARGUMENT", "", "Function calling is not enabled."),
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
            return Some(Json(whole(wire)).into_response());
        }
        _ => return None,
    };
    let mut refused = (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
    if let Mishap::Busy(Some(seconds)) = mishap {
        refused.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    if let Mishap::Full(seconds) = mishap {
        let all = full(wire, seconds).into_iter().map(|(name, said)| (HeaderName::from_static(name), said));
        refused.headers_mut().extend(all.map(|(name, said)| (name, HeaderValue::try_from(said).unwrap())));
    }
    Some(refused)
}

/// What is said of limits where nothing is left of the requests, and of the tokens something.
fn full(wire: Wire, seconds: u32) -> Vec<(&'static str, String)> {
    match wire {
        Wire::OpenAi => vec![
            ("x-ratelimit-remaining-requests", "0".to_owned()),
            ("x-ratelimit-reset-requests", format!("{}m{}s", seconds / 60, seconds % 60)),
            ("x-ratelimit-remaining-tokens", "149984".to_owned()),
            ("x-ratelimit-reset-tokens", "2h0m0s".to_owned()),
        ],
        // By a clock of its own.
        Wire::Anthropic => vec![
            ("date", "Wed, 21 Oct 2026 07:00:00 GMT".to_owned()),
            ("anthropic-ratelimit-requests-remaining", "0".to_owned()),
            ("anthropic-ratelimit-requests-reset", format!("2026-10-21T07:{:02}:{:02}Z", seconds / 60, seconds % 60)),
            ("anthropic-ratelimit-tokens-remaining", "12000".to_owned()),
            ("anthropic-ratelimit-tokens-reset", "2026-10-21T09:00:00Z".to_owned()),
        ],
        Wire::Gemini => Vec::new(),
    }
}

/// An answer all at once, with what it has used.
fn whole(wire: Wire) -> Value {
    let Usage { input, cached, output } = ModelServer::used(SAYS);
    match wire {
        Wire::OpenAi => json!({
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": SAYS }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": input, "completion_tokens": output, "prompt_tokens_details": { "cached_tokens": cached } },
        }),
        Wire::Anthropic => json!({
            "type": "message",
            "role": "assistant",
            "content": [{ "type": "text", "text": SAYS }],
            "stop_reason": "end_turn",
            "usage": { "input_tokens": input - cached, "cache_read_input_tokens": cached, "output_tokens": output },
        }),
        Wire::Gemini => json!([{
            "candidates": [{ "content": { "role": "model", "parts": [{ "text": SAYS }] }, "finishReason": "STOP" }],
            "usageMetadata": { "promptTokenCount": input, "cachedContentTokenCount": cached, "candidatesTokenCount": output },
        }]),
    }
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

/// A call, in as many events as its wire makes of it.
fn called(wire: Wire, place: usize, (name, arguments): &Called) -> Vec<String> {
    // The arguments come in two pieces, cut wherever a letter ends.
    let cut = (arguments.len() / 2..).find(|at| arguments.is_char_boundary(*at)).unwrap();
    let pieces = [&arguments[..cut], &arguments[cut..]];
    let id = format!("id-{place}");
    let events = match wire {
        Wire::OpenAi => {
            let delta = |call: Value| json!({ "choices": [{ "index": 0, "delta": { "tool_calls": [call] }, "finish_reason": null }] });
            let [first, second] = pieces;
            let function = json!({ "name": name, "arguments": first });
            vec![
                delta(json!({ "index": place, "id": id, "type": "function", "function": function })),
                delta(json!({ "index": place, "function": { "arguments": second } })),
            ]
        }
        Wire::Anthropic => {
            let place = place + 1;
            let block = json!({ "type": "tool_use", "id": id, "name": name, "input": {} });
            let delta = |piece: &str| {
                let delta = json!({ "type": "input_json_delta", "partial_json": piece });
                json!({ "type": "content_block_delta", "index": place, "delta": delta })
            };
            let begins = json!({ "type": "content_block_start", "index": place, "content_block": block });
            let ends = json!({ "type": "content_block_stop", "index": place });
            vec![begins, delta(pieces[0]), delta(pieces[1]), ends]
        }
        Wire::Gemini => {
            // It writes no other than an object.
            let args = serde_json::from_str::<Value>(arguments).unwrap_or_default();
            let part = json!({ "functionCall": { "name": name, "args": args }, "thoughtSignature": "thought" });
            vec![json!({ "candidates": [{ "content": { "role": "model", "parts": [part] } }] })]
        }
    };
    events.iter().map(frame).collect()
}

/// An answer, event by event.
fn frames(wire: Wire, mishap: Option<Mishap>, says: &str, calls: &[Called]) -> Vec<String> {
    let says = if calls.is_empty() { says } else { "" };
    let Usage { input, cached, output } = ModelServer::used(says);
    let thought = if matches!(mishap, Some(Mishap::Thinks | Mishap::ThinksOnly)) { THOUGHT } else { 0 };
    let said = if mishap == Some(Mishap::ThinksOnly) { 0 } else { output };
    let output = said + thought;
    let written = if mishap == Some(Mishap::Remembers) { 8 } else { 0 };
    let used = mishap != Some(Mishap::NoUsage);
    let mut all = Vec::new();
    match wire {
        Wire::OpenAi => {
            all.push(frame(&json!({ "choices": [{ "index": 0, "delta": { "role": "assistant", "content": "" } }] })))
        }
        Wire::Anthropic => {
            let counts = json!({
                "input_tokens": input - cached - written,
                "cache_read_input_tokens": cached,
                "cache_creation_input_tokens": written,
                "output_tokens": 1,
            });
            let counts = if used { counts } else { Value::Null };
            all.push(frame(&json!({ "type": "message_start", "message": { "role": "assistant", "usage": counts } })));
            all.push(frame(&json!({ "type": "ping" })));
        }
        Wire::Gemini => {}
    }
    if thought > 0 {
        all.push(frame(&match wire {
            Wire::OpenAi => json!({ "choices": [{ "index": 0, "delta": { "reasoning_content": "Hm." } }] }),
            Wire::Anthropic => {
                json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "thinking_delta", "thinking": "Hm." } })
            }
            Wire::Gemini => json!({ "candidates": [{ "content": { "parts": [{ "text": "Hm.", "thought": true }] } }] }),
        }));
    }
    if !matches!(mishap, Some(Mishap::Empty | Mishap::ThinksOnly)) {
        for words in says.split_inclusive(' ') {
            for (at, part) in words.split(WAITS).enumerate() {
                all.extend((at > 0).then(String::new));
                all.extend((!part.is_empty()).then(|| delta(wire, part)));
            }
        }
        all.extend(calls.iter().enumerate().flat_map(|(place, call)| called(wire, place, call)));
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
        Some(Mishap::Length | Mishap::ThinksOnly) => length,
        Some(Mishap::Filtered) => filtered,
        _ => usual,
    };
    match wire {
        Wire::OpenAi => {
            let usual = if calls.is_empty() { "stop" } else { "tool_calls" };
            let reason = ended(usual, "length", "content_filter");
            all.push(frame(&json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] })));
            if used {
                let counts = json!({ "prompt_tokens": input, "completion_tokens": output, "prompt_tokens_details": { "cached_tokens": cached } });
                all.push(frame(&json!({ "choices": [], "usage": counts })));
            }
            all.push("data: [DONE]\n\n".to_owned());
        }
        Wire::Anthropic => {
            let usual = if calls.is_empty() { "end_turn" } else { "tool_use" };
            let reason = ended(usual, "max_tokens", "refusal");
            let counts = if used { json!({ "output_tokens": output }) } else { Value::Null };
            all.push(frame(&json!({ "type": "message_delta", "delta": { "stop_reason": reason }, "usage": counts })));
            all.push(frame(&json!({ "type": "message_stop" })));
        }
        Wire::Gemini => {
            let reason = ended("STOP", "MAX_TOKENS", "SAFETY");
            let mut counts = json!({ "promptTokenCount": input, "cachedContentTokenCount": cached });
            // What is nothing is left out.
            for (name, tokens) in [("candidatesTokenCount", said), ("thoughtsTokenCount", thought)] {
                if tokens > 0 {
                    counts[name] = tokens.into();
                }
            }
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
