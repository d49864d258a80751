//! Which model is asked, what that costs and who is told of it; and what neighbours notice of a tenant whose models are slow or refuse.

use crate::composed::new_model;
use crate::harness::{Ask, NEVER, TestServer, letters_to};
use assistant::NewTool;
use conversations::{MessagesFrom, NewMessage};
use llm::{Key, NewModel};
use model::conversation::{Author, Message};
use model::llm::{Micros, Use, Wire};
use model::tool::ToolMethod;
use serde_json::{Value, json};
use std::time::Duration as Wait;
use store::jobs::Slots;
use store::services::Clock as _;
use testkit::{Mail, Mailbox, Mishap, ModelServer, Tenant};
use time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

const RETURNS: &str = "# Returns\n\nLamps may be returned within sixty days of delivery.\n";
/// To which the document clearly answers.
const SIMPLE: &str = "How long may I return lamps?";
const SEVERAL: &str = "How long may I return lamps? Is it within sixty days of delivery, or more?";
const SAYS: &str = "You may return lamps within sixty days of delivery [1].";
const TOLD: &str = "You may return lamps within sixty days of delivery.";
const USAGE: &str = "/dashboard/assistant/usage";

async fn stage() -> TestServer {
    let server = TestServer::with(|config| config.outbound.private_addresses = true).await;
    server.execute("update app.api_keys set scopes = scopes || '{assistant.manage,audit.read}'").await;
    server
}

async fn model() -> ModelServer {
    let model = ModelServer::start().await;
    model.says(SAYS);
    model
}

/// Has a tenant ask a model at this server.
async fn add(server: &TestServer, model: &ModelServer, tenant: &Tenant, name: &str, uses: Use) {
    let new = NewModel { key: Key::default(), uses, ..new_model(model, name) };
    server.capabilities().llm.add(&tenant.owner, new).await.unwrap();
}

async fn said(server: &TestServer, tenant: &Tenant, id: &str) -> Vec<Message> {
    let all = MessagesFrom::After(0);
    server.conversations().messages(&tenant.key, id.parse().unwrap(), all, None).await.unwrap().data
}

async fn get(server: &TestServer, path: &str) -> Value {
    let answer = server.ask(Ask::get(path).key(&server.two.aurora)).await;
    assert_eq!(answer.status, 200, "{path}: {answer}");
    answer.json()
}

#[tokio::test]
async fn a_simple_question_goes_to_the_model_for_those_and_the_receipt_says_why() {
    let (server, model) = (stage().await, model().await);
    let aurora = &server.two.aurora;
    server.new_document(aurora, RETURNS).await;
    add(&server, &model, aurora, "large", Use::All).await;
    add(&server, &model, aurora, "small", Use::Simple).await;
    let why = "The question is simple, so a model for simple questions was asked first";
    for (question, name) in [(SIMPLE, "small"), (SEVERAL, "large")] {
        let body = json!({ "question": question }).to_string();
        let answer = server.ask(Ask::post("/api/v1/answers").body("application/json", body).key(aurora)).await;
        assert_eq!((answer.status, &answer.json()["model"]), (200, &json!(name)), "{question}: {answer}");
        let receipt = answer.json()["receipt_id"].as_str().unwrap().to_owned();
        let receipt = get(&server, &format!("/api/v1/answers/{receipt}")).await;
        assert_eq!(receipt.to_string().contains(why), name == "small", "{question}: {receipt}");
    }
    // The same in a conversation; where something was said before, it is simple no more.
    let id = server.new_conversation(aurora, SIMPLE).await;
    server.do_jobs().await;
    let new = NewMessage { text: SIMPLE.to_owned(), client_id: "again".to_owned() };
    server.conversations().pass_on(&aurora.key, id.parse().unwrap(), &new).await.unwrap();
    server.do_jobs().await;
    let asked: Vec<String> = model.asked().into_iter().map(|one| one.model).collect();
    assert_eq!(asked, ["small", "large", "small", "large"]);
    // Nor where a tool of the company's own may be called for it.
    let new = NewTool {
        name: "stock".to_owned(),
        description: "What is there.".to_owned(),
        method: ToolMethod::Get,
        address: "http://127.0.0.1:1/stock".to_owned(),
        parameters: String::new(),
        header: String::new(),
        secret: Key::default(),
        on: true,
        in_conversations: true,
    };
    server.capabilities().assistant.add_tool(&aurora.owner, new).await.unwrap();
    server.new_conversation(aurora, SIMPLE).await;
    server.do_jobs().await;
    assert_eq!(model.asked().pop().unwrap().model, "large");
}

#[tokio::test]
async fn what_was_used_is_shown_by_month_day_model_and_conversation() {
    let (server, model) = (stage().await, model().await);
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    server.new_document(aurora, RETURNS).await;
    let empty = server.ask(Ask::get(USAGE).session(aurora)).await;
    assert!(empty.status == 200 && empty.body.contains("No answers were given."), "{empty}");
    add(&server, &model, aurora, "@small", Use::All).await;
    let id = server.new_conversation(aurora, SIMPLE).await;
    server.do_jobs().await;
    assert_eq!(said(&server, aurora, &id).await.pop().unwrap().text, TOLD);
    // One that the built-in answerer gives.
    let other = server.new_conversation(aurora, "Who won the world cup in 1998?").await;
    server.do_jobs().await;

    let used = ModelServer::used(SAYS);
    let cost = i64::try_from(used.input - used.cached + used.output * 2).unwrap() * 10;
    let cost = (cost + i64::try_from(used.cached).unwrap() + 9) / 10;
    let usage = get(&server, &format!("/api/v1/conversations/{id}/usage")).await;
    let tokens = json!({ "input": used.input, "cached": used.cached, "output": used.output });
    assert_eq!(usage, json!({ "conversation_id": id, "calls": 1, "used": tokens, "cost": cost }));
    assert_eq!(get(&server, &format!("/api/v1/conversations/{other}/usage")).await["calls"], 0);
    let dearest = get(&server, "/api/v1/model-usage/conversations").await;
    assert_eq!((&dearest["data"][0], dearest["data"].as_array().unwrap().len()), (&usage, 1));
    let now = server.db.clock.now();
    let month = format!("{:04}-{:02}", now.year(), u8::from(now.month()));
    let address = model.address(Wire::OpenAi);
    let provider = address.strip_prefix("http://").unwrap().strip_suffix("/v1").unwrap();
    let day = get(&server, &format!("/api/v1/model-usage?month={month}")).await["data"][0].clone();
    assert_eq!((&day["calls"], &day["provider"]), (&json!(1), &json!(provider)));
    assert_eq!(get(&server, "/api/v1/model-usage?month=2020-01").await["data"], json!([]));
    for wrong in
        ["?month=soon", "?month=2026-11&days=3", "?days=0", "/conversations?limit=101", "/conversations?month=1"]
    {
        let refused = server.ask(Ask::get(format!("/api/v1/model-usage{wrong}")).key(aurora)).await;
        assert_eq!(refused.status, 422, "{wrong}: {refused}");
    }
    // Nothing of it is another tenant's.
    let path = format!("/api/v1/conversations/{id}/usage");
    assert_eq!(server.ask(Ask::get(path).key(borealis)).await.status, 404);
    let theirs = server.ask(Ask::get(USAGE).session(borealis)).await;
    assert!(theirs.status == 200 && !theirs.body.contains("@small") && !theirs.body.contains(&id), "{theirs}");

    let page = server.ask(Ask::get(USAGE).session(aurora)).await;
    let costs = Micros(cost).to_string();
    for part in [
        "Of 2 answers the built-in answerer gave 50 %",
        "<title id=\"by-day-title\">",
        "role=\"img\"",
        "@small",
        provider,
        &format!("/dashboard/inbox/{id}"),
        &costs,
        &format!("<option value=\"{month}\" selected"),
    ] {
        assert!(page.body.contains(part), "{part}: {page}");
    }
    let before = server.ask(Ask::get(format!("{USAGE}?month=2020-01")).session(aurora)).await;
    assert!(before.status == 200 && before.body.contains("No model was asked in 2020-01"), "{before}");
    let wrong = server.ask(Ask::get(format!("{USAGE}?month=%3Cb%3E")).session(aurora)).await;
    assert!(wrong.status == 422 && wrong.body.contains("Write the month as in 2026-11."), "{wrong}");
    let file = server.ask(Ask::get(format!("{USAGE}/export?month={month}")).session(aurora)).await;
    assert_eq!((file.status, file.header("content-type")), (200, "text/csv; charset=utf-8"), "{file}");
    let lines: Vec<&str> = file.body.split("\r\n").collect();
    assert_eq!(lines[0], "day,model_id,model,calls,failures,input,cached,output,cost,provider");
    let numbers = format!(",'@small,1,0,{},{},{},{costs},{provider}", used.input, used.cached, used.output);
    assert!(lines[1].ends_with(&numbers) && lines.len() == 3, "{file}");
}

#[tokio::test]
async fn owners_and_admins_get_one_letter_a_month_when_most_of_the_budget_is_spent() {
    let (mut mailbox, model) = (Mailbox::start().await, model().await);
    let server = TestServer::with(|config| {
        config.outbound.private_addresses = true;
        letters_to(config, &mailbox);
    })
    .await;
    let aurora = &server.two.aurora;
    server.new_document(aurora, RETURNS).await;
    add(&server, &model, aurora, "small", Use::All).await;
    let capabilities = server.capabilities();
    let set = async || capabilities.llm.set_budget(&aurora.owner, Some(Micros(20_000)), 1).await.unwrap();
    // Until a hundredth of it is spent.
    let spend = async || {
        while !capabilities.llm.budget(&aurora.owner).await.unwrap().alerted {
            assert!(capabilities.assistant.respond(&aurora.key, SIMPLE).await.unwrap().answer.model.is_some());
        }
        server.do_jobs().await;
    };
    set().await;
    let before = server.ask(Ask::get("/dashboard/assistant").session(aurora)).await;
    let notice = "of this month's budget is spent";
    assert!(!before.body.contains(notice), "{before}");
    spend().await;
    let page = server.ask(Ask::get("/dashboard/assistant").session(aurora)).await;
    assert!(page.body.contains(notice), "{page}");
    let told = async |mailbox: &mut Mailbox| {
        let Mail { to, subject, text, .. } = mailbox.next().await;
        assert_eq!(
            (to, subject.as_str()),
            (vec![aurora.email.clone()], "Most of this month's budget for models is spent")
        );
        assert!(text.contains("Aurora has spent most") && text.contains("/dashboard/assistant/usage"), "{text}");
    };
    told(&mut mailbox).await;
    // Whoever sets it anew is told on the page again, and gets no other letter; nobody else gets one.
    set().await;
    spend().await;
    let letters = "select count(*) from app.letters where kind = 'budget'";
    assert_eq!(server.count(letters).await, 1);
    assert_eq!(server.count("select count(*) from app.audit_entries where act = 'budget.alerted'").await, 2);
    // In the next month there is another one.
    server.db.clock.advance(Duration::days(31));
    spend().await;
    told(&mut mailbox).await;
    assert_eq!(server.count(letters).await, 2);
}

/// Has the jobs done as a server does, many at once, until this is dropped.
fn at_work(server: &TestServer) -> (tokio::task::JoinHandle<()>, oneshot::Sender<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = server.capabilities().worker(Slots::default());
    let works = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        worker.run(stopped, Wait::ZERO).await;
    });
    (works, stop)
}

/// Until a conversation is answered.
async fn answered(server: &TestServer, tenant: &Tenant, id: &str) -> Message {
    let answer = async {
        loop {
            let last = said(server, tenant, id).await.into_iter().rfind(|one| one.from == Author::Assistant);
            match last {
                Some(answer) => return answer,
                None => tokio::task::yield_now().await,
            }
        }
    };
    timeout(NEVER, answer).await.unwrap()
}

#[tokio::test]
async fn a_tenant_whose_models_are_slow_and_whose_visitors_wait_keeps_no_neighbour_waiting() {
    let (server, slow, quick) = (stage().await, model().await, model().await);
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    server.new_document(aurora, RETURNS).await;
    server.new_document(borealis, RETURNS).await;
    add(&server, &slow, aurora, "slow", Use::All).await;
    slow.hold(true);
    for _ in 0..200 {
        server.new_conversation(aurora, SIMPLE).await;
    }
    let (works, stop) = at_work(&server);
    // Four of its questions are with the provider, and as many of its jobs are at work as may be.
    slow.arrive(4).await;
    let waiting = "select count(*) from app.jobs where kind = 'answer' and lease_id is null";
    assert!(server.count(waiting).await > 150);
    // The neighbour is answered by quotes, and then by a model of its own.
    let id = server.new_conversation(borealis, SIMPLE).await;
    assert!(answered(&server, borealis, &id).await.text.contains("sixty days"));
    add(&server, &quick, borealis, "quick", Use::All).await;
    let id = server.new_conversation(borealis, SIMPLE).await;
    assert_eq!(answered(&server, borealis, &id).await.text, TOLD);
    assert_eq!(quick.asked().len(), 1);
    // Questions that come over the air take its places for questions alone.
    let body = json!({ "question": SIMPLE }).to_string();
    let ask = |tenant| Ask::post("/api/v1/answers").body("application/json", body.clone()).key(tenant);
    let late = server.ask_later(ask(aurora));
    assert_eq!(server.ask(ask(borealis)).await.json()["model"], "quick");
    assert!(slow.most_at_once() <= 4, "{}", slow.most_at_once());
    late.abort();
    drop(stop);
    timeout(NEVER, works).await.unwrap().unwrap();
}

#[tokio::test]
async fn two_hundred_at_once_of_whom_a_provider_takes_ten_are_each_answered_once() {
    let (server, model) = (stage().await, model().await);
    let aurora = &server.two.aurora;
    server.new_document(aurora, RETURNS).await;
    add(&server, &model, aurora, "small", Use::All).await;
    model.then(vec![None; 10]);
    model.always(Some(Mishap::Busy(Some(1))));
    for _ in 0..200 {
        server.new_conversation(aurora, SIMPLE).await;
    }
    let (works, stop) = at_work(&server);
    let answers = "select count(*) from app.messages where author = 'assistant'";
    let all = async { while server.count(answers).await < 200 {} };
    timeout(NEVER * 5, all).await.unwrap();
    let done = async { while server.count("select count(*) from app.jobs").await > 0 {} };
    timeout(NEVER, done).await.unwrap();
    drop(stop);
    timeout(NEVER, works).await.unwrap().unwrap();
    // One answer in each, whoever gave it: ten by the model, and the rest as the document says it.
    assert_eq!(server.count(answers).await, 200);
    let each = "select count(distinct conversation_id) from app.messages where author = 'assistant'";
    assert_eq!(server.count(each).await, 200);
    let by_model = "select count(*) from app.messages where author = 'assistant' and text like 'You may return %'";
    assert_eq!(server.count(by_model).await, 10);
    // The provider saw as many at once as a tenant asks, and after its refusals was left alone.
    assert!(model.most_at_once() <= 4, "{}", model.most_at_once());
    assert!(model.asked().len() < 30, "{}", model.asked().len());
    let spent = server.capabilities().llm.budget(&aurora.owner).await.unwrap();
    assert_eq!(spent.reserved, Micros(0));
}
