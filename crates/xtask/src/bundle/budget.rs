//! What a first visit may weigh: `budget.toml`, in bytes after gzip, for each kind of page: its style sheets, and the code of
//! its island.

use super::{Program, Sizes, meet, program};
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use toml::{Table, Value};

const FILE: &str = "crates/xtask/budget.toml";

pub fn check(root: &Path, program: &Program, sizes: &BTreeMap<String, Sizes>) -> Result<()> {
    let budget: Table = std::fs::read_to_string(root.join(FILE)).context(FILE)?.parse()?;
    let over = over(&budget, program, sizes)?;
    if !over.is_empty() {
        bail!("over the budget of {FILE}:\n  {}", over.join("\n  "));
    }
    Ok(())
}

fn over(budget: &Table, program: &Program, sizes: &BTreeMap<String, Sizes>) -> Result<Vec<String>> {
    let travels = |name: &str| sizes.get(name).map(Sizes::travels).with_context(|| format!("the bundle has no {name}"));
    let (loader, chat) = (travels("widget/v1/widget.js")?, travels("widget/v1/chat.js")?);
    let mut found = vec![
        ("widget, until it is opened".to_owned(), loader, limit(budget, &["widget", "closed_gzip"])?),
        ("widget, opened".to_owned(), loader + chat, limit(budget, &["widget", "open_gzip"])?),
        ("script of a meeting".to_owned(), travels(meet::NAME)?, limit(budget, &["meet", "gzip"])?),
        (
            "scripts of a meeting over LiveKit".to_owned(),
            travels(meet::NAME)? + travels(meet::LIVEKIT)?,
            limit(budget, &["meet", "livekit_gzip"])?,
        ),
    ];
    let common = travels(&format!("{}.js", program::NAME))? + travels(&format!("{}.wasm", program::NAME))?;
    let mut counted = BTreeSet::new();
    let pages = budget.get("page").and_then(Value::as_table).with_context(|| format!("{FILE} lacks page"))?;
    for (name, page) in pages {
        let mut bytes = 0;
        for sheet in page.get("sheets").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            bytes += travels(sheet)?;
            counted.insert(sheet.to_owned());
        }
        if let Some(island) = page.get("island").and_then(Value::as_str) {
            let files = program.chunks.get(island).with_context(|| format!("there is no island {island}"))?;
            bytes += common + sizes.values().filter(|s| files.contains(&s.path)).map(Sizes::travels).sum::<u64>();
            counted.insert(island.to_owned());
        }
        found.push((format!("first view of {name}"), bytes, limit(budget, &["page", name, "gzip"])?));
    }
    let sheets = sizes.keys().filter(|name| name.ends_with(".css"));
    if let Some(missing) = program.chunks.keys().chain(sheets).find(|name| !counted.contains(*name)) {
        bail!("no page of {FILE} has {missing}");
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

    fn of(js: u64, css: u64, chunk: u64, pages: &str) -> Result<Vec<String>> {
        let size = |(name, gzip): (&str, u64)| {
            (name.to_owned(), Sizes { path: format!("assets/{name}"), gzip: Some(gzip), ..Sizes::default() })
        };
        let sizes = [
            ("islands.js", js),
            ("islands.wasm", 100),
            ("a.css", css),
            ("islands/B.wasm", chunk),
            ("widget/v1/widget.js", 1),
            ("widget/v1/chat.js", 2),
            ("meet.js", 4),
            ("livekit.js", 5),
        ]
        .map(size)
        .into();
        let chunks = [("B".to_owned(), vec!["assets/islands/B.wasm".to_owned()])].into();
        let budget =
            format!("widget.closed_gzip = 1\nwidget.open_gzip = 3\nmeet.gzip = 4\nmeet.livekit_gzip = 9\n{pages}")
                .parse()?;
        over(&budget, &Program { chunks, ..Program::default() }, &sizes)
    }

    #[test]
    fn the_limit_itself_is_within() {
        let pages =
            "page.a = { sheets = ['a.css'], island = 'B', gzip = 150 }\npage.c = { sheets = ['a.css'], gzip = 20 }";
        assert_eq!(of(20, 20, 10, pages).unwrap(), Vec::<String>::new());
        assert_eq!(of(20, 20, 11, pages).unwrap().len(), 1, "with its island");
        assert_eq!(of(19, 21, 0, pages).unwrap().len(), 1, "the style sheet");
        assert_eq!(of(60, 60, 0, pages).unwrap().len(), 2);
    }

    #[test]
    fn what_no_page_has_is_an_error() {
        assert!(of(0, 0, 0, "page.a = { sheets = ['a.css'], gzip = 1 }").is_err(), "an island");
        assert!(of(0, 0, 0, "page.a = { island = 'B', gzip = 1 }").is_err(), "a style sheet");
        assert!(
            of(0, 0, 0, "page.a = { sheets = ['a.css'], island = 'C', gzip = 1 }").is_err(),
            "one that is not there"
        );
    }
}
