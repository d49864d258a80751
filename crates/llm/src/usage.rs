//! What models have used, and what that costs: counted for each day and model, and for each conversation and month, in tokens, and in money where
//! there are prices.

use crate::prices::Rates;
use crate::{Llm, LlmError};
use model::llm::{ConversationUsage, Micros, Usage, UsageDay};
use model::permission::ManageAssistant;
use model::{ConversationId, ModelId, RequestId};
use store::{Caller, Reason, StoreError, TenantTx};
use time::format_description::well_known::Iso8601;
use time::{Date, Duration, Month};
use words::text;

/// Most days that are looked back.
pub const MAX_DAYS: u32 = 92;
/// Most conversations of a month that are listed.
pub const MAX_CONVERSATIONS: u32 = 100;
/// How many months days are kept, this one among them.
pub const KEPT_MONTHS: u8 = 25;
/// Most lines of days.
const LINES: i64 = 1_000;
/// Rows that are deleted in a transaction.
const BATCH: i64 = 1_000;

/// Of which days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// So many, today among them.
    Days(u32),
    /// Those of a month, by any of its days.
    Month(Date),
}

/// The month that is written so: `2026-11`. None of the last century, nor of the next one.
pub fn month(text: &str) -> Option<Date> {
    let written = text.len() == 7 && text.starts_with("20") && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    Date::parse(&format!("{text}-01"), &Iso8601::DATE).ok().filter(|_| written)
}

/// The first day of a month.
pub(crate) fn first(day: Date) -> Date {
    day.replace_day(1).unwrap_or(day)
}

/// The first day of the month that lies so many before that of a day.
fn before(day: Date, months: u8) -> Date {
    let all = day.year() * 12 + i32::from(u8::from(day.month())) - 1 - i32::from(months);
    let month = u8::try_from(all.rem_euclid(12) + 1).ok().and_then(|month| Month::try_from(month).ok());
    let found = month.and_then(|month| Date::from_calendar_date(all.div_euclid(12), month, 1).ok());
    found.unwrap_or(Date::MIN)
}

impl Span {
    /// Its first and its last day.
    fn days(self, today: Date) -> Result<(Date, Date), LlmError> {
        match self {
            Self::Days(days) if (1..=MAX_DAYS).contains(&days) => {
                Ok((today - Duration::days(i64::from(days) - 1), today))
            }
            Self::Days(_) => Err(LlmError::field("days", text!("Use a number from 1 to {most}.", most = MAX_DAYS))),
            Self::Month(day) => {
                let last = first(day).saturating_add(Duration::days(31));
                Ok((first(day), first(last).previous_day().unwrap_or(last)))
            }
        }
    }
}

/// What is noted of a call.
#[derive(Debug, Clone)]
pub(crate) struct Noted<'a> {
    pub model: ModelId,
    pub name: &'a str,
    pub provider: &'a str,
    pub failed: bool,
    pub used: Usage,
    pub cost: Option<Micros>,
    pub conversation: Option<ConversationId>,
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

/// How many bytes are heard of an answer of so many tokens at most: eight for each, where English has four.
pub(crate) fn heard_of(most: u32) -> usize {
    8 * most as usize
}

/// Adds a call to its day, and to its conversation, if that is still there.
pub(crate) async fn note(
    tx: &mut TenantTx,
    tenant: uuid::Uuid,
    day: Date,
    noted: &Noted<'_>,
) -> Result<(), StoreError> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    sqlx::query!(
        "insert into app.model_days as known (tenant_id, day, model_id, name, provider, calls, failures, input, cached, output, cost)
         values ($1, $2, $3, $4, $10, 1, $5, $6, $7, $8, $9)
         on conflict (tenant_id, day, model_id) do update set name = excluded.name, provider = excluded.provider,
           calls = known.calls + 1, failures = known.failures + excluded.failures, input = known.input + excluded.input,
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
        noted.cost.map(|cost| cost.0),
        noted.provider
    )
    .execute(&mut *tx)
    .await?;
    let Some(conversation) = noted.conversation else { return Ok(()) };
    // Who deletes the conversation meanwhile is waited for: a row of none would be an error.
    sqlx::query!(
        "insert into app.conversation_usage as known (tenant_id, conversation_id, month, calls, input, cached, output, cost)
         select tenant_id, conversation_id, $2, 1, $3, $4, $5, $6 from (
           select tenant_id, conversation_id from app.conversations where conversation_id = $1 for key share
         ) there
         on conflict (tenant_id, conversation_id, month) do update set calls = known.calls + 1,
           input = known.input + excluded.input, cached = known.cached + excluded.cached,
           output = known.output + excluded.output, cost = coalesce(known.cost + excluded.cost, known.cost, excluded.cost)",
        conversation.uuid(),
        first(day),
        number(noted.used.input),
        number(noted.used.cached),
        number(noted.used.output),
        noted.cost.map(|cost| cost.0)
    )
    .execute(tx)
    .await?;
    Ok(())
}

fn tokens(n: i64) -> u64 {
    u64::try_from(n).unwrap_or_default()
}

impl Llm {
    /// What was used in so many days, today among them, the latest first.
    ///
    /// # Errors
    /// As for [`Self::usage_of`].
    pub async fn usage(&self, caller: &Caller, days: u32) -> Result<Vec<UsageDay>, LlmError> {
        self.usage_of(caller, Span::Days(days)).await
    }

    /// What was used on these days, the latest first.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::Invalid`] for no days or more than [`MAX_DAYS`], or the database's.
    #[tracing::instrument(name = "db.model_day.list", skip_all)]
    pub async fn usage_of(&self, caller: &Caller, span: Span) -> Result<Vec<UsageDay>, LlmError> {
        let right = caller.may(ManageAssistant)?;
        let (first, last) = span.days(self.services.now().date())?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            "select day, model_id, name, provider, calls, failures, input, cached, output, cost
             from app.model_days where day between $1 and $2 order by day desc, name, model_id limit $3",
            first,
            last,
            LINES
        );
        let rows = rows.fetch_all(&mut tx).await?;
        tx.leave_open();
        let days = rows.into_iter().map(|row| UsageDay {
            day: row.day.to_string(),
            model: ModelId::from_uuid(row.model_id),
            name: row.name,
            provider: row.provider,
            calls: tokens(row.calls),
            failures: tokens(row.failures),
            used: Usage { input: tokens(row.input), cached: tokens(row.cached), output: tokens(row.output) },
            cost: row.cost.map(Micros),
        });
        Ok(days.collect())
    }

    /// What was used for a conversation, in all.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::NotFound`] where there is no such conversation, or the database's.
    #[tracing::instrument(name = "db.conversation_usage.get", skip_all)]
    pub async fn usage_in(&self, caller: &Caller, id: ConversationId) -> Result<ConversationUsage, LlmError> {
        let right = caller.may(ManageAssistant)?;
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let row = sqlx::query!(
            r#"select coalesce(sum(u.calls), 0)::bigint as "calls!", coalesce(sum(u.input), 0)::bigint as "input!",
                 coalesce(sum(u.cached), 0)::bigint as "cached!", coalesce(sum(u.output), 0)::bigint as "output!",
                 sum(u.cost)::bigint as "cost?"
               from app.conversations c left join app.conversation_usage u
                 on u.tenant_id = c.tenant_id and u.conversation_id = c.conversation_id
               where c.conversation_id = $1 group by c.conversation_id"#,
            id.uuid()
        );
        let row = row.fetch_optional(&mut tx).await?.ok_or(LlmError::NotFound)?;
        tx.leave_open();
        Ok(ConversationUsage {
            conversation_id: id,
            calls: tokens(row.calls),
            used: Usage { input: tokens(row.input), cached: tokens(row.cached), output: tokens(row.output) },
            cost: row.cost.map(Micros),
        })
    }

    /// The conversations of a month for which most was spent, the dearest first; without prices nothing is known of what they cost.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::Invalid`] for none or more than [`MAX_CONVERSATIONS`] (field `limit`), or the database's.
    #[tracing::instrument(name = "db.conversation_usage.list", skip_all)]
    pub async fn dearest(&self, caller: &Caller, month: Date, most: u32) -> Result<Vec<ConversationUsage>, LlmError> {
        let right = caller.may(ManageAssistant)?;
        if !(1..=MAX_CONVERSATIONS).contains(&most) {
            return Err(LlmError::field("limit", text!("Use a number from 1 to {most}.", most = MAX_CONVERSATIONS)));
        }
        let mut tx = self.services.store.tenant(right.scope()).await?;
        let rows = sqlx::query!(
            "select conversation_id, calls, input, cached, output, cost from app.conversation_usage
             where month = $1 order by cost desc nulls last, conversation_id limit $2",
            first(month),
            i64::from(most)
        );
        let rows = rows.fetch_all(&mut tx).await?;
        tx.leave_open();
        let all = rows.into_iter().map(|row| ConversationUsage {
            conversation_id: ConversationId::from_uuid(row.conversation_id),
            calls: tokens(row.calls),
            used: Usage { input: tokens(row.input), cached: tokens(row.cached), output: tokens(row.output) },
            cost: row.cost.map(Micros),
        });
        Ok(all.collect())
    }

    /// Deletes the days of months that lie further back than [`KEPT_MONTHS`]; returns how many lines.
    ///
    /// # Errors
    /// The database's.
    #[tracing::instrument(name = "db.model_day.clean_up", skip_all)]
    pub async fn delete_old_usage(&self) -> Result<u64, StoreError> {
        let first = before(self.services.now().date(), KEPT_MONTHS - 1);
        let mut deleted = 0;
        loop {
            let request = RequestId::from_uuid(self.services.new_id());
            let mut tx = self.services.store.platform(Reason::CleanUp, request).await?;
            let models = sqlx::query!(
                "delete from app.model_days d using (
                   select tenant_id, day, model_id from app.model_days where day < $1 limit $2
                 ) old
                 where d.tenant_id = old.tenant_id and d.day = old.day and d.model_id = old.model_id",
                first,
                BATCH
            );
            let models = models.execute(&mut tx).await?.rows_affected();
            let answers = sqlx::query!(
                "delete from app.answer_days d using (select tenant_id, day from app.answer_days where day < $1 limit $2) old
                 where d.tenant_id = old.tenant_id and d.day = old.day",
                first,
                BATCH
            );
            let answers = answers.execute(&mut tx).await?.rows_affected();
            tx.commit().await?;
            deleted += models + answers;
            if models.max(answers) < BATCH.unsigned_abs() {
                return Ok(deleted);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_whole_and_go_back_over_years() {
        use time::macros::date;
        let of = |day| Span::Month(day).days(date!(2026 - 11 - 21)).unwrap();
        assert_eq!(of(date!(2026 - 12 - 31)), (date!(2026 - 12 - 01), date!(2026 - 12 - 31)));
        assert_eq!(of(date!(2028 - 02 - 10)), (date!(2028 - 02 - 01), date!(2028 - 02 - 29)));
        let days = Span::Days(30).days(date!(2026 - 11 - 21)).unwrap();
        assert_eq!(days, (date!(2026 - 10 - 23), date!(2026 - 11 - 21)));
        assert!(
            Span::Days(0).days(date!(2026 - 11 - 21)).is_err() && Span::Days(93).days(date!(2026 - 11 - 21)).is_err()
        );
        assert_eq!(before(date!(2026 - 11 - 21), 24), date!(2024 - 11 - 01));
        assert_eq!(before(date!(2026 - 01 - 31), 1), date!(2025 - 12 - 01));
        assert_eq!(month("2026-11"), Some(date!(2026 - 11 - 01)));
        for bad in
            ["", "2026", "2026-13", "2026-1", "26-11-0", "1999-12", "+026-11", "2026-11-01", "2026-é", "20261101"]
        {
            assert_eq!(month(bad), None, "{bad}");
        }
        assert_eq!(before(date!(2026 - 12 - 31), 0), date!(2026 - 12 - 01));
    }

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
        // What is heard counts as less than three times what was set aside.
        assert_eq!((estimate(heard_of(0)), estimate(heard_of(3)), estimate(heard_of(700))), (0, 8, 1_867));
    }
}
