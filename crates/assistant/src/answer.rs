//! The built-in answerer: quotes what answers the question, or what is nearest to it, or refuses.
//!
//! The search's first passages are read once more, each together with the question, by a model that was trained to judge whether a passage
//! answers (`minilm`). It knows better what is near than what answers: so it is called an answer only where nine of ten are right, and for
//! the rest people are shown the nearest passages and judge themselves. All figures here were chosen on the part `b` of `questions/`, with a reader
//! that had not seen it.

use crate::Assistant;
use crate::codes::{Names, SMALL, codes, names};
use crate::follow_up::{FollowUp, follow_up, says};
use crate::sentences::sentences;
use knowledge::embedding::input;
use knowledge::{Hit, Judgement, KnowledgeError};
use model::TenantId;
use model::knowledge::{Answer, Citation, Outcome};
use std::collections::BTreeSet;
use std::ops::Range;
use store::Caller;
use unicode_segmentation::UnicodeSegmentation as _;

/// What is said when the documents do not say.
pub const REFUSAL: &str = "The documents do not say.";
/// What is said above passages that may answer.
pub const NEAREST: &str = "No clear answer to this stands in the documents. This comes nearest:";
/// Passages that are read beside the question. With 12 the first one is right in 1 % more, and half as many again are to be read.
const PASSAGES: u32 = 8;
/// Most passages that are shown where none is an answer.
const SHOWN: usize = 3;
/// How much less near than the first one a passage may be to be shown. With 4 nearly 2 % fewer right ones are shown.
const BESIDE: f64 = 6.0;
/// What is an answer: how near it is, and half of how much nearer than the next, up to this much. From 5.4 to 7.1 the share of right answers goes
/// from 0.88 to 0.92, and that of questions that get one from 0.36 to 0.20.
const ANSWERS: f64 = 7.0;
const AHEAD: f64 = 6.0;
/// Most characters of a quote, but for the statements over which the words stand that answer.
const QUOTED: usize = 400;
/// What a code of the question that a passage holds counts for the order.
const CODE: f64 = 3.0;
/// How near the meaning of a passage is from which it is about the question, whatever the reader says: on `b` no question from elsewhere is.
const MEANT: f64 = 0.55;
/// The share of the question's words from which a passage is shown where there is no model.
const WORDS_ALONE: f64 = 0.4;

/// A passage, and what speaks for it.
struct Candidate {
    hit: Hit,
    /// Whether it was written as the answer to this very question.
    written: bool,
    /// How near it is, for the order.
    near: f64,
    /// Whether that was read from the question as it was asked: not from words alone, nor from others in the place of misspelt ones.
    read: bool,
    /// Where the words stand that answer, in bytes of its text.
    words: Range<usize>,
}

/// What is asked, and how it is read.
struct Asked<'q> {
    /// What is searched, and read beside passages.
    text: &'q str,
    /// What of it names things.
    named: &'q str,
    /// Of a question that stands on another, its own words: what says each of them comes before all else, and nothing else is an answer.
    own: Option<&'q [String]>,
}

impl<'q> Asked<'q> {
    fn alone(question: &'q str) -> Self {
        Self { text: question, named: question, own: None }
    }

    /// What was named before may have been replaced by what is named now.
    fn together(question: &'q str, whole: &'q FollowUp) -> Self {
        let text = whole.text.as_str();
        Self { text, named: if whole.names { question } else { text }, own: Some(whole.own.as_slice()) }
    }
}

/// What is told.
struct Told {
    answer: Answer,
    /// Whether it was written as the answer to this very question.
    written: bool,
    /// Whether it says the question's own words, where these count.
    says_own: bool,
}

impl Told {
    fn refused() -> Self {
        Self { answer: refusal(), written: false, says_own: false }
    }
}

impl Assistant {
    /// Answers a question from the tenant's documents.
    ///
    /// # Errors
    /// [`KnowledgeError::Invalid`] for a question that cannot be (field `question`), the model's, or the database's.
    #[tracing::instrument(name = "assistant.answer", skip_all)]
    pub async fn answer(&self, caller: &Caller, question: &str) -> Result<Answer, KnowledgeError> {
        let question = &knowledge::question("question", question)?;
        Ok(self.told(caller, &Asked::alone(question)).await?.answer)
    }

    /// Answers a question that may stand on the one before it; with both, where it was read so. Of such a one nothing is called an answer that does not say its
    /// own words: of "And the Team plan?" what is said of the Solo plan is none.
    ///
    /// # Errors
    /// As for [`Self::answer`].
    #[tracing::instrument(name = "assistant.answer_after", skip_all)]
    pub async fn answer_after(
        &self,
        caller: &Caller,
        before: Option<&str>,
        question: &str,
    ) -> Result<(Answer, Option<String>), KnowledgeError> {
        let question = &knowledge::question("question", question)?;
        let alone = self.told(caller, &Asked::alone(question)).await?;
        let Some(whole) = before.and_then(|before| follow_up(before, question)) else { return Ok((alone.answer, None)) };
        if alone.written || (whole.perhaps && !alone.answer.refused) {
            return Ok((alone.answer, None));
        }
        let together = self.told(caller, &Asked::together(question, &whole)).await?;
        let says_enough = together.says_own || (whole.own.is_empty() && !together.answer.refused);
        if says_enough || alone.answer.refused {
            return Ok((together.answer, Some(whole.text)));
        }
        Ok((at_most_near(alone.answer, &whole.own), None))
    }

    async fn told(&self, caller: &Caller, question: &Asked<'_>) -> Result<Told, KnowledgeError> {
        let hits = self.knowledge.hits(caller, question.text, PASSAGES, knowledge::MEANING).await?;
        let mut found = self.judged(caller.scope().tenant(), question, hits).await?;
        // What was written for it comes first, whatever else is there.
        found.sort_by(|a, b| b.written.cmp(&a.written).then(b.near.total_cmp(&a.near)));
        let own = question.own.unwrap_or_default();
        let says_own = |candidate: &Candidate| says(&Quote::of(candidate).all(), own);
        let some_say_own = !own.is_empty() && found.iter().any(says_own);
        if some_say_own {
            found.retain(says_own);
        }
        let (Some(best), next) = (found.first(), found.get(1)) else { return Ok(Told::refused()) };
        if !self.about(question.text, &found) {
            return Ok(Told::refused());
        }
        let ahead = next.map_or(AHEAD, |next| (best.near - next.near).min(AHEAD));
        // A document's title stands above all that is in it.
        let clear = question.own.is_none() || (some_say_own && says(&Quote::of(best).below_the_title(best.hit.pair), own));
        let sure = best.written || clear && best.read && best.near + ahead / 2.0 >= ANSWERS;
        let near = found.iter().take_while(|candidate| best.near - candidate.near <= BESIDE);
        let asked = names(question.named);
        let mut quotes: Vec<Quote> = near.map(Quote::of).collect();
        // It may speak of another of the kind. Then only what names the very one is told.
        let other = quotes.first().is_some_and(|quote| !asked.held_by(&quote.names()));
        quotes.retain(|quote| if other { asked.all_in(&quote.names()) } else { asked.held_by(&quote.names()) });
        quotes.truncate(if sure && !other { 1 } else { SHOWN });
        let written = best.written;
        Ok(match quotes.is_empty() {
            true => Told::refused(),
            false if sure && !other => Told { answer: answer(quotes), written, says_own: some_say_own },
            false => Told { answer: passages(quotes), written, says_own: some_say_own },
        })
    }

    /// What is found, judged by the reader; without a model, by the words alone.
    async fn judged(
        &self,
        tenant: TenantId,
        question: &Asked<'_>,
        hits: Vec<Hit>,
    ) -> Result<Vec<Candidate>, KnowledgeError> {
        let texts: Vec<String> = hits.iter().map(|hit| input(&hit.passage.title, &hit.passage.text)).collect();
        let (asked, question) = (codes(question.named), question.text);
        let held: Vec<usize> = texts.iter().map(|text| codes(text).intersection(&asked).count()).collect();
        let embedder = self.knowledge.embedder();
        let (judgements, read) = match embedder {
            Some(embedder) => {
                let judged = embedder.judgements(tenant, question, texts).await?;
                (judged.judgements, judged.read == question)
            }
            None => (hits.iter().map(|hit| by_words(hit.words)).collect(), false),
        };
        let judged = hits.into_iter().zip(judgements).zip(held).map(|((hit, judgement), held)| {
            #[allow(clippy::cast_precision_loss, reason = "a question names few codes")]
            let near = f64::from(judgement.answers) + CODE * held as f64;
            let written = hit.pair && restates(question, &hit.passage.title);
            let above = input(&hit.passage.title, "").len();
            let words = judgement.words.start.saturating_sub(above)..judgement.words.end.saturating_sub(above);
            Candidate { written, near, read, words, hit }
        });
        let shown = |candidate: &Candidate| embedder.is_some() || candidate.hit.words >= WORDS_ALONE;
        Ok(judged.filter(shown).collect())
    }

    /// Whether what is found is about the question at all. The reader is less sure of long questions; by a regression on `b`, without near misses.
    fn about(&self, question: &str, found: &[Candidate]) -> bool {
        let Some(best) = found.first() else { return false };
        if best.written || self.knowledge.embedder().is_none() {
            return true;
        }
        let meaning = found.iter().filter_map(|candidate| candidate.hit.meaning).fold(0.0, f64::max);
        #[allow(clippy::cast_precision_loss, reason = "25 at most")]
        let length = question.split_whitespace().take(25).count() as f64;
        meaning >= MEANT || 0.77 * best.near + 1.9 * meaning + 0.3 * length > 1.25
    }
}

/// Whether one question says what the other one does: every word of weight of either stands in the other. ("Not" weighs.)
fn restates(question: &str, other: &str) -> bool {
    let weighs = |word: &String| !SMALL.split(' ').any(|small| small == word);
    let words = |text: &str| -> BTreeSet<String> { text.unicode_words().map(str::to_lowercase).collect() };
    let (asked, there) = (words(question), words(other));
    asked.symmetric_difference(&there).all(|word| !weighs(word)) && asked.intersection(&there).any(weighs)
}

/// A judgement without a model.
fn by_words(share: f64) -> Judgement {
    #[allow(clippy::cast_possible_truncation, reason = "a share of one")]
    let answers = share as f32;
    Judgement { answers, words: 0..0 }
}

/// The run of statements around these words, as long as fits: a statement alone seldom says it all.
fn around(text: &str, words: &Range<usize>) -> Range<usize> {
    let length = |run: &Range<usize>| text[run.clone()].chars().count();
    if length(&(0..text.len())) <= QUOTED {
        return 0..text.len();
    }
    let statements = sentences(text);
    let touched = |statement: &Range<usize>| statement.start < words.end.max(1) && words.start < statement.end;
    let first = statements.iter().position(touched).unwrap_or_default();
    let last = statements.iter().rposition(touched).unwrap_or_default();
    let run = |first: usize, last: usize| Some(statements.get(first)?.start..statements.get(last)?.end);
    let (mut first, mut last) = (first, last.max(first));
    let mut best = run(first, last).unwrap_or(0..text.len());
    // What follows says more than what comes before.
    loop {
        let after = run(first, last + 1).filter(|run| length(run) <= QUOTED);
        let before = || run(first.checked_sub(1)?, last).filter(|run| length(run) <= QUOTED);
        match (after, before()) {
            (Some(run), _) => (last, best) = (last + 1, run),
            (None, Some(run)) => (first, best) = (first - 1, run),
            (None, None) => return best,
        }
    }
}

/// A part of what is told.
struct Quote {
    citation: Citation,
    /// What the asker reads: of a pair its question, too, since "Yes." answers nothing alone.
    told: String,
}

impl Quote {
    /// What was written as the answer to a question is told whole.
    fn of(candidate: &Candidate) -> Self {
        let passage = &candidate.hit.passage;
        let quote = match candidate.hit.pair {
            true => passage.text.clone(),
            false => passage.text[around(&passage.text, &candidate.words)].to_owned(),
        };
        let told = if candidate.hit.pair { held(&passage.title, &quote) } else { quote.clone() };
        let citation = Citation {
            document_id: passage.document_id,
            chunk_id: passage.chunk_id,
            title: passage.title.clone(),
            quote,
        };
        Self { citation, told }
    }

    /// All that one reads of it.
    fn all(&self) -> String {
        held(&self.citation.title, &self.citation.quote)
    }

    /// The same without the title of its document; of a pair the title is its question.
    fn below_the_title(&self, pair: bool) -> String {
        let title = self.citation.title.as_str();
        let headings = title.split_once(" › ").map_or("", |(_, headings)| headings);
        held(if pair { title } else { headings }, &self.citation.quote)
    }

    /// What it names.
    fn names(&self) -> Names {
        names(&self.all())
    }
}

/// What is told under a title.
fn held(title: &str, quote: &str) -> String {
    format!("{title}\n{quote}")
}

fn answer(quotes: Vec<Quote>) -> Answer {
    let answer = quotes.iter().map(|quote| quote.told.as_str()).collect::<Vec<_>>().join("\n\n");
    let citations = quotes.into_iter().map(|quote| quote.citation).collect();
    Answer { answer, outcome: Outcome::Answer, citations, grounded: true, refused: false }
}

/// What is nearest, and that it is no answer.
fn passages(quotes: Vec<Quote>) -> Answer {
    let citations = quotes.into_iter().map(|quote| quote.citation).collect();
    Answer { answer: NEAREST.to_owned(), outcome: Outcome::Passages, citations, grounded: true, refused: false }
}

/// The same, which is no answer if it does not say these words.
fn at_most_near(told: Answer, own: &[String]) -> Answer {
    let all = told.citations.iter().map(|citation| held(&citation.title, &citation.quote)).collect::<Vec<_>>().join("\n");
    if told.outcome != Outcome::Answer || (!own.is_empty() && says(&all, own)) {
        return told;
    }
    Answer { answer: NEAREST.to_owned(), outcome: Outcome::Passages, ..told }
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

#[cfg(test)]
mod tests {
    use super::{QUOTED, around, restates};

    #[test]
    fn a_question_is_known_again_and_another_is_not_taken_for_it() {
        for (asked, there) in [
            ("do i need an account to order", "Do I need an account to order?"),
            ("Do you ship to Norway?", "Do you ship to Norway?"),
            ("\u{4f60}\u{4eec}\u{53d1}\u{8d27}\u{5417}", "\u{4f60}\u{4eec}\u{53d1}\u{8d27}\u{5417}"),
        ] {
            assert!(restates(asked, there), "{asked}");
        }
        for (asked, there) in [
            ("Do you ship to Sweden?", "Do you ship to Norway?"),
            ("Do you ship to the USA?", "Do you ship to Norway?"),
            ("Do you ship to UK?", "Do you ship to Norway?"),
            ("Do you ship?", "Do you ship to Norway?"),
            ("Do you not ship to Norway?", "Do you ship to Norway?"),
            ("Do you ship internally?", "Do you ship internationally?"),
            ("What does error 12 mean?", "What does error 13 mean?"),
            ("\u{4f60}\u{4eec}\u{53d1}\u{8d27}\u{5417}", "\u{4f60}\u{4eec}\u{9000}\u{8d27}\u{5417}"),
            ("?", "?"),
        ] {
            assert!(!restates(asked, there), "{asked}");
        }
    }

    #[test]
    fn a_quote_holds_the_words_and_what_follows() {
        let text = "One stands here. ".repeat(30) + "The lamp costs 120 euros. " + &"Two follows it. ".repeat(30);
        let at = text.find("120").unwrap();
        let quote = &text[around(&text, &(at..at + 3))];
        assert!(quote.starts_with("The lamp costs 120 euros.") && quote.chars().count() <= QUOTED, "{quote}");
        let end = text.len() - 5;
        let quote = &text[around(&text, &(end..end + 1))];
        assert!(quote.ends_with("Two follows it.") && quote.chars().count() > QUOTED - 20, "{quote}");
        assert_eq!(around("Short.", &(0..0)), 0..6);
    }
}
