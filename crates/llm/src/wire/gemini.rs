//! Content, as Google's Gemini generates it. Source: Google, "Generating content" (`models.streamGenerateContent`, with `alt=sse`), "Function
//! calling", "Image understanding" and "Thought signatures"; "Embeddings" (`models.batchEmbedContents`).

use super::embedding::numbers;
use super::{Asked, Heard, Made, Speaks, Spoken, arguments_of, name_of, tokens};
use crate::Image;
use crate::ask::{Round, Speaker, Tool, ToolCall};
use crate::embed::Meant;
use crate::models::Link;
use model::llm::Ended;
use serde_json::{Value, json};

pub(super) struct Gemini;

/// How many numbers are asked for of a text: those of the newer models are made to be cut off there. (Google names 768, 1536 and 3072.)
const NUMBERS: u32 = 768;

/// How many tokens a model may think that does: as many as each of them takes for a bound.
const THOUGHT: u32 = 1_024;

/// A model as it stands in paths.
fn resource(name: &str) -> String {
    let folder = if name.contains('/') { "" } else { "models/" };
    format!("{folder}{name}")
}

/// Its headers.
fn headers(link: &Link) -> Vec<(&'static str, String)> {
    link.key.as_ref().map(|key| ("x-goog-api-key", key.text().to_owned())).into_iter().collect()
}

fn tool(tool: &Tool) -> Value {
    json!({ "name": tool.name, "description": tool.description, "parametersJsonSchema": tool.parameters })
}

/// A picture, which stands before its words.
fn image_part(image: &Image) -> Value {
    json!({ "inlineData": { "mimeType": image.kind(), "data": image.base64() } })
}

/// What stands in the place of a signature where the call is another provider's. (Google, "Thought signatures".)
const UNSIGNED: &str = "skip_thought_signature_validator";

/// Whether a model takes no calls without signatures: from the third generation on.
fn signs(name: &str) -> bool {
    !["gemini-1", "gemini-2", "gemma"].iter().any(|older| name.contains(older))
}

fn call(call: &ToolCall, unsigned: bool) -> Value {
    let mut part = json!({ "functionCall": { "name": name_of(call), "args": arguments_of(call) } });
    // Newer models refuse a call that comes back without it.
    if !call.thought.is_empty() {
        part["thoughtSignature"] = call.thought.as_str().into();
    } else if unsigned {
        part["thoughtSignature"] = UNSIGNED.into();
    }
    part
}

fn told((call, told): &(ToolCall, String)) -> Value {
    let told =
        serde_json::from_str::<Value>(told).ok().filter(Value::is_object).unwrap_or_else(|| json!({ "result": told }));
    json!({ "functionResponse": { "name": name_of(call), "response": told } })
}

/// What was called, and what each call was told: in the same order, by which the provider knows them. Of calls at once the first one is signed.
fn round(name: &str, round: &Round) -> [Value; 2] {
    let said = Some(&round.text).filter(|text| !text.trim().is_empty()).map(|text| json!({ "text": text }));
    let calls = round.calls.iter().enumerate().map(|(at, (one, _))| call(one, at == 0 && signs(name)));
    [
        json!({ "role": "model", "parts": said.into_iter().chain(calls).collect::<Vec<_>>() }),
        json!({ "role": "user", "parts": round.calls.iter().map(told).collect::<Vec<_>>() }),
    ]
}

impl Speaks for Gemini {
    fn put(&self, link: &Link, asked: &Asked<'_>) -> Spoken {
        let turns = asked.turns.iter().map(|(who, said, images)| {
            let role = match who {
                Speaker::Contact => "user",
                Speaker::Assistant => "model",
            };
            let images = images.iter().map(|image| image_part(image));
            json!({ "role": role, "parts": images.chain([json!({ "text": said })]).collect::<Vec<_>>() })
        });
        let mut body = json!({
            "contents": turns.chain(asked.rounds.iter().flat_map(|one| round(&link.name, one))).collect::<Vec<_>>(),
            "generationConfig": { "maxOutputTokens": link.most(asked) },
        });
        if link.thinks.first {
            body["generationConfig"]["thinkingConfig"] = json!({ "thinkingBudget": THOUGHT });
        }
        if !asked.system.is_empty() {
            body["systemInstruction"] = json!({ "parts": [{ "text": asked.system }] });
        }
        if !asked.tools.is_empty() {
            body["tools"] = json!([{ "functionDeclarations": asked.tools.iter().map(tool).collect::<Vec<_>>() }]);
            if asked.closed {
                body["toolConfig"] = json!({ "functionCallingConfig": { "mode": "NONE" } });
            }
        }
        let path = format!("/{}:streamGenerateContent?alt=sse", resource(&link.name));
        Spoken { path, headers: headers(link), body }
    }

    fn embed(&self, link: &Link, texts: &[String], meant: Meant) -> Option<Spoken> {
        let model = resource(&link.name);
        let one = |text: &String| {
            let mut one = json!({ "model": model, "content": { "parts": [{ "text": text }] } });
            if link.name.contains("gemini-embedding") {
                one["outputDimensionality"] = NUMBERS.into();
            }
            // The second one is told in its text instead (`embedding::BEFORE`).
            if link.name.contains("gemini-embedding-001") || link.name.contains("text-embedding") {
                one["taskType"] = match meant {
                    Meant::Question => "RETRIEVAL_QUERY".into(),
                    Meant::Passage => "RETRIEVAL_DOCUMENT".into(),
                };
            }
            one
        };
        let body = json!({ "requests": texts.iter().map(one).collect::<Vec<_>>() });
        Some(Spoken { path: format!("/{model}:batchEmbedContents"), headers: headers(link), body })
    }

    fn made(&self, told: &Value) -> Made {
        let all = told["embeddings"].as_array();
        let vectors = all.into_iter().flatten().map(|one| numbers(&one["values"])).collect();
        Made { vectors, input: tokens(&told["usageMetadata"], "promptTokenCount") }
    }

    fn hear(&self, event: &Value, heard: &mut Heard) {
        let candidate = &event["candidates"][0];
        let parts = candidate["content"]["parts"].as_array();
        for part in parts.into_iter().flatten() {
            if part["thought"] == true {
                heard.think(part["text"].as_str().unwrap_or_default());
                continue;
            }
            heard.text.push_str(part["text"].as_str().unwrap_or_default());
            let called = &part["functionCall"];
            if called.is_object() {
                // Each comes whole.
                let call = heard.call(heard.calls.len() as u64, called["id"].as_str().unwrap_or_default());
                called["name"].as_str().unwrap_or_default().clone_into(&mut call.name);
                call.arguments = if called["args"].is_object() { called["args"].to_string() } else { String::new() };
                part["thoughtSignature"].as_str().unwrap_or_default().clone_into(&mut call.thought);
            }
        }
        match candidate["finishReason"].as_str() {
            // A call that it has written wrongly is held back by nobody: it says nothing.
            Some(
                "STOP"
                | "FINISH_REASON_UNSPECIFIED"
                | "MALFORMED_FUNCTION_CALL"
                | "UNEXPECTED_TOOL_CALL"
                | "TOO_MANY_TOOL_CALLS",
            ) => heard.ended = Some(Ended::Stop),
            Some("MAX_TOKENS") => heard.ended = Some(Ended::Length),
            Some(_) => heard.ended = Some(Ended::Filtered),
            None if event["promptFeedback"]["blockReason"].is_string() => heard.ended = Some(Ended::Filtered),
            None => {}
        }
        let used = &event["usageMetadata"];
        heard.input = tokens(used, "promptTokenCount").or(heard.input);
        heard.cached = tokens(used, "cachedContentTokenCount").unwrap_or(heard.cached);
        // Either may be missing where it is none.
        let (said, thought) = (tokens(used, "candidatesTokenCount"), tokens(used, "thoughtsTokenCount"));
        heard.thinks |= thought.is_some_and(|tokens| tokens > 0);
        if said.or(thought).is_some() {
            heard.output = Some(said.unwrap_or_default() + thought.unwrap_or_default());
        }
    }
}
