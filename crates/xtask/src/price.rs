//! `cargo xtask price CRATE[@VERSION] [FEATURE…]`: what a library would add to a build from nothing, before it is added: the
//! time of every crate that is not in `Cargo.lock` yet, as `cargo build --timings` tells it. Features are given as in a
//! manifest; `--no-default-features` leaves the others out.
//!
//! `cargo xtask price --all` builds the server from nothing, in a folder of its own, and lists what each library costs.

use crate::args::Args;
use crate::workspace::{self, remove};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A crate: its name and version.
type Crate = (String, String);

pub fn run(args: &mut Args) -> Result<()> {
    let (all, plain) = (args.flag("--all"), args.flag("--no-default-features"));
    let wanted = args.rest();
    let root = workspace::root()?;
    let target = workspace::Workspace::members(&root)?.target.join("price");
    if all {
        if !wanted.is_empty() || plain {
            bail!("--all stands alone");
        }
        remove(&target)?;
        workspace::status(
            workspace::cargo(&root).args(["build", "--release", "--lib", "--timings", "--target-dir"]).arg(&target),
        )?;
        print(&times(&target)?, |_| true);
        return remove(&target);
    }
    let Some((name, features)) = wanted.split_first() else { bail!("which crate?") };
    let (name, version) = name.split_once('@').unwrap_or((name, "*"));
    let there = locked(&std::fs::read_to_string(root.join("Cargo.lock"))?)?;
    let project = target.join("project");
    remove(&target)?;
    std::fs::create_dir_all(project.join("src"))?;
    std::fs::write(project.join("src/lib.rs"), "")?;
    // Our own lock file, so that what both need is the same version.
    std::fs::copy(root.join("Cargo.lock"), project.join("Cargo.lock"))?;
    let features: Vec<String> = features.iter().map(|feature| format!("{feature:?}")).collect();
    let manifest = format!(
        "[package]\nname = \"price\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         {name} = {{ version = \"{version}\", default-features = {}, features = [{}] }}\n",
        !plain,
        features.join(", ")
    );
    std::fs::write(project.join("Cargo.toml"), manifest)?;
    let mut build = workspace::cargo(&project);
    build.args(["build", "--release", "--timings", "--target-dir"]).arg(&target);
    workspace::status(&mut build)?;
    print(&times(&target)?, |one| !there.contains(one));
    remove(&target)
}

/// Prints what each crate cost, the dearest first, and the sum.
fn print(times: &BTreeMap<Crate, f64>, counts: impl Fn(&Crate) -> bool) {
    let mut found: Vec<_> = times.iter().filter(|(one, _)| counts(one) && one.0 != "price").collect();
    found.sort_by(|one, other| other.1.total_cmp(one.1));
    for ((name, version), seconds) in &found {
        if **seconds >= 1.0 {
            println!("{seconds:>7.1} s  {name} {version}");
        }
    }
    let sum: f64 = found.iter().map(|(_, seconds)| **seconds).sum();
    println!("{sum:>7.1} s of one core in all, for {} crates", found.len());
}

/// The crates in a lock file.
fn locked(text: &str) -> Result<BTreeSet<Crate>> {
    let lock: toml::Table = text.parse()?;
    let packages = lock.get("package").and_then(toml::Value::as_array).context("no packages in Cargo.lock")?;
    let text = |package: &toml::Value, key: &str| package.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    Ok(packages.iter().filter_map(|package| Some((text(package, "name")?, text(package, "version")?))).collect())
}

/// Seconds of each crate in the report that the build has left: its build script, that script's run, and itself.
fn times(target: &Path) -> Result<BTreeMap<Crate, f64>> {
    let report = target.join("cargo-timings/cargo-timing.html");
    let html = std::fs::read_to_string(&report).with_context(|| report.display().to_string())?;
    units(&html)
}

fn units(html: &str) -> Result<BTreeMap<Crate, f64>> {
    let (_, rest) = html.split_once("const UNIT_DATA = ").context("cargo's report has another form")?;
    let mut data = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
    let units = data.next().context("cargo's report has another form")??;
    let mut times = BTreeMap::new();
    for unit in units.as_array().into_iter().flatten() {
        let text = |key: &str| unit[key].as_str().unwrap_or_default().to_owned();
        *times.entry((text("name"), text("version"))).or_insert(0.0) += unit["duration"].as_f64().unwrap_or_default();
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_all_of_its_units() {
        let html = r#"<script>
            const DURATION = 3;
            const UNIT_DATA = [
              {"name": "syn", "version": "2.0.1", "target": " build script", "duration": 0.5},
              {"name": "syn", "version": "2.0.1", "target": "", "duration": 2.0},
              {"name": "syn", "version": "1.0.9", "target": "", "duration": 1.0}
            ];
            const CONCURRENCY_DATA = [];"#;
        let of = |version: &str| ("syn".to_owned(), version.to_owned());
        assert_eq!(units(html).unwrap(), BTreeMap::from([(of("1.0.9"), 1.0), (of("2.0.1"), 2.5)]));
        assert!(units("<p>").is_err());
    }

    #[test]
    fn what_is_locked_is_paid_already() {
        let lock = "version = 4\n[[package]]\nname = \"syn\"\nversion = \"2.0.1\"\n";
        assert_eq!(locked(lock).unwrap(), BTreeSet::from([("syn".to_owned(), "2.0.1".to_owned())]));
    }
}
