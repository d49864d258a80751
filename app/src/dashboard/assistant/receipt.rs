//! The receipt of an answer.

use super::HERE;
use crate::dashboard::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use leptos::prelude::*;
use model::knowledge::Citation;
use model::receipt::{AskedModel, ReadPassage, Receipt, Record, Step};
use words::Text;

/// The page.
pub fn receipt(frame: &Frame, receipt: Receipt) -> Page {
    let Receipt { id, created_at, genuine, seq, record } = receipt;
    let Record { question, answer, verdict, passages, asked, steps: done, conversation_id, .. } = record;
    let at = created_at.to_string();
    let when = at.get(..19).map(|at| at.replace('T', " ")).unwrap_or_default();
    let (class, state) = if genuine {
        ("badge badge--accent", t!("As it was written down"))
    } else {
        ("badge badge--attention", t!("Not what was written down: somebody has changed it"))
    };
    let talk = conversation_id.map(|id| {
        let place = seq.map_or_else(|| t!("It was not said there."), |seq| t!("It is message {seq} there.", seq));
        let talk = view! { <a href=format!("/dashboard/inbox/{id}")>{t!("conversation")}</a> };
        view! { <p>{rich!("Made for a {conversation}.", conversation = talk)}" "{place}</p> }
    });
    let main = view! {
        <header class="page__head">
            <h1>{t!("Receipt of an answer")}</h1>
            <p><code>{id.to_string()}</code>" "<span class=class>{state}</span></p>
            <p>{t!("Made at {when} (UTC). It is kept for 90 days, or as long as the conversation that it belongs to.", when)}</p>
            {talk}
        </header>
        <section class="section" aria-labelledby="told">
            <div class="section__head"><div class="section__text"><h2 id="told">{t!("Question and answer")}</h2><p>{say(&verdict.sentence())}</p></div></div>
            <p class="told"><b>{question}</b></p>
            <p class="told">{answer}</p>
        </section>
        {asked.map(model)}
        <section class="section" aria-labelledby="passages">
            <div class="section__head"><div class="section__text">
                <h2 id="passages">{t!("Passages that were read")}</h2>
                <p>{t!("As they were numbered. The hash says whether a piece is still what it was.")}</p>
            </div></div>
            {read(passages)}
        </section>
        {steps(done.into_iter().map(kept).collect())}
        <p class="actions"><a class="button" href=HERE>{t!("To the assistant")}</a></p>
    };
    frame.page(HERE, t!("Receipt · Assistant"), Surface::Dashboard, main)
}

/// A step that was kept in English, as translators know it.
fn kept(step: Step) -> Step {
    Step { what: Text::kept(step.what.to_string()), ..step }
}

fn model(asked: AskedModel) -> AnyView {
    let AskedModel { prompt_sha256, most_tokens, model, usage, cost, .. } = asked;
    let used = usage.map_or_else(
        || "-".to_owned(),
        |used| {
            t!(
                "{input} read ({cached} remembered), {output} written",
                input = used.input,
                cached = used.cached,
                output = used.output
            )
        },
    );
    view! {
        <section class="section" aria-labelledby="model">
            <div class="section__head"><div class="section__text"><h2 id="model">{t!("The model that was asked")}</h2></div></div>
            <dl class="facts">
                <div><dt>{t!("Model")}</dt><dd>{model.unwrap_or_else(|| t!("None has answered"))}</dd></div>
                <div><dt>{t!("Tokens")}</dt><dd>{used}</dd></div>
                <div><dt>{t!("At most")}</dt><dd>{most_tokens}</dd></div>
                <div><dt>{t!("Cost")}</dt><dd>{cost.map_or_else(|| "-".to_owned(), |cost| cost.to_string())}</dd></div>
                <div><dt>{t!("SHA-256 of the prompt")}</dt><dd><code>{prompt_sha256}</code></dd></div>
            </dl>
        </section>
    }
    .into_any()
}

fn read(passages: Vec<ReadPassage>) -> AnyView {
    if passages.is_empty() {
        return view! { <p>{t!("None was found.")}</p> }.into_any();
    }
    let rows = passages.into_iter().zip(1..).map(|(passage, number): (ReadPassage, u32)| {
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">
                    <span class="entry"><span>{format!("[{number}] {}", passage.title)}<small><code>{passage.chunk_id.to_string()}</code></small></span></span>
                </th>
                <td role="cell" data-label=t!("Cited")>{if passage.cited { t!("yes") } else { t!("no") }}</td>
                <td role="cell" data-label=t!("SHA-256")><code>{passage.sha256.get(..16).unwrap_or_default().to_owned()}"…"</code></td>
            </tr>
        }
    });
    view! {
        <div class="table">
            <table role="table" aria-labelledby="passages">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t!("Passage")}</th>
                        <th role="columnheader" scope="col">{t!("Cited")}</th>
                        <th role="columnheader" scope="col">{t!("SHA-256")}</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// Where an answer stands.
pub(super) fn sources(citations: Vec<Citation>) -> AnyView {
    let sources = citations.into_iter().map(|citation| {
        view! {
            <figure class="source">
                <blockquote>{citation.quote}</blockquote>
                <figcaption><cite>{citation.title}</cite></figcaption>
            </figure>
        }
    });
    sources.collect_view().into_any()
}

/// What was done for it.
pub(super) fn steps(steps: Vec<Step>) -> AnyView {
    let rows = steps.into_iter().map(|step| {
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">{say(&step.step.words())}</th>
                <td role="cell" data-label=t!("What came of it")>{say(&step.what)}</td>
                <td role="cell" data-label=t!("Time")>{t!("{ms} ms", ms = step.took_ms)}</td>
            </tr>
        }
    });
    view! {
        <div class="table">
            <table role="table" aria-label=t!("Steps")>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t!("Step")}</th>
                        <th role="columnheader" scope="col">{t!("What came of it")}</th>
                        <th role="columnheader" scope="col">{t!("Time")}</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}
