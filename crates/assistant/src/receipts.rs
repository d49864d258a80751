//! Receipts: what an answer was made of, written down with a keyed hash, and read again.
//!
//! *Guarantees:* what is shown as genuine is to the letter what this installation wrote down for this tenant, this receipt and this conversation,
//! by a key that the database does not have. That alone is signed, whenever one is read, for whoever has not that key ([`crate::verify_signed`]).
//! Nobody changes a receipt; it goes after [`KEPT`], with its conversation, or as the oldest of more than [`MOST`].

use crate::counted::count;
use crate::signed::text_of;
use crate::{Assistant, Models};
use knowledge::KnowledgeError;
use model::knowledge::Outcome;
use model::page::{DEFAULT_LIMIT, Page};
use model::permission::{CHANNELS, ManageAssistant, Permission, Permissions, ReadDocuments};
use model::receipt::{Receipt, ReceiptFilter, ReceiptKey, ReceiptLine, Record, Signed, Verdict, VerdictCount};
use model::{ReceiptId, RequestId};
use store::services::timestamp;
use store::signing::Signature;
use store::{Caller, Denied, Reason, Scope, Services, StoreError};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use words::text;

/// What it takes to see the receipts of answers in conversations: they say what a contact has asked, in any of them.
const SEES_CONVERSATIONS: Permissions =
    CHANNELS.and(Permissions::of(&[Permission::ReadConversations, Permission::ReachOthers]));

/// How long receipts are kept.
pub const KEPT: Duration = Duration::days(90);
/// Most receipts of a company: mostly a gigabyte together. Beyond it the oldest go.
pub const MOST: u32 = 200_000;
/// Most receipts of a page: each is read whole, to say whether it is genuine.
pub const MOST_OF_A_PAGE: u32 = 100;
/// Days of which it is counted how answers came about.
pub const COUNTED: Duration = Duration::days(30);
/// Receipts that are verified, and companies whose receipts are counted, at once.
const BATCH: i64 = 100;
/// Receipts that are deleted in a transaction.
const AT_ONCE: i64 = 1_000;

/// What came of going through all receipts of a company.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many there are.
    pub receipts: u64,
    /// Those that are not what was written down.
    pub wrong: Vec<ReceiptId>,
}

impl Models {
    /// What is authenticated: every part with its length before it, or of a length of its own.
    fn mac(
        &self,
        (tenant, receipt): (Uuid, Uuid),
        at: OffsetDateTime,
        conversation: Option<Uuid>,
        record: &str,
    ) -> [u8; 32] {
        let mut text = b"receipt".to_vec();
        text.extend(tenant.as_bytes());
        text.extend(receipt.as_bytes());
        // In microseconds, as the database keeps it.
        text.extend((at.unix_timestamp_nanos() / 1_000).to_be_bytes());
        text.push(u8::from(conversation.is_some()));
        text.extend(conversation.unwrap_or_default().as_bytes());
        text.extend((record.len() as u64).to_be_bytes());
        text.extend(record.as_bytes());
        self.key.mac(&text)
    }

    /// A text with its signature.
    fn signed(&self, text: String) -> Result<Signed, StoreError> {
        let Signature { signature, key_id } = self.signer.sign(text.as_bytes())?;
        Ok(Signed { text, signature, key_id })
    }

    /// Writes down what an answer was made of.
    #[tracing::instrument(name = "db.receipt.keep", skip_all)]
    pub(crate) async fn keep(&self, caller: &Caller, record: &Record) -> Result<ReceiptId, KnowledgeError> {
        let right = caller.may(ReadDocuments)?;
        let (tenant, id, now) = (right.scope().tenant().uuid(), self.services.new_id(), self.services.now());
        let conversation = record.conversation_id.map(|id| id.uuid());
        let text =
            serde_json::to_string(record).map_err(|_| StoreError::Corrupt("a receipt that cannot be written"))?;
        let mac = self.mac((tenant, id), now, conversation, &text);
        let mut tx = self.services.store.tenant(right.scope()).await?;
        sqlx::query!(
            "insert into app.receipts (tenant_id, receipt_id, conversation_id, record, mac, created_at)
             values ($1, $2, $3, $4, $5, $6)",
            tenant,
            id,
            conversation,
            text,
            mac.as_slice(),
            now
        )
        .execute(&mut tx)
        .await?;
        // What was made again to look at was no answer to anybody.
        if record.replay_of.is_none() {
            count(&mut tx, tenant, now.date(), record.verdict).await?;
        }
        tx.commit().await?;
        Ok(ReceiptId::from_uuid(id))
    }
}

impl Assistant {
    /// The receipt of an answer.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`] without `assistant.manage`, and, for an answer in a conversation, without what it takes to read all of them; [`KnowledgeError::NotFound`] for one that there is not, or is not any more, or the database's.
    #[tracing::instrument(name = "db.receipt.get", skip_all)]
    pub async fn receipt(&self, caller: &Caller, id: ReceiptId) -> Result<Receipt, KnowledgeError> {
        let right = caller.may(ManageAssistant)?;
        let Some(models) = &self.models else { return Err(KnowledgeError::NotFound) };
        let mut tx = models.services.store.tenant(right.scope()).await?;
        let row = sqlx::query!(
            r#"select r.conversation_id, r.record, r.mac, r.created_at,
                 (select a.seq from app.asked a where a.conversation_id = r.conversation_id and a.receipt_id = r.receipt_id
                  limit 1) as seq
               from app.receipts r where r.receipt_id = $1"#,
            id.uuid()
        );
        let row = row.fetch_optional(&mut tx).await?.ok_or(KnowledgeError::NotFound)?;
        tx.leave_open();
        if row.conversation_id.is_some() && !caller.permissions().have(SEES_CONVERSATIONS) {
            return Err(Denied.into());
        }
        let tenant = right.scope().tenant();
        let mac = models.mac((tenant.uuid(), id.uuid()), row.created_at, row.conversation_id, &row.record);
        let (genuine, created_at) = (row.mac == mac, timestamp(row.created_at));
        let signed = genuine.then(|| models.signed(text_of(tenant, id, created_at, &row.record))).transpose()?;
        let record: Record =
            serde_json::from_str(&row.record).map_err(|_| StoreError::Corrupt("a receipt that cannot be read"))?;
        Ok(Receipt { id, created_at, genuine, seq: row.seq.and_then(|seq| u64::try_from(seq).ok()), signed, record })
    }

    /// The public keys that verify what is signed of receipts, for everybody: that of the key that signs now first.
    ///
    /// # Errors
    /// None in practice.
    pub fn receipt_keys(&self) -> Result<Vec<ReceiptKey>, KnowledgeError> {
        let Some(models) = &self.models else { return Ok(Vec::new()) };
        let keys = models.signer.public_keys()?.into_iter().enumerate();
        Ok(keys.map(|(at, key)| ReceiptKey { id: key.id(), public_key: key.pem(), signs: at == 0 }).collect())
    }

    /// A page of receipts, the latest first (their ids begin with the time); those of answers in conversations only for who may read all of these.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`] without `assistant.manage`, [`KnowledgeError::Invalid`] for a limit or a cursor that cannot be, or the
    /// database's.
    #[tracing::instrument(name = "db.receipt.list", skip_all)]
    pub async fn receipts(
        &self,
        caller: &Caller,
        filter: ReceiptFilter,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<ReceiptLine>, KnowledgeError> {
        let right = caller.may(ManageAssistant)?;
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MOST_OF_A_PAGE).contains(&limit) {
            return Err(KnowledgeError::field("limit", text!("Use a number from 1 to {most}.", most = MOST_OF_A_PAGE)));
        }
        let wrong = || KnowledgeError::field("cursor", text!("Use the next_cursor of the page before."));
        let from = cursor.map(|cursor| cursor.parse::<ReceiptId>().map_err(|_| wrong())).transpose()?;
        let Some(models) = &self.models else { return Ok(Page { data: Vec::new(), next_cursor: None }) };
        let mut tx = models.services.store.tenant(right.scope()).await?;
        // Which they are is read from the index alone, and one more than are shown, to know whether there are others.
        let rows = sqlx::query!(
            "select r.receipt_id, r.conversation_id, r.record, r.mac, r.created_at
             from app.receipts r
             where r.receipt_id in (
               select i.receipt_id from app.receipts i
               where i.receipt_id < $1
                 and ($2::text is null or i.verdict = $2) and ($3::text is null or i.outcome = $3)
                 and ($4::boolean or i.conversation_id is null)
               order by i.receipt_id desc limit $5)
             order by r.receipt_id desc",
            from.map_or(Uuid::max(), ReceiptId::uuid),
            filter.verdict.map(Verdict::name),
            filter.outcome.map(Outcome::name),
            caller.permissions().have(SEES_CONVERSATIONS),
            i64::from(limit) + 1
        );
        let mut rows = rows.fetch_all(&mut tx).await?;
        tx.leave_open();
        let shown = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > shown;
        rows.truncate(shown);
        let last = rows.last().filter(|_| more).map(|row| ReceiptId::from_uuid(row.receipt_id).to_string());
        let tenant = right.scope().tenant().uuid();
        let data = rows.into_iter().map(|row| {
            let mac = models.mac((tenant, row.receipt_id), row.created_at, row.conversation_id, &row.record);
            let record = serde_json::from_str::<Record>(&row.record).ok();
            let asked = record.as_ref().and_then(|record| record.asked.as_ref());
            ReceiptLine {
                id: ReceiptId::from_uuid(row.receipt_id),
                created_at: timestamp(row.created_at),
                genuine: row.mac == mac,
                outcome: record.as_ref().map(|record| record.outcome),
                verdict: record.as_ref().map(|record| record.verdict),
                model: asked.and_then(|asked| asked.model.clone()),
                cost: asked.and_then(|asked| asked.cost),
                conversation_id: record.as_ref().and_then(|record| record.conversation_id),
                replay_of: record.as_ref().and_then(|record| record.replay_of),
                question: record.map(|record| record.question).unwrap_or_default(),
            }
        });
        Ok(Page { data: data.collect(), next_cursor: last })
    }

    /// How the answers of the last [`COUNTED`] came about, without those that were made again; of those in conversations only for who may read
    /// all of these.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`] without `assistant.manage`, or the database's.
    #[tracing::instrument(name = "db.receipt.count", skip_all)]
    pub async fn verdicts(&self, caller: &Caller) -> Result<Vec<VerdictCount>, KnowledgeError> {
        let right = caller.may(ManageAssistant)?;
        let Some(Models { services, .. }) = &self.models else { return Ok(Vec::new()) };
        let mut tx = services.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            r#"select verdict as "verdict!", count(*) as "answers!" from app.receipts
               where created_at > $1 and not replay and verdict is not null and ($2::boolean or conversation_id is null)
               group by verdict"#,
            services.now() - COUNTED,
            caller.permissions().have(SEES_CONVERSATIONS)
        );
        let rows = rows.fetch_all(&mut tx).await?;
        tx.leave_open();
        let of = |verdict: &Verdict| {
            let row = rows.iter().find(|row| row.verdict == verdict.name());
            let answers = row.map(|row| u64::try_from(row.answers).unwrap_or_default()).unwrap_or_default();
            VerdictCount { verdict: *verdict, answers }
        };
        Ok(Verdict::ALL.iter().map(of).collect())
    }

    /// Goes through all receipts of a company, and finds those that are not what was written down. (One that was removed is not missed: receipts
    /// go by themselves as well.)
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.receipt.verify", skip_all)]
    pub async fn verify_receipts(&self, scope: &Scope) -> Result<Verified, StoreError> {
        let mut found = Verified::default();
        let Some(models) = &self.models else { return Ok(found) };
        let (tenant, mut after) = (scope.tenant().uuid(), Uuid::nil());
        loop {
            let mut tx = models.services.store.tenant(scope).await?;
            let rows = sqlx::query!(
                "select receipt_id, conversation_id, record, mac, created_at from app.receipts
                 where receipt_id > $1 order by receipt_id limit $2",
                after,
                BATCH
            );
            let rows = rows.fetch_all(&mut tx).await?;
            drop(tx);
            let Some(last) = rows.last() else { return Ok(found) };
            after = last.receipt_id;
            for row in rows {
                found.receipts += 1;
                let mac = models.mac((tenant, row.receipt_id), row.created_at, row.conversation_id, &row.record);
                if row.mac != mac {
                    found.wrong.push(ReceiptId::from_uuid(row.receipt_id));
                }
            }
        }
    }

    /// Deletes receipts that are older than [`KEPT`], and of companies that have more than [`MOST`] the oldest; returns how many.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.receipt.clean_up", skip_all)]
    pub async fn delete_old_receipts(&self) -> Result<u64, StoreError> {
        let Some(Models { services, .. }) = &self.models else { return Ok(0) };
        let (old, mut gone) = (services.now() - KEPT, 0);
        // Some at a time: however many there are, a statement ends in time, and what it has deleted stays so.
        loop {
            let mut tx = services.store.platform(Reason::CleanUp, RequestId::from_uuid(services.new_id())).await?;
            let done = sqlx::query!(
                "delete from app.receipts r using (
                   select tenant_id, receipt_id from app.receipts where created_at <= $1 order by created_at limit $2
                 ) old
                 where r.tenant_id = old.tenant_id and r.receipt_id = old.receipt_id",
                old,
                AT_ONCE
            );
            let done = done.execute(&mut tx).await?.rows_affected();
            tx.commit().await?;
            gone += done;
            if done < AT_ONCE.unsigned_abs() {
                return Ok(gone + self.delete_receipts_beyond(MOST).await?);
            }
        }
    }

    /// Deletes of each company's receipts the oldest beyond so many; returns how many.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.receipt.clean_up_beyond", skip_all)]
    pub async fn delete_receipts_beyond(&self, most: u32) -> Result<u64, StoreError> {
        let Some(Models { services, .. }) = &self.models else { return Ok(0) };
        let (mut gone, mut after) = (0, Uuid::nil());
        loop {
            let mut tx = services.store.platform(Reason::CleanUp, RequestId::from_uuid(services.new_id())).await?;
            let tenants = sqlx::query_scalar!(
                "select tenant_id from app.tenants where tenant_id > $1 order by tenant_id limit $2",
                after,
                BATCH
            );
            let tenants = tenants.fetch_all(&mut tx).await?;
            let Some(last) = tenants.last() else { return Ok(gone) };
            after = *last;
            // The first that is too many, of those that have so many.
            let mut beyond = Vec::new();
            for tenant in tenants {
                let first = sqlx::query_scalar!(
                    "select receipt_id from app.receipts where tenant_id = $1 order by receipt_id desc offset $2 limit 1",
                    tenant,
                    i64::from(most)
                );
                beyond.extend(first.fetch_optional(&mut tx).await?.map(|first| (tenant, first)));
            }
            drop(tx);
            for (tenant, first) in beyond {
                gone += delete_up_to(services, tenant, first).await?;
            }
        }
    }
}

/// Deletes this receipt of a company and those before it, some at a time; returns how many.
async fn delete_up_to(services: &Services, tenant: Uuid, first: Uuid) -> Result<u64, StoreError> {
    let mut gone = 0;
    loop {
        let mut tx = services.store.platform(Reason::CleanUp, RequestId::from_uuid(services.new_id())).await?;
        let done = sqlx::query!(
            "delete from app.receipts where tenant_id = $1 and receipt_id in (
               select receipt_id from app.receipts where tenant_id = $1 and receipt_id <= $2 order by receipt_id limit $3)",
            tenant,
            first,
            AT_ONCE
        );
        let done = done.execute(&mut tx).await?.rows_affected();
        tx.commit().await?;
        gone += done;
        if done < AT_ONCE.unsigned_abs() {
            return Ok(gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_before_is_read() {
        let record = r#"{"question":"?","answer":"60 days.","outcome":"answer","verdict":"composed","passages":[],
            "asked":{"prompt_sha256":"00","most_tokens":700,"model_id":null,"model":"small","usage":null,"cost":7},
            "steps":[],"conversation_id":null}"#;
        let record: Record = serde_json::from_str(record).unwrap();
        let asked = record.asked.clone().unwrap();
        assert_eq!((asked.calls, record.replay_of, record.earlier.len(), record.together.clone()), (0, None, 0, None));
        // What a list is asked by is taken out of the text by its place.
        let text = serde_json::to_string(&record).unwrap();
        assert!(text.contains(r#","outcome":"answer","verdict":"composed","#) && !text.contains("replay_of"), "{text}");
        let again = Record { replay_of: Some(ReceiptId::from_uuid(Uuid::nil())), ..record };
        assert!(serde_json::to_string(&again).unwrap().contains(r#""replay_of":"rec_"#));
    }
}
