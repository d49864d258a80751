//! Who asked says whether an answer answers.

use crate::stage::{Stage, answered, words};
use conversations::{AnswerContact, ConversationError, Conversations, Reply};
use model::ConversationId;
use model::conversation::Event;
use model::knowledge::{Answer, Outcome};
use store::Caller;
use store::jobs::{End, Handler, JobError, Registry, Slots, Task, Worker};

/// Says the same to whatever is asked.
struct Says(Conversations, Answer);

impl Handler<AnswerContact> for Says {
    async fn run(&self, task: &Task<AnswerContact>) -> Result<(), JobError> {
        let Some(question) = self.0.question(&task.caller(), task.subject()).await.unwrap() else {
            self.0.call_after_refusals(&task.caller(), task.subject()).await.unwrap();
            return Ok(());
        };
        let reply = self
            .0
            .answer(&task.caller(), &question, question.said.len(), &question.said.join("\n"), &self.1)
            .await
            .unwrap();
        assert_eq!(reply, Reply::Said);
        Ok(())
    }

    async fn gave_up(&self, _: &Task<AnswerContact>, why: &str) -> Result<(), JobError> {
        panic!("{why}");
    }
}

impl Stage {
    /// A contact of this tenant's asks, and this becomes of it. Message 2 is what the assistant says.
    async fn asked(&self, owner: &Caller, outcome: Outcome) -> (Caller, ConversationId) {
        let (contact, ..) = self.contact(owner).await;
        let id = self.conversations.open(&contact).await.unwrap();
        self.conversations.say(&contact, id, &words("May lamps be sent back?", "1")).await.unwrap();
        self.say_it(outcome).await;
        self.db.leaves_waiting_jobs();
        assert_eq!(self.messages(&contact, id).await[1].outcome, Some(outcome));
        (contact, id)
    }

    /// This becomes of what is asked.
    async fn say_it(&self, outcome: Outcome) {
        let answer = Answer { outcome, refused: outcome == Outcome::Refused, ..answered("Within 60 days.") };
        let registry = Registry::default().with::<AnswerContact>(Says(self.conversations.clone(), answer));
        let ends = Worker::new(self.db.services.clone(), registry, Slots::default()).run_due().await.unwrap();
        assert!(!ends.is_empty() && ends.iter().all(|end| *end == End::Done), "{ends:?}");
    }

    /// What was said of what was asked there.
    async fn judged(&self, owner: &Caller, id: ConversationId) -> Option<bool> {
        let mut tx = self.db.services.store.tenant(owner.scope()).await.unwrap();
        sqlx::query_scalar("select answers from app.asked where conversation_id = $1 and seq = 2")
            .bind(id.uuid())
            .fetch_one(&mut tx)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn what_who_asked_says_last_is_kept() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    for outcome in [Outcome::Passages, Outcome::Answer] {
        let (contact, id) = stage.asked(owner, outcome).await;
        assert_eq!(stage.judged(owner, id).await, None);
        for answers in [true, true, false, true] {
            stage.conversations.judge(&contact, id, 2, answers).await.unwrap();
            assert_eq!(stage.judged(owner, id).await, Some(answers));
        }
        assert_eq!(stage.messages(&contact, id).await.len(), 2, "nothing is said by it");
    }
}

#[tokio::test]
async fn at_the_third_in_a_row_that_does_not_answer_a_person_is_called() {
    let stage = Stage::new().await;
    let (contact, id) = stage.asked(&stage.two.aurora.owner, Outcome::Passages).await;
    for number in ["2", "3"] {
        stage.conversations.say(&contact, id, &words("And chairs?", number)).await.unwrap();
        stage.say_it(Outcome::Passages).await;
    }
    let called = async || {
        stage.say_it(Outcome::Passages).await;
        stage.messages(&contact, id).await.last().unwrap().event == Some(Event::HandedOff)
    };
    let judge = async |seq, answers| stage.conversations.judge(&contact, id, seq, answers).await.unwrap();
    for seq in [2, 4] {
        judge(seq, false).await;
    }
    assert!(!called().await);
    judge(6, false).await;
    assert!(called().await);
}

#[tokio::test]
async fn only_who_asked_says_it_and_only_of_an_answer() {
    let stage = Stage::new().await;
    let (owner, foreign) = (&stage.two.aurora.owner, &stage.two.borealis.owner);
    let (ann, mine) = stage.asked(owner, Outcome::Passages).await;
    let (bob, his) = stage.asked(owner, Outcome::Passages).await;
    let (other, theirs) = stage.asked(foreign, Outcome::Passages).await;
    let (eve, refused) = stage.asked(owner, Outcome::Refused).await;
    let c = &stage.conversations;
    c.hand_off(&ann, mine).await.unwrap();
    c.reply(owner, mine, &words("I am here.", "2")).await.unwrap();
    let last = stage.messages(&ann, mine).await.len() as u64;
    let unknown = ConversationId::from_uuid(stage.db.services.new_id());
    for (who, id, seq) in [
        // Another contact, and one of another company.
        (&bob, mine, 2),
        (&other, mine, 2),
        (&ann, his, 2),
        (&ann, theirs, 2),
        (&ann, unknown, 2),
        // What she said, what happened, what a person said, and what is not there.
        (&ann, mine, 1),
        (&ann, mine, 3),
        (&ann, mine, last),
        (&ann, mine, last + 1),
        (&ann, mine, 0),
        (&ann, mine, u64::MAX),
        (&eve, refused, 2),
    ] {
        let answer = c.judge(who, id, seq, true).await;
        assert!(matches!(answer, Err(ConversationError::NotFound)), "{id} {seq}: {answer:?}");
    }
    for who in [owner, &stage.two.aurora.key] {
        let answer = c.judge(who, mine, 2, true).await;
        assert!(matches!(answer, Err(ConversationError::Denied(_))), "{answer:?}");
    }
    for (owner, id) in [(owner, mine), (owner, his), (foreign, theirs), (owner, refused)] {
        assert_eq!(stage.judged(owner, id).await, None);
    }
    // A person who has joined changes nothing in what the contact may say.
    c.judge(&ann, mine, 2, false).await.unwrap();
    assert_eq!(stage.judged(owner, mine).await, Some(false));
}
