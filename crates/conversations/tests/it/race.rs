//! The assistant and a person at the same moment: whoever has taken over is never talked over.

use crate::stage::{Stage, parroted, said, words};
use conversations::Reply;
use model::conversation::{Author, Event};

#[tokio::test]
async fn an_answer_that_was_begun_before_a_take_over_is_dropped() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let (owner, key) = (&stage.two.aurora.owner, &stage.two.aurora.key);
    let id = stage.begin(key).await.id;
    stage.conversations.pass_on(key, id, &words("Hello", "1")).await.unwrap();
    let job = stage.job().await;
    let question = stage.conversations.question(&job.caller(), id).await.unwrap().unwrap();
    stage.conversations.take_over(owner, id).await.unwrap();
    // Even handed back meanwhile: the answer is of another time.
    stage.conversations.hand_back(owner, id).await.unwrap();
    let reply =
        stage.conversations.answer(&job.caller(), &question, 1, &question.said[0], &parroted(&question)).await.unwrap();
    assert_eq!(reply, Reply::TooLate);
    assert!(stage.messages(key, id).await.iter().all(|m| m.from != Author::Assistant));
}

#[tokio::test]
async fn an_answer_is_given_once_by_two_servers() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let key = &stage.two.aurora.key;
    let id = stage.begin(key).await.id;
    stage.conversations.pass_on(key, id, &words("Hello", "1")).await.unwrap();
    let job = stage.job().await;
    let first = stage.conversations.question(&job.caller(), id).await.unwrap().unwrap();
    let second = stage.conversations.question(&job.caller(), id).await.unwrap().unwrap();
    let give = |question| {
        let (conversations, caller) = (stage.conversations.clone(), job.caller());
        async move { conversations.answer(&caller, &question, 1, &question.said[0], &parroted(&question)).await.unwrap() }
    };
    assert_eq!(give(first).await, Reply::Said);
    assert_eq!(give(second).await, Reply::Again);
    assert!(stage.conversations.question(&job.caller(), id).await.unwrap().is_none());
}

/// Both at once, many times: after the take-over there is no word of the assistant's, whoever was first.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_talked_over() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let (owner, key) = (&stage.two.aurora.owner, &stage.two.aurora.key);
    for round in 0..40 {
        let id = stage.begin(key).await.id;
        stage.conversations.pass_on(key, id, &words("Hello", "1")).await.unwrap();
        let job = stage.job().await;
        let question = stage.conversations.question(&job.caller(), id).await.unwrap().unwrap();
        let answers = {
            let (conversations, caller) = (stage.conversations.clone(), job.caller());
            async move {
                conversations.answer(&caller, &question, 1, &question.said[0], &parroted(&question)).await.unwrap()
            }
        };
        let takes = {
            let (conversations, owner, id) = (stage.conversations.clone(), owner.clone(), id);
            async move {
                conversations.take_over(&owner, id).await.unwrap();
                conversations.reply(&owner, id, &words("I am here", "2")).await.unwrap();
            }
        };
        // Who begins changes, so that both orders are seen.
        let reply = if round % 2 == 0 {
            let (answered, taken) = (tokio::spawn(answers), tokio::spawn(takes));
            taken.await.unwrap();
            answered.await.unwrap()
        } else {
            let (taken, answered) = (tokio::spawn(takes), tokio::spawn(answers));
            taken.await.unwrap();
            answered.await.unwrap()
        };
        let messages = stage.messages(key, id).await;
        let seen = said(&messages);
        let taken = seen.iter().position(|(_, event, _)| *event == Some(Event::TakenOver)).unwrap();
        assert!(seen[taken..].iter().all(|(from, ..)| *from != Author::Assistant), "{seen:?}");
        assert_eq!(seen.iter().any(|(from, ..)| *from == Author::Assistant), reply == Reply::Said);
    }
}
