//! Questions that stand on what was asked before them, told by their form alone, in English: "And the Team plan?", "How much is it?", "Why?".
//!
//! What has a verb and things of its own stands alone, whatever it begins with ("And where do I send the parcel?"); so does what only looks
//! as if it pointed back ("Is it possible to return a lamp?").

use crate::codes::{SMALL, among, names};
use conversations::words_of;

/// Most characters of a question that stands on another, and of that other: the end of it.
const LONGEST: usize = 160;
const BEFORE: usize = 500;
/// Most words of weight of a question that only points back, and of one that is joined to what was said.
const POINTING: usize = 2;
const JOINED: usize = 3;

/// Words before a question that are none of it.
const FILLERS: &str =
    "ah great hello hey hi hm hmm oh ok okay perfect please so sorry sure thanks thx um well wow yeah yep yes";
/// Words that join it to what was said.
const JOINS: &str = "also and but or then";
const ASKING: &str = "how what when where which who whom whose why";
const AUXILIARY: &str = "\
    am are aren be been can cannot could couldn did didn do does doesn don had has hasn have haven is isn may might \
    must shall should shouldn was wasn were weren will won would wouldn";
/// Those who talk, of whom the question says something; and whose something is.
const SUBJECTS: &str = "he i she we you";
const PERSONAL: &str = "i me mine my our ours us we you your yours";
/// Words that point back.
const POINTERS: &str = "it its that their theirs them these they this those";
/// Words after "to" that are the beginning of a thing and not of something to do.
const THINGS: &str =
    "a all an any each every her him his it its me my our some that the their them these this those us you your";
const PREPOSITIONS: &str = "about after at before by during for from in into on over per since through till to under until via with within without";
/// Other words of no weight.
const LIGHT: &str = "\
    again already because d either else even ever far he here if instead just know let ll long m many mean much not often one ones \
    only re really s same she soon still t tell there too ve want while yet";

/// A question that stands on one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// Both, the earlier one first.
    pub text: String,
    /// Its own words that weigh.
    pub own: Vec<String>,
    /// Whether what it names is all that counts of what the two name.
    pub names: bool,
    /// Whether it may as well be a question of its own.
    pub perhaps: bool,
}

/// What a question is, together with the one before it; `None` where it stands alone.
pub fn follow_up(before: &str, question: &str) -> Option<FollowUp> {
    let (before, question) = (end_of(before.trim(), BEFORE), question.trim());
    if before.is_empty() || question.chars().count() > LONGEST {
        return None;
    }
    let written: Vec<&str> = question.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let words: Vec<String> = written.iter().map(|word| word.to_lowercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (begins, joined) = beginning(&words);
    let (rest, written) = (words.get(begins..)?, written.get(begins..)?);
    let marked = question.ends_with('?');
    let first = rest.first().copied().unwrap_or_default();
    // Thanks are none, and neither is "But thanks"; "And?" is.
    if !(marked || (joined && !rest.is_empty()) || among(ASKING, first) || among(AUXILIARY, first))
        || (rest.is_empty() && !joined)
    {
        return None;
    }
    let own: Vec<String> = rest.iter().filter(|word| weighs(word)).map(|word| (*word).to_owned()).collect();
    let any = |list: &str| rest.iter().any(|word| among(list, word));
    let clause = any(ASKING) || any(AUXILIARY) || any(SUBJECTS);
    let points = points(rest, written, own.len());
    let stands = match own.len() {
        0 => points || !any(PERSONAL),
        weight if points => weight <= POINTING,
        _ if clause => false,
        weight if joined => weight <= JOINED,
        weight => weight <= POINTING && among(PREPOSITIONS, first),
    };
    let perhaps = !stands && !clause && !joined && own.len() <= POINTING;
    let digits = own.iter().any(|word| word.contains(|c: char| c.is_ascii_digit()));
    (stands || perhaps).then(|| FollowUp {
        text: format!("{before}\n{question}"),
        own,
        names: digits || !names(question).is_empty(),
        perhaps,
    })
}

/// Whether a text says all of these words, in whatever form.
pub fn says(text: &str, words: &[String]) -> bool {
    let there = words_of(text);
    words.iter().all(|word| there.iter().any(|other| alike(word, other)))
}

/// Whether two words are forms of one: the same, or one with an ending. A number is only itself.
fn alike(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let Some(ending) = long.strip_prefix(short) else { return false };
    let few = ending.chars().count() <= 4 && short.chars().count() >= 4;
    ending.is_empty() || (!long.contains(|c: char| c.is_ascii_digit()) && (ending == "s" || few))
}

/// Where a question begins, behind words that are none of it, and whether one of these joins it to what was said.
fn beginning(words: &[&str]) -> (usize, bool) {
    let (mut at, mut joined) = (0, false);
    loop {
        match words.get(at..).unwrap_or_default() {
            ["thank", "you", ..] => at += 2,
            ["what" | "how", "about", ..] => (at, joined) = (at + 2, true),
            [word, ..] if among(JOINS, word) => (at, joined) = (at + 1, true),
            [word, ..] if among(FILLERS, word) => at += 1,
            _ => return (at, joined),
        }
    }
}

/// Whether a word says what it is about.
fn weighs(word: &str) -> bool {
    let light = [SMALL, ASKING, AUXILIARY, SUBJECTS, PERSONAL, POINTERS, FILLERS, JOINS, PREPOSITIONS, LIGHT];
    !light.iter().any(|list| among(list, word))
}

/// Whether one of these words, of which so many weigh, stands for what was asked about before.
fn points(words: &[&str], written: &[&str], weight: usize) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        let next = words.get(at + 1);
        match *word {
            "it" => !is_dummy(words.get(at + 1..).unwrap_or_default(), written.get(at + 1..).unwrap_or_default()),
            "its" | "their" | "theirs" | "them" | "they" => true,
            // With a thing of its own ("that lamp") it needs no other; "that you ship" is no thing.
            "that" | "these" | "this" | "those" => match next {
                Some(next) if weighs(next) => weight == 1,
                Some(next) => !among(PERSONAL, next),
                None => true,
            },
            "one" | "ones" => next.is_none(),
            "there" => next.is_none() && !words.iter().any(|word| matches!(*word, "is" | "are")),
            _ => false,
        }
    })
}

/// Whether "it" stands for what comes behind it: "possible to return a lamp", "true that you ship".
fn is_dummy(words: &[&str], written: &[&str]) -> bool {
    words.iter().enumerate().any(|(at, word)| match *word {
        "if" | "that" | "when" | "whether" => true,
        "to" => written.get(at + 1).is_some_and(|next| {
            next.starts_with(char::is_lowercase) && words.get(at + 1).is_some_and(|next| !among(THINGS, next))
        }),
        _ => false,
    })
}

/// The last characters of a text.
fn end_of(text: &str, most: usize) -> &str {
    let over = text.chars().count().saturating_sub(most);
    text.char_indices().nth(over).map_or("", |(at, _)| text.get(at..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOLO: &str = "How much is the Solo plan per month?";

    fn of(question: &str) -> Option<FollowUp> {
        follow_up(SOLO, question)
    }

    #[test]
    fn what_stands_on_the_question_before_is_known_by_its_form() {
        for (question, own) in [
            ("And the Team plan?", &["team", "plan"][..]),
            ("and the team plan", &["team", "plan"]),
            ("And the Pro plan?", &["pro", "plan"]),
            ("What about Plus?", &["plus"]),
            ("Thanks! And on Sundays?", &["sundays"]),
            ("what about Sundays?", &["sundays"]),
            ("Ok, how about gift cards?", &["gift", "cards"]),
            ("and for children", &["children"]),
            ("But with batteries?", &["batteries"]),
            ("And my order?", &["order"]),
            ("And 1605?", &["1605"]),
            ("or F04", &["f04"]),
            ("And?", &[]),
            ("Why?", &[]),
            ("why not", &[]),
            ("How long?", &[]),
            ("how much is it?", &[]),
            ("And how long does that take?", &[]),
            ("Is it waterproof?", &["waterproof"]),
            ("Does it come in black?", &["come", "black"]),
            ("Can I return it to a store?", &["return", "store"]),
            ("How long does it take to Norway?", &["norway"]),
            ("Are they waterproof?", &["waterproof"]),
            ("Is that also true in Spain?", &["true", "spain"]),
            ("Is that included?", &["included"]),
            ("Where can I buy one?", &["buy"]),
            ("Can I park there?", &["park"]),
            ("Per year?", &["year"]),
            ("In Spain too?", &["spain"]),
        ] {
            let found = of(question).unwrap_or_else(|| panic!("{question}"));
            assert_eq!(found.text, format!("{SOLO}\n{question}"));
            assert_eq!(found.own, own, "{question}");
            assert!(!found.perhaps, "{question}");
        }
    }

    #[test]
    fn what_stands_alone_is_left_alone() {
        for question in [
            "And where do I send the parcel?",
            "And do you ship to Spain?",
            "And how much is the Team plan?",
            "But what does it cost to send a sofa back?",
            "Also, can I pay by invoice?",
            "What about the warranty of lamps that were sold in Norway before 2020?",
            "and I want to return a lamp",
            "Is it possible to return a lamp?",
            "Is it true that you ship to Norway?",
            "How long does it take to ship a lamp?",
            "Is this lamp dimmable?",
            "Is parking there free?",
            "Is anybody there?",
            "For how long is a gift card valid?",
            "In which countries do you have shops?",
            "What is the price of the Team plan?",
            "Do you ship to Spain?",
            "Who are you?",
            "What can you do?",
            "Hello",
            "Hi there!",
            "Thanks!",
            "But thanks",
            "That's it, thank you.",
            "I have a lamp.",
            "for my mother",
            "",
            "?!",
        ] {
            assert_eq!(of(question), None, "{question}");
        }
        assert_eq!(follow_up(" ", "Why?"), None);
        assert_eq!(of(&format!("And {}?", "the Team plan ".repeat(20))), None);
    }

    #[test]
    fn what_may_be_either_says_so() {
        for question in ["Sundays?", "Opening hours?", "the Team plan?"] {
            assert!(of(question).is_some_and(|found| found.perhaps), "{question}");
        }
        assert_eq!(of("the Team plan"), None);
    }

    #[test]
    fn what_it_names_takes_the_place_of_what_was_named() {
        for (question, names) in [("And F04?", true), ("And 12?", true), ("And error 1605?", true), ("And why?", false)]
        {
            assert_eq!(of(question).map(|found| found.names), Some(names), "{question}");
        }
    }

    #[test]
    fn words_are_said_in_any_form_and_numbers_as_they_are() {
        let says =
            |text: &str, words: &[&str]| says(text, &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert!(
            says("Closed on Sunday.", &["sundays"])
                && says("Teams pay 29.", &["team"])
                && says("We ship.", &["shipping"])
        );
        assert!(says("A bag", &["bags"]) && says("Anything", &[]) && says("Error 1605", &["1605"]));
        for (text, word) in [("Solo", "team"), ("Error 16050", "1605"), ("to", "tomorrow"), ("plane", "plan2")] {
            assert!(!says(text, &[word]), "{text}: {word}");
        }
    }

    #[test]
    fn only_the_end_of_what_was_asked_before_counts() {
        let long = format!("{}ä", "x".repeat(1_000));
        assert_eq!(follow_up(&long, "Why?").unwrap().text, format!("{}ä\nWhy?", "x".repeat(BEFORE - 1)));
    }
}
