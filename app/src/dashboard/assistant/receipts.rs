//! The receipts of answers, page by page, and how the answers of the last days came about.

use super::HERE;
use super::receipt::when;
use crate::dashboard::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use leptos::prelude::*;
use model::knowledge::Outcome;
use model::receipt::{ReceiptFilter, ReceiptLine, Verdict, VerdictCount};

/// Characters of a question that are shown.
const SHOWN: usize = 160;

/// The page.
pub fn receipts(
    frame: &Frame,
    found: model::Page<ReceiptLine>,
    counts: Vec<VerdictCount>,
    filter: ReceiptFilter,
) -> Page {
    let list = if found.data.is_empty() {
        let words = if filter == ReceiptFilter::default() {
            t!("No answer was made yet, or none that you may see.")
        } else {
            t!("No answer is all of this. Ask for less.")
        };
        view! { <div class="empty"><div class="empty__text"><h2>{t!("Nothing here")}</h2><p>{words}</p></div></div> }
            .into_any()
    } else {
        table(found.data)
    };
    let older = found.next_cursor.map(|cursor| format!("{HERE}/receipts{}", query(filter, &cursor)));
    let main = view! {
        <header class="page__head">
            <h1>{t!("Receipts of answers")}</h1>
            <p>{t!("What each answer was made of, by what, and what it cost; for 90 days, the last 200,000. Open one to read all of it, or to make the answer again.")}</p>
        </header>
        {counted(counts)}
        <section class="section" aria-label=t!("Receipts of answers")>
            {form(filter)}
            {list}
            <div class="actions">
                {older.map(|older| view! { <a class="button" href=older>{t!("Older")}</a> })}
                <a class="button" href=HERE>{t!("To the assistant")}</a>
            </div>
        </section>
    };
    frame.page(HERE, t!("Receipts · Assistant"), Surface::Dashboard, main)
}

/// The part of an address that asks for what comes behind. Names and cursors need no escape.
fn query(filter: ReceiptFilter, cursor: &str) -> String {
    let verdict = filter.verdict.map(|verdict| format!("verdict={}&", verdict.name())).unwrap_or_default();
    let outcome = filter.outcome.map(|outcome| format!("outcome={}&", outcome.name())).unwrap_or_default();
    format!("?{verdict}{outcome}cursor={cursor}")
}

/// What people call it.
fn called(outcome: Outcome) -> String {
    match outcome {
        Outcome::Answer => t!("Answer"),
        Outcome::Passages => t!("Nearest passages"),
        Outcome::Refused => t!("Refusal"),
    }
}

fn counted(counts: Vec<VerdictCount>) -> AnyView {
    let all: u64 = counts.iter().map(|count| count.answers).sum();
    if all == 0 {
        return ().into_any();
    }
    let rows = counts.into_iter().filter(|count| count.answers > 0).map(|VerdictCount { verdict, answers }| {
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">
                    <a href=format!("{HERE}/receipts?verdict={}", verdict.name())>{say(&verdict.sentence())}</a>
                </th>
                <td role="cell" data-label=t!("Answers")>{answers}</td>
                <td role="cell" data-label=t!("Of all")>{format!("{} %", answers.saturating_mul(100) / all)}</td>
            </tr>
        }
    });
    view! {
        <section class="section" aria-labelledby="counted">
            <div class="section__head"><div class="section__text">
                <h2 id="counted">{t!("How answers came about")}</h2>
                <p>{t!("In the last 30 days, without those that were made again. What a model made up, as far as the check can see, was not told: it stands here as not told, or as taken out.")}</p>
            </div></div>
            <div class="table">
                <table role="table" aria-labelledby="counted">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">{t!("How it came about")}</th>
                            <th role="columnheader" scope="col">{t!("Answers")}</th>
                            <th role="columnheader" scope="col">{t!("Of all")}</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

/// What asks for a part of them.
fn form(filter: ReceiptFilter) -> AnyView {
    let verdict = |verdict: &Verdict| {
        let chosen = filter.verdict == Some(*verdict);
        view! { <option value=verdict.name() selected=chosen>{say(&verdict.sentence())}</option> }
    };
    let outcome = |outcome: &Outcome| {
        let chosen = filter.outcome == Some(*outcome);
        view! { <option value=outcome.name() selected=chosen>{called(*outcome)}</option> }
    };
    view! {
        <form class="form form--inline" method="get" action=format!("{HERE}/receipts") role="search" aria-label=t!("A part of the receipts")>
            <div class="field">
                <label class="field__label" for="verdict">{t!("How it came about")}</label>
                <select class="field__input" id="verdict" name="verdict">
                    <option value="">{t!("Everything")}</option>
                    {Verdict::ALL.iter().map(verdict).collect_view()}
                </select>
            </div>
            <div class="field">
                <label class="field__label" for="outcome">{t!("What it is")}</label>
                <select class="field__input" id="outcome" name="outcome">
                    <option value="">{t!("Everything")}</option>
                    {Outcome::ALL.iter().map(outcome).collect_view()}
                </select>
            </div>
            <button class="button" type="submit">{t!("Show")}</button>
        </form>
    }
    .into_any()
}

fn table(lines: Vec<ReceiptLine>) -> AnyView {
    view! {
        <div class="table">
            <table role="table" aria-label=t!("Receipts of answers")>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t!("Question")}</th>
                        <th role="columnheader" scope="col">{t!("How it came about")}</th>
                        <th role="columnheader" scope="col">{t!("Model")}</th>
                        <th role="columnheader" scope="col">{t!("Cost")}</th>
                        <th role="columnheader" scope="col">{t!("When (UTC)")}</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{lines.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(line: ReceiptLine) -> impl IntoView {
    let ReceiptLine { id, created_at, genuine, question, outcome, verdict, model, cost, conversation_id, replay_of } =
        line;
    let question = if question.is_empty() { t!("It cannot be read any more") } else { shortened(&question) };
    let what = outcome.map(called).unwrap_or_default();
    let how = verdict.map(|verdict| say(&verdict.sentence())).unwrap_or_default();
    let changed =
        (!genuine).then(|| view! { " "<span class="badge badge--attention">{t!("Changed by somebody")}</span> });
    let again = replay_of.map(|_| view! { " "<span class="badge">{t!("Made again")}</span> });
    let talk = conversation_id.map(|id| {
        view! { " · "<a href=format!("/dashboard/inbox/{id}")>{t!("Conversation")}</a> }
    });
    let at = created_at.to_string();
    view! {
        <tr role="row">
            <th role="rowheader" scope="row">
                <span class="entry">
                    <span><a href=format!("{HERE}/receipts/{id}")>{question}</a>{changed}{again}<small>{what}{talk}</small></span>
                </span>
            </th>
            <td role="cell" data-label=t!("How it came about")>{how}</td>
            <td role="cell" data-label=t!("Model")><span class="entry">{model.unwrap_or_else(|| "-".to_owned())}</span></td>
            <td role="cell" data-label=t!("Cost")>{cost.map_or_else(|| "-".to_owned(), |cost| cost.to_string())}</td>
            <td role="cell" data-label=t!("When (UTC)")><time datetime=at.clone()>{when(&at)}</time></td>
        </tr>
    }
}

/// The beginning of a question, in a line.
fn shortened(question: &str) -> String {
    match question.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", question.get(..at).unwrap_or_default().trim_end()),
        None => question.to_owned(),
    }
}
