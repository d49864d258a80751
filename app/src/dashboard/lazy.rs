//! Pages whose code the browser loads when they are gone to, each from a chunk of its own (`lazy!`).
//!
//! A chunk that does not come (no network, a newer version has been installed) never leaves a dead page: going there loads
//! the whole page from the server, and a page that the server has just rendered stays as it works without WASM.

use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;
use leptos_router::ChooseView;
use leptos_router::hooks::use_url;
use std::future::{Future, pending};
use std::pin::Pin;
use web_sys::Event;
use web_sys::wasm_bindgen::{JsCast as _, closure::Closure};

/// The view of a route whose page is in the chunk of that name. Pages with the same name share a chunk.
macro_rules! lazy {
    ($chunk:ident, $page:path) => {{
        #[leptos::wasm_split::wasm_split($chunk, wasm_split_path = leptos::wasm_split, fallible)]
        fn page() -> Result<AnyView, leptos::wasm_split::SplitLoaderError> {
            Ok($page().into_any())
        }
        $crate::dashboard::lazy::LazyPage { chunk: stringify!($chunk), load: || Box::pin(page()) }
    }};
}
pub(super) use lazy;

/// A page on its way.
type Loading = Pin<Box<dyn Future<Output = Result<AnyView, SplitLoaderError>>>>;

/// Made by `lazy!`.
#[derive(Clone, Copy)]
pub(super) struct LazyPage {
    /// The chunk's name, by which the server finds its files.
    #[cfg_attr(not(feature = "ssr"), expect(dead_code, reason = "the browser's loader knows its files"))]
    pub chunk: &'static str,
    /// Loads the chunk, unless it is there, and makes the view.
    pub load: fn() -> Loading,
}

impl ChooseView for LazyPage {
    async fn choose(self) -> AnyView {
        #[cfg(feature = "ssr")]
        crate::api::context::preload("dashboard", self.chunk);
        match (self.load)().await {
            Ok(page) => page,
            Err(_) => {
                leave_it_to_the_browser();
                // What is on the screen stays there until the whole page comes.
                pending().await
            }
        }
    }

    async fn preload(&self) {}
}

/// Goes on without the router.
fn leave_it_to_the_browser() {
    if Owner::current_shared_context().is_some_and(|context| context.during_hydration()) {
        // Loading this page again could fail again, for ever. The router hears no more clicks, so links load pages.
        let quiet = Closure::<dyn Fn(Event)>::new(|event: Event| event.stop_immediate_propagation());
        let _ = window().add_event_listener_with_callback_and_bool("click", quiet.as_ref().unchecked_ref(), true);
        quiet.forget();
    } else {
        let url = use_url().get_untracked();
        // Without what follows `#`, which the browser would only scroll to.
        let _ = window().location().assign(&format!("{}{}", url.path(), url.search_params().to_query_string()));
    }
}
