//! `samtal openapi`: prints the OpenAPI document. Needs no settings and no database.

use super::say;
use crate::boot::BootError;
use std::process::ExitCode;

/// Prints the document.
///
/// # Errors
/// When it cannot be printed.
pub fn run() -> Result<ExitCode, BootError> {
    let text = crate::rest::openapi().to_pretty_json().map_err(|e| BootError::Other(e.to_string()))?;
    say(text)?;
    Ok(ExitCode::SUCCESS)
}
