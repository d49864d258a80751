//! What models cost, and since when.
//!
//! *Guarantees:* what is asked on a day is reckoned by what stands for that day, in UTC; what was said for days that are gone is not changed
//! by what is said later, nor is what was reckoned by it. Of a model [`MAX_PRICES`] are known: of those that are over the oldest make room.

use crate::LlmError;
use model::llm::{Micros, Prices};
use store::{StoreError, TenantTx};
use time::Date;
use uuid::Uuid;
use words::text;

/// Most prices that are known of a model.
pub const MAX_PRICES: usize = 50;

/// What a million tokens cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rates {
    pub input: Micros,
    pub cached: Micros,
    pub output: Micros,
    pub since: Date,
}

#[cfg(test)]
impl Rates {
    pub(crate) fn of(input: Micros, cached: Micros, output: Micros) -> Self {
        Self { input, cached, output, since: Date::MIN }
    }
}

impl Rates {
    /// The same, since another day.
    fn same(&self, other: &Self) -> bool {
        (self.input, self.cached, self.output) == (other.input, other.cached, other.output)
    }
}

impl From<&Rates> for Prices {
    fn from(rates: &Rates) -> Self {
        Self { input: rates.input, cached: rates.cached, output: rates.output, since: rates.since.to_string() }
    }
}

/// For the audit log.
pub(crate) fn written(rates: Option<&Rates>) -> String {
    let Some(Rates { input, cached, output, since }) = rates else { return "none".to_owned() };
    format!("{input}, {cached}, {output} since {since}")
}

/// Those of a model, the earliest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct History(Vec<Rates>);

/// What is to be done so that a history says something else.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Nothing,
    /// Written, in the place of what stands there; what was since this day is forgotten.
    Write(Option<Date>),
    /// It is of days that are gone.
    Gone,
    /// There are too many to come.
    Full,
}

impl History {
    /// What counts on a day.
    pub(crate) fn on(&self, day: Date) -> Option<&Rates> {
        self.0.iter().rev().find(|rates| rates.since <= day)
    }

    /// The one that was said for this day.
    pub(crate) fn of(&self, day: Date) -> Option<&Rates> {
        self.0.iter().find(|rates| rates.since == day)
    }

    /// All of them.
    pub(crate) fn prices(&self) -> Vec<Prices> {
        self.0.iter().map(Prices::from).collect()
    }

    fn step(&self, new: &Rates, today: Date) -> Step {
        if self.on(new.since).is_some_and(|there| there.same(new)) {
            return Step::Nothing;
        }
        // The first one says since when anything is known.
        if new.since < today && !self.0.is_empty() {
            return Step::Gone;
        }
        if self.of(new.since).is_some() || self.0.len() < MAX_PRICES {
            return Step::Write(None);
        }
        match (self.0.first(), self.on(today)) {
            (Some(first), Some(now)) if first.since < now.since => Step::Write(Some(first.since)),
            _ => Step::Full,
        }
    }
}

/// What is known of this model, or of all.
pub(crate) async fn known(tx: &mut TenantTx, model: Option<Uuid>) -> Result<Vec<(Uuid, History)>, StoreError> {
    let rows = sqlx::query!(
        "select model_id, since, input, cached, output from app.model_prices
         where $1::uuid is null or model_id = $1 order by model_id, since",
        model
    );
    let mut all: Vec<(Uuid, History)> = Vec::new();
    for row in rows.fetch_all(tx).await? {
        let rates = Rates {
            input: Micros(row.input),
            cached: Micros(row.cached),
            output: Micros(row.output),
            since: row.since,
        };
        match all.last_mut() {
            Some((model, history)) if *model == row.model_id => history.0.push(rates),
            _ => all.push((row.model_id, History(vec![rates]))),
        }
    }
    Ok(all)
}

/// What is known of one model.
pub(crate) async fn of(tx: &mut TenantTx, model: Uuid) -> Result<History, StoreError> {
    Ok(known(tx, Some(model)).await?.pop().map(|(_, history)| history).unwrap_or_default())
}

/// Says what a model costs from a day on, or that nothing is known of it; gives what is known then.
pub(crate) async fn say(
    tx: &mut TenantTx,
    (tenant, model): (Uuid, Uuid),
    history: History,
    new: Option<&Rates>,
    today: Date,
) -> Result<History, LlmError> {
    let Some(new) = new else {
        sqlx::query!("delete from app.model_prices where model_id = $1", model).execute(&mut *tx).await?;
        return Ok(History::default());
    };
    let gone = match history.step(new, today) {
        Step::Nothing => return Ok(history),
        Step::Write(gone) => gone,
        Step::Gone => {
            let what = text!("What a model cost on days that are gone stays as it was. Enter today, or a day to come.");
            return Err(LlmError::field("since", what));
        }
        Step::Full => {
            let what = text!("So many prices to come are known of a model that there is room for no other one.");
            return Err(LlmError::field("since", what));
        }
    };
    if let Some(gone) = gone {
        sqlx::query!("delete from app.model_prices where model_id = $1 and since = $2", model, gone)
            .execute(&mut *tx)
            .await?;
    }
    sqlx::query!(
        "insert into app.model_prices (tenant_id, model_id, since, input, cached, output) values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, model_id, since) do update set input = excluded.input, cached = excluded.cached,
           output = excluded.output",
        tenant,
        model,
        new.since,
        new.input.0,
        new.cached.0,
        new.output.0
    )
    .execute(&mut *tx)
    .await?;
    Ok(of(tx, model).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 11 - 21);

    fn at(since: Date, output: i64) -> Rates {
        Rates { since, ..Rates::of(Micros(1), Micros(0), Micros(output)) }
    }

    #[test]
    fn what_counts_on_a_day_is_what_was_said_last_for_it_or_before() {
        let history = History(vec![at(date!(2026 - 01 - 01), 1), at(TODAY, 2), at(date!(2027 - 01 - 01), 3)]);
        let on = |day| history.on(day).map(|rates| rates.output.0);
        assert_eq!(on(date!(2025 - 12 - 31)), None);
        assert_eq!((on(date!(2026 - 01 - 01)), on(date!(2026 - 11 - 20))), (Some(1), Some(1)));
        assert_eq!((on(TODAY), on(date!(2026 - 12 - 31))), (Some(2), Some(2)));
        assert_eq!(on(date!(2027 - 01 - 01)), Some(3));
    }

    #[test]
    fn what_is_gone_is_not_said_anew_and_what_is_known_is_not_said_twice() {
        let none = History::default();
        assert_eq!(none.step(&at(date!(2020 - 01 - 01), 1), TODAY), Step::Write(None), "the first one");
        let history = History(vec![at(date!(2026 - 01 - 01), 1), at(date!(2027 - 01 - 01), 3)]);
        let step = |since, output| history.step(&at(since, output), TODAY);
        assert_eq!(step(date!(2026 - 11 - 20), 2), Step::Gone);
        assert_eq!(step(date!(2026 - 11 - 20), 1), Step::Nothing, "it was so");
        assert_eq!(step(TODAY, 1), Step::Nothing, "it is so");
        assert_eq!(step(TODAY, 2), Step::Write(None));
        // In the place of what was to come.
        assert_eq!(step(date!(2027 - 01 - 01), 1), Step::Write(None));
    }

    #[test]
    fn the_oldest_make_room_and_never_what_counts_today() {
        let days = |from: Date| (0..50).map(move |n| at(from + Duration::days(n), n));
        let gone = History(days(date!(2026 - 01 - 01)).collect());
        let new = at(TODAY, 1_000);
        assert_eq!(gone.step(&new, TODAY), Step::Write(Some(date!(2026 - 01 - 01))));
        let to_come = History(days(TODAY).collect());
        assert_eq!(to_come.step(&at(TODAY + Duration::days(99), 1_000), TODAY), Step::Full);
        assert_eq!(to_come.step(&new, TODAY), Step::Write(None), "in the place of today's");
    }
}
