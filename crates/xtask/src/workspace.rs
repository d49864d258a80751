//! The workspace as the commands see it: its root, its files, its packages, and running programs in it.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Triple of the browser.
pub const WASM: &str = "wasm32-unknown-unknown";

/// The folder of the workspace's `Cargo.toml`, found upwards from the current folder.
pub fn root() -> Result<PathBuf> {
    let here = std::env::current_dir()?;
    for folder in here.ancestors() {
        if let Ok(text) = std::fs::read_to_string(folder.join("Cargo.toml"))
            && text.contains("[workspace]")
        {
            return Ok(folder.to_path_buf());
        }
    }
    bail!("no workspace above {}", here.display())
}

/// `cargo` of the toolchain that runs this program, in the workspace, without what `cargo run` put into our environment
/// (build scripts that look at it would run again).
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_BIN_NAME" {
            command.env_remove(&name);
        }
    }
    command
}

/// Removes a folder, if it is there.
pub fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e).with_context(|| folder.display().to_string()),
        _ => Ok(()),
    }
}

/// Runs to the end, output to the terminal; an error names the program.
pub fn status(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot run {name}"))?;
    if !status.success() {
        bail!("{name} ended with {status}");
    }
    Ok(())
}

/// Runs to the end and gives the standard output; the error carries what the program said.
pub fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {name}"))?;
    if !out.status.success() {
        bail!("{name} ended with {}:\n{}", out.status, String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(String::from_utf8(out.stdout)?)
}

/// The repository's own files: those that git follows or would follow, relative to the root, sorted.
pub fn files(root: &Path) -> Result<Vec<String>> {
    let text = output(Command::new("git").current_dir(root).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ]))
    .context("the list of files comes from git")?;
    let mut files: Vec<String> =
        text.split('\0').filter(|f| !f.is_empty() && root.join(f).is_file()).map(str::to_owned).collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// Every file below `folder` as paths relative to `root`, sorted; hidden ones, `target` and `node_modules` left out.
pub fn walk(root: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![root.join(folder)];
    while let Some(folder) = open.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(e).with_context(|| folder.display().to_string()),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') || name == "target" || name == "node_modules" {
                continue;
            }
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(root)?.to_path_buf());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The kinds of a dependency in `cargo metadata`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Normal,
    Dev,
    Build,
}

/// A dependency as a `Cargo.toml` declares it.
#[derive(Debug, Clone)]
pub struct Dependency {
    pub name: String,
    pub rename: Option<String>,
    pub kind: Kind,
    pub optional: bool,
    /// A `cfg(…)` or a triple.
    pub target: Option<String>,
}

/// A package of the graph.
#[derive(Debug, Clone)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub license: Option<String>,
    /// Ours, not from a registry.
    pub member: bool,
    /// Its folder.
    pub folder: PathBuf,
    pub dependencies: Vec<Dependency>,
    /// Feature → what it turns on.
    pub features: Vec<(String, Vec<String>)>,
    /// `[package.metadata]`.
    pub metadata: Value,
}

/// What `cargo metadata` says.
#[derive(Debug)]
pub struct Workspace {
    pub root: PathBuf,
    pub target: PathBuf,
    pub packages: Vec<Package>,
}

impl Workspace {
    /// Our packages only: quick, and needs nothing downloaded.
    pub fn members(root: &Path) -> Result<Self> {
        Self::parse(&metadata(root, &["--no-deps"])?)
    }

    /// The whole graph that this machine and the browser build, every feature on.
    pub fn graph(root: &Path) -> Result<Self> {
        let host = host(root)?;
        Self::parse(&metadata(root, &["--all-features", "--filter-platform", &host, "--filter-platform", WASM])?)
    }

    /// Reads the text of `cargo metadata --format-version 1`.
    pub fn parse(text: &str) -> Result<Self> {
        let all: Value = serde_json::from_str(text)?;
        let text = |v: &Value| v.as_str().map(str::to_owned);
        let members: Vec<&str> = list(&all["workspace_members"]).iter().filter_map(Value::as_str).collect();
        let resolved: Option<Vec<&str>> =
            all["resolve"]["nodes"].as_array().map(|n| n.iter().filter_map(|n| n["id"].as_str()).collect());
        let mut packages = Vec::new();
        for p in list(&all["packages"]) {
            let id = text(&p["id"]).context("package without id")?;
            if resolved.as_ref().is_some_and(|r| !r.contains(&id.as_str())) {
                continue;
            }
            let dependencies = list(&p["dependencies"])
                .iter()
                .map(|d| Dependency {
                    name: text(&d["name"]).unwrap_or_default(),
                    rename: text(&d["rename"]),
                    kind: match d["kind"].as_str() {
                        Some("dev") => Kind::Dev,
                        Some("build") => Kind::Build,
                        _ => Kind::Normal,
                    },
                    optional: d["optional"].as_bool().unwrap_or(false),
                    target: text(&d["target"]),
                })
                .collect();
            let features = p["features"].as_object().map(|map| {
                map.iter()
                    .map(|(name, on)| (name.clone(), list(on).iter().filter_map(text).collect()))
                    .collect::<Vec<_>>()
            });
            let manifest = PathBuf::from(text(&p["manifest_path"]).context("package without manifest_path")?);
            packages.push(Package {
                member: members.contains(&id.as_str()),
                name: text(&p["name"]).context("package without name")?,
                version: text(&p["version"]).unwrap_or_default(),
                license: text(&p["license"]),
                folder: manifest.parent().map(Path::to_path_buf).unwrap_or_default(),
                dependencies,
                features: features.unwrap_or_default(),
                metadata: p["metadata"].clone(),
            });
        }
        packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        Ok(Workspace {
            root: PathBuf::from(text(&all["workspace_root"]).context("no workspace_root")?),
            target: PathBuf::from(text(&all["target_directory"]).context("no target_directory")?),
            packages,
        })
    }

    /// Our own packages.
    pub fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|p| p.member)
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Offline if everything is on the machine, else with the network: a fresh checkout has only our own dependencies.
fn metadata(root: &Path, extra: &[&str]) -> Result<String> {
    let base = ["metadata", "--format-version", "1"];
    output(cargo(root).args(base).args(extra).arg("--offline")).or_else(|_| output(cargo(root).args(base).args(extra)))
}

/// Triple of the machine that builds.
pub fn host(root: &Path) -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let text = output(Command::new(rustc).current_dir(root).arg("-vV"))?;
    text.lines().find_map(|l| l.strip_prefix("host: ")).map(str::to_owned).context("rustc -vV names no host")
}

/// Prints findings and turns them into an error; `clean` is the sentence for none.
pub fn verdict(command: &str, findings: &[String], clean: &str) -> Result<()> {
    for finding in findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("{command}: {clean}");
            Ok(())
        }
        1 => bail!("{command}: 1 finding"),
        n => bail!("{command}: {n} findings"),
    }
}
