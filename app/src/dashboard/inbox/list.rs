//! The list: filters, a line for each conversation, and the ways to its other pages.
//!
//! A line is its conversation's for as long as it is there. While the pointer or the keyboard is among the lines, none of them
//! moves: what is new comes last, and what has gone stays, until they have been left.

use super::super::{demo, snippet};
use super::{address, name_of, unsent};
use crate::live::IN_BROWSER;
use crate::say::{say, sentence};
use crate::ui::{anew, live};
use leptos::ev;
use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;
use model::conversation::{Author, Conversation, ConversationState, Handler, InboxFilter, InboxView};
use model::live::Line;
use model::{MemberId, Timestamp, WidgetId};
use web_sys::HtmlElement;
use web_sys::js_sys::Date;
use web_sys::wasm_bindgen::JsCast as _;
use words::noted;

/// The filters: what they are called.
const FILTERS: [(InboxFilter, &str); 4] = [
    (InboxFilter::Open, noted!("Open")),
    (InboxFilter::Waiting, noted!("Waiting")),
    (InboxFilter::Mine, noted!("Mine")),
    (InboxFilter::Resolved, noted!("Resolved")),
];
/// Most lines of a page that grows by what comes meanwhile.
const LINES: usize = 100;
/// How long after the lines have moved a press may still be meant for the one that was there before, in milliseconds.
const MEANT: f64 = 400.0;

/// The list. A copy is the same one.
#[derive(Clone, Copy)]
pub(super) struct List {
    state: StoredValue<State>,
    /// Rises with every change of the state.
    changed: RwSignal<u32>,
    /// Where this installation is.
    installed: StoredValue<String>,
    /// How many wait for a person.
    pub waiting: RwSignal<u32>,
    /// Where the lines are.
    place: NodeRef<Div>,
}

struct State {
    lines: Vec<Conversation>,
    /// Rises when lines move or go. What was pressed in a line of one order is nothing in the next.
    order: u32,
    /// Where the next page begins.
    next: Option<String>,
    /// The way in, as long as nobody has ever come.
    nobody_yet: Option<WidgetId>,
    now: Timestamp,
    /// Whether the pointer is among the lines.
    pointer: bool,
    /// Whether their order is no longer the right one.
    late: bool,
    /// When they last moved.
    moved: f64,
    /// Questions for the list that have no answer yet, and what was heard since the oldest of them was put.
    asking: u32,
    heard: Vec<Line>,
}

/// Whether these are the same conversation, however it is.
fn is(one: &Conversation, other: &Conversation) -> bool {
    one.id == other.id
}

/// Whether these are not the same conversations in the same places.
fn differ(one: &[Conversation], other: &[Conversation]) -> bool {
    one.len() != other.len() || !one.iter().zip(other).all(|(one, other)| is(one, other))
}

impl State {
    fn take(&mut self, found: InboxView, held: bool) {
        let InboxView { data, next_cursor, nobody_yet, now, .. } = found;
        let lines = if held {
            // Each where it was, as it is now; what is new comes last.
            let as_it_is = |was| data.iter().find(|now| is(now, was)).unwrap_or(was);
            let new = data.iter().filter(|line| !self.lines.iter().any(|was| is(was, line)));
            let lines: Vec<_> = self.lines.iter().map(as_it_is).chain(new).cloned().collect();
            self.late = differ(&lines, &data);
            lines
        } else {
            self.late = false;
            data
        };
        // What comes last moves nothing.
        let there = self.lines.len().min(lines.len());
        if differ(&lines[..there], &self.lines) {
            self.order += 1;
            if IN_BROWSER {
                self.moved = Date::now();
            }
        }
        (self.lines, self.next, self.nobody_yet, self.now) = (lines, next_cursor, nobody_yet, now);
    }
}

impl List {
    /// An empty one. `installed` is the address of this installation.
    pub fn new(installed: String) -> Self {
        let state = State {
            lines: Vec::new(),
            order: 0,
            next: None,
            nobody_yet: None,
            now: Timestamp::from_millis(0),
            pointer: false,
            late: false,
            moved: 0.0,
            asking: 0,
            heard: Vec::new(),
        };
        Self {
            state: StoredValue::new(state),
            changed: RwSignal::new(0),
            installed: StoredValue::new(installed),
            waiting: RwSignal::new(0),
            place: NodeRef::new(),
        }
    }

    /// Another page.
    pub fn begin(self, found: InboxView) {
        self.take(found, false, |state| state.lines.clear());
        self.state.update_value(|state| state.moved = 0.0);
    }

    /// The list is asked for: what is heard from here on may be newer than the answer.
    pub fn asks(self) {
        self.state.update_value(|state| {
            if state.asking == 0 {
                state.heard.clear();
            }
            state.asking += 1;
        });
    }

    /// A question was answered, or never will be.
    pub fn answered(self) {
        self.state.update_value(|state| state.asking = state.asking.saturating_sub(1));
    }

    /// The same page, as it is now.
    pub fn renew(self, found: InboxView) {
        self.take(found, self.keyboard(), |_| ());
    }

    /// Whether the keyboard is among the lines. A click gives the focus, too, and it stays there while one reads.
    fn keyboard(self) -> bool {
        self.place.get_untracked().is_some_and(|place| place.matches(":has(:focus-visible)") == Ok(true))
    }

    /// What was heard while the list was asked for, on the first page of these. What the list has of a conversation stays where
    /// that is newer; where the list is newer and has it no more, another line is on its way that says so.
    /// Says `false` where it has to be asked for again.
    pub fn catch_up(self, show: InboxFilter, me: Option<MemberId>) -> bool {
        let mut all = true;
        let heard = self.state.with_value(|state| state.heard.clone());
        for line in heard {
            let version = |one: &Conversation| (one.last_seq, one.updated_at);
            let newer = |was: &Conversation| version(was) > version(&line.conversation);
            let known =
                self.state.with_value(|state| state.lines.iter().any(|was| is(was, &line.conversation) && newer(was)));
            if !known {
                all &= self.change(line, show, me);
            }
        }
        all
    }

    /// A line of the first page of these, as it is now. Says `false` where the list has to be asked for.
    pub fn change(self, line: Line, show: InboxFilter, me: Option<MemberId>) -> bool {
        let held = self.keyboard() || self.state.with_value(|state| state.pointer);
        let found = self.state.with_value(|state| {
            let mut data: Vec<Conversation> = Vec::new();
            let place = |data: &Vec<Conversation>, one| {
                data.iter().position(|line| show.puts_before(one, line)).unwrap_or(data.len())
            };
            for one in state.lines.iter().filter(|one| !is(one, &line.conversation)) {
                // Lines that had to stand still are put where they belong, once they need not.
                if held {
                    data.push(one.clone());
                } else if show.shows(one, me) {
                    data.insert(place(&data, one), one.clone());
                }
            }
            if show.shows(&line.conversation, me) {
                let at = place(&data, &line.conversation);
                // After the last line it may belong to a later page.
                if at == data.len() && state.next.is_some() {
                    return None;
                }
                data.insert(at, line.conversation.clone());
            }
            let known = data.len() < LINES && (!data.is_empty() || state.next.is_none());
            let next_cursor = state.next.clone();
            let (waiting, now) = (line.waiting, line.now);
            known.then_some(InboxView { data, next_cursor, waiting, open: None, nobody_yet: None, now })
        });
        self.state.update_value(|state| {
            state.heard.retain(|other| other.conversation.id != line.conversation.id);
            if state.asking > 0 && state.heard.len() < LINES {
                state.heard.push(line);
            }
        });
        let Some(found) = found else { return false };
        // Those that stand still stay late.
        let late = held && self.state.with_value(|state| state.late);
        self.renew(found);
        self.state.update_value(|state| state.late |= late);
        true
    }

    fn take(self, found: InboxView, keyboard: bool, before: fn(&mut State)) {
        let focused = self.find("a:focus").and_then(|link| link.get_attribute("href"));
        self.waiting.set(found.waiting);
        self.state.update_value(|state| {
            before(state);
            state.take(found, keyboard || state.pointer);
        });
        self.changed.update(|n| *n = n.wrapping_add(1));
        // The line that has taken its place is the same to whoever was on it.
        if let Some(href) = focused {
            spawn_local(async move {
                if self.find("a:focus").is_none()
                    && let Some(link) = self.find(&format!("a[href=\"{href}\"]"))
                {
                    let _ = link.focus();
                }
            });
        }
    }

    /// A link among the lines.
    fn find(self, selector: &str) -> Option<HtmlElement> {
        self.place.get_untracked()?.query_selector(selector).ok()??.dyn_into().ok()
    }

    /// The pointer, or the keyboard, leaves: what had to wait for it is done. `renew` asks for the list.
    fn left(self, renew: impl Fn()) {
        if self.state.with_value(|state| state.late) {
            renew();
        }
    }

    /// The lines, or what stands in their place.
    pub fn view(
        self,
        show: InboxFilter,
        after: Option<String>,
        open: RwSignal<Option<String>>,
        renew: impl Fn() + Copy + 'static,
    ) -> AnyView {
        // Whether there are pages before this one.
        let more = after.is_some();
        let enter = move |_| self.state.update_value(|state| state.pointer = true);
        let leave = move |_| {
            self.state.update_value(|state| state.pointer = false);
            self.left(renew);
        };
        // A press of the keyboard has no number.
        let click = move |event: ev::MouseEvent| {
            if event.detail() > 0 && Date::now() - self.state.with_value(|state| state.moved) < MEANT {
                event.prevent_default();
                event.stop_propagation();
            }
        };
        view! {
            <div
                node_ref=self.place
                on:pointerenter=enter
                on:pointerleave=leave
                on:focusout=move |_| self.left(renew)
                on:click:capture=click
            >
                {live(move || {
                    self.changed.track();
                    self.state.with_value(|state| {
                        let line = |conversation| entry(conversation, state.now, show, after.as_deref(), open);
                        let lines = state.lines.iter().map(line).collect_view();
                        let all = view! { <ul class="talks" role="list">{lines}</ul> }.into_any();
                        anew(state.order, all)
                    })
                })}
            </div>
            {live(move || {
                self.changed.track();
                self.state.with_value(|state| match state.nobody_yet {
                    Some(widget) => self.installed.with_value(|address| nobody_yet(address, widget)),
                    None if state.lines.is_empty() && !more => nothing(show),
                    None => pages(show, more, state.next.as_deref()),
                })
            })}
        }
        .into_any()
    }
}

/// The filters, as links.
pub(super) fn filters(show: RwSignal<InboxFilter>, waiting: RwSignal<u32>) -> AnyView {
    let link = move |(filter, name): (InboxFilter, &'static str)| {
        let number = live(move || {
            let waiting = waiting.get();
            (filter == InboxFilter::Waiting && waiting > 0)
                .then(|| view! { <span class="inbox__number">{waiting.to_string()}</span> }.into_any())
                .into_any()
        });
        let current = move || (show.get() == filter).then_some("page");
        let href = address("", filter, None);
        view! { <li><a href=href aria-current=current>{sentence(name)}{number}</a></li> }.into_any()
    };
    view! {
        <nav class="inbox__filters" aria-label=s!("Which conversations")>
            <ul role="list">{FILTERS.into_iter().map(link).collect_view()}</ul>
        </nav>
    }
    .into_any()
}

/// The ways to the other pages, if there are any.
fn pages(show: InboxFilter, more: bool, next: Option<&str>) -> AnyView {
    let link = |words: &'static str, after: Option<&str>| {
        let href = address("", show, after);
        view! { <a class="button button--small" href=href>{words}</a> }.into_any()
    };
    let first = more.then(|| link(s!("First page"), None));
    let next = next.map(|next| link(s!("Next page"), Some(next)));
    if first.is_none() && next.is_none() {
        return ().into_any();
    }
    view! { <nav class="inbox__pages" aria-label=s!("Pages")>{first}{next}</nav> }.into_any()
}

/// Who has the conversation, in words.
pub(super) fn badge(conversation: &Conversation) -> AnyView {
    let (class, words) = match (conversation.state, conversation.handler, &conversation.assignee) {
        (ConversationState::Resolved, ..) => ("badge", t!("Resolved")),
        (_, Handler::Assistant, _) => ("badge badge--accent", t!("Assistant")),
        (_, Handler::People, None) => ("badge badge--attention", t!("Needs a person")),
        (_, Handler::People, Some(member)) => ("badge", t!("With {name}", name = member.name)),
    };
    view! { <span class=class><span>{words}</span></span> }.into_any()
}

/// A conversation.
fn entry(
    conversation: &Conversation,
    now: Timestamp,
    show: InboxFilter,
    after: Option<&str>,
    open: RwSignal<Option<String>>,
) -> AnyView {
    let id = conversation.id.to_string();
    let href = address(&id, show, after);
    let text = conversation.last_text.clone().unwrap_or_else(|| t!("Nothing said yet"));
    let last = match conversation.last_from {
        Some(Author::Assistant) => t!("Assistant: {text}", text),
        Some(Author::Agent) => t!("Team: {text}", text),
        _ => text,
    };
    let since = conversation.waiting_since.filter(|_| show == InboxFilter::Waiting);
    let at = since.unwrap_or(conversation.updated_at);
    let unsent = unsent::failed(&id)
        .then(|| view! { <span class="badge badge--attention"><span>{s!("Not sent")}</span></span> }.into_any());
    let current = move || (open.get().as_deref() == Some(&id)).then_some("page");
    view! {
        <li>
            <a class="talk" href=href aria-current=current>
                <span class="talk__name">{name_of(&conversation.contact)}</span>
                <time class="talk__time" datetime=at.to_string()>{say(&at.ago(now))}</time>
                <span class="talk__last">{last}</span>
                <span class="talk__badges">{badge(conversation)}{unsent}</span>
            </a>
        </li>
    }
    .into_any()
}

/// Where the list is empty, though there are conversations.
fn nothing(show: InboxFilter) -> AnyView {
    let (title, text) = match show {
        InboxFilter::Waiting => (s!("Nobody waits"), s!("Who asks for a person stands here.")),
        InboxFilter::Mine => {
            (s!("Nothing of yours"), s!("Conversations that you take over stand here until they are resolved."))
        }
        InboxFilter::Open => (s!("All is settled"), s!("A new message opens a conversation, or opens it again.")),
        InboxFilter::Resolved => {
            (s!("Nothing is resolved yet"), s!("What has been settled stands here, to be looked up."))
        }
    };
    view! { <div class="inbox__empty"><h2>{title}</h2><p>{text}</p></div> }.into_any()
}

/// Instead of a list, as long as there has never been anybody.
fn nobody_yet(address: &str, widget: WidgetId) -> AnyView {
    view! {
        <div class="empty inbox__first">
            <div class="empty__text">
                <h2>{s!("Nobody has written yet")}</h2>
                <p>{s!("Put this line on your pages, and a button for questions appears there. The assistant answers from your documents; who asks for a person waits for you here.")}</p>
                <p><a href=demo(widget)>{s!("Try it on a page that has it")}</a></p>
            </div>
            {snippet(address, widget)}
        </div>
    }
    .into_any()
}
