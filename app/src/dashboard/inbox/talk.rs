//! What the page knows of the open conversation, and what can be done in it.

use super::{HERE, Inbox, Outcome, unsent};
use crate::live::{Frame, IN_BROWSER, Live, ask};
use crate::say::say;
use leptos::html::{Div, Textarea};
use leptos::prelude::*;
use model::Problem;
use model::conversation::{Author, Conversation, ConversationState, Handler, Message, Step, Thread};
use std::time::Duration;
use web_sys::Storage;

/// How long somebody who writes is shown to write, unless a message comes.
const WRITING: Duration = Duration::from_secs(6);
/// How often others are told that one writes.
const TELLING: Duration = Duration::from_secs(3);
/// How far from its end the log may be, in pixels, and still follow it.
const NEAR: i32 = 48;

/// The open conversation. A copy is the same one.
#[derive(Clone, Copy)]
pub(super) struct Talk {
    live: Live,
    /// Who writes here: what the tab keeps is theirs alone.
    pub me: StoredValue<String>,
    /// As it is now.
    pub conversation: RwSignal<Option<Conversation>>,
    /// In the order of their numbers, without gaps.
    pub messages: RwSignal<Vec<Message>>,
    /// Rises with every conversation that is opened, and when earlier messages are put in front: then elements are made anew,
    /// whatever a translator did to the old ones.
    pub opened: StoredValue<u32>,
    pub turned: StoredValue<u32>,
    /// Where the messages before those begin, if there are any.
    pub earlier: RwSignal<Option<String>>,
    /// Who writes, or what may be seen of an answer so far.
    pub writing: RwSignal<Option<String>>,
    /// Whether something came that the reader, further up, has not seen.
    pub unseen: RwSignal<bool>,
    /// Why the message in the field was not sent.
    pub refused: RwSignal<Option<String>>,
    /// Why nothing can be said, if so.
    pub closed: Memo<Option<&'static str>>,
    /// Whether who looks may do something here.
    steps: bool,
    /// Whether times are those of the reader's clock: in the browser, once it has taken over.
    pub local: RwSignal<bool>,
    /// The client id of the next message.
    pub draft: RwSignal<String>,
    /// What was typed when the page was made.
    pub typed: StoredValue<String>,
    /// How many messages have been sent since the conversation was opened.
    sent: StoredValue<u32>,
    /// Whether earlier messages are on their way.
    reading: StoredValue<bool>,
    /// Counts who writes, so that each is forgotten in its time.
    writes: StoredValue<u32>,
    /// Whether others have just been told that one writes.
    told: StoredValue<bool>,
    /// Where the messages stand.
    pub log: NodeRef<Div>,
    /// Where one writes.
    pub field: NodeRef<Textarea>,
}

impl Talk {
    pub fn new(live: Live, given: Outcome, me: String, writes: bool) -> Self {
        let conversation = RwSignal::new(None);
        Self {
            live,
            me: StoredValue::new(me),
            conversation,
            closed: Memo::new(move |_| {
                if writes { conversation.with(closed) } else { Some(s!("You may read here, and not write.")) }
            }),
            steps: writes,
            messages: RwSignal::new(Vec::new()),
            opened: StoredValue::new(0),
            turned: StoredValue::new(0),
            earlier: RwSignal::new(None),
            writing: RwSignal::new(None),
            unseen: RwSignal::new(false),
            refused: RwSignal::new(given.problem.as_ref().map(reason)),
            local: RwSignal::new(false),
            draft: RwSignal::new(String::new()),
            typed: StoredValue::new(given.text),
            sent: StoredValue::new(0),
            reading: StoredValue::new(false),
            writes: StoredValue::new(0),
            told: StoredValue::new(false),
            log: NodeRef::new(),
            field: NodeRef::new(),
        }
    }

    /// A conversation is opened.
    pub fn begin(self, thread: Thread) {
        let Thread { conversation, messages, draft } = thread;
        if self.id().is_some_and(|id| id != conversation.id.to_string()) {
            // What belonged to the one before.
            self.end();
        }
        self.conversation.set(Some(conversation));
        self.opened.update_value(|n| *n += 1);
        self.messages.set(messages.data);
        self.settle();
        self.earlier.set(messages.next_cursor);
        self.draft.set(draft);
        self.follow();
        if IN_BROWSER {
            // Once the field is there.
            request_animation_frame(move || self.restore());
        }
    }

    /// What is among the messages has been sent, whatever became of the answer.
    pub fn settle(self) {
        let kept = |all: &Vec<Message>| all.iter().filter_map(|one| one.client_id.clone()).collect::<Vec<_>>();
        for id in self.messages.with_untracked(kept) {
            unsent::forget(&id);
        }
    }

    /// Puts what was half written into the field, or keeps what stands there: it was typed before the code came.
    fn restore(self) {
        let (Some(field), Some(id)) = (self.field.get_untracked(), self.id()) else { return };
        match (field.value(), self.draft(&id)) {
            (typed, Some(text)) if typed.is_empty() => field.set_value(&text),
            (typed, _) => self.keep(&id, &typed),
        }
    }

    /// None is open any more.
    pub fn end(self) {
        if let Some(id) = self.id() {
            self.live.send(&format!(r#"{{"type":"unsubscribe","conversation":"{id}"}}"#));
            if let Some(field) = self.field.get_untracked() {
                field.set_value("");
            }
            self.typed.set_value(String::new());
            self.refused.set(None);
        }
        self.conversation.set(None);
        self.messages.set(Vec::new());
        self.writing.set(None);
        self.unseen.set(false);
    }

    /// How a conversation is, if it is the open one; an older answer than the last says nothing. Says whether messages are
    /// missing.
    pub fn renew(self, now: Conversation) -> bool {
        let is = |old: &Conversation| old.id == now.id;
        if self.conversation.try_with_untracked(|old| old.as_ref().is_some_and(is)) != Some(true) {
            return false;
        }
        let behind = now.last_seq > self.last();
        let newer = |old: &Conversation| (old.last_seq, old.updated_at) <= (now.last_seq, now.updated_at);
        if self.conversation.with_untracked(|old| old.as_ref().is_some_and(newer)) {
            self.conversation.set(Some(now));
        }
        behind
    }

    /// Asks the socket for everything after what is there.
    pub fn follow(self) {
        if let Some(id) = self.id() {
            let last = self.last();
            self.live.send(&format!(r#"{{"type":"subscribe","conversation":"{id}","after":{last}}}"#));
        }
    }

    /// A frame of the socket's.
    pub fn hear(self, frame: Frame) {
        match frame.r#type.as_str() {
            "message" => {
                if let Some(message) = frame.message {
                    self.take(message);
                }
            }
            "caught_up" if frame.conversation == self.id() && frame.seq > Some(self.last()) => self.follow(),
            "typing" if frame.conversation == self.id() => {
                let mut words = match (frame.from, frame.name) {
                    (Some(Author::Contact), _) => t!("The visitor is writing…"),
                    (Some(Author::Assistant), _) => t!("The assistant is writing…"),
                    (_, Some(name)) => t!("{name} is writing…", name),
                    _ => t!("A colleague is writing…"),
                };
                // (None of it is read out: a draft is, once, when it is an answer.)
                if let Some(text) = frame.text {
                    // What was seen does not count any more.
                    words = if text.is_empty() { t!("What was being written was taken back.") } else { text };
                }
                self.writing.set(Some(words));
                self.writes.update_value(|n| *n += 1);
                let mine = self.writes.get_value();
                set_timeout(
                    move || {
                        if self.writes.try_get_value() == Some(mine) {
                            self.writing.set(None);
                        }
                    },
                    WRITING,
                );
            }
            _ => {}
        }
    }

    /// A message, whichever way it came: the next is added, one that is there is not, and a gap is asked for.
    pub fn take(self, message: Message) {
        if let Some(id) = &message.client_id {
            unsent::forget(id);
        }
        let is = |c: &Option<Conversation>| c.as_ref().is_some_and(|c| c.id == message.conversation_id);
        // Not when the page is gone.
        let here = self.conversation.try_with_untracked(is) == Some(true);
        let last = if here { self.last() } else { 0 };
        if !here || message.seq <= last {
            return;
        }
        if message.seq > last + 1 {
            self.catch_up();
            return;
        }
        if let Some(log) = self.log.get_untracked().filter(|log| -log.scroll_top() > NEAR) {
            // Who reads further up goes on reading there.
            self.unseen.set(true);
            let height = log.scroll_height();
            request_animation_frame(move || log.set_scroll_top(log.scroll_top() + height - log.scroll_height()));
        }
        self.writing.set(None);
        self.messages.update(|all| all.push(message));
    }

    /// Gets what came after the last message that is there: by the socket, or, while that is away, by asking.
    pub fn catch_up(self) {
        if self.live.is_open() {
            return self.follow();
        }
        let Some(id) = self.id() else { return };
        ask::look(&format!("{HERE}/{id}"), move |result: Result<Inbox, _>| {
            let (true, Ok(Inbox { thread: Some(found), .. })) = (self.id() == Some(id), result) else { return };
            let last = self.last();
            let mut new = found.messages.data;
            if new.first().is_some_and(|first| first.seq > last + 1) {
                // More than a page came: it is shown, and what lies before it can be asked for.
                self.turned.update_value(|n| *n += 1);
                self.earlier.set(found.messages.next_cursor);
                self.messages.set(new);
            } else {
                new.retain(|message| message.seq > last);
                self.messages.update(|all| all.extend(new));
            }
            self.settle();
        });
    }

    /// The number of the last message that is there.
    pub fn last(self) -> u64 {
        self.messages.with_untracked(|all| all.last().map_or(0, |message| message.seq))
    }

    /// Which is open; none when the page is gone.
    fn id(self) -> Option<String> {
        self.conversation.try_with_untracked(|c| c.as_ref().map(|c| c.id.to_string())).flatten()
    }

    /// Whether a step leads anywhere.
    pub fn may(self, step: Step) -> bool {
        self.conversation.with(|conversation| {
            let Some(c) = conversation else { return false };
            let open = c.state == ConversationState::Open;
            self.steps
                && match step {
                    Step::TakeOver => {
                        c.assignee.as_ref().is_none_or(|a| self.me.with_value(|me| *me != a.id.to_string()))
                    }
                    Step::HandBack => open && c.handler == Handler::People,
                    Step::Resolve => open,
                }
        })
    }

    /// Shows the latest messages.
    pub fn to_the_end(self) {
        if let Some(log) = self.log.get_untracked() {
            log.set_scroll_top(0);
        }
        self.unseen.set(false);
    }

    /// The reader has scrolled.
    pub fn scrolled(self) {
        if self.unseen.get_untracked() && self.log.get_untracked().is_some_and(|log| -log.scroll_top() <= NEAR) {
            self.unseen.set(false);
        }
    }

    /// Something was typed: it is kept, and others are told.
    pub fn types(self) {
        let Some(id) = self.id() else { return };
        if let Some(field) = self.field.get_untracked() {
            self.keep(&id, &field.value());
        }
        if !self.told.get_value() {
            self.live.send(&format!(r#"{{"type":"typing","conversation":"{id}"}}"#));
            self.told.set_value(true);
            set_timeout(
                move || {
                    self.told.try_set_value(false);
                },
                TELLING,
            );
        }
    }

    /// Sends what stands in the field, which is free for the next message at once.
    pub fn say(self) {
        let (Some(field), Some(id)) = (self.field.get_untracked(), self.id()) else { return };
        let text = field.value();
        if text.trim().is_empty() || self.closed.get_untracked().is_some() {
            return;
        }
        field.set_value("");
        self.keep(&id, "");
        let _ = field.focus();
        self.refused.set(None);
        self.sent.update_value(|sent| *sent += 1);
        let client_id = format!("{}-{:04}", self.draft.get_untracked(), self.sent.get_value());
        unsent::send(self, id, client_id, text);
        self.to_the_end();
    }

    /// Sends again what was not sent.
    pub fn again(self, message: &str) {
        if let Some(id) = self.id() {
            unsent::again(self, id, message);
        }
    }

    /// Takes back what was not sent: into the field, in front of what stands there.
    pub fn take_back(self, message: &str) {
        let (Some(field), Some(id)) = (self.field.get_untracked(), self.id()) else { return };
        let Some(mut text) = unsent::forget(message) else { return };
        let there = field.value();
        if !there.is_empty() {
            text.push('\n');
            text.push_str(&there);
        }
        field.set_value(&text);
        self.keep(&id, &text);
        let _ = field.focus();
    }

    /// Takes over, hands back, resolves.
    pub fn handle(self, step: Step) {
        let Some(id) = self.id() else { return };
        ask::post(&format!("{HERE}/{id}/{}", step.name()), &[], move |result| {
            if self.id() != Some(id) {
                return;
            }
            match result {
                Ok(now) => {
                    self.refused.set(None);
                    self.renew(now);
                    // The button is gone: who used the keyboard goes on where one writes, or reads.
                    request_animation_frame(move || {
                        let _ = match step {
                            Step::TakeOver => self.field.get_untracked().map(|field| field.focus()),
                            _ => self.log.get_untracked().map(|log| log.focus()),
                        };
                    });
                }
                Err(problem) => self.refused.set(Some(reason(&problem))),
            }
        });
    }

    /// Puts the messages before the first one in front of it.
    pub fn more(self) {
        let (Some(id), Some(before)) = (self.id(), self.earlier.get_untracked()) else { return };
        if self.reading.get_value() {
            return;
        }
        self.reading.set_value(true);
        ask::get(&format!("{HERE}/{id}?before={before}"), move |result: Result<Inbox, _>| {
            self.reading.set_value(false);
            // Not if others stand there meanwhile.
            if self.id() != Some(id) || self.earlier.get_untracked() != Some(before) {
                return;
            }
            match result.map(|found| found.thread) {
                Ok(Some(Thread { messages, .. })) => {
                    self.earlier.set(messages.next_cursor);
                    self.turned.update_value(|n| *n += 1);
                    self.messages.update(|all| drop(all.splice(..0, messages.data)));
                }
                Ok(_) => self.earlier.set(None),
                Err(problem) => self.refused.set(Some(reason(&problem))),
            }
        });
    }
}

/// Where the page keeps what is half written, and what is not sent, while the tab is open; a browser may forbid it.
pub(super) fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

impl Talk {
    fn drafted(self, id: &str) -> String {
        self.me.with_value(|me| format!("samtal:draft:{me}:{id}"))
    }

    /// What is half written to a conversation.
    fn draft(self, id: &str) -> Option<String> {
        storage()?.get_item(&self.drafted(id)).ok().flatten()
    }

    /// Keeps what is half written to a conversation.
    fn keep(self, id: &str, text: &str) {
        if let Some(drafts) = storage() {
            let name = self.drafted(id);
            let _ = if text.is_empty() { drafts.remove_item(&name) } else { drafts.set_item(&name, text) };
        }
    }
}

/// Why nothing can be said, if so.
fn closed(conversation: &Option<Conversation>) -> Option<&'static str> {
    let c = conversation.as_ref()?;
    match (c.state, c.handler) {
        (ConversationState::Resolved, _) => Some(s!("This conversation is resolved. Take over to write.")),
        (_, Handler::Assistant) => Some(s!("The assistant is answering. Take over to write.")),
        _ => None,
    }
}

/// Why, in one sentence.
pub(super) fn reason(problem: &Problem) -> String {
    say(problem.errors.first().map_or(&problem.detail, |error| &error.message))
}
