//! What is written and shown in a meeting, and what of it is said in the conversation that it is from.

use super::{Attends, guest, host, inside, joined, meeting, path};
use crate::harness::{Ask, TestServer};
use crate::socket::{self, Client};
use meetings::NewMeeting;
use model::Timestamp;
use model::meeting::Meeting;
use serde_json::{Value, json};
use words::Language;

#[tokio::test]
async fn what_is_shown_for_a_moment_is_not_shown_without_end() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (mut kim, _) = inside(&server, &weekly, "Kim").await;
    for _ in 0..40 {
        kim.send(json!({"type": "react", "emoji": "👍"})).await;
    }
    let (mut shown, mut refused) = (0, 0);
    while shown + refused < 40 {
        let frame = kim.next().await;
        shown += usize::from(frame["type"] == "reaction");
        refused += usize::from(frame["code"] == "rate_limited");
    }
    assert!(shown >= 10 && refused > 0, "{shown} shown, {refused} refused");
}

#[tokio::test]
async fn much_that_was_written_keeps_nobody_out_and_one_does_not_write_it_all() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (mut kim, _) = inside(&server, &weekly, "Kim").await;
    let say = |client_id: &str| json!({"type": "say", "client_id": client_id, "text": "x"});
    kim.send(say("first")).await;
    kim.next_of("message").await;
    server
        .execute(
            "insert into app.meeting_messages (tenant_id, meeting_id, seq, person_id, client_id, text, created_at)
             select tenant_id, meeting_id, n, person_id, 'm' || n, repeat('😀', 2000), created_at
             from app.meeting_messages cross join generate_series(2, 499) n",
        )
        .await;
    let late = joined(&server.ask(guest(&weekly, "Late")).await);
    let (mut late, welcome) = Attends::with(server.address, &late.token).await;
    assert_eq!(welcome["type"], "welcome");
    let shown = welcome["messages"].as_array().unwrap();
    assert_eq!((shown.len(), &shown[shown.len() - 1]["seq"]), (12, &json!(499)));
    kim.send(say("last")).await;
    assert_eq!(kim.next_of("message").await["seq"], 500);
    assert_eq!(kim.refused(say("more")).await, "conflict");
    late.send(say("mine")).await;
    loop {
        let message = late.next_of("message").await;
        if message["client_id"] == "mine" {
            assert_eq!(message["seq"], 501);
            break;
        }
    }
}

#[tokio::test]
async fn a_meeting_from_a_conversation_says_there_what_becomes_of_it() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let talk = server.new_conversation(aurora, "Can we talk?").await;
    let meet = || server.ask(Ask::post(format!("/dashboard/inbox/{talk}/meeting")).form([]).session(aurora));
    // Pressed twice at once, it is one.
    let (made, again) = tokio::join!(meet(), meet());
    assert_eq!((made.status, again.header("location")), (303, made.header("location")), "{made}");
    let list = server.ask(Ask::get("/api/v1/meetings?state=scheduled").key(aurora)).await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
    let weekly: Meeting = serde_json::from_value(list["data"][0].clone()).unwrap();
    assert_eq!(weekly.conversation_id.map(|id| id.to_string()).as_deref(), Some(&*talk));
    assert_eq!(made.header("location"), path(&weekly));
    let (mut anna, _) = host(&server, aurora, &weekly).await;
    let (mut kim, _) = inside(&server, &weekly, "Kim").await;
    kim.send(json!({"type": "say", "client_id": "1", "text": "Here I am"})).await;
    anna.next_of("message").await;
    anna.send(json!({"type": "end"})).await;
    for one in [&mut anna, &mut kim] {
        one.next_of("ended").await;
        assert_eq!(one.end().await, Some(1000));
    }
    assert_eq!(server.ask(Ask::get(path(&weekly))).await.status, 404);
    assert_ne!(meet().await.header("location"), path(&weekly), "one that is over is not led into");
    let said = server.ask(Ask::get(format!("/api/v1/conversations/{talk}/messages")).key(aurora)).await.json();
    let said: Vec<(String, String)> = said["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["event"].as_str().unwrap_or_default().to_owned(), one["text"].as_str().unwrap().to_owned()))
        .collect();
    assert!(said.iter().any(|(_, text)| text.contains(&weekly.link)), "{said:?}");
    let events: Vec<&str> =
        said.iter().filter(|(event, _)| event == "meeting").map(|(_, text)| text.as_str()).collect();
    assert_eq!(
        events,
        ["A meeting has begun.", "The meeting ended after less than a minute. There: Aurora Owner, Kim."]
    );
    // It is kept who was there, and what was written.
    let people = server.ask(Ask::get(format!("/api/v1/meetings/{}/participants", weekly.id)).key(aurora)).await.json();
    assert_eq!(people["data"].as_array().unwrap().len(), 2);
    let chat = server.ask(Ask::get(format!("/api/v1/meetings/{}/messages", weekly.id)).key(aurora)).await.json();
    assert_eq!((&chat["data"][0]["name"], &chat["data"][0]["text"]), (&json!("Kim"), &json!("Here I am")));
    let page = server.ask(Ask::get("/dashboard/meetings").session(aurora)).await;
    assert!(page.body.contains("Kim") && page.body.contains("Here I am"), "{page}");
}

#[tokio::test]
async fn who_starts_a_meeting_is_led_to_it() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let talk = server.new_conversation(aurora, "Can we talk?").await;
    for (fields, from) in [([("title", "At once")], None), ([("conversation", talk.as_str())], Some(&talk))] {
        let started = server.ask(Ask::post("/dashboard/meetings").form(fields).session(aurora)).await;
        let list = server.ask(Ask::get("/api/v1/meetings?limit=1").key(aurora)).await.json();
        let made: Meeting = serde_json::from_value(list["data"][0].clone()).unwrap();
        assert_eq!((started.status, started.header("location")), (303, path(&made).as_str()), "{started}");
        assert_eq!(made.conversation_id.map(|id| id.to_string()).as_ref(), from);
        // It is there, and theirs to lead.
        assert_eq!(server.ask(Ask::get(path(&made)).session(aurora)).await.status, 200);
        host(&server, aurora, &made).await;
    }
}

#[tokio::test]
async fn an_invitation_speaks_the_workspace_s_language_and_says_when_it_is_for() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let day = (server.db.services.now() + time::Duration::days(40)).date();
    let at = format!("{day}T10:30");
    let begins: Timestamp = format!("{at}:00.000Z").parse().unwrap();
    let by_key = |body: Value| Ask::post("/api/v1/meetings").key(aurora).body("application/json", body.to_string());
    for (language, set, title, [now, later, then]) in [
        (
            Language::English,
            "update app.tenants set language = null",
            "Meeting",
            [
                "Let us talk face to face. Open this link to join: ",
                "Let us talk face to face on ",
                ", 10:30 (Asia/Tokyo). Open this link then to join: ",
            ],
        ),
        (
            Language::Spanish,
            "update app.tenants set language = 'es'",
            "Reunión",
            [
                "Hablemos cara a cara. Abre este enlace para entrar: ",
                "Hablemos cara a cara el ",
                ", 10:30 (Asia/Tokyo). Abre este enlace en ese momento para entrar: ",
            ],
        ),
    ] {
        server.execute(set).await;
        let later = [later, &begins.day().say(language), then].concat();
        // Whatever the browser asks for, of whoever says it.
        let asks = if language == Language::English { "es" } else { "en" };
        for (way, words) in [("press", now), ("form", &*later), ("program", now), ("program that plans", &*later)] {
            let talk = server.new_conversation(aurora, "Can we talk?").await;
            let ask = match way {
                "press" => Ask::post(format!("/dashboard/inbox/{talk}/meeting")).form([]).session(aurora),
                "form" => {
                    let fields = [
                        ("conversation", talk.as_str()),
                        ("later", "1"),
                        ("starts_at", &*at),
                        ("time_zone", "Asia/Tokyo"),
                        ("minutes", "45"),
                    ];
                    Ask::post("/dashboard/meetings").form(fields).session(aurora)
                }
                "program" => by_key(json!({"conversation_id": talk})),
                // Tokyo is nine hours ahead, all the year.
                _ => {
                    let starts_at = format!("{day}T01:30:00Z");
                    by_key(json!({"conversation_id": talk, "starts_at": starts_at, "time_zone": "Asia/Tokyo"}))
                }
            };
            let answer = server.ask(ask.header("accept-language", asks)).await;
            assert!(matches!(answer.status, 201 | 303), "{way}: {answer}");
            let list = server.ask(Ask::get("/api/v1/meetings?limit=1").key(aurora)).await.json();
            let made: Meeting = serde_json::from_value(list["data"][0].clone()).unwrap();
            assert_eq!(made.title, title, "{way}");
            let said = server.ask(Ask::get(format!("/api/v1/conversations/{talk}/messages")).key(aurora)).await.json();
            let texts = said["data"].as_array().unwrap().iter().filter_map(|one| one["text"].as_str());
            let texts: Vec<&str> = texts.filter(|text| text.contains(&made.link)).collect();
            assert_eq!(texts, [format!("{words}{}", made.link)], "{way}");
            // A name that is taken away is that again.
            let change = |title: &str| {
                let ask = Ask::new("PATCH", format!("/api/v1/meetings/{}", made.id)).key(aurora);
                ask.body("application/json", json!({"title": title}).to_string())
            };
            assert_eq!(server.ask(change("Prices")).await.json()["title"], "Prices", "{way}");
            assert_eq!(server.ask(change(" ")).await.json()["title"], title, "{way}");
            if way == "program that plans" {
                it_is_moved_and_called_off(&server, &made, &day, language).await;
            }
        }
    }
}

/// What its conversation says of a planned meeting that is moved by an hour, whose name changes, and that is ended before anybody has come.
async fn it_is_moved_and_called_off(server: &TestServer, made: &Meeting, day: &time::Date, language: Language) {
    let aurora = &server.two.aurora;
    let one = format!("/api/v1/meetings/{}", made.id);
    for change in [json!({"starts_at": format!("{day}T02:30:00Z")}), json!({"title": "Prices"})] {
        let ask = Ask::new("PATCH", one.as_str()).key(aurora).body("application/json", change.to_string());
        assert_eq!(server.ask(ask).await.status, 200);
    }
    assert_eq!(server.ask(Ask::post(format!("{one}/end")).key(aurora)).await.status, 200);
    let talk = made.conversation_id.unwrap();
    let said = server.ask(Ask::get(format!("/api/v1/conversations/{talk}/messages")).key(aurora)).await.json();
    let events = said["data"].as_array().unwrap().iter().filter(|one| one["event"] == "meeting");
    let events: Vec<&str> = events.filter_map(|one| one["text"].as_str()).collect();
    let begins: Timestamp = format!("{day}T11:30:00.000Z").parse().unwrap();
    let moved = match language {
        Language::Spanish => {
            "La reunión cambió de hora: es el {day}, 11:30 (Asia/Tokyo). Su enlace sigue siendo el mismo."
        }
        _ => "The meeting was moved: it is on {day}, 11:30 (Asia/Tokyo). Its link stays.",
    };
    assert_eq!(events, [&*moved.replace("{day}", &begins.day().say(language)), "The meeting was called off."]);
}

#[tokio::test]
async fn who_follows_a_conversation_hears_of_its_meeting_as_it_happens() {
    let server = socket::start().await;
    let aurora = &server.two.aurora;
    let talk = server.new_conversation(aurora, "Can we talk?").await;
    let mut follows = Client::member(&server, aurora).await;
    follows.send(json!({"type": "subscribe", "conversation": talk, "after": 0})).await;
    follows.next_of("caught_up").await;
    let meetings = &server.capabilities().meetings;
    let new = NewMeeting::default();
    let weekly = meetings.invite(&aurora.owner, talk.parse().unwrap(), new).await.unwrap();
    let (mut anna, _) = host(&server, aurora, &weekly).await;
    let (mut kim, _) = inside(&server, &weekly, "Kim").await;
    anna.send(json!({"type": "end"})).await;
    kim.next_of("ended").await;
    let mut heard = Vec::new();
    while heard.len() < 3 {
        let message = follows.next_of("message").await["message"].clone();
        let text = message["text"].as_str().unwrap_or_default().to_owned();
        match message["event"].as_str() {
            Some("meeting") => heard.push(text),
            None if text.contains(&weekly.link) => heard.push("the link".to_owned()),
            _ => {}
        }
    }
    let ended = "The meeting ended after less than a minute. There: Aurora Owner, Kim.";
    assert_eq!(heard, ["the link", "A meeting has begun.", ended]);
}

#[tokio::test]
async fn what_is_written_is_there_once_and_for_who_comes_later() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (mut anna, _) = host(&server, aurora, &weekly).await;
    let (mut kim, known) = inside(&server, &weekly, "Kim").await;
    for _ in 0..2 {
        kim.send(json!({"type": "say", "client_id": "a", "text": "  Hello <b>there</b>  "})).await;
        let kept = kim.next_of("message").await;
        assert_eq!((&kept["seq"], &kept["client_id"]), (&json!(1), &json!("a")));
    }
    let heard = anna.next_of("message").await;
    assert_eq!(
        (&heard["person"], &heard["name"], &heard["text"], &heard["client_id"]),
        (&json!(known.person), &json!("Kim"), &json!("Hello <b>there</b>"), &Value::Null)
    );
    for (frame, code) in [
        (json!({"type": "say", "client_id": "b", "text": ""}), "invalid"),
        (json!({"type": "say", "client_id": "b", "text": "x".repeat(2_001)}), "invalid"),
        (json!({"type": "say", "client_id": "?", "text": "x"}), "invalid"),
        (json!({"type": "say", "text": "x"}), "invalid_request"),
    ] {
        assert_eq!(kim.refused(frame).await, code);
    }
    let (_, late) = {
        let late = joined(&server.ask(guest(&weekly, "Late")).await);
        Attends::with(server.address, &late.token).await
    };
    assert_eq!(late["messages"].as_array().unwrap().len(), 1);
    // The last that fits, and one more.
    server
        .execute(
            "insert into app.meeting_messages (tenant_id, meeting_id, seq, person_id, client_id, text, created_at)
             select tenant_id, meeting_id, 2000, person_id, 'last', 'x', created_at from app.meeting_messages",
        )
        .await;
    assert_eq!(kim.refused(json!({"type": "say", "client_id": "c", "text": "more"})).await, "conflict");
}

#[tokio::test]
async fn what_was_written_is_read_afterwards() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (mut kim, _) = inside(&server, &weekly, "Kim").await;
    kim.send(json!({"type": "say", "client_id": "first", "text": "Hello <b>there</b>"})).await;
    kim.next_of("message").await;
    server
        .execute(
            "insert into app.meeting_messages (tenant_id, meeting_id, seq, person_id, client_id, text, created_at)
             select tenant_id, meeting_id, n, person_id, 'm' || n, n || repeat('x', 1000), created_at
             from app.meeting_messages cross join generate_series(2, 60) n",
        )
        .await;
    server.capabilities().meetings.end(&aurora.owner, weekly.id).await.unwrap();
    let path = format!("/api/v1/meetings/{}/messages", weekly.id);
    let (mut read, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.ask(Ask::get(format!("{path}?limit=25{cursor}")).key(aurora)).await.json();
        read.extend(page["data"].as_array().unwrap().iter().map(|one| one["seq"].as_u64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(read, (1..=60).collect::<Vec<_>>());
    // The page shows the beginning, as text, and says where the rest is.
    let page = server.ask(Ask::get("/dashboard/meetings").session(aurora)).await;
    assert!(page.body.contains("60 messages were written"), "{page}");
    assert!(page.body.contains("Hello &lt;b>there") || page.body.contains("Hello &lt;b&gt;there"), "{page}");
    assert!(page.body.contains("2xxx") && !page.body.contains("40xxx") && page.body.contains(&path), "{page}");
    // Another company's key reads nothing, which says no more than that there is none.
    let theirs = server.ask(Ask::get(path.as_str()).key(&server.two.borealis)).await;
    let none = server.ask(Ask::get("/api/v1/meetings/mtg_019aa1b2c3d47e8f90a1b2c3d4e5f607/messages").key(aurora)).await;
    assert_eq!((theirs.status, theirs.comparable()), (404, none.comparable()));
}
