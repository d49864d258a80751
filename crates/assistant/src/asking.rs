//! The sentence of a question that asks, where a story stands around it: the story's words are in many passages, and crowd out those that count.

use crate::reply::asks;
use crate::sentences::sentences;
use std::ops::Range;

/// Words from which on a question may be a story; a shorter one is searched as it is alone.
const STORY: usize = 18;
/// Words with fewer of which what asks says too little by itself ("Should we?"): then what stands before it belongs to it.
const FEW: usize = 5;

/// What asks in a question with a story around it; nothing where there is no story.
pub fn asking(question: &str) -> Option<&str> {
    let words = |range: Range<usize>| question.get(range).unwrap_or_default().split_whitespace().count();
    if words(0..question.len()) < STORY {
        return None;
    }
    let statements = sentences(question);
    let says = |one: &Range<usize>| question.get(one.clone()).unwrap_or_default();
    let marked = |one: &Range<usize>| says(one).ends_with(['?', '\u{ff1f}', '\u{61f}']);
    let last = statements.iter().rposition(marked).or_else(|| statements.iter().rposition(|one| asks(says(one))))?;
    let (end, mut first) = (statements.get(last)?.end, last);
    while let Some(before) = first.checked_sub(1).and_then(|before| statements.get(before)) {
        let little = statements.get(first).is_some_and(|one| words(one.start..end) < FEW);
        if !little && !marked(before) {
            break;
        }
        first -= 1;
    }
    let all = first == 0 && last + 1 == statements.len();
    if all { None } else { question.get(statements.get(first)?.start..end) }
}

#[cfg(test)]
mod tests {
    use super::asking;

    #[test]
    fn of_a_story_what_asks_is_known() {
        for (story, asks) in [
            (
                "I launched my studio in spring and everything has been rather chaotic since. Will June's slips still be booked in June?",
                "Will June's slips still be booked in June?",
            ),
            (
                "Got home tonight to a puddle under the plinth and E4 blinking at me. My husband says we should tip the thing. Should we?",
                "My husband says we should tip the thing. Should we?",
            ),
            (
                "My cousin bought one of the lamps for her kitchen and mine is another. Is it dimmable? Does it take a bulb of 60 W? Thank you.",
                "Is it dimmable? Does it take a bulb of 60 W?",
            ),
            (
                "Wir haben heute früh abgetaut und alles wieder eingesteckt, meine Erbsen liegen noch draußen auf dem Balkon. Wann kann ich die wieder \
                 reinlegen?",
                "Wann kann ich die wieder reinlegen?",
            ),
            (
                "my lamp came on monday with a broken shade and nobody was at home to look at it. How do i get a new one",
                "How do i get a new one",
            ),
        ] {
            assert_eq!(asking(story), Some(asks), "{story}");
        }
    }

    #[test]
    fn what_is_no_story_is_asked_as_it_is() {
        for question in [
            "",
            "?",
            "I have a lamp. How long may I return it?",
            "How long may I return a lamp that I have bought in your shop in Lund last week and have not used at all since?",
            "My lamp came on Monday with a broken shade, and nobody was at home to look at it. So I am telling you now.",
        ] {
            assert_eq!(asking(question), None, "{question}");
        }
    }
}
