//! Answers and refusals, by the real model on a real PostgreSQL, on the test set of `knowledge`.

// Tests stop at the first surprise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use assistant::{Assistant, REFUSAL};
use knowledge::{Embedder, IndexDocument, Knowledge, NewDocument};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use store::jobs::{End, Worker};
use store::vendor;
use testkit::{TestDb, Two};

#[derive(Debug, Deserialize)]
struct Question {
    question: String,
    document: Option<String>,
    contains: Option<String>,
    set: String,
}

struct Stage {
    two: Two,
    assistant: Assistant,
    names: BTreeMap<String, String>,
    // Last, so that the database outlives the rest.
    _db: TestDb,
}

const SUPPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../knowledge/tests/support");

/// Two tenants; the first has the documents of the test set.
async fn stage(embedder: Option<Embedder>) -> Stage {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let knowledge = Knowledge::new(db.services.clone(), embedder);
    let mut names = BTreeMap::new();
    for entry in std::fs::read_dir(Path::new(SUPPORT).join("documents")).unwrap() {
        let path = entry.unwrap().path();
        let file_name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = std::fs::read(&path).unwrap();
        let new = NewDocument { file_name: file_name.clone(), bytes, ..NewDocument::default() };
        let document = knowledge.upload(&two.aurora.owner, new).await.unwrap();
        names.insert(document.id.to_string(), file_name);
    }
    let worker = Worker::new(db.services.clone(), vec![Arc::new(IndexDocument(knowledge.clone()))], 2);
    assert!(worker.run_due().await.unwrap().iter().all(|end| *end == End::Done));
    Stage { two, assistant: Assistant::new(knowledge), names, _db: db }
}

fn embedder() -> Embedder {
    Embedder::start(&vendor::folders(None, &std::env::current_exe().unwrap())).unwrap()
}

#[tokio::test]
async fn answers_what_the_documents_say_and_refuses_what_they_do_not() {
    let stage = stage(Some(embedder())).await;
    let questions: Vec<Question> =
        serde_json::from_slice(&std::fs::read(Path::new(SUPPORT).join("questions.json")).unwrap()).unwrap();
    let (mut asked, mut answered, mut right, mut document, mut foreign, mut refused) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for question in questions.iter().filter(|q| q.set == "held_out") {
        let answer = stage.assistant.answer(&stage.two.aurora.owner, &question.question).await.unwrap();
        assert_eq!(answer.refused, answer.citations.is_empty(), "{answer:?}");
        assert!(answer.refused == (answer.answer == REFUSAL) && answer.grounded, "{answer:?}");
        match (&question.document, &question.contains) {
            (Some(name), Some(text)) => {
                asked += 1.0;
                answered += f64::from(!answer.refused);
                let from = |c: &&model::knowledge::Citation| stage.names.get(&c.document_id.to_string()) == Some(name);
                document += f64::from(answer.citations.iter().any(|c| from(&c)));
                right += f64::from(answer.citations.iter().any(|c| from(&c) && c.quote.contains(text.as_str())));
            }
            _ => {
                foreign += 1.0;
                refused += f64::from(answer.refused);
            }
        }
    }
    let share = |part: f64, whole: f64| part / whole;
    println!(
        "held_out: answered {:.2}, quoted the right words {:.2}, from the right document {:.2}; refused {:.2} of what is not there",
        share(answered, asked),
        share(right, asked),
        share(document, asked),
        share(refused, foreign)
    );
    assert!(share(answered, asked) >= 0.75 && share(right, asked) >= 0.4 && share(refused, foreign) >= 0.5);
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
