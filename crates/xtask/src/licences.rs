//! `cargo xtask licences`: the licence of every crate in the graph is one that a product under MIT OR Apache-2.0 may link.
//! Offline, from the crates' own manifests.

use crate::args::Args;
use crate::workspace::{self, Package, Workspace};
use anyhow::{Context as _, Result};
use spdx::{Expression, Licensee, ParseMode};
use std::collections::BTreeMap;

/// Permissive, or (MPL-2.0) copyleft for its own files only.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates whose manifest names no licence: name, what their licence file says.
const CLARIFIED: &[(&str, &str)] = &[];

pub fn run(args: &mut Args) -> Result<()> {
    args.done()?;
    let graph = Workspace::graph(&workspace::root()?)?;
    let foreign: Vec<&Package> = graph.packages.iter().filter(|p| !p.member).collect();
    let allowed = allowed()?;
    let findings: Vec<String> = foreign.iter().filter_map(|p| check(p, &allowed)).collect();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for p in &foreign {
        *kinds.entry(p.license.as_deref().unwrap_or("none")).or_default() += 1;
    }
    let clean = format!("{} crates, {} expressions, all allowed", foreign.len(), kinds.len());
    workspace::verdict("licences", &findings, &clean)
}

fn allowed() -> Result<Vec<Licensee>> {
    ALLOWED.iter().map(|name| Licensee::parse(name).with_context(|| (*name).to_owned())).collect()
}

/// Of an OR one side suffices, of an AND both must be; the old `MIT/Apache-2.0` means OR.
fn check(package: &Package, allowed: &[Licensee]) -> Option<String> {
    let clarified = CLARIFIED.iter().find(|(name, _)| *name == package.name).map(|(_, licence)| *licence);
    let Some(expression) = clarified.or(package.license.as_deref()) else {
        return Some(format!(
            "{} {}: names no licence; read its licence file, then CLARIFIED in crates/xtask/src/licences.rs",
            package.name, package.version
        ));
    };
    let named = format!("{} {}", package.name, package.version);
    match Expression::parse_mode(expression, ParseMode::LAX) {
        Ok(read) if read.evaluate(|wanted| allowed.iter().any(|licence| licence.satisfies(wanted))) => None,
        Ok(_) => Some(format!("{named}: `{expression}` is not allowed")),
        Err(error) => Some(format!("{named}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(licence: Option<&str>) -> Option<String> {
        let package = Package {
            name: "a".into(),
            version: "1.0.0".into(),
            license: licence.map(str::to_owned),
            member: false,
            folder: "/".into(),
            dependencies: Vec::new(),
            features: Vec::new(),
            metadata: serde_json::Value::Null,
        };
        check(&package, &allowed().unwrap())
    }

    #[test]
    fn permissive_passes_and_the_rest_does_not() {
        assert_eq!(of(Some("MIT OR Apache-2.0")), None);
        assert_eq!(of(Some("Apache-2.0/GPL-3.0")), None);
        assert!(of(Some("GPL-3.0-only")).is_some());
        assert!(of(Some("MIT AND AGPL-3.0")).is_some());
        assert!(of(Some("MIT MIT")).is_some());
        assert_eq!(of(Some("MIT OR GPL-3.0-only AND ISC")), None);
        assert!(of(Some("(MIT OR GPL-3.0-only) AND AGPL-3.0-only")).is_some());
        assert_eq!(of(Some("Apache-2.0 WITH LLVM-exception OR GPL-3.0-only")), None);
        assert!(of(Some("MIT WITH LLVM-exception")).is_some());
        assert!(of(None).is_some());
    }
}
