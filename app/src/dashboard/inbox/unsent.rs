//! What has been sent and the server has not kept yet, in the order in which it was sent.
//!
//! A message has its conversation and its words from the moment of sending, whatever is opened or typed afterwards. It stays,
//! on other pages and over a reload, until the server has kept it or its writer takes it back. Sent again it has the same
//! client id, so it is never there twice: what was on its way when its page was left, a moment ago, is sent again by itself.
//! Somebody else who signs in in the same tab sees nothing of it.

use super::HERE;
use super::talk::{Talk, reason, storage};
use crate::live::ask;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use web_sys::js_sys::Date;

/// A message that is not kept yet.
#[derive(Clone)]
pub(super) struct Unsent {
    member: String,
    conversation: String,
    /// When it was sent, in milliseconds.
    at: u64,
    /// The client id.
    pub id: String,
    /// The words.
    pub text: String,
    /// Why it is not on its way, if so.
    pub problem: Option<String>,
    going: bool,
}

/// Before the names under which the tab keeps them: then come member, conversation and client id. The second is for those that
/// were not sent, and wait for their writer. What is kept is the time of sending and the words.
const KEPT: &str = "samtal:unsent:";
const FAILED: &str = "samtal:failed:";
/// How old what is sent again by itself may be, in milliseconds.
const YOUNG: u64 = 600_000;

// The page's. The server never puts anything in.
thread_local! {
    static ALL: RefCell<Vec<Unsent>> = const { RefCell::new(Vec::new()) };
    static READ: Cell<bool> = const { Cell::new(false) };
    static CHANGED: ArcRwSignal<u32> = ArcRwSignal::new(0);
}

fn now() -> u64 {
    Date::now() as u64
}

/// Looks at all of them. Watched.
fn look<T>(look: impl FnOnce(&[Unsent]) -> T) -> T {
    CHANGED.with(Clone::clone).track();
    ALL.with_borrow(|all| look(all))
}

/// Changes them, and tells those that watch.
fn change<T>(change: impl FnOnce(&mut Vec<Unsent>) -> T) -> T {
    let result = ALL.with_borrow_mut(change);
    CHANGED.with(Clone::clone).update(|n| *n = n.wrapping_add(1));
    result
}

/// Looks, once, for what an earlier load of the page has left behind, and sends what was on its way. Not before the browser
/// has taken over: the server renders none.
pub(super) fn read(talk: Talk) {
    if READ.replace(true) {
        return;
    }
    let found = talk.me.with_value(|me| stored(me));
    if found.is_empty() {
        return;
    }
    let conversations: Vec<_> = found.iter().map(|one| one.conversation.clone()).collect();
    change(|all| all.extend(found));
    // One that is going already does not go twice.
    for conversation in conversations {
        go(talk, conversation);
    }
}

fn stored(me: &str) -> Vec<Unsent> {
    let Some(tab) = storage() else { return Vec::new() };
    let names = (0..tab.length().unwrap_or_default()).filter_map(|at| tab.key(at).ok().flatten());
    let read = |name: String| {
        let rest = name.strip_prefix(KEPT).or_else(|| name.strip_prefix(FAILED))?;
        let (conversation, id) = rest.strip_prefix(me)?.strip_prefix(':')?.split_once(':')?;
        let kept = tab.get_item(&name).ok().flatten()?;
        let (at, text) = kept.split_once(' ')?;
        let at = at.parse().ok()?;
        let waits = name.starts_with(FAILED) || now().saturating_sub(at) > YOUNG;
        Some(Unsent {
            member: me.to_owned(),
            conversation: conversation.to_owned(),
            at,
            id: id.to_owned(),
            text: text.to_owned(),
            problem: waits.then(|| t!("It could not be sent before the page was left.")),
            going: false,
        })
    };
    let mut found: Vec<_> = names.filter_map(read).collect();
    // Client ids begin with the time.
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found
}

/// Keeps a message in the tab as it is now, or no longer.
fn keep(message: &Unsent, there: bool) {
    let Some(tab) = storage() else { return };
    let name = |prefix| format!("{prefix}{}:{}:{}", message.member, message.conversation, message.id);
    let (now, other) = if message.problem.is_some() { (FAILED, KEPT) } else { (KEPT, FAILED) };
    let _ = tab.remove_item(&name(other));
    let _ = if there {
        tab.set_item(&name(now), &format!("{} {}", message.at, message.text))
    } else {
        tab.remove_item(&name(now))
    };
}

/// What is not kept yet in a conversation. Watched.
pub(super) fn of(conversation: &str) -> Vec<Unsent> {
    look(|all| all.iter().filter(|one| one.conversation == conversation).cloned().collect())
}

/// Whether something in a conversation was not sent. Watched.
pub(super) fn failed(conversation: &str) -> bool {
    look(|all| all.iter().any(|one| one.conversation == conversation && one.problem.is_some()))
}

/// Sends words after all that are on their way. What has failed waits to be sent again.
pub(super) fn send(talk: Talk, conversation: String, id: String, text: String) {
    let (member, at) = (talk.me.get_value(), now());
    let message = Unsent { member, conversation: conversation.clone(), at, id, text, problem: None, going: false };
    keep(&message, true);
    change(|all| all.push(message));
    go(talk, conversation);
}

/// Sends once more what was not sent.
pub(super) fn again(talk: Talk, conversation: String, id: &str) {
    change(|all| {
        for one in all.iter_mut().filter(|one| one.id == id) {
            (one.problem, one.at) = (None, now());
            keep(one, true);
        }
    });
    go(talk, conversation);
}

/// Sends what is on its way in a conversation, one after the other. One that fails takes along those behind it.
fn go(talk: Talk, conversation: String) {
    let next = change(|all| {
        let mut here = all.iter_mut().filter(|one| one.conversation == conversation && one.problem.is_none());
        let first = here.next().filter(|one| !one.going)?;
        first.going = true;
        Some((first.id.clone(), first.text.clone()))
    });
    let Some((id, text)) = next else { return };
    let words = [("text", text.as_str()), ("client_id", id.as_str())];
    let mine = id.clone();
    ask::post(&format!("{HERE}/{conversation}/messages"), &words, move |result| match result {
        Ok(message) => {
            forget(&mine);
            talk.take(message);
            go(talk, conversation);
        }
        Err(problem) => change(|all| {
            let on_its_way = |one: &&mut Unsent| one.conversation == conversation && one.problem.is_none();
            for one in all.iter_mut().filter(on_its_way) {
                one.going = false;
                one.problem = Some(reason(&problem));
                keep(one, true);
            }
        }),
    });
}

/// It is kept, or its writer has taken it back. Gives its words, if it was there.
pub(super) fn forget(id: &str) -> Option<String> {
    let at = ALL.with_borrow(|all| all.iter().position(|one| one.id == id))?;
    let message = change(|all| all.remove(at));
    keep(&message, false);
    Some(message.text)
}
