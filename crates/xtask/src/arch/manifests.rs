//! Manifests inherit from the workspace, every crate has a README, and no crate or module has a name that says nothing.

use crate::workspace::Workspace;
use anyhow::{Context, Result};
use toml::{Table, Value};

/// Names for what belongs nowhere: a thing lives with the capability that needs it.
const FORBIDDEN_NAMES: &[&str] = &["common", "utils", "shared", "helpers"];

/// Keys of `[package]` that the workspace sets.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "publish"];

const DEPENDENCY_TABLES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub fn check(graph: &Workspace, findings: &mut Vec<String>) -> Result<()> {
    for package in graph.ours() {
        if FORBIDDEN_NAMES.contains(&package.name.as_str()) {
            findings.push(format!("{}: a crate named so collects what belongs elsewhere", package.name));
        }
        if !package.folder.join("README.md").is_file() {
            findings.push(format!("{}: README.md is missing (what it is for, how to add to it)", package.name));
        }
        let path = package.folder.join("Cargo.toml");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        manifest(&package.name, &text.parse()?, findings);
    }
    Ok(())
}

fn manifest(name: &str, manifest: &Table, findings: &mut Vec<String>) {
    for key in INHERITED {
        if !inherits(manifest.get("package").and_then(|p| p.get(*key))) {
            findings.push(format!("{name}: Cargo.toml wants `{key}.workspace = true`"));
        }
    }
    if !inherits(manifest.get("lints")) {
        findings.push(format!("{name}: Cargo.toml wants `[lints]` with `workspace = true`"));
    }
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    for table in targets.filter_map(Value::as_table).chain([manifest]) {
        for kind in DEPENDENCY_TABLES {
            for (dependency, value) in table.get(*kind).and_then(Value::as_table).into_iter().flatten() {
                if !inherits(Some(value)) {
                    findings.push(format!(
                        "{name}: {dependency} wants `workspace = true`: a version stands once, in the root's Cargo.toml"
                    ));
                }
            }
        }
    }
}

fn inherits(value: Option<&Value>) -> bool {
    value.and_then(|v| v.get("workspace")).and_then(Value::as_bool) == Some(true)
}

/// Modules by the names of their files and folders.
pub fn names(files: &[String], findings: &mut Vec<String>) {
    for file in files.iter().filter(|f| f.ends_with(".rs")) {
        let stem = file.trim_end_matches(".rs");
        if let Some(bad) = stem.split('/').find(|part| FORBIDDEN_NAMES.contains(part)) {
            findings.push(format!("{file}: nothing is called `{bad}`: name it by what a person would call it"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [package]
        name = "x"
        version.workspace = true
        edition.workspace = true
        rust-version.workspace = true
        license.workspace = true
        publish.workspace = true
        [lints]
        workspace = true
        [dependencies]
        serde.workspace = true
        uuid = { workspace = true, optional = true }
    "#;

    fn of(text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        manifest("x", &text.parse().unwrap(), &mut findings);
        findings
    }

    #[test]
    fn a_manifest_inherits() {
        assert_eq!(of(GOOD), Vec::<String>::new());
        assert_eq!(of(&GOOD.replace("edition.workspace = true", "edition = \"2024\"")).len(), 1);
        assert_eq!(of(&GOOD.replace("[lints]\n        workspace = true", "")).len(), 1);
        assert_eq!(of(&GOOD.replace("serde.workspace = true", "serde = \"1\"")).len(), 1);
        let target = format!("{GOOD}\n[target.'cfg(unix)'.dependencies]\nrustix = \"1\"");
        assert_eq!(of(&target).len(), 1);
    }

    #[test]
    fn modules_have_names_that_say_something() {
        let files = ["app/src/ui/button.rs", "app/src/utils.rs", "server/tests/common/mod.rs", "docs/shared/x.md"];
        let mut findings = Vec::new();
        names(&files.map(str::to_owned), &mut findings);
        assert_eq!(findings.len(), 2, "{findings:?}");
    }
}
