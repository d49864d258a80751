//! Pairs from JSON: an array of objects with a question and an answer, alone or somewhere in an object. Other keys are left out.
//!
//! Nothing is kept of what is not a pair, so that a file of five megabytes takes no more than a few times as much.

use super::{Found, MAX_PAIRS, Place, SIDES, names, pair};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use words::{Text, text};

const EXAMPLE: &str = r#"{"question": "…", "answer": "…"}"#;

/// Reads pairs.
pub fn read(written: &str) -> Result<Found, Text> {
    let written = spaced(written);
    let says = SIDES.map(|side| has_key(&written, side));
    let shape = text!("The JSON must be an array of objects like {example}.", example = EXAMPLE);
    let value = match serde_json::from_str::<Value>(&written) {
        Ok(value) if says == [true, true] => value,
        Err(error) if says.contains(&true) => {
            return Err(text!(
                "The JSON is cut off or wrong in line {line} at character {column}. Save it again and upload that.",
                line = error.line(),
                column = error.column()
            ));
        }
        _ => return Ok(Found::Other(shape)),
    };
    let list = match value {
        Value::List(list) => list,
        Value::Object(Object { question: Some(question), answer: Some(answer), .. }) => {
            let one = Object { question: Some(question), answer: Some(answer), lists: Vec::new() };
            List { pairs: vec![(1, one)], odd: None }
        }
        Value::Object(Object { mut lists, .. }) if lists.len() < 2 => lists.pop().unwrap_or_default(),
        Value::Object(_) => return Err(text!("The JSON holds several lists of pairs. Put all pairs into one.")),
        _ => List::default(),
    };
    if let (Some(number), false) = (list.odd, list.pairs.is_empty()) {
        return Err(text!(
            "Entry {number} of the list in the JSON is no object like {example}.",
            number,
            example = EXAMPLE
        ));
    }
    if list.pairs.is_empty() {
        return Err(shape);
    }
    let pairs = list.pairs.into_iter().map(|(number, object)| {
        let side = |side: Option<Box<Value>>| match side.map(|side| *side) {
            Some(Value::Text(text)) => Ok(text),
            Some(Value::Null) | None => Ok(String::new()),
            Some(_) => Err(text!(
                "The question and the answer of pair {number} must be text. Put quotation marks around them.",
                number
            )),
        };
        pair(Place::Pair(number), &side(object.question)?, &side(object.answer)?)
    });
    Ok(Found::Pairs(pairs.collect::<Result<_, Text>>()?))
}

/// JSON in which every space is one that JSON knows: pages and word processors have others.
fn spaced(written: &str) -> String {
    let space = |c: char| c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}');
    written.chars().map(|c| if space(c) { ' ' } else { c }).collect()
}

/// Whether a key says so, also in JSON that breaks off.
fn has_key(json: &str, name: &str) -> bool {
    json.match_indices('"').any(|(at, mark)| {
        let key = json.get(at + mark.len()..).unwrap_or_default().trim_start();
        let Some((key, rest)) = key.split_at_checked(name.len()) else { return false };
        let rest = rest.trim_start().strip_prefix('"').map(str::trim_start);
        key.eq_ignore_ascii_case(name) && rest.is_some_and(|rest| rest.starts_with(':'))
    })
}

/// A value, as far as it may hold pairs.
enum Value {
    Text(String),
    Null,
    List(List),
    Object(Object),
    Other,
}

/// An array.
#[derive(Default)]
struct List {
    /// Its objects that have a question or an answer, each with its number, from 1.
    pairs: Vec<(usize, Object)>,
    /// The first of its entries that is no such object.
    odd: Option<usize>,
}

/// An object.
#[derive(Default)]
struct Object {
    question: Option<Box<Value>>,
    answer: Option<Box<Value>>,
    /// The arrays in it that have pairs.
    lists: Vec<List>,
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = List::default();
        let mut number = 0;
        while let Some(entry) = entries.next_element::<Value>()? {
            number += 1;
            match entry {
                Value::Object(Object { question, answer, .. }) if question.is_some() || answer.is_some() => {
                    list.pairs.push((number, Object { question, answer, lists: Vec::new() }));
                }
                _ => list.odd = list.odd.or(Some(number)),
            }
            // One more than a file may have is enough to refuse it.
            if list.pairs.len() > MAX_PAIRS {
                while entries.next_element::<IgnoredAny>()?.is_some() {}
                break;
            }
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Object::default();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            let [question, answer] = SIDES.map(|side| names(&key, side));
            match value {
                value if question => object.question = Some(Box::new(value)),
                value if answer => object.answer = Some(Box::new(value)),
                Value::List(list) if !list.pairs.is_empty() => object.lists.push(list),
                Value::Object(inner) => object.lists.extend(inner.lists),
                _ => {}
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{pair_of, read};

    #[test]
    fn an_array_alone_or_in_an_object() {
        let want = vec![pair_of("How long?", "45 days,\nthen \"no\""), pair_of("Where?", "Here")];
        let list = r#"[{"question":"How long?","answer":"45 days,\nthen \"no\"","id":7,"tags":["x",{"y":null}]},
            {" Answer ":"Here","QUESTION":"Where?"}]"#;
        for text in [
            list.to_owned(),
            format!("\u{feff}\u{a0}\n{list}\n"),
            format!(r#"{{"version":1,"faqs":{list},"more":[1,2]}}"#),
            format!(r#"{{"data":{{"faqs":{list}}}}}"#),
        ] {
            assert_eq!(read(&text), Ok(want.clone()), "{text}");
        }
        assert_eq!(read(r#"{"question":"a","answer":"b"}"#), Ok(vec![pair_of("a", "b")]));
        assert_eq!(read("[{\"question\":\"a\u{2028}b\",\"answer\":\"c\u{2028}d\"}]"), Ok(vec![pair_of("a b", "c\nd")]));
    }

    #[test]
    fn what_is_nearly_pairs_is_refused_by_its_place() {
        for (text, wants) in [
            ("[{\"question\":\"a\",\"answer\":\"b\"},\n{\"question\":\"c\",\"ans", "in line 2 at character"),
            ("[{\"question\":\"a\"", "in line 1 at character"),
            (
                "{\"question\":\"a\",\"answer\":\"b\"}\n{\"question\":\"c\",\"answer\":\"d\"}",
                "in line 2 at character 1",
            ),
            ("[{\"question\":\"a\",\"answer\":\"\\ud800\"}]", "in line 1"),
            (r#"[{"question":"a","answer":"b"},{"question":"c"}]"#, "Pair 2 has no answer"),
            (r#"[{"question":"a","answer":"b"},{"question":null,"answer":"d"}]"#, "Pair 2 has no question"),
            (r#"[{"question":"a","answer":"b"},{"question":"c","answer":"\ufeff \u00ad"}]"#, "Pair 2 has no answer"),
            (r#"[{"question":"a","answer":42}]"#, "pair 1 must be text"),
            (r#"[{"question":"a","answer":["b","c"]}]"#, "pair 1 must be text"),
            (r#"[{"question":"a","answer":"b"},"c"]"#, "Entry 2 of the list"),
            (r#"{"x":[{"question":"a","answer":"b"}],"y":[{"question":"c","answer":"d"}]}"#, "several lists"),
            (r#"[{"title":"x","faqs":[{"question":"a","answer":"b"}]}]"#, "array of objects"),
            (r#"{"1":{"question":"a","answer":"b"}}"#, "array of objects"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(wants) && said.ends_with('.') && !said.starts_with("other"), "{text:?}: {said}");
        }
    }

    #[test]
    fn json_of_something_else_is_no_pairs() {
        for text in [
            r#"[{"question":"a"}]"#,
            r#"{"name":"Nordlampa 3","about":"a question and an answer"}"#,
            "[1, 2",
            "[]",
            r#"["question","answer"]"#,
        ] {
            assert!(read(text).unwrap_err().starts_with("other: "), "{text:?}");
        }
    }

    #[test]
    fn depth_and_length_cost_no_more_than_they_are_long() {
        let key = r#""question":0,"answer":0"#;
        for text in [
            format!("{}{{{key}}}", "[".repeat(1_000_000)),
            format!("[{{{key}}},{}0]", "{\"a\":{}},".repeat(200_000)),
            format!("[{{{key}}},{}", "\" ".repeat(1_000_000)),
        ] {
            assert!(read(&text).is_err());
        }
    }
}
