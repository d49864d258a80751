//! Rooms of the server: no two of them import each other, nor in a longer circle. A room is a folder, or a file, of
//! `server/src`; `main.rs`, `lib.rs` and tests in the files are left out.

use anyhow::Result;
use regex_lite::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const SOURCE: &str = "server/src/";

/// Room → the rooms that it imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

pub fn check(root: &Path, files: &[String], findings: &mut Vec<String>) -> Result<()> {
    let mut imports = Imports::new();
    for file in files {
        let Some(inside) = file.strip_prefix(SOURCE).filter(|f| f.ends_with(".rs")) else { continue };
        let room = inside.split('/').next().unwrap_or_default().trim_end_matches(".rs");
        if room == "main" || room == "lib" {
            continue;
        }
        let text = std::fs::read_to_string(root.join(file))?;
        imports.entry(room.to_owned()).or_default().extend(named(&text)?.into_iter().filter(|name| name != room));
    }
    let rooms: BTreeSet<String> = imports.keys().cloned().collect();
    imports.values_mut().for_each(|to| to.retain(|name| rooms.contains(name)));
    if let Some(circle) = circle(&imports) {
        findings.push(format!("{SOURCE}: rooms import each other in a circle: {}", circle.join(" → ")));
    }
    Ok(())
}

/// The modules that a file names after `crate::`.
fn named(text: &str) -> Result<Vec<String>> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let (one, several) = (Regex::new(r"\bcrate::(\w+)")?, Regex::new(r"\bcrate::\{([^}]*)")?);
    let one = one.captures_iter(text).map(|found| found[1].to_owned());
    let several = several.captures_iter(text).flat_map(|found| {
        let names = found[1].split(',').map(|name| name.trim().split("::").next().unwrap_or_default().to_owned());
        names.collect::<Vec<_>>()
    });
    Ok(one.chain(several).collect())
}

/// One circle, if there is any: what is left when all have gone that import none of those who are left.
fn circle(imports: &Imports) -> Option<Vec<String>> {
    let mut left = imports.clone();
    while let Some(room) =
        left.iter().find(|(_, to)| !to.iter().any(|to| left.contains_key(to))).map(|(r, _)| r.clone())
    {
        left.remove(&room);
    }
    let mut path = vec![left.keys().next()?.clone()];
    loop {
        let next = left.get(path.last()?)?.iter().find(|to| left.contains_key(*to))?.clone();
        let seen = path.iter().position(|room| *room == next);
        path.push(next);
        if let Some(begins) = seen {
            return Some(path.split_off(begins));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &[&str])]) -> Imports {
        pairs.iter().map(|(room, to)| ((*room).to_owned(), to.iter().map(|to| (*to).to_owned()).collect())).collect()
    }

    #[test]
    fn a_circle_is_found_and_shown() {
        assert_eq!(circle(&of(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])), None);
        let found = circle(&of(&[("a", &["b"]), ("b", &["c"]), ("c", &["d", "b"]), ("d", &[])]));
        assert_eq!(found.map(|path| path.join(" ")), Some("b c b".to_owned()));
    }

    #[test]
    fn what_is_named_is_read() {
        let text = "use crate::state::App;\nuse crate::{assets, ws::upgrade};\n#[cfg(test)]\nuse crate::boot;";
        assert_eq!(named(text).unwrap(), ["state", "assets", "ws"]);
    }
}
