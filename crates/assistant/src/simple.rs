//! Which questions are simple: those that a smaller model answers as well. By plain rules, so that one can say of each answer why.

use crate::answer::Found;
use conversations::Before;
use model::knowledge::Outcome;

/// Most words of a short question, and most characters, since not every language parts words.
const WORDS: usize = 14;
const CHARACTERS: usize = 120;

/// Whether a question is simple: short, one, with nothing said before it and no tool that may be called for it, and with one passage that is so
/// clearly the nearest that the built-in answerer would tell it as the answer.
pub(crate) fn simple(question: &str, found: &Found, before: &[Before], tools: bool) -> bool {
    before.is_empty() && !tools && short(question) && found.whole.is_none() && {
        let told = found.told(true);
        told.outcome == Outcome::Answer && told.citations.len() == 1
    }
}

/// Whether it is one short question.
fn short(question: &str) -> bool {
    let question = question.trim();
    let asked = question.chars().filter(|c| matches!(c, '?' | '\u{ff1f}' | '\u{61f}')).count();
    let words = question.split_whitespace().count();
    asked <= 1 && words <= WORDS && question.chars().count() <= CHARACTERS && !question.contains('\n')
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn one_short_question_is_short_and_several_or_a_story_are_not() {
        for question in [
            "Within how many days may goods be returned?",
            "opening hours",
            "\u{4f60}\u{4eec}\u{53d1}\u{8d27}\u{5417}\u{ff1f}",
            " ¿Cuánto cuesta el envío? ",
        ] {
            assert!(short(question), "{question}");
        }
        let (long, story) = ("\u{4f60}".repeat(121), "lamp ".repeat(15));
        for question in ["Is it red? Is it blue?", "I have a lamp.\nMay it be returned?", &long, &story] {
            assert!(!short(question), "{question}");
        }
    }
}
