//! Models that do not answer are left alone for a while: after five failures in a row nobody asks one for half a minute, then one
//! question tries it. One that says for how long it takes no more is asked by nobody until then. In this process alone, and for one tenant:
//! another's key may be good.

use model::{ModelId, TenantId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use time::{Duration, OffsetDateTime};

/// Failures in a row after which a model is left alone.
const FAILURES: u32 = 5;
/// For how long.
const ALONE: Duration = Duration::seconds(30);
/// The longest for which one is left alone that says how long, in seconds: ten minutes.
const LONGEST_S: u32 = 600;

/// Most models of which it is known. Where there are more, those that are not left alone just now are forgotten.
const KNOWN: usize = 10_000;

/// Whose, and which.
pub(crate) type Of = (TenantId, ModelId);

/// Those that have failed last. A copy is the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Breaker(Arc<Mutex<HashMap<Of, State>>>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Until when it is left alone, since it has failed.
    until: Option<OffsetDateTime>,
    /// Until when it has said that it takes no more.
    said: Option<OffsetDateTime>,
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
        let rest = |until: OffsetDateTime| u32::try_from((until - now).whole_seconds()).unwrap_or_default().max(1);
        let mut states = self.lock();
        let mut tries = false;
        if let Some(state) = states.get_mut(&of) {
            if let Some(said) = state.said.filter(|said| now < *said) {
                return Err(rest(said));
            }
            if let Some(until) = state.until {
                if now < until || state.tried {
                    return Err(rest(until));
                }
                (state.tried, tries) = (true, true);
            }
        }
        drop(states);
        Ok(Pass { breaker: self.clone(), of, tries })
    }

    /// It has given no answer, or none in time; and may have said for how many seconds it takes no more.
    pub(crate) fn failed(&self, of: Of, now: OffsetDateTime, alone: Option<u32>) {
        let mut states = self.lock();
        if states.len() >= KNOWN && !states.contains_key(&of) {
            states.retain(|_, state| state.until.max(state.said).is_some_and(|until| now < until));
        }
        let state = states.entry(of).or_default();
        state.failures += 1;
        let said = alone.map(|seconds| now + Duration::seconds(seconds.min(LONGEST_S).into()));
        state.said = state.said.max(said);
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
    /// It has answered. What it has said meanwhile to somebody else stands: that was asked for later.
    pub(crate) fn worked(self, now: OffsetDateTime) {
        let mut states = self.breaker.lock();
        match states.get(&self.of).and_then(|state| state.said).filter(|said| now < *said) {
            Some(said) => drop(states.insert(self.of, State { said: Some(said), ..State::default() })),
            None => drop(states.remove(&self.of)),
        }
    }

    /// It has not; and may have said for how many seconds it takes no more.
    pub(crate) fn failed(self, now: OffsetDateTime, alone: Option<u32>) {
        self.breaker.failed(self.of, now, alone);
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
            breaker.enter(of(1), now).unwrap().failed(now, None);
        }
    }

    #[test]
    fn after_five_failures_in_a_row_it_is_left_alone_and_then_tried_by_one() {
        let (breaker, mut now) = (Breaker::default(), OffsetDateTime::UNIX_EPOCH);
        fails(&breaker, now, 4);
        breaker.enter(of(1), now).unwrap().worked(now);
        fails(&breaker, now, 5);
        assert_eq!(breaker.enter(of(1), now).err(), Some(30));
        assert!(breaker.enter(of(2), now).is_ok(), "another one");
        now += ALONE;
        let tries = breaker.enter(of(1), now).unwrap();
        assert_eq!(breaker.enter(of(1), now).err(), Some(1), "one tries it");
        // Gone without a word: the next one tries.
        drop(tries);
        breaker.enter(of(1), now).unwrap().failed(now, None);
        assert_eq!(breaker.enter(of(1), now).err(), Some(30), "one failure is enough now");
        now += ALONE;
        breaker.enter(of(1), now).unwrap().worked(now);
        fails(&breaker, now, 4);
        assert!(breaker.enter(of(1), now).is_ok());
        fails(&breaker, now, 1);
        breaker.forget(of(1));
        assert!(breaker.enter(of(1), now).is_ok());
        breaker.forget(of(1));
        assert!(breaker.lock().is_empty());
    }

    #[test]
    fn one_that_says_for_how_long_is_asked_by_nobody_until_then() {
        let (breaker, mut now) = (Breaker::default(), OffsetDateTime::UNIX_EPOCH);
        let earlier = breaker.enter(of(1), now).unwrap();
        breaker.enter(of(1), now).unwrap().failed(now, Some(60));
        assert_eq!(breaker.enter(of(1), now).err(), Some(60), "one failure is enough");
        // What was asked before is answered: that says nothing of the wait.
        earlier.worked(now);
        now += Duration::seconds(59);
        assert_eq!(breaker.enter(of(1), now).err(), Some(1));
        now += Duration::seconds(1);
        // Nothing is wrong with it: whoever comes asks it. A shorter wait shortens no longer one.
        let both = [breaker.enter(of(1), now).unwrap(), breaker.enter(of(1), now).unwrap()];
        for (pass, seconds) in both.into_iter().zip([90, 20]) {
            pass.failed(now, Some(seconds));
        }
        assert_eq!(breaker.enter(of(1), now).err(), Some(90));
        // Nobody is left alone for a day, nor after it was tried by hand.
        now += Duration::seconds(90);
        breaker.enter(of(1), now).unwrap().failed(now, Some(86_400));
        assert_eq!(breaker.enter(of(1), now).err(), Some(600));
        breaker.forget(of(1));
        breaker.enter(of(1), now).unwrap().worked(now);
        assert!(breaker.lock().is_empty());
    }
}
