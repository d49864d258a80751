//! all-MiniLM-L6-v2: from text to vectors of meaning, computed here, without a network.
//!
//! A model with its tokenizer in some five hundred lines. Once loaded nothing can fail. The same texts give the same
//! vectors on the same machine, whatever they are computed together with.

pub mod bert;
mod matrix;
pub mod pieces;

use bert::{Bert, Config};
use pieces::{Pieces, Tokenizer};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Word pieces that the model reads, with the marks at both ends; the rest of a text is not seen.
pub const MAX_PIECES: usize = 256;
/// Word pieces that are computed together: enough to make use of the weights while they are in the cache.
const SHARE: usize = 256;

/// The model cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error("{0}: {1}")]
    File(String, #[source] std::io::Error),
    /// A file is not the JSON that it should be.
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A file is of another model.
    #[error("{0}")]
    Unfit(String),
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

/// The model.
pub struct Model {
    bert: Bert,
    tokenizer: Tokenizer,
    /// Numbers in a vector.
    size: usize,
    threads: NonZeroUsize,
}

impl Model {
    /// Loads the model from its folder: `config.json`, `tokenizer.json`, `model.safetensors`. Computes on so many threads
    /// at most at a time, for each call.
    ///
    /// # Errors
    /// When a file is missing, or of another model.
    pub fn load(folder: &Path, threads: NonZeroUsize) -> Result<Self, LoadError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|e| LoadError::File(path.display().to_string(), e))
        };
        let config: Config = serde_json::from_slice(&read("config.json")?)?;
        let tokenizer = Tokenizer::load(&read("tokenizer.json")?)?;
        if tokenizer.largest() as usize >= config.vocab_size || config.max_position_embeddings < MAX_PIECES {
            return Err(LoadError::Unfit("the tokenizer is not this model's".into()));
        }
        let size = config.hidden_size;
        Ok(Self { bert: Bert::load(&read("model.safetensors")?, config)?, tokenizer, size, threads })
    }

    /// The mean of the word pieces' vectors, of length one, as the model was trained (sentence-transformers,
    /// all-MiniLM-L6-v2, "Usage"); for each text one, in their order.
    pub fn embed(&self, texts: &[&str]) -> Vec<Vec<f32>> {
        self.each(texts, |_, states| {
            let mut sum = vec![0.0; self.size];
            for state in states.chunks_exact(self.size) {
                sum.iter_mut().zip(state).for_each(|(sum, state)| *sum += state);
            }
            unit(&mut sum);
            sum
        })
    }

    /// The vectors of a question's word pieces, of length one, without the model's own marks at both ends.
    pub fn pieces(&self, question: &str) -> Vec<Vec<f32>> {
        let all = self.each(&[question], |_, mut states| {
            states.chunks_exact_mut(self.size).for_each(unit);
            let words = &states[self.size..states.len() - self.size];
            words.chunks_exact(self.size).map(<[f32]>::to_vec).collect::<Vec<_>>()
        });
        all.concat()
    }

    /// Each text beside the question, of which these are the [`Model::pieces`]; in their order.
    pub fn read(&self, question: &[Vec<f32>], texts: &[&str]) -> Vec<Reading> {
        self.each(texts, |places, mut states| {
            states.chunks_exact_mut(self.size).for_each(unit);
            let near = |word: &Vec<f32>| states.chunks_exact(self.size).map(|state| dot(word, state)).collect();
            Reading { places, near: question.iter().map(near).collect() }
        })
    }

    /// For each text something made of the places and vectors of its word pieces. The texts are shared out among the
    /// threads as these get done; no more vectors are held than are at work.
    fn each<T: Default + Send>(
        &self,
        texts: &[&str],
        make: impl Fn(Vec<Range<usize>>, Vec<f32>) -> T + Sync,
    ) -> Vec<T> {
        let mut pieces: Vec<Pieces> = texts.iter().map(|text| self.tokenizer.pieces(text, MAX_PIECES)).collect();
        let mut done: Vec<T> = texts.iter().map(|_| T::default()).collect();
        let mut shares = Vec::new();
        let (mut rest, mut rest_done) = (pieces.as_mut_slice(), done.as_mut_slice());
        while !rest.is_empty() {
            let sums = rest.iter().scan(0, |sum, pieces| {
                *sum += pieces.ids.len();
                Some(*sum)
            });
            let count = sums.take_while(|sum| *sum <= SHARE).count().max(1);
            shares.extend(rest.split_off_mut(..count).zip(rest_done.split_off_mut(..count)));
        }
        let threads = self.threads.get().min(shares.len());
        let shares = Mutex::new(shares.into_iter());
        let work = || {
            let next = || shares.lock().unwrap_or_else(PoisonError::into_inner).next();
            while let Some((pieces, done)) = next() {
                let ids: Vec<&[u32]> = pieces.iter().map(|pieces| pieces.ids.as_slice()).collect();
                let states = self.bert.forward(&ids);
                for ((pieces, states), done) in pieces.iter_mut().zip(states).zip(done) {
                    *done = make(std::mem::take(&mut pieces.places), states);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                // Should one not start, the others do its work.
                let _ = std::thread::Builder::new().name("minilm".into()).spawn_scoped(scope, work);
            }
            work();
        });
        done
    }
}

/// Makes a vector of length one.
fn unit(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt();
    vector.iter_mut().for_each(|number| *number /= length);
}

/// Eight sums side by side, which the compiler makes vectors of.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    // What candle 0.11 and tokenizers 0.23 made of these texts.
    const QUESTION: &str = "How long do I have to return a lamp?";
    const ACCENTS: &str = "Kaffe på Café Ångström, 5,50 €?";
    const PASSAGE: &str =
        "# Returns\nUnused goods may be returned within 60 days; we keep 25 percent of the price of curtains.";

    fn model(threads: usize) -> Model {
        let vendor = std::env::var_os("SAMTAL_VENDOR_DIR")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/vendor"), PathBuf::from);
        Model::load(&vendor.join("models/all-minilm-l6-v2"), threads.try_into().unwrap()).unwrap()
    }

    fn near(is: &[f32], should: &[f32]) {
        let off = is.iter().zip(should).map(|(is, should)| (is - should).abs()).fold(0.0, f32::max);
        assert!(off < 1e-4, "{:?} should be {should:?}", &is[..should.len()]);
    }

    #[test]
    fn the_same_pieces_as_by_tokenizers() {
        let tokenizer = model(1).tokenizer;
        let pieces = tokenizer.pieces(ACCENTS, MAX_PIECES);
        let ids = [101, 10556, 16020, 6643, 7668, 17076, 15687, 1010, 1019, 1010, 2753, 1574, 1029, 102];
        let texts = ["", "Ka", "ffe", "på", "Café", "Ång", "ström", ",", "5", ",", "50", "€", "?", ""];
        assert_eq!(pieces.ids, ids);
        assert_eq!(pieces.places.iter().map(|place| &ACCENTS[place.clone()]).collect::<Vec<_>>(), texts);
        assert_eq!(tokenizer.pieces("", MAX_PIECES).ids, [101, 102]);
        let long = tokenizer.pieces(&"unaffordableness ".repeat(300), MAX_PIECES);
        assert_eq!((long.ids.len(), long.ids[255], &long.places[255]), (256, 102, &(0..0)));
    }

    #[test]
    fn the_same_vectors_as_by_candle() {
        let model = model(2);
        let vectors = model.embed(&[QUESTION, ACCENTS, PASSAGE, ""]);
        near(
            &vectors[0],
            &[0.022865944, 0.00055467227, 0.08779666, 0.032332174, -0.0048121195, -0.022358952, -0.056866772],
        );
        near(&vectors[1], &[0.021131102, 0.00754065, 0.02930803, 0.07636156, -0.02705999, 0.022888167, 0.0480897]);
        near(&vectors[2], &[-0.014121664, 0.061309148, 0.05813826, 0.07419399, 0.037698135, 0.06004179, 0.024145901]);
        near(
            &vectors[3],
            &[-0.118838206, 0.048298713, -0.0025480308, -0.011011157, 0.051950827, 0.010291786, 0.11543321],
        );
        assert!(vectors.iter().all(|vector| vector.len() == 384 && (dot(vector, vector) - 1.0).abs() < 1e-5));
    }

    #[test]
    fn the_same_reading_as_by_candle() {
        let model = model(2);
        let question = model.pieces(QUESTION);
        assert_eq!(question.len(), 10);
        near(
            &question[0],
            &[0.03851682, -0.0011018565, 0.060946792, 0.02057292, -0.011968771, -0.06703989, -0.115207314],
        );
        let reading = model.read(&question, &[PASSAGE]).remove(0);
        assert_eq!(PASSAGE[reading.places[8].clone()], *"within");
        near(&reading.near[0], &[0.02472995, 0.011734124, 0.22551094, 0.14994186, 0.047777157, 0.46335328, 0.4416171]);
        near(&reading.near[7], &[0.13602641, -0.06976121, 0.19428079, 0.2195785, 0.09273113, 0.30584145, 0.35518676]);
        assert!(model.pieces("").is_empty());
        assert!(model.read(&[], &[PASSAGE])[0].near.is_empty());
        assert!(model.read(&question, &[]).is_empty());
    }

    #[test]
    fn not_a_bit_depends_on_the_company() {
        let long = PASSAGE.repeat(9);
        let texts = [QUESTION, "", PASSAGE, ACCENTS, &long, "a"].repeat(2);
        let (many, one) = (model(3), model(1));
        let alone: Vec<_> = texts.iter().flat_map(|text| one.embed(&[text])).collect();
        assert_eq!(many.embed(&texts), alone);
    }

    #[test]
    fn another_model_is_refused() {
        let folder = std::env::temp_dir().join(format!("minilm-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let refused = |what: &str| {
            let error = Model::load(&folder, NonZeroUsize::MIN).err().unwrap().to_string();
            assert!(error.contains(what), "{error}");
        };
        refused("config.json");
        std::fs::write(folder.join("config.json"), "{}").unwrap();
        refused("JSON");
        let config = r#"{"hidden_size": 64, "vocab_size": 9, "max_position_embeddings": 512, "num_hidden_layers": 1,
            "num_attention_heads": 2, "intermediate_size": 64, "hidden_act": "gelu", "layer_norm_eps": 1e-12}"#;
        std::fs::write(folder.join("config.json"), config).unwrap();
        std::fs::write(folder.join("tokenizer.json"), r#"{"model": {"vocab": {}}}"#).unwrap();
        refused("the tokenizer is of another kind");
        std::fs::write(folder.join("tokenizer.json"), pieces::tests::FILE).unwrap();
        std::fs::write(folder.join("model.safetensors"), [9, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        refused("cut short");
        std::fs::write(folder.join("model.safetensors"), [&[2, 0, 0, 0, 0, 0, 0, 0], b"{}".as_slice()].concat())
            .unwrap();
        refused("embeddings.word_embeddings.weight");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
