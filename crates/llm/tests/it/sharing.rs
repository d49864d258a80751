//! Many who ask at once: each tenant with its own keys, its own share, and an end that reaches the provider.

use crate::stage::{AURORA, BOREALIS, Stage, ask_whole, brief, question};
use llm::{LlmError, Piece};
use model::llm::Wire;
use std::cell::RefCell;
use std::io::Write;
use testkit::{Mishap, SAYS};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

#[tokio::test]
async fn who_asks_and_goes_ends_it_at_the_provider() {
    let stage = Stage::new().await;
    stage.add(&stage.two.aurora.owner, Wire::OpenAi, "small").await;
    // Who listens goes, and who has asked hears of it.
    stage.server.then([Some(Mishap::Endless)]);
    let (tell, mut told) = mpsc::channel(4);
    let (llm, caller) = (stage.llm.clone(), stage.two.aurora.key.clone());
    let asks = tokio::spawn(async move {
        let turns = question();
        llm.ask(&caller, &brief(&turns), Some(&tell)).await
    });
    assert_eq!(told.recv().await, Some(Piece::Text("We ".to_owned())));
    drop(told);
    assert!(matches!(asks.await.unwrap(), Err(LlmError::Gone)));
    stage.server.is_left().await;
    // Who has asked goes: before an answer has begun, and after.
    for (n, mishap) in [Mishap::Silent, Mishap::Endless].into_iter().enumerate() {
        stage.server.then([Some(mishap)]);
        let (llm, caller) = (stage.llm.clone(), stage.two.aurora.key.clone());
        let asks = tokio::spawn(async move { ask_whole(&llm, &caller).await });
        stage.server.arrive(n + 2).await;
        asks.abort();
        stage.server.is_left().await;
    }
    // Nothing is held of it all: as many as ever are asked.
    for _ in 0..8 {
        assert_eq!(ask_whole(&stage.llm, &stage.two.aurora.key).await.unwrap().text, SAYS);
    }
}

#[tokio::test]
async fn a_tenant_that_asks_all_it_can_takes_nothing_from_its_neighbour() {
    let stage = Stage::new().await;
    stage.add(&stage.two.aurora.owner, Wire::OpenAi, "small").await;
    stage.add(&stage.two.borealis.owner, Wire::OpenAi, "small").await;
    stage.server.then(vec![Some(Mishap::Endless); 4]);
    let mut asks = Vec::new();
    for n in 0..6_usize {
        let (llm, caller) = (stage.llm.clone(), stage.two.aurora.key.clone());
        asks.push(tokio::spawn(async move { ask_whole(&llm, &caller).await }));
        stage.server.arrive((n + 1).min(4)).await;
    }
    for n in 0..10 {
        ask_whole(&stage.llm, &stage.two.borealis.key).await.unwrap();
        assert_eq!(stage.server.asked().len(), 5 + n, "four of the neighbour's are under way, and two wait");
    }
    // Who waits comes when one has gone.
    asks.remove(0).abort();
    for waits in asks.split_off(3) {
        assert_eq!(waits.await.unwrap().unwrap().text, SAYS);
    }
    asks.iter().for_each(|endless| endless.abort());
}

#[tokio::test]
async fn two_hundred_at_once_are_answered_or_told_that_there_are_too_many() {
    let stage = Stage::new().await;
    stage.add(&stage.two.aurora.owner, Wire::OpenAi, "small").await;
    let mut asks = JoinSet::new();
    for _ in 0..200 {
        let (llm, caller) = (stage.llm.clone(), stage.two.aurora.key.clone());
        asks.spawn(async move { ask_whole(&llm, &caller).await });
    }
    let mut answered = 0;
    while let Some(said) = asks.join_next().await {
        match said.unwrap() {
            Ok(said) => {
                assert_eq!(said.text, SAYS);
                answered += 1;
            }
            Err(LlmError::Busy) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(answered >= 64 && answered == stage.server.asked().len(), "{answered}");
}

#[tokio::test]
async fn each_tenant_asks_with_its_own_key_and_no_other() {
    let stage = Stage::new().await;
    let (aurora, borealis) = (&stage.two.aurora, &stage.two.borealis);
    stage.add(&aurora.owner, Wire::OpenAi, "aurora").await;
    stage.add(&borealis.owner, Wire::Anthropic, "borealis").await;
    let mut asks = JoinSet::new();
    for n in 0..40 {
        let caller = if n % 2 == 0 { aurora.key.clone() } else { borealis.key.clone() };
        let llm = stage.llm.clone();
        asks.spawn(async move { ask_whole(&llm, &caller).await.unwrap().name });
    }
    let mut names = asks.join_all().await;
    names.sort();
    assert_eq!(names.iter().filter(|name| *name == "aurora").count(), 20);
    let asked = stage.server.asked();
    assert_eq!(asked.len(), 40);
    for one in asked {
        let expected = if one.wire == Wire::OpenAi { ("aurora", AURORA) } else { ("borealis", BOREALIS) };
        assert_eq!((one.model.as_str(), one.key.as_str()), expected);
    }
}

thread_local! {
    /// What was written to the log on this thread, once it listens.
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Writes to [`LOG`]. For the whole process: one that is set for a thread alone may miss what other threads saw first.
struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.as_mut().map_or(Ok(bytes.len()), |log| log.write(bytes)))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_key_is_in_no_line_of_the_log_and_in_no_column() {
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(|| Log).init();
    LOG.set(Some(Vec::new()));
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    let mut told = String::new();
    for wire in Wire::ALL {
        let new = crate::stage::model(*wire, &stage.server.address(*wire), "small", AURORA);
        told += &format!("{new:?}");
        let added = stage.llm.add(owner, new).await.unwrap();
        told += &format!("{added:?}");
        for mishap in [None, Some(Mishap::Key), Some(Mishap::Refuses), Some(Mishap::Broken), Some(Mishap::CutInWord)] {
            stage.server.always(mishap);
            told += &format!("{:?}", stage.llm.try_out(owner, added.id).await);
            told += &format!("{:?}", ask_whole(&stage.llm, owner).await);
        }
        stage.llm.remove(owner, added.id).await.unwrap();
    }
    assert_eq!(stage.server.asked()[0].key, AURORA, "it was sent");
    let log = String::from_utf8(LOG.take().unwrap()).unwrap();
    assert!(log.contains("a model has not answered"), "something was written");
    // Neither whole nor in parts.
    for secret in [AURORA, &AURORA[..12], &AURORA[6..20]] {
        assert!(!log.contains(secret), "{log}");
        assert!(!told.contains(secret), "{told}");
        assert_eq!(stage.db.columns_with(secret).await, Vec::<String>::new());
    }
}
