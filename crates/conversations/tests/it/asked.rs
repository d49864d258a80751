//! What was asked and not answered: what says the same is one, most asked first, and until it is settled.

use crate::stage::{Stage, answered, words};
use conversations::ConversationError;
use model::ConversationId;
use model::knowledge::{Answer, AskedId, Outcome};
use model::permission::Permission as P;
use store::Caller;
use time::Duration;

/// Somebody asks, and this comes of it.
async fn ask(stage: &Stage, by: &Caller, question: &str, outcome: Outcome) -> ConversationId {
    stage.db.clock.advance(Duration::SECOND);
    let id = stage.begin(by).await.id;
    stage.conversations.pass_on(by, id, &words(question, "1")).await.unwrap();
    let job = stage.job().await;
    let asked = stage.conversations.question(&job.caller(), id).await.unwrap().unwrap();
    let answer = Answer { outcome, refused: outcome == Outcome::Refused, ..answered("So it is.") };
    stage.conversations.answer(&job.caller(), &asked, 1, &asked.said[0], &answer).await.unwrap();
    id
}

/// The list, as a caller sees it.
async fn listed(stage: &Stage, by: &Caller) -> Vec<(String, u32, Outcome)> {
    let list = stage.conversations.unanswered(by).await.unwrap();
    list.into_iter().map(|one| (one.question, one.times, one.outcome)).collect()
}

fn line(question: &str, times: u32, outcome: Outcome) -> (String, u32, Outcome) {
    (question.to_owned(), times, outcome)
}

#[tokio::test]
async fn what_says_the_same_is_one_and_most_asked_comes_first() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let (aurora, borealis) = (&stage.two.aurora, &stage.two.borealis);
    ask(&stage, &aurora.key, "Do you ship to Norway?", Outcome::Refused).await;
    ask(&stage, &aurora.key, "Where is the key?", Outcome::Refused).await;
    ask(&stage, &aurora.key, "What is a lamp?", Outcome::Answer).await;
    let last = ask(&stage, &aurora.key, "do you ship to norway", Outcome::Passages).await;
    ask(&stage, &aurora.key, "Who are you?", Outcome::Refused).await;
    ask(&stage, &borealis.key, "Do you ship to Norway?", Outcome::Refused).await;
    assert_eq!(
        listed(&stage, &aurora.owner).await,
        [
            line("do you ship to norway", 2, Outcome::Passages),
            line("Who are you?", 1, Outcome::Refused),
            line("Where is the key?", 1, Outcome::Refused),
        ]
    );
    let first = stage.conversations.unanswered(&aurora.key).await.unwrap().remove(0);
    assert_eq!((first.conversation_id, first.id), (last, AskedId { conversation: last, seq: 2 }));
    assert_eq!(listed(&stage, &borealis.owner).await, [line("Do you ship to Norway?", 1, Outcome::Refused)]);
    // Who asked says that it was an answer after all.
    sqlx::query("update app.asked set answers = true where outcome = 'passages'")
        .execute(&mut stage.db.superuser().await)
        .await
        .unwrap();
    let left = listed(&stage, &aurora.owner).await;
    assert!(left.len() == 3 && left.contains(&line("Do you ship to Norway?", 1, Outcome::Refused)), "{left:?}");
}

#[tokio::test]
async fn what_is_settled_is_off_the_list_until_it_is_asked_again() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let (c, aurora, borealis) = (&stage.conversations, &stage.two.aurora, &stage.two.borealis);
    let first = ask(&stage, &aurora.key, "Do you ship to Norway?", Outcome::Refused).await;
    ask(&stage, &aurora.key, "do you ship to Norway", Outcome::Refused).await;
    ask(&stage, &aurora.key, "Who are you?", Outcome::Refused).await;
    let theirs = ask(&stage, &borealis.key, "Do you ship to Norway?", Outcome::Refused).await;
    let [id, theirs] = [first, theirs].map(|conversation| AskedId { conversation, seq: 2 });
    // One that somebody else has, and one that there is not.
    for other in [theirs, AskedId { seq: 1, ..id }, AskedId { seq: u64::MAX, ..id }] {
        assert!(matches!(c.settle(&aurora.owner, other).await, Err(ConversationError::NotFound)));
        assert!(matches!(c.asked(&aurora.owner, other).await, Err(ConversationError::NotFound)));
    }
    assert_eq!(listed(&stage, &aurora.owner).await.len(), 2);
    // By any of those that say the same, and as often as one likes.
    for _ in 0..2 {
        c.settle(&aurora.owner, id).await.unwrap();
        assert_eq!(listed(&stage, &aurora.owner).await, [line("Who are you?", 1, Outcome::Refused)]);
    }
    assert_eq!(c.asked(&aurora.owner, id).await.unwrap().question, "Do you ship to Norway?");
    assert_eq!(listed(&stage, &borealis.owner).await.len(), 1, "nothing of another company's is settled");
    ask(&stage, &aurora.key, "Do you ship to Norway?", Outcome::Refused).await;
    assert_eq!(listed(&stage, &aurora.owner).await[0], line("Do you ship to Norway?", 1, Outcome::Refused));
}

#[tokio::test]
async fn it_takes_all_conversations_and_the_documents() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let c = &stage.conversations;
    let conversation = ask(&stage, &stage.two.aurora.key, "Do you ship to Norway?", Outcome::Refused).await;
    let id = AskedId { conversation, seq: 2 };
    let denied = |result: Result<(), ConversationError>| matches!(result, Err(ConversationError::Denied(_)));
    let (_, no_documents) = stage.colleague("Ann", &[P::ReachOthers]).await;
    let (_, their_own) = stage.colleague("Ben", &[P::WriteConversations, P::ManageDocuments]).await;
    let (_, looks) = stage.colleague("Cia", &[P::ReachOthers, P::ReadDocuments]).await;
    let (_, does) = stage.colleague("Dag", &[P::ReachOthers, P::ManageDocuments]).await;
    for who in [&no_documents, &their_own] {
        assert!(denied(c.unanswered(who).await.map(drop)) && denied(c.asked(who, id).await.map(drop)));
        assert!(denied(c.settle(who, id).await));
    }
    assert_eq!(listed(&stage, &looks).await.len(), 1);
    assert!(denied(c.settle(&looks, id).await));
    c.settle(&does, id).await.unwrap();
    assert!(listed(&stage, &does).await.is_empty());
}

#[tokio::test]
async fn what_is_old_is_forgotten_sooner_once_it_is_settled() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let (c, aurora, borealis) = (&stage.conversations, &stage.two.aurora, &stage.two.borealis);
    let conversation = ask(&stage, &aurora.key, "Who are you?", Outcome::Refused).await;
    // A second later each, of two companies, and one that needs nobody's look.
    ask(&stage, &aurora.key, "Where is the key?", Outcome::Refused).await;
    ask(&stage, &borealis.key, "What is a lamp?", Outcome::Answer).await;
    let id = AskedId { conversation, seq: 2 };
    c.settle(&aurora.owner, id).await.unwrap();
    stage.db.clock.advance(Duration::days(90) - Duration::SECOND);
    assert_eq!(c.delete_old_questions().await.unwrap(), 0);
    assert_eq!(c.asked(&aurora.owner, id).await.unwrap().question, "Who are you?");
    stage.db.clock.advance(Duration::SECOND);
    assert_eq!(c.delete_old_questions().await.unwrap(), 1);
    assert!(matches!(c.asked(&aurora.owner, id).await, Err(ConversationError::NotFound)));
    assert_eq!(listed(&stage, &aurora.owner).await, [line("Where is the key?", 1, Outcome::Refused)]);

    stage.db.clock.advance(Duration::days(365 - 90) - Duration::seconds(2));
    assert_eq!(c.delete_old_questions().await.unwrap(), 0);
    for left in [1, 0] {
        stage.db.clock.advance(Duration::SECOND);
        assert_eq!(c.delete_old_questions().await.unwrap(), 1);
        let kept = "select count(*) from app.asked";
        let kept: i64 = sqlx::query_scalar(kept).fetch_one(&mut stage.db.superuser().await).await.unwrap();
        assert_eq!(kept, left);
    }
    // What was said stays.
    assert_eq!(stage.messages(&aurora.owner, conversation).await.len(), 2);
}
