//! The assistant's side: what is to be answered, and the answer, if it still may speak.

use crate::append::{Entry, lock};
use crate::asked;
use crate::handling::handed_off;
use crate::memory::LOOKED_AT;
use crate::reach::Reach;
use crate::read::{MessagesFrom, messages};
use crate::{ConversationError, Conversations};
use model::ConversationId;
use model::conversation::{Author, ConversationState, Event, Handler};
use model::knowledge::{Answer, Outcome};
use model::permission::ReadConversations;
use std::time::Duration;
use store::bus::Notice;
use store::services::timestamp;
use store::{Caller, StoreError};
use words::noted;

/// Most messages of a contact that are looked at together.
const TOGETHER: usize = 5;
/// Messages before them in which the contact may have said what they stand on, and how long ago that may be.
const BEFORE: u32 = 10;
const STANDS: time::Duration = time::Duration::minutes(30);
/// Most messages of whoever said them that a model reads with a question that is asked by REST.
const TURNS: usize = 6;
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
    /// Its number in the conversation.
    pub seq: u64,
}

/// What was said in a conversation, for a question that is asked outside of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Where.
    pub conversation: ConversationId,
    /// What the contact said, the earliest first: among the last ten messages, in the last half hour.
    pub asked: Vec<String>,
    /// The last six messages of whoever said them, the earliest first.
    pub turns: Vec<Before>,
}

/// How an answer is said.
#[derive(Debug, Clone, Copy)]
pub struct Saying<'a> {
    /// To how many of the messages of a question.
    pub messages: usize,
    /// What was asked in them.
    pub asked: &'a str,
    /// What the assistant is called, if it has a name.
    pub name: Option<&'a str>,
    /// Whether a person is asked to join with it: the assistant is silent from then on.
    pub person: bool,
    /// Whether one is where it is the third in a row that is no answer.
    pub after_refusals: bool,
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
            row.answered_seq - i64::from(BEFORE),
            i64::from(BEFORE) + TOGETHER as i64
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

    /// What was said before a question, the earliest first: the last forty messages of whoever said them, without what happened, without
    /// what the question itself consists of, and without what is in the summary ([`Conversations::memory`]).
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for anybody but a job, or the database's.
    #[tracing::instrument(name = "db.conversation.turns", skip_all)]
    pub async fn turns(&self, caller: &Caller, question: &Question) -> Result<Vec<Before>, ConversationError> {
        let right = caller.assistant()?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            "select k.seq, m.author, m.text
             from app.message_keys k
             join app.messages m on m.conversation_id = k.conversation_id and m.message_id = k.message_id
               and m.tenant_id = k.tenant_id
             where k.conversation_id = $1 and k.author <> 'system' and (k.author <> 'contact' or k.seq <= $2)
               and k.seq > coalesce((select s.upto_seq from app.conversation_summaries s where s.conversation_id = $1), 0)
             order by k.seq desc limit $3",
            question.conversation.uuid(),
            question.answered,
            LOOKED_AT
        )
        .fetch_all(&mut tx)
        .await?;
        let said = rows.into_iter().rev().map(|row| -> Result<Before, ConversationError> {
            let from = Author::from_name(&row.author).ok_or(StoreError::Corrupt("messages.author"))?;
            Ok(Before { from, text: row.text, seq: u64::try_from(row.seq).unwrap_or_default() })
        });
        said.collect()
    }

    /// What was said in a conversation within the caller's reach, on which a question may stand that is asked outside of it.
    ///
    /// # Errors
    /// [`ConversationError::Denied`], [`ConversationError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.conversation.earlier", skip_all)]
    pub async fn earlier(&self, caller: &Caller, id: ConversationId) -> Result<Earlier, ConversationError> {
        let right = caller.may(ReadConversations)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let all = messages(&mut tx, id, Reach::of(caller), MessagesFrom::Latest, BEFORE).await?.data;
        tx.leave_open();
        let since = timestamp(self.services.now() - STANDS);
        let asked = all.iter().filter(|one| one.from == Author::Contact && one.created_at >= since);
        let asked = asked.map(|one| one.text.clone()).collect();
        let said = all.into_iter().filter(|one| one.from != Author::System);
        let mut turns: Vec<_> = said.map(|one| Before { from: one.from, text: one.text, seq: one.seq }).collect();
        let turns = turns.split_off(turns.len().saturating_sub(TURNS));
        Ok(Earlier { conversation: id, asked, turns })
    }

    /// Whether the assistant may still answer a question: nobody else has the word meanwhile.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for anybody but a job, or the database's.
    #[tracing::instrument(name = "db.conversation.may_answer", skip_all)]
    pub async fn may_answer(&self, caller: &Caller, question: &Question) -> Result<bool, ConversationError> {
        let right = caller.assistant()?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let row = sqlx::query!(
            "select fence from app.conversations
             where conversation_id = $1 and fence = $2 and handler = 'assistant' and state = 'open'",
            question.conversation.uuid(),
            question.fence
        );
        Ok(row.fetch_optional(&mut tx).await?.is_some())
    }

    /// The assistant answers the first so many messages of a question, in which this was asked, unless a person has taken over meanwhile. What does not stand right
    /// below its question says which one it answers.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for anybody but a job, [`ConversationError::NotFound`] when the conversation is gone,
    /// or the database's.
    pub async fn answer(
        &self,
        caller: &Caller,
        question: &Question,
        messages: usize,
        asked: &str,
        answer: &Answer,
    ) -> Result<Reply, ConversationError> {
        let saying = Saying { messages, asked, name: None, person: false, after_refusals: false };
        self.say_answer(caller, question, saying, answer).await
    }

    /// The same, under a name, or with a person asked to join.
    ///
    /// # Errors
    /// As [`Self::answer`].
    #[tracing::instrument(name = "db.conversation.answer", skip_all)]
    pub async fn say_answer(
        &self,
        caller: &Caller,
        question: &Question,
        Saying { messages, asked, name, person, after_refusals }: Saying<'_>,
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
        // A courtesy answers nothing; what the company has said that is to be answered has a receipt, and no source.
        let outcome = answer.grounded.then_some(answer.outcome);
        let answers = outcome.is_some() || answer.receipt_id.is_some();
        let before = match row.last_seq != *upto && answers {
            true => format!("\u{201c}{}\u{201d}\n", repeated(said)),
            false => String::new(),
        };
        let text = format!("{before}{}", answer.answer);
        let citations = answer.citations.iter().map(|citation| citation.clone().behind(&before)).collect();
        let entry = Entry { name, outcome, citations, ..Entry::words(Author::Assistant, &text) };
        let mut written = vec![row.append(&mut tx, &self.services, scope, entry).await?];
        if let Some(message) = written.first().filter(|_| answers) {
            let now = self.services.now();
            // What the company itself has decided needs nobody's look.
            let settled = outcome.is_none().then_some(now);
            let became = (answer.outcome, answer.receipt_id, settled);
            asked::keep(&mut tx, scope, message, asked, became, now).await?;
        }
        let refused = after_refusals && outcome == Some(Outcome::Refused);
        if person || refused && asked::missed(&mut tx, question.conversation).await? {
            row.hand_to(Handler::People, None);
            written.push(row.append(&mut tx, &self.services, scope, handed_off()).await?);
        }
        tx.commit().await?;
        self.services.publish(Notice::written(scope.tenant(), &written));
        Ok(Reply::Said)
    }

    /// A person is asked to join where the last questions in a row were left without an answer, by what who asked has said of it.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for anybody but a job, or the database's.
    #[tracing::instrument(name = "db.conversation.call_after_refusals", skip_all)]
    pub async fn call_after_refusals(
        &self,
        caller: &Caller,
        conversation: ConversationId,
    ) -> Result<(), ConversationError> {
        let right = caller.assistant()?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let mut row = match lock(&mut tx, conversation, Reach::ALL).await {
            Err(ConversationError::NotFound) => return Ok(()),
            row => row?,
        };
        let speaks = row.handler == Handler::Assistant && row.state == ConversationState::Open;
        if !speaks || !asked::missed(&mut tx, conversation).await? {
            return Ok(());
        }
        row.hand_to(Handler::People, None);
        let message = row.append(&mut tx, &self.services, right.scope(), handed_off()).await?;
        tx.commit().await?;
        self.services.publish(Notice::written(right.scope().tenant(), &[message]));
        Ok(())
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

    /// Says to those who listen that the assistant is at work, and what of its answer may be seen already; nothing of it may. `source` is the
    /// listener that need not hear it.
    pub fn assistant_writes(&self, caller: &Caller, conversation: ConversationId, draft: &str, source: u64) {
        let draft = (!draft.is_empty()).then(|| draft.to_owned());
        self.live.assistant(caller.scope().tenant(), conversation, draft, false, source);
    }

    /// Says to those who listen that what they saw of an answer does not count any more.
    pub fn assistant_takes_back(&self, caller: &Caller, conversation: ConversationId, source: u64) {
        self.live.assistant(caller.scope().tenant(), conversation, Some(String::new()), true, source);
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
