//! What members see: hydrated in the browser, complete without it.

pub mod api_keys;
mod home;
pub mod inbox;
pub mod knowledge;
mod lazy;
mod members;
mod navigation;

use crate::api::{ApiError, Asked, session};
use crate::site::SkipLink;
use crate::ui::Title;
use api_keys::ApiKeys;
use home::Home;
use inbox::Inbox;
use knowledge::Knowledge;
use lazy::lazy;
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::path;
use members::Members;
use model::identity::CurrentSession;
use navigation::Navigation;
use serde::{Deserialize, Serialize};

/// The session of everything below; one question to the server for all of it.
#[derive(Clone, Copy)]
pub(crate) struct SessionResource(pub Asked<Option<CurrentSession>>);

/// What the server knows from the request and its settings, and the browser is told with the page.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Given {
    /// The look that was chosen.
    pub theme: String,
    /// Where this installation is, as the outside sees it, without a slash at the end.
    pub address: String,
}

impl Given {
    #[cfg(feature = "ssr")]
    fn of_this_request() -> Self {
        let page = crate::api::context::page();
        Self { theme: page.theme.name().to_owned(), address: page.address }
    }

    /// Only asked when the page did not come from the server, which cannot be.
    #[cfg(not(feature = "ssr"))]
    fn of_this_request() -> Self {
        Self::default()
    }
}

/// The dashboard.
#[component]
pub fn Dashboard() -> impl IntoView {
    provide_meta_context();
    let session = Asked::first(session::current);
    provide_context(SessionResource(session));
    // Values for the browser are numbered in the order in which they are made, so none may be made after a wait.
    provide_context(SharedValue::new(Given::of_this_request).into_inner());
    view! {
        <SkipLink/>
        <Router>
            <Navigation/>
            <main class="page" id="main" tabindex="-1">
                <FlatRoutes fallback=NotHere>
                    <Route path=path!("/dashboard") view=lazy!(home, Home)/>
                    <Route path=path!("/dashboard/inbox/:conversation?") view=lazy!(inbox, Inbox)/>
                    <Route path=path!("/dashboard/knowledge") view=lazy!(knowledge, Knowledge)/>
                    <Route path=path!("/dashboard/members") view=lazy!(members, Members)/>
                    <Route path=path!("/dashboard/api-keys") view=lazy!(api_keys, ApiKeys)/>
                </FlatRoutes>
            </main>
        </Router>
    }
}

/// An address of the dashboard that leads nowhere.
#[component]
fn NotHere() -> impl IntoView {
    view! {
        <Title text=format!("{NOTHING} · Samtal")/>
        <NothingHere/>
    }
}

const NOTHING: &str = "There is nothing here";

/// What stands there instead of a page, or of a part of one.
#[component]
fn NothingHere() -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::api::context::set_status(404);
    view! {
        <header class="page__head">
            <h1>{NOTHING}</h1>
            <p>"It may have been removed, or the address is not quite right."</p>
        </header>
        <p class="actions"><a class="button button--primary" href="/dashboard">"To the home page"</a></p>
    }
}

/// What stands where something could not be loaded.
#[component]
pub(crate) fn LoadError(
    /// Why.
    error: ApiError,
) -> impl IntoView {
    let signed_out = error.0.status == 401;
    view! {
        <div class="notice notice--attention" role="alert">
            <h2 class="notice__title">{error.0.title.clone()}</h2>
            <p>{error.0.detail.clone()}</p>
            {signed_out.then(|| view! { <p><a href="/login" rel="external">"Sign in"</a></p> })}
            {error.0.request_id.clone().map(|id| view! { <p>"Request "<code>{id}</code></p> })}
        </div>
    }
}
