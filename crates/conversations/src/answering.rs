//! The assistant's side: what is to be answered, and the answer, if it still may speak.

use crate::append::{Entry, lock};
use crate::asked;
use crate::reach::Reach;
use crate::{ConversationError, Conversations};
use model::ConversationId;
use model::conversation::{Author, ConversationState, Event, Handler};
use model::knowledge::Answer;
use std::time::Duration;
use store::bus::Notice;
use store::{Caller, StoreError};
use words::noted;

/// Most messages of a contact that are looked at together.
const TOGETHER: usize = 5;
/// Messages before them in which the contact may have said what they stand on, and how long ago that may be.
const BEFORE: i64 = 10;
const STANDS: time::Duration = time::Duration::minutes(30);
/// Most messages of whoever said them that a model reads with a question.
const TURNS: i64 = 6;
/// Characters of a question that its answer repeats.
const REPEATED: usize = 80;

/// What waits for an answer.
#[derive(Debug, Clone)]
pub struct Question {
    /// Where.
    pub conversation: ConversationId,
    /// What was said since the last answer, the earliest first: one message at least.
    pub said: Vec<String>,
    /// What the contact said before, the earliest first: among the ten messages up to the last one that was answered, in the half hour before.
    pub before: Vec<String>,
    /// How long the first of what was said has waited.
    pub waited: Duration,
    /// The number of each of what was said.
    numbers: Vec<i64>,
    fence: i64,
    /// The number up to which everything was answered when this was read.
    answered: i64,
}

/// What was said before a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// By whom: the contact, the assistant, or a person of the company's.
    pub from: Author,
    /// The words.
    pub text: String,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// It was said.
    Said,
    /// Somebody else may speak now; it was dropped.
    TooLate,
    /// Something else was answered meanwhile: look again at what is left.
    Again,
}

impl Conversations {
    /// What the assistant has to answer in this conversation; `None` when there is nothing, or it may not speak.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for anybody but a job, or the database's.
    #[tracing::instrument(name = "db.conversation.question", skip_all)]
    pub async fn question(
        &self,
        caller: &Caller,
        conversation: ConversationId,
    ) -> Result<Option<Question>, ConversationError> {
        let right = caller.assistant()?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let row = sqlx::query!(
            "select fence, answered_seq from app.conversations
             where conversation_id = $1 and handler = 'assistant' and state = 'open' and last_seq > answered_seq",
            conversation.uuid()
        )
        .fetch_optional(&mut tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let read = sqlx::query!(
            "select m.seq, m.text, m.created_at
             from app.message_keys k
             join app.messages m on m.conversation_id = k.conversation_id and m.message_id = k.message_id
               and m.tenant_id = k.tenant_id
             where k.conversation_id = $1 and k.seq > $2 and k.author = 'contact'
             order by k.seq limit $3",
            conversation.uuid(),
            row.answered_seq - BEFORE,
            BEFORE + TOGETHER as i64
        )
        .fetch_all(&mut tx)
        .await?;
        let (before, said): (Vec<_>, Vec<_>) = read.into_iter().partition(|message| message.seq <= row.answered_seq);
        let Some(asked_at) = said.first().map(|first| first.created_at) else { return Ok(None) };
        let since = asked_at - STANDS;
        let waited = Duration::try_from(self.services.now() - asked_at).unwrap_or_default();
        let before = before.into_iter().filter(|message| message.created_at >= since).map(|message| message.text);
        let before = before.collect();
        let (numbers, said) = said.into_iter().take(TOGETHER).map(|message| (message.seq, message.text)).unzip();
        let (fence, answered) = (row.fence, row.answered_seq);
        Ok(Some(Question { conversation, said, before, waited, numbers, fence, answered }))
    }

    /// What was said before a question, the earliest first: the last six messages of whoever said them, without what happened and
    /// without what the question itself consists of.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for anybody but a job, or the database's.
    #[tracing::instrument(name = "db.conversation.turns", skip_all)]
    pub async fn turns(&self, caller: &Caller, question: &Question) -> Result<Vec<Before>, ConversationError> {
        let right = caller.assistant()?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            "select m.author, m.text
             from app.message_keys k
             join app.messages m on m.conversation_id = k.conversation_id and m.message_id = k.message_id
               and m.tenant_id = k.tenant_id
             where k.conversation_id = $1 and k.author <> 'system' and (k.author <> 'contact' or k.seq <= $2)
             order by k.seq desc limit $3",
            question.conversation.uuid(),
            question.answered,
            TURNS
        )
        .fetch_all(&mut tx)
        .await?;
        let said = rows.into_iter().rev().map(|row| -> Result<Before, ConversationError> {
            let from = Author::from_name(&row.author).ok_or(StoreError::Corrupt("messages.author"))?;
            Ok(Before { from, text: row.text })
        });
        said.collect()
    }

    /// The assistant answers the first so many messages of a question, in which this was asked, unless a person has taken over meanwhile. What does not stand right
    /// below its question says which one it answers.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for anybody but a job, [`ConversationError::NotFound`] when the conversation is gone,
    /// or the database's.
    #[tracing::instrument(name = "db.conversation.answer", skip_all)]
    pub async fn answer(
        &self,
        caller: &Caller,
        question: &Question,
        messages: usize,
        asked: &str,
        answer: &Answer,
    ) -> Result<Reply, ConversationError> {
        let right = caller.assistant()?;
        let scope = right.scope();
        let last = messages.clamp(1, question.said.len()) - 1;
        let (Some(upto), Some(said)) = (question.numbers.get(last), question.said.get(last)) else {
            return Ok(Reply::TooLate);
        };
        let mut tx = self.services.store.tenant(scope).await?;
        let mut row = lock(&mut tx, question.conversation, Reach::ALL).await?;
        if row.fence != question.fence || row.handler != Handler::Assistant || row.state != ConversationState::Open {
            return Ok(Reply::TooLate);
        }
        if row.answered_seq != question.answered {
            return Ok(Reply::Again);
        }
        row.answered_seq = *upto;
        // A courtesy answers nothing.
        let outcome = answer.grounded.then_some(answer.outcome);
        let text = match row.last_seq != *upto && outcome.is_some() {
            true => format!("\u{201c}{}\u{201d}\n{}", repeated(said), answer.answer),
            false => answer.answer.clone(),
        };
        let entry = Entry { outcome, citations: answer.citations.clone(), ..Entry::words(Author::Assistant, &text) };
        let message = row.append(&mut tx, &self.services, scope, entry).await?;
        if let Some(outcome) = outcome {
            let outcome = (outcome, answer.receipt_id);
            asked::keep(&mut tx, scope, &message, asked, outcome, self.services.now()).await?;
        }
        tx.commit().await?;
        self.services.publish(Notice::written(scope.tenant(), &[message]));
        Ok(Reply::Said)
    }

    /// The assistant cannot answer: the contact is told, and a person is asked for.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for anybody but a job, or the database's.
    #[tracing::instrument(name = "db.conversation.give_up", skip_all)]
    pub async fn give_up(&self, caller: &Caller, conversation: ConversationId) -> Result<(), ConversationError> {
        let right = caller.assistant()?;
        let scope = right.scope();
        let mut tx = self.services.store.tenant(scope).await?;
        let mut row = match lock(&mut tx, conversation, Reach::ALL).await {
            Err(ConversationError::NotFound) => return Ok(()),
            row => row?,
        };
        let waits = row.handler == Handler::Assistant
            && row.state == ConversationState::Open
            && row.last_seq > row.answered_seq;
        if !waits {
            return Ok(());
        }
        row.hand_to(Handler::People, None);
        let told = Entry::event(
            Event::HandedOff,
            noted!("The assistant cannot answer just now. A person has been asked to join."),
            None,
        );
        let message = row.append(&mut tx, &self.services, scope, told).await?;
        tx.commit().await?;
        self.services.publish(Notice::written(scope.tenant(), &[message]));
        Ok(())
    }

    /// Says to those who listen that the assistant is at work.
    pub fn assistant_works(&self, caller: &Caller, conversation: ConversationId) {
        self.live.typing(caller.scope().tenant(), conversation, Author::Assistant, None, None);
    }
}

/// A question as its answer repeats it: its first line, if that is short.
fn repeated(asked: &str) -> String {
    let line = asked.lines().next().unwrap_or_default();
    match line.char_indices().nth(REPEATED) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default().trim_end()),
        None => line.to_owned(),
    }
}
