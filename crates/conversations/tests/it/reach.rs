//! Who reaches what nobody has taken, and their own alone.

use crate::stage::{Stage, words};
use conversations::live::{Heard, Listener};
use conversations::{ConversationError, Conversations, HandedOn, MessagesFrom};
use identity::{KeptMember, KeyWishes};
use model::conversation::{InboxFilter, Step};
use model::live::{Frame, Line};
use model::permission::{Permission as P, Permissions, ReadConversations};
use model::{ConversationId, MemberId};
use store::{Actor, Caller};

/// What of it somebody reaches: each way to it gives the same answer.
pub async fn reaches(c: &Conversations, who: &Caller, id: ConversationId) -> bool {
    let there = c.get(who, id).await.is_ok();
    let listed = c.list(who, None, None, None).await.unwrap().data.iter().any(|one| one.id == id);
    let mut shown = false;
    for filter in [InboxFilter::Open, InboxFilter::Waiting, InboxFilter::Mine, InboxFilter::Resolved] {
        let view = c.inbox(who, filter, None, Some(id)).await.unwrap();
        assert_eq!(view.open.is_some(), there);
        shown |= view.data.iter().any(|one| one.id == id);
    }
    let read = [
        c.messages(who, id, MessagesFrom::Latest, None).await.map(drop),
        c.messages(who, id, MessagesFrom::After(0), None).await.map(drop),
        c.thread(who, id, None).await.map(drop),
    ];
    for way in read {
        match way {
            Ok(()) => assert!(there),
            Err(ConversationError::NotFound) => assert!(!there),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((listed, shown), (there, there));
    // There are more who look than connections.
    who.scope().let_go();
    there
}

/// Everything that one could do to it.
pub async fn every_change_is_not_found(c: &Conversations, who: &Caller, id: ConversationId) {
    if matches!(who.actor(), Actor::Member { .. }) {
        assert!(matches!(c.take_over(who, id).await, Err(ConversationError::NotFound)));
    }
    let not_found = |tried: Result<(), ConversationError>| {
        assert!(matches!(tried, Err(ConversationError::NotFound)), "{tried:?}");
    };
    not_found(c.hand_off(who, id).await.map(drop));
    not_found(c.give(who, id, None).await.map(drop));
    for step in [Step::HandBack, Step::Resolve] {
        not_found(c.handle(who, id, step).await.map(drop));
    }
    not_found(c.reply(who, id, &words("Me, too", "r")).await.map(drop));
    not_found(c.pass_on(who, id, &words("Me, too", "p")).await.map(drop));
}

#[tokio::test]
async fn what_a_colleague_has_taken_is_theirs_until_it_waits_again() {
    let stage = Stage::new().await;
    let (c, key, owner) = (&stage.conversations, &stage.two.aurora.key, &stage.two.aurora.owner);
    let (_, ann) = stage.colleague("Ann", &[P::WriteConversations]).await;
    let (_, ben) = stage.colleague("Ben", &[P::WriteConversations]).await;
    let id = stage.begin(key).await.id;
    c.pass_on(key, id, &words("Hello", "1")).await.unwrap();
    stage.do_jobs().await;
    assert!(reaches(c, &ann, id).await && reaches(c, &ben, id).await, "nobody has it");
    c.hand_off(key, id).await.unwrap();
    assert!(reaches(c, &ann, id).await && reaches(c, &ben, id).await, "it waits");
    c.reply(&ann, id, &words("I have it", "2")).await.unwrap();
    let before = c.get(owner, id).await.unwrap();
    assert!(reaches(c, &ann, id).await && !reaches(c, &ben, id).await && reaches(c, owner, id).await);
    every_change_is_not_found(c, &ben, id).await;
    assert_eq!(c.get(owner, id).await.unwrap(), before, "nothing came of it");

    // Given back to the assistant, settled, gone on with: still Ann's.
    c.hand_back(&ann, id).await.unwrap();
    assert!(reaches(c, &ann, id).await && !reaches(c, &ben, id).await);
    c.resolve(&ann, id).await.unwrap();
    assert!(reaches(c, &ann, id).await && !reaches(c, &ben, id).await);
    c.pass_on(key, id, &words("One more thing", "3")).await.unwrap();
    stage.do_jobs().await;
    assert!(reaches(c, &ann, id).await && !reaches(c, &ben, id).await);
    every_change_is_not_found(c, &ben, id).await;
    // Until a person is asked for.
    c.pass_on(key, id, &words("A person, please", "4")).await.unwrap();
    assert!(reaches(c, &ann, id).await && reaches(c, &ben, id).await);
    c.take_over(&ben, id).await.unwrap();
    assert!(!reaches(c, &ann, id).await && reaches(c, &ben, id).await);
    // Who may see all takes it from whom they like.
    c.take_over(owner, id).await.unwrap();
    assert!(!reaches(c, &ann, id).await && !reaches(c, &ben, id).await);
}

#[tokio::test]
async fn what_somebody_had_who_is_kept_out_is_there_for_others() {
    let stage = Stage::new().await;
    let handed_on = Box::new(HandedOn(stage.db.services.clone()));
    let identity = stage.db.identity.clone().with_leaving(vec![handed_on]);
    let (c, key, owner) = (&stage.conversations, &stage.two.aurora.key, &stage.two.aurora.owner);
    let (member, ann): (MemberId, _) = stage.colleague("Ann", &[P::WriteConversations]).await;
    let (_, ben) = stage.colleague("Ben", &[P::WriteConversations]).await;
    let [id, done] = [stage.begin(key).await.id, stage.begin(key).await.id];
    for id in [id, done] {
        c.take_over(&ann, id).await.unwrap();
        assert!(!reaches(c, &ben, id).await);
    }
    c.resolve(&ann, done).await.unwrap();
    identity.keep_member(owner, member, KeptMember::Out { keys: false }).await.unwrap();
    assert!(reaches(c, &ben, id).await && reaches(c, &ben, done).await);
}

#[tokio::test]
async fn a_key_without_the_right_reaches_what_nobody_has() {
    let stage = Stage::new().await;
    let (c, owner, identity) = (&stage.conversations, &stage.two.aurora.owner, &stage.db.identity);
    let scopes = Permissions::of(&[P::ReadWorkspace, P::ReadConversations, P::WriteConversations]);
    let wishes = KeyWishes { name: "Bot", scopes, lasts: None, signs: false };
    let secret = identity.create_api_key(owner, wishes).await.unwrap().secret;
    let bot = identity.authenticate_key(&secret, stage.db.request()).await.unwrap().unwrap();
    stage.db.leaves_waiting_jobs();
    let id = stage.begin(&bot).await.id;
    assert!(reaches(c, &bot, id).await);
    c.take_over(owner, id).await.unwrap();
    assert!(!reaches(c, &bot, id).await);
    every_change_is_not_found(c, &bot, id).await;
}

/// What is heard next of how conversations are: a line, or that the list has to be asked for.
pub async fn changed(listener: &mut Listener) -> Option<Line> {
    loop {
        if let Heard::Changed { frame } = listener.next().await {
            return serde_json::from_slice::<Frame>(&frame).unwrap().line;
        }
    }
}

#[tokio::test]
async fn who_follows_what_a_colleague_takes_hears_no_more_of_it() {
    let stage = Stage::new().await;
    let (c, key) = (&stage.conversations, &stage.two.aurora.key);
    let (_, ann) = stage.colleague("Ann", &[P::WriteConversations]).await;
    let (_, ben) = stage.colleague("Ben", &[P::WriteConversations]).await;
    let [id, other] = [stage.begin(key).await.id, stage.begin(key).await.id];
    let [mut anns, mut bens] = [&ann, &ben].map(|who| c.live().watch(who.may(ReadConversations).unwrap()));
    for listener in [&mut anns, &mut bens] {
        listener.follow(id);
    }
    c.hand_off(key, id).await.unwrap();
    for listener in [&mut anns, &mut bens] {
        assert!(
            matches!(listener.next().await, Heard::Written { conversation, seq: 1 } if conversation == id),
            "to be read"
        );
        assert_eq!(changed(listener).await.unwrap().waiting, 1);
    }
    c.take_over(&ann, id).await.unwrap();
    assert_eq!(changed(&mut anns).await.unwrap().conversation.id, id);
    assert!(changed(&mut bens).await.is_none(), "it is somebody's: the list has to be asked for");
    // What is said there is told to Ann; Ben hears next of the other one.
    c.reply(&ann, id, &words("Your card is 1234", "1")).await.unwrap();
    assert_eq!(changed(&mut anns).await.unwrap().conversation.last_text.as_deref(), Some("Your card is 1234"));
    c.pass_on(key, other, &words("Hello", "2")).await.unwrap();
    stage.do_jobs().await;
    assert_eq!(changed(&mut bens).await.unwrap().conversation.id, other);
    // Each message is to be read, by whoever still may; none is told.
    while let Some(heard) = bens.try_next() {
        assert!(!matches!(heard, Heard::Message { .. }), "{heard:?}");
    }
}
