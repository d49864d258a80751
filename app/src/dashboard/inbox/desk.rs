//! The inbox as it moves: links and forms ask for the same addresses as JSON, and a socket brings what is said elsewhere.
//!
//! What is known of the open conversation stands in [`Talk`]; messages get there in the order of their numbers and without
//! gaps, whichever way they come.

use super::list::{self, List};
use super::talk::Talk;
use super::{HERE, Inbox, address, name_of, thread, title, unsent};
use crate::dashboard::NothingHere;
use crate::live::{Link, Live, ask, part, take_over};
use crate::ui::{self, ProblemNotice};
use leptos::ev;
use leptos::prelude::*;
use model::conversation::{Conversation, InboxFilter, Thread};
use model::live::Line;
use model::{MemberId, Problem};
use std::time::Duration;
use web_sys::wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Element, HtmlElement};

/// How soon the list is asked for again when something has changed: once for all that changes meanwhile.
const AGAIN: Duration = Duration::from_millis(300);
/// How often it is asked for again in any case, since what it says of time grows old.
const NOW_AND_THEN: Duration = Duration::from_secs(60);
/// How soon when the server did not answer.
const ONCE_MORE: Duration = Duration::from_secs(5);

/// What stands beside the list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pane {
    /// No conversation is asked for.
    None,
    /// One, which stands in [`Talk`].
    Open,
    /// One that is not there.
    Missing,
    /// It could not be loaded.
    Failed(Problem),
}

/// The inbox as it moves. A copy is the same one.
#[derive(Clone, Copy)]
struct Moves {
    list: List,
    talk: Talk,
    show: RwSignal<InboxFilter>,
    after: RwSignal<Option<String>>,
    me: Option<MemberId>,
    /// The conversation that the address names.
    id: RwSignal<Option<String>>,
    pane: RwSignal<Pane>,
    /// Rises with every page of the list that is begun.
    begun: RwSignal<u32>,
    /// Whether the list could not be renewed.
    stale: RwSignal<bool>,
    /// Whether it will be asked for in a moment.
    asked: StoredValue<bool>,
    /// The address that was gone to last: of several answers its own counts.
    going: StoredValue<String>,
}

/// The list, and the conversation.
#[island(lazy)]
pub(super) fn Desk(inbox: Inbox) -> impl IntoView {
    take_over();
    let Inbox { show, after, list: found, thread: open, missing, outcome, address, me, writes } = inbox;
    let live = Live::default();
    let moves = Moves {
        list: List::new(address),
        talk: Talk::new(live, outcome, me.map(|me| me.to_string()).unwrap_or_default(), writes),
        show: RwSignal::new(show),
        after: RwSignal::new(after),
        me,
        id: RwSignal::new(None),
        pane: RwSignal::new(Pane::None),
        begun: RwSignal::new(0),
        stale: RwSignal::new(false),
        asked: StoredValue::new(false),
        going: StoredValue::new(String::new()),
    };
    let Moves { list, talk, pane, .. } = moves;
    list.begin(found);
    moves.open(open, missing);
    Effect::new(move |_| {
        live.open(move |frame| match frame.r#type.as_str() {
            "welcome" => {
                talk.follow();
                moves.soon(AGAIN);
            }
            "changed" => match frame.line {
                Some(line) => moves.change(line),
                None => moves.soon(AGAIN),
            },
            _ => talk.hear(frame),
        });
        moves.going.set_value(here());
        unsent::read(talk);
        talk.settle();
        talk.local.set(true);
        // It lives as long as the page.
        set_interval(move || moves.renew(), NOW_AND_THEN);
        // It is also said when one goes to another place on the page.
        window_event_listener(ev::popstate, move |_| {
            if moves.going.with_value(|going| *going != here()) {
                moves.arrive();
            }
        });
    });
    Effect::new(move |_| {
        let with = talk.conversation.get().map(|c| name_of(&c.contact));
        document().set_title(&(title(pane.get() == Pane::Missing, list.waiting.get(), with) + " · Samtal"));
    });
    view! {
        <div class="inbox" on:click=move |event| moves.follow_link(&event)>
            // Translators would have to do it again with every change, and put names into other words.
            <section class="inbox__list" aria-label=s!("Conversations") translate="no">
                <header class="inbox__head">
                    <h2>{s!("Inbox")}</h2>
                    {list::filters(moves.show, list.waiting)}
                </header>
                {ui::live(move || connection(live.link(), moves.stale.get()))}
                {ui::live(move || {
                    moves.begun.track();
                    list.view(moves.show.get_untracked(), moves.after.get_untracked(), moves.id, move || moves.renew())
                })}
            </section>
            {ui::live(move || match pane.get() {
                Pane::None => view! { <p class="inbox__none">{s!("Choose a conversation.")}</p> }.into_any(),
                Pane::Open => ui::anew(talk.opened.get_value(), thread::pane(talk, moves.show, moves.after)),
                Pane::Missing => view! { <section class="thread thread--none"><NothingHere href=HERE to=s!("To the inbox")/></section> }.into_any(),
                Pane::Failed(problem) => view! {
                    <section class="thread thread--none">
                        <ProblemNotice problem=problem/>
                        <p class="actions">{ui::anchor("button", here(), s!("Try again").into_any())}</p>
                    </section>
                }
                .into_any(),
            })}
        </div>
    }
}

/// The address of the page, as the server knows it.
fn here() -> String {
    let place = window().location();
    place.pathname().unwrap_or_default() + &place.search().unwrap_or_default()
}

impl Moves {
    /// Shows the conversation that the address names, or that it names none.
    fn open(self, thread: Option<Thread>, missing: bool) {
        match thread {
            Some(thread) => {
                self.id.set(Some(thread.conversation.id.to_string()));
                self.talk.begin(thread);
                self.pane.set(Pane::Open);
            }
            None => self.close(if missing { Pane::Missing } else { Pane::None }),
        }
    }

    /// Shows no conversation.
    fn close(self, instead: Pane) {
        self.id.set(None);
        self.talk.end();
        self.pane.set(instead);
    }

    /// Goes where a link of the inbox leads, without loading the page.
    fn follow_link(self, event: &ev::MouseEvent) {
        let plain =
            event.button() == 0 && !(event.meta_key() || event.ctrl_key() || event.shift_key() || event.alt_key());
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let link = target.and_then(|target| target.closest("a[href^='/dashboard/inbox']").ok().flatten());
        let Some(href) =
            link.and_then(|link| link.get_attribute("href")).filter(|_| plain && !event.default_prevented())
        else {
            return;
        };
        event.prevent_default();
        // What is shown already is asked for again, and is no other step back.
        if let Ok(history) = window().history()
            && href != here()
        {
            let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&href));
        }
        self.arrive();
        // So that it is read; a page that is loaded does it by itself.
        if let Some(main) = part("main").and_then(|main| main.dyn_into::<HtmlElement>().ok()) {
            let _ = main.focus();
        }
    }

    /// Shows what the address asks for.
    fn arrive(self) {
        let address = here();
        self.going.set_value(address.clone());
        // At once what needs no answer.
        let path = address.split('?').next().unwrap_or_default();
        let id = path.strip_prefix(HERE).and_then(|rest| rest.split('/').nth(1)).filter(|id| !id.is_empty());
        self.id.set(id.map(str::to_owned));
        let asked = address.clone();
        self.list.asks();
        ask::get(&address, move |answer| {
            self.list.answered();
            if self.going.with_value(|going| *going == asked) {
                match answer {
                    Ok(found) => self.show(found),
                    Err(problem) if problem.status == 404 => self.close(Pane::Missing),
                    Err(problem) => self.close(Pane::Failed(problem)),
                }
            }
        });
    }

    fn show(self, inbox: Inbox) {
        let Inbox { show, after, list, thread, missing, .. } = inbox;
        if (show, &after) == (self.show.get_untracked(), &self.after.get_untracked()) {
            self.list.renew(list);
        } else {
            self.show.set(show);
            self.after.set(after);
            self.list.begin(list);
            self.begun.update(|n| *n += 1);
        }
        self.heard();
        self.open(thread, missing);
    }

    /// What was heard while the list was on its way.
    fn heard(self) {
        let first = self.after.with_untracked(Option::is_none);
        if first && !self.list.catch_up(self.show.get_untracked(), self.me) {
            self.soon(AGAIN);
        }
    }

    /// Shows how a conversation is now.
    fn change(self, line: Line) {
        self.beside(line.conversation.clone());
        let first = self.after.with_untracked(Option::is_none);
        if !first || !self.list.change(line, self.show.get_untracked(), self.me) {
            self.soon(AGAIN);
        }
    }

    /// How a conversation is now, which may be the open one.
    fn beside(self, now: Conversation) {
        if self.talk.renew(now) {
            self.talk.catch_up();
        }
    }

    /// Asks for the list in a moment, once for all that want it meanwhile.
    fn soon(self, wait: Duration) {
        if !self.asked.get_value() {
            self.asked.set_value(true);
            set_timeout(
                move || {
                    self.asked.set_value(false);
                    self.renew();
                },
                wait,
            );
        }
    }

    /// Asks for the list, and how the open conversation is.
    fn renew(self) {
        let (show, after, id) = (self.show.get_untracked(), self.after.get_untracked(), self.id.get_untracked());
        let beside = id.as_deref().map(|id| format!("&beside={id}")).unwrap_or_default();
        self.list.asks();
        ask::look(&format!("{}{beside}", address("", show, after.as_deref())), move |answer: Result<Inbox, _>| {
            self.list.answered();
            // Unless the page shows others.
            if self.show.get_untracked() != show || self.after.get_untracked() != after {
                return;
            }
            match answer {
                Ok(Inbox { mut list, .. }) => {
                    self.stale.set(false);
                    match list.open.take() {
                        Some(open) => self.beside(open),
                        // Somebody else's now. (Or another one was opened meanwhile.)
                        None if id.is_some() && self.id.get_untracked() == id => self.close(Pane::Missing),
                        None => {}
                    }
                    self.list.renew(list);
                    self.heard();
                }
                // An older list is better than none.
                Err(problem) if problem.status >= 500 => {
                    self.stale.set(true);
                    self.soon(ONCE_MORE);
                }
                Err(_) => {}
            }
        });
    }
}

/// How the connection is, where that is worth a word.
fn connection(link: Link, stale: bool) -> AnyView {
    match link {
        Link::Idle | Link::Open if stale => {
            view! { <p class="inbox__line" role="status">{s!("The server does not answer. Trying again…")}</p> }
                .into_any()
        }
        Link::Idle | Link::Open => ().into_any(),
        Link::Lost => {
            view! { <p class="inbox__line" role="status">{s!("No connection. Trying again…")}</p> }.into_any()
        }
        Link::SignedOut => view! {
            <p class="inbox__line" role="alert">{s!("You are signed out.")}" "{ui::anchor("", "/login".to_owned(), s!("Sign in").into_any())}</p>
        }
        .into_any(),
    }
}
