//! What is said: in order, once, without gaps, and by nobody else.

use crate::stage::{Stage, answered, said, words};
use conversations::{ConversationError, MessagesFrom, NewContact, Question};
use model::conversation::{Author, ConversationState};
use std::collections::HashSet;

#[tokio::test]
async fn the_contact_asks_and_the_assistant_answers() {
    let stage = Stage::new().await;
    let key = &stage.two.aurora.key;
    let id = stage.begin(key).await.id;
    let (message, again) = stage.conversations.pass_on(key, id, &words("Hello?", "a")).await.unwrap();
    assert_eq!((message.seq, again), (1, false));
    stage.do_jobs().await;
    let messages = stage.messages(key, id).await;
    assert_eq!(said(&messages), [(Author::Contact, None, "Hello?"), (Author::Assistant, None, "You said: Hello?")]);
    let conversation = stage.conversations.get(key, id).await.unwrap();
    assert_eq!(
        (conversation.last_seq, conversation.last_from, conversation.last_text.as_deref()),
        (2, Some(Author::Assistant), Some("You said: Hello?"))
    );
}

#[tokio::test]
async fn what_is_said_at_once_is_answered_once_and_nothing_is_forgotten() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let key = &stage.two.aurora.key;
    let id = stage.begin(key).await.id;
    for text in ["Hello", "I have a lamp", "May I return it?"] {
        stage.conversations.pass_on(key, id, &words(text, &text.replace([' ', '?'], "-"))).await.unwrap();
    }
    stage.do_jobs().await;
    let messages = stage.messages(key, id).await;
    assert_eq!(said(&messages)[3..], [(Author::Assistant, None, "You said: Hello\nI have a lamp\nMay I return it?")]);

    // Read, then something more is said, then the answer comes: what was said last is still answered.
    let say = |text: &'static str| {
        let (conversations, id) = (stage.conversations.clone(), id);
        async move { conversations.pass_on(key, id, &words(text, text)).await }
    };
    say("one").await.unwrap();
    let job = stage.job().await;
    let question = stage.conversations.question(&job.caller(), id).await.unwrap().unwrap();
    say("two").await.unwrap();
    stage
        .conversations
        .answer(&job.caller(), &question, 1, &question.said[0], &crate::stage::parroted(&question))
        .await
        .unwrap();
    stage.do_jobs().await;
    let messages = stage.messages(key, id).await;
    assert_eq!(
        said(&messages)[4..],
        [
            (Author::Contact, None, "one"),
            (Author::Contact, None, "two"),
            // Neither stands right below what it answers.
            (Author::Assistant, None, "\u{201c}one\u{201d}\nYou said: one"),
            (Author::Assistant, None, "\u{201c}two\u{201d}\nYou said: two"),
        ]
    );
}

#[tokio::test]
async fn each_of_many_questions_is_answered_and_the_answer_says_which() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let key = &stage.two.aurora.key;
    let id = stage.begin(key).await.id;
    let long = format!("{}?\nand a second line", "long ".repeat(40).trim_end());
    let all: Vec<String> =
        (1..=7).map(|n| format!("Question {n}?")).chain([long.clone(), "The last?".into()]).collect();
    for (n, text) in all.iter().enumerate() {
        stage.conversations.pass_on(key, id, &words(text, &n.to_string())).await.unwrap();
    }
    let job = stage.job().await;
    for asked in &all {
        let question = stage.conversations.question(&job.caller(), id).await.unwrap().unwrap();
        assert_eq!(&question.said[0], asked, "the earliest first, none is lost");
        assert!(question.said.len() <= 5);
        stage.conversations.answer(&job.caller(), &question, 1, &question.said[0], &answered("Yes.")).await.unwrap();
    }
    assert!(stage.conversations.question(&job.caller(), id).await.unwrap().is_none());
    let messages = stage.messages(key, id).await;
    let answers: Vec<&str> = said(&messages)[all.len()..].iter().map(|(.., text)| *text).collect();
    assert_eq!(answers[0], "\u{201c}Question 1?\u{201d}\nYes.");
    let first_line = format!("\u{201c}{}…\u{201d}\nYes.", long[..80].trim_end());
    assert_eq!(answers[7], first_line);
    assert_eq!(answers[8], "\u{201c}The last?\u{201d}\nYes.", "other answers stand between");
}

#[tokio::test]
async fn sent_twice_is_there_once() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let key = &stage.two.aurora.key;
    let id = stage.begin(key).await.id;
    let say = |text: &'static str| {
        let (conversations, key, id) = (stage.conversations.clone(), key.clone(), id);
        async move { conversations.pass_on(&key, id, &words(text, "same")).await }
    };
    // All at once: one is first, the others find it.
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..8 {
        all.spawn(say("Hello"));
    }
    let kept: Vec<_> = all.join_all().await.into_iter().map(Result::unwrap).collect();
    assert_eq!(kept.iter().filter(|(_, again)| !again).count(), 1);
    assert_eq!(kept.iter().map(|(message, _)| message.id).collect::<HashSet<_>>().len(), 1);
    // Other words under the same name are a mistake of the sender's.
    assert!(matches!(say("Other words").await, Err(ConversationError::ClientIdTaken)));
    // What is an agent's is another's name.
    stage.conversations.hand_off(key, id).await.unwrap();
    let (reply, again) = stage.conversations.reply(key, id, &words("Hello", "same")).await.unwrap();
    assert_eq!((reply.from, again), (Author::Agent, false));
    // Kept, and the conversation handed back before the answer arrived: sent again it is still the same.
    stage.conversations.hand_back(key, id).await.unwrap();
    assert_eq!(stage.conversations.reply(key, id, &words("Hello", "same")).await.unwrap(), (reply, true));
    let new = stage.conversations.reply(key, id, &words("Hello", "new")).await;
    assert!(matches!(new, Err(ConversationError::NotHandedOff)), "{new:?}");
}

#[tokio::test]
async fn many_at_once_leave_no_gap() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let key = &stage.two.aurora.key;
    let id = stage.begin(key).await.id;
    let mut all = tokio::task::JoinSet::new();
    for n in 0..40 {
        let (conversations, key, id) = (stage.conversations.clone(), key.clone(), id);
        all.spawn(async move { conversations.pass_on(&key, id, &words(&format!("{n}"), &format!("{n}"))).await });
    }
    assert!(all.join_all().await.iter().all(Result::is_ok));
    assert_eq!(said(&stage.messages(key, id).await).len(), 40);
}

#[tokio::test]
async fn pages_go_back_and_forth() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let key = &stage.two.aurora.key;
    let id = stage.begin(key).await.id;
    for n in 1..=7 {
        stage.conversations.pass_on(key, id, &words(&n.to_string(), &n.to_string())).await.unwrap();
    }
    let texts = |from| {
        let (conversations, id) = (&stage.conversations, id);
        async move {
            let page = conversations.messages(key, id, from, Some(3)).await.unwrap();
            let texts: Vec<String> = page.data.into_iter().map(|m| m.text).collect();
            (texts.join(" "), page.next_cursor)
        }
    };
    let (latest, cursor) = texts(MessagesFrom::Latest).await;
    assert_eq!(latest, "5 6 7");
    let (before, cursor) = texts(MessagesFrom::Before(cursor.unwrap().parse().unwrap())).await;
    assert_eq!(before, "2 3 4");
    assert_eq!(texts(MessagesFrom::Before(cursor.unwrap().parse().unwrap())).await, ("1".to_owned(), None));
    assert_eq!(texts(MessagesFrom::After(5)).await, ("6 7".to_owned(), None));
    assert_eq!(texts(MessagesFrom::After(7)).await, (String::new(), None));
    assert_eq!(texts(MessagesFrom::After(u64::MAX)).await, (String::new(), None));
}

#[tokio::test]
async fn ids_keep_the_order_when_the_clock_stands_or_goes_back() {
    // The test's clock stands still: every id is of the same millisecond, in any order but for the rule.
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let key = &stage.two.aurora.key;
    let id = stage.begin(key).await.id;
    for n in 0..30 {
        stage.conversations.pass_on(key, id, &words("x", &n.to_string())).await.unwrap();
    }
    stage.db.clock.advance(time::Duration::hours(-1));
    stage.conversations.pass_on(key, id, &words("x", "back")).await.unwrap();
    said(&stage.messages(key, id).await);
}

#[tokio::test]
async fn nothing_of_another_tenant_can_be_told_from_nothing() {
    let stage = Stage::new().await;
    let (own, other) = (&stage.two.aurora.key, &stage.two.borealis.key);
    let foreign = stage.begin(other).await.id;
    let unknown = "conv_019aa1b2c3d47e8f90a1b2c3d4e5f607".parse().unwrap();
    for id in [foreign, unknown] {
        let c = &stage.conversations;
        let answers = [
            c.get(own, id).await.err(),
            c.messages(own, id, MessagesFrom::Latest, None).await.err(),
            c.messages(own, id, MessagesFrom::After(0), None).await.err(),
            c.pass_on(own, id, &words("Hello", "a")).await.err(),
            c.reply(own, id, &words("Hello", "a")).await.err(),
            c.hand_off(own, id).await.err(),
            c.hand_back(own, id).await.err(),
            c.resolve(own, id).await.err(),
            c.take_over(&stage.two.aurora.owner, id).await.err(),
        ];
        assert!(answers.iter().all(|e| matches!(e, Some(ConversationError::NotFound))), "{id}: {answers:?}");
    }
    assert!(stage.conversations.list(own, None, None, None).await.unwrap().data.is_empty());
    assert_eq!(stage.messages(other, foreign).await, []);
}

#[tokio::test]
async fn bad_words_are_refused_and_leave_nothing() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let key = &stage.two.aurora.key;
    let id = stage.begin(key).await.id;
    let long = "x".repeat(4_001);
    for (text, client_id, wrong) in [
        ("", "a", "text"),
        (" \n ", "a", "text"),
        (long.as_str(), "a", "text"),
        ("\0 \u{7}", "a", "text"),
        ("\u{200B}", "a", "text"),
        ("Hello", "", "client_id"),
        ("Hello", "a b", "client_id"),
        ("Hello", &"x".repeat(65), "client_id"),
    ] {
        match stage.conversations.pass_on(key, id, &words(text, client_id)).await {
            Err(ConversationError::Invalid { field, .. }) => assert_eq!(field, wrong),
            other => panic!("{text:?} {client_id:?}: {other:?}"),
        }
    }
    assert_eq!(stage.messages(key, id).await, []);
    let kept = stage.conversations.pass_on(key, id, &words("One\r\ntwo\0 🦌\u{8}", "b")).await.unwrap().0;
    assert_eq!(kept.text, "One\ntwo 🦌");
    for new in
        [NewContact { name: Some(" ".into()), email: None }, NewContact { name: None, email: Some("nobody".into()) }]
    {
        let refused = stage.conversations.create(key, new).await;
        assert!(matches!(refused, Err(ConversationError::Invalid { .. })), "{refused:?}");
    }
    assert_eq!(stage.conversations.list(key, None, None, None).await.unwrap().data.len(), 1);
}

#[tokio::test]
async fn a_new_message_opens_what_was_resolved() {
    let stage = Stage::new().await;
    let key = &stage.two.aurora.key;
    let id = stage.begin(key).await.id;
    stage.conversations.pass_on(key, id, &words("One", "1")).await.unwrap();
    let resolved = stage.conversations.resolve(key, id).await.unwrap();
    assert_eq!(resolved.state, ConversationState::Resolved);
    // What was open when it was resolved is not answered any more.
    stage.do_jobs().await;
    assert_eq!(stage.messages(key, id).await.len(), 2);
    stage.conversations.pass_on(key, id, &words("Two", "2")).await.unwrap();
    stage.do_jobs().await;
    let messages = stage.messages(key, id).await;
    assert_eq!(said(&messages)[2..], [(Author::Contact, None, "Two"), (Author::Assistant, None, "You said: Two")]);
    let conversation = stage.conversations.get(key, id).await.unwrap();
    assert_eq!(conversation.state, ConversationState::Open);
}

#[tokio::test]
async fn what_the_contact_said_before_comes_with_what_is_to_be_answered_as_long_as_it_is_near() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let (c, key) = (&stage.conversations, &stage.two.aurora.key);
    let id = stage.begin(key).await.id;
    let say = async |n: usize| {
        stage.db.clock.advance(time::Duration::minutes(4));
        c.pass_on(key, id, &words(&format!("Question {n}?"), &n.to_string())).await.unwrap();
    };
    say(1).await;
    let job = stage.job().await;
    let next = async || c.question(&job.caller(), id).await.unwrap().unwrap();
    let answer = async |question: &Question| {
        let said = question.said.len();
        c.answer(&job.caller(), question, said, &question.said[said - 1], &answered("Yes.")).await.unwrap();
    };
    assert!(next().await.before.is_empty());
    answer(&next().await).await;
    // Two at once, and what was said before both of them.
    say(2).await;
    say(3).await;
    let both = next().await;
    assert_eq!((both.said.join(" "), both.before.join(" ")), ("Question 2? Question 3?".into(), "Question 1?".into()));
    answer(&both).await;
    // Ten messages, of which the assistant said some.
    for n in 4..=9 {
        say(n).await;
        if n < 9 {
            answer(&next().await).await;
        }
    }
    let near = next().await;
    assert_eq!(near.said, ["Question 9?"]);
    assert_eq!(near.before, ["Question 4?", "Question 5?", "Question 6?", "Question 7?", "Question 8?"]);
    answer(&near).await;
    // Half an hour.
    stage.db.clock.advance(time::Duration::minutes(20));
    say(10).await;
    assert_eq!(next().await.before, ["Question 8?", "Question 9?"]);
    answer(&next().await).await;
    stage.db.clock.advance(time::Duration::minutes(30));
    say(11).await;
    assert!(next().await.before.is_empty());
}
