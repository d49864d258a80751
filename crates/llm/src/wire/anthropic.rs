//! Messages, as Anthropic speaks them. Source: Anthropic, "Messages", "Streaming messages", "Tool use", "Vision" and
//! "Prompt caching".

use super::{Asked, Heard, Made, Speaks, Spoken, arguments_of, called, name_of, tokens};
use crate::Image;
use crate::ask::{Round, Speaker, Tool};
use crate::embed::Meant;
use crate::models::Link;
use model::llm::Ended;
use serde_json::{Value, json};

/// The version of the wire that is spoken here.
const VERSION: &str = "2023-06-01";

pub(super) struct Anthropic;

/// Marks the end of what is to be remembered for five minutes: what is the same in each question. Below a length of the provider's (1,024
/// tokens and more, by model) it remembers nothing, and takes nothing for it.
fn remembered(mut block: Value) -> Value {
    block["cache_control"] = json!({ "type": "ephemeral" });
    block
}

fn tool(tool: &Tool) -> Value {
    json!({ "name": tool.name, "description": tool.description, "input_schema": tool.parameters })
}

/// What was said: pictures before their words, as they are understood best.
fn content(said: &str, images: &[&Image]) -> Value {
    let image = |image: &&Image| {
        let source = json!({ "type": "base64", "media_type": image.kind(), "data": image.base64() });
        json!({ "type": "image", "source": source })
    };
    match images {
        [] => said.into(),
        images => images.iter().map(image).chain([json!({ "type": "text", "text": said })]).collect(),
    }
}

/// What was called, and what each call was told.
fn round((at, round): (usize, &Round)) -> [Value; 2] {
    let said = Some(&round.text).filter(|text| !text.trim().is_empty());
    let said = said.map(|text| json!({ "type": "text", "text": text }));
    let calls = round.calls.iter().enumerate().map(|(n, (call, _))| {
        json!({ "type": "tool_use", "id": called(at, n), "name": name_of(call), "input": arguments_of(call) })
    });
    let told = round.calls.iter().enumerate();
    let told =
        told.map(|(n, (_, told))| json!({ "type": "tool_result", "tool_use_id": called(at, n), "content": told }));
    [
        json!({ "role": "assistant", "content": said.into_iter().chain(calls).collect::<Vec<_>>() }),
        json!({ "role": "user", "content": told.collect::<Vec<_>>() }),
    ]
}

/// How an answer ended, if that is said.
fn ended(reason: &Value) -> Option<Ended> {
    reason.as_str().map(|reason| match reason {
        "max_tokens" | "model_context_window_exceeded" => Ended::Length,
        "refusal" => Ended::Filtered,
        _ => Ended::Stop,
    })
}

impl Speaks for Anthropic {
    fn put(&self, link: &Link, asked: &Asked<'_>) -> Spoken {
        let turns = asked.turns.iter().map(|(who, said, images)| {
            let role = match who {
                Speaker::Contact => "user",
                Speaker::Assistant => "assistant",
            };
            json!({ "role": role, "content": content(said, images) })
        });
        let rounds = asked.rounds.iter().enumerate().flat_map(round);
        let mut body = json!({
            "model": link.name,
            "messages": turns.chain(rounds).collect::<Vec<_>>(),
            "max_tokens": link.most(asked),
            "stream": true,
        });
        if !asked.system.is_empty() {
            body["system"] = json!([remembered(json!({ "type": "text", "text": asked.system }))]);
        }
        if let Some((last, others)) = asked.tools.split_last() {
            body["tools"] = others.iter().map(tool).chain([remembered(tool(last))]).collect();
            if asked.closed {
                body["tool_choice"] = json!({ "type": "none" });
            }
        }
        let mut headers = vec![("anthropic-version", VERSION.to_owned())];
        headers.extend(link.key.as_ref().map(|key| ("x-api-key", key.text().to_owned())));
        Spoken { path: "/messages".to_owned(), headers, body }
    }

    /// It has no such models. (Anthropic, "Embeddings": "Anthropic does not offer its own embedding model.")
    fn embed(&self, _: &Link, _: &[String], _: Meant) -> Option<Spoken> {
        None
    }

    fn made(&self, _: &Value) -> Made {
        Made::default()
    }

    fn hear(&self, event: &Value, heard: &mut Heard) {
        match event["type"].as_str() {
            // The second is all of it, where events were asked for and none come.
            Some(kind @ ("message_start" | "message")) => {
                let message = if kind == "message" { event } else { &event["message"] };
                let used = &message["usage"];
                heard.cached = tokens(used, "cache_read_input_tokens").unwrap_or_default();
                heard.written = tokens(used, "cache_creation_input_tokens").unwrap_or_default();
                // What it remembers, from before or from now on, it does not count as input.
                let remembered = heard.cached + heard.written;
                heard.input = tokens(used, "input_tokens").map(|input| input + remembered);
                heard.output = tokens(used, "output_tokens");
                heard.ended = ended(&message["stop_reason"]);
            }
            Some("content_block_start") if event["content_block"]["type"] == "tool_use" => {
                let (place, block) = (event["index"].as_u64().unwrap_or_default(), &event["content_block"]);
                let call = heard.call(place, block["id"].as_str().unwrap_or_default());
                block["name"].as_str().unwrap_or_default().clone_into(&mut call.name);
            }
            // Of newer models nothing is seen of what they think but that they do.
            Some("content_block_start")
                if matches!(event["content_block"]["type"].as_str(), Some("thinking" | "redacted_thinking")) =>
            {
                heard.thinks = true;
            }
            Some("content_block_delta") => {
                if let Some(words) = event["delta"]["text"].as_str() {
                    heard.text.push_str(words);
                }
                heard.think(event["delta"]["thinking"].as_str().unwrap_or_default());
                if let Some(more) = event["delta"]["partial_json"].as_str() {
                    let place = event["index"].as_u64().unwrap_or_default();
                    heard.call(place, "").arguments.push_str(more);
                }
            }
            Some("message_delta") => {
                heard.ended = ended(&event["delta"]["stop_reason"]).or(heard.ended);
                heard.output = tokens(&event["usage"], "output_tokens").or(heard.output);
            }
            Some("message_stop") => heard.over = true,
            _ => {}
        }
    }
}
