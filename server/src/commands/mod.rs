//! The command line, its commands one file each.

pub mod audit;
pub mod demo;
pub mod doctor;
pub mod eval;
pub mod keys;
pub mod migrate;
pub mod openapi;
pub mod operator_key;
pub mod person;
pub mod receipt;
pub mod serve;
pub mod tenant;

use crate::boot::{self, BootError};
use crate::config::Config;
use crate::files::Files;
use clap::{Parser, Subcommand};
use std::io::Write as _;
use std::process::ExitCode;
use store::embedded::Embedded;
use tokio::signal::unix::{SignalKind, signal};

/// Prints a line for whoever called; a closed pipe is an error, not a panic.
pub(crate) fn say(line: impl std::fmt::Display) -> Result<(), BootError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|e| BootError::Other(format!("cannot print: {e}")))
}

/// Ends at the first signal to stop, also one that came before anybody waits; from this call on none ends the process.
///
/// # Errors
/// When the system does not tell of signals.
pub(crate) fn signalled() -> Result<impl Future<Output = ()>, BootError> {
    let (mut term, mut int) = signal(SignalKind::terminate())
        .and_then(|t| Ok((t, signal(SignalKind::interrupt())?)))
        .map_err(|e| BootError::Other(format!("cannot wait for signals: {e}")))?;
    Ok(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
    })
}

#[derive(Parser)]
#[command(
    name = "samtal",
    version,
    about = "Everything between a company and the people who talk to it, in one program."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve pages, the REST interface and everything else; brings its own PostgreSQL unless DATABASE_URL is set.
    Serve(serve::Args),
    /// Bring the schema up to this version. `serve` does it by itself for its own PostgreSQL.
    Migrate,
    /// Say what is wrong, and how to mend it.
    Doctor,
    /// Make the demo tenant, if there is none, and print how to sign in.
    Demo,
    /// Measure search and answers on questions whose answers are known, in a database that is removed afterwards.
    Eval(eval::Args),
    /// Print the OpenAPI document of the REST interface.
    Openapi(openapi::Args),
    /// Work with keys of whoever runs the installation, by which programs list, make and suspend tenants.
    #[command(subcommand)]
    OperatorKey(operator_key::Command),
    /// Work with audit logs.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Work with receipts of answers.
    #[command(subcommand)]
    Receipt(receipt::Command),
    /// Work with the keys that seal what the database keeps and cannot read.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Do for somebody what only whoever runs the installation can.
    #[command(subcommand)]
    Person(person::Command),
    /// Work with tenants.
    #[command(subcommand)]
    Tenant(tenant::Command),
}

impl Command {
    /// Whether it works on what a server has kept: where there is nothing of that, it would begin anew and say that all is well.
    fn needs_database(&self) -> bool {
        match self {
            Self::OperatorKey(_)
            | Self::Audit(_)
            | Self::Receipt(_)
            | Self::Keys(_)
            | Self::Person(_)
            | Self::Tenant(_) => true,
            Self::Serve(_) | Self::Migrate | Self::Doctor | Self::Demo | Self::Eval(_) | Self::Openapi(_) => false,
        }
    }
}

/// Whether the embedded database would have to be made first.
fn lacks_database(config: &Config) -> bool {
    config.embedded() && !Embedded::is_made(&config.data_dir)
}

/// Does what the command line says. `files` are those of the bundle.
pub fn main(files: Files) -> ExitCode {
    match run(Cli::parse().command, files) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "samtal: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, files: Files) -> Result<ExitCode, BootError> {
    if let Command::Openapi(args) = command {
        return openapi::run(&args);
    }
    if let Command::Receipt(command) = &command
        && let Some((file, key)) = command.given()
    {
        return receipt::verify_given(file, key);
    }
    let mut config = Config::load()?;
    crate::telemetry::start(&config.log).map_err(BootError::Other)?;
    // The socket and files first, then root is left, then threads are started.
    let socket = match &command {
        Command::Serve(_) => Some(serve::bind(&config)?),
        _ => None,
    };
    let opened = match &command {
        Command::Eval(args) => Some(eval::open(args)?),
        _ => None,
    };
    let listens = match &command {
        Command::Doctor => doctor::try_port(&config),
        _ => Ok(()),
    };
    let keeps = match &command {
        Command::Doctor | Command::Eval(_) => false,
        // In another folder than the server's, nothing is begun.
        command if command.needs_database() => !lacks_database(&config),
        _ => true,
    };
    let places = boot::settle(&mut config, keeps)?;
    if command.needs_database() && lacks_database(&config) {
        return Err(BootError::Other(format!(
            "there is no database in {}: nothing was done, and none was made. Run this in the folder and with the environment of \
             `samtal serve` (SAMTAL_DATA_DIR, DATABASE_URL), or let that make one first.",
            config.data_dir.display()
        )));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| BootError::Other(format!("cannot start threads: {e}")))?;
    runtime.block_on(async {
        match (command, socket, opened) {
            (Command::Serve(args), Some(socket), _) => serve::run(config, places, socket, files, args).await,
            (Command::Eval(_), _, Some(opened)) => eval::run(&config, opened).await,
            (Command::Migrate, ..) => migrate::run(&config).await,
            (Command::Doctor, ..) => doctor::run(&config, listens).await,
            (Command::Demo, ..) => demo::run(&config).await,
            (Command::Audit(command), ..) => audit::run(&config, command).await,
            (Command::Keys(command), ..) => keys::run(&config, command).await,
            (Command::OperatorKey(command), ..) => operator_key::run(&config, command).await,
            (Command::Person(command), ..) => person::run(&config, command).await,
            (Command::Receipt(command), ..) => receipt::run(&config, command).await,
            (Command::Tenant(command), ..) => tenant::run(&config, command).await,
            (Command::Openapi(_) | Command::Serve(_) | Command::Eval(_), ..) => Ok(ExitCode::SUCCESS),
        }
    })
}
