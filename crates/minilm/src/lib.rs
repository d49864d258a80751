//! all-MiniLM-L6-v2: from text to vectors of meaning, computed here, without a network.
//!
//! A model with its tokenizer in some seven hundred lines. Once loaded nothing can fail. The same texts give the same
//! vectors on the same machine, whatever they are computed together with.

pub mod bert;
mod concern;
mod matrix;
pub mod pieces;
mod reader;

pub use reader::Judgement;

use bert::{Bert, Config};
use concern::Concern;
use pieces::{Pieces, Tokenizer};
use reader::Reader;
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

/// The model.
pub struct Model {
    bert: Bert,
    reader: Reader,
    concern: Concern,
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
        let (size, pieces) = (config.hidden_size, config.vocab_size);
        let weights = read("model.safetensors")?;
        let bert = Bert::load(&weights, config)?;
        Ok(Self {
            reader: Reader::load(&bert, &weights, size)?,
            concern: Concern::load(size, pieces)?,
            bert,
            tokenizer,
            size,
            threads,
        })
    }

    /// How many threads compute at a time, for each call.
    pub fn threads(&self) -> usize {
        self.threads.get()
    }

    /// The mean of the word pieces' vectors, of length one, as the model was trained (sentence-transformers,
    /// all-MiniLM-L6-v2, "Usage"); for each text one, in their order.
    pub fn embed(&self, texts: &[&str]) -> Vec<Vec<f32>> {
        let texts = texts.iter().map(|text| Text::one(self.tokenizer.pieces(text, MAX_PIECES))).collect();
        self.each(&self.bert, texts, |_, states| {
            let mut sum = vec![0.0; self.size];
            for state in states.chunks_exact(self.size) {
                sum.iter_mut().zip(state).for_each(|(sum, state)| *sum += state);
            }
            unit(&mut sum);
            sum
        })
    }

    /// Whether a word, in small letters, is one that the model knows as a whole: the commonest are.
    pub fn knows(&self, word: &str) -> bool {
        self.tokenizer.pieces(word, MAX_PIECES).ids.len() == 3
    }

    /// Whether a question could concern a company at all, from its words alone: above 0 rather so, below rather not. Good for comparing.
    pub fn concerns(&self, question: &str) -> f32 {
        let pieces = self.tokenizer.pieces(question, MAX_PIECES).ids;
        self.embed(&[question]).first().map_or(0.0, |vector| self.concern.judge(vector, &pieces))
    }

    /// What each of these passages says to the question; in their order.
    pub fn judge(&self, question: &str, passages: &[&str]) -> Vec<Judgement> {
        let asked = self.tokenizer.pieces(question, reader::MAX_ASKED + 2);
        let room = reader::room(asked.ids.len());
        let texts = passages.iter().map(|text| Text::two(&asked, self.tokenizer.pieces(text, room))).collect();
        self.each(&self.reader.bert, texts, |text, states| self.reader.judge(&states, &text.places, text.second))
    }

    /// For each text something made of it and the vectors of its word pieces. The texts are shared out among the
    /// threads as these get done; no more vectors are held than are at work.
    fn each<T: Default + Send>(
        &self,
        bert: &Bert,
        mut texts: Vec<Text>,
        make: impl Fn(&Text, Vec<f32>) -> T + Sync,
    ) -> Vec<T> {
        let mut done: Vec<T> = texts.iter().map(|_| T::default()).collect();
        let mut shares = Vec::new();
        let (mut rest, mut rest_done) = (texts.as_mut_slice(), done.as_mut_slice());
        while !rest.is_empty() {
            let sums = rest.iter().scan(0, |sum, text| {
                *sum += text.ids.len();
                Some(*sum)
            });
            let count = sums.take_while(|sum| *sum <= SHARE).count().max(1);
            shares.extend(rest.split_off_mut(..count).zip(rest_done.split_off_mut(..count)));
        }
        let threads = self.threads.get().min(shares.len());
        let shares = Mutex::new(shares.into_iter());
        let work = || {
            let next = || shares.lock().unwrap_or_else(PoisonError::into_inner).next();
            while let Some((texts, done)) = next() {
                let pairs: Vec<(&[u32], usize)> = texts.iter().map(|text| (text.ids.as_slice(), text.second)).collect();
                for ((text, states), done) in texts.iter().zip(bert.forward(&pairs)).zip(done) {
                    *done = make(text, states);
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

/// Word pieces that are computed together: of one text, or of two.
struct Text {
    ids: Vec<u32>,
    /// Where those of the last text stand.
    places: Vec<Range<usize>>,
    /// Where the second text begins.
    second: usize,
}

impl Text {
    fn one(pieces: Pieces) -> Self {
        Self { second: pieces.ids.len(), ids: pieces.ids, places: pieces.places }
    }

    /// A question and a passage, with one mark between.
    fn two(asked: &Pieces, passage: Pieces) -> Self {
        let ids = asked.ids.iter().chain(passage.ids.iter().skip(1)).copied().collect();
        Self { second: asked.ids.len(), ids, places: passage.places.into_iter().skip(1).collect() }
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

    const JUDGED: [f32; 3] = [-4.434905, -8.515543, -8.503058];

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
    fn the_same_judgement_as_where_it_was_trained() {
        let model = model(2);
        let judged = model.judge(QUESTION, &[PASSAGE, "Opening hours\nWe are open from nine to five.", ""]);
        // What JAX made of them.
        let (judged, words): (Vec<f32>, Vec<_>) = judged.into_iter().map(|j| (j.answers, j.words)).unzip();
        near(&judged, &JUDGED);
        assert_eq!((&PASSAGE[words[0].clone()], &words[2]), ("within 60 days", &(0..0)));
        assert!(model.judge(QUESTION, &[]).is_empty());
    }

    #[test]
    fn what_concerns_a_company_is_told_from_what_concerns_none() {
        let model = model(1);
        // What scikit-learn made of it; what it learned of word pieces is kept in half as many bits.
        assert!((model.concerns(QUESTION) - 3.2101586).abs() < 0.02, "{}", model.concerns(QUESTION));
        for (question, concerns) in [
            ("can i bring my parrot", true),
            ("Wie lange ist die Garantie?", true),
            ("Write a poem about lamps.", false),
            ("Wer hat die Lampe erfunden?", false),
        ] {
            assert_eq!(model.concerns(question) > 0.0, concerns, "{question}: {}", model.concerns(question));
        }
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
