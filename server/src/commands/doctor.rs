//! `samtal doctor`: says what is wrong, and how to mend it. Changes nothing.

use super::say;
use crate::boot::{BootError, Database, Role};
use crate::config::Config;
use std::process::ExitCode;
use store::StoreError;

/// Looks at everything that `serve` needs.
///
/// # Errors
/// When the findings cannot be printed.
pub async fn run(config: &Config) -> Result<ExitCode, BootError> {
    say("ok     settings")?;
    let database = match Database::open(config, Role::Guest).await {
        Ok(database) => database,
        Err(error) => {
            say(format_args!("wrong  database: {error}"))?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let kind = if database.embedded.is_some() { "embedded PostgreSQL" } else { "PostgreSQL at DATABASE_URL" };
    let store = database.store(config);
    let mut wrong = 0;
    match store.check_schema().await {
        Ok(()) => {
            say(format_args!("ok     {kind} answers"))?;
            say("ok     schema")?;
        }
        Err(StoreError::Schema(text)) => {
            wrong += 1;
            say(format_args!("ok     {kind} answers"))?;
            say(format_args!("wrong  schema: {text}"))?;
        }
        Err(error) => {
            wrong += 1;
            say(format_args!("wrong  {kind}: {error}"))?;
        }
    }
    match store.violations().await {
        Ok(open) if open.is_empty() => say("ok     walls between tenants")?,
        Ok(open) => {
            wrong += open.len();
            for violation in open {
                say(format_args!("wrong  walls between tenants: {violation}"))?;
            }
            say(
                "       A table or a right was changed by hand. Undo it; `samtal migrate` gives back what migrations give.",
            )?;
        }
        Err(error) => {
            wrong += 1;
            say(format_args!("wrong  walls between tenants: {error}"))?;
        }
    }
    store.close().await;
    database.close().await?;
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
