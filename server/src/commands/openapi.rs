//! `samtal openapi`: prints the OpenAPI document. Needs no settings and no database.

use super::say;
use crate::boot::BootError;
use crate::rest;
use std::process::ExitCode;

/// What is printed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// That of the operator's interface instead (docs/operators/operator-keys.md).
    #[arg(long)]
    operator: bool,
}

/// Prints the document.
///
/// # Errors
/// When it cannot be printed.
pub fn run(args: &Args) -> Result<ExitCode, BootError> {
    let document = if args.operator { rest::operator::openapi() } else { rest::openapi() };
    say(document.to_pretty_json().map_err(|e| BootError::Other(e.to_string()))?)?;
    Ok(ExitCode::SUCCESS)
}
