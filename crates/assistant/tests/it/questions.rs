//! Questions of many trades, written to be hard (`questions/`): by the real model, each trade a company of its own.

use crate::{embedder, knowing};
use model::knowledge::Outcome;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// A document, and what is asked about it: a line of the data.
#[derive(Debug, Deserialize)]
pub struct Document {
    id: String,
    trade: String,
    text: String,
    questions: Vec<Question>,
}

#[derive(Debug, Deserialize)]
struct Question {
    q: String,
    kind: String,
    a: Option<String>,
}

fn trades(path: &Path) -> BTreeMap<String, Vec<Document>> {
    let mut trades: BTreeMap<String, Vec<Document>> = BTreeMap::new();
    for line in std::fs::read_to_string(path).unwrap().lines().filter(|line| !line.trim().is_empty()) {
        let document: Document = serde_json::from_str(line).unwrap();
        trades.entry(document.trade.clone()).or_default().push(document);
    }
    trades
}

/// Letters and digits alone: documents are told without their marks.
fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What became of questions.
#[derive(Debug, Default)]
struct Figures {
    answerable: f64,
    /// Called an answer, and right.
    answers: f64,
    right: f64,
    /// The right words are among what is shown.
    shown: f64,
    near: f64,
    near_answers: f64,
    off: f64,
    off_refused: f64,
}

async fn figures(part: &str, only: usize) -> Figures {
    let (embedder, mut figures) = (embedder(), Figures::default());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("questions").join(part);
    let mut spent = std::time::Duration::ZERO;
    let mut asked = 0;
    for documents in trades(&path).into_values().take(only) {
        let files = documents.iter().map(|d| (format!("{}.md", d.id), d.text.clone().into_bytes()));
        let stage = knowing(files.collect(), Some(embedder.clone())).await;
        for (document, question) in documents.iter().flat_map(|d| d.questions.iter().map(move |q| (d, q))) {
            let begun = std::time::Instant::now();
            let answer = stage.assistant.answer(&stage.two.aurora.owner, &question.q).await.unwrap();
            (spent, asked) = (spent + begun.elapsed(), asked + 1);
            let words = question.a.as_deref().map(folded);
            let right = words.is_some_and(|words| {
                answer.citations.iter().any(|c| {
                    stage.names[&c.document_id.to_string()] == format!("{}.md", document.id)
                        && folded(&format!("{}\n{}", c.title, c.quote)).contains(&words)
                })
            });
            let refused = f64::from(answer.outcome == Outcome::Refused);
            let answers = f64::from(answer.outcome == Outcome::Answer);
            figures.answers += answers;
            figures.right += if right { answers } else { 0.0 };
            match question.kind.as_str() {
                "answerable" => {
                    figures.answerable += 1.0;
                    figures.shown += f64::from(right);
                }
                "near_miss" => {
                    (figures.near, figures.near_answers) = (figures.near + 1.0, figures.near_answers + answers)
                }
                _ => (figures.off, figures.off_refused) = (figures.off + 1.0, figures.off_refused + refused),
            }
        }
    }
    println!("{part}: {figures:?}, {:.0?} for an answer", spent / asked);
    figures
}

/// Four trades of the twelve that nothing was chosen on; `samtal eval` measures all.
#[tokio::test]
async fn what_is_called_an_answer_is_one() {
    let figures = figures("c.jsonl", 4).await;
    assert!(figures.answers >= 30.0 && figures.right / figures.answers >= 0.9, "{figures:?}");
    assert!(figures.shown / figures.answerable >= 0.8, "{figures:?}");
    assert!(figures.near_answers / figures.near <= 0.05 && figures.off_refused / figures.off >= 0.9, "{figures:?}");
}
