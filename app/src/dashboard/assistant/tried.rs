//! A question to try, as a visitor would ask it: the answer, where it stands, and how it came about.

use super::receipt::{sources, steps};
use super::{HERE, Wrong};
use crate::say::say;
use crate::ui::anchor;
use leptos::prelude::*;
use model::PersonalityId;
use model::knowledge::{Answer, Outcome};
use model::receipt::Record;

pub(super) fn section(
    answered: Option<(String, Answer, Option<Record>)>,
    wrong: Wrong,
    tries: Option<(PersonalityId, String)>,
) -> AnyView {
    let error = wrong.error("question");
    let typed = wrong.typed.map(|typed| typed.question).unwrap_or_default();
    let (question, answer) = match answered {
        Some((question, answer, record)) => (question, Some(said(answer, record))),
        None => (typed, None),
    };
    let (with, name) = tries.unzip();
    let with = with.map(|id| view! { <input type="hidden" name="personality" value=id.to_string()/> });
    let tries = name.map(|name| {
        let name = view! { <b>{name}</b> };
        let other = anchor("", HERE.to_owned() + "#try", s!("Try the one in use").into_any());
        view! { <p>{rich!("It is answered as {name} answers.", name = name)}" "{other}</p> }
    });
    let described = error.as_ref().map(|_| "question-error");
    view! {
        <section class="section" id="try" aria-labelledby="try-title">
            <div class="section__head"><div class="section__text">
                <h2 id="try-title">{t!("Try a question")}</h2>
                <p>{t!("As a visitor would ask it. It costs what such an answer costs, and nobody is told.")}</p>
            </div></div>
            {tries}
            <form class="form form--inline" method="post" action=format!("{HERE}/question#try")>
                {with}
                <div class="field">
                    <label class="field__label" for="question">{t!("Question")}</label>
                    <input
                        class="field__input"
                        id="question"
                        name="question"
                        maxlength="1000"
                        required
                        autocomplete="off"
                        value=question
                        aria-invalid=error.as_ref().map(|_| "true")
                        aria-describedby=described
                    />
                    {error.map(|error| view! { <p class="field__error" id="question-error">{error}</p> })}
                </div>
                <button class="button button--primary" type="submit">{t!("Ask")}</button>
            </form>
            {answer}
        </section>
    }
    .into_any()
}

fn said(answer: Answer, record: Option<Record>) -> AnyView {
    let class = if answer.outcome == Outcome::Answer { "notice notice--good" } else { "notice" };
    let cost = record.as_ref().and_then(|record| record.asked.as_ref()).and_then(|asked| asked.cost);
    let cost = cost.map(|cost| view! { " "<span class="badge">{t!("costs {amount}", amount = cost)}</span> });
    let verdict = record.as_ref().map(|record| say(&record.verdict.sentence()));
    let link = answer.receipt_id.map(|id| {
        view! { <p>{anchor("", format!("{HERE}/receipts/{id}"), s!("The receipt of this answer").into_any())}</p> }
    });
    view! {
        <div class=class role="status">
            <p>{verdict}{cost}</p>
            <p class="told" id="answer">{answer.answer}</p>
            {sources(answer.citations)}
            {link}
        </div>
        {record.map(|record| steps(record.steps))}
    }
    .into_any()
}
