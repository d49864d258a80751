//! Chat completions, as OpenAI speaks them, and most servers that people run themselves: Ollama (at `/v1`), vLLM, LM Studio, Azure (its
//! `/openai/v1`), and other providers. Source: OpenAI, "Create chat completion", "Streaming events", "Function calling",
//! "Images and vision" and "Create embeddings".

use super::embedding::{in_order, numbers};
use super::{Asked, Heard, Made, Speaks, Spoken, arguments_of, bearer, called, name_of, tokens};
use crate::Image;
use crate::ask::{Round, Speaker, Tool};
use crate::embed::Meant;
use crate::models::Link;
use http::Uri;
use model::llm::Ended;
use serde_json::{Value, json};

pub(super) struct OpenAi;

/// How many numbers are asked for of a text, of models that are made to be cut off (the third generation of OpenAI's): the larger one has more than
/// are kept. Others are not told: some refuse what they do not know.
const NUMBERS: u32 = 1_024;

/// Whether it knows the length of an answer by its newer name alone; others know the older one alone.
fn newer(address: &str) -> bool {
    let uri = address.parse::<Uri>().unwrap_or_default();
    let host = uri.host().unwrap_or_default();
    host == "api.openai.com" || host.ends_with(".azure.com")
}

fn tool(tool: &Tool) -> Value {
    let Tool { name, description, parameters } = tool;
    json!({ "type": "function", "function": { "name": name, "description": description, "parameters": parameters } })
}

/// What was said: as a text where that is all, which servers that know no parts take as well.
fn content(said: &str, images: &[&Image]) -> Value {
    let image = |image: &&Image| {
        let url = format!("data:{};base64,{}", image.kind().name(), image.base64());
        json!({ "type": "image_url", "image_url": { "url": url } })
    };
    match images {
        [] => said.into(),
        images => [json!({ "type": "text", "text": said })].into_iter().chain(images.iter().map(image)).collect(),
    }
}

/// What was called, and what each call was told.
fn round((at, round): (usize, &Round)) -> Vec<Value> {
    let calls = round.calls.iter().enumerate().map(|(n, (call, _))| {
        let function = json!({ "name": name_of(call), "arguments": arguments_of(call).to_string() });
        json!({ "id": called(at, n), "type": "function", "function": function })
    });
    let calls: Vec<Value> = calls.collect();
    let said = Some(&round.text).filter(|text| !text.trim().is_empty());
    let told = round.calls.iter().enumerate();
    let told = told.map(|(n, (_, told))| json!({ "role": "tool", "tool_call_id": called(at, n), "content": told }));
    [json!({ "role": "assistant", "content": said, "tool_calls": calls })].into_iter().chain(told).collect()
}

impl Speaks for OpenAi {
    fn put(&self, link: &Link, asked: &Asked<'_>) -> Spoken {
        let system = Some(asked.system).filter(|system| !system.is_empty());
        let system = system.map(|system| json!({ "role": "system", "content": system }));
        let turns = asked.turns.iter().map(|(who, said, images)| {
            let role = match who {
                Speaker::Contact => "user",
                Speaker::Assistant => "assistant",
            };
            json!({ "role": role, "content": content(said, images) })
        });
        let most = if newer(&link.address) { "max_completion_tokens" } else { "max_tokens" };
        let rounds = asked.rounds.iter().enumerate().flat_map(round);
        let mut body = json!({
            "model": link.name,
            "messages": system.into_iter().chain(turns).chain(rounds).collect::<Vec<_>>(),
            most: link.most(asked),
            "stream": true,
            "stream_options": { "include_usage": true },
        });
        // Others refuse what they do not know.
        if link.thinks.not_with_tools && !asked.tools.is_empty() {
            body["reasoning_effort"] = "none".into();
        } else if link.thinks.first && newer(&link.address) {
            body["reasoning_effort"] = "low".into();
        }
        if !asked.tools.is_empty() {
            body["tools"] = asked.tools.iter().map(tool).collect();
            if asked.closed {
                body["tool_choice"] = "none".into();
            }
        }
        Spoken { path: "/chat/completions".to_owned(), headers: bearer(link.key.as_ref()), body }
    }

    fn embed(&self, link: &Link, texts: &[String], _: Meant) -> Option<Spoken> {
        let mut body = json!({ "model": link.name, "input": texts, "encoding_format": "float" });
        if link.name.contains("text-embedding-3") {
            body["dimensions"] = NUMBERS.into();
        }
        Some(Spoken { path: "/embeddings".to_owned(), headers: bearer(link.key.as_ref()), body })
    }

    fn made(&self, told: &Value) -> Made {
        let all = told["data"].as_array().into_iter().flatten();
        let all = all.map(|one| (one["index"].as_u64(), numbers(&one["embedding"]))).collect();
        Made { vectors: in_order(all), input: tokens(&told["usage"], "prompt_tokens") }
    }

    fn hear(&self, event: &Value, heard: &mut Heard) {
        let choice = &event["choices"][0];
        if let Some(words) = choice["delta"]["content"].as_str() {
            heard.say(words);
        }
        // What it thinks, as those servers call it that tell it apart.
        for name in ["reasoning_content", "reasoning"] {
            heard.think(choice["delta"][name].as_str().unwrap_or_default());
        }
        for piece in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let id = piece["id"].as_str().unwrap_or_default();
            let call = heard.call(piece["index"].as_u64().unwrap_or_default(), id);
            let function = &piece["function"];
            if call.name.is_empty() {
                function["name"].as_str().unwrap_or_default().clone_into(&mut call.name);
            }
            match &function["arguments"] {
                Value::String(more) => call.arguments.push_str(more),
                // Some servers give them whole, and not as a text.
                whole @ Value::Object(_) => call.arguments = whole.to_string(),
                _ => {}
            }
        }
        match choice["finish_reason"].as_str() {
            Some("length") => heard.ended = Some(Ended::Length),
            Some("content_filter") => heard.ended = Some(Ended::Filtered),
            Some(_) => heard.ended = Some(Ended::Stop),
            None => {}
        }
        let used = &event["usage"];
        heard.input = tokens(used, "prompt_tokens").or(heard.input);
        heard.output = tokens(used, "completion_tokens").or(heard.output);
        heard.cached = tokens(&used["prompt_tokens_details"], "cached_tokens").unwrap_or(heard.cached);
        heard.thinks |= tokens(&used["completion_tokens_details"], "reasoning_tokens").is_some_and(|tokens| tokens > 0);
    }
}
