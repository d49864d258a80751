//! The built-in answerer: quotes what answers the question, or refuses.

use crate::Assistant;
use crate::sentences::{plain, sentences};
use knowledge::{Hit, KnowledgeError};
use model::knowledge::{Answer, Citation};
use store::Caller;

/// What is said when the documents do not say.
pub const REFUSAL: &str = "The documents do not say.";
/// The confidence from which a question is answered. Chosen on the part `tune` of the test set, with the weights in
/// [`confidence`].
const THRESHOLD: f64 = 0.24;
/// The share of the question's words from which it is answered where there is no model.
const WORDS_ALONE: f64 = 0.4;
/// Passages that are looked into.
const PASSAGES: u32 = 5;
/// Statements that are weighed: five passages seldom have more.
const STATEMENTS: usize = 64;
/// Most characters of an answer, but for a single statement that is longer.
const LONG_ENOUGH: usize = 400;
/// How near to the best statement its neighbour must be to be quoted along with it.
const AS_GOOD: f64 = 0.85;

/// How near to the question the nearest of each kind is: cosines, from -1 to 1.
#[derive(Debug, Clone, Copy, Default)]
struct Nearness {
    /// A passage.
    passage: f64,
    /// A statement, under its heading.
    statement: f64,
    /// A heading alone.
    heading: f64,
}

/// How sure it is that the documents answer. A statement that is near speaks for it; a heading that is near while no
/// statement is speaks against it: the documents are about this, and do not say it.
fn confidence(near: Nearness) -> f64 {
    0.4 * near.passage + 0.6 * near.statement - 0.36 * near.heading
}

/// A statement of a passage and how well it answers.
struct Statement {
    hit: usize,
    range: std::ops::Range<usize>,
    score: f64,
}

impl Assistant {
    /// Answers a question from the tenant's documents.
    ///
    /// # Errors
    /// [`KnowledgeError::Invalid`] for a question that cannot be (field `question`), the model's, or the database's.
    #[tracing::instrument(name = "assistant.answer", skip_all)]
    pub async fn answer(&self, caller: &Caller, question: &str) -> Result<Answer, KnowledgeError> {
        let question = knowledge::question("question", question)?;
        let hits = self.knowledge.hits(caller, question, PASSAGES, knowledge::MEANING).await?;
        let Some(best) = hits.first() else { return Ok(refusal()) };
        let (statements, near) = self.weigh(question, &hits).await?;
        let sure = match near {
            Some(near) => confidence(near) >= THRESHOLD,
            None => best.words >= WORDS_ALONE,
        };
        let top = statements.iter().max_by(|a, b| a.score.total_cmp(&b.score)).filter(|_| sure);
        Ok(top.map_or_else(refusal, |top| quote(&hits[top.hit], &neighbours(&statements, top))))
    }

    /// Every statement of the passages with its score, and how near the nearest are; `None` without the model.
    async fn weigh(&self, question: &str, hits: &[Hit]) -> Result<(Vec<Statement>, Option<Nearness>), KnowledgeError> {
        let mut statements: Vec<Statement> = hits
            .iter()
            .enumerate()
            .flat_map(|(hit, h)| {
                let text = &h.passage.text;
                // An answer that somebody wrote as one is quoted as one.
                let whole = text.chars().count() <= LONG_ENOUGH && h.pair;
                let ranges = if whole { std::iter::once(0..text.len()).collect() } else { sentences(text) };
                ranges.into_iter().map(move |range| Statement { hit, range, score: 0.0 })
            })
            .take(STATEMENTS)
            .collect();
        let heading = |hit: &Hit| hit.passage.title.rsplit(" › ").next().unwrap_or_default().to_owned();
        let text = |s: &Statement| format!("{}: {}", heading(&hits[s.hit]), &hits[s.hit].passage.text[s.range.clone()]);
        let texts: Vec<String> = statements.iter().map(text).collect();
        let (mut cosines, mut near) = (vec![0.0; texts.len()], None);
        if let Some(embedder) = self.knowledge.embedder() {
            let mut read = vec![question.to_owned()];
            read.extend(texts.iter().cloned());
            read.extend(hits.iter().map(heading));
            let vectors = embedder.urgent(read).await?;
            let (asked, rest) =
                vectors.split_first().map_or((&[][..], &[][..]), |(asked, rest)| (asked.as_slice(), rest));
            let all: Vec<f64> = rest.iter().map(|vector| dot(asked, vector)).collect();
            let (of_statements, of_headings) = all.split_at(texts.len().min(all.len()));
            cosines = of_statements.to_vec();
            let most = |of: &[f64]| of.iter().copied().fold(0.0, f64::max);
            let passages: Vec<f64> = hits.iter().filter_map(|hit| hit.meaning).collect();
            near =
                Some(Nearness { passage: most(&passages), statement: most(of_statements), heading: most(of_headings) });
        }
        let asked = words(question);
        for ((statement, text), cosine) in statements.iter_mut().zip(&texts).zip(cosines) {
            let passage = f64::from(hits[statement.hit].passage.score);
            statement.score = cosine + 0.3 * shared(&asked, &words(text)) + 0.5 * passage;
        }
        Ok((statements, near))
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum()
}

/// The words of a text, cut to stems of a kind: enough to compare two texts of one language.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() > 2)
        .map(|word| word.to_lowercase().chars().take(6).collect())
        .collect()
}

/// The share of the asked words that a text holds.
fn shared(asked: &[String], text: &[String]) -> f64 {
    let held = asked.iter().filter(|word| text.contains(word)).count();
    #[allow(clippy::cast_precision_loss, reason = "a question has few words")]
    let share = held as f64 / asked.len().max(1) as f64;
    share
}

/// The best statement and those beside it that are nearly as good: a run of one passage.
fn neighbours(statements: &[Statement], top: &Statement) -> std::ops::Range<usize> {
    let same: Vec<&Statement> = statements.iter().filter(|s| s.hit == top.hit).collect();
    let at = same.iter().position(|s| s.range == top.range).unwrap_or(0);
    let (mut first, mut last) = (at, at);
    let length = |first: usize, last: usize| same[last].range.end - same[first].range.start;
    let good = |at: usize| same[at].score >= AS_GOOD * top.score;
    while last + 1 < same.len() && good(last + 1) && length(first, last + 1) <= LONG_ENOUGH {
        last += 1;
    }
    while first > 0 && good(first - 1) && length(first - 1, last) <= LONG_ENOUGH {
        first -= 1;
    }
    same[first].range.start..same[last].range.end
}

fn quote(hit: &Hit, range: &std::ops::Range<usize>) -> Answer {
    let passage = &hit.passage;
    let quote = passage.text[range.clone()].to_owned();
    Answer {
        answer: plain(&quote),
        citations: vec![Citation {
            document_id: passage.document_id,
            chunk_id: passage.chunk_id,
            title: passage.title.clone(),
            quote,
        }],
        grounded: true,
        refused: false,
    }
}

fn refusal() -> Answer {
    Answer { answer: REFUSAL.to_owned(), citations: Vec::new(), grounded: true, refused: true }
}
