//! Meetings whose media a real LiveKit server carries: who is in has a seat there, and nobody else has one. (That people see and hear each other over it
//! is in end2end/tests/livekit.spec.ts.)

use crate::harness::{Ask, PATIENCE, TestServer, application};
use crate::meetings::{Attends, host, inside, meeting, path};
use ::meetings::{LiveKit, LiveKitSettings, MediaLimits, Starts};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::StreamExt as _;
use model::TenantId;
use serde_json::{Value, json};
use server::config::{Config, LiveKit as Setting};
use sign_on::Outbound;
use std::time::Duration;
use store::services::{Clock as _, SystemClock, timestamp};
use testkit::LiveKitServer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Somebody's line to LiveKit, as far as its list of who is there.
type Line = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn come(url: &str, token: &str) -> Line {
    let address = format!("{url}/rtc?access_token={token}&protocol=15&auto_subscribe=0&sdk=js&version=2.0.0");
    connect_async(address).await.unwrap().0
}

async fn ends(mut line: Line) {
    let end = async { while let Some(Ok(_)) = line.next().await {} };
    tokio::time::timeout(PATIENCE, end).await.expect("the line has to end");
}

/// Asks for a way: what it says that they may, and the line.
async fn way(server: &TestServer, attends: &mut Attends) -> (Value, Line) {
    now(server);
    attends.send(json!({"type": "connect"})).await;
    let way = attends.next_of("way").await;
    let (url, token) = (way["url"].as_str().unwrap(), way["token"].as_str().unwrap());
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    (serde_json::from_slice(&claims).unwrap(), come(url, token).await)
}

/// As others see somebody, once media knows them by a name, or by none any more.
async fn seen(attends: &mut Attends, person: &Value, there: bool) -> Value {
    loop {
        let one = attends.next_of("person").await["person"].clone();
        if one["person"] == *person && one["peer"].is_null() != there {
            return one;
        }
    }
}

/// A server of ours, and a LiveKit server that tells it what happens; none of them where there is no LiveKit server, which is said.
async fn both() -> Option<(TestServer, LiveKitServer)> {
    let server = TestServer::start().await;
    let real = LiveKitServer::start(&format!("http://{}/webhooks/livekit", server.address)).await;
    if real.is_none() {
        println!("not run: there is no LiveKit server here; scripts/setup --tests builds it where Go is there");
    }
    Some((server, real?))
}

/// The LiveKit server at this address, as it is spoken with.
fn spoken_with(address: &str) -> LiveKit {
    asked_by(address, Outbound::new(false).unwrap())
}

fn asked_by(address: &str, outbound: Outbound) -> LiveKit {
    let settings = LiveKitSettings {
        url: format!("ws://{address}"),
        api: format!("http://{address}"),
        key: LiveKitServer::KEY.to_owned(),
        secret: LiveKitServer::SECRET.to_owned().into(),
    };
    LiveKit::new(settings, outbound)
}

/// What time it is. Ours stands still, and LiveKit's does not: tokens are good for a minute, however slow this machine is.
fn now(server: &TestServer) -> i64 {
    server.db.clock.advance(SystemClock.now() - server.db.services.now());
    server.db.services.now().unix_timestamp()
}

/// By which name media knows somebody, by what is told until now.
async fn seen_now(attends: &mut Attends, person: &Value) -> Value {
    let frames = attends.until_pong().await;
    let theirs = frames.iter().rev().find(|frame| frame["type"] == "person" && frame["person"]["person"] == *person);
    theirs.expect("they were told of")["person"]["peer"].clone()
}

async fn until_there_are(server: &TestServer, kit: &LiveKit, room: &str, count: usize) {
    let there = async {
        while kit.participants(room, now(server)).await.unwrap().len() != count {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, there).await.expect("so many have to be there");
}

#[tokio::test]
async fn who_is_in_has_a_seat_at_livekit_and_nobody_else() {
    let Some((server, real)) = both().await else { return };
    let kit = spoken_with(&real.address);
    now(&server);
    server.capabilities().meetings.carry_by(kit.clone(), &MediaLimits::default());

    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let room = format!("{}.{}", aurora.id, weekly.id);
    let (mut anna, led) = host(&server, aurora, &weekly).await;
    let (mut kim, known) = inside(&server, &weekly, "Kim").await;
    // What is for the server in the program is for nobody here.
    assert_eq!(anna.refused(json!({"type": "offer", "sdp": "v=0"})).await, "unavailable");

    let (says, annas) = way(&server, &mut anna).await;
    assert_eq!((&says["video"]["room"], &says["video"]["canPublish"]), (&json!(room), &json!(true)));
    assert!(says["sub"].as_str().unwrap().starts_with(&format!("{}.", led.person)), "{says}");
    let (says, kims) = way(&server, &mut kim).await;
    let person = seen(&mut anna, &json!(known.person), true).await;
    assert_eq!(says["sub"], json!(format!("{}.{}", known.person, person["peer"])));
    for may in ["roomAdmin", "roomCreate", "roomList"] {
        assert!(says["video"][may].is_null(), "{says}");
    }
    assert_eq!((&says["video"]["canPublishData"], &says["name"]), (&json!(false), &json!(null)));
    until_there_are(&server, &kit, &room, 2).await;

    // A seat that is nobody's is not kept, whatever token opened it.
    let stranger = come(kit.url(), &kit.token(&room, &format!("{}.1", known.person), &[], now(&server))).await;
    ends(stranger).await;
    until_there_are(&server, &kit, &room, 2).await;

    // Who may not speak any more is out, and comes back by a seat that says so.
    anna.send(json!({"type": "role", "person": known.person, "role": "viewer"})).await;
    assert_eq!(seen(&mut kim, &json!(known.person), false).await["role"], "viewer");
    ends(kims).await;
    let (says, kims) = way(&server, &mut kim).await;
    assert_eq!(says["video"]["canPublish"], false);
    until_there_are(&server, &kit, &room, 2).await;
    // Another way takes the place of the one before.
    let (_, again) = way(&server, &mut kim).await;
    ends(kims).await;
    until_there_are(&server, &kit, &room, 2).await;

    // A socket that is cut takes nobody's seat, and a new one goes on with it.
    let seat = seen_now(&mut anna, &json!(known.person)).await;
    drop(kim);
    let cut = loop {
        let person = anna.next_of("person").await["person"].clone();
        if person["here"] == false {
            break person;
        }
    };
    assert_eq!((&cut["person"], &cut["peer"]), (&json!(known.person), &seat));
    until_there_are(&server, &kit, &room, 2).await;
    let (mut kim, welcome) = Attends::again(server.address, &known.token).await;
    let people = welcome["people"].as_array().unwrap();
    assert_eq!(people.iter().find(|one| one["person"] == json!(known.person)).unwrap()["peer"], seat, "{welcome}");
    until_there_are(&server, &kit, &room, 2).await;

    // Taken out of the meeting, they are out there.
    anna.send(json!({"type": "remove", "person": known.person})).await;
    kim.next_of("removed").await;
    ends(again).await;
    until_there_are(&server, &kit, &room, 1).await;
    // Over is over.
    anna.send(json!({"type": "end"})).await;
    ends(annas).await;
    until_there_are(&server, &kit, &room, 0).await;

    // Whoever is not LiveKit tells nothing.
    let other = Ask::post("/webhooks/livekit").body("application/webhook+json", r#"{"event":"participant_joined"}"#);
    assert_eq!(server.ask(other).await.status, 401);
}

#[tokio::test]
async fn a_company_takes_no_more_than_its_share_of_seats_and_another_has_its_own() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    // Seats are given here, whether or not somebody answers there.
    let limits = MediaLimits { people: 2, people_of_one: 1, ..MediaLimits::default() };
    server.capabilities().meetings.carry_by(spoken_with("127.0.0.1:1"), &limits);
    let (weekly, theirs) = (meeting(&server, aurora, |_| {}).await, meeting(&server, borealis, |_| {}).await);
    let (mut kim, _) = inside(&server, &weekly, "Kim").await;
    let (mut mia, _) = inside(&server, &weekly, "Mia").await;
    let (mut per, _) = inside(&server, &theirs, "Per").await;
    // Who asks anew keeps the place.
    for _ in 0..2 {
        kim.send(json!({"type": "connect"})).await;
        kim.next_of("way").await;
    }
    mia.send(json!({"type": "connect"})).await;
    let error = mia.next_of("error").await;
    assert_eq!((&error["code"], &error["about"]), (&json!("rate_limited"), &json!("offer")), "{error}");
    assert!(error["detail"].as_str().unwrap().contains("This company"), "{error}");
    // A neighbour feels nothing of it.
    per.send(json!({"type": "connect"})).await;
    per.next_of("way").await;
    // Who leaves makes room.
    kim.send(json!({"type": "leave"})).await;
    mia.next_of("gone").await;
    mia.send(json!({"type": "connect"})).await;
    mia.next_of("way").await;
}

#[tokio::test]
async fn whoever_a_process_before_left_in_a_room_is_put_out() {
    let Some((server, real)) = both().await else { return };
    let (kit, aurora) = (spoken_with(&real.address), &server.two.aurora);
    let at = timestamp(server.db.services.now());
    let weekly = meeting(&server, aurora, |new| new.starts = Starts::At(at, None)).await;
    let daily = meeting(&server, aurora, |_| {}).await;
    // Some were in both, half an hour ago; another process begins twenty minutes later.
    server.db.clock.advance(time::Duration::minutes(-30));
    let mut rooms = Vec::new();
    for one in [&weekly, &daily] {
        let (mut kim, known) = inside(&server, one, "Kim").await;
        kim.send(json!({"type": "leave"})).await;
        assert_eq!(kim.end().await, Some(1000));
        rooms.push((format!("{}.{}", aurora.id, one.id), format!("{}.1", known.person)));
    }
    server.db.clock.advance(time::Duration::minutes(20));
    let app = application(server.db.services.clone(), Config::default());
    let meetings = &app.capabilities.meetings;
    now(&server);
    meetings.carry_by(kit.clone(), &MediaLimits::default());
    let mut lines = Vec::new();
    for (room, name) in &rooms {
        lines.push(come(kit.url(), &kit.token(room, name, &[], now(&server))).await);
        until_there_are(&server, &kit, room, 1).await;
    }
    // Over is over, whoever gave the seat.
    meetings.end(&aurora.owner, daily.id).await.unwrap();
    ends(lines.pop().unwrap()).await;
    until_there_are(&server, &kit, &rooms[0].0, 1).await;
    // The other one goes on, and nobody is in it.
    assert_eq!(meetings.end_empty().await.unwrap(), 0);
    ends(lines.pop().unwrap()).await;
}

/// One that says of rooms that nobody is in them, and of this company's says nothing; where it is, and the rooms that it is asked about.
async fn silent_about(tenant: TenantId) -> (String, mpsc::UnboundedReceiver<String>) {
    let (asks, asked) = mpsc::unbounded_channel();
    let answer = move |Json(question): Json<Value>| {
        let (asks, silent) = (asks.clone(), tenant.to_string());
        async move {
            let room = question["room"].as_str().unwrap().to_owned();
            let silent = room.starts_with(&silent);
            let _ = asks.send(room);
            if silent {
                std::future::pending::<()>().await;
            }
            Json(json!({}))
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let routes = Router::new().route("/twirp/livekit.RoomService/ListParticipants", post(answer));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (address, asked)
}

#[tokio::test]
async fn a_company_with_very_many_rooms_makes_no_neighbour_s_wait() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    let (address, mut asked) = silent_about(aurora.id).await;
    let patient = Outbound::within(false, 2 * PATIENCE).unwrap();
    server.capabilities().meetings.carry_by(asked_by(&address, patient), &MediaLimits::default());
    let mut next = async || tokio::time::timeout(PATIENCE, asked.recv()).await.expect("it has to be asked").unwrap();
    let mut kept = Vec::new();
    for _ in 0..12 {
        let weekly = meeting(&server, aurora, |_| {}).await;
        let (mut kim, _) = inside(&server, &weekly, "Kim").await;
        kim.send(json!({"type": "connect"})).await;
        kim.next_of("way").await;
        kept.push(kim);
    }
    // Its share, of which none is answered.
    for _ in 0..4 {
        assert!(next().await.starts_with(&aurora.id.to_string()));
    }
    let weekly = meeting(&server, borealis, |_| {}).await;
    let (mut per, _) = inside(&server, &weekly, "Per").await;
    per.send(json!({"type": "connect"})).await;
    per.next_of("way").await;
    assert_eq!(next().await, format!("{}.{}", borealis.id, weekly.id));
}

#[tokio::test]
async fn pages_of_meetings_may_ask_livekit_and_nobody_else() {
    let server = TestServer::with(|config| {
        config.media.livekit.insert(Setting::default()).url = "wss://livekit.example:7443".to_owned();
    })
    .await;
    let weekly = path(&meeting(&server, &server.two.aurora, |_| {}).await);
    let other = "connect-src 'self'";
    let may = format!("{other} wss://livekit.example:7443 https://livekit.example:7443");
    for (page, expected) in
        [(weekly.clone(), may.as_str()), (format!("/embed{weekly}"), may.as_str()), ("/login".to_owned(), other)]
    {
        let answer = server.ask(Ask::get(page.as_str())).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.split("; ").any(|rule| rule == expected), "{page}: {policy}");
    }
    // Where LiveKit carries nothing, nobody tells anything of it.
    let told = Ask::post("/webhooks/livekit").body("application/webhook+json", "{}");
    assert_eq!(server.ask(told).await.status, 404);
}
