//! Measures search and answers on questions whose answers are known: each trade a company of its own, each document uploaded and
//! read as a person's is, each question asked as a visitor's is; answered by quotes, or by a model.
//!
//! Must not: touch the installation's data ([`stage`]).

pub use assistant::measure as figures;
pub mod questions;
pub mod report;
pub mod stage;
pub mod writer;

use crate::boot::BootError;
use figures::{Asked, Cited, Written};
use knowledge::embedding::input;
use knowledge::{Hit, NewDocument, normalized};
use model::DocumentId;
use model::knowledge::{Answer, Citation, DocumentState, Outcome};
use model::receipt::{Record, StepKind};
use questions::{Document, Part, Question, asked, holds, plain};
use serde_json::json;
use stage::Stage;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Display;
use std::io::Write;
use std::time::Instant;
use store::Caller;
use writer::Writer;

/// Passages that are looked at for each question.
const CANDIDATES: u32 = 16;

/// Says how far it is, to standard error. Whether somebody hears it does not matter.
pub fn tell(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A company, once its documents have been read.
struct Company<'a> {
    owner: Caller,
    /// Its documents, with the parts that they are from.
    documents: Vec<(&'a str, &'a Document)>,
    /// Which is which.
    names: HashMap<DocumentId, &'a str>,
}

/// Asks every question. What the search finds is written to `passages`, a line a question.
///
/// # Errors
/// A document that cannot be read, by its id; and see [`BootError`].
pub async fn ask(
    stage: &Stage,
    parts: &[Part],
    writer: Option<&Writer>,
    mut passages: Option<&mut dyn Write>,
) -> Result<Vec<Asked>, BootError> {
    let mut trades: BTreeMap<&str, Vec<(&str, &Document)>> = BTreeMap::new();
    for part in parts {
        for document in &part.documents {
            trades.entry(document.trade.as_str()).or_default().push((part.name.as_str(), document));
        }
    }
    let mut all = Vec::new();
    let companies = trades.len();
    for (number, (trade, documents)) in (1..).zip(trades) {
        let questions: usize = documents.iter().map(|(_, document)| document.questions.len()).sum();
        tell(format_args!("{number} of {companies}: {trade}: {} documents, {questions} questions", documents.len()));
        let company = company(stage, number, documents).await?;
        if let Some(writer) = writer {
            writer.set_up(stage, &company.owner, number == 1).await?;
        }
        for (part, document) in &company.documents {
            for question in &document.questions {
                let (asked, hits) = put(stage, &company, (part, document, question), writer.is_some()).await?;
                if let Some(out) = &mut passages {
                    let read = judged(stage, &company, &question.q, &hits).await?;
                    writeln!(out, "{}", candidates(&company, document, question, &hits, &read))
                        .map_err(|error| BootError::Other(format!("cannot write the passages: {error}")))?;
                }
                all.push(asked);
            }
        }
    }
    Ok(all)
}

/// A company that has uploaded these documents, and they have been read.
async fn company<'a>(
    stage: &Stage,
    number: usize,
    documents: Vec<(&'a str, &'a Document)>,
) -> Result<Company<'a>, BootError> {
    let (owner, capabilities) = (stage.company(number).await?, &stage.app.capabilities);
    let fail = |document: &Document, why: &dyn Display| {
        BootError::Other(format!("the document {:?} could not be read: {why}", document.id))
    };
    let mut names = HashMap::new();
    let mut kept = Vec::new();
    for (_, document) in &documents {
        let file_name = format!("{}.md", document.id);
        let new = NewDocument { file_name, bytes: document.text.clone().into_bytes(), ..NewDocument::default() };
        let id = capabilities.knowledge.upload(&owner, new).await.map_err(|error| fail(document, &error))?.id;
        names.insert(id, document.id.as_str());
        kept.push((id, *document));
    }
    capabilities.worker(stage.app.config.jobs).run_due().await?;
    for (id, document) in kept {
        let read = capabilities.knowledge.get_document(&owner, id).await.map_err(|error| fail(document, &error))?;
        if read.state != DocumentState::Ready {
            return Err(fail(document, &read.error.unwrap_or_else(|| read.state.name().to_owned())));
        }
    }
    Ok(Company { owner, documents, names })
}

/// Puts a question: first to the assistant, so that its time is that of a question which nobody has asked before.
async fn put(
    stage: &Stage,
    company: &Company<'_>,
    (part, document, question): (&str, &Document, &Question),
    writes: bool,
) -> Result<(Asked, Vec<Hit>), BootError> {
    let capabilities = &stage.app.capabilities;
    let fail = |error: &dyn Display| BootError::Other(format!("{:?} could not be asked: {error}", question.q));
    let words = asked(&question.q);
    let begun = Instant::now();
    let (answer, record) = if writes {
        let made = capabilities.assistant.respond(&company.owner, &words).await.map_err(|error| fail(&error))?;
        (made.answer, made.record)
    } else {
        (capabilities.assistant.answer(&company.owner, &words).await.map_err(|error| fail(&error))?, None)
    };
    let ms = begun.elapsed().as_secs_f64() * 1_000.0;
    let words = knowledge::question("q", &words).map_err(|error| fail(&error))?;
    let hits = capabilities.knowledge.found(&company.owner, &words, CANDIDATES).await;
    let hits = hits.map_err(|error| fail(&error))?;
    let wanted = question.a.as_deref().map(|a| plain(&normalized(a)));
    // Whether the words that answer stand there, in the right document.
    let stands = |id: DocumentId, title: &str, text: &str| {
        let from = company.names.get(&id).is_some_and(|name| *name == document.id);
        from && wanted.as_ref().is_some_and(|wanted| holds(&format!("{title}\n{text}"), wanted))
    };
    let found = (1..).zip(&hits).filter(|(_, hit)| {
        let passage = &hit.passage;
        stands(passage.document_id, &passage.title, &passage.text)
    });
    let ranks = found.map(|(rank, _)| rank).collect();
    let right = answer.citations.iter().any(|cited| stands(cited.document_id, &cited.title, &cited.quote));
    let grounded = (answer.outcome == Outcome::Answer).then(|| grounded(company, &question.q, &answer, &hits));
    let says = answer.model.as_ref().and(wanted.as_ref()).map(|wanted| holds(&normalized(&answer.answer), wanted));
    let written = record.map(|record| written(&record, says));
    let name = |id: DocumentId| company.names.get(&id).copied().unwrap_or_default().to_owned();
    let cited = answer.citations.into_iter();
    let cited = cited.map(|cited| Cited { doc: name(cited.document_id), title: cited.title, quote: cited.quote });
    let asked = Asked {
        part: part.to_owned(),
        doc: document.id.clone(),
        trade: document.trade.clone(),
        q: question.q.clone(),
        kind: question.kind,
        style: question.style.clone(),
        a: question.a.clone(),
        ranks,
        outcome: answer.outcome,
        right,
        grounded,
        ms,
        answer: answer.answer,
        citations: cited.collect(),
        written,
    };
    Ok((asked, hits))
}

/// How an answer came about.
fn written(record: &Record, says: Option<bool>) -> Written {
    let asked = record.asked.as_ref();
    let models = record.steps.iter().filter(|step| step.step == StepKind::Asked);
    Written {
        verdict: record.verdict,
        calls: asked.map_or(0, |asked| asked.calls),
        cost: asked.and_then(|asked| asked.cost),
        models_ms: models.map(|step| step.took_ms).sum(),
        says,
    }
}

/// Whether everything that is quoted stands there to the letter: in the passage, or, where the search did not bring that one, in the
/// document; and of what a model wrote, whether every number in it stands in what it cites, or in the question.
fn grounded(company: &Company<'_>, asked: &str, answer: &Answer, hits: &[Hit]) -> bool {
    let there = |cited: &Citation| -> Option<String> {
        let passage = hits.iter().map(|hit| &hit.passage).find(|passage| passage.chunk_id == cited.chunk_id);
        if let Some(passage) = passage {
            return Some(passage.text.clone()).filter(|_| passage.document_id == cited.document_id);
        }
        let name = company.names.get(&cited.document_id);
        let document = company.documents.iter().map(|(_, document)| document).find(|d| Some(&d.id.as_str()) == name);
        document.map(|document| normalized(&document.text))
    };
    let mut known = numbers(asked);
    for cited in &answer.citations {
        let Some(text) = there(cited).filter(|text| text.contains(&cited.quote)) else { return false };
        known.extend(numbers(&text));
        known.extend(numbers(&cited.title));
    }
    let written = answer.model.is_some();
    !answer.citations.is_empty() && (!written || numbers(&answer.answer).is_subset(&known))
}

/// The runs of digits in a text.
fn numbers(text: &str) -> BTreeSet<String> {
    let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
    runs.map(str::to_owned).collect()
}

/// What the reader says of each passage.
async fn judged(stage: &Stage, company: &Company<'_>, asked: &str, hits: &[Hit]) -> Result<Vec<f32>, BootError> {
    let Some(embedder) = stage.app.capabilities.knowledge.embedder() else { return Ok(Vec::new()) };
    let texts = hits.iter().map(|hit| input(&hit.passage.title, &hit.passage.text)).collect();
    let judged = embedder.judgements(company.owner.scope().tenant(), asked, texts).await;
    let judged = judged.map_err(|error| BootError::Other(format!("the passages could not be read: {error}")))?;
    Ok(judged.judgements.into_iter().map(|judgement| judgement.answers).collect())
}

/// What the search found for a question, and what the reader says of it, as a line.
fn candidates(
    company: &Company<'_>,
    document: &Document,
    question: &Question,
    hits: &[Hit],
    read: &[f32],
) -> serde_json::Value {
    let hits: Vec<_> = hits
        .iter()
        .enumerate()
        .map(|(at, hit)| {
            let (passage, doc) = (&hit.passage, company.names.get(&hit.passage.document_id));
            json!({
                "title": passage.title,
                "text": passage.text,
                "doc": doc,
                "cos": hit.meaning,
                "words": hit.words,
                "score": passage.score,
                "answers": read.get(at),
            })
        })
        .collect();
    json!({
        "doc": document.id,
        "trade": document.trade,
        "q": question.q,
        "kind": question.kind,
        "a": question.a,
        "style": question.style,
        "hits": hits,
    })
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn numbers_are_runs_of_digits() {
        let of = |text: &str| numbers(text).into_iter().collect::<Vec<_>>();
        assert_eq!(of("It is 1,299.00 kr, from 18:00 on."), ["00", "1", "18", "299"]);
        assert!(of("None.").is_empty());
        assert!(numbers("60 days").is_subset(&numbers("Within 60 days, or 90.")));
    }
}
