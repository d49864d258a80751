//! Tools on every wire: a model is offered them, calls them, is told what came of it, and answers.

use crate::stage::{Stage, brief, model, prices, question};
use llm::{Ask, LlmError, MOST_CALLS, Round, Tool, ToolCall};
use model::llm::{Ended, Fault, Micros, Wire};
use serde_json::{Value, json};
use testkit::{Mishap, ModelServer, SAYS};

fn tools() -> [Tool; 1] {
    let parameters =
        json!({ "type": "object", "properties": { "order": { "type": "string" } }, "required": ["order"] });
    [Tool { name: "order".to_owned(), description: "Where an order is.".to_owned(), parameters }]
}

/// What a round of calls is told.
fn told(calls: Vec<ToolCall>) -> [Round; 1] {
    let calls = calls.into_iter().map(|call| (call, r#"{"status":"räk"}"#.to_owned())).collect();
    [Round { text: String::new(), calls }]
}

#[tokio::test]
async fn each_wire_calls_is_told_and_answers() {
    let stage = Stage::new().await;
    let (owner, turns, tools) = (&stage.two.aurora.owner, question(), tools());
    let ask = Ask { tools: &tools, ..brief(&turns) };
    for wire in Wire::ALL {
        let added = stage.add(owner, *wire, "small").await;
        for mishap in [None, Some(Mishap::Bytewise)] {
            stage.server.then([mishap]);
            stage.server.calls([("order", r#"{"order":"1 räk"}"#), ("stock", "{}")]);
            let said = stage.llm.ask(owner, &ask, None).await.unwrap();
            // That it says nothing beside them is no fault.
            assert_eq!((said.text.as_str(), said.ended, said.faults.len()), ("", Ended::Called, 0), "{wire:?}");
            let calls: Vec<_> = said.calls.iter().map(|call| (call.name.as_str(), call.arguments.as_str())).collect();
            assert_eq!(calls, [("order", r#"{"order":"1 räk"}"#), ("stock", "{}")], "{wire:?} {mishap:?}");
            let rounds = told(said.calls);
            let said = stage.llm.ask(owner, &Ask { rounds: &rounds, ..ask }, None).await.unwrap();
            assert_eq!((said.text.as_str(), said.ended, said.calls.len()), (SAYS, Ended::Stop, 0), "{wire:?}");
            let sent = stage.server.asked().pop().unwrap().body.to_string();
            assert!(sent.contains("1 räk") && sent.contains("status") && sent.contains("Where an order is."), "{sent}");
        }
        stage.llm.remove(owner, added.id).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_called_without_an_offer_is_no_answer_and_too_much_is_a_fault() {
    let stage = Stage::new().await;
    let (owner, turns, tools) = (&stage.two.aurora.owner, question(), tools());
    let ask = Ask { tools: &tools, ..brief(&turns) };
    for wire in Wire::ALL {
        let id = stage.add(owner, *wire, "small").await.id;
        let fault = async |ask: &Ask<'_>| match stage.process().ask(owner, ask, None).await {
            Err(LlmError::Failed(mut faults, _)) => faults.pop().unwrap(),
            other => panic!("{other:?}"),
        };
        stage.server.always_calls([("order", "{}")]);
        assert_eq!(fault(&brief(&turns)).await, (id, Fault::CutOff), "{wire:?}");
        stage.server.always_calls([("order", "{}"); MOST_CALLS + 1]);
        assert_eq!(fault(&ask).await, (id, Fault::TooLong), "{wire:?}");
        let long = json!({ "order": "x".repeat(70_000) }).to_string();
        stage.server.always_calls([("order", long.as_str())]);
        assert_eq!(fault(&ask).await, (id, Fault::TooLong), "{wire:?}");
        stage.server.always_calls([]);
        // What does not take tools refuses, and answers without them.
        stage.server.always(Some(Mishap::NoTools));
        assert!(matches!(fault(&ask).await, (_, Fault::Refused(_))), "{wire:?}");
        assert_eq!(stage.process().ask(owner, &brief(&turns), None).await.unwrap().text, SAYS, "{wire:?}");
        stage.server.always(None);
        stage.llm.remove(owner, id).await.unwrap();
    }
}

#[tokio::test]
async fn a_model_that_takes_tools_only_without_thinking_is_told_not_to() {
    let stage = Stage::new().await;
    let (owner, turns, tools) = (&stage.two.aurora.owner, question(), tools());
    let ask = Ask { tools: &tools, ..brief(&turns) };
    let id = stage.add(owner, Wire::OpenAi, "small").await.id;
    stage.server.always(Some(Mishap::ThinksNotWithTools));
    stage.server.calls([("order", "{}")]);
    // Found out by the first question, which is asked twice and is no fault; known from then on, and told where tools are offered.
    let said = stage.llm.ask(owner, &ask, None).await.unwrap();
    assert_eq!((said.calls.len(), said.faults.len()), (1, 0));
    stage.llm.ask(owner, &ask, None).await.unwrap();
    stage.llm.ask(owner, &brief(&turns), None).await.unwrap();
    let efforts: Vec<Value> =
        stage.server.asked().into_iter().map(|asked| asked.body["reasoning_effort"].clone()).collect();
    assert_eq!(efforts, [Value::Null, json!("none"), json!("none"), Value::Null]);
    let shown = stage.llm.list(owner).await.unwrap().into_iter().find(|one| one.id == id).unwrap();
    assert_eq!(shown.fault, None);
}

#[tokio::test]
async fn who_may_call_nothing_more_is_told_so() {
    let stage = Stage::new().await;
    let (owner, turns, tools) = (&stage.two.aurora.owner, question(), tools());
    stage.add(owner, Wire::OpenAi, "small").await;
    let ask = Ask { tools: &tools, closed: true, ..brief(&turns) };
    assert_eq!(stage.llm.ask(owner, &ask, None).await.unwrap().text, SAYS);
    let body = stage.server.asked().pop().unwrap().body;
    assert_eq!((&body["tool_choice"], body["tools"].as_array().map(Vec::len)), (&json!("none"), Some(1)));
    stage.llm.ask(owner, &brief(&turns), None).await.unwrap();
    let body = stage.server.asked().pop().unwrap().body;
    assert_eq!((&body["tool_choice"], &body["tools"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn what_is_written_down_to_be_remembered_costs_a_quarter_more() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    let mut new = model(Wire::Anthropic, &stage.server.address(Wire::Anthropic), "small", crate::stage::AURORA);
    // A millionth a token that is asked; what is remembered and answered costs nothing.
    new.prices = Some(prices(1_000_000, 0));
    stage.llm.add(owner, new).await.unwrap();
    let turns = question();
    let used = ModelServer::used(SAYS);
    let plain = stage.llm.ask(owner, &brief(&turns), None).await.unwrap();
    assert_eq!((plain.usage, plain.cost), (used, Some(Micros(16))));
    // Eight of them are written down: two more.
    stage.server.then([Some(Mishap::Remembers)]);
    let said = stage.llm.ask(owner, &brief(&turns), None).await.unwrap();
    assert_eq!((said.usage, said.cost), (used, Some(Micros(18))));
    assert_eq!(stage.llm.budget(owner).await.unwrap().spent, Micros(34));
}
