//! Receipts: what an answer was made of, written down with a keyed hash, and read again.
//!
//! *Guarantees:* what is shown as genuine is to the letter what this installation wrote down for this tenant, this receipt and this conversation,
//! by a key that the database does not have. Nobody changes a receipt; it goes after [`KEPT`], or with its conversation.

use crate::{Assistant, Models};
use knowledge::KnowledgeError;
use model::permission::{CHANNELS, ManageAssistant, Permission, Permissions, ReadDocuments};
use model::receipt::{Receipt, Record};
use model::{ReceiptId, RequestId};
use store::services::timestamp;
use store::{Caller, Denied, Reason, StoreError};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// What it takes to see the receipts of answers in conversations: they say what a contact has asked, in any of them.
const SEES_CONVERSATIONS: Permissions =
    CHANNELS.and(Permissions::of(&[Permission::ReadConversations, Permission::ReachOthers]));

/// How long receipts are kept.
pub const KEPT: Duration = Duration::days(90);

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
        let ids = (right.scope().tenant().uuid(), id.uuid());
        let mac = models.mac(ids, row.created_at, row.conversation_id, &row.record);
        let record: Record =
            serde_json::from_str(&row.record).map_err(|_| StoreError::Corrupt("a receipt that cannot be read"))?;
        Ok(Receipt {
            id,
            created_at: timestamp(row.created_at),
            genuine: row.mac == mac,
            seq: row.seq.and_then(|seq| u64::try_from(seq).ok()),
            record,
        })
    }

    /// Deletes receipts that are older than [`KEPT`]; returns how many.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.receipt.clean_up", skip_all)]
    pub async fn delete_old_receipts(&self) -> Result<u64, StoreError> {
        let Some(Models { services, .. }) = &self.models else { return Ok(0) };
        let mut tx = services.store.platform(Reason::CleanUp, RequestId::from_uuid(services.new_id())).await?;
        let old = services.now() - KEPT;
        let done = sqlx::query!("delete from app.receipts where created_at <= $1", old).execute(&mut tx).await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}
