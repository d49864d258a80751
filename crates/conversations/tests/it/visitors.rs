//! Visitors of a web page: what they may, and what they may not.

use crate::stage::{Stage, said, words};
use conversations::{ConversationError, MessagesFrom, NewContact};
use model::WidgetId;
use model::conversation::Author;
use store::scope;

#[tokio::test]
async fn a_visitor_comes_back_to_the_same_conversation() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    let (contact, widget, token) = stage.contact(owner).await;
    assert!(stage.conversations.current(&contact).await.unwrap().is_none());
    let id = stage.conversations.open(&contact).await.unwrap();
    stage.conversations.say(&contact, id, &words("Hello", "1")).await.unwrap();
    stage.do_jobs().await;

    let back = stage.conversations.come_back(widget, &token, stage.db.request()).await.unwrap().unwrap();
    assert_eq!(back.actor(), contact.actor());
    assert_eq!(stage.conversations.current(&back).await.unwrap().unwrap().id, id);
    assert_eq!(stage.conversations.open(&back).await.unwrap(), id, "one conversation goes on");
    let messages = stage.messages(&back, id).await;
    assert_eq!(
        said(&messages).iter().map(|(from, ..)| *from).collect::<Vec<_>>(),
        [Author::Contact, Author::Assistant]
    );
    // The agents see it.
    assert_eq!(stage.messages(owner, id).await, messages);
}

#[tokio::test]
async fn two_tabs_begin_one_conversation() {
    let stage = Stage::new().await;
    let (contact, ..) = stage.contact(&stage.two.aurora.owner).await;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (conversations, contact) = (stage.conversations.clone(), contact.clone());
        all.spawn(async move { conversations.open(&contact).await.unwrap() });
    }
    let ids: std::collections::HashSet<_> = all.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn a_contact_reaches_its_own_conversations_and_nothing_else() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let owner = &stage.two.aurora.owner;
    let (ann, widget, _) = stage.contact(owner).await;
    let (bob, ..) = stage.contact(owner).await;
    let (foreign, ..) = stage.contact(&stage.two.borealis.owner).await;
    let c = &stage.conversations;
    let mine = c.open(&ann).await.unwrap();
    c.say(&ann, mine, &words("Hello", "1")).await.unwrap();
    for other in [&bob, &foreign] {
        let answers = [
            c.get(other, mine).await.err(),
            c.messages(other, mine, MessagesFrom::Latest, None).await.err(),
            c.messages(other, mine, MessagesFrom::After(0), None).await.err(),
            c.say(other, mine, &words("Hello", "2")).await.err(),
            c.hand_off(other, mine).await.err(),
            c.judge(other, mine, 1, true).await.err(),
        ];
        assert!(answers.iter().all(|e| matches!(e, Some(ConversationError::NotFound))), "{answers:?}");
    }
    // What is for agents is not for contacts, and the other way round.
    let denied = [
        c.list(&ann, None, None, None).await.err(),
        c.create(&ann, NewContact::default()).await.err(),
        c.reply(&ann, mine, &words("Hello", "3")).await.err(),
        c.pass_on(&ann, mine, &words("Hello", "3")).await.err(),
        c.take_over(&ann, mine).await.err(),
        c.hand_back(&ann, mine).await.err(),
        c.resolve(&ann, mine).await.err(),
        c.widget(&ann).await.err(),
        c.say(owner, mine, &words("Hello", "3")).await.err(),
        c.judge(owner, mine, 1, true).await.err(),
        c.visit(owner, widget, &conversations::token()).await.err(),
    ];
    assert!(denied.iter().all(|e| matches!(e, Some(ConversationError::Denied(_)))), "{denied:?}");
    assert_eq!(stage.messages(owner, mine).await.len(), 1);
}

#[tokio::test]
async fn a_token_opens_its_own_tenant_only_and_not_for_ever() {
    let stage = Stage::new().await;
    let (_, widget, token) = stage.contact(&stage.two.aurora.owner).await;
    let other = stage.conversations.widget(&stage.two.borealis.owner).await.unwrap().id;
    assert_ne!(widget, other);
    let back = |widget, token: String| {
        let (conversations, request) = (&stage.conversations, stage.db.request());
        async move { conversations.come_back(widget, &token, request).await.unwrap().is_some() }
    };
    assert!(back(widget, token.clone()).await);
    assert!(!back(other, token.clone()).await, "another tenant's widget");
    assert!(!back(widget, conversations::token()).await);
    assert!(!back(widget, String::new()).await);
    assert!(!back(widget, token.replace("smc_", "smt_")).await);
    let unknown = WidgetId::from_uuid(stage.db.services.new_id());
    assert!(scope::of_widget(&stage.db.services, unknown, stage.db.request()).await.unwrap().is_none());
    // Used now and then it lives on; left alone it ends.
    for _ in 0..3 {
        stage.db.clock.advance(time::Duration::days(100));
        assert!(back(widget, token.clone()).await);
    }
    // It is forgotten when it opens nothing any more, and no sooner.
    stage.db.clock.advance(scope::CONTACT_SESSION - time::Duration::minutes(1));
    assert_eq!(scope::forget_contact_sessions(&stage.db.services).await.unwrap(), 0);
    stage.db.clock.advance(time::Duration::minutes(2));
    assert!(!back(widget, token).await);
    assert_eq!(scope::forget_contact_sessions(&stage.db.services).await.unwrap(), 1);
}
