//! From text to vectors of meaning: all-MiniLM-L6-v2 (384 dimensions), computed here by candle, without a network.
//!
//! Two threads of their own, so that no async thread ever waits for arithmetic: one for questions, which somebody is
//! waiting for, one for documents. Both queues are bounded. The model is loaded at the first use and shared.

use candle_core::{DType, Device, IndexOp as _, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tokenizers::{PaddingParams, Tokenizer, TruncationParams};
use tokio::sync::{mpsc, oneshot};

/// What vectors of this model are kept under.
pub const MODEL_ID: &str = "all-minilm-l6-v2";
/// Where the model stands inside a vendor folder.
pub const FOLDER: &str = "models/all-minilm-l6-v2";
/// Numbers in a vector.
pub const DIMENSIONS: usize = 384;
/// Word pieces that the model reads; the rest of a text is not seen.
const MAX_TOKENS: usize = 256;
/// Texts that are computed together.
const BATCH: usize = 16;
/// Questions, and batches of documents, that may wait.
const QUEUE: usize = 64;

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

/// What is asked of a thread.
struct Request {
    texts: Vec<String>,
    answer: oneshot::Sender<Result<Vec<Vec<f32>>, EmbedError>>,
}

/// The model and its threads.
#[derive(Debug, Clone)]
pub struct Embedder {
    questions: mpsc::Sender<Request>,
    documents: mpsc::Sender<Request>,
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
        Ok(Self { questions: thread("embed-questions", &model)?, documents: thread("embed-documents", &model)? })
    }

    /// The vector of a question.
    ///
    /// # Errors
    /// [`EmbedError::Busy`] when too many wait already, or the model's.
    pub async fn question(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let (answer, answered) = oneshot::channel();
        let request = Request { texts: vec![text.to_owned()], answer };
        self.questions.try_send(request).map_err(|_| EmbedError::Busy)?;
        let vectors = answered.await.map_err(|_| gone())??;
        vectors.into_iter().next().ok_or_else(gone)
    }

    /// The vectors of texts that belong to a question: as urgent as it is.
    ///
    /// # Errors
    /// As [`Embedder::question`].
    pub async fn urgent(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        let (answer, answered) = oneshot::channel();
        self.questions.try_send(Request { texts, answer }).map_err(|_| EmbedError::Busy)?;
        answered.await.map_err(|_| gone())?
    }

    /// The vectors of pieces of documents, in their order. Waits for its turn.
    ///
    /// # Errors
    /// The model's.
    pub async fn documents(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        let (answer, answered) = oneshot::channel();
        self.documents.send(Request { texts, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

fn gone() -> EmbedError {
    EmbedError::Model("its thread has ended".into())
}

fn thread(name: &str, model: &Arc<Lazy>) -> Result<mpsc::Sender<Request>, EmbedError> {
    let (sender, mut queue) = mpsc::channel::<Request>(QUEUE);
    let model = Arc::clone(model);
    let work = move || {
        while let Some(request) = queue.blocking_recv() {
            // Whoever asked may have gone.
            if !request.answer.is_closed() {
                let _ = request.answer.send(model.embed(&request.texts));
            }
        }
    };
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map_err(|e| EmbedError::Model(e.to_string()))?;
    Ok(sender)
}

/// A model that is loaded when it is first needed.
struct Lazy {
    folder: PathBuf,
    loaded: OnceLock<Result<Model, EmbedError>>,
}

impl Lazy {
    fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let loaded =
            self.loaded.get_or_init(|| Model::load(&self.folder).map_err(|e| EmbedError::Model(e.to_string())));
        let model = loaded.as_ref().map_err(Clone::clone)?;
        // Texts of one length waste nothing on padding.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|at| texts[*at].len());
        let mut vectors = vec![Vec::new(); texts.len()];
        for batch in order.chunks(BATCH) {
            let batch_texts: Vec<&str> = batch.iter().map(|at| texts[*at].as_str()).collect();
            let done = model.embed(&batch_texts).map_err(|e| EmbedError::Model(e.to_string()))?;
            for (at, vector) in batch.iter().zip(done) {
                vectors[*at] = vector;
            }
        }
        Ok(vectors)
    }
}

struct Model {
    bert: BertModel,
    tokenizer: Tokenizer,
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

impl Model {
    fn load(folder: &Path) -> Result<Self, Fault> {
        let config: Config = serde_json::from_slice(&std::fs::read(folder.join("config.json"))?)?;
        let weights = std::fs::read(folder.join("model.safetensors"))?;
        let builder = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)?;
        let bert = BertModel::load(builder, &config)?;
        let mut tokenizer = Tokenizer::from_file(folder.join("tokenizer.json"))?;
        tokenizer.with_padding(Some(PaddingParams::default()));
        tokenizer.with_truncation(Some(TruncationParams { max_length: MAX_TOKENS, ..TruncationParams::default() }))?;
        Ok(Self { bert, tokenizer })
    }

    /// The mean of the word pieces' vectors, of length one, as the model was trained (sentence-transformers,
    /// all-MiniLM-L6-v2, "Usage").
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Fault> {
        let encoded = self.tokenizer.encode_batch(texts.to_vec(), true)?;
        let device = &Device::Cpu;
        let rows = |of: fn(&tokenizers::Encoding) -> &[u32]| -> Result<Tensor, Fault> {
            let rows: Result<Vec<_>, _> = encoded.iter().map(|e| Tensor::new(of(e), device)).collect();
            Ok(Tensor::stack(&rows?, 0)?)
        };
        let (ids, mask) = (rows(|e| e.get_ids())?, rows(|e| e.get_attention_mask())?);
        let hidden = self.bert.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
        let sum = hidden.broadcast_mul(&mask)?.sum(1)?;
        let mean = sum.broadcast_div(&mask.sum(1)?)?;
        let unit = mean.broadcast_div(&mean.sqr()?.sum_keepdim(1)?.sqrt()?)?;
        (0..texts.len()).map(|at| Ok(unit.i(at)?.to_vec1::<f32>()?)).collect()
    }
}
