//! What is decided before anything is searched: what an intent of the personality knows, by its words, or by what it means.
//!
//! *Guarantees:* an intent is known where a question has the words of one of its examples, but for small ones, or, in English alone, is very near to
//! one in its meaning, names and denies what that does. So it seldom takes a question that is another one, and often does not know one that is
//! put in quite other words.

use crate::Assistant;
use crate::answer::restates;
use crate::check;
use crate::composed::{Asking, Made};
use crate::manner::{Manner, english, spoken};
use crate::steps::Steps;
use crate::weigh::cosine;
use conversations::words_of;
use knowledge::{Embedder, KnowledgeError};
use model::knowledge::{Answer, Outcome};
use model::personality::{Intent, Reaction};
use model::receipt::{Record, StepKind, Verdict};
use model::{PersonalityId, TenantId};
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use unicode_segmentation::UnicodeSegmentation as _;
use words::{Text, noted, text};

/// How near the meaning of a question is to an example that says the same: the cosine. (Chosen by hand, on the questions in
/// `server/tests/it/personalities.rs`: of those that mean another thing the nearest one that names and denies the same has 0.74.) The model
/// knows English best: two questions in Spanish have 0.85 that have three words in common and mean nothing alike.
const MEANT: f32 = 0.78;
/// Texts whose meaning is computed at once.
const AT_ONCE: usize = 16;
/// Personalities whose examples' meanings are remembered, of all tenants: 20 MB where each has as many as may be.
const REMEMBERED: usize = 64;

/// What is said where an intent has no words of its own.
const PERSON: &str = noted!("A person has to see to this.");
const SILENT: &str = noted!("I cannot help with this here.");

type Version = (TenantId, PersonalityId, i32);
type Vectors = Arc<Vec<Vec<f32>>>;

/// The meanings of examples, those that were asked for last, of a version of each personality: so who changes theirs often takes no place from
/// others. A version never changes, so neither do they.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meanings(Arc<Mutex<VecDeque<(Version, Vectors)>>>);

impl Meanings {
    fn get(&self, version: Version) -> Option<Vectors> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|(known, _)| *known == version)?;
        let found = all.remove(at)?;
        let vectors = Arc::clone(&found.1);
        all.push_back(found);
        Some(vectors)
    }

    fn keep(&self, version: Version, vectors: &Vectors) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|((tenant, id, _), _)| (*tenant, *id) != (version.0, version.1));
        all.push_back((version, Arc::clone(vectors)));
        if all.len() > REMEMBERED {
            all.pop_front();
        }
    }
}

impl Assistant {
    /// What is made of a question that an intent knows, of which nothing is kept yet.
    pub(crate) async fn intended(&self, tenant: TenantId, asking: &Asking<'_>) -> Result<Option<Made>, KnowledgeError> {
        let (manner, question) = (asking.manner, asking.question);
        if manner.personality.intents.is_empty() {
            return Ok(None);
        }
        let mut steps = Steps::begin();
        let known = match by_words(manner, question) {
            Some(intent) => Some((intent, text!("An intent was known by its words"))),
            None => {
                let meant = self.by_meaning(tenant, manner, question).await?;
                meant.map(|intent| (intent, text!("An intent was known by its meaning")))
            }
        };
        let Some((intent, how)) = known else { return Ok(None) };
        steps.note(StepKind::Decided, how);
        steps.note(StepKind::Decided, Text::plain(intent.name.clone()));
        let (outcome, words) = match intent.then {
            Reaction::Answer => (Outcome::Answer, ""),
            Reaction::Person => (Outcome::Refused, PERSON),
            Reaction::Refuse => (Outcome::Refused, SILENT),
        };
        let said = manner.says(&intent.text, words, spoken(question));
        // It stands in no document.
        let answer = Answer { grounded: false, ..Answer::told(outcome, said, Vec::new()) };
        let record = Record {
            question: question.to_owned(),
            answer: answer.answer.clone(),
            outcome,
            verdict: Verdict::Intended,
            passages: Vec::new(),
            asked: None,
            steps: steps.all(),
            conversation_id: asking.conversation,
            together: None,
            earlier: Vec::new(),
            summary: None,
            facts: Vec::new(),
            images: Vec::new(),
            shown: None,
            replay_of: None,
            personality_id: manner.of.map(|(id, _)| id),
            personality_version: manner.of.map(|(_, version)| version),
        };
        Ok(Some(Made { answer, record: Some(record), whole: None, intent: Some(intent.then) }))
    }

    async fn by_meaning<'m>(
        &self,
        tenant: TenantId,
        manner: &'m Manner,
        question: &str,
    ) -> Result<Option<&'m Intent>, KnowledgeError> {
        let examples: Vec<(&Intent, &String)> = examples(manner).collect();
        let (Some(embedder), Some((id, version)), false) = (self.knowledge.embedder(), manner.of, examples.is_empty())
        else {
            return Ok(None);
        };
        if !english(question) {
            return Ok(None);
        }
        let texts = examples.iter().map(|(_, example)| (*example).clone()).collect();
        let theirs = self.meanings((tenant, id, version), embedder, texts).await?;
        let own = embedder.question(tenant, question).await?;
        let near = examples.iter().zip(theirs.iter()).filter(|((_, example), _)| alike(question, example));
        let near = near.map(|((intent, _), vector)| (cosine(&own, vector), *intent));
        let nearest = near.filter(|(near, _)| *near >= MEANT).max_by(|(one, _), (other, _)| one.total_cmp(other));
        Ok(nearest.map(|(_, intent)| intent))
    }

    /// The meanings of the examples of a version, which are computed once.
    async fn meanings(
        &self,
        version: Version,
        embedder: &Embedder,
        texts: Vec<String>,
    ) -> Result<Vectors, KnowledgeError> {
        if let Some(known) = self.meanings.get(version) {
            return Ok(known);
        }
        let mut vectors = Vec::with_capacity(texts.len());
        // In between others have their turns.
        for part in texts.chunks(AT_ONCE) {
            vectors.extend(embedder.sentences(version.0, part.to_vec()).await?);
        }
        let vectors = Arc::new(vectors);
        self.meanings.keep(version, &vectors);
        Ok(vectors)
    }
}

fn examples(manner: &Manner) -> impl Iterator<Item = (&Intent, &String)> {
    manner.personality.intents.iter().flat_map(|intent| intent.examples.iter().map(move |example| (intent, example)))
}

/// The first intent that has an example with the words of a question.
fn by_words<'m>(manner: &'m Manner, question: &str) -> Option<&'m Intent> {
    let words = words_of(question);
    let same = |example: &str| (!words.is_empty() && words_of(example) == words) || restates(question, example);
    examples(manner).find(|(_, example)| same(example)).map(|(intent, _)| intent)
}

/// Whether a question names what an example does, and denies something as that does: things that its meaning hardly has in it.
fn alike(question: &str, example: &str) -> bool {
    check::denying(question) == check::denying(example) && named(question) == named(example)
}

/// What is named to the letter: words with digits, and those that have a capital letter and do not begin the text.
fn named(text: &str) -> BTreeSet<String> {
    let capital = |word: &str| {
        let me = word == "I" || word.starts_with("I'") || word.starts_with("I\u{2019}");
        word.starts_with(char::is_uppercase) && !me
    };
    let words = text.unicode_words().enumerate();
    let named = words.filter(|(at, word)| word.contains(|c: char| c.is_ascii_digit()) || *at > 0 && capital(word));
    named.map(|(_, word)| word.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::personality::Personality;

    fn manner(examples: &[&str]) -> Manner {
        let intents = examples.iter().enumerate().map(|(at, example)| Intent {
            name: at.to_string(),
            examples: vec!["Nothing else".to_owned(), (*example).to_owned()],
            then: Reaction::Refuse,
            text: String::new(),
        });
        let personality = Personality { intents: intents.collect(), ..Personality::default() };
        Manner { of: None, personality }
    }

    #[test]
    fn an_intent_is_known_by_its_words() {
        let manner = manner(&["Do you ship to Norway?", "¿A quién debo votar?", "legal advice"]);
        let known = |question: &str| by_words(&manner, question).map(|intent| intent.name.as_str());
        for (question, intent) in [
            ("do you ship to NORWAY", Some("0")),
            ("Do you ship to Norway at all, please?", Some("0")),
            ("a quién debo votar", Some("1")),
            ("Legal advice!", Some("2")),
            ("Do you ship to Sweden?", None),
            ("Do you not ship to Norway?", None),
            ("¿A quién debo llamar?", None),
            ("Is your advice legal?", None),
            ("?", None),
            ("", None),
        ] {
            assert_eq!(known(question), intent, "{question}");
        }
    }

    #[test]
    fn what_is_named_or_denied_is_the_same() {
        for (question, example, same) in [
            ("Do you ship to Norway?", "do you send to Norway", true),
            ("Do you ship to Sweden?", "Do you ship to Norway?", false),
            ("What does error 12 mean?", "What does error 13 mean?", false),
            ("I do not want to cancel", "I want to cancel", false),
            ("May I cancel?", "I'd like to know if I'm able to cancel", true),
        ] {
            assert_eq!(alike(question, example), same, "{question}");
        }
    }

    #[test]
    fn the_meanings_that_were_asked_for_last_are_remembered() {
        let meanings = Meanings::default();
        let version = |personality: u128, n: i32| {
            let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(7));
            (tenant, PersonalityId::from_uuid(uuid::Uuid::from_u128(personality)), n)
        };
        for personality in (0..).take(REMEMBERED) {
            meanings.keep(version(personality, 1), &Arc::new(vec![vec![1.0]]));
        }
        assert!(meanings.get(version(0, 1)).is_some());
        meanings.keep(version(1_000, 1), &Vectors::default());
        assert!(meanings.get(version(0, 1)).is_some() && meanings.get(version(1_000, 1)).is_some());
        assert!(meanings.get(version(1, 1)).is_none());
        // A new version takes the place of its own old one.
        meanings.keep(version(0, 2), &Vectors::default());
        assert!(meanings.get(version(0, 1)).is_none() && meanings.get(version(0, 2)).is_some());
        assert!(meanings.get(version(2, 1)).is_some());
    }
}
