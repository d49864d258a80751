//! The assistant: its models, their budget and use, what it is told, its tools, and receipts.
//! The assistant: its models, their budget and use, what it is like, and receipts.

use super::documents::upload;
use super::{By, Ids, Kind, Malformed, Place, Probe, Stranger, World};
use crate::harness::Ask;

const OWN: Ids = Ids::None("the tenant is the session's");
const KEYS: Ids = Ids::None("the tenant is the key's");
/// Where nobody answers.
const NOWHERE: &str = "http://127.0.0.1:1/v1";

fn json(method: &str, path: &str, body: &str) -> Ask {
    Ask::new(method, path).body("application/json", body)
}

fn change(_: &World, model: &str) -> Ask {
    let form = [("name", "smaller"), ("address", NOWHERE), ("input", "1"), ("cached", ""), ("output", "2")];
    Ask::post(format!("/dashboard/assistant/models/{model}")).form(form)
}

fn back(_: &World, model: &str) -> Ask {
    Ask::get(format!("/dashboard/assistant/models/{model}/try"))
}

fn try_out(_: &World, model: &str) -> Ask {
    Ask::post(format!("/dashboard/assistant/models/{model}/try")).form([])
}

fn switch(_: &World, model: &str) -> Ask {
    Ask::post(format!("/dashboard/assistant/models/{model}/switch")).form([("on", "")])
}

fn place(_: &World, model: &str) -> Ask {
    Ask::post(format!("/dashboard/assistant/models/{model}/move")).form([("place", "1")])
}

fn remove(_: &World, model: &str) -> Ask {
    Ask::post(format!("/dashboard/assistant/models/{model}/remove")).form([])
}

fn patch(_: &World, model: &str) -> Ask {
    json("PATCH", &format!("/api/v1/models/{model}"), r#"{"name":"smaller","place":0}"#)
}

fn delete(_: &World, model: &str) -> Ask {
    Ask::new("DELETE", format!("/api/v1/models/{model}"))
}

fn try_by_key(_: &World, model: &str) -> Ask {
    Ask::post(format!("/api/v1/models/{model}/try"))
}

fn receipt(_: &World, id: &str) -> Ask {
    Ask::get(format!("/dashboard/assistant/receipts/{id}"))
}

fn make_again(_: &World, id: &str) -> Ask {
    Ask::post(format!("/dashboard/assistant/receipts/{id}")).form([])
}

fn receipt_by_key(_: &World, id: &str) -> Ask {
    Ask::get(format!("/api/v1/answers/{id}"))
}

fn change_tool(_: &World, tool: &str) -> Ask {
    // A name that no other tool has.
    let name: String = tool.chars().filter(char::is_ascii_hexdigit).rev().take(12).collect();
    let name = format!("t{}", name.to_lowercase());
    let form = [("name", name.as_str()), ("description", "Smaller."), ("method", "get"), ("address", NOWHERE)];
    Ask::post(format!("/dashboard/assistant/tools/{tool}")).form(form)
}

fn back_from_tool(_: &World, tool: &str) -> Ask {
    Ask::get(format!("/dashboard/assistant/tools/{tool}/try"))
}

fn try_tool(_: &World, tool: &str) -> Ask {
    Ask::post(format!("/dashboard/assistant/tools/{tool}/try")).form([("arguments", "{}")])
}

fn remove_tool(_: &World, tool: &str) -> Ask {
    Ask::post(format!("/dashboard/assistant/tools/{tool}/remove")).form([])
}

fn get_tool_by_key(_: &World, tool: &str) -> Ask {
    Ask::get(format!("/api/v1/tools/{tool}"))
}

fn patch_tool(_: &World, tool: &str) -> Ask {
    json("PATCH", &format!("/api/v1/tools/{tool}"), r#"{"description":"Smaller."}"#)
}

fn delete_tool(_: &World, tool: &str) -> Ask {
    Ask::new("DELETE", format!("/api/v1/tools/{tool}"))
}

fn try_tool_by_key(_: &World, tool: &str) -> Ask {
    json("POST", &format!("/api/v1/tools/{tool}/try"), r#"{"arguments":{}}"#)
}

/// As it is, so that nothing changes.
fn like(world: &World, id: &str) -> Ask {
    let name = name(world);
    let [version, tone] = [("version", "1"), ("tone", "neutral")];
    let form = [version, ("name", &*name), tone, ("language", "as_asked"), ("grounding", "strict")];
    Ask::post(format!("/dashboard/assistant/personalities/{id}")).form(form)
}

/// What each of Aurora's personalities is called.
fn name(world: &World) -> String {
    format!("Voice of {}", world.server.two.aurora.email.split_once('@').unwrap().1)
}

fn personality(_: &World, id: &str) -> Ask {
    Ask::get(format!("/dashboard/assistant/personalities/{id}"))
}

fn take(_: &World, id: &str) -> Ask {
    Ask::post(format!("/dashboard/assistant/personalities/{id}/use")).form([])
}

fn drop_it(_: &World, id: &str) -> Ask {
    Ask::post(format!("/dashboard/assistant/personalities/{id}/delete")).form([])
}

fn restore_of(_: &World, id: &str) -> Ask {
    Ask::post(format!("/dashboard/assistant/personalities/{id}/versions/1/restore")).form([("version", "1")])
}

fn restore(world: &World, version: &str) -> Ask {
    let id = &world.aurora_personalities[1];
    Ask::post(format!("/dashboard/assistant/personalities/{id}/versions/{version}/restore")).form([("version", "1")])
}

fn personality_by_key(_: &World, id: &str) -> Ask {
    Ask::get(format!("/api/v1/personalities/{id}"))
}

fn versions_by_key(_: &World, id: &str) -> Ask {
    Ask::get(format!("/api/v1/personalities/{id}/versions"))
}

fn versions_before(world: &World, version: &str) -> Ask {
    Ask::get(format!("/api/v1/personalities/{}/versions?cursor={version}", world.aurora_personalities[0]))
}

fn like_by_key(world: &World, id: &str) -> Ask {
    let body = format!(r#"{{"version":1,"personality":{{"name":"{}"}}}}"#, name(world));
    json("PUT", &format!("/api/v1/personalities/{id}"), &body)
}

fn take_by_key(_: &World, id: &str) -> Ask {
    Ask::post(format!("/api/v1/personalities/{id}/use"))
}

fn drop_by_key(_: &World, id: &str) -> Ask {
    Ask::new("DELETE", format!("/api/v1/personalities/{id}"))
}

fn usage_by_key(_: &World, id: &str) -> Ask {
    Ask::get(format!("/api/v1/conversations/{id}/usage"))
}

fn replay_by_key(_: &World, id: &str) -> Ask {
    Ask::post(format!("/api/v1/answers/{id}/replay"))
}

/// Questions of Aurora's, as the form sends them and as programs do: the same run.
const QUESTIONS: &str = "question,expected\nWhat do Auroralamps do?,quoffle\n";
const RUN: &str = r#"{"name":"asked.csv","questions":[{"question":"What do Auroralamps do?","expected":"quoffle"}]}"#;

fn evaluation(_: &World, id: &str) -> Ask {
    Ask::get(format!("/dashboard/assistant/evaluation/{id}"))
}

fn beside(world: &World, id: &str) -> Ask {
    Ask::get(format!("/dashboard/assistant/evaluation/{}?against={id}", world.aurora_evaluations[0]))
}

fn delete_evaluation(_: &World, id: &str) -> Ask {
    Ask::post(format!("/dashboard/assistant/evaluation/{id}/delete")).form([])
}

fn evaluation_by_key(_: &World, id: &str) -> Ask {
    Ask::get(format!("/api/v1/evaluations/{id}"))
}

fn beside_by_key(world: &World, id: &str) -> Ask {
    Ask::get(format!("/api/v1/evaluations/{}?against={id}", world.aurora_evaluations[0]))
}

fn delete_evaluation_by_key(_: &World, id: &str) -> Ask {
    Ask::new("DELETE", format!("/api/v1/evaluations/{id}"))
}

const fn at(name: &'static str, kind: Kind, ask: fn(&World, &str) -> Ask) -> [Place; 1] {
    [Place { name, kind, ask, malformed: Malformed::AsUnknown }]
}

const CHANGE: &[Place] = &at("model", Kind::Model, change);
const BACK: &[Place] = &at("model", Kind::Model, back);
const TRY: &[Place] = &at("model", Kind::Model, try_out);
const SWITCH: &[Place] = &at("model", Kind::Model, switch);
const PLACE: &[Place] = &at("model", Kind::Model, place);
const REMOVE: &[Place] = &at("model", Kind::Model, remove);
const PATCH: &[Place] = &at("id", Kind::Model, patch);
const DELETE: &[Place] = &at("id", Kind::Model, delete);
const TRY_BY_KEY: &[Place] = &at("id", Kind::Model, try_by_key);
const CHANGE_TOOL: &[Place] = &at("tool", Kind::Tool, change_tool);
const BACK_FROM_TOOL: &[Place] = &at("tool", Kind::Tool, back_from_tool);
const TRY_TOOL: &[Place] = &at("tool", Kind::Tool, try_tool);
const REMOVE_TOOL: &[Place] = &at("tool", Kind::Tool, remove_tool);
const GET_TOOL_BY_KEY: &[Place] = &at("id", Kind::Tool, get_tool_by_key);
const PATCH_TOOL: &[Place] = &at("id", Kind::Tool, patch_tool);
const DELETE_TOOL: &[Place] = &at("id", Kind::Tool, delete_tool);
const TRY_TOOL_BY_KEY: &[Place] = &at("id", Kind::Tool, try_tool_by_key);
const PERSONALITY: &[Place] = &at("personality", Kind::Personality, personality);
const LIKE: &[Place] = &at("personality", Kind::Personality, like);
const TAKE: &[Place] = &at("personality", Kind::Personality, take);
const DROP: &[Place] = &at("personality", Kind::Personality, drop_it);
const RESTORE: &[Place] = &[
    Place { name: "personality", kind: Kind::Personality, ask: restore_of, malformed: Malformed::AsUnknown },
    Place { name: "version", kind: Kind::Version, ask: restore, malformed: Malformed::AsUnknown },
];
const PERSONALITY_BY_KEY: &[Place] = &at("id", Kind::Personality, personality_by_key);
const VERSIONS_BY_KEY: &[Place] = &[
    Place { name: "id", kind: Kind::Personality, ask: versions_by_key, malformed: Malformed::AsUnknown },
    Place {
        name: "cursor",
        kind: Kind::Version,
        ask: versions_before,
        malformed: Malformed::Refused("a cursor is a place in an order, whether a row stands there or not"),
    },
];
const LIKE_BY_KEY: &[Place] = &at("id", Kind::Personality, like_by_key);
const TAKE_BY_KEY: &[Place] = &at("id", Kind::Personality, take_by_key);
const DROP_BY_KEY: &[Place] = &at("id", Kind::Personality, drop_by_key);
const RECEIPT: &[Place] = &at("receipt", Kind::Receipt, receipt);
const MAKE_AGAIN: &[Place] = &at("receipt", Kind::Receipt, make_again);
const RECEIPT_BY_KEY: &[Place] = &at("id", Kind::Receipt, receipt_by_key);
const REPLAY_BY_KEY: &[Place] = &at("id", Kind::Receipt, replay_by_key);

const USAGE_BY_KEY: &[Place] = &at("id", Kind::Conversation, usage_by_key);
const EVALUATION: &[Place] = &[
    Place { name: "evaluation", kind: Kind::Evaluation, ask: evaluation, malformed: Malformed::AsUnknown },
    Place { name: "against", kind: Kind::Evaluation, ask: beside, malformed: Malformed::AsUnknown },
];
const DELETE_EVALUATION: &[Place] = &at("evaluation", Kind::Evaluation, delete_evaluation);
const EVALUATION_BY_KEY: &[Place] = &[
    Place { name: "id", kind: Kind::Evaluation, ask: evaluation_by_key, malformed: Malformed::AsUnknown },
    Place {
        name: "against",
        kind: Kind::Evaluation,
        ask: beside_by_key,
        malformed: Malformed::Refused("what is no id is nobody's"),
    },
];
const DELETE_EVALUATION_BY_KEY: &[Place] = &at("id", Kind::Evaluation, delete_evaluation_by_key);

pub const PROBES: &[Probe] = &[
    Probe {
        method: "GET",
        path: "/dashboard/assistant/evaluation",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/assistant/evaluation"),
        ids: OWN,
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/evaluation",
        by: By::Session(Stranger::Refused),
        ask: |_| upload("/dashboard/assistant/evaluation", "asked.csv", QUESTIONS),
        ids: OWN,
    },
    Probe {
        method: "GET",
        path: "/dashboard/assistant/evaluation/{evaluation}",
        by: By::Session(Stranger::SignIn),
        ask: |world| evaluation(world, &world.aurora_evaluations[0]),
        ids: Ids::At(EVALUATION),
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/evaluation/{evaluation}/delete",
        by: By::Session(Stranger::Refused),
        ask: |world| delete_evaluation(world, &world.aurora_evaluations[1]),
        ids: Ids::At(DELETE_EVALUATION),
    },
    Probe {
        method: "GET",
        path: "/api/v1/evaluations",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/evaluations"),
        ids: KEYS,
    },
    Probe {
        method: "POST",
        path: "/api/v1/evaluations",
        by: By::Key,
        ask: |_| json("POST", "/api/v1/evaluations", RUN),
        ids: KEYS,
    },
    Probe {
        method: "GET",
        path: "/api/v1/evaluations/{id}",
        by: By::Key,
        ask: |world| evaluation_by_key(world, &world.aurora_evaluations[0]),
        ids: Ids::At(EVALUATION_BY_KEY),
    },
    Probe {
        method: "DELETE",
        path: "/api/v1/evaluations/{id}",
        by: By::Key,
        ask: |world| delete_evaluation_by_key(world, &world.aurora_evaluations[2]),
        ids: Ids::At(DELETE_EVALUATION_BY_KEY),
    },
    Probe {
        method: "GET",
        path: "/api/v1/assistant/outcomes",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/assistant/outcomes"),
        ids: KEYS,
    },
    Probe {
        method: "GET",
        path: "/dashboard/assistant",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/assistant"),
        ids: OWN,
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant",
        by: By::Session(Stranger::Refused),
        ask: |_| {
            let form = [("wire", "openai"), ("name", "small"), ("address", NOWHERE), ("key", "sk-0123456789abcdef")];
            Ask::post("/dashboard/assistant").form(form)
        },
        ids: OWN,
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/models/{model}",
        by: By::Session(Stranger::Refused),
        ask: |world| change(world, &world.aurora_models[0]),
        ids: Ids::At(CHANGE),
    },
    Probe {
        method: "GET",
        path: "/dashboard/assistant/models/{model}/try",
        by: By::Session(Stranger::SignIn),
        ask: |world| back(world, &world.aurora_models[0]),
        ids: Ids::At(BACK),
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/models/{model}/try",
        by: By::Session(Stranger::Refused),
        ask: |world| try_out(world, &world.aurora_models[0]),
        ids: Ids::At(TRY),
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/models/{model}/switch",
        by: By::Session(Stranger::Refused),
        ask: |world| switch(world, &world.aurora_models[0]),
        ids: Ids::At(SWITCH),
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/models/{model}/move",
        by: By::Session(Stranger::Refused),
        ask: |world| place(world, &world.aurora_models[0]),
        ids: Ids::At(PLACE),
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/models/{model}/remove",
        by: By::Session(Stranger::Refused),
        ask: |world| remove(world, &world.aurora_models[1]),
        ids: Ids::At(REMOVE),
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/budget",
        by: By::Session(Stranger::Refused),
        ask: |_| Ask::post("/dashboard/assistant/budget").form([("limit", ""), ("alert_at", "80")]),
        ids: OWN,
    },
    Probe {
        method: "GET",
        path: "/dashboard/assistant/personalities",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/assistant/personalities"),
        ids: OWN,
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/personalities",
        by: By::Session(Stranger::Refused),
        ask: |_| {
            let form = [("name", "Aurelia"), ("tone", "brief"), ("language", "en"), ("grounding", "strict")];
            Ask::post("/dashboard/assistant/personalities").form(form)
        },
        ids: OWN,
    },
    Probe {
        method: "GET",
        path: "/dashboard/assistant/personalities/{personality}",
        by: By::Session(Stranger::SignIn),
        ask: |world| personality(world, &world.aurora_personalities[0]),
        ids: Ids::At(PERSONALITY),
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/personalities/{personality}",
        by: By::Session(Stranger::Refused),
        ask: |world| like(world, &world.aurora_personalities[1]),
        ids: Ids::At(LIKE),
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/personalities/{personality}/use",
        by: By::Session(Stranger::Refused),
        ask: |world| take(world, &world.aurora_personalities[0]),
        ids: Ids::At(TAKE),
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/personalities/{personality}/delete",
        by: By::Session(Stranger::Refused),
        ask: |world| drop_it(world, &world.aurora_personalities[2]),
        ids: Ids::At(DROP),
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/personalities/{personality}/versions/{version}/restore",
        by: By::Session(Stranger::Refused),
        ask: |world| restore(world, "1"),
        ids: Ids::At(RESTORE),
    },
    Probe {
        method: "GET",
        path: "/dashboard/assistant/question",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/assistant/question"),
        ids: OWN,
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/question",
        by: By::Session(Stranger::Refused),
        ask: |_| Ask::post("/dashboard/assistant/question").form([("question", "What do Auroralamps do?")]),
        ids: OWN,
    },
    Probe {
        method: "GET",
        path: "/dashboard/assistant/receipts/{receipt}",
        by: By::Session(Stranger::SignIn),
        ask: |world| receipt(world, &world.aurora_receipt),
        ids: Ids::At(RECEIPT),
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/receipts/{receipt}",
        by: By::Session(Stranger::Refused),
        ask: |world| make_again(world, &world.aurora_receipt),
        ids: Ids::At(MAKE_AGAIN),
    },
    Probe {
        method: "GET",
        path: "/dashboard/assistant/receipts",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/assistant/receipts"),
        ids: OWN,
    },
    Probe {
        method: "GET",
        path: "/api/v1/answers/{id}",
        by: By::Key,
        ask: |world| receipt_by_key(world, &world.aurora_receipt),
        ids: Ids::At(RECEIPT_BY_KEY),
    },
    Probe {
        method: "POST",
        path: "/api/v1/answers/{id}/replay",
        by: By::Key,
        ask: |world| replay_by_key(world, &world.aurora_receipt),
        ids: Ids::At(REPLAY_BY_KEY),
    },
    Probe {
        method: "GET",
        path: "/api/v1/answers",
        by: By::Key,
        // The one that was made just now.
        ask: |_| Ask::get("/api/v1/answers?limit=1"),
        ids: Ids::At(&[Place {
            name: "cursor",
            kind: Kind::Receipt,
            ask: |_, id| Ask::get(format!("/api/v1/answers?cursor={id}")),
            malformed: Malformed::Refused("a cursor is a place in an order, whether a row stands there or not"),
        }]),
    },
    Probe { method: "GET", path: "/api/v1/assistant", by: By::Key, ask: |_| Ask::get("/api/v1/assistant"), ids: KEYS },
    Probe {
        method: "PUT",
        path: "/api/v1/assistant",
        by: By::Key,
        ask: |_| json("PUT", "/api/v1/assistant", r#"{"instruction":"You are called Aurelia."}"#),
        ids: KEYS,
    },
    Probe {
        method: "GET",
        path: "/api/v1/personalities",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/personalities"),
        ids: KEYS,
    },
    Probe {
        method: "POST",
        path: "/api/v1/personalities",
        by: By::Key,
        ask: |_| {
            let intent = r#"{"name":"Jobs","examples":["Are you hiring?"],"then":"answer","text":"Not just now."}"#;
            let body = format!(r#"{{"name":"Aurelia","called":"Aurelia","tone":"friendly","intents":[{intent}]}}"#);
            json("POST", "/api/v1/personalities", &body)
        },
        ids: KEYS,
    },
    Probe {
        method: "GET",
        path: "/api/v1/personalities/{id}",
        by: By::Key,
        ask: |world| personality_by_key(world, &world.aurora_personalities[0]),
        ids: Ids::At(PERSONALITY_BY_KEY),
    },
    Probe {
        method: "PUT",
        path: "/api/v1/personalities/{id}",
        by: By::Key,
        ask: |world| like_by_key(world, &world.aurora_personalities[1]),
        ids: Ids::At(LIKE_BY_KEY),
    },
    Probe {
        method: "GET",
        path: "/api/v1/personalities/{id}/versions",
        by: By::Key,
        ask: |world| versions_by_key(world, &world.aurora_personalities[0]),
        ids: Ids::At(VERSIONS_BY_KEY),
    },
    Probe {
        method: "POST",
        path: "/api/v1/personalities/{id}/use",
        by: By::Key,
        ask: |world| take_by_key(world, &world.aurora_personalities[0]),
        ids: Ids::At(TAKE_BY_KEY),
    },
    Probe {
        method: "DELETE",
        path: "/api/v1/personalities/{id}",
        by: By::Key,
        ask: |world| drop_by_key(world, &world.aurora_personalities[3]),
        ids: Ids::At(DROP_BY_KEY),
    },
    Probe { method: "GET", path: "/api/v1/models", by: By::Key, ask: |_| Ask::get("/api/v1/models"), ids: KEYS },
    Probe {
        method: "POST",
        path: "/api/v1/models",
        by: By::Key,
        ask: |_| {
            let prices = r#"{"input":2500000,"cached":250000,"output":10000000,"since":"2026-01-01"}"#;
            let model = format!(
                r#"{{"wire":"openai","name":"small","address":"{NOWHERE}","key":"sk-0123456789abcdef","on":false,"prices":{prices}}}"#
            );
            json("POST", "/api/v1/models", &model)
        },
        ids: KEYS,
    },
    Probe {
        method: "PATCH",
        path: "/api/v1/models/{id}",
        by: By::Key,
        ask: |world| patch(world, &world.aurora_models[0]),
        ids: Ids::At(PATCH),
    },
    Probe {
        method: "DELETE",
        path: "/api/v1/models/{id}",
        by: By::Key,
        ask: |world| delete(world, &world.aurora_models[2]),
        ids: Ids::At(DELETE),
    },
    Probe {
        method: "POST",
        path: "/api/v1/models/{id}/try",
        by: By::Key,
        ask: |world| try_by_key(world, &world.aurora_models[0]),
        ids: Ids::At(TRY_BY_KEY),
    },
    Probe {
        method: "GET",
        path: "/api/v1/model-budget",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/model-budget"),
        ids: KEYS,
    },
    Probe {
        method: "PUT",
        path: "/api/v1/model-budget",
        by: By::Key,
        ask: |_| json("PUT", "/api/v1/model-budget", r#"{"limit":null,"alert_at":80}"#),
        ids: KEYS,
    },
    Probe {
        method: "GET",
        path: "/api/v1/model-usage",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/model-usage?days=2"),
        ids: KEYS,
    },
    Probe {
        method: "GET",
        path: "/api/v1/model-usage/conversations",
        by: By::Key,
        ask: |_| Ask::get("/api/v1/model-usage/conversations?limit=2"),
        ids: KEYS,
    },
    Probe {
        method: "GET",
        path: "/dashboard/assistant/tools",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/assistant/tools"),
        ids: OWN,
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/tools",
        by: By::Session(Stranger::Refused),
        ask: |_| {
            let form = [("name", "aurora_order"), ("description", "Looks."), ("method", "get"), ("address", NOWHERE)];
            Ask::post("/dashboard/assistant/tools").form(form)
        },
        ids: OWN,
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/tools/{tool}",
        by: By::Session(Stranger::Refused),
        ask: |world| change_tool(world, &world.aurora_tools[0]),
        ids: Ids::At(CHANGE_TOOL),
    },
    Probe {
        method: "GET",
        path: "/dashboard/assistant/tools/{tool}/try",
        by: By::Session(Stranger::SignIn),
        ask: |world| back_from_tool(world, &world.aurora_tools[0]),
        ids: Ids::At(BACK_FROM_TOOL),
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/tools/{tool}/try",
        by: By::Session(Stranger::Refused),
        ask: |world| try_tool(world, &world.aurora_tools[0]),
        ids: Ids::At(TRY_TOOL),
    },
    Probe {
        method: "POST",
        path: "/dashboard/assistant/tools/{tool}/remove",
        by: By::Session(Stranger::Refused),
        ask: |world| remove_tool(world, &world.aurora_tools[1]),
        ids: Ids::At(REMOVE_TOOL),
    },
    Probe { method: "GET", path: "/api/v1/tools", by: By::Key, ask: |_| Ask::get("/api/v1/tools"), ids: KEYS },
    Probe {
        method: "POST",
        path: "/api/v1/tools",
        by: By::Key,
        ask: |_| {
            let tool = format!(
                r#"{{"name":"aurora_stock","description":"Looks.","method":"get","address":"{NOWHERE}","header":"X-Key","secret":"0123456789","on":false}}"#
            );
            json("POST", "/api/v1/tools", &tool)
        },
        ids: KEYS,
    },
    Probe {
        method: "GET",
        path: "/api/v1/conversations/{id}/usage",
        by: By::Key,
        ask: |world| usage_by_key(world, &world.aurora_conversation),
        ids: Ids::At(USAGE_BY_KEY),
    },
    Probe {
        method: "GET",
        path: "/dashboard/assistant/usage",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/assistant/usage"),
        ids: OWN,
    },
    Probe {
        method: "GET",
        path: "/dashboard/assistant/usage/export",
        by: By::Session(Stranger::SignIn),
        ask: |_| Ask::get("/dashboard/assistant/usage/export"),
        ids: OWN,
    },
    Probe {
        method: "GET",
        path: "/api/v1/tools/{id}",
        by: By::Key,
        ask: |world| get_tool_by_key(world, &world.aurora_tools[0]),
        ids: Ids::At(GET_TOOL_BY_KEY),
    },
    Probe {
        method: "PATCH",
        path: "/api/v1/tools/{id}",
        by: By::Key,
        ask: |world| patch_tool(world, &world.aurora_tools[0]),
        ids: Ids::At(PATCH_TOOL),
    },
    Probe {
        method: "DELETE",
        path: "/api/v1/tools/{id}",
        by: By::Key,
        ask: |world| delete_tool(world, &world.aurora_tools[2]),
        ids: Ids::At(DELETE_TOOL),
    },
    Probe {
        method: "POST",
        path: "/api/v1/tools/{id}/try",
        by: By::Key,
        ask: |world| try_tool_by_key(world, &world.aurora_tools[0]),
        ids: Ids::At(TRY_TOOL_BY_KEY),
    },
];
