//! The programs that bundle, which `scripts/setup` puts below `.tools` and `scripts/npm/node_modules`, and their versions.

use crate::workspace;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the programs are.
#[derive(Debug)]
pub struct Tools {
    root: PathBuf,
    path: OsString,
    /// One line a tool; part of the stamp.
    pub versions: String,
}

const WASM_OPT: &str = ".tools/bin/wasm-opt";
const ESBUILD: &str = ".tools/bin/esbuild";
const MODULES: &str = "scripts/npm/node_modules";

impl Tools {
    pub fn find(root: &Path) -> Result<Self> {
        // A Node of our own (where the machine's is too old) goes before the machine's.
        let mut folders = vec![root.join(".tools/node/bin"), root.join(".tools/bin")];
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut tools =
            Tools { root: root.to_path_buf(), path: std::env::join_paths(folders)?, versions: String::new() };
        for file in [WASM_OPT, ESBUILD] {
            if !root.join(file).exists() {
                bail!("{file} is missing: run scripts/setup");
            }
        }
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        tools.versions = format!(
            "{}{}\n{}\nesbuild {}\nbinaryen {}\nlivekit-client {}\n",
            workspace::output(Command::new(rustc).current_dir(root).arg("--version"))?,
            pinned(root, "wasm-bindgen-cli-support")?,
            pinned(root, "wasm_split_cli_support")?,
            tools.npm_version("esbuild")?,
            tools.npm_version("binaryen")?,
            tools.npm_version("livekit-client")?,
        );
        Ok(tools)
    }

    fn npm_version(&self, package: &str) -> Result<String> {
        let path = self.modules().join(package).join("package.json");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let manifest: serde_json::Value = serde_json::from_str(&text)?;
        manifest["version"].as_str().map(str::to_owned).with_context(|| format!("{package} has no version"))
    }

    /// Folder of the npm packages.
    pub fn modules(&self) -> PathBuf {
        self.root.join(MODULES)
    }

    pub fn wasm_opt(&self) -> Command {
        self.command(self.root.join(WASM_OPT))
    }

    pub fn esbuild(&self) -> Command {
        self.command(self.root.join(ESBUILD))
    }

    pub fn node(&self) -> Command {
        let own = self.root.join(".tools/node/bin/node");
        self.command(if own.exists() { own } else { "node".into() })
    }

    fn command(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", &self.path);
        command
    }
}

/// The line of the workspace's manifest that pins a library which is part of this program.
fn pinned(root: &Path, name: &str) -> Result<String> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml"))?;
    let line = manifest.lines().find(|line| line.starts_with(&format!("{name} = ")));
    line.map(str::to_owned).with_context(|| format!("Cargo.toml does not pin {name}"))
}
