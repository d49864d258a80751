//! The commands of the command line, one file each.

pub mod demo;
pub mod doctor;
pub mod migrate;
pub mod openapi;
pub mod serve;
pub mod tenant;

use crate::boot::BootError;
use std::io::Write as _;

/// Prints a line for whoever called; a closed pipe is an error, not a panic.
pub(crate) fn say(line: impl std::fmt::Display) -> Result<(), BootError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|e| BootError::Other(format!("cannot print: {e}")))
}
