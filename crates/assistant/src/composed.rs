//! The answer that a model writes from passages, and what is told where it writes none that stands in them.
//!
//! *Guarantees:* a model writes only where the passages are about the question, or it may call a tool, and none was written for it; it gets the
//! question, what its pictures show (`look`), the passages, what was said before and is remembered of it, the company's name and its wishes,
//! what it calls by itself (`rounds`), and nothing else, and nothing of that is personal
//! data where the company wants it so (`mask`); nothing is held meanwhile. What it writes is told only as far as `check` lets it through. Whatever goes wrong, the built-in answerer's own answer is told, and the record says why.

use crate::Assistant;
use crate::answer::Found;
use crate::drafts::Drafts;
use crate::look::{Looked, Picture, with};
use crate::manner::{Courtesy, Manner, courtesy};
use crate::prompt::hex;
use crate::reply::standing;
use crate::rounds::More;
use crate::steps::Steps;
use crate::writing::Attempt;
use conversations::{Before, Earlier, Memory};
use knowledge::{KnowledgeError, normalized};
use model::knowledge::{Answer, Passage};
use model::permission::ReadDocuments;
use model::personality::Reaction;
use model::receipt::{ReadPassage, Record, StepKind, Verdict};
use model::{ConversationId, PersonalityId};
use sha2::{Digest as _, Sha256};
use std::time::{Duration, Instant};
use store::Caller;
use words::text;

/// How long models may take at most where a request waits for them: it ends after `server.request_timeout_s`.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub question: &'a str,
    /// The question before it, on which it may stand.
    pub standing: Option<&'a str>,
    /// What was said before it, the earliest first, for a model.
    pub before: &'a [Before],
    /// What is remembered besides.
    pub memory: Option<&'a Memory>,
    /// The pictures that it is asked with.
    pub pictures: &'a [Picture],
    pub conversation: Option<ConversationId>,
    /// How long models may take; none: no model is asked.
    pub patience: Option<Duration>,
    /// Where is told what may be seen of an answer while it is written.
    pub drafts: Option<&'a Drafts>,
    /// Whether it is made again of the passages of before: nothing else is looked for, and nothing is called.
    pub again: bool,
    /// Then, how many of the passages of before, the last ones, a model had searched for by itself.
    pub later: usize,
    /// What the assistant is like.
    pub manner: &'a Manner,
}

impl<'a> Asking<'a> {
    /// A question by itself, of which no model is asked.
    pub fn alone(question: &'a str, manner: &'a Manner) -> Self {
        Self {
            question,
            standing: None,
            before: &[],
            memory: None,
            pictures: &[],
            conversation: None,
            patience: None,
            drafts: None,
            again: false,
            later: 0,
            manner,
        }
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
    /// What an intent has come to, where one knew the question.
    pub(crate) intent: Option<Reaction>,
}

impl Assistant {
    /// Answers a question that stands alone: as a model writes it, if there is one that is on, and as the documents themselves say it otherwise.
    /// A receipt is kept, if it can be.
    ///
    /// # Errors
    /// [`KnowledgeError::Invalid`] for a question that cannot be (field `question`), [`KnowledgeError::Denied`], or the database's. What goes
    /// wrong with a model is none.
    #[tracing::instrument(name = "assistant.respond", skip_all)]
    pub async fn respond(&self, caller: &Caller, question: &str) -> Result<Made, KnowledgeError> {
        self.respond_after(caller, question, &[], None, None).await
    }

    /// The same, as with this personality, which need not be in use; or with the one that is. A courtesy is returned, as in a conversation.
    ///
    /// # Errors
    /// As [`Self::respond`], and [`KnowledgeError::NotFound`] for a personality that there is not.
    #[tracing::instrument(name = "assistant.try", skip_all)]
    pub async fn try_as(
        &self,
        caller: &Caller,
        personality: Option<PersonalityId>,
        question: &str,
    ) -> Result<Made, KnowledgeError> {
        let manner = self.manner(caller, personality).await?;
        let courtesy = courtesy(&normalized(question)).filter(|(kind, _)| *kind != Courtesy::Reply);
        if let Some(courtesy) = courtesy {
            return Ok(Made { answer: manner.returned(courtesy), record: None, whole: None, intent: None });
        }
        let patience = self.writes(caller, &manner).await.then_some(self.patience);
        let mut made = self.make(caller, &Asking { patience, ..Asking::alone(question, &manner) }).await?;
        self.keep(caller, &mut made).await;
        Ok(made)
    }

    /// The same to a question that is asked with pictures, after what was said in a conversation, and with its drafts where somebody sees them.
    /// Nothing is said in the conversation. Whoever lets go of it ends what is asked of a model.
    ///
    /// # Errors
    /// As for [`Self::respond`].
    #[tracing::instrument(name = "assistant.respond_after", skip_all)]
    pub async fn respond_after(
        &self,
        caller: &Caller,
        question: &str,
        pictures: &[Picture],
        earlier: Option<&Earlier>,
        drafts: Option<&Drafts>,
    ) -> Result<Made, KnowledgeError> {
        let manner = self.manner(caller, None).await?;
        let patience = self.writes(caller, &manner).await.then_some(self.patience);
        let before = earlier.and_then(|earlier| standing(&earlier.asked));
        let asking = Asking {
            standing: before.as_deref(),
            pictures,
            before: earlier.map_or(&[], |earlier| earlier.turns.as_slice()),
            conversation: earlier.map(|earlier| earlier.conversation),
            patience,
            drafts,
            ..Asking::alone(question, &manner)
        };
        let mut made = self.make(caller, &asking).await?;
        self.keep(caller, &mut made).await;
        Ok(made)
    }

    /// Whether this may be asked at all: for who answers before there is an answer.
    ///
    /// # Errors
    /// As for [`Self::respond`], but the database's.
    pub fn may_ask(&self, caller: &Caller, question: &str) -> Result<(), KnowledgeError> {
        caller.may(ReadDocuments)?;
        knowledge::question("question", question)?;
        Ok(())
    }

    /// Whether there is a model that writes.
    pub(crate) async fn writes(&self, caller: &Caller, manner: &Manner) -> bool {
        match &self.models {
            Some(models) if !manner.quotes_only() => models.llm.ready(caller).await.unwrap_or(false),
            _ => false,
        }
    }

    /// Keeps the receipt of what was made. An answer that is paid for is told also where its receipt cannot be written down.
    pub(crate) async fn keep(&self, caller: &Caller, made: &mut Made) {
        let (Some(models), Some(record)) = (&self.models, &made.record) else { return };
        match models.keep(caller, record).await {
            Ok(id) => made.answer.receipt_id = Some(id),
            Err(error) => tracing::error!(tenant = %caller.scope().tenant(), %error, "an answer has no receipt"),
        }
    }

    /// Makes an answer, of which nothing is kept yet.
    pub(crate) async fn make(&self, caller: &Caller, asking: &Asking<'_>) -> Result<Made, KnowledgeError> {
        let question = knowledge::question("question", asking.question)?;
        let asking = &Asking { question: &question, ..*asking };
        if let Some(made) = self.intended(caller.scope().tenant(), asking).await? {
            if let Some(drafts) = asking.drafts {
                drafts.settle(&made.answer.answer);
            }
            return Ok(Looked::away(asking.pictures).noted(made, &question));
        }
        let mut steps = Steps::begin();
        if asking.manner.quotes_only() {
            steps.note(StepKind::Decided, text!("Quotes alone are told, so no model is asked"));
        }
        let began = Instant::now();
        let looked = self.look(caller, asking, &mut steps).await?;
        let left = asking.patience.map(|patience| patience.saturating_sub(began.elapsed()));
        let asked = with(&question, looked.shown());
        let asking = &Asking { question: &asked, patience: left, ..*asking };
        let found = self.found_after(caller, asking.standing, &asked, &mut steps).await?;
        let made = self.made(caller, asking, found, steps).await?;
        Ok(looked.noted(made, &question))
    }

    /// What is told from what was found, and how it came about.
    pub(crate) async fn made(
        &self,
        caller: &Caller,
        asking: &Asking<'_>,
        found: Found,
        mut steps: Steps,
    ) -> Result<Made, KnowledgeError> {
        let (manner, mut attempt) = (asking.manner, Attempt::none());
        if let (Some(models), Some(patience), false) = (&self.models, asking.patience, manner.quotes_only()) {
            self.attempt(models, caller, (asking, patience), &found, &mut steps, &mut attempt).await?;
        }
        let Attempt { verdict, asked, wide, more, answer } = attempt;
        // What a model did not find is not called an answer.
        let told = || manner.worded(found.told(verdict != Verdict::Nothing), asking.question);
        let mut answer = answer.unwrap_or_else(told);
        answer.usage = asked.as_ref().and_then(|asked| asked.usage);
        if let Some(drafts) = asking.drafts {
            drafts.settle(&answer.answer);
        }
        let read = |passage: &Passage, later| ReadPassage {
            document_id: Some(passage.document_id),
            chunk_id: Some(passage.chunk_id),
            title: passage.title.clone(),
            sha256: hex(Sha256::digest(&passage.text).as_slice()),
            cited: answer.citations.iter().any(|citation| citation.chunk_id == passage.chunk_id),
            later,
        };
        let basis = &wide.as_ref().unwrap_or(&found).candidates;
        let first = basis.len().saturating_sub(asking.later);
        let passages = basis.iter().enumerate().map(|(at, candidate)| read(&candidate.hit.passage, at >= first));
        let passages = passages.chain(more.iter().map(|more| match more {
            More::Passage(candidate) => read(&candidate.hit.passage, true),
            More::Told { tool, text, cited } => ReadPassage {
                document_id: None,
                chunk_id: None,
                title: tool.clone(),
                sha256: hex(Sha256::digest(text).as_slice()),
                cited: *cited,
                later: true,
            },
        }));
        // No message was read where nothing was asked, and nothing that is remembered.
        let earlier = if asked.is_some() { asking.before } else { &[] };
        let memory = asking.memory.filter(|_| asked.is_some());
        let summary = memory.filter(|memory| !memory.summary.is_empty()).map(|memory| memory.upto);
        let facts = memory.map_or(&[][..], |memory| memory.facts.as_slice());
        let record = Record {
            question: asking.question.to_owned(),
            answer: answer.answer.clone(),
            outcome: answer.outcome,
            verdict,
            passages: passages.collect(),
            asked,
            steps: steps.all(),
            conversation_id: asking.conversation,
            together: found.whole.clone(),
            earlier: earlier.iter().map(|before| before.seq).collect(),
            summary: summary.and_then(|upto| u64::try_from(upto).ok()),
            facts: facts.iter().map(|(id, _)| *id).collect(),
            images: Vec::new(),
            shown: None,
            replay_of: None,
            personality_id: manner.of.map(|(id, _)| id),
            personality_version: manner.of.map(|(_, version)| version),
        };
        Ok(Made { answer, record: Some(record), whole: found.whole, intent: None })
    }
}
