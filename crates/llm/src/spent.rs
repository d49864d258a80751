//! What all calls for one answer have used and cost together: those that came to nothing among them, for a provider may bill these as well.

use model::llm::{Micros, Usage};
use std::sync::{Arc, Mutex, PoisonError};

/// What calls have used and cost together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// How many there were.
    pub calls: u32,
    /// What they have used.
    pub usage: Usage,
    /// What that costs; none where none of their models has prices.
    pub cost: Option<Micros>,
}

impl Spent {
    /// These and others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let (one, more) = (self.usage, other.usage);
        let usage = Usage {
            input: one.input.saturating_add(more.input),
            cached: one.cached.saturating_add(more.cached),
            output: one.output.saturating_add(more.output),
        };
        let cost = match (self.cost, other.cost) {
            (Some(one), Some(more)) => Some(Micros(one.0.saturating_add(more.0))),
            (one, more) => one.or(more),
        };
        Self { calls: self.calls.saturating_add(other.calls), usage, cost }
    }
}

/// A sum that counts also what is let go in the middle.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<Spent>>);

impl Tally {
    /// One more call.
    pub(crate) fn count(&self, usage: Usage, cost: Option<Micros>) {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *spent = spent.and(Spent { calls: 1, usage, cost });
    }

    /// All so far.
    pub(crate) fn spent(&self) -> Spent {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_with_and_without_prices_are_summed() {
        let usage = |n| Usage { input: n, cached: n / 2, output: n };
        let tally = Tally::default();
        assert_eq!(tally.spent(), Spent::default());
        tally.clone().count(usage(10), None);
        assert_eq!(tally.spent(), Spent { calls: 1, usage: usage(10), cost: None });
        tally.count(usage(20), Some(Micros(5)));
        tally.count(usage(u64::MAX), Some(Micros(2)));
        let all = tally.spent();
        assert_eq!((all.calls, all.usage.input, all.cost), (3, u64::MAX, Some(Micros(7))));
        assert_eq!(all.and(Spent::default()), all);
    }
}
