//! BERT's forward pass (Devlin and others, 2018, "BERT: Pre-training of Deep Bidirectional Transformers"), in `f32`.
//!
//! Texts stand one after the other without padding: what is done to each word piece alone is done to all of them in one
//! product of matrices, and attention within each text. No word piece of one text reaches another.

use crate::LoadError;
use crate::matrix::Matrix;
use rten_simd::{SimdOp as _, SimdUnaryOp as _};
use rten_vecmath::{Gelu, Normalize, NormalizeOptions, Softmax, Sum, SumSquareSub};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// What `config.json` says, as far as it counts here.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// Numbers in a vector.
    pub hidden_size: usize,
    /// Word pieces that the model knows.
    pub vocab_size: usize,
    /// Word pieces of the longest text.
    pub max_position_embeddings: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: String,
    layer_norm_eps: f32,
    #[serde(default = "absolute")]
    position_embedding_type: String,
}

fn absolute() -> String {
    "absolute".into()
}

/// The model's weights, as they are multiplied by.
pub struct Bert {
    config: Config,
    /// A row for each word piece, shared by models that were made of one.
    words: Arc<Vec<f32>>,
    /// A row for each place in a text; what says that it is the first of two texts is added already.
    positions: Vec<f32>,
    /// What says that it is the second, instead.
    second: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    /// Query, key and value side by side.
    attention: Matrix,
    attended: Matrix,
    attended_norm: Norm,
    widen: Matrix,
    narrow: Matrix,
    norm: Norm,
}

impl Bert {
    /// Reads the weights of a file of safetensors.
    ///
    /// # Errors
    /// [`LoadError::Unfit`] when they are not those of a model of this kind.
    pub fn load(weights: &[u8], config: Config) -> Result<Self, LoadError> {
        let file = Tensors::read(weights)?;
        let words = file.get("embeddings.word_embeddings.weight", &[config.vocab_size, config.hidden_size])?;
        Self::made(&file, None, Arc::new(words), config)
    }

    /// The same model with what was learned beyond it: products of two narrow matrices that are added to its weights (Hu and others, 2021,
    /// "LoRA: Low-Rank Adaptation of Large Language Models").
    ///
    /// # Errors
    /// As [`Bert::load`].
    pub fn with(&self, weights: &[u8], additions: &Tensors<'_>) -> Result<Self, LoadError> {
        Self::made(&Tensors::read(weights)?, Some(additions), Arc::clone(&self.words), self.config.clone())
    }

    fn made(
        file: &Tensors<'_>,
        additions: Option<&Tensors<'_>>,
        words: Arc<Vec<f32>>,
        config: Config,
    ) -> Result<Self, LoadError> {
        let Config { hidden_size: hidden, num_attention_heads: heads, intermediate_size: wide, .. } = config;
        if config.hidden_act != "gelu" || config.position_embedding_type != absolute() {
            return Err(LoadError::Unfit("a model of another kind".into()));
        }
        if heads == 0 || hidden % heads != 0 || hidden / heads % 32 != 0 || wide % 32 != 0 {
            return Err(LoadError::Unfit(format!("{hidden} numbers in {heads} heads, {wide} between")));
        }
        let mut positions =
            file.get("embeddings.position_embeddings.weight", &[config.max_position_embeddings, hidden])?;
        let kinds = match additions {
            Some(additions) => additions.get("kinds", &[2, hidden])?,
            None => file.get("embeddings.token_type_embeddings.weight", &[2, hidden])?,
        };
        let second = kinds[hidden..].iter().zip(&kinds[..hidden]).map(|(second, first)| second - first).collect();
        positions.chunks_exact_mut(hidden).for_each(|row| add(row, &kinds[..hidden]));
        let norm = |name: &str| Norm::load(file, name, &config);
        let linear = |parts: &[(&str, f32)], from, to| linear(file, additions, parts, from, to);
        let layer = |at: usize| {
            let name = |rest: &str| format!("encoder.layer.{at}.{rest}");
            // The scores of attention are divided by the root of a head's size: here once, with the query.
            let scale = ((hidden / heads) as f32).sqrt().recip();
            let parts = [("query", scale), ("key", 1.0), ("value", 1.0)];
            let parts = parts.map(|(part, scale)| (name(&format!("attention.self.{part}")), scale));
            let parts: Vec<_> = parts.iter().map(|(part, scale)| (part.as_str(), *scale)).collect();
            Ok(Layer {
                attention: linear(&parts, hidden, hidden)?,
                attended: linear(&[(&name("attention.output.dense"), 1.0)], hidden, hidden)?,
                attended_norm: norm(&name("attention.output.LayerNorm"))?,
                widen: linear(&[(&name("intermediate.dense"), 1.0)], hidden, wide)?,
                narrow: linear(&[(&name("output.dense"), 1.0)], wide, hidden)?,
                norm: norm(&name("output.LayerNorm"))?,
            })
        };
        let layers = (0..config.num_hidden_layers).map(layer).collect::<Result<_, LoadError>>()?;
        let norm = norm("embeddings.LayerNorm")?;
        Ok(Self { words, positions, second, norm, layers, config })
    }

    /// What the model makes of each word piece of these texts: for each text its pieces' vectors, one after the other. A text may be two; the
    /// second begins at the word piece that is named, or nowhere. No text may be longer than [`Config::max_position_embeddings`], no id
    /// [`Config::vocab_size`] or more.
    pub fn forward(&self, texts: &[(&[u32], usize)]) -> Vec<Vec<f32>> {
        let hidden = self.config.hidden_size;
        let mut states = Vec::with_capacity(texts.iter().map(|(ids, _)| ids.len()).sum::<usize>() * hidden);
        for (ids, second) in texts {
            for (at, (id, position)) in ids.iter().zip(self.positions.chunks_exact(hidden)).enumerate() {
                let word = &self.words[*id as usize * hidden..][..hidden];
                let begins = states.len();
                states.extend(word.iter().zip(position).map(|(word, position)| word + position));
                if at >= *second {
                    add(&mut states[begins..], &self.second);
                }
            }
        }
        self.norm.apply(&mut states);
        let lengths: Vec<usize> = texts.iter().map(|(ids, _)| ids.len() * hidden).collect();
        for layer in &self.layers {
            let attended = layer.attended.product(&self.attend(&layer.attention.product(&states), &lengths));
            add(&mut states, &attended);
            layer.attended_norm.apply(&mut states);
            let mut between = layer.widen.product(&states);
            Gelu {}.map_mut(&mut between);
            add(&mut states, &layer.narrow.product(&between));
            layer.norm.apply(&mut states);
        }
        let mut rest = states.as_slice();
        lengths.iter().filter_map(|length| rest.split_off(..*length)).map(<[f32]>::to_vec).collect()
    }

    /// Attention: for each word piece the mean of the values of its text, weighed by how well key and query agree.
    fn attend(&self, all: &[f32], lengths: &[usize]) -> Vec<f32> {
        let hidden = self.config.hidden_size;
        let head = hidden / self.config.num_attention_heads;
        let mut out = vec![0.0; all.len() / 3];
        let (mut rest, mut rest_out) = (all, out.as_mut_slice());
        for length in lengths {
            let (Some(all), Some(out)) = (rest.split_off(..3 * length), rest_out.split_off_mut(..*length)) else {
                break;
            };
            let pieces = length / hidden;
            for first in (0..hidden).step_by(head) {
                let keys = Matrix::new(head, pieces, |at, piece| all[piece * 3 * hidden + hidden + first + at]);
                let mut weights = vec![0.0; pieces * keys.width()];
                keys.multiply(&all[first..], 3 * hidden, &mut weights, keys.width());
                for row in weights.chunks_exact_mut(keys.width()) {
                    Softmax::new_mut(&mut row[..pieces]).dispatch();
                }
                let values = Matrix::new(pieces, head, |piece, at| all[piece * 3 * hidden + 2 * hidden + first + at]);
                values.multiply(&weights, keys.width(), &mut out[first..], hidden);
            }
        }
        out
    }
}

/// Linear layers of the same input side by side, each with what its weights are multiplied by.
fn linear(
    file: &Tensors<'_>,
    additions: Option<&Tensors<'_>>,
    parts: &[(&str, f32)],
    from: usize,
    to: usize,
) -> Result<Matrix, LoadError> {
    let (mut weights, mut bias) = (Vec::new(), Vec::new());
    for (name, scale) in parts {
        let mut own = file.get(&format!("{name}.weight"), &[to, from])?;
        if let Some(additions) = additions {
            additions.add_product(name, &mut own, from, to)?;
        }
        weights.extend(own.iter().map(|weight| weight * scale));
        bias.extend(file.get(&format!("{name}.bias"), &[to])?.iter().map(|bias| bias * scale));
    }
    // The file has a row for each output.
    Ok(Matrix::new(from, bias.len(), |row, column| weights[column * from + row]).with_bias(&bias))
}

/// Brings each row to mean 0 and variance 1, then to what was learned.
struct Norm {
    scale: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

impl Norm {
    fn load(file: &Tensors<'_>, name: &str, config: &Config) -> Result<Self, LoadError> {
        let part = |part: &str| file.get(&format!("{name}.{part}"), &[config.hidden_size]);
        Ok(Self { scale: part("weight")?, bias: part("bias")?, epsilon: config.layer_norm_eps })
    }

    fn apply(&self, states: &mut [f32]) {
        let size = self.scale.len();
        for row in states.chunks_exact_mut(size) {
            let mean = Sum::new(row).dispatch() / size as f32;
            let variance = SumSquareSub::new(row, mean).dispatch() / size as f32;
            let options = NormalizeOptions {
                pre_scale_bias: mean,
                scale: (variance + self.epsilon).sqrt().recip(),
                element_scale: Some(&self.scale),
                element_bias: Some(&self.bias),
                ..NormalizeOptions::default()
            };
            Normalize::new_mut(row, options).dispatch();
        }
    }
}

fn add(to: &mut [f32], what: &[f32]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += what);
}

/// A file of safetensors: the length of a header, the header as JSON, the numbers
/// (<https://github.com/huggingface/safetensors>, "Format").
pub struct Tensors<'a> {
    header: Value,
    numbers: &'a [u8],
}

impl<'a> Tensors<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`LoadError`] for what is no such file.
    pub fn read(file: &'a [u8]) -> Result<Self, LoadError> {
        let cut = || LoadError::Unfit("the weights are cut short".into());
        let (length, rest) = file.split_first_chunk().ok_or_else(cut)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| cut())?;
        let (header, numbers) = rest.split_at_checked(length).ok_or_else(cut)?;
        Ok(Self { header: serde_json::from_slice(header)?, numbers })
    }

    /// The numbers of that name, of 32 bits or of the upper half of these.
    ///
    /// # Errors
    /// [`LoadError::Unfit`] when they are not of this shape.
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LoadError> {
        let entry = &self.header[name];
        let place = |at: usize| usize::try_from(entry["data_offsets"][at].as_u64()?).ok();
        let numbers = place(0).zip(place(1)).and_then(|(from, to)| self.numbers.get(from..to)).unwrap_or_default();
        let half = entry["dtype"] == "BF16";
        let fits = numbers.len() == if half { 2 } else { 4 } * shape.iter().product::<usize>();
        if !fits || !(half || entry["dtype"] == "F32") || entry["shape"] != json!(shape) {
            return Err(LoadError::Unfit(format!("the weights `{name}` are not {shape:?} numbers")));
        }
        Ok(match half {
            true => {
                numbers.as_chunks().0.iter().map(|n| f32::from_bits(u32::from(u16::from_le_bytes(*n)) << 16)).collect()
            }
            false => numbers.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number)).collect(),
        })
    }

    /// Adds to weights, a row for each output, the product of the two narrow matrices under this name.
    fn add_product(&self, name: &str, weights: &mut [f32], from: usize, to: usize) -> Result<(), LoadError> {
        let short = name.trim_start_matches("encoder.layer.");
        let rank = self.header[format!("{short}.B")]["shape"][0].as_u64().and_then(|rank| usize::try_from(rank).ok());
        let rank = rank.unwrap_or_default();
        let (first, second) =
            (self.get(&format!("{short}.A"), &[from, rank])?, self.get(&format!("{short}.B"), &[rank, to])?);
        // Turned, so that both are read in a straight line.
        let columns: Vec<Vec<f32>> =
            (0..rank).map(|middle| first.iter().skip(middle).step_by(rank).copied().collect()).collect();
        for (output, row) in weights.chunks_exact_mut(from).enumerate() {
            for (middle, column) in columns.iter().enumerate() {
                let by = second[middle * to + output];
                row.iter_mut().zip(column).for_each(|(weight, number)| *weight += by * number);
            }
        }
        Ok(())
    }
}
