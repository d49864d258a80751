//! A month's budget holds, however many ask at once, and whatever happens to who asks.

use crate::stage::{AURORA, Stage, ask, ask_whole, model, prices};
use llm::{LlmError, ModelChange, Piece};
use model::llm::{Budget, Ended, Fault, Micros, Prices, Usage, Wire};
use testkit::{Mishap, ModelServer, SAYS};
use time::Duration;
use tokio::task::JoinSet;

/// A token of an answer costs a millionth, one that is asked nothing: a hundred may cost a hundred.
async fn at_a_millionth(stage: &Stage, limit: i64) {
    stage.add_at(&stage.two.aurora.owner, 0, 1_000_000).await;
    stage.llm.set_budget(&stage.two.aurora.owner, Some(Micros(limit)), 80).await.unwrap();
}

async fn budget(stage: &Stage) -> Budget {
    stage.llm.budget(&stage.two.aurora.owner).await.unwrap()
}

fn together(budget: &Budget) -> i64 {
    budget.spent.0 + budget.reserved.0
}

/// Until nothing is under way.
async fn settled(stage: &Stage) -> Budget {
    loop {
        let budget = budget(stage).await;
        if budget.reserved == Micros(0) {
            return budget;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn of_fifty_at_once_as_many_are_asked_as_the_month_allows() {
    let stage = Stage::new().await;
    at_a_millionth(&stage, 1_000).await;
    stage.server.always(Some(Mishap::Endless));
    let mut asks = JoinSet::new();
    for _ in 0..50 {
        // Each in a process of its own: the database alone knows of all.
        let (llm, caller) = (stage.process(), stage.two.aurora.key.clone());
        asks.spawn(async move { ask_whole(&llm, &caller).await });
    }
    for _ in 0..40 {
        let refused = asks.join_next().await.unwrap().unwrap();
        assert!(matches!(refused, Err(LlmError::Budget)), "{refused:?}");
    }
    stage.server.arrive(10).await;
    let full = budget(&stage).await;
    assert_eq!((full.limit, full.reserved, full.spent), (Some(Micros(1_000)), Micros(1_000), Micros(0)));
    assert!(matches!(ask_whole(&stage.process(), &stage.two.aurora.key).await, Err(LlmError::Budget)));
    // They go: what had come is spent, nearly, and the rest is free again.
    asks.shutdown().await;
    let after = settled(&stage).await;
    assert!(after.spent <= Micros(10), "{after:?}");
    stage.server.always(None);
    ask_whole(&stage.llm, &stage.two.aurora.key).await.unwrap();
}

#[tokio::test]
async fn what_is_spent_and_reserved_never_exceeds_the_limit() {
    let stage = Stage::new().await;
    at_a_millionth(&stage, 450).await;
    let mut asks = JoinSet::new();
    for _ in 0..50 {
        let (llm, caller) = (stage.process(), stage.two.aurora.key.clone());
        asks.spawn(async move { ask_whole(&llm, &caller).await });
    }
    let mut answered = 0;
    while let Some(said) = asks.join_next().await {
        match said.unwrap() {
            Ok(said) => {
                assert_eq!(said.cost, Some(Micros(6)));
                answered += 1;
            }
            Err(LlmError::Budget) => {}
            Err(other) => panic!("{other:?}"),
        }
        let now = budget(&stage).await;
        assert!(together(&now) <= 450, "{now:?}");
    }
    assert!(answered >= 4);
    // One after the other, until the next one would be too dear.
    loop {
        match ask_whole(&stage.llm, &stage.two.aurora.key).await {
            Ok(_) => answered += 1,
            Err(LlmError::Budget) => break,
            Err(other) => panic!("{other:?}"),
        }
    }
    let end = budget(&stage).await;
    assert_eq!((end.spent, end.reserved), (Micros(6 * answered), Micros(0)));
    assert!(end.spent > Micros(350) && end.spent <= Micros(450), "{end:?}");
    // It has stopped before as much is spent as somebody wanted to hear of: they hear of that, and once.
    assert!(end.alerted && end.spent < Micros(360), "{end:?}");
    assert!(matches!(ask_whole(&stage.llm, &stage.two.aurora.key).await, Err(LlmError::Budget)));
    let told = "select count(*) from app.audit_entries where act = 'budget.alerted'";
    assert_eq!(sqlx::query_scalar::<_, i64>(told).fetch_one(&mut stage.db.superuser().await).await.unwrap(), 1);
    let day = stage.llm.usage(&stage.two.aurora.owner, 1).await.unwrap().remove(0);
    let used = ModelServer::used(SAYS);
    let all = u64::try_from(answered).unwrap();
    assert_eq!((day.calls, day.failures, day.cost), (all, 0, Some(end.spent)));
    assert_eq!(day.used, Usage { input: used.input * all, cached: used.cached * all, output: used.output * all });
}

#[tokio::test]
async fn what_costs_nothing_goes_on_when_the_budget_is_spent() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    at_a_millionth(&stage, 99).await;
    assert!(matches!(ask_whole(&stage.llm, owner).await, Err(LlmError::Budget)));
    assert!(stage.server.asked().is_empty(), "nobody was asked");
    let free = stage.add_at(owner, 0, 0).await;
    let said = ask_whole(&stage.llm, owner).await.unwrap();
    assert_eq!((said.model, said.cost, said.faults.len()), (free.id, Some(Micros(0)), 0));
}

#[tokio::test]
async fn a_server_that_ends_in_the_middle_leaves_what_it_had_reserved_as_spent() {
    let stage = Stage::new().await;
    at_a_millionth(&stage, 1_000).await;
    let tenant = stage.two.aurora.id.uuid();
    let left = [
        "update app.model_budgets set reserved = 300 where tenant_id = $1 and $2::uuid is not null and $3 is not null",
        "insert into app.model_calls (tenant_id, call_id, month, micros, leased_until) values ($1, $2, date '2026-11-01', 300, $3)",
    ];
    let until = stage.db.services.now() + Duration::minutes(5);
    for sql in left {
        let left = sqlx::query(sql).bind(tenant).bind(stage.db.services.new_id()).bind(until);
        left.execute(&mut stage.db.superuser().await).await.unwrap();
    }
    assert_eq!(together(&budget(&stage).await), 300);
    assert_eq!(budget(&stage).await.reserved, Micros(300));
    stage.db.clock.advance(Duration::minutes(5));
    for _ in 0..2 {
        let now = budget(&stage).await;
        assert_eq!((now.spent, now.reserved), (Micros(300), Micros(0)));
    }
}

#[tokio::test]
async fn where_it_is_dearer_that_a_provider_remembers_so_much_is_reserved() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    let mut new = model(Wire::OpenAi, &stage.server.address(Wire::OpenAi), "priced", AURORA);
    new.prices = Some(Prices { cached: Micros(1_000_000), ..prices(0, 0) });
    stage.llm.add(owner, new).await.unwrap();
    stage.llm.set_budget(owner, Some(Micros(40)), 80).await.unwrap();
    // The question has 41 tokens, nearly.
    assert!(matches!(ask_whole(&stage.llm, owner).await, Err(LlmError::Budget)));
    stage.llm.set_budget(owner, Some(Micros(41)), 80).await.unwrap();
    assert_eq!(ask_whole(&stage.llm, owner).await.unwrap().cost, Some(Micros(4)));
}

#[tokio::test]
async fn what_was_sent_and_not_answered_in_time_counts_in_full_and_what_was_refused_costs_nothing() {
    let stage = Stage::new().await;
    at_a_millionth(&stage, 1_000).await;
    let key = &stage.two.aurora.key;
    for refused in [Mishap::Key, Mishap::Html, Mishap::Moved] {
        stage.server.then([Some(refused)]);
        assert!(matches!(ask_whole(&stage.llm, key).await, Err(LlmError::Failed(..))));
        assert_eq!(together(&budget(&stage).await), 0, "{refused:?}");
    }
    // Who was silent may have written all of it, and may bill it.
    stage.server.then([Some(Mishap::Silent)]);
    assert!(matches!(ask_whole(&stage.hasty(), key).await, Err(LlmError::Failed(..))));
    let now = budget(&stage).await;
    assert_eq!((now.spent, now.reserved), (Micros(100), Micros(0)));
}

#[tokio::test]
async fn who_answers_whole_where_events_were_asked_for_is_paid_all_the_same() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    stage.llm.set_budget(owner, Some(Micros(10_000)), 80).await.unwrap();
    stage.server.always(Some(Mishap::Plain));
    for wire in Wire::ALL {
        let mut new = model(*wire, &stage.server.address(*wire), "priced", AURORA);
        new.prices = Some(prices(0, 1_000_000));
        let id = stage.llm.add(owner, new).await.unwrap().id;
        let before = budget(&stage).await.spent.0;
        let failed = ask_whole(&stage.llm, owner).await.unwrap_err();
        assert!(matches!(&failed, LlmError::Failed(faults, _) if faults[..] == [(id, Fault::NotAModel)]), "{failed:?}");
        let now = budget(&stage).await;
        assert_eq!((now.spent.0 - before, now.reserved), (6, Micros(0)), "{wire:?}");
        assert_eq!(failed.spent().and_then(|spent| spent.cost), Some(Micros(6)), "{wire:?}");
        let days = stage.llm.usage(owner, 1).await.unwrap();
        let day = days.iter().find(|day| day.model == id).unwrap();
        assert_eq!((day.calls, day.failures, day.used), (1, 1, ModelServer::used(SAYS)), "{wire:?}");
        stage.llm.remove(owner, id).await.unwrap();
    }
}

#[tokio::test]
async fn of_a_server_that_says_more_than_it_was_asked_for_no_more_is_heard_or_counted() {
    let stage = Stage::new().await;
    at_a_millionth(&stage, 1_000).await;
    stage.server.always(Some(Mishap::Huge));
    // A hundred tokens were asked for, and set aside: eight bytes are heard of each, and three of them count as one.
    let (said, pieces) = ask(&stage.llm, &stage.two.aurora.key).await;
    let said = said.unwrap();
    assert_eq!(
        (said.text.as_str(), said.ended, said.cost),
        ("x".repeat(800).as_str(), Ended::Length, Some(Micros(267)))
    );
    assert_eq!(pieces, [Piece::Text(said.text)]);
    assert_eq!(together(&budget(&stage).await), 267);
    let mut spent = 267;
    while ask_whole(&stage.llm, &stage.two.aurora.key).await.is_ok() {
        spent += 267;
        assert_eq!(together(&budget(&stage).await), spent);
    }
    assert!(matches!(ask_whole(&stage.llm, &stage.two.aurora.key).await, Err(LlmError::Budget)));
    // The limit is passed by what one answer has more than was set aside for it, and no further.
    assert_eq!(spent, 4 * 267);
    assert!(stage.server.sent() < 4 * 16 * 1024 * 1024);
}

#[tokio::test]
async fn an_answer_has_cost_what_all_calls_for_it_have_cost() {
    let stage = Stage::new().await;
    at_a_millionth(&stage, 10_000).await;
    let (owner, key) = (&stage.two.aurora.owner, &stage.two.aurora.key);
    let alone = ask_whole(&stage.llm, key).await.unwrap();
    assert_eq!((alone.spent.calls, alone.spent.usage, alone.spent.cost), (1, alone.usage, alone.cost));
    // A first model that breaks off in the middle of its answer, then the second.
    let second = stage.add_at(owner, 0, 1_000_000).await.id;
    let before = budget(&stage).await.spent;
    stage.server.then([Some(Mishap::CutInWord), None]);
    let said = ask_whole(&stage.llm, key).await.unwrap();
    let spent = budget(&stage).await.spent.0 - before.0;
    assert_eq!((said.model, said.cost, said.spent.calls), (second, Some(Micros(6)), 2));
    assert!(spent > 6 && said.spent.cost == Some(Micros(spent)), "{said:?} {spent}");
    assert!(said.spent.usage.output > said.usage.output, "{said:?}");
    // None has answered, and one of them may bill it all the same.
    let before = budget(&stage).await.spent;
    stage.server.then([Some(Mishap::Silent), Some(Mishap::Key)]);
    let failed = ask_whole(&stage.hasty(), key).await.unwrap_err();
    let spent = budget(&stage).await.spent.0 - before.0;
    assert_eq!(failed.spent().map(|spent| (spent.calls, spent.cost)), Some((2, Some(Micros(spent)))));
    assert_eq!(spent, 100);
}

#[tokio::test]
async fn each_month_begins_anew_and_what_was_begun_before_is_not_in_it() {
    let stage = Stage::new().await;
    at_a_millionth(&stage, 106).await;
    let key = &stage.two.aurora.key;
    ask_whole(&stage.llm, key).await.unwrap();
    stage.server.then([Some(Mishap::Endless)]);
    let (llm, caller) = (stage.process(), key.clone());
    let endless = tokio::spawn(async move { ask_whole(&llm, &caller).await });
    stage.server.arrive(2).await;
    let november = budget(&stage).await;
    assert_eq!((november.month.as_str(), november.spent, november.reserved), ("2026-11", Micros(6), Micros(100)));
    assert!(matches!(ask_whole(&stage.llm, key).await, Err(LlmError::Budget)));
    stage.db.clock.advance(Duration::days(10));
    let december = budget(&stage).await;
    assert_eq!((december.month.as_str(), together(&december)), ("2026-12", 0));
    ask_whole(&stage.llm, key).await.unwrap();
    endless.abort();
    stage.server.is_left().await;
    let december = settled(&stage).await;
    assert_eq!((december.month.as_str(), december.spent), ("2026-12", Micros(6)));
}

#[tokio::test]
async fn without_prices_tokens_are_counted_and_no_budget_can_be_set() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    let id = stage.add(owner, Wire::OpenAi, "small").await.id;
    assert_eq!(ask_whole(&stage.llm, owner).await.unwrap().cost, None);
    let day = stage.llm.usage(owner, 1).await.unwrap().remove(0);
    assert_eq!((day.day.as_str(), day.model, day.cost, day.used), ("2026-11-21", id, None, ModelServer::used(SAYS)));
    let told = |refused: Result<Budget, LlmError>| match refused {
        Err(LlmError::Invalid(errors)) => (errors[0].field.clone(), errors[0].message.to_string()),
        other => panic!("{other:?}"),
    };
    let (field, sentence) = told(stage.llm.set_budget(owner, Some(Micros(1)), 80).await);
    assert!(field == "limit" && sentence.contains("small"), "{field} {sentence}");
    assert_eq!(told(stage.llm.set_budget(owner, Some(Micros(-1)), 80).await).0, "limit");
    assert_eq!(told(stage.llm.set_budget(owner, None, 0).await).0, "alert_at");
    // One that is off asks nothing; with a budget none without prices is turned on, or added.
    let on = |on| ModelChange { on: Some(on), ..ModelChange::default() };
    stage.llm.change(owner, id, on(false)).await.unwrap();
    assert_eq!(stage.llm.set_budget(owner, Some(Micros(1)), 80).await.unwrap().limit, Some(Micros(1)));
    let refused = stage.llm.change(owner, id, on(true)).await;
    assert!(matches!(&refused, Err(LlmError::Invalid(errors)) if errors[0].field == "input"), "{refused:?}");
    let refused = stage.llm.add(owner, model(Wire::OpenAi, "", "other", AURORA)).await;
    assert!(matches!(&refused, Err(LlmError::Invalid(errors)) if errors[0].field == "input"), "{refused:?}");
    let priced = ModelChange { on: Some(true), prices: Some(Some(prices(1, 1))), ..ModelChange::default() };
    stage.llm.change(owner, id, priced).await.unwrap();
    stage.llm.set_budget(owner, None, 80).await.unwrap();
}

#[tokio::test]
async fn somebody_is_told_once_when_most_is_spent() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    stage.add_at(owner, 0, 1_000_000).await;
    // Six each time, of which a hundred are reserved before.
    stage.llm.set_budget(owner, Some(Micros(120)), 10).await.unwrap();
    let told = async || {
        let count = "select count(*) from app.audit_entries where act = 'budget.alerted'";
        sqlx::query_scalar::<_, i64>(count).fetch_one(&mut stage.db.superuser().await).await.unwrap()
    };
    ask_whole(&stage.llm, owner).await.unwrap();
    assert_eq!((told().await, budget(&stage).await.alerted), (0, false));
    for _ in 0..2 {
        ask_whole(&stage.llm, owner).await.unwrap();
        assert_eq!((told().await, budget(&stage).await.alerted), (1, true));
    }
    // In the next month anew.
    stage.db.clock.advance(Duration::days(10));
    assert!(!budget(&stage).await.alerted);
    for _ in 0..2 {
        ask_whole(&stage.llm, owner).await.unwrap();
    }
    assert_eq!(told().await, 2);
}

#[tokio::test]
async fn somebody_is_told_once_however_many_pass_the_line_at_once() {
    let stage = Stage::new().await;
    at_a_millionth(&stage, 1_000).await;
    // The second of ten that cost six each passes it.
    let owner = &stage.two.aurora.owner;
    stage.llm.set_budget(owner, Some(Micros(1_000)), 1).await.unwrap();
    stage.server.hold(true);
    let mut asks = JoinSet::new();
    for _ in 0..10 {
        let (llm, caller) = (stage.process(), stage.two.aurora.key.clone());
        asks.spawn(async move { ask_whole(&llm, &caller).await });
    }
    stage.server.arrive(10).await;
    assert!(!budget(&stage).await.alerted);
    stage.server.hold(false);
    while let Some(said) = asks.join_next().await {
        said.unwrap().unwrap();
    }
    let now = budget(&stage).await;
    assert_eq!((now.spent, now.reserved, now.alerted), (Micros(60), Micros(0), true));
    for told in [
        "select count(*) from app.audit_entries where act = 'budget.alerted'",
        "select count(*) from app.jobs where kind = 'tell_of_budget'",
    ] {
        let times: i64 = sqlx::query_scalar(told).fetch_one(&mut stage.db.superuser().await).await.unwrap();
        assert_eq!(times, 1, "{told}");
    }
}
