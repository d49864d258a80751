//! The assistant measured on a company's own questions: from a file on its page, and by REST.

use crate::harness::{Answer, Ask, TestServer};
use crate::probes::documents::upload;
use model::DocumentId;
use serde_json::{Value, json};
use store::jobs::{End, Slots};
use testkit::Tenant;

const PAGE: &str = "/dashboard/assistant/evaluation";
const LAMPS: &str = "# Lamps\n\nUnused lamps may be sent back within 60 days of delivery.\n";
const RIGHT: &str = "Within how many days may unused lamps be sent back?";

/// A server whose keys may whatever keys may, and what Aurora knows.
async fn stage() -> (TestServer, DocumentId) {
    let server = TestServer::start().await;
    server.execute("update app.api_keys set scopes = scopes || '{assistant.manage,audit.read}'").await;
    let document = server.new_document(&server.two.aurora, LAMPS).await;
    (server, document)
}

async fn post(server: &TestServer, tenant: &Tenant, body: &Value) -> Answer {
    server.ask(Ask::post("/api/v1/evaluations").body("application/json", body.to_string()).key(tenant)).await
}

async fn begin(server: &TestServer, name: &str, questions: &Value) -> String {
    let begun = post(server, &server.two.aurora, &json!({ "name": name, "questions": questions })).await;
    assert_eq!(begun.status, 202, "{begun}");
    begun.json()["id"].as_str().unwrap().to_owned()
}

async fn report(server: &TestServer, id: &str) -> Value {
    let report = server.ask(Ask::get(format!("/api/v1/evaluations/{id}")).key(&server.two.aurora)).await;
    assert_eq!(report.status, 200, "{report}");
    report.json()
}

#[tokio::test]
async fn questions_are_asked_as_a_job_and_what_came_of_each_is_kept() {
    let (server, document) = stage().await;
    let questions = json!([
        { "question": RIGHT, "expected": "60 days" },
        { "question": RIGHT, "expected": "90 days" },
        { "question": "Who was the first president of France?" },
    ]);
    let id = begin(&server, "Before", &questions).await;
    let waits = report(&server, &id).await;
    assert_eq!(
        (&waits["evaluation"]["state"], &waits["evaluation"]["questions"], &waits["results"]),
        (&json!("waiting"), &json!(3), &json!([]))
    );
    // Twice sent is one; another one has to wait.
    assert_eq!(begin(&server, "Before", &questions).await, id);
    let other = json!({ "name": "Another", "questions": questions });
    let refused = post(&server, &server.two.aurora, &other).await;
    assert_eq!(refused.status, 409, "{refused}");
    server.do_jobs().await;

    let done = report(&server, &id).await;
    let (run, results) = (&done["evaluation"], done["results"].as_array().unwrap());
    assert_eq!((&run["state"], &run["asked"], &run["right"]), (&json!("done"), &json!(3), &json!(2)), "{done}");
    let right: Vec<_> = results.iter().map(|result| result["right"].as_bool().unwrap()).collect();
    assert_eq!(right, [true, false, true], "{done}");
    assert!(results[0]["told"].as_str().unwrap().contains("within 60 days"), "{done}");
    assert_eq!(results[2]["outcome"], "refused", "{done}");
    let figures = done["figures"].as_array().unwrap();
    let refused = figures.iter().find(|one| one["figure"] == "refused_unanswerable").unwrap();
    assert_eq!((&refused["value"], &refused["of"]), (&json!(1.0), &json!(1)), "{done}");

    // The same questions when the document says something else: one is right now that was not, and the other way about.
    server.capabilities().knowledge.delete_document(&server.two.aurora.owner, document).await.unwrap();
    server.new_document(&server.two.aurora, &LAMPS.replace("60", "90")).await;
    let after = begin(&server, "After", &questions).await;
    server.do_jobs().await;
    let path = format!("/api/v1/evaluations/{after}?against={id}");
    let beside = server.ask(Ask::get(path).key(&server.two.aurora)).await.json();
    assert_eq!((&beside["against"]["before"], &beside["against"]["in_both"]), (&json!(id), &json!(3)), "{beside}");
    assert_eq!((&beside["against"]["better"], &beside["against"]["worse"]), (&json!(1), &json!(1)), "{beside}");

    // Nobody is told, nothing is kept of them elsewhere, and it is written down.
    assert_eq!(server.count("select count(*) from app.asked").await, 0);
    assert_eq!(server.count("select count(*) from app.receipts").await, 0);
    let log = server.ask(Ask::get("/api/v1/audit-entries?act=evaluation.begun").key(&server.two.aurora)).await.json();
    assert_eq!(log["data"].as_array().unwrap().len(), 2, "{log}");
}

#[tokio::test]
async fn a_run_that_is_deleted_ends_and_counts_for_the_day() {
    let (server, _) = stage().await;
    let questions = json!([{ "question": RIGHT, "expected": "60 days" }]);
    for number in 0..10 {
        let id = begin(&server, &format!("Run {number}"), &questions).await;
        let path = format!("/api/v1/evaluations/{id}");
        let delete = || Ask::new("DELETE", path.clone()).key(&server.two.aurora);
        assert_eq!(server.ask(delete()).await.status, 204);
        assert_eq!(server.ask(delete()).await.status, 404, "it is gone");
    }
    // What was to be asked is asked no more.
    server.do_jobs().await;
    assert_eq!(server.count("select count(*) from app.evaluation_results").await, 0);
    let more = json!({ "name": "One more", "questions": questions });
    let refused = post(&server, &server.two.aurora, &more).await;
    assert!(refused.status == 409 && refused.body.contains("10 times in 24 hours"), "{refused}");
    let other = post(&server, &server.two.borealis, &more).await;
    assert_eq!(other.status, 202, "what one company has done is nothing to another: {other}");
    server.do_jobs().await;
}

#[tokio::test]
async fn a_run_gives_its_place_back_and_goes_on_with_its_next_turn() {
    let (server, _) = stage().await;
    let questions = vec![json!({ "question": RIGHT, "expected": "60 days" }); 21];
    let id = begin(&server, "Many", &json!(questions)).await;
    // What comes after twenty questions is another job, before which others have their turn.
    let ends = server.capabilities().worker(Slots::default()).run_due().await.unwrap();
    assert_eq!(ends, [End::Done, End::Done]);
    let done = report(&server, &id).await;
    let run = &done["evaluation"];
    assert_eq!((&run["state"], &run["asked"], &run["right"]), (&json!("done"), &json!(21), &json!(21)), "{done}");
}

#[tokio::test]
async fn twenty_are_kept() {
    let (server, _) = stage().await;
    server
        .execute(
            "insert into app.evaluations (tenant_id, evaluation_id, name, state, created_at, finished_at)
             select tenant_id, gen_random_uuid(), 'old ' || n, 'done', timestamptz '2020-01-01' + n * interval '1 day', now()
             from app.tenants, generate_series(1, 20) n where name in ('Aurora', 'Borealis')",
        )
        .await;
    begin(&server, "New", &json!([{ "question": RIGHT, "expected": "60 days" }])).await;
    let listed = server.ask(Ask::get("/api/v1/evaluations").key(&server.two.aurora)).await.json();
    let names: Vec<_> = listed["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!((names.len(), names[0], names[19]), (20, "New", "old 2"), "{names:?}");
    assert_eq!(server.count("select count(*) from app.evaluations").await, 40, "Borealis keeps its own");
    server.do_jobs().await;
}

#[tokio::test]
async fn a_file_is_asked_on_the_page_and_what_is_wrong_with_it_is_said() {
    let (server, _) = stage().await;
    let aurora = &server.two.aurora;
    for (file, why) in [
        ("", "There is no question."),
        ("How long?,60 days\n", "Name the columns"),
        ("question,expected\nHow long?,...\n", "What answers question 1"),
    ] {
        let refused = server.ask(upload(PAGE, "questions.csv", file).session(aurora)).await;
        assert_eq!(refused.status, 422, "{refused}");
        for part in [why, "aria-invalid=\"true\"", "Error: Measure", "href=\"#file\""] {
            assert!(refused.body.contains(part), "{part}: {refused}");
        }
    }
    let file = format!("question,expected\n{RIGHT},90 days\n<b>What</b> is a boat?,no answer\n");
    let begun = server.ask(upload(PAGE, "questions.csv", &file).session(aurora)).await;
    assert_eq!(begun.status, 303, "{begun}");
    let path = begun.header("location").to_owned();
    let waits = server.ask(Ask::get(path.clone()).session(aurora)).await;
    assert!(waits.body.contains("Show how far it is") && waits.body.contains("questions.csv"), "{waits}");
    server.do_jobs().await;
    let done = server.ask(Ask::get(path.clone()).session(aurora)).await;
    for part in ["What went wrong", RIGHT, "Expected: 90 days", "How well"] {
        assert!(done.body.contains(part), "{part}: {done}");
    }
    assert!(!done.body.contains("<b>What</b>") && !done.body.contains("Show how far it is"), "{done}");
    let list = server.ask(Ask::get(PAGE).session(aurora)).await;
    assert!(list.body.contains(&path), "{list}");
    // Who is another company's sees none of it.
    let foreign = server.ask(Ask::get(path.clone()).session(&server.two.borealis)).await;
    assert_eq!(foreign.status, 404, "{foreign}");
    let gone = server.ask(Ask::post(format!("{path}/delete")).form([]).session(aurora)).await;
    assert_eq!((gone.status, gone.header("location")), (303, PAGE), "{gone}");
}

#[tokio::test]
async fn it_takes_the_assistant_and_the_documents() {
    let (server, _) = stage().await;
    server.execute("update app.api_keys set scopes = '{documents.read}'").await;
    let body = json!({ "name": "Ours", "questions": [{ "question": RIGHT }] });
    assert_eq!(post(&server, &server.two.aurora, &body).await.status, 403);
    server.execute("update app.api_keys set scopes = '{assistant.manage}'").await;
    assert_eq!(post(&server, &server.two.aurora, &body).await.status, 403);
    server.execute("update app.api_keys set scopes = '{assistant.manage,documents.read}'").await;
    for wrong in [
        json!({ "name": "Ours", "questions": [] }),
        json!({ "name": " ", "questions": [{ "question": RIGHT }] }),
        json!({ "name": "Ours", "questions": [{ "question": "" }] }),
        json!({ "name": "Ours", "questions": vec![json!({ "question": RIGHT }); 201] }),
        json!({ "name": "Ours", "questions": [{ "question": RIGHT, "expected": "." }] }),
    ] {
        let refused = post(&server, &server.two.aurora, &wrong).await;
        assert_eq!(refused.status, 422, "{refused}");
    }
    assert_eq!(server.count("select count(*) from app.evaluations").await, 0);
}

#[tokio::test]
async fn what_became_of_what_visitors_asked_is_shown() {
    let (server, _) = stage().await;
    let aurora = &server.two.aurora;
    let page = async || server.ask(Ask::get("/dashboard/knowledge").session(aurora)).await.body;
    assert!(!page().await.contains("What became of questions"));
    server.new_conversation(aurora, RIGHT).await;
    server.do_jobs().await;
    let shown = page().await;
    assert!(shown.contains("What became of questions") && shown.contains("This answers it"), "{shown}");
    server
        .execute(
            "update app.api_keys set scopes = scopes || '{conversations.read,conversations.others,conversations.unassigned,channels.widget,channels.api}'",
        )
        .await;
    let counts = server.ask(Ask::get("/api/v1/assistant/outcomes").key(aurora)).await.json();
    assert_eq!((&counts["asked"], &counts["with_people"]), (&json!(1), &json!(0)), "{counts}");
    // The one that there is needed no person, if it was answered.
    assert_eq!((&counts["conversations"], &counts["without_people"]), (&json!(1), &counts["answered"]), "{counts}");
    assert!(shown.contains("in which all was answered, and no person was asked for"), "{shown}");
}
