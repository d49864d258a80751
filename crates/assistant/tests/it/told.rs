//! What is told: by the real model, of small files that people have.

use crate::{Stage, embedder, knowing};
use model::knowledge::Answer;

/// A tenant that knows one file.
async fn with(name: &str, bytes: impl Into<Vec<u8>>) -> Stage {
    knowing(vec![(name.to_owned(), bytes.into())], Some(embedder())).await
}

async fn ask(stage: &Stage, question: &str) -> Answer {
    stage.assistant.answer(&stage.two.aurora.owner, question).await.unwrap()
}

#[tokio::test]
async fn of_a_pair_the_question_is_told_with_its_answer() {
    let pairs =
        "question,answer\nDo you ship to Norway?,Yes.\nIs assembly included?,No.\nDo I need an account to order?,No.\n";
    let stage = with("faq.csv", pairs).await;
    for (question, answer) in [
        ("Do you ship to Norway?", "Do you ship to Norway?\nYes."),
        ("do i need an account to order", "Do I need an account to order?\nNo."),
    ] {
        let told = ask(&stage, question).await;
        assert_eq!(told.answer, answer);
        assert_eq!(format!("{}\n{}", told.citations[0].title, told.citations[0].quote), answer);
    }
}
