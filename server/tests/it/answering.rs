//! What the assistant says to several things said at once, with the real answerer; and how much of what is found a search tells.

use crate::harness::{Ask, TestServer};
use conversations::{MessagesFrom, NewMessage};
use model::conversation::{Author, Message};
use model::knowledge::Outcome;
use serde_json::{Value, json};
use time::Duration;

#[tokio::test]
async fn each_question_gets_its_answer_and_courtesies_theirs() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let text = "# Returns\n\nGoods may be returned within 60 days of delivery.\n\n# Gift cards\n\nGift cards are valid for three years from the day of purchase.\n";
    server.new_document(aurora, text).await;
    let id = server.new_conversation(aurora, "Hello").await;
    let say = async |texts: &[&str]| {
        for text in texts {
            let client_id = text.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
            let new = NewMessage { text: (*text).to_owned(), client_id };
            server.conversations().pass_on(&aurora.key, id.parse().unwrap(), &new).await.unwrap();
        }
        server.do_jobs().await;
        let all = MessagesFrom::After(0);
        let messages = server.conversations().messages(&aurora.key, id.parse().unwrap(), all, None).await.unwrap().data;
        messages.into_iter().filter(|one| one.from == Author::Assistant).map(|one| one.text).collect::<Vec<_>>()
    };
    let said = say(&[]).await;
    assert_eq!(said, ["Hello! What would you like to know?"]);
    let said =
        say(&["Within how many days may goods be returned?", "How long are gift cards valid?", "Thank you!"]).await;
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(
        said[1].starts_with("\u{201c}Within how many days may goods be returned?\u{201d}\n")
            && said[1].contains("60 days"),
        "{said:?}"
    );
    assert!(
        said[2].starts_with("\u{201c}How long are gift cards valid?\u{201d}\n") && said[2].contains("three years"),
        "{said:?}"
    );
    assert_eq!(said[3], "You are welcome.");
    // One without its mark is not lost in what follows.
    let said = say(&["how do i paint a zibbly", "How long are gift cards good for?", "Thanks!"]).await;
    assert_eq!(said.len(), 7, "{said:?}");
    assert!(said[4].starts_with("\u{201c}how do i paint a zibbly\u{201d}\n"), "{said:?}");
    assert!(said[5].contains("three years") && said[6] == "You are welcome.", "{said:?}");
    // What asks nothing belongs to what follows.
    let said = say(&["Hello again to you", "I was given a card", "How long is a gift card valid, then?"]).await;
    assert!(said.last().unwrap().contains("three years"), "{said:?}");
}

/// Two plans in one document: what is asked next is asked of the one that was meant.
#[tokio::test]
async fn what_stands_on_the_question_before_is_searched_with_it() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    let text = "# Plans\n\n## Solo\n\nThe Solo plan costs 12 euros per month. It is for one person.\n\n## Team\n\nThe Team plan costs 29 euros per month. It is for up to ten people.\n";
    server.new_document(aurora, text).await;
    // What is said last to somebody who asks these.
    let last = async |questions: &[&str], pause: Duration| {
        let (first, next) = questions.split_first().unwrap();
        let id = server.new_conversation(aurora, first).await;
        server.do_jobs().await;
        for question in next {
            server.db.clock.advance(pause);
            let client_id = question.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
            let new = NewMessage { text: (*question).to_owned(), client_id };
            server.conversations().pass_on(&aurora.key, id.parse().unwrap(), &new).await.unwrap();
            server.do_jobs().await;
        }
        let all = MessagesFrom::After(0);
        let said = server.conversations().messages(&aurora.key, id.parse().unwrap(), all, None).await.unwrap().data;
        said.into_iter().rfind(|one| one.from == Author::Assistant).unwrap()
    };
    let quotes = |message: &Message| -> Vec<String> { message.citations.iter().map(|one| one.quote.clone()).collect() };
    let soon = Duration::seconds(20);
    for (before, price) in [("Is there a Team plan?", "29 euros"), ("Is there a Solo plan?", "12 euros")] {
        let said = last(&[before, "Thanks!", "How much is it?"], soon).await;
        assert!(said.outcome == Some(Outcome::Passages) && quotes(&said)[0].contains(price), "{said:?}");
    }
    let said = last(&["How much is the Solo plan per month?", "And the Team plan?"], soon).await;
    assert!(!said.citations.is_empty() && quotes(&said).iter().all(|quote| quote.contains("29 euros")), "{said:?}");
    // One that stands on one that stands on another.
    let chain = ["Is there a Solo plan?", "And a Team plan?", "How much is it?"];
    last(&chain, soon).await;
    // What stands alone, and what was said too long ago.
    last(&["Is there a Solo plan?", "And where do I send the parcel?"], soon).await;
    last(&["Is there a Family plan?", "How long does it take?"], Duration::minutes(31)).await;
    let asked: Vec<String> =
        sqlx::query_scalar("select question from app.asked").fetch_all(&mut server.db.superuser().await).await.unwrap();
    for (question, times) in [
        ("Is there a Team plan?\nHow much is it?", 1),
        ("Is there a Solo plan?\nHow much is it?", 1),
        ("Is there a Solo plan?\nAnd a Team plan?\nHow much is it?", 1),
        ("How much is it?", 0),
        ("And where do I send the parcel?", 1),
        ("How long does it take?", 1),
    ] {
        assert_eq!(asked.iter().filter(|one| *one == question).count(), times, "{question}: {asked:?}");
    }
    // As people then read it.
    let listed = server.ask(Ask::get("/api/v1/unanswered").key(aurora)).await.json();
    let questions: Vec<_> = listed["data"].as_array().unwrap().iter().map(|one| one["question"].clone()).collect();
    assert!(questions.contains(&"Is there a Team plan?\nHow much is it?".into()), "{questions:?}");
}

#[tokio::test]
async fn a_search_tells_what_scores_enough_and_nothing_else() {
    let server = TestServer::start().await;
    let aurora = &server.two.aurora;
    for text in
        ["# Returns\n\nGoods may be returned within 60 days of delivery.\n", "# Lamps\n\nLamps are made of brass.\n"]
    {
        server.new_document(aurora, text).await;
    }
    let search = async |minimum: Value| {
        let body = json!({ "query": "Within how many days may goods be returned?", "minimum": minimum }).to_string();
        server.ask(Ask::post("/api/v1/search").body("application/json", body).key(aurora)).await
    };
    let found = async |minimum: Value| {
        let answer = search(minimum).await;
        assert_eq!(answer.status, 200, "{answer}");
        answer.json()["data"].as_array().unwrap().clone()
    };
    // What was not said, and nothing, are one.
    let all = found(Value::Null).await;
    assert_eq!((all.len(), &all), (2, &found(json!(0)).await));
    let (best, next) = (&all[0]["score"], &all[1]["score"]);
    assert!(best.as_f64() > next.as_f64(), "{all:?}");
    // As it was told, a score is enough for itself.
    assert_eq!(found(next.clone()).await, all);
    assert_eq!(found(best.clone()).await, all[..1]);
    assert_eq!(found(json!((best.as_f64().unwrap() + 1.0) / 2.0)).await, Vec::<Value>::new());
    for wrong in [json!(-0.1), json!(1.1), json!(1e300)] {
        let refused = search(wrong).await;
        assert_eq!((refused.status, &refused.json()["errors"][0]["field"]), (422, &json!("minimum")), "{refused}");
    }
    assert_eq!(search(json!("0.5")).await.status, 400);
}
