//! The description of the REST interface beside what the server does: names as they are sent, nothing that leads nowhere, no
//! bodies but those that are described, and bounds that hold.

use crate::harness::{Ask, TestServer};
use assistant::NewTool;
use identity::RoleWishes;
use llm::{Key, NewModel};
use meetings::NewMeeting;
use model::ErrorCode;
use model::audit::{Act, ActorKind};
use model::conversation::{Author, Channel, ConversationState, Event, Handler, InboxFilter, Step};
use model::evaluation::{EvaluationFigure, EvaluationState};
use model::event::EventKind;
use model::llm::{ImageType, Use, Wire};
use model::permission::Permission;
use model::personality::{Grounding, Personality, Reaction, Speaks, Tone};
use model::receipt::{StepKind, Verdict};
use model::tool::ToolMethod;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use store::services::timestamp;
use testkit::Tenant;
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
        Channel,
        ConversationState,
        ErrorCode,
        EvaluationFigure,
        EvaluationState,
        Event,
        EventKind,
        Grounding,
        Handler,
        ImageType,
        InboxFilter,
        Permission,
        Reaction,
        Speaks,
        Step,
        StepKind,
        ToolMethod,
        Tone,
        Use,
        Verdict,
        Wire,
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

/// What has to be as several schemas say can be so: text that is an object there is none.
#[test]
fn no_schema_rules_out_everything() {
    let (document, mut all) = (document(), Vec::new());
    objects(&document, &mut all);
    for parts in all.iter().filter_map(|object| object.get("allOf")?.as_array()) {
        let types: Vec<_> = parts.iter().filter_map(|part| part.get("type")).collect();
        assert!(types.windows(2).all(|two| two[0] == two[1]), "{parts:?}");
    }
    // As who says something was described.
    let from = &document["components"]["schemas"]["NewMessage"]["properties"]["from"]["$ref"];
    let place = from.as_str().unwrap().strip_prefix('#').unwrap();
    assert_eq!(document.pointer(place).unwrap()["enum"], json!(["contact", "agent"]));
}

/// An address that takes JSON.
struct Taken {
    /// Its method and path, as they are described.
    operation: (&'static str, &'static str),
    /// Where a request goes.
    address: String,
    /// All that can stand in its body.
    body: Value,
    /// The same, with arrays in the place of objects: the fields in the order in which they stand in the code.
    arrays: Vec<Value>,
}

impl Taken {
    fn with(&self, body: &Value) -> Ask {
        Ask::new(&self.operation.0.to_uppercase(), &self.address).body("application/json", body.to_string())
    }
}

/// All of them, in a tenant in which they work.
async fn taken(server: &TestServer) -> Vec<Taken> {
    let aurora = &server.two.aurora;
    server
        .execute(
            "update app.api_keys set scopes = scopes || '{members.manage,settings.manage,audit.read,assistant.manage}'",
        )
        .await;
    let deneb = Tenant::new(&server.db, "Deneb").await;
    server.db.joins(&deneb, aurora).await;
    let identity = &server.capabilities().identity;
    let members = identity.list_members(&aurora.owner, &Default::default()).await.unwrap().data;
    let colleague = members.iter().find(|one| one.email == deneb.email).unwrap().id;
    let wishes = RoleWishes { title: "Shift".to_owned(), ..RoleWishes::default() };
    let role = identity.create_role(&aurora.owner, &wishes).await.unwrap().role;
    let team = identity.create_team(&aurora.owner, "Billing").await.unwrap().id;
    let talk = server.new_conversation(aurora, "When may lamps come back?").await;
    let new = NewModel {
        wire: Wire::OpenAi,
        name: "small".to_owned(),
        address: String::new(),
        key: Key::default(),
        on: false,
        uses: Use::All,
        images: false,
        prices: None,
    };
    let model = server.capabilities().llm.add(&aurora.owner, new).await.unwrap().id;
    let new = NewTool {
        name: "order".to_owned(),
        description: "Where an order is.".to_owned(),
        method: ToolMethod::Get,
        address: "https://tools.invalid/orders".to_owned(),
        parameters: String::new(),
        header: String::new(),
        secret: Key::default(),
        on: false,
        in_conversations: false,
    };
    let tool = server.capabilities().assistant.add_tool(&aurora.owner, new).await.unwrap().id;
    let takes = json!({"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]});
    let standard = Personality { name: "Standard".to_owned(), ..Personality::default() };
    let personality = server.capabilities().assistant.create_personality(&aurora.owner, standard).await.unwrap().id;
    let all = json!({
        "name": "Astrid", "called": "Astrid", "tone": "brief", "language": "sv", "instruction": "Be kind.", "greeting": "Hej!",
        "thanks": "Gladly.", "refusal": "I do not know.", "nearest": "Perhaps:", "grounding": "quotes_only",
        "intents": [{"name": "Jobs", "examples": ["Are you hiring?"], "then": "answer", "text": "No."}],
        "person_after_refusals": true,
    });
    let soon = timestamp(server.db.services.now() + time::Duration::days(30)).to_string();
    let meeting = server.capabilities().meetings.create(&aurora.owner, NewMeeting::default()).await.unwrap().id;
    let prices = json!({"input": 2_500_000, "cached": 250_000, "output": 10_000_000, "since": ""});
    let of = |operation: (&'static str, &'static str), id: &str, body: Value, arrays: Value| {
        let arrays = arrays.as_array().unwrap().clone();
        Taken { operation, address: operation.1.replace("{id}", id), body, arrays }
    };
    vec![
        of(
            ("patch", "/api/v1/members/{id}"),
            &colleague.to_string(),
            json!({"role": "agent", "suspended": null, "revoke_keys": null}),
            json!([["agent", null, null]]),
        ),
        of(
            ("post", "/api/v1/roles"),
            "",
            json!({"title": "Night", "permissions": ["documents.read"]}),
            json!([["Night", ["documents.read"]]]),
        ),
        of(
            ("put", "/api/v1/roles/{id}"),
            &role.to_string(),
            json!({"title": "Day", "permissions": []}),
            json!([["Day", []]]),
        ),
        of(("post", "/api/v1/teams"), "", json!({"name": "Night"}), json!([["Night"]])),
        of(("patch", "/api/v1/teams/{id}"), &team.to_string(), json!({"name": "Day"}), json!([["Day"]])),
        of(("post", "/api/v1/conversations/{id}/team"), &talk, json!({"team_id": team}), json!([[team]])),
        of(
            ("post", "/api/v1/invitations"),
            "",
            json!({"email": "new@aurora.example", "role": "agent"}),
            json!([["new@aurora.example", "agent"]]),
        ),
        of(
            ("put", "/api/v1/settings"),
            "",
            json!({"version": 0, "settings": {
                "name": "Aurora", "second_factor": false, "session_minutes": 600, "idle_minutes": 60, "language": null,
                "remember_facts": false, "mask_personal_data": false, "embed_origins": ["https://shop.example"], "calls": true,
                "time_zone": "Europe/Stockholm", "service_hours": ["09:00-17:00"],
            }}),
            json!([
                [0, {"name": "Aurora"}],
                [0, ["Aurora", false, 600, 60, null, false, false, ["https://shop.example"], true, "UTC", []]],
                {"version": 0, "settings": ["Aurora", false, 600, 60, null, false, false, ["https://shop.example"], true, "UTC", []]},
            ]),
        ),
        of(
            ("post", "/api/v1/tokens"),
            "",
            json!({"permissions": ["documents.read"], "expires_in": 300}),
            json!([[["documents.read"], 300]]),
        ),
        of(
            ("post", "/api/v1/search"),
            "",
            json!({"query": "lamps", "limit": 5, "minimum": 0.2}),
            json!([["lamps", 5]]),
        ),
        of(
            ("post", "/api/v1/meetings"),
            "",
            json!({
                "title": "Weekly", "starts_at": soon, "time_zone": "Europe/Stockholm", "minutes": 30,
                "passcode": "lingonberry", "waiting_room": true,
            }),
            json!([["Weekly"]]),
        ),
        of(
            ("patch", "/api/v1/meetings/{id}"),
            &meeting.to_string(),
            json!({
                "title": "Monthly", "starts_at": soon, "time_zone": "Europe/Stockholm", "minutes": 30,
                "passcode": "lingonberry", "waiting_room": true,
            }),
            json!([["Monthly"]]),
        ),
        of(("post", "/api/v1/meetings/{id}/tokens"), &meeting.to_string(), json!({"name": "Kim"}), json!([["Kim"]])),
        of(
            ("post", "/api/v1/answers"),
            "",
            json!({"question": "Lamps?", "images": []}),
            json!([["Lamps?"], {"question": "Lamps?", "images": [["image/png", ""]]}]),
        ),
        of(
            ("put", "/api/v1/assistant"),
            "",
            json!({"instruction": "You are called Astrid."}),
            json!([["You are called Astrid."]]),
        ),
        of(
            ("post", "/api/v1/personalities"),
            "",
            all.clone(),
            json!([["Astrid"], {"name": "Astrid", "intents": [["Jobs", ["Are you hiring?"], "answer", "No."]]}]),
        ),
        of(
            ("put", "/api/v1/personalities/{id}"),
            &personality.to_string(),
            // (What `put /api/v1/assistant` says made the second one.)
            json!({"version": 2, "personality": all}),
            json!([[1, {"name": "Astrid"}], {"version": 1, "personality": ["Astrid"]}]),
        ),
        of(
            ("post", "/api/v1/evaluations"),
            "",
            json!({"name": "Ours", "questions": [{"question": "How long?", "expected": "60 days"}]}),
            json!([
                ["Ours", [{"question": "How long?"}]],
                {"name": "Ours", "questions": [["How long?", "60 days"]]},
            ]),
        ),
        of(
            ("post", "/api/v1/models"),
            "",
            json!({"wire": "openai", "name": "small", "address": "", "key": "", "on": false, "images": true, "prices": prices}),
            json!([
                ["openai", "small"],
                {"wire": "openai", "name": "small", "on": false, "prices": [1, 2, 3]},
            ]),
        ),
        of(
            ("patch", "/api/v1/models/{id}"),
            &model.to_string(),
            json!({"name": "smaller", "address": "", "key": "", "on": false, "uses": "simple", "images": true, "prices": null, "place": 0}),
            json!([["smaller"], {"prices": [1, 2, 3]}]),
        ),
        of(
            ("post", "/api/v1/tools"),
            "",
            json!({
                "name": "stock", "description": "What there is.", "method": "post", "address": "https://tools.invalid/{order}",
                "parameters": takes, "header": "X-Api-Key", "secret": "0123456789", "on": false, "in_conversations": true,
            }),
            json!([["stock", "What there is.", "post", "https://tools.invalid/"]]),
        ),
        of(
            ("patch", "/api/v1/tools/{id}"),
            &tool.to_string(),
            json!({
                "name": "orders", "description": "Where it is.", "method": "get", "address": "https://tools.invalid/{order}",
                "parameters": takes, "header": "X-Api-Key", "secret": "0123456789", "on": true, "in_conversations": true,
            }),
            json!([["orders"]]),
        ),
        of(
            ("post", "/api/v1/tools/{id}/try"),
            &tool.to_string(),
            json!({"arguments": {"order": "7"}}),
            json!([[{"order": "7"}]]),
        ),
        of(
            ("put", "/api/v1/model-budget"),
            "",
            json!({"limit": 25_000_000, "alert_at": 80}),
            json!([[25_000_000, 80]]),
        ),
        of(
            ("post", "/api/v1/conversations"),
            "",
            json!({"contact": {"name": "Ann", "email": "ann@x.example"}}),
            json!([
                [{"name": "Ann", "email": "ann@x.example"}],
                [["Ann", "ann@x.example"]],
                {"contact": ["Ann", "ann@x.example"]},
                {"contact": []},
                [],
            ]),
        ),
        of(
            ("post", "/api/v1/conversations/{id}/messages"),
            &talk,
            json!({"text": "Hello", "client_id": "described", "from": "contact"}),
            json!([["Hello", "described", "contact"]]),
        ),
    ]
}

#[tokio::test]
async fn an_array_is_never_taken_for_an_object() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let taken = taken(&server).await;
    let (document, mut described) = (document(), BTreeSet::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["requestBody"]["content"].get("application/json").is_some() {
                described.insert((method.as_str(), path.as_str()));
            }
        }
    }
    let tried: BTreeSet<_> = taken.iter().map(|one| one.operation).collect();
    assert_eq!(tried, described, "an address takes JSON and is not tried here, or the other way round");
    let assert_refused = async |ask: Ask, why: &str| {
        let answer = server.ask(ask.key(aurora)).await;
        assert_eq!(answer.status, 400, "{why}: {answer}");
        let problem = answer.json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(why) && detail.contains(" at line 1 column "), "{why}: {answer}");
    };
    for one in &taken {
        for array in &one.arrays {
            assert_refused(one.with(array), "invalid type: sequence, expected an object").await;
        }
        let answer = server.ask(one.with(&one.body).key(aurora)).await;
        assert!((200..300).contains(&answer.status), "{:?}: {answer}", one.operation);
    }
    // What is in an object is looked at as before.
    for (body, why) in [
        (r#"{"contact":{"age":1}}"#, "contact.age: unknown field `age`"),
        (r#"{"contact":{"name":1}}"#, "contact.name: invalid type: integer `1`"),
        (r#"{"contact":{"name":"Ann","name":"Bea"}}"#, "duplicate field `name`"),
        (r#"{"contact":{},"contact":{}}"#, "duplicate field `contact`"),
        (r#"{"contact":null}"#, "invalid type: null, expected an object"),
        (r#""contact""#, r#"invalid type: string "contact", expected an object"#),
    ] {
        assert_refused(Ask::post("/api/v1/conversations").body("application/json", body), why).await;
    }
}

#[tokio::test]
async fn a_whole_number_may_be_written_with_a_fraction_of_nothing() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    server.execute("update app.api_keys set scopes = scopes || '{settings.manage}'").await;
    let search = |limit: &str| {
        let body = format!(r#"{{"query":"lamps","limit":{limit}}}"#);
        Ask::post("/api/v1/search").body("application/json", body)
    };
    let settings = |version: &str, minutes: &str| {
        let body = format!(r#"{{"version":{version},"settings":{{"name":"Aurora","idle_minutes":{minutes}}}}}"#);
        Ask::new("PUT", "/api/v1/settings").body("application/json", body)
    };
    for (ask, status) in [
        (search("5.0"), 200),
        (search("5e0"), 200),
        (search("null"), 200),
        (search("5.5"), 400),
        (search("51.0"), 422),
        (settings("0.0", "30.5"), 400),
        (settings("0.5", "30"), 400),
        (settings("0.0", "30.0"), 200),
    ] {
        let answer = server.ask(ask.key(aurora)).await;
        assert_eq!(answer.status, status, "{answer}");
    }
}

/// Values that a schema rules out, each with its place.
fn outside(document: &Value, schema: &Value, place: &str, found: &mut Vec<(String, Value)>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let named = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        return outside(document, named, place, found);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        outside(document, property, &format!("{place}/{name}"), found);
    }
    let number = |name: &str| schema[name].as_i64();
    let length = |name: &str| schema[name].as_u64().map(|length| usize::try_from(length).unwrap());
    let values = [
        number("minimum").map(|least| json!(least - 1)),
        number("maximum").map(|most| json!(u64::try_from(most).unwrap() + 1)),
        length("minLength").map(|least| json!("x".repeat(least - 1))),
        length("maxLength").map(|most| json!("x".repeat(most + 1))),
        schema["pattern"].is_string().then(|| json!(" ")),
        (schema["format"] == "email").then(|| json!("nobody at x.example")),
    ];
    found.extend(values.into_iter().flatten().map(|value| (place.to_owned(), value)));
}

#[tokio::test]
async fn what_the_description_rules_out_is_refused() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let (taken, document) = (taken(&server).await, document());
    let talk = server.new_conversation(aurora, "How are lamps sent back?").await;
    // Something that is there, of the kind that the path is about.
    let there = |path: &str| {
        let before = path.split_once("{id}").map_or(path, |(before, _)| before);
        let alike =
            taken.iter().find(|one| one.operation.1.strip_prefix(before).is_some_and(|rest| rest.starts_with("{id}")));
        let id = alike.and_then(|one| one.address.strip_prefix(before)?.split('/').next());
        id.unwrap_or(&talk).to_owned()
    };
    let mut asks = Vec::new();
    for one in &taken {
        let (method, path) = one.operation;
        let schema = &document["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"];
        let mut found = Vec::new();
        outside(&document, schema, "", &mut found);
        for (place, value) in found {
            let (named, mut body) = (format!("{method} {path} {place}"), one.body.clone());
            *body.pointer_mut(&place).unwrap_or_else(|| panic!("{named} is not in the body that is tried")) = value;
            asks.push((named, one.with(&body)));
        }
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array().into_iter().flatten();
        for parameter in parameters.filter(|one| one["in"] == "query") {
            let (name, mut found) = (parameter["name"].as_str().unwrap(), Vec::new());
            outside(&document, &parameter["schema"], "", &mut found);
            for (_, value) in found {
                let text = value.as_str().map_or_else(|| value.to_string(), |text| text.replace(' ', "%20"));
                let address = format!("{}?{name}={text}", path.replace("{id}", &there(path)));
                asks.push((address.clone(), Ask::get(address)));
            }
        }
    }
    assert!(asks.len() > 50, "{}", asks.len());
    for (named, ask) in asks {
        let answer = server.ask(ask.key(aurora)).await;
        assert!(matches!(answer.status, 400 | 422), "{named}: {answer}");
    }
}

/// Ids in paths have their form in the description as well.
#[test]
fn ids_in_paths_are_described() {
    let (document, mut ids) = (document(), 0);
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for parameter in parameters.filter(|one| one["in"] == "path") {
                assert!(parameter["schema"]["pattern"].is_string(), "{method} {path}: {parameter}");
                ids += 1;
            }
        }
    }
    assert!(ids > 10, "{ids}");
}
