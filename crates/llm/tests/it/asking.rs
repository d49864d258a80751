//! Answers of every wire, and every way in which none comes.

use crate::stage::{AURORA, Stage, ask, ask_whole, brief, model, prices, question};
use llm::{Ask, Key, LlmError, ModelChange, Piece};
use model::llm::{Ended, Fault, Wire};
use store::services::timestamp;
use testkit::{Mishap, ModelServer, SAYS, THOUGHT};
use time::Duration;

fn text(pieces: &[Piece]) -> String {
    let words = pieces.iter().map(|piece| match piece {
        Piece::Text(words) => words.as_str(),
        Piece::Withdrawn => "|",
    });
    words.collect()
}

#[tokio::test]
async fn each_wire_answers_word_by_word() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    for wire in Wire::ALL {
        let added = stage.add(owner, *wire, "small").await;
        assert!(stage.llm.ready(&stage.two.aurora.key).await.unwrap());
        let (said, pieces) = ask(&stage.llm, &stage.two.aurora.key).await;
        let said = said.unwrap();
        assert_eq!((said.text.as_str(), said.ended, said.model), (SAYS, Ended::Stop, added.id), "{wire:?}");
        assert_eq!((said.usage, said.cost, said.faults), (ModelServer::used(SAYS), None, Vec::new()), "{wire:?}");
        assert_eq!((text(&pieces).as_str(), pieces.len()), (SAYS, 6), "{wire:?}");
        let asked = stage.server.asked().pop().unwrap();
        assert_eq!((asked.wire, asked.key.as_str(), asked.model.as_str()), (*wire, AURORA, "small"));
        // In whatever pieces it comes, it is the same; and how it ends is told.
        stage.server.then([Some(Mishap::Bytewise)]);
        assert_eq!(stage.llm.try_out(owner, added.id).await.unwrap().text, SAYS, "{wire:?}");
        for (mishap, ended) in [(Mishap::Length, Ended::Length), (Mishap::Filtered, Ended::Filtered)] {
            stage.server.then([Some(mishap)]);
            assert_eq!(ask_whole(&stage.llm, owner).await.unwrap().ended, ended, "{wire:?}");
        }
        // What it does not say that it has used is counted nearly.
        stage.server.then([Some(Mishap::NoUsage)]);
        let used = ask_whole(&stage.llm, owner).await.unwrap().usage;
        assert!(used.input > 20 && used.output >= 6 && used.cached == 0, "{used:?}");
        stage.llm.remove(owner, added.id).await.unwrap();
    }
    assert!(!stage.llm.ready(owner).await.unwrap());
    assert!(matches!(ask_whole(&stage.llm, owner).await, Err(LlmError::NoModel)));
}

#[tokio::test]
async fn what_is_wrong_is_told_on_every_wire() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    let busy = |after_s| Fault::Busy { after_s };
    for wire in Wire::ALL {
        let id = stage.add(owner, *wire, "small").await.id;
        for (mishap, fault) in [
            (Mishap::Key, Fault::Key),
            (Mishap::NoModel, Fault::Model),
            (Mishap::Quota, Fault::Quota),
            (Mishap::Busy(None), busy(None)),
            (Mishap::Busy(Some(7)), busy(Some(7))),
            (Mishap::Full(77), busy(Some(77))),
            (Mishap::Broken, busy(None)),
            (Mishap::TooLong, Fault::TooLong),
            (Mishap::Refuses, Fault::Refused("Unknown field \u{201c}most\u{201d}. You sent: …".to_owned())),
            (Mishap::Moved, Fault::Address),
            (Mishap::Html, Fault::NotAModel),
            (Mishap::Plain, Fault::NotAModel),
            (Mishap::WrongJson, Fault::NotAModel),
            (Mishap::CutInWord, Fault::CutOff),
            (Mishap::CutInLetter, Fault::CutOff),
            (Mishap::CutInToolCall, Fault::CutOff),
            (Mishap::NoEnd, Fault::CutOff),
            (Mishap::Empty, Fault::CutOff),
            (Mishap::FailsMidway, busy(None)),
            (Mishap::HugeLine, Fault::TooLong),
        ] {
            let before = stage.server.sent();
            stage.server.always(Some(mishap));
            let tried = stage.llm.try_out(owner, id).await.unwrap();
            assert_eq!(tried.fault, Some(fault), "{wire:?} {mishap:?}");
            // Of 20 MB nobody takes more than is read, and what is on its way.
            assert!(stage.server.sent() - before < 16 * 1024 * 1024, "{wire:?} {mishap:?}");
        }
        // An answer that does not end is one, as far as it was asked for.
        let before = stage.server.sent();
        stage.server.always(Some(Mishap::Huge));
        let tried = stage.llm.try_out(owner, id).await.unwrap();
        assert_eq!((tried.fault, tried.text), (None, "x".repeat(200)), "{wire:?}");
        assert!(stage.server.sent() - before < 16 * 1024 * 1024, "{wire:?}");
        stage.server.always(None);
        let tried = stage.llm.try_out(owner, id).await.unwrap();
        assert_eq!((tried.fault, tried.text.as_str()), (None, SAYS), "{wire:?}");
    }
}

#[tokio::test]
async fn a_model_that_thinks_is_given_room_for_it() {
    let stage = Stage::new().await;
    let (owner, key) = (&stage.two.aurora.owner, &stage.two.aurora.key);
    let asked = |since: usize| stage.server.asked()[since..].iter().map(|asked| asked.most()).collect::<Vec<_>>();
    for wire in Wire::ALL {
        let id = stage.add(owner, *wire, "thinker").await.id;
        stage.server.always(Some(Mishap::Thinks));
        // Found out by the first question, which is asked twice, and known from then on.
        let before = asked(0).len();
        let (said, pieces) = ask(&stage.llm, key).await;
        let said = said.unwrap();
        assert_eq!((said.text.as_str(), text(&pieces).as_str(), said.faults.len()), (SAYS, SAYS, 0), "{wire:?}");
        let words = ModelServer::used(SAYS).output;
        assert_eq!((said.usage.output, said.spent.usage.output), (THOUGHT + words, 2 * THOUGHT + words), "{wire:?}");
        ask_whole(&stage.llm, key).await.unwrap();
        assert_eq!(asked(before), [100, 4_196, 4_196], "{wire:?}");
        // Another process finds it out by itself, also by trying; so does this one where it is another model.
        let before = asked(0).len();
        assert_eq!(stage.process().try_out(owner, id).await.unwrap().text, SAYS, "{wire:?}");
        let change = ModelChange { name: Some("another".to_owned()), ..ModelChange::default() };
        stage.db.clock.advance(Duration::seconds(1));
        stage.llm.change(owner, id, change).await.unwrap();
        ask_whole(&stage.llm, key).await.unwrap();
        assert_eq!(asked(before), [256, 4_352, 100, 4_196], "{wire:?}");
        // Where it says nothing however much room it has, it is asked no third time.
        let before = asked(0).len();
        stage.server.always(Some(Mishap::ThinksOnly));
        assert_eq!(stage.llm.try_out(owner, id).await.unwrap().fault, Some(Fault::Thought), "{wire:?}");
        match ask_whole(&stage.process(), key).await {
            Err(LlmError::Failed(faults, _)) => assert_eq!(faults, [(id, Fault::Thought)], "{wire:?}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(asked(before), [4_352, 100, 4_196], "{wire:?}");
        stage.llm.remove(owner, id).await.unwrap();
    }
}

#[tokio::test]
async fn where_nobody_is_and_where_nobody_may_look_is_told_apart() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    let at = async |llm: &llm::Llm, address: &str| {
        let added = llm.add(owner, model(Wire::OpenAi, address, "small", "")).await.unwrap();
        let fault = llm.try_out(owner, added.id).await.unwrap().fault;
        llm.remove(owner, added.id).await.unwrap();
        fault
    };
    let here = stage.server.address(Wire::OpenAi);
    let nowhere = here.replace("/v1", "/v2");
    assert_eq!(at(&stage.llm, &here).await, None);
    assert_eq!(at(&stage.llm, &nowhere).await, Some(Fault::Address));
    assert_eq!(at(&stage.llm, "http://127.0.0.1:1/v1").await, Some(Fault::Unreachable));
    assert_eq!(at(&stage.guarded(), "https://localhost:1/v1").await, Some(Fault::Private));
    // What may be typed where private networks are open is not asked where they are closed.
    let added = stage.add(owner, Wire::OpenAi, "small").await;
    assert_eq!(stage.guarded().try_out(owner, added.id).await.unwrap().fault, Some(Fault::Address));
    for silent in [Mishap::Silent, Mishap::Endless] {
        stage.server.then([Some(silent)]);
        assert_eq!(stage.hasty().try_out(owner, added.id).await.unwrap().fault, Some(Fault::TooSlow), "{silent:?}");
    }
}

#[tokio::test]
async fn one_that_is_silent_leaves_time_to_the_next_one_and_is_left_alone_in_the_end() {
    let stage = Stage::new().await;
    let (owner, key) = (&stage.two.aurora.owner, &stage.two.aurora.key);
    let first = stage.add(owner, Wire::OpenAi, "first").await.id;
    let short = std::time::Duration::from_millis(600);
    let (llm, turns) = (stage.process(), question());
    let hurried = async || llm.ask(key, &Ask { within: short, ..brief(&turns) }, None).await;
    // Alone it has all of the time. That it was not enough is held against it, though the call was let go in the middle.
    for _ in 0..5 {
        stage.server.then([Some(Mishap::Silent)]);
        match hurried().await {
            Err(LlmError::Failed(faults, spent)) => {
                assert_eq!((faults.as_slice(), spent.calls), ([(first, Fault::TooSlow)].as_slice(), 1));
            }
            other => panic!("{other:?}"),
        }
    }
    match hurried().await {
        Err(LlmError::Failed(faults, spent)) => {
            assert_eq!(faults, [(first, Fault::Busy { after_s: Some(30) })]);
            assert_eq!(spent.calls, 0, "nobody was called");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(stage.server.asked().len(), 5);
    // With another one behind it, it has half.
    let second = stage.add(owner, Wire::OpenAi, "second").await.id;
    stage.server.then([Some(Mishap::Silent)]);
    let (llm, long) = (stage.process(), std::time::Duration::from_secs(4));
    let said = llm.ask(key, &Ask { within: long, ..brief(&turns) }, None).await.unwrap();
    assert_eq!((said.model, said.faults), (second, vec![(first, Fault::TooSlow)]));
}

#[tokio::test]
async fn of_what_a_server_says_when_it_is_tried_the_beginning_is_shown_without_the_key() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    let id = stage.add(owner, Wire::OpenAi, "small").await.id;
    stage.server.says(&format!("I am \u{202e}small. You sent {AURORA}.\n{}", "x".repeat(5_000)));
    let tried = stage.llm.try_out(owner, id).await.unwrap();
    assert!(tried.text.starts_with("I am small. You sent ….") && tried.text.chars().count() == 200, "{tried:?}");
}

#[tokio::test]
async fn the_next_one_answers_where_one_does_not() {
    let stage = Stage::new().await;
    let (owner, key) = (&stage.two.aurora.owner, &stage.two.aurora.key);
    let first = stage.add(owner, Wire::OpenAi, "first").await.id;
    let second = stage.add(owner, Wire::Anthropic, "second").await.id;
    // What helps nobody to ask again: the next one at once.
    for (mishap, fault) in [
        (Mishap::Key, Fault::Key),
        (Mishap::NoModel, Fault::Model),
        (Mishap::Quota, Fault::Quota),
        (Mishap::Busy(Some(6)), Fault::Busy { after_s: Some(6) }),
        (Mishap::Full(6), Fault::Busy { after_s: Some(6) }),
        (Mishap::TooLong, Fault::TooLong),
        (Mishap::Html, Fault::NotAModel),
        (Mishap::Empty, Fault::CutOff),
    ] {
        let before = stage.server.asked().len();
        stage.server.then([Some(mishap), None]);
        let (said, pieces) = ask(&stage.process(), key).await;
        let said = said.unwrap();
        assert_eq!((said.model, said.text.as_str(), said.faults), (second, SAYS, vec![(first, fault)]), "{mishap:?}");
        assert_eq!(text(&pieces), SAYS, "{mishap:?}");
        assert_eq!(stage.server.asked().len() - before, 2, "{mishap:?}");
    }
    // What passes by itself: the same one, two times more at most.
    for mishap in [Mishap::Busy(None), Mishap::Busy(Some(0)), Mishap::Broken, Mishap::CutInToolCall] {
        stage.server.then([Some(mishap), Some(mishap), None]);
        let said = ask(&stage.process(), key).await.0.unwrap();
        assert_eq!((said.model, said.faults.len()), (first, 0), "{mishap:?}");
        let before = stage.server.asked().len();
        stage.server.then([Some(mishap), Some(mishap), Some(mishap), None]);
        let said = ask(&stage.process(), key).await.0.unwrap();
        assert_eq!((said.model, said.faults.len()), (second, 1), "{mishap:?}");
        assert_eq!(stage.server.asked().len() - before, 4, "{mishap:?}");
    }
    // Once words have come, they are withdrawn, and nobody asks it again.
    for mishap in [Mishap::CutInWord, Mishap::CutInLetter, Mishap::NoEnd, Mishap::FailsMidway] {
        stage.server.then([Some(mishap), None]);
        let (said, pieces) = ask(&stage.process(), key).await;
        assert_eq!(said.unwrap().model, second, "{mishap:?}");
        let told = text(&pieces);
        let (before, after) = told.split_once('|').unwrap();
        assert!(SAYS.starts_with(before) && before.starts_with("We serve ") && after == SAYS, "{mishap:?}: {told}");
    }
    // None at all.
    stage.server.then([Some(Mishap::Key), Some(Mishap::Quota)]);
    match ask(&stage.process(), key).await.0 {
        Err(LlmError::Failed(faults, _)) => assert_eq!(faults, [(first, Fault::Key), (second, Fault::Quota)]),
        other => panic!("{other:?}"),
    }
    // One that is off is not asked; in another order another one is first.
    stage.llm.place(owner, second, 0).await.unwrap();
    assert_eq!(ask(&stage.process(), key).await.0.unwrap().model, second);
    let off = ModelChange { on: Some(false), ..ModelChange::default() };
    stage.llm.change(owner, second, off).await.unwrap();
    assert_eq!(ask(&stage.process(), key).await.0.unwrap().model, first);
}

#[tokio::test]
async fn one_that_fails_again_and_again_is_left_alone_for_a_while() {
    let stage = Stage::new().await;
    let (owner, key) = (&stage.two.aurora.owner, &stage.two.aurora.key);
    let ill = ModelServer::start().await;
    ill.always(Some(Mishap::Broken));
    let first =
        stage.llm.add(owner, model(Wire::OpenAi, &ill.address(Wire::OpenAi), "first", AURORA)).await.unwrap().id;
    let second = stage.add(owner, Wire::OpenAi, "second").await.id;
    let busy = Fault::Busy { after_s: None };
    for asked in [3, 5] {
        let said = ask_whole(&stage.llm, key).await.unwrap();
        assert_eq!((said.model, said.faults), (second, vec![(first, busy.clone())]));
        assert_eq!(ill.asked().len(), asked);
    }
    // Left alone, and the neighbour's of the same provider is not.
    let said = ask_whole(&stage.llm, key).await.unwrap();
    assert_eq!((said.model, said.faults), (second, vec![(first, Fault::Busy { after_s: Some(30) })]));
    assert_eq!(ill.asked().len(), 5);
    let neighbour = &stage.two.borealis;
    stage.llm.add(&neighbour.owner, model(Wire::OpenAi, &ill.address(Wire::OpenAi), "first", AURORA)).await.unwrap();
    ill.then([None]);
    ask_whole(&stage.llm, &neighbour.key).await.unwrap();
    assert_eq!(ill.asked().len(), 6);
    // After a while one question tries it.
    stage.db.clock.advance(Duration::seconds(30));
    assert_eq!(ask_whole(&stage.llm, key).await.unwrap().faults, [(first, busy)]);
    assert_eq!(ill.asked().len(), 7);
    ask_whole(&stage.llm, key).await.unwrap();
    assert_eq!(ill.asked().len(), 7);
    stage.db.clock.advance(Duration::seconds(30));
    ill.always(None);
    assert_eq!(ask_whole(&stage.llm, key).await.unwrap().model, first);
    // Whoever tries it out, or changes it, lets it be asked again.
    ill.always(Some(Mishap::Broken));
    for _ in 0..2 {
        ask_whole(&stage.llm, key).await.unwrap();
    }
    ill.always(None);
    assert_eq!(ask_whole(&stage.llm, key).await.unwrap().model, second);
    assert_eq!(stage.llm.try_out(owner, first).await.unwrap().fault, None);
    assert_eq!(ask_whole(&stage.llm, key).await.unwrap().model, first);
}

#[tokio::test]
async fn one_that_says_for_how_long_it_takes_no_more_is_asked_by_nobody_until_then() {
    let stage = Stage::new().await;
    let (owner, key) = (&stage.two.aurora.owner, &stage.two.aurora.key);
    let id = stage.add(owner, Wire::OpenAi, "small").await.id;
    let busy = async |after_s: u32, asked: usize| {
        match ask_whole(&stage.llm, key).await {
            Err(LlmError::Failed(faults, _)) => assert_eq!(faults, [(id, Fault::Busy { after_s: Some(after_s) })]),
            other => panic!("{other:?}"),
        }
        assert_eq!(stage.server.asked().len(), asked);
    };
    stage.server.then([Some(Mishap::Busy(Some(60)))]);
    busy(60, 1).await;
    busy(60, 1).await;
    stage.db.clock.advance(Duration::seconds(59));
    busy(1, 1).await;
    stage.db.clock.advance(Duration::seconds(1));
    assert_eq!(ask_whole(&stage.llm, key).await.unwrap().model, id);
    assert_eq!(stage.server.asked().len(), 2);
    // So is one that says alone when its limit is full again.
    stage.server.then([Some(Mishap::Full(60))]);
    busy(60, 3).await;
    busy(60, 3).await;
    stage.db.clock.advance(Duration::seconds(60));
    assert_eq!(ask_whole(&stage.llm, key).await.unwrap().model, id);
    // Whoever says a day is asked again after ten minutes; and at once, where somebody has tried it by hand.
    stage.server.then([Some(Mishap::Busy(Some(86_400)))]);
    busy(86_400, 5).await;
    busy(600, 5).await;
    stage.db.clock.advance(Duration::minutes(10));
    stage.server.then([Some(Mishap::Busy(Some(600)))]);
    busy(600, 6).await;
    assert_eq!(stage.llm.try_out(owner, id).await.unwrap().fault, None);
    assert_eq!(ask_whole(&stage.llm, key).await.unwrap().model, id);
}

#[tokio::test]
async fn why_a_model_does_not_answer_stands_beside_it_until_it_does() {
    let stage = Stage::new().await;
    let (owner, key) = (&stage.two.aurora.owner, &stage.two.aurora.key);
    let id = stage.add(owner, Wire::OpenAi, "small").await.id;
    let beside = async || {
        let model = stage.llm.list(owner).await.unwrap().into_iter().find(|model| model.id == id).unwrap();
        model.fault.zip(model.failing_since)
    };
    let now = || timestamp(stage.db.services.now());
    assert_eq!(beside().await, None);
    stage.server.then([Some(Mishap::Key)]);
    ask_whole(&stage.llm, key).await.unwrap_err();
    let since = now();
    assert_eq!(beside().await, Some((Fault::Key, since)));
    // The newest reason, since the first failure; that it was left alone is none.
    stage.db.clock.advance(Duration::hours(1));
    stage.server.then(vec![Some(Mishap::Quota); 4]);
    for _ in 0..5 {
        ask_whole(&stage.llm, key).await.unwrap_err();
        assert_eq!(beside().await, Some((Fault::Quota, since)));
    }
    stage.db.clock.advance(Duration::seconds(30));
    ask_whole(&stage.llm, key).await.unwrap();
    assert_eq!(beside().await, None);
    // Also where time ran out over it, and of what was tried by hand.
    stage.server.then([Some(Mishap::Silent)]);
    let turns = question();
    let short = Ask { within: std::time::Duration::from_secs(2), ..brief(&turns) };
    stage.llm.ask(key, &short, None).await.unwrap_err();
    assert_eq!(beside().await, Some((Fault::TooSlow, now())));
    stage.llm.try_out(owner, id).await.unwrap();
    assert_eq!(beside().await, None);
    // Another key, and nothing is known of it; another price, and all is as it was.
    let echo = Fault::Refused("Unknown field \u{201c}most\u{201d}. You sent: …".to_owned());
    let keyed = ModelChange { key: Some(Key::new(AURORA)), ..ModelChange::default() };
    for (change, then) in [(priced(), Some((echo, now()))), (keyed, None)] {
        stage.server.then([Some(Mishap::Refuses)]);
        ask_whole(&stage.llm, key).await.unwrap_err();
        stage.llm.change(owner, id, change).await.unwrap();
        assert_eq!(beside().await, then);
    }
    // What comes of the key that was says nothing of the one that is.
    stage.server.hold(true);
    stage.server.then([Some(Mishap::Key)]);
    let before = stage.server.asked().len();
    let (llm, caller) = (stage.llm.clone(), key.clone());
    let asks = tokio::spawn(async move { ask_whole(&llm, &caller).await });
    stage.server.arrive(before + 1).await;
    stage.db.clock.advance(Duration::seconds(1));
    stage.llm.change(owner, id, ModelChange { key: Some(Key::new(AURORA)), ..ModelChange::default() }).await.unwrap();
    stage.server.hold(false);
    asks.await.unwrap().unwrap_err();
    assert_eq!(beside().await, None);
    // The neighbour's of the same name knows nothing of it all.
    let neighbour = &stage.two.borealis.owner;
    stage.add(neighbour, Wire::OpenAi, "small").await;
    stage.server.then([Some(Mishap::Key)]);
    ask_whole(&stage.llm, key).await.unwrap_err();
    assert!(stage.llm.list(neighbour).await.unwrap()[0].silent().is_none());
}

fn priced() -> ModelChange {
    ModelChange { prices: Some(Some(prices(0, 0))), ..ModelChange::default() }
}
