//! The widget of other people's pages: `widget/src`, TypeScript and CSS, as the loader `widget.js` and the window
//! `chat.HASH.js` that it loads when somebody opens it.
//!
//! The loader's address stands in pages that are not ours, so its name has no hash; the window's has one, and the loader
//! knows it. Styles go into the scripts as strings: a page's Content-Security-Policy need not allow a style sheet.

use super::{Tools, hashed};
use crate::workspace;
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const SOURCES: &str = "widget/src";
/// Where the files are, below the server's root. `v1` is the promise that pages rely on.
const PLACE: &str = "widget/v1";
/// What knows `light-dark()`, `:has()` and nested rules, which nothing here could do without: browsers of spring 2024.
const BROWSERS: &str = "--target=chrome123,firefox121,safari17.5";

/// Names of the window's own parts, which become short: none that the loader, the wire or the browser knows.
const INSIDE: &str = "--mangle-props=^(outgoing|typing|caughtUp|reset|handoffFailed|retry|handoff|judge|wake|elsewhere|dial|later|cancel|element|log|shown|writing|offer|ready|why|troubles|keep|status|stop|unsay|add|said|utter|clock|chance|names|halted)$";

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
    let css = |name: &str| esbuild(&format!("{name}.css"), &[BROWSERS.to_owned()]).map(|sheet| tight(&sheet));
    let script = |name: &str, options: &[&str], defines: &[(&str, &str)]| {
        let mut options: Vec<String> =
            ["--bundle", "--target=es2022"].iter().chain(options).map(|option| (*option).to_owned()).collect();
        for (constant, text) in defines {
            options.push(format!("--define:{constant}={}", serde_json::to_string(text)?));
        }
        esbuild(&format!("{name}.ts"), &options)
    };
    // A module is read as UTF-8, whatever the page is.
    let chat = script("chat", &["--format=esm", "--charset=utf8", INSIDE], &[("CHAT_CSS", &short(&css("chat")?))])?;
    let file = hashed("chat.js", chat.as_bytes());
    let loader = script("widget", &["--format=iife"], &[("CHAT_FILE", &file), ("WIDGET_CSS", &css("widget")?)])?;
    Ok(BTreeMap::from([
        (format!("{PLACE}/widget.js"), loader.into_bytes()),
        (format!("{PLACE}/{file}"), chat.into_bytes()),
    ]))
}

/// A style sheet without the spaces that esbuild leaves in the values of custom properties.
fn tight(sheet: &str) -> String {
    sheet.trim().replace(": ", ":").replace(", ", ",")
}

/// A style sheet whose own custom properties travel as letters, as long as there are any; those that it does not declare are the loader's, which may be
/// an older one.
fn short(sheet: &str) -> String {
    let mut parts = sheet.split("--");
    let before = parts.next().unwrap_or_default().to_owned();
    let parts: Vec<(&str, &str)> = parts.map(named).collect();
    let own: BTreeSet<&str> =
        parts.iter().filter(|(_, rest)| rest.trim_start().starts_with(':')).map(|(name, _)| *name).collect();
    parts.into_iter().fold(before, |mut out, (name, rest)| {
        let letter = own.iter().zip(b'a'..=b'z').find(|(one, _)| **one == name);
        out.push_str("--");
        match letter {
            Some((_, letter)) => out.push(char::from(letter)),
            None => out.push_str(name),
        }
        out.push_str(rest);
        out
    })
}

/// The name with which a part of a style sheet begins, and the rest.
fn named(part: &str) -> (&str, &str) {
    let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(part.len());
    part.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::{short, tight};

    #[test]
    fn colours_travel_without_spaces() {
        assert_eq!(tight("a{--b: 0 1px light-dark(#fff, #000)}\n"), "a{--b:0 1px light-dark(#fff,#000)}");
    }

    #[test]
    fn a_style_sheet_s_own_custom_properties_travel_as_letters() {
        assert_eq!(
            short("a{--ink-3: #333;--edge:#000}b{color:var(--ink-3);border:1px solid var(--edge);fill:var(--ink)}"),
            "a{--b: #333;--a:#000}b{color:var(--b);border:1px solid var(--a);fill:var(--ink)}"
        );
        assert_eq!(short("a{color:red}"), "a{color:red}");
    }
}
