//! Misspelt words of a question, set right by the words of the passages that were found for it: these are the tenant's own, names and codes with
//! them, and no list of words is kept.

use std::collections::BTreeMap;
use unicode_segmentation::UnicodeSegmentation as _;

/// Letters from which a word is set right; a shorter one is near to too many.
const LETTERS: usize = 4;
/// Letters of each half of two words that were written as one.
const HALF: usize = 3;

/// A question with its unknown words replaced by the nearest that the passages have; `known` says of a word whether it is one.
pub fn spelt(question: &str, passages: &[&str], known: impl Fn(&str) -> bool) -> String {
    let mut there: BTreeMap<String, usize> = BTreeMap::new();
    for word in passages.iter().flat_map(|passage| passage.unicode_words()) {
        *there.entry(word.to_lowercase()).or_default() += 1;
    }
    let mut spelt = String::with_capacity(question.len());
    for word in question.split_word_bounds() {
        let small = word.to_lowercase();
        let letters = small.chars().count();
        let right = word.chars().all(char::is_alphabetic).then_some(()).filter(|()| letters >= LETTERS);
        let wrong = right.is_some() && !there.contains_key(&small) && !known(&small);
        match if wrong { nearest(&small, letters, &there).or_else(|| halves(&small, &there, &known)) } else { None } {
            Some(other) => spelt.push_str(&other),
            None => spelt.push_str(word),
        }
    }
    spelt
}

/// The word that takes the fewest slips to become this one, and so few that it is likely; of several the one that stands there most often.
fn nearest(word: &str, letters: usize, there: &BTreeMap<String, usize>) -> Option<String> {
    let most = match letters {
        ..6 => 1,
        6..9 => 2,
        _ => 3,
    };
    let near = there.iter().filter(|(other, _)| other.chars().count().abs_diff(letters) <= most);
    let near = near.filter(|(other, _)| other.chars().count() >= LETTERS && other.chars().all(char::is_alphabetic));
    let slips = near.map(|(other, count)| {
        (strsim::osa_distance(word, other), first(word) != first(other), usize::MAX - count, other)
    });
    slips.filter(|(slips, ..)| *slips <= most).min().map(|(.., other)| other.clone())
}

/// Two words that were written as one.
fn halves(word: &str, there: &BTreeMap<String, usize>, known: impl Fn(&str) -> bool) -> Option<String> {
    let is_word = |half: &str| half.chars().count() >= HALF && (there.contains_key(half) || known(half));
    let cuts = word.char_indices().map(|(at, _)| word.split_at(at));
    let mut found = cuts.filter(|(one, other)| is_word(one) && is_word(other));
    found.next().map(|(one, other)| format!("{one} {other}"))
}

fn first(word: &str) -> Option<char> {
    word.chars().next()
}

#[cfg(test)]
mod tests {
    use super::spelt;

    const PASSAGES: [&str; 2] = ["Climbing harnesses: no return.", "The Brunnhald washing machine weighs 71 kg."];

    fn right(question: &str) -> String {
        let known = ["can", "return", "how", "heavy", "the", "does", "money", "wash", "much", "what"];
        spelt(question, &PASSAGES, |word| known.contains(&word))
    }

    #[test]
    fn slips_are_set_right_and_words_are_left_alone() {
        assert_eq!(right("can i retrun climing harneses"), "can i return climbing harnesses");
        assert_eq!(right("how heavy is the Brunhald?"), "how heavy is the brunnhald?");
        assert_eq!(right("howmuch money"), "how much money");
        for question in ["What does P-062 mean?", "Can I return the money?", "", "?!", "Ångström", "zzzz 1605"] {
            assert_eq!(right(question), question);
        }
    }
}
