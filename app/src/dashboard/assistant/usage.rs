//! What models have used in a month: a picture of its days, and the same as a table; model by model; the conversations for which most was spent; and
//! who made the answers.

use super::HERE;
use crate::dashboard::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::FormNotice;
use leptos::prelude::*;
use model::Problem;
use model::llm::{ConversationUsage, Micros, Shares, UsageDay};
use std::collections::BTreeMap;
use words::noted;

/// Of the picture: the width of a day, of the bar in it, and the height of the highest.
const DAY: u64 = 10;
const BAR: u64 = 8;
const HEIGHT: u64 = 60;

const FIELDS: &[(&str, &str)] = &[("month", noted!("Month"))];

/// What the page shows.
pub struct Month {
    /// The month: `2026-11`.
    pub month: String,
    /// Those that may be chosen, the latest first.
    pub months: Vec<String>,
    /// Its days.
    pub days: Vec<String>,
    /// What was used on them.
    pub usage: Vec<UsageDay>,
    /// The conversations for which most was spent.
    pub dearest: Vec<ConversationUsage>,
    /// Who made the answers.
    pub shares: Shares,
    /// Whether whoever looks reads conversations.
    pub reads: bool,
    /// What is wrong with what was asked for.
    pub problem: Option<Problem>,
}

/// What was used, in all.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    calls: u64,
    failures: u64,
    input: u64,
    cached: u64,
    output: u64,
    cost: Option<i64>,
}

impl Sum {
    fn of<'a>(all: impl Iterator<Item = &'a UsageDay>) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            calls: sum.calls.saturating_add(one.calls),
            failures: sum.failures.saturating_add(one.failures),
            input: sum.input.saturating_add(one.used.input),
            cached: sum.cached.saturating_add(one.used.cached),
            output: sum.output.saturating_add(one.used.output),
            cost: match (sum.cost, one.cost) {
                (Some(sum), Some(cost)) => Some(sum.saturating_add(cost.0)),
                (sum, cost) => sum.or(cost.map(|cost| cost.0)),
            },
        })
    }

    fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

/// The page.
pub fn usage(frame: &Frame, shown: Month) -> Page {
    let Month { month, months, days, usage, dearest, shares, reads, problem } = shown;
    let wrong = problem.as_ref().and_then(|problem| problem.errors.first()).map(|error| say(&error.message));
    let title = t!("What models used · Assistant");
    let title = if problem.is_some() { t!("Error: {title}", title) } else { title };
    let export = format!("{HERE}/usage/export?month={month}");
    let main = view! {
        <header class="page__head">
            <h1>{t!("What models used")}</h1>
            <p>{t!("Day by day, model by model, and for which conversations, in UTC. Money is counted by the prices of the day. It is known for 25 months.")}</p>
        </header>
        <section class="section" aria-label=t!("Month")>
            {problem.map(|problem| view! { <FormNotice problem=problem fields=FIELDS/> })}
            {choosing(&month, months, wrong)}
            <p>{made(shares)}</p>
            <div class="actions">
                <a class="button" href=HERE>{t!("To the assistant")}</a>
                <a class="button" href=export download="model-usage.csv">{t!("Download as CSV")}</a>
            </div>
        </section>
        {if usage.is_empty() {
            view! {
                <div class="empty"><div class="empty__text">
                    <h2>{t!("Nothing here")}</h2>
                    <p>{t!("No model was asked in {month}.", month)}</p>
                </div></div>
            }
            .into_any()
        } else {
            view! {
                {by_day(&month, &days, &usage)}
                {by_model(&usage)}
                {(!dearest.is_empty()).then(|| conversations(dearest, reads))}
            }
            .into_any()
        }}
    };
    frame.page(HERE, title, Surface::Dashboard, main)
}

/// Who made the answers.
fn made(shares: Shares) -> String {
    let all = shares.by_model.saturating_add(shares.built_in);
    if all == 0 {
        return t!("No answers were given.");
    }
    let share = (shares.built_in.saturating_mul(100).saturating_add(all / 2)) / all;
    t!("Of {all} answers the built-in answerer gave {share} %, and a model wrote the rest.", all, share)
}

fn choosing(month: &str, months: Vec<String>, wrong: Option<String>) -> AnyView {
    let other = (!months.iter().any(|one| one == month)).then(|| month.to_owned());
    let option = |one: String| {
        let chosen = one == month;
        view! { <option value=one.clone() selected=chosen>{one.clone()}</option> }
    };
    let options = other.into_iter().chain(months).map(option).collect_view();
    view! {
        <form class="form form--inline" method="get" action=format!("{HERE}/usage") role="search" aria-label=t!("Month")>
            <div class="field">
                <label class="field__label" for="month">{t!("Month")}</label>
                <select
                    class="field__input"
                    id="month"
                    name="month"
                    aria-invalid=wrong.as_ref().map(|_| "true")
                    aria-describedby=wrong.as_ref().map(|_| "month-error")
                >{options}</select>
                {wrong.map(|wrong| view! { <p class="field__error" id="month-error">{wrong}</p> })}
            </div>
            <button class="button" type="submit">{t!("Show")}</button>
        </form>
    }
    .into_any()
}

fn by_day(month: &str, days: &[String], usage: &[UsageDay]) -> AnyView {
    let sums: Vec<(String, Sum)> =
        days.iter().map(|day| (day.clone(), Sum::of(usage.iter().filter(|one| one.day == *day)))).collect();
    let all = Sum::of(usage.iter());
    // Money where there is some, and otherwise tokens.
    let money = all.cost.is_some_and(|cost| cost > 0);
    let height = |sum: &Sum| match money {
        true => u64::try_from(sum.cost.unwrap_or_default()).unwrap_or_default(),
        false => sum.tokens(),
    };
    let most = sums.iter().map(|(_, sum)| height(sum)).max().unwrap_or_default().max(1);
    let title = match money {
        true => t!("What models cost on each day of {month}", month),
        false => t!("Tokens on each day of {month}", month),
    };
    let bars = sums.iter().zip(0_u64..).filter(|((_, sum), _)| sum.calls > 0).map(|((_, sum), at)| {
        // A day on which something was used is seen, however little.
        let high = (u128::from(height(sum)) * u128::from(HEIGHT) / u128::from(most)).clamp(1, u128::from(HEIGHT));
        let (x, y) = (at * DAY + 1, u128::from(HEIGHT) - high);
        view! { <rect x=x.to_string() y=y.to_string() width=BAR.to_string() height=high.to_string()/> }
    });
    let bars = bars.collect_view();
    let size = format!("0 0 {} {HEIGHT}", days.len() as u64 * DAY);
    let rows = sums.into_iter().filter(|(_, sum)| sum.calls > 0).map(|(day, sum)| {
        let head = view! { <time datetime=day.clone()>{day.clone()}</time> }.into_any();
        row(head, &sum)
    });
    let rows = rows.collect_view();
    let what = t!("{calls} asked, {all} tokens", calls = all.calls, all = all.tokens());
    let cost = all.cost.map(|cost| format!(" · {}", t!("{amount} in all", amount = Micros(cost))));
    view! {
        <section class="section" aria-labelledby="by-day">
            <div class="section__head"><div class="section__text">
                <h2 id="by-day">{t!("By day")}</h2>
                <p>{t!("A bar is a day. The table says the same.")}</p>
            </div></div>
            <figure class="chart">
                <figcaption><b>{month.to_owned()}</b>" "{what}{cost}</figcaption>
                <svg viewBox=size preserveAspectRatio="none" role="img" aria-labelledby="by-day-title">
                    <title id="by-day-title">{title}</title>
                    {bars}
                </svg>
            </figure>
            {table("by-day", t!("Day"), rows.into_any())}
        </section>
    }
    .into_any()
}

/// The sums of what belongs together, the dearest first.
fn sums<'a, K: Ord>(
    usage: &'a [UsageDay],
    key: impl Fn(&'a UsageDay) -> K,
    name: fn(&UsageDay) -> String,
) -> Vec<(String, Sum)> {
    let mut parts: BTreeMap<K, Vec<&UsageDay>> = BTreeMap::new();
    for day in usage {
        parts.entry(key(day)).or_default().push(day);
    }
    // The latest day is first: a model is called as its provider calls it now.
    let sum = |of: Vec<&UsageDay>| (of.first().map(|day| name(day)).unwrap_or_default(), Sum::of(of.iter().copied()));
    let mut sums: Vec<(String, Sum)> = parts.into_values().map(sum).collect();
    sums.sort_by(|(a, one), (b, other)| (other.cost, other.tokens(), a).cmp(&(one.cost, one.tokens(), b)));
    sums
}

fn by_model(usage: &[UsageDay]) -> AnyView {
    let rows = |sums: Vec<(String, Sum)>| sums.into_iter().map(|(name, sum)| row(name.into_any(), &sum)).collect_view();
    let models = rows(sums(usage, |day| day.model, |day| day.name.clone()));
    // Of days before it was kept it is not known.
    let providers =
        rows(sums(usage, |day| &day.provider, |day| day.provider.clone().unwrap_or_else(|| "-".to_owned())));
    view! {
        <section class="section" aria-labelledby="by-model">
            <div class="section__head"><div class="section__text"><h2 id="by-model">{t!("By model")}</h2></div></div>
            {table("by-model", t!("Model"), models.into_any())}
        </section>
        <section class="section" aria-labelledby="by-provider">
            <div class="section__head"><div class="section__text"><h2 id="by-provider">{t!("By provider")}</h2></div></div>
            {table("by-provider", t!("Provider"), providers.into_any())}
        </section>
    }
    .into_any()
}

fn conversations(dearest: Vec<ConversationUsage>, reads: bool) -> AnyView {
    let rows = dearest.into_iter().map(|one| {
        let id = one.conversation_id.to_string();
        let head = match reads {
            true => view! { <a href=format!("/dashboard/inbox/{id}")><code>{id.clone()}</code></a> }.into_any(),
            false => view! { <code>{id}</code> }.into_any(),
        };
        let tokens = said(one.used.input, one.used.cached, one.used.output);
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">{head}</th>
                <td role="cell" data-label=t!("Asked")>{one.calls}</td>
                <td role="cell" data-label=t!("Tokens asked (remembered) and answered")>{tokens}</td>
                <td role="cell" data-label=t!("Cost")>{money(one.cost)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <section class="section" aria-labelledby="dearest">
            <div class="section__head"><div class="section__text">
                <h2 id="dearest">{t!("The dearest conversations")}</h2>
                <p>{t!("Those of this month for which models cost most, ten at most.")}</p>
            </div></div>
            <div class="table">
                <table role="table" aria-labelledby="dearest">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">{t!("Conversation")}</th>
                            <th role="columnheader" scope="col">{t!("Asked")}</th>
                            <th role="columnheader" scope="col">{t!("Tokens asked (remembered) and answered")}</th>
                            <th role="columnheader" scope="col">{t!("Cost")}</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn table(name: &'static str, first: String, rows: AnyView) -> AnyView {
    view! {
        <div class="table">
            <table role="table" aria-labelledby=name>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{first}</th>
                        <th role="columnheader" scope="col">{t!("Asked")}</th>
                        <th role="columnheader" scope="col">{t!("Without an answer")}</th>
                        <th role="columnheader" scope="col">{t!("Tokens asked (remembered) and answered")}</th>
                        <th role="columnheader" scope="col">{t!("Cost")}</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(head: AnyView, sum: &Sum) -> AnyView {
    let (calls, failures) = (sum.calls, sum.failures);
    let (tokens, cost) = (said(sum.input, sum.cached, sum.output), money(sum.cost.map(Micros)));
    view! {
        <tr role="row">
            <th role="rowheader" scope="row">{head}</th>
            <td role="cell" data-label=t!("Asked")>{calls}</td>
            <td role="cell" data-label=t!("Without an answer")>{failures}</td>
            <td role="cell" data-label=t!("Tokens asked (remembered) and answered")>{tokens}</td>
            <td role="cell" data-label=t!("Cost")>{cost}</td>
        </tr>
    }
    .into_any()
}

fn said(input: u64, cached: u64, output: u64) -> String {
    format!("{input} ({cached}), {output}")
}

fn money(cost: Option<Micros>) -> String {
    cost.map_or_else(|| "-".to_owned(), |cost| cost.to_string())
}
