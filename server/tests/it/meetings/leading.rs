//! What those who lead a meeting do: plan it, let people in, take them out, shut it; and that nobody does so in another company's.

use super::{Attends, asks, guest, host, inside, joined, meeting, path};
use crate::harness::{Ask, TestServer, application};
use meetings::Starts;
use model::meeting::{AttendeeRole, Meeting, MeetingFrame, MeetingState};
use serde_json::{Value, json};
use server::config::Config;
use std::collections::BTreeSet;
use store::services::timestamp;

#[tokio::test]
async fn who_waits_is_let_in_or_not() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |new| new.waiting_room = true).await;
    let (mut anna, _) = host(&server, aurora, &weekly).await;
    let kim = joined(&server.ask(guest(&weekly, "Kim")).await);
    let (mut waits, first) = Attends::with(server.address, &kim.token).await;
    assert_eq!(first, json!({"type": "waiting"}));
    let knocks = anna.next_of("person").await["person"].clone();
    assert_eq!((&knocks["name"], &knocks["state"]), (&json!("Kim"), &json!("waiting")));
    // Who waits does nothing, and hears nothing.
    for frame in [json!({"type": "say", "client_id": "1", "text": "Hello"}), json!({"type": "hand", "up": true})] {
        assert_eq!(waits.refused(frame).await, "forbidden");
    }
    anna.send(json!({"type": "say", "client_id": "1", "text": "Nobody here yet?"})).await;
    anna.next_of("message").await;
    assert!(waits.until_pong().await.is_empty());
    anna.send(json!({"type": "admit", "person": kim.person})).await;
    let welcome = waits.next().await;
    assert_eq!(welcome["type"], "welcome", "{welcome}");
    // It reads what was said before.
    assert_eq!(welcome["messages"][0]["text"], "Nobody here yet?");
    assert_eq!(anna.next_of("person").await["person"]["state"], "in");

    let eve = joined(&server.ask(guest(&weekly, "Eve")).await);
    let (mut waits, _) = Attends::with(server.address, &eve.token).await;
    anna.next_of("person").await;
    anna.send(json!({"type": "refuse", "person": eve.person})).await;
    waits.next_of("refused").await;
    assert_eq!(waits.end().await, Some(1000));
    // Nothing of theirs opens it any more.
    let back = server.ask(asks(&weekly, json!({"person": eve.person, "secret": eve.secret}))).await;
    assert_eq!(back.status, 403, "{back}");
    let (_, first) = Attends::with(server.address, &eve.token).await;
    assert_eq!(first["type"], "removed");
    // A member does not wait.
    let page = server.ask(Ask::get(path(&weekly)).session(aurora)).await;
    assert!(!page.body.contains("A host lets you in"), "{page}");
}

#[tokio::test]
async fn who_was_removed_is_not_back() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (mut anna, _) = host(&server, aurora, &weekly).await;
    let (mut eve, known) = inside(&server, &weekly, "Eve").await;
    let before = joined(&server.ask(guest(&weekly, "Also Eve")).await);
    assert_eq!(before.state.name(), "in");
    anna.send(json!({"type": "remove", "person": known.person})).await;
    eve.next_of("removed").await;
    assert_eq!(eve.end().await, Some(1000));
    anna.next_of("gone").await;
    let (mut again, first) = Attends::with(server.address, &known.token).await;
    assert_eq!(first["type"], "removed", "the token is good for minutes, and opens nothing");
    assert_eq!(again.end().await, Some(1000));
    let back = server.ask(asks(&weekly, json!({"person": known.person, "secret": known.secret}))).await;
    assert_eq!(back.status, 403, "{back}");
    // By another name they wait, also by one by which they have asked before.
    let (_, first) = Attends::with(server.address, &before.token).await;
    assert_eq!(first["type"], "waiting");
    let renamed = joined(&server.ask(guest(&weekly, "Not Eve")).await);
    let (_, first) = Attends::with(server.address, &renamed.token).await;
    assert_eq!(first["type"], "waiting");
    let acts = server.ask(Ask::get("/api/v1/audit-entries").key(aurora)).await;
    // (A key that may read the log or not: it is written in any case.)
    assert!(matches!(acts.status, 200 | 403), "{acts}");
    assert_eq!(server.count("select count(*) from app.audit_entries where act = 'meeting.person_removed'").await, 1);
}

#[tokio::test]
async fn a_locked_meeting_lets_nobody_new_in() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let (mut anna, _) = host(&server, aurora, &weekly).await;
    let (mut kim, known) = inside(&server, &weekly, "Kim").await;
    let asked = joined(&server.ask(guest(&weekly, "Asked")).await);
    anna.send(json!({"type": "lock", "locked": true})).await;
    for one in [&mut anna, &mut kim] {
        assert_eq!(one.next_of("locked").await["locked"], true);
    }
    // Who has only asked before that is new as well.
    let (mut late, first) = Attends::with(server.address, &asked.token).await;
    assert_eq!((&first["type"], &first["code"]), (&json!("error"), &json!("conflict")), "{first}");
    assert_eq!(late.end().await, Some(1008));
    let back = json!({"person": asked.person, "secret": asked.secret});
    assert_eq!(server.ask(asks(&weekly, back)).await.status, 409);
    let late = server.ask(guest(&weekly, "Late")).await;
    assert_eq!((late.status, &late.json()["code"]), (409, &json!("conflict")), "{late}");
    // Who was in comes back, as after a reload.
    let back = joined(&server.ask(asks(&weekly, json!({"person": known.person, "secret": known.secret}))).await);
    let _again = Attends::inside(server.address, &back.token).await;
    // The first socket learns that there is another.
    assert_eq!(kim.end().await, Some(4001));
    anna.send(json!({"type": "lock", "locked": false})).await;
    assert_eq!(anna.next_of("locked").await["locked"], false);
    assert_eq!(server.ask(guest(&weekly, "Late")).await.status, 200);
    Attends::inside(server.address, &asked.token).await;
}

#[tokio::test]
async fn a_meeting_in_which_nobody_is_ends_and_no_other_does() {
    let server = TestServer::start().await;
    let meetings = &server.capabilities().meetings;
    let weekly = meeting(&server, &server.two.aurora, |_| {}).await;
    let pass = |minutes| server.db.clock.advance(time::Duration::minutes(minutes));
    // Its time is past.
    pass(120);
    let (mut kim, _) = inside(&server, &weekly, "Kim").await;
    assert_eq!(meetings.end_empty().await.unwrap(), 0);
    // Nor does another node end it, on which nobody is.
    let other = application(server.db.services.clone(), Config::default());
    pass(6);
    assert_eq!(other.capabilities.meetings.end_empty().await.unwrap(), 0);
    kim.send(json!({"type": "leave"})).await;
    assert_eq!(kim.end().await, Some(1000));
    assert_eq!(meetings.end_empty().await.unwrap(), 0);
    pass(11);
    assert_eq!(meetings.end_empty().await.unwrap(), 1);
    assert_eq!(server.count("select count(*) from app.meetings where state = 'ended'").await, 1);
    assert_eq!(meetings.end_empty().await.unwrap(), 0);
    // It was over when the last of them went.
    let lasted = "select (extract(epoch from ended_at - started_at) / 60)::bigint from app.meetings";
    assert_eq!(server.count(lasted).await, 6);
}

#[tokio::test]
async fn of_meetings_that_are_over_the_one_that_ended_last_comes_first() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let meetings = &server.capabilities().meetings;
    let mut made = Vec::new();
    for title in ["Early", "Middle", "Late"] {
        made.push(meeting(&server, aurora, |new| new.title = Some(title.to_owned())).await);
    }
    for ended in [1, 2, 0] {
        server.db.clock.advance(time::Duration::minutes(1));
        meetings.end(&aurora.owner, made[ended].id).await.unwrap();
    }
    let mut titles = Vec::new();
    let mut cursor = None;
    loop {
        let page = meetings.listed(&aurora.owner, MeetingState::Ended, 1, cursor.as_deref()).await.unwrap();
        titles.extend(page.data.into_iter().map(|one| one.meeting.title));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(titles, ["Early", "Late", "Middle"]);
}

/// A frame with somebody's id in it, for every type that takes one.
fn frames(person: &str) -> Vec<(&'static str, Value)> {
    let of = |kind: &'static str| (kind, json!({"type": kind, "person": person}));
    let role = ("role", json!({"type": "role", "person": person, "role": "viewer"}));
    ["admit", "refuse", "mute", "stop_video", "stop_screen", "remove"].into_iter().map(of).chain([role]).collect()
}

#[tokio::test]
async fn no_frame_leads_into_another_company_s_meeting() {
    let server = TestServer::start().await;
    let (aurora, borealis) = (&server.two.aurora, &server.two.borealis);
    // Every type is tried, or names nobody.
    let tried: BTreeSet<_> = frames("").into_iter().map(|(kind, _)| kind).collect();
    let without: BTreeSet<_> =
        ["hello", "offer", "connect", "want", "say", "hand", "state", "react", "lock", "end", "leave", "ping"].into();
    assert_eq!(tried.union(&without).copied().collect::<BTreeSet<_>>(), MeetingFrame::TYPES.into());
    let own = meeting(&server, aurora, |_| {}).await;
    let foreign = meeting(&server, borealis, |new| new.waiting_room = true).await;
    let (mut theirs, _) = host(&server, borealis, &foreign).await;
    let known = joined(&server.ask(guest(&foreign, "Kim")).await);
    let (mut waits, _) = Attends::with(server.address, &known.token).await;
    theirs.until_pong().await;
    let before = server.rows_of(borealis).await;
    let (mut anna, _) = host(&server, aurora, &own).await;
    let (foreign_id, unknown) = (known.person.to_string(), "att_019aa1b2c3d47e8f90a1b2c3d4e5f607");
    for (kind, _) in frames("") {
        let mut answers = Vec::new();
        for person in [foreign_id.as_str(), unknown, "att_x", ""] {
            let frame = frames(person).into_iter().find(|(one, _)| *one == kind).unwrap().1;
            anna.send(frame).await;
            answers.push(anna.until_pong().await);
        }
        assert_eq!(answers[0][0]["code"], "not_found", "{kind}: {answers:?}");
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{kind}: {answers:?}");
    }
    assert!(theirs.until_pong().await.is_empty() && waits.until_pong().await.is_empty());
    assert_eq!(before, server.rows_of(borealis).await);
    // A member of another company is a guest there, and waits.
    let visits = joined(&server.ask(guest(&foreign, "Anna").session(aurora)).await);
    assert_eq!((visits.role, visits.state.name()), (AttendeeRole::Speaker, "waiting"));
    // Programs reach their own.
    for (method, rest) in [("GET", ""), ("POST", "/end"), ("GET", "/participants"), ("GET", "/messages")] {
        let ask = Ask::new(method, format!("/api/v1/meetings/{}{rest}", foreign.id)).key(aurora);
        assert_eq!(server.ask(ask).await.status, 404, "{method} {rest}");
    }
}

#[tokio::test]
async fn a_meeting_is_planned_where_its_time_is_said() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let plan = |starts_at: &str, zone: &str, minutes: &str| {
        let fields = [
            ("title", "Prices; terms"),
            ("later", "1"),
            ("starts_at", starts_at),
            ("time_zone", zone),
            ("minutes", minutes),
        ];
        Ask::post("/dashboard/meetings").form(fields).session(aurora)
    };
    let day = (server.db.services.now() + time::Duration::days(40)).date();
    let at = format!("{day}T10:30");
    for (starts_at, zone, minutes) in [
        ("", "Europe/Stockholm", "30"),
        ("tomorrow", "Europe/Stockholm", "30"),
        ("1999-01-01T10:00", "Europe/Stockholm", "30"),
        (at.as_str(), "Nowhere/Else", "30"),
        (at.as_str(), "'; drop", "30"),
        (at.as_str(), "Europe/Stockholm", "0"),
        (at.as_str(), "Europe/Stockholm", "x"),
    ] {
        let answer = server.ask(plan(starts_at, zone, minutes)).await;
        assert_eq!(answer.status, 422, "{starts_at} {zone} {minutes}: {answer}");
    }
    let planned = server.ask(plan(&at, "Asia/Tokyo", "45")).await;
    assert_eq!(planned.status, 303, "{planned}");
    let list = server.ask(Ask::get("/api/v1/meetings").key(aurora)).await.json();
    let weekly: Meeting = serde_json::from_value(list["data"][0].clone()).unwrap();
    // Tokyo is nine hours ahead, all the year.
    assert_eq!(weekly.starts_at.unwrap().to_string(), format!("{day}T01:30:00.000Z"));
    let page = server.ask(Ask::get("/dashboard/meetings").session(aurora)).await;
    assert!(page.body.contains(&format!("{day} 10:30")) && page.body.contains("Asia/Tokyo"), "{page}");
    let file = server.ask(Ask::get(format!("{}/invite.ics", path(&weekly)))).await;
    assert_eq!(file.header("content-type"), "text/calendar; charset=utf-8");
    let digits = day.to_string().replace('-', "");
    assert!(file.body.contains(&format!("DTSTART:{digits}T013000Z\r\nDTEND:{digits}T021500Z")), "{file}");
    assert!(file.body.contains("SUMMARY:Prices\\; terms\r\n"), "{file}");
}

#[tokio::test]
async fn who_was_there_for_a_minute_at_each_end_was_there_for_two() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let weekly = meeting(&server, aurora, |_| {}).await;
    let pass = |minutes| server.db.clock.advance(time::Duration::minutes(minutes));
    let present = async || {
        let path = format!("/api/v1/meetings/{}/participants", weekly.id);
        server.ask(Ask::get(path).key(aurora)).await.json()["data"][0]["present_s"].clone()
    };
    let (mut kim, known) = inside(&server, &weekly, "Kim").await;
    let back = async || {
        let back = asks(&weekly, json!({"person": known.person, "secret": known.secret}));
        Attends::inside(server.address, &joined(&server.ask(back).await).token).await
    };
    pass(1);
    kim.send(json!({"type": "leave"})).await;
    assert_eq!(kim.end().await, Some(1000));
    pass(58);
    let mut kim = back().await;
    pass(1);
    assert_eq!(present().await, 120, "until now");
    // By another socket, they are there all the time.
    let mut again = back().await;
    assert_eq!(kim.end().await, Some(4001));
    pass(1);
    again.send(json!({"type": "leave"})).await;
    assert_eq!(again.end().await, Some(1000));
    pass(30);
    assert_eq!(present().await, 180);
    // As where a server stood still while they were in: they were last seen half an hour ago.
    server
        .execute(
            "update app.meeting_people set state = 'in', entered_at = left_at - interval '1 minute', seen_at = left_at, left_at = null",
        )
        .await;
    let _kim = back().await;
    pass(1);
    assert_eq!(present().await, 300);
    server.capabilities().meetings.end(&aurora.owner, weekly.id).await.unwrap();
    pass(10);
    assert_eq!(present().await, 300);
    let page = server.ask(Ask::get("/dashboard/meetings").session(aurora)).await;
    assert!(page.body.contains("5 min"), "{page}");
}

#[tokio::test]
async fn what_begins_next_stands_first_and_the_rest_on_further_pages() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    for day in (1..=55).rev() {
        let at = timestamp(server.db.services.now() + time::Duration::days(day));
        let planned = |new: &mut meetings::NewMeeting| {
            (new.title, new.starts) = (Some(format!("Day {day}")), Starts::At(at, None));
        };
        meeting(&server, aurora, planned).await;
    }
    meeting(&server, aurora, |new| new.title = Some("Day 0".to_owned())).await;
    // Another company's are not among them.
    meeting(&server, &server.two.borealis, |new| new.title = Some("Day 56".to_owned())).await;
    let days = |page: &str| -> Vec<u32> {
        let labels = page.match_indices("aria-label=\"Join Day ").map(|(at, label)| &page[at + label.len()..]);
        labels.map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
    };
    let first = server.ask(Ask::get("/dashboard/meetings").session(aurora)).await;
    assert_eq!(days(&first.body), (0..50).collect::<Vec<_>>(), "{first}");
    let from = first.body.find("/dashboard/meetings?after=").unwrap();
    let more = first.body[from..].split('"').next().unwrap().to_owned();
    let second = server.ask(Ask::get(more.as_str()).session(aurora)).await;
    assert_eq!(days(&second.body), (50..56).collect::<Vec<_>>(), "{second}");
    assert!(!second.body.contains("?after="), "{second}");
    // A place that is none, or another company's, is the beginning.
    let theirs = server.ask(Ask::get(more.as_str()).session(&server.two.borealis)).await;
    assert_eq!(days(&theirs.body), [56], "{theirs}");
}

#[tokio::test]
async fn a_planned_meeting_is_changed_and_its_link_stays() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let day = (server.db.services.now() + time::Duration::days(40)).date();
    let planned = meeting(&server, aurora, |new| {
        new.starts = Starts::Local(format!("{day}T10:30"), "Asia/Tokyo".to_owned());
        new.passcode = Some("lamps and sofas".to_owned());
    })
    .await;
    let one = format!("/api/v1/meetings/{}", planned.id);
    let now = async || -> Meeting {
        serde_json::from_str(&server.ask(Ask::get(one.as_str()).key(aurora)).await.body).unwrap()
    };
    // The form has it as it is.
    let form = format!("/dashboard/meetings?change={}", planned.id);
    let page = server.ask(Ask::get(form.as_str()).session(aurora)).await;
    for there in [format!("value=\"{day}T10:30\""), "value=\"Weekly\"".to_owned(), "No passcode from now on".to_owned()]
    {
        assert!(page.body.contains(&there), "{there}: {page}");
    }
    let action = format!("action=\"/dashboard/meetings/{}\"", planned.id);
    assert!(page.body.contains(&action), "{page}");
    // Another company finds nothing there.
    let theirs = server.ask(Ask::get(form.as_str()).session(&server.two.borealis)).await;
    assert!(theirs.status == 200 && !theirs.body.contains(&action) && !theirs.body.contains("Weekly"), "{theirs}");

    let change = |starts_at: &str, minutes: &str| {
        let fields = [
            ("title", "Prices"),
            ("starts_at", starts_at),
            ("time_zone", "Asia/Tokyo"),
            ("minutes", minutes),
            ("passcode", ""),
            ("waiting_room", "1"),
        ];
        Ask::post(format!("/dashboard/meetings/{}", planned.id)).form(fields).session(aurora)
    };
    let later = format!("{day}T11:45");
    for (starts_at, minutes) in
        [("tomorrow", "30"), ("1999-01-01T10:00", "30"), (later.as_str(), "x"), (later.as_str(), "4")]
    {
        let answer = server.ask(change(starts_at, minutes)).await;
        assert!(answer.status == 422 && answer.body.contains(&action), "{starts_at} {minutes}: {answer}");
    }
    assert_eq!(now().await, planned, "what is refused changes nothing");
    // (Its file says which of two is the newer.)
    let file = async || server.ask(Ask::get(format!("{}/invite.ics", path(&planned)))).await.body;
    let sequence = |file: &str| -> u64 {
        let line = file.lines().find_map(|line| line.strip_prefix("SEQUENCE:"));
        line.unwrap_or_else(|| panic!("{file}")).parse().unwrap()
    };
    let first = file().await;
    server.db.clock.advance(time::Duration::minutes(1));
    let answer = server.ask(change(&later, "45")).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/dashboard/meetings?done=changed"), "{answer}");
    let changed = now().await;
    assert_eq!(changed.starts_at.unwrap().to_string(), format!("{day}T02:45:00.000Z"));
    let second = file().await;
    let uid = format!("UID:{}@samtal\r\n", planned.id);
    assert!(first.contains(&uid) && second.contains(&uid) && second.contains("T024500Z"), "{second}");
    assert!(sequence(&second) > sequence(&first), "{first} {second}");
    assert_eq!(
        (changed.title.as_str(), changed.minutes, changed.waiting_room, changed.passcode, &changed.link),
        ("Prices", 45, true, true, &planned.link)
    );
    let guest = |passcode: &str| asks(&planned, json!({"name": "Kim", "consent": true, "passcode": passcode}));
    assert_eq!(joined(&server.ask(guest("lamps and sofas")).await).state.name(), "waiting");

    // Programs change what they name.
    let patch = |body: Value| Ask::new("PATCH", one.as_str()).key(aurora).body("application/json", body.to_string());
    let of = |answer: &crate::harness::Answer| answer.json()["errors"][0]["field"].clone();
    let refused = server.ask(patch(json!({"time_zone": "Europe/Stockholm"}))).await;
    assert_eq!((refused.status, of(&refused)), (422, json!("time_zone")), "{refused}");
    let answer = server.ask(patch(json!({"passcode": null, "waiting_room": false}))).await;
    assert_eq!((answer.status, &answer.json()["passcode"]), (200, &json!(false)), "{answer}");
    assert_eq!(now().await.title, "Prices");
    let again = format!("{day}T09:00:00Z");
    let answer = server.ask(patch(json!({"starts_at": again}))).await.json();
    assert_eq!((&answer["time_zone"], &answer["minutes"]), (&json!("Asia/Tokyo"), &json!(45)));
    assert_eq!(joined(&server.ask(guest("")).await).state.name(), "in");
    // The form shows no seconds: who changes something else moves it by none.
    let odd = format!("{day}T09:00:27.000Z");
    assert_eq!(server.ask(patch(json!({"starts_at": odd}))).await.status, 200);
    assert_eq!(server.ask(change(&format!("{day}T18:00"), "60")).await.status, 303);
    let is = now().await;
    assert_eq!((is.starts_at.unwrap().to_string(), is.minutes), (odd, 60));

    // When somebody is in it, its time is past changing; when it is over, all of it.
    let (_anna, _) = host(&server, aurora, &planned).await;
    let refused = server.ask(patch(json!({"starts_at": again}))).await;
    assert_eq!((refused.status, of(&refused)), (422, json!("starts_at")), "{refused}");
    assert_eq!(server.ask(patch(json!({"title": "Prices and terms"}))).await.status, 200);
    server.capabilities().meetings.end(&aurora.owner, planned.id).await.unwrap();
    assert_eq!(server.ask(patch(json!({"title": "Late"}))).await.status, 409);
    assert_eq!(now().await.title, "Prices and terms");
}
