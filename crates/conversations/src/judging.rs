//! Who asked says whether an answer answers.

use crate::append::AnswerContact;
use crate::{ConversationError, Conversations};
use model::ConversationId;
use store::{Caller, jobs};

impl Conversations {
    /// A contact says of an answer in a conversation of its own, or of the passages in its place, whether that answers what it asked. What it
    /// says last counts.
    ///
    /// # Errors
    /// [`ConversationError::Denied`] for everybody else, [`ConversationError::NotFound`] for what is no such message, or the database's.
    #[tracing::instrument(name = "db.answer.judge", skip_all)]
    pub async fn judge(
        &self,
        caller: &Caller,
        id: ConversationId,
        seq: u64,
        answers: bool,
    ) -> Result<(), ConversationError> {
        let right = caller.contact()?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let judged = sqlx::query!(
            "update app.asked a set answers = $4
             from app.conversations c
             where a.conversation_id = $1 and a.seq = $2 and a.outcome <> 'refused'
               and c.tenant_id = a.tenant_id and c.conversation_id = a.conversation_id and c.contact_id = $3",
            id.uuid(),
            i64::try_from(seq).unwrap_or(i64::MAX),
            right.id().uuid(),
            answers
        )
        .execute(&mut tx)
        .await?;
        if judged.rows_affected() == 0 {
            return Err(ConversationError::NotFound);
        }
        // It may be the third one in a row that is left without an answer, at which a person is asked to join, where a company wants that.
        if !answers {
            jobs::enqueue::<AnswerContact>(&mut tx, &self.services, right.scope(), id).await?;
        }
        tx.commit().await?;
        if !answers {
            self.services.wake_workers::<AnswerContact>();
        }
        Ok(())
    }
}
