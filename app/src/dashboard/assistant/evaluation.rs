//! The assistant measured on questions of the company's own: the runs, and what came of one. Plain forms and links.

use super::super::Frame;
use super::HERE as ASSISTANT;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::FormNotice;
use leptos::prelude::*;
use model::Problem;
use model::evaluation::{
    Evaluation, EvaluationComparison, EvaluationReport, EvaluationResult, EvaluationState, FigureChange, FigureValue,
};
use model::knowledge::Outcome;
use words::{Text, noted};

/// The address of the page.
const HERE: &str = "/dashboard/assistant/evaluation";
const FIELDS: &[(&str, &str)] = &[("file", noted!("File of questions")), ("name", noted!("Name of the measurement"))];

/// The link to it, on the page of the assistant.
pub(super) fn link() -> AnyView {
    view! {
        <section class="section" aria-labelledby="measure">
            <div class="section__head"><div class="section__text">
                <h2 id="measure">{t!("Measure it")}</h2>
                <p>{t!("Ask it questions of yours whose answers you know, and see how many it answers rightly: before and after a change of your documents.")}</p>
            </div></div>
            <p class="actions"><a class="button" href=HERE>{t!("Measure the assistant")}</a></p>
        </section>
    }
    .into_any()
}

/// The runs, and the form of another one.
pub fn evaluations(frame: &Frame, runs: Vec<Evaluation>, problem: Option<Problem>) -> Page {
    let title = match &problem {
        None => t!("Measure · Assistant"),
        Some(_) => t!("Error: {title}", title = t!("Measure · Assistant")),
    };
    let wrong = |field: &str| problem.as_ref().and_then(|problem| problem.field(field)).map(say);
    let (file, name) = (wrong("file"), wrong("name"));
    let (file_wrong, name_wrong) = (file.is_some(), name.is_some());
    let described = if file_wrong { "file-hint file-error" } else { "file-hint" };
    let name_described = if name_wrong { "name-hint name-error" } else { "name-hint" };
    let notice = problem.clone().map(|problem| view! { <FormNotice problem=problem fields=FIELDS/> });
    let list =
        if runs.is_empty() { view! { <p>{t!("Nothing was measured yet.")}</p> }.into_any() } else { table(runs) };
    let main = view! {
        <header class="page__head">
            <h1>{t!("Measure the assistant")}</h1>
            <p>{t!("Your questions are asked one after the other, as visitors ask. The built-in answerer answers, so no model is paid for an answer; a search model, where you have one, is asked as ever. Nobody is told.")}</p>
        </header>
        {notice}
        <section class="section" aria-labelledby="new">
            <div class="section__head"><div class="section__text">
                <h2 id="new">{t!("Ask questions from a file")}</h2>
                <p>{t!("A table (CSV) with the columns question and expected, or JSON lines with these fields: at most 200 questions. Under expected stand the words that answer, as few as will do, as they stand in a document; nothing, or “no answer”, where your documents have no answer.")}</p>
            </div></div>
            <form class="form" method="post" action=HERE enctype="multipart/form-data">
                <div class="field">
                    <label class="field__label" for="file">{t!("File of questions")}</label>
                    <p class="field__hint" id="file-hint">{t!("At most 250 KB.")}</p>
                    <input
                        class="field__input"
                        id="file"
                        name="file"
                        type="file"
                        accept=".csv,.tsv,.jsonl,.json,.txt"
                        required
                        aria-invalid=file_wrong.then_some("true")
                        aria-describedby=described
                    />
                    {file.map(|error| view! { <p class="field__error" id="file-error">{error}</p> })}
                </div>
                <div class="field">
                    <label class="field__label" for="name">{t!("Name of the measurement")}</label>
                    <p class="field__hint" id="name-hint">{t!("Empty: that of the file.")}</p>
                    <input
                        class="field__input"
                        id="name"
                        name="title"
                        maxlength="100"
                        autocomplete="off"
                        aria-invalid=name_wrong.then_some("true")
                        aria-describedby=name_described
                    />
                    {name.map(|error| view! { <p class="field__error" id="name-error">{error}</p> })}
                </div>
                <div class="actions"><button class="button button--primary" type="submit">{t!("Ask these questions")}</button></div>
            </form>
        </section>
        <section class="section" aria-labelledby="runs">
            <div class="section__head"><div class="section__text">
                <h2 id="runs">{t!("What was measured")}</h2>
                <p>{t!("The last 20. Ten can be begun in 24 hours, one at a time.")}</p>
            </div></div>
            {list}
        </section>
        <p class="actions"><a class="button" href=ASSISTANT>{t!("To the assistant")}</a></p>
    };
    frame.page(ASSISTANT, title, Surface::Dashboard, main)
}

fn badge(state: EvaluationState) -> AnyView {
    let (class, words) = match state {
        EvaluationState::Waiting => ("badge", t!("Waits for its turn")),
        EvaluationState::Running => ("badge", t!("Is being asked")),
        EvaluationState::Done => ("badge badge--accent", t!("Measured")),
        EvaluationState::Failed => ("badge badge--attention", t!("Could not be ended")),
    };
    view! { <span class=class>{words}</span> }.into_any()
}

fn table(runs: Vec<Evaluation>) -> AnyView {
    let row = |run: Evaluation| {
        view! {
            <tr role="row">
                <th role="rowheader" scope="row"><a href=format!("{HERE}/{}", run.id)>{run.name}</a></th>
                <td role="cell" data-label=t!("State")>{badge(run.state)}</td>
                <td role="cell" data-label=t!("Right")>{t!("{right} of {asked}", right = run.right, asked = run.asked)}</td>
                <td role="cell" data-label=t!("Begun")><time datetime=run.created_at.to_string()>{say(&run.created_at.day())}</time></td>
            </tr>
        }
    };
    view! {
        <div class="table">
            <table role="table" aria-labelledby="runs">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t!("Name of the measurement")}</th>
                        <th role="columnheader" scope="col">{t!("State")}</th>
                        <th role="columnheader" scope="col">{t!("Right")}</th>
                        <th role="columnheader" scope="col">{t!("Begun")}</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{runs.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// A share as people write it.
fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A difference of shares, with its sign.
fn points(difference: f64) -> String {
    format!("{:+.0}", difference * 100.0)
}

/// What came of a run; `runs` are those that it can be compared with.
pub fn evaluation(frame: &Frame, report: EvaluationReport, runs: Vec<Evaluation>) -> Page {
    let EvaluationReport { evaluation: run, answers, passages, refused, figures, results, against } = report;
    let here = format!("{HERE}/{}", run.id);
    let goes_on = matches!(run.state, EvaluationState::Waiting | EvaluationState::Running).then(|| {
        view! {
            <div class="spent">
                <progress max=run.questions.to_string() value=run.asked.to_string() aria-label=t!("Questions asked")></progress>
                <p>{t!("{asked} of {questions} questions were asked.", asked = run.asked, questions = run.questions)}</p>
            </div>
            <p class="actions"><a class="button" href=here.clone()>{t!("Show how far it is")}</a></p>
        }
    });
    let error = run.error.clone().map(|why| view! { <p class="field__error">{say(&Text::kept(why))}</p> });
    let others: Vec<Evaluation> = runs.into_iter().filter(|other| other.id != run.id && other.asked > 0).collect();
    let beside = against.as_ref().map(|against| against.before);
    let options = others.into_iter().map(|other| {
        let words = t!("{name}, {day}", name = other.name, day = say(&other.created_at.day()));
        let chosen = beside == Some(other.id);
        view! { <option value=other.id.to_string() selected=chosen>{words}</option> }
    });
    let options: Vec<_> = options.collect();
    let compare = (!options.is_empty()).then(|| {
        view! {
            <section class="section" aria-labelledby="compare">
                <div class="section__head"><div class="section__text">
                    <h2 id="compare">{t!("Beside an earlier one")}</h2>
                    <p>{t!("By the questions that both have. Beyond chance is what would hardly come of chance alone; with fewer than ten questions nothing is called so.")}</p>
                </div></div>
                <form class="form form--inline" method="get" action=format!("{here}#compare")>
                    <div class="field">
                        <label class="field__label" for="against">{t!("The earlier one")}</label>
                        <select class="field__input" id="against" name="against">{options}</select>
                    </div>
                    <button class="button" type="submit">{t!("Compare")}</button>
                </form>
                {against.map(compared)}
            </section>
        }
    });
    let came = [
        t!("{n} answer", "{n} answers", n = answers),
        t!("passages once", "passages {n} times", n = passages),
        t!("{n} refusal", "{n} refusals", n = refused),
    ]
    .join(", ");
    let wrong: Vec<EvaluationResult> = results.into_iter().filter(|result| !result.right).collect();
    let main = view! {
        <header class="page__head">
            <h1>{run.name.clone()}</h1>
            <p>{badge(run.state)}" "{t!("{right} of {asked} right", right = run.right, asked = run.asked)}</p>
            <p>{came}</p>
            {error}
        </header>
        {goes_on}
        {(!figures.is_empty()).then(|| shares(figures))}
        {compare}
        {went_wrong(wrong, run.asked > 0)}
        <form class="actions" method="post" action=format!("{here}/delete")>
            <a class="button" href=HERE>{t!("All measurements")}</a>
            <button class="button button--ends" type="submit">{t!("Delete this measurement")}</button>
        </form>
    };
    frame.page(ASSISTANT, t!("{name} · Measure · Assistant", name = run.name), Surface::Dashboard, main)
}

fn shares(figures: Vec<FigureValue>) -> AnyView {
    let row = |value: FigureValue| {
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">{say(&value.figure.words())}</th>
                <td role="cell" data-label=t!("Share")>{percent(value.value)}</td>
                <td role="cell" data-label=t!("With 95 % between")>{t!("{low} and {high}", low = percent(value.low), high = percent(value.high))}</td>
                <td role="cell" data-label=t!("Questions")>{value.of}</td>
            </tr>
        }
    };
    view! {
        <section class="section" aria-labelledby="figures">
            <div class="section__head"><div class="section__text">
                <h2 id="figures">{t!("How well")}</h2>
                <p>{t!("Few questions say little: between which shares the true one lies stands beside each.")}</p>
            </div></div>
            <div class="table">
                <table role="table" aria-labelledby="figures">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">{t!("Figure")}</th>
                            <th role="columnheader" scope="col">{t!("Share")}</th>
                            <th role="columnheader" scope="col">{t!("With 95 % between")}</th>
                            <th role="columnheader" scope="col">{t!("Questions")}</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{figures.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn compared(against: EvaluationComparison) -> AnyView {
    let EvaluationComparison { in_both, better, worse, figures, .. } = against;
    let row = |change: FigureChange| {
        let difference = t!(
            "{points} points ({low} to {high})",
            points = points(change.after - change.before),
            low = points(change.low),
            high = points(change.high)
        );
        let beyond =
            change.beyond_chance.then(|| view! { " "<span class="badge badge--accent">{t!("beyond chance")}</span> });
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">{say(&change.figure.words())}</th>
                <td role="cell" data-label=t!("Before")>{percent(change.before)}</td>
                <td role="cell" data-label=t!("Now")>{percent(change.after)}</td>
                <td role="cell" data-label=t!("Difference")>{difference}{beyond}</td>
            </tr>
        }
    };
    view! {
        <p role="status">
            {t!("Questions in both: {questions}. Right now and not before: {better}. Right before and not now: {worse}.", questions = in_both, better, worse)}
        </p>
        <div class="table">
            <table role="table" aria-labelledby="compare">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t!("Figure")}</th>
                        <th role="columnheader" scope="col">{t!("Before")}</th>
                        <th role="columnheader" scope="col">{t!("Now")}</th>
                        <th role="columnheader" scope="col">{t!("Difference")}</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{figures.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// The questions that went wrong, with what was told.
fn went_wrong(wrong: Vec<EvaluationResult>, asked: bool) -> Option<AnyView> {
    if !asked {
        return None;
    }
    let none = wrong.is_empty();
    let line = |result: EvaluationResult| {
        let expected = result.expected.map_or_else(
            || t!("Your documents have no answer; one was given."),
            |words| t!("Expected: {words}", words),
        );
        let (what, told) = match result.outcome {
            Outcome::Answer => (t!("Answered"), result.told),
            Outcome::Passages => (t!("Passages were shown"), result.told),
            Outcome::Refused => (t!("Refused"), String::new()),
        };
        view! {
            <li>
                <h3>{result.question}" "<span class="badge">{what}</span></h3>
                <p>{expected}</p>
                {(!told.is_empty()).then(|| view! { <p class="told">{told}</p> })}
            </li>
        }
    };
    let list = if none {
        view! { <p>{t!("Nothing, so far as it was asked.")}</p> }.into_any()
    } else {
        view! { <ol class="asked" role="list">{wrong.into_iter().map(line).collect_view()}</ol> }.into_any()
    };
    let view = view! {
        <section class="section" aria-labelledby="wrong">
            <div class="section__head"><div class="section__text"><h2 id="wrong">{t!("What went wrong")}</h2></div></div>
            {list}
        </section>
    };
    Some(view.into_any())
}
