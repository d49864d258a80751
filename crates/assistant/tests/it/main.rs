//! Answers and refusals, by the real model on a real PostgreSQL, on the test set of `knowledge`.

// Tests stop at the first surprise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use assistant::{Assistant, REFUSAL};
use knowledge::{Embedder, IndexDocument, Knowledge, NewDocument};
use model::knowledge::Outcome;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use store::jobs::{End, Registry, Slots, Worker};
use store::vendor;
use testkit::{TestDb, Two};

mod forgiving;
mod questions;
mod told;
mod tools;

#[derive(Debug, Deserialize)]
struct Question {
    question: String,
    document: Option<String>,
    contains: Option<String>,
    /// Concerns no company. What else has no document nearly has one.
    #[serde(default)]
    elsewhere: bool,
    set: String,
}

struct Stage {
    two: Two,
    assistant: Assistant,
    names: BTreeMap<String, String>,
    // Last, so that the database outlives the rest.
    db: TestDb,
}

const SUPPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../knowledge/tests/support");

/// Two tenants; the first has the documents of the test set.
async fn stage(embedder: Option<Embedder>) -> Stage {
    let files = std::fs::read_dir(Path::new(SUPPORT).join("documents")).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap())
    });
    knowing(files.collect(), embedder).await
}

/// Two tenants; the first has these files.
async fn knowing(files: Vec<(String, Vec<u8>)>, embedder: Option<Embedder>) -> Stage {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let knowledge = Knowledge::new(db.services.clone(), embedder);
    let mut names = BTreeMap::new();
    for (file_name, bytes) in files {
        let new = NewDocument { file_name: file_name.clone(), bytes, ..NewDocument::default() };
        let document = knowledge.upload(&two.aurora.owner, new).await.unwrap();
        names.insert(document.id.to_string(), file_name);
    }
    let registry = Registry::default().with::<IndexDocument>(knowledge.clone());
    let worker = Worker::new(db.services.clone(), registry, Slots::default());
    assert!(worker.run_due().await.unwrap().iter().all(|end| *end == End::Done));
    Stage { two, assistant: Assistant::new(knowledge), names, db }
}

fn embedder() -> Embedder {
    Embedder::start(&vendor::folders(None, &std::env::current_exe().unwrap())).unwrap()
}

/// What became of the questions of one set, as shares.
#[derive(Debug, Default)]
struct Figures {
    answered: f64,
    /// Quoted, from the right document, the words that answer.
    right: f64,
    document: f64,
    /// Quoted two passages.
    two: f64,
    /// Of the questions that concern no company.
    refused: f64,
    /// Of those that nearly have an answer: told one.
    near: f64,
}

async fn figures(stage: &Stage, questions: &[Question], set: &str) -> Figures {
    let (mut figures, mut asked, mut foreign, mut near) = (Figures::default(), 0.0, 0.0, 0.0);
    let begun = std::time::Instant::now();
    for question in questions.iter().filter(|q| q.set == set) {
        let answer = stage.assistant.answer(&stage.two.aurora.owner, &question.question).await.unwrap();
        assert_eq!(answer.refused, answer.citations.is_empty(), "{answer:?}");
        assert!(
            answer.refused == (answer.outcome == Outcome::Refused)
                && answer.refused == (answer.answer == REFUSAL)
                && answer.grounded,
            "{answer:?}"
        );
        let quoted: usize = answer.citations.iter().map(|c| c.quote.chars().count()).sum();
        assert!(quoted <= 1_500, "{answer:?}");
        match (&question.document, &question.contains) {
            (Some(name), Some(text)) => {
                asked += 1.0;
                figures.answered += f64::from(!answer.refused);
                figures.two += f64::from(answer.citations.len() > 1);
                let from = |c: &&model::knowledge::Citation| stage.names.get(&c.document_id.to_string()) == Some(name);
                figures.document += f64::from(answer.citations.iter().any(|c| from(&c)));
                figures.right +=
                    f64::from(answer.citations.iter().any(|c| from(&c) && c.quote.contains(text.as_str())));
            }
            _ if question.elsewhere => {
                foreign += 1.0;
                figures.refused += f64::from(answer.refused);
            }
            _ => {
                near += 1.0;
                figures.near += f64::from(answer.outcome == Outcome::Answer);
            }
        }
    }
    for share in [&mut figures.answered, &mut figures.right, &mut figures.document, &mut figures.two] {
        *share /= asked;
    }
    (figures.refused, figures.near) = (figures.refused / foreign, figures.near / near);
    println!("{set}: {figures:.2?}, {:.0?} for an answer", begun.elapsed().div_f64(asked + foreign + near));
    figures
}

#[tokio::test]
async fn answers_what_the_documents_say_and_refuses_what_they_do_not() {
    let stage = stage(Some(embedder())).await;
    let questions: Vec<Question> =
        serde_json::from_slice(&std::fs::read(Path::new(SUPPORT).join("questions.json")).unwrap()).unwrap();
    figures(&stage, &questions, "tune").await;
    let figures = figures(&stage, &questions, "held_out").await;
    assert!(figures.answered >= 0.9 && figures.right >= 0.65, "{figures:?}");
    assert!(figures.document >= 0.66 && figures.refused >= 0.8 && figures.near <= 0.1, "{figures:?}");
}

#[tokio::test]
async fn a_code_that_is_not_there_is_not_taken_for_another() {
    let stage = stage(Some(embedder())).await;
    let ask = async |question| stage.assistant.answer(&stage.two.aurora.owner, question).await.unwrap();
    let there = ask("What does P-062 mean?").await;
    assert!(there.citations[0].quote.contains("P-062"), "{there:?}");
    let missing = ask("What does P-099 mean?").await;
    assert!(missing.refused, "{missing:?}");
}

#[tokio::test]
async fn another_tenant_knows_nothing_and_words_alone_do_without_the_model() {
    let stage = stage(None).await;
    let question = "Are gift cards returned?";
    let own = stage.assistant.answer(&stage.two.aurora.owner, question).await.unwrap();
    assert!(!own.refused && own.citations[0].quote.to_lowercase().contains("gift card"), "{own:?}");
    let foreign = stage.assistant.answer(&stage.two.borealis.owner, question).await.unwrap();
    assert!(foreign.refused && foreign.citations.is_empty(), "{foreign:?}");
}
