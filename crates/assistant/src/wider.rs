//! Where else to look for what answers a question, where what was found for it alone is not about it, or it says little by itself.
//!
//! *Guarantees:* models are asked twice at most for this: for the question put anew, where something was said before it, and for other words, where
//! nothing is about it. Of all that is found the nearest is the basis of the answer. Without a talk, and where a question hardly concerns a
//! company, no model is asked: what is off topic costs nothing.

use crate::Assistant;
use crate::answer::Found;
use crate::reply::shortened;
use crate::rewrite::{Anew, Aside, leans};
use crate::steps::Steps;
use crate::writing::Attempt;
use knowledge::{KnowledgeError, normalized};
use model::conversation::Author;

/// From where on a question that nothing is about may concern the company after all, so that other words for it are worth a question to a model.
/// (Chosen by hand: twice as sure as not.)
const CONCERNS: f64 = 1.0;

impl Assistant {
    /// Other passages than those that were found for a question alone, for a model to write from: none, where these are about it, or no others
    /// are nearer.
    pub(crate) async fn wider(
        &self,
        aside: &Aside<'_>,
        found: &Found,
        steps: &mut Steps,
        attempt: &mut Attempt,
    ) -> Result<Option<Found>, KnowledgeError> {
        let (caller, question) = (aside.caller, aside.asking.question);
        let before = aside.asking.before.iter().rev().find(|one| one.from == Author::Contact);
        let (mut best, mut there) = (None, true);
        if let Some(before) = before.filter(|_| leans(found, question)) {
            let other = match aside.anew(steps, attempt).await {
                Anew::Query(query) => Some(query),
                Anew::Alone => None,
                Anew::Unsaid => {
                    there = false;
                    // What stands on what was asked before says little by itself, also in a language whose forms nobody knows.
                    let both = || shortened(&format!("{}\n{question}", normalized(&before.text)));
                    (!found.about && found.whole.is_none()).then(both)
                }
            };
            if let Some(other) = other {
                best = Some(self.found_by(caller, &other, steps).await?).filter(|other| other.nearer(found));
            }
        }
        let about = best.as_ref().unwrap_or(found).about;
        if !about && there && (before.is_some() || found.concerns > CONCERNS) {
            for query in aside.other_words(steps, attempt).await {
                let other = self.found_by(caller, &query, steps).await?;
                if other.nearer(best.as_ref().unwrap_or(found)) {
                    best = Some(other);
                }
            }
        }
        Ok(best)
    }
}
