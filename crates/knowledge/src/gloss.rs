//! A question in another language, word by word in English: rough, and enough to find what documents say in English, where the model that compares
//! meanings knows that language alone.
//!
//! *Guarantees:* nothing but the lists in `gloss/` is asked; a word that none of them knows stays as it is, so names, codes and numbers do. *Must not:*
//! be told to anybody.
//!
//! A list is a line for each English word or phrase: it, a tab, and the forms of the other language that mean it, with `_` between the words of one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// The lists: Danish with Norwegian.
const LISTS: [&str; 8] = [
    include_str!("../gloss/da.txt"),
    include_str!("../gloss/de.txt"),
    include_str!("../gloss/es.txt"),
    include_str!("../gloss/fr.txt"),
    include_str!("../gloss/it.txt"),
    include_str!("../gloss/nl.txt"),
    include_str!("../gloss/pt.txt"),
    include_str!("../gloss/sv.txt"),
];
/// Most words of one form.
const PHRASE: usize = 7;
/// The share of a text's words that a list has to know for the text to be in its language.
const KNOWN: f64 = 0.6;
/// Words of a text by which its language is told, and of a passage so many of the first ones.
const LOOKED_AT: usize = 60;
/// Letters that may be another ending, and those that have to stand before one.
const ENDING: usize = 3;
const STEM: usize = 4;
/// Letters of each part of a compound, and what may stand between two.
const PART: usize = 3;
/// Letters of the longest word that is taken for a compound: of one without an end the ways to part it are without number.
const COMPOUND: usize = 40;
const BETWEEN: [&str; 6] = ["", "s", "n", "en", "es", "e"];

/// Forms of a language, and what they mean.
struct List {
    forms: BTreeMap<String, &'static str>,
    /// Those with accents without them, as many write.
    bare: BTreeMap<String, &'static str>,
}

struct Lists {
    all: Vec<List>,
    /// Words of English that the lists lead to.
    english: BTreeSet<&'static str>,
}

/// Read at the first question that may need them.
static LISTS_READ: LazyLock<Lists> = LazyLock::new(|| {
    let lines = |list: &'static str| list.lines().filter_map(|line| line.split_once('\t'));
    let all = LISTS.into_iter().map(|list| {
        let mut forms = BTreeMap::new();
        for (english, others) in lines(list) {
            for form in others.split_whitespace() {
                forms.entry(form.replace(['_', '-', '\''], " ")).or_insert(english);
            }
        }
        let mut bare_forms = BTreeMap::new();
        for (form, english) in &forms {
            let plain = bare(form);
            if plain != *form {
                bare_forms.entry(plain).or_insert(*english);
            }
        }
        List { forms, bare: bare_forms }
    });
    let english = LISTS.into_iter().flat_map(lines).flat_map(|(english, _)| english.split_whitespace());
    Lists { all: all.collect(), english: english.collect() }
});

/// Reads the lists, which takes as long as some questions do: not where somebody else would wait for it.
pub(crate) fn read_lists() {
    LazyLock::force(&LISTS_READ);
}

fn bare(text: &str) -> String {
    text.nfd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).collect()
}

/// A question word by word in English, where it is in another language that is known here, and fewer than half of these passages are: one page in
/// its language is no reason to pass over all others.
pub fn in_english<'p>(question: &str, passages: impl IntoIterator<Item = &'p str>) -> Option<String> {
    let words = words(question);
    let language = language(&words)?;
    let (mut all, mut theirs) = (0_usize, 0_usize);
    for passage in passages {
        (all, theirs) = (all + 1, theirs + usize::from(language_of(passage) == Some(language)));
    }
    let list = LISTS_READ.all.get(language).filter(|_| theirs * 2 < all.max(1))?;
    let mut english: Vec<String> = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let phrase = (2..=PHRASE.min(words.len() - at)).rev().find_map(|count| {
            let phrase = words.get(at..at + count)?.join(" ");
            Some((list.exact(&phrase)?, count))
        });
        let (word, count) = match (phrase, words.get(at)) {
            (Some((english, count)), _) => (english.to_owned(), count),
            (None, Some(word)) => (list.of(word).unwrap_or_else(|| word.clone()), 1),
            (None, None) => break,
        };
        english.push(word);
        at += count;
    }
    Some(english.join(" "))
}

/// The words of a text in small letters, parted at apostrophes; numbers and codes among them.
fn words(text: &str) -> Vec<String> {
    let small = text.to_lowercase().replace(['\'', '\u{2019}'], " ");
    small.unicode_words().map(str::to_owned).collect()
}

/// In which of the languages a passage is, by its first words.
fn language_of(passage: &str) -> Option<usize> {
    let start: String = passage.chars().take(LOOKED_AT * 10).collect();
    language(&words(&start))
}

/// In which of the languages words are: the place of its list. None where no list knows most of them, or English knows as many.
fn language(words: &[String]) -> Option<usize> {
    let told: Vec<&String> =
        words.iter().filter(|word| word.chars().all(char::is_alphabetic)).take(LOOKED_AT).collect();
    let count = |known: &dyn Fn(&str) -> bool| told.iter().filter(|word| known(word)).count();
    let lists = &LISTS_READ;
    let counts = lists.all.iter().map(|list| count(&|word| list.exact(word).is_some()));
    // Of several that know as many the first.
    let (language, most) = counts.enumerate().max_by_key(|(place, known)| (*known, usize::MAX - place))?;
    #[allow(clippy::cast_precision_loss, reason = "a text has few words")]
    let share = most as f64 / told.len().max(1) as f64;
    (share >= KNOWN && most > count(&|word| lists.english.contains(word))).then_some(language)
}

impl List {
    fn exact(&self, form: &str) -> Option<&'static str> {
        self.forms.get(form).or_else(|| self.bare.get(form)).copied()
    }

    /// What a word means: by itself, with another ending, or by its parts.
    fn of(&self, word: &str) -> Option<String> {
        let one = |word: &str| self.exact(word).or_else(|| self.with_another_ending(word));
        let parts = || if word.chars().count() <= COMPOUND { self.parts(word) } else { None };
        one(word).map(str::to_owned).or_else(parts)
    }

    fn with_another_ending(&self, word: &str) -> Option<&'static str> {
        let letters = word.chars().count();
        (0..=ENDING).filter(|cut| letters >= STEM + cut).find_map(|cut| {
            let stem: String = word.chars().take(letters - cut).collect();
            let longest = letters - cut + ENDING;
            let alike = self.forms.range(stem.clone()..).take_while(|(form, _)| form.starts_with(&stem));
            let mut alike = alike.filter(|(form, _)| !form.contains(' ') && form.chars().count() <= longest);
            alike.next().map(|(_, english)| *english)
        })
    }

    /// Of a compound each part's, the longest first part before all others.
    fn parts(&self, word: &str) -> Option<String> {
        let cuts = word.char_indices().map(|(at, _)| at).rev();
        cuts.filter_map(|at| Some((word.get(..at)?, word.get(at..)?))).find_map(|(first, rest)| {
            let enough = |part: &str| part.chars().count() >= PART;
            let first = BETWEEN.iter().filter_map(|between| first.strip_suffix(between));
            let first = first.filter(|first| enough(first)).find_map(|first| self.exact(first))?;
            let rest = enough(rest).then(|| self.exact(rest).map(str::to_owned).or_else(|| self.parts(rest)))??;
            Some(format!("{first} {rest}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{LISTS, in_english};
    use std::collections::HashSet;
    use unicode_normalization::is_nfc;

    #[test]
    fn the_lists_are_what_they_should_be() {
        for list in LISTS {
            let mut forms = HashSet::new();
            for line in list.lines() {
                let (english, others) = line.split_once('\t').unwrap_or_else(|| panic!("no tab: {line}"));
                assert!(!english.trim().is_empty() && !others.trim().is_empty(), "{line}");
                assert!(is_nfc(line) && line.to_lowercase() == line, "{line}");
                for form in others.split_whitespace() {
                    assert!(forms.insert(form), "{form} stands twice");
                }
            }
            assert!(forms.len() > 1_000, "{} forms", forms.len());
        }
    }

    #[test]
    fn questions_become_rough_english() {
        for (question, held) in [
            ("Wie lange gilt die Garantie für Zimmerpflanzen?", ["how long", "warranty"]),
            ("¿Cuánto cuesta el envío a Noruega?", ["how much", "shipping"]),
            ("Combien coûte la livraison ?", ["how much", "delivery"]),
            ("Quanto costa la consegna?", ["how much", "delivery"]),
            ("Hoeveel kost de verzending?", ["how much", "shipping"]),
            ("Quanto custa a entrega?", ["how much", "delivery"]),
            ("Hur länge gäller garantin?", ["how long", "warranty"]),
            ("Hvad koster det at sende en pakke?", ["cost", "parcel"]),
        ] {
            let english = in_english(question, []).unwrap_or_else(|| panic!("{question}: in no known language"));
            assert!(held.iter().all(|held| english.contains(held)), "{question}: {english}");
        }
    }

    #[test]
    fn names_codes_and_numbers_stay() {
        let english = in_english("Wie lange gilt die Garantie für den XK-200 von Brunnhald, 60 Tage?", []).unwrap();
        for stays in ["200", "brunnhald", "60"] {
            assert!(english.contains(stays), "{english}");
        }
    }

    #[test]
    fn a_word_that_never_ends_is_not_parted_in_every_way() {
        let parted = in_english("Hur mycket kostar det att hyra fotbollsplanen?", []).unwrap();
        assert!(parted.contains("football"), "{parted}");
        // Each of its parts is one, or two: it would be tried for years.
        let endless = format!("{}qqq", "fotboll".repeat(130));
        let english = in_english(&format!("Hur mycket kostar det att hyra {endless}?"), []).unwrap();
        assert!(english.ends_with(&endless), "{english}");
    }

    #[test]
    fn english_and_what_nobody_knows_are_left_alone() {
        for question in [
            "How long is the warranty?",
            "do you have a lamp in stock",
            "opening hours",
            "Kuinka kauan takuu kestää?",
            "\u{4f60}\u{4eec}\u{53d1}\u{8d27}\u{5417}",
            "XK-200",
            "",
        ] {
            assert_eq!(in_english(question, []), None, "{question}");
        }
        let german = "Die Garantie gilt für zwei Jahre ab dem Tag der Lieferung.";
        assert_eq!(in_english("Wie lange gilt die Garantie?", [german]), None, "their own language");
        assert!(in_english("Wie lange gilt die Garantie?", ["The warranty is for two years."]).is_some());
    }
}
