//! A model of a workspace's own for the search: what it finds comes beside what the house finds, in sets of its own, for that workspace alone; and
//! nobody waits for it where it does not answer.

use crate::composed::{KEY, RETURNS, new_model, set_up};
use crate::harness::{Ask, TestServer};
use llm::{ModelChange, NewModel};
use model::llm::{Micros, Prices, Use, Wire};
use model::{ModelId, TenantId};
use serde_json::{Value, json};
use store::jobs::{End, Slots};
use testkit::{Mishap, ModelServer, Tenant};
use time::Duration;

/// Words of the question, which the house finds: no three of them in a row.
const NEAR: [&str; 3] = ["Monta kuinka tavarat.\n", "Tavarat palauttaa kuinka.\n", "Päivää tavarat monta.\n"];
/// What is a little near to what the question means.
const BESIDE: [&str; 2] = ["Delivery of lamps.\n", "Days may pass.\n"];
/// What only who knows the language finds in [`RETURNS`].
const QUESTION: &str = "Kuinka monta päivää tavarat voi palauttaa?";
const KNOWS: &str = "Kuinka monta päivää";
const MEANS: &str = "Goods may be returned within 60 days of delivery.";
const PAGE: &str = "/dashboard/knowledge";
const SETS: &str = "select count(distinct model_id) from app.chunk_vectors";

/// Both know the same. One has chosen nothing yet.
async fn stage() -> (TestServer, ModelServer) {
    let (server, model) = knowing_little().await;
    for tenant in [&server.two.aurora, &server.two.borealis] {
        for text in NEAR {
            server.new_document(tenant, text).await;
        }
    }
    (server, model)
}

/// The same without words of the question.
async fn knowing_little() -> (TestServer, ModelServer) {
    let (server, model) =
        (TestServer::with(|config| config.outbound.private_addresses = true).await, ModelServer::start().await);
    server.execute("update app.api_keys set scopes = scopes || '{assistant.manage,audit.read}'").await;
    model.means(KNOWS, MEANS);
    for tenant in [&server.two.aurora, &server.two.borealis] {
        server.new_document(tenant, RETURNS).await;
        for text in BESIDE {
            server.new_document(tenant, text).await;
        }
    }
    (server, model)
}

/// A model for the search, a million tokens of which cost so much.
fn embedder(model: &ModelServer, input: Micros) -> NewModel {
    let prices = Prices { input, cached: Micros(0), output: Micros(0), since: String::new() };
    NewModel { uses: Use::Search, prices: Some(prices), ..new_model(model, "embedder") }
}

async fn choose(server: &TestServer, model: &ModelServer, tenant: &Tenant) -> ModelId {
    let new = embedder(model, Micros(1_000_000));
    let id = server.capabilities().llm.add(&tenant.owner, new).await.unwrap().id;
    server.do_jobs().await;
    id
}

/// The two passages that are found for the question.
async fn search(server: &TestServer, tenant: &Tenant) -> Vec<String> {
    let body = json!({ "query": QUESTION, "limit": 2 }).to_string();
    let found = server.ask(Ask::post("/api/v1/search").body("application/json", body).key(tenant)).await;
    assert_eq!(found.status, 200, "{found}");
    let texts = found.json()["data"].as_array().unwrap().clone();
    texts.iter().map(|passage| passage["text"].as_str().unwrap().to_owned()).collect()
}

fn returns(found: &[String]) -> bool {
    found.iter().any(|text| text.contains("60 days"))
}

async fn page(server: &TestServer, tenant: &Tenant) -> String {
    let page = server.ask(Ask::get(PAGE).session(tenant)).await;
    assert_eq!(page.status, 200, "{page}");
    page.body
}

/// Pieces of a tenant's documents, as the page says that so many of them were read.
async fn all_read(server: &TestServer, tenant: &Tenant) -> String {
    let documents = server.capabilities().knowledge.list_documents(&tenant.owner, None, None, None).await.unwrap();
    format!("It has read all {} pieces", documents.data.iter().map(|one| one.chunk_count).sum::<u32>())
}

async fn some_read(server: &TestServer, tenant: &Tenant) -> String {
    let documents = server.capabilities().knowledge.list_documents(&tenant.owner, None, None, None).await.unwrap();
    let all = documents.data.iter().map(|one| one.chunk_count).sum::<u32>();
    format!("It has read {} of {all} pieces", all - 1)
}

/// The steps of an answer to the question, and whether it was refused.
async fn steps(server: &TestServer, tenant: &Tenant) -> (String, Value) {
    let body = json!({ "question": QUESTION }).to_string();
    let answer = server.ask(Ask::post("/api/v1/answers").body("application/json", body).key(tenant)).await;
    assert_eq!(answer.status, 200, "{answer}");
    let id = answer.json()["receipt_id"].as_str().unwrap().to_owned();
    let receipt = server.ask(Ask::get(format!("/api/v1/answers/{id}")).key(tenant)).await;
    assert_eq!(receipt.status, 200, "{receipt}");
    (receipt.json()["record"]["steps"].to_string(), answer.json())
}

/// Jobs that are due, whatever becomes of them.
async fn jobs(server: &TestServer) -> Vec<End> {
    server.capabilities().worker(Slots::default()).run_due().await.unwrap()
}

#[tokio::test]
async fn what_it_finds_comes_beside_what_the_house_finds_and_for_its_workspace_alone() {
    let (server, model) = stage().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let before = search(&server, aurora).await;
    assert!(before.len() == 2 && !returns(&before), "{before:?}");
    assert!(!page(&server, aurora).await.contains("search-model"));
    choose(&server, &model, aurora).await;
    let found = search(&server, aurora).await;
    assert!(returns(&found), "{found:?}");
    assert_eq!(found[0], before[0], "what the house finds first stays there");
    let read = page(&server, aurora).await;
    assert!(read.contains("search-model") && read.contains(&all_read(&server, aurora).await), "{read}");
    // A document that comes later is read, too, and what goes with one that is deleted is gone.
    let late = server.new_document(aurora, "# Later\n\nSomething else.\n").await;
    assert!(page(&server, aurora).await.contains(&all_read(&server, aurora).await));
    server.capabilities().knowledge.delete_document(&aurora.owner, late).await.unwrap();
    assert!(page(&server, aurora).await.contains(&all_read(&server, aurora).await));
    // The neighbour has the house's alone, and nothing of it was sent anywhere.
    let asked = model.asked().len();
    assert_eq!(search(&server, borealis).await, before);
    assert!(!page(&server, borealis).await.contains("search-model"));
    assert_eq!(model.asked().len(), asked);
    assert_eq!(of(&server, borealis.id).await, 0);
    assert!(of(&server, aurora.id).await > 0);
}

/// Vectors of a tenant's that the house has not made.
async fn of(server: &TestServer, tenant: TenantId) -> i64 {
    let count = "select count(*) from app.chunk_vectors where model_id <> 'all-minilm-l6-v2' and tenant_id = $1";
    sqlx::query_scalar(count).bind(tenant.uuid()).fetch_one(&mut server.db.superuser().await).await.unwrap()
}

#[tokio::test]
async fn an_answer_is_made_from_it_where_the_reader_does_not_know_the_language_and_never_by_the_house_alone() {
    let (server, model) = knowing_little().await;
    let aurora = &server.two.aurora;
    choose(&server, &model, aurora).await;
    // The house does not take it for an answer: it cannot read it.
    let (told, answer) = steps(&server, aurora).await;
    assert!(told.contains("Also by the search model of the workspace"), "{told}");
    assert_ne!(answer["outcome"], "answer", "{answer}");
    // A model that writes judges by itself.
    let writer = ModelServer::start().await;
    writer.says("NONE");
    set_up(&server, &writer, aurora, KEY).await;
    let (told, answer) = steps(&server, aurora).await;
    assert!(!told.contains("no model was asked"), "{told}");
    let asked = writer.asked();
    assert!(asked.iter().any(|one| one.body.to_string().contains("60 days of delivery")), "{asked:?}");
    assert_ne!(answer["outcome"], "answer", "{answer}");
}

#[tokio::test]
async fn without_an_answer_of_it_the_search_is_that_of_the_house_and_says_so_to_those_who_look_after_it() {
    let (server, model) = stage().await;
    let aurora = &server.two.aurora;
    let house = search(&server, aurora).await;
    let id = choose(&server, &model, aurora).await;
    model.always(Some(Mishap::Broken));
    assert_eq!(search(&server, aurora).await, house);
    let (told, _) = steps(&server, aurora).await;
    assert!(told.contains("The search model of the workspace did not answer"), "{told}");
    let page_says = page(&server, aurora).await;
    assert!(page_says.contains("It did not answer a question"), "{page_says}");
    // It makes other vectors than it did: they are compared with nothing.
    model.always(None);
    model.numbers(128);
    server.db.clock.advance(Duration::minutes(2));
    assert_eq!(search(&server, aurora).await, house);
    model.numbers(testkit::NUMBERS);
    server.db.clock.advance(Duration::minutes(2));
    assert!(returns(&search(&server, aurora).await));
    // Nor is it asked where the month does not allow it.
    let llm = &server.capabilities().llm;
    let spent = llm.budget(&aurora.owner).await.unwrap().spent;
    llm.set_budget(&aurora.owner, Some(spent), 80).await.unwrap();
    let asked = model.asked().len();
    assert_eq!((search(&server, aurora).await, model.asked().len()), (house.clone(), asked));
    llm.set_budget(&aurora.owner, None, 80).await.unwrap();
    // Turned off it is sent nothing more.
    let off = ModelChange { on: Some(false), ..ModelChange::default() };
    llm.change(&aurora.owner, id, off).await.unwrap();
    assert_eq!((search(&server, aurora).await, model.asked().len()), (house, asked));
}

#[tokio::test]
async fn documents_are_ready_before_it_has_read_them_and_it_reads_on_when_it_can() {
    let (server, model) = stage().await;
    let aurora = &server.two.aurora;
    choose(&server, &model, aurora).await;
    model.always(Some(Mishap::Quota));
    let knowledge = &server.capabilities().knowledge;
    let new = knowledge::NewDocument {
        file_name: "late.md".to_owned(),
        bytes: b"# Late\n\nA zibbly comes late.\n".to_vec(),
        ..knowledge::NewDocument::default()
    };
    let late = knowledge.upload(&aurora.owner, new).await.unwrap().id;
    assert_eq!(jobs(&server).await, [End::Done, End::Later]);
    let ready = knowledge.get_document(&aurora.owner, late).await.unwrap();
    assert!(ready.state == model::knowledge::DocumentState::Ready && ready.by_meaning, "{ready:?}");
    let found = knowledge.search(&aurora.owner, "zibbly", Some(1)).await.unwrap();
    assert!(found[0].text.contains("zibbly"), "{found:?}");
    let stopped = page(&server, aurora).await;
    assert!(stopped.contains("It does not read on") && stopped.contains("is used up"), "{stopped}");
    assert!(stopped.contains(&some_read(&server, aurora).await), "{stopped}");
    model.always(None);
    assert!(jobs(&server).await.is_empty(), "not at once");
    server.db.clock.advance(Duration::minutes(1));
    assert_eq!(jobs(&server).await, [End::Done]);
    let read = page(&server, aurora).await;
    assert!(read.contains(&all_read(&server, aurora).await) && !read.contains("It does not read on"), "{read}");
}

#[tokio::test]
async fn a_piece_that_it_refuses_keeps_no_other_from_being_read() {
    let (server, model) = stage().await;
    let aurora = &server.two.aurora;
    // Of the batch, then of the first piece by itself, and of its beginning.
    let refusals = [Mishap::TooLong; 3].map(Some);
    model.then([None].into_iter().chain(refusals));
    server.capabilities().llm.add(&aurora.owner, embedder(&model, Micros(0))).await.unwrap();
    assert_eq!(jobs(&server).await, [End::Done, End::Later]);
    let read = page(&server, aurora).await;
    assert!(read.contains(&some_read(&server, aurora).await) && read.contains("too long"), "{read}");
    server.db.clock.advance(Duration::minutes(1));
    assert_eq!(jobs(&server).await, [End::Done]);
    assert!(page(&server, aurora).await.contains(&all_read(&server, aurora).await));
}

#[tokio::test]
async fn another_model_is_another_set_and_what_no_model_makes_any_more_is_deleted() {
    let (server, model) = stage().await;
    let aurora = &server.two.aurora;
    assert_eq!(server.count(SETS).await, 1);
    let id = choose(&server, &model, aurora).await;
    assert_eq!(server.count(SETS).await, 2);
    let llm = &server.capabilities().llm;
    // Of another length: whatever was kept before is compared with it never.
    model.numbers(64);
    let other = ModelChange { name: Some("another".to_owned()), ..ModelChange::default() };
    llm.change(&aurora.owner, id, other).await.unwrap();
    // Before it has read anything the house finds what it finds.
    assert_eq!(search(&server, aurora).await.len(), 2);
    server.do_jobs().await;
    assert!(returns(&search(&server, aurora).await));
    assert_eq!(server.count(SETS).await, 2);
    // What is turned off keeps what it has read, and reads it no second time.
    let turn = |on| ModelChange { on: Some(on), ..ModelChange::default() };
    llm.change(&aurora.owner, id, turn(false)).await.unwrap();
    server.do_jobs().await;
    assert_eq!(server.count(SETS).await, 2);
    let asked = model.asked().len();
    llm.change(&aurora.owner, id, turn(true)).await.unwrap();
    server.do_jobs().await;
    assert_eq!(model.asked().len(), asked + 1, "it is tried, and nothing else");
    llm.remove(&aurora.owner, id).await.unwrap();
    server.do_jobs().await;
    assert_eq!(server.count(SETS).await, 1);
}

#[tokio::test]
async fn it_is_sent_no_personal_data_of_a_question_where_the_workspace_wants_it_so() {
    let (server, model) = stage().await;
    let aurora = &server.two.aurora;
    choose(&server, &model, aurora).await;
    let question = "May ann@example.org return goods?";
    let told = || model.asked().iter().any(|one| one.body.to_string().contains("ann@example.org"));
    let (search, answer) = (json!({ "query": question }).to_string(), json!({ "question": question }).to_string());
    server.execute("update app.tenants set mask_personal_data = true").await;
    let asked = model.asked().len();
    for (path, body) in [("/api/v1/search", &search), ("/api/v1/answers", &answer)] {
        let done = server.ask(Ask::post(path).body("application/json", body.clone()).key(aurora)).await;
        assert_eq!(done.status, 200, "{path}: {done}");
    }
    assert!(model.asked().len() >= asked + 2 && !told());
    server.execute("update app.tenants set mask_personal_data = false").await;
    let done = server.ask(Ask::post("/api/v1/search").body("application/json", search).key(aurora)).await;
    assert!(done.status == 200 && told(), "{done}");
}

#[tokio::test]
async fn it_is_chosen_and_tried_on_the_page_and_by_rest() {
    let (server, model) = stage().await;
    let aurora = &server.two.aurora;
    let here = model.address(Wire::OpenAi);
    let form = [("wire", "openai"), ("name", "embedder"), ("address", here.as_str()), ("key", KEY), ("uses", "search")];
    model.then([Some(Mishap::Key)]);
    let refused = server.ask(Ask::post("/dashboard/assistant").form(form).session(aurora)).await;
    assert!(refused.status == 422 && refused.body.contains("does not take this key"), "{refused}");
    assert!(!refused.body.contains(KEY), "{refused}");
    let anthropic = [("wire", "anthropic"), ("name", "claude"), ("key", KEY), ("uses", "search")];
    let none = server.ask(Ask::post("/dashboard/assistant").form(anthropic).session(aurora)).await;
    assert!(none.status == 422 && none.body.contains("Anthropic has no model for the search"), "{none}");
    let added = server.ask(Ask::post("/dashboard/assistant").form(form).session(aurora)).await;
    assert_eq!(added.status, 303, "{added}");
    let shown = server.ask(Ask::get("/dashboard/assistant").session(aurora)).await;
    assert!(shown.body.contains("Used by the search"), "{shown}");
    assert!(shown.body.contains("It answers visitors with quotes from your documents"), "{shown}");
    let all = server.ask(Ask::get("/api/v1/models").key(aurora)).await.json();
    let (one, id) = (&all["data"][0], all["data"][0]["id"].as_str().unwrap());
    assert_eq!((&one["uses"], &one["dimensions"]), (&json!("search"), &json!(testkit::NUMBERS)));
    let tried = server.ask(Ask::post(format!("/api/v1/models/{id}/try")).key(aurora)).await.json();
    assert!(tried["fault"].is_null() && tried["text"].as_str().unwrap().ends_with("(256)"), "{tried}");
    let second = json!({ "wire": "openai", "name": "other", "address": here, "uses": "search" }).to_string();
    let second = server.ask(Ask::post("/api/v1/models").body("application/json", second).key(aurora)).await;
    assert!(second.status == 422 && second.body.contains("one model at a time"), "{second}");
    server.do_jobs().await;
    assert!(returns(&search(&server, aurora).await));
}
