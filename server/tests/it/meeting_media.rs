//! Media of meetings, from outside: how much of it one company takes, and what hosts turn off.

use crate::harness::TestServer;
use crate::meetings::{Attends, host, inside, meeting};
use ::meetings::{Ice, MediaLimits, MediaSettings};
use model::meeting::Joined;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use str0m::Rtc;
use str0m::media::{Direction, MediaKind};
use tokio::time::sleep;

/// Somebody offers what they send, by a browser of their own; with the answer, or why there is none.
async fn offer(attends: &mut Attends) -> Value {
    let mut browser = Rtc::new(Instant::now());
    let mut change = browser.sdp_api();
    let microphone = change.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
    let (offer, _) = change.apply().unwrap();
    let sources = json!({microphone.to_string(): "microphone"});
    attends.send(json!({"type": "offer", "sdp": offer.to_sdp_string(), "sources": sources})).await;
    loop {
        let frame = attends.next().await;
        if frame["type"] == "answer" || frame["type"] == "error" {
            return frame;
        }
    }
}

/// How somebody is shown next.
async fn sees(attends: &mut Attends, other: &Joined) -> Value {
    loop {
        let person = attends.next_of("person").await["person"].clone();
        if person["person"] == json!(other.person) {
            return person;
        }
    }
}

#[tokio::test]
async fn a_company_takes_no_more_than_its_share_of_media_and_another_has_its_own() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let settings = MediaSettings {
        listen: "127.0.0.1:0".parse().unwrap(),
        announce: Vec::new(),
        threads: 1,
        limits: MediaLimits { people: 2, people_of_one: 1, ..MediaLimits::default() },
    };
    server.capabilities().meetings.carry(&settings, Ice::default()).await.unwrap();
    let (weekly, other) = (meeting(&server, aurora, |_| {}).await, meeting(&server, aurora, |_| {}).await);
    let theirs = meeting(&server, borealis, |_| {}).await;
    let (mut kim, _) = inside(&server, &weekly, "Kim").await;
    assert_eq!(offer(&mut kim).await["type"], "answer");
    // All that the company may have is taken, in whichever meeting of theirs. It is said so, and of what, and when to try again.
    let (mut mia, _) = inside(&server, &weekly, "Mia").await;
    let (mut lee, _) = inside(&server, &other, "Lee").await;
    for one in [&mut mia, &mut lee] {
        let error = offer(one).await;
        assert_eq!((&error["code"], &error["about"]), (&json!("rate_limited"), &json!("offer")), "{error}");
        assert!(error["detail"].as_str().unwrap().contains("This company"), "{error}");
        assert!(error["retry_after"].as_u64().is_some(), "{error}");
    }
    // They are in the meeting all the same.
    mia.send(json!({"type": "say", "client_id": "c1", "text": "I hear nothing."})).await;
    assert_eq!(mia.next_of("message").await["text"], "I hear nothing.");
    // A neighbour feels nothing of it, until all is taken.
    let (mut per, _) = inside(&server, &theirs, "Per").await;
    let (mut ida, _) = inside(&server, &theirs, "Ida").await;
    assert_eq!(offer(&mut per).await["type"], "answer");
    assert_eq!(offer(&mut ida).await["code"], "rate_limited");
    // Who offers anew keeps the place.
    assert_eq!(offer(&mut kim).await["type"], "answer");
    // Who leaves makes room for the next one.
    kim.send(json!({"type": "leave"})).await;
    mia.next_of("gone").await;
    let mut tries = 0;
    while offer(&mut mia).await["type"] != "answer" {
        tries += 1;
        assert!(tries < 8, "the place of who has left is not free");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(offer(&mut lee).await["code"], "rate_limited");
}

#[tokio::test]
async fn a_host_turns_off_a_camera_as_a_camera_and_a_screen_as_a_screen() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (mut anna, led) = host(&server, aurora, &weekly).await;
    let (mut kim, known) = inside(&server, &weekly, "Kim").await;
    sees(&mut anna, &known).await;
    let on = |person: &Value| ["microphone", "camera", "screen"].map(|what| person[what].as_bool().unwrap());
    kim.send(json!({"type": "state", "microphone": true, "camera": true, "screen": true})).await;
    assert_eq!(on(&sees(&mut anna, &known).await), [true, true, true]);
    anna.send(json!({"type": "stop_video", "person": known.person})).await;
    assert_eq!(kim.next_of("video_stopped").await["by"], "Aurora Owner");
    assert_eq!(on(&sees(&mut anna, &known).await), [true, false, true]);
    anna.send(json!({"type": "stop_screen", "person": known.person})).await;
    assert_eq!(kim.next_of("screen_stopped").await["by"], "Aurora Owner");
    assert_eq!(on(&sees(&mut anna, &known).await), [true, false, false]);
    // Nobody but a host does.
    kim.send(json!({"type": "stop_screen", "person": led.person})).await;
    assert_eq!(kim.next_of("error").await["code"], "forbidden");
}
