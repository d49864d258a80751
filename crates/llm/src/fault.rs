//! What it means that a model gives no answer: from statuses, headers and the words of refusals. Providers agree on none of it, so each
//! sign is looked for by itself, the certain ones first.
//!
//! Sources: OpenAI, "Error codes"; Anthropic, "Errors"; Google, "Gemini API troubleshooting guide" and `google.rpc.RetryInfo`; RFC 9110,
//! section 10.2.3 (`Retry-After`).

use crate::models::Key;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::response::Parts;
use model::llm::Fault;
use outbound::OutboundError;
use serde_json::Value;

/// Most characters of a provider's own words that are shown, and that are looked at before: a key that stands at the edge is whole there.
const SHOWN: usize = 200;
const LOOKED_AT: usize = 1_000;

/// No answer has begun.
pub(crate) fn of(error: &OutboundError) -> Fault {
    match error {
        OutboundError::Address => Fault::Address,
        OutboundError::Private(_) => Fault::Private,
        OutboundError::TooSlow(_) => Fault::TooSlow,
        OutboundError::TooLong(_) => Fault::TooLong,
        OutboundError::Unreachable(_) | OutboundError::Setup(_) => Fault::Unreachable,
    }
}

/// One that had begun does not go on.
pub(crate) fn midway(error: &OutboundError) -> Fault {
    match of(error) {
        Fault::Unreachable => Fault::CutOff,
        fault => fault,
    }
}

/// Whether this is the head of an answer that comes in events.
pub(crate) fn begins(head: &Parts) -> bool {
    let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    head.status.is_success() && kind.to_ascii_lowercase().starts_with("text/event-stream")
}

/// What an answer means that is none.
pub(crate) fn refusal(head: &Parts, body: &[u8]) -> Fault {
    let after = head.headers.get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.trim().parse().ok());
    let told = serde_json::from_slice::<Value>(body).ok();
    read(head.status.as_u16(), after, told.as_ref())
}

/// The same without the key: a server may say back what it was sent.
pub(crate) fn without(fault: Fault, key: Option<&Key>) -> Fault {
    match fault {
        Fault::Refused(says) => Fault::Refused(shown(&says, key)),
        fault => fault,
    }
}

/// What is shown of what a server says: the beginning of it, in one line, without the key.
pub(crate) fn shown(says: &str, key: Option<&Key>) -> String {
    let line = line(says);
    let line = key.map_or_else(|| line.clone(), |key| line.replace(key.text(), "…"));
    line.chars().take(SHOWN).collect()
}

/// A text in one line, without what turns letters round, as far as it is looked at.
fn line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let words = text.split(|c: char| c.is_whitespace() || c.is_control() || turns(c)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(LOOKED_AT).collect()
}

/// What an error means that comes in the middle of an answer.
pub(crate) fn event(told: &Value) -> Fault {
    read(500, None, Some(told))
}

/// What a refusal says: the names that it has for what is wrong, and its sentence.
#[derive(Default)]
struct Words {
    names: String,
    sentence: String,
    after_s: Option<u32>,
}

impl Words {
    fn of(told: &Value) -> Self {
        // Gemini's comes in a list, where it was not asked for events.
        let told = told.get(0).unwrap_or(told);
        let error = told.get("error").filter(|error| error.is_object()).unwrap_or(told);
        let empty = Vec::new();
        let details = error.get("details").and_then(Value::as_array).unwrap_or(&empty);
        let names = ["code", "type", "status"].into_iter().filter_map(|name| error.get(name));
        let names = names.chain(details.iter().filter_map(|detail| detail.get("reason"))).filter_map(Value::as_str);
        let sentences = [error.get("message"), told.get("error"), told.get("message"), told.get("detail")];
        let sentence = sentences.into_iter().flatten().find_map(Value::as_str).unwrap_or_default();
        let after =
            details.iter().find_map(|detail| detail.get("retryDelay")?.as_str()?.strip_suffix('s')?.parse().ok());
        Self {
            names: names.collect::<Vec<_>>().join(" ").to_ascii_lowercase(),
            sentence: sentence.to_owned(),
            after_s: after.map(|seconds: f64| seconds.ceil().clamp(0.0, 86_400.0) as u32),
        }
    }

    /// Whether one of these stands among the names.
    fn named(&self, signs: &[&str]) -> bool {
        signs.iter().any(|sign| self.names.contains(sign))
    }

    /// Whether one of these is said.
    fn says(&self, signs: &[&str]) -> bool {
        let sentence = self.sentence.to_ascii_lowercase();
        signs.iter().any(|sign| sentence.contains(sign))
    }
}

fn read(status: u16, after_s: Option<u32>, told: Option<&Value>) -> Fault {
    let words = told.map(Words::of).unwrap_or_default();
    let after_s = after_s.or(words.after_s);
    if status == 402 || words.named(&["insufficient_quota", "billing", "payment"]) || words.says(&["credit balance"]) {
        return Fault::Quota;
    }
    let long =
        ["prompt is too long", "context length", "context window", "maximum number of tokens", "too many tokens"];
    if status == 413 || words.named(&["context_length_exceeded", "request_too_large"]) || words.says(&long) {
        return Fault::TooLong;
    }
    let keys = ["invalid_api_key", "api_key_invalid", "authentication_error", "permission"];
    if matches!(status, 401 | 403) || words.named(&keys) {
        return Fault::Key;
    }
    if words.named(&["model_not_found", "invalid_model"]) {
        return Fault::Model;
    }
    match status {
        // A wrong path has words, too, of something else.
        404 if words.says(&["model"]) => Fault::Model,
        300..=399 | 404 | 405 => Fault::Address,
        429 | 500..=599 => Fault::Busy { after_s },
        _ if words.named(&["overloaded", "rate_limit", "unavailable"]) => Fault::Busy { after_s },
        _ if !words.sentence.is_empty() => Fault::Refused(line(&words.sentence)),
        _ => Fault::NotAModel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;

    fn of(status: u16, after: Option<&str>, body: &str) -> Fault {
        let mut made = Response::builder().status(status);
        if let Some(after) = after {
            made = made.header(RETRY_AFTER, after);
        }
        refusal(&made.body(()).unwrap().into_parts().0, body.as_bytes())
    }

    /// As the providers' manuals show them.
    #[test]
    fn each_refusal_is_understood() {
        let busy = |after_s| Fault::Busy { after_s };
        let cases = [
            (
                401,
                r#"{"error":{"message":"Incorrect API key provided: sk-no.","type":"invalid_request_error","code":"invalid_api_key"}}"#,
                Fault::Key,
            ),
            (
                401,
                r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
                Fault::Key,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#,
                Fault::Key,
            ),
            (
                404,
                r#"{"error":{"message":"The model `x` does not exist or you do not have access to it.","code":"model_not_found"}}"#,
                Fault::Model,
            ),
            (404, r#"{"type":"error","error":{"type":"not_found_error","message":"model: x"}}"#, Fault::Model),
            (
                404,
                r#"{"error":{"code":404,"message":"models/x is not found for API version v1beta","status":"NOT_FOUND"}}"#,
                Fault::Model,
            ),
            (404, r#"{"error":"model \"x\" not found, try pulling it first"}"#, Fault::Model),
            (400, r#"{"object":"error","message":"Invalid model: x","type":"invalid_model"}"#, Fault::Model),
            (
                404,
                r#"{"error":{"message":"Invalid URL (POST /v2/chat/completions)","type":"invalid_request_error"}}"#,
                Fault::Address,
            ),
            (404, r#"{"detail":"Not Found"}"#, Fault::Address),
            (404, "<html>", Fault::Address),
            (405, "", Fault::Address),
            (302, "", Fault::Address),
            (402, "", Fault::Quota),
            (
                429,
                r#"{"error":{"message":"You exceeded your current quota.","type":"insufficient_quota","code":"insufficient_quota"}}"#,
                Fault::Quota,
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API."}}"#,
                Fault::Quota,
            ),
            (429, r#"{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}"#, busy(None)),
            (
                429,
                r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Slow down.","details":[{"retryDelay":"33.2s"}]}}"#,
                busy(Some(34)),
            ),
            (529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, busy(None)),
            (502, "<html>", busy(None)),
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 8192 tokens.","code":"context_length_exceeded"}}"#,
                Fault::TooLong,
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 300000 tokens > 200000 maximum"}}"#,
                Fault::TooLong,
            ),
            (413, "", Fault::TooLong),
            (400, r#"{"error":{"message":"No\n  such\u0007 \u202efield."}}"#, Fault::Refused("No such field.".into())),
            (400, "<html>", Fault::NotAModel),
            (200, "<html>", Fault::NotAModel),
            (200, r#"{"choices":[]}"#, Fault::NotAModel),
        ];
        for (status, body, fault) in cases {
            assert_eq!(of(status, None, body), fault, "{status} {body}");
        }
        assert_eq!(of(429, Some("7"), ""), busy(Some(7)));
        assert_eq!(of(503, Some("Wed, 21 Oct 2026 07:28:00 GMT"), ""), busy(None));
        let long = format!(r#"{{"error":{{"message":"{}"}}}}"#, "å".repeat(1_000));
        assert_eq!(without(of(400, None, &long), None), Fault::Refused("å".repeat(SHOWN)));
        let key = Key::new("sk-secret");
        for before in [0, SHOWN - 4, LOOKED_AT - 4] {
            let echo = format!(r#"{{"error":{{"message":"{}sk-secret"}}}}"#, "x".repeat(before));
            let Fault::Refused(says) = without(of(400, None, &echo), Some(&key)) else { panic!("{before}") };
            assert!(!says.contains("sk-"), "{says}");
        }
    }

    #[test]
    fn an_answer_begins_with_events_and_with_nothing_else() {
        let head = |status: u16, kind: &str| {
            let made = Response::builder().status(status).header(CONTENT_TYPE, kind).body(()).unwrap();
            begins(&made.into_parts().0)
        };
        assert!(head(200, "text/event-stream") && head(200, "Text/Event-Stream; charset=utf-8"));
        assert!(!head(200, "text/html") && !head(200, "application/json") && !head(500, "text/event-stream"));
    }
}
