//! `samtal keys rotate`: a new key for what is sealed. Works while servers run, and none of their requests fails.

use super::say;
use crate::boot::{self, BootError, Database, Role};
use crate::config::Config;
use crate::files::Files;
use std::process::ExitCode;
use std::time::Duration;
use store::secret_key::SecretKey;

/// What can be done with keys.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Add a key to the secret key file, and seal anew with it what the database keeps sealed.
    Rotate {
        /// The key is in the file already, as its last line, on every machine that has a copy.
        #[arg(long)]
        added: bool,
    },
}

/// A request that has begun to seal with the key of before is done within this.
const UNDER_WAY: Duration = Duration::from_secs(5);

/// Runs the command.
///
/// # Errors
/// See [`BootError`]; what was sealed anew until then stays so, and the command can be run again.
pub async fn run(config: &Config, command: Command) -> Result<ExitCode, BootError> {
    let Command::Rotate { added } = command;
    let file = boot::key_file(config);
    let database = Database::open(config, Role::Guest).await?;
    let done = async {
        let store = database.prepare(config).await?;
        let app = boot::app(config.clone(), store, Files::NONE)?;
        if !added {
            SecretKey::add_to(&file)?;
            say(format_args!("Added a key to {}.", file.display()))?;
        }
        let (first, _) = app.capabilities.seal_anew().await?;
        tokio::time::sleep(UNDER_WAY).await;
        let (second, lost) = app.capabilities.seal_anew().await?;
        app.capabilities.services.store.close().await;
        Ok::<_, BootError>((first + second, lost))
    };
    let done = done.await;
    database.close().await?;
    let (sealed, lost) = done?;
    say(format_args!("Sealed anew: {sealed}."))?;
    if lost > 0 {
        say(format_args!(
            "{lost} could not be opened, since the key is not in {}: the log says whose. Put that key back as a line \
             before the last one, and run `samtal keys rotate --added`.",
            file.display()
        ))?;
        return Ok(ExitCode::FAILURE);
    }
    say(format_args!(
        "In {} the first line and the last one are needed. Those between them open nothing in this database any more; they \
         do in backups from before. What they have signed can be verified by the public keys of GET /api/v1/receipt-keys \
         as long as they stand there.",
        file.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}
