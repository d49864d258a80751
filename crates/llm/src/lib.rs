#![doc = include_str!("../README.md")]

mod ask;
mod breaker;
mod budget;
mod call;
mod error;
mod fault;
mod models;
mod try_out;
mod usage;
mod wire;

pub use ask::{Ask, Piece, Pieces, Said, Speaker, Turn};
pub use error::LlmError;
pub use models::{Key, MAX_MODELS, ModelChange, NewModel};
pub use outbound::{Outbound, OutboundError, Patience};
pub use usage::MAX_DAYS;

use breaker::Breaker;
use model::TenantId;
use shares::{Place, Places, Waiting};
use std::sync::Arc;
use std::time::Duration;
use store::Services;
use store::sealing::Sealer;

/// Until an answer begins, and from one piece to the next; and from the question to its end, whichever models are asked.
const PATIENCE: Patience = Patience { idle: Duration::from_secs(30), whole: Duration::from_secs(120) };
/// Before the second try of a model; twice as long before the third, and up to half as long again by chance.
const PAUSE: Duration = Duration::from_millis(300);
/// Questions that are asked at once, by this process and for one tenant.
const CALLS: (usize, usize) = (64, 4);
/// Those that wait for it, for as long as an answer may take to begin.
const LINE: Waiting = Waiting { total: 1_024, per_key: 64 };

/// The capability: everything that it needs, and its use cases as methods.
#[derive(Debug, Clone)]
pub struct Llm {
    services: Services,
    outbound: Outbound,
    sealer: Sealer,
    breaker: Breaker,
    /// Those who ask.
    calls: Places<TenantId>,
    patience: Patience,
    pause: Duration,
}

impl Llm {
    /// Models over the services of this process, asked by these requests, their keys sealed by this.
    pub fn new(services: Services, outbound: Outbound, sealer: Sealer) -> Self {
        let calls = Places::new(CALLS.0, CALLS.1, LINE);
        Self { services, outbound, sealer, breaker: Breaker::default(), calls, patience: PATIENCE, pause: PAUSE }
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
