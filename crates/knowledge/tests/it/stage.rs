//! Two tenants, what they know, and who reads it for them.

use knowledge::{Embedder, IndexDocument, Knowledge, NewDocument};
use model::knowledge::Document;
use std::sync::OnceLock;
use store::jobs::{End, Registry, Slots, Worker};
use store::{Caller, vendor};
use testkit::{TestDb, Two};

/// A database, two tenants, and knowledge over it.
pub struct Stage {
    pub two: Two,
    pub knowledge: Knowledge,
    // Last, so that the database outlives the rest.
    pub db: TestDb,
}

/// The model, loaded once for all tests.
pub fn embedder() -> Embedder {
    static EMBEDDER: OnceLock<Embedder> = OnceLock::new();
    let start = || Embedder::start(&vendor::folders(None, &std::env::current_exe().unwrap())).unwrap();
    EMBEDDER.get_or_init(start).clone()
}

impl Stage {
    /// With the model.
    pub async fn new() -> Self {
        Self::with(Some(embedder())).await
    }

    pub async fn with(embedder: Option<Embedder>) -> Self {
        let db = TestDb::new().await;
        let two = Two::new(&db).await;
        let knowledge = Knowledge::new(db.services.clone(), embedder);
        Self { two, knowledge, db }
    }

    pub fn worker(&self) -> Worker {
        let registry = Registry::default().with::<IndexDocument>(self.knowledge.clone());
        Worker::new(self.db.services.clone(), registry, Slots::default())
    }

    /// Uploads a file and reads it to the end.
    pub async fn add(&self, caller: &Caller, name: &str, text: impl Into<Vec<u8>>) -> Document {
        let document = self.knowledge.upload(caller, file(name, text)).await.unwrap();
        self.do_jobs().await;
        self.knowledge.get_document(caller, document.id).await.unwrap()
    }

    pub async fn do_jobs(&self) {
        let ends = self.worker().run_due().await.unwrap();
        assert!(ends.iter().all(|end| *end == End::Done), "{ends:?}");
    }
}

pub fn file(name: &str, bytes: impl Into<Vec<u8>>) -> NewDocument {
    NewDocument { file_name: name.to_owned(), bytes: bytes.into(), ..NewDocument::default() }
}
