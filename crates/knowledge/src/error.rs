//! What can go wrong with knowledge, and how it looks from outside.

use model::{ErrorCode, Fault, FieldError, Problem};
use store::jobs::JobError;
use store::{Denied, StoreError};
use words::{Text, text};

/// A use case that failed; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// A field is wrong.
    #[error("{field}: {message}")]
    Invalid {
        /// Its name.
        field: &'static str,
        /// What is wrong and what to do.
        message: Text,
    },
    /// A tenant has as many documents as it may have.
    #[error("the tenant has {0} documents already")]
    TooManyDocuments(usize),
    /// A tenant has as much text as it may have.
    #[error("the tenant has {0} bytes of documents already")]
    TooMuchText(u64),
    /// More of the tenant's wait to be read or searched than may.
    #[error("too much of the tenant's waits already")]
    Busy,
    /// Not there, or not the caller's.
    #[error("not found")]
    NotFound,
    /// The very same file is here already, as the document of this title.
    #[error("the file is there already")]
    There(String),
    /// A document of this title was a file of the same name.
    #[error("a file of the same name is there")]
    SameName(String),
    /// As things are, it cannot be done.
    #[error("{0}")]
    Conflict(Text),
    /// The caller may not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The model's.
    #[error(transparent)]
    Embed(#[from] crate::embedding::EmbedError),
}

impl From<sqlx::Error> for KnowledgeError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl KnowledgeError {
    /// A field is wrong.
    pub fn field(field: &'static str, message: Text) -> Self {
        Self::Invalid { field, message }
    }
}

/// What a job makes of it: only what may pass by itself is worth another try.
impl From<KnowledgeError> for JobError {
    fn from(error: KnowledgeError) -> Self {
        match error {
            KnowledgeError::Store(error) => error.into(),
            KnowledgeError::Busy => Self::Retry(KnowledgeError::Busy.to_string()),
            KnowledgeError::Embed(error) if error.busy() => Self::Retry(error.to_string()),
            error => Self::Hopeless(error.to_string()),
        }
    }
}

impl Fault for KnowledgeError {
    fn problem(&self) -> Problem {
        match self {
            Self::Invalid { field, message } => {
                Problem::invalid(vec![FieldError { field: (*field).to_owned(), message: message.clone() }])
            }
            Self::TooManyDocuments(most) => Problem::new(
                ErrorCode::Conflict,
                text!("A workspace can have {most} documents. Delete one that is no longer used.", most),
            ),
            Self::TooMuchText(most) => Problem::new(
                ErrorCode::Conflict,
                text!(
                    "The documents of a workspace can have {size} MB together. Delete some first.",
                    size = most / (1024 * 1024)
                ),
            ),
            Self::There(title) => Problem::new(
                ErrorCode::Conflict,
                text!(
                    "This file is here already, as \u{201c}{title}\u{201d}. Nothing was changed.",
                    title = title.clone()
                ),
            ),
            Self::SameName(title) => Problem::new(
                ErrorCode::Conflict,
                text!(
                    "A file of this name is here already, as \u{201c}{title}\u{201d}. Say that this one takes its place, or give it another name.",
                    title = title.clone()
                ),
            ),
            Self::Conflict(why) => Problem::new(ErrorCode::Conflict, why.clone()),
            Self::Busy => busy(),
            Self::NotFound => Problem::not_found(),
            Self::Denied(_) => {
                Problem::new(ErrorCode::Forbidden, text!("You may not do this here. Ask an owner of the workspace."))
            }
            Self::Store(error) => error.problem(),
            Self::Embed(error) if error.busy() => busy(),
            Self::Embed(_) => Problem::new(ErrorCode::Internal, text!("Nothing was changed. Try again.")),
        }
    }
}

fn busy() -> Problem {
    let mut problem = Problem::new(
        ErrorCode::RateLimited,
        text!("Much of this workspace is being worked on just now. Nothing was changed; try again in a few seconds."),
    );
    problem.retry_after = Some(2);
    problem
}
