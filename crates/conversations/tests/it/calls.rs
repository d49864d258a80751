//! Calls: when people are there, by the clock of the place, also on the days on which that is moved.

use crate::stage::{Stage, said, words};
use conversations::ConversationError;
use model::ConversationId;
use model::conversation::{Event, Handler};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const THERE: &str = "Talking face to face was asked for. A person has been asked to join.";

impl Stage {
    /// Has both companies take calls, and Aurora's people be there by these hours.
    async fn takes_calls(&self, zone: &str, hours: [&str; 7]) {
        let hours: Vec<String> = hours.map(str::to_owned).to_vec();
        sqlx::query(
            "update app.tenants set calls = true, time_zone = $1, service_hours = case name when 'Aurora' then $2::text[] else '{}' end",
        )
        .bind(zone)
        .bind(hours)
        .execute(&mut self.db.superuser().await)
        .await
        .unwrap();
    }

    /// What is said to a contact who asks for a call then.
    async fn asked_at(&self, at: OffsetDateTime) -> String {
        self.db.clock.advance(at - self.db.services.now());
        let (contact, ..) = self.contact(&self.two.aurora.owner).await;
        let id = self.conversations.open(&contact).await.unwrap();
        self.conversations.call(&contact, id).await.unwrap();
        self.messages(&contact, id).await.pop().unwrap().text
    }
}

#[tokio::test]
async fn people_are_there_by_the_clock_of_the_place() {
    let stage = Stage::new().await;
    // Clocks go forward on Sunday, 28 March 2027, at two: there is no half past two on that day. They go back on 31 October at three.
    stage.takes_calls("Europe/Stockholm", ["09:00-17:00", "", "", "", "", "", "02:30-04:00"]).await;
    for (at, day) in [
        // Monday in winter, an hour before UTC's nine.
        (datetime!(2027-03-22 07:59 UTC), Some("Monday from 09:00")),
        (datetime!(2027-03-22 08:00 UTC), None),
        (datetime!(2027-03-22 15:59 UTC), None),
        (datetime!(2027-03-22 16:00 UTC), Some("Sunday from 02:30")),
        // The last minute before clocks go forward is before the hours, and the next one among them.
        (datetime!(2027-03-28 00:59 UTC), Some("Sunday from 02:30")),
        (datetime!(2027-03-28 01:00 UTC), None),
        (datetime!(2027-03-28 01:59 UTC), None),
        (datetime!(2027-03-28 02:00 UTC), Some("Monday from 09:00")),
        // Monday in summer, two hours before.
        (datetime!(2027-03-29 06:59 UTC), Some("Monday from 09:00")),
        (datetime!(2027-03-29 07:00 UTC), None),
        // Half past two comes twice, and they are there both times.
        (datetime!(2027-10-31 00:29 UTC), Some("Sunday from 02:30")),
        (datetime!(2027-10-31 00:30 UTC), None),
        (datetime!(2027-10-31 01:15 UTC), Some("Sunday from 02:30")),
        (datetime!(2027-10-31 01:30 UTC), None),
        (datetime!(2027-10-31 03:00 UTC), Some("Monday from 09:00")),
        (datetime!(2027-11-01 07:59 UTC), Some("Monday from 09:00")),
        (datetime!(2027-11-01 08:00 UTC), None),
    ] {
        let said = stage.asked_at(at).await;
        match day {
            None => assert_eq!(said, THERE, "{at}"),
            Some(day) => assert!(said.contains(&format!(" on {day} (Europe/Stockholm)")), "{at}: {said}"),
        }
    }
}

#[tokio::test]
async fn what_is_said_is_in_the_language_of_the_workspace() {
    let stage = Stage::new().await;
    stage.takes_calls("America/New_York", ["", "", "", "", "", "", "10:00-11:00"]).await;
    let spanish = "update app.tenants set language = 'es'";
    sqlx::query(spanish).execute(&mut stage.db.superuser().await).await.unwrap();
    // A Sunday, when they have just gone.
    let said = stage.asked_at(datetime!(2027-06-06 15:00 UTC)).await;
    assert!(said.contains("10:00") && said.contains("America/New_York") && !said.contains("Sunday"), "{said}");
}

#[tokio::test]
async fn asked_twice_it_is_one_request_until_somebody_answers() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    stage.takes_calls("UTC", [""; 7]).await;
    let owner = &stage.two.aurora.owner;
    let c = &stage.conversations;
    let (kim, ..) = stage.contact(owner).await;
    let id = c.open(&kim).await.unwrap();
    let calls = async |id: ConversationId| {
        let messages = stage.messages(owner, id).await;
        said(&messages)
            .iter()
            .filter(|(_, event, text)| event.is_some() && text.starts_with("Talking face to face"))
            .count()
    };
    for _ in 0..2 {
        assert_eq!(c.call(&kim, id).await.unwrap().handler, Handler::People);
        assert_eq!(calls(id).await, 1);
    }
    // Two of their tabs at once, and what they write meanwhile, are no further request.
    c.say(&kim, id, &words("Hello?", "1")).await.unwrap();
    let (one, other) = tokio::join!(c.call(&kim, id), c.call(&kim, id));
    assert_eq!((one.is_ok(), other.is_ok(), calls(id).await), (true, true, 1));
    // Each thing that somebody of the company's does answers it.
    c.take_over(owner, id).await.unwrap();
    c.call(&kim, id).await.unwrap();
    assert_eq!(calls(id).await, 2);
    c.reply(owner, id, &words("One moment.", "2")).await.unwrap();
    c.call(&kim, id).await.unwrap();
    c.call(&kim, id).await.unwrap();
    assert_eq!(calls(id).await, 3);
    let taken = c.get(owner, id).await.unwrap();
    assert_eq!(taken.assignee.map(|one| one.name).as_deref(), Some("Aurora Owner"), "who has it keeps it");
    c.meeting_began(owner, id).await.unwrap();
    c.call(&kim, id).await.unwrap();
    assert_eq!(calls(id).await, 4);
    // Settled, it is opened again.
    c.resolve(owner, id).await.unwrap();
    let asked = c.call(&kim, id).await.unwrap();
    assert_eq!((asked.handler, asked.assignee, calls(id).await), (Handler::People, None, 5));
    let last = stage.messages(owner, id).await.pop().unwrap();
    assert_eq!(last.event, Some(Event::HandedOff));
}

#[tokio::test]
async fn nobody_asks_for_others_or_where_no_calls_are_taken() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let owner = &stage.two.aurora.owner;
    let c = &stage.conversations;
    let (kim, ..) = stage.contact(owner).await;
    let (eve, ..) = stage.contact(owner).await;
    let (far, ..) = stage.contact(&stage.two.borealis.owner).await;
    let id = c.open(&kim).await.unwrap();
    assert!(!c.calls(&kim).await.unwrap());
    assert!(matches!(c.call(&kim, id).await, Err(ConversationError::NoCalls)));
    stage.takes_calls("UTC", [""; 7]).await;
    assert!(c.calls(&kim).await.unwrap());
    for other in [&eve, &far, &stage.two.borealis.key] {
        assert!(matches!(c.call(other, id).await, Err(ConversationError::NotFound)));
    }
    assert_eq!(c.get(owner, id).await.unwrap().handler, Handler::Assistant);
    // Somebody of the company's does on their behalf.
    assert_eq!(c.call(owner, id).await.unwrap().handler, Handler::People);
    stage.db.clock.advance(Duration::minutes(1));
    assert_eq!(c.call(&kim, id).await.unwrap().last_seq, 1);
}
