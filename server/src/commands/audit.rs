//! `samtal audit verify`: whether audit logs are what was written. Works while a server runs.

use super::say;
use crate::boot::{self, BootError, Database, Role};
use crate::config::Config;
use crate::files::Files;
use model::{RequestId, TenantId};
use std::process::ExitCode;
use store::audit::{self, Verdict};

/// What can be done with audit logs.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Go through every entry of every workspace, and say which was changed, removed or put in. Ends with 1 if one was.
    Verify {
        /// Of this workspace alone: its id.
        #[arg(long)]
        tenant: Option<TenantId>,
    },
}

/// Runs the command.
///
/// # Errors
/// See [`BootError`].
pub async fn run(config: &Config, command: Command) -> Result<ExitCode, BootError> {
    let Command::Verify { tenant } = command;
    let database = Database::open(config, Role::Guest).await?;
    let done = async {
        let store = database.prepare(config).await?;
        let app = boot::app(config.clone(), store, Files::NONE)?;
        let services = &app.capabilities.services;
        let request = RequestId::from_uuid(services.new_id());
        let (mut logs, mut entries, mut broken) = (0u64, 0, 0u64);
        let mut look = tenant.map_or_else(Vec::new, |tenant| vec![tenant]);
        let mut last = None;
        loop {
            if tenant.is_none() {
                look = audit::tenants(services, request, last).await?;
            }
            for tenant in &look {
                logs += 1;
                match audit::verify(services, request, *tenant).await {
                    Ok(Some(Verdict::Whole(number))) => entries += number,
                    Ok(Some(Verdict::Broken(number, how))) => {
                        broken += 1;
                        say(format_args!("{tenant}: entry {number} {how}."))?;
                    }
                    Ok(None) => return Err(BootError::Other(format!("there is no workspace {tenant}."))),
                    // The others are looked at all the same.
                    Err(error) => {
                        broken += 1;
                        say(format_args!("{tenant}: cannot be read: {error}."))?;
                    }
                }
            }
            last = look.last().copied();
            if tenant.is_some() || look.is_empty() {
                break;
            }
        }
        services.store.close().await;
        Ok::<_, BootError>((logs, entries, broken))
    };
    let done = done.await;
    database.close().await?;
    let (logs, entries, broken) = done?;
    if broken == 0 {
        say(format_args!("{logs} logs, {entries} entries: all are what was written."))?;
        return Ok(ExitCode::SUCCESS);
    }
    say(format_args!("{broken} of {logs} logs are not what was written."))?;
    Ok(ExitCode::FAILURE)
}
