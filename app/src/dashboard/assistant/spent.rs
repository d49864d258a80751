//! What a month may cost, and what was used: a picture of the last days, and the same as a table.

use super::line::{Line, line};
use super::{HERE, Wrong};
use leptos::prelude::*;
use model::llm::{Budget, Micros, UsageDay, reached};
use std::collections::BTreeMap;

/// Of the picture of a model: the width of a day, of the bar in it, and the height of the highest.
const DAY: u64 = 10;
const BAR: u64 = 8;
const HEIGHT: u64 = 60;

pub(super) fn section(budget: Budget, usage: Vec<UsageDay>, days: Vec<String>, wrong: Wrong) -> AnyView {
    view! {
        <section class="section" aria-labelledby="budget">
            <div class="section__head"><div class="section__text">
                <h2 id="budget">{t!("Budget of a month")}</h2>
                <p>{t!("When it is used up, the built-in answerer answers until the next month. What a question can cost at most is set aside before it is asked, so the budget holds.")}</p>
            </div></div>
            {meter(&budget)}
            {form(&budget, wrong)}
        </section>
        {(!usage.is_empty()).then(|| used(usage, &days))}
        <p class="actions"><a class="button" href=format!("{HERE}/usage")>{t!("What was used, month by month")}</a></p>
    }
    .into_any()
}

fn meter(budget: &Budget) -> AnyView {
    let (spent, month) = (budget.spent.to_string(), budget.month.clone());
    let aside = (budget.reserved > Micros(0)).then(|| {
        view! { " "<span class="badge">{t!("{amount} set aside for what is being asked", amount = budget.reserved)}</span> }
    });
    match budget.limit {
        Some(limit) => {
            let full = budget.spent >= limit;
            let percent = budget.alert_at;
            let most = budget.alerted && !full && reached(budget.spent, limit, percent);
            let short = budget.alerted && !full && !most;
            let name = t!("Spent in {month}", month);
            view! {
                <div class="spent">
                    <progress max=limit.0.max(1).to_string() value=budget.spent.0.clamp(0, limit.0.max(1)).to_string() aria-label=name></progress>
                    <p>{t!("{spent} of {limit} spent in {month}", spent, limit, month)}{aside}</p>
                    {full.then(|| view! {
                        <p class="notice notice--attention">{t!("The budget of this month is used up. The built-in answerer answers.")}</p>
                    })}
                    {short.then(|| view! {
                        <p class="notice notice--attention">{t!("Less of this month's budget is left than an answer can cost. Where a model cannot be asked, the built-in answerer answers.")}</p>
                    })}
                    {most.then(|| view! {
                        <p class="notice notice--attention">{t!("At least {percent} % of this month's budget is spent. When all of it is, the built-in answerer answers.", percent)}</p>
                    })}
                </div>
            }
            .into_any()
        }
        None => {
            view! { <p>{t!("{spent} spent in {month}, and no budget is set.", spent, month)}{aside}</p> }.into_any()
        }
    }
}

fn form(budget: &Budget, wrong: Wrong) -> AnyView {
    let errors = (wrong.error("limit"), wrong.error("alert_at"));
    let kept = || (budget.limit.map(|limit| limit.to_string()).unwrap_or_default(), budget.alert_at.to_string());
    let (limit, alert_at) = wrong.typed.map_or_else(kept, |typed| (typed.limit, typed.alert_at));
    view! {
        <form class="form form--narrow" method="post" action=format!("{HERE}/budget")>
            {line(Line {
                name: "limit",
                label: t!("A month may cost"),
                kind: "text",
                hint: Some(t!("Empty: as much as comes.")),
                value: limit,
                error: errors.0,
                most: 20,
                mode: Some("decimal"),
                ..Line::default()
            })}
            {line(Line {
                name: "alert_at",
                label: t!("Warn at (percent)"),
                kind: "text",
                hint: Some(t!("Then this page and the audit log say so, and owners and admins get a letter, where letters are set up.")),
                value: alert_at,
                error: errors.1,
                most: 3,
                mode: Some("numeric"),
                required: true,
                ..Line::default()
            })}
            <button class="button" type="submit">{t!("Save the budget")}</button>
        </form>
    }
    .into_any()
}

fn used(usage: Vec<UsageDay>, days: &[String]) -> AnyView {
    let mut models: BTreeMap<_, (String, Vec<&UsageDay>)> = BTreeMap::new();
    for day in &usage {
        models.entry(day.model).or_insert_with(|| (day.name.clone(), Vec::new())).1.push(day);
    }
    // One measure for all, so that they can be compared.
    let most = usage.iter().map(tokens).max().unwrap_or_default().max(1);
    let pictures = models.into_values().map(|(name, of)| picture(name, &of, days, most)).collect_view();
    let rows = usage.iter().map(row).collect_view();
    view! {
        <section class="section" aria-labelledby="used">
            <div class="section__head"><div class="section__text">
                <h2 id="used">{t!("What was used")}</h2>
                <p>{t!("In the last {n} days, in UTC. A bar is a day, as high as the tokens that were asked and answered.", n = days.len())}</p>
            </div></div>
            {pictures}
            <details class="more">
                <summary>{t!("The same as a table")}</summary>
                <div class="table">
                    <table role="table" aria-labelledby="used">
                        <thead role="rowgroup">
                            <tr role="row">
                                <th role="columnheader" scope="col">{t!("Day")}</th>
                                <th role="columnheader" scope="col">{t!("Model")}</th>
                                <th role="columnheader" scope="col">{t!("Asked")}</th>
                                <th role="columnheader" scope="col">{t!("Without an answer")}</th>
                                <th role="columnheader" scope="col">{t!("Tokens asked (remembered) and answered")}</th>
                                <th role="columnheader" scope="col">{t!("Cost")}</th>
                            </tr>
                        </thead>
                        <tbody role="rowgroup">{rows}</tbody>
                    </table>
                </div>
            </details>
        </section>
    }
    .into_any()
}

fn tokens(day: &UsageDay) -> u64 {
    day.used.input.saturating_add(day.used.output)
}

/// The days of a model as bars.
fn picture(name: String, of: &[&UsageDay], days: &[String], most: u64) -> AnyView {
    let sum = |part: fn(&UsageDay) -> u64| of.iter().map(|day| part(day)).fold(0_u64, u64::saturating_add);
    let (calls, all) = (sum(|day| day.calls), sum(tokens));
    let cost = of
        .iter()
        .filter_map(|day| day.cost)
        .map(|cost| cost.0)
        .fold(None, |sum, cost| Some(i64::saturating_add(sum.unwrap_or_default(), cost)));
    let cost = cost.map(|cost| format!(" · {}", t!("{amount} in all", amount = Micros(cost))));
    let what = t!("{calls} asked, {all} tokens", calls, all);
    let label = t!("Tokens of {name} by day", name);
    let bars = days.iter().zip(0_u64..).filter_map(|(day, at)| {
        let of_day = of.iter().find(|one| one.day == *day)?;
        // A day on which something was used is seen.
        let high = (tokens(of_day).saturating_mul(HEIGHT) / most).clamp(1, HEIGHT);
        Some(view! {
            <rect x=(at * DAY + 1).to_string() y=(HEIGHT - high).to_string() width=BAR.to_string() height=high.to_string()/>
        })
    });
    let bars = bars.collect_view();
    let size = format!("0 0 {} {HEIGHT}", days.len() as u64 * DAY);
    view! {
        <figure class="chart">
            <figcaption><b>{name}</b>" "{what}{cost}</figcaption>
            <svg viewBox=size preserveAspectRatio="none" role="img" aria-label=label>{bars}</svg>
        </figure>
    }
    .into_any()
}

fn row(day: &UsageDay) -> impl IntoView + use<> {
    let UsageDay { day, name, calls, failures, used, cost, .. } = day.clone();
    let tokens = format!("{} ({}), {}", used.input, used.cached, used.output);
    view! {
        <tr role="row">
            <th role="rowheader" scope="row"><time datetime=day.clone()>{day.clone()}</time></th>
            <td role="cell" data-label=t!("Model")>{name}</td>
            <td role="cell" data-label=t!("Asked")>{calls}</td>
            <td role="cell" data-label=t!("Without an answer")>{failures}</td>
            <td role="cell" data-label=t!("Tokens asked (remembered) and answered")>{tokens}</td>
            <td role="cell" data-label=t!("Cost")>{cost.map_or_else(|| "-".to_owned(), |cost| cost.to_string())}</td>
        </tr>
    }
}
