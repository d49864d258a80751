//! The table of every route that is not part of the REST interface (those are in `http/mod.rs`, with their OpenAPI
//! description), and the layers around all of them. A test compares both with the isolation probes.

use crate::boot::App;
use crate::http::{Api, api, api_docs, dashboard, demo, inbox, preferences, sign_in, sign_out, sign_up, site};
use crate::{access, assets, errors, health, leptos, limits, telemetry, ws};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{from_fn_with_state, map_response},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use std::time::Duration;
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, csrf::CsrfLayer, limit::RequestBodyLimitLayer,
    timeout::TimeoutLayer,
};
use tower_sessions::{Expiry, SessionManagerLayer, cookie::SameSite};

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

/// Every route but those of the REST interface.
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
        open("/robots.txt", &["GET"], get(site::robots)),
        open("/favicon.ico", &["GET"], get(site::favicon)),
        cookie("/", &["GET"], get(site::page)),
        cookie("/login", &["GET", "POST"], get(site::entrance).post(sign_in::submit)),
        cookie("/signup", &["GET", "POST"], get(site::entrance).post(sign_up::submit)),
        cookie("/logout", &["POST"], post(sign_out::submit)),
        cookie("/demo", &["GET"], get(demo::page)),
        cookie("/preferences/theme", &["POST"], post(preferences::theme)),
        cookie("/dashboard", &["GET"], get(dashboard::page)),
        cookie("/dashboard/{*page}", &["GET"], get(dashboard::page)),
        cookie("/dashboard/inbox/{conversation}", &["GET"], get(dashboard::page)),
        cookie("/dashboard/inbox/{conversation}/messages", &["POST"], post(inbox::say)),
        cookie("/dashboard/inbox/{conversation}/take-over", &["POST"], post(inbox::take_over)),
        cookie("/dashboard/inbox/{conversation}/hand-back", &["POST"], post(inbox::hand_back)),
        cookie("/dashboard/inbox/{conversation}/resolve", &["POST"], post(inbox::resolve)),
        cookie("/dashboard/api-keys", &["GET", "POST"], get(dashboard::page).post(dashboard::create_key)),
        cookie("/dashboard/api-keys/{key}/revoke", &["POST"], post(dashboard::revoke_key)),
        files("/dashboard/knowledge", &["GET", "POST"], get(dashboard::page).post(dashboard::upload)),
        cookie("/dashboard/knowledge/{document}/delete", &["POST"], post(dashboard::delete_document)),
        cookie("/dashboard/knowledge/{document}/reindex", &["POST"], post(dashboard::reindex_document)),
        cookie("/ws", &["GET"], get(ws::upgrade)),
        cookie("/rpc/{*function}", &["POST"], post(leptos::rpc)),
    ]
}

/// Bytes of a multipart body besides the file: names, fields, boundaries.
const AROUND_A_FILE: usize = 64 * 1024;

/// Everything that the server answers, inside all of its layers.
pub fn build(app: &App) -> Router {
    leptos::prepare();
    let server = &app.config().server;
    let (mut open, mut cookie, mut files) = (Router::new(), Router::new(), Router::new());
    for route in routes() {
        match (route.group, route.files) {
            (Group::Open, _) => open = open.route(route.path, route.handler),
            (Group::Cookie, false) => cookie = cookie.route(route.path, route.handler),
            (Group::Cookie, true) => files = files.route(route.path, route.handler),
        }
    }
    let Api { small, uploads, .. } = api();
    let small_body = RequestBodyLimitLayer::new(server.body_bytes);
    let file_body = RequestBodyLimitLayer::new(knowledge::reading::MAX_BYTES + AROUND_A_FILE);
    let cookie = cookie
        .layer(small_body)
        .merge(files.layer(file_body))
        .layer(from_fn_with_state(app.clone(), access::visitor))
        .layer(session_layer(app))
        .layer(map_response(keep_secure))
        .layer(csrf_layer(app));
    let timeout = Duration::from_secs(server.request_timeout_s);
    // From the inside out.
    Router::new()
        .merge(open.merge(small).layer(small_body))
        .merge(uploads.layer(file_body))
        .merge(cookie)
        .with_state(app.clone())
        .layer(DefaultBodyLimit::disable())
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, timeout))
        .layer(from_fn_with_state(app.clone(), limits::admit))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(app.clone(), errors::dress))
        // For a panic in the rendering of an error page itself.
        .layer(CatchPanicLayer::custom(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
        .layer(CompressionLayer::new().br(true).gzip(true))
        .layer(map_response(security_headers(app)))
        .layer(from_fn_with_state(app.clone(), telemetry::observe))
}

fn session_layer(app: &App) -> SessionManagerLayer<store::sessions::Sessions> {
    let secure = app.config().secure();
    SessionManagerLayer::new(app.sessions().clone())
        // `__Host-` binds the cookie to this host, https and all paths (RFC 6265bis, section 4.1.3.2).
        .with_name(if secure { "__Host-samtal" } else { "samtal" })
        .with_same_site(SameSite::Lax)
        .with_http_only(true)
        .with_secure(secure)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(app.sessions().lifetime().absolute))
}

/// tower-sessions removes its cookie without the attributes that it was set with; browsers refuse a `__Host-` cookie
/// without `Secure`, and would keep the old one (RFC 6265bis, section 5.7).
async fn keep_secure(mut response: Response) -> Response {
    if let header::Entry::Occupied(mut cookies) = response.headers_mut().entry(header::SET_COOKIE) {
        for cookie in cookies.iter_mut() {
            if let Ok(text) = cookie.to_str()
                && text.starts_with("__Host-")
                && !text.contains("; Secure")
                && let Ok(secure) = HeaderValue::from_str(&format!("{text}; Secure; HttpOnly; SameSite=Lax"))
            {
                *cookie = secure;
            }
        }
    }
    response
}

/// Refuses unsafe methods from other sites, by `Sec-Fetch-Site` and `Origin`.
fn csrf_layer(app: &App) -> CsrfLayer {
    let layer = CsrfLayer::new();
    match &app.config().public_url {
        Some(url) => CsrfLayer::new().add_trusted_origin(url).unwrap_or(layer),
        None => layer,
    }
}

/// The headers that every response carries; those that a handler has set stay.
fn security_headers(app: &App) -> impl Fn(Response) -> std::future::Ready<Response> + Clone + Send + Sync + 'static {
    const FIXED: [(HeaderName, &str); 8] = [
        // Answers are one visitor's, unless a handler says otherwise.
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, leptos::CLOSED_CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
        ),
    ];
    let https = app.config().secure();
    move |mut response: Response| {
        let headers = response.headers_mut();
        for (name, value) in &FIXED {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        if https {
            headers.insert(
                header::STRICT_TRANSPORT_SECURITY,
                HeaderValue::from_static("max-age=63072000; includeSubDomains"),
            );
        }
        std::future::ready(response)
    }
}
