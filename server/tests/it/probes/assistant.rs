//! The assistant: its models, their budget and use, what it is told, and receipts.

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

fn receipt_by_key(_: &World, id: &str) -> Ask {
    Ask::get(format!("/api/v1/answers/{id}"))
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
const RECEIPT: &[Place] = &at("receipt", Kind::Receipt, receipt);
const RECEIPT_BY_KEY: &[Place] = &at("id", Kind::Receipt, receipt_by_key);

pub const PROBES: &[Probe] = &[
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
        method: "POST",
        path: "/dashboard/assistant/wishes",
        by: By::Session(Stranger::Refused),
        ask: |_| Ask::post("/dashboard/assistant/wishes").form([("instruction", "You are called Aurelia.")]),
        ids: OWN,
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
        method: "GET",
        path: "/api/v1/answers/{id}",
        by: By::Key,
        ask: |world| receipt_by_key(world, &world.aurora_receipt),
        ids: Ids::At(RECEIPT_BY_KEY),
    },
    Probe { method: "GET", path: "/api/v1/assistant", by: By::Key, ask: |_| Ask::get("/api/v1/assistant"), ids: KEYS },
    Probe {
        method: "PUT",
        path: "/api/v1/assistant",
        by: By::Key,
        ask: |_| json("PUT", "/api/v1/assistant", r#"{"instruction":"You are called Aurelia."}"#),
        ids: KEYS,
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
];
