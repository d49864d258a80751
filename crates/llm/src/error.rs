//! What can go wrong with models, and how it looks from outside.

use crate::Spent;
use model::llm::Fault;
use model::{ErrorCode, FieldError, ModelId, Problem};
use store::{Denied, StoreError};
use words::{Text, text};

/// A use case that failed; nothing was changed, and what came of an answer does not count.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// The caller may not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not there, or not the caller's.
    #[error("not found")]
    NotFound,
    /// Fields are wrong.
    #[error("{} fields are wrong", .0.len())]
    Invalid(Vec<FieldError>),
    /// No model is on.
    #[error("the tenant has no model that is on")]
    NoModel,
    /// Pictures come with the question, and none that is on looks at such.
    #[error("the tenant has no model that looks at the pictures")]
    NoImages,
    /// What the month may cost does not allow it.
    #[error("the tenant's budget does not allow it")]
    Budget,
    /// More of the tenant's wait to be asked than may.
    #[error("too much of the tenant's waits already")]
    Busy,
    /// Who asked listens no more.
    #[error("who asked listens no more")]
    Gone,
    /// Each model that was asked, and why it gave no answer; and what that has cost all the same.
    #[error("no model has answered: {}", named(.0))]
    Failed(Vec<(ModelId, Fault)>, Spent),
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn named(faults: &[(ModelId, Fault)]) -> String {
    faults.iter().map(|(model, fault)| format!("{model} {}", fault.name())).collect::<Vec<_>>().join(", ")
}

impl From<sqlx::Error> for LlmError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl LlmError {
    /// A field is wrong.
    pub fn field(field: &str, message: Text) -> Self {
        Self::Invalid(vec![FieldError { field: field.to_owned(), message }])
    }

    /// What was spent for no answer.
    pub fn spent(&self) -> Option<Spent> {
        match self {
            Self::Failed(_, spent) => Some(*spent).filter(|spent| spent.calls > 0),
            _ => None,
        }
    }
}

impl model::Fault for LlmError {
    fn problem(&self) -> Problem {
        match self {
            Self::Denied(_) => {
                Problem::new(ErrorCode::Forbidden, text!("You may not do this here. Ask an owner of the workspace."))
            }
            Self::NotFound => Problem::not_found(),
            Self::Invalid(errors) => Problem::invalid(errors.clone()),
            Self::NoModel => Problem::new(ErrorCode::Conflict, text!("This workspace has no model that is on.")),
            Self::NoImages => Problem::new(
                ErrorCode::Conflict,
                text!(
                    "No model that is on looks at such pictures. On the page of the assistant it is said which one does."
                ),
            ),
            Self::Budget => Problem::new(
                ErrorCode::Conflict,
                text!("This month's budget for models does not allow it. Raise it, or wait for the next month."),
            ),
            Self::Busy | Self::Gone => {
                let mut problem = Problem::new(
                    ErrorCode::RateLimited,
                    text!("This workspace asks its models as much as it may just now. Try again in a few seconds."),
                );
                problem.retry_after = Some(5);
                problem
            }
            Self::Failed(faults, _) => {
                let why = faults.last().map_or_else(|| Fault::Unreachable.words(), |(_, fault)| fault.words());
                Problem::new(ErrorCode::Unavailable, why)
            }
            Self::Store(error) => error.problem(),
        }
    }
}
