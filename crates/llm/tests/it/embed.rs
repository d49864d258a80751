//! A model for the search is tried before it is taken, one at a time; what it makes of texts are vectors of one set, paid for as answers are, or a fault
//! in good time.

use crate::stage::{AURORA, BOREALIS, Stage, model, prices};
use llm::{Key, LlmError, MAX_MODELS, MOST_TEXTS, Meant, ModelChange, NewModel, Vectors};
use model::llm::{Fault, Micros, Model, Use, Wire};
use model::{FieldError, ModelId};
use std::time::Duration;
use testkit::{Mishap, ModelServer, NUMBERS, TOKENS, Tenant};
use tokio::task::JoinSet;
use uuid::Uuid;

/// What is known of a model that makes [`NUMBERS`].
const DIMENSIONS: Option<u32> = Some(256);

fn for_search(stage: &Stage, wire: Wire, key: &str) -> NewModel {
    let address = if wire == Wire::Anthropic { String::new() } else { stage.server.address(wire) };
    NewModel { uses: Use::Search, ..model(wire, &address, "embedder", key) }
}

async fn add(stage: &Stage, tenant: &Tenant, wire: Wire) -> Model {
    let key = if tenant.id == stage.two.aurora.id { AURORA } else { BOREALIS };
    stage.llm.add(&tenant.owner, for_search(stage, wire, key)).await.unwrap()
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

async fn embed(stage: &Stage, tenant: &Tenant, meant: Meant) -> Result<Vectors, LlmError> {
    stage.llm.embed(&tenant.key, &texts(["We serve soup.", "Räksmörgås"]), meant).await
}

/// The field that is wrong, and nothing else is.
fn wrong(refused: Result<Model, LlmError>) -> String {
    match refused {
        Err(LlmError::Invalid(errors)) if errors.len() == 1 => {
            let FieldError { field, .. } = &errors[0];
            field.clone()
        }
        other => panic!("{other:?}"),
    }
}

fn fault(refused: Result<Vectors, LlmError>) -> Fault {
    match refused {
        Err(LlmError::Failed(mut faults, _)) => faults.pop().unwrap().1,
        other => panic!("{other:?}"),
    }
}

/// The set of Aurora's that is made after a change.
async fn set_after(stage: &Stage, id: ModelId, change: ModelChange) -> Uuid {
    stage.llm.change(&stage.two.aurora.owner, id, change).await.unwrap();
    embed(stage, &stage.two.aurora, Meant::Passage).await.unwrap().set
}

#[tokio::test]
async fn texts_become_vectors_of_one_set_on_every_wire_that_makes_them() {
    let stage = Stage::new().await;
    let aurora = &stage.two.aurora;
    assert!(matches!(embed(&stage, aurora, Meant::Question).await, Err(LlmError::NoModel)));
    for wire in [Wire::OpenAi, Wire::Gemini] {
        let added = add(&stage, aurora, wire).await;
        assert_eq!((added.uses, added.dimensions), (Use::Search, DIMENSIONS), "{wire:?}");
        let tried = stage.llm.try_out(&aurora.owner, added.id).await.unwrap();
        assert!(tried.fault.is_none() && tried.text.ends_with("(256)"), "{tried:?}");
        let made = embed(&stage, aurora, Meant::Passage).await.unwrap();
        assert_eq!(made.vectors.len(), 2);
        assert!(made.vectors.iter().all(|vector| vector.len() == NUMBERS) && made.vectors[0] != made.vectors[1]);
        // In their order, whatever that of the answer is.
        let other = stage.llm.embed(&aurora.key, &texts(["Räksmörgås"]), Meant::Question).await.unwrap();
        assert_eq!((other.set, &other.vectors[0]), (made.set, &made.vectors[1]));
        let chosen = stage.llm.search_models(aurora.owner.scope()).await.unwrap();
        assert_eq!((chosen.on, chosen.sets), (Some(("embedder".to_owned(), made.set)), vec![made.set]));
        let asked = stage.server.asked().pop().unwrap();
        assert_eq!((asked.wire, asked.key.as_str(), asked.model.as_str()), (wire, AURORA, "embedder"));
        stage.llm.remove(&aurora.owner, added.id).await.unwrap();
    }
    assert_eq!(wrong(stage.llm.add(&aurora.owner, for_search(&stage, Wire::Anthropic, AURORA)).await), "uses");
    // It answers nothing.
    add(&stage, aurora, Wire::OpenAi).await;
    assert!(!stage.llm.ready(&aurora.key).await.unwrap());
    assert!(matches!(crate::stage::ask_whole(&stage.llm, &aurora.key).await, Err(LlmError::NoModel)));
}

#[tokio::test]
async fn what_makes_no_vectors_is_not_taken_and_the_field_that_is_wrong_is_named() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    for (mishap, field) in [
        (Mishap::Key, "key"),
        (Mishap::NoModel, "name"),
        (Mishap::Html, "address"),
        (Mishap::Moved, "address"),
        (Mishap::Plain, "name"),
        (Mishap::Empty, "name"),
        (Mishap::Refuses, "name"),
        (Mishap::Broken, "name"),
    ] {
        stage.server.then([Some(mishap)]);
        let refused = stage.llm.add(owner, for_search(&stage, Wire::OpenAi, AURORA)).await;
        assert!(!format!("{refused:?}").contains(AURORA), "{refused:?}");
        assert_eq!(wrong(refused), field, "{mishap:?}");
    }
    for numbers in [63, 2_001] {
        stage.server.numbers(numbers);
        assert_eq!(wrong(stage.llm.add(owner, for_search(&stage, Wire::OpenAi, AURORA)).await), "name", "{numbers}");
    }
    stage.server.numbers(NUMBERS);
    stage.server.always(Some(Mishap::Silent));
    let hasty = stage.hasty();
    assert_eq!(wrong(hasty.add(owner, for_search(&stage, Wire::OpenAi, AURORA)).await), "address");
    let asked = stage.server.asked().len();
    let private = stage.guarded().add(owner, for_search(&stage, Wire::OpenAi, AURORA)).await;
    assert_eq!((wrong(private), stage.server.asked().len()), ("address".to_owned(), asked));
    assert!(stage.llm.list(owner).await.unwrap().is_empty());
    // One that is off is kept untried, and taken when it is turned on.
    let off = NewModel { on: false, ..for_search(&stage, Wire::OpenAi, AURORA) };
    let off = stage.llm.add(owner, off).await.unwrap();
    assert_eq!((off.dimensions, stage.server.asked().len()), (None, asked));
    let turn = |on| ModelChange { on: Some(on), ..ModelChange::default() };
    assert_eq!(wrong(hasty.change(owner, off.id, turn(true)).await), "address");
    stage.server.always(None);
    assert_eq!(stage.llm.change(owner, off.id, turn(true)).await.unwrap().dimensions, DIMENSIONS);
    // One at a time, also of two that are turned on at once.
    assert_eq!(wrong(stage.llm.add(owner, for_search(&stage, Wire::Gemini, AURORA)).await), "uses");
    stage.llm.change(owner, off.id, turn(false)).await.unwrap();
    let second = NewModel { on: false, ..for_search(&stage, Wire::Gemini, AURORA) };
    let second = stage.llm.add(owner, second).await.unwrap();
    let both =
        tokio::join!(stage.llm.change(owner, off.id, turn(true)), stage.llm.change(owner, second.id, turn(true)));
    assert!(both.0.is_ok() != both.1.is_ok(), "{both:?}");
    assert!(stage.llm.list(owner).await.unwrap().len() < MAX_MODELS);
}

#[tokio::test]
async fn another_model_address_or_length_is_another_set_and_another_key_or_price_is_none() {
    let stage = Stage::new().await;
    let aurora = &stage.two.aurora;
    let id = add(&stage, aurora, Wire::OpenAi).await.id;
    let first = embed(&stage, aurora, Meant::Passage).await.unwrap().set;
    let asked = stage.server.asked().len();
    let priced = ModelChange { prices: Some(Some(prices(1, 0))), ..ModelChange::default() };
    assert_eq!(set_after(&stage, id, priced).await, first);
    assert_eq!(stage.server.asked().len(), asked + 1, "a price is not tried");
    let keyed = ModelChange { key: Some(Key::new("sk-another-key-98765")), ..ModelChange::default() };
    assert_eq!(set_after(&stage, id, keyed).await, first);
    let off = ModelChange { on: Some(false), ..ModelChange::default() };
    stage.llm.change(&aurora.owner, id, off).await.unwrap();
    assert!(matches!(embed(&stage, aurora, Meant::Question).await, Err(LlmError::NoModel)));
    assert_eq!(set_after(&stage, id, ModelChange { on: Some(true), ..ModelChange::default() }).await, first);
    let other = set_after(&stage, id, ModelChange { name: Some("other".to_owned()), ..ModelChange::default() }).await;
    assert_ne!(other, first);
    // It makes other vectors than it did under the same name: none of them counts, until somebody takes it so.
    stage.server.numbers(128);
    assert_eq!(fault(embed(&stage, aurora, Meant::Question).await), Fault::NoVectors);
    let tried = stage.llm.try_out(&aurora.owner, id).await.unwrap();
    assert_eq!(tried.fault, Some(Fault::NoVectors));
    stage.llm.change(&aurora.owner, id, ModelChange { on: Some(false), ..ModelChange::default() }).await.unwrap();
    let longer = set_after(&stage, id, ModelChange { on: Some(true), ..ModelChange::default() }).await;
    assert!(longer != other && longer != first);
    // What answers has no set.
    let answers = ModelChange { uses: Some(Use::All), ..ModelChange::default() };
    assert_eq!(stage.llm.change(&aurora.owner, id, answers).await.unwrap().dimensions, None);
    assert!(stage.llm.search_models(aurora.owner.scope()).await.unwrap().sets.is_empty());
}

#[tokio::test]
async fn what_fails_is_a_fault_a_question_waits_for_no_second_try_and_passages_do() {
    let stage = Stage::new().await;
    let aurora = &stage.two.aurora;
    let id = add(&stage, aurora, Wire::OpenAi).await.id;
    let count = |before: usize| stage.server.asked().len() - before;
    let before = stage.server.asked().len();
    stage.server.then([Some(Mishap::Broken)]);
    assert_eq!(fault(embed(&stage, aurora, Meant::Question).await), Fault::Busy { after_s: None });
    assert_eq!(count(before), 1);
    stage.server.then([Some(Mishap::Broken), Some(Mishap::Broken)]);
    embed(&stage, aurora, Meant::Passage).await.unwrap();
    assert_eq!(count(before), 4);
    for (mishap, expected) in
        [(Mishap::Key, Fault::Key), (Mishap::Quota, Fault::Quota), (Mishap::TooLong, Fault::TooLong)]
    {
        stage.server.then([Some(mishap)]);
        assert_eq!(fault(embed(&stage, aurora, Meant::Passage).await), expected);
    }
    stage.server.always(Some(Mishap::Silent));
    let asked = texts(["Räksmörgås"]);
    assert_eq!(fault(stage.hasty().embed(&aurora.key, &asked, Meant::Question).await), Fault::TooSlow);
    stage.server.is_left().await;
    stage.server.always(None);
    // One that fails again and again is left alone, and nobody waits for it.
    stage.server.always(Some(Mishap::Broken));
    for _ in 0..5 {
        fault(embed(&stage, aurora, Meant::Question).await);
    }
    let before = stage.server.asked().len();
    assert!(matches!(fault(embed(&stage, aurora, Meant::Question).await), Fault::Busy { after_s: Some(_) }));
    assert_eq!(count(before), 0);
    stage.server.always(None);
    stage.llm.try_out(&aurora.owner, id).await.unwrap();
    embed(&stage, aurora, Meant::Question).await.unwrap();
    // Where that begins between two tries of a batch, what is told is why it begins.
    stage.server.always(Some(Mishap::Broken));
    for _ in 0..2 {
        assert_eq!(fault(embed(&stage, aurora, Meant::Passage).await), Fault::Busy { after_s: None });
    }
    // What cannot be sent is refused before anybody is asked.
    for bad in [Vec::new(), texts([" "]), vec!["x".to_owned(); MOST_TEXTS + 1], vec!["x".repeat(400_001)]] {
        assert!(matches!(stage.llm.embed(&aurora.key, &bad, Meant::Passage).await, Err(LlmError::Invalid(_))));
    }
}

#[tokio::test]
async fn why_it_does_not_answer_stands_beside_it_and_what_was_not_taken_says_nothing_of_it() {
    let stage = Stage::new().await;
    let aurora = &stage.two.aurora;
    let id = add(&stage, aurora, Wire::OpenAi).await.id;
    let beside = async || stage.llm.list(&aurora.owner).await.unwrap().pop().unwrap().fault;
    stage.server.then([Some(Mishap::Quota)]);
    assert_eq!(fault(embed(&stage, aurora, Meant::Question).await), Fault::Quota);
    assert_eq!(beside().await, Some(Fault::Quota));
    embed(&stage, aurora, Meant::Question).await.unwrap();
    assert_eq!(beside().await, None);
    stage.server.numbers(128);
    fault(embed(&stage, aurora, Meant::Passage).await);
    assert_eq!(beside().await, Some(Fault::NoVectors));
    stage.server.numbers(NUMBERS);
    stage.llm.try_out(&aurora.owner, id).await.unwrap();
    assert_eq!(beside().await, None);
    // A key that is tried and not taken is not the one that it has.
    stage.server.then([Some(Mishap::Key)]);
    let keyed = ModelChange { key: Some(Key::new("sk-another-key-98765")), ..ModelChange::default() };
    assert_eq!(wrong(stage.llm.change(&aurora.owner, id, keyed).await), "key");
    assert_eq!(beside().await, None);
    // Where it says for how long it takes no more, nobody asks it until then.
    let asked = stage.server.asked().len();
    stage.server.then([Some(Mishap::Busy(Some(60)))]);
    for _ in 0..3 {
        assert_eq!(fault(embed(&stage, aurora, Meant::Question).await), Fault::Busy { after_s: Some(60) });
    }
    assert_eq!(stage.server.asked().len(), asked + 1);
    stage.db.clock.advance(time::Duration::seconds(60));
    embed(&stage, aurora, Meant::Question).await.unwrap();
    assert_eq!((beside().await, stage.server.asked().len()), (None, asked + 2));
}

#[tokio::test]
async fn what_it_costs_is_reserved_settled_and_counted_and_the_budget_holds() {
    let stage = Stage::new().await;
    let aurora = &stage.two.aurora;
    let mut new = for_search(&stage, Wire::OpenAi, AURORA);
    // A token that is asked costs a unit's millionth.
    new.prices = Some(prices(1_000_000, 0));
    let id = stage.llm.add(&aurora.owner, new).await.unwrap().id;
    let tried = i64::try_from(TOKENS).unwrap();
    embed(&stage, aurora, Meant::Passage).await.unwrap();
    let spent = stage.llm.budget(&aurora.owner).await.unwrap();
    assert_eq!((spent.spent, spent.reserved), (Micros(tried * 3), Micros(0)));
    let day = stage.llm.usage(&aurora.owner, 1).await.unwrap().pop().unwrap();
    assert_eq!((day.model, day.calls, day.failures, day.used.input, day.used.output), (id, 2, 0, 15, 0));
    // Where it does not say what it has used, what was reserved is.
    stage.server.then([Some(Mishap::NoUsage)]);
    embed(&stage, aurora, Meant::Passage).await.unwrap();
    let nearly = stage.llm.budget(&aurora.owner).await.unwrap().spent;
    assert!(nearly.0 >= tried * 3 + 32, "{nearly:?}");
    stage.llm.set_budget(&aurora.owner, Some(nearly), 80).await.unwrap();
    let asked = stage.server.asked().len();
    assert!(matches!(embed(&stage, aurora, Meant::Question).await, Err(LlmError::Budget)));
    assert!(matches!(stage.llm.try_out(&aurora.owner, id).await, Err(LlmError::Budget)));
    assert_eq!(stage.server.asked().len(), asked, "nobody is asked");
}

#[tokio::test]
async fn one_tenants_choice_is_its_own() {
    let stage = Stage::new().await;
    let (aurora, borealis) = (&stage.two.aurora, &stage.two.borealis);
    let id = add(&stage, aurora, Wire::OpenAi).await.id;
    assert!(matches!(embed(&stage, borealis, Meant::Question).await, Err(LlmError::NoModel)));
    assert_eq!(stage.llm.search_models(borealis.owner.scope()).await.unwrap(), llm::SearchModels::default());
    let turn = || ModelChange { on: Some(true), uses: Some(Use::Search), ..ModelChange::default() };
    let asked = stage.server.asked().len();
    for foreign in [id, ModelId::from_uuid(Uuid::from_u128(7))] {
        assert!(matches!(stage.llm.change(&borealis.owner, foreign, turn()).await, Err(LlmError::NotFound)));
    }
    assert_eq!(stage.server.asked().len(), asked);
    // Its own beside it, with its own key; and one whose provider fails is left alone for its tenant alone.
    let other = ModelServer::start().await;
    let new = NewModel { address: other.address(Wire::OpenAi), ..for_search(&stage, Wire::OpenAi, BOREALIS) };
    stage.llm.add(&borealis.owner, new).await.unwrap();
    other.always(Some(Mishap::Broken));
    for _ in 0..6 {
        fault(embed(&stage, borealis, Meant::Question).await);
    }
    embed(&stage, aurora, Meant::Question).await.unwrap();
    assert!(stage.server.asked().iter().all(|one| one.key == AURORA));
    assert!(other.asked().iter().all(|one| one.key == BOREALIS));
    // A key as they are made may have questions read, and choose nothing.
    let llm = &stage.llm;
    assert!(matches!(llm.add(&aurora.key, for_search(&stage, Wire::OpenAi, AURORA)).await, Err(LlmError::Denied(_))));
    tokio::time::timeout(Duration::from_secs(60), embed(&stage, aurora, Meant::Passage)).await.unwrap().unwrap();
}

#[tokio::test]
async fn questions_to_a_silent_model_hold_their_share_and_take_nothing_from_the_neighbour() {
    let stage = Stage::new().await;
    let (aurora, borealis) = (&stage.two.aurora, &stage.two.borealis);
    add(&stage, aurora, Wire::OpenAi).await;
    let other = ModelServer::start().await;
    let new = NewModel { address: other.address(Wire::OpenAi), ..for_search(&stage, Wire::OpenAi, BOREALIS) };
    stage.llm.add(&borealis.owner, new).await.unwrap();
    stage.server.always(Some(Mishap::Silent));
    let tried = stage.server.asked().len();
    let mut asks = JoinSet::new();
    for _ in 0..20 {
        let (llm, caller) = (stage.llm.clone(), aurora.key.clone());
        asks.spawn(async move { llm.embed(&caller, &texts(["Soup?"]), Meant::Question).await });
    }
    stage.server.arrive(tried + 8).await;
    assert_eq!(stage.server.asked().len(), tried + 8, "the others wait");
    embed(&stage, borealis, Meant::Question).await.unwrap();
    // Who waited hears in time that there is nothing, as who was asked for does.
    while let Some(made) = asks.join_next().await {
        assert!(matches!(made.unwrap(), Err(LlmError::Busy | LlmError::Failed(..))));
    }
}
