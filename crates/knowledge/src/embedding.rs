//! From text to vectors of meaning: all-MiniLM-L6-v2 (384 dimensions), computed here by candle, without a network.
//!
//! Two threads of their own, so that no async thread ever waits for arithmetic: one for questions, which somebody is
//! waiting for, one for documents. Both queues are bounded. The model is loaded at the first use and shared.

use candle_core::{DType, Device, IndexOp as _, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tokenizers::{Encoding, PaddingParams, Tokenizer, TruncationParams};
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
/// The same for the passages of a question: as long as the longest of them, so few.
const READ_BATCH: usize = 4;
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

/// What the model reads of a passage: its headings, then its text.
pub fn input(title: &str, text: &str) -> String {
    format!("{title}\n{text}")
}

/// A text read beside a question, word piece by word piece.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Where each word piece of the text stands, in bytes. The model's own marks stand at `0..0`.
    pub places: Vec<Range<usize>>,
    /// For each word piece of the question, how near each of the text is: cosines, from -1 to 1.
    pub near: Vec<Vec<f32>>,
}

impl Reading {
    /// For each word piece of the question, how near the nearest of the text is, among those at the places to keep.
    pub fn nearest(&self, keep: impl Fn(&Range<usize>) -> bool) -> Vec<f64> {
        let kept: Vec<bool> = self.places.iter().map(keep).collect();
        let most =
            |row: &Vec<f32>| row.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(near, _)| *near).reduce(f32::max);
        self.near.iter().map(|row| f64::from(most(row).unwrap_or_default())).collect()
    }
}

type Sender<T> = oneshot::Sender<Result<Vec<T>, EmbedError>>;

/// What is asked of a thread.
enum Request {
    Vectors { texts: Vec<String>, answer: Sender<Vec<f32>> },
    Readings { question: String, texts: Vec<String>, answer: Sender<Reading> },
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
        let request = Request::Vectors { texts: vec![text.to_owned()], answer };
        self.questions.try_send(request).map_err(|_| EmbedError::Busy)?;
        let vectors = answered.await.map_err(|_| gone())??;
        vectors.into_iter().next().ok_or_else(gone)
    }

    /// Reads texts beside a question; one reading for each, in their order. As urgent as the question is.
    ///
    /// # Errors
    /// As [`Embedder::question`].
    pub async fn readings(&self, question: &str, texts: Vec<String>) -> Result<Vec<Reading>, EmbedError> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Readings { question: question.to_owned(), texts, answer };
        self.questions.try_send(request).map_err(|_| EmbedError::Busy)?;
        answered.await.map_err(|_| gone())?
    }

    /// The vectors of pieces of documents, in their order. Waits for its turn.
    ///
    /// # Errors
    /// The model's.
    pub async fn documents(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
        let (answer, answered) = oneshot::channel();
        self.documents.send(Request::Vectors { texts, answer }).await.map_err(|_| gone())?;
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
            match request {
                Request::Vectors { texts, answer } if !answer.is_closed() => {
                    let _ = answer.send(model.vectors(&texts));
                }
                Request::Readings { question, texts, answer } if !answer.is_closed() => {
                    let _ = answer.send(model.readings(&question, &texts));
                }
                _ => {}
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
    fn vectors(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let model = self.model()?;
        in_batches(texts, BATCH, |batch| model.embed(batch))
    }

    fn readings(&self, question: &str, texts: &[String]) -> Result<Vec<Reading>, EmbedError> {
        let model = self.model()?;
        let question = model.pieces(question).map_err(fault)?;
        in_batches(texts, READ_BATCH, |batch| model.read(&question, batch))
    }

    fn model(&self) -> Result<&Model, EmbedError> {
        self.loaded.get_or_init(|| Model::load(&self.folder).map_err(fault)).as_ref().map_err(Clone::clone)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "goes to map_err")]
fn fault(fault: Fault) -> EmbedError {
    EmbedError::Model(fault.to_string())
}

/// Does texts a batch at a time; those of one length together, which waste nothing on padding.
fn in_batches<T: Default>(
    texts: &[String],
    size: usize,
    work: impl Fn(&[&str]) -> Result<Vec<T>, Fault>,
) -> Result<Vec<T>, EmbedError> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|at| texts[*at].len());
    let mut all: Vec<T> = texts.iter().map(|_| T::default()).collect();
    for batch in order.chunks(size) {
        let batch_texts: Vec<&str> = batch.iter().map(|at| texts[*at].as_str()).collect();
        for (at, done) in batch.iter().zip(work(&batch_texts).map_err(fault)?) {
            all[*at] = done;
        }
    }
    Ok(all)
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

    /// What the model makes of each word piece of these texts, padded to the longest: texts, pieces, dimensions.
    fn hidden(&self, texts: &[&str]) -> Result<(Vec<Encoding>, Tensor, Tensor), Fault> {
        let encoded = self.tokenizer.encode_batch(texts.to_vec(), true)?;
        let device = &Device::Cpu;
        let rows = |of: fn(&Encoding) -> &[u32]| -> Result<Tensor, Fault> {
            let rows: Result<Vec<_>, _> = encoded.iter().map(|e| Tensor::new(of(e), device)).collect();
            Ok(Tensor::stack(&rows?, 0)?)
        };
        let (ids, mask) = (rows(|e| e.get_ids())?, rows(|e| e.get_attention_mask())?);
        let hidden = self.bert.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        Ok((encoded, hidden, mask))
    }

    /// The mean of the word pieces' vectors, of length one, as the model was trained (sentence-transformers,
    /// all-MiniLM-L6-v2, "Usage").
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Fault> {
        let (_, hidden, mask) = self.hidden(texts)?;
        let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
        let sum = hidden.broadcast_mul(&mask)?.sum(1)?;
        let mean = unit(&sum.broadcast_div(&mask.sum(1)?)?)?;
        (0..texts.len()).map(|at| Ok(mean.i(at)?.to_vec1::<f32>()?)).collect()
    }

    /// The vectors of a question's word pieces, of length one, without the model's own marks at both ends.
    fn pieces(&self, question: &str) -> Result<Tensor, Fault> {
        let (_, hidden, _) = self.hidden(&[question])?;
        let pieces = unit(&hidden.i(0)?)?;
        Ok(pieces.narrow(0, 1, pieces.dim(0)?.saturating_sub(2))?)
    }

    /// Each text beside the question.
    fn read(&self, question: &Tensor, texts: &[&str]) -> Result<Vec<Reading>, Fault> {
        let (encoded, hidden, _) = self.hidden(texts)?;
        let pieces = unit(&hidden)?;
        let one = |(at, encoding): (usize, &Encoding)| -> Result<Reading, Fault> {
            let real = encoding.get_attention_mask().iter().take_while(|real| **real == 1).count();
            let places = encoding.get_offsets()[..real].iter().map(|(begins, ends)| *begins..*ends).collect();
            if question.dim(0)? == 0 {
                return Ok(Reading { places, near: Vec::new() });
            }
            let text = pieces.i(at)?.narrow(0, 0, real)?;
            Ok(Reading { places, near: question.matmul(&text.t()?)?.to_vec2::<f32>()? })
        };
        encoded.iter().enumerate().map(one).collect()
    }
}

/// Vectors in the last dimension, made of length one.
fn unit(vectors: &Tensor) -> Result<Tensor, Fault> {
    let last = vectors.rank() - 1;
    Ok(vectors.broadcast_div(&vectors.sqr()?.sum_keepdim(last)?.sqrt()?)?)
}
