//! `cargo xtask sqlx`: writes `.sqlx`, the committed description of every checked query, or (`--check`) compares with it.
//!
//! sqlx's macros write into `SQLX_OFFLINE_DIR` while they compile against a live database. So: a database for the length of
//! this command, our migrations, and the tests compiled with the crates that hold queries made stale. clippy compiles them, as it
//! does for `scripts/cargo test`: what is compiled for its queries is linted on the way, and is what the tests run. No sqlx-cli.

use crate::args::Args;
use crate::database::Database;
use crate::source::{Layer, Source};
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result, bail};
use regex_lite::Regex;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const CACHE: &str = ".sqlx";

pub fn run(args: &mut Args) -> Result<()> {
    let check = args.flag("--check");
    args.done()?;
    let root = workspace::root()?;
    let members = Workspace::members(&root)?;
    let roots = roots_with_queries(&members)?;

    let database = Database::new(&root)?;
    migrate(&root, &database)?;
    let fresh = members.target.join("sqlx-new");
    clear(&fresh)?;
    let touched = roots.iter().map(|path| Touched::new(path)).collect::<Result<Vec<_>>>()?;
    println!("sqlx: compiling {} targets that hold queries", touched.len());
    let mut tests = workspace::cargo(&root);
    tests.args(["test", "--profile", "bench", "--no-run", "--lib", "--bins", "--tests"]);
    tests.env("RUSTC_WORKSPACE_WRAPPER", root.join("scripts/linter"));
    let compiled = workspace::status(
        tests.env("SQLX_OFFLINE", "false").env("DATABASE_URL", database.url()).env("SQLX_OFFLINE_DIR", &fresh),
    );
    drop(database);
    compiled.context("the queries do not compile against the migrated database, or a lint is not kept")?;

    let (old, new) = (read(&root.join(CACHE))?, read(&fresh)?);
    let differing = differences(&old, &new);
    if differing.is_empty() {
        // What was compiled is what the committed files say: other builds stay fresh.
        touched.iter().for_each(Touched::restore);
        println!("sqlx: {} queries, {CACHE} is up to date", new.len());
        return Ok(());
    }
    if check {
        for line in &differing {
            eprintln!("{line}");
        }
        bail!("{CACHE} is not what the queries say: run `cargo xtask sqlx` and commit it");
    }
    let folder = root.join(CACHE);
    std::fs::create_dir_all(&folder)?;
    for name in old.keys().filter(|n| !new.contains_key(*n)) {
        std::fs::remove_file(folder.join(name))?;
    }
    for (name, content) in &new {
        std::fs::write(folder.join(name), content)?;
    }
    println!("sqlx: {} queries, {} files written or removed", new.len(), differing.len());
    Ok(())
}

/// As `samtal migrate` does: roles, then each migration by the owner of the schema, in its transaction.
fn migrate(root: &Path, database: &Database) -> Result<()> {
    let folder = root.join("migrations");
    workspace::output(database.psql().arg("--file").arg(folder.join("roles.sql"))).context("migrations/roles.sql")?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)?.map(|e| Ok(e?.path())).collect::<Result<_>>()?;
    files.retain(|f| f.file_name().and_then(|n| n.to_str()).is_some_and(is_migration));
    files.sort();
    for file in &files {
        let owner = "set role app_owner"; // lint:allow(sql-role) what store::migrate does, in a database of one minute
        workspace::output(database.psql().arg("--single-transaction").args(["--command", owner, "--file"]).arg(file))
            .with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// `0001_what_it_does.sql`, as sqlx's migrator reads names.
fn is_migration(name: &str) -> bool {
    name.strip_suffix(".sql")
        .and_then(|n| n.split_once('_'))
        .is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Roots of the targets whose package holds checked queries: these must be compiled again.
fn roots_with_queries(members: &Workspace) -> Result<Vec<PathBuf>> {
    let query = Regex::new(r"\bquery(?:_as|_scalar)?(?:_unchecked)?!")?;
    let mut roots = Vec::new();
    for package in members.ours() {
        let files = workspace::walk(&package.folder, Path::new(""))?;
        let mut holds = false;
        for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "rs")) {
            let text = std::fs::read_to_string(package.folder.join(file))?;
            holds |= query.is_match(Source::new("x.rs", text).layer(Layer::Code));
        }
        if holds {
            roots.extend(files.iter().filter(|f| is_target_root(f)).map(|f| package.folder.join(f)));
        }
    }
    Ok(roots)
}

/// Roots as cargo finds them without being told.
fn is_target_root(file: &Path) -> bool {
    let parts: Vec<&str> = file.iter().filter_map(|p| p.to_str()).collect();
    match parts.as_slice() {
        ["src", "lib.rs" | "main.rs"] => true,
        ["tests" | "benches" | "examples", name] => name.ends_with(".rs"),
        ["tests" | "benches" | "examples", _, "main.rs"] | ["src", "bin", _, "main.rs"] => true,
        ["src", "bin", name] => name.ends_with(".rs"),
        _ => false,
    }
}

/// A file made newer than what was compiled from it; cargo knows staleness by this alone.
struct Touched {
    path: PathBuf,
    before: SystemTime,
    now: SystemTime,
}

impl Touched {
    fn new(path: &Path) -> Result<Self> {
        let before = std::fs::metadata(path)?.modified()?;
        #[allow(clippy::disallowed_methods)] // the clock of files, which cargo compares
        let now = SystemTime::now();
        File::options().append(true).open(path)?.set_modified(now).with_context(|| path.display().to_string())?;
        Ok(Touched { path: path.to_path_buf(), before, now })
    }

    /// Unless someone has edited it since.
    fn restore(&self) {
        let unchanged = std::fs::metadata(&self.path).and_then(|m| m.modified()).is_ok_and(|m| m == self.now);
        if unchanged && let Ok(file) = File::options().append(true).open(&self.path) {
            let _ = file.set_modified(self.before);
        }
    }
}

fn clear(folder: &Path) -> Result<()> {
    workspace::remove(folder)?;
    Ok(std::fs::create_dir_all(folder)?)
}

/// The query files of a folder by name; none if there is no folder.
fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(files),
        Err(e) => return Err(e.into()),
    };
    for entry in entries {
        let path = entry?.path();
        if let Some(name) = path.file_name().and_then(|n| n.to_str()).filter(|n| n.starts_with("query-")) {
            files.insert(name.to_owned(), std::fs::read(&path)?);
        }
    }
    Ok(files)
}

fn differences(old: &BTreeMap<String, Vec<u8>>, new: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, content) in new {
        match old.get(name) {
            None => lines.push(format!("{CACHE}/{name}: missing")),
            Some(before) if before != content => lines.push(format!("{CACHE}/{name}: differs")),
            Some(_) => {}
        }
    }
    lines.extend(old.keys().filter(|n| !new.contains_key(*n)).map(|n| format!("{CACHE}/{n}: no query has it")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbered_files_are_migrations() {
        assert!(is_migration("0001_roles_and_helpers.sql"));
        for name in ["roles.sql", "after.sql", "README.md", "0001.sql", "x_1.sql"] {
            assert!(!is_migration(name), "{name}");
        }
    }

    #[test]
    fn roots_are_those_of_cargo() {
        for name in ["src/lib.rs", "src/main.rs", "tests/it.rs", "tests/it/main.rs", "benches/b.rs", "src/bin/x.rs"] {
            assert!(is_target_root(Path::new(name)), "{name}");
        }
        for name in ["src/a.rs", "tests/it/a.rs", "build.rs", "src/lib/main.rs"] {
            assert!(!is_target_root(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn differences_name_all_three_kinds() {
        let files =
            |list: &[(&str, &str)]| list.iter().map(|(n, c)| ((*n).to_owned(), c.as_bytes().to_vec())).collect();
        let (old, new) = (files(&[("a", "1"), ("b", "1"), ("d", "1")]), files(&[("a", "1"), ("b", "2"), ("c", "1")]));
        assert_eq!(differences(&old, &new), [".sqlx/b: differs", ".sqlx/c: missing", ".sqlx/d: no query has it"]);
        assert!(differences(&new, &new).is_empty());
    }
}
