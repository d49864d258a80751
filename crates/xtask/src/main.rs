//! `cargo xtask`: the project's own commands. Each is a file; this one only chooses.
//!
//! It must compile quickly (it is the first thing a fresh checkout builds), so it has few dependencies and none of our
//! crates. What the commands promise is in `README.md`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks to its terminal")]

mod arch;
mod args;
mod bundle;
mod database;
mod dev;
mod licences;
mod lint;
mod price;
mod source;
mod sqlx;
mod unused;
mod words;
mod workspace;

use anyhow::{Result, bail};
use args::Args;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  arch [--write]                           floors, allowed dependencies, the browser's graph (--write records it)
  lint                                     rules on the text of sources, migrations and styles
  words [--check]                          sentences of the sources into translators' files, or compares with them
  unused                                   declared dependencies that nothing uses
  licences                                 licences of everything that is linked
  bundle [--release] [--out FOLDER]
                                           the browser's part, hashed and compressed, in target/bundle
  price CRATE[@VERSION] [FEATURE…] [--no-default-features] | --all
                                           what a library costs a build from nothing, before it is added
  sqlx [--check]                           writes .sqlx from a throw-away database, or compares with it; lints
  dev [SERVE OPTIONS]                      watches, bundles, builds and restarts `samtal serve`
";

fn main() -> ExitCode {
    let mut args = Args::new(std::env::args().skip(1));
    match run(&mut args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &mut Args) -> Result<()> {
    let Some(command) = args.command() else {
        eprint!("{USAGE}");
        bail!("which command?");
    };
    if args.flag("--help") || args.flag("-h") {
        print!("{USAGE}");
        return Ok(());
    }
    match command.as_str() {
        "arch" => arch::run(args),
        "lint" => lint::run(args),
        "unused" => unused::run(args),
        "licences" => licences::run(args),
        "bundle" => bundle::run(args),
        "sqlx" => sqlx::run(args),
        "dev" => dev::run(args),
        "price" => price::run(args),
        "words" => words::run(args),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => {
            eprint!("{USAGE}");
            bail!("there is no command `{other}`");
        }
    }
}
