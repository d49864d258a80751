//! The widget of other people's pages: `widget/src`, TypeScript and CSS, as the loader `widget.js` and the window
//! `chat.HASH.js` that it loads when somebody opens it.
//!
//! The loader's address stands in pages that are not ours, so its name has no hash; the window's has one, and the loader
//! knows it. Styles go into the scripts as strings: a page's Content-Security-Policy need not allow a style sheet.

use super::{Tools, hashed};
use crate::workspace;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::Path;

const SOURCES: &str = "widget/src";
/// Where the files are, below the server's root. `v1` is the promise that pages rely on.
const PLACE: &str = "widget/v1";
/// What knows `light-dark()`, `:has()` and nested rules, which nothing here could do without: browsers of spring 2024.
const BROWSERS: &str = "--target=chrome123,firefox121,safari17.5";

/// Names of the window's own parts, which become short: none that the loader, the wire or the browser knows.
const INSIDE: &str = "--mangle-props=^(outgoing|typing|caughtUp|reset|handoffFailed|retry|handoff|judge|wake|elsewhere|dial|later|cancel|element|log|shown|writing|offer|ready|why|troubles|keep|status|stop|unsay)$";

/// Both scripts by their place.
pub fn files(root: &Path, release: bool, tools: &Tools) -> Result<BTreeMap<String, Vec<u8>>> {
    let esbuild = |file: &str, options: &[String]| {
        let mut esbuild = tools.esbuild();
        esbuild.current_dir(root).arg(format!("{SOURCES}/{file}")).arg("--log-level=warning").args(options);
        if release {
            esbuild.arg("--minify");
        }
        workspace::output(&mut esbuild).with_context(|| format!("{SOURCES}/{file}"))
    };
    let css = |name: &str| esbuild(&format!("{name}.css"), &[BROWSERS.to_owned()]);
    let script = |name: &str, options: &[&str], defines: &[(&str, &str)]| {
        let mut options: Vec<String> =
            ["--bundle", "--target=es2022"].iter().chain(options).map(|option| (*option).to_owned()).collect();
        for (constant, text) in defines {
            options.push(format!("--define:{constant}={}", serde_json::to_string(text)?));
        }
        esbuild(&format!("{name}.ts"), &options)
    };
    let chat = script("chat", &["--format=esm", INSIDE], &[("CHAT_CSS", css("chat")?.trim())])?;
    let file = hashed("chat.js", chat.as_bytes());
    let loader = script("widget", &["--format=iife"], &[("CHAT_FILE", &file), ("WIDGET_CSS", css("widget")?.trim())])?;
    Ok(BTreeMap::from([
        (format!("{PLACE}/widget.js"), loader.into_bytes()),
        (format!("{PLACE}/{file}"), chat.into_bytes()),
    ]))
}
