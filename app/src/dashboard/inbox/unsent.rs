//! What has been sent and the server has not kept yet, in the order in which it was sent.
//!
//! A message has its conversation and its words from the moment of sending, whatever is opened or typed afterwards. It stays,
//! on other pages and over a reload, until the server has kept it or its writer takes it back. Sent again it has the same
//! client id, so it is never there twice.

use super::talk::{Talk, reason, storage};
use crate::api::{ApiError, conversations};
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::cell::{Cell, RefCell};

/// A message that is not kept yet.
#[derive(Clone)]
pub(super) struct Unsent {
    conversation: String,
    /// The client id.
    pub id: String,
    /// The words.
    pub text: String,
    /// Why it is not on its way, if so.
    pub problem: Option<String>,
    going: bool,
}

/// Before the names under which the tab keeps them: then come conversation and client id.
const KEPT: &str = "samtal:unsent:";

// The tab's, not a page's: an answer may come after its page has gone. The server never puts anything in.
thread_local! {
    static ALL: RefCell<Vec<Unsent>> = const { RefCell::new(Vec::new()) };
    static READ: Cell<bool> = const { Cell::new(false) };
    static CHANGED: ArcRwSignal<u32> = ArcRwSignal::new(0);
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

/// Looks, once, for what an earlier load of the page has left behind. Not before the browser has taken over: the server
/// renders none.
pub(super) fn read() {
    if !READ.replace(true) {
        let found = stored();
        if !found.is_empty() {
            change(|all| all.extend(found));
        }
    }
}

fn stored() -> Vec<Unsent> {
    let Some(tab) = storage() else { return Vec::new() };
    let names = (0..tab.length().unwrap_or_default()).filter_map(|at| tab.key(at).ok().flatten());
    let read = |name: String| {
        let (conversation, id) = name.strip_prefix(KEPT)?.split_once(':')?;
        Some(Unsent {
            conversation: conversation.to_owned(),
            id: id.to_owned(),
            text: tab.get_item(&name).ok().flatten()?,
            problem: Some("It is not known whether this was sent.".to_owned()),
            going: false,
        })
    };
    let mut found: Vec<_> = names.filter_map(read).collect();
    // Client ids begin with the time.
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found
}

fn name(message: &Unsent) -> String {
    format!("{KEPT}{}:{}", message.conversation, message.id)
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
    let message = Unsent { conversation: conversation.clone(), id, text, problem: None, going: false };
    if let Some(tab) = storage() {
        let _ = tab.set_item(&name(&message), &message.text);
    }
    change(|all| all.push(message));
    go(talk, conversation);
}

/// Sends once more what was not sent.
pub(super) fn again(talk: Talk, conversation: String, id: &str) {
    change(|all| all.iter_mut().filter(|one| one.id == id).for_each(|one| one.problem = None));
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
    spawn_local(async move {
        match conversations::say(conversation.clone(), text, id.clone()).await {
            Ok(message) => {
                forget(&id);
                talk.take(message);
                go(talk, conversation);
            }
            Err(ApiError(problem)) => change(|all| {
                let on_its_way = |one: &&mut Unsent| one.conversation == conversation && one.problem.is_none();
                for one in all.iter_mut().filter(on_its_way) {
                    one.going = false;
                    one.problem = Some(reason(&problem));
                }
            }),
        }
    });
}

/// It is kept, or its writer has taken it back. Gives its words, if it was there.
pub(super) fn forget(id: &str) -> Option<String> {
    let at = ALL.with_borrow(|all| all.iter().position(|one| one.id == id))?;
    let message = change(|all| all.remove(at));
    if let Some(tab) = storage() {
        let _ = tab.remove_item(&name(&message));
    }
    Some(message.text)
}
