//! From a conversation to a meeting and back, from outside: a contact comes as themself, and asks for a call, within service hours and outside.

use crate::harness::{Ask, TestServer};
use crate::meetings::{Attends, asks, host, joined, path};
use crate::socket::{Client, ORIGIN, start, widget};
use meetings::NewMeeting;
use model::meeting::{Joined, Meeting};
use model::settings::Settings;
use serde_json::{Value, json};
use testkit::Tenant;

/// A contact who has asked something in the widget: their socket, what they come back with, and the conversation.
async fn contact(server: &TestServer, tenant: &Tenant) -> (Client, String, String) {
    let (mut client, welcome) = Client::visitor(server, &widget(server, tenant).await, None).await;
    client.send(json!({"type": "send", "client_id": "1", "text": "Can we talk?"})).await;
    let talk = client.next_of("sent").await["message"]["conversation_id"].as_str().unwrap().to_owned();
    (client, welcome["token"].as_str().unwrap().to_owned(), talk)
}

/// A meeting that a member makes from a conversation.
async fn invite(server: &TestServer, tenant: &Tenant, talk: &str, change: impl FnOnce(&mut NewMeeting)) -> Meeting {
    let mut new = NewMeeting::default();
    change(&mut new);
    let meetings = &server.capabilities().meetings;
    meetings.invite(&tenant.owner, talk.parse().unwrap(), new).await.unwrap()
}

/// What of a text is the link of a meeting, with all that is behind it.
fn link(text: &str) -> &str {
    let at = text.find("http").unwrap();
    text[at..].split_whitespace().next().unwrap()
}

/// The link that a conversation says next.
async fn invited(client: &mut Client) -> String {
    loop {
        let message = client.next_of("message").await["message"].clone();
        let text = message["text"].as_str().unwrap();
        if text.contains("/meet/") {
            return link(text).to_owned();
        }
    }
}

/// All links that somebody is told who reads a conversation from its beginning.
async fn links(client: &mut Client, talk: &str) -> Vec<String> {
    client.send(json!({"type": "subscribe", "conversation": talk, "after": 0})).await;
    let frames = client.until_pong().await;
    let texts = frames.iter().filter_map(|frame| frame["message"]["text"].as_str());
    texts.filter(|text| text.contains("/meet/")).map(|text| link(text).to_owned()).collect()
}

/// The pass in a contact's own link.
fn pass(link: &str) -> &str {
    let (_, pass) = link.split_once("#as=").unwrap_or_else(|| panic!("{link} has no pass"));
    pass.split('&').next().unwrap()
}

async fn comes(server: &TestServer, meeting: &Meeting, pass: &str, name: Option<&str>) -> Joined {
    joined(&server.ask(asks(meeting, json!({"name": name, "as": pass, "consent": true}))).await)
}

async fn people(server: &TestServer, tenant: &Tenant, meeting: &Meeting) -> Vec<Value> {
    let shown = server.ask(Ask::get(format!("/api/v1/meetings/{}/participants", meeting.id)).key(tenant)).await.json();
    shown["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_contact_comes_as_themself_by_the_link_that_they_are_told() {
    let server = start().await;
    let aurora = &server.two.aurora;
    let (mut kim, token, talk) = contact(&server, aurora).await;
    let mut anna = Client::member(&server, aurora).await;
    anna.send(json!({"type": "subscribe", "conversation": talk, "after": 0})).await;
    anna.next_of("caught_up").await;
    let meeting = invite(&server, aurora, &talk, |new| {
        new.passcode = Some("aurora-lamps".to_owned());
        new.waiting_room = true;
    })
    .await;
    let theirs = invited(&mut kim).await;
    assert!(theirs.starts_with(&format!("{}#as=smp_", meeting.link)) && !theirs.contains("named"), "{theirs}");
    // Nobody else is told it: not the company's people, nor programs, nor what is kept.
    assert_eq!(invited(&mut anna).await, meeting.link);
    assert_eq!(links(&mut anna, &talk).await, [meeting.link.as_str()]);
    let said = server.ask(Ask::get(format!("/api/v1/conversations/{talk}/messages")).key(aurora)).await;
    assert!(said.body.contains(&meeting.link) && !said.body.contains("smp_"), "{said}");
    let page = server.ask(Ask::get(format!("/dashboard/inbox/{talk}")).session(aurora)).await;
    assert!(page.body.contains("/meet/") && !page.body.contains("smp_"), "{page}");
    assert_eq!(server.count("select count(*) from app.messages where text like '%smp_%'").await, 0);
    // Read again it is the same, also by who comes back.
    let (mut again, _) = Client::visitor(&server, &widget(&server, aurora).await, Some(&token)).await;
    for client in [&mut kim, &mut again] {
        assert_eq!(links(client, &talk).await, [theirs.as_str()]);
    }
    // What they write themselves stays as they wrote it.
    let words = format!("Is it {}?", meeting.link);
    kim.send(json!({"type": "send", "conversation": talk, "client_id": "2", "text": words})).await;
    assert_eq!(kim.next_of("sent").await["message"]["text"], words);
    let (mut later, _) = Client::visitor(&server, &widget(&server, aurora).await, Some(&token)).await;
    assert_eq!(links(&mut later, &talk).await, [theirs.clone(), format!("{}?", meeting.link)]);

    // They say what they are called, since nobody knows, and neither know the passcode nor wait.
    let pass = pass(&theirs);
    let nameless = server.ask(asks(&meeting, json!({"as": pass, "consent": true}))).await;
    assert_eq!((nameless.status, &nameless.json()["errors"][0]["field"]), (422, &json!("name")), "{nameless}");
    let first = comes(&server, &meeting, pass, Some("Kim")).await;
    assert_eq!((first.state.name(), first.role.name(), first.name.as_str()), ("in", "speaker", "Kim"));
    let _inside = Attends::inside(server.address, &first.token).await;
    // Twice they are one, whatever they say.
    let second = comes(&server, &meeting, pass, Some("Somebody")).await;
    assert_eq!((second.person, second.name.as_str()), (first.person, "Kim"));
    let third = comes(&server, &meeting, pass, None).await;
    assert_eq!(third.person, first.person);
    let there = people(&server, aurora, &meeting).await;
    assert_eq!(there.len(), 1, "{there:?}");
    assert_eq!(there[0]["kind"], "contact");
    let shown = server.ask(Ask::get(format!("/api/v1/conversations/{talk}")).key(aurora)).await.json();
    assert_eq!(there[0]["contact_id"], shown["contact"]["id"]);
}

#[tokio::test]
async fn a_pass_opens_one_meeting_for_one_contact() {
    let server = start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let (mut kim, _, talk) = contact(&server, aurora).await;
    let (mut eve, _, other) = contact(&server, aurora).await;
    let (mut far, _, foreign) = contact(&server, borealis).await;
    let waits = |new: &mut NewMeeting| new.waiting_room = true;
    let mine = invite(&server, aurora, &talk, waits).await;
    let hers = invite(&server, aurora, &other, waits).await;
    let theirs = invite(&server, borealis, &foreign, waits).await;
    let [kim_s, eve_s, far_s] =
        [invited(&mut kim).await, invited(&mut eve).await, invited(&mut far).await].map(|link| pass(&link).to_owned());
    // Somebody else's pass, or none, is nobody's: they are asked as guests are, and wait.
    for (meeting, pass) in
        [(&mine, &*eve_s), (&mine, &*far_s), (&hers, &*kim_s), (&theirs, &*kim_s), (&mine, "smp_"), (&mine, "")]
    {
        let asked = server.ask(asks(meeting, json!({"as": pass, "consent": true}))).await;
        assert_eq!(asked.status, 422, "{pass}: {asked}");
        assert_eq!(comes(&server, meeting, pass, Some("Eve")).await.state.name(), "waiting", "{pass}");
    }
    // A link that somebody's people say elsewhere is a link there.
    let text = format!("This is another's: {}", hers.link);
    server.conversations().reply(&aurora.owner, talk.parse().unwrap(), &said(&text)).await.unwrap();
    assert_eq!(invited(&mut kim).await, hers.link);
    // By whoever is signed in as a member, a member comes.
    let as_member = joined(&server.ask(asks(&mine, json!({"as": kim_s, "consent": true})).session(aurora)).await);
    assert_eq!(as_member.role.name(), "host");
    // One who is no contact any more is a guest.
    comes(&server, &mine, &kim_s, Some("Kim")).await;
    server.execute("update app.meetings set conversation_id = null").await;
    assert_eq!(comes(&server, &mine, &kim_s, Some("Kim")).await.state.name(), "waiting");
}

fn said(text: &str) -> conversations::NewMessage {
    conversations::NewMessage { text: text.to_owned(), client_id: "said".to_owned() }
}

#[tokio::test]
async fn a_pass_opens_nothing_that_is_closed() {
    let server = start().await;
    let aurora = &server.two.aurora;
    let (mut kim, _, talk) = contact(&server, aurora).await;
    let meeting = invite(&server, aurora, &talk, |_| {}).await;
    let theirs = invited(&mut kim).await;
    let pass = pass(&theirs);
    let ask = asks(&meeting, json!({"name": "Kim", "as": pass, "consent": true}));
    let (mut anna, _) = host(&server, aurora, &meeting).await;
    anna.send(json!({"type": "lock", "locked": true})).await;
    anna.next_of("locked").await;
    assert_eq!(server.ask(ask.clone()).await.status, 409);
    anna.send(json!({"type": "lock", "locked": false})).await;
    anna.next_of("locked").await;
    let asked = comes(&server, &meeting, pass, Some("Kim")).await;
    // Who has only asked is new; who has been in is not.
    anna.send(json!({"type": "lock", "locked": true})).await;
    anna.next_of("locked").await;
    assert_eq!(server.ask(ask.clone()).await.status, 409);
    anna.send(json!({"type": "lock", "locked": false})).await;
    anna.next_of("locked").await;
    let mut inside = Attends::inside(server.address, &asked.token).await;
    anna.send(json!({"type": "lock", "locked": true})).await;
    anna.next_of("locked").await;
    assert_eq!(comes(&server, &meeting, pass, None).await.person, asked.person);
    // Taken out, they are out.
    anna.send(json!({"type": "remove", "person": asked.person})).await;
    inside.next_of("removed").await;
    assert_eq!(server.ask(ask.clone()).await.status, 403);
    // Over, it is over, and the link is one like any other.
    anna.send(json!({"type": "end"})).await;
    anna.next_of("ended").await;
    assert_eq!(server.ask(ask).await.status, 404);
    assert_eq!(links(&mut kim, &talk).await, [meeting.link.as_str()]);
    let there = server.ask(Ask::get(path(&meeting))).await;
    assert_eq!(there.status, 404, "{there}");
}

#[tokio::test]
async fn who_was_put_out_as_a_guest_waits_when_they_come_by_a_pass() {
    let server = start().await;
    let aurora = &server.two.aurora;
    let (mut kim, _, talk) = contact(&server, aurora).await;
    let meeting = invite(&server, aurora, &talk, |_| {}).await;
    let theirs = invited(&mut kim).await;
    let (mut anna, _) = host(&server, aurora, &meeting).await;
    let guest = joined(&server.ask(asks(&meeting, json!({"name": "Kim", "consent": true}))).await);
    let mut inside = Attends::inside(server.address, &guest.token).await;
    anna.send(json!({"type": "remove", "person": guest.person})).await;
    inside.next_of("removed").await;
    // However often they ask.
    for _ in 0..3 {
        let asked = comes(&server, &meeting, pass(&theirs), Some("Kim")).await;
        assert_eq!(asked.state.name(), "waiting");
        assert_eq!(Attends::with(server.address, &asked.token).await.1["type"], "waiting");
    }
}

#[tokio::test]
async fn a_contact_whose_name_is_known_is_not_asked_for_it() {
    let server = start().await;
    let aurora = &server.two.aurora;
    let (mut kim, _, talk) = contact(&server, aurora).await;
    server.execute("update app.contacts set name = 'Kim Åberg'").await;
    let meeting = invite(&server, aurora, &talk, |_| {}).await;
    let theirs = invited(&mut kim).await;
    assert!(theirs.ends_with("&named"), "{theirs}");
    let came = comes(&server, &meeting, pass(&theirs), Some("The King")).await;
    assert_eq!(came.name, "Kim Åberg");
}

/// Has a company take calls, and be there by these hours.
async fn takes_calls(server: &TestServer, tenant: &Tenant, change: impl FnOnce(&mut Settings)) {
    let identity = &server.capabilities().identity;
    let (version, mut settings) = identity.settings(&tenant.owner).await.unwrap();
    settings.calls = true;
    change(&mut settings);
    identity.change_settings(&tenant.owner, version, settings).await.unwrap();
}

/// The next event of a conversation's: which, and in what words.
async fn event(client: &mut Client) -> (String, String) {
    loop {
        let message = client.next_of("message").await["message"].clone();
        if let (Some(event), Some(text)) = (message["event"].as_str(), message["text"].as_str()) {
            return (event.to_owned(), text.to_owned());
        }
    }
}

/// What of a conversation is there, as programs see it.
async fn shown(server: &TestServer, tenant: &Tenant, talk: &str) -> Value {
    server.ask(Ask::get(format!("/api/v1/conversations/{talk}")).key(tenant)).await.json()
}

#[tokio::test]
async fn a_call_is_asked_for_where_the_company_takes_calls() {
    let server = start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let (mut kim, _, talk) = contact(&server, aurora).await;
    let call = |talk: &str| json!({"type": "call", "conversation": talk});
    // Off by default: no button, and no other way.
    kim.until_pong().await;
    let refused = kim.say(call(&talk)).await;
    assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("conflict")), "{refused}");
    assert_eq!(shown(&server, aurora, &talk).await["handler"], "assistant");
    takes_calls(&server, aurora, |_| {}).await;
    for (tenant, calls) in [(aurora, json!(true)), (borealis, Value::Null)] {
        let (_, welcome) = Client::visitor(&server, &widget(&server, tenant).await, None).await;
        assert_eq!(welcome["calls"], calls, "{welcome}");
    }
    let mut anna = Client::member(&server, aurora).await;
    anna.send(json!({"type": "subscribe", "conversation": talk, "after": 0})).await;
    anna.next_of("caught_up").await;

    // People have it from now on, and it waits for one of them.
    kim.send(call(&talk)).await;
    for client in [&mut kim, &mut anna] {
        let (event, text) = event(client).await;
        assert_eq!(
            (event.as_str(), text.as_str()),
            ("handed_off", "Talking face to face was asked for. A person has been asked to join.")
        );
    }
    let now = shown(&server, aurora, &talk).await;
    assert_eq!((&now["handler"], &now["assignee"], &now["last_seq"]), (&json!("people"), &Value::Null, &json!(2)));
    assert!(now["waiting_since"].is_string(), "{now}");
    // Asked again, it is the same request; so it is by a program.
    kim.send(call(&talk)).await;
    let by_key = server.ask(Ask::post(format!("/api/v1/conversations/{talk}/call")).key(aurora)).await;
    assert_eq!((by_key.status, &by_key.json()["last_seq"]), (200, &json!(2)), "{by_key}");
    assert!(kim.until_pong().await.is_empty());
    assert_eq!(shown(&server, aurora, &talk).await["last_seq"], 2);

    // By the meeting that a member makes they come together, and back.
    let meeting = invite(&server, aurora, &talk, |_| {}).await;
    let theirs = invited(&mut kim).await;
    let came = comes(&server, &meeting, pass(&theirs), Some("Kim")).await;
    let inside = Attends::inside(server.address, &came.token).await;
    let (mut led, _) = host(&server, aurora, &meeting).await;
    led.send(json!({"type": "end"})).await;
    led.next_of("ended").await;
    drop(inside);
    assert_eq!(event(&mut kim).await, ("meeting".to_owned(), "A meeting has begun.".to_owned()));
    let ended = event(&mut kim).await;
    let there = ["Aurora Owner", "Kim"].map(|name| ended.1.contains(name));
    assert!(ended.0 == "meeting" && there == [true, true], "{ended:?}");
    // Then they may ask anew, also while somebody has the conversation: who has it keeps it.
    kim.send(call(&talk)).await;
    let (event, text) = event(&mut kim).await;
    assert!(event == "meeting" && text.starts_with("Talking face to face was asked for."), "{event} {text}");
    let now = shown(&server, aurora, &talk).await;
    assert_eq!(now["assignee"]["name"], "Aurora Owner");
    kim.send(call(&talk)).await;
    kim.until_pong().await;
    assert_eq!(shown(&server, aurora, &talk).await["last_seq"], now["last_seq"]);
}

#[tokio::test]
async fn outside_service_hours_a_call_back_is_offered() {
    let server = start().await;
    let aurora = &server.two.aurora;
    // From whatever day it is to a Saturday, in the morning also in Stockholm.
    let now = server.db.services.now();
    let saturday = now.date().next_occurrence(time::Weekday::Saturday).with_hms(9, 0, 0).unwrap().assume_utc();
    server.db.clock.advance(saturday - now);
    let (mut kim, _, talk) = contact(&server, aurora).await;
    takes_calls(&server, aurora, |settings| {
        settings.time_zone = Some("Europe/Stockholm".to_owned());
        settings.service_hours = ["09:00-12:00, 13:00-17:00", "", "", "", "", "", ""].map(str::to_owned).to_vec();
    })
    .await;
    kim.send(json!({"type": "call", "conversation": talk})).await;
    let (which, text) = event(&mut kim).await;
    assert_eq!(which, "handed_off");
    assert_eq!(
        text,
        "Talking face to face was asked for. Nobody is there just now. We are there again on Monday from 09:00 (Europe/Stockholm), and call back then."
    );
    let waits = shown(&server, aurora, &talk).await;
    assert_eq!((&waits["state"], &waits["handler"]), (&json!("open"), &json!("people")));
    assert!(waits["waiting_since"].is_string(), "{waits}");
    // On Monday they are there, and it waits still: asking again is nothing new until somebody has answered.
    server.db.clock.advance(time::Duration::hours(48));
    kim.send(json!({"type": "call", "conversation": talk})).await;
    assert!(kim.until_pong().await.is_empty());
    server.conversations().reply(&aurora.owner, talk.parse().unwrap(), &said("Here I am.")).await.unwrap();
    kim.send(json!({"type": "call", "conversation": talk})).await;
    let (mut which, mut text) = event(&mut kim).await;
    if which == "taken_over" {
        (which, text) = event(&mut kim).await;
    }
    assert_eq!(
        (which.as_str(), text.as_str()),
        ("meeting", "Talking face to face was asked for. A person has been asked to join.")
    );
}

#[tokio::test]
async fn calls_are_bounded_as_messages_are() {
    let server = TestServer::with(|config| {
        config.public_url = ORIGIN.parse().ok();
        config.server.sockets.messages_per_address = 2;
    })
    .await;
    let aurora = &server.two.aurora;
    takes_calls(&server, aurora, |_| {}).await;
    let (mut kim, _, talk) = contact(&server, aurora).await;
    kim.until_pong().await;
    // As many as it takes: places come back while one asks, however slowly that is.
    let mut refused = json!(null);
    for _ in 0..50 {
        kim.send(json!({"type": "call", "conversation": talk})).await;
        let told = kim.until_pong().await;
        if let Some(error) = told.into_iter().find(|frame| frame["type"] == "error") {
            refused = error;
            break;
        }
    }
    assert_eq!(refused["code"], "rate_limited", "{refused}");
    assert!(refused["retry_after"].is_u64(), "{refused}");
}

#[tokio::test]
async fn service_hours_are_set_by_the_page_and_by_programs() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    server.execute("update app.api_keys set scopes = scopes || '{settings.manage}'").await;
    let form = |version: &str, zone: &str, monday: &str, sunday: &str| {
        let week = [("calls", "1"), ("time_zone", zone), ("monday", monday), ("sunday", sunday)];
        let [calls, zone, monday, sunday] = week;
        let fields = [("version", version), ("name", "Aurora"), calls, zone, monday, sunday];
        Ask::post("/dashboard/settings").form(fields).session(aurora)
    };
    // What is wrong is told by its field, and what was typed stands there still.
    for (zone, monday, sunday, wrong) in [
        ("Europe/Stockholm", "9-17", "10:00-12:00", "monday"),
        ("Europe/Stockholm", "9:00-17:00", "12:00-10:00", "sunday"),
        ("", "9:00-17:00", "", "time_zone"),
        ("Europe/Nowhere", "9:00-17:00", "", "time_zone"),
        ("'; --", "9:00-17:00", "", "time_zone"),
    ] {
        let page = server.ask(form("0", zone, monday, sunday)).await;
        assert_eq!(page.status, 422, "{zone} {monday} {sunday}: {page}");
        assert!(page.body.contains(&format!("id=\"{wrong}-error\"")), "{wrong}: {page}");
        assert_eq!(page.input("monday").as_deref(), Some(monday), "{page}");
    }
    let done = server.ask(form("0", " Europe/Stockholm ", "9:00–12:00,13:00-17:00", "")).await;
    assert_eq!(done.status, 303, "{done}");
    let now = server.ask(Ask::get("/api/v1/settings").key(aurora)).await.json();
    let week = json!(["09:00-12:00, 13:00-17:00", "", "", "", "", "", ""]);
    let of = |settings: &Value| {
        (settings["calls"].clone(), settings["time_zone"].clone(), settings["service_hours"].clone())
    };
    assert_eq!(of(&now["settings"]), (json!(true), json!("Europe/Stockholm"), week));
    let put = |version: i32, hours: Value| {
        let settings = json!({"name": "Aurora", "time_zone": "UTC", "service_hours": hours});
        let body = json!({"version": version, "settings": settings}).to_string();
        Ask::new("PUT", "/api/v1/settings").body("application/json", body).key(aurora)
    };
    for (hours, wrong) in [
        (json!(["", "", "x"]), "wednesday"),
        (json!(["", "", "", "", "", "", "", ""]), "service_hours"),
        (json!(["24:00-25:00"]), "monday"),
    ] {
        let answer = server.ask(put(1, hours.clone())).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["field"]), (422, &json!(wrong)), "{hours}: {answer}");
    }
    let always = server.ask(put(1, json!(["", ""]))).await.json();
    assert_eq!(of(&always["settings"]), (json!(false), json!("UTC"), json!([])));
}
