//! `GET /api/docs`: the REST interface for people, made of its description.

use crate::pages::render::Render;
use crate::rest::openapi;
use crate::state::App;
use app::site::{Body, Call, Parameter, api_docs};
use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// How deep an example goes into what holds itself.
const DEPTH: usize = 6;

/// What the page shows, made once: it is the same for everybody, for as long as the program runs.
static DESCRIBED: LazyLock<(Vec<Call>, String)> = LazyLock::new(|| {
    let description = serde_json::to_value(openapi()).unwrap_or_default();
    (calls(&description), text(&description["info"], "description"))
});

/// The page.
pub async fn page(State(app): State<App>, render: Render) -> Response {
    let address = app.config.public_url.as_ref().map(ToString::to_string).unwrap_or_default();
    let (calls, introduction) = &*DESCRIBED;
    render.page(StatusCode::OK, || api_docs(calls.clone(), introduction.clone(), &address))
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value[name].as_array().into_iter().flatten()
}

fn fields<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value[name].as_object().into_iter().flatten()
}

fn calls(description: &Value) -> Vec<Call> {
    let all = fields(description, "paths").flat_map(|(path, methods)| {
        methods.as_object().into_iter().flatten().map(move |(method, call)| (path, method, call))
    });
    all.map(|(path, method, call)| Call {
        id: text(call, "operationId"),
        about: call["tags"][0].as_str().unwrap_or_default().to_owned(),
        method: method.to_uppercase(),
        path: path.clone(),
        does: [text(call, "summary"), text(call, "description")].join("\n").trim().to_owned(),
        parameters: list(call, "parameters").map(parameter).collect(),
        body: body(description, &call["requestBody"]["content"]),
        answers: fields(call, "responses")
            .map(|(status, answer)| (status.clone(), text(answer, "description")))
            .collect(),
    })
    .collect()
}

fn parameter(one: &Value) -> Parameter {
    Parameter { name: text(one, "name"), place: text(one, "in"), is: text(one, "description") }
}

fn body(description: &Value, content: &Value) -> Body {
    if let Some(media) = content.get("application/json") {
        let example = example(description, &media["schema"], DEPTH);
        return Body::Json(serde_json::to_string_pretty(&example).unwrap_or_default());
    }
    let Some(media) = content.get("multipart/form-data") else { return Body::None };
    let schema = resolved(description, &media["schema"]);
    let form = fields(schema, "properties").map(|(name, field)| {
        let field = resolved(description, field);
        let file = field["format"] == "binary" || field["contentMediaType"] == "application/octet-stream";
        (name.clone(), text(field, "description"), file)
    });
    Body::Form(form.collect())
}

/// What a `$ref` names.
fn resolved<'v>(description: &'v Value, schema: &'v Value) -> &'v Value {
    let name = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#"));
    name.and_then(|path| description.pointer(path)).unwrap_or(schema)
}

/// Something that a schema describes.
fn example(description: &Value, schema: &Value, depth: usize) -> Value {
    let schema = resolved(description, schema);
    if let Some(given) = schema.get("example").or_else(|| list(schema, "examples").next()) {
        return given.clone();
    }
    if let Some(first) = list(schema, "enum").next() {
        return first.clone();
    }
    let either: Vec<_> = ["oneOf", "anyOf", "allOf"].into_iter().flat_map(|way| list(schema, way)).collect();
    if let Some(one) = either.into_iter().find(|one| one["type"] != "null") {
        return if depth == 0 { Value::Null } else { example(description, one, depth - 1) };
    }
    let kinds: Vec<&str> =
        schema["type"].as_str().into_iter().chain(list(schema, "type").filter_map(Value::as_str)).collect();
    match kinds.first().copied() {
        Some("object") if depth > 0 => {
            let inner = fields(schema, "properties")
                .map(|(name, field)| (name.clone(), example(description, field, depth - 1)));
            Value::Object(inner.collect::<Map<_, _>>())
        }
        Some("array") if depth > 0 => json!([example(description, &schema["items"], depth - 1)]),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("boolean") => json!(false),
        Some("string") if schema["format"] == "email" => json!("somebody@example.com"),
        Some("string") => json!("…"),
        _ => Value::Null,
    }
}
