//! Models that think before they say a word, where what they think counts as a part of the answer: those are given room for it beside the
//! answer's. Which ones do is seen from what they answer, and known in this process alone.

use crate::Llm;
use crate::models::{As, Link};
use crate::wire::Heard;
use model::ModelId;
use model::llm::{Ended, Fault};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use time::OffsetDateTime;

/// Tokens for what is thought, beside those of the answer.
pub(crate) const ROOM: u32 = 4_096;
/// Most models of which it is known. Where there are more all are forgotten, and found anew.
const KNOWN: usize = 10_000;

/// Those that think, as they were when that was seen. A copy is the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Thinkers(Arc<Mutex<HashMap<ModelId, OffsetDateTime>>>);

impl Thinkers {
    /// Whether a model does, as far as is known.
    pub(crate) fn has(&self, (id, changed_at): As) -> bool {
        self.lock().get(&id) == Some(&changed_at)
    }

    fn add(&self, (id, changed_at): As) {
        let mut known = self.lock();
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(id, changed_at);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ModelId, OffsetDateTime>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a call that has come to its end is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Weighed {
    /// An answer.
    Answer,
    /// Nothing, since all that was set aside for words was thought: with room for it, it is worth asking once more.
    Again,
    /// Nothing.
    Nothing(Fault),
}

impl Llm {
    /// Says what has come, and notes that the model thinks, if it does.
    pub(crate) fn weigh(&self, link: &mut Link, ended: Ended, heard: &Heard, called: bool) -> Weighed {
        let said = ended == Ended::Filtered || called || !heard.text.trim().is_empty();
        let full = !said && ended == Ended::Length;
        let had_room = link.thinks;
        if !had_room && (full || heard.thinks) {
            link.thinks = true;
            self.thinkers.add(link.as_it_is());
        }
        match (said, full) {
            (true, _) => Weighed::Answer,
            (false, true) if !had_room => Weighed::Again,
            (false, true) => Weighed::Nothing(Fault::Thought),
            (false, false) => Weighed::Nothing(Fault::CutOff),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use uuid::Uuid;

    #[test]
    fn a_model_thinks_until_it_is_another_one() {
        let thinkers = Thinkers::default();
        let (id, at) = (ModelId::from_uuid(Uuid::nil()), OffsetDateTime::UNIX_EPOCH);
        assert!(!thinkers.has((id, at)));
        thinkers.add((id, at));
        assert!(thinkers.has((id, at)) && !thinkers.has((id, at + Duration::SECOND)));
        for number in 1..=KNOWN as u128 {
            thinkers.add((ModelId::from_uuid(Uuid::from_u128(number)), at));
        }
        assert!(!thinkers.has((id, at)) && thinkers.lock().len() <= KNOWN);
    }
}
