//! Two nodes over one database: what happens on one is told on the other, as JSON, and read there.

use crate::stage::{Parrot, Stage, words};
use conversations::live::{CHANGES, Heard, Listener, frame};
use conversations::{AnswerContact, Conversations, MessagesFrom};
use model::ConversationId;
use model::conversation::{Author, Message};
use model::live::{Frame, Line, ServerFrame};
use model::permission::ReadConversations;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;
use store::bus::{Bus, LocalBus, Notice, Part};
use store::jobs::{End, Registry, Slots, Worker};
use store::services::{Clock, EndedCredentials};
use store::{Caller, Services, Store};
use tokio::sync::oneshot;

/// The bus as one of two nodes has it: what is published here is heard here as it is, and there as JSON.
#[derive(Debug, Default)]
struct Wire {
    parts: LocalBus,
    other: OnceLock<Weak<Wire>>,
    carried: Mutex<Vec<String>>,
}

impl Bus for Wire {
    fn publish(&self, notice: Notice) {
        let json = serde_json::to_string(&notice).unwrap();
        self.parts.publish(notice);
        let other = self.other.get().and_then(Weak::upgrade).expect("the other node");
        other.parts.publish(serde_json::from_str(&json).unwrap());
        self.carried.lock().unwrap().push(json);
    }

    fn attach(&self, part: Weak<dyn Part>) {
        self.parts.attach(part);
    }
}

/// A server.
struct Node {
    services: Services,
    conversations: Conversations,
    wire: Arc<Wire>,
}

impl Node {
    fn two(stage: &Stage) -> [Self; 2] {
        let wires = [Arc::new(Wire::default()), Arc::new(Wire::default())];
        for (wire, other) in [(&wires[0], &wires[1]), (&wires[1], &wires[0])] {
            wire.other.set(Arc::downgrade(other)).unwrap();
        }
        wires.map(|wire| {
            let (clock, bus) = (Arc::clone(&stage.db.clock) as Arc<dyn Clock>, Arc::clone(&wire) as Arc<dyn Bus>);
            let services = Services::on(Store::new(stage.db.settings()), clock, &testkit::secret(), bus);
            Self { conversations: Conversations::new(services.clone()), services, wire }
        })
    }

    /// Somebody of the caller's tenant who listens to a conversation.
    fn listen(&self, caller: &Caller, id: ConversationId) -> Listener {
        let mut listener = self.conversations.live().listen(caller.scope().tenant());
        listener.follow(id);
        listener
    }

    fn worker(&self) -> Worker {
        let registry = Registry::default().with::<AnswerContact>(Parrot(self.conversations.clone()));
        Worker::new(self.services.clone(), registry, Slots::default())
    }
}

/// What has come already.
fn heard(listener: &mut Listener) -> Vec<Heard> {
    std::iter::from_fn(|| listener.try_next()).collect()
}

/// How a conversation is that has changed.
async fn changed(listener: &mut Listener) -> Line {
    let Heard::Changed { frame } = listener.next().await else { panic!("nothing else is heard") };
    serde_json::from_slice::<Frame>(&frame).unwrap().line.expect("a line")
}

/// A contact asks and the assistant answers; a person is asked for, comes and replies; all on this node.
async fn talk(stage: &Stage, node: &Node, id: ConversationId) {
    let (owner, key, c) = (&stage.two.aurora.owner, &stage.two.aurora.key, &node.conversations);
    c.pass_on(key, id, &words("A secret", "1")).await.unwrap();
    assert_eq!(node.worker().run_due().await.unwrap(), [End::Done]);
    // Here two messages are written at once.
    c.pass_on(key, id, &words("May I speak to a person?", "2")).await.unwrap();
    c.hand_off(key, id).await.unwrap();
    c.reply(owner, id, &words("Here I am", "3")).await.unwrap();
}

#[tokio::test]
async fn what_one_node_writes_is_heard_on_the_other_and_read_there() {
    let stage = Stage::new().await;
    let key = &stage.two.aurora.key;
    let [a, b] = Node::two(&stage);
    let id = stage.begin(key).await.id;
    let other = stage.begin(key).await.id;
    let mut there = b.listen(key, id);
    let mut not_there = b.listen(key, other);
    let mut not_its_own = b.listen(&stage.two.borealis.key, id);
    let mut everything = b.conversations.live().watch(key.may(ReadConversations).unwrap());
    let mut others = b.conversations.live().watch(stage.two.borealis.key.may(ReadConversations).unwrap());
    talk(&stage, &a, id).await;

    // It reads what came after what it has, and has everything once and in order.
    let mut has: Vec<Message> = Vec::new();
    let (mut last, mut notices) = (0, 0);
    for heard in heard(&mut there) {
        let Heard::Written { conversation, seq } = heard else { panic!("{heard:?}") };
        assert_eq!(conversation, id);
        assert!(seq > last, "{seq} after {last}");
        (last, notices) = (seq, notices + 1);
        let after = has.last().map_or(0, |message| message.seq);
        if seq > after {
            let read = b.conversations.messages(key, id, MessagesFrom::After(after), None).await.unwrap().data;
            assert!(read.last().unwrap().seq >= seq);
            has.extend(read);
        }
    }
    let written = stage.messages(key, id).await;
    assert_eq!(has, written);
    assert_eq!(last, written.last().unwrap().seq);
    assert!(notices > 1 && notices < written.len(), "{notices} for {}", written.len());
    assert!(!there.missed());

    assert!(heard(&mut not_there).is_empty());
    assert!(heard(&mut not_its_own).is_empty());
    // Who watches is told how it is, at last as it is when all is done.
    let now = b.conversations.get(key, id).await.unwrap();
    while changed(&mut everything).await.conversation != now {}
    assert!(heard(&mut others).is_empty());
    // Words do not travel: they are in the database.
    let carried = a.wire.carried.lock().unwrap().concat();
    assert!(carried.contains(r#""notice":"written""#) && !carried.contains("A secret"), "{carried}");
}

#[tokio::test]
async fn what_changes_together_is_read_once_and_told_to_all_who_watch() {
    let stage = Stage::new().await;
    stage.db.leaves_waiting_jobs();
    let key = &stage.two.aurora.key;
    let [a, _b] = Node::two(&stage);
    let live = a.conversations.live();
    let mut watchers = [(); 3].map(|()| live.watch(key.may(ReadConversations).unwrap()));
    for n in 0..3_u64 {
        let id = stage.begin(key).await.id;
        for word in 0..4_u64 {
            a.conversations.pass_on(key, id, &words("Hello", &(4 * n + word).to_string())).await.unwrap();
        }
        a.conversations.hand_off(key, id).await.unwrap();
    }
    let mut all = Vec::new();
    for watcher in &mut watchers {
        let mut lines = Vec::new();
        while lines.last().is_none_or(|line: &Line| line.waiting < 3) {
            lines.push(changed(watcher).await);
        }
        all.push(lines);
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
    // More than is told one by one: that there were several.
    let tenant = stage.two.aurora.id;
    for _ in 0..=CHANGES {
        let conversation = ConversationId::from_uuid(a.services.new_id());
        a.services.publish(Notice::Changed { tenant, conversation });
    }
    let several = serde_json::to_vec(&ServerFrame::Changed { conversation: None, line: None, waiting: None }).unwrap();
    while !matches!(watchers[0].next().await, Heard::Changed { frame } if frame == several) {}
}

#[tokio::test]
async fn on_the_node_that_writes_nothing_is_read() {
    let stage = Stage::new().await;
    let key = &stage.two.aurora.key;
    let [a, _b] = Node::two(&stage);
    let id = stage.begin(key).await.id;
    let mut here = a.listen(key, id);
    talk(&stage, &a, id).await;
    let heard: Vec<_> = heard(&mut here)
        .into_iter()
        .map(|heard| match heard {
            Heard::Message { conversation, seq, frame } => (conversation, seq, frame),
            other => panic!("{other:?}"),
        })
        .collect();
    let written = stage.messages(key, id).await;
    assert_eq!(heard, written.iter().map(|message| (id, message.seq, frame(message))).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_writes_is_seen_everywhere_but_by_the_writer() {
    let stage = Stage::new().await;
    let key = &stage.two.aurora.key;
    let tenant = stage.two.aurora.id;
    let [a, b] = Node::two(&stage);
    let id = stage.begin(key).await.id;
    let mut writer = a.listen(key, id);
    let mut beside = a.listen(key, id);
    let mut there = b.listen(key, id);
    let mut everything = b.conversations.live().watch(key.may(ReadConversations).unwrap());
    let mut not_its_own = b.listen(&stage.two.borealis.key, id);
    for (from, name) in [(Author::Contact, None), (Author::Agent, Some("Åsa \"A\" Öst"))] {
        a.conversations.live().typing(tenant, id, from, name, Some(writer.id()));
        let (text, withdrawn) = (None, false);
        let frame = ServerFrame::Typing { conversation: id, from, name, text, withdrawn };
        let frame = serde_json::to_vec(&frame).unwrap();
        for listener in [&mut beside, &mut there] {
            match heard(listener).as_slice() {
                [Heard::Typing { conversation, frame: seen }] => {
                    assert_eq!((*conversation, seen), (id, &frame.clone().into()))
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(heard(&mut writer).is_empty());
    }
    // The listener that it came from may be on the other node; and of no listener it is for all.
    b.conversations.live().typing(tenant, id, Author::Contact, None, Some(there.id()));
    b.conversations.live().typing(tenant, id, Author::Contact, None, None);
    let heard_by = [&mut writer, &mut beside, &mut there].map(|listener| heard(listener).len());
    assert_eq!(heard_by, [2, 2, 1]);
    // Nothing has changed by that, and it is nobody else's.
    assert!(heard(&mut everything).is_empty());
    assert!(heard(&mut not_its_own).is_empty());
}

/// Whether some have ended by now.
async fn ended(credentials: &mut EndedCredentials) -> bool {
    tokio::time::timeout(Duration::ZERO, credentials.next()).await.is_ok()
}

#[tokio::test]
async fn credentials_that_end_are_heard_of_by_their_tenant_alone() {
    let stage = Stage::new().await;
    let [a, b] = Node::two(&stage);
    let (aurora, borealis) = (stage.two.aurora.id, stage.two.borealis.id);
    let mut here = a.services.ended_credentials(aurora);
    let mut there = [b.services.ended_credentials(aurora), b.services.ended_credentials(aurora)];
    let mut others = [a.services.ended_credentials(borealis), b.services.ended_credentials(borealis)];
    assert!(!ended(&mut here).await && !ended(&mut there[0]).await, "none has ended yet");
    for _ in 0..2 {
        a.services.publish(Notice::Ended { tenant: aurora });
        for listener in there.iter_mut().chain([&mut here]) {
            assert!(ended(listener).await);
            assert!(!ended(listener).await, "once for each time");
        }
        for listener in &mut others {
            assert!(!ended(listener).await);
        }
    }
    b.services.publish(Notice::Ended { tenant: borealis });
    for listener in &mut others {
        assert!(ended(listener).await);
    }
    assert!(!ended(&mut here).await);
    // Who comes later, also after all others have gone, hears of what comes later.
    drop(there);
    let mut late = b.services.ended_credentials(aurora);
    assert!(!ended(&mut late).await);
    a.services.publish(Notice::Ended { tenant: aurora });
    assert!(ended(&mut late).await);
    // A tenant that is shut: all have ended, whatever else ends before this is heard.
    let before = b.services.times_shut();
    a.services.publish(Notice::Shut { tenant: aurora });
    a.services.publish(Notice::Ended { tenant: aurora });
    assert!(late.next().await && b.services.times_shut() == before + 1);
    a.services.publish(Notice::Ended { tenant: aurora });
    assert!(!late.next().await, "of what is opened later some end");
    for listener in &mut others {
        assert!(!ended(listener).await);
    }
}

#[tokio::test]
async fn a_job_that_one_node_asks_for_is_begun_by_the_other_at_once() {
    let stage = Stage::new().await;
    let key = &stage.two.aurora.key;
    let [a, b] = Node::two(&stage);
    let id = stage.begin(key).await.id;
    let mut asks = a.listen(key, id);
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = b.worker();
    let work = tokio::spawn(async move {
        let stopped = async move {
            let _ = stopped.await;
        };
        worker.run(stopped, Duration::from_secs(60)).await;
    });
    // A server that nobody wakes looks once a second: it would take the time of thirty looks.
    let conversation = async {
        for n in 0..30_u64 {
            a.conversations.pass_on(key, id, &words("Hello", &n.to_string())).await.unwrap();
            // In either order: what is written here is told here when it is kept, and there they may be quicker.
            let (mut question, mut answer) = (false, false);
            while !(question && answer) {
                match asks.next().await {
                    // The question, which was written here.
                    Heard::Message { seq, .. } => {
                        assert_eq!(seq, 2 * n + 1);
                        question = true;
                    }
                    // The answer, which was written there.
                    Heard::Written { seq, .. } => {
                        assert_eq!(seq, 2 * n + 2);
                        answer = true;
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), conversation).await.expect("the worker is woken");
    drop(stop);
    work.await.unwrap();
}
