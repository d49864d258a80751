//! `cargo xtask arch`: the shape of the house. Floors, who may use what, what reaches the browser, names and manifests.
//!
//! The tables at the top are the rules; a new crate is one line in `FLOORS`. Everything is read from `cargo metadata`,
//! `cargo tree` and the manifests, nothing is built.

mod browser;
mod manifests;
mod rooms;

use crate::args::Args;
use crate::workspace::{self, Dependency, Kind, Package, WASM, Workspace};
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::Path;

/// The floors of `README.md`; imports go down only.
const FLOORS: &[(&str, u8)] = &[
    ("frontend", 6),
    ("server", 6),
    ("app", 5),
    ("capabilities", 4),
    ("conversations", 3),
    ("assistant", 3),
    ("meetings", 3),
    ("identity", 2),
    ("knowledge", 2),
    ("livekit", 2),
    ("llm", 2),
    ("channels", 2),
    ("media", 2),
    ("mail", 1),
    ("sign_on", 1),
    ("store", 1),
    ("minilm", 1),
    ("model", 0),
    ("words", 0),
    ("outbound", 0),
    ("shares", 0),
];

/// The only imports along a floor.
const SIDEWAYS: &[(&str, &str)] = &[("assistant", "conversations"), ("meetings", "conversations"), ("model", "words")];

/// Crates for development: on no floor, in no product.
const TESTKIT: &str = "testkit";
const XTASK: &str = "xtask";

/// Floors whose crates own SQL, and so may use sqlx.
const SQL_FLOORS: std::ops::RangeInclusive<u8> = 1..=3;

/// What `app` (without `ssr`) and `frontend` may use: this is what the browser loads.
const BROWSER: &[&str] = &[
    "model",
    "words",
    "leptos",
    "serde",
    "uuid",
    "thiserror",
    "wasm-bindgen",
    "wasm-bindgen-futures",
    "console_error_panic_hook",
    "web-sys",
    "js-sys",
];

/// What `model` may use.
const MODEL: &[&str] = &["words", "serde", "uuid", "thiserror"];

/// Second TLS stacks and C libraries of the system that must not slip in: rustls on ring is the one (docs/decisions/0005). (aws-lc is there for
/// the media of meetings alone: docs/decisions/0026.)
const BANNED: &[&str] = &["openssl", "openssl-sys", "native-tls", "tokio-native-tls", "hyper-tls"];

pub fn run(args: &mut Args) -> Result<()> {
    let write = args.flag("--write");
    args.done()?;
    let root = workspace::root()?;
    let graph = Workspace::graph(&root)?;
    let mut findings = Vec::new();
    for package in graph.ours() {
        imports(package, &graph, &mut findings);
        libraries(package, &mut findings);
    }
    let host = workspace::host(&root)?;
    let package = "{p}";
    let every = ["--workspace", "--all-features", "--target", &host, "--target", WASM];
    banned(&tree(&root, package, &every)?, &mut findings);
    let with_features = "{p} {f}";
    let shipped = tree(&root, with_features, &["--edges", "normal,build"])?;
    let tested = tree(&root, with_features, &["--edges", "normal,build,dev"])?;
    manifests::features(&shipped, &tested, &mut findings);
    let manifest: toml::Table = std::fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    // `frontend` is built for the browser alone.
    let members: Vec<&str> = graph.ours().map(|p| p.name.as_str()).filter(|name| *name != "frontend").collect();
    manifests::profiles(&manifest, &members, &mut findings);
    manifests::check(&graph, &mut findings)?;
    let files = workspace::files(&root)?;
    manifests::names(&files, &mut findings);
    rooms::check(&root, &files, &mut findings)?;
    browser::check(&graph, write, &mut findings)?;
    findings.sort();
    let clean = format!("{} crates stand on their floors", graph.ours().count());
    workspace::verdict("arch", &findings, &clean)
}

/// One line a crate from `cargo tree`.
fn tree(root: &Path, format: &str, extra: &[&str]) -> Result<String> {
    let base = ["tree", "--prefix", "none", "--format", format];
    workspace::output(workspace::cargo(root).args(base).args(extra).arg("--offline"))
        .or_else(|_| workspace::output(workspace::cargo(root).args(base).args(extra)))
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(n, _)| *n == name).map(|(_, floor)| *floor)
}

/// Imports of our own crates.
fn imports(package: &Package, all: &Workspace, findings: &mut Vec<String>) {
    let from = package.name.as_str();
    let dev_crate = from == TESTKIT || from == XTASK;
    if floor(from).is_none() && !dev_crate {
        findings.push(format!(
            "{from}: stands on no floor: add it to FLOORS in crates/xtask/src/arch.rs and to the design"
        ));
    }
    for d in &package.dependencies {
        let to = d.name.as_str();
        if to == from || !all.ours().any(|p| p.name == to) {
            continue;
        }
        if to == XTASK || from == XTASK {
            findings.push(format!("{from} → {to}: xtask uses none of our crates and none uses it"));
        } else if to == TESTKIT {
            if d.kind != Kind::Dev {
                findings.push(format!("{from} → {to}: only under [dev-dependencies]"));
            }
        } else if from == TESTKIT {
            if floor(to).is_some_and(|f| f > *SQL_FLOORS.end()) {
                findings.push(format!("{from} → {to}: testkit serves the capabilities and stands below {to}"));
            }
        } else if let (Some(above), Some(below)) = (floor(from), floor(to)) {
            let sideways = SIDEWAYS.contains(&(from, to));
            if above < below {
                findings.push(format!("{from} (floor {above}) → {to} (floor {below}): imports go down only"));
            } else if above == below && !sideways {
                findings.push(format!("{from} → {to}: both on floor {above}; only these may: {SIDEWAYS:?}"));
            }
        }
    }
}

/// Imports of other people's crates.
fn libraries(package: &Package, findings: &mut Vec<String>) {
    let name = package.name.as_str();
    let owns_sql = name == TESTKIT || floor(name).is_some_and(|f| SQL_FLOORS.contains(&f));
    // Tests may set a stage, and look behind it, as the superuser.
    let mut shipped = package.dependencies.iter().filter(|d| d.kind != Kind::Dev);
    if !owns_sql && shipped.any(|d| d.name == "sqlx" || d.name.starts_with("sqlx-")) {
        findings.push(format!("{name}: sqlx belongs to store and the capabilities; call one of their functions"));
    }
    let (allowed, ours): (&[&str], &[&str]) = match name {
        "model" => (MODEL, &[]),
        "app" => (BROWSER, &[]),
        "frontend" => (BROWSER, &["app"]),
        _ => return,
    };
    for d in browser_dependencies(package) {
        if !allowed.contains(&d.name.as_str()) && !ours.contains(&d.name.as_str()) {
            findings.push(format!(
                "{name}: {} would reach the browser; allowed there are {allowed:?}, all else must be optional and \
                 belong to the feature `ssr` alone",
                d.name
            ));
        }
    }
}

/// Normal dependencies with every feature on but `ssr`, on the browser's target.
fn browser_dependencies(package: &Package) -> Vec<&Dependency> {
    let mut open: Vec<&str> = package.features.iter().map(|(n, _)| n.as_str()).filter(|n| *n != "ssr").collect();
    let mut on: Vec<&str> = Vec::new();
    while let Some(feature) = open.pop() {
        if on.contains(&feature) {
            continue;
        }
        on.push(feature);
        if let Some((_, more)) = package.features.iter().find(|(n, _)| n == feature) {
            open.extend(more.iter().map(String::as_str));
        }
    }
    // `dep:x` and `x/feature` turn x on, `x?/feature` does not.
    let turned_on = |d: &Dependency| {
        let name = d.rename.as_deref().unwrap_or(&d.name);
        on.iter().any(|f| {
            *f == name || f.strip_prefix("dep:") == Some(name) || f.split_once('/').is_some_and(|(dep, _)| dep == name)
        })
    };
    package
        .dependencies
        .iter()
        .filter(|d| d.kind == Kind::Normal && (!d.optional || turned_on(d)))
        .filter(|d| !d.target.as_deref().is_some_and(|t| t.contains("not(target_arch = \"wasm32\")")))
        .collect()
}

/// Crates that must not be compiled, on any machine that we build for. `cargo metadata` would not do: it also names what a
/// weak feature (`ring?/std`) could have brought.
fn banned(tree: &str, findings: &mut Vec<String>) {
    let names: BTreeSet<&str> = tree.lines().filter_map(|l| l.split_whitespace().next()).collect();
    for name in BANNED.iter().filter(|b| names.contains(**b)) {
        findings.push(format!("{name}: banned; `cargo tree --workspace --all-features -i {name}` says who wants it"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn dep(name: &str) -> Dependency {
        Dependency { name: name.into(), rename: None, kind: Kind::Normal, optional: false, target: None }
    }

    fn package(name: &str, dependencies: Vec<Dependency>) -> Package {
        Package {
            name: name.into(),
            version: "1.0.0".into(),
            license: None,
            member: true,
            folder: "/nowhere".into(),
            dependencies,
            features: Vec::new(),
            metadata: Value::Null,
        }
    }

    fn of_imports(from: &str, to: Dependency) -> Vec<String> {
        let target = package(&to.name, Vec::new());
        let source = package(from, vec![to]);
        let all = Workspace { root: "/".into(), target: "/".into(), packages: vec![source.clone(), target] };
        let mut findings = Vec::new();
        imports(&source, &all, &mut findings);
        findings
    }

    fn of_libraries(package: &Package) -> Vec<String> {
        let mut findings = Vec::new();
        libraries(package, &mut findings);
        findings
    }

    #[test]
    fn imports_go_down() {
        for (from, to) in
            [("app", "identity"), ("identity", "store"), ("store", "model"), ("server", "app"), ("meetings", "media")]
        {
            assert_eq!(of_imports(from, dep(to)), Vec::<String>::new(), "{from} → {to}");
        }
        for (from, to) in
            [("store", "identity"), ("model", "store"), ("identity", "app"), ("app", "server"), ("media", "meetings")]
        {
            assert_eq!(of_imports(from, dep(to)).len(), 1, "{from} → {to}");
        }
    }

    #[test]
    fn along_a_floor_only_the_listed_ones() {
        assert!(of_imports("assistant", dep("conversations")).is_empty());
        assert!(of_imports("meetings", dep("conversations")).is_empty());
        for (from, to) in
            [("conversations", "assistant"), ("assistant", "meetings"), ("identity", "llm"), ("frontend", "server")]
        {
            assert_eq!(of_imports(from, dep(to)).len(), 1, "{from} → {to}");
        }
    }

    #[test]
    fn dev_crates_stay_out_of_the_product() {
        assert_eq!(of_imports("store", dep("testkit")).len(), 1);
        assert!(of_imports("store", Dependency { kind: Kind::Dev, ..dep("testkit") }).is_empty());
        assert_eq!(of_imports("store", Dependency { kind: Kind::Dev, ..dep("xtask") }).len(), 1);
        assert_eq!(of_imports("xtask", dep("model")).len(), 1);
        assert!(of_imports("testkit", dep("identity")).is_empty());
        assert_eq!(of_imports("testkit", dep("app")).len(), 1);
    }

    #[test]
    fn a_crate_without_a_floor_is_found() {
        assert_eq!(of_imports("billing", dep("model")).len(), 1);
    }

    #[test]
    fn sqlx_stays_with_those_who_own_sql() {
        assert!(of_libraries(&package("store", vec![dep("sqlx")])).is_empty());
        assert!(of_libraries(&package("knowledge", vec![dep("sqlx")])).is_empty());
        for name in ["server", "app", "frontend", "model", "xtask"] {
            assert!(!of_libraries(&package(name, vec![dep("sqlx")])).is_empty(), "{name}");
        }
        assert!(of_libraries(&package("server", vec![Dependency { kind: Kind::Dev, ..dep("sqlx") }])).is_empty());
    }

    #[test]
    fn the_browser_gets_only_its_list() {
        assert!(of_libraries(&package("app", vec![dep("leptos"), dep("model")])).is_empty());
        assert_eq!(of_libraries(&package("app", vec![dep("regex")])).len(), 1);
        assert_eq!(of_libraries(&package("model", vec![dep("serde_json")])).len(), 1);
        assert!(of_libraries(&package("model", vec![Dependency { kind: Kind::Dev, ..dep("serde_json") }])).is_empty());
        assert!(of_libraries(&package("frontend", vec![dep("app")])).is_empty());
        assert_eq!(of_libraries(&package("frontend", vec![dep("identity")])).len(), 1);
    }

    #[test]
    fn optional_dependencies_must_belong_to_ssr_alone() {
        let optional = Dependency { optional: true, ..dep("identity") };
        let mut app = package("app", vec![optional]);
        app.features =
            vec![("ssr".into(), vec!["dep:identity".into()]), ("hydrate".into(), vec!["leptos/hydrate".into()])];
        assert!(of_libraries(&app).is_empty());
        for leak in ["dep:identity", "identity", "identity/x", "ssr"] {
            app.features[1].1 = vec![leak.into()];
            assert_eq!(of_libraries(&app).len(), 1, "{leak}");
        }
        app.features[1].1 = vec!["identity?/x".into()];
        assert!(of_libraries(&app).is_empty());
    }

    #[test]
    fn banned_crates_are_found() {
        let of = |tree| {
            let mut findings = Vec::new();
            banned(tree, &mut findings);
            findings.len()
        };
        assert_eq!(of("rustls v0.23.0\nnative-tls v1.0.0\nnative-tls v1.0.0 (*)\nopenssl-sys v0.9.0"), 2);
        assert_eq!(of("rustls v0.23.0\nring v0.17.0\naws v1.0.0"), 0);
    }
}
