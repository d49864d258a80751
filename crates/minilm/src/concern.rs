//! Whether a question could concern a company at all, or asks for a poem, the weather, the meaning of life: a line through the vectors of
//! meaning, learned from questions of both kinds (`training/concern.py`). It knows no company: what this one's documents say of the
//! question is for others to judge.

use crate::bert::Tensors;
use crate::{LoadError, dot};

/// What it has learned.
const LEARNED: &[u8] = include_bytes!("../concern.safetensors");

/// The line.
pub(crate) struct Concern {
    weight: Vec<f32>,
    bias: f32,
}

impl Concern {
    /// Reads it, for vectors of so many numbers.
    pub(crate) fn load(size: usize) -> Result<Self, LoadError> {
        let learned = Tensors::read(LEARNED)?;
        Ok(Self { weight: learned.get("weight", &[size])?, bias: learned.get("bias", &[1])?.iter().sum() })
    }

    /// Above 0 it could.
    pub(crate) fn judge(&self, vector: &[f32]) -> f32 {
        dot(&self.weight, vector) + self.bias
    }
}
