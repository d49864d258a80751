//! What was done for an answer, and how long each part of it took.

use knowledge::Beside;
use model::receipt::{Step, StepKind};
use std::time::{Duration, Instant};
use words::Text;

/// The steps so far.
#[derive(Debug)]
pub(crate) struct Steps {
    done: Vec<Step>,
    /// When the last one ended.
    since: Instant,
    /// How long a search model of the tenant's own was waited for, in all that was searched.
    waited: Duration,
    /// Whether it has not answered once.
    down: bool,
}

impl Steps {
    pub fn begin() -> Self {
        Self { done: Vec::new(), since: Instant::now(), waited: Duration::ZERO, down: false }
    }

    /// Whether a search model of the tenant's own is asked, too, for what is searched next: one question is searched many times, and waits for
    /// it no longer than it may take twice. Not after it has not answered, nor where it was waited for as long as it may take once.
    pub fn asks_beside(&self) -> bool {
        !self.down && self.waited < llm::ASKING
    }

    /// What a search model had to do with what was searched, and how long it was waited for.
    pub fn waited(&mut self, beside: &Beside, took: Duration) {
        self.waited += took;
        self.down |= matches!(beside, Beside::Down(_));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_model_is_asked_until_it_has_had_its_time_or_has_not_answered() {
        let mut steps = Steps::begin();
        let short = llm::ASKING - Duration::from_millis(1);
        for (took, asks) in [(short, true), (short, false)] {
            steps.waited(&Beside::Used, took);
            assert_eq!(steps.asks_beside(), asks);
        }
        let mut steps = Steps::begin();
        steps.waited(&Beside::None, Duration::ZERO);
        assert!(steps.asks_beside());
        steps.waited(&Beside::Down(Text::plain("Not now.")), Duration::ZERO);
        assert!(!steps.asks_beside());
    }
}
