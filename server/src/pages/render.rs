//! Renders pages and runs server functions. The only file, with `app::api::context`, that names `leptos_axum`.

use crate::auth::{Visitor, device};
use crate::request::RequestInfo;
use crate::state::App;
use app::api::context::{PageContext, Theme};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest as _, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use leptos::nonce::use_nonce;
use leptos::prelude::{IntoView, provide_context, use_context};
use leptos_axum::ResponseOptions;
use model::RequestId;
use std::sync::Arc;

/// What responses without a render carry: nothing may be loaded, nothing may frame them.
pub const CLOSED_CSP: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The policy of a rendered page: scripts by nonce, everything else from here.
fn page_csp(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; \
         base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )
}

fn context_of(app: &App, request: &Request) -> PageContext {
    let info = request.extensions().get::<RequestInfo>();
    PageContext {
        capabilities: app.capabilities.clone(),
        visitor: request.extensions().get::<Visitor>().map_or(Ok(None), |v| v.0.clone()),
        request: info.map_or_else(|| RequestId::from_uuid(app.capabilities.services.new_id()), |i| i.id),
        assets: Arc::clone(&app.assets),
        theme: theme_of(request),
        address: app.config.public_url.clone().unwrap_or_default(),
    }
}

/// The name of the cookie that holds the chosen look.
pub const THEME_COOKIE: &str = "samtal_theme";

fn theme_of(request: &Request) -> Theme {
    device::cookie(request.headers(), THEME_COOKIE).map_or(Theme::System, Theme::from_name)
}

/// Tells Leptos which runtime to spawn on. Nothing can be rendered before; a second time does nothing.
pub fn prepare() {
    let _ = any_spawner::Executor::init_tokio();
}

/// Renders a page without WASM. Leptos writes the data for a bundle after the document; here nobody would read it.
pub async fn render_plain<T, IV>(app: &App, request: Request, status: StatusCode, more: T, page: fn() -> IV) -> Response
where
    T: Clone + Send + Sync + 'static,
    IV: IntoView + 'static,
{
    const END: &[u8] = b"</html>";
    let (head, body) = render_with(app, request, status, more, page).await.into_parts();
    let Ok(mut html) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Some(at) = html.windows(END.len()).rposition(|text| text == END) {
        html.truncate(at + END.len());
    }
    Response::from_parts(head, Body::from(html))
}

/// Renders a page with one more value in context: what a form was sent with, or what went wrong. `status` holds unless
/// the page itself says otherwise.
pub async fn render_with<T, IV>(app: &App, request: Request, status: StatusCode, more: T, page: fn() -> IV) -> Response
where
    T: Clone + Send + Sync + 'static,
    IV: IntoView + 'static,
{
    let context = context_of(app, &request);
    let handler = leptos_axum::render_app_async_with_context(
        move || {
            provide_context(context.clone());
            provide_context(more.clone());
            if let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce())
                && let Ok(csp) = HeaderValue::from_str(&page_csp(&nonce))
            {
                response.insert_header(header::CONTENT_SECURITY_POLICY, csp);
            }
        },
        page,
    );
    let mut response = handler(request).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}

/// Runs a server function.
pub async fn rpc(State(app): State<App>, request: Request<Body>) -> Response {
    let known = server_fn::axum::server_fn_paths()
        .any(|(path, method)| path == request.uri().path() && method == *request.method());
    if !known {
        return StatusCode::NOT_FOUND.into_response();
    }
    let context = context_of(&app, &request);
    // Read here, as server functions take a body that is too large for one that they cannot read.
    let (parts, body) = request.into_parts();
    let body = match Bytes::from_request(Request::new(body), &()).await {
        Ok(bytes) => Body::from(bytes),
        Err(rejection) => return rejection.into_response(),
    };
    let request = Request::from_parts(parts, body);
    leptos_axum::handle_server_fns_with_context(move || provide_context(context.clone()), request).await.into_response()
}
