//! What an assistant is like: what it is called, how and in which language it speaks, what it says by itself, what it holds on to, and what
//! comes of some things that are said to it. Each change of one is a version that stays.
//!
//! Another trait: a field here, its line in [`Personality::facts`], [`Personality::title`] and [`Personality::checked`], what follows of it in
//! `assistant`, and a field of the form.

use crate::input::line;
use crate::names::names;
use crate::object::objects;
use crate::{FieldError, PersonalityId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use words::{Text, text};

/// Most characters of the name by which a team knows it, and of that of an intent.
pub const NAME: usize = 60;
/// Most characters of the name by which visitors know it.
pub const CALLED: usize = 40;
/// Most characters of what else a model is told.
pub const INSTRUCTION: usize = 2_000;
/// Most characters of what it says by itself.
pub const WORDS: usize = 500;
/// Most intents, examples of one, and characters of an example.
pub const INTENTS: usize = 20;
/// See [`INTENTS`].
pub const EXAMPLES: usize = 10;
/// See [`INTENTS`].
pub const EXAMPLE: usize = 200;

names!(
    /// How it speaks, where a model writes.
    #[derive(Default)]
    Tone {
        /// As the model does by itself.
        #[default]
        Neutral = "neutral",
        /// Warm.
        Friendly = "friendly",
        /// Polite, and at a distance.
        Formal = "formal",
        /// In as few words as can be.
        Brief = "brief",
    }
);

impl Tone {
    /// What people call it.
    pub const fn words(self) -> Text {
        match self {
            Self::Neutral => text!("Neutral"),
            Self::Friendly => text!("Friendly"),
            Self::Formal => text!("Formal"),
            Self::Brief => text!("Brief"),
        }
    }
}

names!(
    /// In which language it speaks. Quotes stay as they are written.
    #[derive(Default)]
    Speaks {
        /// In that of the question.
        #[default]
        AsAsked = "as_asked",
        /// English.
        English = "en",
        /// Spanish.
        Spanish = "es",
        /// German.
        German = "de",
        /// French.
        French = "fr",
        /// Italian.
        Italian = "it",
        /// Portuguese.
        Portuguese = "pt",
        /// Dutch.
        Dutch = "nl",
        /// Swedish.
        Swedish = "sv",
        /// Danish.
        Danish = "da",
        /// Norwegian.
        Norwegian = "nb",
        /// Finnish.
        Finnish = "fi",
        /// Polish.
        Polish = "pl",
    }
);

impl Speaks {
    /// What the language is called in English, and by who speaks it; nothing for that of the question.
    pub const fn language(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::AsAsked => None,
            Self::English => Some(("English", "English")),
            Self::Spanish => Some(("Spanish", "Español")),
            Self::German => Some(("German", "Deutsch")),
            Self::French => Some(("French", "Français")),
            Self::Italian => Some(("Italian", "Italiano")),
            Self::Portuguese => Some(("Portuguese", "Português")),
            Self::Dutch => Some(("Dutch", "Nederlands")),
            Self::Swedish => Some(("Swedish", "Svenska")),
            Self::Danish => Some(("Danish", "Dansk")),
            Self::Norwegian => Some(("Norwegian", "Norsk")),
            Self::Finnish => Some(("Finnish", "Suomi")),
            Self::Polish => Some(("Polish", "Polski")),
        }
    }

    /// What people call it.
    pub fn words(self) -> Text {
        self.language().map_or(text!("The language of the question"), |(_, own)| Text::plain(own))
    }
}

names!(
    /// What answers are made of. Either way nothing is told that stands in no document.
    #[derive(Default)]
    Grounding {
        /// A model may write them from the passages, each sentence checked against its source.
        #[default]
        Strict = "strict",
        /// Quotes alone: no model is asked, even if there is one.
        QuotesOnly = "quotes_only",
    }
);

impl Grounding {
    /// What people call it.
    pub const fn words(self) -> Text {
        match self {
            Self::Strict => text!("A model may write from the documents, each sentence checked against its source"),
            Self::QuotesOnly => text!("Quotes from the documents alone: no model is asked"),
        }
    }
}

names!(
    /// What comes of an intent.
    #[derive(Default)]
    Reaction {
        /// A text is answered.
        #[default]
        Answer = "answer",
        /// A person is asked to join, at once.
        Person = "person",
        /// It is not talked about.
        Refuse = "refuse",
    }
);

impl Reaction {
    /// What people call it.
    pub const fn words(self) -> Text {
        match self {
            Self::Answer => text!("Answer this"),
            Self::Person => text!("Ask a person to join"),
            Self::Refuse => text!("Do not talk about it"),
        }
    }
}

/// Something that is meant, in whatever words, and what comes of it before anything is searched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Intent {
    /// What the team calls it, unlike any other of the personality.
    #[cfg_attr(feature = "ssr", schema(min_length = 1, max_length = 60, pattern = r"\S"))]
    pub name: String,
    /// How it is said: ten examples at most, of 200 characters.
    #[cfg_attr(feature = "ssr", schema(min_items = 1, max_items = 10))]
    pub examples: Vec<String>,
    /// What comes of it.
    pub then: Reaction,
    /// What is said then; nothing for the product's own words, which `answer` has none of.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(max_length = 500))]
    pub text: String,
}

/// What an assistant is like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Personality {
    /// What the team calls it.
    #[cfg_attr(feature = "ssr", schema(min_length = 1, max_length = 60, pattern = r"\S"))]
    pub name: String,
    /// What visitors read beside its messages, and a model is told; nothing for no name.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(max_length = 40))]
    pub called: String,
    /// How it speaks, where a model writes.
    #[serde(default)]
    pub tone: Tone,
    /// In which language it speaks.
    #[serde(default)]
    pub language: Speaks,
    /// What else a model is told, besides the documents. The rules stand before it.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(max_length = 2000))]
    pub instruction: String,
    /// What it says to who says hello and no more; nothing for the product's own words, here and in the three below.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(max_length = 500))]
    pub greeting: String,
    /// What it says to thanks.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(max_length = 500))]
    pub thanks: String,
    /// What it says where the documents do not say.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(max_length = 500))]
    pub refusal: String,
    /// What it says above passages that are no clear answer.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(max_length = 500))]
    pub nearest: String,
    /// What answers are made of.
    #[serde(default)]
    pub grounding: Grounding,
    /// What is decided before anything is searched.
    #[serde(default, deserialize_with = "objects")]
    #[cfg_attr(feature = "ssr", schema(max_items = 20))]
    pub intents: Vec<Intent>,
    /// Whether a person is asked to join a conversation where the third question in a row is refused; what is said not to be answered counts as
    /// refused. The assistant is silent from then on.
    #[serde(default)]
    pub person_after_refusals: bool,
}

fn at_most(most: usize) -> Text {
    text!("Use at most {most} characters.", most)
}

/// One line, or nothing.
fn one(words: &str, most: usize) -> Result<String, Text> {
    if words.trim().is_empty() {
        return Ok(String::new());
    }
    line(words, most, text!("Use one line of ordinary characters."), at_most(most)).map_err(|rejected| rejected.0)
}

/// Several lines, or nothing.
fn several(words: &str, most: usize) -> Result<String, Text> {
    let words = words.replace("\r\n", "\n");
    let words = words.trim();
    if words.chars().count() > most {
        return Err(at_most(most));
    }
    if words.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err(text!("Use ordinary characters."));
    }
    Ok(words.to_owned())
}

/// Intents as they are kept.
fn intents(all: Vec<Intent>) -> Result<Vec<Intent>, Text> {
    if all.len() > INTENTS {
        return Err(text!("Use at most {most} intents.", most = INTENTS));
    }
    let mut kept: Vec<Intent> = Vec::new();
    for intent in all {
        let unnamed = || text!("Each intent takes a name: one line of at most {most} characters.", most = NAME);
        let name = line(&intent.name, NAME, unnamed(), unnamed()).map_err(|_| unnamed())?;
        if kept.iter().any(|other| other.name.to_lowercase() == name.to_lowercase()) {
            return Err(text!("Two intents are called {name}. Give one another name.", name));
        }
        let examples = intent.examples.iter().filter(|example| example.contains(char::is_alphanumeric));
        let examples: Result<Vec<_>, _> = examples.map(|example| one(example, EXAMPLE)).collect();
        let examples = examples.ok().filter(|examples| examples.len() <= EXAMPLES).ok_or_else(|| {
            let (many, most) = (EXAMPLES, EXAMPLE);
            text!(
                "{name}: use at most {many} examples, each in one line of at most {most} characters.",
                name = name.clone(),
                many,
                most
            )
        })?;
        if examples.is_empty() {
            return Err(text!("{name}: write one example at least of how it is said.", name));
        }
        let said = several(&intent.text, WORDS).map_err(|_| {
            text!("{name}: use at most {most} ordinary characters for what is said.", name = name.clone(), most = WORDS)
        })?;
        if said.is_empty() && intent.then == Reaction::Answer {
            return Err(text!("{name}: write what is answered.", name));
        }
        kept.push(Intent { name, examples, then: intent.then, text: said });
    }
    Ok(kept)
}

impl Personality {
    /// This one, if it is all right.
    ///
    /// # Errors
    /// What is wrong with each field.
    pub fn checked(self) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let intents = intents(self.intents);
        let mut read = |field: &str, read: Result<String, Text>| {
            read.unwrap_or_else(|message| {
                errors.push(FieldError { field: field.to_owned(), message });
                String::new()
            })
        };
        let name = line(&self.name, NAME, text!("Enter a name by which your team knows it."), at_most(NAME));
        let checked = Self {
            name: read("name", name.map_err(|rejected| rejected.0)),
            called: read("called", one(&self.called, CALLED)),
            instruction: read("instruction", several(&self.instruction, INSTRUCTION)),
            greeting: read("greeting", several(&self.greeting, WORDS)),
            thanks: read("thanks", several(&self.thanks, WORDS)),
            refusal: read("refusal", several(&self.refusal, WORDS)),
            nearest: read("nearest", several(&self.nearest, WORDS)),
            tone: self.tone,
            language: self.language,
            grounding: self.grounding,
            intents: Vec::new(),
            person_after_refusals: self.person_after_refusals,
        };
        match intents {
            Ok(intents) if errors.is_empty() => Ok(Self { intents, ..checked }),
            Ok(_) => Err(errors),
            Err(message) => {
                errors.push(FieldError { field: "intents".to_owned(), message });
                Err(errors)
            }
        }
    }

    /// By name, as people read them. An intent goes by `intent ` and its name.
    pub fn facts(&self) -> BTreeMap<String, Text> {
        let said = |words: &String| if words.is_empty() { Text::plain("-") } else { Text::plain(words.clone()) };
        let refusals = if self.person_after_refusals { Reaction::Person.words() } else { text!("Go on") };
        let facts = [
            ("name", said(&self.name)),
            ("called", said(&self.called)),
            ("tone", self.tone.words()),
            ("language", self.language.words()),
            ("instruction", said(&self.instruction)),
            ("greeting", said(&self.greeting)),
            ("thanks", said(&self.thanks)),
            ("refusal", said(&self.refusal)),
            ("nearest", said(&self.nearest)),
            ("grounding", self.grounding.words()),
            ("person_after_refusals", refusals),
        ];
        let facts = facts.into_iter().map(|(name, fact)| (name.to_owned(), fact));
        facts.chain(self.intents.iter().map(|one| (format!("intent {}", one.name), one.fact()))).collect()
    }

    /// What differs: name, what it was, and what it is in `newer`.
    pub fn differences(&self, newer: &Self) -> Vec<(String, Text, Text)> {
        let (before, after) = (self.facts(), newer.facts());
        let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
        let of = |facts: &BTreeMap<String, Text>, name: &String| facts.get(name).cloned();
        let none = || Text::plain("-");
        let all = names.map(|name| (name.clone(), of(&before, name), of(&after, name)));
        let differing = all.filter(|(_, was, is)| was != is);
        differing.map(|(name, was, is)| (name, was.unwrap_or_else(none), is.unwrap_or_else(none))).collect()
    }

    /// What a trait is called.
    pub fn title(name: &str) -> Text {
        match name {
            "name" => text!("Name"),
            "called" => text!("What visitors call it"),
            "tone" => text!("Tone"),
            "language" => text!("Language"),
            "instruction" => text!("Instructions"),
            "greeting" => text!("To a greeting"),
            "thanks" => text!("To thanks"),
            "refusal" => text!("Where the documents do not say"),
            "nearest" => text!("Above the nearest passages"),
            "grounding" => text!("Answers are made of"),
            "person_after_refusals" => text!("After three questions without an answer"),
            other => match other.strip_prefix("intent ") {
                Some(name) => text!("Intent \u{201c}{name}\u{201d}", name),
                None => Text::plain(other),
            },
        }
    }
}

impl Intent {
    fn fact(&self) -> Text {
        let (examples, said) = (self.examples.join(" / "), if self.text.is_empty() { "-" } else { &self.text });
        match self.then {
            Reaction::Answer => text!("{examples}: answer this: {said}", examples, said),
            Reaction::Person => text!("{examples}: ask a person to join, and say: {said}", examples, said),
            Reaction::Refuse => text!("{examples}: do not talk about it, and say: {said}", examples, said),
        }
    }
}

/// A personality that is kept, as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct KeptPersonality {
    /// Its id.
    pub id: PersonalityId,
    /// The number of its latest version.
    pub version: i32,
    /// Whether the assistant is like this.
    pub in_use: bool,
    /// What it is like.
    pub personality: Personality,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
}

/// A version of a personality.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PersonalityVersion {
    /// Its number, from 1.
    pub version: i32,
    /// What it was like.
    pub personality: Personality,
    /// Which version it brought back, if it did.
    pub restores: Option<i32>,
    /// Who made it, as they were called then; empty for what was there before personalities were.
    pub changed_by: String,
    /// When.
    pub changed_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(name: &str, example: &str) -> Intent {
        Intent { name: name.into(), examples: vec![example.into()], then: Reaction::Refuse, text: String::new() }
    }

    fn fields(personality: Personality) -> Vec<String> {
        personality.checked().err().unwrap_or_default().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn what_is_wrong_is_named_all_at_once() {
        let long = "å".repeat(WORDS + 1);
        let wrong = Personality {
            name: " \u{200b}".into(),
            called: "Two\nlines".into(),
            greeting: long.clone(),
            refusal: "a\0b".into(),
            intents: vec![intent("", "x")],
            ..Personality::default()
        };
        assert_eq!(fields(wrong), ["name", "called", "greeting", "refusal", "intents"]);
        let right = Personality {
            name: "  Standard ".into(),
            greeting: "Hello!\r\nWhat is it? ".into(),
            thanks: long.chars().skip(1).collect(),
            intents: vec![Intent { examples: vec![" One? ".into(), String::new(), "?".into()], ..intent(" a ", "") }],
            person_after_refusals: true,
            ..Personality::default()
        };
        let right = right.checked().unwrap();
        assert!(right.person_after_refusals);
        assert_eq!((right.name.as_str(), right.greeting.as_str()), ("Standard", "Hello!\nWhat is it?"));
        assert_eq!(
            (right.intents[0].name.as_str(), right.intents[0].examples.as_slice()),
            ("a", &["One?".to_owned()][..])
        );
    }

    #[test]
    fn intents_have_bounds() {
        let of = |intents: Vec<Intent>| fields(Personality { name: "A".into(), intents, ..Personality::default() });
        let many = |n: usize| (0..n).map(|n| intent(&n.to_string(), "x")).collect::<Vec<_>>();
        let examples = |n: usize, length: usize| Intent { examples: vec!["x".repeat(length); n], ..intent("a", "") };
        assert!(of(many(INTENTS)).is_empty() && of(vec![examples(EXAMPLES, EXAMPLE)]).is_empty());
        for wrong in [
            many(INTENTS + 1),
            vec![examples(EXAMPLES + 1, 1)],
            vec![examples(1, EXAMPLE + 1)],
            vec![intent("a", "?!")],
            vec![intent("Jobs", "x"), intent("jobs", "y")],
            vec![Intent { then: Reaction::Answer, ..intent("a", "x") }],
            vec![Intent { text: "x".repeat(WORDS + 1), ..intent("a", "x") }],
        ] {
            assert_eq!(of(wrong.clone()), ["intents"], "{wrong:?}");
        }
    }

    #[test]
    fn what_differs_is_told() {
        let before = Personality { intents: vec![intent("a", "x"), intent("b", "y")], ..Personality::default() };
        assert_eq!(before.differences(&before), []);
        let after = Personality {
            tone: Tone::Brief,
            intents: vec![intent("b", "z"), intent("c", "x")],
            person_after_refusals: true,
            ..Personality::default()
        };
        let names: Vec<_> = before.differences(&after).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["intent a", "intent b", "person_after_refusals", "tone", "intent c"]);
        assert_eq!(before.differences(&after)[2].1, text!("Go on"));
        assert_eq!(before.differences(&after)[3].1, text!("Neutral"));
    }

    #[test]
    fn what_is_not_said_is_as_it_was_made_and_an_unknown_trait_is_refused() {
        let read = serde_json::from_str::<Personality>;
        assert_eq!(read(r#"{"name": "A"}"#).unwrap(), Personality { name: "A".into(), ..Personality::default() });
        for wrong in [
            "{}",
            r#"{"name": "A", "mood": "good"}"#,
            r#"{"name": "A", "tone": "loud"}"#,
            r#"{"name": "A", "intents": [["a", ["x"], "refuse", ""]]}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
