//! `/api/v1/models`: the models that the assistant asks, what they may cost and have used.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::request::PathId;
use crate::rest::idempotency::IdempotencyKey;
use crate::rest::refusals::{Refused, RefusedBody, RefusedOnce, RefusedQuery};
use crate::rest::{ApiJson, ApiQuery, Object, query};
use crate::state::App;
use axum::{Json, extract::State, http::StatusCode};
use llm::{Key, LlmError, ModelChange, NewModel, Span};
use model::llm::{Budget, ConversationUsage, Micros, Model, Prices, Tried, UsageDay, Use, Wire};
use model::{ConversationId, ModelId, Page, Problem, whole};
use serde::{Deserialize, Deserializer};
use time::Date;
use utoipa::{IntoParams, ToSchema};
use words::text;
use zeroize::Zeroizing;

const fn yes() -> bool {
    true
}

const fn all() -> Use {
    Use::All
}

/// Prices, or that there are none, where either was said.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Prices>>, D::Error> {
    let said = Option::<Object<Prices>>::deserialize(deserializer)?;
    Ok(Some(said.map(|Object(prices)| prices)))
}

/// Prices, where they were said.
fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Prices>, D::Error> {
    Ok(Option::<Object<Prices>>::deserialize(deserializer)?.map(|Object(prices)| prices))
}

/// A model that is to be asked. (It does not print: it has a key.)
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelRequest {
    /// How it is spoken with: a server of one's own mostly as `openai`.
    wire: Wire,
    /// What its provider calls it.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    name: String,
    /// Where it is; empty for where its provider is.
    #[serde(default)]
    #[schema(max_length = 500)]
    address: String,
    /// The provider's key; empty where it takes none. It is kept sealed, and not shown again.
    #[serde(default)]
    #[schema(value_type = String, max_length = 500)]
    key: Zeroizing<String>,
    /// Whether it is asked.
    #[serde(default = "yes")]
    on: bool,
    /// What it is asked first for: `all`, or `simple` questions, of which it is then asked before the others, and of the rest behind them. Or
    /// `search`: it answers nothing, and says what documents and questions mean, for the search; one of these is on at most.
    #[serde(default = "all")]
    uses: Use,
    /// Whether it looks at pictures: then it is asked what those show that a question comes with.
    #[serde(default)]
    #[schema(default = false)]
    images: bool,
    /// What a million tokens cost, in the currency in which the workspace counts; without it no money is counted.
    #[serde(default, deserialize_with = "some")]
    prices: Option<Prices>,
}

/// What is to be another: what is not there stays as it is. (It does not print, either.)
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelPatch {
    /// What its provider calls it.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    name: Option<String>,
    /// Where it is; empty for where its provider is. With a key that is kept, only together with `key`.
    #[schema(max_length = 500)]
    address: Option<String>,
    /// The provider's key; empty takes it away.
    #[schema(value_type = Option<String>, max_length = 500)]
    key: Option<Zeroizing<String>>,
    /// Whether it is asked.
    on: Option<bool>,
    /// What it is asked first for.
    uses: Option<Use>,
    /// Whether it looks at pictures.
    images: Option<bool>,
    /// What a million tokens cost from a day on, today or one to come; null for nothing known, now or before.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Prices>)]
    prices: Option<Option<Prices>>,
    /// Its place in the line: 0 is asked first.
    #[serde(default, deserialize_with = "whole::or_none")]
    place: Option<u32>,
}

/// The models, in the order in which they are asked: eight at most. One that has not answered when it was asked last says why (`fault`), and since
/// when (`failing_since`), until it does. Takes a key with `assistant.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/models",
    operation_id = "list_models",
    tag = "Assistant",
    security(("api_key" = [])),
    responses((status = 200, description = "All of them", body = Page<Model>), RefusedQuery, Refused)
)]
pub async fn list(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<Page<Model>>, Failure> {
    Ok(Json(Page { data: app.capabilities.llm.list(&caller).await?, next_cursor: None }))
}

/// Adds a model, which is asked last. One for the search that is on is tried before it is taken, which costs what such a text costs; then it reads all
/// documents. Takes a key with `assistant.manage`.
#[utoipa::path(
    post,
    path = "/api/v1/models",
    operation_id = "create_model",
    tag = "Assistant",
    params(IdempotencyKey),
    security(("api_key" = [])),
    request_body = ModelRequest,
    responses(
        (status = 201, description = "The model, without its key", body = Model),
        RefusedBody,
        RefusedOnce,
        (status = 409, description = "The budget does not allow that one for the search is tried; the request of this `Idempotency-Key` is being worked on", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn create(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(request): ApiJson<ModelRequest>,
) -> Result<(StatusCode, Json<Model>), Failure> {
    let ModelRequest { wire, name, address, key, on, uses, images, prices } = request;
    let new = NewModel { wire, name, address, key: Key::new(&key), on, uses, images, prices };
    Ok((StatusCode::CREATED, Json(app.capabilities.llm.add(&caller, new).await?)))
}

/// Changes a model. One for the search is tried before anything else of it counts than its prices. Takes a key with `assistant.manage`.
#[utoipa::path(
    patch,
    path = "/api/v1/models/{id}",
    operation_id = "change_model",
    tag = "Assistant",
    params(("id" = inline(ModelId), Path, description = "The model's id")),
    security(("api_key" = [])),
    request_body = ModelPatch,
    responses(
        (status = 204, description = "It is changed"),
        (status = 404, description = "No such model", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The budget does not allow that one for the search is tried", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        Refused,
    )
)]
pub async fn change(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<ModelId>,
    ApiJson(patch): ApiJson<ModelPatch>,
) -> Result<StatusCode, Failure> {
    let ModelPatch { name, address, key, on, uses, images, prices, place } = patch;
    let models = &app.capabilities.llm;
    let key = key.map(|key| Key::new(&key));
    let change = ModelChange { name, address, key, on, uses, images, prices };
    let other = change.name.is_some() || change.address.is_some() || change.key.is_some() || uses.is_some();
    let other = other || images.is_some();
    if other || change.on.is_some() || change.prices.is_some() || place.is_none() {
        models.change(&caller, id, change).await?;
    }
    if let Some(place) = place {
        models.place(&caller, id, place).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a model, and its key with it. What it has used stays known. Takes a key with `assistant.manage`.
#[utoipa::path(
    delete,
    path = "/api/v1/models/{id}",
    operation_id = "delete_model",
    tag = "Assistant",
    params(("id" = inline(ModelId), Path, description = "The model's id")),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such model", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn delete(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<ModelId>,
) -> Result<StatusCode, Failure> {
    app.capabilities.llm.remove(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks a model something short, also one that is off: whether it answers, and what is wrong otherwise (`fault`). It costs what such a question
/// costs. Takes a key with `assistant.manage`.
#[utoipa::path(
    post,
    path = "/api/v1/models/{id}/try",
    operation_id = "try_model",
    tag = "Assistant",
    params(("id" = inline(ModelId), Path, description = "The model's id"), IdempotencyKey),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "What came of it", body = Tried),
        (status = 404, description = "No such model", body = Problem, content_type = "application/problem+json"),
        RefusedOnce,
        (status = 409, description = "The budget does not allow it; the request of this `Idempotency-Key` is being worked on", body = Problem, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn try_out(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    PathId(id): PathId<ModelId>,
) -> Result<Json<Tried>, Failure> {
    Ok(Json(app.capabilities.llm.try_out(&caller, id).await?))
}

/// What this month may cost, and has. Takes a key with `assistant.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/model-budget",
    operation_id = "get_model_budget",
    tag = "Assistant",
    security(("api_key" = [])),
    responses((status = 200, description = "The budget", body = Budget), RefusedQuery, Refused)
)]
pub async fn budget(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<Budget>, Failure> {
    Ok(Json(app.capabilities.llm.budget(&caller).await?))
}

/// What each month may cost.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetRequest {
    /// At most, in millionths of a unit of the workspace's currency; null for as much as comes.
    limit: Option<Micros>,
    /// Percent of it at which the audit log says so.
    #[serde(deserialize_with = "whole::read")]
    #[schema(minimum = 1, maximum = 100)]
    alert_at: u8,
}

/// Sets what each month may cost: when it is used up, the built-in answerer answers. Takes a key with `assistant.manage`.
#[utoipa::path(
    put,
    path = "/api/v1/model-budget",
    operation_id = "change_model_budget",
    tag = "Assistant",
    security(("api_key" = [])),
    request_body = BudgetRequest,
    responses((status = 200, description = "The budget now", body = Budget), RefusedBody, Refused)
)]
pub async fn set_budget(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(BudgetRequest { limit, alert_at }): ApiJson<BudgetRequest>,
) -> Result<Json<Budget>, Failure> {
    Ok(Json(app.capabilities.llm.set_budget(&caller, limit, alert_at).await?))
}

/// How far back.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Days {
    /// So many days, today among them.
    #[param(minimum = 1, maximum = 92, default = 30)]
    days: Option<u32>,
    /// The days of a month instead: `2026-11`. They are known for 25 months.
    #[param(pattern = "^20[0-9]{2}-(0[1-9]|1[0-2])$")]
    month: Option<String>,
}

/// Which month, and how many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Dearest {
    /// The month, in UTC: `2026-11`. This one, where none is named.
    #[param(pattern = "^20[0-9]{2}-(0[1-9]|1[0-2])$")]
    month: Option<String>,
    /// Most of them.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
}

/// The month that was named, if one was.
fn named(month: Option<&str>) -> Result<Option<Date>, LlmError> {
    let wrong = || LlmError::field("month", text!("Write the month as in 2026-11."));
    month.map(|typed| llm::month(typed).ok_or_else(wrong)).transpose()
}

/// What models have used, by day and model, the latest day first. Takes a key with `assistant.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/model-usage",
    operation_id = "list_model_usage",
    tag = "Assistant",
    params(Days),
    security(("api_key" = [])),
    responses((status = 200, description = "The days on which something was used", body = Page<UsageDay>), RefusedQuery, Refused)
)]
pub async fn usage(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    ApiQuery(Days { days, month }): ApiQuery<Days>,
) -> Result<Json<Page<UsageDay>>, Failure> {
    let span = match (days, named(month.as_deref())?) {
        (None, Some(month)) => Span::Month(month),
        (Some(_), Some(_)) => {
            return Err(LlmError::field("month", text!("Name a month, or a number of days, and not both.")).into());
        }
        (days, None) => Span::Days(days.unwrap_or(30)),
    };
    Ok(Json(Page { data: app.capabilities.llm.usage_of(&caller, span).await?, next_cursor: None }))
}

/// The conversations of a month for which models cost most, the dearest first. Takes a key with `assistant.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/model-usage/conversations",
    operation_id = "list_dearest_conversations",
    tag = "Assistant",
    params(Dearest),
    security(("api_key" = [])),
    responses((status = 200, description = "What was used for each in that month", body = Page<ConversationUsage>), RefusedQuery, Refused)
)]
pub async fn dearest(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    ApiQuery(Dearest { month, limit }): ApiQuery<Dearest>,
) -> Result<Json<Page<ConversationUsage>>, Failure> {
    let models = &app.capabilities.llm;
    let month = named(month.as_deref())?.unwrap_or_else(|| app.capabilities.services.now().date());
    Ok(Json(Page { data: models.dearest(&caller, month, limit.unwrap_or(50)).await?, next_cursor: None }))
}

/// What models have used for a conversation, in all. Takes a key with `assistant.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/conversations/{id}/usage",
    operation_id = "get_conversation_usage",
    tag = "Assistant",
    params(("id" = inline(ConversationId), Path, description = "The conversation's id")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "What was used; nothing, where no model was asked", body = ConversationUsage),
        (status = 404, description = "No such conversation", body = Problem, content_type = "application/problem+json"),
        RefusedQuery,
        Refused,
    )
)]
pub async fn of_conversation(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    PathId(id): PathId<ConversationId>,
    _: ApiQuery<query::None>,
) -> Result<Json<ConversationUsage>, Failure> {
    Ok(Json(app.capabilities.llm.usage_in(&caller, id).await?))
}
