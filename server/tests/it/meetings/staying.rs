//! That nobody stays in a meeting, or leads it, longer than they may.

use super::{Attends, asks, dial, guest, host, inside, joined, meeting};
use crate::harness::{Ask, TestServer};
use futures_util::{SinkExt as _, StreamExt as _};
use identity::KeptMember;
use model::identity::Role;
use model::meeting::{AttendeeRole, Joined, Meeting};
use model::{MemberId, PersonId};
use serde_json::{Value, json};
use store::bus::Notice;
use testkit::{Tenant, member};
use tokio_tungstenite::tungstenite::Message;

/// A member who works in conversations, and so leads meetings, and who is in one.
struct Bo {
    person: PersonId,
    member: MemberId,
    session: String,
    joined: Joined,
    attends: Attends,
}

fn asks_as(meeting: &Meeting, session: &str) -> Ask {
    asks(meeting, json!({"consent": true})).cookie(session)
}

impl Bo {
    async fn leads(server: &TestServer, tenant: &Tenant, meeting: &Meeting) -> Self {
        let (person, member) = member(&server.db, tenant, "Bo", "agent").await;
        let session = server.db.open_session(person, tenant.id).await.to_string();
        let joined = joined(&server.ask(asks_as(meeting, &session)).await);
        assert_eq!(joined.role, AttendeeRole::Host);
        let attends = Attends::inside(server.address, &joined.token).await;
        Self { person, member, session, joined, attends }
    }

    /// Comes back by what they were given, with this cookie or none.
    async fn back(&self, server: &TestServer, meeting: &Meeting, session: Option<&str>) -> (u16, Value) {
        let ask = asks(meeting, json!({"person": self.joined.person, "secret": self.joined.secret}));
        let answer = server.ask(session.into_iter().fold(ask, Ask::cookie)).await;
        (answer.status, answer.json())
    }
}

/// Until a person is seen in this role.
async fn becomes(attends: &mut Attends, person: &Joined, role: &str) {
    loop {
        let one = attends.next_of("person").await["person"].clone();
        if one["person"] == json!(person.person) && one["role"] == role {
            return;
        }
    }
}

#[tokio::test]
async fn who_manages_meetings_no_more_leads_no_more() {
    let server = TestServer::start().await;
    let (aurora, identity) = (&server.two.aurora, &server.capabilities().identity);
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (mut anna, _) = host(&server, aurora, &weekly).await;
    let mut bo = Bo::leads(&server, aurora, &weekly).await;
    let (mut kim, known) = inside(&server, &weekly, "Kim").await;
    // Whom a host makes one leads by that.
    bo.attends.send(json!({"type": "role", "person": known.person, "role": "host"})).await;
    becomes(&mut kim, &known, "host").await;

    identity.change_role(&aurora.owner, bo.member, Role::Viewer).await.unwrap();
    becomes(&mut anna, &bo.joined, "speaker").await;
    becomes(&mut bo.attends, &bo.joined, "speaker").await;
    assert_eq!(bo.attends.refused(json!({"type": "lock", "locked": true})).await, "forbidden");
    // Nor by coming back, in any way.
    assert_eq!(bo.back(&server, &weekly, Some(&bo.session)).await.1["role"], "speaker");
    let again = joined(&server.ask(asks_as(&weekly, &bo.session)).await);
    assert_eq!((again.person, again.role), (bo.joined.person, AttendeeRole::Speaker));
    let (_, welcome) = Attends::with(server.address, &bo.joined.token).await;
    assert_eq!((&welcome["type"], &welcome["role"]), (&json!("welcome"), &json!("speaker")));
    // The others stay what they were.
    kim.send(json!({"type": "lock", "locked": true})).await;
    assert_eq!(anna.next_of("locked").await["locked"], true);
    anna.send(json!({"type": "lock", "locked": false})).await;
    assert_eq!(kim.next_of("locked").await["locked"], true);
    assert_eq!(kim.next_of("locked").await["locked"], false);
}

#[tokio::test]
async fn who_lost_the_right_while_away_does_not_lead_by_a_token_from_before() {
    let server = TestServer::start().await;
    let (aurora, identity) = (&server.two.aurora, &server.capabilities().identity);
    let weekly = meeting(&server, aurora, |_| {}).await;
    let mut bo = Bo::leads(&server, aurora, &weekly).await;
    bo.attends.send(json!({"type": "leave"})).await;
    assert_eq!(bo.attends.end().await, Some(1000));
    identity.change_role(&aurora.owner, bo.member, Role::Viewer).await.unwrap();
    let (mut back, welcome) = Attends::with(server.address, &bo.joined.token).await;
    assert_eq!((&welcome["type"], &welcome["role"]), (&json!("welcome"), &json!("speaker")));
    assert_eq!(back.refused(json!({"type": "end"})).await, "forbidden");
}

#[tokio::test]
async fn who_is_kept_out_of_the_company_is_out_of_its_meetings() {
    let server = TestServer::start().await;
    let (aurora, identity) = (&server.two.aurora, &server.capabilities().identity);
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (mut anna, _) = host(&server, aurora, &weekly).await;
    let mut bo = Bo::leads(&server, aurora, &weekly).await;
    identity.keep_member(&aurora.owner, bo.member, KeptMember::Out { keys: false }).await.unwrap();
    bo.attends.next_of("removed").await;
    assert_eq!(bo.attends.end().await, Some(1000));
    // At once, and without the moment in which others may come back.
    assert_eq!(anna.next_of("gone").await["person"], json!(bo.joined.person));
    assert_eq!(bo.back(&server, &weekly, Some(&bo.session)).await.0, 403);
}

#[tokio::test]
async fn a_session_that_ends_ends_what_was_opened_by_it() {
    let server = TestServer::start().await;
    let (aurora, identity) = (&server.two.aurora, &server.capabilities().identity);
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (mut anna, led) = host(&server, aurora, &weekly).await;
    let mut bo = Bo::leads(&server, aurora, &weekly).await;
    // By whoever manages members.
    identity.sign_member_out(&aurora.owner, bo.member).await.unwrap();
    assert_eq!(bo.attends.next_of("error").await["code"], "unauthenticated");
    assert_eq!(bo.attends.end().await, Some(1008));
    assert_eq!(anna.next_of("gone").await["person"], json!(bo.joined.person));
    // Neither the token nor the secret is a way around that.
    let (mut again, first) = Attends::with(server.address, &bo.joined.token).await;
    assert_eq!((&first["type"], &first["code"]), (&json!("error"), &json!("unauthenticated")), "{first}");
    assert_eq!(again.end().await, Some(1008));
    assert_eq!(bo.back(&server, &weekly, None).await.0, 401);
    assert_eq!(bo.back(&server, &weekly, Some(&bo.session)).await.0, 401);
    assert_eq!(bo.back(&server, &weekly, Some(&aurora.session.to_string())).await.0, 401, "another member's");
    // A new session is: of the same person.
    let session = server.db.open_session(bo.person, aurora.id).await.to_string();
    let (status, answer) = bo.back(&server, &weekly, Some(&session)).await;
    assert_eq!((status, &answer["person"], &answer["role"]), (200, &json!(bo.joined.person), &json!("host")));
    let _back = Attends::inside(server.address, &bo.joined.token).await;

    // By themselves: the others stay.
    let (mut kim, _) = inside(&server, &weekly, "Kim").await;
    assert_eq!(server.ask(Ask::post("/logout").session(aurora)).await.status, 303);
    assert_eq!(anna.next_of("error").await["code"], "unauthenticated");
    assert_eq!(anna.end().await, Some(1008));
    let back = server.ask(asks(&weekly, json!({"person": led.person, "secret": led.secret}))).await;
    assert_eq!(back.status, 401, "{back}");
    // As a guest they may come as anybody may.
    assert_eq!(joined(&server.ask(guest(&weekly, "Anna")).await).role, AttendeeRole::Speaker);
    kim.until_pong().await;
}

#[tokio::test]
async fn being_in_a_meeting_is_using_a_session() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (mut anna, _) = host(&server, aurora, &weekly).await;
    let notice = || Notice::Ended { tenant: aurora.id };
    // Longer than a session may rest, in steps that are shorter; as the server looks by itself every few minutes.
    for _ in 0..4 {
        server.db.clock.advance(time::Duration::minutes(50));
        server.db.services.publish(notice());
        anna.next_of("token").await;
    }
    // It ends all the same when its time is over.
    for _ in 0..6 {
        server.db.clock.advance(time::Duration::minutes(60));
        server.db.services.publish(notice());
    }
    assert_eq!(anna.next_of("error").await["code"], "unauthenticated");
    assert_eq!(anna.end().await, Some(1008));
}

#[tokio::test]
async fn who_vanishes_without_a_word_is_gone_soon() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (mut anna, _) = host(&server, aurora, &weekly).await;
    // Of one the line is up, and nothing comes over it any more, as where a phone has lost its network: not even an answer to a ping. No media of theirs
    // says that they are silent, since they send none.
    let kim = joined(&server.ask(guest(&weekly, "Kim")).await);
    let mut line = dial(server.address, None).await.unwrap();
    let hello = json!({"type": "hello", "token": kim.token}).to_string();
    line.send(Message::text(hello)).await.unwrap();
    let welcome = line.next().await.unwrap().unwrap().into_text().unwrap();
    assert!(welcome.starts_with(r#"{"type":"welcome""#), "{welcome}");
    // Of the other it is closed.
    let (eve, known) = inside(&server, &weekly, "Eve").await;
    drop(eve);
    let (silent, closed) = (json!(kim.person), json!(known.person));
    let mut seen = Vec::new();
    while seen.len() < 4 {
        let frame = anna.next().await;
        match frame["type"].as_str() {
            Some("person") if frame["person"]["here"] == false => seen.push(("cut", frame["person"]["person"].clone())),
            Some("gone") => seen.push(("gone", frame["person"].clone())),
            _ => {}
        }
    }
    let of = |person: &Value| seen.iter().filter(|(_, one)| one == person).map(|(what, _)| *what).collect::<Vec<_>>();
    assert_eq!((of(&silent), of(&closed)), (vec!["cut", "gone"], vec!["cut", "gone"]));
    // Who looks on is there all the time.
    assert!(anna.until_pong().await.is_empty());
    drop(line);
    let states = "select count(*) from app.meeting_people where state = 'left' and left_at is not null";
    server.until(states, 2).await;
}
