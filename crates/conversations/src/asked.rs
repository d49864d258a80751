//! What was asked of the assistant, and what became of it.

use crate::ConversationError;
use model::conversation::Message;
use model::knowledge::Outcome;
use store::{Scope, TenantTx};
use time::OffsetDateTime;

/// Characters of a question that are kept.
const KEPT: usize = 500;

/// Keeps a question with its answer, in the transaction that says it.
pub(crate) async fn keep(
    tx: &mut TenantTx,
    scope: &Scope,
    answer: &Message,
    question: &str,
    outcome: Outcome,
    at: OffsetDateTime,
) -> Result<(), ConversationError> {
    let question: String = question.chars().take(KEPT).collect();
    let folded = folded(&question);
    sqlx::query!(
        "insert into app.asked (tenant_id, conversation_id, seq, question, folded, outcome, asked_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        scope.tenant().uuid(),
        answer.conversation_id.uuid(),
        i64::try_from(answer.seq).unwrap_or(i64::MAX),
        question,
        folded,
        outcome.name(),
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A question as questions are compared: its letters and digits, in small letters.
fn folded(question: &str) -> String {
    let words = question.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let folded = words.collect::<Vec<_>>().join(" ").to_lowercase();
    if folded.is_empty() { question.to_owned() } else { folded }
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
