#![doc = include_str!("../README.md")]

mod again;
mod beside;
pub mod chunking;
mod documents;
pub mod embedding;
mod error;
pub mod forms;
mod gloss;
mod index;
mod markdown;
mod pairs;
pub mod reading;
mod search;
mod spelling;
mod web_page;
mod written;

pub use beside::{BATCH, Beside, Chosen, Down, EmbedPassages, Lies, Meant, SearchModel, Vectors};
pub use documents::{MAX_DOCUMENTS, MAX_TOTAL_BYTES, NewDocument};
pub use embedding::{Embedder, Judgement};
pub use error::KnowledgeError;
pub use gloss::in_english;
pub use index::IndexDocument;
pub use pairs::table_lines;
pub use reading::normalized;
pub use search::{Hit, Looked, MAX_PASSAGES, MAX_QUESTION, MEANING, question};

use model::TenantId;
use shares::{Places, Waiting};
use std::sync::Arc;
use store::Services;

/// Files that are read at once; one tenant reads all but one of them.
const PARSING: usize = 3;
/// Files that wait for it.
const PARSING_LINE: Waiting = Waiting { total: 32, per_key: 8 };
/// Documents that wait to be cut: no more than there are jobs that read one.
const CUTTING_LINE: Waiting = Waiting { total: 256, per_key: 256 };
/// Searches that wait. As many run at once as there are cores, half of them of one tenant: a search is work for the database,
/// not for its disks.
const SEARCHING_LINE: Waiting = Waiting { total: 512, per_key: 32 };

/// The capability: everything that it needs, and its use cases as methods.
#[derive(Debug, Clone)]
pub struct Knowledge {
    services: Services,
    embedder: Option<Embedder>,
    /// What asks the models that tenants have chosen beside it.
    search_model: Option<Arc<dyn SearchModel>>,
    /// How far these are with what they read.
    walks: beside::Walks,
    /// Those whose files are being read.
    parsing: Places<TenantId>,
    /// Those whose documents are being cut.
    cutting: Places<TenantId>,
    /// Those who search.
    searching: Places<TenantId>,
}

impl Knowledge {
    /// Knowledge over the services of this process. Without an embedder it is searched by words alone.
    pub fn new(services: Services, embedder: Option<Embedder>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from).max(2);
        Self {
            services,
            embedder,
            search_model: None,
            walks: beside::Walks::default(),
            parsing: Places::new(PARSING, PARSING - 1, PARSING_LINE),
            cutting: Places::new(PARSING, PARSING - 1, CUTTING_LINE),
            searching: Places::new(cores, cores / 2, SEARCHING_LINE),
        }
    }

    /// What turns text into vectors, where the model is there.
    pub fn embedder(&self) -> Option<&Embedder> {
        self.embedder.as_ref()
    }
}
