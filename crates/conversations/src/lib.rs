#![doc = include_str!("../README.md")]

mod answering;
mod append;
mod asked;
mod begin;
mod calls;
mod error;
mod handling;
mod inbox;
mod judging;
pub mod live;
mod meetings;
mod memory;
mod reach;
mod read;
mod say;

pub use answering::{Before, Earlier, Question, Reply, Saying};
pub use append::AnswerContact;
pub use asked::{MAX_ASKED, SEES_UNANSWERED};
pub use begin::{FirstWidget, NewContact, token};
pub use error::ConversationError;
pub use handling::{HandedOn, words_of};
pub use live::Live;
pub use meetings::language;
pub use memory::{MAX_FACT, MAX_SUMMARY, MOST_FACTS, Memory, NewFact};
pub use read::MessagesFrom;
pub use say::NewMessage;

use store::Services;

/// The capability: everything that it needs, and its use cases as methods.
#[derive(Debug, Clone)]
pub struct Conversations {
    services: Services,
    live: Live,
}

impl Conversations {
    /// Conversations over the services of this process.
    pub fn new(services: Services) -> Self {
        Self { live: Live::on(services.clone()), services }
    }

    /// Where listeners listen.
    pub fn live(&self) -> &Live {
        &self.live
    }
}
