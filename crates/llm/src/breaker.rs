//! Models that do not answer are left alone for a while: after five failures in a row nobody asks one for half a minute, then one
//! question tries it. In this process alone, and for one tenant: another's key may be good.

use model::{ModelId, TenantId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use time::{Duration, OffsetDateTime};

/// Failures in a row after which a model is left alone.
const FAILURES: u32 = 5;
/// For how long.
const ALONE: Duration = Duration::seconds(30);

/// Whose, and which.
pub(crate) type Of = (TenantId, ModelId);

/// Those that have failed last. A copy is the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Breaker(Arc<Mutex<HashMap<Of, State>>>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    until: Option<OffsetDateTime>,
    /// Whether a question tries it.
    tried: bool,
}

/// Leave to ask a model. Dropped without a word it says nothing of it.
#[derive(Debug)]
pub(crate) struct Pass {
    breaker: Breaker,
    of: Of,
    /// Whether it is the one that tries.
    tries: bool,
}

impl Breaker {
    /// Leave to ask a model.
    ///
    /// # Errors
    /// The seconds for which it is left alone.
    pub(crate) fn enter(&self, of: Of, now: OffsetDateTime) -> Result<Pass, u32> {
        let mut states = self.lock();
        let waits = states.get_mut(&of).and_then(|state| state.until.map(|until| (state, until)));
        let tries = waits.is_some();
        if let Some((state, until)) = waits {
            if now < until || state.tried {
                return Err(u32::try_from((until - now).whole_seconds()).unwrap_or_default().max(1));
            }
            state.tried = true;
        }
        drop(states);
        Ok(Pass { breaker: self.clone(), of, tries })
    }

    /// It has given no answer, or none in time.
    pub(crate) fn failed(&self, of: Of, now: OffsetDateTime) {
        let mut states = self.lock();
        let state = states.entry(of).or_default();
        state.failures += 1;
        if state.failures >= FAILURES {
            state.until = Some(now + ALONE);
        }
    }

    /// It is another one now, or works.
    pub(crate) fn forget(&self, of: Of) {
        self.lock().remove(&of);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Of, State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// It has answered.
    pub(crate) fn worked(self) {
        self.breaker.forget(self.of);
    }

    /// It has not.
    pub(crate) fn failed(self, now: OffsetDateTime) {
        self.breaker.failed(self.of, now);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.tries
            && let Some(state) = self.breaker.lock().get_mut(&self.of)
        {
            state.tried = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn of(model: u128) -> Of {
        (TenantId::from_uuid(Uuid::from_u128(1)), ModelId::from_uuid(Uuid::from_u128(model)))
    }

    fn fails(breaker: &Breaker, now: OffsetDateTime, times: u32) {
        for _ in 0..times {
            breaker.enter(of(1), now).unwrap().failed(now);
        }
    }

    #[test]
    fn after_five_failures_in_a_row_it_is_left_alone_and_then_tried_by_one() {
        let (breaker, mut now) = (Breaker::default(), OffsetDateTime::UNIX_EPOCH);
        fails(&breaker, now, 4);
        breaker.enter(of(1), now).unwrap().worked();
        fails(&breaker, now, 5);
        assert_eq!(breaker.enter(of(1), now).err(), Some(30));
        assert!(breaker.enter(of(2), now).is_ok(), "another one");
        now += ALONE;
        let tries = breaker.enter(of(1), now).unwrap();
        assert_eq!(breaker.enter(of(1), now).err(), Some(1), "one tries it");
        // Gone without a word: the next one tries.
        drop(tries);
        breaker.enter(of(1), now).unwrap().failed(now);
        assert_eq!(breaker.enter(of(1), now).err(), Some(30), "one failure is enough now");
        now += ALONE;
        breaker.enter(of(1), now).unwrap().worked();
        fails(&breaker, now, 4);
        assert!(breaker.enter(of(1), now).is_ok());
        fails(&breaker, now, 1);
        breaker.forget(of(1));
        assert!(breaker.enter(of(1), now).is_ok());
        breaker.forget(of(1));
        assert!(breaker.lock().is_empty());
    }
}
