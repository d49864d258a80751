//! From text to vectors of meaning: all-MiniLM-L6-v2 (384 dimensions), computed here (`minilm`), without a network.
//!
//! Three threads of their own, so that no async thread ever waits for arithmetic: one for questions, which somebody is
//! waiting for, one for what searches have found and one for documents, which get what time is left. Each works by pieces of some hundredths of a
//! second, and next is a piece of the tenant that has had least of its time: who asks much waits for its own. The lines are bounded. The model is
//! loaded at the first use and shared.

use crate::gloss::read_lists;
use crate::spelling::spelt;
pub use minilm::Judgement;
use minilm::Model;
use model::TenantId;
use shares::{Line, Waiting, line, step_back};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What vectors of this model are kept under.
pub const MODEL_ID: &str = "all-minilm-l6-v2";
/// Where the model stands inside a vendor folder.
pub const FOLDER: &str = "models/all-minilm-l6-v2";
/// Numbers in a vector.
pub const DIMENSIONS: usize = 384;
/// Who may wait for a thread.
const WAITING: Waiting = Waiting { total: 1_024, per_key: 32 };
/// Of a thread's time that a tenant did not use, what it need not share when it comes: two answers or so.
const SAVED: Duration = Duration::from_millis(250);
/// Bytes of text that each core reads in one piece of work: about as many as the model computes together.
const PIECE: usize = 1_000;
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

/// What is asked of a thread, and what of it is done.
enum Request {
    Vectors { texts: Vec<String>, done: Vec<Vec<f32>>, answer: Sender<Vec<f32>> },
    Judgements { question: String, passages: Vec<String>, done: Judged, answer: Sender<Judged> },
}

impl Request {
    fn vectors(texts: Vec<String>, answer: Sender<Vec<f32>>) -> Self {
        Self::Vectors { texts, done: Vec::new(), answer }
    }

    fn judgements(question: &str, passages: Vec<String>, answer: Sender<Judged>) -> Self {
        let done = Judged { read: String::new(), concerns: 0.0, judgements: Vec::new() };
        Self::Judgements { question: question.to_owned(), passages, done, answer }
    }

    fn is_closed(&self) -> bool {
        match self {
            Self::Vectors { answer, .. } => answer.is_closed(),
            Self::Judgements { answer, .. } => answer.is_closed(),
        }
    }

    /// Does a piece of it. Says whether something is left.
    fn go_on(&mut self, model: &Model) -> bool {
        match self {
            Self::Vectors { texts, done, .. } => {
                done.extend(model.embed(&piece(model, texts.iter().skip(done.len()), 0)));
                done.len() < texts.len()
            }
            Self::Judgements { question, passages, done: Judged { read, concerns, judgements }, .. } => {
                if judgements.is_empty() {
                    *read = spelt(question, &by_reference(passages), |word| model.knows(word));
                    *concerns = model.concerns(question);
                }
                let piece = piece(model, passages.iter().skip(judgements.len()), read.len());
                judgements.extend(model.judge(read, &piece));
                judgements.len() < passages.len()
            }
        }
    }

    fn answer(self, error: Option<EmbedError>) {
        match self {
            Self::Vectors { done, answer, .. } => drop(answer.send(error.map_or(Ok(done), Err))),
            Self::Judgements { done, answer, .. } => drop(answer.send(error.map_or(Ok(vec![done]), Err))),
        }
    }
}

/// And who is to be told that it begins.
struct Work {
    request: Request,
    begins: Option<oneshot::Sender<()>>,
}

/// The model and its threads.
#[derive(Debug, Clone)]
pub struct Embedder {
    questions: Thread,
    searches: Thread,
    documents: Thread,
}

/// The line for a thread.
#[derive(Debug, Clone)]
struct Thread(Line<TenantId, Work>);

impl Thread {
    async fn ask<T>(&self, tenant: TenantId, request: impl FnOnce(Sender<T>) -> Request) -> Result<Vec<T>, EmbedError> {
        let (answer, answered) = oneshot::channel();
        self.put(tenant, request(answer), None)?;
        answered.await.map_err(|_| gone())?
    }

    fn put(&self, tenant: TenantId, request: Request, begins: Option<oneshot::Sender<()>>) -> Result<(), EmbedError> {
        self.0.put(tenant, Work { request, begins }).map_err(|_| EmbedError::Busy)
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
        let vectors = self.questions.ask(tenant, |answer| Request::vectors(texts, answer)).await?;
        vectors.into_iter().next().ok_or_else(gone)
    }

    /// The vectors of sentences that somebody waits for, in their order. As urgent as a question is.
    ///
    /// # Errors
    /// As [`Embedder::question`].
    pub async fn sentences(&self, tenant: TenantId, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.questions.ask(tenant, |answer| Request::vectors(texts, answer)).await
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
        let judged = self.questions.ask(tenant, |answer| Request::judgements(question, passages, answer)).await?;
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
        let ((answer, answered), (begins, began)) = (oneshot::channel(), oneshot::channel());
        if self.searches.put(tenant, Request::judgements(query, passages, answer), Some(begins)).is_err() {
            return Ok(None);
        }
        // Whoever does not wait for it any more takes it out of the line.
        let Ok(Ok(())) = tokio::time::timeout(TURN, began).await else { return Ok(None) };
        Ok(answered.await.map_err(|_| gone())??.into_iter().next())
    }

    /// The vectors of pieces of a tenant's documents, in their order. Waits for its turn.
    ///
    /// # Errors
    /// As [`Embedder::question`].
    pub async fn documents(&self, tenant: TenantId, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.documents.ask(tenant, |answer| Request::vectors(texts, answer)).await
    }
}

fn gone() -> EmbedError {
    EmbedError::Model("its thread has ended".into())
}

fn thread(name: &str, model: &Arc<Lazy>, steps_back: bool) -> Result<Thread, EmbedError> {
    let (line, served) = line(WAITING, SAVED);
    let model = Arc::clone(model);
    let run = move || {
        let Some(mut next) = served.take() else { return };
        // Not before the model is there: a question may wait for it.
        let _ = model.model();
        if steps_back {
            step_back();
        } else {
            read_lists();
        }
        loop {
            let (taken, work) = next;
            let began = Instant::now();
            let rest = model.go_on(work);
            served.took(taken, began.elapsed(), rest);
            let Some(more) = served.take() else { return };
            next = more;
        }
    };
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    started.map_err(|e| EmbedError::Model(e.to_string()))?;
    Ok(Thread(line))
}

/// A model that is loaded when it is first needed.
struct Lazy {
    folder: PathBuf,
    loaded: OnceLock<Result<Model, EmbedError>>,
}

impl Lazy {
    /// Does a piece of some work: what is left of it.
    fn go_on(&self, mut work: Work) -> Option<Work> {
        let begins = work.begins.take();
        let _ = begins.map(|begins| begins.send(()));
        // Whoever asked may have gone.
        if work.request.is_closed() {
            return None;
        }
        match self.model() {
            Ok(model) if work.request.go_on(model) => return Some(work),
            Ok(_) => work.request.answer(None),
            Err(error) => work.request.answer(Some(error)),
        }
        None
    }

    fn model(&self) -> Result<&Model, EmbedError> {
        let threads = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let load = || Model::load(&self.folder, threads()).map_err(|e| EmbedError::Model(e.to_string()));
        self.loaded.get_or_init(load).as_ref().map_err(Clone::clone)
    }
}

/// The first of these texts that are read in one piece, beside so many bytes each; one at least, where there is one.
fn piece<'t>(model: &Model, texts: impl Iterator<Item = &'t String>, beside: usize) -> Vec<&'t str> {
    let most = PIECE * model.threads();
    let sums = texts.scan(0, |read, text| {
        let before = *read;
        *read += (text.len() + beside).min(PIECE);
        Some((before == 0 || *read <= most, text.as_str()))
    });
    sums.take_while(|(fits, _)| *fits).map(|(_, text)| text).collect()
}

fn by_reference(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedder() -> Embedder {
        let vendor = std::env::var_os("SAMTAL_VENDOR_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.tools/vendor"), PathBuf::from);
        Embedder::start(&[vendor]).unwrap()
    }

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(number))
    }

    /// More than any machine reads while a test runs.
    fn much() -> Vec<String> {
        vec!["Lamps of brass, and what they cost. ".repeat(30); 2_000]
    }

    #[tokio::test]
    async fn a_search_whose_turn_does_not_come_is_not_read() {
        let embedder = embedder();
        let searched = async |tenant| {
            let found = embedder.searched(tenant, "lamps", vec!["Lamps\nOf brass.".to_owned()]).await;
            found.unwrap().map(|judged| judged.judgements.len())
        };
        // Its turn may come late where the machine has much to do; then it is asked again.
        let comes = async |tenant| loop {
            if let Some(read) = searched(tenant).await {
                return read;
            }
        };
        let (answer, answered) = oneshot::channel();
        embedder.searches.put(tenant(1), Request::judgements("lamps", much(), answer), None).unwrap();
        assert_eq!(searched(tenant(1)).await, None);
        assert_eq!(comes(tenant(2)).await, 1, "a neighbour's is");
        assert_eq!(searched(tenant(1)).await, None);
        assert_eq!(embedder.judgements(tenant(1), "lamps", vec![String::new()]).await.unwrap().judgements.len(), 1);
        drop(answered);
        assert_eq!(comes(tenant(1)).await, 1);
    }

    #[tokio::test]
    async fn who_asks_much_waits_for_its_own_and_others_do_not() {
        let embedder = embedder();
        let put = |begins| {
            let (answer, answered) = oneshot::channel();
            embedder.questions.put(tenant(1), Request::judgements("lamps", much(), answer), begins).map(|()| answered)
        };
        let (begins, began) = oneshot::channel();
        let mut answers = vec![put(Some(begins)).unwrap()];
        began.await.unwrap();
        answers.extend((0..32).map(|_| put(None).unwrap()));
        assert!(put(None).unwrap_err().busy());
        assert!(embedder.question(tenant(1), "lamps").await.unwrap_err().busy());
        assert_eq!(embedder.question(tenant(2), "lamps").await.unwrap().len(), DIMENSIONS);
        let passages = vec!["Lamps\nOf brass.".to_owned(); 8];
        assert_eq!(embedder.judgements(tenant(2), "lamps", passages).await.unwrap().judgements.len(), 8);
        assert!(answers.iter_mut().all(|answered| answered.try_recv().is_err()), "nothing of the others is done");
    }

    #[tokio::test]
    async fn what_is_read_piece_by_piece_is_all_there_and_in_order() {
        let embedder = embedder();
        let texts: Vec<String> = (1..40).map(|n| format!("Lamp {n}. ").repeat(n)).collect();
        let vectors = embedder.documents(tenant(1), texts.clone()).await.unwrap();
        assert_eq!(vectors.len(), texts.len());
        for (text, vector) in texts.iter().zip(&vectors).step_by(7) {
            assert_eq!(embedder.question(tenant(1), text).await.unwrap(), *vector, "{text}");
        }
        assert!(embedder.sentences(tenant(1), Vec::new()).await.unwrap().is_empty());
        assert!(embedder.judgements(tenant(1), "lamps", Vec::new()).await.unwrap().judgements.is_empty());
    }

    #[test]
    fn a_long_question_leaves_room_for_the_answer() {
        assert_eq!(input("Is it heavy?", "No."), "Is it heavy?\nNo.");
        assert_eq!(input(&"å".repeat(1_000), "No."), format!("{}\nNo.", "å".repeat(MAX_ABOVE)));
    }
}
