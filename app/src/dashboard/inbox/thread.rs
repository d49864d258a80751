//! The open conversation: who it is with, what was said, and where one answers.

use super::list::badge;
use super::talk::Talk;
use super::{HERE, address, name_of, unsent};
use crate::say::{kept, say, sentence};
use crate::ui::{Icon, Shape, TextArea, anew, linked, live};
use leptos::ev::{KeyboardEvent, MouseEvent, SubmitEvent};
use leptos::prelude::*;
use model::Timestamp;
use model::conversation::{Author, Event, InboxFilter, Message, Step};
use model::knowledge::{Citation, Outcome};
use web_sys::js_sys::Date;
use words::noted;

/// The steps: what their buttons say, what else where there is room, and how they look.
const STEPS: [(Step, &str, &str, &str); 3] = [
    (Step::HandBack, noted!("Hand back"), noted!(" to the assistant"), "button button--small"),
    (Step::Resolve, noted!("Resolve"), "", "button button--small"),
    (Step::TakeOver, noted!("Take over"), "", "button button--small button--primary"),
];

/// The conversation that has begun.
pub(super) fn pane(talk: Talk, show: RwSignal<InboxFilter>, after: RwSignal<Option<String>>) -> AnyView {
    let here = move |id: &str| address(id, show.get_untracked(), after.get_untracked().as_deref());
    let Some(conversation) = talk.conversation.get_untracked() else { return ().into_any() };
    let id = conversation.id.to_string();
    let name = name_of(&conversation.contact);
    let action = {
        let id = id.clone();
        move |what: &str| format!("{HERE}/{id}/{what}?show={}", show.get_untracked().name())
    };
    let step = |(step, label, more, class): (Step, &'static str, &'static str, &'static str)| {
        let submit = move |event: SubmitEvent| {
            event.prevent_default();
            talk.handle(step);
        };
        // The second press of a double one was meant for what the first has done.
        let once = |event: MouseEvent| {
            if event.detail() > 1 {
                event.prevent_default();
            }
        };
        view! {
            <form method="post" action=action(step.name()) on:submit=submit class=move || if talk.may(step) { "" } else { "thread__gone" }>
                <button class=class type="submit" on:click=once><span>{sentence(label)}<span class="thread__long">{sentence(more)}</span></span></button>
            </form>
        }
        .into_any()
    };
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        talk.say();
    };
    let key = move |event: KeyboardEvent| {
        // (229: an input method takes the key for itself; Safari says so of the one that ends a composition, too.)
        if event.key() == "Enter" && !event.shift_key() && event.key_code() != 229 {
            event.prevent_default();
            talk.say();
        }
    };
    let from = name.clone();
    let visitor = name.clone();
    view! {
        <section class="thread" aria-labelledby="with">
            <header class="thread__head" translate="no">
                <a class="thread__back button button--plain button--square" href=here("")>
                    <Icon shape=Shape::Back/><span class="visually-hidden">{s!("All conversations")}</span>
                </a>
                <div class="thread__who">
                    <h2 id="with">{name}</h2>
                    {live(move || talk.conversation.get().map(|c| badge(&c)).into_any())}
                    {conversation.contact.email.clone().map(|email| view! { <span class="thread__email">{email}</span> }.into_any())}
                </div>
                <div class="thread__steps">{STEPS.into_iter().map(step).collect_view()}</div>
            </header>
            <div class="thread__log" role="log" aria-label=s!("Messages") aria-live="polite" tabindex="0" node_ref=talk.log on:scroll=move |_| talk.scrolled()>
                <div class="thread__lines">
                    {live(move || talk.earlier.get().map(|before| earlier(talk, &here(&id), &before)).into_any())}
                    <ol class="said-list" role="list">
                        {live(move || lines(talk, &visitor))}
                        {live(move || unsent_lines(talk))}
                    </ol>
                </div>
            </div>
            <div class="thread__foot" translate="no">
                {live(move || talk.unseen.get().then(|| view! {
                    <button class="button button--small thread__new" type="button" on:click=move |_| talk.to_the_end()>{s!("New messages")}</button>
                }.into_any()).into_any())}
                <p class="thread__writing" id="writing">{live(move || talk.writing.get().into_any())}</p>
                <form class="composer" method="post" action=action("messages") on:submit=send on:keydown=key on:input=move |_| talk.types()>
                    <input type="hidden" name="client_id" value=talk.draft.get_untracked()/>
                    <TextArea
                        name="text"
                        label=s!("Your message")
                        value=talk.typed.try_update_value(std::mem::take).unwrap_or_default()
                        node_ref=talk.field
                        closed=talk.closed
                        error=talk.refused
                    />
                    <button
                        class="button button--primary"
                        type="submit"
                        disabled=move || talk.closed.get().is_some()
                        title=t!("Enter sends to {name}, Shift and Enter make a new line", name = from)
                    >
                        {s!("Send")}
                    </button>
                </form>
            </div>
        </section>
    }
    .into_any()
}

/// The way to what was said before: a link, and with WASM it only adds.
fn earlier(talk: Talk, here: &str, before: &str) -> AnyView {
    let href = format!("{here}&before={before}");
    let more = move |event: MouseEvent| {
        event.prevent_default();
        talk.more();
    };
    view! { <p class="thread__earlier"><a class="button button--small" href=href on:click=more>{s!("Earlier messages")}</a></p> }
        .into_any()
}

/// An instant on the reader's clock; on the server, which does not know it, UTC.
fn on_the_clock(at: Timestamp, local: bool) -> Timestamp {
    if !local {
        return at;
    }
    let minutes = Date::new(&(at.millis() as f64).into()).get_timezone_offset();
    Timestamp::from_millis(at.millis() - (minutes * 60_000.0) as i64)
}

/// What was said, with the day where a new one begins. What has not changed stays in the page as it is.
fn lines(talk: Talk, visitor: &str) -> AnyView {
    let local = talk.local.get();
    let mut before = String::new();
    let line = |message: Message| {
        let day = say(&on_the_clock(message.created_at, local).day());
        let new = (day != before).then(|| day.clone());
        before = day;
        said(message, new, local, visitor)
    };
    let lines = talk.messages.get().into_iter().map(line).collect_view().into_any();
    anew(talk.turned.get_value(), lines)
}

fn said(message: Message, day: Option<String>, local: bool, visitor: &str) -> AnyView {
    let Message { from, name, text, event, refused, outcome, citations, created_at, .. } = message;
    let (class, who) = match from {
        Author::Contact => ("said said--contact", visitor.to_owned()),
        Author::Assistant => ("said said--assistant", t!("Assistant")),
        Author::Agent => ("said said--agent", name.clone().unwrap_or_else(|| t!("Team"))),
        Author::System => ("said said--event", String::new()),
    };
    let time = on_the_clock(created_at, local).time();
    let time = view! { <time datetime=created_at.to_string()>{time}</time> }.into_any();
    let what = if from == Author::System {
        let text = match (event, name) {
            (Some(Event::TakenOver), Some(name)) => t!("{name} has joined the conversation.", name),
            // Of nothing else that happens there is a name.
            (_, Some(team)) => t!("A person of the team {team} has been asked to join.", team),
            _ => kept(text),
        };
        view! { <p class="said__event">{text}" "{time}</p> }.into_any()
    } else {
        let number = citations.len();
        let nearest = outcome == Some(Outcome::Passages);
        let quotes = citations.into_iter().map(source).collect_view().into_any();
        let sources = if nearest || number == 0 {
            quotes
        } else {
            view! {
                <details class="said__sources">
                    <summary>{t!("{n} source", "{n} sources", n = number)}</summary>
                    {quotes}
                </details>
            }
            .into_any()
        };
        let note = if nearest { s!("Nearest passages") } else { s!("No answer was found in the documents.") };
        let note = (nearest || refused).then(|| view! { <p class="said__note">{note}</p> }.into_any());
        view! {
            <p class="said__who"><strong>{who}</strong>" "{time}</p>
            <p class="said__text">{linked(&text)}</p>
            {note}
            {sources}
        }
        .into_any()
    };
    view! {
        <li class=class>
            {day.map(|day| view! { <p class="said__day">{day}</p> }.into_any())}
            {what}
        </li>
    }
    .into_any()
}

/// What is not kept yet.
fn unsent_lines(talk: Talk) -> AnyView {
    let Some(id) = talk.conversation.with(|c| c.as_ref().map(|c| c.id.to_string())) else { return ().into_any() };
    let line = |message: unsent::Unsent| {
        let note = match message.problem {
            None => view! { <p class="said__note">{s!("Sending…")}</p> }.into_any(),
            Some(problem) => {
                let id = message.id.clone();
                let again = move |_| talk.again(&id);
                let back = move |_| talk.take_back(&message.id);
                view! {
                    <p class="said__failed" role="alert">{s!("Not sent.")}" "{problem}</p>
                    <p class="said__ways">
                        <button class="button button--small" type="button" on:click=again>{s!("Send again")}</button>
                        <button class="button button--small" type="button" on:click=back>{s!("Edit")}</button>
                    </p>
                }
                .into_any()
            }
        };
        view! { <li class="said said--unsent" translate="no"><p class="said__text">{message.text}</p>{note}</li> }
            .into_any()
    };
    unsent::of(&id).into_iter().map(line).collect_view().into_any()
}

fn source(citation: Citation) -> AnyView {
    view! {
        <figure class="source">
            <blockquote>{citation.quote}</blockquote>
            <figcaption><cite>{citation.title}</cite></figcaption>
        </figure>
    }
    .into_any()
}
