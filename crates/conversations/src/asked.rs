//! What was asked of the assistant, and what became of it.

use crate::{ConversationError, Conversations, words_of};
use model::audit::Act;
use model::conversation::Message;
use model::evaluation::OutcomeCounts;
use model::knowledge::{AskedId, Outcome, Unanswered};
use model::permission::{CHANNELS, ManageDocuments, Permission, Permissions, ReadDocuments};
use model::{ConversationId, ReceiptId, RequestId};
use sha2::{Digest as _, Sha256};
use store::audit::{self, Entry};
use store::services::timestamp;
use store::{Caller, Denied, Reason, Right, Scope, StoreError, TenantTx};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// What it takes to see what was asked and not answered: it comes from all conversations, and is about the documents.
pub const SEES_UNANSWERED: Permissions =
    CHANNELS.and(Permissions::of(&[Permission::ReadDocuments, Permission::ReadConversations, Permission::ReachOthers]));

/// Characters of a question that are kept.
pub const MAX_ASKED: usize = 500;
/// Questions that are looked at, the newest: what was asked before them is not counted.
const LOOKED_AT: i64 = 10_000;
/// Most that are shown, where those that say the same are one.
const SHOWN: i64 = 50;
/// How far back is counted what became of questions.
const COUNTED: Duration = Duration::days(30);
/// Questions in a row that are left without an answer before a person is asked to join, where the company wants that.
const MISSES: i64 = 3;
/// How long what was asked is remembered, and how long once it is settled.
const REMEMBERED: Duration = Duration::days(365);
const SETTLED: Duration = Duration::days(90);
/// Rows that are deleted in a statement, but for those of the same moment.
const AT_ONCE: i64 = 1_000;

/// Keeps a question with its answer, in the transaction that says it: where it stands on another, the two together, since alone it says nothing to
/// those who are to write an answer.
pub(crate) async fn keep(
    tx: &mut TenantTx,
    scope: &Scope,
    answer: &Message,
    question: &str,
    (outcome, receipt, settled): (Outcome, Option<ReceiptId>, Option<OffsetDateTime>),
    at: OffsetDateTime,
) -> Result<(), ConversationError> {
    // What was said last counts most, as for the answer; from a whole word on.
    let question = match question.char_indices().rev().nth(MAX_ASKED - 2) {
        Some((at, _)) if question.chars().count() > MAX_ASKED => {
            let end = &question[at..];
            format!("…{}", end.split_once(char::is_whitespace).map_or(end, |(_, words)| words))
        }
        _ => question.to_owned(),
    };
    let folded = Sha256::digest(folded(&question));
    sqlx::query!(
        "insert into app.asked (tenant_id, conversation_id, seq, question, folded, outcome, asked_at, receipt_id, settled_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        scope.tenant().uuid(),
        answer.conversation_id.uuid(),
        i64::try_from(answer.seq).unwrap_or(i64::MAX),
        question,
        folded.as_slice(),
        outcome.name(),
        at,
        receipt.map(ReceiptId::uuid),
        settled
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether the last three questions of a conversation were left without an answer: refused, or said not to be answered by who asked. It is counted anew
/// after whatever has happened there: a person was there, or has settled it. What the company itself has said (an intent) is no refusal.
pub(crate) async fn missed(tx: &mut TenantTx, conversation: ConversationId) -> Result<bool, ConversationError> {
    let misses = sqlx::query_scalar!(
        r#"select count(*) as "misses!"
           from (select outcome, answers, asked_at, settled_at from app.asked
                 where conversation_id = $1 and seq > coalesce(
                   (select max(k.seq) from app.message_keys k where k.conversation_id = $1 and k.author = 'system'), 0)
                 order by seq desc limit $2) newest
           where answers = false or (outcome = 'refused' and settled_at is distinct from asked_at)"#,
        conversation.uuid(),
        MISSES
    )
    .fetch_one(tx)
    .await?;
    Ok(misses == MISSES)
}

/// A question as questions are compared: its words, or itself where it has none.
fn folded(question: &str) -> String {
    let folded = words_of(question).join(" ");
    if folded.is_empty() { question.to_owned() } else { folded }
}

/// The right to see them ([`SEES_UNANSWERED`]).
fn sees(caller: &Caller) -> Result<Right<'_, ReadDocuments>, Denied> {
    let right = caller.may(ReadDocuments)?;
    if caller.permissions().have(SEES_UNANSWERED) { Ok(right) } else { Err(Denied) }
}

struct Row {
    conversation_id: Uuid,
    seq: i64,
    question: String,
    outcome: String,
    asked_at: OffsetDateTime,
    times: i64,
}

impl TryFrom<Row> for Unanswered {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let conversation_id = ConversationId::from_uuid(row.conversation_id);
        Ok(Self {
            id: AskedId { conversation: conversation_id, seq: u64::try_from(row.seq).unwrap_or_default() },
            question: row.question,
            times: u32::try_from(row.times).unwrap_or(u32::MAX),
            last_at: timestamp(row.asked_at),
            outcome: Outcome::from_name(&row.outcome).ok_or(StoreError::Corrupt("asked.outcome"))?,
            conversation_id,
        })
    }
}

impl Conversations {
    /// What was asked and not answered, most asked first: the 50 of which there are most among the newest 10,000.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] without one of [`SEES_UNANSWERED`], or the database's.
    #[tracing::instrument(name = "db.asked.unanswered", skip_all)]
    pub async fn unanswered(&self, caller: &Caller) -> Result<Vec<Unanswered>, ConversationError> {
        let right = sees(caller)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query_as!(
            Row,
            r#"select conversation_id as "conversation_id!", seq as "seq!", question as "question!", outcome as "outcome!",
                 asked_at as "asked_at!", times as "times!"
               from (select distinct on (folded) conversation_id, seq, question, outcome, asked_at,
                       count(*) over (partition by folded) as times
                     from (select conversation_id, seq, question, folded, outcome, asked_at from app.asked
                           where settled_at is null and (outcome <> 'answer' or answers = false) and answers is not true
                           order by asked_at desc limit $1) newest
                     order by folded, asked_at desc, conversation_id desc, seq desc) alike
               order by times desc, asked_at desc, conversation_id desc, seq desc limit $2"#,
            LOOKED_AT,
            SHOWN
        )
        .fetch_all(&mut tx)
        .await?;
        tx.leave_open();
        Ok(rows.into_iter().map(Unanswered::try_from).collect::<Result<_, _>>()?)
    }

    /// What became of what was asked in the last 30 days, of the newest 10,000 questions, and what who asked says of it.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] as for the list, or the database's.
    #[tracing::instrument(name = "db.asked.outcomes", skip_all)]
    pub async fn outcomes(&self, caller: &Caller) -> Result<OutcomeCounts, ConversationError> {
        let right = sees(caller)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let counted = sqlx::query!(
            r#"with asked as (
                 select conversation_id, outcome, answers from app.asked
                 where asked_at > $1 order by asked_at desc limit $2
               ), talks as (
                 select conversation_id, bool_and(coalesce(answers, outcome = 'answer')) as answered
                 from asked group by conversation_id
               )
               select count(*) as "asked!", count(*) filter (where outcome = 'answer') as "answered!",
                 count(*) filter (where outcome = 'passages') as "passages!",
                 count(*) filter (where outcome = 'refused') as "refused!",
                 count(*) filter (where answers) as "yes!", count(*) filter (where not answers) as "no!",
                 (select count(*) from app.conversations c
                  where c.handler = 'people'
                    and c.conversation_id in (select conversation_id from talks)) as "people!",
                 (select count(*) from talks) as "talks!",
                 (select count(*) from talks t
                  join app.conversations c on c.conversation_id = t.conversation_id
                  where t.answered and (c.fence = 0 or not exists (
                    select from app.message_keys k
                    join app.messages m on m.tenant_id = k.tenant_id and m.conversation_id = k.conversation_id
                      and m.message_id = k.message_id
                    where k.conversation_id = t.conversation_id and k.author = 'system' and m.event <> 'resolved'
                  ))) as "alone!"
               from asked"#,
            self.services.now() - COUNTED,
            LOOKED_AT
        )
        .fetch_one(&mut tx)
        .await?;
        tx.leave_open();
        let times = |times: i64| u32::try_from(times).unwrap_or(u32::MAX);
        Ok(OutcomeCounts {
            asked: times(counted.asked),
            answered: times(counted.answered),
            passages: times(counted.passages),
            refused: times(counted.refused),
            said_to_answer: times(counted.yes),
            said_not_to: times(counted.no),
            with_people: times(counted.people),
            conversations: times(counted.talks),
            without_people: times(counted.alone),
        })
    }

    /// One question, as it was asked that once, settled or not.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] as for the list, [`ConversationError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.asked.get", skip_all)]
    pub async fn asked(&self, caller: &Caller, id: AskedId) -> Result<Unanswered, ConversationError> {
        let mut tx = self.services.store.tenant(sees(caller)?.scope()).await?;
        one(&mut tx, id).await
    }

    /// Takes a question off the list, with all that say the same: an answer was written, or none is to be. Where that was done before, nothing
    /// is.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] as for the list and without `documents.manage`, [`ConversationError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.asked.settle", skip_all)]
    pub async fn settle(&self, caller: &Caller, id: AskedId) -> Result<(), ConversationError> {
        sees(caller)?;
        let right = caller.may(ManageDocuments)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        one(&mut tx, id).await?;
        let settled = sqlx::query!(
            "update app.asked set settled_at = $3
             where settled_at is null and (outcome <> 'answer' or answers = false) and answers is not true
               and folded = (select folded from app.asked where conversation_id = $1 and seq = $2)",
            id.conversation.uuid(),
            number(id),
            self.services.now()
        )
        .execute(&mut tx)
        .await?
        .rows_affected();
        if settled == 0 {
            return Ok(());
        }
        // Not the words: they go when their conversation does, and the log stays.
        let entry = Entry::new(Act::QuestionSettled).to(id.conversation.uuid(), "").is("times", settled.to_string());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        Ok(tx.commit().await?)
    }

    /// Forgets what was settled 90 days ago, and what was asked a year ago, settled or not; returns how much.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.asked.clean_up", skip_all)]
    pub async fn delete_old_questions(&self) -> Result<u64, StoreError> {
        let (now, mut gone) = (self.services.now(), 0);
        // Some at a time, the oldest first: however many there are, a statement ends in time, and what it has deleted stays so.
        loop {
            let request = RequestId::from_uuid(self.services.new_id());
            let mut tx = self.services.store.platform(Reason::CleanUp, request).await?;
            let done = sqlx::query!(
                "delete from app.asked where settled_at <= coalesce(
                   (select settled_at from app.asked where settled_at <= $1 order by settled_at offset $2 limit 1), $1)",
                now - SETTLED,
                AT_ONCE
            );
            let settled = done.execute(&mut tx).await?.rows_affected();
            let done = sqlx::query!(
                "delete from app.asked where asked_at <= coalesce(
                   (select asked_at from app.asked where asked_at <= $1 order by asked_at offset $2 limit 1), $1)",
                now - REMEMBERED,
                AT_ONCE
            );
            let asked = done.execute(&mut tx).await?.rows_affected();
            tx.commit().await?;
            gone += settled + asked;
            if settled.max(asked) <= AT_ONCE.unsigned_abs() {
                return Ok(gone);
            }
        }
    }
}

fn number(id: AskedId) -> i64 {
    i64::try_from(id.seq).unwrap_or(i64::MAX)
}

async fn one(tx: &mut TenantTx, id: AskedId) -> Result<Unanswered, ConversationError> {
    let row = sqlx::query_as!(
        Row,
        r#"select conversation_id, seq, question, outcome, asked_at, 1::bigint as "times!" from app.asked
           where conversation_id = $1 and seq = $2"#,
        id.conversation.uuid(),
        number(id)
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.ok_or(ConversationError::NotFound)?.try_into()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_marks_alone_is_one_question() {
        assert_eq!(folded(" Do you ship\nto Norway?!"), folded("do you ship to norway"));
        assert_ne!(folded("to Norway"), folded("to Sweden"));
        assert_eq!(folded("?!"), "?!");
    }
}
