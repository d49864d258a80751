//! What a workspace wishes of its assistant: its name, its tone, and what a model is to know besides the documents. The rules of `prompt` stand
//! before it.

use crate::prompt::MAX_INSTRUCTION;
use crate::{Assistant, Models};
use knowledge::{KnowledgeError, normalized};
use model::audit::Act;
use model::permission::ManageAssistant;
use model::receipt::AssistantWishes;
use store::audit::{self, Entry};
use store::{Caller, TenantTx};
use words::text;

/// Characters of it that the audit log has.
const LOGGED: usize = 200;

async fn read(tx: &mut TenantTx) -> Result<AssistantWishes, KnowledgeError> {
    let instruction = sqlx::query_scalar!("select instruction from app.assistants").fetch_optional(tx).await?;
    Ok(AssistantWishes { instruction: instruction.unwrap_or_default() })
}

fn logged(text: &str) -> String {
    text.chars().take(LOGGED).collect()
}

impl Assistant {
    /// What was said.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`], or the database's.
    #[tracing::instrument(name = "db.assistant.wishes", skip_all)]
    pub async fn wishes(&self, caller: &Caller) -> Result<AssistantWishes, KnowledgeError> {
        let right = caller.may(ManageAssistant)?;
        let Some(Models { services, .. }) = &self.models else { return Ok(AssistantWishes::default()) };
        let mut tx = services.store.tenant(right.scope()).await?;
        let wishes = read(&mut tx).await?;
        tx.leave_open();
        Ok(wishes)
    }

    /// Says something else. What is the same changes nothing.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`], [`KnowledgeError::Invalid`] for what is too long (field `instruction`), or the database's.
    #[tracing::instrument(name = "db.assistant.wish", skip_all)]
    pub async fn wish(&self, caller: &Caller, wishes: &AssistantWishes) -> Result<AssistantWishes, KnowledgeError> {
        let right = caller.may(ManageAssistant)?;
        let instruction = normalized(&wishes.instruction).trim().to_owned();
        if instruction.chars().count() > MAX_INSTRUCTION {
            let what = text!("Use at most {most} characters.", most = MAX_INSTRUCTION);
            return Err(KnowledgeError::field("instruction", what));
        }
        if instruction.contains('\0') {
            return Err(KnowledgeError::field("instruction", text!("Use ordinary characters.")));
        }
        let Some(Models { services, .. }) = &self.models else { return Ok(AssistantWishes::default()) };
        let tenant = right.scope().tenant().uuid();
        let mut tx = services.store.tenant(right.scope()).await?;
        // The tenant's row is the lock: of two who say something at once the second sees what the first has said.
        sqlx::query!("select tenant_id from app.tenants for no key update").fetch_optional(&mut tx).await?;
        let before = read(&mut tx).await?;
        if before.instruction == instruction {
            return Ok(before);
        }
        sqlx::query!(
            "insert into app.assistants (tenant_id, instruction, changed_at) values ($1, $2, $3)
             on conflict (tenant_id) do update set instruction = excluded.instruction, changed_at = excluded.changed_at",
            tenant,
            instruction,
            services.now()
        )
        .execute(&mut tx)
        .await?;
        let entry = Entry::new(Act::AssistantChanged).was("instruction", logged(&before.instruction));
        audit::record(&mut tx, services, caller, entry.is("instruction", logged(&instruction))).await?;
        tx.commit().await?;
        Ok(AssistantWishes { instruction })
    }
}
