//! What became of what visitors asked, and what they said of it: a small table, made with the page.

use leptos::prelude::*;
use model::evaluation::OutcomeCounts;

/// The part of the page.
pub(super) fn section(counts: OutcomeCounts) -> AnyView {
    let OutcomeCounts { asked, answered, passages, refused, said_to_answer, said_not_to, .. } = counts;
    let OutcomeCounts { conversations, without_people, with_people, .. } = counts;
    let rows = [
        (t!("Asked"), asked),
        (t!("Answered"), answered),
        (t!("Passages shown, no clear answer"), passages),
        (t!("Refused"), refused),
        (t!("\u{201c}This answers it\u{201d} was pressed"), said_to_answer),
        (t!("\u{201c}It does not\u{201d} was pressed"), said_not_to),
        (t!("Conversations in which they were asked"), conversations),
        (t!("Conversations of these in which all was answered, and no person was asked for"), without_people),
        (t!("Conversations of these that people see to"), with_people),
    ];
    let row = |(what, times): (String, u32)| {
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">{what}</th>
                <td role="cell" data-label=t!("Times")>{times}</td>
            </tr>
        }
    };
    view! {
        <section class="section" aria-labelledby="outcomes">
            <div class="section__head"><div class="section__text">
                <h2 id="outcomes">{t!("What became of questions")}</h2>
                <p>{t!("Of what visitors asked in the last 30 days, the newest 10,000 questions.")}</p>
            </div></div>
            <div class="table">
                <table role="table" aria-labelledby="outcomes">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">{t!("What came of it")}</th>
                            <th role="columnheader" scope="col">{t!("Times")}</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}
