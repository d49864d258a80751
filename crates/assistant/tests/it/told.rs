//! What is told: by the real model, of small files that people have.

use crate::{SUPPORT, Stage, embedder, knowing};
use model::knowledge::Answer;
use std::path::Path;

/// A tenant that knows one file.
async fn with(name: &str, bytes: impl Into<Vec<u8>>) -> Stage {
    knowing(vec![(name.to_owned(), bytes.into())], Some(embedder())).await
}

/// The same, of a file that people have.
async fn having(name: &str) -> Stage {
    with(name, std::fs::read(Path::new(SUPPORT).join("inputs").join(name)).unwrap()).await
}

/// All that the asker reads.
fn said(answer: &Answer) -> String {
    let quotes = answer.citations.iter().map(|citation| format!("{}\n{}\n", citation.title, citation.quote));
    format!("{}\n{}", answer.answer, quotes.collect::<String>())
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

/// An answer says what stands there, to the letter.
#[tokio::test]
async fn what_looks_like_markup_is_told_as_it_stands() {
    let stage = having("03-plain-eats-characters.csv").await;
    for (question, answer) in [
        ("How do I check my balance?", "Dial *123# and press call."),
        ("How do I switch call forwarding off?", "##002#"),
        ("What is the minimum age?", "> 18 years"),
        ("Which colour is the brand?", "#FF6600"),
        ("What temperature must the freezer have?", "- 18 °C or colder"),
        ("Which variable holds the key?", "Set _KEY_ and __HOST__ in `.env`."),
        ("What is the phone number?", "+ 46 8 555 01"),
        ("What is the path of the share?", r"\\srv01\docs\*"),
    ] {
        let told = ask(&stage, question).await;
        assert!(told.answer.starts_with(&format!("{question}\n{answer}")), "{told:?}");
        assert_eq!(told.citations[0].quote, answer);
    }
    let stage = having("04-plain-eats-characters.txt").await;
    let told = ask(&stage, "How do I check my balance from my phone?").await;
    assert!(said(&told).contains("To check your balance, dial *123# from your phone."), "{told:?}");
}

#[tokio::test]
async fn what_is_not_on_the_page_is_not_told() {
    let stage = having("05-html-comment-is-told-to-visitors.md").await;
    let lamp = ask(&stage, "What does the lamp cost?").await;
    assert!(said(&lamp).contains("The lamp costs 120 euros."), "{lamp:?}");
    for question in ["What do you pay for the lamp?", "Do you buy the lamp from Zephyr GmbH for 31 euros?"] {
        let told = ask(&stage, question).await;
        assert!(!said(&told).contains("31") && !said(&told).contains("Zephyr"), "{told:?}");
    }
}

#[tokio::test]
async fn a_row_and_a_heading_answer_alone() {
    let stage = having("33-long-table-header-lost.md").await;
    let told = ask(&stage, "Is the store in Lund open on Saturdays?").await;
    assert!(said(&told).contains("Store: Lund, Weekdays: 07:10-21:00, Saturdays: 09:00-17:00"), "{told:?}");
    let stage = having("08-headings-that-hold-the-facts.md").await;
    let told = ask(&stage, "Do you ship to Norway?").await;
    assert!(said(&told).contains("We do not ship to Norway"), "{told:?}");
}

/// A code, and a number that is a name, mean themselves alone.
#[tokio::test]
async fn what_is_named_is_told_or_nothing() {
    let errors = "# Errors\n\n## Error 1603\n\nThere is no water. Open the tap.\n\n## Error 1604\n\nThe door is open. Close the door.\n\n\
                  ## Programmes\n\n- Eco 40 takes two hours.\n- Eco 50 takes three hours.\n\n## Fault F03\n\nFault F03 means that the pump is blocked.\n";
    let stage = with("machine.md", errors).await;
    for (question, answer) in [
        ("What does error 1603 mean?", "There is no water. Open the tap."),
        ("How long does Eco 50 take?", "Eco 50 takes three hours."),
        ("What does fault F03 mean?", "the pump is blocked."),
    ] {
        let told = ask(&stage, question).await;
        assert!(said(&told).contains(answer), "{question}: {told:?}");
    }
    for question in ["What does error 1605 mean?", "How long does Eco 60 take?", "What does fault F04 mean?"] {
        let told = ask(&stage, question).await;
        assert!(told.refused, "{question}: {told:?}");
    }
    let door = having("30-qa-answer-longer-than-the-model-reads.csv").await;
    let told = ask(&door, "With what torque do I tighten screw number 50?").await;
    assert!(said(&told).contains("screw number 50 with a torque of 60"), "{told:?}");
}
