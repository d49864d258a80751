//! `samtal person …`: what only whoever runs the installation can do for somebody. Works while a server runs.

use super::say;
use crate::boot::{self, BootError, Database, Role};
use crate::config::Config;
use crate::files::Files;
use identity::{IdentityError, Origin, TakenAway};
use model::RequestId;
use std::process::ExitCode;

/// What can be done for people.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Take the second factor away of somebody who has lost phone and paper: they sign in with their password alone.
    ForgetSecondFactor {
        /// Their email address.
        #[arg(long)]
        email: String,
    },
}

/// Runs the command.
///
/// # Errors
/// See [`BootError`].
pub async fn run(config: &Config, command: Command) -> Result<ExitCode, BootError> {
    let Command::ForgetSecondFactor { email } = command;
    let database = Database::open(config, Role::Guest).await?;
    let done = async {
        let store = database.prepare(config).await?;
        let app = boot::app(config.clone(), store, Files::NONE)?;
        let request = RequestId::from_uuid(app.capabilities.services.new_id());
        let taken = app.capabilities.identity.take_factor_away(&email, &Origin::here(request)).await;
        app.capabilities.services.store.close().await;
        taken.map_err(|e| match e {
            IdentityError::NotFound => BootError::Other("nobody has this email address.".into()),
            other => other.into(),
        })
    };
    let done = done.await;
    database.close().await?;
    say(match done? {
        TakenAway::Nothing => "There was no second factor.",
        TakenAway::Gone { told: true } => {
            "The second factor is gone, and a letter says so. Whoever has the password is in now: choose a new one at once."
        }
        TakenAway::Gone { told: false } => {
            "The second factor is gone; no letter says so. Whoever has the password is in now: choose a new one at once."
        }
    })?;
    Ok(ExitCode::SUCCESS)
}
