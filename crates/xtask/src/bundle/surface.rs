//! One surface: the feature of `frontend` compiled for the browser, its JavaScript glue, both made small for release.
//!
//! The glue is told by the page where its WebAssembly lies (`init({ module_or_path })`), so names may carry hashes. What
//! follows the compiler is kept by the hash of its input: an edit of a style sheet does not run wasm-opt again.

use super::{Tools, sha256};
use crate::workspace::{self, WASM};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// `machine.md`, "Bundling": what every browser with WebAssembly of 2022 knows, and rustc emits by default.
const WASM_OPT: &[&str] = &[
    "--converge",
    "-Oz",
    "--merge-similar-functions",
    "-Oz",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-sign-ext",
    "--enable-mutable-globals",
];

/// A surface's files.
#[derive(Debug)]
pub struct Built {
    pub js: Vec<u8>,
    pub wasm: Vec<u8>,
}

pub fn build(root: &Path, target: &Path, name: &str, release: bool, tools: &Tools) -> Result<Built> {
    let compiled = compile(root, name, release)?;
    let input = std::fs::read(&compiled).with_context(|| compiled.display().to_string())?;
    let profile = if release { "release" } else { "dev" };
    let work = target.join("bundle-work").join(profile).join(name);
    let key =
        sha256(format!("{}{}{WASM_OPT:?}{}", sha256(&input), tools.versions, include_str!("surface.rs")).as_bytes());
    let (js, wasm) = (work.join("out.js"), work.join("out.wasm"));
    if !std::fs::read_to_string(work.join("key")).is_ok_and(|k| k == key) {
        super::remove(&work)?;
        std::fs::create_dir_all(&work)?;
        make(&compiled, name, release, &work, &js, &wasm, tools)?;
        std::fs::write(work.join("key"), key)?;
    }
    Ok(Built { js: std::fs::read(js)?, wasm: std::fs::read(wasm)? })
}

/// Runs cargo and finds the `.wasm` in its messages, wherever the target folder is.
fn compile(root: &Path, name: &str, release: bool) -> Result<PathBuf> {
    println!("bundle: compiling {name} for the browser");
    let mut command = workspace::cargo(root);
    command.args([
        "build",
        "--package",
        "frontend",
        "--lib",
        "--target",
        WASM,
        "--no-default-features",
        "--features",
        name,
    ]);
    command.arg("--message-format=json-render-diagnostics");
    if release {
        command.args(["--profile", "wasm-release"]);
    }
    let out = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot run cargo")?;
    if !out.status.success() {
        bail!("{name} does not compile for the browser: cargo ended with {}", out.status);
    }
    String::from_utf8(out.stdout)?
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|m| m["reason"] == "compiler-artifact" && m["target"]["name"] == "frontend")
        .flat_map(|m| m["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|f| f.as_str().map(PathBuf::from))
        .find(|f| f.extension().is_some_and(|e| e == "wasm"))
        .context("frontend gives no .wasm: its Cargo.toml needs [lib] crate-type = [\"cdylib\"]")
}

fn make(compiled: &Path, name: &str, release: bool, work: &Path, js: &Path, wasm: &Path, tools: &Tools) -> Result<()> {
    let mut bindgen = tools.wasm_bindgen();
    bindgen.arg(compiled).args(["--target", "web", "--no-typescript", "--out-name", name, "--out-dir"]).arg(work);
    if release {
        bindgen.args(["--remove-name-section", "--remove-producers-section"]);
    }
    workspace::status(&mut bindgen)?;
    let bound = work.join(format!("{name}_bg.wasm"));
    if release {
        println!("bundle: wasm-opt");
        workspace::status(tools.wasm_opt().args(WASM_OPT).arg(&bound).arg("-o").arg(wasm))?;
    } else {
        std::fs::copy(&bound, wasm)?;
    }
    // Bundling pulls in the snippets that crates bring along.
    let mut esbuild = tools.esbuild();
    esbuild.arg(work.join(format!("{name}.js"))).args(["--bundle", "--format=esm", "--log-level=warning"]);
    esbuild.arg(format!("--outfile={}", js.display()));
    if release {
        esbuild.arg("--minify");
    }
    workspace::status(&mut esbuild)
}
