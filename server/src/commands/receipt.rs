//! `samtal receipt verify`: whether the receipts of answers are what was written down. Works while a server runs; of a receipt that was given
//! away, without any server, database or setting.

use super::say;
use crate::boot::{self, BootError, Database, Role};
use crate::config::Config;
use crate::files::Files;
use model::{RequestId, TenantId};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use store::{audit, scope};

/// What can be done with receipts.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Go through every receipt of every workspace, and say which was changed or put in; or verify one that was given away, from its file, by a
    /// public key. Ends with 1 if one is not what was written down.
    Verify {
        /// Of this workspace alone: its id.
        #[arg(long, conflicts_with = "file")]
        tenant: Option<TenantId>,
        /// A receipt as `GET /api/v1/answers/{id}` has given it. Nothing else is looked at, and nobody is asked.
        #[arg(requires = "key")]
        file: Option<PathBuf>,
        /// The file of the public key (PEM), or of what `GET /api/v1/receipt-keys` has given.
        #[arg(long, requires = "file")]
        key: Option<PathBuf>,
    },
}

impl Command {
    /// The file that is verified by itself, and that of the key.
    pub fn given(&self) -> Option<(&Path, &Path)> {
        let Self::Verify { file, key, .. } = self;
        file.as_deref().zip(key.as_deref())
    }
}

/// Verifies a receipt that was given away. Needs no settings and no database.
///
/// # Errors
/// When a file cannot be read, or nothing printed.
pub fn verify_given(file: &Path, key: &Path) -> Result<ExitCode, BootError> {
    let read = |path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|error| BootError::Other(format!("{} cannot be read: {error}.", path.display())))
    };
    match assistant::verify_signed(&read(file)?, &read(key)?) {
        Ok(text) => {
            let (id, tenant, at) = (text.receipt_id, text.tenant_id, text.created_at);
            say(format_args!("{id} is what was written down for {tenant} at {at}."))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(why) => {
            say(format_args!("{} is not verified: {why}.", file.display()))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Runs the command.
///
/// # Errors
/// See [`BootError`].
pub async fn run(config: &Config, command: Command) -> Result<ExitCode, BootError> {
    let Command::Verify { tenant, .. } = command;
    let database = Database::open(config, Role::Guest).await?;
    let done = async {
        let store = database.prepare(config).await?;
        let app = boot::app(config.clone(), store, Files::NONE)?;
        let (services, assistant) = (&app.capabilities.services, &app.capabilities.assistant);
        let request = RequestId::from_uuid(services.new_id());
        let (mut receipts, mut wrong, mut unread) = (0u64, 0usize, 0u64);
        let mut look = tenant.map_or_else(Vec::new, |tenant| vec![tenant]);
        let mut last = None;
        loop {
            if tenant.is_none() {
                look = audit::tenants(services, request, last).await?;
            }
            for one in &look {
                let Some(within) = scope::of_verified(services, *one, request).await? else {
                    match tenant {
                        Some(tenant) => return Err(BootError::Other(format!("there is no workspace {tenant}."))),
                        // It went meanwhile.
                        None => continue,
                    }
                };
                match assistant.verify_receipts(&within).await {
                    Ok(found) => {
                        receipts += found.receipts;
                        wrong += found.wrong.len();
                        for id in found.wrong {
                            say(format_args!("{one}: {id} is not what was written down."))?;
                        }
                    }
                    // The others are looked at all the same.
                    Err(error) => {
                        unread += 1;
                        say(format_args!("{one}: cannot be read: {error}."))?;
                    }
                }
            }
            last = look.last().copied();
            if tenant.is_some() || look.is_empty() {
                break;
            }
        }
        services.store.close().await;
        Ok::<_, BootError>((receipts, wrong, unread))
    };
    let done = done.await;
    database.close().await?;
    let (receipts, wrong, unread) = done?;
    if wrong == 0 && unread == 0 {
        say(format_args!("{receipts} receipts: all are what was written down."))?;
        return Ok(ExitCode::SUCCESS);
    }
    say(format_args!(
        "{wrong} of {receipts} receipts are not what was written down; those of {unread} workspaces cannot be read."
    ))?;
    Ok(ExitCode::FAILURE)
}
