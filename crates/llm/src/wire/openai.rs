//! Chat completions, as OpenAI speaks them, and most servers that people run themselves: Ollama (at `/v1`), vLLM, LM Studio, Azure (its
//! `/openai/v1`), and other providers. Source: OpenAI, "Create chat completion" and "Streaming events".

use super::{Asked, Heard, Speaks, Spoken, bearer, tokens};
use crate::ask::Speaker;
use crate::models::Link;
use http::Uri;
use model::llm::Ended;
use serde_json::{Value, json};

pub(super) struct OpenAi;

/// Whether it knows the length of an answer by its newer name alone; others know the older one alone.
fn newer(address: &str) -> bool {
    let uri = address.parse::<Uri>().unwrap_or_default();
    let host = uri.host().unwrap_or_default();
    host == "api.openai.com" || host.ends_with(".azure.com")
}

impl Speaks for OpenAi {
    fn put(&self, link: &Link, asked: &Asked<'_>) -> Spoken {
        let system = Some(asked.system).filter(|system| !system.is_empty());
        let system = system.map(|system| json!({ "role": "system", "content": system }));
        let turns = asked.turns.iter().map(|(who, said)| {
            let role = match who {
                Speaker::Contact => "user",
                Speaker::Assistant => "assistant",
            };
            json!({ "role": role, "content": said })
        });
        let most = if newer(&link.address) { "max_completion_tokens" } else { "max_tokens" };
        let body = json!({
            "model": link.name,
            "messages": system.into_iter().chain(turns).collect::<Vec<_>>(),
            most: asked.most,
            "stream": true,
            "stream_options": { "include_usage": true },
        });
        Spoken { path: "/chat/completions".to_owned(), headers: bearer(link.key.as_ref()), body }
    }

    fn hear(&self, event: &Value, heard: &mut Heard) {
        let choice = &event["choices"][0];
        if let Some(words) = choice["delta"]["content"].as_str() {
            heard.text.push_str(words);
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
    }
}
