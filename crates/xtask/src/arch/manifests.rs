//! Manifests inherit from the workspace, every crate has a README, and no crate or module has a name that says nothing.

use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
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

/// The two profiles of `target/release` share every library only while they say the same of libraries: `bench` may make
/// exceptions of our own crates, of each one, and nothing else but `incremental`, which is of our own alone.
pub fn profiles(root: &Table, members: &[&str], findings: &mut Vec<String>) {
    let table = |value: Option<&Value>| value.and_then(Value::as_table).cloned().unwrap_or_default();
    let profiles = table(root.get("profile"));
    let bench = table(profiles.get("bench"));
    for key in bench.keys().filter(|key| !["package", "incremental"].contains(&key.as_str())) {
        findings.push(format!("[profile.bench] {key}: every library would be built once more for tests"));
    }
    let packages = table(bench.get("package"));
    for name in packages.keys().filter(|name| !members.contains(&name.as_str())) {
        findings
            .push(format!("[profile.bench.package] {name}: not one of ours: it would be built once more for tests"));
    }
    for name in members.iter().filter(|name| !packages.contains_key(**name)) {
        findings.push(format!("[profile.bench.package] {name} is missing: tests would optimize it"));
    }
}

/// Libraries are built once for what runs and for tests only while both want the same features of them. `shipped` and
/// `tested` are lines of name, version and features.
pub fn features(shipped: &str, tested: &str, findings: &mut Vec<String>) {
    // What has been listed before is marked.
    let lines = |text: &str| text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect::<BTreeSet<_>>();
    let tested = lines(tested);
    for line in lines(shipped).into_iter().filter(|line| !tested.contains(line)) {
        let name = line.split(' ').next().unwrap_or(&line);
        let with = tested.iter().find(|other| other.split(' ').take(2).eq(line.split(' ').take(2)));
        findings.push(format!(
            "{name}: tests want other features of it, so it is built twice: name them in the workspace's Cargo.toml\n  \
             runs:  {line}\n  tests: {}",
            with.map_or("", String::as_str)
        ));
    }
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
    fn what_both_profiles_say_of_libraries_is_the_same() {
        let of = |text: &str| {
            let mut findings = Vec::new();
            profiles(&text.parse().unwrap(), &["app", "store"], &mut findings);
            findings.len()
        };
        let good = "[profile.bench]\nincremental = true\n[profile.bench.package]\napp = { opt-level = 0 }\nstore = {}";
        assert_eq!(of(good), 0);
        assert_eq!(of(&good.replace("incremental", "debug")), 1);
        assert_eq!(of(&good.replace("store", "\"*\"")), 2);
    }

    #[test]
    fn features_that_differ_are_named() {
        let mut findings = Vec::new();
        features("a v1 x\nb v1 y", "a v1 x\nb v1 y,z\nc v1 ", &mut findings);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].starts_with("b: ") && findings[0].contains("b v1 y,z"), "{findings:?}");
    }

    #[test]
    fn modules_have_names_that_say_something() {
        let files = ["app/src/ui/button.rs", "app/src/utils.rs", "server/tests/common/mod.rs", "docs/shared/x.md"];
        let mut findings = Vec::new();
        names(&files.map(str::to_owned), &mut findings);
        assert_eq!(findings.len(), 2, "{findings:?}");
    }
}
