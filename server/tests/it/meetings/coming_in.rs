//! Who comes into a meeting, and who does not: by the link, a passcode, a token, and back.

use super::{Attends, asks, guest, host, inside, joined, meeting, open, path};
use crate::harness::{Ask, PATIENCE, Served, TestServer, application};
use crate::socket::ORIGIN;
use meetings::Invited;
use model::meeting::{AttendeeRole, Joined};
use serde_json::{Value, json};
use server::config::Config;
use store::bus::Notice;
use tokio_tungstenite::tungstenite::Error;

#[tokio::test]
async fn who_has_the_link_comes_in_and_is_seen() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let page = server.ask(Ask::get(path(&weekly))).await;
    assert_eq!(page.status, 200, "{page}");
    assert!(page.body.contains("data-meet-settings") && page.body.contains("Weekly"), "{page}");
    // Names for TURN servers are for who has come in.
    assert!(!page.body.contains("ice_servers"), "{page}");
    let (mut anna, led) = host(&server, aurora, &weekly).await;
    let first = joined(&server.ask(guest(&weekly, "Kim")).await);
    let (mut kim, welcome) = Attends::with(server.address, &first.token).await;
    assert_eq!((&welcome["type"], &welcome["role"]), (&json!("welcome"), &json!("speaker")));
    let people = welcome["people"].as_array().unwrap();
    let names: Vec<_> = people.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Aurora Owner", "Kim"]);
    let came = anna.next_of("person").await["person"].clone();
    assert_eq!((&came["name"], &came["state"], &came["kind"]), (&json!("Kim"), &json!("in"), &json!("guest")));

    // What is on, hands and reactions are seen by all.
    kim.send(json!({"type": "state", "microphone": true, "camera": false, "screen": false})).await;
    assert_eq!(anna.next_of("person").await["person"]["microphone"], true);
    kim.send(json!({"type": "hand", "up": true})).await;
    assert_eq!(anna.next_of("person").await["person"]["hand"], true);
    kim.send(json!({"type": "react", "emoji": "👏"})).await;
    assert_eq!(anna.next_of("reaction").await["person"], json!(first.person));
    assert_eq!(kim.refused(json!({"type": "react", "emoji": "<b>"})).await, "invalid");

    // A host mutes: the others see it, and who is muted hears of it.
    anna.send(json!({"type": "mute", "person": first.person})).await;
    assert_eq!(kim.next_of("muted").await["by"], "Aurora Owner");
    assert_eq!(anna.next_of("person").await["person"]["microphone"], false);
    // A guest does not, nor to themselves a host.
    for frame in [
        json!({"type": "mute", "person": led.person}),
        json!({"type": "remove", "person": led.person}),
        json!({"type": "lock", "locked": true}),
        json!({"type": "end"}),
    ] {
        assert_eq!(kim.refused(frame).await, "forbidden");
    }
    assert_eq!(anna.refused(json!({"type": "remove", "person": led.person})).await, "not_found");
    // A guest who leads removes no member.
    anna.send(json!({"type": "role", "person": first.person, "role": "host"})).await;
    loop {
        let person = kim.next_of("person").await["person"].clone();
        if person["role"] == "host" {
            break;
        }
    }
    assert_eq!(kim.refused(json!({"type": "remove", "person": led.person})).await, "forbidden");

    // They leave, and the others hear of it.
    kim.send(json!({"type": "leave"})).await;
    assert_eq!(kim.end().await, Some(1000));
    assert_eq!(anna.next_of("gone").await["person"], json!(first.person));
    let shown = server.ask(Ask::get(format!("/api/v1/meetings/{}/participants", weekly.id)).key(aurora)).await.json();
    let states: Vec<_> = shown["data"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["in", "left"]);
    // And come back as who they were, without a name.
    let back = json!({"person": first.person, "secret": first.secret});
    let again = joined(&server.ask(asks(&weekly, back)).await);
    assert_eq!((again.person, again.name.as_str()), (first.person, "Kim"));
    Attends::inside(server.address, &again.token).await;
}

#[tokio::test]
async fn whatever_opens_nothing_gets_one_answer() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let over = meeting(&server, aurora, |_| {}).await;
    server.capabilities().meetings.end(&aurora.owner, over.id).await.unwrap();
    let gone = meeting(&server, &server.two.borealis, |_| {}).await;
    server.execute("update app.tenants set suspended_at = now() where name = 'Borealis'").await;
    let codes = [
        path(&over),
        path(&gone),
        "/meet/abcde-fghjk-mnpqr-stuvw".to_owned(),
        "/meet/x".to_owned(),
        format!("/meet/{}", "a".repeat(500)),
    ];
    let mut answers = Vec::new();
    for code in &codes {
        let page = server.ask(Ask::get(code.clone())).await;
        let file = server.ask(Ask::get(format!("{code}/invite.ics"))).await;
        let body = json!({"name": "Kim", "consent": true}).to_string();
        let ask = Ask::post(format!("{code}/join")).body("application/json", body).wants_json();
        let join = server.ask(ask.clone()).await;
        let member = server.ask(ask.session(aurora)).await;
        answers.push([page, file, join, member].map(|answer| {
            assert_eq!(answer.status, 404, "{code}: {answer}");
            answer.comparable()
        }));
    }
    for (code, answer) in codes.iter().zip(&answers) {
        assert_eq!(answer, &answers[0], "{code}");
    }
    // A form that is sent without the page's code gets the page, which says what it takes.
    let open = meeting(&server, aurora, |_| {}).await;
    let page = server.ask(Ask::post(format!("{}/join", path(&open))).form([("name", "Kim")])).await;
    assert!(page.status == 200 && page.body.contains("JavaScript"), "{page}");
    assert_eq!(server.count("select count(*) from app.meeting_people").await, 0);
    // What is missing is said, field by field.
    for (body, field) in [
        (json!({"consent": true}), "name"),
        (json!({"name": " ", "consent": true}), "name"),
        (json!({"name": "x".repeat(81), "consent": true}), "name"),
        (json!({"name": "Kim"}), "consent"),
    ] {
        let answer = server.ask(asks(&open, body)).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["field"]), (422, &json!(field)), "{answer}");
    }
}

#[tokio::test]
async fn a_full_meeting_lets_nobody_in() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let meetings = &server.capabilities().meetings;
    let let_in = async |name: &str| {
        let invited = Invited { name: name.to_owned(), role: AttendeeRole::Viewer, contact: None };
        meetings.let_in(&aurora.owner, weekly.id, invited).await.unwrap()
    };
    let mut all = Vec::new();
    for number in 0..meetings::MOST_IN {
        let one = let_in(&number.to_string()).await;
        all.push((Attends::inside(server.address, &one.token).await, one));
    }
    let late = let_in("Late").await;
    let (mut waits, first) = Attends::with(server.address, &late.token).await;
    let full = json!("The meeting is full: there are as many in it as there may be. Try again when somebody has left.");
    assert_eq!((&first["type"], &first["code"]), (&json!("error"), &json!("conflict")), "{first}");
    assert_eq!(first["detail"], full);
    assert_eq!(waits.end().await, Some(1008));
    let refused = server.ask(guest(&weekly, "Later")).await;
    assert_eq!((refused.status, &refused.json()["detail"]), (409, &full), "{refused}");
    // With one less there is room.
    let (mut first, _) = all.remove(0);
    first.send(json!({"type": "leave"})).await;
    assert_eq!(first.end().await, Some(1000));
    let _late = Attends::inside(server.address, &late.token).await;
    // Who leads it comes in besides, and can make room.
    host(&server, aurora, &weekly).await;
}

#[tokio::test]
async fn whoever_asks_often_shuts_nobody_of_the_company_s_out_and_others_for_a_moment() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    for number in 0..100 {
        joined(&server.ask(guest(&weekly, &number.to_string())).await);
    }
    assert_eq!(server.ask(guest(&weekly, "Kim")).await.status, 409);
    host(&server, aurora, &weekly).await;
    server.db.clock.advance(time::Duration::minutes(3));
    inside(&server, &weekly, "Kim").await;
}

#[tokio::test]
async fn who_waited_and_was_not_seen_for_long_asks_anew() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |new| new.waiting_room = true).await;
    let kim = joined(&server.ask(guest(&weekly, "Kim")).await);
    let back = || asks(&weekly, json!({"person": kim.person, "secret": kim.secret, "consent": true}));
    server.db.clock.advance(time::Duration::minutes(10));
    assert_eq!(joined(&server.ask(back()).await).person, kim.person);
    server.db.clock.advance(time::Duration::minutes(12));
    // Until somebody else asks, they are known still.
    joined(&server.ask(guest(&weekly, "Mia")).await);
    let answer = server.ask(back()).await;
    assert_eq!((answer.status, &answer.json()["errors"][0]["field"]), (422, &json!("name")), "{answer}");
    let again = joined(&server.ask(guest(&weekly, "Kim")).await);
    assert!(again.state.name() == "waiting" && again.person != kim.person, "{again:?}");
}

#[tokio::test]
async fn a_page_that_comes_back_by_itself_takes_no_place_that_a_later_one_has() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let kim = joined(&server.ask(guest(&weekly, "Kim")).await);
    let hello = async |was: Option<&Value>| {
        let mut one = open(server.address, None).await.unwrap();
        one.send(json!({"type": "hello", "token": kim.token, "consent": true, "was": was})).await;
        one
    };
    // The laptop, and then the telephone, which takes its place.
    let mut laptop = hello(None).await;
    let laptops = laptop.next_of("welcome").await["socket"].clone();
    let mut phone = hello(None).await;
    let phones = phone.next_of("welcome").await["socket"].clone();
    assert_eq!(laptop.end().await, Some(4001));
    // The laptop wakes: the telephone stays.
    let mut woken = hello(Some(&laptops)).await;
    assert_eq!(woken.end().await, Some(4001));
    assert!(phone.until_pong().await.iter().all(|frame| frame["type"] != "ended"));
    // The telephone's own line is cut, and comes back; and where it has gone, the laptop may.
    drop(phone);
    let mut phone = hello(Some(&phones)).await;
    phone.next_of("welcome").await;
    phone.send(json!({"type": "leave"})).await;
    assert_eq!(phone.end().await, Some(1000));
    hello(Some(&laptops)).await.next_of("welcome").await;
}

#[tokio::test]
async fn whom_a_program_lets_in_comes_when_they_like() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |new| new.waiting_room = true).await;
    let ask = Ask::post(format!("/api/v1/meetings/{}/tokens", weekly.id)).key(aurora);
    let kim = server.ask(ask.body("application/json", json!({"name": "Kim"}).to_string())).await;
    let kim: Joined = serde_json::from_str(&kim.body).unwrap();
    server.db.clock.advance(time::Duration::hours(5));
    joined(&server.ask(guest(&weekly, "Mia")).await);
    let back = asks(&weekly, json!({"person": kim.person, "secret": kim.secret, "consent": true}));
    let back = joined(&server.ask(back).await);
    assert!(back.state.name() == "in" && back.person == kim.person, "{back:?}");
    Attends::inside(server.address, &back.token).await;
}

#[tokio::test]
async fn a_member_who_is_none_any_more_does_not_come_back() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (_, led) = host(&server, aurora, &weekly).await;
    server.execute("update app.memberships set suspended_at = now()").await;
    let back = server.ask(asks(&weekly, json!({"person": led.person, "secret": led.secret}))).await;
    assert_eq!(back.status, 403, "{back}");
    let (mut again, first) = Attends::with(server.address, &led.token).await;
    assert_eq!(first["type"], "removed");
    assert_eq!(again.end().await, Some(1000));
}

#[tokio::test]
async fn tokens_open_what_they_say_for_ten_minutes() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let kim = joined(&server.ask(guest(&weekly, "Kim")).await);
    let mut forged = kim.token.clone().into_bytes();
    // One digit of the meeting's id is another.
    forged[40] = if forged[40] == b'0' { b'1' } else { b'0' };
    let forged = String::from_utf8(forged).unwrap();
    for token in ["", "smm_", "smm_x", &forged, &kim.secret, &aurora.api_key] {
        let (mut one, first) = Attends::with(server.address, token).await;
        assert_eq!(first["code"], "unauthenticated", "{token}: {first}");
        assert_eq!(one.end().await, Some(1008), "{token}");
    }
    // Before hello nothing is done.
    let mut silent = open(server.address, None).await.unwrap();
    assert_eq!(silent.refused(json!({"type": "hand", "up": true})).await, "unauthenticated");
    // A page of another site opens no socket; one of ours does, where it is known what is ours.
    assert!(
        matches!(open(server.address, Some("http://evil.example")).await, Err(Error::Http(refused)) if refused.status() == 403)
    );
    server.db.clock.advance(time::Duration::minutes(9));
    let here = Attends::inside(server.address, &kim.token).await;
    drop(here);
    server.db.clock.advance(time::Duration::minutes(2));
    let (_, first) = Attends::with(server.address, &kim.token).await;
    assert_eq!(first["code"], "unauthenticated", "{first}");
    // With what they were given they get another one.
    let back = joined(&server.ask(asks(&weekly, json!({"person": kim.person, "secret": kim.secret}))).await);
    Attends::inside(server.address, &back.token).await;
    // A wrong secret is nobody's: they are asked who they are.
    let wrong = server.ask(asks(&weekly, json!({"person": kim.person, "secret": "x"}))).await;
    assert_eq!(wrong.status, 422, "{wrong}");
}

#[tokio::test]
async fn a_new_token_comes_by_itself_before_the_first_is_over() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let first = joined(&server.ask(guest(&weekly, "Kim")).await).token;
    let (mut kim, welcome) = Attends::with(server.address, &first).await;
    let given = welcome["token"].as_str().unwrap().to_owned();
    assert!(kim.until_pong().await.is_empty(), "not at once");
    server.db.clock.advance(time::Duration::minutes(6));
    let fresh = kim.next_of("token").await["token"].as_str().unwrap().to_owned();
    server.db.clock.advance(time::Duration::minutes(5));
    for old in [first, given] {
        let (_, refused) = Attends::with(server.address, &old).await;
        assert_eq!(refused["code"], "unauthenticated", "{refused}");
    }
    Attends::inside(server.address, &fresh).await;
    // Also where credentials of the company have ended, which may have been anybody's.
    let mut mia = inside(&server, &weekly, "Mia").await.0;
    server.db.services.publish(Notice::Ended { tenant: aurora.id });
    let fresh = mia.next_of("token").await["token"].as_str().unwrap().to_owned();
    Attends::inside(server.address, &fresh).await;
}

#[tokio::test]
async fn nobody_agrees_for_somebody_else() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let agreed = async || server.count("select count(*) from app.meeting_people where consented_at is not null").await;
    let hello = async |token: &str, consent: bool| {
        let mut one = open(server.address, None).await.unwrap();
        let mut hello = json!({"type": "hello", "token": token});
        if consent {
            hello["consent"] = true.into();
        }
        one.send(hello).await;
        let first = one.next().await;
        (one, first)
    };
    // A program lets two in, who have seen nothing yet.
    let ask = |name: &str| {
        let body = json!({"name": name}).to_string();
        Ask::post(format!("/api/v1/meetings/{}/tokens", weekly.id)).key(aurora).body("application/json", body)
    };
    let mut let_in = Vec::new();
    for name in ["Kim", "Eve"] {
        let answer = server.ask(ask(name)).await;
        assert_eq!(answer.status, 201, "{answer}");
        let_in.push(serde_json::from_str::<Joined>(&answer.body).unwrap());
    }
    let [kim, eve] = &let_in[..] else { panic!() };
    assert_eq!(agreed().await, 0);
    let (mut one, first) = hello(&kim.token, false).await;
    assert_eq!((&first["type"], &first["code"]), (&json!("error"), &json!("invalid")), "{first}");
    assert!(first["detail"].as_str().unwrap().contains("agree"), "{first}");
    assert_eq!(one.end().await, Some(1008));
    let (_, first) = hello(&kim.token, true).await;
    assert_eq!(first["type"], "welcome", "{first}");
    assert_eq!(agreed().await, 1);
    // Once is enough.
    let (_, first) = hello(&kim.token, false).await;
    assert_eq!(first["type"], "welcome", "{first}");
    // Nor is the secret a way around it.
    let back = |consent: bool| asks(&weekly, json!({"person": eve.person, "secret": eve.secret, "consent": consent}));
    let answer = server.ask(back(false)).await;
    assert_eq!((answer.status, &answer.json()["errors"][0]["field"]), (422, &json!("consent")), "{answer}");
    assert_eq!(agreed().await, 1);
    joined(&server.ask(back(true)).await);
    assert_eq!(agreed().await, 2);
    let (_, first) = hello(&eve.token, false).await;
    assert_eq!(first["type"], "welcome", "{first}");
    // Who has said it in the lobby has said it.
    let mia = joined(&server.ask(guest(&weekly, "Mia")).await);
    let (_, first) = hello(&mia.token, false).await;
    assert_eq!(first["type"], "welcome", "{first}");
}

#[tokio::test]
async fn pages_of_our_own_open_the_socket() {
    let server = TestServer::with(|config| config.public_url = ORIGIN.parse().ok()).await;
    assert!(open(server.address, Some(ORIGIN)).await.is_ok());
    for origin in ["http://samtal.example.evil.example", "null"] {
        assert!(open(server.address, Some(origin)).await.is_err(), "{origin}");
    }
}

#[tokio::test]
async fn after_a_restart_all_are_back() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (mut anna, led) = host(&server, aurora, &weekly).await;
    let (mut kim, known) = inside(&server, &weekly, "Kim").await;
    kim.send(json!({"type": "say", "client_id": "1", "text": "Before"})).await;
    anna.next_of("message").await;
    // Another process over the same database, which knows nothing of who was where.
    let app = application(server.db.services.clone(), Config::default());
    let mut after = Served::start(&app).await;
    let ends = tokio::join!(server.sockets().stop(PATIENCE), anna.end(), kim.end());
    assert_eq!(ends, ((), Some(1012), Some(1012)));
    // One by the token, the other by what they were given.
    let mut anna = Attends::inside(after.address, &led.token).await;
    let back = json!({"person": known.person, "secret": known.secret});
    let back = joined(&after.ask(asks(&weekly, back)).await);
    let (mut kim, welcome) = Attends::with(after.address, &back.token).await;
    assert_eq!((&welcome["type"], &welcome["messages"][0]["text"]), (&json!("welcome"), &json!("Before")));
    assert_eq!(welcome["people"].as_array().unwrap().len(), 2);
    kim.send(json!({"type": "say", "client_id": "2", "text": "After"})).await;
    assert_eq!(anna.next_of("message").await["seq"], 2);
    drop((anna, kim));
    app.sockets.stop(PATIENCE).await;
    after.stop();
}

#[tokio::test]
async fn who_vanished_while_no_process_looked_is_gone_and_a_meeting_without_anybody_ends() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let pass = |minutes| server.db.clock.advance(time::Duration::minutes(minutes));
    let (weekly, theirs) = (meeting(&server, aurora, |_| {}).await, meeting(&server, borealis, |_| {}).await);
    let (kim, _) = inside(&server, &weekly, "Kim").await;
    let (mia, known) = inside(&server, &weekly, "Mia").await;
    let (per, _) = inside(&server, &theirs, "Per").await;
    for mut one in [kim, mia, per] {
        one.send(json!({"type": "leave"})).await;
        assert_eq!(one.end().await, Some(1000));
    }
    // As it is where the process has ended before them.
    server
        .execute(
            "update app.meeting_people
             set state = 'in', entered_at = left_at - interval '1 minute', seen_at = left_at, left_at = null;
             update app.meetings set empty_since = null",
        )
        .await;
    pass(1);
    let app = application(server.db.services.clone(), Config::default());
    let mut after = Served::start(&app).await;
    let meetings = &app.capabilities.meetings;
    pass(1);
    let mia = Attends::inside(after.address, &known.token).await;
    let there = "select count(*) from app.meeting_people where state = 'in'";
    assert_eq!((meetings.end_empty().await.unwrap(), server.count(there).await), (0, 3), "they may come back yet");
    pass(6);
    assert_eq!((meetings.end_empty().await.unwrap(), server.count(there).await), (0, 1));
    let people = format!("/api/v1/meetings/{}/participants", weekly.id);
    let people = server.ask(Ask::get(people).key(aurora)).await.json();
    let kim = &people["data"][0];
    assert_eq!((&kim["state"], &kim["present_s"]), (&json!("left"), &json!(60)), "{people}");
    assert_eq!(people["data"][1]["state"], "in", "{people}");
    // That of the other company has been empty since then; in the first one somebody is.
    pass(5);
    assert_eq!(meetings.end_empty().await.unwrap(), 1);
    let list = server.ask(Ask::get("/api/v1/meetings").key(borealis)).await.json();
    assert_eq!(list["data"][0]["state"], "ended", "{list}");
    drop(mia);
    app.sockets.stop(PATIENCE).await;
    after.stop();
}

#[tokio::test]
async fn who_asked_to_come_back_and_did_not_was_there_until_then() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let pass = |minutes| server.db.clock.advance(time::Duration::minutes(minutes));
    let (mut kim, known) = inside(&server, &weekly, "Kim").await;
    kim.send(json!({"type": "leave"})).await;
    assert_eq!(kim.end().await, Some(1000));
    // As it is where the process has ended before them.
    server
        .execute(
            "update app.meeting_people
             set state = 'in', entered_at = left_at - interval '1 minute', seen_at = left_at, left_at = null",
        )
        .await;
    pass(1);
    joined(&server.ask(asks(&weekly, json!({"person": known.person, "secret": known.secret}))).await);
    pass(30);
    server.capabilities().meetings.end(&aurora.owner, weekly.id).await.unwrap();
    let people = format!("/api/v1/meetings/{}/participants", weekly.id);
    let people = server.ask(Ask::get(people).key(aurora)).await.json();
    let kim = &people["data"][0];
    assert_eq!((&kim["state"], &kim["present_s"]), (&json!("left"), &json!(120)), "{people}");
}

#[tokio::test]
async fn a_passcode_is_asked_of_guests() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |new| new.passcode = Some("lamps and sofas".to_owned())).await;
    let with = |passcode: &str| asks(&weekly, json!({"name": "Kim", "consent": true, "passcode": passcode}));
    for wrong in ["", "lamps", "Lamps and sofas", "lamps and sofas!", &"x".repeat(500)] {
        let answer = server.ask(with(wrong)).await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["field"]),
            (422, &json!("passcode")),
            "{wrong}: {answer}"
        );
    }
    assert_eq!(server.ask(guest(&weekly, "Kim")).await.status, 422);
    joined(&server.ask(with("lamps and sofas")).await);
    host(&server, aurora, &weekly).await;
    // Nothing of it is kept, or shown.
    assert_eq!(
        server.count("select count(*) from app.meetings where encode(passcode_hash, 'escape') like '%lamps%'").await,
        0
    );
    let shown = server.ask(Ask::get(format!("/api/v1/meetings/{}", weekly.id)).key(aurora)).await;
    assert!(shown.json()["passcode"] == true && !shown.body.contains("lamps"), "{shown}");
    // Who goes on guessing is told to wait, whatever they say then.
    let mut refused = 0;
    for _ in 0..100 {
        refused = server.ask(with("guess again")).await.status;
        if refused == 429 {
            break;
        }
    }
    assert_eq!(refused, 429);
    assert_eq!(server.ask(with("lamps and sofas")).await.status, 429);
}
