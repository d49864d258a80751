//! The built-in answerer: quotes what answers the question, or what is nearest to it, or refuses.
//!
//! The search's first passages are read once more, each together with the question, by a model that was trained to judge whether a passage
//! answers (`minilm`). It knows better what is near than what answers: so it is called an answer only where nine of ten are right, and for
//! the rest people are shown the nearest passages and judge themselves. All figures here were chosen on the part `b` of `questions/`, with a reader
//! that had not seen it.

use crate::Assistant;
use crate::asking::asking;
use crate::check::{among as alike, content};
use crate::codes::{Names, among, codes, names};
use crate::follow_up::{FollowUp, follow_up, says};
use crate::manner::english;
use crate::mask::Mask;
use crate::sentences::sentences;
use crate::steps::Steps;
use knowledge::embedding::input;
use knowledge::{Beside, Hit, Judgement, KnowledgeError, Looked};
use model::TenantId;
use model::knowledge::{Answer, Citation, Outcome, Passage};
use model::receipt::StepKind;
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;
use store::Caller;
use unicode_segmentation::UnicodeSegmentation as _;
use words::{noted, text};

/// What is said when the documents do not say.
pub const REFUSAL: &str = noted!("The documents do not say.");
/// What is said above passages that may answer.
pub const NEAREST: &str = noted!("No clear answer to this stands in the documents. This comes nearest:");
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
/// Most words that name a topic; and stems of words that name none, but are said of any.
const TOPIC: usize = 2;
const GENERAL: &str = "\
    what how who where why whose which tell explain show give want know need policy polici information info detail term condition rule rul option process procedure \
    service servic question help work list offer exactly please hi hello there general generally available possible politique politik politica información regla \
    condiciones";
/// Words of a question that are read beside a passage: the model reads 96 word pieces of it, from its beginning.
const READ: usize = 60;
/// Most characters of a quote, but for the statements over which the words stand that answer.
const QUOTED: usize = 400;
/// What a code of the question that a passage holds counts for the order.
const CODE: f64 = 3.0;
/// From where on what is found is about the question: where 0.96 of the questions on `b` are left that have an answer, and none of the 53 that concern no
/// company. From -1.2 on there is none of these, and 0.98 of those; what concerns no company elsewhere is not so plain.
const ABOUT: f64 = 1.2;
/// How long a second look may take; the first one's passages stand then. (It takes a tenth of that.)
const PATIENCE: Duration = Duration::from_secs(1);
/// The share of the question's words from which a passage is shown where there is no model.
const WORDS_ALONE: f64 = 0.4;

/// What the documents have on a question.
#[derive(Debug)]
pub(crate) struct Found {
    /// What the question names.
    named: Names,
    /// The passages, the nearest first.
    pub candidates: Vec<Candidate>,
    /// Whether they are about the question at all.
    pub about: bool,
    /// Whether a search model of the tenant's own had a part in finding them, and the question is in another language than the reader knows: that they
    /// are not about it, the reader cannot tell then.
    pub beyond: bool,
    /// Whether the question could concern a company at all, from its words alone: above 0 rather so.
    pub concerns: f64,
    /// Whether the first one may be an answer, if it is near enough.
    clear: bool,
    /// Whether they say the question's own words, where these count.
    says_own: bool,
    /// The question and the one before it, where it was read together with that.
    pub whole: Option<String>,
}

/// A passage, and what speaks for it.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub hit: Hit,
    /// Whether it was written as the answer to this very question.
    pub written: bool,
    /// How near it is, for the order.
    near: f64,
    /// Whether that was read from the question as it was asked: not from words alone, nor from others in the place of misspelt ones.
    read: bool,
    /// Whether it was found by all of the question, so that its nearness in meaning and words says something of that.
    whole: bool,
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
    /// Whether it is searched once more, in other words, where the first look brings nothing clear.
    again: bool,
    /// Whether the tenant's own search model is asked as well, as long as it still is for this question.
    beside: bool,
}

impl<'q> Asked<'q> {
    fn alone(question: &'q str) -> Self {
        Self { text: question, named: question, own: None, again: true, beside: true }
    }

    /// What was named before may have been replaced by what is named now.
    fn together(question: &'q str, whole: &'q FollowUp) -> Self {
        let text = whole.text.as_str();
        Self {
            text,
            named: if whole.names { question } else { text },
            own: Some(whole.own.as_slice()),
            again: false,
            beside: true,
        }
    }
}

impl Assistant {
    /// Tells what the documents themselves say to a question, without a model.
    ///
    /// # Errors
    /// [`KnowledgeError::Invalid`] for a question that cannot be (field `question`), the model's, or the database's.
    #[tracing::instrument(name = "assistant.answer", skip_all)]
    pub async fn answer(&self, caller: &Caller, question: &str) -> Result<Answer, KnowledgeError> {
        Ok(self.answer_after(caller, None, question).await?.0)
    }

    /// The same to a question that may stand on the one before it; with both, where it was read so. Of such a one nothing is called an answer that
    /// does not say its own words: of "And the Team plan?" what is said of the Solo plan is none.
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
        let question = knowledge::question("question", question)?;
        let found = self.found_after(caller, before, &question, &mut Steps::begin()).await?;
        Ok((found.told(true), found.whole))
    }

    /// What the documents have on a question that may stand on the one before it.
    pub(crate) async fn found_after(
        &self,
        caller: &Caller,
        before: Option<&str>,
        question: &str,
        steps: &mut Steps,
    ) -> Result<Found, KnowledgeError> {
        let whole = before.and_then(|before| follow_up(before, question));
        // What is searched together with the question before it is searched twice already.
        let alone = self.read(caller, &Asked { again: whole.is_none(), ..Asked::alone(question) }, steps).await?;
        let Some(whole) = whole else { return self.or_in_english(caller, question, alone, steps).await };
        let told = alone.told(true);
        let written = alone.candidates.first().is_some_and(|best| best.written);
        if !told.refused && (written || whole.perhaps) {
            return Ok(alone);
        }
        let together = self.read(caller, &Asked::together(question, &whole), steps).await?;
        let enough = (together.says_own || whole.own.is_empty()) && !together.told(true).refused;
        if enough || (told.refused && !whole.perhaps) {
            return Ok(Found { whole: Some(whole.text), ..together });
        }
        let said: Vec<String> = told.citations.iter().map(|citation| held(&citation.title, &citation.quote)).collect();
        Ok(Found { clear: !whole.own.is_empty() && says(&said.join("\n"), &whole.own), ..alone })
    }

    /// What the documents have on a question: this, or, where it is in another language than they are, what is nearer to it in English. What was read
    /// so is shown as passages and never called an answer: it was put word by word. What was written for it stays, and so does what a search model has
    /// found for who writes.
    async fn or_in_english(
        &self,
        caller: &Caller,
        question: &str,
        found: Found,
        steps: &mut Steps,
    ) -> Result<Found, KnowledgeError> {
        if found.candidates.first().is_some_and(|best| best.written) {
            return Ok(found);
        }
        let passages = found.candidates.iter().map(|candidate| candidate.hit.passage.text.as_str());
        let Some(english) = knowledge::in_english(question, passages) else { return Ok(found) };
        steps.note(
            StepKind::Search,
            text!("In another language than the documents: searched once more, word by word in English"),
        );
        let asked = Asked { named: question, again: false, beside: false, ..Asked::alone(&english) };
        let mut other = self.read(caller, &asked, steps).await?;
        if !other.nearer(&found) {
            return Ok(found);
        }
        other.candidates.iter_mut().for_each(|candidate| candidate.written = false);
        if found.beyond {
            other.behind(found.candidates);
        }
        Ok(Found { clear: false, ..other })
    }

    /// What the documents have on words that a model has chosen: no others are looked for.
    pub(crate) async fn found_by(
        &self,
        caller: &Caller,
        words: &str,
        steps: &mut Steps,
    ) -> Result<Found, KnowledgeError> {
        self.read(caller, &Asked { again: false, ..Asked::alone(words) }, steps).await
    }

    /// What passages that were found before have on a question, in the order in which they stood: about it, and given to who writes, or not as it was
    /// then. `whole` is the question together with the one before it, where it was read so.
    pub(crate) async fn found_again(
        &self,
        tenant: TenantId,
        (question, whole): (&str, Option<&str>),
        hits: Vec<Hit>,
        (about, beyond): (bool, bool),
    ) -> Result<Found, KnowledgeError> {
        let before = whole.and_then(|whole| whole.strip_suffix(question));
        let follow = before.and_then(|before| follow_up(before, question));
        let asked = match &follow {
            Some(follow) => Asked::together(question, follow),
            None => Asked::alone(whole.unwrap_or(question)),
        };
        let named = names(asked.named);
        let (candidates, ..) = self.judged(tenant, &asked, asked.text, hits).await?;
        let below = |best: &Candidate, own: &[String]| says(&Quote::of(best).below_the_title(best.hit.pair), own);
        let clear =
            asked.own.is_none_or(|own| !own.is_empty() && candidates.first().is_some_and(|best| below(best, own)));
        let whole = whole.map(str::to_owned);
        Ok(Found { named, candidates, about, beyond, concerns: 0.0, clear, says_own: false, whole })
    }

    async fn read(&self, caller: &Caller, asked: &Asked<'_>, steps: &mut Steps) -> Result<Found, KnowledgeError> {
        let asks = asked.beside && steps.asks_beside();
        let (hits, beside) = match asks {
            true => {
                let looked = self.looked(caller, asked.text).await?;
                steps.waited(&looked.beside, looked.waited);
                (looked.hits, looked.beside)
            }
            false => (self.knowledge.hits(caller, asked.text, PASSAGES, knowledge::MEANING).await?, Beside::None),
        };
        let what = match asked.own {
            None if hits.is_empty() => text!("No passage was found"),
            None => text!("Passages were found"),
            Some(_) => text!("Together with the question before it, on which it stands"),
        };
        steps.note(StepKind::Search, what);
        match &beside {
            Beside::None if asked.beside && !asks => steps.note(
                StepKind::Search,
                text!("The search model of the workspace was not waited for once more, so without it"),
            ),
            Beside::None => {}
            Beside::Used => steps.note(StepKind::Search, text!("Also by the search model of the workspace")),
            Beside::Down(why) => {
                steps.note(StepKind::Search, text!("The search model of the workspace did not answer, so without it"));
                steps.note(StepKind::Search, why.clone());
            }
        }
        let (mut candidates, concerns, read) = self.judged(caller.scope().tenant(), asked, asked.text, hits).await?;
        if asked.again && !sure(&candidates) {
            let more = self.second_look(caller, asked, &read, &candidates, steps).await;
            candidates.extend(more);
        }
        // What was written for it comes first, whatever else is there.
        candidates.sort_by(|a, b| b.written.cmp(&a.written).then(b.near.total_cmp(&a.near)));
        let own = asked.own.unwrap_or_default();
        let says_it = |candidate: &Candidate| says(&Quote::of(candidate).all(), own);
        let says_own = !own.is_empty() && candidates.iter().any(says_it);
        if says_own {
            candidates.retain(says_it);
        }
        // A document's title stands above all that is in it.
        let best = candidates.first();
        let below = |best: &Candidate| says(&Quote::of(best).below_the_title(best.hit.pair), own);
        let clear = asked.own.is_none() || says_own && best.is_some_and(below);
        let about = self.about(asked.text, concerns, &candidates);
        let judged = if about { text!("They are about the question") } else { text!("None is about the question") };
        steps.note(StepKind::Judged, judged);
        let beyond = beside == Beside::Used && !candidates.is_empty() && !english(asked.text);
        Ok(Found { named: names(asked.named), candidates, about, beyond, concerns, clear, says_own, whole: None })
    }

    /// What is looked for, without personal data where the tenant wants it so: for a provider.
    async fn sent(&self, caller: &Caller, text: &str) -> Result<String, KnowledgeError> {
        let Some(models) = &self.models else { return Ok(text.to_owned()) };
        Ok(Mask::new(models.masks(caller).await?).hide(text))
    }

    /// The passages that are read beside a question, and what a search model of the tenant's own had to do with them.
    async fn looked(&self, caller: &Caller, text: &str) -> Result<Looked, KnowledgeError> {
        let sent = self.sent(caller, text).await?;
        self.knowledge.look(caller, (text, &sent), PASSAGES).await
    }

    /// The passages that fit a query best, also by the search model of the tenant's own.
    ///
    /// # Errors
    /// As for [`knowledge::Knowledge::search`].
    pub async fn search_documents(
        &self,
        caller: &Caller,
        query: &str,
        limit: Option<u32>,
        minimum: Option<f32>,
    ) -> Result<Vec<Passage>, KnowledgeError> {
        let query = knowledge::question("query", query)?;
        let sent = self.sent(caller, &query).await?;
        self.knowledge.search_beside(caller, (&query, &sent), limit, minimum).await
    }

    /// Other passages than those that are there, found by the question in other words, and read beside it as those were. Whatever goes wrong, or takes
    /// too long: none.
    async fn second_look(
        &self,
        caller: &Caller,
        asked: &Asked<'_>,
        read: &str,
        there: &[Candidate],
        steps: &mut Steps,
    ) -> Vec<Candidate> {
        let Some(way) = again(asked.text, read).filter(|_| self.knowledge.embedder().is_some()) else {
            return Vec::new();
        };
        let (Again::Asking(text) | Again::Right(text)) = way;
        let look = async {
            // A search model has been asked, and would take longer than this may.
            let mut hits = self.knowledge.hits(caller, text, PASSAGES, knowledge::MEANING).await?;
            hits.retain(|hit| !there.iter().any(|one| same(&one.hit, hit)));
            match hits.is_empty() {
                true => Ok(Vec::new()),
                false => self.judged(caller.scope().tenant(), asked, read, hits).await.map(|(found, ..)| found),
            }
        };
        let mut found = match tokio::time::timeout(PATIENCE, look).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::debug!(%error, "a second look was not taken");
                return Vec::new();
            }
            Err(_) => return Vec::new(),
        };
        let whole = matches!(way, Again::Right(_));
        found.iter_mut().for_each(|candidate| candidate.whole = whole);
        let what = match way {
            Again::Asking(_) => text!("Searched once more, by the sentence that asks"),
            Again::Right(_) => text!("Searched once more, with misspelt words set right"),
        };
        steps.note(StepKind::Search, what);
        found
    }

    /// What is found, judged by the reader, whether the question could concern a company at all, and how it was read; without a model, by the words
    /// alone. `text` is what is read beside the passages: what is asked, as it is or set right.
    async fn judged(
        &self,
        tenant: TenantId,
        asked: &Asked<'_>,
        text: &str,
        hits: Vec<Hit>,
    ) -> Result<(Vec<Candidate>, f64, String), KnowledgeError> {
        let texts: Vec<String> = hits.iter().map(|hit| input(&hit.passage.title, &hit.passage.text)).collect();
        let (named, question) = (codes(asked.named), asked.text);
        let held: Vec<usize> = texts.iter().map(|text| codes(text).intersection(&named).count()).collect();
        let embedder = self.knowledge.embedder();
        let (judgements, concerns, as_read) = match embedder {
            Some(embedder) => {
                let judged = embedder.judgements(tenant, read_beside(text), texts).await?;
                // As it was read, or whole, where not all of it was.
                let read = if read_beside(text) == judged.read { text.to_owned() } else { judged.read };
                (judged.judgements, judged.concerns, read)
            }
            None => (hits.iter().map(|hit| by_words(hit.words)).collect(), 0.0, text.to_owned()),
        };
        let read = embedder.is_some() && as_read == question;
        let judged = hits.into_iter().zip(judgements).zip(held).map(|((hit, judgement), held)| {
            #[allow(clippy::cast_precision_loss, reason = "a question names few codes")]
            let near = f64::from(judgement.answers) + CODE * held as f64;
            let written = hit.pair && restates(question, &hit.passage.title);
            let above = input(&hit.passage.title, "").len();
            let words = judgement.words.start.saturating_sub(above)..judgement.words.end.saturating_sub(above);
            Candidate { written, near, read, whole: true, words, hit }
        });
        let shown = |candidate: &Candidate| embedder.is_some() || candidate.hit.words >= WORDS_ALONE;
        Ok((judged.filter(shown).collect(), f64::from(concerns), as_read))
    }

    /// Whether what is found is about the question at all: by what the reader says of the nearest, by meaning and words, and by the question alone.
    /// The reader is less sure of long questions. By a regression on `b`, without near misses.
    fn about(&self, question: &str, concerns: f64, found: &[Candidate]) -> bool {
        let Some(best) = found.first() else { return false };
        if best.written || self.knowledge.embedder().is_none() {
            return true;
        }
        let whole = || found.iter().filter(|candidate| candidate.whole);
        let most = |of: fn(&Hit) -> f64| whole().map(|candidate| of(&candidate.hit)).fold(0.0, f64::max);
        let (meaning, words) = (most(|hit| hit.meaning.unwrap_or_default()), most(|hit| hit.words));
        #[allow(clippy::cast_precision_loss, reason = "25 at most")]
        let length = question.split_whitespace().take(25).count() as f64;
        1.03 * best.near + 3.4 * meaning + 2.4 * words + 0.22 * length + 1.24 * concerns > ABOUT
            || topic(question, found)
    }
}

impl Found {
    /// Whether what is found is nearer to its question than what was found otherwise is to that.
    pub fn nearer(&self, other: &Self) -> bool {
        let near = |found: &Self| found.candidates.first().map_or(f64::NEG_INFINITY, |best| best.near);
        self.about && (!other.about || near(self) > near(other))
    }

    /// Puts others behind all that is there: nobody has said how near they are, so they are shown to nobody but who writes.
    fn behind(&mut self, others: Vec<Candidate>) {
        for other in others {
            if !self.candidates.iter().any(|there| same(&there.hit, &other.hit)) {
                self.candidates.push(Candidate { near: f64::NEG_INFINITY, ..other });
            }
        }
    }

    /// What they say by themselves: an answer, if there is one and it `may` be one, what is nearest, or that they do not say.
    pub fn told(&self, may: bool) -> Answer {
        let Some(best) = self.candidates.first() else { return refusal() };
        if !self.about {
            return refusal();
        }
        let sure = may && (best.written || self.clear && sure(&self.candidates));
        let near = self.candidates.iter().take_while(|candidate| best.near - candidate.near <= BESIDE);
        let asked = &self.named;
        let mut quotes: Vec<Quote> = near.map(Quote::of).collect();
        // It may speak of another of the kind. Then only what names the very one is told.
        let other = quotes.first().is_some_and(|quote| !asked.held_by(&quote.names()));
        quotes.retain(|quote| if other { asked.all_in(&quote.names()) } else { asked.held_by(&quote.names()) });
        quotes.truncate(if sure && !other { 1 } else { SHOWN });
        match quotes.is_empty() {
            true => refusal(),
            false if sure && !other => answer(quotes),
            false => passages(quotes),
        }
    }
}

impl Candidate {
    /// It as the source of what these words of it say.
    pub fn citation(&self, words: &Range<usize>) -> Citation {
        let passage = &self.hit.passage;
        // What was written as the answer to a question is told whole.
        let quote = match self.hit.pair {
            true => passage.text.clone(),
            false => passage.text[around(&passage.text, words)].to_owned(),
        };
        let title = passage.title.clone();
        let (start, end) = (None, None);
        Citation { document_id: passage.document_id, chunk_id: passage.chunk_id, title, quote, start, end }
    }
}

/// Whether a question is the name of a topic ("pets", "What is your return policy?") of which one of the nearest passages speaks: each word that names
/// something stands in it, in any form. The reader has learned which words answer, and finds none there.
fn topic(question: &str, found: &[Candidate]) -> bool {
    let named: BTreeSet<String> = content(question).into_iter().filter(|word| !among(GENERAL, word)).collect();
    let speaks = |candidate: &Candidate| {
        let passage = &candidate.hit.passage;
        let there = content(&input(&passage.title, &passage.text));
        named.iter().all(|word| alike(word, &there))
    };
    (1..=TOPIC).contains(&named.len()) && found.iter().take(SHOWN).any(speaks)
}

/// What of a text is read beside passages: of one that is longer than the model reads, the sentence that asks, or its end.
fn read_beside(text: &str) -> &str {
    let words: Vec<usize> = text.unicode_word_indices().map(|(at, _)| at).collect();
    let over = words.len().checked_sub(READ).filter(|over| *over > 0);
    let Some(from) = over.and_then(|over| words.get(over)) else { return text };
    asking(text).or_else(|| text.get(*from..)).unwrap_or(text)
}

/// Whether the nearest of these is an answer, as far as its nearness goes: of what is in order, and of what was just found.
fn sure(candidates: &[Candidate]) -> bool {
    let mut near: Vec<&Candidate> = candidates.iter().collect();
    near.sort_by(|a, b| b.written.cmp(&a.written).then(b.near.total_cmp(&a.near)));
    let Some(best) = near.first() else { return false };
    let ahead = near.get(1).map_or(AHEAD, |next| (best.near - next.near).min(AHEAD));
    best.written || best.read && best.near + ahead / 2.0 >= ANSWERS
}

/// Other words by which a question is searched once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again<'q> {
    /// Without the story around it.
    Asking(&'q str),
    /// With its misspelt words set right.
    Right(&'q str),
}

/// In which other words a question is searched that was read so. A line is a way: without it nothing is searched in that one.
fn again<'q>(question: &str, read: &'q str) -> Option<Again<'q>> {
    let story = asking(read).map(Again::Asking);
    let right = (read != question).then_some(Again::Right(read));
    story.or(right)
}

/// Whether two passages are one, or say the same.
fn same(one: &Hit, other: &Hit) -> bool {
    let (a, b) = (&one.passage, &other.passage);
    a.chunk_id == b.chunk_id || one.pair == other.pair && a.text == b.text && (!one.pair || a.title == b.title)
}

/// Words without which a question asks the same. (Not so "with", "from" or "most": others in their place ask the opposite.)
const IDLE: &str = "\
    a all an and are at be can could did do does has have i is it of please that the this was we were will would you \
    al del el es la las los son un una unos y das dem den der die ein eine ist sind und att ett och är au aux des du et le les";

/// Whether one question says what the other one does: every word of weight of either stands in the other. ("Not" weighs.)
pub(crate) fn restates(question: &str, other: &str) -> bool {
    let weighs = |word: &String| !among(IDLE, word);
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
    fn of(candidate: &Candidate) -> Self {
        let citation = candidate.citation(&candidate.words);
        let told = if candidate.hit.pair { held(&citation.title, &citation.quote) } else { citation.quote.clone() };
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

/// What stands between two quotes.
const BETWEEN: &str = "\n\n";

fn answer(quotes: Vec<Quote>) -> Answer {
    let answer = quotes.iter().map(|quote| quote.told.as_str()).collect::<Vec<_>>().join(BETWEEN);
    let mut begins = 0;
    let cited = quotes.into_iter().map(|quote| {
        let told = begins..begins + quote.told.len();
        begins = told.end + BETWEEN.len();
        quote.citation.of(&answer, &told)
    });
    let cited = cited.collect();
    Answer::told(Outcome::Answer, answer, cited)
}

/// What is nearest, and that it is no answer.
fn passages(quotes: Vec<Quote>) -> Answer {
    Answer::told(Outcome::Passages, NEAREST, quotes.into_iter().map(|quote| quote.citation).collect())
}

/// What is said where nothing answers.
pub fn refusal() -> Answer {
    Answer::told(Outcome::Refused, REFUSAL, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::{Again, Candidate, Found, QUOTED, again, around, restates};
    use crate::codes::names;
    use knowledge::Hit;
    use model::knowledge::{Outcome, Passage};
    use model::{ChunkId, DocumentId};
    use uuid::Uuid;

    /// That these were found, each by its number and as near as that.
    fn found(near: &[(u128, f64)]) -> Found {
        let candidate = |&(number, near): &(u128, f64)| {
            let id = Uuid::from_u128(number);
            let (chunk_id, document_id) = (ChunkId::from_uuid(id), DocumentId::from_uuid(id));
            let text = format!("This is said in number {number}.");
            let passage = Passage { chunk_id, document_id, title: String::new(), text, score: 0.5 };
            let hit = Hit { passage, pair: false, meaning: None, words: 0.5 };
            Candidate { hit, written: false, near, read: true, whole: true, words: 0..0 }
        };
        Found {
            named: names(""),
            candidates: near.iter().map(candidate).collect(),
            about: true,
            beyond: false,
            concerns: 0.0,
            clear: false,
            says_own: false,
            whole: None,
        }
    }

    #[test]
    fn what_a_search_model_has_found_is_there_for_who_writes_and_is_shown_to_nobody() {
        let mut other = found(&[(1, 4.0), (2, 3.0)]);
        other.behind(found(&[(2, 9.0), (3, 3.9)]).candidates);
        let there: Vec<u128> = other.candidates.iter().map(|one| one.hit.passage.chunk_id.uuid().as_u128()).collect();
        assert_eq!(there, [1, 2, 3]);
        let told = other.told(true);
        assert_eq!((told.outcome, told.citations.len()), (Outcome::Passages, 2), "{told:?}");
    }

    #[test]
    fn a_question_is_searched_again_where_other_words_ask_the_same() {
        assert_eq!(again("Can I return it?", "Can I return it?"), None);
        assert_eq!(again("can i retrun it", "can i return it"), Some(Again::Right("can i return it")));
        let story =
            "My aunt gave me a cardigan from you for my birthday and it is just not me at all. Can I return it to you?";
        assert_eq!(again(story, story), Some(Again::Asking("Can I return it to you?")));
        assert_eq!(again(&story.replace("return", "retrun"), story), Some(Again::Asking("Can I return it to you?")));
    }

    #[test]
    fn a_question_is_known_again_and_another_is_not_taken_for_it() {
        for (asked, there) in [
            ("do i need an account to order", "Do I need an account to order?"),
            ("Do you ship to Norway?", "do you ship to norway at all?"),
            ("Is there a warranty on the lamps?", "is there warranty on lamps"),
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
            ("Do you ship from Norway?", "Do you ship to Norway?"),
            ("Can I return it without a receipt?", "Can I return it with a receipt?"),
            ("What is the most that I may order?", "What is the least that I may order?"),
            ("How much is the Plus plan?", "How much is the Pro plan?"),
            ("Where do I find your number?", "Where do I find my number?"),
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
