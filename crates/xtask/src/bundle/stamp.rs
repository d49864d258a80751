//! The hash of everything that a bundle is made from, so that a run with nothing new ends at once.

use super::{Options, Tools, assets, sha256};
use crate::workspace;
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::path::Path;

/// Sources of the browser's part. What else `Cargo.lock` names comes from a registry and does not change.
const INPUTS: &[&str] =
    &["app", "frontend", "crates/model", "style", "widget/src", "meet/src", "crates/xtask/src/bundle"];
const FILES: &[&str] =
    &["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "crates/xtask/budget.toml", "crates/xtask/src/bundle.rs"];

pub fn of(root: &Path, options: &Options, tools: &Tools) -> Result<String> {
    let mut text = format!("{}\n{}", options.profile(), tools.versions);
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        let _ = writeln!(text, "{name}={:?}", std::env::var_os(name));
    }
    for (name, path) in assets::fonts(tools)? {
        let _ = writeln!(text, "{name} {}", hash(&path)?);
    }
    let mut paths: Vec<_> = FILES.iter().map(Into::into).collect();
    for folder in INPUTS {
        paths.extend(workspace::walk(root, Path::new(folder))?);
    }
    for path in paths {
        let full = root.join(&path);
        let state = if full.exists() { hash(&full)? } else { "absent".to_owned() };
        let _ = writeln!(text, "{} {state}", path.display());
    }
    Ok(sha256(text.as_bytes()) + "\n")
}

fn hash(path: &Path) -> Result<String> {
    Ok(sha256(&std::fs::read(path).with_context(|| path.display().to_string())?))
}
