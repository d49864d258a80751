//! The first page: the workspace, what to do next, who is in it, what has a key.

use super::api_keys::{KeyList, KeySection, key_list};
use super::inbox::{demo, snippet};
use super::members::MemberTable;
use super::{LoadError, SessionResource};
use crate::api::{Asked, conversations};
use crate::ui::{Title, later, renewed};
use leptos::prelude::*;
use model::conversation::WidgetInstall;
use model::identity::CurrentSession;

/// The way in from the company's own pages.
type Install = Asked<WidgetInstall>;

/// The page.
#[component]
pub(super) fn Home() -> impl IntoView {
    let SessionResource(session) = expect_context();
    let keys = key_list();
    let install_snippet: Install = Asked::new(conversations::install_snippet);
    view! {
        <Title text="Home · Samtal"/>
        {later(4, move || async move {
            match session.await {
                Ok(Some(session)) => view! { <Facts session=session/> }.into_any(),
                Ok(None) => ().into_any(),
                Err(error) => view! { <LoadError error=error/> }.into_any(),
            }
        })}
        <NextSteps keys=keys install_snippet=install_snippet/>
        <section class="section" aria-labelledby="members">
            <div class="section__head">
                <div class="section__text"><h2 id="members">"Members"</h2><p>"People who can sign in to this workspace."</p></div>
            </div>
            <MemberTable/>
        </section>
        <KeySection keys=keys/>
    }
}

#[component]
fn Facts(session: CurrentSession) -> impl IntoView {
    let CurrentSession { tenant, member } = session;
    let first = member.name.split_whitespace().next().unwrap_or_default().to_owned();
    view! {
        <header class="page__head">
            <h1>"Welcome, "{first}</h1>
            <p>"This is the workspace of "{tenant.name.clone()}"."</p>
        </header>
        <dl class="facts">
            <div><dt>"Company"</dt><dd>{tenant.name.clone()}</dd></div>
            <div><dt>"Created"</dt><dd><time datetime=tenant.created_at.to_string()>{tenant.created_at.day()}</time></dd></div>
            <div><dt>"Workspace id"</dt><dd><code>{tenant.id.to_string()}</code></dd></div>
        </dl>
    }
}

/// What to do first, and what is done already.
#[component]
fn NextSteps(keys: KeyList, install_snippet: Install) -> impl IntoView {
    view! {
        <section class="section" aria-labelledby="next">
            <div class="section__head"><div class="section__text"><h2 id="next">"Next steps"</h2></div></div>
            {renewed(3, move || async move {
                let (keys, install_snippet) = (keys.await.unwrap_or_default(), install_snippet.await.ok());
                let (made, called) = (!keys.is_empty(), keys.iter().any(|key| key.last_used_at.is_some()));
                view! {
                    <ol class="steps" role="list">
                        {step(true, "Create the workspace", None)}
                        {install_snippet.map(install)}
                        {step(made, "Make an API key", Some(MAKE_KEY))}
                        {step(called, "Make a first call", Some(FIRST_CALL))}
                    </ol>
                }
                .into_any()
            })}
        </section>
    }
}

/// What a step is good for, where it is taken, and what the link says.
type Way = (&'static str, &'static str, &'static str);
const MAKE_KEY: Way = ("Your own programs can then read what you see here.", "/dashboard/api-keys", "To the keys");
const FIRST_CALL: Way =
    ("The description of the interface is made from the code, so it is never behind.", "/api/openapi.json", "Read it");

/// The step that brings the first contact. The line stays at hand when it is done: there may be more pages.
fn install(install_snippet: WidgetInstall) -> impl IntoView {
    let class = install_snippet.used.then_some("steps__done");
    view! {
        <li class=class>
            {mark(install_snippet.used)}
            <div>
                <h3>"Put the assistant on your pages"</h3>
                <details class="more" open=!install_snippet.used>
                    <summary>"One line, and a button for questions appears"</summary>
                    {snippet(install_snippet.widget)}
                </details>
            </div>
            <a class="button button--small" href=demo(install_snippet.widget) rel="external">"See it on a page"</a>
        </li>
    }
}

/// Whether a step is done.
fn mark(done: bool) -> impl IntoView {
    view! {
        <span class="steps__mark">
            {done.then(|| view! {
                <svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="m4.5 10.5 3.5 3.5 7.5-8"/></svg>
                <span class="visually-hidden">"Done:"</span>
            })}
        </span>
    }
}

/// One step; how to take it is only shown until it is done.
fn step(done: bool, title: &'static str, way: Option<Way>) -> impl IntoView {
    let (text, link) = way
        .filter(|_| !done)
        .map(|(text, href, label)| {
            // Only pages of the dashboard are the router's.
            let external = (!href.starts_with("/dashboard")).then_some("external");
            (view! { <p>{text}</p> }, view! { <a class="button button--small" href=href rel=external>{label}</a> })
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
