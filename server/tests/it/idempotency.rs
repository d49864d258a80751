//! Requests by `POST` that are done once, however often they are sent: the header `Idempotency-Key`.

use crate::harness::{Answer, Ask, Held, NEVER, TestServer};
use identity::{KeyWishes, MAX_KEPT};
use model::permission::{Permission, Permissions};
use std::collections::BTreeSet;
use testkit::Tenant;
use time::Duration;
use tokio::time::timeout;

const TALKS: &str = "/api/v1/conversations";
const ROLES: &str = "/api/v1/roles";
const INVITATIONS: &str = "/api/v1/invitations";
/// The table that a new conversation needs, and a name does not.
const CONTACTS: &str = "app.contacts";
const COUNT: &str = "select count(*) from app.conversations";
const NAMES: &str = "select count(*) from app.kept_answers";

/// Begins a conversation with somebody, under a name.
fn begin(name: &str, contact: &str) -> Ask {
    let body = format!(r#"{{"contact":{{"name":"{contact}"}}}}"#);
    Ask::post(TALKS).body("application/json", body).header("idempotency-key", name)
}

/// Whether it was given before.
fn replayed(answer: &Answer) -> bool {
    let header = answer.header("idempotent-replayed");
    assert!(header.is_empty() || header == "true", "{answer}");
    !header.is_empty()
}

/// That an answer is that of before, given again.
#[track_caller]
fn assert_again(again: &Answer, first: &Answer) {
    assert!(replayed(again) && !replayed(first), "{first}\n{again}");
    let kept = |answer: &Answer| (answer.status, answer.header("content-type").to_owned(), answer.body.clone());
    assert_eq!(kept(again), kept(first));
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"), "it is another request");
}

#[track_caller]
fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{answer}");
    assert!(!replayed(answer), "{answer}");
}

/// Keys of all companies may whatever these tests do.
async fn allow(server: &TestServer) {
    server.execute("update app.api_keys set scopes = scopes || '{members.manage,settings.manage,audit.read}'").await;
}

#[tokio::test]
async fn what_is_sent_again_is_done_once_and_answered_alike() {
    // What was asked does not come back while this runs.
    let server = TestServer::with(|config| config.api.key_per_minute = 1).await;
    let aurora = &server.two.aurora;
    allow(&server).await;
    let first = server.ask(begin("order-17", "Ann").key(aurora)).await;
    assert_eq!(first.status, 201, "{first}");
    for name in ["order-17", "\"order-17\"", "order-17"] {
        assert_again(&server.ask(begin(name, "Ann").key(aurora)).await, &first);
    }
    assert_eq!(server.count(COUNT).await, 1);
    // It counts as a request all the same.
    let left = |answer: &Answer| answer.header("ratelimit-remaining").parse::<u32>().unwrap();
    let one_more = server.ask(begin("order-17", "Ann").key(aurora)).await;
    assert!(left(&one_more) < left(&first), "{one_more}");
    // Under another name, and under none, it is another one.
    assert_eq!(server.ask(begin("order-18", "Ann").key(aurora)).await.status, 201);
    let plain = || Ask::post(TALKS).body("application/json", "{}").key(aurora);
    let (one, two) = (server.ask(plain()).await, server.ask(plain()).await);
    assert!(one.status == 201 && two.status == 201 && !replayed(&two) && one.body != two.body, "{one}\n{two}");
    assert_eq!(server.count(COUNT).await, 4);

    // Whatever is made or done: each once, and the first answer again.
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let json = |path: &str, body: &str| Ask::post(path).body("application/json", body);
    for (at, (ask, status)) in [
        (json(&format!("{TALKS}/{id}/messages"), r#"{"text":"Hello","client_id":"one"}"#), 201),
        (json(&format!("{TALKS}/{id}/messages"), r#"{"text":"Hi","client_id":"two","from":"agent"}"#), 409),
        (Ask::post(format!("{TALKS}/{id}/handoff")), 200),
        (Ask::post(format!("{TALKS}/{id}/handback")), 200),
        (Ask::post(format!("{TALKS}/{id}/resolve")), 200),
        (json(ROLES, r#"{"title":"Night","permissions":["documents.read"]}"#), 201),
        (json(INVITATIONS, r#"{"email":"new@aurora.example","role":"agent"}"#), 201),
        // What cannot be done is that for good, under this name.
        (json(TALKS, r#"{"contact":{"email":"x"}}"#), 422),
        (json(ROLES, r#"{"title":"Night","permissions":["documents.read"]}"#).header("accept-language", "es"), 422),
        (Ask::post(format!("{TALKS}/conv_0/resolve")), 404),
    ]
    .into_iter()
    .enumerate()
    {
        let ask = ask.key(aurora).header("idempotency-key", format!("name-{at}"));
        let (first, again) = (server.ask(ask.clone()).await, server.ask(ask).await);
        assert_eq!(first.status, status, "{first}");
        assert_again(&again, &first);
        if status >= 400 {
            assert_eq!(again.header("content-type"), "application/problem+json", "{again}");
            assert_eq!(first.json()["request_id"], first.header("x-request-id"), "{first}");
        }
    }
    assert_eq!(server.count("select count(*) from app.roles where name = 'Night'").await, 1);
    assert_eq!(server.count("select count(*) from app.invitations").await, 1);
    assert_eq!(server.count("select count(*) from app.messages where author = 'contact'").await, 1);
}

#[tokio::test]
async fn another_request_under_the_same_name_is_refused() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let first = server.ask(begin("order", "Ann").key(aurora)).await;
    let other_path = Ask::post(ROLES).body("application/json", r#"{"contact":{"name":"Ann"}}"#);
    let other_type = Ask::post(TALKS).body("application/json; charset=utf-8", r#"{"contact":{"name":"Ann"}}"#);
    let other_query = Ask::post(format!("{TALKS}?x=1")).body("application/json", r#"{"contact":{"name":"Ann"}}"#);
    for other in [
        begin("order", "Bea"),
        other_path.header("idempotency-key", "order"),
        other_type.header("idempotency-key", "order"),
        other_query.header("idempotency-key", "order"),
        Ask::post(format!("{TALKS}/conv_0/handoff")).header("idempotency-key", "order"),
    ] {
        let answer = server.ask(other.key(aurora)).await;
        assert_problem(&answer, 422, "invalid");
        assert_eq!(answer.json()["errors"][0]["field"], "Idempotency-Key", "{answer}");
    }
    assert_eq!((server.count(COUNT).await, server.count(NAMES).await), (1, 1));
    assert_again(&server.ask(begin("order", "Ann").key(aurora)).await, &first);

    // What is no name is told, and nothing is done.
    let json = || Ask::post(TALKS).body("application/json", "{}").key(aurora);
    let long = "n".repeat(129);
    for name in ["", "a b", "\"half", "a\"b", "a\\b", "\"\"", long.as_str()] {
        assert_problem(&server.ask(json().header("idempotency-key", name)).await, 400, "invalid_request");
    }
    let twice = json().header("idempotency-key", "one").header("idempotency-key", "one");
    assert_problem(&server.ask(twice).await, 400, "invalid_request");
    assert_eq!(server.count(COUNT).await, 1);
    assert_eq!(server.ask(json().header("idempotency-key", &long[1..])).await.status, 201);

    // Whatever else is asked takes no notice of it.
    for name in ["order", "no name"] {
        let search = Ask::post("/api/v1/search").body("application/json", r#"{"query":"lamps"}"#);
        for ask in [Ask::get(TALKS), Ask::get("/api/v1/me"), search] {
            let answer = server.ask(ask.header("idempotency-key", name).key(aurora)).await;
            assert!(answer.status == 200 && !replayed(&answer), "{answer}");
        }
    }
}

#[tokio::test]
async fn of_two_at_once_one_is_done() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let held = Held::new(&server, CONTACTS).await;
    let first = server.ask_later(begin("order", "Ann").key(aurora));
    held.wait_for(&server, 1).await;
    let answer = server.ask(begin("order", "Ann").key(aurora)).await;
    assert_problem(&answer, 409, "conflict");
    assert_eq!(answer.header("retry-after"), "1", "{answer}");
    assert_problem(&server.ask(begin("order", "Bea").key(aurora)).await, 422, "invalid");
    held.let_go().await;
    let first = timeout(NEVER, first).await.unwrap().unwrap();
    assert_eq!(first.status, 201, "{first}");
    assert_again(&server.ask(begin("order", "Ann").key(aurora)).await, &first);
    assert_eq!(server.count(COUNT).await, 1);

    // However they fall.
    for round in 0..5 {
        let ask = || server.ask(begin(&format!("round-{round}"), "Ann").key(aurora));
        let answers: [Answer; 4] = tokio::join!(ask(), ask(), ask(), ask()).into();
        let made: Vec<_> = answers.iter().filter(|one| one.status == 201).collect();
        assert!(made.iter().filter(|one| !replayed(one)).count() == 1, "{made:?}");
        assert!(made.iter().all(|one| one.body == made[0].body), "{made:?}");
        assert!(answers.iter().all(|one| matches!(one.status, 201 | 409)), "{answers:?}");
        assert_eq!(server.count(COUNT).await, 2 + round);
    }
}

/// Who goes away is not asked again what they wanted: it is done to its end, and they come back for the answer.
#[tokio::test]
async fn who_goes_away_comes_back_for_the_answer() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let held = Held::new(&server, CONTACTS).await;
    let first = server.ask_later(begin("order", "Ann").key(aurora));
    held.wait_for(&server, 1).await;
    first.abort();
    held.let_go().await;
    server.until("select count(*) from app.kept_answers where status = 201", 1).await;
    let answer = server.ask(begin("order", "Ann").key(aurora)).await;
    assert!(answer.status == 201 && replayed(&answer), "{answer}");
    assert_eq!(server.count(COUNT).await, 1);
}

#[tokio::test]
async fn names_are_each_key_s_own() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let till = server.new_key(aurora, "Till").await;
    let first = server.ask(begin("order", "Ann").key(aurora)).await;
    // Also where they say the very same, and where they say something else.
    let own = server.ask(begin("order", "Ann").bearer(&till.secret)).await;
    let theirs = server.ask(begin("order", "Bea").key(borealis)).await;
    for answer in [&first, &own, &theirs] {
        assert!(answer.status == 201 && !replayed(answer), "{answer}");
    }
    assert_ne!(first.json()["id"], own.json()["id"]);
    assert_again(&server.ask(begin("order", "Ann").key(aurora)).await, &first);
    assert_again(&server.ask(begin("order", "Ann").bearer(&till.secret)).await, &own);
    assert_again(&server.ask(begin("order", "Bea").key(borealis)).await, &theirs);
    assert_eq!((server.count(COUNT).await, server.count(NAMES).await), (3, 3));
}

#[tokio::test]
async fn what_was_not_done_is_done_when_it_is_sent_again() {
    let server = TestServer::with(|config| config.server.request_timeout_s = 1).await;
    let aurora = &server.two.aurora;
    let ask = || server.ask(begin("order", "Ann").key(aurora));
    // A fault of ours.
    server.execute("alter table app.contacts rename column name to called").await;
    assert_problem(&ask().await, 500, "internal");
    assert_eq!((server.count(COUNT).await, server.count(NAMES).await), (0, 0));
    server.execute("alter table app.contacts rename column called to name").await;
    // What takes too long.
    let held = Held::new(&server, CONTACTS).await;
    assert_problem(&timeout(NEVER, ask()).await.unwrap(), 504, "timeout");
    held.let_go().await;
    // Nobody knows what of it was done: the name is taken until its lease is over.
    assert_problem(&ask().await, 409, "conflict");
    assert_eq!((server.count(COUNT).await, server.count(NAMES).await), (0, 1));
    server.execute("delete from app.kept_answers").await;
    // Who may not, and who cannot be read.
    let wishes =
        KeyWishes { name: "Reads", scopes: Permissions::of(&[Permission::ReadDocuments]), lasts: None, signs: false };
    let reads = server.db.identity.create_api_key(&aurora.owner, wishes).await.unwrap();
    for _ in 0..2 {
        assert_problem(&server.ask(begin("order", "Ann").bearer(&reads.secret)).await, 403, "forbidden");
        assert_problem(&server.ask(begin("order", "Ann")).await, 401, "unauthenticated");
        assert_problem(&server.ask(begin("order", "Ann").bearer("smt_nonsense")).await, 401, "unauthenticated");
        let unreadable = Ask::post(TALKS).body("application/json", "{").header("idempotency-key", "order");
        assert_problem(&server.ask(unreadable.key(aurora)).await, 400, "invalid_request");
        let form = Ask::post(TALKS).form([("contact", "Ann")]).header("idempotency-key", "order");
        assert_problem(&server.ask(form.key(aurora)).await, 415, "unsupported_media_type");
    }
    assert_eq!((server.count(COUNT).await, server.count(NAMES).await), (0, 0));
    // And then it is done.
    let first = ask().await;
    assert_eq!(first.status, 201, "{first}");
    assert_again(&ask().await, &first);
    assert_eq!((server.count(COUNT).await, server.count(NAMES).await), (1, 1));
}

#[tokio::test]
async fn a_server_that_ends_in_the_middle_holds_a_name_for_a_while() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let ask = || server.ask(begin("order", "Ann").key(aurora));
    assert_eq!(ask().await.status, 201);
    // As it is left: begun, and not ended.
    server
        .execute(
            "update app.kept_answers set status = null, answer_sealed = null, leased_until = begun_at + interval '60 seconds'",
        )
        .await;
    assert_problem(&ask().await, 409, "conflict");
    server.db.clock.advance(Duration::seconds(59));
    assert_problem(&ask().await, 409, "conflict");
    server.db.clock.advance(Duration::seconds(1));
    let again = ask().await;
    assert!(again.status == 201 && !replayed(&again), "{again}");
    assert_again(&ask().await, &again);
    // That is what is promised: the answer is kept after what was done.
    assert_eq!(server.count(COUNT).await, 2);
}

#[tokio::test]
async fn a_name_is_forgotten_after_a_day() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let ask = || server.ask(begin("order", "Ann").key(aurora));
    let first = ask().await;
    server.db.clock.advance(Duration::days(1) - Duration::seconds(1));
    assert_again(&ask().await, &first);
    let identity = &server.capabilities().identity;
    assert_eq!(identity.delete_kept_answers().await.unwrap(), 0);
    server.db.clock.advance(Duration::seconds(1));
    let second = ask().await;
    assert!(second.status == 201 && !replayed(&second) && second.body != first.body, "{second}");
    server.db.clock.advance(Duration::days(1));
    assert_eq!(identity.delete_kept_answers().await.unwrap(), 1);
    assert_eq!((server.count(COUNT).await, server.count(NAMES).await), (2, 0));
}

/// As many names of a tenant's key as there may be, but one.
async fn fill(server: &TestServer, tenant: &Tenant) {
    sqlx::query(
        "insert into app.kept_answers (tenant_id, key_id, name_hash, answer_id, request_hash, begun_at, leased_until)
         select $1, $2, sha256(n::text::bytea), gen_random_uuid(), sha256('request'), $3, $3 from generate_series(1, $4) n",
    )
    .bind(tenant.id.uuid())
    .bind(tenant.key.scope().actor())
    .bind(server.db.services.now())
    .bind(i32::try_from(MAX_KEPT).unwrap() - 1)
    .execute(&mut server.db.superuser().await)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_key_has_so_many_names_and_no_more() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    fill(&server, aurora).await;
    let last = server.ask(begin("last", "Ann").key(aurora)).await;
    assert_eq!(last.status, 201, "{last}");
    let answer = server.ask(begin("one-more", "Ann").key(aurora)).await;
    assert_problem(&answer, 429, "rate_limited");
    assert_eq!(answer.header("retry-after"), "600", "{answer}");
    assert!(answer.json()["detail"].as_str().unwrap().contains("10000"), "{answer}");
    assert_eq!(server.count(COUNT).await, 1);
    assert_again(&server.ask(begin("last", "Ann").key(aurora)).await, &last);
    // Without a name it is done, and others have their own.
    let plain = Ask::post(TALKS).body("application/json", "{}").key(aurora);
    assert_eq!(server.ask(plain).await.status, 201);
    assert_eq!(server.ask(begin("one-more", "Ann").key(borealis)).await.status, 201);
    // A day later there is room.
    server.db.clock.advance(Duration::days(1));
    server.capabilities().identity.delete_kept_answers().await.unwrap();
    assert_eq!(server.ask(begin("one-more", "Ann").key(aurora)).await.status, 201);
}

/// The link of an invitation is shown once, and to who asked for it.
#[tokio::test]
async fn what_is_shown_once_is_kept_sealed() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let till = server.new_key(aurora, "Till").await;
    allow(&server).await;
    let invite = || {
        let body = r#"{"email":"new@aurora.example","role":"agent"}"#;
        Ask::post(INVITATIONS).body("application/json", body).header("idempotency-key", "invite-1")
    };
    let first = server.ask(invite().key(aurora)).await;
    assert_eq!(first.status, 201, "{first}");
    let link = first.json()["link"].as_str().unwrap().to_owned();
    let token = link.rsplit('/').next().unwrap();
    assert!(token.len() > 32, "{link}");
    for part in [&link[..], token, "invite-1"] {
        assert_eq!(server.db.columns_with(part).await, Vec::<String>::new(), "{part}");
    }
    // The search finds what is there.
    assert!(!server.db.columns_with("new@aurora.example").await.is_empty());
    assert_again(&server.ask(invite().key(aurora)).await, &first);
    // Nobody else is given it: another key has to ask for one of its own.
    let other = server.ask(invite().bearer(&till.secret)).await;
    assert!(!replayed(&other) && !other.body.contains(token), "{other}");
    // In a row of somebody else's it opens nothing.
    server.execute("update app.kept_answers set answer_id = gen_random_uuid()").await;
    assert_problem(&server.ask(invite().key(aurora)).await, 500, "internal");
}

/// The header stands at each `POST` but those that only read, and at that of files.
#[test]
fn the_description_says_which_requests_are_done_once() {
    let document = serde_json::to_value(server::rest::openapi()).unwrap();
    let (mut with, mut without) = (BTreeSet::new(), BTreeSet::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut parameters = operation["parameters"].as_array().into_iter().flatten();
            let Some(header) = parameters.find(|one| one["in"] == "header") else {
                without.insert(format!("{method} {path}"));
                continue;
            };
            assert!(header["name"] == "Idempotency-Key" && header["required"] != true, "{header}");
            assert!(header["description"].as_str().unwrap().contains("once"), "{header}");
            for status in ["400", "409", "422"] {
                let answer = &operation["responses"][status];
                let said = answer["description"].as_str().unwrap_or_default();
                assert!(said.contains("Idempotency-Key"), "{method} {path} {status}: {answer}");
            }
            with.insert(format!("{method} {path}"));
        }
    }
    assert!(with.iter().all(|one| one.starts_with("post ")) && with.len() == 23, "{with:?}");
    without.retain(|one| one.starts_with("post "));
    let reads = ["post /api/v1/documents", "post /api/v1/search", "post /api/v1/tokens"];
    assert_eq!(without.iter().map(String::as_str).collect::<Vec<_>>(), reads);
    assert!(document["info"]["description"].as_str().unwrap().contains("Idempotent-Replayed"));
}
