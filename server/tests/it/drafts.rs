//! Answers that one sees being written: by the contact, by whoever may read the conversation, and by programs; and what is taken back.

use crate::composed::{KEY, QUESTION, set_up};
use crate::harness::{Ask, NEVER, TestServer};
use crate::socket::{Client, ORIGIN, widget};
use axum::body::Bytes;
use model::ConversationId;
use serde_json::{Value, json};
use testkit::{Mishap, ModelServer, reqwest};
use tokio::time::timeout;

const FACTS: &str =
    "# Returns\n\nGoods may be returned within 60 days of delivery. Unopened parcels travel free of charge.\n";
const FIRST: &str = "You may return goods within 60 days of delivery.";
/// The word before which it waits, so that the first sentence has been seen.
const GOOD: &str =
    "You may return goods within 60 days of delivery [1]. Unopened\u{2016} parcels travel free of charge [1].";
const WHOLE: &str = "You may return goods within 60 days of delivery. Unopened parcels travel free of charge.";
/// One sentence of three is not enough for an answer.
const BAD: &str = "You may return goods within 60 days of delivery [1]. Pay\u{2016} at https://evil.example [1]. Ask at https://evil.example twice [1].";

/// A server on which both tenants know the same and ask models of their own.
async fn stage() -> (TestServer, ModelServer, ModelServer) {
    let server = TestServer::with(|config| {
        config.public_url = ORIGIN.parse().ok();
        config.outbound.private_addresses = true;
    })
    .await;
    let (model, other) = (ModelServer::start().await, ModelServer::start().await);
    for (tenant, model) in [(&server.two.aurora, &model), (&server.two.borealis, &other)] {
        server.new_document(tenant, FACTS).await;
        set_up(&server, model, tenant, KEY).await;
    }
    (server, model, other)
}

/// A visitor of Aurora's who has asked, where, and a colleague who looks on.
async fn asked(server: &TestServer) -> (Client, String, Client) {
    let aurora = &server.two.aurora;
    let (mut visitor, _) = Client::visitor(server, &widget(server, aurora).await, None).await;
    visitor.send(json!({"type": "send", "client_id": "1", "text": QUESTION})).await;
    let id = visitor.next_of("sent").await["message"]["conversation_id"].as_str().unwrap().to_owned();
    let mut agent = Client::member(server, aurora).await;
    agent.send(json!({"type": "subscribe", "conversation": id, "after": 0})).await;
    agent.next_of("caught_up").await;
    (visitor, id, agent)
}

/// The next typing that says more than that somebody writes.
async fn draft(client: &mut Client) -> Value {
    loop {
        let typing = client.next_of("typing").await;
        assert_eq!(typing["from"], "assistant", "{typing}");
        if typing.get("text").is_some() || typing.get("withdrawn").is_some() {
            return typing;
        }
    }
}

/// The next message of the assistant's; no draft comes before it.
async fn answer(client: &mut Client) -> Value {
    loop {
        let frame = client.next().await;
        assert!(frame.get("text").is_none() && frame.get("withdrawn").is_none(), "{frame}");
        if frame["type"] == "message" && frame["message"]["from"] == "assistant" {
            return frame["message"].clone();
        }
    }
}

#[tokio::test]
async fn a_sentence_is_seen_by_both_sides_while_the_next_one_is_written() {
    let (server, model, other) = stage().await;
    model.says(GOOD);
    other.says(GOOD);
    let (mut visitor, id, mut agent) = asked(&server).await;
    let mut stranger = Client::member(&server, &server.two.borealis).await;
    stranger.send(json!({"type": "subscribe", "conversation": id, "after": 0})).await;
    assert_eq!(stranger.next_of("error").await["code"], "not_found");
    // Who does not reach all conversations hears that somebody writes, and not what.
    server
        .execute("update app.api_keys set scopes = '{conversations.read,conversations.unassigned,channels.widget}'")
        .await;
    let mut limited = Client::bearer(&server, &server.two.aurora.api_key).await;
    limited.send(json!({"type": "subscribe", "conversation": id, "after": 0})).await;
    limited.next_of("caught_up").await;

    let sees = async {
        for client in [&mut visitor, &mut agent] {
            let draft = draft(client).await;
            assert_eq!((&draft["conversation"], &draft["text"]), (&json!(id), &json!(FIRST)), "{draft}");
        }
        model.go_on();
        for client in [&mut visitor, &mut agent] {
            let message = loop {
                let frame = client.next().await;
                assert!(frame.get("withdrawn").is_none(), "{frame}");
                // The draft may be said again meanwhile.
                assert!(frame.get("text").is_none_or(|text| text == FIRST), "{frame}");
                if frame["message"]["from"] == "assistant" {
                    break frame["message"].clone();
                }
            };
            assert_eq!((&message["text"], &message["seq"]), (&json!(WHOLE), &json!(2)));
            let cited = &message["citations"][0];
            assert_eq!((&cited["start"], &cited["end"]), (&json!(0), &json!(FIRST.chars().count())), "{cited}");
        }
    };
    tokio::join!(server.do_jobs(), sees);
    let mut heard = 0;
    for frame in limited.until_pong().await {
        assert!(frame["type"] != "typing" || frame.get("text").is_none(), "{frame}");
        heard += usize::from(frame["type"] == "typing");
    }
    assert!(heard > 0, "that somebody writes");
    assert!(stranger.until_pong().await.iter().all(|frame| frame["type"] == "changed"), "nothing of another tenant's");
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn what_was_seen_and_fails_is_taken_back_before_the_answer() {
    let (server, model, _other) = stage().await;
    // Sentences that do not stand; a provider that stops in the middle; one that holds it back.
    for (says, mishap) in [(BAD, None), (GOOD, Some(Mishap::FailsMidway)), (GOOD, Some(Mishap::Filtered))] {
        model.says(says);
        model.then([mishap]);
        let (mut visitor, _, mut agent) = asked(&server).await;
        let sees = async {
            for client in [&mut visitor, &mut agent] {
                assert_eq!(draft(client).await["text"], FIRST);
            }
            model.go_on();
            for client in [&mut visitor, &mut agent] {
                let mut taken_back = draft(client).await;
                while taken_back["text"] == FIRST {
                    taken_back = draft(client).await;
                }
                assert_eq!((&taken_back["withdrawn"], &taken_back["text"]), (&json!(true), &json!("")), "{mishap:?}");
                let message = answer(client).await;
                assert_eq!(message["seq"], 2, "one answer: {message}");
                assert!(message["citations"][0]["quote"].as_str().unwrap().contains("60 days"), "{message}");
                assert!(!message.to_string().contains("evil"), "{message}");
            }
        };
        tokio::join!(server.do_jobs(), sees);
    }
}

#[tokio::test]
async fn who_takes_over_in_the_middle_has_the_draft_taken_back_and_the_call_ended() {
    let (server, model, _other) = stage().await;
    model.says(GOOD);
    let (mut visitor, id, _agent) = asked(&server).await;
    let sees = async {
        assert_eq!(draft(&mut visitor).await["text"], FIRST);
        let conversation: ConversationId = id.parse().unwrap();
        // What the contact says meanwhile ends nothing.
        visitor.send(json!({"type": "send", "conversation": id, "client_id": "2", "text": "Are you there?"})).await;
        visitor.next_of("sent").await;
        server.conversations().take_over(&server.two.aurora.owner, conversation).await.unwrap();
        // It waits for ever: only who lets go of it ends it.
        model.is_left().await;
        let (mut withdrawn, mut taken_over) = (false, false);
        while !(withdrawn && taken_over) {
            let frame = visitor.next().await;
            withdrawn |= frame["withdrawn"] == true;
            taken_over |= frame["message"]["event"] == "taken_over";
        }
    };
    tokio::join!(server.do_jobs(), sees);
    assert!(visitor.until_pong().await.iter().all(|frame| frame["message"]["from"] != "assistant"));
    assert_eq!(model.asked().len(), 1);
    assert_eq!(server.count("select count(*) from app.messages where author = 'assistant'").await, 0);
}

#[tokio::test]
async fn what_is_said_while_an_answer_is_written_is_left_to_the_job_that_writes_it() {
    let (server, model, _other) = stage().await;
    model.says(GOOD);
    let (mut visitor, id, _agent) = asked(&server).await;
    let sees = async {
        assert_eq!(draft(&mut visitor).await["text"], FIRST);
        visitor.send(json!({"type": "send", "conversation": id, "client_id": "2", "text": QUESTION})).await;
        visitor.next_of("sent").await;
        // Its own job is taken up at once, and asks nobody for the same.
        timeout(NEVER, server.do_jobs()).await.unwrap();
        assert_eq!(model.asked().len(), 1);
        model.go_on();
        model.go_on();
    };
    tokio::join!(server.do_jobs(), sees);
    assert_eq!(model.asked().len(), 2);
    assert_eq!(server.count("select count(*) from app.messages where author = 'assistant'").await, 2);
    assert!(visitor.until_pong().await.iter().all(|frame| frame["withdrawn"] != true), "nothing is taken back");
}

#[tokio::test]
async fn a_job_that_is_taken_up_again_says_its_answer_once() {
    let (server, model, _other) = stage().await;
    model.says(GOOD);
    let (mut visitor, _, _agent) = asked(&server).await;
    // Whoever was at it is gone in the middle, as a process that is killed: its lease runs out.
    tokio::select! {
        () = server.do_jobs() => panic!("it waits"),
        seen = draft(&mut visitor) => assert_eq!(seen["text"], FIRST),
    }
    model.is_left().await;
    server.db.clock.advance(store::jobs::LEASE + time::Duration::SECOND);
    let sees = async {
        // What was seen of the first is no beginning of the second.
        let mut taken_back = draft(&mut visitor).await;
        while taken_back["text"] == FIRST {
            taken_back = draft(&mut visitor).await;
        }
        assert_eq!((&taken_back["withdrawn"], &taken_back["text"]), (&json!(true), &json!("")));
        assert_eq!(draft(&mut visitor).await["text"], FIRST);
        model.arrive(2).await;
        model.go_on();
        loop {
            let frame = visitor.next().await;
            if frame["message"]["from"] == "assistant" {
                break frame["message"].clone();
            }
        }
    };
    let ((), message) = tokio::join!(server.do_jobs(), sees);
    assert_eq!(message["seq"], 2, "{message}");
    assert_eq!(server.count("select count(*) from app.messages where author = 'assistant'").await, 1);
    assert_eq!(server.count("select count(*) from app.receipts").await, 1);
}

/// What comes of an answer by REST, event by event.
struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    async fn of(server: &TestServer, secret: &str, body: &Value) -> Self {
        let url = format!("http://{}/api/v1/answers", server.address);
        let request = testkit::client().build().unwrap().post(url).header("authorization", format!("Bearer {secret}"));
        let request = request.header("content-type", "application/json").body(body.to_string());
        let response = request.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"text/event-stream".parse().unwrap())
        );
        Self { response, text: String::new() }
    }

    /// The next one; none at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let found = field("event:").zip(field("data:"));
                let found = found.map(|(name, data)| (name.to_owned(), serde_json::from_str(data).unwrap()));
                self.text = rest.to_owned();
                // What only keeps the connection is none.
                match found {
                    Some(found) => return Some(found),
                    None => continue,
                }
            }
            self.text += std::str::from_utf8(&self.response.chunk().await.unwrap()?).unwrap();
        }
    }
}

#[tokio::test]
async fn a_program_sees_it_being_written() {
    let (server, model, _other) = stage().await;
    let secret = &server.two.aurora.api_key;
    let body = json!({ "question": QUESTION, "stream": true });
    let named = |name: &str, data: Value| Some((name.to_owned(), data));
    model.says(GOOD);
    let mut events = Events::of(&server, secret, &body).await;
    assert_eq!(events.next().await, named("draft", json!({ "text": FIRST })));
    model.go_on();
    let (name, answer) = events.next().await.unwrap();
    assert_eq!((name.as_str(), &answer["answer"], &answer["model"]), ("answer", &json!(WHOLE), &json!("small")));
    assert!(answer["receipt_id"].is_string() && answer["usage"].is_object(), "{answer}");
    assert_eq!((&answer["citations"][0]["start"], &answer["citations"][0]["end"]), (&json!(0), &json!(48)));
    assert_eq!(events.next().await, None);

    model.says(BAD);
    let mut events = Events::of(&server, secret, &body).await;
    assert_eq!(events.next().await, named("draft", json!({ "text": FIRST })));
    model.go_on();
    assert_eq!(events.next().await, named("withdrawn", json!({})));
    let (name, answer) = events.next().await.unwrap();
    assert_eq!((name.as_str(), answer.get("model")), ("answer", None), "{answer}");
    assert_eq!(events.next().await, None);

    // Whoever goes away ends it at the provider, and lets their place go.
    model.says(GOOD);
    let mut events = Events::of(&server, secret, &body).await;
    events.next().await.unwrap();
    drop(events);
    model.is_left().await;
    server.until_nobody_asks().await;
}

/// Over HTTP/2 whoever asks says how much they take: here nothing.
#[tokio::test]
async fn who_takes_nothing_holds_nothing_up() {
    let (server, model, _other) = stage().await;
    model.says(&GOOD.replace('\u{2016}', ""));
    let mut closed = h2::client::Builder::new();
    let stream = server.connect_from(2).await;
    let (client, connection) = closed.initial_window_size(0).handshake::<_, Bytes>(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::post("http://x/api/v1/answers")
        .header("authorization", format!("Bearer {}", server.two.aurora.api_key))
        .header("content-type", "application/json");
    let mut asks = client.clone().ready().await.unwrap();
    let (answer, mut body) = asks.send_request(request.body(()).unwrap(), false).unwrap();
    let question = json!({ "question": QUESTION, "stream": true }).to_string();
    body.send_data(question.into(), true).unwrap();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), 200);
    // Not a byte of it was taken, and it is made to its end.
    server.until("select count(*) from app.receipts", 1).await;
    drop(answer);
    connection.abort();
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_before_anything_is_told() {
    let (server, model, _other) = stage().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let post = |body: Value| Ask::post("/api/v1/answers").body("application/json", body.to_string()).key(aurora);
    for (ask, status, says) in [
        (post(json!({ "question": " ", "stream": true })), 422, "question"),
        (post(json!({ "question": "x".repeat(1_001), "stream": true })), 422, "question"),
        (post(json!({ "question": QUESTION, "stream": "yes" })), 400, "boolean"),
        (
            post(json!({ "question": QUESTION, "stream": true })).header("idempotency-key", "one"),
            422,
            "Idempotency-Key",
        ),
    ] {
        let refused = server.ask(ask).await;
        assert_eq!(refused.status, status, "{refused}");
        assert!(
            refused.header("content-type") == "application/problem+json" && refused.body.contains(says),
            "{refused}"
        );
    }
    // Nothing was begun, so the name is free: it may be taken for what is told whole.
    assert_eq!(server.count("select count(*) from app.kept_answers").await, 0);
    model.says(&GOOD.replace('\u{2016}', ""));
    let whole = server.ask(post(json!({ "question": QUESTION })).header("idempotency-key", "one")).await;
    assert_eq!((whole.status, whole.json()["answer"] == WHOLE), (200, true), "{whole}");

    // What was said in a conversation is read with it, by whoever reaches that.
    let own = server.new_conversation(aurora, "I have a lamp of yours.").await;
    let foreign = server.new_conversation(borealis, "I have a lamp of theirs.").await;
    let asked = model.asked().len();
    for stream in [false, true] {
        let unknown = "conv_019aa1b2c3d47e8f90a1b2c3d4e5f607";
        let mut refused = Vec::new();
        for id in [foreign.as_str(), unknown, "x"] {
            let answer =
                server.ask(post(json!({ "question": QUESTION, "conversation_id": id, "stream": stream }))).await;
            assert_eq!(answer.status, 404, "{answer}");
            refused.push(answer.comparable());
        }
        assert!(refused.iter().all(|one| *one == refused[0]), "{refused:?}");
    }
    assert_eq!(model.asked().len(), asked, "nobody was asked");
    let answer = server.ask(post(json!({ "question": QUESTION, "conversation_id": own }))).await;
    assert_eq!(answer.status, 200, "{answer}");
    let sent = model.asked().pop().unwrap().body["messages"][1]["content"].as_str().unwrap().to_owned();
    let sent: Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(sent["earlier"], json!([{ "from": "visitor", "text": "I have a lamp of yours." }]));
    let said = server.conversations().get(&aurora.key, own.parse().unwrap()).await.unwrap();
    assert_eq!(said.last_seq, 1, "nothing is said there");
    // Not with a key that may not read it.
    server.execute("update app.api_keys set scopes = '{documents.read}'").await;
    let refused = server.ask(post(json!({ "question": QUESTION, "conversation_id": own }))).await;
    assert_eq!(refused.status, 403, "{refused}");
}
