//! An answer that was made again, beside what it was.

use super::HERE;
use super::table::{Called, table};
use crate::say::say;
use leptos::prelude::*;
use model::receipt::{Difference, InShort, PassageSince, SentenceSince};

pub(super) fn section(difference: Difference) -> AnyView {
    let Difference { receipt_id, prompt_same, before, now, passages, sentences } = difference;
    let prompt = if prompt_same {
        t!("What a model was sent to begin with is the very same as then.")
    } else {
        t!(
            "What a model was sent to begin with is not the same as then: passages, what you wish, the messages before the question, what is remembered of them or the rules are others."
        )
    };
    view! {
        <section class="section" aria-labelledby="since">
            <div class="section__head"><div class="section__text">
                <h2 id="since">{t!("Then and now")}</h2>
                <p>{prompt}</p>
            </div></div>
            {in_short(before, now)}
            {said(sentences)}
            {read(passages)}
            <p class="actions"><a class="button" href=format!("{HERE}/receipts/{receipt_id}")>{t!("The receipt of then")}</a></p>
        </section>
    }
    .into_any()
}

fn in_short(before: InShort, now: InShort) -> AnyView {
    let money = |one: &InShort| one.cost.map_or_else(|| "-".to_owned(), |cost| cost.to_string());
    let model = |one: &InShort| one.model.clone().unwrap_or_else(|| "-".to_owned());
    let lines = [
        (t!("How it came about"), say(&before.verdict.sentence()), say(&now.verdict.sentence())),
        (t!("Model"), model(&before), model(&now)),
        (t!("Cost"), money(&before), money(&now)),
        (t!("Time"), t!("{ms} ms", ms = before.took_ms), t!("{ms} ms", ms = now.took_ms)),
    ];
    let rows = lines.into_iter().map(|(what, then, now)| {
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">{what}</th>
                <td role="cell" data-label=t!("Then")>{then}</td>
                <td role="cell" data-label=t!("Now")>{now}</td>
            </tr>
        }
    });
    let heads = vec![t!("What"), t!("Then"), t!("Now")];
    table(Called::By("since"), heads, rows.collect_view().into_any())
}

fn said(sentences: Vec<SentenceSince>) -> AnyView {
    let rows = sentences.into_iter().map(|SentenceSince { text, state }| {
        view! {
            <tr role="row">
                <th role="rowheader" scope="row"><span class="entry">{text}</span></th>
                <td role="cell" data-label=t!("Stands")>{say(&state.words())}</td>
            </tr>
        }
    });
    let heads = vec![t!("The answer, sentence by sentence"), t!("Stands")];
    table(Called::As(t!("The answer, sentence by sentence")), heads, rows.collect_view().into_any())
}

fn read(passages: Vec<PassageSince>) -> AnyView {
    let yes_or_no = |yes: bool| if yes { t!("yes") } else { t!("no") };
    let rows = passages.into_iter().zip(1..).map(|(passage, number): (PassageSince, u32)| {
        view! {
            <tr role="row">
                <th role="rowheader" scope="row"><span class="entry">{format!("[{number}] {}", passage.title)}</span></th>
                <td role="cell" data-label=t!("Since then")>{say(&passage.state.words())}</td>
                <td role="cell" data-label=t!("Cited then")>{yes_or_no(passage.cited_before)}</td>
                <td role="cell" data-label=t!("Cited now")>{yes_or_no(passage.cited_now)}</td>
            </tr>
        }
    });
    let heads = vec![t!("The passages of then"), t!("Since then"), t!("Cited then"), t!("Cited now")];
    table(Called::As(t!("The passages of then")), heads, rows.collect_view().into_any())
}
