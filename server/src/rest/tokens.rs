//! `POST /api/v1/tokens`: a short-lived token of the key that asks.

use crate::auth::ApiCaller;
use crate::failure::Failure;
use crate::rest::ApiJson;
use crate::rest::refusals::{Refused, RefusedBody};
use crate::state::App;
use axum::{Json, extract::State, http::StatusCode};
use model::identity::NewToken;
use model::permission::Permissions;
use model::whole;
use serde::Deserialize;
use utoipa::ToSchema;

/// What the token is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenWishes {
    /// What it may do. No more than the key may do itself, and all of that when it is left out.
    permissions: Option<Permissions>,
    /// For how many seconds, and no longer than the key works.
    #[schema(minimum = 60, maximum = 900, default = 300)]
    #[serde(default, deserialize_with = "whole::or_none")]
    expires_in: Option<u32>,
}

/// Makes a short-lived token, for a service that is to do a part of what the key may. Send it as the key is sent. When the key ends, the
/// token does; requests of both count as the key's. A token makes no tokens.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    operation_id = "create_token",
    tag = "Identity",
    security(("api_key" = [])),
    request_body = TokenWishes,
    responses(
        (status = 201, description = "The token, which is shown this once", body = NewToken),
        RefusedBody,
        Refused,
    )
)]
pub async fn create(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    ApiJson(TokenWishes { permissions, expires_in }): ApiJson<TokenWishes>,
) -> Result<(StatusCode, Json<NewToken>), Failure> {
    let token = app.capabilities.identity.create_token(&caller, permissions, expires_in).await?;
    Ok((StatusCode::CREATED, Json(token)))
}
