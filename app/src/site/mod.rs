//! Pages without an island: the landing page, the demo's shop, the description of the interface, the guide, errors.

mod api_docs;
mod demo;
mod error_page;
mod guide;
mod landing;

pub use api_docs::{Body, Call, Parameter, api_docs};
pub use demo::demo;
pub use error_page::error;
pub use guide::{Block, Piece, guide};
pub use landing::landing;

use leptos::prelude::*;

/// The first thing that the Tab key reaches.
#[component]
pub(crate) fn SkipLink() -> impl IntoView {
    view! { <a class="skip-link" href="#main">{t!("Skip to the content")}</a> }
}
