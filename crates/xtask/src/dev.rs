//! `cargo xtask dev`: watches the sources, bundles for development, builds the server and restarts it.
//!
//! Watching is looking at the files' times twice a second: no library, and right on every file system. A build that fails
//! leaves the running server alone. Ctrl-C ends all of it: the server is in our group.

use crate::args::Args;
use crate::bundle::{self, Options};
use crate::workspace::{self, Workspace};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant, SystemTime};

const WATCHED: &[&str] =
    &["app", "frontend", "crates", "server", "style", "widget", "meet", "migrations", "Cargo.toml", "Cargo.lock"];
/// Files that change without changing the product.
const IGNORED: &[&str] = &["crates/xtask", "crates/testkit"];
const LOOK: Duration = Duration::from_millis(500);
/// A server gets this long to finish what it does and to stop its PostgreSQL.
const GRACE: Duration = Duration::from_secs(15);

pub fn run(args: &mut Args) -> Result<()> {
    let serve = args.rest();
    let root = workspace::root()?;
    let target = Workspace::members(&root)?.target;
    let mut server: Option<Child> = None;
    loop {
        let seen = times(&root)?;
        match rebuild(&root) {
            Ok(()) => {
                if let Some(running) = server.take() {
                    stop(running);
                }
                let program = target.join("release/samtal");
                let started = Command::new(&program).current_dir(&root).arg("serve").args(&serve).spawn();
                server = Some(started.with_context(|| program.display().to_string())?);
            }
            Err(error) => eprintln!("dev: {error:#}\ndev: waiting for an edit"),
        }
        while times(&root)? == seen {
            std::thread::sleep(LOOK);
            if let Some(running) = server.as_mut()
                && let Ok(Some(status)) = running.try_wait()
            {
                eprintln!("dev: the server ended with {status}; waiting for an edit");
                server = None;
            }
        }
        // An editor that saves several files is not done with the first.
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn rebuild(root: &Path) -> Result<()> {
    bundle::build(root, &Options::all(root, false))?;
    // The default members, as tests build them: `--package` would mean other features, and everything built twice. The
    // program takes the place of the one that runs; the next `make run` puts that back, which is a link and no build.
    workspace::status(workspace::cargo(root).args(["build", "--profile", "bench"])).context("the server does not build")
}

/// The newest state of everything watched: paths and times, so that a removed file counts, too.
fn times(root: &Path) -> Result<Vec<(PathBuf, SystemTime)>> {
    let mut found = Vec::new();
    for name in WATCHED {
        let path = Path::new(name);
        let files = if root.join(path).is_file() { vec![path.to_path_buf()] } else { workspace::walk(root, path)? };
        for file in files.into_iter().filter(|f| !IGNORED.iter().any(|i| f.starts_with(i))) {
            // Gone between the listing and now: the next look sees it.
            if let Ok(time) = std::fs::metadata(root.join(&file)).and_then(|m| m.modified()) {
                found.push((file, time));
            }
        }
    }
    Ok(found)
}

/// Asks first: the server stops its PostgreSQL when it is asked.
fn stop(mut server: Child) {
    let asked = Command::new("kill").args(["-TERM", &server.id().to_string()]).status();
    let since = Instant::now();
    while asked.as_ref().is_ok_and(std::process::ExitStatus::success) && since.elapsed() < GRACE {
        if !matches!(server.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = server.kill();
    let _ = server.wait();
}
