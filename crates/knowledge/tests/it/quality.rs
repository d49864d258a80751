//! Quality of search and refusal on the test set in `tests/support`, by the real model. Run with
//! `scripts/cargo test --test it quality -- --nocapture` for the figures.

use crate::stage::Stage;
use knowledge::{Hit, MEANING};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Debug, Deserialize)]
struct Question {
    question: String,
    document: Option<String>,
    contains: Option<String>,
    set: String,
}

/// The test set, read into a tenant, and its questions.
async fn stage() -> (Stage, Vec<Question>, BTreeMap<String, String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support");
    let stage = Stage::new().await;
    let mut names = BTreeMap::new();
    for entry in std::fs::read_dir(folder.join("documents")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let document = stage.add(&stage.two.aurora.owner, &name, std::fs::read(&path).unwrap()).await;
        names.insert(document.id.to_string(), name);
    }
    let questions = serde_json::from_slice(&std::fs::read(folder.join("questions.json")).unwrap()).unwrap();
    (stage, questions, names)
}

fn right(hit: &Hit, question: &Question, names: &BTreeMap<String, String>) -> bool {
    let passage = &hit.passage;
    names.get(&passage.document_id.to_string()) == question.document.as_ref()
        && question
            .contains
            .as_ref()
            .is_some_and(|text| passage.text.contains(text.as_str()) || passage.title.contains(text.as_str()))
}

/// The share of questions whose right passage is among the first five, and the mean of one over its rank; by a share of meaning, or as it is found.
async fn recall(
    stage: &Stage,
    questions: &[&Question],
    names: &BTreeMap<String, String>,
    meaning: Option<f64>,
) -> (f64, f64) {
    let (mut found, mut ranks) = (0.0, 0.0);
    let (knowledge, owner) = (&stage.knowledge, &stage.two.aurora.owner);
    for question in questions {
        let hits = match meaning {
            Some(meaning) => knowledge.hits(owner, &question.question, 5, meaning).await.unwrap(),
            None => knowledge.found(owner, &question.question, 5).await.unwrap(),
        };
        if let Some(rank) = hits.iter().position(|hit| right(hit, question, names)) {
            found += 1.0;
            ranks += 1.0 / (rank + 1) as f64;
        }
    }
    let all = questions.len() as f64;
    (found / all, ranks / all)
}

#[tokio::test]
async fn the_whole_is_no_worse_than_either_half_and_better_when_read() {
    let (stage, questions, names) = stage().await;
    for set in ["tune", "held_out"] {
        let asked: Vec<&Question> = questions.iter().filter(|q| q.set == set && q.document.is_some()).collect();
        assert!(asked.len() >= 50, "{set}");
        let words = recall(&stage, &asked, &names, Some(0.0)).await;
        let meaning = recall(&stage, &asked, &names, Some(1.0)).await;
        let both = recall(&stage, &asked, &names, Some(MEANING)).await;
        let read = recall(&stage, &asked, &names, None).await;
        println!(
            "{set}: recall@5 and mean reciprocal rank: words {words:.3?}, meaning {meaning:.3?}, both {both:.3?}, read {read:.3?}"
        );
        assert!(both.0 >= words.0 && both.0 >= meaning.0, "{set}: {both:?} against {words:?} and {meaning:?}");
        assert!(both.1 >= words.1 && both.1 >= meaning.1, "{set}: {both:?} against {words:?} and {meaning:?}");
        // These questions are few and short: of the first five one may go for another that comes first. (Of a thousand, see decision 6.)
        assert!(read.1 > both.1 && read.0 > words.0.max(meaning.0), "{set}: {read:?} against {both:?}");
    }
}
