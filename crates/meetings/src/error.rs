//! What can go wrong with a meeting, and how it looks from outside.

use conversations::ConversationError;
use model::{ErrorCode, Fault, FieldError, Problem};
use std::time::Duration;
use store::{Denied, StoreError};
use words::{Text, text};

/// A use case that failed; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum MeetingError {
    /// A field is wrong.
    #[error("{field}: {message}")]
    Invalid {
        /// Its name.
        field: &'static str,
        /// What is wrong and what to do.
        message: Text,
    },
    /// Not there, over, or another's.
    #[error("not found")]
    NotFound,
    /// They may not come in.
    #[error("they were taken out, or not let in")]
    TurnedAway,
    /// They are there by a later socket.
    #[error("they are there on another page")]
    Elsewhere,
    /// Nobody new comes in.
    #[error("the meeting is locked")]
    Locked,
    /// There is no room for one more.
    #[error("the meeting is full")]
    Full,
    /// It is over, and nothing about it changes any more.
    #[error("the meeting is over")]
    Over,
    /// There are too many of something; it says of what.
    #[error("too many: {0}")]
    TooMany(Text),
    /// The token opens nothing.
    #[error("the token opens nothing")]
    NoToken,
    /// The session by which a member was there is over.
    #[error("the session is over")]
    SignedOut,
    /// Many have tried.
    #[error("too many wrong passcodes")]
    Wait(Duration),
    /// This server carries no media, or not just now.
    #[error("no media is carried")]
    NoMedia,
    /// The company has as many with media as one may have.
    #[error("the company's share of media is taken")]
    MediaShareTaken,
    /// There are as many with media as this server carries.
    #[error("all media is taken")]
    MediaTaken,
    /// What a browser offered cannot be answered.
    #[error("the offer cannot be answered: {0}")]
    Offer(&'static str),
    /// The caller may not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The conversation's.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for MeetingError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl MeetingError {
    /// A field is wrong.
    pub fn field(field: &'static str, message: Text) -> Self {
        Self::Invalid { field, message }
    }

    /// They have not agreed to be seen, heard and read.
    pub fn not_agreed() -> Self {
        Self::field("consent", text!("Say that you agree: the others will see, hear and read you."))
    }

    /// A contact that there is not.
    pub fn no_contact() -> Self {
        Self::field("contact_id", text!("There is no such contact. Take the id of one of a conversation."))
    }
}

impl Fault for MeetingError {
    fn problem(&self) -> Problem {
        match self {
            Self::Invalid { field, message } => {
                Problem::invalid(vec![FieldError { field: (*field).to_owned(), message: message.clone() }])
            }
            Self::NotFound => Problem::not_found(),
            Self::TurnedAway => Problem::new(
                ErrorCode::Forbidden,
                text!("A host did not let you in, or took you out of this meeting. Ask them, if that was a mistake."),
            ),
            Self::Elsewhere => {
                Problem::new(ErrorCode::Conflict, text!("You have gone on with this meeting on another page."))
            }
            Self::Locked => Problem::new(
                ErrorCode::Conflict,
                text!("The meeting is locked: nobody new comes in. Ask a host to unlock it, then try again."),
            ),
            Self::Full => Problem::new(
                ErrorCode::Conflict,
                text!(
                    "The meeting is full: there are as many in it as there may be. Try again when somebody has left."
                ),
            ),
            Self::Over => Problem::new(
                ErrorCode::Conflict,
                text!("The meeting is over: nothing about it changes any more. Make a new one."),
            ),
            Self::TooMany(what) => Problem::new(ErrorCode::Conflict, what.clone()),
            Self::NoToken => Problem::new(
                ErrorCode::Unauthenticated,
                text!("This token opens nothing any more. Come in by the meeting's link again."),
            ),
            Self::SignedOut => Problem::new(
                ErrorCode::Unauthenticated,
                text!(
                    "You are not signed in any more as who you were here. Sign in and open the meeting's link again, or come in as a guest."
                ),
            ),
            Self::Wait(until) => {
                let mut problem = Problem::new(
                    ErrorCode::RateLimited,
                    text!("Wrong passcodes were tried too often. Wait a little, then try again."),
                );
                problem.retry_after = Some(until.as_secs() + 1);
                problem
            }
            Self::NoMedia => {
                let mut problem = Problem::new(
                    ErrorCode::Unavailable,
                    text!(
                        "This server carries no sound and pictures just now. Try again in a minute; if it stays so, tell whoever runs it."
                    ),
                );
                problem.retry_after = Some(30);
                problem
            }
            Self::MediaShareTaken => {
                let mut problem = Problem::new(
                    ErrorCode::RateLimited,
                    text!(
                        "This company has as many people in meetings with sound and pictures as it may have at once. You are heard and seen as soon as somebody has left; until then there is the chat."
                    ),
                );
                problem.retry_after = Some(15);
                problem
            }
            Self::MediaTaken => {
                let mut problem = Problem::new(
                    ErrorCode::Unavailable,
                    text!(
                        "As many people are in meetings with sound and pictures as this server carries. You are heard and seen as soon as somebody has left; until then there is the chat."
                    ),
                );
                problem.retry_after = Some(15);
                problem
            }
            Self::Offer(_) => Problem::new(
                ErrorCode::InvalidRequest,
                text!("What your browser offered could not be understood. Load the page again."),
            ),
            Self::Denied(_) => Problem::new(ErrorCode::Forbidden, text!("This is for others to do.")),
            Self::Conversation(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}
