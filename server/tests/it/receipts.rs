//! Receipts of answers: made again beside what they were, listed, counted, verified and bounded; given away and verified by a public key alone;
//! and what an answer has cost in all.

use crate::composed::new_model;
use crate::harness::{Answer, Ask, TestServer};
use assistant::{NotVerified, verify_signed};
use assistant_receipts::{kept_anew, without_new_fields};
use model::conversation::Author;
use model::knowledge::Outcome;
use model::receipt::{PassageState, ReceiptFilter, SentenceState, Verdict};
use model::{ConversationId, ReceiptId};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use store::scope;
use store::secret_key::SecretKey;
use testkit::{Mishap, ModelServer, Tenant};

const RETURNS: &str = "# Returns\n\nGoods may be returned within 60 days of delivery.\n";
const QUESTION: &str = "Within how many days may goods be returned?";
const SAYS: &str = "You may return goods within 60 days of delivery [1].";
const TOLD: &str = "You may return goods within 60 days of delivery.";
const HERE: &str = "/dashboard/assistant/receipts";

/// Receipts as a server of before has written them.
mod assistant_receipts {
    use super::{ReceiptId, TestServer, Value};
    use sqlx::Row as _;
    use store::secret_key::SecretKey;
    use time::OffsetDateTime;
    use uuid::Uuid;

    /// The record without what it had not.
    pub fn without_new_fields(record: &mut Value) {
        for field in ["together", "earlier", "replay_of"] {
            record.as_object_mut().unwrap().remove(field);
        }
        for field in ["calls", "wire", "offered"] {
            record["asked"].as_object_mut().unwrap().remove(field);
        }
        for passage in record["passages"].as_array_mut().unwrap() {
            passage.as_object_mut().unwrap().remove("later");
        }
    }

    /// Keeps another record, with the hash that belongs to it.
    pub async fn kept_anew(server: &TestServer, id: ReceiptId, change: impl FnOnce(&mut Value)) {
        let mut conn = server.db.superuser().await;
        let row = sqlx::query(
            "select tenant_id, conversation_id, record, created_at from app.receipts where receipt_id = $1",
        );
        let row = row.bind(id.uuid()).fetch_one(&mut conn).await.unwrap();
        let (tenant, talk): (Uuid, Option<Uuid>) = (row.get(0), row.get(1));
        let (record, at): (String, OffsetDateTime) = (row.get(2), row.get(3));
        let mut record: Value = serde_json::from_str(&record).unwrap();
        change(&mut record);
        let record = record.to_string();
        let mut text = b"receipt".to_vec();
        text.extend(tenant.as_bytes());
        text.extend(id.uuid().as_bytes());
        text.extend((at.unix_timestamp_nanos() / 1_000).to_be_bytes());
        text.push(u8::from(talk.is_some()));
        text.extend(talk.unwrap_or_default().as_bytes());
        text.extend((record.len() as u64).to_be_bytes());
        text.extend(record.as_bytes());
        let mac = SecretKey::from_bytes([7; 32]).derive("assistant/receipt/1").mac(&text);
        let update = sqlx::query("update app.receipts set record = $2, mac = $3 where receipt_id = $1");
        update.bind(id.uuid()).bind(record).bind(mac.as_slice()).execute(&mut conn).await.unwrap();
    }
}

async fn add(server: &TestServer, model: &ModelServer, tenant: &Tenant, name: &str) {
    server.capabilities().llm.add(&tenant.owner, new_model(model, name)).await.unwrap();
}

/// A server on which Aurora knows something and has a model, and keys may set the assistant up.
async fn stage() -> (TestServer, ModelServer) {
    stage_with(None).await
}

/// The same with this file of keys.
async fn stage_with(keys: Option<PathBuf>) -> (TestServer, ModelServer) {
    let model = ModelServer::start().await;
    model.says(SAYS);
    let server = TestServer::with(|config| {
        config.outbound.private_addresses = true;
        config.secret_key_file = keys;
    })
    .await;
    server.execute("update app.api_keys set scopes = scopes || '{assistant.manage}'").await;
    server.new_document(&server.two.aurora, RETURNS).await;
    add(&server, &model, &server.two.aurora, "small").await;
    (server, model)
}

async fn ask_as(server: &TestServer, tenant: &Tenant, question: &str) -> Value {
    // Each at another time, so that their order is known.
    server.db.clock.advance(time::Duration::seconds(1));
    let body = json!({ "question": question }).to_string();
    let answer = server.ask(Ask::post("/api/v1/answers").body("application/json", body).key(tenant)).await;
    assert_eq!(answer.status, 200, "{answer}");
    answer.json()
}

/// Asks, and gives the receipt's id.
async fn ask(server: &TestServer) -> String {
    ask_as(server, &server.two.aurora, QUESTION).await["receipt_id"].as_str().unwrap().to_owned()
}

async fn try_again(server: &TestServer, tenant: &Tenant, id: &str) -> Answer {
    server.db.clock.advance(time::Duration::seconds(1));
    server.ask(Ask::post(format!("/api/v1/answers/{id}/replay")).key(tenant)).await
}

async fn again(server: &TestServer, id: &str) -> Value {
    let answer = try_again(server, &server.two.aurora, id).await;
    assert_eq!(answer.status, 200, "{answer}");
    answer.json()
}

async fn receipt(server: &TestServer, id: &str) -> Value {
    let receipt = server.ask(Ask::get(format!("/api/v1/answers/{id}")).key(&server.two.aurora)).await;
    assert_eq!(receipt.status, 200, "{receipt}");
    receipt.json()
}

/// Words and where they stand.
fn sentences(replay: &Value) -> Vec<(&str, &str)> {
    let all = replay["difference"]["sentences"].as_array().unwrap();
    all.iter().map(|one| (one["text"].as_str().unwrap(), one["state"].as_str().unwrap())).collect()
}

/// Of an answer and of one that is made again, which may call nothing: rules and data are the same.
fn sent_alike(then: &Value, now: &Value) {
    let said = |body: &Value, at: usize| body["messages"][at]["content"].as_str().unwrap().to_owned();
    assert_eq!(said(then, 1), said(now, 1));
    assert!(said(then, 0).starts_with(&said(now, 0)), "{then} {now}");
}

#[tokio::test]
async fn an_answer_is_made_again_and_stands_beside_what_it_was() {
    let (server, model) = stage().await;
    let aurora = &server.two.aurora;
    let id = ask(&server).await;
    let same = again(&server, &id).await;
    let difference = &same["difference"];
    assert_eq!((&difference["prompt_same"], &difference["receipt_id"]), (&json!(true), &json!(id)), "{same}");
    for side in ["before", "now"] {
        let one = &difference[side];
        assert_eq!(
            (&one["verdict"], &one["outcome"], &one["model"]),
            (&json!("composed"), &json!("answer"), &json!("small"))
        );
        assert!(one["cost"].as_i64().unwrap() > 0, "{one}");
    }
    assert_eq!(sentences(&same), [(TOLD, SentenceState::Same.name())]);
    let passage = &difference["passages"][0];
    assert_eq!(
        (&passage["state"], &passage["cited_before"], &passage["cited_now"]),
        (&json!(PassageState::Same.name()), &json!(true), &json!(true))
    );
    // What was sent is the very same, but that nothing may be called; and what came of it has a receipt of its own.
    let asked = model.asked();
    assert_eq!(asked.len(), 2);
    sent_alike(&asked[0].body, &asked[1].body);
    assert_eq!((asked[0].body["tools"].is_array(), &asked[1].body["tools"]), (true, &Value::Null));
    let now = &same["receipt"];
    assert_eq!((&now["genuine"], &now["seq"], &now["record"]["replay_of"]), (&json!(true), &Value::Null, &json!(id)));
    let now = now["id"].as_str().unwrap();
    assert_eq!(receipt(&server, now).await["record"], same["receipt"]["record"]);

    // It says something else now, and is wished something else.
    model.says("Goods may be returned within 60 days of delivery [1].");
    let wish =
        Ask::new("PUT", "/api/v1/assistant").body("application/json", r#"{"instruction":"You are called Astrid."}"#);
    assert_eq!(server.ask(wish.key(aurora)).await.status, 200);
    let other = again(&server, &id).await;
    assert_eq!(other["difference"]["prompt_same"], false, "{other}");
    let new = "Goods may be returned within 60 days of delivery.";
    assert_eq!(sentences(&other), [(TOLD, SentenceState::Gone.name()), (new, SentenceState::New.name())]);
    // One that was made again can be made again.
    let third = again(&server, other["receipt"]["id"].as_str().unwrap()).await;
    assert_eq!(sentences(&third), [(new, SentenceState::Same.name())]);
    assert_eq!(third["difference"]["prompt_same"], true, "{third}");

    // On the page: a button leads to the receipt of now, beside that of then.
    let page = server.ask(Ask::get(format!("{HERE}/{id}")).session(aurora)).await;
    assert!(page.body.contains("Make this answer again") && !page.body.contains("Then and now"), "{page}");
    let made = server.ask(Ask::post(format!("{HERE}/{id}")).form([]).session(aurora)).await;
    assert_eq!(made.status, 303, "{made}");
    let page = server.ask(Ask::get(made.header("location")).session(aurora)).await;
    for part in ["Then and now", "before alone", "now alone", "as it was", "it was said to nobody"] {
        assert!(page.body.contains(part), "{part}: {page}");
    }
    // The receipt of then goes; that of now is still read.
    let gone: ReceiptId = id.parse().unwrap();
    let delete = sqlx::query("delete from app.receipts where receipt_id = $1").bind(gone.uuid());
    delete.execute(&mut server.db.superuser().await).await.unwrap();
    let page = server.ask(Ask::get(made.header("location")).session(aurora)).await;
    assert!(page.status == 200 && page.body.contains("That is not there any more."), "{page}");
    assert!(!page.body.contains("Then and now"), "{page}");
}

#[tokio::test]
async fn what_became_of_the_passages_is_told() {
    let (server, model) = stage().await;
    let aurora = &server.two.aurora;
    let id = ask(&server).await;
    // Read anew, a document has other pieces that say the same.
    let document = receipt(&server, &id).await["record"]["passages"][0]["document_id"].as_str().unwrap().to_owned();
    server.capabilities().knowledge.reindex_document(&aurora.owner, document.parse().unwrap()).await.unwrap();
    server.do_jobs().await;
    let same = again(&server, &id).await;
    assert_eq!(same["difference"]["prompt_same"], true, "{same}");
    assert_eq!(same["difference"]["passages"][0]["state"], PassageState::Same.name());
    let kept = same["receipt"]["id"].as_str().unwrap();

    // A piece that says something else: what is there now counts, and the check knows it.
    server.execute("update app.chunks set text = replace(text, '60 days', '90 days')").await;
    let changed = again(&server, kept).await;
    let difference = &changed["difference"];
    assert_eq!(
        (&difference["passages"][0]["state"], &difference["prompt_same"], &difference["now"]["verdict"]),
        (&json!(PassageState::Changed.name()), &json!(false), &json!("unsupported")),
        "{changed}"
    );
    assert!(!changed["receipt"]["record"]["answer"].as_str().unwrap().contains("60 days"), "{changed}");
    // By its id of then it is gone, and nothing says the same.
    assert_eq!(try_again(&server, aurora, &id).await.status, 409);

    // Nothing is left.
    let asked = model.asked().len();
    server.capabilities().knowledge.delete_document(&aurora.owner, document.parse().unwrap()).await.unwrap();
    let refused = try_again(&server, aurora, kept).await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("conflict")), "{refused}");
    let page = server.ask(Ask::post(format!("{HERE}/{kept}")).form([]).session(aurora)).await;
    assert!(page.status == 409 && page.body.contains("None of its passages is there any more"), "{page}");
    assert!(page.body.contains("Receipt of an answer"), "{page}");
    assert_eq!(model.asked().len(), asked, "nobody was asked");
}

#[tokio::test]
async fn making_it_again_takes_the_rights_the_budget_and_a_receipt_that_is_genuine() {
    let (server, model) = stage().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let id = ask(&server).await;
    let asked = model.asked().len();
    assert_eq!(try_again(&server, borealis, &id).await.status, 404);
    assert_eq!(server.ask(Ask::post(format!("{HERE}/{id}")).form([]).session(borealis)).await.status, 404);
    for scopes in ["{documents.read}", "{assistant.manage}"] {
        let may = sqlx::query("update app.api_keys set scopes = $1::text[]").bind(scopes);
        may.execute(&mut server.db.superuser().await).await.unwrap();
        assert_eq!(try_again(&server, aurora, &id).await.status, 403, "{scopes}");
    }
    server.execute("update app.api_keys set scopes = '{documents.read,assistant.manage}'").await;
    server.execute("update app.receipts set record = replace(record, '60 days', '90 days')").await;
    assert_eq!(try_again(&server, aurora, &id).await.status, 409);
    let page = server.ask(Ask::get(format!("{HERE}/{id}")).session(aurora)).await;
    assert!(!page.body.contains("Make this answer again"), "{page}");
    server.execute("update app.receipts set record = replace(record, '90 days', '60 days')").await;
    assert_eq!(model.asked().len(), asked, "nobody was asked");

    let limit = Ask::new("PUT", "/api/v1/model-budget").body("application/json", r#"{"limit":1,"alert_at":80}"#);
    assert_eq!(server.ask(limit.key(aurora)).await.status, 200);
    let dear = again(&server, &id).await;
    assert_eq!(dear["difference"]["now"]["verdict"], "over_budget", "{dear}");
    assert!(dear["difference"]["now"]["model"].is_null() && dear["difference"]["now"]["cost"].is_null(), "{dear}");
    assert_eq!(model.asked().len(), asked, "nobody was asked");

    // Done once by its name, however often it is sent.
    let once = || {
        let ask = Ask::post(format!("/api/v1/answers/{id}/replay")).header("idempotency-key", "again");
        server.ask(ask.key(aurora))
    };
    assert_eq!(once().await.json()["receipt"]["id"], once().await.json()["receipt"]["id"]);
}

#[tokio::test]
async fn a_receipt_of_before_is_read_and_made_again() {
    let (server, _model) = stage().await;
    let id = ask(&server).await;
    kept_anew(&server, id.parse().unwrap(), without_new_fields).await;
    let old = receipt(&server, &id).await;
    assert_eq!((&old["genuine"], &old["record"]["asked"]["calls"]), (&json!(true), &json!(0)), "{old}");
    let same = again(&server, &id).await;
    assert_eq!((&same["difference"]["prompt_same"], sentences(&same)), (&json!(true), vec![(TOLD, "same")]));
}

#[tokio::test]
async fn an_answer_in_a_conversation_is_made_again_with_what_was_said_before_it() {
    let (server, model) = stage().await;
    let aurora = &server.two.aurora;
    let talk = server.new_conversation(aurora, QUESTION).await;
    server.do_jobs().await;
    let id: ConversationId = talk.parse().unwrap();
    let more =
        conversations::NewMessage { text: "May goods be returned within 60 days?".into(), client_id: "b".into() };
    server.conversations().pass_on(&aurora.key, id, &more).await.unwrap();
    server.do_jobs().await;
    let kept: Vec<uuid::Uuid> =
        sqlx::query_scalar("select receipt_id from app.asked where conversation_id = $1 order by seq")
            .bind(id.uuid())
            .fetch_all(&mut server.db.superuser().await)
            .await
            .unwrap();
    let kept: Vec<String> = kept.into_iter().map(|id| ReceiptId::from_uuid(id).to_string()).collect();
    assert_eq!(kept.len(), 2);
    let second = receipt(&server, &kept[1]).await;
    assert_eq!(second["record"]["earlier"], json!([1, 2]), "{second}");
    let messages = server.count("select count(*) from app.messages").await;
    let same = again(&server, &kept[1]).await;
    assert_eq!(same["difference"]["prompt_same"], true, "{same}");
    let asked = model.asked();
    let [.., then, now] = &asked[..] else { panic!("asked twice at least") };
    sent_alike(&then.body, &now.body);
    assert!(now.body.to_string().contains(TOLD), "the messages before it were sent as well");
    // It was said to nobody, and goes with the conversation.
    assert_eq!(server.count("select count(*) from app.messages").await, messages);
    let now = &same["receipt"];
    assert_eq!((&now["record"]["conversation_id"], &now["seq"]), (&json!(talk), &Value::Null));
    assert_eq!(server.count("select count(*) from app.receipts where conversation_id is not null").await, 3);

    // Who does not reach every conversation neither sees nor makes again what was asked in one.
    let own = ask(&server).await;
    server.execute("update app.api_keys set scopes = '{assistant.manage,documents.read,conversations.read}'").await;
    assert_eq!(try_again(&server, aurora, &kept[1]).await.status, 403);
    let seen = server.ask(Ask::get("/api/v1/answers").key(aurora)).await.json();
    let seen: Vec<&str> = seen["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(seen, [own.as_str()]);
    let all = server.capabilities().assistant.receipts(&aurora.owner, ReceiptFilter::default(), None, None).await;
    assert_eq!(all.unwrap().data.len(), 4);
}

#[tokio::test]
async fn where_no_document_was_read_nothing_is_made_again() {
    let (server, model) = stage().await;
    let aurora = &server.two.aurora;
    let id = ask(&server).await;
    kept_anew(&server, id.parse().unwrap(), |record| record["passages"] = json!([])).await;
    let asked = model.asked().len();
    let refused = try_again(&server, aurora, &id).await;
    assert!(refused.status == 409 && refused.body.contains("No document was read for it"), "{refused}");
    let page = server.ask(Ask::get(format!("{HERE}/{id}")).session(aurora)).await;
    assert!(page.status == 200 && !page.body.contains("Make this answer again"), "{page}");
    assert_eq!(model.asked().len(), asked, "nobody was asked");
}

#[tokio::test]
async fn what_goes_with_its_conversation_while_it_is_made_again_is_not_there() {
    let (server, model) = stage().await;
    let aurora = &server.two.aurora;
    server.new_conversation(aurora, QUESTION).await;
    server.do_jobs().await;
    let kept: uuid::Uuid = sqlx::query_scalar("select receipt_id from app.receipts")
        .fetch_one(&mut server.db.superuser().await)
        .await
        .unwrap();
    let (id, asked) = (ReceiptId::from_uuid(kept).to_string(), model.asked().len());
    model.hold(true);
    let goes = async {
        model.arrive(asked + 1).await;
        server.execute("delete from app.conversations").await;
        model.hold(false);
    };
    let (made, ()) = tokio::join!(try_again(&server, aurora, &id), goes);
    assert_eq!(made.status, 404, "{made}");
    assert_eq!(server.count("select count(*) from app.receipts").await, 0);
}

#[tokio::test]
async fn receipts_are_listed_page_by_page_asked_for_by_how_they_came_about_and_counted() {
    let (server, model) = stage().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let mut ids = Vec::new();
    for says in [SAYS, "NONE", "You may return goods within 90 days of delivery [1].", SAYS] {
        model.says(says);
        ids.push(ask(&server).await);
    }
    let made = again(&server, &ids[0]).await["receipt"]["id"].as_str().unwrap().to_owned();
    ids.push(made.clone());
    ids.reverse();
    ask_as(&server, borealis, QUESTION).await;

    // The latest first, two by two.
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = server.ask(Ask::get(format!("/api/v1/answers?limit=2{next}")).key(aurora)).await;
        assert_eq!(page.status, 200, "{page}");
        let page = page.json();
        let data = page["data"].as_array().unwrap();
        assert!(
            data.len() <= 2 && data.iter().all(|one| one["genuine"] == true && one["question"] == QUESTION),
            "{page}"
        );
        seen.extend(data.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, ids);
    let first = server.ask(Ask::get("/api/v1/answers?limit=1").key(aurora)).await.json();
    assert_eq!(
        (&first["data"][0]["replay_of"], &first["data"][0]["model"]),
        (&json!(ids[4]), &json!("small")),
        "{first}"
    );

    let of = async |query: &str| -> BTreeSet<String> {
        let page = server.ask(Ask::get(format!("/api/v1/answers?{query}")).key(aurora)).await;
        assert_eq!(page.status, 200, "{page}");
        page.json()["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of("verdict=unsupported").await, BTreeSet::from([ids[2].clone()]));
    assert_eq!(of("verdict=composed").await.len(), 3);
    assert!(of("verdict=composed&outcome=refused").await.is_empty());
    assert!(of(&format!("verdict=nothing&outcome={}", Outcome::Answer.name())).await.is_empty());
    for (odd, status) in [
        ("limit=0", 422),
        ("limit=101", 422),
        ("cursor=x", 422),
        ("cursor=", 422),
        ("verdict=odd", 400),
        ("page=2", 400),
    ] {
        assert_eq!(server.ask(Ask::get(format!("/api/v1/answers?{odd}")).key(aurora)).await.status, status, "{odd}");
    }

    // What was made again is not counted; another company's is not there.
    let counts = server.capabilities().assistant.verdicts(&aurora.owner).await.unwrap();
    let count = |verdict| counts.iter().find(|one| one.verdict == verdict).unwrap().answers;
    assert_eq!(
        [Verdict::Composed, Verdict::Nothing, Verdict::Unsupported, Verdict::Failed, Verdict::Quoted].map(count),
        [2, 1, 1, 0, 0]
    );
    let of_day = "select sum(by_model + built_in)::bigint from app.answer_days d join app.tenants t using (tenant_id) where t.name = 'Aurora'";
    assert_eq!(server.count(of_day).await, 4, "nor is it among the answers of its day");
    let page = server.ask(Ask::get(HERE).session(aurora)).await;
    for part in ["How answers came about", "50 %", "The model found no answer in the passages", "Made again", QUESTION]
    {
        assert!(page.body.contains(part), "{part}: {page}");
    }
    assert!(ids.iter().all(|id| page.body.contains(id)), "{page}");
    let page = server.ask(Ask::get(format!("{HERE}?verdict=unsupported")).session(aurora)).await;
    assert!(page.body.contains(&ids[2]) && !page.body.contains(&ids[3]), "{page}");
    for odd in ["?cursor=x", "?verdict=failed"] {
        let page = server.ask(Ask::get(format!("{HERE}{odd}")).session(aurora)).await;
        assert!(page.status == 200 && page.body.contains("Nothing here"), "{page}");
    }
    server.db.clock.advance(time::Duration::days(30));
    let counts = server.capabilities().assistant.verdicts(&aurora.owner).await.unwrap();
    assert!(counts.iter().all(|one| one.answers == 0), "{counts:?}");
    // One that somebody has broken does not hide the others.
    server.execute("update app.receipts set record = '{}' where record like '%\"nothing\"%'").await;
    let all = server.capabilities().assistant.receipts(&aurora.owner, ReceiptFilter::default(), None, None).await;
    let broken: Vec<_> = all.unwrap().data.into_iter().filter(|one| !one.genuine).collect();
    assert_eq!((broken.len(), broken[0].id.to_string(), broken[0].verdict), (1, ids[3].clone(), None));
}

#[tokio::test]
async fn an_answer_is_told_also_where_its_receipt_cannot_be_kept() {
    let (server, model) = stage().await;
    let aurora = &server.two.aurora;
    server.execute("alter table app.receipts add constraint receipts_none_check check (false) not valid").await;
    let answer = ask_as(&server, aurora, QUESTION).await;
    assert_eq!((&answer["answer"], &answer["receipt_id"]), (&json!(TOLD), &Value::Null), "{answer}");
    let talk = server.new_conversation(aurora, QUESTION).await;
    server.do_jobs().await;
    let all = conversations::MessagesFrom::After(0);
    let said = server.conversations().messages(&aurora.key, talk.parse().unwrap(), all, None).await.unwrap().data;
    let last = said.last().unwrap();
    assert_eq!((last.from, last.text.as_str()), (Author::Assistant, TOLD));
    assert_eq!(model.asked().len(), 2, "each was paid for once");
    assert_eq!(server.count("select count(*) from app.asked where receipt_id is null").await, 1);
}

#[tokio::test]
async fn a_receipt_has_what_all_calls_for_the_answer_have_cost() {
    let (server, model) = stage().await;
    let aurora = &server.two.aurora;
    add(&server, &model, aurora, "second").await;
    let spent = async || server.capabilities().llm.budget(&aurora.owner).await.unwrap().spent.0;
    // The first breaks off in the middle of its answer, and is paid for that; the second answers.
    model.then([Some(Mishap::NoEnd), None]);
    let before = spent().await;
    let answer = ask_as(&server, aurora, QUESTION).await;
    let kept = receipt(&server, answer["receipt_id"].as_str().unwrap()).await;
    let asked = &kept["record"]["asked"];
    assert_eq!((&asked["calls"], &asked["model"]), (&json!(2), &json!("second")), "{kept}");
    assert_eq!(asked["cost"].as_i64(), Some(spent().await - before), "{kept}");
    assert_eq!(answer["usage"], asked["usage"]);
    assert!(asked["usage"]["input"].as_u64() > Some(ModelServer::used(SAYS).input), "{kept}");
    // Neither answers, and what that has cost is not forgotten.
    model.then([Some(Mishap::NoEnd), Some(Mishap::NoEnd)]);
    let before = spent().await;
    let answer = ask_as(&server, aurora, QUESTION).await;
    let kept = receipt(&server, answer["receipt_id"].as_str().unwrap()).await;
    assert_eq!(
        (&kept["record"]["verdict"], &kept["record"]["asked"]["calls"]),
        (&json!("failed"), &json!(2)),
        "{kept}"
    );
    assert_eq!(kept["record"]["asked"]["cost"].as_i64(), Some(spent().await - before), "{kept}");
}

#[tokio::test]
async fn receipts_are_verified_company_by_company_and_the_oldest_of_too_many_go() {
    let (server, _model) = stage().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(ask(&server).await);
    }
    ask_as(&server, borealis, QUESTION).await;
    let (assistant, services) = (&server.capabilities().assistant, &server.db.services);
    let verified = async |tenant: &Tenant| {
        let scope = scope::of_verified(services, tenant.id, server.db.request()).await.unwrap().unwrap();
        let found = assistant.verify_receipts(&scope).await.unwrap();
        (found.receipts, found.wrong.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!((verified(aurora).await, verified(borealis).await), ((3, vec![]), (1, vec![])));
    let changed: ReceiptId = ids[1].parse().unwrap();
    let change = sqlx::query("update app.receipts set record = record || ' ' where receipt_id = $1");
    change.bind(changed.uuid()).execute(&mut server.db.superuser().await).await.unwrap();
    assert_eq!((verified(aurora).await, verified(borealis).await), ((3, vec![ids[1].clone()]), (1, vec![])));
    let nobody = model::TenantId::from_uuid(uuid::Uuid::nil());
    assert!(scope::of_verified(services, nobody, server.db.request()).await.unwrap().is_none());

    assert_eq!(assistant.delete_receipts_beyond(3).await.unwrap(), 0);
    assert_eq!(assistant.delete_receipts_beyond(2).await.unwrap(), 1);
    let left = assistant.receipts(&aurora.owner, ReceiptFilter::default(), None, None).await.unwrap().data;
    let left: Vec<String> = left.iter().map(|line| line.id.to_string()).collect();
    assert_eq!(left, [ids[2].clone(), ids[1].clone()]);
    assert_eq!(verified(borealis).await.0, 1, "a neighbour's stays");
}

/// A folder of a test's own.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("samtal-receipts-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A file in it that holds this.
    fn file(&self, name: &str, holds: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, holds).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The public keys, as anybody is told them.
async fn public_keys(server: &TestServer) -> Value {
    let keys = server.ask(Ask::get("/api/v1/receipt-keys")).await;
    assert_eq!(keys.status, 200, "{keys}");
    keys.json()
}

#[tokio::test]
async fn whoever_is_given_a_receipt_verifies_it_by_a_public_key() {
    let (server, _model) = stage().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let id = ask(&server).await;
    let given = receipt(&server, &id).await;
    let keys = public_keys(&server).await;
    let key = &keys["data"][0];
    assert_eq!((keys["data"].as_array().unwrap().len(), &key["signs"]), (1, &json!(true)), "{keys}");
    assert_eq!(key["id"], given["signed"]["key_id"]);
    // By the list, and by the key alone.
    let pem = key["public_key"].as_str().unwrap();
    for keys in [keys.to_string(), pem.to_owned()] {
        let text = verify_signed(&given.to_string(), &keys).unwrap();
        assert_eq!((text.receipt_id.to_string(), text.tenant_id), (id.clone(), aurora.id));
        assert_eq!((text.record.question.as_str(), text.record.answer.as_str()), (QUESTION, TOLD));
    }
    // Its text is the record to the letter, and says how the model was spoken with and what it was offered.
    let text: Value = serde_json::from_str(given["signed"]["text"].as_str().unwrap()).unwrap();
    assert_eq!((&text["record"], &text["created_at"]), (&given["record"], &given["created_at"]));
    let asked = &text["record"]["asked"];
    assert_eq!((&asked["wire"], &asked["offered"]), (&json!("openai"), &json!(["search_knowledge_base"])), "{asked}");
    // What is made again may call nothing, and is signed like any other.
    let again = again(&server, &id).await["receipt"].clone();
    assert_eq!(again["record"]["asked"]["offered"], json!([]), "{again}");
    assert!(verify_signed(&again.to_string(), pem).is_ok());
    // Another company's says whose it is.
    let theirs = ask_as(&server, borealis, QUESTION).await["receipt_id"].as_str().unwrap().to_owned();
    let theirs = server.ask(Ask::get(format!("/api/v1/answers/{theirs}")).key(borealis)).await;
    assert_eq!(verify_signed(&theirs.body, pem).unwrap().tenant_id, borealis.id);

    // One of before is signed as it was written down then.
    kept_anew(&server, id.parse().unwrap(), without_new_fields).await;
    let old = receipt(&server, &id).await;
    let text = old["signed"]["text"].as_str().unwrap();
    assert!(!text.contains("\"offered\"") && verify_signed(&old.to_string(), pem).is_ok(), "{old}");
    // What is not what was written down is not signed, for whatever it says.
    server.execute("update app.receipts set record = replace(record, '60 days', '90 days')").await;
    let forged = receipt(&server, &id).await;
    assert_eq!((&forged["genuine"], &forged["signed"]), (&json!(false), &Value::Null), "{forged}");
    assert_eq!(verify_signed(&forged.to_string(), pem), Err(NotVerified::NotSigned));
}

#[tokio::test]
async fn what_an_earlier_key_has_signed_stays_verifiable() {
    let folder = Folder::new("rotated");
    let file = folder.0.join("secret.key");
    SecretKey::read_or_make(&file).unwrap();
    let (server, _model) = stage_with(Some(file.clone())).await;
    let id = ask(&server).await;
    let before = receipt(&server, &id).await;
    // As `samtal keys rotate` does, while the server runs.
    SecretKey::add_to(&file).unwrap();
    let after = receipt(&server, &id).await;
    assert_eq!((&after["genuine"], &after["signed"]["text"]), (&json!(true), &before["signed"]["text"]));
    assert_ne!(after["signed"]["key_id"], before["signed"]["key_id"]);
    let keys = public_keys(&server).await;
    let told: Vec<_> = keys["data"].as_array().unwrap().iter().map(|key| (&key["id"], &key["signs"])).collect();
    let (new, old) = (&after["signed"]["key_id"], &before["signed"]["key_id"]);
    assert_eq!(told, [(new, &json!(true)), (old, &json!(false))]);
    for given in [&before, &after] {
        assert!(verify_signed(&given.to_string(), &keys.to_string()).is_ok(), "{given}");
    }
    // The other key verifies nothing of it.
    let newest = keys["data"][0]["public_key"].as_str().unwrap();
    let other = NotVerified::OtherKey(old.as_str().unwrap().to_owned());
    assert_eq!(verify_signed(&before.to_string(), newest), Err(other));
    // A line that is taken away takes its key back: who has kept that verifies by it, and nobody else.
    let lines = std::fs::read_to_string(&file).unwrap();
    let last = lines.lines().rfind(|line| !line.is_empty()).unwrap();
    std::fs::write(&file, format!("{last}\n")).unwrap();
    let left = public_keys(&server).await;
    assert_eq!(left["data"].as_array().unwrap().len(), 1, "{left}");
    assert!(verify_signed(&before.to_string(), &left.to_string()).is_err());
    let kept = keys["data"][1]["public_key"].as_str().unwrap();
    assert!(verify_signed(&before.to_string(), kept).is_ok());
    assert!(verify_signed(&after.to_string(), &left.to_string()).is_ok());
}

/// The program, as whoever was given a receipt runs it: without settings, database or server.
fn verify(folder: &Path, arguments: &[&Path]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samtal"));
    command.args(["receipt", "verify"]).args(arguments).current_dir(folder).env_clear().output().unwrap()
}

#[tokio::test]
async fn the_program_verifies_a_file_where_there_is_nothing_else() {
    let (server, _model) = stage().await;
    let id = ask(&server).await;
    let given = receipt(&server, &id).await;
    let keys = public_keys(&server).await;
    let folder = Folder::new("offline");
    let file = folder.file("receipt.json", &given.to_string());
    let list = folder.file("keys.json", &keys.to_string());
    let pem = folder.file("key.pem", keys["data"][0]["public_key"].as_str().unwrap());
    let (by, none) = (Path::new("--key"), folder.0.join("none"));
    let run = |arguments: &[&Path]| {
        let done = verify(&folder.0, arguments);
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        (done.status.code(), said)
    };
    for key in [&list, &pem] {
        let (code, said) = run(&[&file, by, key]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(&format!("{id} is what was written down for {}", server.two.aurora.id)), "{said}");
    }
    let changed = folder.file("changed.json", &given.to_string().replace("60 days", "90 days"));
    let (code, said) = run(&[&changed, by, &pem]);
    assert!(code == Some(1) && said.contains("its signature is not that of its text"), "{said}");
    let (code, said) = run(&[&none, by, &pem]);
    assert!(code == Some(1) && said.contains("cannot be read"), "{said}");
    let (code, said) = run(&[&list, by, &pem]);
    assert!(code == Some(1) && said.contains("nothing in it is signed"), "{said}");
    // A file without a key, and a key without a file, are no request.
    for odd in [vec![file.as_path()], vec![by, pem.as_path()]] {
        let (code, said) = run(&odd);
        assert!(code == Some(2) && said.contains("required"), "{said}");
    }
    assert!(!folder.0.join("data").exists(), "nothing was made here");
}
