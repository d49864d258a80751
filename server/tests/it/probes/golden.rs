//! What the REST interface answers, as examples in a file: `crates/model/rest.json`, for those who write a client, and so
//! that no answer changes without being looked at. `GOLDEN=write` writes it anew.

use super::{By, Probe, World, all};
use crate::harness::Answer;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/model/rest.json");

/// Writes ids as numbers in the order in which they come, and times as one: they are others in each run.
#[derive(Default)]
struct Plain {
    seen: HashMap<String, usize>,
    kinds: HashMap<String, usize>,
}

impl Plain {
    fn value(&mut self, name: &str, value: Value) -> Value {
        match value {
            Value::String(_) if name == "request_id" => json!("req_…"),
            Value::String(_) if name.ends_with("_at") || matches!(name, "at" | "now") || name.ends_with("_since") => {
                json!("2026-01-01T00:00:00.000Z")
            }
            Value::String(_) if matches!(name, "day" | "month" | "since") => json!("2026-01-01"),
            Value::Number(_) if name == "took_ms" => json!(1),
            Value::String(_) if name == "prefix" => json!("smt_01234567"),
            Value::String(_) if name == "token" => json!("sme_…"),
            Value::String(_) if name == "secret" => json!("…"),
            Value::String(text) if name == "link" && text.contains("/meet/") => json!("http://samtal.test/meet/…"),
            Value::String(_) if name == "link" => json!("http://samtal.test/join/…"),
            Value::String(text) if name == "title" && text.starts_with("Shift ") => json!("Shift …"),
            Value::String(text) => Value::String(self.id(text)),
            // Other processors round the last digits otherwise.
            Value::Number(number) if number.is_f64() => {
                json!((number.as_f64().unwrap() * 100.0).round() / 100.0)
            }
            // The text has ids and times in it, and the signature is of that.
            Value::Object(_) if name == "signed" => {
                json!({ "text": "{…}", "signature": "…", "key_id": "0123456789abcdef0123456789abcdef" })
            }
            Value::Array(list) => list.into_iter().map(|value| self.value(name, value)).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| {
                    let value = self.value(&name, value);
                    (name, value)
                });
                fields.collect::<Map<_, _>>().into()
            }
            other => other,
        }
    }

    fn id(&mut self, text: String) -> String {
        // The number of a message stays, behind the id of its conversation.
        if let Some((id, seq)) = text.split_once('-').filter(|(id, _)| id.starts_with("conv_")) {
            return format!("{}-{seq}", self.id(id.to_owned()));
        }
        let Some((kind, digits)) = text.split_once('_') else { return text };
        if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return text;
        }
        let last = self.kinds.entry(kind.to_owned()).or_default();
        let number = *self.seen.entry(text.clone()).or_insert_with(|| {
            *last += 1;
            *last
        });
        format!("{kind}_{number:032}")
    }
}

fn example(probe: &Probe, answer: &Answer, plain: &mut Plain) -> Value {
    let mut body = if answer.body.is_empty() { Value::Null } else { answer.json() };
    // In the order of hashes, which are others in each run.
    if probe.path == "/api/v1/sessions"
        && let Some(data) = body["data"].as_array_mut()
    {
        data.truncate(1);
        data[0]["id"] = json!("…");
        data[0]["member_id"] = json!("mem_…");
        data[0]["device"] = json!("Firefox");
    }
    let body = plain.value("", body);
    json!({ "method": probe.method, "path": probe.path, "status": answer.status, "body": body })
}

#[tokio::test]
async fn answers_are_what_the_examples_say() {
    let world = World::new().await;
    let (mut plain, mut examples) = (Plain::default(), Vec::new());
    for probe in all().into_iter().filter(|probe| matches!(probe.by, By::Key)) {
        world.server.db.clock.advance(time::Duration::SECOND);
        let answer = world.server.ask(probe.as_aurora(&world)).await;
        examples.push(example(probe, &answer, &mut plain));
        let refused = world.server.ask((probe.ask)(&world)).await;
        if examples.len() == 1 {
            examples.push(example(probe, &refused, &mut plain));
        }
        assert_eq!(refused.status, 401, "{} {} without a key: {refused}", probe.method, probe.path);
    }
    let mut text = serde_json::to_string_pretty(&examples).unwrap();
    text.push('\n');
    if std::env::var("GOLDEN").is_ok_and(|how| how == "write") {
        std::fs::write(FILE, &text).unwrap();
    }
    let golden: Vec<Value> = serde_json::from_slice(&std::fs::read(FILE).unwrap()).unwrap();
    for (now, golden) in examples.iter().zip(&golden) {
        assert_eq!(now, golden, "an answer has changed; if it should, run this once with GOLDEN=write and look at it");
    }
    assert_eq!(examples.len(), golden.len());
}
