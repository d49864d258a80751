//! The description of the REST interface beside what the server does: names as they are sent, and nothing that leads nowhere.

use model::ErrorCode;
use model::audit::{Act, ActorKind};
use model::conversation::{Author, ConversationState, Event, Handler, InboxFilter, Step};
use model::event::EventKind;
use model::permission::Permission;
use serde_json::{Map, Value, json};
use utoipa::PartialSchema;

fn document() -> Value {
    serde_json::to_value(server::rest::openapi()).unwrap()
}

/// Every object in a document.
fn objects<'v>(value: &'v Value, found: &mut Vec<&'v Map<String, Value>>) {
    match value {
        Value::Object(fields) => {
            found.push(fields);
            fields.values().for_each(|value| objects(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| objects(value, found)),
        _ => {}
    }
}

/// Of each enum: what it is called, what is described of it, and what is sent.
macro_rules! enums {
    ($($name:ty),* $(,)?) => {
        [$((
            stringify!($name),
            serde_json::to_value(<$name as PartialSchema>::schema()).unwrap()["enum"].clone(),
            <$name>::ALL.iter().map(|one| json!(one)).collect::<Value>(),
        )),*]
    };
}

#[test]
fn enums_are_described_by_the_names_that_are_sent() {
    for (name, described, sent) in enums![
        Act,
        ActorKind,
        Author,
        ConversationState,
        ErrorCode,
        Event,
        EventKind,
        Handler,
        InboxFilter,
        Permission,
        Step,
    ] {
        assert!(sent.as_array().is_some_and(|names| names.len() > 1), "{name}: {sent}");
        assert_eq!(described, sent, "{name}");
    }
    // Whatever made them: nothing that is sent has a capital letter.
    let (document, mut all) = (document(), Vec::new());
    objects(&document, &mut all);
    let values: Vec<_> = all.iter().filter_map(|object| object.get("enum")?.as_array()).flatten().collect();
    assert!(values.contains(&&json!("key.created")) && values.contains(&&json!("not_found")), "{values:?}");
    for value in values {
        assert!(!value.as_str().unwrap().contains(char::is_uppercase), "{value}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let (document, mut all) = (document(), Vec::new());
    objects(&document, &mut all);
    let references: Vec<_> = all.iter().filter_map(|object| object.get("$ref")?.as_str()).collect();
    assert!(references.len() > 20, "{references:?}");
    for reference in references {
        let place = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(place).is_some_and(Value::is_object), "{reference}");
    }
}
