//! What can go wrong with personalities, and how it looks from outside.

use model::{ErrorCode, Fault, FieldError, Problem};
use store::{Denied, StoreError};
use words::text;

/// A use case that failed; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AssistantError {
    /// The caller may not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not there, or not the caller's.
    #[error("not found")]
    NotFound,
    /// Fields are wrong.
    #[error("{} fields are wrong", .0.len())]
    Invalid(Vec<FieldError>),
    /// It is another version by now than the one that was seen.
    #[error("the personality was changed meanwhile")]
    Changed,
    /// A tenant has as many as it may have.
    #[error("the tenant has {0} personalities already")]
    TooMany(usize),
    /// The assistant is like this.
    #[error("the personality is in use")]
    InUse,
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for AssistantError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl Fault for AssistantError {
    fn problem(&self) -> Problem {
        match self {
            Self::Denied(_) => {
                Problem::new(ErrorCode::Forbidden, text!("You may not do this here. Ask an owner of the workspace."))
            }
            Self::NotFound => Problem::not_found(),
            Self::Invalid(errors) => Problem::invalid(errors.clone()),
            Self::Changed => Problem::new(
                ErrorCode::Conflict,
                text!(
                    "Somebody has changed this personality meanwhile. Look at what it is now, and change it once more."
                ),
            ),
            Self::TooMany(most) => Problem::new(
                ErrorCode::Conflict,
                text!("A workspace can have {most} personalities. Delete one that is no longer used.", most),
            ),
            Self::InUse => Problem::new(
                ErrorCode::Conflict,
                text!("The assistant has this personality. Use another one first, then delete this."),
            ),
            Self::Store(error) => error.problem(),
        }
    }
}
