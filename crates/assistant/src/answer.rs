//! The built-in answerer: quotes what answers the question, or refuses.
//!
//! The search's first passages are read once more, now beside the question: each word piece of the question looks for
//! the nearest in the passage, where the vectors of a whole passage and a whole question blur into one number. The
//! mean over the question puts the passages in order. All figures here were measured on the part `tune` of the test set.

use crate::Assistant;
use crate::codes::{Names, codes, names};
use crate::sentences::sentences;
use knowledge::embedding::input;
use knowledge::{Hit, KnowledgeError, Reading};
use model::TenantId;
use model::knowledge::{Answer, Citation, Outcome};
use std::ops::Range;
use store::Caller;
use unicode_segmentation::UnicodeSegmentation as _;

/// What is said when the documents do not say.
pub const REFUSAL: &str = "The documents do not say.";
/// Passages that are read beside the question. With 8 or 20 the first one is hardly better, and it takes longer.
const PASSAGES: u32 = 5;
/// The share of the passage's own nearness in the confidence. From 0.2 to 0.7 all are alike.
const PASSAGE: f64 = 0.4;
/// The confidence from which a question is answered. From 0.44 to 0.5 each step of 0.02 refuses 8 % more of what the
/// documents do not say, and 6 % more of what they do.
const THRESHOLD: f64 = 0.45;
/// The share of the question's words from which it is answered where there is no model.
const WORDS_ALONE: f64 = 0.4;
/// Most characters of a quote, but for a single statement that is longer. From 350 on no right words are lost.
const ALONE: usize = 400;
/// The same where two passages are quoted.
const BESIDE: usize = 250;
/// What the nearness of a pair's answer counts beside that of its question, where passages are put in order: a pair answers
/// what it asks, and its answer may speak of anything.
const ANSWER: f64 = 0.95;
/// How much less near the second passage may be to be quoted beside the first: less than this is no difference.
const AS_GOOD: f64 = 0.03;

/// A passage, and what speaks for it.
struct Candidate {
    hit: Hit,
    reading: Reading,
    /// How near it is, for the order; a code of the question that it holds counts more than anything else.
    near: f64,
    /// Whether that is enough to answer.
    sure: bool,
}

impl Assistant {
    /// Answers a question from the tenant's documents.
    ///
    /// # Errors
    /// [`KnowledgeError::Invalid`] for a question that cannot be (field `question`), the model's, or the database's.
    #[tracing::instrument(name = "assistant.answer", skip_all)]
    pub async fn answer(&self, caller: &Caller, question: &str) -> Result<Answer, KnowledgeError> {
        let question = &knowledge::question("question", question)?;
        let hits = self.knowledge.hits(caller, question, PASSAGES, knowledge::MEANING).await?;
        let mut found = self.weigh(caller.scope().tenant(), question, hits).await?;
        found.sort_by(|a, b| b.near.total_cmp(&a.near));
        let asked = names(question);
        let Some((best, others)) = found.split_first().filter(|(best, _)| best.sure) else {
            return Ok(refusal());
        };
        let alone = Quote::alone(best, &asked);
        if !asked.held_by(&alone.names()) {
            // It speaks of another of the kind. Only what names the very one may answer in its place.
            let mut sure = others.iter().filter(|other| other.sure).map(|other| Quote::alone(other, &asked));
            let named = sure.find(|quote| asked.all_in(&quote.names()));
            return Ok(named.map_or_else(refusal, |quote| answer(vec![quote])));
        }
        let both = others
            .first()
            .filter(|second| best.near - second.near < AS_GOOD)
            .map(|second| [best, second].map(|candidate| Quote::of(candidate, BESIDE, &asked)));
        let fits = |both: &[Quote; 2]| {
            let length: usize = both.iter().map(|quote| quote.citation.quote.chars().count()).sum();
            length <= 2 * BESIDE && both.iter().all(|quote| asked.held_by(&quote.names()))
        };
        Ok(answer(both.filter(fits).map_or_else(|| vec![alone], Vec::from)))
    }

    async fn weigh(&self, tenant: TenantId, question: &str, hits: Vec<Hit>) -> Result<Vec<Candidate>, KnowledgeError> {
        let texts: Vec<String> = hits.iter().map(whole).collect();
        let asked = codes(question);
        let named = |text: &str| -> f64 { codes(text).intersection(&asked).map(|_| 1.0).sum() };
        let named: Vec<f64> = texts.iter().map(|text| named(text)).collect();
        let readings = match self.knowledge.embedder() {
            Some(embedder) => Some(embedder.readings(tenant, question, texts.clone()).await?),
            None => None,
        };
        let alone = |(hit, text): (Hit, &String)| {
            let (near, sure) = (hit.words, hit.words >= WORDS_ALONE);
            Candidate { reading: by_words(question, text), hit, near, sure }
        };
        let read = |(hit, reading): (Hit, Reading)| {
            let nearest = reading.nearest(|_| true);
            let sure = confidence(&nearest, hit.meaning.unwrap_or_default()) >= THRESHOLD;
            Candidate { near: mean(&weighed(&hit, &reading)), hit, sure, reading }
        };
        let mut found: Vec<Candidate> = match readings {
            Some(readings) => hits.into_iter().zip(readings).map(read).collect(),
            None => hits.into_iter().zip(&texts).map(alone).collect(),
        };
        for (candidate, named) in found.iter_mut().zip(named) {
            candidate.near += named;
        }
        Ok(found)
    }
}

/// How sure it is that a passage answers: how near it is as a whole, and how near to what it says least of. The half of
/// the question that is nearest to it says only what it is about.
fn confidence(nearest: &[f64], passage: f64) -> f64 {
    let mut ordered = nearest.to_vec();
    ordered.sort_by(f64::total_cmp);
    mean(&ordered[..ordered.len().div_ceil(2)]) + PASSAGE * passage
}

/// How near each word piece of the question is to a passage, for the order.
fn weighed(hit: &Hit, reading: &Reading) -> Vec<f64> {
    if !hit.pair {
        return reading.nearest(|_| true);
    }
    let above = above(hit);
    let (asked, said) = (reading.nearest(|place| place.end <= above), reading.nearest(|place| place.start >= above));
    asked.into_iter().zip(said).map(|(asked, said)| asked.max(ANSWER * said)).collect()
}

/// What was read of a passage: its headings or its question, then its text.
fn whole(hit: &Hit) -> String {
    input(&hit.passage.title, &hit.passage.text)
}

/// How much of that stands above the text, in bytes.
fn above(hit: &Hit) -> usize {
    input(&hit.passage.title, "").len()
}

fn mean(of: &[f64]) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a question has few words")]
    let mean = of.iter().sum::<f64>() / of.len().max(1) as f64;
    mean
}

/// A reading without the model: a word is near to itself and to nothing else.
fn by_words(question: &str, text: &str) -> Reading {
    let asked: Vec<String> = question.unicode_words().map(stem).collect();
    let held: Vec<(usize, &str)> = text.unicode_word_indices().collect();
    let stems: Vec<String> = held.iter().map(|(_, word)| stem(word)).collect();
    let row = |word: &String| stems.iter().map(|stem| f32::from(u8::from(stem == word))).collect();
    Reading {
        places: held.iter().map(|(at, word)| *at..at + word.len()).collect(),
        near: asked.iter().filter(|word| word.chars().count() > 2).map(row).collect(),
    }
}

/// A word cut to a stem of a kind: enough to compare two texts of one language.
fn stem(word: &str) -> String {
    word.to_lowercase().chars().take(6).collect()
}

/// The run of statements that is nearest to the question, as long as fits: a statement alone seldom says it all. One that holds
/// what is named comes before all others.
fn nearest_run(candidate: &Candidate, limit: usize, asked: &Names) -> Range<usize> {
    let text = candidate.hit.passage.text.as_str();
    let length = |run: &Range<usize>| text[run.clone()].chars().count();
    let mut best = (f64::MIN, 0..text.len());
    if length(&best.1) <= limit {
        return best.1;
    }
    // Headings were read before the text, and speak for every run.
    let headings = above(&candidate.hit);
    let statements = sentences(text);
    for (at, first) in statements.iter().enumerate() {
        let longer = statements[at..].iter().map(|last| first.start..last.end).skip(1);
        let run = longer.take_while(|run| length(run) <= limit).last().unwrap_or_else(|| first.clone());
        let begins = headings + run.start;
        let ends = headings + run.end;
        let nearest = candidate.reading.nearest(|p| p.end <= headings || (begins <= p.start && p.end <= ends));
        let holds = asked.held_by(&names(&held(&candidate.hit.passage.title, &text[run.clone()])));
        let near = mean(&nearest) + f64::from(u8::from(holds));
        if near > best.0 {
            best = (near, run);
        }
    }
    best.1
}

/// A part of an answer.
struct Quote {
    citation: Citation,
    /// What the asker reads: of a pair its question, too, since "Yes." answers nothing alone.
    told: String,
}

impl Quote {
    fn of(candidate: &Candidate, limit: usize, asked: &Names) -> Self {
        let passage = &candidate.hit.passage;
        let quote = passage.text[nearest_run(candidate, limit, asked)].to_owned();
        let told = if candidate.hit.pair { held(&passage.title, &quote) } else { quote.clone() };
        let citation = Citation {
            document_id: passage.document_id,
            chunk_id: passage.chunk_id,
            title: passage.title.clone(),
            quote,
        };
        Self { citation, told }
    }

    /// One that is told without another. What was written as the answer to a question is told whole.
    fn alone(candidate: &Candidate, asked: &Names) -> Self {
        Self::of(candidate, if candidate.hit.pair { usize::MAX } else { ALONE }, asked)
    }

    /// What it names.
    fn names(&self) -> Names {
        names(&held(&self.citation.title, &self.citation.quote))
    }
}

/// What is told under a title.
fn held(title: &str, quote: &str) -> String {
    format!("{title}\n{quote}")
}

fn answer(quotes: Vec<Quote>) -> Answer {
    let answer = quotes.iter().map(|quote| quote.told.as_str()).collect::<Vec<_>>().join("\n\n");
    let citations = quotes.into_iter().map(|quote| quote.citation).collect();
    Answer { answer, citations, outcome: Outcome::Answer, grounded: true, refused: false }
}

/// What is said where nothing answers.
pub fn refusal() -> Answer {
    Answer {
        answer: REFUSAL.to_owned(),
        outcome: Outcome::Refused,
        citations: Vec::new(),
        grounded: true,
        refused: true,
    }
}
