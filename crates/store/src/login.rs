//! Whether a login gets in, by a connection of its own: a pool says only that it has waited, and not for whom or why.

use crate::prepare;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use std::time::Duration;
use tokio::time::timeout;

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a login does not get in. Never with its password.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Nobody answers there, or not in time, or something else than PostgreSQL.
    #[error("does not answer: {0}")]
    Unreachable(String),
    /// The database has said no.
    #[error("is refused: {0}")]
    Refused(String),
}

/// Opens one connection as this login, and closes it.
///
/// # Errors
/// See [`LoginError`].
pub async fn try_login(login: &PgConnectOptions) -> Result<(), LoginError> {
    let login = prepare(login.clone());
    let conn = match timeout(PATIENCE, login.connect()).await {
        Ok(Ok(conn)) => conn,
        Ok(Err(sqlx::Error::Database(error))) => return Err(LoginError::Refused(error.message().to_owned())),
        // In the system's own words.
        Ok(Err(sqlx::Error::Io(error))) => return Err(LoginError::Unreachable(error.to_string())),
        Ok(Err(error)) => return Err(LoginError::Unreachable(error.to_string())),
        Err(_) => return Err(LoginError::Unreachable(format!("no connection within {} s", PATIENCE.as_secs()))),
    };
    // It got in, whatever becomes of the goodbye.
    let _ = conn.close().await;
    Ok(())
}
