//! What can go wrong between a capability and its rows.

use crate::proof::Violation;
use model::{ErrorCode, Fault, Problem};
use words::text;

/// A failed database operation. Its text is for the log, never for the outside.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or every connection stayed busy: try again later.
    #[error("the database does not answer: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A statement took longer than the login's limit and was stopped.
    #[error("the database stopped a statement that took too long: {0}")]
    TimedOut(#[source] sqlx::Error),
    /// Anything else that the database says.
    #[error("the database refused: {0}")]
    Database(#[source] sqlx::Error),
    /// A value in a row that this version does not know.
    #[error("unexpected value in {0}")]
    Corrupt(&'static str),
    /// The schema is not the one that this program needs.
    #[error("{0}")]
    Schema(String),
    /// The walls between tenants do not stand.
    #[error("the isolation of tenants is not proved: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Open(Vec<Violation>),
}

impl StoreError {
    /// The name of the constraint that refused, when one did.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Database(sqlx::Error::Database(e)) => e.constraint(),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::Database(e) => match e.code().as_deref() {
                // Class 57P: shut down or starting up; 53: out of connections, memory or disk; 08: connection lost
                // (PostgreSQL, appendix A).
                Some(code) if code.starts_with("57P") || code.starts_with("53") || code.starts_with("08") => {
                    Self::Unavailable(error)
                }
                // Cancelled; a lock not had in time; a transaction idle, or going on, for too long.
                Some("57014" | "55P03" | "25P03" | "25P04") => Self::TimedOut(error),
                _ => Self::Database(error),
            },
            _ => Self::Database(error),
        }
    }
}

impl Fault for StoreError {
    fn problem(&self) -> Problem {
        match self {
            Self::Unavailable(_) | Self::Schema(_) | Self::Open(_) => {
                let mut problem = Problem::new(
                    ErrorCode::Unavailable,
                    text!("The database is not answering. Nothing was changed; try again in a few seconds."),
                );
                problem.retry_after = Some(5);
                problem
            }
            Self::TimedOut(_) => Problem::new(
                ErrorCode::Timeout,
                text!("The database took too long over this. Nothing was changed; try again."),
            ),
            Self::Database(_) | Self::Corrupt(_) => {
                Problem::new(ErrorCode::Internal, text!("Nothing was changed. Try again."))
            }
        }
    }
}
