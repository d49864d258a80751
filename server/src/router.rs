//! The table of every route that is not part of the REST interfaces (those are in `rest/mod.rs` and `rest/operator/mod.rs`, with their
//! OpenAPI descriptions), and the layers around all of them. A test compares all with the isolation probes.

use crate::auth::{self, cookie};
use crate::edge::{admission, body, dress, headers, host, observe};
use crate::limits::api as limits;
use crate::pages::{
    self, account, api_keys, assistant, audit_log, company_sign_on, demo, evaluations, facts, home, inbox, join,
    knowledge, letters, meet, meetings, members, passkeys, personalities, preferences, providers, receipts, roles,
    second_factor, settings, sign_in, sign_out, sign_up, site, teams, tools, unanswered, usage, workspaces,
};
use crate::rest::{Api, answers, api, api_docs, documents, idempotency, operator};
use crate::state::App;
use crate::{assets, health, webhooks, ws};
use ::knowledge::reading::MAX_BYTES;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state, map_response},
    response::IntoResponse,
    routing::{MethodRouter, get, post},
};
use std::time::Duration;
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, limit::RequestBodyLimitLayer, timeout::TimeoutLayer,
};
use words::{Text, text};

/// How a route learns who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// It does not: the same for everybody.
    Open,
    /// By the session cookie, behind the CSRF defence.
    Cookie,
}

/// One route.
pub struct Route {
    /// Its path, as axum writes it.
    pub path: &'static str,
    /// Its methods, in capitals.
    pub methods: &'static [&'static str],
    /// How it learns who asks.
    pub group: Group,
    /// Whether it takes files, and so larger bodies.
    pub files: bool,
    handler: MethodRouter<App>,
}

/// Every route but those of the REST interfaces.
pub fn routes() -> Vec<Route> {
    let open = |path, methods, handler| Route { path, methods, group: Group::Open, files: false, handler };
    let cookie = |path, methods, handler| Route { path, methods, group: Group::Cookie, files: false, handler };
    let files = |path, methods, handler| Route { path, methods, group: Group::Cookie, files: true, handler };
    vec![
        open("/healthz", &["GET"], get(health::alive)),
        open("/readyz", &["GET"], get(health::ready)),
        open("/assets/{*path}", &["GET"], get(assets::serve)),
        open("/widget/v1/{*path}", &["GET"], get(assets::widget)),
        open("/api/openapi.json", &["GET"], get(api_docs::document)),
        open("/api/operator/openapi.json", &["GET"], get(operator::document)),
        open("/api/docs", &["GET"], get(pages::api_docs::page)),
        open("/guide", &["GET"], get(pages::guide::page)),
        open("/guide/{*page}", &["GET"], get(pages::guide::page)),
        open("/robots.txt", &["GET"], get(site::robots)),
        open("/favicon.ico", &["GET"], get(site::favicon)),
        cookie("/", &["GET"], get(site::page)),
        cookie("/login", &["GET", "POST"], get(site::login).post(sign_in::submit)),
        cookie("/login/code", &["GET", "POST"], get(sign_in::code).post(sign_in::give)),
        cookie("/login/passkey", &["GET", "POST"], get(passkeys::ask).post(passkeys::shown)),
        cookie("/login/with/{provider}", &["GET"], get(providers::go)),
        cookie("/login/with/{provider}/back", &["GET"], get(providers::back)),
        cookie("/login/link", &["GET", "POST"], get(providers::link).post(providers::linked)),
        cookie("/login/new", &["GET", "POST"], get(providers::new).post(providers::made)),
        cookie("/login/company", &["GET", "POST"], get(providers::company).post(providers::of_company)),
        cookie("/login/provider", &["GET"], get(providers::asked)),
        cookie("/login/factor", &["GET", "POST"], get(second_factor::asked).post(second_factor::given)),
        cookie("/login/factor/passkey", &["POST"], post(second_factor::made)),
        cookie("/login/workspace", &["GET", "POST"], get(sign_in::workspaces).post(sign_in::choose)),
        cookie("/signup", &["GET", "POST"], get(site::signup).post(sign_up::submit)),
        cookie("/signup/sent", &["GET"], get(letters::sign_up_sent)),
        cookie("/confirm/{token}", &["GET", "POST"], get(letters::confirms).post(letters::confirmed)),
        cookie("/reset", &["GET", "POST"], get(letters::reset).post(letters::ask)),
        cookie("/reset/sent", &["GET"], get(letters::reset_sent)),
        cookie("/reset/{token}", &["GET", "POST"], get(letters::choose).post(letters::change)),
        cookie("/address/{token}", &["GET", "POST"], get(letters::new_address).post(letters::take_address)),
        cookie("/join/{token}", &["GET", "POST"], get(join::page).post(join::submit)),
        cookie("/outbox", &["GET"], get(letters::kept)),
        cookie("/logout", &["POST"], post(sign_out::submit)),
        cookie("/demo", &["GET"], get(demo::page)),
        cookie("/preferences/theme", &["POST"], post(preferences::theme)),
        cookie("/preferences/language", &["POST"], post(preferences::language)),
        cookie("/dashboard", &["GET"], get(home::page)),
        cookie("/dashboard/{*page}", &["GET"], get(home::nowhere)),
        cookie("/dashboard/inbox", &["GET"], get(inbox::page)),
        cookie("/dashboard/inbox/{conversation}", &["GET", "POST"], get(inbox::page).post(inbox::give)),
        cookie("/dashboard/inbox/{conversation}/messages", &["GET", "POST"], get(inbox::page).post(inbox::say)),
        cookie("/dashboard/inbox/{conversation}/facts", &["GET", "POST"], get(facts::page).post(facts::forget)),
        cookie("/dashboard/inbox/{conversation}/take-over", &["POST"], post(inbox::take_over)),
        cookie("/dashboard/inbox/{conversation}/hand-back", &["POST"], post(inbox::hand_back)),
        cookie("/dashboard/inbox/{conversation}/resolve", &["POST"], post(inbox::resolve)),
        cookie("/dashboard/account", &["GET", "POST"], get(account::page).post(account::change)),
        cookie("/dashboard/account/sessions/end", &["POST"], post(account::end_others)),
        cookie("/dashboard/account/sessions/{session}/end", &["POST"], post(account::end)),
        cookie("/dashboard/account/address", &["POST"], post(account::ask_for_address)),
        cookie("/dashboard/account/name", &["POST"], post(account::change_name)),
        cookie("/dashboard/account/providers", &["POST"], post(providers::go_to_link)),
        cookie("/dashboard/account/providers/{account}/unlink", &["POST"], post(providers::unlink)),
        cookie("/dashboard/account/passkeys", &["GET", "POST"], get(passkeys::page).post(passkeys::begin)),
        cookie("/dashboard/account/passkeys/made", &["POST"], post(passkeys::made)),
        cookie("/dashboard/account/passkeys/{passkey}/remove", &["POST"], post(passkeys::remove)),
        cookie("/dashboard/account/code", &["GET", "POST"], get(second_factor::page).post(second_factor::turn_on)),
        cookie("/dashboard/account/code/begin", &["POST"], post(second_factor::begin)),
        cookie("/dashboard/account/code/give-up", &["POST"], post(second_factor::give_up)),
        cookie("/dashboard/account/code/renew", &["POST"], post(second_factor::renew)),
        cookie("/dashboard/account/code/turn-off", &["POST"], post(second_factor::turn_off)),
        cookie("/dashboard/workspaces", &["GET", "POST"], get(workspaces::page).post(workspaces::go)),
        cookie("/dashboard/inbox/{conversation}/meeting", &["POST"], post(meetings::invite)),
        cookie("/dashboard/meetings", &["GET", "POST"], get(meetings::page).post(meetings::create)),
        cookie("/dashboard/meetings/{meeting}", &["POST"], post(meetings::change)),
        cookie("/dashboard/meetings/{meeting}/end", &["POST"], post(meetings::end)),
        cookie("/meet/{code}", &["GET"], get(meet::page)),
        cookie("/meet/{code}/join", &["POST"], post(meet::join)),
        open("/embed/meet/{code}", &["GET"], get(meet::framed)),
        cookie("/embed/meet/{code}/join", &["POST"], post(meet::join_framed)),
        open("/meet/{code}/invite.ics", &["GET"], get(meet::invite)),
        open("/ws/meet", &["GET"], get(ws::meet::upgrade)),
        open("/webhooks/livekit", &["POST"], post(webhooks::livekit)),
        cookie("/dashboard/members", &["GET", "POST"], get(members::page).post(members::invite)),
        cookie("/dashboard/members/{member}/role", &["POST"], post(members::change)),
        cookie("/dashboard/members/{member}/sign-out", &["POST"], post(members::sign_out)),
        cookie("/dashboard/members/{member}/suspend", &["POST"], post(members::keep)),
        cookie("/dashboard/members/{member}/remove", &["POST"], post(members::remove)),
        cookie("/dashboard/members/invitations/{invitation}/again", &["POST"], post(members::again)),
        cookie("/dashboard/members/invitations/{invitation}/revoke", &["POST"], post(members::take_back)),
        cookie("/dashboard/roles", &["GET", "POST"], get(roles::page).post(roles::create)),
        cookie("/dashboard/roles/{role}", &["POST"], post(roles::edit)),
        cookie("/dashboard/roles/{role}/delete", &["POST"], post(roles::delete)),
        cookie("/dashboard/teams", &["GET", "POST"], get(teams::page).post(teams::create)),
        cookie("/dashboard/teams/{team}", &["POST"], post(teams::rename)),
        cookie("/dashboard/teams/{team}/delete", &["POST"], post(teams::delete)),
        cookie("/dashboard/teams/{team}/members", &["POST"], post(teams::add)),
        cookie("/dashboard/teams/{team}/members/{member}/remove", &["POST"], post(teams::remove)),
        cookie("/dashboard/assistant", &["GET", "POST"], get(assistant::page).post(assistant::add)),
        cookie("/dashboard/assistant/models/{model}", &["POST"], post(assistant::change)),
        cookie(
            "/dashboard/assistant/models/{model}/try",
            &["GET", "POST"],
            get(assistant::back).post(assistant::try_out),
        ),
        cookie("/dashboard/assistant/models/{model}/switch", &["POST"], post(assistant::switch)),
        cookie("/dashboard/assistant/models/{model}/move", &["POST"], post(assistant::place)),
        cookie("/dashboard/assistant/models/{model}/remove", &["POST"], post(assistant::remove)),
        cookie("/dashboard/assistant/budget", &["POST"], post(assistant::budget)),
        cookie(
            "/dashboard/assistant/personalities",
            &["GET", "POST"],
            get(personalities::page).post(personalities::create),
        ),
        cookie(
            "/dashboard/assistant/personalities/{personality}",
            &["GET", "POST"],
            get(personalities::one).post(personalities::change),
        ),
        cookie("/dashboard/assistant/personalities/{personality}/use", &["POST"], post(personalities::take)),
        cookie("/dashboard/assistant/personalities/{personality}/delete", &["POST"], post(personalities::delete)),
        cookie(
            "/dashboard/assistant/personalities/{personality}/versions/{version}/restore",
            &["POST"],
            post(personalities::restore),
        ),
        cookie("/dashboard/assistant/question", &["GET", "POST"], get(assistant::back).post(assistant::ask)),
        cookie("/dashboard/assistant/usage", &["GET"], get(usage::page)),
        cookie("/dashboard/assistant/usage/export", &["GET"], get(usage::export)),
        cookie("/dashboard/assistant/receipts", &["GET"], get(receipts::page)),
        cookie("/dashboard/assistant/receipts/{receipt}", &["GET", "POST"], get(receipts::one).post(receipts::again)),
        cookie("/dashboard/assistant/evaluation", &["GET", "POST"], get(evaluations::page).post(evaluations::begin)),
        cookie("/dashboard/assistant/evaluation/{evaluation}", &["GET"], get(evaluations::report)),
        cookie("/dashboard/assistant/evaluation/{evaluation}/delete", &["POST"], post(evaluations::delete)),
        cookie("/dashboard/assistant/tools", &["GET", "POST"], get(tools::page).post(tools::add)),
        cookie("/dashboard/assistant/tools/{tool}", &["POST"], post(tools::change)),
        cookie("/dashboard/assistant/tools/{tool}/try", &["GET", "POST"], get(tools::back).post(tools::try_out)),
        cookie("/dashboard/assistant/tools/{tool}/remove", &["POST"], post(tools::remove)),
        cookie("/dashboard/sign-on", &["GET", "POST"], get(company_sign_on::page).post(company_sign_on::set)),
        cookie("/dashboard/sign-on/remove", &["POST"], post(company_sign_on::remove)),
        cookie("/dashboard/sign-on/domains", &["POST"], post(company_sign_on::add)),
        cookie("/dashboard/sign-on/domains/{domain}/prove", &["POST"], post(company_sign_on::prove)),
        cookie("/dashboard/sign-on/domains/{domain}/remove", &["POST"], post(company_sign_on::take_off)),
        cookie("/dashboard/settings", &["GET", "POST"], get(settings::page).post(settings::change)),
        cookie("/dashboard/settings/{version}/restore", &["POST"], post(settings::restore)),
        cookie("/dashboard/audit-log", &["GET"], get(audit_log::page)),
        cookie("/dashboard/audit-log/export", &["GET"], get(audit_log::export)),
        cookie("/dashboard/api-keys", &["GET", "POST"], get(api_keys::page).post(api_keys::create)),
        cookie("/dashboard/api-keys/{key}/rotate", &["POST"], post(api_keys::rotate)),
        cookie("/dashboard/api-keys/{key}/revoke", &["POST"], post(api_keys::revoke)),
        files("/dashboard/knowledge", &["GET", "POST"], get(knowledge::page).post(knowledge::upload)),
        cookie("/dashboard/knowledge/{document}/delete", &["POST"], post(knowledge::delete)),
        cookie("/dashboard/knowledge/{document}/reindex", &["POST"], post(knowledge::reindex)),
        cookie(
            "/dashboard/knowledge/unanswered/{question}/answer",
            &["GET", "POST"],
            get(unanswered::back).post(unanswered::answer),
        ),
        cookie("/dashboard/knowledge/unanswered/{question}/settle", &["POST"], post(unanswered::settle)),
        cookie("/ws", &["GET"], get(ws::upgrade)),
    ]
}

/// Bytes of a multipart body besides the files: names, fields, boundaries.
const AROUND_FILES: usize = 64 * 1024;

/// Everything that the server answers, inside all of its layers.
pub fn build(app: &App) -> Router {
    let server = &app.config.server;
    let (mut open, mut forms, mut files) = (Router::new(), Router::new(), Router::new());
    for route in routes() {
        match (route.group, route.files) {
            (Group::Open, _) => open = open.route(route.path, route.handler),
            (Group::Cookie, false) => forms = forms.route(route.path, route.handler),
            (Group::Cookie, true) => files = files.route(route.path, route.handler),
        }
    }
    let Api { small, once, pictured, uploads, .. } = api();
    let (operators, _) = operator::api();
    let small_body = RequestBodyLimitLayer::new(server.body_bytes);
    let timeout =
        TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(server.request_timeout_s));
    // Work begins when all of a request is there: received, then admitted, then within a time; and then it ends. From the
    // inside out.
    let timed = |routes: Router<App>| -> Router<App> { routes.layer(timeout) };
    let admitted = |routes: Router<App>| {
        routes.layer(from_fn_with_state(app.clone(), admission::admit)).layer(from_fn(admission::to_its_end))
    };
    let received =
        |routes: Router<App>| admitted(routes).layer(from_fn_with_state(app.clone(), body::small)).layer(small_body);
    let files_received = |routes: Router<App>, most: usize, too_large: Text| {
        let routes: Router<App> = admitted(timed(routes)).layer(from_fn_with_state(app.clone(), body::files));
        let routes: Router<App> = routes.layer(RequestBodyLimitLayer::new(most + AROUND_FILES));
        routes.layer(map_response(body::too_large(too_large)))
    };
    let together = text!(
        "A file may have 5 MB, and all files of a form {most} MB. Nothing was changed; send fewer at once.",
        most = knowledge::TOGETHER / (1024 * 1024)
    );
    // What is done once is noted to have ended, however it has: outside of what cuts it off, and of panics.
    let done_once = |routes: Router<App>| -> Router<App> {
        let routes: Router<App> = timed(routes).layer(CatchPanicLayer::new());
        routes.layer(from_fn_with_state(app.clone(), idempotency::once))
    };
    let pictured: Router<App> = admitted(done_once(pictured)).layer(from_fn_with_state(app.clone(), body::pictured));
    let pictured: Router<App> = pictured.layer(RequestBodyLimitLayer::new(answers::MOST_BYTES));
    let pictured: Router<App> = pictured.layer(map_response(body::too_large(answers::TOO_LARGE)));
    // Who sends files is known before they are received: outside of it.
    let by_cookie = |routes: Router<App>| {
        routes
            .layer(from_fn_with_state(app.clone(), auth::visitor))
            .layer(cookie::session_layer(app))
            .layer(map_response(cookie::keep_secure))
            .layer(cookie::csrf_layer(app))
    };
    Router::new()
        .merge(received(timed(open.fallback(|| std::future::ready(StatusCode::NOT_FOUND)))))
        .merge(received(timed(small)))
        .merge(received(done_once(once)))
        .merge(pictured.layer(from_fn_with_state(app.clone(), auth::key_first)))
        .merge(received(timed(operators)))
        .merge(
            files_received(uploads, MAX_BYTES, documents::TOO_LARGE)
                .layer(from_fn_with_state(app.clone(), auth::key_first)),
        )
        .merge(received(timed(by_cookie(forms))))
        .merge(by_cookie(files_received(files, knowledge::TOGETHER, together)))
        .with_state(app.clone())
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::new())
        .layer(from_fn(host::once))
        .layer(from_fn_with_state(app.clone(), dress::dress))
        .layer(from_fn_with_state(app.clone(), admission::answering))
        .layer(from_fn(limits::headers))
        // For a panic in the rendering of an error page itself.
        .layer(CatchPanicLayer::custom(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
        .layer(CompressionLayer::new().br(true).gzip(true))
        .layer(map_response(headers::security_headers(app)))
        .layer(from_fn_with_state(app.clone(), observe::observe))
}
