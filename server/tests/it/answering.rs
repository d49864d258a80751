//! What the assistant says to several things said at once, with the real answerer.

use crate::harness::TestServer;
use conversations::{MessagesFrom, NewMessage};
use model::conversation::Author;

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
