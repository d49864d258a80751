//! What was done for an answer, and how long each part of it took.

use model::receipt::{Step, StepKind};
use std::time::Instant;
use words::Text;

/// The steps so far.
#[derive(Debug)]
pub(crate) struct Steps {
    done: Vec<Step>,
    /// When the last one ended.
    since: Instant,
}

impl Steps {
    pub fn begin() -> Self {
        Self { done: Vec::new(), since: Instant::now() }
    }

    /// Notes what ends now.
    pub fn note(&mut self, step: StepKind, what: Text) {
        let now = Instant::now();
        let took_ms = u64::try_from(now.duration_since(self.since).as_millis()).unwrap_or(u64::MAX);
        self.since = now;
        self.done.push(Step { step, took_ms, what });
    }

    pub fn all(self) -> Vec<Step> {
        self.done
    }
}
