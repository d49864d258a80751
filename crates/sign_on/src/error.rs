//! What can go wrong with a provider.

use outbound::OutboundError;

/// Nobody was vouched for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignOnError {
    /// It cannot be asked.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// As many are asking it as may.
    #[error("too many sign in there just now")]
    Busy,
    /// What it says is not what the standard says.
    #[error("{0}")]
    Strange(String),
    /// It has sent the browser back without a code: its own word for why.
    #[error("the provider says: {0}")]
    Refused(String),
    /// What it says is not to be believed.
    #[error("what came back is not believed: {0}")]
    Untrue(String),
}

/// Why there is no answer to be believed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// Nobody answers.
    Silent,
    /// It takes too long.
    Slow,
    /// As many are asking it as may.
    Busy,
    /// The person, or the provider, would not.
    Refused,
}

impl SignOnError {
    /// Why there is no answer; `None` where there is one.
    pub fn unanswered(&self) -> Option<Unanswered> {
        match self {
            Self::Outbound(OutboundError::TooSlow(_)) => Some(Unanswered::Slow),
            Self::Outbound(OutboundError::TooLong(_)) | Self::Strange(_) | Self::Untrue(_) => None,
            Self::Outbound(_) => Some(Unanswered::Silent),
            Self::Busy => Some(Unanswered::Busy),
            Self::Refused(_) => Some(Unanswered::Refused),
        }
    }
}
