//! Whether a question could concern a company at all, or asks for a poem, the weather, the meaning of life: a line through the vectors of
//! meaning and the word pieces that are there, learned from questions of both kinds (`training/concern.py`). It knows no company: what this
//! one's documents say of the question is for others to judge.

use crate::bert::Tensors;
use crate::{LoadError, dot};
use std::collections::BTreeSet;

/// What it has learned.
const LEARNED: &[u8] = include_bytes!("../concern.safetensors");

/// The line.
pub(crate) struct Concern {
    weight: Vec<f32>,
    /// For each word piece of the model one.
    pieces: Vec<f32>,
    bias: f32,
}

impl Concern {
    /// Reads it, for vectors of so many numbers, and a model that knows so many word pieces.
    pub(crate) fn load(size: usize, pieces: usize) -> Result<Self, LoadError> {
        let learned = Tensors::read(LEARNED)?;
        let (weight, pieces) = (learned.get("weight", &[size])?, learned.get("pieces", &[pieces])?);
        Ok(Self { weight, pieces, bias: learned.get("bias", &[1])?.iter().sum() })
    }

    /// Above 0 it could. A piece that stands there twice counts once.
    pub(crate) fn judge(&self, vector: &[f32], pieces: &[u32]) -> f32 {
        let there: BTreeSet<usize> = pieces.iter().filter_map(|piece| usize::try_from(*piece).ok()).collect();
        let said: f32 = there.into_iter().filter_map(|piece| self.pieces.get(piece)).sum();
        dot(&self.weight, vector) + said + self.bias
    }
}
