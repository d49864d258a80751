//! The program: `frontend` compiled for the browser, its JavaScript glue, both made small for release.
//!
//! The glue is told by the page where its WebAssembly lies (`init({ module_or_path })`), so names may carry hashes. What
//! follows the compiler is kept by the hash of its input: an edit of a style sheet does not run wasm-opt again.
//!
//! What the linker made is cut into pieces: one that every page with an island loads, one for each `#[island(lazy)]`, one for
//! what several of those share and the first has not. The glue fetches them by names relative to its own.

use super::{Tools, sha256};
use crate::workspace::{self, WASM};
use anyhow::{Context, Result, anyhow, bail};
use regex_lite::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use wasm_bindgen_cli_support::Bindgen;

/// What every browser with WebAssembly of 2022 knows, and rustc emits by default. Little is
/// inlined: a function that stands in many places looks alike, and what looks alike compresses (a tenth less gzip).
const WASM_OPT: &[&str] = &[
    "--always-inline-max-function-size=2",
    "--one-caller-inline-max-function-size=15",
    "-Os",
    "--flatten",
    "--rereloop",
    "-Os",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-sign-ext",
    "--enable-mutable-globals",
];

/// Its files.
#[derive(Debug)]
pub struct Built {
    /// The glue; it names each piece as `"./PIECE.wasm"`.
    pub js: String,
    /// What every page with an island loads.
    pub wasm: Vec<u8>,
    /// The pieces that islands load besides.
    pub pieces: BTreeMap<String, Vec<u8>>,
    /// The names of an island's pieces, by its name.
    pub chunks: Chunks,
}

type Chunks = BTreeMap<String, Vec<String>>;

/// What its files are called.
pub const NAME: &str = "islands";

pub fn build(root: &Path, target: &Path, release: bool, tools: &Tools) -> Result<Built> {
    let compiled = compile(root, release)?;
    let input = std::fs::read(&compiled).with_context(|| compiled.display().to_string())?;
    let profile = if release { "release" } else { "dev" };
    let work = target.join("bundle-work").join(profile);
    let key =
        sha256(format!("{}{}{WASM_OPT:?}{}", sha256(&input), tools.versions, include_str!("program.rs")).as_bytes());
    if !std::fs::read_to_string(work.join("key")).is_ok_and(|k| k == key) {
        workspace::remove(&work)?;
        std::fs::create_dir_all(&work)?;
        make(&input, release, &work, tools)?;
        std::fs::write(work.join("key"), key)?;
    }
    let chunks: Chunks = serde_json::from_slice(&std::fs::read(work.join("chunks.json"))?)?;
    let piece = |name: &String| Ok((name.clone(), std::fs::read(work.join(format!("{name}.out.wasm")))?));
    Ok(Built {
        js: std::fs::read_to_string(work.join("out.js"))?,
        wasm: std::fs::read(work.join("main.out.wasm"))?,
        pieces: chunks.values().flatten().map(piece).collect::<Result<_>>()?,
        chunks,
    })
}

/// Runs cargo and finds the `.wasm` in its messages, wherever the target folder is.
fn compile(root: &Path, release: bool) -> Result<PathBuf> {
    println!("bundle: compiling for the browser");
    let mut command = workspace::cargo(root);
    command.args(["rustc", "--package", "frontend", "--lib", "--target", WASM]);
    command.arg("--message-format=json-render-diagnostics");
    if release {
        command.args(["--profile", "wasm-release"]);
    }
    // Where code and data name each other: the pieces are found by it.
    command.args(["--", "-Clink-arg=--emit-relocs"]);
    let out = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot run cargo")?;
    if !out.status.success() {
        bail!("frontend does not compile for the browser: cargo ended with {}", out.status);
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

fn make(input: &[u8], release: bool, work: &Path, tools: &Tools) -> Result<()> {
    let (cut, script) = (work.join("main.cut"), format!("./{NAME}.js"));
    let mut options = wasm_split_cli_support::Options::new(input);
    (options.output_dir, options.main_out_path, options.main_module) = (work, &cut, &script);
    let split = wasm_split_cli_support::transform(options).map_err(|e| anyhow!("cannot split the program: {e:#}"))?;
    let chunks: Chunks = split.prefetch_map.into_iter().map(|(name, pieces)| (island_of(&name), pieces)).collect();
    std::fs::write(work.join("chunks.json"), serde_json::to_vec(&chunks)?)?;

    let mut bindgen = Bindgen::new();
    bindgen.input_path(&cut).web(true)?.out_name(NAME).omit_default_module_path(false);
    // The pieces find each other by what the linker exports, under its names.
    bindgen.keep_lld_exports(true).demangle(false);
    bindgen.remove_name_section(release).remove_producers_section(release);
    bindgen.generate(work).context("wasm-bindgen cannot make the glue")?;
    let main = work.join("main.wasm");
    std::fs::rename(work.join(format!("{NAME}_bg.wasm")), &main)?;
    number_names(&work.join(&script), &main)?;
    println!("bundle: {} pieces{}", split.split_modules.len() + 1, if release { ", wasm-opt" } else { "" });
    for made in split.split_modules.into_iter().chain([main]) {
        let out = made.with_extension("out.wasm");
        if release {
            workspace::status(tools.wasm_opt().args(WASM_OPT).arg(&made).arg("-o").arg(out))?;
        } else {
            std::fs::copy(&made, out)?;
        }
    }
    // Bundling pulls in the snippets that crates bring along, and what loads the pieces.
    let mut esbuild = tools.esbuild();
    esbuild.arg(work.join(format!("{NAME}.js"))).args(["--bundle", "--format=esm", "--log-level=warning"]);
    esbuild.arg(format!("--outfile={}", work.join("out.js").display()));
    if release {
        esbuild.arg("--minify");
    }
    workspace::status(&mut esbuild)
}

/// The island that a cut is for, in small letters: leptos calls the function that is cut off by its name, `_loader` and a hash.
fn island_of(cut: &str) -> String {
    cut.split_once("_loader").map_or(cut, |(name, _)| name).replace('_', "")
}

/// Names between the glue and its program end in hashes, which nothing compresses: numbers of the same length instead.
fn number_names(script: &Path, wasm: &Path) -> Result<()> {
    let (mut js, mut bytes) = (std::fs::read_to_string(script)?, std::fs::read(wasm)?);
    let names: BTreeSet<String> =
        Regex::new(r"\b\w+_h?[0-9a-f]{16}\b")?.find_iter(&js).map(|name| name.as_str().to_owned()).collect();
    let numbered: BTreeMap<Vec<u8>, String> = (0..)
        .zip(names)
        .map(|(number, name)| (name.clone().into_bytes(), format!("{}{number:016}", &name[..name.len() - 16])))
        .collect();
    for (name, new) in &numbered {
        js = js.replace(std::str::from_utf8(name)?, new);
    }
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    for word in bytes.split_mut(|byte| !is_name(byte)) {
        // Between two names stands a length, which may look like a letter.
        for at in 0..word.len() {
            if let Some(new) = numbered.get(&word[at..]) {
                word[at..].copy_from_slice(new.as_bytes());
            }
        }
    }
    std::fs::write(script, js)?;
    Ok(std::fs::write(wasm, bytes)?)
}
