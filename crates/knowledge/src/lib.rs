#![doc = include_str!("../README.md")]

pub mod chunking;
mod documents;
pub mod embedding;
mod error;
mod index;
pub mod reading;
mod search;

pub use documents::{MAX_DOCUMENTS, NewDocument};
pub use embedding::{Embedder, Reading};
pub use error::KnowledgeError;
pub use index::IndexDocument;
pub use search::{Hit, MAX_PASSAGES, MAX_QUESTION, MEANING, question};

use store::Services;

/// The capability: everything that it needs, and its use cases as methods.
#[derive(Debug, Clone)]
pub struct Knowledge {
    services: Services,
    embedder: Option<Embedder>,
}

impl Knowledge {
    /// Knowledge over the services of this process. Without an embedder it is searched by words alone.
    pub fn new(services: Services, embedder: Option<Embedder>) -> Self {
        Self { services, embedder }
    }

    /// What turns text into vectors, where the model is there.
    pub fn embedder(&self) -> Option<&Embedder> {
        self.embedder.as_ref()
    }
}
