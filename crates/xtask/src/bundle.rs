//! `cargo xtask bundle`: the browser's part. cargo → wasm-bindgen → wasm-opt → esbuild, hashed names, compressed, within
//! its budget, in `target/bundle` with a `manifest.json` that the server reads.
//!
//! A run with nothing to do takes a moment (a stamp holds the hash of every input), a failed one leaves the last good
//! bundle, and the folder is replaced by a rename, so a server never reads a half-written one.

mod assets;
mod budget;
mod compress;
mod meet;
mod program;
mod stamp;
mod tools;
mod widget;

use crate::args::Args;
use crate::workspace::{self, Workspace, remove};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tools::Tools;

/// What to build.
#[derive(Debug)]
pub struct Options {
    pub release: bool,
    /// A bundle over its budget is an error. Otherwise it is only said: nobody's start fails for a few bytes.
    pub strict: bool,
    pub out: PathBuf,
}

impl Options {
    /// Into `target/bundle`.
    pub fn all(root: &Path, release: bool) -> Self {
        Options { release, strict: false, out: root.join("target/bundle") }
    }

    fn profile(&self) -> &'static str {
        if self.release { "release" } else { "dev" }
    }
}

pub fn run(args: &mut Args) -> Result<()> {
    let root = workspace::root()?;
    let mut options = Options::all(&root, args.flag("--release"));
    options.strict = args.flag("--strict");
    if let Some(out) = args.value("--out")? {
        options.out = root.join(out);
    }
    args.done()?;
    build(&root, &options).map(drop)
}

/// Builds what `options` asks for; false if it was there already.
pub fn build(root: &Path, options: &Options) -> Result<bool> {
    let tools = Tools::find(root)?;
    let parent = options.out.parent().context("the bundle needs a folder around it")?;
    std::fs::create_dir_all(parent)?;
    // Two builds at once would rename each other's folders away.
    let lock = std::fs::File::create(with_suffix(&options.out, ".lock"))?;
    lock.lock().context("waiting for another bundle")?;

    let stamp = stamp::of(root, options, &tools)?;
    if std::fs::read_to_string(options.out.join("stamp")).is_ok_and(|s| s == stamp) {
        println!("bundle: up to date ({})", options.profile());
        return Ok(false);
    }
    let target = Workspace::members(root)?.target;
    let new = with_suffix(&options.out, ".new");
    remove(&new)?;
    let mut bundle = Bundle::new(new.clone());
    bundle.program = bundle.put_program(program::build(root, &target, options.release, &tools)?)?;
    for (name, bytes) in assets::files(root, &tools)? {
        let placed = bundle.put(&name, &bytes)?;
        bundle.files.insert(name, placed);
    }
    for (name, css) in assets::sheets(root, options.release, &tools, &bundle.files)? {
        let placed = bundle.put(&name, css.as_bytes())?;
        bundle.files.insert(name, placed);
    }

    for (name, script) in meet::scripts(root, options.release, &tools)? {
        let placed = bundle.put(name, script.as_bytes())?;
        bundle.files.insert(name.to_owned(), placed);
    }
    for (name, bytes) in widget::files(root, options.release, &tools)? {
        bundle.keep(name, &bytes)?;
    }

    if options.release {
        compress::all(&bundle.folder, &mut bundle.sizes, &tools)?;
    }
    println!("{}", table(&bundle.sizes));
    let budget = if options.release { budget::check(root, &bundle.program, &bundle.sizes) } else { Ok(()) };
    std::fs::write(new.join("manifest.json"), bundle.manifest(options.profile())?)?;
    match budget {
        Ok(()) => std::fs::write(new.join("stamp"), stamp)?,
        Err(error) if options.strict => return Err(error),
        // Without a stamp the next run looks again.
        Err(error) => println!("bundle: warning: {error:#}"),
    }
    replace(&new, &options.out)?;
    println!("bundle: {} in {}", options.profile(), options.out.display());
    Ok(true)
}

/// Size of a file as it is and as it travels; the compressed ones are absent where compression is useless or (dev) skipped.
#[derive(Debug, Clone, Default)]
pub struct Sizes {
    /// The file's place in the folder.
    pub path: String,
    pub raw: u64,
    pub gzip: Option<u64>,
    pub br: Option<u64>,
}

impl Sizes {
    /// Bytes that a client with gzip loads.
    fn travels(&self) -> u64 {
        self.gzip.unwrap_or(self.raw)
    }
}

/// Where the files of the program are.
#[derive(Debug, Default, Serialize)]
struct Program {
    js: String,
    wasm: String,
    /// What an island loads besides, by its name.
    chunks: BTreeMap<String, Vec<String>>,
}

/// The folder while it is filled.
struct Bundle {
    folder: PathBuf,
    files: BTreeMap<String, String>,
    program: Program,
    sizes: BTreeMap<String, Sizes>,
}

impl Bundle {
    fn new(folder: PathBuf) -> Self {
        Bundle { folder, files: BTreeMap::new(), program: Program::default(), sizes: BTreeMap::new() }
    }

    /// Writes `fonts/x.woff2` as `assets/fonts/x.HASH.woff2` and gives that place.
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<String> {
        let placed = format!("assets/{}", hashed(name, bytes));
        let path = self.folder.join(&placed);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, bytes)?;
        let sizes = Sizes { path: placed.clone(), raw: bytes.len() as u64, ..Sizes::default() };
        self.sizes.insert(name.to_owned(), sizes);
        Ok(placed)
    }

    /// Writes a file at a place that others rely on. One whose name carries a hash is also known without it.
    fn keep(&mut self, name: String, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(&name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, bytes)?;
        let parts: Vec<&str> = name.split('.').collect();
        let plain = if let [stem, _, ending] = parts.as_slice() { format!("{stem}.{ending}") } else { name.clone() };
        self.sizes.insert(plain.clone(), Sizes { path: name.clone(), raw: bytes.len() as u64, ..Sizes::default() });
        self.files.insert(plain, name);
        Ok(())
    }

    /// Writes the files of the program, the glue with the hashed names of the pieces.
    fn put_program(&mut self, built: program::Built) -> Result<Program> {
        let name = program::NAME;
        let mut js = built.js;
        let mut placed = BTreeMap::new();
        for (piece, bytes) in &built.pieces {
            let path = self.put(&format!("{name}/{}.wasm", piece.trim_start_matches("split_")), bytes)?;
            let (before, after) = (format!("\"./{piece}.wasm\""), format!("\"/{path}\""));
            if !js.contains(&before) {
                bail!("the glue does not name the piece {piece}");
            }
            js = js.replace(&before, &after);
            placed.insert(piece, path);
        }
        let files = |pieces: &Vec<String>| pieces.iter().filter_map(|piece| placed.get(piece).cloned()).collect();
        let chunks = built.chunks.iter().map(|(chunk, pieces)| (chunk.clone(), files(pieces))).collect();
        let (js, wasm) =
            (self.put(&format!("{name}.js"), js.as_bytes())?, self.put(&format!("{name}.wasm"), &built.wasm)?);
        Ok(Program { js, wasm, chunks })
    }

    fn manifest(&self, profile: &str) -> Result<String> {
        let sizes: Map<String, Value> = self
            .sizes
            .iter()
            .map(|(name, s)| (name.clone(), json!({ "raw": s.raw, "gzip": s.gzip, "br": s.br })))
            .collect();
        let manifest = json!({ "profile": profile, "files": self.files, "program": self.program, "sizes": sizes });
        Ok(serde_json::to_string_pretty(&manifest)? + "\n")
    }
}

/// SHA-256 in lower-case hex.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The name with the content's hash before its last ending.
fn hashed(name: &str, bytes: &[u8]) -> String {
    let hash = &sha256(bytes)[..16];
    match name.rsplit_once('.') {
        Some((stem, ending)) if !ending.contains('/') => format!("{stem}.{hash}.{ending}"),
        _ => format!("{name}.{hash}"),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Puts `new` in the place of `out`.
fn replace(new: &Path, out: &Path) -> Result<()> {
    let old = with_suffix(out, ".old");
    remove(&old)?;
    if out.exists() {
        std::fs::rename(out, &old)?;
    }
    std::fs::rename(new, out)?;
    remove(&old)
}

fn table(sizes: &BTreeMap<String, Sizes>) -> String {
    let number = |n: Option<u64>| n.map_or("-".to_owned(), |n| n.to_string());
    let mut lines = vec![format!("{:<36}{:>12}{:>12}{:>12}", "bytes", "raw", "gzip", "br")];
    for (name, s) in sizes {
        lines.push(format!("{name:<36}{:>12}{:>12}{:>12}", s.raw, number(s.gzip), number(s.br)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_stands_before_the_ending() {
        // SHA-256 of nothing begins e3b0c442 98fc1c14.
        assert_eq!(hashed("main.css", b""), "main.e3b0c44298fc1c14.css");
        assert_eq!(hashed("fonts/a.b.woff2", b""), "fonts/a.b.e3b0c44298fc1c14.woff2");
        assert_eq!(hashed("v1.2/plain", b""), "v1.2/plain.e3b0c44298fc1c14");
    }

    #[test]
    fn a_bundle_names_what_it_holds() {
        let folder = std::env::temp_dir().join(format!("xtask-bundle-{}", std::process::id()));
        let (new, out) = (folder.join("b.new"), folder.join("b"));
        for content in ["one", "two"] {
            let mut bundle = Bundle::new(new.clone());
            let placed = bundle.put("icons/a.svg", content.as_bytes()).unwrap();
            bundle.files.insert("icons/a.svg".into(), placed.clone());
            let manifest: Value = serde_json::from_str(&bundle.manifest("dev").unwrap()).unwrap();
            assert_eq!(manifest["files"]["icons/a.svg"], placed);
            assert_eq!(manifest["sizes"]["icons/a.svg"]["raw"], 3);
            replace(&new, &out).unwrap();
            assert_eq!(std::fs::read_to_string(out.join(placed)).unwrap(), content);
            assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        }
        assert_eq!(std::fs::read_dir(out.join("assets/icons")).unwrap().count(), 1, "the old file is gone");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
