//! From text to vectors of meaning: all-MiniLM-L6-v2 (384 dimensions), computed here (`minilm`), without a network.
//!
//! Three threads of their own, so that no async thread ever waits for arithmetic: one for questions, which somebody is
//! waiting for, one for what searches have found and one for documents, which get what time is left. For each, tenants take turns: who asks much
//! waits for its own. The lines are bounded. The model is loaded at the first use and shared.

use crate::gloss::read_lists;
use crate::spelling::spelt;
pub use minilm::Judgement;
use minilm::Model;
use model::TenantId;
use shares::{Place, Places, Waiting, step_back};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// What vectors of this model are kept under.
pub const MODEL_ID: &str = "all-minilm-l6-v2";
/// Where the model stands inside a vendor folder.
pub const FOLDER: &str = "models/all-minilm-l6-v2";
/// Numbers in a vector.
pub const DIMENSIONS: usize = 384;
/// What a thread works on and what is ready for it, so that it never waits for us. One tenant has one of them.
const AT_ONCE: usize = 2;
/// Who may wait for a thread. A tenant's thirty-second question waits for a second or so.
const WAITING: Waiting = Waiting { total: 1_024, per_key: 32 };
/// How long a search waits for its turn to have its passages read.
const TURN: Duration = Duration::from_millis(100);

/// No vector.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EmbedError {
    /// There is more to read than the threads can take.
    #[error("the embedding threads are busy")]
    Busy,
    /// The model cannot be loaded, or fails.
    #[error("the embedding model: {0}")]
    Model(String),
}

impl EmbedError {
    /// Whether it may work in a moment.
    pub fn busy(&self) -> bool {
        matches!(self, Self::Busy)
    }
}

/// Most characters that the model reads above a text: it reads some 1,000 in all, and a longer question would crowd out the
/// answer.
const MAX_ABOVE: usize = 300;

/// What the model reads of a passage: its headings or its question, then its text.
pub fn input(title: &str, text: &str) -> String {
    let above: String = title.chars().take(MAX_ABOVE).collect();
    format!("{above}\n{text}")
}

type Sender<T> = oneshot::Sender<Result<Vec<T>, EmbedError>>;

/// What passages say to a question, and what it says itself.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The question as it was read: misspelt words are set right.
    pub read: String,
    /// Whether it could concern a company at all, by its words alone: above 0 rather so.
    pub concerns: f32,
    /// For each passage one, in their order.
    pub judgements: Vec<Judgement>,
}

/// What is asked of a thread.
enum Request {
    Vectors { texts: Vec<String>, answer: Sender<Vec<f32>> },
    Judgements { question: String, passages: Vec<String>, answer: Sender<Judged> },
}

/// And whose place it is, until it is done: also when nobody waits for it any more.
type Asked = (Request, Place<TenantId>);

/// The model and its threads.
#[derive(Debug, Clone)]
pub struct Embedder {
    questions: Thread,
    searches: Thread,
    documents: Thread,
}

/// A thread, and the places of those whose work it does.
#[derive(Debug, Clone)]
struct Thread {
    work: mpsc::Sender<Asked>,
    places: Places<TenantId>,
}

impl Thread {
    async fn ask<T>(&self, tenant: TenantId, request: impl FnOnce(Sender<T>) -> Request) -> Result<Vec<T>, EmbedError> {
        let place = self.places.enter(tenant).await.map_err(|_| EmbedError::Busy)?;
        self.put(place, request).await
    }

    async fn put<T>(
        &self,
        place: Place<TenantId>,
        request: impl FnOnce(Sender<T>) -> Request,
    ) -> Result<Vec<T>, EmbedError> {
        let (answer, answered) = oneshot::channel();
        self.work.send((request(answer), place)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Embedder {
    /// Finds the model in the first of these vendor folders that has it, and starts the threads.
    ///
    /// # Errors
    /// [`EmbedError::Model`] when no folder has it, or no thread can be started.
    pub fn start(vendor_folders: &[PathBuf]) -> Result<Self, EmbedError> {
        let complete = |folder: &PathBuf| {
            ["model.safetensors", "tokenizer.json", "config.json"].iter().all(|f| folder.join(f).is_file())
        };
        let folder = vendor_folders.iter().map(|folder| folder.join(FOLDER)).find(complete).ok_or_else(|| {
            let sought: Vec<_> = vendor_folders.iter().map(|f| f.join(FOLDER).display().to_string()).collect();
            EmbedError::Model(format!("not found in {}; `scripts/setup` brings it", sought.join(", ")))
        })?;
        let model = Arc::new(Lazy { folder, loaded: OnceLock::new() });
        Ok(Self {
            questions: thread("embed-questions", &model, false)?,
            searches: thread("embed-searches", &model, true)?,
            documents: thread("embed-documents", &model, true)?,
        })
    }

    /// The vector of a question of a tenant's.
    ///
    /// # Errors
    /// [`EmbedError::Busy`] when too many wait already, or the model's.
    pub async fn question(&self, tenant: TenantId, text: &str) -> Result<Vec<f32>, EmbedError> {
        let texts = vec![text.to_owned()];
        let vectors = self.questions.ask(tenant, |answer| Request::Vectors { texts, answer }).await?;
        vectors.into_iter().next().ok_or_else(gone)
    }

    /// The vectors of sentences that somebody waits for, in their order. As urgent as a question is.
    ///
    /// # Errors
    /// As [`Embedder::question`].
    pub async fn sentences(&self, tenant: TenantId, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.questions.ask(tenant, |answer| Request::Vectors { texts, answer }).await
    }

    /// What passages say to a question, and what it says itself. As urgent as the question is.
    ///
    /// # Errors
    /// As [`Embedder::question`].
    pub async fn judgements(
        &self,
        tenant: TenantId,
        question: &str,
        passages: Vec<String>,
    ) -> Result<Judged, EmbedError> {
        let question = question.to_owned();
        let judged = self.questions.ask(tenant, |answer| Request::Judgements { question, passages, answer }).await?;
        judged.into_iter().next().ok_or_else(gone)
    }

    /// The same of what a search has found, behind the questions of visitors. Where many search, and its turn does not come soon: nothing.
    ///
    /// # Errors
    /// The model's.
    pub async fn searched(
        &self,
        tenant: TenantId,
        query: &str,
        passages: Vec<String>,
    ) -> Result<Option<Judged>, EmbedError> {
        let Ok(Ok(place)) = tokio::time::timeout(TURN, self.searches.places.enter(tenant)).await else {
            return Ok(None);
        };
        let question = query.to_owned();
        let judged = self.searches.put(place, |answer| Request::Judgements { question, passages, answer }).await?;
        Ok(judged.into_iter().next())
    }

    /// The vectors of pieces of a tenant's documents, in their order. Waits for its turn.
    ///
    /// # Errors
    /// As [`Embedder::question`].
    pub async fn documents(&self, tenant: TenantId, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.documents.ask(tenant, |answer| Request::Vectors { texts, answer }).await
    }
}

fn gone() -> EmbedError {
    EmbedError::Model("its thread has ended".into())
}

fn thread(name: &str, model: &Arc<Lazy>, steps_back: bool) -> Result<Thread, EmbedError> {
    let (work, mut queue) = mpsc::channel::<Asked>(AT_ONCE);
    let model = Arc::clone(model);
    let run = move || {
        let Some(first) = queue.blocking_recv() else { return };
        // Not before the model is there: a question may wait for it.
        let _ = model.model();
        if steps_back {
            step_back();
        } else {
            read_lists();
        }
        let mut next = Some(first);
        while let Some((request, place)) = next {
            // Whoever asked may have gone.
            match request {
                Request::Vectors { texts, answer } if !answer.is_closed() => {
                    let _ = answer.send(model.vectors(&texts));
                }
                Request::Judgements { question, passages, answer } if !answer.is_closed() => {
                    let _ = answer.send(model.judgements(&question, &passages));
                }
                _ => {}
            }
            drop(place);
            next = queue.blocking_recv();
        }
    };
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    started.map_err(|e| EmbedError::Model(e.to_string()))?;
    Ok(Thread { work, places: Places::new(AT_ONCE, 1, WAITING) })
}

/// A model that is loaded when it is first needed.
struct Lazy {
    folder: PathBuf,
    loaded: OnceLock<Result<Model, EmbedError>>,
}

impl Lazy {
    fn vectors(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(self.model()?.embed(&by_reference(texts)))
    }

    fn judgements(&self, question: &str, passages: &[String]) -> Result<Vec<Judged>, EmbedError> {
        let (model, passages) = (self.model()?, by_reference(passages));
        let read = spelt(question, &passages, |word| model.knows(word));
        let (judgements, concerns) = (model.judge(&read, &passages), model.concerns(question));
        Ok(vec![Judged { judgements, concerns, read }])
    }

    fn model(&self) -> Result<&Model, EmbedError> {
        let threads = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let load = || Model::load(&self.folder, threads()).map_err(|e| EmbedError::Model(e.to_string()));
        self.loaded.get_or_init(load).as_ref().map_err(Clone::clone)
    }
}

fn by_reference(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_search_whose_turn_does_not_come_is_not_read() {
        let vendor = std::env::var_os("SAMTAL_VENDOR_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.tools/vendor"), PathBuf::from);
        let embedder = Embedder::start(&[vendor]).unwrap();
        let [one, other] = [1, 2].map(|n| TenantId::from_uuid(uuid::Uuid::from_u128(n)));
        let searched = async |tenant| embedder.searched(tenant, "lamps", vec!["Lamps\nOf brass.".to_owned()]).await;
        let held = embedder.searches.places.enter(one).await.unwrap();
        assert!(searched(one).await.unwrap().is_none());
        assert_eq!(searched(other).await.unwrap().unwrap().judgements.len(), 1, "a neighbour's is");
        assert_eq!(embedder.judgements(one, "lamps", vec![String::new()]).await.unwrap().judgements.len(), 1);
        drop(held);
        assert!(searched(one).await.unwrap().is_some());
    }

    #[test]
    fn a_long_question_leaves_room_for_the_answer() {
        assert_eq!(input("Is it heavy?", "No."), "Is it heavy?\nNo.");
        assert_eq!(input(&"å".repeat(1_000), "No."), format!("{}\nNo.", "å".repeat(MAX_ABOVE)));
    }
}
