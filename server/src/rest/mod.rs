//! The REST interface, under `/api/v1`, a file an endpoint: read the request, call one capability, answer. Its routes and
//! its OpenAPI description are one thing, so neither can be without the other. That of whoever runs the installation is another one
//! ([`operator`]), with a description of its own.

mod answer_stream;
pub mod answers;
pub mod api_docs;
pub mod api_keys;
pub mod assistant;
pub mod audit_entries;
pub mod conversations;
pub mod documents;
pub mod evaluations;
pub mod idempotency;
pub mod invitations;
mod json;
pub mod me;
pub mod meetings;
pub mod members;
pub mod models;
pub mod operator;
pub mod personalities;
mod query;
pub mod refusals;
pub mod roles;
pub mod search;
pub mod sessions;
pub mod settings;
pub mod teams;
pub mod tokens;
pub mod tools;
pub mod unanswered;

pub use json::{ApiJson, Object, object};
pub use query::ApiQuery;

use crate::state::App;
use axum::Router;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The REST interface and its description; addresses that take files stand apart, for their bodies may be larger.
pub struct Api {
    /// Addresses whose bodies are forms or JSON.
    pub small: Router<App>,
    /// Those of them where a `POST` changes something, and is done once where it has a name ([`idempotency`]).
    pub once: Router<App>,
    /// Those that may bring pictures besides.
    pub pictured: Router<App>,
    /// Addresses that take files.
    pub uploads: Router<App>,
    /// What is said of all.
    pub description: OpenApi,
}

/// The REST interface.
pub fn api() -> Api {
    let info = InfoBuilder::new()
        .title("Samtal")
        .version("1")
        .description(Some(
            "The REST interface of a tenant. Send an API key as `Authorization: Bearer smt_…`. Errors are problem documents \
             (RFC 9457) with a `code` and a `request_id`; a foreign id and an unknown one get the same answer. A `POST` that takes \
             the header `Idempotency-Key` is done once, however often it is sent with the same one: for a day it gets the same \
             answer, with the header `Idempotent-Replayed: true`.",
        ))
        .build();
    let mut base = OpenApiBuilder::new().info(info).build();
    let mut components = utoipa::openapi::Components::new();
    components.add_security_scheme(
        "api_key",
        SecurityScheme::Http(
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A key of the tenant's, or a short-lived token of one (`POST /api/v1/tokens`). A key that signs is not sent: it signs the request (RFC 9421, docs/signed-requests.md).")).build(),
        ),
    );
    base.components = Some(components);
    let (small, mut description) = OpenApiRouter::with_openapi(base)
        .routes(routes!(me::get))
        .routes(routes!(members::list))
        .routes(routes!(members::change, members::delete))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::delete))
        .routes(routes!(roles::change, roles::delete))
        .routes(routes!(teams::get, teams::change, teams::delete))
        .routes(routes!(teams::add, teams::remove))
        .routes(routes!(invitations::delete))
        .routes(routes!(api_keys::list))
        .routes(routes!(tokens::create))
        .routes(routes!(audit_entries::list))
        .routes(routes!(settings::get, settings::change))
        .routes(routes!(settings::versions))
        .routes(routes!(documents::get, documents::delete))
        .routes(routes!(search::search))
        .routes(routes!(answers::receipt))
        .routes(routes!(answers::keys))
        .routes(routes!(assistant::get, assistant::change))
        .routes(routes!(personalities::get, personalities::change, personalities::delete))
        .routes(routes!(personalities::versions))
        .routes(routes!(models::change, models::delete))
        .routes(routes!(models::budget, models::set_budget))
        .routes(routes!(models::usage))
        .routes(routes!(models::dearest))
        .routes(routes!(models::of_conversation))
        .routes(routes!(tools::get, tools::change, tools::delete))
        .routes(routes!(unanswered::list))
        .routes(routes!(evaluations::get, evaluations::delete))
        .routes(routes!(evaluations::outcomes))
        .routes(routes!(meetings::get, meetings::change))
        .routes(routes!(meetings::participants))
        .routes(routes!(meetings::messages))
        .routes(routes!(conversations::get))
        .routes(routes!(conversations::facts, conversations::forget_facts))
        .routes(routes!(conversations::forget_fact))
        .split_for_parts();
    let (once, changes) = OpenApiRouter::new()
        .routes(routes!(roles::list, roles::create))
        .routes(routes!(teams::list, teams::create))
        .routes(routes!(invitations::list, invitations::create))
        .routes(routes!(conversations::list, conversations::create))
        .routes(routes!(conversations::messages, conversations::say))
        .routes(routes!(conversations::hand_off))
        .routes(routes!(conversations::call))
        .routes(routes!(conversations::give))
        .routes(routes!(conversations::hand_back))
        .routes(routes!(conversations::resolve))
        .routes(routes!(unanswered::settle))
        .routes(routes!(answers::replay))
        .routes(routes!(models::list, models::create))
        .routes(routes!(models::try_out))
        .routes(routes!(personalities::list, personalities::create))
        .routes(routes!(personalities::take))
        .routes(routes!(evaluations::list, evaluations::create))
        .routes(routes!(tools::list, tools::create))
        .routes(routes!(tools::try_out))
        .routes(routes!(meetings::list, meetings::create))
        .routes(routes!(meetings::end))
        .routes(routes!(meetings::token))
        .split_for_parts();
    let (pictured, questions) =
        OpenApiRouter::new().routes(routes!(answers::receipts, answers::answer)).split_for_parts();
    let (uploads, files) = OpenApiRouter::new().routes(routes!(documents::list, documents::create)).split_for_parts();
    description.merge(changes);
    description.merge(questions);
    description.merge(files);
    Api { small, once, pictured, uploads, description }
}

/// The description alone.
pub fn openapi() -> OpenApi {
    api().description
}
