//! What a first visit may weigh: `budget.toml`, in bytes after gzip. Every page counts by itself: what all pages of the
//! surface load, and its own chunk.

use super::{Sizes, Surface};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;
use toml::Table;

const FILE: &str = "crates/xtask/budget.toml";

pub fn check(root: &Path, surfaces: &BTreeMap<String, Surface>, sizes: &BTreeMap<String, Sizes>) -> Result<()> {
    let budget: Table = std::fs::read_to_string(root.join(FILE)).context(FILE)?.parse()?;
    let over = over(&budget, surfaces, sizes)?;
    if !over.is_empty() {
        bail!("over the budget of {FILE}:\n  {}", over.join("\n  "));
    }
    Ok(())
}

fn over(budget: &Table, surfaces: &BTreeMap<String, Surface>, sizes: &BTreeMap<String, Sizes>) -> Result<Vec<String>> {
    let travels = |name: &str| sizes.get(name).map(Sizes::travels).with_context(|| format!("the bundle has no {name}"));
    let (loader, chat) = (travels("widget/v1/widget.js")?, travels("widget/v1/chat.js")?);
    let mut found = vec![
        ("style sheet".to_owned(), travels("main.css")?, limit(budget, &["css", "gzip"])?),
        ("widget, until it is opened".to_owned(), loader, limit(budget, &["widget", "closed_gzip"])?),
        ("widget, opened".to_owned(), loader + chat, limit(budget, &["widget", "open_gzip"])?),
    ];
    for (name, surface) in surfaces {
        let limit = limit(budget, &["surface", name, "first_view_gzip"])?;
        let common = travels(&format!("{name}.js"))? + travels(&format!("{name}.wasm"))? + travels("main.css")?;
        found.push((format!("first view of {name}, any page"), common, limit));
        for (chunk, files) in &surface.chunks {
            let own: u64 = sizes.values().filter(|s| files.contains(&s.path)).map(Sizes::travels).sum();
            found.push((format!("first view of {name}, {chunk}"), common + own, limit));
        }
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

    fn of(js: u64, css: u64, chunk: u64) -> Vec<String> {
        let size = |(name, gzip): (&str, u64)| {
            (name.to_owned(), Sizes { path: format!("assets/{name}"), gzip: Some(gzip), ..Sizes::default() })
        };
        let sizes = [
            ("a.js", js),
            ("a.wasm", 100),
            ("main.css", css),
            ("a/b.wasm", chunk),
            ("widget/v1/widget.js", 1),
            ("widget/v1/chat.js", 2),
        ]
        .map(size)
        .into();
        let chunks = [("b".to_owned(), vec!["assets/a/b.wasm".to_owned()])].into();
        let surfaces = [("a".to_owned(), Surface { chunks, ..Surface::default() })].into();
        let budget = "css.gzip = 20\nwidget.closed_gzip = 1\nwidget.open_gzip = 3\nsurface.a.first_view_gzip = 150"
            .parse()
            .unwrap();
        over(&budget, &surfaces, &sizes).unwrap()
    }

    #[test]
    fn the_limit_itself_is_within() {
        assert_eq!(of(20, 20, 10), Vec::<String>::new());
        assert_eq!(of(20, 20, 11).len(), 1, "with its chunk");
        assert_eq!(of(19, 21, 0).len(), 1, "the style sheet");
        assert_eq!(of(60, 60, 0).len(), 3);
    }

    #[test]
    fn a_surface_without_a_budget_is_an_error() {
        let sizes = BTreeMap::from(["main.css", "b.js", "b.wasm"].map(|n| (n.to_owned(), Sizes::default())));
        let budget = "css.gzip = 20".parse().unwrap();
        assert!(over(&budget, &[("b".to_owned(), Surface::default())].into(), &sizes).is_err());
    }
}
