//! That sound goes from one to the other.

use super::{Attends, asks, host, inside, joined, meeting};
use crate::harness::{PATIENCE, TestServer};
use meetings::{Ice, MediaLimits, MediaSettings};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use str0m::change::SdpAnswer;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc};
use tokio::net::UdpSocket;

/// A browser with a microphone, on a network of this machine.
struct Browser {
    rtc: Rtc,
    udp: UdpSocket,
    microphone: Mid,
    heard: Arc<AtomicUsize>,
}

impl Browser {
    /// One that has offered and was answered.
    async fn new(attends: &mut Attends) -> Self {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let builder = Rtc::builder().set_rtp_mode(true).clear_codecs().enable_opus(true, false).enable_vp8(true);
        let mut rtc = builder.build(Instant::now());
        rtc.add_local_candidate(Candidate::host(udp.local_addr().unwrap(), "udp").unwrap());
        let mut change = rtc.sdp_api();
        let microphone = change.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        change.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        change.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let (offer, pending) = change.apply().unwrap();
        let sources = json!({microphone.to_string(): "microphone"});
        attends.send(json!({"type": "offer", "sdp": offer.to_sdp_string(), "sources": sources})).await;
        let answer = attends.next_of("answer").await;
        let answer = SdpAnswer::from_sdp_string(answer["sdp"].as_str().unwrap()).unwrap();
        rtc.sdp_api().accept_answer(pending, answer).unwrap();
        attends.send(json!({"type": "state", "microphone": true, "camera": false, "screen": false})).await;
        Self { rtc, udp, microphone, heard: Arc::default() }
    }

    /// Speaks, and counts what it hears, for as long as the test goes on.
    async fn speak(mut self) {
        let (mut number, mut time, mut connected) = (100_u64, 1_000_u32, false);
        let mut buffer = vec![0; 2_048];
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        loop {
            let due = loop {
                match self.rtc.poll_output() {
                    Ok(Output::Transmit(sent)) => drop(self.udp.send_to(&sent.contents, sent.destination).await),
                    Ok(Output::Event(Event::Connected)) => connected = true,
                    Ok(Output::Event(Event::RtpPacket(_))) => {
                        self.heard.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(Output::Event(_)) => {}
                    Ok(Output::Timeout(at)) => break at,
                    Err(_) => return,
                }
            };
            tokio::select! {
                came = self.udp.recv_from(&mut buffer) => {
                    let Ok((length, from)) = came else { return };
                    let to = self.udp.local_addr().unwrap();
                    if let Ok(received) = Receive::new(Protocol::Udp, from, to, &buffer[..length]) {
                        let input = Input::Receive(Instant::now(), received);
                        if self.rtc.accepts(&input) && self.rtc.handle_input(input).is_err() {
                            return;
                        }
                    }
                }
                _ = tick.tick() => {
                    let now = Instant::now();
                    if self.rtc.handle_input(Input::Timeout(now)).is_err() {
                        return;
                    }
                    if connected {
                        let params = self.rtc.codec_config().params();
                        let opus = params.iter().find(|params| params.spec().codec == Codec::Opus).unwrap().pt();
                        let mut direct = self.rtc.direct_api();
                        if let Some(stream) = direct.stream_tx_by_mid(self.microphone, None) {
                            let values = ExtensionValues {
                                audio_level: Some(-20),
                                voice_activity: Some(true),
                                ..ExtensionValues::default()
                            };
                            let write = RtpWrite::new(opus, number.into(), time, now, vec![7; 80]);
                            stream.write_rtp(write.ext_vals(values));
                            (number, time) = (number + 1, time.wrapping_add(960));
                        }
                    }
                }
                () = tokio::time::sleep_until(due.into()) => {
                    if self.rtc.handle_input(Input::Timeout(Instant::now())).is_err() {
                        return;
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn sound_goes_from_one_to_the_other() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (mut anna, _) = host(&server, aurora, &weekly).await;
    let (mut kim, known) = inside(&server, &weekly, "Kim").await;
    // Without media it is said so, and of what.
    anna.send(json!({"type": "offer", "sdp": "v=0"})).await;
    let error = anna.next_of("error").await;
    assert_eq!((&error["code"], &error["about"]), (&json!("unavailable"), &json!("offer")));
    anna.send(json!({"type": "connect"})).await;
    let error = anna.next_of("error").await;
    assert_eq!((&error["code"], &error["about"]), (&json!("unavailable"), &json!("offer")));
    let settings = MediaSettings {
        listen: "127.0.0.1:0".parse().unwrap(),
        announce: Vec::new(),
        threads: 2,
        limits: MediaLimits::default(),
    };
    server.capabilities().meetings.carry(&settings, Ice::default()).await.unwrap();
    assert_eq!(anna.refused(json!({"type": "offer", "sdp": "v=0"})).await, "invalid_request");
    assert_eq!(anna.refused(json!({"type": "connect"})).await, "unavailable");
    let (one, other) = (Browser::new(&mut anna).await, Browser::new(&mut kim).await);
    let heard = [Arc::clone(&one.heard), Arc::clone(&other.heard)];
    let both = [tokio::spawn(one.speak()), tokio::spawn(other.speak())];
    // Each is told that the way is open, by which name media knows the other, and hears them.
    loop {
        let told = anna.next_of("media").await;
        if told["media"] == "connected" {
            break;
        }
    }
    let all_heard = async {
        while heard.iter().any(|heard| heard.load(Ordering::Relaxed) < 10) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, all_heard).await.expect("both hear each other");
    // Who is taken out is heard no more.
    let kims = |people: &[Value]| people.iter().any(|one| one["person"] == json!(known.person));
    anna.send(json!({"type": "remove", "person": known.person})).await;
    kim.next_of("removed").await;
    anna.next_of("gone").await;
    let (_, welcome) = {
        let late = server.ask(asks(&weekly, json!({"consent": true})).session(aurora)).await;
        Attends::with(server.address, &joined(&late).token).await
    };
    assert!(!kims(welcome["people"].as_array().unwrap()), "{welcome}");
    both.into_iter().for_each(|one| one.abort());
}

#[tokio::test]
async fn sound_goes_on_while_a_socket_alone_is_cut() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let settings = MediaSettings {
        listen: "127.0.0.1:0".parse().unwrap(),
        announce: Vec::new(),
        threads: 1,
        limits: MediaLimits::default(),
    };
    server.capabilities().meetings.carry(&settings, Ice::default()).await.unwrap();
    let (mut anna, _) = host(&server, aurora, &weekly).await;
    let (mut kim, known) = inside(&server, &weekly, "Kim").await;
    let (one, other) = (Browser::new(&mut anna).await, Browser::new(&mut kim).await);
    let (annas, kims) = (Arc::clone(&one.heard), Arc::clone(&other.heard));
    let both = [tokio::spawn(one.speak()), tokio::spawn(other.speak())];
    let goes_on = async || {
        let from = [&annas, &kims].map(|heard| heard.load(Ordering::Relaxed));
        let both_hear = async {
            while [&annas, &kims].iter().zip(from).any(|(heard, from)| heard.load(Ordering::Relaxed) < from + 20) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, both_hear).await.expect("both hear each other");
    };
    goes_on().await;
    let own = |welcome: &Value| -> Value {
        let people = welcome["people"].as_array().unwrap();
        people.iter().find(|one| one["person"] == json!(known.person)).unwrap().clone()
    };

    // The socket is cut, and nothing else: who they are to media, and what is on, stays, and is passed on.
    drop(kim);
    let cut = loop {
        let person = anna.next_of("person").await["person"].clone();
        if person["person"] == json!(known.person) && person["here"] == false {
            break person;
        }
    };
    assert!(cut["peer"].is_u64() && cut["microphone"] == true, "{cut}");
    goes_on().await;
    // By a new one they are there again, as the same to media, which tells them all that is shown.
    let (mut kim, welcome) = Attends::again(server.address, &known.token).await;
    assert_eq!((&own(&welcome)["peer"], &own(&welcome)["microphone"]), (&cut["peer"], &json!(true)), "{welcome}");
    loop {
        let told = kim.next_of("media").await;
        if told["media"] == "shows" && told["shows"].as_array().is_some_and(|shows| !shows.is_empty()) {
            break;
        }
    }
    goes_on().await;
    // Also where the server has not heard yet that the one before is gone.
    let (mut again, welcome) = Attends::again(server.address, &known.token).await;
    assert_eq!(own(&welcome)["peer"], cut["peer"], "{welcome}");
    assert_eq!(kim.end().await, Some(4001));
    goes_on().await;
    // A host turns off what goes on so, too.
    drop(again.until_pong().await);
    drop(again);
    anna.send(json!({"type": "mute", "person": known.person})).await;
    let until_still = async {
        loop {
            let before = annas.load(Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(300)).await;
            if annas.load(Ordering::Relaxed) == before {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, until_still).await.expect("they are heard no more");
    // Another page of theirs, which says nothing of media that is open, begins anew.
    let (_fresh, welcome) = Attends::with(server.address, &known.token).await;
    assert_eq!((&own(&welcome)["peer"], &own(&welcome)["microphone"]), (&Value::Null, &json!(false)), "{welcome}");
    both.into_iter().for_each(|one| one.abort());
}
