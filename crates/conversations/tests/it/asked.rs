//! What was asked and not answered: what says the same is one, most asked first, and until it is settled.

use crate::stage::{Stage, answered, words};
use conversations::{AnswerContact, ConversationError, Conversations, Reply, Saying};
use model::ConversationId;
use model::conversation::{Author, Event, Handler};
use model::evaluation::OutcomeCounts;
use model::knowledge::{Answer, AskedId, Outcome};
use model::permission::Permission as P;
use store::Caller;
use store::jobs::{self, End, JobError, Registry, Slots, Task, Worker};
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
async fn what_became_of_questions_is_counted_for_thirty_days() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let (c, aurora, borealis) = (&stage.conversations, &stage.two.aurora, &stage.two.borealis);
    assert_eq!(c.outcomes(&aurora.owner).await.unwrap(), OutcomeCounts::default());
    ask(&stage, &aurora.key, "What is a lamp?", Outcome::Answer).await;
    ask(&stage, &aurora.key, "What is a sofa?", Outcome::Answer).await;
    ask(&stage, &aurora.key, "How dear is it?", Outcome::Passages).await;
    let handed = ask(&stage, &aurora.key, "Who are you?", Outcome::Refused).await;
    ask(&stage, &borealis.key, "Do you ship to Norway?", Outcome::Refused).await;
    c.hand_off(&aurora.key, handed).await.unwrap();
    for change in [
        "update app.asked set answers = (outcome = 'answer') where outcome <> 'refused'",
        "update app.asked set asked_at = asked_at - interval '29 days' where question like '%lamp%'",
    ] {
        sqlx::query(change).execute(&mut stage.db.superuser().await).await.unwrap();
    }
    let all = OutcomeCounts {
        asked: 4,
        answered: 2,
        passages: 1,
        refused: 1,
        said_to_answer: 2,
        said_not_to: 1,
        with_people: 1,
        conversations: 4,
        without_people: 2,
    };
    assert_eq!(c.outcomes(&aurora.owner).await.unwrap(), all);
    stage.db.clock.advance(Duration::days(1));
    let newest = OutcomeCounts { asked: 3, answered: 1, said_to_answer: 1, conversations: 3, without_people: 1, ..all };
    assert_eq!(c.outcomes(&aurora.owner).await.unwrap(), newest);
    assert_eq!(c.outcomes(&borealis.owner).await.unwrap().asked, 1);
    let (_, no_documents) = stage.colleague("Eva", &[P::ReachOthers]).await;
    assert!(matches!(c.outcomes(&no_documents).await, Err(ConversationError::Denied(_))));
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

/// Tells this to whatever is asked, by a company that wants a person asked to join after refusals, or one that does not.
struct Tells {
    conversations: Conversations,
    outcome: Outcome,
    after_refusals: bool,
}

impl jobs::Handler<AnswerContact> for Tells {
    async fn run(&self, task: &Task<AnswerContact>) -> Result<(), JobError> {
        let (caller, after_refusals) = (task.caller(), self.after_refusals);
        let question = self.conversations.question(&caller, task.subject()).await.unwrap().unwrap();
        let answer =
            Answer { outcome: self.outcome, refused: self.outcome == Outcome::Refused, ..answered("So it is.") };
        let saying = Saying { messages: 1, asked: &question.said[0], name: None, person: false, after_refusals };
        let reply = self.conversations.say_answer(&caller, &question, saying, &answer).await.unwrap();
        assert_eq!(reply, Reply::Said);
        Ok(())
    }

    async fn gave_up(&self, _: &Task<AnswerContact>, why: &str) -> Result<(), JobError> {
        panic!("{why}");
    }
}

impl Stage {
    /// Something is asked in a conversation of Aurora's, and this comes of it: who sees to the conversation then.
    async fn goes_on(&self, id: ConversationId, outcome: Outcome, after_refusals: bool) -> Handler {
        self.db.clock.advance(Duration::SECOND);
        let (key, conversations) = (&self.two.aurora.key, self.conversations.clone());
        let last = conversations.get(key, id).await.unwrap().last_seq;
        conversations.pass_on(key, id, &words("What is it?", &last.to_string())).await.unwrap();
        let registry = Registry::default().with::<AnswerContact>(Tells { conversations, outcome, after_refusals });
        let worker = Worker::new(self.db.services.clone(), registry, Slots::default());
        assert_eq!(worker.run_due().await.unwrap(), [End::Done]);
        self.conversations.get(key, id).await.unwrap().handler
    }
}

#[tokio::test]
async fn a_person_is_asked_to_join_at_the_third_refusal_in_a_row_where_that_is_wanted() {
    use Outcome::{Answer as Told, Passages, Refused};
    let stage = Stage::new().await;
    let (owner, key) = (&stage.two.aurora.owner, &stage.two.aurora.key);
    let id = stage.begin(key).await.id;
    // Nobody wants it; then somebody does. An answer in between, and passages of which nothing was said, begin it anew.
    for outcome in [Refused, Refused, Refused, Refused, Told] {
        assert_eq!(stage.goes_on(id, outcome, false).await, Handler::Assistant);
    }
    for outcome in [Refused, Refused, Told, Refused, Refused, Passages, Refused, Refused] {
        assert_eq!(stage.goes_on(id, outcome, true).await, Handler::Assistant, "{outcome:?}");
    }
    assert_eq!(stage.goes_on(id, Refused, true).await, Handler::People);
    let messages = stage.messages(owner, id).await;
    let last: Vec<_> = messages.iter().rev().take(3).map(|one| (one.from, one.event)).collect();
    let handed = (Author::System, Some(Event::HandedOff));
    assert_eq!(last, [handed, (Author::Assistant, None), (Author::Contact, None)]);
    assert_eq!(messages.iter().filter(|one| one.event.is_some()).count(), 1, "{messages:?}");
    // Handed back, the assistant is not silent again at the next one.
    stage.conversations.hand_back(owner, id).await.unwrap();
    for outcome in [Refused, Refused] {
        assert_eq!(stage.goes_on(id, outcome, true).await, Handler::Assistant);
    }
    assert_eq!(stage.goes_on(id, Refused, true).await, Handler::People);

    // What is said not to answer counts like a refusal; what the company has said to an intent does not.
    let judged = "update app.asked set answers = false where outcome = 'passages'";
    let intended = "update app.asked set settled_at = asked_at where outcome = 'refused'";
    for (first, change, then) in [(Passages, judged, Handler::People), (Refused, intended, Handler::Assistant)] {
        let id = stage.begin(key).await.id;
        stage.goes_on(id, first, true).await;
        sqlx::query(change).execute(&mut stage.db.superuser().await).await.unwrap();
        assert_eq!(stage.goes_on(id, Refused, true).await, Handler::Assistant);
        assert_eq!(stage.goes_on(id, Refused, true).await, then, "{change}");
    }
}

#[tokio::test]
async fn a_conversation_needed_no_person_where_all_was_answered_and_nobody_was_there() {
    use Outcome::{Answer as Told, Passages, Refused};
    let stage = Stage::new().await;
    let (c, owner, key) = (&stage.conversations, &stage.two.aurora.owner, &stage.two.aurora.key);
    let mut all = Vec::new();
    for outcomes in [[Told, Told], [Told, Passages], [Told, Passages], [Told, Refused], [Told, Told], [Told, Told]] {
        let id = stage.begin(key).await.id;
        for outcome in outcomes {
            stage.goes_on(id, outcome, false).await;
        }
        all.push(id);
    }
    // The passages of the second answer its question. The fifth was settled by somebody who has said nothing; a person has been in the last.
    sqlx::query("update app.asked set answers = true where conversation_id = $1 and outcome = 'passages'")
        .bind(all[1].uuid())
        .execute(&mut stage.db.superuser().await)
        .await
        .unwrap();
    c.resolve(owner, all[4]).await.unwrap();
    c.take_over(owner, all[5]).await.unwrap();
    c.hand_back(owner, all[5]).await.unwrap();
    let counts = c.outcomes(owner).await.unwrap();
    assert_eq!((counts.conversations, counts.without_people, counts.with_people), (6, 3, 0), "{counts:?}");
    // What was answered, and does not answer, is no answer.
    sqlx::query("update app.asked set answers = false where conversation_id = $1")
        .bind(all[0].uuid())
        .execute(&mut stage.db.superuser().await)
        .await
        .unwrap();
    assert_eq!(c.outcomes(owner).await.unwrap().without_people, 2);
}
