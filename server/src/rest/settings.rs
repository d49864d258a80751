//! `/api/v1/settings`: what the workspace has chosen, each change a version.

use crate::auth::{ApiCaller, ApiReader};
use crate::failure::Failure;
use crate::rest::refusals::{Refused, RefusedBody, RefusedQuery};
use crate::rest::{ApiJson, ApiQuery, object, query};
use crate::state::App;
use axum::{Json, extract::State};
use model::page::Page;
use model::settings::{Settings, SettingsVersion};
use model::{Problem, whole};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Settings, and which version they are.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Current {
    /// The number of the version: in an answer that in force, in a request the one that was seen.
    #[serde(deserialize_with = "whole::read")]
    version: i32,
    /// The settings.
    #[serde(deserialize_with = "object")]
    settings: Settings,
}

/// The settings in force.
#[utoipa::path(
    get,
    path = "/api/v1/settings",
    operation_id = "get_settings",
    tag = "Identity",
    security(("api_key" = [])),
    responses((status = 200, description = "The settings in force", body = Current), RefusedQuery, Refused)
)]
pub async fn get(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<Current>, Failure> {
    let (version, settings) = app.capabilities.identity.settings(&caller).await?;
    Ok(Json(Current { version, settings }))
}

/// Puts other settings in force, over the version that was seen. Takes a key with `settings.manage`. To bring those of a version
/// back, send them.
#[utoipa::path(
    put,
    path = "/api/v1/settings",
    operation_id = "change_settings",
    tag = "Identity",
    security(("api_key" = [])),
    request_body = Current,
    responses(
        (status = 200, description = "The settings in force now", body = Current),
        (status = 409, description = "Another version is in force by now", body = Problem, content_type = "application/problem+json"),
        RefusedBody,
        Refused,
    )
)]
pub async fn change(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(Current { version, settings }): ApiJson<Current>,
) -> Result<Json<Current>, Failure> {
    let (version, settings) = app.capabilities.identity.change_settings(&caller, version, settings).await?;
    Ok(Json(Current { version, settings }))
}

/// The versions of the settings, the latest first: a hundred at most, none where nothing was ever changed. Takes a key with `settings.manage`.
#[utoipa::path(
    get,
    path = "/api/v1/settings/versions",
    operation_id = "list_settings_versions",
    tag = "Identity",
    security(("api_key" = [])),
    responses((status = 200, description = "The versions", body = Page<SettingsVersion>), RefusedQuery, Refused)
)]
pub async fn versions(
    State(app): State<App>,
    ApiReader(caller): ApiReader,
    _: ApiQuery<query::None>,
) -> Result<Json<Page<SettingsVersion>>, Failure> {
    Ok(Json(Page { data: app.capabilities.identity.settings_versions(&caller).await?, next_cursor: None }))
}
