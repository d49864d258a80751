//! What models have used, and what that costs: counted for each day and model, in tokens, and in money where there are prices.

use crate::models::Rates;
use crate::{Llm, LlmError};
use model::ModelId;
use model::llm::{Micros, Usage, UsageDay};
use model::permission::ManageAssistant;
use store::{Caller, StoreError, TenantTx};
use time::{Date, Duration};
use words::text;

/// Most days that are looked back.
pub const MAX_DAYS: u32 = 92;
/// Most lines of them.
const LINES: i64 = 1_000;

/// What is noted of a call.
#[derive(Debug, Clone)]
pub(crate) struct Noted<'a> {
    pub model: ModelId,
    pub name: &'a str,
    pub failed: bool,
    pub used: Usage,
    pub cost: Option<Micros>,
}

/// What so much costs, to the next millionth.
pub(crate) fn cost(rates: &Rates, used: &Usage) -> Micros {
    let cached = used.cached.min(used.input);
    let part = |tokens: u64, price: Micros| i128::from(tokens) * i128::from(price.0);
    let all = part(used.input - cached, rates.input) + part(cached, rates.cached) + part(used.output, rates.output);
    Micros(i64::try_from((all + 999_999) / 1_000_000).unwrap_or(i64::MAX)).min(Micros::MAX)
}

/// As many tokens as a text has at most, nearly: one for three bytes, where English has four, and two bytes are a letter elsewhere.
pub(crate) fn estimate(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(3)
}

/// Adds a call to its day.
pub(crate) async fn note(
    tx: &mut TenantTx,
    tenant: uuid::Uuid,
    day: Date,
    noted: &Noted<'_>,
) -> Result<(), StoreError> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    sqlx::query!(
        "insert into app.model_days as known (tenant_id, day, model_id, name, calls, failures, input, cached, output, cost)
         values ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9)
         on conflict (tenant_id, day, model_id) do update set name = excluded.name, calls = known.calls + 1,
           failures = known.failures + excluded.failures, input = known.input + excluded.input,
           cached = known.cached + excluded.cached, output = known.output + excluded.output,
           cost = coalesce(known.cost + excluded.cost, known.cost, excluded.cost)",
        tenant,
        day,
        noted.model.uuid(),
        noted.name,
        i64::from(noted.failed),
        number(noted.used.input),
        number(noted.used.cached),
        number(noted.used.output),
        noted.cost.map(|cost| cost.0)
    )
    .execute(tx)
    .await?;
    Ok(())
}

impl Llm {
    /// What was used in so many days, today among them, the latest first.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::Invalid`] for no days or more than [`MAX_DAYS`], or the database's.
    #[tracing::instrument(name = "db.model_day.list", skip_all)]
    pub async fn usage(&self, caller: &Caller, days: u32) -> Result<Vec<UsageDay>, LlmError> {
        let right = caller.may(ManageAssistant)?;
        if !(1..=MAX_DAYS).contains(&days) {
            return Err(LlmError::field("days", text!("Use a number from 1 to {most}.", most = MAX_DAYS)));
        }
        let before = self.services.now().date() - Duration::days(i64::from(days));
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            "select day, model_id, name, calls, failures, input, cached, output, cost
             from app.model_days where day > $1 order by day desc, name, model_id limit $2",
            before,
            LINES
        );
        let rows = rows.fetch_all(&mut tx).await?;
        tx.leave_open();
        let number = |n: i64| u64::try_from(n).unwrap_or_default();
        let days = rows.into_iter().map(|row| UsageDay {
            day: row.day.to_string(),
            model: ModelId::from_uuid(row.model_id),
            name: row.name,
            calls: number(row.calls),
            failures: number(row.failures),
            used: Usage { input: number(row.input), cached: number(row.cached), output: number(row.output) },
            cost: row.cost.map(Micros),
        });
        Ok(days.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_counted_to_the_next_millionth() {
        let rates = Rates::of(Micros(2_500_000), Micros(250_000), Micros(10_000_000));
        let of = |input, cached, output| cost(&rates, &Usage { input, cached, output }).0;
        assert_eq!(of(0, 0, 0), 0);
        assert_eq!(of(1_000_000, 0, 0), 2_500_000);
        assert_eq!(of(1_000_000, 400_000, 100_000), 1_500_000 + 100_000 + 1_000_000);
        assert_eq!(of(1, 0, 0), 3, "two and a half");
        // What cannot be: more remembered than asked.
        assert_eq!(of(10, 20, 0), 3);
        assert_eq!(of(u64::MAX, 0, u64::MAX), Micros::MAX.0);
        assert_eq!((estimate(0), estimate(1), estimate(3), estimate(4)), (0, 1, 1, 2));
    }
}
