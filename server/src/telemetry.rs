//! Logs: one line an event, with the request's id and, once known, the tenant's. Never a body, a token or an email.

use crate::config::{Log, LogFormat};
use std::io::IsTerminal as _;
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging to standard error. Called once, at start.
///
/// # Errors
/// A sentence, when the level is not a filter.
pub fn start(log: &Log) -> Result<(), String> {
    let filter: Targets = log.level.parse().map_err(|e| format!("Setting log.level: {e}"))?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = match log.format {
        LogFormat::Text => registry
            .with(
                fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).with_target(false),
            )
            .try_init(),
        LogFormat::Json => registry
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_current_span(true)
                    .with_span_list(false)
                    .with_writer(std::io::stderr),
            )
            .try_init(),
    };
    // Only a test starts it twice.
    let _ = started;
    Ok(())
}
