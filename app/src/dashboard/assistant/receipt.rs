//! The receipt of an answer, and the button that makes it again.

use super::table::{Called, table};
use super::{HERE, since};
use crate::dashboard::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::FormNotice;
use leptos::prelude::*;
use model::knowledge::Citation;
use model::receipt::{AskedImage, AskedModel, Difference, ReadPassage, Receipt, Record, Step};
use model::{Problem, ReceiptId};
use words::Text;

/// The form that makes an answer again has none.
const NO_FIELDS: &[(&str, &str)] = &[];

/// The page. `difference`: of an answer that was made again, what differs from before. `replays`: whether whoever looks may make it again.
pub fn receipt(
    frame: &Frame,
    receipt: Receipt,
    difference: Option<Difference>,
    replays: bool,
    problem: Option<Problem>,
) -> Page {
    let Receipt { id, created_at, genuine, seq, record, .. } = receipt;
    let Record {
        question,
        answer,
        verdict,
        passages,
        asked,
        steps: done,
        conversation_id,
        images,
        shown,
        replay_of,
        personality_id,
        personality_version,
        ..
    } = record;
    let when = when(&created_at.to_string());
    let documents = passages.iter().any(|passage| passage.document_id.is_some());
    let (class, state) = if genuine {
        ("badge badge--accent", t!("As it was written down"))
    } else {
        ("badge badge--attention", t!("Not what was written down: somebody has changed it"))
    };
    let again = replay_of.map(|of| {
        let first = view! { <a href=format!("{HERE}/receipts/{of}")>{t!("receipt")}</a> };
        let gone = difference.is_none().then(|| format!(" {}", t!("That is not there any more.")));
        view! { <p>{rich!("Made again from another {receipt}, to look at: it was said to nobody.", receipt = first)}{gone}</p> }
    });
    let talk = conversation_id.filter(|_| replay_of.is_none()).map(|id| {
        let place = seq.map_or_else(|| t!("It was not said there."), |seq| t!("It is message {seq} there.", seq));
        let talk = view! { <a href=format!("/dashboard/inbox/{id}")>{t!("conversation")}</a> };
        view! { <p>{rich!("Made for a {conversation}.", conversation = talk)}" "{place}</p> }
    });
    let like = personality_id.zip(personality_version).map(|(id, version)| {
        let link = view! { <a href=format!("{HERE}/personalities/{id}")>{t!("personality")}</a> };
        view! { <p>{rich!("Told as version {version} of a {personality}.", version = version.to_string(), personality = link)}</p> }
    });
    let main = view! {
        <header class="page__head">
            <h1>{t!("Receipt of an answer")}</h1>
            <p><code>{id.to_string()}</code>" "<span class=class>{state}</span></p>
            <p>{t!("Made at {when} (UTC). It is kept for 90 days, or as long as the conversation that it belongs to.", when)}</p>
            {genuine.then(|| view! { <p>{t!("Give it to somebody who should not have to take your word for it: over the REST interface it comes signed, and a public key verifies it.")}</p> })}
            {again}
            {talk}
            {like}
        </header>
        {problem.clone().map(|problem| view! { <FormNotice problem=problem fields=NO_FIELDS/> })}
        <section class="section" aria-labelledby="told">
            <div class="section__head"><div class="section__text"><h2 id="told">{t!("Question and answer")}</h2><p>{say(&verdict.sentence())}</p></div></div>
            <p class="told"><b>{question}</b></p>
            {pictures(images, shown)}
            <p class="told">{answer}</p>
        </section>
        {difference.map(since::section)}
        {(genuine && replays && documents).then(|| make_again(id))}
        {asked.map(model)}
        <section class="section" aria-labelledby="passages">
            <div class="section__head"><div class="section__text">
                <h2 id="passages">{t!("Passages that were read")}</h2>
                <p>{t!("As they were numbered. The hash says whether a piece is still what it was.")}</p>
            </div></div>
            {read(passages)}
        </section>
        {steps(done.into_iter().map(kept).collect())}
        <p class="actions"><a class="button" href=format!("{HERE}/receipts")>{t!("All receipts")}</a></p>
    };
    let title = t!("Receipt · Assistant");
    let title = if problem.is_some() { t!("Error: {title}", title) } else { title };
    frame.page(HERE, title, Surface::Dashboard, main)
}

/// When, to the second.
pub(super) fn when(at: &str) -> String {
    at.get(..19).map(|at| at.replace('T', " ")).unwrap_or_default()
}

/// The pictures that it was asked with, and what they show.
fn pictures(images: Vec<AskedImage>, shown: Option<String>) -> AnyView {
    let rows = images.into_iter().zip(1..).map(|(image, number): (AskedImage, u32)| {
        let AskedImage { media_type, sha256, seen } = image;
        let seen = if seen { t!("a model looked at it") } else { t!("it was not looked at") };
        view! { <div><dt>{t!("Picture {number}", number)}</dt><dd>{media_type.name()}" · "{seen}" · "<code>{sha256}</code></dd></div> }
    });
    let rows: Vec<_> = rows.collect();
    let shown =
        shown.map(|shown| view! { <div><dt>{t!("What a model has said that they show")}</dt><dd>{shown}</dd></div> });
    if rows.is_empty() { ().into_any() } else { view! { <dl class="facts">{rows}{shown}</dl> }.into_any() }
}

fn make_again(id: ReceiptId) -> AnyView {
    view! {
        <section class="section" aria-labelledby="again">
            <div class="section__head"><div class="section__text">
                <h2 id="again">{t!("Make it again")}</h2>
                <p>{t!("The same question on the same passages, as they are now, by your models as they are now. It costs what such an answer costs, and nobody is told.")}</p>
            </div></div>
            <form class="form" method="post" action=format!("{HERE}/receipts/{id}")>
                <div class="actions"><button class="button" type="submit">{t!("Make this answer again")}</button></div>
            </form>
        </section>
    }
    .into_any()
}

/// A step that was kept in English, as translators know it.
fn kept(step: Step) -> Step {
    Step { what: Text::kept(step.what.to_string()), ..step }
}

fn model(asked: AskedModel) -> AnyView {
    let AskedModel { prompt_sha256, most_tokens, model, wire, offered, calls, usage, cost, .. } = asked;
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
                {wire.map(|wire| view! { <div><dt>{t!("Provider")}</dt><dd>{say(&wire.words())}</dd></div> })}
                {(!offered.is_empty()).then(|| view! { <div><dt>{t!("Tools")}</dt><dd>{offered.join(", ")}</dd></div> })}
                {(calls > 0).then(|| view! { <div><dt>{t!("Calls")}</dt><dd>{calls}</dd></div> })}
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
        let source = match passage.chunk_id {
            Some(id) => view! { <code>{id.to_string()}</code> }.into_any(),
            None => t!("what a tool has told").into_any(),
        };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">
                    <span class="entry"><span>{format!("[{number}] {}", passage.title)}<small>{source}</small></span></span>
                </th>
                <td role="cell" data-label=t!("Cited")>{if passage.cited { t!("yes") } else { t!("no") }}</td>
                <td role="cell" data-label=t!("SHA-256")><code>{passage.sha256.get(..16).unwrap_or_default().to_owned()}"…"</code></td>
            </tr>
        }
    });
    let heads = vec![t!("Passage"), t!("Cited"), t!("SHA-256")];
    table(Called::By("passages"), heads, rows.collect_view().into_any())
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
    let heads = vec![t!("Step"), t!("What came of it"), t!("Time")];
    table(Called::As(t!("Steps")), heads, rows.collect_view().into_any())
}
