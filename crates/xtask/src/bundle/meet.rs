//! The meeting's part in the browser: `meet/src`, TypeScript, as one script; and another one with LiveKit's client, which pages load where a LiveKit
//! server carries media.

use super::Tools;
use crate::workspace;
use anyhow::{Context, Result};
use std::path::Path;

/// What a page calls them.
pub const NAME: &str = "meet.js";
pub const LIVEKIT: &str = "livekit.js";
/// Both, and where they begin.
const SOURCES: [(&str, &str); 2] = [(NAME, "meet/src/main.ts"), (LIVEKIT, "meet/src/livekit.ts")];

/// Both scripts by their name.
pub fn scripts(root: &Path, release: bool, tools: &Tools) -> Result<Vec<(&'static str, String)>> {
    let script = |(name, source): (&'static str, &str)| {
        let mut esbuild = tools.esbuild();
        esbuild.current_dir(root).env("NODE_PATH", tools.modules());
        esbuild.arg(source).args(["--bundle", "--format=esm", "--target=es2022", "--log-level=warning"]);
        if release {
            esbuild.arg("--minify");
        }
        Ok((name, workspace::output(&mut esbuild).context(source.to_owned())?))
    };
    SOURCES.into_iter().map(script).collect()
}
