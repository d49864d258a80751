//! The wires: how a question is put to a provider, and what the events of its answer mean. What all have in common is here.

mod anthropic;
mod events;
mod gemini;
mod openai;

pub(crate) use events::Events;

use crate::ask::{Ask, Speaker};
use crate::models::{Key, Link};
use crate::usage::estimate;
use crate::{LlmError, fault};
use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use model::ConversationId;
use model::llm::{Ended, Fault, Wire};
use serde_json::Value;
use words::text;

/// Most bytes of a question with all that goes before it.
const MOST_ASKED: usize = 400_000;
/// Most tokens of an answer.
const MOST_TOKENS: u32 = 16_384;
/// What a turn costs beside its words, in tokens.
const AROUND: u64 = 16;
/// More tokens than any answer has: what a server says above that is not so.
const BELIEVED: u64 = 10_000_000;

/// A question, as every provider takes it: what one has said after another is one turn, and the contact begins.
pub(crate) struct Asked<'a> {
    pub system: &'a str,
    pub turns: Vec<(Speaker, String)>,
    pub most: u32,
    pub conversation: Option<ConversationId>,
}

/// What of an answer has been heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Its words.
    pub text: String,
    /// How it ended, once that was said.
    pub ended: Option<Ended>,
    /// Whether nothing follows.
    pub over: bool,
    /// Tokens, as far as that was said.
    pub input: Option<u64>,
    pub cached: u64,
    pub output: Option<u64>,
}

/// How a question is put: what follows the address, the headers that say whose it is, and the body.
struct Spoken {
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

/// A wire.
trait Speaks: Sync {
    /// A question.
    fn put(&self, link: &Link, asked: &Asked<'_>) -> Spoken;

    /// An event of the answer that is no error. What it does not know it leaves.
    fn hear(&self, event: &Value, heard: &mut Heard);
}

fn of(wire: Wire) -> &'static dyn Speaks {
    match wire {
        Wire::OpenAi => &openai::OpenAi,
        Wire::Anthropic => &anthropic::Anthropic,
        Wire::Gemini => &gemini::Gemini,
    }
}

impl<'a> Asked<'a> {
    /// As it is asked.
    ///
    /// # Errors
    /// [`LlmError::Invalid`] (field `turns`) for one that asks nothing, or more than is asked at once.
    pub(crate) fn of(ask: &Ask<'a>) -> Result<Self, LlmError> {
        let mut turns: Vec<(Speaker, String)> = Vec::new();
        for turn in ask.turns.iter().filter(|turn| !turn.text.trim().is_empty()) {
            match turns.last_mut() {
                Some((who, said)) if *who == turn.who => {
                    said.push_str("\n\n");
                    said.push_str(&turn.text);
                }
                None if turn.who == Speaker::Assistant => {}
                _ => turns.push((turn.who, turn.text.clone())),
            }
        }
        let bytes = ask.system.len() + turns.iter().map(|(_, said)| said.len()).sum::<usize>();
        if bytes > MOST_ASKED {
            return Err(LlmError::field("turns", text!("This is more than a model is asked at once.")));
        }
        if turns.last().is_none_or(|(who, _)| *who != Speaker::Contact) {
            return Err(LlmError::field("turns", text!("Write something first.")));
        }
        let most = ask.most.clamp(1, MOST_TOKENS);
        Ok(Self { system: ask.system, turns, most, conversation: ask.conversation })
    }

    /// As many tokens as it has at most, nearly.
    pub(crate) fn tokens(&self) -> u64 {
        let said = self.turns.iter().map(|(_, said)| estimate(said.len()) + AROUND);
        said.sum::<u64>() + estimate(self.system.len()) + AROUND
    }
}

/// The request that puts a question.
pub(crate) fn request(link: &Link, asked: &Asked<'_>) -> Result<Request<Vec<u8>>, Fault> {
    let spoken = of(link.wire).put(link, asked);
    let mut request = Request::post(format!("{}{}", link.address, spoken.path))
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "text/event-stream");
    for (name, value) in spoken.headers {
        let mut value = HeaderValue::from_str(&value).map_err(|_| Fault::Key)?;
        // It does not print, nor is it compressed with others.
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    request.body(spoken.body.to_string().into_bytes()).map_err(|_| Fault::Address)
}

/// Takes the data of an event.
pub(crate) fn hear(wire: Wire, data: &str, heard: &mut Heard) -> Result<(), Fault> {
    // How OpenAI ends, and who speaks as it does.
    if data.trim() == "[DONE]" {
        heard.over = true;
        return Ok(());
    }
    if data.trim().is_empty() {
        return Ok(());
    }
    let event: Value = serde_json::from_str(data).map_err(|_| Fault::NotAModel)?;
    if event.get("error").is_some_and(|error| !error.is_null()) {
        return Err(fault::event(&event));
    }
    of(wire).hear(&event, heard);
    Ok(())
}

/// The header that most take a key in.
fn bearer(key: Option<&Key>) -> Vec<(&'static str, String)> {
    key.map(|key| ("authorization", format!("Bearer {}", key.text()))).into_iter().collect()
}

/// A number of tokens.
fn tokens(of: &Value, name: &str) -> Option<u64> {
    of.get(name).and_then(Value::as_u64).map(|tokens| tokens.min(BELIEVED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::Turn;
    use model::ModelId;
    use serde_json::json;
    use uuid::Uuid;

    fn turn(who: Speaker, text: &str) -> Turn {
        Turn { who, text: text.to_owned() }
    }

    fn asked(turns: &[Turn]) -> Result<Asked<'_>, LlmError> {
        let within = std::time::Duration::from_secs(1);
        Asked::of(&Ask { system: "Be brief.", turns, most: 100, conversation: None, within })
    }

    fn link(wire: Wire, address: &str, name: &str) -> Link {
        let id = ModelId::from_uuid(Uuid::nil());
        let (name, address) = (name.to_owned(), address.to_owned());
        Link { id, wire, name, address, key: Some(Key::new("sk-1")), rates: None }
    }

    #[test]
    fn a_question_is_put_as_every_provider_takes_it() {
        use Speaker::{Assistant, Contact};
        let turns = [
            turn(Assistant, "Welcome!"),
            turn(Contact, "Hello."),
            turn(Contact, "Do you ship?"),
            turn(Assistant, "Where to?"),
            turn(Contact, " "),
            turn(Contact, "Norway"),
        ];
        let one = asked(&turns).unwrap();
        let said: Vec<_> = one.turns.iter().map(|(who, said)| (*who, said.as_str())).collect();
        assert_eq!(said, [(Contact, "Hello.\n\nDo you ship?"), (Assistant, "Where to?"), (Contact, "Norway")]);
        assert!(asked(&turns[..4]).is_err() && asked(&turns[..1]).is_err() && asked(&[]).is_err());
        assert!(asked(&[turn(Contact, &"x".repeat(MOST_ASKED))]).is_err());
    }

    #[test]
    fn each_wire_says_it_in_its_own_way() {
        let turns = [turn(Speaker::Contact, "Hi"), turn(Speaker::Assistant, "Hi!"), turn(Speaker::Contact, "Ship?")];
        let asked = asked(&turns).unwrap();
        let put = |wire, address: &str, name: &str| {
            let request = request(&link(wire, address, name), &asked).unwrap();
            let printed = format!("{request:?}");
            assert!(!printed.contains("sk-1"), "{printed}");
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            (request.uri().to_string(), request.headers().clone(), body)
        };
        let (uri, headers, body) = put(Wire::OpenAi, "http://localhost:11434/v1", "llama3.2:3b");
        assert_eq!(
            (uri.as_str(), headers["authorization"].as_bytes()),
            ("http://localhost:11434/v1/chat/completions", &b"Bearer sk-1"[..])
        );
        let messages = json!([
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "Hi" },
            { "role": "assistant", "content": "Hi!" },
            { "role": "user", "content": "Ship?" },
        ]);
        assert_eq!((&body["messages"], &body["stream"], &body["max_tokens"]), (&messages, &json!(true), &json!(100)));
        for own in [Wire::OpenAi.address(), "https://fjord.openai.azure.com/openai/v1"] {
            let (_, _, body) = put(Wire::OpenAi, own, "gpt");
            assert_eq!((&body["max_completion_tokens"], &body["max_tokens"]), (&json!(100), &Value::Null));
        }

        let (uri, headers, body) = put(Wire::Anthropic, Wire::Anthropic.address(), "claude");
        assert_eq!(
            (uri.as_str(), headers["x-api-key"].as_bytes()),
            ("https://api.anthropic.com/v1/messages", &b"sk-1"[..])
        );
        assert!(headers.contains_key("anthropic-version"));
        assert_eq!((&body["system"], &body["messages"][1]["role"]), (&json!("Be brief."), &json!("assistant")));

        let (uri, headers, body) = put(Wire::Gemini, Wire::Gemini.address(), "gemini-flash");
        let path = "https://generativelanguage.googleapis.com/v1beta/models/gemini-flash:streamGenerateContent?alt=sse";
        assert_eq!((uri.as_str(), headers["x-goog-api-key"].as_bytes()), (path, &b"sk-1"[..]));
        assert_eq!(
            (&body["contents"][1]["role"], &body["contents"][2]["parts"][0]["text"]),
            (&json!("model"), &json!("Ship?"))
        );
        let (uri, ..) = put(Wire::Gemini, Wire::Gemini.address(), "tunedModels/fjord");
        assert!(uri.contains("/v1beta/tunedModels/fjord:stream"), "{uri}");
    }

    #[test]
    fn what_an_event_says_is_heard_and_what_is_odd_is_left() {
        for wire in Wire::ALL {
            for odd in ["{}", "[]", "null", "7", r#"{"choices":[{"delta":{"content":7}}],"candidates":7,"delta":[]}"#] {
                let mut heard = Heard::default();
                assert_eq!(hear(*wire, odd, &mut heard), Ok(()), "{odd}");
                assert_eq!((heard.text.as_str(), heard.ended), ("", None));
            }
            assert_eq!(hear(*wire, "{", &mut Heard::default()), Err(Fault::NotAModel));
            let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
            assert_eq!(hear(*wire, error, &mut Heard::default()), Err(Fault::Busy { after_s: None }));
        }
        let mut heard = Heard::default();
        let many = r#"{"choices":[],"usage":{"prompt_tokens":18446744073709551615}}"#;
        hear(Wire::OpenAi, many, &mut heard).unwrap();
        assert_eq!(heard.input, Some(BELIEVED));
    }
}
