//! What the browser loads, crate by crate, against the committed `browser-graph.txt`: a new name is a decision, not an
//! accident. Names only, so an update changes nothing; macros that only run in the compiler are left out.

use crate::workspace::{WASM, Workspace};
use anyhow::Result;
use std::collections::BTreeSet;

const LIST: &str = "crates/xtask/browser-graph.txt";
const HEAD: &str = "\
# Crates that the browser loads. Written by `cargo xtask arch --write`; a new name is a decision.
";

pub fn check(graph: &Workspace, write: bool, findings: &mut Vec<String>) -> Result<()> {
    if !graph.ours().any(|p| p.name == "frontend") {
        findings.push("frontend: there is none, so nothing to compare the browser's graph with".into());
        return Ok(());
    }
    let text = super::tree(
        &graph.root,
        "{p}",
        &["--package", "frontend", "--target", WASM, "--edges", "normal,no-proc-macro"],
    )?;
    let now = names(&text);
    let path = graph.root.join(LIST);
    if write {
        let lines: Vec<&str> = now.iter().map(String::as_str).collect();
        std::fs::write(&path, format!("{HEAD}{}\n", lines.join("\n")))?;
        println!("arch: wrote {LIST}, {} crates", now.len());
        return Ok(());
    }
    let recorded = names(&std::fs::read_to_string(&path).unwrap_or_default());
    compare(&recorded, &now, findings);
    Ok(())
}

fn names(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn compare(recorded: &BTreeSet<String>, now: &BTreeSet<String>, findings: &mut Vec<String>) {
    for name in now.difference(recorded) {
        findings.push(format!("browser graph: {name} is new; if it must be, `cargo xtask arch --write`"));
    }
    for name in recorded.difference(now) {
        findings.push(format!("browser graph: {name} is gone; `cargo xtask arch --write`"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_tree_and_the_list_alike() {
        let tree = "frontend v0.1.0 (/a/b)\napp v0.1.0 (/a/c)\nserde v1.0.1\nserde v1.0.1 (*)\n\n";
        assert_eq!(names(tree), names("# head\napp\nfrontend\nserde\n"));
    }

    #[test]
    fn both_directions_are_findings() {
        let mut findings = Vec::new();
        compare(&names("app\ngone"), &names("app\nnew"), &mut findings);
        assert_eq!(findings.len(), 2);
    }
}
