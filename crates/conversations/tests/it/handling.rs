//! Who may speak.

use crate::stage::{Stage, said, words};
use conversations::{AnswerContact, ConversationError, Conversations};
use model::conversation::{Author, Conversation, ConversationState, Event, Handler, InboxFilter};
use model::{ConversationId, Timestamp};
use store::jobs::{End, Job as _, JobError, Registry, Slots, Task, Worker};
use time::Duration;

#[tokio::test]
async fn a_person_takes_over_and_hands_back() {
    let stage = Stage::new().await;
    let (owner, key) = (&stage.two.aurora.owner, &stage.two.aurora.key);
    let id = stage.begin(key).await.id;
    let text = id;
    let inbox = async |filter| stage.conversations.inbox(owner, filter, None, None).await.unwrap().data;
    stage.conversations.pass_on(key, text, &words("Hello", "1")).await.unwrap();
    stage.do_jobs().await;
    assert!(inbox(InboxFilter::Waiting).await.is_empty());
    assert_eq!(inbox(InboxFilter::Open).await.len(), 1);

    let handed = stage.conversations.hand_off(key, text).await.unwrap();
    assert_eq!((handed.handler, handed.assignee.is_none()), (Handler::People, true));
    assert_eq!(stage.conversations.hand_off(key, text).await.unwrap().last_seq, handed.last_seq, "once is enough");
    assert_eq!(inbox(InboxFilter::Waiting).await.len(), 1);
    assert_eq!(stage.conversations.inbox(owner, InboxFilter::Open, None, None).await.unwrap().waiting, 1);

    // The assistant is silent now.
    stage.conversations.pass_on(key, text, &words("Anybody?", "2")).await.unwrap();
    stage.do_jobs().await;

    let taken = stage.conversations.take_over(owner, text).await.unwrap();
    assert_eq!(taken.assignee.map(|a| a.name).as_deref(), Some("Aurora Owner"));
    assert_eq!(inbox(InboxFilter::Mine).await.len(), 1);
    assert!(inbox(InboxFilter::Waiting).await.is_empty());
    stage.conversations.reply(owner, text, &words("I am here.", "3")).await.unwrap();
    stage.conversations.hand_back(owner, text).await.unwrap();
    stage.do_jobs().await;
    stage.conversations.pass_on(key, text, &words("Thanks", "4")).await.unwrap();
    stage.do_jobs().await;
    stage.conversations.resolve(owner, text).await.unwrap();
    assert_eq!(inbox(InboxFilter::Resolved).await.len(), 1);

    let messages = stage.messages(owner, id).await;
    let seen: Vec<(Author, Option<Event>)> =
        said(&messages).into_iter().map(|(from, event, _)| (from, event)).collect();
    assert_eq!(
        seen,
        [
            (Author::Contact, None),
            (Author::Assistant, None),
            (Author::System, Some(Event::HandedOff)),
            (Author::Contact, None),
            (Author::System, Some(Event::TakenOver)),
            (Author::Agent, None),
            (Author::System, Some(Event::HandedBack)),
            (Author::Contact, None),
            (Author::Assistant, None),
            (Author::System, Some(Event::Resolved)),
        ]
    );
    assert_eq!(messages[8].text, "You said: Thanks", "what people answered is not answered again");
}

#[tokio::test]
async fn words_ask_for_a_person() {
    let stage = Stage::new().await;
    let key = &stage.two.aurora.key;
    let id = stage.begin(key).await.id;
    stage.conversations.pass_on(key, id, &words("Can I talk to a human?", "1")).await.unwrap();
    stage.do_jobs().await;
    let messages = stage.messages(key, id).await;
    assert_eq!(said(&messages).len(), 2, "{messages:?}");
    assert_eq!(messages[1].event, Some(Event::HandedOff));
}

#[tokio::test]
async fn who_answers_first_takes_what_waits() {
    let stage = Stage::new().await;
    let (owner, key) = (&stage.two.aurora.owner, &stage.two.aurora.key);
    let text = stage.begin(key).await.id;
    let early = stage.conversations.reply(owner, text, &words("Hello", "1")).await;
    assert!(matches!(early, Err(ConversationError::NotHandedOff)), "{early:?}");
    stage.conversations.hand_off(key, text).await.unwrap();
    // A program answers for people, and is nobody who could have taken it.
    stage.conversations.reply(key, text, &words("One moment", "2")).await.unwrap();
    let taken = stage.conversations.take_over(key, text).await;
    assert!(matches!(taken, Err(ConversationError::Denied(_))), "{taken:?}");
    assert!(stage.conversations.get(key, text).await.unwrap().assignee.is_none());
    let (reply, _) = stage.conversations.reply(owner, text, &words("Here I am", "3")).await.unwrap();
    assert_eq!(reply.name.as_deref(), Some("Aurora Owner"));
    assert!(stage.conversations.get(key, text).await.unwrap().assignee.is_some());
}

#[tokio::test]
async fn an_assistant_that_fails_calls_a_person() {
    struct Broken(Conversations);
    impl store::jobs::Handler<AnswerContact> for Broken {
        async fn run(&self, _: &Task<AnswerContact>) -> Result<(), JobError> {
            Err(JobError::Retry("broken".into()))
        }
        async fn gave_up(&self, task: &Task<AnswerContact>, _: &str) -> Result<(), JobError> {
            Ok(self.0.give_up(&task.caller(), task.subject()).await?)
        }
    }
    let stage = Stage::new().await;
    stage.db.leaves_dead_jobs();
    let key = &stage.two.aurora.key;
    let id = stage.begin(key).await.id;
    stage.conversations.pass_on(key, id, &words("Hello", "1")).await.unwrap();
    let registry = Registry::default().with::<AnswerContact>(Broken(stage.conversations.clone()));
    let worker = Worker::new(stage.db.services.clone(), registry, Slots::default());
    for attempt in 1..=AnswerContact::TRIES {
        let end = if attempt == AnswerContact::TRIES { End::Dead } else { End::Later };
        assert_eq!(worker.run_due().await.unwrap(), [end]);
        stage.db.clock.advance(time::Duration::minutes(10));
    }
    let conversation = stage.conversations.get(key, id).await.unwrap();
    assert_eq!((conversation.handler, conversation.state), (Handler::People, ConversationState::Open));
    let messages = stage.messages(key, id).await;
    assert_eq!(said(&messages).len(), 2);
    assert!(messages[1].text.starts_with("The assistant cannot answer just now."), "{messages:?}");
}

#[tokio::test]
async fn a_line_that_changes_goes_where_the_list_has_it() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let (owner, key) = (&stage.two.aurora.owner, &stage.two.aurora.key);
    let c = &stage.conversations;
    let mut all = Vec::new();
    for _ in 0..10 {
        all.push(stage.begin(key).await.id);
        stage.db.clock.advance(Duration::seconds(1));
    }
    for id in [8, 1, 6, 4, 5] {
        c.hand_off(key, all[id]).await.unwrap();
    }
    // Two that came to wait in one moment.
    stage.db.clock.advance(Duration::seconds(1));
    c.take_over(owner, all[4]).await.unwrap();
    c.take_over(owner, all[2]).await.unwrap();
    c.resolve(owner, all[2]).await.unwrap();
    c.resolve(owner, all[3]).await.unwrap();
    stage.db.clock.advance(Duration::seconds(1));
    c.reply(key, all[5], &words("A program answers, and it still waits", "1")).await.unwrap();
    c.pass_on(key, all[3], &words("Opened again", "2")).await.unwrap();
    c.take_over(owner, all[0]).await.unwrap();
    c.hand_back(owner, all[0]).await.unwrap();

    let store::Actor::Member { member, .. } = owner.actor() else { panic!("a member") };
    let inbox = async |filter| c.inbox(owner, filter, None, None).await.unwrap().data;
    let all = [inbox(InboxFilter::Open).await, inbox(InboxFilter::Resolved).await].concat();
    assert_eq!(all.len(), 10);
    for (filter, expected) in
        [(InboxFilter::Waiting, 4), (InboxFilter::Mine, 1), (InboxFilter::Open, 9), (InboxFilter::Resolved, 1)]
    {
        // As a page that is told of a line does it.
        let mut lines: Vec<Conversation> = Vec::new();
        for one in all.iter().filter(|one| filter.shows(one, Some(member))) {
            let at = lines.iter().position(|other| filter.puts_before(one, other)).unwrap_or(lines.len());
            lines.insert(at, one.clone());
        }
        assert_eq!(lines, inbox(filter).await, "{filter:?}");
        assert_eq!(lines.len(), expected, "{filter:?}");
    }
    assert!(!all.iter().any(|one| InboxFilter::Mine.shows(one, None)), "a program has none of its own");
}

/// Every page of a list: when something was last said or done, and where.
async fn pages(stage: &Stage, filter: InboxFilter) -> Vec<Vec<(Timestamp, ConversationId)>> {
    let mut pages = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = stage.conversations.inbox(&stage.two.aurora.owner, filter, after.as_deref(), None).await.unwrap();
        pages.push(page.data.iter().map(|c| (c.updated_at, c.id)).collect());
        after = page.next_cursor;
        if after.is_none() {
            return pages;
        }
    }
}

fn ids(pages: &[Vec<(Timestamp, ConversationId)>]) -> Vec<ConversationId> {
    pages.concat().into_iter().map(|(_, id)| id).collect()
}

#[tokio::test]
async fn who_waits_the_longest_is_served_first_however_many_wait() {
    let stage = Stage::new().await;
    let key = &stage.two.aurora.key;
    let mut begun = Vec::new();
    for moment in 0..40 {
        // Three in one moment: then their ids decide.
        let mut three = Vec::new();
        for _ in 0..3 {
            let id = stage.begin(key).await.id;
            stage.conversations.hand_off(key, id).await.unwrap();
            three.push(id);
        }
        three.sort();
        begun.extend(three);
        if moment < 39 {
            stage.db.clock.advance(Duration::minutes(1));
        }
    }
    // Who says more, or is asked for twice, keeps the place; who was taken and given up comes last.
    stage.conversations.pass_on(key, begun[0], &words("Is anybody there?", "1")).await.unwrap();
    stage.conversations.hand_off(key, begun[1]).await.unwrap();
    let owner = &stage.two.aurora.owner;
    stage.conversations.take_over(owner, begun[2]).await.unwrap();
    stage.conversations.hand_back(owner, begun[2]).await.unwrap();
    stage.db.clock.advance(Duration::minutes(1));
    let again = stage.conversations.hand_off(key, begun[2]).await.unwrap();
    assert_eq!(again.waiting_since, Some(again.updated_at));
    let third = begun.remove(2);
    begun.push(third);

    let waiting = pages(&stage, InboxFilter::Waiting).await;
    assert_eq!(waiting.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20]);
    assert_eq!(ids(&waiting), begun);
    // The other lists begin with the latest, and each conversation is in one page.
    let open = pages(&stage, InboxFilter::Open).await;
    assert_eq!(open.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20]);
    let mut open = open.concat();
    assert!(open.is_sorted_by(|one, next| one > next), "{open:?}");
    assert_eq!(open[0].1, third);
    open.dedup_by_key(|(_, id)| *id);
    assert_eq!(open.len(), 120);

    for bad in ["", "x", "1", "-1-x", "99999999999999999999999999999999999999999-conv_0", &begun[0].to_string()] {
        let refused = stage.conversations.inbox(owner, InboxFilter::Open, Some(bad), None).await;
        assert!(matches!(refused, Err(ConversationError::Invalid { .. })), "{bad:?}: {refused:?}");
    }
    // A place that is another tenant's shows nothing of it.
    let theirs = stage.conversations.inbox(owner, InboxFilter::Waiting, None, None).await.unwrap().next_cursor;
    let other = &stage.two.borealis.owner;
    let page = stage.conversations.inbox(other, InboxFilter::Waiting, theirs.as_deref(), None).await.unwrap();
    assert!(page.data.is_empty());
}

#[tokio::test]
async fn a_row_that_an_older_program_wrote_waits_since_its_last_word() {
    let stage = Stage::new().await;
    let key = &stage.two.aurora.key;
    let mut begun = Vec::new();
    for _ in 0..2 {
        let id = stage.begin(key).await.id;
        stage.conversations.hand_off(key, id).await.unwrap();
        begun.push(id);
        stage.db.clock.advance(Duration::minutes(1));
    }
    let mut conn = stage.db.superuser().await;
    sqlx::raw_sql("update app.conversations set waiting_since = null").execute(&mut conn).await.unwrap();
    assert_eq!(ids(&pages(&stage, InboxFilter::Waiting).await), begun);
}
