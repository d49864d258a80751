//! What was asked and not answered: on the page of the documents and by REST, until there is an answer.

use crate::harness::{Answer, Ask, TestServer};
use identity::{KeyWishes, RoleWishes};
use model::permission::{Permission, Permissions};
use serde_json::{Value, json};

const PAGE: &str = "/dashboard/knowledge";
const QUESTION: &str = "Do you ship lamps to Norway?";
const HEADING: &str = "Asked and not answered";

/// Somebody asks, and the assistant says what it can.
async fn ask(server: &TestServer) -> String {
    let conversation = server.new_conversation(&server.two.aurora, QUESTION).await;
    server.do_jobs().await;
    conversation
}

async fn page(server: &TestServer) -> String {
    let answer = server.ask(Ask::get(PAGE).session(&server.two.aurora)).await;
    assert_eq!(answer.status, 200, "{answer}");
    answer.body
}

/// The list by REST.
async fn list(server: &TestServer) -> Vec<Value> {
    let answer = server.ask(Ask::get("/api/v1/unanswered").key(&server.two.aurora)).await;
    assert_eq!(answer.status, 200, "{answer}");
    answer.json()["data"].as_array().unwrap().clone()
}

async fn write(server: &TestServer, id: &str, answer: &str) -> Answer {
    let path = format!("{PAGE}/unanswered/{id}/answer");
    server.ask(Ask::post(path).form([("answer", answer)]).session(&server.two.aurora)).await
}

#[tokio::test]
async fn an_answer_that_is_written_answers_from_then_on() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    assert!(!page(&server).await.contains(HEADING));
    let conversation = ask(&server).await;
    let asked = list(&server).await;
    assert_eq!(asked.len(), 1, "{asked:?}");
    let id = format!("{conversation}-2");
    assert_eq!(
        (&asked[0]["id"], &asked[0]["question"], &asked[0]["times"], &asked[0]["outcome"]),
        (&json!(id), &json!(QUESTION), &json!(1), &json!("refused"))
    );
    let shown = page(&server).await;
    for part in [HEADING, QUESTION, "Asked once, on ", &format!("/dashboard/inbox/{conversation}")] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // What will not do is said at its field, and stays.
    let long = "å".repeat(10_001);
    for (answer, why) in [("  ", "Write the answer."), (&*long, "Use at most 10000 characters.")] {
        let refused = write(&server, &id, answer).await;
        assert_eq!(refused.status, 422, "{refused}");
        for part in [why, "aria-invalid=\"true\"", answer, "Error: Knowledge", "The answer was not saved"] {
            assert!(refused.body.contains(part), "{part}: {refused}");
        }
    }
    // Quotes, marks and lines survive.
    let written = "Yes, to \"all\" of Norway; <b>free</b>, 3 to 5 days.\nTo Svalbard & Jan Mayen, in summer.";
    let saved = write(&server, &id, &written.replace('\n', "\r\n")).await;
    assert_eq!((saved.status, saved.header("location")), (303, "/dashboard/knowledge?done=answered"), "{saved}");
    let said = server.ask(Ask::get(saved.header("location")).session(aurora)).await;
    assert!(said.body.contains("The answer is a document now."), "{said}");
    server.do_jobs().await;
    assert!(list(&server).await.is_empty() && !page(&server).await.contains(HEADING));
    let documents = server.ask(Ask::get("/api/v1/documents").key(aurora)).await.json();
    let document = &documents["data"][0];
    assert_eq!(
        (&document["title"], &document["kind"], &document["state"]),
        (&json!(QUESTION), &json!("qa"), &json!("ready"))
    );
    let body = json!({ "question": QUESTION }).to_string();
    let answer = server.ask(Ask::post("/api/v1/answers").body("application/json", body).key(aurora)).await.json();
    assert_eq!((&answer["outcome"], &answer["citations"][0]["quote"]), (&json!("answer"), &json!(written)), "{answer}");
    ask(&server).await;
    assert!(list(&server).await.is_empty(), "it is answered now");

    // The very same once more, as by who has sent the form twice.
    server.execute("update app.asked set settled_at = null").await;
    assert_eq!(list(&server).await.len(), 1);
    let again = write(&server, &id, written).await;
    assert!(again.status == 200 && again.body.contains("This answer is here already"), "{again}");
    assert!(list(&server).await.is_empty());
}

#[tokio::test]
async fn what_needs_no_answer_is_taken_off_by_form_and_by_rest() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let first = format!("{}-2", ask(&server).await);
    ask(&server).await;
    assert_eq!(list(&server).await[0]["times"], 2);
    assert!(page(&server).await.contains("Asked 2 times, last on "));
    let form = Ask::post(format!("{PAGE}/unanswered/{first}/settle"));
    assert_eq!(server.ask(form.clone().session(borealis)).await.status, 404);
    assert_eq!(list(&server).await.len(), 1);
    let settled = server.ask(form.session(aurora)).await;
    assert_eq!((settled.status, settled.header("location")), (303, "/dashboard/knowledge?done=settled"), "{settled}");
    assert!(list(&server).await.is_empty());

    let last = format!("{}-2", ask(&server).await);
    let rest = Ask::post(format!("/api/v1/unanswered/{last}/settle"));
    assert_eq!(server.ask(rest.clone().key(borealis)).await.status, 404);
    let may =
        [Permission::ReadWorkspace, Permission::ReachOthers, Permission::ReadConversations, Permission::ReadDocuments];
    let wishes = KeyWishes { name: "Looks", scopes: Permissions::of(&may), lasts: None, signs: false };
    let looks = server.capabilities().identity.create_api_key(&aurora.owner, wishes).await.unwrap().secret;
    assert_eq!(server.ask(Ask::get("/api/v1/unanswered").bearer(&looks)).await.json()["data"][0]["id"], last);
    assert_eq!(server.ask(rest.clone().bearer(&looks)).await.status, 403);
    for _ in 0..2 {
        assert_eq!(server.ask(rest.clone().key(aurora)).await.status, 204);
    }
    assert!(list(&server).await.is_empty());
}

#[tokio::test]
async fn who_may_not_see_all_conversations_sees_nothing_of_it() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let id = format!("{}-2", ask(&server).await);
    let wishes = RoleWishes {
        title: "Writers".to_owned(),
        permissions: Permissions::of(&[Permission::ReadConversations, Permission::ManageDocuments]),
    };
    let writers = server.capabilities().identity.create_role(&aurora.owner, &wishes).await.unwrap().role;
    for (name, role, sees) in [("Wilma", writers.to_string(), false), ("Vera", "viewer".to_owned(), true)] {
        let (person, _) = testkit::member(&server.db, aurora, name, &role).await;
        let session = server.db.open_session(person, aurora.id).await;
        let page = server.ask(Ask::get(PAGE).cookie(session)).await;
        assert_eq!((page.status, page.body.contains(HEADING)), (200, sees), "{role}: {page}");
        assert!(!page.body.contains("Save the answer"), "{role}: nothing that would only be refused");
        for what in ["answer", "settle"] {
            let form = Ask::post(format!("{PAGE}/unanswered/{id}/{what}")).form([("answer", "Yes.")]);
            assert_eq!(server.ask(form.cookie(session)).await.status, 403, "{role}: {what}");
        }
    }
    assert!(page(&server).await.contains("Save the answer"));
    assert_eq!(list(&server).await.len(), 1);
}
