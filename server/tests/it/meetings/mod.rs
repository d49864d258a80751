//! Meetings, from outside. Here is what all of these tests begin with: somebody who comes by the page and by the socket.

mod coming_in;
mod leading;
mod sites;
mod sound;
mod staying;
mod writing;

use crate::harness::{self, Answer, Ask, Bare, Heard, Line, TestServer};
use meetings::{Invited, MeetingChange, NewMeeting};
use model::meeting::{AttendeeRole, Joined, Meeting};
use serde_json::{Value, json};
use std::net::SocketAddr;
use testkit::Tenant;
use tokio_tungstenite::tungstenite::Error;

/// Somebody by a socket.
pub type Attends = Line<Heard>;

/// The line alone, which does nothing by itself.
async fn dial(address: SocketAddr, origin: Option<&str>) -> Result<Bare, Error> {
    let origin = origin.map(|origin| ("origin", origin.to_owned()));
    harness::dial(address, "/ws/meet", origin.as_slice()).await
}

async fn open(address: SocketAddr, origin: Option<&str>) -> Result<Attends, Error> {
    Ok(Line(Heard::new(dial(address, origin).await?)))
}

impl Attends {
    /// Comes with a token, and agrees; with what is said first.
    pub async fn with(address: SocketAddr, token: &str) -> (Self, Value) {
        let mut one = open(address, None).await.unwrap();
        one.send(json!({"type": "hello", "token": token, "consent": true})).await;
        let first = one.next().await;
        (one, first)
    }

    /// The same, whose media is open still.
    pub async fn again(address: SocketAddr, token: &str) -> (Self, Value) {
        let mut one = open(address, None).await.unwrap();
        one.send(json!({"type": "hello", "token": token, "media": true})).await;
        let first = one.next().await;
        (one, first)
    }

    /// Comes in.
    pub async fn inside(address: SocketAddr, token: &str) -> Self {
        let (one, first) = Self::with(address, token).await;
        assert_eq!(first["type"], "welcome", "{first}");
        one
    }

    /// What comes of a frame that is refused.
    pub async fn refused(&mut self, frame: Value) -> Value {
        self.send(frame).await;
        self.next_of("error").await["code"].clone()
    }
}

pub async fn meeting(server: &TestServer, tenant: &Tenant, change: impl FnOnce(&mut NewMeeting)) -> Meeting {
    let mut new = NewMeeting { title: Some("Weekly".to_owned()), ..NewMeeting::default() };
    change(&mut new);
    server.capabilities().meetings.create(&tenant.owner, new).await.unwrap()
}

pub fn path(meeting: &Meeting) -> String {
    meeting.link[meeting.link.find("/meet/").unwrap()..].to_owned()
}

pub fn asks(meeting: &Meeting, body: Value) -> Ask {
    Ask::post(format!("{}/join", path(meeting))).body("application/json", body.to_string()).wants_json()
}

fn guest(meeting: &Meeting, name: &str) -> Ask {
    asks(meeting, json!({"name": name, "consent": true}))
}

pub fn joined(answer: &Answer) -> Joined {
    assert_eq!(answer.status, 200, "{answer}");
    serde_json::from_str(&answer.body).unwrap()
}

/// The owner of a tenant, who leads.
pub async fn host(server: &TestServer, tenant: &Tenant, meeting: &Meeting) -> (Attends, Joined) {
    let joined = joined(&server.ask(asks(meeting, json!({"consent": true})).session(tenant)).await);
    assert_eq!(joined.role, AttendeeRole::Host);
    (Attends::inside(server.address, &joined.token).await, joined)
}

/// A guest who is in.
pub async fn inside(server: &TestServer, meeting: &Meeting, name: &str) -> (Attends, Joined) {
    let joined = joined(&server.ask(guest(meeting, name)).await);
    (Attends::inside(server.address, &joined.token).await, joined)
}

/// All that is written down of a meeting, done once: made, changed, somebody let in by a token, somebody removed, ended.
pub async fn lived_through(server: &TestServer, tenant: &Tenant) {
    let weekly = meeting(server, tenant, |_| {}).await;
    let meetings = &server.capabilities().meetings;
    let change = MeetingChange { title: Some("Monthly".to_owned()), ..MeetingChange::default() };
    meetings.change(&tenant.owner, weekly.id, change).await.unwrap();
    let invited = Invited { name: "Kim".to_owned(), role: AttendeeRole::Speaker, contact: None };
    meetings.let_in(&tenant.owner, weekly.id, invited).await.unwrap();
    let (mut anna, _) = host(server, tenant, &weekly).await;
    let (mut eve, known) = inside(server, &weekly, "Eve").await;
    anna.send(json!({"type": "remove", "person": known.person})).await;
    eve.next_of("removed").await;
    meetings.end(&tenant.owner, weekly.id).await.unwrap();
}
