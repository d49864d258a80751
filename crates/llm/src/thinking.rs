//! Models that think before they say a word, where what they think counts as a part of the answer: those are given room for it beside the
//! answer's. Some of them take tools only where they are told not to think. Which ones do is seen from what they answer, and known in this process alone.

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

/// What is known of how a model thinks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Thinking {
    /// Whether it does before it says a word.
    pub first: bool,
    /// Whether it takes tools only where it is told not to.
    pub not_with_tools: bool,
}

/// Those of which something is known, as they were when that was seen. A copy is the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Thinkers(Arc<Mutex<HashMap<ModelId, (OffsetDateTime, Thinking)>>>);

impl Thinkers {
    /// What is known of a model.
    pub(crate) fn of(&self, (id, changed_at): As) -> Thinking {
        self.lock().get(&id).filter(|(seen, _)| *seen == changed_at).map(|(_, known)| *known).unwrap_or_default()
    }

    fn note(&self, (id, changed_at): As, known: Thinking) {
        let mut all = self.lock();
        if all.len() >= KNOWN {
            all.clear();
        }
        all.insert(id, (changed_at, known));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ModelId, (OffsetDateTime, Thinking)>> {
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
        let had_room = link.thinks.first;
        if !had_room && (full || heard.thinks) {
            link.thinks.first = true;
            self.thinkers.note(link.as_it_is(), link.thinks);
        }
        match (said, full) {
            (true, _) => Weighed::Answer,
            (false, true) if !had_room => Weighed::Again,
            (false, true) => Weighed::Nothing(Fault::Thought),
            (false, false) => Weighed::Nothing(Fault::CutOff),
        }
    }

    /// Whether it has refused tools since it might think: it is told not to from now on, and is worth asking once more. (OpenAI, from GPT-5.4 on, by chat
    /// completions: "Function tools with reasoning_effort are not supported".)
    pub(crate) fn is_told_not_to(&self, link: &mut Link, tools: bool, fault: &Fault) -> bool {
        let refused = matches!(fault, Fault::Refused(why) if why.contains("reasoning_effort"));
        let told = refused && tools && !link.thinks.not_with_tools;
        if told {
            link.thinks.not_with_tools = true;
            self.thinkers.note(link.as_it_is(), link.thinks);
        }
        told
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
        let known = Thinking { first: true, not_with_tools: false };
        assert_eq!(thinkers.of((id, at)), Thinking::default());
        thinkers.note((id, at), known);
        assert_eq!((thinkers.of((id, at)), thinkers.of((id, at + Duration::SECOND))), (known, Thinking::default()));
        for number in 1..=KNOWN as u128 {
            thinkers.note((ModelId::from_uuid(Uuid::from_u128(number)), at), known);
        }
        assert!(thinkers.of((id, at)) == Thinking::default() && thinkers.lock().len() <= KNOWN);
    }
}
