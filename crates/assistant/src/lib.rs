#![doc = include_str!("../README.md")]

mod answer;
mod asking;
mod check;
mod codes;
mod composed;
mod counted;
mod drafts;
mod error;
mod evaluations;
mod follow_up;
mod in_hand;
mod intents;
mod look;
mod manner;
mod mask;
pub mod measure;
mod memory;
mod personalities;
mod prompt;
mod receipts;
mod replay;
mod reply;
mod rewrite;
mod rounds;
mod sentences;
mod signed;
mod simple;
mod steps;
mod tools;
mod weigh;
mod wider;
mod writing;

pub use answer::{NEAREST, REFUSAL};
pub use composed::Made;
pub use drafts::{Draft, Drafts, Watcher};
pub use error::AssistantError;
pub use evaluations::{EvaluationError, MOST_BYTES, MOST_QUESTIONS, RunEvaluation, read_questions};
pub use look::Picture;
pub use memory::RememberTalk;
pub use personalities::{MAX_PERSONALITIES, MAX_VERSIONS, VERSIONS_OF_A_PAGE};
pub use receipts::{COUNTED, KEPT, MOST, MOST_OF_A_PAGE, Verified};
pub use reply::Answering;
pub use signed::{NotVerified, SignedText, verify_signed};
pub use tools::{MAX_TOOLS, NewTool, ToolChange};

use knowledge::Knowledge;
use llm::Llm;
use model::TenantId;
use shares::{Places, Waiting};
use std::time::Duration;
use store::Services;
use store::sealing::Sealer;
use store::secret_key::{DerivedKey, SecretKey};
use store::signing::Signer;
use tools::Tools;

/// The capability: answers over what a tenant knows.
#[derive(Debug, Clone)]
pub struct Assistant {
    knowledge: Knowledge,
    models: Option<Models>,
    /// What calls the tools of tenants.
    tools: Option<Tools>,
    /// How long models may take where a request waits for them.
    patience: Duration,
    /// What intents mean.
    meanings: intents::Meanings,
    /// Those whose measurements are being compared.
    comparing: Places<TenantId>,
    /// The conversations that are being answered.
    in_hand: in_hand::InHand,
}

/// Comparisons that are computed at once, one of a tenant; and those that wait.
const COMPARING: usize = 2;
const COMPARING_LINE: Waiting = Waiting { total: 64, per_key: 8 };

/// What writes answers, and where it is kept what they were made of.
#[derive(Debug, Clone)]
struct Models {
    services: Services,
    llm: Llm,
    /// What receipts are authenticated with.
    key: DerivedKey,
    /// What signs those that are given away.
    signer: Signer,
}

impl Assistant {
    /// An assistant that reads this, and tells what stands there.
    pub fn new(knowledge: Knowledge) -> Self {
        Self {
            knowledge,
            models: None,
            tools: None,
            patience: composed::PATIENCE,
            meanings: intents::Meanings::default(),
            comparing: Places::new(COMPARING, 1, COMPARING_LINE),
            in_hand: in_hand::InHand::default(),
        }
    }

    /// The same whose models have answered before a request ends of so long at most.
    pub fn before_requests_end(self, after: Duration) -> Self {
        Self { patience: composed::PATIENCE.min(after / 3 * 2), ..self }
    }

    /// The same, that has the models of its tenants write, and keeps receipts.
    pub fn with_models(self, services: Services, llm: Llm, secret: &SecretKey, sealer: Sealer) -> Self {
        let (key, signer) = (secret.derive("assistant/receipt/1"), Signer::new(sealer, "assistant/receipt/signed/1"));
        Self { models: Some(Models { services, llm, key, signer }), ..self }
    }
}
