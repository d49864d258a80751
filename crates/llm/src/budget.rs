//! What a month may cost.
//!
//! *Guarantees:* before a model is asked, the most that it can cost is reserved in one statement, so that what is spent and what is
//! reserved never exceed the limit together, however many ask at once and by whichever processes; what the provider says it used is
//! spent in its place, once. A call that nobody settles, because its server ended, counts as spent in full when its lease is over. Months
//! are those of UTC; what was begun in one is settled in none other.

use crate::models::hold;
use crate::usage::{self, Noted, first};
use crate::{Llm, LlmError};
use model::audit::Act;
use model::llm::{Budget, Micros, reached};
use model::permission::ManageAssistant;
use model::{FieldError, TenantId};
use store::audit::{self, Entry};
use store::jobs::{self, Job, Lane};
use store::{Caller, StoreError, TenantTx};
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;
use words::text;

/// Percent at which somebody is told, where nothing was set.
const ALERT_AT: u8 = 80;
/// How long a call may be under way: longer than the longest.
const LEASE: Duration = Duration::minutes(5);

/// Tells those who manage a tenant that most of its budget is spent.
#[derive(Debug)]
pub struct TellOfBudget;

impl Job for TellOfBudget {
    const NAME: &'static str = "tell_of_budget";
    const LANE: Lane = Lane::Mail;
    const DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);
    type Subject = TenantId;
}

/// The first day of a month.
fn month(at: OffsetDateTime) -> Date {
    first(at.date())
}

fn called(month: Date) -> String {
    format!("{:04}-{:02}", month.year(), u8::from(month.month()))
}

fn written(limit: Option<Micros>) -> String {
    limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string())
}

/// What is over is spent.
async fn lapse(tx: &mut TenantTx, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!(
        "with due as (select call_id from app.model_calls where leased_until <= $1 for update skip locked),
           lapsed as (delete from app.model_calls c using due where c.call_id = due.call_id returning c.month, c.micros),
           sums as (select month, sum(micros)::bigint as micros from lapsed group by month)
         update app.model_budgets b set reserved = b.reserved - sums.micros, spent = b.spent + sums.micros
         from sums where b.month = sums.month",
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn read(tx: &mut TenantTx, now: Date) -> Result<Budget, StoreError> {
    let row = sqlx::query!("select most, alert_at, alerted, month, spent, reserved from app.model_budgets");
    let row = row.fetch_optional(tx).await?;
    // Another month's is over.
    let same = row.as_ref().filter(|row| row.month >= now);
    Ok(Budget {
        limit: row.as_ref().and_then(|row| row.most).map(Micros),
        alert_at: row.as_ref().and_then(|row| u8::try_from(row.alert_at).ok()).unwrap_or(ALERT_AT),
        spent: Micros(same.map_or(0, |row| row.spent)),
        reserved: Micros(same.map_or(0, |row| row.reserved)),
        month: called(same.map_or(now, |row| row.month)),
        alerted: same.is_some_and(|row| row.alerted),
    })
}

impl Llm {
    /// What this month may cost, and has.
    ///
    /// # Errors
    /// [`LlmError::Denied`], or the database's.
    #[tracing::instrument(name = "db.model_budget.get", skip_all)]
    pub async fn budget(&self, caller: &Caller) -> Result<Budget, LlmError> {
        let right = caller.may(ManageAssistant)?;
        let now = self.services.now();
        let mut tx = self.services.store.tenant(right.scope()).await?;
        lapse(&mut tx, now).await?;
        let budget = read(&mut tx, month(now)).await?;
        tx.commit().await?;
        Ok(budget)
    }

    /// Sets what each month may cost at most, or that it may cost as much as comes, and the percent of it at which somebody is told.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::Invalid`] for what cannot be, and for a limit while a model is on that has no prices (field
    /// `limit`), or the database's.
    #[tracing::instrument(name = "db.model_budget.set", skip_all)]
    pub async fn set_budget(&self, caller: &Caller, limit: Option<Micros>, alert_at: u8) -> Result<Budget, LlmError> {
        let right = caller.may(ManageAssistant)?;
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message| errors.push(FieldError { field: field.to_owned(), message });
        if limit.is_some_and(|limit| !(Micros(0)..=Micros::MAX).contains(&limit)) {
            wrong(
                "limit",
                text!("Enter what a month may cost, from 0 to 1,000,000,000, with a point before the parts of a unit."),
            );
        }
        if !(1..=100).contains(&alert_at) {
            wrong("alert_at", text!("Enter a percentage from 1 to 100."));
        }
        if !errors.is_empty() {
            return Err(LlmError::Invalid(errors));
        }
        let now = self.services.now();
        let mut tx = self.services.store.tenant(right.scope()).await?;
        hold(&mut tx).await?;
        let unknown = sqlx::query_scalar!(
            "select name from app.models m where enabled and not exists (
               select from app.model_prices p where p.tenant_id = m.tenant_id and p.model_id = m.model_id and p.since <= $1)
             order by place limit 1",
            self.services.now().date()
        );
        if let (Some(_), Some(model)) = (limit, unknown.fetch_optional(&mut tx).await?) {
            let what = text!(
                "Say what {model} costs first, or 0 where it costs nothing: without prices no money is counted, and no budget holds.",
                model
            );
            return Err(LlmError::field("limit", what));
        }
        let before = read(&mut tx, month(now)).await?;
        sqlx::query!(
            "insert into app.model_budgets (tenant_id, most, alert_at, alerted, month, spent, reserved)
             values ($1, $2, $3, false, $4, 0, 0)
             on conflict (tenant_id) do update set most = excluded.most, alert_at = excluded.alert_at, alerted = false",
            right.scope().tenant().uuid(),
            limit.map(|limit| limit.0),
            i16::from(alert_at),
            month(now)
        )
        .execute(&mut tx)
        .await?;
        let budget = read(&mut tx, month(now)).await?;
        let entry = Entry::new(Act::BudgetChanged).was("limit", written(before.limit)).is("limit", written(limit));
        let entry = entry.was("alert_at", before.alert_at.to_string()).is("alert_at", alert_at.to_string());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        tx.commit().await?;
        Ok(budget)
    }

    /// Begins a call that costs so much at most; none where the month does not allow it.
    #[tracing::instrument(name = "db.model_call.begin", skip_all)]
    pub(crate) async fn reserve(&self, caller: &Caller, most: Micros) -> Result<Option<Uuid>, StoreError> {
        let (id, now, tenant) = (self.services.new_id(), self.services.now(), caller.scope().tenant().uuid());
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        lapse(&mut tx, now).await?;
        // One statement over the locked row: of two at once the second sees what the first has reserved. What costs nothing is always
        // allowed.
        let reserved = sqlx::query_scalar!(
            "insert into app.model_budgets as b (tenant_id, alert_at, alerted, month, spent, reserved)
             values ($1, $2, false, $3, 0, $4)
             on conflict (tenant_id) do update set
               alerted = b.alerted and b.month >= excluded.month,
               spent = case when b.month >= excluded.month then b.spent else 0 end,
               reserved = case when b.month >= excluded.month then b.reserved else 0 end + excluded.reserved,
               month = greatest(b.month, excluded.month)
             where b.most is null or excluded.reserved = 0
               or case when b.month >= excluded.month then b.spent + b.reserved else 0 end + excluded.reserved <= b.most
             returning b.month",
            tenant,
            i16::from(ALERT_AT),
            month(now),
            most.0
        );
        let Some(month) = reserved.fetch_optional(&mut tx).await? else {
            self.stopped(caller, tx, month(now), most).await?;
            return Ok(None);
        };
        sqlx::query!(
            "insert into app.model_calls (tenant_id, call_id, month, micros, leased_until) values ($1, $2, $3, $4, $5)",
            tenant,
            id,
            month,
            most.0,
            now + LEASE
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Ends a call: what it has used is spent in place of what was reserved, once however often it is ended.
    #[tracing::instrument(name = "db.model_call.end", skip_all)]
    pub(crate) async fn settle(&self, caller: &Caller, call: Uuid, noted: &Noted<'_>) -> Result<(), StoreError> {
        let (now, cost) = (self.services.now(), noted.cost.unwrap_or_default().0);
        let mut tx = self.services.store.tenant(caller.scope()).await?;
        let ended = sqlx::query!("delete from app.model_calls where call_id = $1 returning month, micros", call);
        let Some(ended) = ended.fetch_optional(&mut tx).await? else { return Ok(()) };
        let budget = sqlx::query!(
            "update app.model_budgets set reserved = reserved - $2, spent = spent + $3 where month = $1
             returning most, spent, alert_at, alerted",
            ended.month,
            ended.micros,
            cost
        );
        let budget = budget.fetch_optional(&mut tx).await?;
        usage::note(&mut tx, caller.scope().tenant().uuid(), now.date(), noted).await?;
        if let Some(budget) = budget
            && let Some(most) = budget.most
            && !budget.alerted
            && reached(Micros(budget.spent), Micros(most), budget.alert_at)
        {
            sqlx::query!("update app.model_budgets set alerted = true").execute(&mut tx).await?;
            return self.tell(caller, tx, ended.month, budget.spent, most).await;
        }
        tx.commit().await
    }

    /// A month does not allow what is asked. Where that is not for others that are being asked, whoever has not heard of it yet does so now: what is left may
    /// be less than an answer can cost before as much is spent as they wanted to hear of, and then nothing more is.
    async fn stopped(&self, caller: &Caller, mut tx: TenantTx, month: Date, asks: Micros) -> Result<(), StoreError> {
        let told = sqlx::query!(
            "update app.model_budgets set alerted = true,
               spent = case when month >= $1 then spent else 0 end,
               reserved = case when month >= $1 then reserved else 0 end,
               month = greatest(month, $1)
             where (not alerted or month < $1) and case when month >= $1 then spent else 0 end + $2 > most
             returning most, month, spent",
            month,
            asks.0
        );
        match told.fetch_optional(&mut tx).await? {
            Some(told) => self.tell(caller, tx, told.month, told.spent, told.most.unwrap_or_default()).await,
            None => tx.commit().await,
        }
    }

    /// Tells those who manage the tenant, and ends the transaction in which that is noted.
    async fn tell(
        &self,
        caller: &Caller,
        mut tx: TenantTx,
        month: Date,
        spent: i64,
        most: i64,
    ) -> Result<(), StoreError> {
        let entry = Entry::new(Act::BudgetAlerted).is("month", called(month));
        let entry = entry.is("spent", Micros(spent).to_string()).is("limit", Micros(most).to_string());
        audit::record(&mut tx, &self.services, caller, entry).await?;
        jobs::enqueue::<TellOfBudget>(&mut tx, &self.services, caller.scope(), caller.scope().tenant()).await?;
        tracing::warn!(tenant = %caller.scope().tenant(), "most of the month's budget for models is spent");
        tx.commit().await?;
        self.services.wake_workers::<TellOfBudget>();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn months_are_those_of_utc() {
        assert_eq!(called(month(datetime!(2026-12-31 23:59 UTC))), "2026-12");
        assert_eq!(called(month(datetime!(2027-01-01 0:00 UTC))), "2027-01");
    }
}
