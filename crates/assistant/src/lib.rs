#![doc = include_str!("../README.md")]

mod answer;
mod check;
mod codes;
mod composed;
mod follow_up;
mod prompt;
mod receipts;
mod reply;
mod sentences;
mod steps;
mod wishes;

pub use answer::{NEAREST, REFUSAL};
pub use composed::Made;
pub use prompt::MAX_INSTRUCTION;
pub use receipts::KEPT;
pub use reply::Answering;

use knowledge::Knowledge;
use llm::Llm;
use store::Services;
use store::secret_key::{DerivedKey, SecretKey};

/// The capability: answers over what a tenant knows.
#[derive(Debug, Clone)]
pub struct Assistant {
    knowledge: Knowledge,
    models: Option<Models>,
}

/// What writes answers, and where it is kept what they were made of.
#[derive(Debug, Clone)]
struct Models {
    services: Services,
    llm: Llm,
    /// What receipts are authenticated with.
    key: DerivedKey,
}

impl Assistant {
    /// An assistant that reads this, and tells what stands there.
    pub fn new(knowledge: Knowledge) -> Self {
        Self { knowledge, models: None }
    }

    /// The same, that has the models of its tenants write, and keeps receipts.
    pub fn with_models(self, services: Services, llm: Llm, secret: &SecretKey) -> Self {
        Self { models: Some(Models { services, llm, key: secret.derive("assistant/receipt/1") }), ..self }
    }
}
