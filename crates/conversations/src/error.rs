//! What can go wrong in a conversation, and how it looks from outside.

use model::{ErrorCode, Fault, FieldError, Problem};
use store::jobs::JobError;
use store::{Denied, StoreError};
use words::{Text, text};

/// A use case that failed; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// A field is wrong.
    #[error("{field}: {message}")]
    Invalid {
        /// Its name.
        field: &'static str,
        /// What is wrong and what to do.
        message: Text,
    },
    /// Not there, or not the caller's.
    #[error("not found")]
    NotFound,
    /// A person wants to speak while the assistant does.
    #[error("the assistant handles the conversation")]
    NotHandedOff,
    /// The company takes no calls.
    #[error("no calls are asked for here")]
    NoCalls,
    /// The client id stands for other words.
    #[error("the client id was used for another message")]
    ClientIdTaken,
    /// The caller may not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ConversationError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl ConversationError {
    /// A field is wrong.
    pub fn field(field: &'static str, message: Text) -> Self {
        Self::Invalid { field, message }
    }
}

/// What a job makes of it: only what may pass by itself is worth another try.
impl From<ConversationError> for JobError {
    fn from(error: ConversationError) -> Self {
        match error {
            ConversationError::Store(error) => error.into(),
            error => Self::Hopeless(error.to_string()),
        }
    }
}

impl Fault for ConversationError {
    fn problem(&self) -> Problem {
        match self {
            Self::Invalid { field, message } => {
                Problem::invalid(vec![FieldError { field: (*field).to_owned(), message: message.clone() }])
            }
            Self::NotFound => Problem::not_found(),
            Self::NotHandedOff => Problem::new(
                ErrorCode::Conflict,
                text!("The assistant is answering here. Take the conversation over first; then send again."),
            ),
            Self::NoCalls => Problem::new(
                ErrorCode::Conflict,
                text!("Calls cannot be asked for here. Write what it is about instead."),
            ),
            Self::ClientIdTaken => Problem::new(
                ErrorCode::Conflict,
                text!("Another message was sent with this client_id. Use a new one for each message."),
            ),
            Self::Denied(_) => Problem::new(ErrorCode::Forbidden, text!("This is for others to do.")),
            Self::Store(error) => error.problem(),
        }
    }
}
