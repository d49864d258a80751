//! The interface of whoever runs the installation, under `/api/operator/v1`: companies, and nothing of what is in them. Companies' keys
//! open nothing here, and the operator's keys nothing else. It has a description of its own, since who writes a program for a company
//! has no use for it.

pub mod tenants;

use crate::state::App;
use axum::{Json, Router};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The interface and its description.
pub fn api() -> (Router<App>, OpenApi) {
    let info = InfoBuilder::new()
        .title("Samtal, for who runs it")
        .version("1")
        .description(Some(
            "Companies of an installation: list, make, suspend, let in again. Send a key of the operator as `Authorization: Bearer smo_…`; \
             `samtal operator-key create` makes one. Errors are problem documents (RFC 9457) with a `code` and a `request_id`.",
        ))
        .build();
    let mut base = OpenApiBuilder::new().info(info).build();
    let mut components = Components::new();
    components.add_security_scheme(
        "operator_key",
        SecurityScheme::Http(
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A key of the operator.")).build(),
        ),
    );
    base.components = Some(components);
    OpenApiRouter::with_openapi(base)
        .routes(routes!(tenants::list, tenants::create))
        .routes(routes!(tenants::get))
        .routes(routes!(tenants::ask_owner))
        .routes(routes!(tenants::suspend))
        .routes(routes!(tenants::resume))
        .split_for_parts()
}

/// The description alone.
pub fn openapi() -> OpenApi {
    api().1
}

/// `GET /api/operator/openapi.json`: the description.
pub async fn document() -> Json<OpenApi> {
    Json(openapi())
}
