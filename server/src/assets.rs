//! Bundles, styles and fonts: embedded in a release, read from `target/bundle` in development. Names carry a hash of
//! the content, so browsers may keep them for ever; Brotli and gzip were made at build time.

use crate::files::Files;
use crate::state::App;
use app::ui::{Assets, Bundle};
use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Manifest {
    files: BTreeMap<String, String>,
    program: Program,
}

#[derive(Deserialize)]
struct Program {
    js: String,
    wasm: String,
    chunks: BTreeMap<String, Vec<String>>,
}

/// The names of this build's bundles. Without a bundle (development, tests) pages go out plain.
pub fn load(files: Files) -> Assets {
    let manifest = files.get("manifest.json").and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    let Some(manifest) = manifest else { return Assets::default() };
    let address = |path: &String| format!("/{path}");
    Assets {
        files: manifest.files.iter().map(|(name, path)| (name.clone(), address(path))).collect(),
        bundle: Some(Bundle {
            script: address(&manifest.program.js),
            wasm: address(&manifest.program.wasm),
            chunks: manifest
                .program
                .chunks
                .into_iter()
                .map(|(name, files)| (name, files.iter().map(address).collect()))
                .collect(),
        }),
    }
}

/// Serves one file.
pub async fn serve(State(app): State<App>, Path(path): Path<String>, headers: HeaderMap) -> Response {
    file(app.files, &format!("assets/{path}"), &headers)
}

/// Serves a file of the widget's, to pages of other sites. Its loader has no hash in its name, and pages keep it for a few
/// minutes; one from before an update asks for a window that is no more, and gets the one of today.
pub async fn widget(State(app): State<App>, Path(path): Path<String>, headers: HeaderMap) -> Response {
    let today = |name: &str| app.assets.file(name).map(|path| path.trim_start_matches('/').to_owned());
    let mut name = format!("widget/v1/{path}");
    let mut keep = if path == "widget.js" { "public, max-age=300" } else { "public, max-age=31536000, immutable" };
    if path.starts_with("chat.") && app.files.get(&name).is_none() {
        keep = "no-cache";
        name = today("widget/v1/chat.js").unwrap_or(name);
    }
    let mut response = file(app.files, &name, &headers);
    if response.status() == StatusCode::OK {
        let out = response.headers_mut();
        out.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
        // Modules are loaded by the rules of CORS, and a page may be isolated from other origins.
        out.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        out.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
    }
    response
}

fn file(files: Files, name: &str, headers: &HeaderMap) -> Response {
    let Some(mime) = mime(name) else { return StatusCode::NOT_FOUND.into_response() };
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let accepts = |coding: &str| accepted.split(',').any(|c| c.split(';').next().is_some_and(|c| c.trim() == coding));
    let packed = [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .filter(|(coding, _)| accepts(coding))
        .find_map(|(coding, suffix)| Some((files.get(&format!("{name}.{suffix}"))?, Some(coding))));
    let Some((data, coding)) = packed.or_else(|| Some((files.get(name)?, None))) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let body = match data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    let mut response = Response::new(Body::from(body));
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

fn mime(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "ico" => "image/x-icon",
        _ => return None,
    })
}
