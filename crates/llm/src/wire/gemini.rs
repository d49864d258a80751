//! Content, as Google's Gemini generates it. Source: Google, "Generating content" (`models.streamGenerateContent`, with `alt=sse`).

use super::{Asked, Heard, Speaks, Spoken, tokens};
use crate::ask::Speaker;
use crate::models::Link;
use model::llm::Ended;
use serde_json::{Value, json};

pub(super) struct Gemini;

impl Speaks for Gemini {
    fn put(&self, link: &Link, asked: &Asked<'_>) -> Spoken {
        let turns = asked.turns.iter().map(|(who, said)| {
            let role = match who {
                Speaker::Contact => "user",
                Speaker::Assistant => "model",
            };
            json!({ "role": role, "parts": [{ "text": said }] })
        });
        let mut body = json!({
            "contents": turns.collect::<Vec<_>>(),
            "generationConfig": { "maxOutputTokens": asked.most },
        });
        if !asked.system.is_empty() {
            body["systemInstruction"] = json!({ "parts": [{ "text": asked.system }] });
        }
        let folder = if link.name.contains('/') { "" } else { "models/" };
        let path = format!("/{folder}{}:streamGenerateContent?alt=sse", link.name);
        let key = link.key.as_ref().map(|key| ("x-goog-api-key", key.text().to_owned()));
        Spoken { path, headers: key.into_iter().collect(), body }
    }

    fn hear(&self, event: &Value, heard: &mut Heard) {
        let candidate = &event["candidates"][0];
        let parts = candidate["content"]["parts"].as_array();
        for part in parts.into_iter().flatten().filter(|part| part["thought"] != true) {
            heard.text.push_str(part["text"].as_str().unwrap_or_default());
        }
        match candidate["finishReason"].as_str() {
            Some("STOP" | "FINISH_REASON_UNSPECIFIED") => heard.ended = Some(Ended::Stop),
            Some("MAX_TOKENS") => heard.ended = Some(Ended::Length),
            Some(_) => heard.ended = Some(Ended::Filtered),
            None if event["promptFeedback"]["blockReason"].is_string() => heard.ended = Some(Ended::Filtered),
            None => {}
        }
        let used = &event["usageMetadata"];
        heard.input = tokens(used, "promptTokenCount").or(heard.input);
        heard.cached = tokens(used, "cachedContentTokenCount").unwrap_or(heard.cached);
        let thought = tokens(used, "thoughtsTokenCount").unwrap_or_default();
        heard.output = tokens(used, "candidatesTokenCount").map(|said| said + thought).or(heard.output);
    }
}
