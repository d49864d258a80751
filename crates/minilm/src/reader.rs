//! The reader: the same model, trained further to read a question and a passage together (`training/`). It judges whether the passage
//! answers the question, and with which words.

use crate::bert::{Bert, Tensors};
use crate::{LoadError, MAX_PIECES, dot};
use std::ops::Range;

/// What it has learned beyond the model.
const LEARNED: &[u8] = include_bytes!("../reader.safetensors");
/// Word pieces of a question that are read.
pub(crate) const MAX_ASKED: usize = 96;
/// Most word pieces of what answers.
const MAX_WORDS: usize = 60;
/// Numbers between a passage's vectors and the judgement.
const BETWEEN: usize = 128;

/// What the reader says of a passage.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// Whether it answers: above 0 rather so, below rather not. Good for comparing.
    pub answers: f32,
    /// Where the words stand that do, in bytes of the passage.
    pub words: Range<usize>,
}

/// The model that reads.
pub(crate) struct Reader {
    pub(crate) bert: Bert,
    /// A row for each number between.
    first: Vec<f32>,
    first_bias: Vec<f32>,
    second: Vec<f32>,
    second_bias: f32,
    /// What begins the words that answer, and what ends them.
    begins: Vec<f32>,
    ends: Vec<f32>,
}

impl Reader {
    /// Makes it of the model, whose weights these are.
    pub(crate) fn load(model: &Bert, weights: &[u8], size: usize) -> Result<Self, LoadError> {
        let learned = Tensors::read(LEARNED)?;
        let turned = |matrix: &[f32], columns: usize| -> Vec<f32> {
            (0..columns).flat_map(|column| matrix.iter().skip(column).step_by(columns).copied()).collect()
        };
        let mut begins = turned(&learned.get("span", &[size, 2])?, 2);
        let ends = begins.split_off(size);
        Ok(Self {
            bert: model.with(weights, &learned)?,
            first: turned(&learned.get("answers.w1", &[2 * size, BETWEEN])?, BETWEEN),
            first_bias: learned.get("answers.b1", &[BETWEEN])?,
            second: learned.get("answers.w2", &[BETWEEN, 1])?,
            second_bias: learned.get("answers.b2", &[1])?.iter().sum(),
            begins,
            ends,
        })
    }

    /// What is said of a passage: of the vectors of both texts, the places of the passage's word pieces, and how many stand before it.
    pub(crate) fn judge(&self, states: &[f32], places: &[Range<usize>], before: usize) -> Judgement {
        let size = self.begins.len();
        let passage = || states.chunks_exact(size).skip(before);
        let mut both = states[..size].to_vec();
        let mut mean = vec![0.0; size];
        passage().for_each(|state| mean.iter_mut().zip(state).for_each(|(sum, number)| *sum += number));
        let pieces = places.len().max(1) as f32;
        both.extend(mean.iter().map(|sum| sum / pieces));
        let between = self.first.chunks_exact(2 * size).zip(&self.first_bias);
        let between: Vec<f32> = between.map(|(row, bias)| (dot(row, &both) + bias).tanh()).collect();
        let answers = dot(&between, &self.second) + self.second_bias;
        // The last piece is the model's own mark.
        let inner = places.len().saturating_sub(1);
        let score = |with: &[f32]| passage().take(inner).map(|state| dot(state, with)).collect::<Vec<_>>();
        let (begins, ends) = (score(&self.begins), score(&self.ends));
        let mut best = (f32::MIN, 0, 0);
        for (first, begin) in begins.iter().enumerate() {
            for (last, end) in ends.iter().enumerate().skip(first).take(MAX_WORDS) {
                if begin + end > best.0 {
                    best = (begin + end, first, last);
                }
            }
        }
        let words = match (places.get(best.1), places.get(best.2)) {
            (Some(first), Some(last)) if inner > 0 => first.start..last.end,
            _ => 0..0,
        };
        Judgement { answers, words }
    }
}

/// Word pieces of a passage that are read beside a question of so many, the model's own marks counted.
pub(crate) fn room(asked: usize) -> usize {
    (MAX_PIECES + 1).saturating_sub(asked)
}
