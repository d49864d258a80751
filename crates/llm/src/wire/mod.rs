//! The wires: how a question is put to a provider, and what the events of its answer mean; how texts are, of which a search wants vectors. What
//! all have in common is here.

mod anthropic;
mod embedding;
mod events;
mod gemini;
mod openai;

pub(crate) use embedding::{Made, embed, made};
pub(crate) use events::Events;

use crate::ask::{Ask, Round, Speaker, Tool, ToolCall};
use crate::call::Came;
use crate::embed::Meant;
use crate::models::{Key, Link};
use crate::usage::estimate;
use crate::{Image, LlmError, MOST_IMAGES, fault};
use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use model::ConversationId;
use model::llm::{Ended, Fault, Wire};
use serde_json::{Map, Value};
use words::text;

/// Most bytes of a question with all that goes before it.
const MOST_ASKED: usize = 400_000;
/// Most tokens of an answer.
const MOST_TOKENS: u32 = 16_384;
/// What a turn costs beside its words, in tokens.
const AROUND: u64 = 16;
/// More tokens than any answer has: what a server says above that is not so.
const BELIEVED: u64 = 10_000_000;
/// Most calls of tools in one answer.
pub const MOST_CALLS: usize = 8;
/// Most bytes of them together: names, arguments, and what the provider wants back.
pub const MOST_CALLED: usize = 64 * 1024;
/// Most characters of a tool's name, wherever it comes from.
const MOST_NAME: usize = 64;

/// A question, as every provider takes it: what one has said after another is one turn, and the contact begins.
pub(crate) struct Asked<'a> {
    pub system: &'a str,
    pub turns: Vec<(Speaker, String, Vec<&'a Image>)>,
    pub tools: &'a [Tool],
    /// What was called since, and told.
    pub rounds: &'a [Round],
    /// Whether nothing more may be called.
    pub closed: bool,
    pub most: u32,
    pub conversation: Option<ConversationId>,
}

/// What of an answer has been heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Its words.
    pub text: String,
    /// What it calls, each with the place by which its provider tells the pieces apart.
    pub calls: Vec<(u64, ToolCall)>,
    /// How it ended, once that was said.
    pub ended: Option<Ended>,
    /// Whether nothing follows.
    pub over: bool,
    /// Tokens, as far as that was said.
    pub input: Option<u64>,
    pub cached: u64,
    /// Of the input, those that the provider writes down to remember them.
    pub written: u64,
    pub output: Option<u64>,
    /// Whether it has thought before it said anything, and the bytes of that, as far as they were told.
    pub thinks: bool,
    pub thought: usize,
    mind: Mind,
    /// What may be the beginning of a mark, or of another.
    held: String,
}

/// Where in an answer it is: some servers leave what a model thinks in its words, between two marks at their beginning.
#[derive(Debug, Default)]
enum Mind {
    #[default]
    Begins,
    Thinks,
    Speaks,
}

/// The marks.
const THINKS: &str = "<think>";
const HAS_THOUGHT: &str = "</think>";

impl Heard {
    /// The call that a piece belongs to. Another place, or another id, begins another one.
    fn call(&mut self, place: u64, id: &str) -> &mut ToolCall {
        let same =
            |(at, call): &(u64, ToolCall)| *at == place && (id.is_empty() || call.id.is_empty() || call.id == id);
        let found = self.calls.iter().rposition(same).unwrap_or_else(|| {
            self.calls.push((place, ToolCall::default()));
            self.calls.len() - 1
        });
        let call = &mut self.calls[found].1;
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        call
    }

    /// The calls.
    pub(crate) fn take_calls(&mut self) -> Vec<ToolCall> {
        std::mem::take(&mut self.calls).into_iter().map(|(_, call)| call).collect()
    }

    fn called(&self) -> usize {
        let bytes =
            |(_, call): &(u64, ToolCall)| call.id.len() + call.name.len() + call.arguments.len() + call.thought.len();
        self.calls.iter().map(bytes).sum()
    }

    /// Whether more is called than may be.
    pub(crate) fn calls_too_much(&self) -> bool {
        self.calls.len() > MOST_CALLS || self.called() > MOST_CALLED
    }

    /// Leaves so many bytes of the text at most; says whether there were more.
    pub(crate) fn cut(&mut self, most: usize) -> bool {
        let over = self.text.len() > most;
        self.text.truncate(self.text.floor_char_boundary(most));
        over
    }

    /// Bytes of all that was said, called and thought.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len() + self.called() + self.thought
    }

    /// Takes what it thought: it is not told.
    fn think(&mut self, thought: &str) {
        self.thinks |= !thought.is_empty();
        self.thought += thought.len();
    }

    /// Takes words of the answer, and leaves what stands between the marks.
    fn say(&mut self, words: &str) {
        if matches!(self.mind, Mind::Speaks) {
            self.text.push_str(words);
            return;
        }
        self.held.push_str(words);
        loop {
            let mut held = std::mem::take(&mut self.held);
            match self.mind {
                Mind::Begins => {
                    let begins = held.trim_start();
                    if let Some(rest) = begins.strip_prefix(THINKS) {
                        (self.mind, self.held) = (Mind::Thinks, rest.to_owned());
                        self.think(THINKS);
                    } else if THINKS.starts_with(begins) {
                        self.held = held;
                        return;
                    } else {
                        self.mind = Mind::Speaks;
                        self.text.push_str(begins);
                        return;
                    }
                }
                Mind::Thinks => match held.split_once(HAS_THOUGHT) {
                    Some((thought, rest)) => {
                        self.think(thought);
                        (self.mind, self.held) = (Mind::Begins, rest.to_owned());
                    }
                    None => {
                        let whole = (held.len() + 1).saturating_sub(HAS_THOUGHT.len());
                        self.held = held.split_off(held.floor_char_boundary(whole));
                        self.think(&held);
                        return;
                    }
                },
                Mind::Speaks => return,
            }
        }
    }
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

    /// Texts of which vectors are wanted; nothing, where the provider makes none.
    fn embed(&self, link: &Link, texts: &[String], meant: Meant) -> Option<Spoken>;

    /// The vectors of an answer that is no error, in the order of the texts, as far as they are there.
    fn made(&self, told: &Value) -> Made;
}

fn of(wire: Wire) -> &'static dyn Speaks {
    match wire {
        Wire::OpenAi => &openai::OpenAi,
        Wire::Anthropic => &anthropic::Anthropic,
        Wire::Gemini => &gemini::Gemini,
    }
}

impl<'a> Asked<'a> {
    /// Texts that nothing is answered to.
    pub(crate) fn texts(texts: &[String]) -> Self {
        let turns = texts.iter().map(|text| (Speaker::Contact, text.clone(), Vec::new())).collect();
        Self { system: "", turns, tools: &[], rounds: &[], closed: true, most: 0, conversation: None }
    }

    /// As it is asked.
    ///
    /// # Errors
    /// [`LlmError::Invalid`] (field `turns`) for one that asks nothing, or more than is asked at once.
    pub(crate) fn of(ask: &Ask<'a>) -> Result<Self, LlmError> {
        let mut turns: Vec<(Speaker, String, Vec<&'a Image>)> = Vec::new();
        for turn in ask.turns.iter().filter(|turn| !turn.text.trim().is_empty()) {
            match turns.last_mut() {
                Some((who, said, images)) if *who == turn.who => {
                    said.push_str("\n\n");
                    said.push_str(&turn.text);
                    images.extend(&turn.images);
                }
                None if turn.who == Speaker::Assistant => {}
                _ => turns.push((turn.who, turn.text.clone(), turn.images.iter().collect())),
            }
        }
        if turns.last().is_none_or(|(who, ..)| *who != Speaker::Contact) {
            return Err(LlmError::field("turns", text!("Write something first.")));
        }
        let Ask { system, tools, rounds, closed, conversation, .. } = *ask;
        let asked = Self { system, turns, tools, rounds, closed, most: ask.most.clamp(1, MOST_TOKENS), conversation };
        if asked.parts().sum::<usize>() > MOST_ASKED || asked.images().count() > MOST_IMAGES {
            return Err(LlmError::field("turns", text!("This is more than a model is asked at once.")));
        }
        Ok(asked)
    }

    /// The bytes of what stands before all that was said.
    fn head(&self) -> impl Iterator<Item = usize> {
        let tool = |tool: &Tool| tool.name.len() + tool.description.len() + tool.parameters.to_string().len();
        self.tools.iter().map(tool).chain([self.system.len()])
    }

    /// The bytes of each part of it.
    fn parts(&self) -> impl Iterator<Item = usize> {
        let call = |(call, told): &(ToolCall, String)| {
            [call.name.len() + call.arguments.len() + call.thought.len(), told.len()]
        };
        let round = move |round: &'a Round| round.calls.iter().flat_map(call).chain([round.text.len()]);
        let said = self.turns.iter().map(|(_, said, _)| said.len());
        self.head().chain(said).chain(self.rounds.iter().flat_map(round))
    }

    /// The pictures that come with it.
    pub(crate) fn images(&self) -> impl Iterator<Item = &'a Image> {
        self.turns.iter().flat_map(|(.., images)| images.iter().copied())
    }

    /// As many tokens as it has at most, nearly.
    pub(crate) fn tokens(&self) -> u64 {
        let words: u64 = self.parts().map(|bytes| estimate(bytes) + AROUND).sum();
        words + self.images().map(Image::tokens).sum::<u64>()
    }
}

/// As many tokens as it costs more to have so many written down: a quarter. (Anthropic, "Prompt caching": a token that is written to be
/// remembered for five minutes costs 1.25 of one that is read.)
pub(crate) fn written(tokens: u64) -> u64 {
    tokens.div_ceil(4)
}

/// As many tokens as a question may be billed beside its own. OpenAI, Google, and most others remember by themselves, and take nothing for it.
pub(crate) fn beside(wire: Wire, asked: &Asked<'_>) -> u64 {
    match wire {
        Wire::Anthropic => written(asked.head().map(|bytes| estimate(bytes) + AROUND).sum()),
        Wire::OpenAi | Wire::Gemini => 0,
    }
}

/// What a call goes by when it is sent back: nine letters and digits, which every provider takes.
fn called(round: usize, call: usize) -> String {
    format!("call{round:02}{call:03}")
}

/// The name of a tool as it is sent back: what a model makes up may be none that its provider takes.
fn name_of(call: &ToolCall) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    let name: String = call.name.chars().take(MOST_NAME).map(fits).collect();
    if name.is_empty() { "_".to_owned() } else { name }
}

/// Its arguments as they are sent back: nothing, where the model has not written them well.
fn arguments_of(call: &ToolCall) -> Value {
    serde_json::from_str::<Map<String, Value>>(&call.arguments).unwrap_or_default().into()
}

/// The request that puts a question.
pub(crate) fn request(link: &Link, asked: &Asked<'_>) -> Result<Request<Vec<u8>>, Fault> {
    sent(link, of(link.wire).put(link, asked), "text/event-stream")
}

/// As it is sent, and what is wanted in return. Without a key that is kept it is not.
fn sent(link: &Link, spoken: Spoken, wanted: &'static str) -> Result<Request<Vec<u8>>, Fault> {
    if link.lost {
        return Err(Fault::Lost);
    }
    let mut request = Request::post(format!("{}{}", link.address, spoken.path))
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, wanted);
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

/// What an answer has used that came whole, where events were asked for: nothing else of it is heard. Where it does not say, all of it may be billed;
/// what is no answer costs nothing.
pub(crate) fn used(wire: Wire, body: &[u8]) -> (Came, Heard) {
    let told = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let mut heard = Heard::default();
    // Gemini's comes in a list.
    for part in told.as_array().map_or(std::slice::from_ref(&told), Vec::as_slice) {
        of(wire).hear(part, &mut heard);
    }
    let came = match heard.output {
        Some(_) => Came::Begun,
        None if heard.ended.is_some() => Came::Sent,
        None => Came::Nothing,
    };
    (came, Heard { text: String::new(), calls: Vec::new(), ..heard })
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
    use crate::thinking::Thinking;
    use serde_json::json;

    fn turn(who: Speaker, text: &str) -> Turn {
        Turn::said(who, text)
    }

    fn asked(turns: &[Turn]) -> Result<Asked<'_>, LlmError> {
        let within = std::time::Duration::from_secs(1);
        Asked::of(&Ask { system: "Be brief.", turns, most: 100, within, ..Ask::default() })
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
        let said: Vec<_> = one.turns.iter().map(|(who, said, _)| (*who, said.as_str())).collect();
        assert_eq!(said, [(Contact, "Hello.\n\nDo you ship?"), (Assistant, "Where to?"), (Contact, "Norway")]);
        assert!(asked(&turns[..4]).is_err() && asked(&turns[..1]).is_err() && asked(&[]).is_err());
        assert!(asked(&[turn(Contact, &"x".repeat(MOST_ASKED))]).is_err());
    }

    #[test]
    fn each_wire_says_it_in_its_own_way() {
        let turns = [turn(Speaker::Contact, "Hi"), turn(Speaker::Assistant, "Hi!"), turn(Speaker::Contact, "Ship?")];
        let asked = asked(&turns).unwrap();
        let put = |wire, address: &str, name: &str| {
            let request = request(&Link::at(wire, address, name), &asked).unwrap();
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
        let system = json!([{ "type": "text", "text": "Be brief.", "cache_control": { "type": "ephemeral" } }]);
        assert_eq!((&body["system"], &body["messages"][1]["role"]), (&system, &json!("assistant")));

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
    fn each_wire_is_offered_tools_and_told_what_came_of_them() {
        let turns = [turn(Speaker::Contact, "Where is 7?")];
        let parameters = json!({ "type": "object", "properties": { "order": { "type": "string" } } });
        let tool =
            |name: &str| Tool { name: name.into(), description: "Looks.".into(), parameters: parameters.clone() };
        let call = |name: &str, arguments: &str, thought: &str| ToolCall {
            id: "odd id!".into(),
            name: name.into(),
            arguments: arguments.into(),
            thought: thought.into(),
        };
        let sent = (call("order", r#"{"order":"7"}"#, "t1"), r#"{"status":"sent"}"#.to_owned());
        let odd = (call("rm -rf /", r#"{"order":"#, ""), r#"{"error":"There is no such tool."}"#.to_owned());
        let rounds = [Round { text: "I look.".into(), calls: vec![sent, odd] }];
        let tools = [tool("order"), tool("stock")];
        let put = |wire: Wire, closed| {
            let within = std::time::Duration::from_secs(1);
            let ask = Ask {
                system: "Be brief.",
                turns: &turns,
                tools: &tools,
                rounds: &rounds,
                closed,
                most: 9,
                within,
                ..Ask::default()
            };
            let asked = Asked::of(&ask).unwrap();
            // What is offered and told counts.
            assert!(asked.tokens() > Asked::of(&Ask { tools: &[], rounds: &[], ..ask }).unwrap().tokens() + 60);
            let request = request(&Link::at(wire, wire.address(), "small"), &asked).unwrap();
            serde_json::from_slice::<Value>(request.body()).unwrap()
        };
        let body = put(Wire::OpenAi, true);
        assert_eq!(body["tools"][1]["function"]["name"], "stock");
        assert_eq!((&body["tools"][0]["function"]["parameters"], &body["tool_choice"]), (&parameters, &json!("none")));
        let [called, told] = [&body["messages"][2], &body["messages"][4]];
        assert_eq!(called["tool_calls"][0]["function"], json!({ "name": "order", "arguments": r#"{"order":"7"}"# }));
        assert_eq!(called["tool_calls"][1]["function"], json!({ "name": "rm_-rf__", "arguments": "{}" }));
        assert_eq!((&called["tool_calls"][1]["id"], &told["tool_call_id"]), (&json!("call00001"), &json!("call00001")));
        assert_eq!((&called["content"], &told["role"]), (&json!("I look."), &json!("tool")));
        assert_eq!(put(Wire::OpenAi, false)["tool_choice"], Value::Null);

        let body = put(Wire::Anthropic, true);
        let marked = json!({ "type": "ephemeral" });
        assert_eq!((&body["tools"][0]["cache_control"], &body["tools"][1]["cache_control"]), (&Value::Null, &marked));
        assert_eq!((&body["tools"][0]["input_schema"], &body["tool_choice"]["type"]), (&parameters, &json!("none")));
        let called = &body["messages"][1]["content"];
        assert_eq!((&called[0]["text"], &called[1]["input"]["order"]), (&json!("I look."), &json!("7")));
        let told = &body["messages"][2]["content"];
        assert_eq!((&told[1]["type"], &told[1]["tool_use_id"]), (&json!("tool_result"), &called[2]["id"]));
        assert_eq!(told[0]["content"], r#"{"status":"sent"}"#);

        let body = put(Wire::Gemini, true);
        assert_eq!(body["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"], parameters);
        assert_eq!(body["toolConfig"]["functionCallingConfig"]["mode"], "NONE");
        let called = &body["contents"][1]["parts"];
        assert_eq!((&called[1]["thoughtSignature"], &called[2]["thoughtSignature"]), (&json!("t1"), &Value::Null));
        let told = &body["contents"][2]["parts"][0]["functionResponse"];
        assert_eq!((&told["name"], &told["response"]["status"]), (&json!("order"), &json!("sent")));
        // A call that another provider's model has begun: newer models take the first one of a round with this.
        let other = [Round {
            text: String::new(),
            calls: vec![(call("order", "{}", ""), "{}".to_owned()), (call("stock", "{}", ""), "{}".to_owned())],
        }];
        for (name, signed) in
            [("gemini-3-pro", json!("skip_thought_signature_validator")), ("gemini-2.5-flash", Value::Null)]
        {
            let within = std::time::Duration::from_secs(1);
            let ask = Ask { turns: &turns, tools: &tools, rounds: &other, most: 9, within, ..Ask::default() };
            let link = Link::at(Wire::Gemini, Wire::Gemini.address(), name);
            let request = request(&link, &Asked::of(&ask).unwrap()).unwrap();
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            let parts = &body["contents"][1]["parts"];
            assert_eq!(
                (&parts[0]["thoughtSignature"], &parts[1]["thoughtSignature"]),
                (&signed, &Value::Null),
                "{name}"
            );
        }
    }

    /// What is heard of these events.
    fn heard(wire: Wire, events: &[Value]) -> Heard {
        let mut heard = Heard::default();
        for event in events {
            hear(wire, &event.to_string(), &mut heard).unwrap();
        }
        heard
    }

    #[test]
    fn calls_are_put_together_from_their_pieces() {
        let piece = |call: Value| json!({ "choices": [{ "delta": { "tool_calls": [call] } }] });
        let openai = [
            piece(json!({ "index": 0, "id": "a", "function": { "name": "order", "arguments": "" } })),
            piece(json!({ "index": 0, "function": { "arguments": "{\"or" } })),
            piece(json!({ "index": 1, "id": "b", "function": { "name": "stock", "arguments": "{}" } })),
            piece(json!({ "index": 0, "function": { "arguments": "der\":7}" } })),
            // Another server: each whole, and the same place for all.
            piece(json!({ "index": 0, "id": "c", "function": { "name": "order", "arguments": { "order": 8 } } })),
        ];
        let block = |place: u64, id: &str, name: &str| json!({ "type": "content_block_start", "index": place, "content_block": { "type": "tool_use", "id": id, "name": name, "input": {} } });
        let more = |place: u64, json: &str| json!({ "type": "content_block_delta", "index": place, "delta": { "type": "input_json_delta", "partial_json": json } });
        let anthropic = [
            block(1, "a", "order"),
            more(1, ""),
            more(1, "{\"or"),
            more(1, "der\":7}"),
            block(2, "b", "stock"),
            more(2, "{}"),
            block(3, "c", "order"),
            more(3, "{\"order\":8}"),
        ];
        let part = |part: Value| json!({ "candidates": [{ "content": { "parts": [part] } }] });
        let gemini = [
            part(
                json!({ "functionCall": { "id": "a", "name": "order", "args": { "order": 7 } }, "thoughtSignature": "t" }),
            ),
            part(json!({ "functionCall": { "id": "b", "name": "stock", "args": {} } })),
            part(json!({ "functionCall": { "id": "c", "name": "order", "args": { "order": 8 } } })),
        ];
        for (wire, events) in [(Wire::OpenAi, &openai[..]), (Wire::Anthropic, &anthropic), (Wire::Gemini, &gemini)] {
            let mut heard = heard(wire, events);
            assert!(!heard.calls_too_much() && heard.bytes() > 30, "{wire:?}");
            let calls = heard.take_calls();
            let calls: Vec<_> =
                calls.iter().map(|call| (call.id.as_str(), call.name.as_str(), call.arguments.as_str())).collect();
            let all = [("a", "order", r#"{"order":7}"#), ("b", "stock", "{}"), ("c", "order", r#"{"order":8}"#)];
            assert_eq!(calls, all, "{wire:?}");
        }
        assert_eq!(heard(Wire::Gemini, &gemini).take_calls()[0].thought, "t");
        // More than may be, and longer than may be.
        let many: Vec<Value> = (0..=MOST_CALLS).map(|_| gemini[0].clone()).collect();
        assert!(heard(Wire::Gemini, &many).calls_too_much() && !heard(Wire::Gemini, &many[1..]).calls_too_much());
        let long = more(1, &"x".repeat(MOST_CALLED));
        assert!(heard(Wire::Anthropic, &[block(1, "a", "order"), long]).calls_too_much());
    }

    #[test]
    fn what_stands_between_marks_was_thought() {
        let said = |pieces: &[&str]| {
            let mut heard = Heard::default();
            pieces.iter().for_each(|piece| heard.say(piece));
            (heard.text, heard.thinks)
        };
        let whole = "\n<think>\nIs 2 < 3? Ø.\n</think>\n\nYes, <think> is a word.";
        let spoken = ("Yes, <think> is a word.".to_owned(), true);
        assert_eq!(said(&[whole]), spoken);
        let letters: Vec<String> = whole.chars().map(String::from).collect();
        assert_eq!(said(&letters.iter().map(String::as_str).collect::<Vec<_>>()), spoken);
        assert_eq!(said(&["<think></think>", "", " Yes."]), ("Yes.".to_owned(), true));
        assert_eq!(said(&["<think>Hm", "."]), (String::new(), true));
        assert_eq!(said(&["<", "thin", "gs> first"]), ("<things> first".to_owned(), false));
    }

    #[test]
    fn what_is_thought_counts_as_said() {
        let thought = json!({ "candidates": [], "usageMetadata": { "promptTokenCount": 9, "thoughtsTokenCount": 70 } });
        let gemini = heard(Wire::Gemini, &[thought]);
        assert_eq!((gemini.output, gemini.thinks, gemini.text.as_str()), (Some(70), true, ""));
        let used = json!({ "completion_tokens": 70, "completion_tokens_details": { "reasoning_tokens": 70 } });
        let openai = heard(Wire::OpenAi, &[json!({ "choices": [], "usage": used })]);
        assert_eq!((openai.output, openai.thinks), (Some(70), true));
        // Of newer ones of Anthropic's nothing comes of it but that they do.
        let block = json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "thinking", "thinking": "" } });
        assert!(heard(Wire::Anthropic, &[block]).thinks);
        // As far as nobody says how much it was.
        let aloud = json!({ "choices": [{ "delta": { "reasoning": "Hm. So it is." } }] });
        assert_eq!(heard(Wire::OpenAi, &[aloud]).bytes(), 13);
    }

    #[test]
    fn who_thinks_is_told_to_think_less_where_that_is_understood() {
        let turns = [turn(Speaker::Contact, "Hi")];
        let asked = asked(&turns).unwrap();
        let put = |wire: Wire, address: &str, first| {
            let thinks = Thinking { first, ..Thinking::default() };
            let request = request(&Link { thinks, ..Link::at(wire, address, "small") }, &asked).unwrap();
            serde_json::from_slice::<Value>(request.body()).unwrap()
        };
        let (own, room) = ("http://localhost:11434/v1", 100 + crate::thinking::ROOM);
        let body = put(Wire::OpenAi, Wire::OpenAi.address(), true);
        assert_eq!((&body["max_completion_tokens"], &body["reasoning_effort"]), (&json!(room), &json!("low")));
        let body = put(Wire::OpenAi, own, true);
        assert_eq!((&body["max_tokens"], &body["reasoning_effort"]), (&json!(room), &Value::Null));
        assert_eq!(put(Wire::OpenAi, Wire::OpenAi.address(), false)["reasoning_effort"], Value::Null);
        // One that takes tools only so is told not to think where tools are offered, and only there.
        let tools = [Tool { name: "order".to_owned(), description: String::new(), parameters: json!({}) }];
        let thinks = Thinking { first: true, not_with_tools: true };
        for (tools, effort) in [(&tools[..], "none"), (&[], "low")] {
            let within = std::time::Duration::from_secs(1);
            let asked = Asked::of(&Ask { turns: &turns, tools, most: 9, within, ..Ask::default() }).unwrap();
            let link = Link { thinks, ..Link::at(Wire::OpenAi, Wire::OpenAi.address(), "small") };
            let body: Value = serde_json::from_slice(request(&link, &asked).unwrap().body()).unwrap();
            assert_eq!(body["reasoning_effort"], effort);
        }
        assert_eq!(put(Wire::Anthropic, Wire::Anthropic.address(), true)["max_tokens"], json!(room));
        let body = put(Wire::Gemini, Wire::Gemini.address(), true);
        let config = json!({ "maxOutputTokens": room, "thinkingConfig": { "thinkingBudget": 1_024 } });
        assert_eq!(body["generationConfig"], config);
        assert_eq!(
            put(Wire::Gemini, Wire::Gemini.address(), false)["generationConfig"],
            json!({ "maxOutputTokens": 100 })
        );
    }

    #[test]
    fn what_is_written_down_to_be_remembered_is_known() {
        let used = json!({ "input_tokens": 5, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 100 });
        let heard = heard(Wire::Anthropic, &[json!({ "type": "message_start", "message": { "usage": used } })]);
        assert_eq!((heard.input, heard.cached, heard.written), (Some(112), 7, 100));
        assert_eq!((written(100), written(1), written(0)), (25, 1, 0));
        let turns = [turn(Speaker::Contact, "Hello.")];
        let asked = asked(&turns).unwrap();
        assert!(beside(Wire::Anthropic, &asked) > 0 && beside(Wire::OpenAi, &asked) == 0);
    }

    #[test]
    fn of_an_answer_that_comes_whole_what_it_has_used_is_known() {
        let openai = json!({
            "choices": [{ "message": { "content": "Soup." }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": { "cached_tokens": 4 } },
        });
        let anthropic = json!({
            "type": "message",
            "content": [{ "type": "text", "text": "Soup." }],
            "stop_reason": "end_turn",
            "usage": { "input_tokens": 5, "cache_read_input_tokens": 4, "output_tokens": 2 },
        });
        let part = json!({ "candidates": [{ "content": { "parts": [{ "text": "Soup." }] }, "finishReason": "STOP" }] });
        let mut gemini = part.clone();
        gemini["usageMetadata"] =
            json!({ "promptTokenCount": 9, "candidatesTokenCount": 2, "cachedContentTokenCount": 4 });
        for (wire, whole) in [
            (Wire::OpenAi, openai),
            (Wire::Anthropic, anthropic),
            (Wire::Gemini, gemini.clone()),
            (Wire::Gemini, json!([part, gemini])),
        ] {
            let (came, heard) = used(wire, whole.to_string().as_bytes());
            assert_eq!((came, heard.input, heard.output, heard.cached), (Came::Begun, Some(9), Some(2), 4), "{whole}");
            assert!(heard.text.is_empty() && heard.calls.is_empty(), "{whole}");
        }
        for (wire, silent) in [
            (Wire::OpenAi, json!({ "choices": [{ "message": { "content": "Soup." }, "finish_reason": "stop" }] })),
            (Wire::Anthropic, json!({ "type": "message", "content": [], "stop_reason": "end_turn" })),
            (Wire::Gemini, part),
        ] {
            assert_eq!(used(wire, silent.to_string().as_bytes()).0, Came::Sent, "{silent}");
        }
        for wire in Wire::ALL {
            for none in ["", "{", "[]", "{}", r#"{"error":{"message":"Overloaded"}}"#, r#"{"status":"ok"}"#] {
                assert_eq!(used(*wire, none.as_bytes()).0, Came::Nothing, "{none}");
            }
        }
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
