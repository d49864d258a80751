#![doc = include_str!("../README.md")]

mod answer;
mod codes;
mod follow_up;
mod reply;
mod sentences;

pub use answer::{NEAREST, REFUSAL};
pub use reply::Answering;

use knowledge::Knowledge;

/// The capability: answers over what a tenant knows.
#[derive(Debug, Clone)]
pub struct Assistant {
    knowledge: Knowledge,
}

impl Assistant {
    /// An assistant that reads this.
    pub fn new(knowledge: Knowledge) -> Self {
        Self { knowledge }
    }
}
