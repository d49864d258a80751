//! How many answers a model wrote, and how many the built-in answerer told, day by day.

use crate::Assistant;
use knowledge::KnowledgeError;
use model::llm::Shares;
use model::permission::ManageAssistant;
use model::receipt::Verdict;
use store::{Caller, StoreError, TenantTx};
use time::{Date, Duration};
use uuid::Uuid;

/// Adds an answer to its day.
pub(crate) async fn count(tx: &mut TenantTx, tenant: Uuid, day: Date, verdict: Verdict) -> Result<(), StoreError> {
    let by_model = matches!(verdict, Verdict::Composed | Verdict::Shortened);
    sqlx::query!(
        "insert into app.answer_days as known (tenant_id, day, by_model, built_in) values ($1, $2, $3, $4)
         on conflict (tenant_id, day) do update set by_model = known.by_model + excluded.by_model,
           built_in = known.built_in + excluded.built_in",
        tenant,
        day,
        i64::from(by_model),
        i64::from(!by_model)
    )
    .execute(tx)
    .await?;
    Ok(())
}

impl Assistant {
    /// Who made the answers of a month, by any of its days.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`] without `assistant.manage`, or the database's.
    #[tracing::instrument(name = "db.answer_day.sum", skip_all)]
    pub async fn shares(&self, caller: &Caller, month: Date) -> Result<Shares, KnowledgeError> {
        let right = caller.may(ManageAssistant)?;
        let Some(models) = &self.models else { return Ok(Shares::default()) };
        let first = month.replace_day(1).unwrap_or(month);
        let next = first.saturating_add(Duration::days(31));
        let mut tx = models.services.store.tenant(right.scope()).await?;
        let row = sqlx::query!(
            r#"select coalesce(sum(by_model), 0)::bigint as "by_model!", coalesce(sum(built_in), 0)::bigint as "built_in!"
               from app.answer_days where day >= $1 and day < $2"#,
            first,
            next.replace_day(1).unwrap_or(next)
        );
        let row = row.fetch_one(&mut tx).await?;
        tx.leave_open();
        let number = |n: i64| u64::try_from(n).unwrap_or_default();
        Ok(Shares { by_model: number(row.by_model), built_in: number(row.built_in) })
    }
}
