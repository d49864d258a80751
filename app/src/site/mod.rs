//! Pages without WASM: the landing page, sign-in and sign-up, errors.

mod demo;
pub mod error_page;
mod landing;

use crate::auth::{ChooseWorkspace, SignIn, SignUp};
pub use demo::DemoWidget;

use demo::Demo;
use error_page::NotFound;
use landing::Landing;
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::path;

/// The site.
#[component]
pub fn Site() -> impl IntoView {
    provide_meta_context();
    view! {
        <SkipLink/>
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/") view=Landing/>
                <Route path=path!("/login") view=SignIn/>
                <Route path=path!("/login/workspace") view=ChooseWorkspace/>
                <Route path=path!("/signup") view=SignUp/>
                <Route path=path!("/demo") view=Demo/>
            </Routes>
        </Router>
    }
}

/// The first thing that the Tab key reaches. `external` keeps the router's hands off: the browser moves the focus.
#[component]
pub(crate) fn SkipLink() -> impl IntoView {
    view! { <a class="skip-link" href="#main" rel="external">"Skip to the content"</a> }
}
