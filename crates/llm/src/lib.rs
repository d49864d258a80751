#![doc = include_str!("../README.md")]

mod ask;
mod breaker;
mod budget;
mod call;
mod embed;
mod error;
mod fault;
mod image;
mod models;
mod prices;
mod spent;
mod thinking;
mod try_out;
mod usage;
mod wire;

pub use ask::{Ask, Piece, Pieces, Round, Said, Speaker, Tool, ToolCall, Turn};
pub use budget::TellOfBudget;
pub use embed::{ASKING, FollowSearchModel, MOST_TEXTS, Meant, SearchModels, Vectors};
pub use error::LlmError;
pub use image::{Image, MOST_IMAGE, MOST_IMAGES, MOST_SIDE};
pub use models::{Key, MAX_MODELS, ModelChange, NewModel};
pub use outbound::{Outbound, OutboundError, Patience};
pub use prices::MAX_PRICES;
pub use spent::Spent;
pub use usage::{KEPT_MONTHS, MAX_CONVERSATIONS, MAX_DAYS, Span, month};
pub use wire::{MOST_CALLED, MOST_CALLS};

use breaker::Breaker;
use model::TenantId;
use shares::{Place, Places, Waiting};
use std::sync::Arc;
use std::time::Duration;
use store::Services;
use store::sealing::Sealer;
use thinking::Thinkers;

/// Until an answer begins, and from one piece to the next; and from the question to its end, whichever models are asked.
const PATIENCE: Patience = Patience { idle: Duration::from_secs(30), whole: Duration::from_secs(120) };
/// Before the second try of a model; twice as long before the third, and up to half as long again by chance.
const PAUSE: Duration = Duration::from_millis(300);
/// Questions that are asked at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calls {
    /// By this process.
    pub total: usize,
    /// For one tenant.
    pub each: usize,
}

impl Default for Calls {
    fn default() -> Self {
        Self { total: 64, each: 4 }
    }
}

/// Those that wait for it, for as long as an answer may take to begin.
const LINE: Waiting = Waiting { total: 1_024, per_key: 64 };

/// The capability: everything that it needs, and its use cases as methods.
#[derive(Debug, Clone)]
pub struct Llm {
    services: Services,
    outbound: Outbound,
    sealer: Sealer,
    breaker: Breaker,
    thinkers: Thinkers,
    /// Those who ask.
    calls: Places<TenantId>,
    /// Those whose questions, and whose passages, a model for the search reads.
    questions: Places<TenantId>,
    passages: Places<TenantId>,
    patience: Patience,
    /// How long trying a model out may take.
    tried_within: Duration,
    pause: Duration,
}

/// Places for those who ask.
fn places(calls: Calls) -> Places<TenantId> {
    Places::new(calls.total, calls.each, LINE)
}

impl Llm {
    /// Models over the services of this process, asked by these requests, their keys sealed by this.
    pub fn new(services: Services, outbound: Outbound, sealer: Sealer) -> Self {
        let reading = |(total, each)| Places::new(total, each, embed::LINE);
        Self {
            services,
            outbound,
            sealer,
            breaker: Breaker::default(),
            thinkers: Thinkers::default(),
            calls: places(Calls::default()),
            questions: reading(embed::QUESTIONS),
            passages: reading(embed::PASSAGES),
            patience: PATIENCE,
            tried_within: try_out::PATIENCE,
            pause: PAUSE,
        }
    }

    /// The same that asks so many at once.
    pub fn with_calls(self, calls: Calls) -> Self {
        Self { calls: places(calls), ..self }
    }

    /// The same that has tried a model out before a request ends of so long at most.
    pub fn before_requests_end(self, after: Duration) -> Self {
        Self { tried_within: try_out::PATIENCE.min(after / 3 * 2), ..self }
    }

    /// The same with another patience, and another pause before the second try.
    pub fn with_patience(self, patience: Patience, pause: Duration) -> Self {
        Self { patience, pause, ..self }
    }

    /// A place among those who ask, waited for by turns with other tenants.
    async fn enter(&self, tenant: TenantId) -> Result<Arc<Place<TenantId>>, LlmError> {
        match tokio::time::timeout(self.patience.idle, self.calls.enter(tenant)).await {
            Ok(Ok(place)) => Ok(Arc::new(place)),
            _ => Err(LlmError::Busy),
        }
    }
}
