//! What is told: by the real model, of small files that people have.

use crate::{SUPPORT, Stage, embedder, knowing};
use model::knowledge::{Answer, Outcome};
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

/// A topic by its name is no question that words answer; what speaks of it is shown all the same.
#[tokio::test]
async fn of_a_topic_what_speaks_of_it_is_shown() {
    let files = [
        ("returns.md", "# Returns\n\nUnused goods go back within 60 days of delivery. We pay the parcel.\n"),
        ("animals.md", "# Dogs and cats\n\nPets are welcome in all rooms of the ground floor, for 12 euros a night.\n"),
        ("pay.md", "# Payment\n\nCards and invoices. A deposit of 50 euros is taken when you arrive.\n"),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
    let stage = knowing(files.to_vec(), Some(embedder())).await;
    for (question, words) in [
        ("What is your return policy?", "60 days"),
        ("return policy", "60 days"),
        ("returns", "60 days"),
        ("What is your pet policy?", "ground floor"),
        ("pets", "ground floor"),
        ("deposit", "50 euros"),
    ] {
        let told = ask(&stage, question).await;
        assert!(!told.refused && said(&told).contains(words), "{question}: {told:?}");
    }
    for question in ["kayaks", "What is your privacy policy?", "the weather", "policy"] {
        let told = ask(&stage, question).await;
        assert_ne!(told.outcome, Outcome::Answer, "{question}: {told:?}");
    }
}

/// Turned round, or of something else, a yes or no is never told without the question that it answers.
#[tokio::test]
async fn a_yes_or_no_is_never_told_alone() {
    let stage = having("27-yes-no-pairs-flip.csv").await;
    for question in [
        "Is shipping to Norway impossible?",
        "Do you ship to Finland?",
        "Can I order as a guest without an account?",
        "Do I have to assemble it myself?",
    ] {
        let told = ask(&stage, question).await;
        let lines: Vec<&str> = told.answer.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            if ["Yes.", "No."].contains(line) {
                assert!(at > 0 && lines[at - 1].ends_with('?'), "{question}: {told:?}");
            }
        }
        for citation in &told.citations {
            assert!(citation.title.ends_with('?') || citation.quote.contains('?'), "{question}: {told:?}");
        }
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

#[tokio::test]
async fn a_question_that_stands_on_another_is_told_of_what_it_names_itself() {
    let plans = "# Plans\n\n## Solo\n\nThe Solo plan costs 12 euros per month. It is for one person.\n\n## Team\n\nThe Team plan costs 29 euros per \
                 month. It is for up to ten people.\n\n# Errors\n\n## Error 1603\n\nThere is no water. Open the tap.\n";
    let stage = with("shop.md", plans).await;
    let after = async |before: &str, question: &str| {
        let told = stage.assistant.answer_after(&stage.two.aurora.owner, Some(before), question).await.unwrap();
        (said(&told.0), told.0, told.1)
    };
    const SOLO: &str = "How much is the Solo plan per month?";
    let (team, told, whole) = after(SOLO, "And the Team plan?").await;
    assert!(team.contains("29 euros") && !team.contains("Solo"), "{told:?}");
    assert_eq!(whole.as_deref(), Some("How much is the Solo plan per month?\nAnd the Team plan?"));
    // What points back names nothing itself: what is nearest is shown, and never called an answer.
    for (before, price) in [("Is there a Team plan?", "29 euros"), ("Is there a Solo plan?", "12 euros")] {
        let (_, told, whole) = after(before, "How much is it?").await;
        assert_eq!(told.outcome, Outcome::Passages, "{told:?}");
        assert!(told.citations[0].quote.contains(price), "{before}: {told:?}");
        assert_eq!(whole, Some(format!("{before}\nHow much is it?")));
    }
    // What is said of another plan, or of another error, answers nothing.
    for question in
        ["And the Family plan?", "What about the yearly Family plan?", "And the Pro plan?", "What about Plus?"]
    {
        let (_, told, _) = after(SOLO, question).await;
        assert_ne!(told.outcome, Outcome::Answer, "{question}: {told:?}");
    }
    let (other, told, _) = after("What does error 1603 mean?", "And 1605?").await;
    assert!(!other.contains("no water"), "{told:?}");
    // What stands alone is answered as if nothing had been said.
    for question in ["How much is the Team plan per month?", "And how much is the Team plan per month?"] {
        let (_, told, whole) = after(SOLO, question).await;
        assert_eq!((told, whole), (ask(&stage, question).await, None), "{question}");
    }
}

/// What somebody wrote as the answer to this very question comes first, whether it stands on another or not.
#[tokio::test]
async fn a_written_answer_is_told_also_to_what_looks_as_if_it_stood_on_another() {
    let pairs =
        "question,answer\nHow much is it?,It is free.\nDo you ship to Norway? Why not?,Because of the customs.\n";
    let stage = with("faq.csv", pairs).await;
    for (before, question, answer) in [
        ("Where do I sign up?", "How much is it?", "How much is it?\nIt is free."),
        ("Do you ship to Norway?", "Why not?", "Do you ship to Norway? Why not?\nBecause of the customs."),
    ] {
        let told = stage.assistant.answer_after(&stage.two.aurora.owner, Some(before), question).await.unwrap().0;
        assert_eq!((told.outcome, told.answer.as_str()), (Outcome::Answer, answer), "{told:?}");
    }
}
