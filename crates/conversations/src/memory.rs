//! What is remembered of a talk: a summary of what was said before that which a model is sent as it was said, and what contacts have said of
//! themselves.
//!
//! *Guarantees:* facts are kept and read only where the workspace wants that, at most [`MOST_FACTS`] of a contact, for a year at most, and go with
//! the conversation in which they were said. People see those that were said in conversations within their reach, and no others. A summary takes
//! the place of the one that it was made from, and of no other. With a fact goes the summary of the talk in which it was said, which may say it, too.

use crate::append::lock;
use crate::reach::Reach;
use crate::{Before, ConversationError, Conversations, words_of};
use model::audit::Act;
use model::conversation::{Author, ContactFact};
use model::permission::{ReadConversations, WriteConversations};
use model::{ConversationId, FactId, RequestId};
use store::audit::{self, Entry};
use store::services::timestamp;
use store::{Caller, Reason, StoreError, TenantTx};
use time::Duration;
use uuid::Uuid;

/// Most facts of a contact; the oldest give way.
pub const MOST_FACTS: usize = 20;
/// Most characters of one.
pub const MAX_FACT: usize = 200;
/// Most characters of a summary.
pub const MAX_SUMMARY: usize = 2_000;
/// Most messages that are looked at, the newest.
pub(crate) const LOOKED_AT: i64 = 40;
/// How long facts are kept.
const KEPT: Duration = Duration::days(365);
/// Most of them that are deleted at once.
const AT_ONCE: i64 = 10_000;

/// What is remembered for an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// What was said before that which is sent as it was said; empty where there is nothing.
    pub summary: String,
    /// What the contact has said of themself, the oldest first.
    pub facts: Vec<(FactId, String)>,
    /// Whether the workspace wants more of these.
    pub remembers: bool,
    /// The number of the last message in the summary.
    pub upto: i64,
}

/// What a contact has said of themself, and in which message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFact {
    /// It.
    pub text: String,
    /// The number of the message.
    pub seq: u64,
}

impl Conversations {
    /// What is remembered for an answer in a conversation.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for anybody but a job, [`ConversationError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.memory.get", skip_all)]
    pub async fn memory(&self, caller: &Caller, id: ConversationId) -> Result<Memory, ConversationError> {
        let right = caller.assistant()?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let row = sqlx::query!(
            r#"select c.contact_id as "contact_id!", t.remember_facts as "remember_facts!", coalesce(s.text, '') as "summary!", coalesce(s.upto_seq, 0) as "upto!"
               from app.conversations c
               join app.tenants t on t.tenant_id = c.tenant_id
               left join app.conversation_summaries s
                 on s.tenant_id = c.tenant_id and s.conversation_id = c.conversation_id
               where c.conversation_id = $1"#,
            id.uuid()
        );
        let row = row.fetch_optional(&mut tx).await?.ok_or(ConversationError::NotFound)?;
        let facts = if row.remember_facts { facts_of(&mut tx, row.contact_id).await? } else { Vec::new() };
        Ok(Memory { summary: row.summary, facts, remembers: row.remember_facts, upto: row.upto })
    }

    /// What was said since the summary and has been answered, the earliest first: the newest forty messages of it.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for anybody but a job, or the database's.
    #[tracing::instrument(name = "db.memory.since", skip_all)]
    pub async fn since(
        &self,
        caller: &Caller,
        id: ConversationId,
        memory: &Memory,
    ) -> Result<Vec<Before>, ConversationError> {
        let right = caller.assistant()?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            "select k.seq, m.author, m.text
             from app.conversations c
             join app.message_keys k on k.tenant_id = c.tenant_id and k.conversation_id = c.conversation_id
             join app.messages m on m.conversation_id = k.conversation_id and m.message_id = k.message_id
               and m.tenant_id = k.tenant_id
             where c.conversation_id = $1 and k.seq > $2 and k.author <> 'system'
               and (k.author <> 'contact' or k.seq <= c.answered_seq)
             order by k.seq desc limit $3",
            id.uuid(),
            memory.upto,
            LOOKED_AT
        )
        .fetch_all(&mut tx)
        .await?;
        let said = rows.into_iter().rev().map(|row| -> Result<Before, ConversationError> {
            let from = Author::from_name(&row.author).ok_or(StoreError::Corrupt("messages.author"))?;
            Ok(Before { from, text: row.text, seq: number(row.seq) })
        });
        said.collect()
    }

    /// Puts a summary up to this number in the place of that which it was made from, and keeps what the contact has said of themself, where the
    /// workspace still wants that. Says whether it did: another job may have been quicker.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for anybody but a job, [`ConversationError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.memory.keep", skip_all)]
    pub async fn remember(
        &self,
        caller: &Caller,
        id: ConversationId,
        made_from: &Memory,
        (upto, summary): (u64, &str),
        facts: &[NewFact],
    ) -> Result<bool, ConversationError> {
        let right = caller.assistant()?;
        let scope = right.scope();
        let (tenant, now) = (scope.tenant().uuid(), self.services.now());
        let mut tx = self.services.store.tenant(scope).await?;
        // The tenant's row first, as whoever changes the settings holds it: what is not wanted any more is not kept.
        let wanted =
            sqlx::query_scalar!("select remember_facts from app.tenants for share").fetch_optional(&mut tx).await?;
        lock(&mut tx, id, Reach::ALL).await?;
        let put = sqlx::query!(
            "insert into app.conversation_summaries as known (tenant_id, conversation_id, upto_seq, text, changed_at)
             values ($1, $2, $3, $4, $5)
             on conflict (tenant_id, conversation_id) do update
               set upto_seq = excluded.upto_seq, text = excluded.text, changed_at = excluded.changed_at
               where known.upto_seq = $6 and known.text = $7",
            tenant,
            id.uuid(),
            i64::try_from(upto).unwrap_or(i64::MAX),
            summary.chars().take(MAX_SUMMARY).collect::<String>(),
            now,
            made_from.upto,
            made_from.summary
        );
        if put.execute(&mut tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        if wanted == Some(true) && !facts.is_empty() {
            self.keep_facts(&mut tx, (tenant, id), facts).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Adds facts of a contact's that are not there yet; the oldest give way.
    async fn keep_facts(
        &self,
        tx: &mut TenantTx,
        (tenant, id): (Uuid, ConversationId),
        facts: &[NewFact],
    ) -> Result<(), ConversationError> {
        // Two conversations of a contact's are one after the other.
        let contact = sqlx::query_scalar!(
            "select p.contact_id from app.contacts p
             join app.conversations c on c.tenant_id = p.tenant_id and c.contact_id = p.contact_id
             where c.conversation_id = $1 for no key update of p",
            id.uuid()
        );
        let contact = contact.fetch_optional(&mut *tx).await?.ok_or(ConversationError::NotFound)?;
        let mut known: Vec<Vec<String>> = facts_of(tx, contact).await?.iter().map(|(_, fact)| words_of(fact)).collect();
        for fact in facts.iter().take(MOST_FACTS) {
            let words = words_of(&fact.text);
            if words.is_empty() || known.contains(&words) {
                continue;
            }
            known.push(words);
            sqlx::query!(
                "insert into app.contact_facts (tenant_id, fact_id, contact_id, conversation_id, seq, text, created_at)
                 values ($1, $2, $3, $4, $5, $6, $7)",
                tenant,
                self.services.new_id(),
                contact,
                id.uuid(),
                i64::try_from(fact.seq).unwrap_or(i64::MAX),
                fact.text.chars().take(MAX_FACT).collect::<String>(),
                self.services.now()
            )
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query!(
            "delete from app.contact_facts where fact_id in (
               select fact_id from app.contact_facts where contact_id = $1
               order by created_at desc, fact_id desc offset $2)",
            contact,
            i64::try_from(MOST_FACTS).unwrap_or(i64::MAX)
        )
        .execute(tx)
        .await?;
        Ok(())
    }

    /// Whether the workspace wants facts about contacts to be remembered.
    ///
    /// # Errors
    /// [`ConversationError::Denied`], or the database's.
    #[tracing::instrument(name = "db.memory.remembers", skip_all)]
    pub async fn remembers(&self, caller: &Caller) -> Result<bool, ConversationError> {
        let right = caller.may(ReadConversations)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let remembers = sqlx::query_scalar!("select remember_facts from app.tenants").fetch_optional(&mut tx).await?;
        tx.leave_open();
        Ok(remembers.unwrap_or_default())
    }

    /// What the contact of a conversation has said of themself, the latest first, in conversations within the caller's reach. Nothing where the
    /// workspace does not want it to be remembered.
    ///
    /// # Errors
    /// [`ConversationError::Denied`], [`ConversationError::NotFound`], or the database's.
    #[tracing::instrument(name = "db.fact.list", skip_all)]
    pub async fn facts(&self, caller: &Caller, id: ConversationId) -> Result<Vec<ContactFact>, ConversationError> {
        let (right, reach) = (caller.may(ReadConversations)?, Reach::of(caller));
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let contact = contact_within(&mut tx, id, reach).await?;
        let rows = sqlx::query!(
            "select f.fact_id, f.text, f.conversation_id, f.seq, f.created_at
             from app.contact_facts f
             join app.tenants t on t.tenant_id = f.tenant_id and t.remember_facts
             join app.conversations c on c.tenant_id = f.tenant_id and c.conversation_id = f.conversation_id
             where f.contact_id = $1
               and app.reached(c.channel, c.team_id, c.holder_id, $2,
                 array(select m.team_id from app.team_members m where m.member_id = $2), $3)
             order by f.created_at desc, f.fact_id desc",
            contact,
            reach.member,
            reach.may() as _
        );
        let rows = rows.fetch_all(&mut tx).await?;
        tx.leave_open();
        let facts = rows.into_iter().map(|row| ContactFact {
            id: FactId::from_uuid(row.fact_id),
            text: row.text,
            conversation_id: ConversationId::from_uuid(row.conversation_id),
            seq: number(row.seq),
            created_at: timestamp(row.created_at),
        });
        Ok(facts.collect())
    }

    /// Forgets one of them, or all, and what is summarized of the talks in which they were said. Where there is none, there is none. What was said
    /// stays.
    ///
    /// # Errors
    /// [`ConversationError::Denied`], [`ConversationError::NotFound`] for a conversation or a fact that is not within reach, or the database's.
    #[tracing::instrument(name = "db.fact.forget", skip_all)]
    pub async fn forget(
        &self,
        caller: &Caller,
        id: ConversationId,
        fact: Option<FactId>,
    ) -> Result<(), ConversationError> {
        caller.may(ReadConversations)?;
        let (right, reach) = (caller.may(WriteConversations)?, Reach::of(caller));
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let contact = contact_within(&mut tx, id, reach).await?;
        // It stays known up to where it went: what was said before is not read for facts again.
        sqlx::query!(
            "update app.conversation_summaries s set text = '', changed_at = $5
             where s.conversation_id in (
               select f.conversation_id from app.contact_facts f
               join app.conversations c on c.tenant_id = f.tenant_id and c.conversation_id = f.conversation_id
               where f.contact_id = $1 and ($2::uuid is null or f.fact_id = $2)
                 and app.reached(c.channel, c.team_id, c.holder_id, $3,
                   array(select m.team_id from app.team_members m where m.member_id = $3), $4))",
            contact,
            fact.map(FactId::uuid),
            reach.member,
            reach.may() as _,
            self.services.now()
        )
        .execute(&mut tx)
        .await?;
        let gone = sqlx::query!(
            "delete from app.contact_facts f using app.conversations c
             where c.tenant_id = f.tenant_id and c.conversation_id = f.conversation_id
               and f.contact_id = $1 and ($2::uuid is null or f.fact_id = $2)
               and app.reached(c.channel, c.team_id, c.holder_id, $3,
                 array(select m.team_id from app.team_members m where m.member_id = $3), $4)",
            contact,
            fact.map(FactId::uuid),
            reach.member,
            reach.may() as _
        );
        let gone = gone.execute(&mut tx).await?.rows_affected();
        if gone == 0 {
            return if fact.is_some() { Err(ConversationError::NotFound) } else { Ok(()) };
        }
        // Not the words: that they are gone is the point of it.
        let entry = Entry::new(Act::FactsForgotten).to(id.uuid(), "").is("times", gone.to_string());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes facts that are older than a year, and those of workspaces that do not want them any more; returns how many.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.fact.clean_up", skip_all)]
    pub async fn delete_old_facts(&self) -> Result<u64, StoreError> {
        let (request, now) = (RequestId::from_uuid(self.services.new_id()), self.services.now());
        let mut tx = self.services.store.platform(Reason::CleanUp, request).await?;
        let old = sqlx::query!(
            "delete from app.contact_facts where (tenant_id, fact_id) in (
               select tenant_id, fact_id from app.contact_facts where created_at <= $1 order by created_at limit $2)",
            now - KEPT,
            AT_ONCE
        );
        let old = old.execute(&mut tx).await?.rows_affected();
        let unwanted = sqlx::query!(
            "delete from app.contact_facts where (tenant_id, fact_id) in (
               select f.tenant_id, f.fact_id from app.tenants t
               -- Tenant by tenant, whatever the planner believes: most want none and have none, and those who do have all of them.
               cross join lateral (
                 select u.tenant_id, u.fact_id from app.contact_facts u where u.tenant_id = t.tenant_id limit $1
               ) f
               where not t.remember_facts limit $1)",
            AT_ONCE
        );
        let unwanted = unwanted.execute(&mut tx).await?.rows_affected();
        tx.commit().await?;
        Ok(old + unwanted)
    }
}

fn number(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or_default()
}

/// What a contact has said of themself, the oldest first.
async fn facts_of(tx: &mut TenantTx, contact: Uuid) -> Result<Vec<(FactId, String)>, ConversationError> {
    let rows = sqlx::query!(
        "select fact_id, text from app.contact_facts where contact_id = $1 order by created_at, fact_id limit $2",
        contact,
        i64::try_from(MOST_FACTS).unwrap_or(i64::MAX)
    );
    let rows = rows.fetch_all(tx).await?;
    Ok(rows.into_iter().map(|row| (FactId::from_uuid(row.fact_id), row.text)).collect())
}

/// Whose conversation it is, if it is within reach.
async fn contact_within(tx: &mut TenantTx, id: ConversationId, reach: Reach) -> Result<Uuid, ConversationError> {
    let contact = sqlx::query_scalar!(
        "select c.contact_id from app.conversations c
         where c.conversation_id = $1
           and app.reached(c.channel, c.team_id, c.holder_id, $2,
             array(select m.team_id from app.team_members m where m.member_id = $2), $3)",
        id.uuid(),
        reach.member,
        reach.may() as _
    );
    contact.fetch_optional(tx).await?.ok_or(ConversationError::NotFound)
}
