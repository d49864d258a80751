//! `/api/v1/tools`: what the assistant may call while it writes an answer.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::idempotency::IdempotencyKey;
use crate::rest::refusals::{Refused, RefusedBody, RefusedOnce, RefusedQuery};
use crate::rest::{ApiJson, ApiQuery, query};
use crate::state::App;
use assistant::{NewTool, ToolChange};
use axum::{Json, extract::State, http::StatusCode};
use llm::Key;
use model::tool::{Tool, ToolMethod, TriedTool};
use model::{Page, Problem, Timestamp, ToolId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use zeroize::Zeroizing;

const fn yes() -> bool {
    true
}

/// A tool, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tool)]
pub struct Shown {
    /// Its id.
    id: ToolId,
    /// What a model calls it by.
    name: String,
    /// What it does, for the model.
    description: String,
    /// How it is asked.
    method: ToolMethod,
    /// Where, with names in braces for what is filled in.
    address: String,
    /// What it takes: JSON Schema.
    #[schema(value_type = Object)]
    parameters: Value,
    /// The header in which it gets its secret, if it has one.
    header: Option<String>,
    /// Whether it is called.
    on: bool,
    /// Whether it is called in conversations with contacts; otherwise for those alone who may set the assistant up.
    in_conversations: bool,
    /// When it was added.
    created_at: Timestamp,
    /// When it was changed last.
    changed_at: Timestamp,
}

impl From<Tool> for Shown {
    fn from(tool: Tool) -> Self {
        Self {
            id: tool.id,
            name: tool.name,
            description: tool.description,
            method: tool.method,
            address: tool.address,
            // What is kept was read before.
            parameters: serde_json::from_str(&tool.parameters).unwrap_or_default(),
            header: tool.header,
            on: tool.on,
            in_conversations: tool.in_conversations,
            created_at: tool.created_at,
            changed_at: tool.changed_at,
        }
    }
}

/// A tool that is to be called. (It does not print: it has a secret.)
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolRequest {
    /// What a model calls it by.
    #[schema(min_length = 1, max_length = 40, pattern = r"^\s*[a-z][a-z0-9_]*\s*$")]
    name: String,
    /// What it does and when it is to be called, for the model.
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    description: String,
    /// How it is asked: with `get` what is not in the address stands behind it as a query, with `post` it is sent as a JSON object.
    method: ToolMethod,
    /// Where: an address that begins with `https://`. `{name}` in its path or query is filled in.
    #[schema(min_length = 1, max_length = 500)]
    address: String,
    /// What it takes: a JSON Schema of an object whose properties are strings, numbers, integers and booleans, with `description`, `enum`, `minimum`,
    /// `maximum`, `minLength`, `maxLength`, and `required`; 20 properties, 8 KB. What stands in the address in braces is required.
    #[serde(default)]
    #[schema(value_type = Object)]
    parameters: Map<String, Value>,
    /// The header in which it gets its secret; empty for none.
    #[serde(default)]
    #[schema(max_length = 60)]
    header: String,
    /// What the header says. It is kept sealed, and not shown again.
    #[serde(default)]
    #[schema(value_type = String, max_length = 500)]
    secret: Zeroizing<String>,
    /// Whether it is called.
    #[serde(default = "yes")]
    on: bool,
    /// Whether it is called in conversations with contacts; otherwise for those alone who may set the assistant up.
    #[serde(default)]
    in_conversations: bool,
}

/// What is to be another: what is not there stays as it is. (It does not print, either.)
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolPatch {
    /// What a model calls it by.
    #[schema(min_length = 1, max_length = 40, pattern = r"^\s*[a-z][a-z0-9_]*\s*$")]
    name: Option<String>,
    /// What it does and when it is to be called.
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    description: Option<String>,
    /// How it is asked.
    method: Option<ToolMethod>,
    /// Where. With a secret that is kept, only together with `secret`.
    #[schema(min_length = 1, max_length = 500)]
    address: Option<String>,
    /// What it takes.
    #[schema(value_type = Option<Object>)]
    parameters: Option<Map<String, Value>>,
    /// The header in which it gets its secret; empty takes both away.
    #[schema(max_length = 60)]
    header: Option<String>,
    /// What the header says.
    #[schema(value_type = Option<String>, max_length = 500)]
    secret: Option<Zeroizing<String>>,
    /// Whether it is called.
    on: Option<bool>,
    /// Whether it is called in conversations with contacts.
    in_conversations: Option<bool>,
}

/// What a tool is tried with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TryRequest {
    /// Its arguments, as a model would write them.
    #[serde(default)]
    #[schema(value_type = Object)]
    arguments: Map<String, Value>,
}

/// As it is kept.
fn written(parameters: Map<String, Value>) -> String {
    if parameters.is_empty() { String::new() } else { Value::Object(parameters).to_string() }
}

/// The tools, by their names: twenty at most. Takes a key with `assistant.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/tools",
    operation_id = "list_tools",
    tag = "Assistant",
    security(("api_key" = [])),
    responses((status = 200, description = "All of them", body = Page<Shown>), RefusedQuery, Refused)
)]
pub async fn list(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<Page<Shown>>, Failure> {
    let tools = app.capabilities.assistant.list_tools(&caller).await?;
    Ok(Json(Page { data: tools.into_iter().map(Shown::from).collect(), next_cursor: None }))
}

/// A tool, without its secret. Takes a key with `assistant.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/tools/{id}",
    operation_id = "get_tool",
    tag = "Assistant",
    params(("id" = inline(ToolId), Path, description = "The tool's id")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The tool", body = Shown),
        (status = 404, description = "No such tool", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn get(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<ToolId>,
    _: ApiQuery<query::None>,
) -> Result<Json<Shown>, Failure> {
    Ok(Json(app.capabilities.assistant.tool(&caller, id).await?.into()))
}

/// Adds a tool. Takes a key with `assistant.manage`.
#[utoipa::path(
    post,
    path = "/api/v1/tools",
    operation_id = "create_tool",
    tag = "Assistant",
    params(IdempotencyKey),
    security(("api_key" = [])),
    request_body = ToolRequest,
    responses(
        (status = 201, description = "The tool, without its secret", body = Shown),
        RefusedBody,
        RefusedOnce,
        Refused,
    )
)]
pub async fn create(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(request): ApiJson<ToolRequest>,
) -> Result<(StatusCode, Json<Shown>), Failure> {
    let ToolRequest { name, description, method, address, parameters, header, secret, on, in_conversations } = request;
    let (parameters, secret) = (written(parameters), Key::new(&secret));
    let new = NewTool { name, description, method, address, parameters, header, secret, on, in_conversations };
    Ok((StatusCode::CREATED, Json(app.capabilities.assistant.add_tool(&caller, new).await?.into())))
}

/// Changes a tool. Takes a key with `assistant.manage`.
#[utoipa::path(
    patch,
    path = "/api/v1/tools/{id}",
    operation_id = "change_tool",
    tag = "Assistant",
    params(("id" = inline(ToolId), Path, description = "The tool's id")),
    security(("api_key" = [])),
    request_body = ToolPatch,
    responses(
        (status = 204, description = "It is changed"),
        (status = 404, description = "No such tool", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        Refused,
    )
)]
pub async fn change(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<ToolId>,
    ApiJson(patch): ApiJson<ToolPatch>,
) -> Result<StatusCode, Failure> {
    let ToolPatch { name, description, method, address, parameters, header, secret, on, in_conversations } = patch;
    let (parameters, secret) = (parameters.map(written), secret.map(|secret| Key::new(&secret)));
    let change = ToolChange { name, description, method, address, parameters, header, secret, on, in_conversations };
    app.capabilities.assistant.change_tool(&caller, id, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a tool, and its secret with it. Takes a key with `assistant.manage`.
#[utoipa::path(
    delete,
    path = "/api/v1/tools/{id}",
    operation_id = "delete_tool",
    tag = "Assistant",
    params(("id" = inline(ToolId), Path, description = "The tool's id")),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such tool", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn delete(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<ToolId>,
) -> Result<StatusCode, Failure> {
    app.capabilities.assistant.remove_tool(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Calls a tool as a model would, also one that is off: what it tells, or what is wrong otherwise (`fault`). Takes a key with `assistant.manage`.
#[utoipa::path(
    post,
    path = "/api/v1/tools/{id}/try",
    operation_id = "try_tool",
    tag = "Assistant",
    params(("id" = inline(ToolId), Path, description = "The tool's id"), IdempotencyKey),
    security(("api_key" = [])),
    request_body = TryRequest,
    responses(
        (status = 200, description = "What came of it", body = TriedTool),
        (status = 404, description = "No such tool", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        RefusedOnce,
        Refused,
    )
)]
pub async fn try_out(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<ToolId>,
    ApiJson(TryRequest { arguments }): ApiJson<TryRequest>,
) -> Result<Json<TriedTool>, Failure> {
    let written = Value::Object(arguments).to_string();
    Ok(Json(app.capabilities.assistant.try_tool(&caller, id, &written).await?))
}
