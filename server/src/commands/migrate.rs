//! `samtal migrate`.

use super::say;
use crate::boot::{BootError, Database, Role};
use crate::config::Config;
use std::process::ExitCode;

/// Brings the schema up to this version.
///
/// # Errors
/// See [`BootError`].
pub async fn run(config: &Config) -> Result<ExitCode, BootError> {
    let database = Database::open(config, Role::Guest).await?;
    let done = async {
        database.migrate().await?;
        let store = database.store(config);
        store.check().await?;
        Ok::<_, BootError>(())
    };
    let done = done.await;
    database.close().await?;
    done?;
    say("The schema is up to date, and the walls between tenants are proved.")?;
    Ok(ExitCode::SUCCESS)
}
