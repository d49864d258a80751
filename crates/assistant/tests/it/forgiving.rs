//! What is searched once more: misspelt words that were set right, and the sentence that asks; and how often a search model is asked for that. By the
//! real model.

use crate::{Stage, embedder, knowing};
use assistant::Assistant;
use knowledge::{Chosen, Down, Knowledge, Lies, Meant, SearchModel, Vectors};
use model::knowledge::{Answer, Outcome};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{Caller, Scope, StoreError};
use uuid::Uuid;
use words::Text;

/// A shop for climbers: more passages than are read at once.
async fn shop() -> Stage {
    let ropes = (1..=20)
        .map(|number| format!("## Rope {number}\n\nRope {number} is {number}0 metres long and comes in red.\n\n"));
    let text = format!(
        "# Shop\n\n{}## Climbing harnesses\n\nClimbing harnesses may not be returned once they were worn.\n",
        ropes.collect::<String>()
    );
    knowing(vec![("shop.md".to_owned(), text.into_bytes())], Some(embedder())).await
}

/// The answer, and how often was searched and in which other words.
async fn ask(stage: &Stage, question: &str) -> (Answer, Vec<String>) {
    let made = stage.assistant.respond(&stage.two.aurora.owner, question).await.unwrap();
    let steps = made.record.unwrap().steps.into_iter().map(|step| said(&step.what));
    (made.answer, steps.filter(|step| step.starts_with("Searched once more")).collect())
}

fn said(text: &Text) -> String {
    text.to_string()
}

#[tokio::test]
async fn misspelt_words_are_searched_once_more_as_they_were_meant_and_are_no_answer() {
    let stage = shop().await;
    let (told, again) = ask(&stage, "can i retrun climbing harneses that were worn").await;
    assert_eq!(again, ["Searched once more, with misspelt words set right"], "{told:?}");
    assert_eq!(told.outcome, Outcome::Passages, "{told:?}");
    assert!(told.citations.iter().any(|cited| cited.quote.contains("may not be returned")), "{told:?}");
    // What was written as it is meant is searched once.
    let (told, again) = ask(&stage, "Can I return climbing harnesses that were worn?").await;
    assert!(again.is_empty(), "{again:?} {told:?}");
}

#[tokio::test]
async fn a_story_is_searched_once_more_by_what_it_asks() {
    let stage = shop().await;
    let story = "My brother has climbed in Norway since he was a boy, and my mother always waits for him at the foot of the wall with a \
                 thermos. Which rope has a blue stripe for the dark?";
    let (told, again) = ask(&stage, story).await;
    assert_eq!(again, ["Searched once more, by the sentence that asks"], "{told:?}");
    // A code that is not there is no more there for that.
    let (told, again) = ask(&stage, &story.replace("Which rope", "Which rope R-77")).await;
    assert!(told.refused && again.len() == 1, "{again:?} {told:?}");
}

/// A model for the search that counts how often it is asked, and has read nothing.
#[derive(Debug, Clone, Default)]
struct Counts(Arc<AtomicUsize>);

type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl SearchModel for Counts {
    fn chosen<'a>(&'a self, _: &'a Scope) -> Later<'a, Result<Chosen, StoreError>> {
        Box::pin(async { Ok(Chosen::default()) })
    }

    fn vectors<'a>(&'a self, _: &'a Caller, texts: &'a [String], _: Meant) -> Later<'a, Result<Option<Vectors>, Down>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let vectors = texts.iter().map(|_| vec![1.0; 64]).collect();
        Box::pin(async { Ok(Some(Vectors { set: Uuid::nil(), vectors })) })
    }
}

#[tokio::test]
async fn a_search_model_is_asked_once_for_what_is_searched_once_more() {
    let (Stage { two, names, db, .. }, counts) = (shop().await, Counts::default());
    let knowledge = Knowledge::new(db.services.clone(), Some(embedder())).with_search_model(counts.clone());
    let stage = Stage { two, assistant: Assistant::new(knowledge), names, db };
    let (told, again) = ask(&stage, "can i retrun climbing harneses that were worn").await;
    assert_eq!((again.len(), counts.0.load(Ordering::SeqCst)), (1, 1), "{told:?}");
}

/// One that never answers, and counts as well.
#[derive(Debug, Clone, Default)]
struct NeverAnswers(Counts);

impl SearchModel for NeverAnswers {
    fn chosen<'a>(&'a self, scope: &'a Scope) -> Later<'a, Result<Chosen, StoreError>> {
        self.0.chosen(scope)
    }

    fn vectors<'a>(&'a self, _: &'a Caller, _: &'a [String], _: Meant) -> Later<'a, Result<Option<Vectors>, Down>> {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Err(Down { why: Text::plain("It took too long."), lies: Lies::Perhaps }) })
    }
}

#[tokio::test]
async fn a_question_that_is_searched_twice_waits_once_for_a_search_model_that_does_not_answer() {
    let plans = "# Plans\n\n## Solo\n\nThe Solo plan costs 12 euros.\n\n## Team\n\nThe Team plan costs 29 euros.\n";
    let Stage { two, names, db, .. } = knowing(vec![("plans.md".to_owned(), plans.into())], None).await;
    let never = NeverAnswers::default();
    let knowledge = Knowledge::new(db.services.clone(), None).with_search_model(never.clone());
    let stage = Stage { two, assistant: Assistant::new(knowledge), names, db };
    let asked = async |before: Option<&str>, question: &str| {
        stage.assistant.answer_after(&stage.two.aurora.owner, before, question).await.unwrap();
        never.0.0.swap(0, Ordering::SeqCst)
    };
    // Alone, and together with the question before it.
    assert_eq!(asked(Some("How much is the Solo plan?"), "And the Team plan?").await, 1);
    assert_eq!(asked(None, "How much is the Team plan?").await, 1, "the next question is another one");
}
