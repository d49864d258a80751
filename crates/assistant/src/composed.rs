//! The answer that a model writes from passages, and what is told where it writes none that stands in them.
//!
//! *Guarantees:* a model is asked only where the passages are about the question and none was written for it; it gets the question, the
//! passages, what was said before, the company's name and its wishes, and nothing else; nothing is held meanwhile. What it writes is told only as far
//! as `check` lets it through. Whatever goes wrong, the built-in answerer's own answer is told, and the record says why.

use crate::answer::Found;
use crate::check::{self, Draft, Given, Ground, Written};
use crate::prompt::{Company, Prompt, hex};
use crate::reply::shortened;
use crate::sentences::sentences;
use crate::steps::Steps;
use crate::{Assistant, Models};
use conversations::Before;
use knowledge::embedding::input;
use knowledge::{KnowledgeError, normalized};
use llm::{Ask, LlmError, Said, Speaker, Turn};
use model::conversation::Author;
use model::knowledge::{Answer, Outcome};
use model::llm::Ended;
use model::permission::ReadDocuments;
use model::receipt::{AskedModel, ReadPassage, Record, StepKind, Verdict};
use model::{ConversationId, Fault as _, TenantId};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use store::Caller;
use words::{Text, text};

/// Most tokens that a model writes.
const MOST: u32 = 700;
/// How long models may take where a request waits for them: it ends after `server.request_timeout_s`.
const PATIENCE: Duration = Duration::from_secs(20);
/// How near the meaning of a sentence is to a statement that says it: the cosine. (Chosen by hand, not measured.)
const MEANT: f32 = 0.6;
/// Most statements of a passage that are weighed, and texts whose meaning is computed at once.
const STATEMENTS: usize = 16;
const AT_ONCE: usize = 16;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub question: &'a str,
    /// The question before it, on which it may stand.
    pub standing: Option<&'a str>,
    /// What was said before it, the earliest first, for a model.
    pub before: &'a [Before],
    pub conversation: Option<ConversationId>,
    /// How long models may take; none: no model is asked.
    pub patience: Option<Duration>,
}

impl<'a> Asking<'a> {
    /// A question by itself, of which no model is asked.
    pub fn alone(question: &'a str) -> Self {
        Self { question, standing: None, before: &[], conversation: None, patience: None }
    }
}

/// An answer, and how it came about.
#[derive(Debug, Clone)]
pub struct Made {
    /// The answer.
    pub answer: Answer,
    /// How it came about; nothing where nothing was asked.
    pub record: Option<Record>,
    /// The question and the one before it, where it was read together with that.
    pub(crate) whole: Option<String>,
}

/// How far a model came.
#[derive(Debug)]
struct Attempt {
    verdict: Verdict,
    asked: Option<AskedModel>,
    /// The passages that it was given, where they are not those that were found for the question alone.
    wide: Option<Found>,
    answer: Option<Answer>,
}

impl Assistant {
    /// Answers a question that stands alone: as a model writes it, if there is one that is on, and as the documents themselves say it otherwise.
    /// A receipt is kept.
    ///
    /// # Errors
    /// [`KnowledgeError::Invalid`] for a question that cannot be (field `question`), [`KnowledgeError::Denied`], or the database's. What goes
    /// wrong with a model is none.
    #[tracing::instrument(name = "assistant.respond", skip_all)]
    pub async fn respond(&self, caller: &Caller, question: &str) -> Result<Made, KnowledgeError> {
        let patience = self.writes(caller).await.then_some(PATIENCE);
        let mut made = self.make(caller, &Asking { patience, ..Asking::alone(question) }).await?;
        self.keep(caller, &mut made).await?;
        Ok(made)
    }

    /// Whether there is a model that writes.
    pub(crate) async fn writes(&self, caller: &Caller) -> bool {
        match &self.models {
            Some(models) => models.llm.ready(caller).await.unwrap_or(false),
            None => false,
        }
    }

    /// Keeps the receipt of what was made.
    pub(crate) async fn keep(&self, caller: &Caller, made: &mut Made) -> Result<(), KnowledgeError> {
        if let (Some(models), Some(record)) = (&self.models, &made.record) {
            made.answer.receipt_id = Some(models.keep(caller, record).await?);
        }
        Ok(())
    }

    /// Makes an answer, of which nothing is kept yet.
    pub(crate) async fn make(&self, caller: &Caller, asking: &Asking<'_>) -> Result<Made, KnowledgeError> {
        let question = knowledge::question("question", asking.question)?;
        let mut steps = Steps::begin();
        let found = self.found_after(caller, asking.standing, &question, &mut steps).await?;
        let mut attempt = Attempt { verdict: Verdict::Quoted, asked: None, wide: None, answer: None };
        if let (Some(models), Some(patience)) = (&self.models, asking.patience) {
            let asking = &Asking { question: &question, ..*asking };
            self.attempt(models, caller, (asking, patience), &found, &mut steps, &mut attempt).await?;
        }
        let Attempt { verdict, asked, wide, answer } = attempt;
        // What a model did not find is not called an answer.
        let mut answer = answer.unwrap_or_else(|| found.told(verdict != Verdict::Nothing));
        answer.usage = asked.as_ref().and_then(|asked| asked.usage);
        let read = wide.as_ref().unwrap_or(&found).candidates.iter();
        let passages = read.map(|candidate| {
            let passage = &candidate.hit.passage;
            ReadPassage {
                document_id: passage.document_id,
                chunk_id: passage.chunk_id,
                title: passage.title.clone(),
                sha256: hex(Sha256::digest(&passage.text).as_slice()),
                cited: answer.citations.iter().any(|citation| citation.chunk_id == passage.chunk_id),
            }
        });
        let record = Record {
            question,
            answer: answer.answer.clone(),
            outcome: answer.outcome,
            verdict,
            passages: passages.collect(),
            asked,
            steps: steps.all(),
            conversation_id: asking.conversation,
        };
        Ok(Made { answer, record: Some(record), whole: found.whole })
    }

    /// Has a model write the answer.
    async fn attempt(
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
        // What stands on what was asked before says little by itself, also in a language whose forms nobody knows.
        let before = asking.before.iter().rev().find(|one| one.from == Author::Contact);
        if let Some(before) = before.filter(|_| !found.about && found.whole.is_none()) {
            let both = shortened(&format!("{}\n{}", normalized(&before.text), asking.question));
            attempt.wide = Some(self.found(caller, &both, steps).await?);
        }
        let basis = attempt.wide.as_ref().unwrap_or(found);
        if !basis.about {
            steps.note(StepKind::Decided, text!("No passage is about the question, so no model was asked"));
            return Ok(());
        }
        let company = models.company(caller).await?;
        let given = basis.candidates.iter().map(|candidate| {
            let passage = &candidate.hit.passage;
            Given { title: passage.title.clone(), text: passage.text.clone() }
        });
        let given: Vec<Given> = given.collect();
        let prompt = Prompt::new(&company, &given, asking.before, asking.question);
        let asked = attempt.asked.insert(AskedModel {
            prompt_sha256: prompt.hash(),
            most_tokens: MOST,
            model_id: None,
            model: None,
            usage: None,
            cost: None,
        });
        let turns = [Turn { who: Speaker::Contact, text: prompt.data }];
        let ask = Ask {
            system: &prompt.system,
            turns: &turns,
            most: MOST,
            conversation: asking.conversation,
            within: patience,
        };
        caller.scope().let_go();
        let said = match models.llm.ask(caller, &ask, None).await {
            Ok(said) => said,
            Err(error) => {
                if let LlmError::Store(error) = &error {
                    tracing::warn!(%error, "models could not be asked");
                }
                attempt.verdict = if matches!(error, LlmError::Budget) { Verdict::OverBudget } else { Verdict::Failed };
                steps.note(StepKind::FellBack, error.problem().detail);
                return Ok(());
            }
        };
        let Said { text: written, model, name, ended, usage, cost, faults } = said;
        for (_, fault) in &faults {
            steps.note(StepKind::Asked, fault.words());
        }
        steps.note(StepKind::Asked, Text::plain(name.clone()));
        (asked.model_id, asked.model, asked.usage, asked.cost) = (Some(model), Some(name.clone()), Some(usage), cost);
        if ended == Ended::Filtered {
            attempt.verdict = Verdict::Failed;
            steps.note(StepKind::FellBack, text!("The provider held the answer back"));
            return Ok(());
        }
        let question = found.whole.as_deref().unwrap_or(asking.question);
        let ground = Ground { passages: &given, question, company: &company.name };
        let mut draft = match check::read(&written, ended == Ended::Stop, &ground) {
            Written::Draft(draft) => draft,
            Written::Nothing => {
                attempt.verdict = Verdict::Nothing;
                steps.note(StepKind::FellBack, text!("The model says that the passages do not say"));
                return Ok(());
            }
        };
        self.weigh(caller.scope().tenant(), &mut draft, &given).await;
        if draft.elsewhere {
            let what =
                text!("It is in another language than its passages: numbers, codes and addresses were compared alone");
            steps.note(StepKind::Checked, what);
        }
        match draft.kept() {
            Ok(kept) => {
                let (verdict, what) = match kept.out.is_empty() {
                    true => (Verdict::Composed, text!("Each sentence stands in its passages")),
                    false => (Verdict::Shortened, text!("Sentences that do not stand in their passages were left out")),
                };
                steps.note(StepKind::Checked, what);
                attempt.verdict = verdict;
                for why in kept.out {
                    steps.note(StepKind::Checked, why);
                }
                let citations = kept.cited.iter().filter_map(|(place, sentence)| {
                    let candidate = basis.candidates.get(*place)?;
                    Some(candidate.citation(&check::place(sentence, &candidate.hit.passage.text)))
                });
                let answer = Answer::told(Outcome::Answer, kept.text, citations.collect());
                attempt.answer = Some(Answer { model: Some(name), ..answer });
            }
            Err(why) => {
                attempt.verdict = Verdict::Unsupported;
                steps.note(StepKind::Checked, why);
                steps.note(StepKind::FellBack, text!("What the model wrote was not told"));
            }
        }
        Ok(())
    }

    /// Lets the meaning of sentences decide whose words do not: by how near it is to a statement of their passages.
    async fn weigh(&self, tenant: TenantId, draft: &mut Draft, given: &[Given]) {
        let unsure = draft.unsure();
        let Some(embedder) = self.knowledge.embedder().filter(|_| !unsure.is_empty()) else { return };
        let mut texts: Vec<String> = unsure.iter().map(|one| one.sentence.clone()).collect();
        // Behind the sentences the passages, each as a whole and by its statements, and whether it denies something.
        let mut places = Vec::new();
        for (place, passage) in given.iter().enumerate() {
            if unsure.iter().any(|one| one.passages.contains(&place)) {
                let statements = sentences(&passage.text).into_iter().take(STATEMENTS);
                let statements = statements.map(|range| passage.text[range].to_owned());
                for text in statements.chain([input(&passage.title, &passage.text)]) {
                    places.push((place, check::denying(&text)));
                    texts.push(text);
                }
            }
        }
        let mut vectors = Vec::new();
        // In between others have their turns.
        for part in texts.chunks(AT_ONCE) {
            match embedder.sentences(tenant, part.to_vec()).await {
                Ok(more) => vectors.extend(more),
                Err(error) => {
                    // What nobody has weighed does not stand.
                    tracing::debug!(%error, "sentences could not be weighed");
                    return;
                }
            }
        }
        let (own, theirs) = vectors.split_at(unsure.len().min(vectors.len()));
        for (one, vector) in unsure.iter().zip(own) {
            let same = |place: &usize, denies: &bool| one.passages.contains(place) && *denies == one.denies;
            let mut near = places.iter().zip(theirs).filter(|((place, denies), _)| same(place, denies));
            draft.settle(one.at, near.any(|(_, other)| cosine(vector, other) >= MEANT));
        }
    }
}

/// Of vectors of length one.
fn cosine(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

impl Models {
    /// Who it is for, and what it wishes.
    #[tracing::instrument(name = "db.assistant.company", skip_all)]
    async fn company(&self, caller: &Caller) -> Result<Company, KnowledgeError> {
        let right = caller.may(ReadDocuments)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let row = sqlx::query!(
            r#"select t.name as "name!", coalesce(a.instruction, '') as "instruction!"
               from app.tenants t left join app.assistants a on a.tenant_id = t.tenant_id"#
        );
        let row = row.fetch_optional(&mut tx).await?.ok_or(KnowledgeError::NotFound)?;
        Ok(Company { name: row.name, instruction: row.instruction })
    }
}
