//! Which model is asked first, what it costs on which day, and what is known of that later.

use crate::stage::{AURORA, Stage, ask_whole, brief, model, prices, question};
use llm::{LlmError, MAX_PRICES, ModelChange, Said, Span};
use model::llm::{Fault, Micros, Model, Prices, Usage, Use, Wire};
use model::{ConversationId, FieldError};
use testkit::{Mishap, ModelServer, SAYS, Tenant};
use time::Duration;
use time::macros::date;
use uuid::Uuid;

/// Asks a question that is simple, or is not.
async fn ask(stage: &Stage, simple: bool) -> Said {
    let turns = question();
    let ask = llm::Ask { simple, ..brief(&turns) };
    stage.process().ask(&stage.two.aurora.key, &ask, None).await.unwrap()
}

async fn uses(stage: &Stage, model: &Model, uses: Use) {
    let change = ModelChange { uses: Some(uses), ..ModelChange::default() };
    assert_eq!(stage.llm.change(&stage.two.aurora.owner, model.id, change).await.unwrap().uses, uses);
}

#[tokio::test]
async fn those_for_simple_questions_are_asked_first_of_these_and_last_of_others() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    let large = stage.add(owner, Wire::OpenAi, "large").await;
    let small = stage.add(owner, Wire::Anthropic, "small").await;
    assert_eq!((large.uses, small.uses), (Use::All, Use::All));
    let of = |said: Said| (said.name, said.simple, said.faults.into_iter().map(|(id, _)| id).collect::<Vec<_>>());
    // As long as none is for simple ones alone, their order counts.
    assert_eq!(of(ask(&stage, true).await), ("large".to_owned(), false, vec![]));
    uses(&stage, &small, Use::Simple).await;
    assert_eq!(of(ask(&stage, true).await), ("small".to_owned(), true, vec![]));
    assert_eq!(of(ask(&stage, false).await), ("large".to_owned(), false, vec![]));
    // Whoever is first and does not answer, the others do.
    stage.server.then([Some(Mishap::Key)]);
    assert_eq!(of(ask(&stage, true).await), ("large".to_owned(), true, vec![small.id]));
    stage.server.then([Some(Mishap::Key)]);
    assert_eq!(of(ask(&stage, false).await), ("small".to_owned(), false, vec![large.id]));
    // Where there is no other one it answers everything, and nothing was decided.
    let off = ModelChange { on: Some(false), ..ModelChange::default() };
    stage.llm.change(owner, large.id, off).await.unwrap();
    for simple in [true, false] {
        assert_eq!(of(ask(&stage, simple).await), ("small".to_owned(), false, vec![]));
    }
}

/// From a day on a token of an answer costs so many millionths.
fn at(output: i64, since: &str) -> ModelChange {
    let prices = Prices { since: since.to_owned(), ..prices(0, output * 1_000_000) };
    ModelChange { prices: Some(Some(prices)), ..ModelChange::default() }
}

fn history(model: &Model) -> Vec<(i64, &str)> {
    model.price_history.iter().map(|one| (one.output.0 / 1_000_000, one.since.as_str())).collect()
}

#[tokio::test]
async fn what_is_asked_on_a_day_costs_what_was_said_for_it() {
    let stage = Stage::new().await;
    let (owner, key) = (&stage.two.aurora.owner, &stage.two.aurora.key);
    let id = stage.add_at(owner, 0, 1_000_000).await.id;
    let change = async |change| stage.llm.change(owner, id, change).await;
    let spent = || async { ask_whole(&stage.llm, key).await.unwrap().cost.unwrap().0 };
    assert_eq!(spent().await, 6);
    // What is to come counts when it has.
    let told = change(at(2, "2026-12-01")).await.unwrap();
    assert_eq!(history(&told), [(1, "2026-11-21"), (2, "2026-12-01")]);
    assert_eq!(told.prices.as_ref().unwrap().since, "2026-11-21");
    assert_eq!(told.next_prices().unwrap().since, "2026-12-01");
    assert_eq!(spent().await, 6);
    stage.db.clock.advance(Duration::days(10));
    assert_eq!(spent().await, 12);
    let now = stage.llm.list(owner).await.unwrap().remove(0);
    assert_eq!((now.prices.as_ref().unwrap().since.as_str(), now.next_prices()), ("2026-12-01", None));
    let november = stage.llm.usage_of(owner, Span::Month(date!(2026 - 11 - 30))).await.unwrap();
    assert_eq!(november.iter().map(|day| day.cost).collect::<Vec<_>>(), [Some(Micros(12))], "as it was");
    // Days that are gone keep theirs; today has another one at once.
    let refused = change(at(9, "2026-11-30")).await;
    assert!(matches!(&refused, Err(LlmError::Invalid(errors)) if errors[0].field == "since"), "{refused:?}");
    assert_eq!(history(&change(at(3, "")).await.unwrap()), [(1, "2026-11-21"), (3, "2026-12-01")]);
    assert_eq!(spent().await, 18);
    // What is known already is not said twice.
    assert_eq!(history(&change(at(3, "2026-12-05")).await.unwrap()).len(), 2);
    let acts = "select count(*) from app.audit_entries where after::text like '%prices%'";
    let written = async || sqlx::query_scalar::<_, i64>(acts).fetch_one(&mut stage.db.superuser().await).await.unwrap();
    assert_eq!(written().await, 3, "added, to come, changed");
    let none = ModelChange { prices: Some(None), ..ModelChange::default() };
    let none = change(none).await.unwrap();
    assert!(none.prices.is_none() && none.price_history.is_empty(), "{none:?}");
    assert_eq!(ask_whole(&stage.llm, key).await.unwrap().cost, None);
}

#[tokio::test]
async fn fifty_prices_are_known_and_one_to_come_is_none_of_today() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    let id = stage.add_at(owner, 0, 1_000_000).await.id;
    let today = date!(2026 - 11 - 21);
    let fields = |refused: Result<Model, LlmError>| match refused {
        Err(LlmError::Invalid(errors)) => errors.into_iter().map(|FieldError { field, .. }| field).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    for n in 1..MAX_PRICES {
        let n = i64::try_from(n).unwrap();
        let since = (today + Duration::days(n)).to_string();
        stage.llm.change(owner, id, at(n + 1, &since)).await.unwrap();
    }
    let full = stage.llm.change(owner, id, at(1_000, "2027-10-01")).await;
    assert_eq!(fields(full), ["since"]);
    assert_eq!(stage.llm.list(owner).await.unwrap()[0].price_history.len(), MAX_PRICES);
    // Of those that are over the first one makes room.
    stage.db.clock.advance(Duration::days(2));
    let told = stage.llm.change(owner, id, at(1_000, "2027-10-01")).await.unwrap();
    assert_eq!((told.price_history.len(), told.price_history[0].since.as_str()), (MAX_PRICES, "2026-11-22"));

    // What costs something from tomorrow on alone costs nothing that is known today: no budget goes with it.
    let mut new = model(Wire::OpenAi, "", "to-come", AURORA);
    new.prices = Some(Prices { since: "2027-01-01".to_owned(), ..prices(1, 1) });
    let added = stage.llm.add(owner, new.clone()).await.unwrap();
    assert_eq!((added.prices.clone(), added.next_prices().unwrap().since.as_str()), (None, "2027-01-01"));
    let refused = stage.llm.set_budget(owner, Some(Micros(1)), 80).await;
    assert!(matches!(&refused, Err(LlmError::Invalid(errors)) if errors[0].field == "limit"), "{refused:?}");
    stage.llm.remove(owner, added.id).await.unwrap();
    stage.llm.set_budget(owner, Some(Micros(1)), 80).await.unwrap();
    assert_eq!(fields(stage.llm.add(owner, new).await), ["input"]);
    let left = "select count(*) from app.model_prices";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&mut stage.db.superuser().await).await.unwrap();
    assert_eq!(left, 50, "those of what was removed, and of what was not added, are gone");
}

/// A conversation of a tenant's.
async fn conversation(stage: &Stage, tenant: &Tenant) -> ConversationId {
    let id = stage.db.services.new_id();
    for sql in [
        "insert into app.contacts (tenant_id, contact_id, name, created_at) values ($1, $2, 'Ann', $3)",
        "insert into app.conversations (tenant_id, conversation_id, contact_id, state, handler, fence, last_seq, answered_seq,
           last_message_id, created_at, updated_at) values ($1, $2, $2, 'open', 'assistant', 0, 1, 0, $2, $3, $3)",
    ] {
        let insert = sqlx::query(sql).bind(tenant.id.uuid()).bind(id).bind(stage.db.services.now());
        insert.execute(&mut stage.db.superuser().await).await.unwrap();
    }
    ConversationId::from_uuid(id)
}

async fn ask_in(stage: &Stage, tenant: &Tenant, conversation: ConversationId) -> Result<Said, LlmError> {
    let turns = question();
    let ask = llm::Ask { conversation: Some(conversation), ..brief(&turns) };
    stage.llm.ask(&tenant.key, &ask, None).await
}

#[tokio::test]
async fn what_is_asked_for_a_conversation_is_counted_there() {
    let stage = Stage::new().await;
    let (aurora, borealis) = (&stage.two.aurora, &stage.two.borealis);
    let owner = &aurora.owner;
    stage.add_at(owner, 0, 1_000_000).await;
    let (one, other) = (conversation(&stage, aurora).await, conversation(&stage, aurora).await);
    for conversation in [one, one, other] {
        ask_in(&stage, aurora, conversation).await.unwrap();
    }
    stage.server.then([Some(Mishap::Key)]);
    let refused = ask_in(&stage, aurora, one).await;
    assert!(matches!(&refused, Err(LlmError::Failed(faults, _)) if faults[0].1 == Fault::Key), "{refused:?}");
    stage.db.clock.advance(Duration::days(10));
    ask_in(&stage, aurora, one).await.unwrap();
    let used = ModelServer::used(SAYS);
    let times = |n: u64| Usage { input: used.input * n, cached: used.cached * n, output: used.output * n };
    let all = stage.llm.usage_in(owner, one).await.unwrap();
    assert_eq!((all.conversation_id, all.calls, all.used, all.cost), (one, 4, times(3), Some(Micros(18))));
    // Month by month, the dearest first.
    let dearest = async |month, most| {
        let all = stage.llm.dearest(owner, month, most).await.unwrap();
        all.into_iter().map(|one| (one.conversation_id, one.cost.unwrap().0)).collect::<Vec<_>>()
    };
    assert_eq!(dearest(date!(2026 - 11 - 03), 10).await, [(one, 12), (other, 6)]);
    assert_eq!(dearest(date!(2026 - 11 - 03), 1).await, [(one, 12)]);
    assert_eq!(dearest(date!(2026 - 12 - 31), 10).await, [(one, 6)]);
    assert!(dearest(date!(2026 - 10 - 31), 10).await.is_empty());

    // Another tenant's is none; nor is anything written to it.
    let theirs = conversation(&stage, borealis).await;
    ask_in(&stage, aurora, theirs).await.unwrap();
    assert!(matches!(stage.llm.usage_in(owner, theirs).await, Err(LlmError::NotFound)));
    assert!(matches!(
        stage.llm.usage_in(owner, ConversationId::from_uuid(Uuid::from_u128(7))).await,
        Err(LlmError::NotFound)
    ));
    assert_eq!(stage.llm.usage_in(&borealis.owner, theirs).await.unwrap().calls, 0);
    assert!(matches!(stage.llm.usage_in(&aurora.key, one).await, Err(LlmError::Denied(_))));
    // One that goes takes what was counted with it; what is asked for it all the same is settled.
    let gone = sqlx::query("delete from app.conversations where conversation_id = $1").bind(one.uuid());
    gone.execute(&mut stage.db.superuser().await).await.unwrap();
    assert!(matches!(stage.llm.usage_in(owner, one).await, Err(LlmError::NotFound)));
    ask_in(&stage, aurora, one).await.unwrap();
    let budget = stage.llm.budget(owner).await.unwrap();
    assert_eq!((budget.spent, budget.reserved), (Micros(18), Micros(0)), "this month's three");
}

#[tokio::test]
async fn days_are_forgotten_after_25_months_a_part_at_a_time() {
    let stage = Stage::new().await;
    let tenant = stage.two.aurora.id.uuid();
    for sql in [
        "insert into app.model_days (tenant_id, day, model_id, name, calls, failures, input, cached, output)
         select $1, date '2024-10-31', gen_random_uuid(), 'old', 1, 0, 1, 0, 1 from generate_series(1, 2500)",
        "insert into app.model_days (tenant_id, day, model_id, name, calls, failures, input, cached, output)
         values ($1, date '2024-11-01', gen_random_uuid(), 'kept', 1, 0, 1, 0, 1)",
        "insert into app.answer_days (tenant_id, day, by_model, built_in)
         values ($1, date '2024-10-31', 1, 1), ($1, date '2024-11-01', 1, 1)",
    ] {
        sqlx::query(sql).bind(tenant).execute(&mut stage.db.superuser().await).await.unwrap();
    }
    assert_eq!(stage.llm.delete_old_usage().await.unwrap(), 2_501);
    assert_eq!(stage.llm.delete_old_usage().await.unwrap(), 0);
    let month = Span::Month(date!(2024 - 11 - 01));
    assert_eq!(stage.llm.usage_of(&stage.two.aurora.owner, month).await.unwrap()[0].name, "kept");
    stage.db.clock.advance(Duration::days(10));
    assert_eq!(stage.llm.delete_old_usage().await.unwrap(), 2);
}
