//! Vectors: what all wires have in common of how texts are sent of which a search wants them, and of what comes.

use super::{of, sent};
use crate::embed::{DIMENSIONS, Meant};
use crate::fault;
use crate::models::Link;
use http::Request;
use model::llm::{Fault, Wire};
use serde_json::Value;

/// What stands before a question and before a passage, for models that were trained with it and whose servers do not add it: by a part of their
/// names. Sources: the model cards of multilingual-e5, nomic-embed-text and embeddinggemma; Google, "Embeddings" (`gemini-embedding-2`).
const BEFORE: [(&str, &str, &str); 4] = [
    ("multilingual-e5", "query: ", "passage: "),
    ("nomic-embed-text", "search_query: ", "search_document: "),
    ("embeddinggemma", "task: search result | query: ", "title: none | text: "),
    ("gemini-embedding-2", "task: search result | query: ", "title: none | text: "),
];
/// In the name of one of these that is told in other words: it is told nothing.
const OTHERWISE: &str = "instruct";

/// What came of texts.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Made {
    /// In the order of the texts.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens, if that was said.
    pub input: Option<u64>,
}

/// A text as this model reads it.
fn worded(name: &str, meant: Meant, text: &str) -> String {
    let name = name.to_ascii_lowercase();
    let known = BEFORE.iter().find(|(sign, ..)| name.contains(sign) && !name.contains(OTHERWISE));
    match (known, meant) {
        (None, _) => text.to_owned(),
        (Some((_, before, _)), Meant::Question) | (Some((_, _, before)), Meant::Passage) => format!("{before}{text}"),
    }
}

/// The request that sends texts, and these as they are sent.
///
/// # Errors
/// [`Fault::NoVectors`] for a provider that makes none.
pub(crate) fn embed(link: &Link, texts: &[String], meant: Meant) -> Result<(Request<Vec<u8>>, Vec<String>), Fault> {
    let texts: Vec<String> = texts.iter().map(|text| worded(&link.name, meant, text)).collect();
    let spoken = of(link.wire).embed(link, &texts, meant).ok_or(Fault::NoVectors)?;
    Ok((sent(link, spoken, "application/json")?, texts))
}

/// The vectors of so many texts, from the whole of an answer.
///
/// # Errors
/// What the answer says is wrong, or [`Fault::NoVectors`] where there is not one for each text, of the same length, within bounds, and of numbers
/// of which at least one is not 0: a direction is what is compared.
pub(crate) fn made(wire: Wire, says: &[u8], texts: usize) -> Result<Made, Fault> {
    let told: Value = serde_json::from_slice(says).map_err(|_| Fault::NotAModel)?;
    if told.get("error").is_some_and(|error| !error.is_null()) {
        return Err(fault::event(&told));
    }
    let made = of(wire).made(&told);
    let length = made.vectors.first().map_or(0, Vec::len);
    let fits = |vector: &Vec<f32>| {
        vector.len() == length
            && vector.iter().all(|number| number.is_finite())
            && vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>() > 0.0
    };
    let all = made.vectors.len() == texts && DIMENSIONS.contains(&length) && made.vectors.iter().all(fits);
    if all { Ok(made) } else { Err(Fault::NoVectors) }
}

/// Numbers, if they are all; otherwise none.
pub(super) fn numbers(of: &Value) -> Vec<f32> {
    #[allow(clippy::cast_possible_truncation, reason = "kept with so many digits")]
    let number = |number: &Value| number.as_f64().map(|number| number as f32);
    of.as_array().and_then(|all| all.iter().map(number).collect()).unwrap_or_default()
}

/// Vectors by their places; as they stand, where these are not each place once.
pub(super) fn in_order(all: Vec<(Option<u64>, Vec<f32>)>) -> Vec<Vec<f32>> {
    let mut places: Vec<Option<u64>> = all.iter().map(|(place, _)| *place).collect();
    places.sort_unstable();
    let each = places.iter().zip(0..).all(|(place, at)| *place == Some(at));
    let mut all = all;
    if each {
        all.sort_by_key(|(place, _)| *place);
    }
    all.into_iter().map(|(_, vector)| vector).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn link(wire: Wire, name: &str) -> Link {
        Link::at(wire, wire.address(), name)
    }

    fn put(wire: Wire, name: &str, meant: Meant) -> (String, Value) {
        let texts = ["Räksmörgås?".to_owned(), "Menu".to_owned()];
        let (request, sent) = embed(&link(wire, name), &texts, meant).unwrap();
        let printed = format!("{request:?}");
        assert!(!printed.contains("sk-1") && sent.len() == 2, "{printed}");
        (request.uri().to_string(), serde_json::from_slice(request.body()).unwrap())
    }

    #[test]
    fn texts_are_put_as_each_provider_takes_them() {
        let (uri, body) = put(Wire::OpenAi, "bge-m3", Meant::Question);
        assert_eq!(uri, "https://api.openai.com/v1/embeddings");
        let all = json!({ "model": "bge-m3", "input": ["Räksmörgås?", "Menu"], "encoding_format": "float" });
        assert_eq!(body, all);
        let (_, body) = put(Wire::OpenAi, "text-embedding-3-large", Meant::Passage);
        assert_eq!(body["dimensions"], 1024);

        let (uri, body) = put(Wire::Gemini, "gemini-embedding-001", Meant::Question);
        let path = "https://generativelanguage.googleapis.com/v1beta/models/gemini-embedding-001:batchEmbedContents";
        assert_eq!(uri, path);
        let one = json!({
            "model": "models/gemini-embedding-001",
            "content": { "parts": [{ "text": "Menu" }] },
            "outputDimensionality": 768,
            "taskType": "RETRIEVAL_QUERY",
        });
        assert_eq!(body["requests"][1], one);
        let (_, body) = put(Wire::Gemini, "gemini-embedding-2", Meant::Passage);
        let text = &body["requests"][1]["content"]["parts"][0]["text"];
        assert_eq!((text, &body["requests"][1]["taskType"]), (&json!("title: none | text: Menu"), &Value::Null));

        let refused = embed(&link(Wire::Anthropic, "claude"), &["Menu".to_owned()], Meant::Passage);
        assert_eq!(refused.map(|_| ()), Err(Fault::NoVectors));
    }

    #[test]
    fn models_that_were_trained_with_words_before_a_text_get_these() {
        let of = |name, meant| worded(name, meant, "Menu");
        assert_eq!(of("intfloat/multilingual-e5-large", Meant::Question), "query: Menu");
        assert_eq!(of("intfloat/multilingual-e5-large", Meant::Passage), "passage: Menu");
        assert_eq!(of("intfloat/multilingual-e5-large-instruct", Meant::Question), "Menu");
        assert_eq!(of("Nomic-Embed-Text:v1.5", Meant::Passage), "search_document: Menu");
        assert_eq!(of("text-embedding-3-small", Meant::Question), "Menu");
    }

    #[test]
    fn vectors_are_as_many_as_texts_in_their_order_and_of_numbers() {
        let vector = |first: f64| (0..64).map(|n| if n == 0 { first } else { 0.5 }).collect::<Vec<f64>>();
        let read = |wire, told: Value, texts| made(wire, told.to_string().as_bytes(), texts);
        let openai = |all: Value| json!({ "data": all, "usage": { "prompt_tokens": 7, "total_tokens": 7 } });
        let two = openai(json!([{ "index": 1, "embedding": vector(1.0) }, { "index": 0, "embedding": vector(2.0) }]));
        let made_of_two = read(Wire::OpenAi, two.clone(), 2).unwrap();
        let firsts: Vec<f32> = made_of_two.vectors.iter().map(|vector| vector[0]).collect();
        assert_eq!((firsts, made_of_two.input), (vec![2.0, 1.0], Some(7)));
        assert_eq!(read(Wire::OpenAi, two, 3), Err(Fault::NoVectors), "one for each text");
        let gemini = json!({ "embeddings": [{ "values": vector(1.0) }, { "values": vector(2.0) }] });
        let firsts: Vec<f32> = read(Wire::Gemini, gemini, 2).unwrap().vectors.iter().map(|vector| vector[0]).collect();
        assert_eq!(firsts, [1.0, 2.0]);
        for odd in [
            json!(vec![0.5; 63]),
            json!(vec![0.5; 2_001]),
            json!(vec![0.0; 64]),
            json!(vec!["0.5"; 64]),
            json!("AAAA"),
            json!(null),
        ] {
            let one = openai(json!([{ "index": 0, "embedding": odd }]));
            assert_eq!(read(Wire::OpenAi, one, 1), Err(Fault::NoVectors), "{odd}");
        }
        let uneven = json!([{ "embedding": vec![0.5; 64] }, { "embedding": vec![0.5; 65] }]);
        assert_eq!(read(Wire::OpenAi, openai(uneven), 2), Err(Fault::NoVectors));
        for wire in [Wire::OpenAi, Wire::Gemini] {
            assert_eq!(made(wire, b"<html>", 1), Err(Fault::NotAModel));
            assert_eq!(made(wire, b"{}", 1), Err(Fault::NoVectors));
            let refused = json!({ "error": { "type": "overloaded_error", "message": "Overloaded" } });
            assert_eq!(read(wire, refused, 1), Err(Fault::Busy { after_s: None }));
        }
    }
}
