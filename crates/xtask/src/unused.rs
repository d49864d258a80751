//! `cargo xtask unused`: a declared dependency that no source names is time in every build.
//!
//! By name, so it needs no compiler: `name::`, `use name`, `name!`, `extern crate name`. A dependency for its features or
//! its linking alone is listed in `[package.metadata.unused] allow = ["name"]`, with the reason beside it.

use crate::args::Args;
use crate::source::{Layer, Source};
use crate::workspace::{self, Kind, Package, Workspace};
use anyhow::{Context, Result};
use std::path::Path;

pub fn run(args: &mut Args) -> Result<()> {
    args.done()?;
    let root = workspace::root()?;
    let members = Workspace::members(&root)?;
    let mut findings = Vec::new();
    for package in members.ours() {
        check(package, &sources(package)?, &mut findings);
    }
    let manifest: toml::Table = std::fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    catalogue(&manifest, &members, &mut findings);
    workspace::verdict("unused", &findings, "every declared dependency is named somewhere")
}

/// The code of a package by the place it serves.
#[derive(Debug, Default)]
struct Sources {
    product: String,
    tests: String,
    build: String,
}

fn sources(package: &Package) -> Result<Sources> {
    let mut sources = Sources::default();
    for path in workspace::walk(&package.folder, Path::new(""))? {
        let name = path.to_string_lossy().into_owned();
        if !name.ends_with(".rs") {
            continue;
        }
        let text = std::fs::read_to_string(package.folder.join(&path)).with_context(|| name.clone())?;
        let source = Source::new(&name, text);
        let code = source.layer(Layer::Code);
        let place = if name == "build.rs" {
            &mut sources.build
        } else if ["tests/", "benches/", "examples/"].iter().any(|f| name.starts_with(f)) {
            &mut sources.tests
        } else {
            &mut sources.product
        };
        place.push_str(code);
        place.push('\n');
    }
    Ok(sources)
}

fn check(package: &Package, sources: &Sources, findings: &mut Vec<String>) {
    let allowed: Vec<&str> = package.metadata["unused"]["allow"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str)
        .collect();
    let mut needless = allowed.clone();
    for d in &package.dependencies {
        let declared = d.rename.as_deref().unwrap_or(&d.name);
        let name = declared.replace('-', "_");
        let (found, kind) = match d.kind {
            Kind::Normal => (uses(&sources.product, &name), ""),
            Kind::Dev => (uses(&sources.product, &name) || uses(&sources.tests, &name), "dev-"),
            Kind::Build => (uses(&sources.build, &name), "build-"),
        };
        if found {
            continue;
        }
        needless.retain(|a| *a != declared);
        if allowed.contains(&declared) {
            continue;
        }
        let hint = if d.kind == Kind::Normal && uses(&sources.tests, &name) {
            "only tests name it: move it to [dev-dependencies]"
        } else {
            "no source names it: remove it, or say why in [package.metadata.unused] allow"
        };
        findings.push(format!("{}: {kind}dependency {declared}: {hint}", package.name));
    }
    for name in needless {
        findings
            .push(format!("{}: [package.metadata.unused] allows {name}, which is used or not declared", package.name));
    }
}

/// Whether the code names the crate: as a path's head, an import or a macro. By hand: the code is long.
fn uses(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let before = before.strip_suffix("r#").unwrap_or(before);
        if before.ends_with(is_word) || after.starts_with(is_word) {
            return false;
        }
        // `::name` is a crate's root, `other::name` is not.
        let head = match before.strip_suffix("::") {
            Some(path) => !path.ends_with(|c: char| is_word(c) || c == '>'),
            None => !before.ends_with('.'),
        };
        let before = before.strip_suffix("::").unwrap_or(before).trim_end();
        let imported = ["use", "crate"].iter().any(|k| before.strip_suffix(k).is_some_and(|b| !b.ends_with(is_word)));
        head && (imported || after.starts_with('!') || after.trim_start().starts_with("::"))
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Versions in the root that no package asks for.
fn catalogue(manifest: &toml::Table, members: &Workspace, findings: &mut Vec<String>) {
    let declared = manifest.get("workspace").and_then(|w| w.get("dependencies")).and_then(toml::Value::as_table);
    for (name, value) in declared.into_iter().flatten() {
        let package = value.get("package").and_then(toml::Value::as_str).unwrap_or(name);
        if !members.ours().any(|p| p.dependencies.iter().any(|d| d.name == package)) {
            findings.push(format!("Cargo.toml: {name} stands in [workspace.dependencies] and no crate uses it"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn of(kind: Kind, allow: &[&str], sources: &Sources) -> Vec<String> {
        let package = Package {
            name: "p".into(),
            version: "1.0.0".into(),
            license: None,
            member: true,
            folder: "/".into(),
            dependencies: vec![Dependency {
                name: "tower-http".into(),
                rename: None,
                kind,
                optional: false,
                target: None,
            }],
            features: Vec::new(),
            metadata: serde_json::json!({ "unused": { "allow": allow } }),
        };
        let mut findings = Vec::new();
        check(&package, sources, &mut findings);
        findings
    }

    fn product(code: &str) -> Sources {
        Sources { product: code.into(), ..Sources::default() }
    }

    #[test]
    fn names_count_as_paths_imports_and_macros() {
        for code in [
            "use tower_http;",
            "use tower_http::x;",
            "tower_http::x()",
            "::tower_http::x()",
            "tower_http!()",
            "extern crate tower_http;",
            "(tower_http::x)",
            "pub use tower_http as h;",
            "use ::tower_http;",
            "use r#tower_http::x;",
            "tower_http :: x",
        ] {
            assert!(of(Kind::Normal, &[], &product(code)).is_empty(), "{code}");
        }
        for code in [
            "",
            "use tower_http_client::x;",
            "let tower_http = 1;",
            "my_tower_http::x",
            "a.tower_http",
            "a::tower_http::x()",
            "reuse tower_http",
            "tower_http != 1",
        ] {
            assert_eq!(of(Kind::Normal, &[], &product(code)).len(), 1, "{code}");
        }
    }

    #[test]
    fn each_kind_looks_in_its_own_place() {
        let tests = Sources { tests: "use tower_http::x;".into(), ..Sources::default() };
        assert!(of(Kind::Dev, &[], &tests).is_empty());
        assert!(of(Kind::Normal, &[], &tests)[0].contains("dev-dependencies"));
        assert_eq!(of(Kind::Build, &[], &product("use tower_http::x;")).len(), 1);
        let build = Sources { build: "use tower_http::x;".into(), ..Sources::default() };
        assert!(of(Kind::Build, &[], &build).is_empty());
    }

    #[test]
    fn an_allow_silences_and_is_checked_itself() {
        assert!(of(Kind::Normal, &["tower-http"], &product("")).is_empty());
        assert_eq!(of(Kind::Normal, &["tower-http"], &product("use tower_http;")).len(), 1);
        assert_eq!(of(Kind::Normal, &["other"], &product("use tower_http;")).len(), 1);
    }

    #[test]
    fn the_catalogue_holds_nothing_idle() {
        let manifest: toml::Table =
            "[workspace.dependencies]\ntower-http = \"1\"\nidle = \"1\"\nnick = { package = \"idle2\", version = \"1\" }".parse().unwrap();
        let members = Workspace {
            root: "/".into(),
            target: "/".into(),
            packages: vec![Package {
                name: "p".into(),
                version: "1.0.0".into(),
                license: None,
                member: true,
                folder: "/".into(),
                dependencies: vec![Dependency {
                    name: "tower-http".into(),
                    rename: None,
                    kind: Kind::Dev,
                    optional: false,
                    target: None,
                }],
                features: Vec::new(),
                metadata: serde_json::Value::Null,
            }],
        };
        let mut findings = Vec::new();
        catalogue(&manifest, &members, &mut findings);
        assert_eq!(findings.len(), 2);
    }
}
