//! How a model writes an answer: from which passages, what it says, and how much of that is told.

use crate::answer::{Candidate, Found};
use crate::check::{self, Given, Ground, Kept, Written};
use crate::composed::Asking;
use crate::drafts::PIECES;
use crate::manner::Manner;
use crate::mask::Mask;
use crate::memory::Sent;
use crate::prompt::{Company, Prompt, Wishes};
use crate::rewrite::{Aside, spent};
use crate::rounds::{Hands, More, RULES, Talk};
use crate::simple::simple;
use crate::steps::Steps;
use crate::{Assistant, Models};
use knowledge::KnowledgeError;
use llm::{Ask, LlmError, Said, Speaker, Turn};
use model::knowledge::{Answer, Outcome};
use model::llm::Ended;
use model::permission::ReadDocuments;
use model::personality::Speaks;
use model::receipt::{AskedModel, StepKind, Verdict};
use model::{Fault as _, TenantId};
use shares::aside;
use std::time::Duration;
use store::Caller;
use tokio::sync::mpsc;
use tokio::time::Instant;
use words::text;

/// Most tokens that a model writes.
const MOST: u32 = 700;

/// Bytes of passages beside which an answer is read where it is: the reading of more, as tools may tell it, would keep others waiting.
const READ_HERE: usize = 16 * 1024;

/// How far a model came.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub verdict: Verdict,
    pub asked: Option<AskedModel>,
    /// The passages that it was given, where they are not those that were found for the question alone.
    pub wide: Option<Found>,
    /// What is numbered behind them: what it has searched for, and what tools have told.
    pub more: Vec<More>,
    pub answer: Option<Answer>,
}

impl Attempt {
    /// None was made.
    pub fn none() -> Self {
        Self { verdict: Verdict::Quoted, asked: None, wide: None, more: Vec::new(), answer: None }
    }
}

impl Assistant {
    /// Has a model write the answer: from which passages, what it says, and how much of that stands.
    pub(crate) async fn attempt(
        &self,
        models: &Models,
        caller: &Caller,
        (asking, patience): (&Asking<'_>, Duration),
        found: &Found,
        steps: &mut Steps,
        attempt: &mut Attempt,
    ) -> Result<(), KnowledgeError> {
        if found.candidates.first().is_some_and(|best| best.written) {
            steps.note(StepKind::Decided, text!("An answer was written to this very question"));
            return Ok(());
        }
        let until = Instant::now() + patience;
        let mask = Mask::new(models.masks(caller).await?);
        let mut sent = Sent::new(asking.question, asking.before, asking.memory, mask);
        let aside = Aside { models, caller, asking, sent: &sent, until };
        if !asking.again {
            attempt.wide = self.wider(&aside, found, steps, attempt).await?;
        }
        let basis = attempt.wide.as_ref().unwrap_or(found);
        let mut hands = self.hands(caller, asking).await?;
        // A tool of the company's own may know what no document says.
        let reach = basis.about || basis.beyond || hands.reach();
        // A model that was to put it anew, and did not answer, has said nothing of it.
        attempt.asked = attempt.asked.take().filter(|asked| reach || asked.calls > 0);
        if !reach && attempt.asked.is_some() {
            attempt.verdict = Verdict::Nothing;
            steps.note(StepKind::FellBack, text!("No passage is about the question, nor about other words for it"));
            return Ok(());
        }
        if !reach {
            steps.note(StepKind::Decided, text!("No passage is about the question, so no model was asked"));
            return Ok(());
        }
        if !basis.about && basis.beyond && !asking.again {
            let what = text!(
                "It is in another language than the reader knows: a model judges what the search model has found"
            );
            steps.note(StepKind::Decided, what);
        }
        let company = models.company(caller, asking.manner).await?;
        let given = basis.candidates.iter().map(|candidate| {
            let passage = &candidate.hit.passage;
            Given { title: passage.title.clone(), text: passage.text.clone() }
        });
        hands.given = given.collect();
        let mut prompt = Prompt::new(&company, &hands.given, &sent);
        // Without what it is told of calling, and what it had searched for by itself: an answer that is made again calls nothing, is given all
        // at once, and is compared by this.
        let first = hands.given.get(..hands.given.len().saturating_sub(asking.later)).unwrap_or_default();
        let prompt_sha256 = Prompt::new(&company, first, &sent).hash();
        if hands.offers() {
            prompt.system += RULES;
        }
        // What was used to find them is used for it, too.
        let before = attempt.asked.take();
        let asked = attempt.asked.insert(AskedModel {
            prompt_sha256,
            most_tokens: MOST,
            model_id: None,
            model: None,
            wire: None,
            offered: hands.names(),
            calls: before.as_ref().map_or(0, |before| before.calls),
            usage: before.as_ref().and_then(|before| before.usage),
            cost: before.as_ref().and_then(|before| before.cost),
        });
        caller.scope().let_go();
        // One for which other passages were looked for is none.
        let easy = attempt.wide.is_none() && simple(asking.question, found, asking.before, hands.reach());
        let question = found.whole.as_deref().unwrap_or(asking.question);
        let talk =
            Talk { caller, asking, passages: &basis.candidates, question, company: &company.name, simple: easy, until };
        let said = match self.rounds(models, &talk, (&mut prompt, &mut sent.mask), &mut hands, asked, steps).await {
            Ok(said) => Said { text: sent.mask.back(&said.text), ..said },
            Err(error) => {
                if let LlmError::Store(error) = &error {
                    tracing::warn!(%error, "models could not be asked");
                }
                if let Some(all) = error.spent() {
                    spent(asked, &all);
                }
                attempt.verdict = if matches!(error, LlmError::Budget) { Verdict::OverBudget } else { Verdict::Failed };
                attempt.more = hands.more;
                steps.note(StepKind::FellBack, error.problem().detail);
                return Ok(());
            }
        };
        if said.ended != Ended::Filtered && !said.calls.is_empty() {
            (attempt.verdict, attempt.more) = (Verdict::Failed, hands.more);
            steps.note(StepKind::FellBack, text!("It went on calling tools: five rounds are the most"));
            return Ok(());
        }
        let ground = Ground { passages: &hands.given, question, company: &company.name };
        let kept = match self.checked(caller.scope().tenant(), asking, &said, &ground, steps).await {
            Ok(kept) => kept,
            Err(verdict) => {
                (attempt.verdict, attempt.more) = (verdict, hands.more);
                return Ok(());
            }
        };
        hands.cite(kept.cited.iter().map(|(place, ..)| *place));
        attempt.verdict = if kept.out.is_empty() { Verdict::Composed } else { Verdict::Shortened };
        let citations = kept.cited.iter().filter_map(|(place, sentence, at)| {
            let candidate = numbered(&basis.candidates, &hands.more, *place)?;
            let citation = candidate.citation(&check::place(sentence, &candidate.hit.passage.text));
            Some(citation.of(&kept.text, at))
        });
        let citations = citations.collect();
        let answer = Answer::told(Outcome::Answer, kept.text, citations);
        attempt.more = hands.more;
        attempt.answer = Some(Answer { model: Some(said.name), ..answer });
        Ok(())
    }

    /// What of it stands in its passages; or how it came that nothing does.
    async fn checked(
        &self,
        tenant: TenantId,
        asking: &Asking<'_>,
        said: &Said,
        ground: &Ground<'_>,
        steps: &mut Steps,
    ) -> Result<Kept, Verdict> {
        if said.ended == Ended::Filtered {
            steps.note(StepKind::FellBack, text!("The provider held the answer back"));
            return Err(Verdict::Failed);
        }
        let mut draft = match read(&said.text, said.ended == Ended::Stop, ground).await {
            Written::Draft(draft) => draft,
            Written::Nothing => {
                steps.note(StepKind::FellBack, text!("The model says that the passages do not say"));
                return Err(Verdict::Nothing);
            }
        };
        self.weigh(tenant, &mut draft, ground.passages).await;
        if draft.elsewhere {
            let what =
                text!("It is in another language than its passages: numbers, codes and addresses were compared alone");
            steps.note(StepKind::Checked, what);
        }
        match draft.kept() {
            Ok(kept) => {
                steps.note(
                    StepKind::Checked,
                    match kept.out.is_empty() {
                        true => text!("Each sentence stands in its passages"),
                        false => text!("Sentences that do not stand in their passages were left out"),
                    },
                );
                for why in &kept.out {
                    steps.note(StepKind::Checked, why.clone());
                }
                let as_asked = asking.manner.personality.language == Speaks::AsAsked;
                if let (Some(asked), Some(told)) = (check::language(asking.question), check::language(&kept.text))
                    && as_asked
                    && asked != told
                {
                    steps.note(StepKind::Checked, text!("It is in another language than the question"));
                }
                Ok(kept)
            }
            Err(why) => {
                steps.note(StepKind::Checked, why);
                steps.note(StepKind::FellBack, text!("What the model wrote was not told"));
                Err(Verdict::Unsupported)
            }
        }
    }
}

/// Reads what a model wrote, beside the async threads where that takes long.
async fn read(written: &str, complete: bool, ground: &Ground<'_>) -> Written {
    if ground.passages.iter().map(|one| one.text.len()).sum::<usize>() > READ_HERE {
        let (text, passages) = (written.to_owned(), ground.passages.to_vec());
        let (question, company) = (ground.question.to_owned(), ground.company.to_owned());
        let read = aside("read-answer", move || {
            check::read(&text, complete, &Ground { passages: &passages, question: &question, company: &company })
        });
        if let Ok(written) = read.await {
            return written;
        }
    }
    check::read(written, complete, ground)
}

/// The passage of a place; none where a tool has told what stands there: its words are the company's own, and no source for visitors.
fn numbered<'a>(passages: &'a [Candidate], more: &'a [More], place: usize) -> Option<&'a Candidate> {
    passages.get(place).or_else(|| match more.get(place.checked_sub(passages.len())?)? {
        More::Passage(candidate) => Some(candidate),
        More::Told { .. } => None,
    })
}

impl Models {
    /// What a model says to it, and to what it was told since; where somebody sees drafts, they are made of it on the way.
    pub(crate) async fn said(
        &self,
        caller: &Caller,
        prompt: &Prompt,
        (asking, patience): (&Asking<'_>, Duration),
        hands: &Hands,
        simple: bool,
        (ground, mask): (&Ground<'_>, &Mask),
    ) -> Result<Said, LlmError> {
        let turns = [Turn::said(Speaker::Contact, prompt.data.clone())];
        let ask = Ask {
            system: &prompt.system,
            turns: &turns,
            most: MOST,
            conversation: asking.conversation,
            within: patience,
            simple,
            ..Ask::default()
        };
        let ask = hands.asked(ask);
        let Some(drafts) = asking.drafts else { return self.llm.ask(caller, &ask, None).await };
        let (pieces, coming) = mpsc::channel(PIECES);
        // Dropped with the question, the pieces end.
        let asked = async move { self.llm.ask(caller, &ask, Some(&pieces)).await };
        tokio::join!(asked, drafts.follow(coming, ground, mask)).0
    }

    /// Who it is for, and what it wishes.
    #[tracing::instrument(name = "db.assistant.company", skip_all)]
    async fn company(&self, caller: &Caller, manner: &Manner) -> Result<Company, KnowledgeError> {
        let right = caller.may(ReadDocuments)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let name = sqlx::query_scalar!("select name from app.tenants").fetch_optional(&mut tx).await?;
        Ok(Company { name: name.ok_or(KnowledgeError::NotFound)?, wishes: Wishes::from(&manner.personality) })
    }
}
