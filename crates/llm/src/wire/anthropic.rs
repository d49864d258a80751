//! Messages, as Anthropic speaks them. Source: Anthropic, "Messages" and "Streaming messages".

use super::{Asked, Heard, Speaks, Spoken, tokens};
use crate::ask::Speaker;
use crate::models::Link;
use model::llm::Ended;
use serde_json::{Value, json};

/// The version of the wire that is spoken here.
const VERSION: &str = "2023-06-01";

pub(super) struct Anthropic;

impl Speaks for Anthropic {
    fn put(&self, link: &Link, asked: &Asked<'_>) -> Spoken {
        let turns = asked.turns.iter().map(|(who, said)| {
            let role = match who {
                Speaker::Contact => "user",
                Speaker::Assistant => "assistant",
            };
            json!({ "role": role, "content": said })
        });
        let mut body = json!({
            "model": link.name,
            "messages": turns.collect::<Vec<_>>(),
            "max_tokens": asked.most,
            "stream": true,
        });
        if !asked.system.is_empty() {
            body["system"] = asked.system.into();
        }
        let mut headers = vec![("anthropic-version", VERSION.to_owned())];
        headers.extend(link.key.as_ref().map(|key| ("x-api-key", key.text().to_owned())));
        Spoken { path: "/messages".to_owned(), headers, body }
    }

    fn hear(&self, event: &Value, heard: &mut Heard) {
        match event["type"].as_str() {
            Some("message_start") => {
                let used = &event["message"]["usage"];
                heard.cached = tokens(used, "cache_read_input_tokens").unwrap_or_default();
                // What it remembers, from before or from now on, it does not count as input.
                let remembered = heard.cached + tokens(used, "cache_creation_input_tokens").unwrap_or_default();
                heard.input = tokens(used, "input_tokens").map(|input| input + remembered);
                heard.output = tokens(used, "output_tokens");
            }
            Some("content_block_delta") => {
                if let Some(words) = event["delta"]["text"].as_str() {
                    heard.text.push_str(words);
                }
            }
            Some("message_delta") => {
                match event["delta"]["stop_reason"].as_str() {
                    Some("max_tokens" | "model_context_window_exceeded") => heard.ended = Some(Ended::Length),
                    Some("refusal") => heard.ended = Some(Ended::Filtered),
                    Some(_) => heard.ended = Some(Ended::Stop),
                    None => {}
                }
                heard.output = tokens(&event["usage"], "output_tokens").or(heard.output);
            }
            Some("message_stop") => heard.over = true,
            _ => {}
        }
    }
}
