//! Calling a tool: one request, and what is made of its answer.
//!
//! *Guarantees:* it goes where the tool's address leads and nowhere else, not into private networks unless the operator opens them, and follows
//! nothing; it takes ten seconds at most, and reads 64 KB at most, of which 20 KB are told. The tool's own secret is not told back.

use super::schema::Schema;
use super::{Ready, address};
use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use model::tool::ToolMethod;
use outbound::{Outbound, OutboundError, Patience, Whose};
use serde_json::{Map, Value};
use std::time::Duration;
use words::{Text, text};

/// How long it may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes that are read, and that are told.
const READ: usize = 64 * 1024;
const TOLD: usize = 20 * 1024;
/// Most bytes of that as [`lines`], each of which says all that stands above it: of one long name over thousands of values that would be megabytes.
const LINED: usize = 4 * TOLD;
/// The shortest secret that is looked for in an answer: a shorter one stands in many a word.
const SECRET: usize = 8;

/// Why a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// There is no tool of that name.
    Unknown,
    /// The arguments are not what it takes, for this reason.
    Arguments(String),
    /// It did not answer in time.
    TooSlow,
    /// It answered more than is told.
    TooLong,
    /// What it answered is no data.
    NotData,
    /// It answered with this status.
    Status(u16),
    /// Its address leads into a private network.
    Private,
    /// Nobody answers there.
    Unreachable,
    /// Its secret cannot be opened any more.
    Secret,
    /// The search did not work.
    Search,
    /// Nothing more is told for this answer.
    Full,
}

impl Why {
    /// For people: a sentence in which nothing is filled in.
    pub fn words(&self) -> Text {
        match self {
            Self::Unknown => text!("There is no such tool."),
            Self::Arguments(_) => text!("The arguments are not what the tool takes."),
            Self::TooSlow => text!("The tool did not answer in time."),
            Self::TooLong => text!("The tool answered more than 20 KB."),
            Self::NotData => text!("What the tool answered is no data: it may be a web page."),
            Self::Status(_) => text!("The tool answered with an error."),
            Self::Private => text!("The tool's address leads into a private network."),
            Self::Unreachable => text!("Nobody answers at the tool's address."),
            Self::Secret => text!("The tool's secret cannot be opened any more. Type it again."),
            Self::Search => text!("The search did not work."),
            Self::Full => text!("No more results are taken for this answer."),
        }
    }

    /// For the model: the same, and what it can make better.
    pub fn told(&self) -> String {
        let words = self.words().to_string();
        match self {
            Self::Arguments(why) => format!("{words} {why}."),
            Self::Status(status) => format!("{words} Its status is {status}."),
            Self::Secret => Self::Unreachable.told(),
            _ => words,
        }
    }
}

/// The arguments that a model, or a person, has written.
pub(crate) fn arguments(schema: &Schema, written: &str) -> Result<Map<String, Value>, Why> {
    // Where there are none, some write nothing.
    let written = if written.trim().is_empty() { "{}" } else { written };
    let read = serde_json::from_str::<Map<String, Value>>(written);
    let read = read.map_err(|_| Why::Arguments("They are no JSON object".to_owned()))?;
    schema.check(&read).map_err(Why::Arguments)?;
    Ok(read)
}

/// Calls a tool.
pub(super) async fn called(outbound: &Outbound, tool: &Ready, written: &str, within: Duration) -> Result<Value, Why> {
    let arguments = arguments(&tool.schema, written)?;
    let (address, rest) = address::filled(&tool.address, &arguments).map_err(Why::Arguments)?;
    let (request, body) = match tool.method {
        ToolMethod::Get => (Request::get(address::asked(address, &rest).map_err(Why::Arguments)?), Vec::new()),
        ToolMethod::Post => {
            let request = Request::post(address).header(CONTENT_TYPE, "application/json");
            (request, Value::Object(rest).to_string().into_bytes())
        }
    };
    let mut request = request.header(ACCEPT, "application/json");
    if let Some((header, secret)) = &tool.secret {
        let mut value = HeaderValue::from_str(secret.text()).map_err(|_| Why::Secret)?;
        // It does not print.
        value.set_sensitive(true);
        request = request.header(header.as_str(), value);
    }
    let request = request.body(body).map_err(|_| Why::Unreachable)?;
    let within = within.min(PATIENCE);
    let asked = tokio::time::timeout(within, answer(outbound, request, within)).await;
    let text = String::from_utf8(asked.map_err(|_| Why::TooSlow)??).map_err(|_| Why::NotData)?;
    let told = data(&text)?;
    Ok(match &tool.secret {
        Some((_, secret)) => without(told, secret.text()),
        None => told,
    })
}

/// The same without a secret, however it was written as JSON, and also where the word before it (`Bearer`) is not there.
fn without(value: Value, secret: &str) -> Value {
    let bare = secret.rsplit(' ').next().unwrap_or_default();
    let hidden = |text: &str| {
        let long = [secret, bare].into_iter().filter(|secret| secret.len() >= SECRET);
        long.fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
    };
    match value {
        Value::String(text) => hidden(&text).into(),
        Value::Array(values) => values.into_iter().map(|value| without(value, secret)).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (hidden(&name), without(value, secret)));
            Value::Object(fields.collect())
        }
        Value::Number(number) if hidden(&number.to_string()) != number.to_string() => "…".into(),
        other => other,
    }
}

async fn answer(outbound: &Outbound, request: Request<Vec<u8>>, within: Duration) -> Result<Vec<u8>, Why> {
    let patience = Patience { idle: within, whole: within };
    let begun = outbound.begin(Whose::Tenant, request, patience, READ).await.map_err(|error| why(&error))?;
    let (head, mut pieces) = begun.into_parts();
    if !head.status.is_success() {
        return Err(Why::Status(head.status.as_u16()));
    }
    let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.to_ascii_lowercase().contains("html") {
        return Err(Why::NotData);
    }
    let mut body = Vec::new();
    while let Some(piece) = pieces.next().await.map_err(|error| why(&error))? {
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

fn why(error: &OutboundError) -> Why {
    match error {
        OutboundError::Private(_) => Why::Private,
        OutboundError::TooSlow(_) => Why::TooSlow,
        OutboundError::TooLong(_) => Why::TooLong,
        OutboundError::Address | OutboundError::Unreachable(_) | OutboundError::Setup(_) => Why::Unreachable,
    }
}

/// What an answer says: JSON, or plain text.
fn data(text: &str) -> Result<Value, Why> {
    let value = match serde_json::from_str::<Value>(text) {
        Ok(value) => value,
        Err(_) if text.trim().is_empty() => Value::Null,
        // What begins like this was to be something else.
        Err(_) if text.trim_start().starts_with(['<', '{', '[']) || text.contains('\0') => return Err(Why::NotData),
        Err(_) => text.into(),
    };
    let long = value.to_string().len() > TOLD || lines(&value).len() > LINED;
    if long { Err(Why::TooLong) } else { Ok(value) }
}

/// What an answer says as a list, each line of which is a statement that sentences are held against: `- order status: sent`.
pub(crate) fn lines(value: &Value) -> String {
    let mut all = String::new();
    write(value, "", &mut all);
    all
}

fn write(value: &Value, above: &str, all: &mut String) {
    // It is too much already.
    if all.len() > LINED {
        return;
    }
    let below = |name: &str| if above.is_empty() { name.to_owned() } else { format!("{above} {name}") };
    let said = match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                // `delivered_at` is two words.
                write(value, &below(&name.replace(['_', '-'], " ")), all);
            }
            return;
        }
        Value::Array(values) => {
            for value in values {
                write(value, above, all);
            }
            return;
        }
        // As people say it, and deny it.
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
    };
    all.push_str("- ");
    if !above.is_empty() {
        all.push_str(above);
        all.push_str(": ");
    }
    all.push_str(&said);
    all.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use llm::Key;
    use serde_json::json;
    use std::sync::{Arc, Mutex};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    const SECRET_KEY: &str = "Bearer tk-0123456789";

    /// A server that answers everybody like this, or never; and what it was asked.
    async fn server(answer: Option<Vec<u8>>) -> (String, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let all = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 16 * 1024];
                let read = stream.read(&mut request).await.unwrap();
                all.lock().unwrap().push(String::from_utf8_lossy(&request[..read]).into_owned());
                match &answer {
                    // Who has read enough goes.
                    Some(answer) => drop(stream.write_all(answer).await),
                    None => std::future::pending().await,
                }
            }
        });
        (format!("http://{address}"), asked)
    }

    fn answers(head: &str, body: &str) -> Option<Vec<u8>> {
        let length = body.len();
        Some(format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").into_bytes())
    }

    fn ready(address: String, method: ToolMethod) -> Ready {
        let schema =
            r#"{"type":"object","properties":{"order":{"type":"string"},"n":{"type":"integer"}},"required":["order"]}"#;
        Ready {
            name: "order".to_owned(),
            description: "Where an order is.".to_owned(),
            parameters: Value::Null,
            schema: Schema::parse(schema).unwrap(),
            method,
            address: format!("{address}/orders/{{order}}?v=1"),
            secret: Some(("Authorization".to_owned(), Key::new(SECRET_KEY))),
            lost: false,
        }
    }

    async fn call(private: bool, tool: &Ready, written: &str) -> Result<Value, Why> {
        let outbound = Outbound::new(private).unwrap();
        called(&outbound, tool, written, PATIENCE).await
    }

    #[tokio::test]
    async fn it_is_asked_with_its_secret_which_it_does_not_tell_back() {
        let said = format!(r#"{{"status":"sent","echo":"{SECRET_KEY}"}}"#);
        let (address, asked) = server(answers("200 OK\r\ncontent-type: application/json", &said)).await;
        let told = call(true, &ready(address.clone(), ToolMethod::Get), r#"{"order":"a/7","n":3}"#).await;
        assert_eq!(told, Ok(json!({ "status": "sent", "echo": "…" })));
        let told = call(true, &ready(address, ToolMethod::Post), r#"{"order":"7","n":3}"#).await;
        assert!(told.is_ok(), "{told:?}");
        let asked = asked.lock().unwrap();
        assert!(asked[0].starts_with("GET /orders/a%2F7?v=1&n=3 HTTP/1.1\r\n"), "{asked:?}");
        assert!(asked[1].starts_with("POST /orders/7?v=1 HTTP/1.1\r\n"), "{asked:?}");
        assert!(asked.iter().all(|asked| asked.contains("authorization: Bearer tk-0123456789\r\n")), "{asked:?}");
    }

    #[tokio::test]
    async fn whatever_else_comes_is_told_in_a_sentence() {
        for (answer, why) in [
            (answers("500 Oops", ""), Why::Status(500)),
            (answers("404 Not Found\r\ncontent-type: application/json", "{}"), Why::Status(404)),
            (answers("302 Found\r\nlocation: http://127.0.0.1:1/", ""), Why::Status(302)),
            (answers("200 OK\r\ncontent-type: text/html", "{}"), Why::NotData),
            (answers("200 OK", "<!doctype html><p>Hello"), Why::NotData),
            (answers("200 OK", &json!("x".repeat(TOLD)).to_string()), Why::TooLong),
            // Twenty megabytes are not read to their end.
            (answers("200 OK", &"x".repeat(20 * 1024 * 1024)), Why::TooLong),
            (Some(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec()), Why::Unreachable),
            (Some(b"SSH-2.0-OpenSSH\r\n".to_vec()), Why::Unreachable),
        ] {
            let (address, _) = server(answer).await;
            let told = call(true, &ready(address, ToolMethod::Get), r#"{"order":"7"}"#).await;
            assert_eq!(told, Err(why));
        }
        let (address, asked) = server(None).await;
        let tool = ready(address, ToolMethod::Get);
        let outbound = Outbound::new(true).unwrap();
        let told = called(&outbound, &tool, r#"{"order":"7"}"#, Duration::from_millis(300)).await;
        assert_eq!(told, Err(Why::TooSlow));
        // What it does not take is not asked at all.
        for bad in ["{}", r#"{"order":""}"#, r#"{"order":".."}"#, "nothing"] {
            let told = call(true, &tool, bad).await;
            assert!(matches!(told, Err(Why::Arguments(_))), "{bad}: {told:?}");
        }
        assert_eq!(asked.lock().unwrap().len(), 1);
        let nobody = ready("http://127.0.0.1:1".to_owned(), ToolMethod::Get);
        assert_eq!(call(true, &nobody, r#"{"order":"7"}"#).await, Err(Why::Unreachable));
        let private = ready("https://localhost:1".to_owned(), ToolMethod::Get);
        assert_eq!(call(false, &private, r#"{"order":"7"}"#).await, Err(Why::Private));
    }

    #[test]
    fn an_answer_is_data_or_nothing() {
        assert_eq!(data(r#"{ "status": "sent" }"#), Ok(json!({ "status": "sent" })));
        assert_eq!(
            (data("Sent today."), data(" "), data("7")),
            (Ok(json!("Sent today.")), Ok(Value::Null), Ok(json!(7)))
        );
        for bad in ["<!doctype html>", "<order/>", "{\"cut\": ", "[1, 2", "a\0b"] {
            assert_eq!(data(bad), Err(Why::NotData), "{bad}");
        }
        let text = "x".repeat(TOLD - 2);
        assert!(data(&text).is_ok());
        assert_eq!(data(&(text + "x")), Err(Why::TooLong));
        // One name over many values: said with each, it would be fifty megabytes.
        let wide = json!({ "n".repeat(TOLD / 2): vec![1; TOLD / 4] });
        assert!(wide.to_string().len() < TOLD + 64 && lines(&wide).len() < LINED + TOLD);
        let wide = json!({ "n".repeat(TOLD / 2): vec![1; TOLD / 5] }).to_string();
        assert!(wide.len() < TOLD);
        assert_eq!(data(&wide), Err(Why::TooLong));
        // Deeper than anybody means.
        assert_eq!(data(&"[".repeat(10_000)), Err(Why::NotData));
    }

    #[test]
    fn a_secret_is_not_told_back_however_it_is_written() {
        let read = data(r#"{"a":"Bearer tk\/0123456789","b":["x tk\u002f0123456789 y"],"tk/0123456789":1}"#).unwrap();
        assert_eq!(without(read, "Bearer tk/0123456789"), json!({ "a": "…", "b": ["x … y"], "…": 1 }));
        assert_eq!(without(json!([123456789, 12]), "123456789"), json!(["…", 12]));
        // What is short stands in many a word.
        assert_eq!(without(json!("Bearer abc, abc"), "Bearer abc"), json!("…, abc"));
        assert_eq!(without(json!("abc"), "abc"), json!("abc"));
    }

    #[test]
    fn it_is_told_line_by_line() {
        let order = json!({ "order": { "status": "sent", "delivered_at": null, "lines": [{ "sku": "A-1", "n": 2 }, "more"] }, "gift": false });
        let told = "- gift: no\n- order delivered at: none\n- order lines n: 2\n- order lines sku: A-1\n- order lines: more\n- order status: sent\n";
        assert_eq!(lines(&order), told);
        assert_eq!((lines(&json!("Sent.")), lines(&json!([true]))), ("- Sent.\n".to_owned(), "- yes\n".to_owned()));
    }

    #[test]
    fn what_is_no_json_object_is_no_arguments() {
        let schema =
            Schema::parse(r#"{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}"#).unwrap();
        assert_eq!(arguments(&schema, r#"{"a":1}"#).map(|read| read.len()), Ok(1));
        for bad in ["", "{", "[]", "null", r#"["a"]"#, r#"{"a":"1"}"#, r#"{"b":1}"#] {
            let why = arguments(&schema, bad).unwrap_err();
            assert!(matches!(why, Why::Arguments(_)), "{bad}");
            assert!(why.told().starts_with("The arguments are not what the tool takes. "), "{why:?}");
            assert_eq!(why.words().to_string(), "The arguments are not what the tool takes.");
        }
    }
}
