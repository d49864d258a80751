//! The first page: what needs somebody today, and what to do first in a new workspace.

use super::inbox::{self, name_of};
use super::{Frame, demo, snippet};
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::CopyButton;
use leptos::prelude::*;
use model::Timestamp;
use model::conversation::{Conversation, InboxFilter, InboxView, WidgetInstall};
use model::identity::CurrentSession;
use model::knowledge::{Document, DocumentState};
use model::llm::Model;
use model::permission::Permission;
use words::{Text, noted};

/// Lines of a list; the rest stands on its page.
const MOST: usize = 5;

/// What the page shows.
pub struct Today {
    /// Now.
    pub now: Timestamp,
    /// Who waits for a person, for who may see that.
    pub waiting: Option<InboxView>,
    /// What the member has taken over, likewise.
    pub mine: Option<InboxView>,
    /// The documents, likewise.
    pub documents: Vec<Document>,
    /// The models, likewise.
    pub models: Vec<Model>,
    /// The way in from the company's own pages.
    pub install: WidgetInstall,
    /// Whether there is a key, and whether one was ever used.
    pub keys: (bool, bool),
}

/// The page.
pub fn home(frame: &Frame, today: Today) -> Page {
    let Today { now, waiting, mine, documents, models, install, keys } = today;
    let reads = waiting.is_some();
    let [waiting, mine] = [waiting, mine].map(|list| list.map(|list| list.data).unwrap_or_default());
    let may = frame.session.member.permissions;
    // For who sets the workspace up.
    let sets_up = may.has(Permission::ManageDocuments) && may.has(Permission::ManageKeys);
    let failed: Vec<_> = documents.iter().filter(|document| document.state == DocumentState::Failed).collect();
    let (reading, silent) = (reading(&documents), silent(&models, now));
    let quiet = reads && waiting.is_empty() && mine.is_empty() && failed.is_empty() && silent.is_none();
    let main = view! {
        {greeting(&frame.session)}
        {quiet.then(|| view! { <p class="needs__quiet">{t!("Nobody waits for a person, and nothing is yours to answer.")}</p> })}
        {conversations("waiting", t!("Waiting for a person"), InboxFilter::Waiting, &waiting, now)}
        {conversations("mine", t!("Yours to answer"), InboxFilter::Mine, &mine, now)}
        {silent}
        {unreadable(&failed)}
        {(reading > 0).then(|| {
            let words = t!("{n} document is being read.", "{n} documents are being read.", n = reading);
            view! { <p class="needs__quiet">{words}" "<a href="/dashboard/knowledge">{t!("To the documents")}</a></p> }
        })}
        {sets_up.then(|| next_steps(frame, install, !documents.is_empty(), keys))}
        {facts(&frame.session)}
    };
    frame.page("/dashboard", t!("Home"), Surface::Dashboard, main)
}

fn greeting(session: &CurrentSession) -> AnyView {
    let first = session.member.name.split_whitespace().next().unwrap_or_default();
    view! {
        <header class="page__head">
            <h1>{t!("Welcome, {first}", first)}</h1>
            <p>{t!("What needs somebody at {company} today.", company = session.tenant.name)}</p>
        </header>
    }
    .into_any()
}

/// The first conversations of a list of the inbox, if there are any.
fn conversations(
    id: &'static str,
    title: String,
    show: InboxFilter,
    found: &[Conversation],
    now: Timestamp,
) -> Option<AnyView> {
    let line = |conversation: &Conversation| {
        let at = conversation.waiting_since.filter(|_| show == InboxFilter::Waiting).unwrap_or(conversation.updated_at);
        let said = conversation.last_text.clone().unwrap_or_else(|| t!("Nothing said yet"));
        view! {
            <li>
                <a class="needs__line" href=inbox::address(&conversation.id.to_string(), show, None)>
                    <strong>{name_of(&conversation.contact)}</strong>
                    <time datetime=at.to_string()>{say(&at.ago(now))}</time>
                    <span>{said}</span>
                </a>
            </li>
        }
    };
    let all = if found.len() > MOST { t!("See all") } else { t!("To the inbox") };
    (!found.is_empty()).then(|| {
        view! {
            <section class="section" aria-labelledby=id>
                <div class="section__head">
                    <div class="section__text"><h2 id=id>{title}</h2></div>
                    <a class="button button--small" href=inbox::address("", show, None)>{all}</a>
                </div>
                <ul class="needs" role="list">{found.iter().take(MOST).map(line).collect_view()}</ul>
            </section>
        }
        .into_any()
    })
}

/// How many are waiting to be read, or being read.
fn reading(documents: &[Document]) -> usize {
    let coming = |d: &&Document| matches!(d.state, DocumentState::Queued | DocumentState::Processing);
    documents.iter().filter(coming).count()
}

/// Documents that the assistant cannot answer from.
fn unreadable(failed: &[&Document]) -> Option<AnyView> {
    let line = |document: &&Document| {
        let why = document.error.clone().map(|why| say(&Text::kept(why)));
        view! {
            <li>
                <a class="needs__line" href="/dashboard/knowledge"><strong>{document.title.clone()}</strong><span>{why}</span></a>
            </li>
        }
    };
    (!failed.is_empty()).then(|| {
        view! {
            <section class="section" aria-labelledby="unreadable">
                <div class="section__head">
                    <div class="section__text"><h2 id="unreadable">{t!("Could not be read")}</h2></div>
                    <a class="button button--small" href="/dashboard/knowledge">{t!("To the documents")}</a>
                </div>
                <ul class="needs" role="list">{failed.iter().take(MOST).map(line).collect_view()}</ul>
            </section>
        }
        .into_any()
    })
}

/// Models that did not answer when they were asked last: visitors get what the next one says, or quotes.
fn silent(models: &[Model], now: Timestamp) -> Option<AnyView> {
    let line = |model: &Model| {
        let (fault, since) = model.silent()?;
        let view = view! {
            <li>
                <a class="needs__line" href=format!("/dashboard/assistant#model-{}", model.id)>
                    <strong>{model.name.clone()}</strong>
                    <time datetime=since.to_string()>{say(&since.ago(now))}</time>
                    <span>{say(&fault.words())}</span>
                </a>
            </li>
        };
        Some(view)
    };
    let lines: Vec<_> = models.iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| {
        view! {
            <section class="section" aria-labelledby="silent">
                <div class="section__head">
                    <div class="section__text"><h2 id="silent">{t!("Models that do not answer")}</h2></div>
                    <a class="button button--small" href="/dashboard/assistant">{t!("To the assistant")}</a>
                </div>
                <ul class="needs" role="list">{lines}</ul>
            </section>
        }
        .into_any()
    })
}

fn facts(session: &CurrentSession) -> AnyView {
    let tenant = &session.tenant;
    view! {
        <dl class="facts">
            <div><dt>{t!("Company")}</dt><dd>{tenant.name.clone()}</dd></div>
            <div><dt>{t!("Created")}</dt><dd><time datetime=tenant.created_at.to_string()>{say(&tenant.created_at.day())}</time></dd></div>
            <div><dt>{t!("Workspace id")}</dt><dd><code>{tenant.id.to_string()}</code></dd></div>
        </dl>
    }
    .into_any()
}

/// What to do first, and what is done already; once all of it is, the line for other pages.
fn next_steps(frame: &Frame, way_in: WidgetInstall, taught: bool, (made, called): (bool, bool)) -> AnyView {
    if taught && way_in.used && made && called {
        view! {
            <section class="section" aria-labelledby="line">
                <div class="section__head">
                    <div class="section__text"><h2 id="line">{t!("On your pages")}</h2></div>
                    <a class="button button--small" href=demo(way_in.widget)>{t!("See it on a page")}</a>
                </div>
                {snippet(&frame.address, way_in.widget)}
                <CopyButton/>
            </section>
        }
        .into_any()
    } else {
        view! {
            <section class="section" aria-labelledby="next">
                <div class="section__head"><div class="section__text"><h2 id="next">{t!("Next steps")}</h2></div></div>
                <ol class="steps" role="list">
                    {step(taught, t!("Add documents"), Some(TEACH))}
                    {install(way_in, &frame.address)}
                    {step(made, t!("Make an API key"), Some(MAKE_KEY))}
                    {step(called, t!("Make a first call"), Some(FIRST_CALL))}
                </ol>
            </section>
        }
        .into_any()
    }
}

/// What a step is good for, where it is taken, and what the link says.
type Way = (&'static str, &'static str, &'static str);
const TEACH: Way = (
    noted!("The assistant answers from them. A page for what people ask most is enough to begin with."),
    "/dashboard/knowledge",
    noted!("To the documents"),
);
const MAKE_KEY: Way =
    (noted!("Your own programs can then read what you see here."), "/dashboard/api-keys", noted!("To the keys"));
const FIRST_CALL: Way = (
    noted!("The description of the interface is made from the code, so it is never behind."),
    "/api/docs",
    noted!("Read it"),
);

/// The step that brings the first contact. The line stays at hand when it is done: there may be more pages.
fn install(way_in: WidgetInstall, address: &str) -> impl IntoView {
    let class = way_in.used.then_some("steps__done");
    view! {
        <li class=class>
            {mark(way_in.used)}
            <div>
                <h3>{t!("Put the assistant on your pages")}</h3>
                <details class="more" open=!way_in.used>
                    <summary>{t!("One line, and a button for questions appears")}</summary>
                    {snippet(address, way_in.widget)}
                    <CopyButton/>
                </details>
            </div>
            <a class="button button--small" href=demo(way_in.widget)>{t!("See it on a page")}</a>
        </li>
    }
}

/// Whether a step is done.
fn mark(done: bool) -> impl IntoView {
    view! {
        <span class="steps__mark">
            {done.then(|| view! {
                <svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="m4.5 10.5 3.5 3.5 7.5-8"/></svg>
                <span class="visually-hidden">{t!("Done:")}</span>
            })}
        </span>
    }
}

/// One step; how to take it is only shown until it is done.
fn step(done: bool, title: String, way: Option<Way>) -> impl IntoView {
    let (text, link) = way
        .filter(|_| !done)
        .map(|(text, href, label)| {
            let (text, label) = (say(&Text::of(text)), say(&Text::of(label)));
            (view! { <p>{text}</p> }, view! { <a class="button button--small" href=href>{label}</a> })
        })
        .unzip();
    view! {
        <li class=done.then_some("steps__done")>
            {mark(done)}
            <div><h3>{title}</h3>{text}</div>
            {link}
        </li>
    }
}
