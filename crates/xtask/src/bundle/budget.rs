//! What a first visit may weigh: `budget.toml`, in bytes after gzip.

use super::Sizes;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;
use toml::Table;

const FILE: &str = "crates/xtask/budget.toml";

pub fn check(root: &Path, surfaces: &[String], sizes: &BTreeMap<String, Sizes>) -> Result<()> {
    let budget: Table = std::fs::read_to_string(root.join(FILE)).context(FILE)?.parse()?;
    let over = over(&budget, surfaces, sizes)?;
    if !over.is_empty() {
        bail!("over the budget of {FILE}:\n  {}", over.join("\n  "));
    }
    Ok(())
}

fn over(budget: &Table, surfaces: &[String], sizes: &BTreeMap<String, Sizes>) -> Result<Vec<String>> {
    let travels = |name: &str| sizes.get(name).map(Sizes::travels).with_context(|| format!("the bundle has no {name}"));
    let mut found = vec![("style sheet".to_owned(), travels("main.css")?, limit(budget, &["css", "gzip"])?)];
    for name in surfaces {
        let first = travels(&format!("{name}.js"))? + travels(&format!("{name}.wasm"))? + travels("main.css")?;
        found.push((format!("first view of {name}"), first, limit(budget, &["surface", name, "first_view_gzip"])?));
    }
    let mut over = Vec::new();
    for (what, bytes, limit) in found {
        println!("{what}: {bytes} of {limit} bytes ({} %)", bytes * 100 / limit.max(1));
        if bytes > limit {
            over.push(format!("{what}: {bytes} bytes, {} more than {limit}", bytes - limit));
        }
    }
    Ok(over)
}

fn limit(budget: &Table, keys: &[&str]) -> Result<u64> {
    let (last, tables) = keys.split_last().context("no key")?;
    let mut table = budget;
    for key in tables {
        table = table
            .get(*key)
            .and_then(toml::Value::as_table)
            .with_context(|| format!("{FILE} lacks {}", keys.join(".")))?;
    }
    let value = table.get(*last).and_then(toml::Value::as_integer).and_then(|n| u64::try_from(n).ok());
    value.with_context(|| format!("{FILE} lacks {}", keys.join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(js: u64, css: u64) -> Vec<String> {
        let size = |gzip| Sizes { gzip: Some(gzip), ..Sizes::default() };
        let sizes =
            [("a.js", size(js)), ("a.wasm", size(100)), ("main.css", size(css))].map(|(n, s)| (n.to_owned(), s)).into();
        let budget = "css.gzip = 20\nsurface.a.first_view_gzip = 150".parse().unwrap();
        over(&budget, &["a".to_owned()], &sizes).unwrap()
    }

    #[test]
    fn the_limit_itself_is_within() {
        assert_eq!(of(30, 20), Vec::<String>::new());
        assert_eq!(of(31, 20).len(), 1);
        assert_eq!(of(29, 21).len(), 1);
        assert_eq!(of(60, 60).len(), 2);
    }

    #[test]
    fn a_surface_without_a_budget_is_an_error() {
        let sizes = BTreeMap::from(["main.css", "b.js", "b.wasm"].map(|n| (n.to_owned(), Sizes::default())));
        let budget = "css.gzip = 20".parse().unwrap();
        assert!(over(&budget, &["b".to_owned()], &sizes).is_err());
    }
}
