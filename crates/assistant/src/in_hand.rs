//! Which conversations are being answered by this process: one job stands for all that is said in one meanwhile.
//!
//! *Guarantees:* of two jobs of one conversation the later one ends at once, where the earlier one has time for one more answer and looks once more
//! after it; so nothing is asked of a model twice, and nobody sees two drafts at once. Where the earlier one fails, its next try stands for both.
//! *Not:* across processes: there what one has said the other one sees (`Reply::Again`).

use model::ConversationId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::{Duration, Instant};

/// Those that are being answered. A copy is the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct InHand(Arc<Mutex<HashMap<ConversationId, State>>>);

#[derive(Debug)]
struct State {
    /// When its time is over.
    until: Instant,
    /// Whether another job has ended since it looked.
    again: bool,
}

/// That somebody is at it. Dropped, nobody is.
#[derive(Debug)]
pub(crate) struct Hand {
    all: InHand,
    /// Nothing for one that works beside another.
    of: Option<ConversationId>,
}

impl InHand {
    /// Begins with a conversation; nothing, where somebody is at it who looks once more and has so much time left then.
    pub fn take(&self, of: ConversationId, until: Instant, least: Duration) -> Option<Hand> {
        let mut all = self.lock();
        match all.get_mut(&of) {
            Some(state) if state.until.saturating_duration_since(Instant::now()) >= least => {
                state.again = true;
                None
            }
            Some(_) => Some(Hand { all: self.clone(), of: None }),
            None => {
                all.insert(of, State { until, again: false });
                Some(Hand { all: self.clone(), of: Some(of) })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConversationId, State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hand {
    /// Whether nothing is left to look at: then nobody is at it from now on.
    pub fn is_over(&mut self) -> bool {
        let Some(of) = self.of else { return true };
        let mut all = self.all.lock();
        if all.get_mut(&of).is_some_and(|state| std::mem::take(&mut state.again)) {
            return false;
        }
        all.remove(&of);
        drop(all);
        self.of = None;
        true
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        if let Some(of) = self.of {
            self.all.lock().remove(&of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const LEAST: Duration = Duration::from_secs(60);

    #[test]
    fn one_stands_for_all_and_looks_once_more() {
        let (all, until) = (InHand::default(), Instant::now() + LEAST * 2);
        let of = |n| ConversationId::from_uuid(Uuid::from_u128(n));
        let mut first = all.take(of(1), until, LEAST).unwrap();
        assert!(all.take(of(2), until, LEAST).is_some(), "another one");
        assert!(all.take(of(1), until, LEAST).is_none());
        assert!(!first.is_over() && first.is_over());
        // Whoever comes now is at it, and the one before takes nothing from it when it goes.
        let second = all.take(of(1), until, LEAST).unwrap();
        assert!(first.is_over());
        drop(first);
        assert!(all.take(of(1), until, LEAST).is_none());
        // Cut off in the middle.
        drop(second);
        assert!(all.lock().is_empty());
        // One that has no time left has another beside it.
        let _late = all.take(of(1), Instant::now(), LEAST).unwrap();
        let mut beside = all.take(of(1), until, LEAST).unwrap();
        assert!(beside.is_over());
        drop(beside);
        assert_eq!(all.lock().len(), 1);
    }
}
