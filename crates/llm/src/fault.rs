//! What it means that a model gives no answer: from statuses, headers and the words of refusals. Providers agree on none of it, so each
//! sign is looked for by itself, the certain ones first.
//!
//! Sources: OpenAI, "Error codes" and "Rate limits"; Anthropic, "Errors" and "Rate limits"; Google, "Gemini API troubleshooting guide" and
//! `google.rpc.RetryInfo`; RFC 9110, section 10.2.3 (`Retry-After`); Azure OpenAI, "Manage quota" (`retry-after-ms`).

use crate::models::Key;
use http::header::{AsHeaderName, CONTENT_TYPE, DATE, HeaderName, RETRY_AFTER};
use http::response::Parts;
use model::llm::Fault;
use outbound::OutboundError;
use serde_json::Value;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The longest wait that is told: a day.
const LONGEST_S: u32 = 86_400;
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
    succeeds(head, "text/event-stream")
}

/// Whether this is the head of what may be an answer that comes whole, though events were asked for.
pub(crate) fn whole(head: &Parts) -> bool {
    succeeds(head, "application/json")
}

fn succeeds(head: &Parts, with: &str) -> bool {
    let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    head.status.is_success() && kind.to_ascii_lowercase().starts_with(with)
}

/// In which OpenAI and Azure say it in milliseconds, beside `Retry-After`.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// What providers say of each of their limits, beside answers as well: when it is full again, and what is left of it. Gemini says nothing of that.
const LIMITS: [(&str, &str); 6] = [
    ("x-ratelimit-reset-requests", "x-ratelimit-remaining-requests"),
    ("x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens"),
    ("anthropic-ratelimit-requests-reset", "anthropic-ratelimit-requests-remaining"),
    ("anthropic-ratelimit-tokens-reset", "anthropic-ratelimit-tokens-remaining"),
    ("anthropic-ratelimit-input-tokens-reset", "anthropic-ratelimit-input-tokens-remaining"),
    ("anthropic-ratelimit-output-tokens-reset", "anthropic-ratelimit-output-tokens-remaining"),
];

/// What a header says.
fn said(head: &Parts, name: impl AsHeaderName) -> Option<&str> {
    Some(head.headers.get(name)?.to_str().ok()?.trim())
}

fn http_date(said: &str) -> Option<OffsetDateTime> {
    httpdate::parse_http_date(said).ok().map(OffsetDateTime::from)
}

/// Seconds until a time by the clock of who says it, if it tells what that shows, and by ours otherwise.
fn until(head: &Parts, then: OffsetDateTime, now: OffsetDateTime) -> u32 {
    let left = then - said(head, DATE).and_then(http_date).unwrap_or(now);
    let seconds = left.whole_seconds() + i64::from(left.subsec_nanoseconds() > 0);
    u32::try_from(seconds.max(0)).unwrap_or(u32::MAX).min(LONGEST_S)
}

/// Seconds to wait: so many, or until a time.
fn after(head: &Parts, now: OffsetDateTime) -> Option<u32> {
    if let Some(ms) = said(head, RETRY_AFTER_MS).and_then(|ms| ms.parse::<u32>().ok()) {
        return Some(ms.div_ceil(1_000));
    }
    let after = said(head, RETRY_AFTER)?;
    after.parse().ok().or_else(|| Some(until(head, http_date(after)?, now)))
}

/// The same from when limits are full again, for who is told nothing else: until the last one is of those of which nothing is left, as far as they say that.
fn full_again(head: &Parts, now: OffsetDateTime) -> Option<u32> {
    let waits = LIMITS.iter().filter_map(|(reset, left)| {
        if said(head, *left).and_then(|left| left.parse::<u64>().ok()).is_some_and(|left| left > 0) {
            return None;
        }
        let reset = said(head, *reset)?;
        span(reset).or_else(|| Some(until(head, OffsetDateTime::parse(reset, &Rfc3339).ok()?, now)))
    });
    // Some say 0 where they know nothing of it.
    waits.max().filter(|seconds| *seconds > 0)
}

/// Seconds of a time as OpenAI writes it (`1s`, `6m0s`, `250ms`, `1h0m7.66s`), or of seconds as Azure does (`12`). A longer number is a moment.
fn span(said: &str) -> Option<u32> {
    let bare = |number: &str| number.len() == said.len() && number.len() <= 5;
    let (mut rest, mut all) = (said, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, behind) = rest.split_at(digits);
        let letters = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let seconds = match unit {
            "d" => 86_400.0,
            "h" => 3_600.0,
            "m" => 60.0,
            "s" => 1.0,
            "" if bare(number) => 1.0,
            "ms" => 1e-3,
            "us" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        all += number.parse::<f64>().ok()? * seconds;
        rest = behind;
    }
    let all = Duration::try_from_secs_f64(all).ok().filter(|_| !said.is_empty())?;
    let seconds = all.as_secs() + u64::from(all.subsec_nanos() > 0);
    Some(u32::try_from(seconds).unwrap_or(u32::MAX).min(LONGEST_S))
}

/// What an answer means that is none.
pub(crate) fn refusal(head: &Parts, body: &[u8], now: OffsetDateTime) -> Fault {
    let status = head.status.as_u16();
    let told = serde_json::from_slice::<Value>(body).ok();
    match read(status, after(head, now), told.as_ref()) {
        Fault::Busy { after_s: None } if status == 429 => Fault::Busy { after_s: full_again(head, now) },
        fault => fault,
    }
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
            after_s: after.map(|seconds: f64| seconds.ceil().clamp(0.0, f64::from(LONGEST_S)) as u32),
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
    let long = [
        "prompt is too long",
        "context length",
        "context window",
        "maximum number of tokens",
        "too many tokens",
        // Of llama.cpp, with 500.
        "too large to process",
    ];
    // (Who asks too much in a minute is told of too many tokens as well.)
    if status == 413
        || words.named(&["context_length_exceeded", "request_too_large"])
        || status != 429 && words.says(&long)
    {
        return Fault::TooLong;
    }
    // Of Ollama, with 500: of this text it makes no numbers.
    if words.says(&["unsupported value: nan"]) {
        return Fault::Refused(line(&words.sentence));
    }
    let keys = ["invalid_api_key", "api_key_invalid", "authentication_error", "permission"];
    if matches!(status, 401 | 403) || words.named(&keys) {
        return Fault::Key;
    }
    // The last one is Azure's.
    if words.named(&["model_not_found", "invalid_model", "deploymentnotfound"]) {
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
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-10-21 7:27:30.5 UTC);

    fn of(status: u16, after: Option<&str>, body: &str) -> Fault {
        let mut made = Response::builder().status(status);
        if let Some(after) = after {
            made = made.header(RETRY_AFTER, after);
        }
        refusal(&made.body(()).unwrap().into_parts().0, body.as_bytes(), NOW)
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
            (
                404,
                r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}"#,
                Fault::Model,
            ),
            (429, r#"{"message":"Too many tokens, please wait before trying again."}"#, busy(None)),
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
            (
                500,
                r#"{"error":{"code":500,"message":"input is too large to process. increase the physical batch size","type":"server_error"}}"#,
                Fault::TooLong,
            ),
            (
                500,
                r#"{"error":{"message":"failed to encode response: json: unsupported value: NaN","type":"api_error"}}"#,
                Fault::Refused("failed to encode response: json: unsupported value: NaN".into()),
            ),
            (400, r#"{"error":{"message":"No\n  such\u0007 \u202efield."}}"#, Fault::Refused("No such field.".into())),
            (400, "<html>", Fault::NotAModel),
            (200, "<html>", Fault::NotAModel),
            (200, r#"{"choices":[]}"#, Fault::NotAModel),
        ];
        for (status, body, fault) in cases {
            assert_eq!(of(status, None, body), fault, "{status} {body}");
        }
        assert_eq!(of(429, Some("7"), ""), busy(Some(7)));
        for (after, seconds) in [
            ("Wed, 21 Oct 2026 07:28:00 GMT", Some(30)),
            ("Wednesday, 21-Oct-26 07:28:00 GMT", Some(30)),
            ("Wed, 21 Oct 2026 07:27:00 GMT", Some(0)),
            ("Fri, 21 Oct 2033 07:28:00 GMT", Some(LONGEST_S)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(of(503, Some(after), ""), busy(seconds), "{after}");
        }
        // By the clock of who says it.
        let made = Response::builder().status(429).header(RETRY_AFTER, "Wed, 21 Oct 2026 09:00:03 GMT");
        let made = made.header(DATE, "Wed, 21 Oct 2026 09:00:00 GMT").body(()).unwrap();
        assert_eq!(refusal(&made.into_parts().0, b"", NOW), busy(Some(3)));
        // To the millisecond, which is more exact, where it can be read.
        for (ms, seconds) in [("1", 1), ("2000", 2), ("2001", 3), ("soon", 9)] {
            let made = Response::builder().status(429).header("Retry-After-Ms", ms).header(RETRY_AFTER, "9");
            let head = made.body(()).unwrap().into_parts().0;
            assert_eq!(refusal(&head, b"", NOW), busy(Some(seconds)), "{ms}");
        }
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
    fn who_is_told_nothing_else_waits_until_the_limits_are_full_of_which_nothing_is_left() {
        let of = |status: u16, headers: &[(&str, &str)], body: &str| {
            let made = Response::builder().status(status);
            let made = headers.iter().fold(made, |made, (name, said)| made.header(*name, *said));
            refusal(&made.body(()).unwrap().into_parts().0, body.as_bytes(), NOW)
        };
        let busy = |after_s| Fault::Busy { after_s };
        let [requests, no_requests] = [("x-ratelimit-reset-requests", "12s"), ("x-ratelimit-remaining-requests", "0")];
        let [tokens, no_tokens] = [("X-RateLimit-Reset-Tokens", "6m0s"), ("X-RateLimit-Remaining-Tokens", "0")];
        let some_tokens = ("x-ratelimit-remaining-tokens", "149984");
        let some_requests = ("x-ratelimit-remaining-requests", "59");
        for (headers, seconds) in [
            ([requests, no_requests, tokens, some_tokens], Some(12)),
            ([requests, some_requests, tokens, no_tokens], Some(360)),
            ([requests, no_requests, tokens, no_tokens], Some(360)),
            // It lies in something else.
            ([requests, some_requests, tokens, some_tokens], None),
        ] {
            assert_eq!(of(429, &headers, ""), busy(seconds), "{headers:?}");
        }
        // Where it does not say what is left, it is what it was refused for; but not beside another fault.
        assert_eq!(of(429, &[requests], ""), busy(Some(12)));
        assert_eq!(of(503, &[requests, no_requests], ""), busy(None));
        assert_eq!(of(429, &[requests, no_requests], r#"{"error":{"code":"insufficient_quota"}}"#), Fault::Quota);
        // What says when to come again says it better.
        assert_eq!(of(429, &[requests, no_requests, ("retry-after", "3")], ""), busy(Some(3)));
        assert_eq!(of(429, &[requests], r#"{"error":{"details":[{"retryDelay":"4s"}]}}"#), busy(Some(4)));
        for (reset, seconds) in [
            ("1s", Some(1)),
            ("6m0s", Some(360)),
            ("250ms", Some(1)),
            ("1h0m7.66s", Some(3_608)),
            ("2d", Some(LONGEST_S)),
            ("7", Some(7)),
            ("1798000000", None),
            ("9000000000000000000000d", None),
            ("0", None),
            ("0s", None),
            ("", None),
            ("s", None),
            ("1.2.3s", None),
            ("1m7", None),
            ("-1s", None),
            ("soon", None),
        ] {
            assert_eq!(of(429, &[("x-ratelimit-reset-requests", reset)], ""), busy(seconds), "{reset}");
        }
        for (reset, seconds) in [
            ("2026-10-21T07:28:00Z", Some(30)),
            ("2026-10-21T09:27:32.25+02:00", Some(2)),
            ("2026-10-21T07:00:00Z", None),
            ("2033-10-21T07:28:00Z", Some(LONGEST_S)),
            ("tomorrow", None),
        ] {
            let left = ("anthropic-ratelimit-input-tokens-remaining", "0");
            let headers = [("anthropic-ratelimit-input-tokens-reset", reset), left];
            assert_eq!(of(429, &headers, ""), busy(seconds), "{reset}");
        }
        // By the clock of who says it.
        let date = ("date", "Wed, 21 Oct 2026 09:00:00 GMT");
        assert_eq!(of(429, &[("anthropic-ratelimit-tokens-reset", "2026-10-21T09:00:03Z"), date], ""), busy(Some(3)));
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
