//! The first page: the workspace, what to do next, who is in it, what has a key.

use super::api_keys::KeySection;
use super::members::MemberTable;
use super::{LoadError, SessionResource};
use crate::ui::Skeleton;
use leptos::prelude::*;
use leptos_meta::Title;
use model::identity::CurrentSession;

/// The page.
#[component]
pub(super) fn Home() -> impl IntoView {
    let SessionResource(session) = expect_context();
    view! {
        <Title text="Home · Samtal"/>
        <Suspense fallback=|| view! { <Skeleton lines=4/> }>
            {move || Suspend::new(async move {
                match session.await {
                    Ok(Some(session)) => view! { <Facts session=session/> }.into_any(),
                    Ok(None) => ().into_any(),
                    Err(error) => view! { <LoadError error=error/> }.into_any(),
                }
            })}
        </Suspense>
        <section class="section" aria-labelledby="members">
            <div class="section__head">
                <div class="section__text"><h2 id="members">"Members"</h2><p>"People who can sign in to this workspace."</p></div>
            </div>
            <MemberTable/>
        </section>
        <KeySection/>
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
        <section class="section" aria-labelledby="next">
            <div class="section__head"><div class="section__text"><h2 id="next">"Next steps"</h2></div></div>
            <ol class="steps" role="list">
                <li class="steps__done">
                    <span class="steps__mark">
                        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="m4.5 10.5 3.5 3.5 7.5-8"/></svg>
                        <span class="visually-hidden">"Done:"</span>
                    </span>
                    <div><h3>"Create the workspace"</h3></div>
                </li>
                <li>
                    <span class="steps__mark"></span>
                    <div>
                        <h3>"Make an API key"</h3>
                        <p>"Your own programs can then read what you see here."</p>
                    </div>
                    <a class="button button--small" href="/dashboard/api-keys">"To the keys"</a>
                </li>
                <li>
                    <span class="steps__mark"></span>
                    <div>
                        <h3>"Make a first call"</h3>
                        <p>"The description of the interface is made from the code, so it is never behind."</p>
                    </div>
                    <a class="button button--small" href="/api/openapi.json" rel="external">"Read it"</a>
                </li>
            </ol>
        </section>
    }
}
