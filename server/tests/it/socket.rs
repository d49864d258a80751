//! The socket, from outside: who may open one, what it promises, and that no frame leads from one tenant into another.

use crate::harness::{Ask, Bare, COOKIE, Line, PATIENCE, TestServer, dial};
use futures_util::{SinkExt as _, StreamExt as _};
use identity::RoleWishes;
use model::live::ClientFrame;
use model::permission::{Permission, Permissions};
use serde_json::{Value, json};
use server::config::SocketLimits;
use std::collections::BTreeSet;
use testkit::Tenant;
use tokio_tungstenite::tungstenite::{Error, Message};

/// A client of the socket.
pub type Client = Line<Bare>;

async fn open(server: &TestServer, headers: &[(&'static str, String)]) -> Result<Client, Error> {
    Ok(Line(dial(server.address, "/ws", headers).await?))
}

/// Opens one through a proxy.
async fn open_from(server: &TestServer, address: &str) -> Result<Client, Error> {
    open(server, &[("x-forwarded-for", address.to_owned())]).await
}

impl Client {
    /// Somebody without credentials.
    pub async fn new(server: &TestServer) -> Self {
        open(server, &[]).await.unwrap()
    }

    /// The owner of a tenant, from a page of our own.
    pub async fn member(server: &TestServer, tenant: &Tenant) -> Self {
        Self::with_cookie(server, &tenant.session.to_string()).await
    }

    /// Whoever has this session, from a page of our own.
    pub async fn with_cookie(server: &TestServer, session: &str) -> Self {
        let cookie = format!("{COOKIE}={session}");
        let mut client = open(server, &[("cookie", cookie), ("origin", ORIGIN.into())]).await.unwrap();
        client.send(json!({"type": "hello"})).await;
        let welcome = client.next().await;
        assert_eq!(welcome["as"], "agent", "{welcome}");
        client
    }

    /// The same, who has not said hello; `None` when the door stays closed.
    pub async fn open_as(server: &TestServer, session: &str) -> Option<Self> {
        open(server, &[("cookie", format!("{COOKIE}={session}")), ("origin", ORIGIN.into())]).await.ok()
    }

    /// Says something, and gives what comes first.
    pub async fn say(&mut self, frame: Value) -> Value {
        self.send(frame).await;
        self.next().await
    }

    /// A program with a key of a tenant's.
    async fn program(server: &TestServer, tenant: &Tenant) -> Self {
        Self::bearer(server, &tenant.api_key).await
    }

    /// A program with this key, or token.
    pub async fn bearer(server: &TestServer, secret: &str) -> Self {
        let mut client = open(server, &[("authorization", format!("Bearer {secret}"))]).await.unwrap();
        client.send(json!({"type": "hello"})).await;
        client.next_of("welcome").await;
        client
    }

    /// A visitor who has said hello; and what welcome gave.
    pub async fn visitor(server: &TestServer, widget: &str, token: Option<&str>) -> (Self, Value) {
        Self::new(server).await.hello(widget, token).await
    }

    /// A visitor who comes through a proxy.
    async fn visitor_from(server: &TestServer, widget: &str, address: &str) -> Self {
        open_from(server, address).await.unwrap().hello(widget, None).await.0
    }

    async fn hello(self, widget: &str, token: Option<&str>) -> (Self, Value) {
        let mut client = self;
        let mut hello = json!({"type": "hello", "widget": widget});
        if let Some(token) = token {
            hello["token"] = token.into();
        }
        client.send(hello).await;
        let welcome = client.next().await;
        (client, welcome)
    }
}

pub const ORIGIN: &str = "http://samtal.example";

pub async fn start() -> TestServer {
    TestServer::with(|config| config.public_url = ORIGIN.parse().ok()).await
}

/// With other bounds, behind a proxy.
async fn start_with(change: impl FnOnce(&mut SocketLimits)) -> TestServer {
    TestServer::with(|config| {
        config.public_url = ORIGIN.parse().ok();
        config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        change(&mut config.server.sockets);
    })
    .await
}

pub async fn widget(server: &TestServer, tenant: &Tenant) -> String {
    server.conversations().widget(&tenant.owner).await.unwrap().id.to_string()
}

#[tokio::test]
async fn a_visitor_asks_is_answered_and_comes_back() {
    let server = start().await;
    let aurora = &server.two.aurora;
    server.new_document(aurora, "# Returns\n\nLamps may be returned within sixty days of delivery.").await;
    let widget = widget(&server, aurora).await;
    let (mut visitor, welcome) = Client::visitor(&server, &widget, None).await;
    assert_eq!((&welcome["as"], &welcome["conversation"]), (&json!("contact"), &Value::Null));
    assert_eq!(server.count("select count(*) from app.contacts").await, 0, "who only looks leaves nothing behind");
    let token = welcome["token"].as_str().unwrap().to_owned();

    visitor.send(json!({"type": "send", "client_id": "1", "text": "How long may I return lamps?"})).await;
    let sent = visitor.next_of("sent").await;
    assert_eq!((&sent["client_id"], &sent["message"]["seq"]), (&json!("1"), &json!(1)));
    let id = sent["message"]["conversation_id"].as_str().unwrap().to_owned();
    server.do_jobs().await;
    let answer = loop {
        let message = visitor.next_of("message").await["message"].clone();
        if message["from"] == "assistant" {
            break message;
        }
    };
    assert!(answer["text"].as_str().unwrap().contains("sixty days"), "{answer}");
    assert_eq!(answer["citations"][0]["title"], "returns", "{answer}");
    drop(visitor);

    // Back with the token, from the first message on.
    let (mut visitor, welcome) = Client::visitor(&server, &widget, Some(&token)).await;
    assert_eq!((&welcome["conversation"], &welcome["last_seq"]), (&json!(id), &json!(2)));
    visitor.send(json!({"type": "subscribe", "conversation": id, "after": 0})).await;
    let frames = visitor.until_pong().await;
    let seen: Vec<_> = frames.iter().map(|f| (f["type"].as_str().unwrap(), f["message"]["seq"].as_u64())).collect();
    assert_eq!(seen, [("message", Some(1)), ("message", Some(2)), ("caught_up", None)]);
    assert_eq!(frames[2]["seq"], 2);
    // Only what was missed; a number that is not there yet hides nothing.
    for (after, expected) in [(1, 2), (2, 1), (99, 1)] {
        visitor.send(json!({"type": "subscribe", "conversation": id, "after": after})).await;
        assert_eq!(visitor.until_pong().await.len(), expected, "after {after}");
    }
    // Sent again with the name that it has: the same, and nothing new.
    visitor
        .send(json!({"type": "send", "conversation": id, "client_id": "1", "text": "How long may I return lamps?"}))
        .await;
    assert_eq!(visitor.next_of("sent").await["message"]["seq"], 1);
    assert!(visitor.until_pong().await.is_empty());
}

#[tokio::test]
async fn a_person_takes_over_live() {
    let server = start().await;
    let aurora = &server.two.aurora;
    let (mut visitor, _) = Client::visitor(&server, &widget(&server, aurora).await, None).await;
    let mut agent = Client::member(&server, aurora).await;
    visitor.send(json!({"type": "send", "client_id": "1", "text": "Hello there"})).await;
    let id = visitor.next_of("sent").await["message"]["conversation_id"].as_str().unwrap().to_owned();
    let changed = agent.next_of("changed").await;
    assert_eq!(changed["conversation"], id);
    assert_eq!(changed["line"]["conversation"]["last_text"], "Hello there");
    assert_eq!(changed["line"]["waiting"], 0);
    agent.send(json!({"type": "subscribe", "conversation": id, "after": 0})).await;
    assert_eq!(agent.next_of("message").await["message"]["text"], "Hello there");
    agent.next_of("caught_up").await;

    // Not before it is handed over.
    agent.send(json!({"type": "send", "conversation": id, "client_id": "a", "text": "I am here"})).await;
    let error = agent.next_of("error").await;
    assert_eq!((&error["code"], &error["client_id"]), (&json!("conflict"), &json!("a")));
    visitor.send(json!({"type": "handoff", "conversation": id})).await;
    assert_eq!(agent.next_of("message").await["message"]["event"], "handed_off");
    agent.send(json!({"type": "typing", "conversation": id})).await;
    let typing = visitor.next_of("typing").await;
    assert_eq!((&typing["from"], &typing["name"]), (&json!("agent"), &json!("Aurora Owner")));
    agent.send(json!({"type": "send", "conversation": id, "client_id": "a", "text": "I am here"})).await;
    agent.next_of("sent").await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let message = visitor.next_of("message").await["message"].clone();
        if message["seq"].as_u64() > Some(2) {
            seen.push(message["event"].as_str().or(message["text"].as_str()).unwrap().to_owned());
        }
    }
    assert_eq!(seen, ["taken_over", "I am here"]);
    // The assistant is silent.
    visitor.send(json!({"type": "send", "conversation": id, "client_id": "2", "text": "Thank you"})).await;
    visitor.next_of("sent").await;
    server.do_jobs().await;
    assert!(visitor.until_pong().await.iter().all(|f| f["message"]["from"] != "assistant"));
}

#[tokio::test]
async fn who_asked_says_whether_an_answer_answers() {
    let server = start().await;
    let aurora = &server.two.aurora;
    server.new_document(aurora, "# Returns\n\nLamps may be returned within sixty days of delivery.").await;
    let widget = widget(&server, aurora).await;
    let (mut visitor, _) = Client::visitor(&server, &widget, None).await;
    visitor.send(json!({"type": "send", "client_id": "1", "text": "How long may I return lamps?"})).await;
    let id = visitor.next_of("sent").await["message"]["conversation_id"].as_str().unwrap().to_owned();
    server.do_jobs().await;
    let answer = loop {
        let message = visitor.next_of("message").await["message"].clone();
        if message["from"] == "assistant" {
            break message;
        }
    };
    assert_eq!((&answer["seq"], &answer["outcome"]), (&json!(2), &json!("answer")), "{answer}");
    let judge = |seq: u64, answers: bool| json!({"type": "judge", "conversation": id, "seq": seq, "answers": answers});
    visitor.until_pong().await;
    // Said and said again, and then otherwise: nothing comes back, and the last counts.
    for answers in [false, false, true] {
        visitor.send(judge(2, answers)).await;
        assert!(visitor.until_pong().await.is_empty());
        let kept = match answers {
            true => server.count("select count(*) from app.asked where answers").await,
            false => server.count("select count(*) from app.asked where not answers").await,
        };
        assert_eq!(kept, 1, "{answers}");
    }
    // What was no answer: words of the contact's own, and what is not there.
    for seq in [0, 1, 3, u64::MAX] {
        assert_eq!(visitor.say(judge(seq, false)).await["code"], "not_found", "{seq}");
    }
    // Others of the company's, and its own people.
    let (mut neighbour, _) = Client::visitor(&server, &widget, None).await;
    neighbour.send(json!({"type": "send", "client_id": "1", "text": "Hello"})).await;
    neighbour.next_of("sent").await;
    neighbour.until_pong().await;
    assert_eq!(neighbour.say(judge(2, false)).await["code"], "not_found");
    let mut agent = Client::member(&server, aurora).await;
    agent.send(judge(2, false)).await;
    assert_eq!(agent.next_of("error").await["code"], "forbidden");
    assert_eq!(server.count("select count(*) from app.asked where answers").await, 1);
}

/// A frame with a conversation's id in it, for every type that takes one.
fn frames(id: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("subscribe", json!({"type": "subscribe", "conversation": id, "after": 0})),
        ("unsubscribe", json!({"type": "unsubscribe", "conversation": id})),
        ("send", json!({"type": "send", "conversation": id, "client_id": "x", "text": "Hello"})),
        ("handoff", json!({"type": "handoff", "conversation": id})),
        ("call", json!({"type": "call", "conversation": id})),
        ("judge", json!({"type": "judge", "conversation": id, "seq": 2, "answers": true})),
        ("typing", json!({"type": "typing", "conversation": id})),
    ]
}

#[tokio::test]
async fn no_frame_tells_a_foreign_conversation_from_an_unknown_one() {
    let server = start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    // Every type is tried, or holds no id.
    let tried: BTreeSet<_> = frames("").into_iter().map(|(kind, _)| kind).collect();
    let without: BTreeSet<_> = ["hello", "ping"].into();
    assert_eq!(tried.union(&without).copied().collect::<BTreeSet<_>>(), ClientFrame::TYPES.into());

    let foreign = server.new_conversation(borealis, "Borealislamps never snorgle").await;
    let handed = server.new_conversation(borealis, "Borealissofas never snorgle").await;
    server.ask(Ask::post(format!("/api/v1/conversations/{handed}/handoff")).key(borealis)).await;
    // Made when it is first asked for.
    let (own_widget, foreign_widget) = (widget(&server, aurora).await, widget(&server, borealis).await);
    let before = server.rows_of(borealis).await;
    let mut borealis_agent = Client::member(&server, borealis).await;
    for id in [&foreign, &handed] {
        borealis_agent.send(json!({"type": "subscribe", "conversation": id, "after": 0})).await;
        borealis_agent.next_of("caught_up").await;
    }
    // Another contact of the same tenant's is a stranger, too.
    for who in ["visitor", "agent", "program", "neighbour"] {
        let mut answers = Vec::new();
        for id in [foreign.as_str(), handed.as_str(), "conv_019aa1b2c3d47e8f90a1b2c3d4e5f607", "conv_x", ""] {
            // A socket of its own for each: more frames than one may send at once.
            let mut client = match who {
                "visitor" => Client::visitor(&server, &own_widget, None).await.0,
                "neighbour" => Client::visitor(&server, &foreign_widget, None).await.0,
                "agent" => Client::member(&server, aurora).await,
                _ => Client::program(&server, aurora).await,
            };
            for (kind, frame) in frames(id) {
                client.send(frame).await;
                let frames = client.until_pong().await;
                answers.push((kind, frames));
            }
        }
        for (kind, first) in answers.iter().take(frames("").len()) {
            for (_, other) in answers.iter().filter(|(k, _)| k == kind) {
                assert_eq!(first, other, "{who}: {kind}");
            }
            // Only contacts judge.
            let code = if *kind == "judge" && matches!(who, "agent" | "program") { "forbidden" } else { "not_found" };
            assert!(*kind == "unsubscribe" || first[0]["code"] == code, "{who} {kind}: {first:?}");
        }
    }
    assert!(borealis_agent.until_pong().await.is_empty(), "nobody of Borealis heard anything");
    assert_eq!(before, server.rows_of(borealis).await);
}

#[tokio::test]
async fn who_brings_nothing_good_gets_nothing() {
    let server = start().await;
    let aurora = &server.two.aurora;
    let refused = |error: Value| {
        assert_eq!(error["type"], "error", "{error}");
        error["code"].as_str().unwrap().to_owned()
    };
    // A cookie from another site's page, or from none, opens nothing.
    for origin in [None, Some("http://evil.example"), Some("http://samtal.example.evil.example"), Some("null")] {
        let mut headers = vec![("cookie", format!("{COOKIE}={}", aurora.session))];
        headers.extend(origin.map(|origin| ("origin", origin.to_owned())));
        let mut client = open(&server, &headers).await.unwrap();
        client.send(json!({"type": "hello"})).await;
        assert_eq!(refused(client.next().await), "unauthenticated", "{origin:?}");
    }
    // By another name of the same machine, as whoever runs it reaches it.
    let scheme = ORIGIN.split("://").next().unwrap();
    let cookie = ("cookie", format!("{COOKIE}={}", aurora.session));
    let local = [cookie, ("origin", format!("{scheme}://localhost:3000")), ("host", "localhost:3000".to_owned())];
    let mut client = open(&server, &local).await.unwrap();
    client.send(json!({"type": "hello"})).await;
    assert_eq!(client.next().await["type"], "welcome");
    // A key that opens nothing does not even open a socket.
    let Err(Error::Http(answer)) = open(&server, &[("authorization", "Bearer smt_x".into())]).await else { panic!() };
    assert_eq!(answer.status(), 401);
    // Before hello nothing is done; after one that failed another may follow.
    let mut client = Client::new(&server).await;
    client.send(json!({"type": "subscribe", "conversation": "conv_x"})).await;
    assert_eq!(refused(client.next().await), "unauthenticated");
    let (known, foreign) = (widget(&server, aurora).await, widget(&server, &server.two.borealis).await);
    for (hello, code) in [
        (json!({"type": "hello", "widget": "wgt_019aa1b2c3d47e8f90a1b2c3d4e5f607"}), "not_found"),
        (json!({"type": "hello", "widget": "x"}), "not_found"),
        (json!({"type": "hello", "token": "smc_x"}), "unauthenticated"),
        (json!({"type": "hello", "widget": known, "token": "smc_x"}), "unauthenticated"),
        (json!({"type": "hello", "widget": known, "token": conversations::token()}), "unauthenticated"),
    ] {
        if client.0.send(Message::text(hello.to_string())).await.is_ok() {
            assert_eq!(client.next().await["code"], code, "{hello}");
        }
    }
    // A token of another tenant's.
    let (mut visitor, welcome) = Client::visitor(&server, &foreign, None).await;
    visitor.send(json!({"type": "send", "client_id": "1", "text": "Hello"})).await;
    visitor.next_of("sent").await;
    client.send(json!({"type": "hello", "widget": known, "token": welcome["token"]})).await;
    assert_eq!(refused(client.next().await), "unauthenticated");
    client.send(json!({"type": "hello", "widget": known})).await;
    assert_eq!(client.next().await["type"], "welcome");
}

#[tokio::test]
async fn bad_frames_are_told_and_the_socket_stays() {
    let server = start().await;
    let (mut visitor, _) = Client::visitor(&server, &widget(&server, &server.two.aurora).await, None).await;
    for (text, code) in [
        ("nothing", "invalid_request"),
        ("[]", "invalid_request"),
        (r#"{"type":"other"}"#, "invalid_request"),
        (r#"{"type":"ping","more":1}"#, "invalid_request"),
        (r#"{"type":"hello"}"#, "conflict"),
        (r#"{"type":"send","client_id":"1","text":"  "}"#, "invalid"),
        (r#"{"type":"send","client_id":"a b","text":"Hello"}"#, "invalid"),
    ] {
        visitor.raw(text).await;
        assert_eq!(visitor.next().await["code"], code, "{text}");
    }
    assert_eq!(server.count("select count(*) from app.contacts").await, 0, "words that cannot be leave nothing behind");
    visitor.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(visitor.next().await["code"], "invalid_request");
    // More at once than is borne.
    let mut limited = 0;
    for _ in 0..40 {
        visitor.raw(r#"{"type":"ping"}"#).await;
    }
    for _ in 0..40 {
        limited += usize::from(visitor.next().await["code"] == "rate_limited");
    }
    assert!(limited > 0);
    // Too large a frame ends it.
    let large = json!({"type": "send", "client_id": "1", "text": "x".repeat(20_000)}).to_string();
    visitor.raw(&large).await;
    assert!(matches!(visitor.end().await, Some(1009) | None));
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_refused_by_its_client_id() {
    let server = start().await;
    let (mut visitor, _) = Client::visitor(&server, &widget(&server, &server.two.aurora).await, None).await;
    for (frame, client_id) in [
        // Half of a surrogate pair: JSON.stringify writes it so, and it is no text.
        (r#"{"type":"send","client_id":"x","text":"\ud800"}"#, json!("x")),
        (r#"{"type":"send","text":"\udc00 \ud83d!","client_id":"x"}"#, json!("x")),
        (r#"{"type":"send","client_id":"x","text":1}"#, json!("x")),
        (r#"{"type":"send","client_id":"x","text":"Hello","more":[{}]}"#, json!("x")),
        (r#"{"type":"send","client_id":"\ud800","text":"Hello"}"#, Value::Null),
        (r#"{"type":"send","client_id":1,"text":"Hello"}"#, Value::Null),
        (r#"{"type":"send","client_id":"x","text":"Hello""#, Value::Null),
        // No object.
        (r#"["send",null,"x","Hello"]"#, Value::Null),
        (r#"["ping"]"#, Value::Null),
    ] {
        visitor.raw(frame).await;
        let error = visitor.next().await;
        assert_eq!(error["code"], "invalid_request", "{frame}: {error}");
        assert_eq!(*error.get("client_id").unwrap_or(&Value::Null), client_id, "{frame}: {error}");
    }
    visitor.send(json!({"type": "send", "client_id": "x", "text": "Hello"})).await;
    assert_eq!(visitor.next_of("sent").await["client_id"], "x");
    assert_eq!(server.count("select count(*) from app.messages").await, 1);
}

#[tokio::test]
async fn sockets_end_with_what_opened_them() {
    let server = start().await;
    let aurora = &server.two.aurora;
    let mut signed_out = Client::member(&server, aurora).await;
    let other = server.db.open_session(aurora.person, aurora.id).await;
    let headers = [("cookie", format!("{COOKIE}={other}")), ("origin", ORIGIN.to_owned())];
    let mut stays = open(&server, &headers).await.unwrap();
    stays.send(json!({"type": "hello"})).await;
    stays.next_of("welcome").await;
    let key = server.new_key(aurora, "Socket").await;
    let mut program = open(&server, &[("authorization", format!("Bearer {}", key.secret))]).await.unwrap();
    program.send(json!({"type": "hello"})).await;
    program.next_of("welcome").await;
    // One that has not said hello yet.
    let cookie = [("cookie", format!("{COOKIE}={}", aurora.session)), ("origin", ORIGIN.to_owned())];
    let mut silent = open(&server, &cookie).await.unwrap();

    assert_eq!(server.ask(Ask::post("/logout").session(aurora).header("origin", ORIGIN)).await.status, 303);
    assert_eq!(signed_out.end().await, Some(1008));
    silent.send(json!({"type": "hello"})).await;
    let answer = silent.0.next().await.unwrap().unwrap();
    assert!(matches!(&answer, Message::Close(Some(why)) if u16::from(why.code) == 1008), "{answer:?}");
    assert!(stays.until_pong().await.is_empty(), "another session of the same person goes on");
    let revoke = Ask::post(format!("/dashboard/api-keys/{}/revoke", key.key.id)).cookie(other).header("origin", ORIGIN);
    assert_eq!(server.ask(revoke).await.status, 303);
    assert_eq!(program.end().await, Some(1008));
    assert!(stays.until_pong().await.is_empty());
}

#[tokio::test]
async fn who_is_taken_out_of_a_team_follows_its_conversations_no_more() {
    let server = start().await;
    let (aurora, identity) = (&server.two.aurora, &server.capabilities().identity);
    let wishes = RoleWishes {
        title: "Of a team".to_owned(),
        permissions: Permissions::of(&[Permission::ReachTeams, Permission::WriteConversations]),
    };
    let role = identity.create_role(&aurora.owner, &wishes).await.unwrap().role;
    let (person, member) = testkit::member(&server.db, aurora, "Ann", &role.to_string()).await;
    let team = identity.create_team(&aurora.owner, "Billing").await.unwrap().id;
    identity.add_to_team(&aurora.owner, team, member).await.unwrap();
    let id = server.new_conversation(aurora, "Hello").await;
    server.conversations().give(&aurora.owner, id.parse().unwrap(), Some(team)).await.unwrap();
    let session = server.db.open_session(person, aurora.id).await;
    let mut ann = Client::with_cookie(&server, &session.to_string()).await;
    let follow = json!({"type": "subscribe", "conversation": id, "after": 0});
    ann.send(follow.clone()).await;
    ann.next_of("caught_up").await;
    let typing = json!({"type": "typing", "conversation": id});
    ann.send(typing.clone()).await;
    assert!(ann.until_pong().await.is_empty(), "it is theirs to write in");

    identity.take_from_team(&aurora.owner, team, member).await.unwrap();
    // The list has to be asked for again.
    assert_eq!(ann.next_of("changed").await, json!({"type": "changed"}));
    for frame in [typing, follow] {
        ann.send(frame).await;
        assert_eq!(ann.next_of("error").await["code"], "not_found");
    }
}

#[tokio::test]
async fn there_is_room_for_so_many_and_a_stop_sends_them_away_politely() {
    let limits = SocketLimits { total: 2, per_address: 2, contacts_per_address: 1, ..SocketLimits::default() };
    let server = TestServer::with(|config| {
        config.public_url = ORIGIN.parse().ok();
        config.server.sockets = limits;
    })
    .await;
    let widget = widget(&server, &server.two.aurora).await;
    let (mut first, _) = Client::visitor(&server, &widget, None).await;
    let (mut second, _) = Client::visitor(&server, &widget, None).await;
    let Err(Error::Http(answer)) = open(&server, &[]).await else { panic!() };
    assert_eq!(answer.status(), 503);
    first.send(json!({"type": "send", "client_id": "1", "text": "Hello"})).await;
    first.next_of("sent").await;
    second.send(json!({"type": "send", "client_id": "1", "text": "Hello"})).await;
    let error = second.next_of("error").await;
    assert_eq!((&error["code"], &error["client_id"]), (&json!("rate_limited"), &json!("1")));
    server.sockets().stop(PATIENCE).await;
    assert_eq!(first.end().await, Some(1012));
    assert_eq!(second.end().await, Some(1012));
}

#[tokio::test]
async fn an_address_has_its_share_of_sockets() {
    let server = start_with(|limits| limits.per_address = 20).await;
    let refused = async |address: &str| {
        let Err(Error::Http(answer)) = open_from(&server, address).await else { panic!("{address}") };
        assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "5"));
    };
    // Whoever has a network of 64 bits has many addresses in it, and is one all the same.
    let mut greedy = Vec::new();
    for n in 0..20 {
        greedy.push(open_from(&server, &format!("2001:db8:0:1:{n:x}::{n:x}")).await.unwrap());
    }
    for address in ["2001:db8:0:1::99", "2001:db8:0:1:ffff:ffff:ffff:ffff", "[2001:db8:0:1::1]:443"] {
        refused(address).await;
    }
    let mut neighbours = Vec::new();
    for address in ["2001:db8:0:2::1", "2001:db8:0:0:ffff::1", "203.0.113.7"] {
        neighbours.push(open_from(&server, address).await.unwrap());
    }
    for _ in 0..19 {
        neighbours.push(open_from(&server, "203.0.113.7:1234").await.unwrap());
    }
    refused("203.0.113.7").await;
    refused("::ffff:203.0.113.7").await;
    for client in greedy.iter_mut().chain(&mut neighbours) {
        assert!(client.until_pong().await.is_empty());
    }
    // Who goes gives the place back.
    drop(greedy.pop());
    let free = async { while open_from(&server, "2001:db8:0:1::99").await.is_err() {} };
    tokio::time::timeout(PATIENCE, free).await.unwrap();
}

/// Before hello as after it; and whoever sends no faster than it may does not notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_on_sending_is_told_cut_off_and_reads_why() {
    let server = start().await;
    let widget = widget(&server, &server.two.aurora).await;
    let (mut neighbour, _) = Client::visitor(&server, &widget, None).await;
    for hello in [true, false] {
        let greedy = match hello {
            true => Client::visitor(&server, &widget, None).await.0,
            false => Client::new(&server).await,
        };
        let (mut write, mut read) = greedy.0.split();
        // Without a pause, and for long after it was cut off.
        let flood = tokio::spawn(async move {
            for _ in 0..5_000 {
                if write.send(Message::text(r#"{"type":"ping"}"#)).await.is_err() {
                    break;
                }
            }
        });
        let (mut answered, mut told) = (0, 0);
        let why = loop {
            match tokio::time::timeout(PATIENCE, read.next()).await.expect("an end has to come") {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    match frame["code"].as_str() {
                        Some("rate_limited") => told += 1,
                        _ => answered += usize::from(frame["type"] == "pong"),
                    }
                }
                Some(Ok(Message::Close(Some(why)))) => break why,
                other => panic!("after {answered} and {told}: {other:?}"),
            }
        };
        assert_eq!((u16::from(why.code), told), (1013, 50), "{why:?}");
        assert!(answered >= 19, "{answered}");
        tokio::time::timeout(PATIENCE, flood).await.expect("the connection stays for ever").unwrap();
        assert!(neighbour.until_pong().await.is_empty());
    }
}

/// What is no text counts as well: each gets an answer.
#[tokio::test]
async fn frames_that_say_nothing_count_like_others() {
    let server = start().await;
    let widget = widget(&server, &server.two.aurora).await;
    let (mut greedy, _) = Client::visitor(&server, &widget, None).await;
    for n in 0..100_u8 {
        greedy.0.feed(Message::binary(vec![n])).await.unwrap();
    }
    greedy.0.send(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
    let mut told = 0;
    let why = loop {
        match tokio::time::timeout(PATIENCE, greedy.0.next()).await.expect("an end has to come") {
            Some(Ok(Message::Text(text))) => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                assert_ne!(frame["type"], "pong", "all of them were answered");
                told += usize::from(frame["code"] == "rate_limited");
            }
            Some(Ok(Message::Close(Some(why)))) => break why,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((u16::from(why.code), told), (1013, 50));
}

/// Visitors of one address share what they may say, on however many sockets; those of another one do not notice.
#[tokio::test]
async fn an_address_has_its_share_of_messages() {
    let server = start_with(|limits| limits.messages_per_address = 2).await;
    let widget = widget(&server, &server.two.aurora).await;
    let say = |n: u32| json!({"type": "send", "client_id": n.to_string(), "text": "Hello"});
    let mut first = Client::visitor_from(&server, &widget, "2001:db8:0:1::1").await;
    let mut second = Client::visitor_from(&server, &widget, "2001:db8:0:1:ffff::2").await;
    for n in 0..2 {
        first.send(say(n)).await;
        assert_eq!(first.next_of("sent").await["client_id"], n.to_string());
    }
    for (client, n) in [(&mut first, 2), (&mut second, 3)] {
        client.send(say(n)).await;
        let error = client.next_of("error").await;
        assert_eq!((&error["code"], &error["client_id"]), (&json!("rate_limited"), &json!(n.to_string())));
        // Two in a minute: one in half of it.
        assert!((1..=31).contains(&error["retry_after"].as_u64().unwrap()), "{error}");
    }
    let mut neighbour = Client::visitor_from(&server, &widget, "2001:db8:0:2::1").await;
    neighbour.send(say(4)).await;
    neighbour.next_of("sent").await;
    assert_eq!(server.count("select count(*) from app.messages").await, 3);
}

#[tokio::test]
async fn an_address_has_its_share_of_new_conversations() {
    let server = start_with(|limits| limits.contacts_per_address = 2).await;
    let widget = widget(&server, &server.two.aurora).await;
    let say = |client_id: &str, text: &str| json!({"type": "send", "client_id": client_id, "text": text});
    let (here, there) = ("203.0.113.7", "203.0.113.8");
    // What cannot be said begins nothing, and takes nothing from others.
    let mut first = Client::visitor_from(&server, &widget, here).await;
    for _ in 0..3 {
        for (client_id, text) in [("1", "  "), ("a b", "Hello"), ("1", &"x".repeat(10_000))] {
            first.send(say(client_id, text)).await;
            assert_eq!(first.next_of("error").await["code"], "invalid");
        }
        first.send(json!({"type": "send", "conversation": "conv_x", "client_id": "1", "text": "Hello"})).await;
        assert_eq!(first.next_of("error").await["code"], "not_found");
    }
    let mut second = Client::visitor_from(&server, &widget, "203.0.113.7:4711").await;
    for client in [&mut first, &mut second] {
        client.send(say("1", "Hello")).await;
        client.next_of("sent").await;
    }
    let mut third = Client::visitor_from(&server, &widget, here).await;
    for _ in 0..2 {
        third.send(say("1", "Hello")).await;
        let error = third.next_of("error").await;
        assert_eq!((&error["code"], &error["client_id"]), (&json!("rate_limited"), &json!("1")));
        // Two in ten minutes: one in five.
        assert!((240..=301).contains(&error["retry_after"].as_u64().unwrap()), "{error}");
    }
    // Who is known goes on, and others begin.
    first.send(say("2", "And more")).await;
    first.next_of("sent").await;
    let mut neighbour = Client::visitor_from(&server, &widget, there).await;
    neighbour.send(say("1", "Hello")).await;
    neighbour.next_of("sent").await;
    assert_eq!(server.count("select count(*) from app.contacts").await, 3);
}

/// A burst that no queue holds, while somebody listens: everything arrives once and in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_into_the_queue_is_read_again() {
    let server = start().await;
    let aurora = &server.two.aurora;
    let id = server.new_conversation(aurora, "Hello").await;
    let mut agent = Client::member(&server, aurora).await;
    agent.send(json!({"type": "subscribe", "conversation": id, "after": 0})).await;
    agent.next_of("caught_up").await;
    let mut all = tokio::task::JoinSet::new();
    for n in 0..150 {
        let path = format!("/api/v1/conversations/{id}/messages");
        let body = json!({"text": format!("{n}"), "client_id": format!("{n}")}).to_string();
        all.spawn(server.ask_later(Ask::post(path).body("application/json", body).key(aurora)));
    }
    assert!(all.join_all().await.into_iter().all(|answer| answer.unwrap().status == 201));
    for seq in 2..=151 {
        assert_eq!(agent.next_of("message").await["message"]["seq"], seq);
    }
}
