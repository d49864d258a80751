//! What members see: each page is a function from what it shows to a view, made on the server. What moves in it is an island.

pub mod account;
pub mod api_keys;
pub mod assistant;
pub mod audit_log;
pub mod company_sign_on;
pub mod facts;
pub mod home;
pub mod inbox;
pub mod knowledge;
pub mod meetings;
pub mod members;
mod navigation;
mod notices;
pub mod passkeys;
pub mod roles;
pub mod second_factor;
pub mod settings;
pub mod teams;
mod versions;
pub mod workspaces;

use crate::shell::{Page, Surface, Theme};
use crate::site::SkipLink;
use crate::ui::anchor;
use leptos::prelude::*;
use model::identity::CurrentSession;
use words::Language;

/// Who sees a page of the dashboard, and how.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Who is signed in, and where.
    pub session: CurrentSession,
    /// The look that was chosen.
    pub theme: Theme,
    /// The language that the page is in.
    pub language: Language,
    /// How many conversations wait for a person, up to 100; nothing for who sees none.
    pub waiting: Option<u32>,
    /// Where this installation is, as the outside sees it, without a slash at the end.
    pub address: String,
}

impl Frame {
    /// A page, with everything around it. `here` is the address that the navigation knows it by, and the guide; the product's name
    /// goes behind the title.
    fn page(&self, here: &str, title: impl Into<String>, surface: Surface, main: impl IntoView + 'static) -> Page {
        let guide = match here.strip_prefix("/dashboard") {
            Some("") => "/home",
            Some("/sign-on") => "/company-sign-on",
            Some(page) => page,
            None => "",
        };
        self.page_below((here, guide), title, surface, main)
    }

    /// One that the navigation knows by another one's address, with a page of the guide of its own.
    fn page_below(
        &self,
        (here, guide): (&str, &str),
        title: impl Into<String>,
        surface: Surface,
        main: impl IntoView + 'static,
    ) -> Page {
        let body = view! {
            <SkipLink/>
            {navigation::around(self, here, guide)}
            <main class="page" id="main" tabindex="-1">{main}</main>
        };
        let title = title.into() + " · Samtal";
        // The inbox counts in its own.
        let title = if matches!(surface, Surface::Inbox) { title } else { notices::title(self, title) };
        Page::new(title, surface, body)
    }
}

/// An address of the dashboard that leads nowhere.
pub fn nothing_here(frame: &Frame) -> Page {
    frame.page("", nothing(), Surface::Dashboard, view! { <NothingHere href="/dashboard" to=s!("To the home page")/> })
}

/// What is said where there is none.
fn nothing() -> String {
    t!("There is nothing here")
}

/// What stands there instead of a page, or of a part of one.
#[component]
fn NothingHere(
    /// Where one can go from here.
    href: &'static str,
    /// What that is called.
    to: &'static str,
) -> impl IntoView {
    view! {
        <header class="page__head">
            <h1>{nothing()}</h1>
            <p>{t!("It may have been removed, or the address is not quite right.")}</p>
        </header>
        <p class="actions">{anchor("button button--primary", href.to_owned(), to.into_any())}</p>
    }
}

/// The line for the company's own pages, to be copied. `address` is that of this installation.
fn snippet(address: &str, widget: model::WidgetId) -> AnyView {
    let line = format!("<script src=\"{address}/widget/v1/widget.js\" data-widget=\"{widget}\" async></script>"); // lint:allow(html-built) it is shown, as text
    view! {
        <figure class="code">
            <figcaption>{t!("Paste this before </body>")}</figcaption>
            <pre class="code__line"><code>{line}</code></pre>
        </figure>
    }
    .into_any()
}

/// A page that has it.
fn demo(widget: model::WidgetId) -> String {
    format!("/demo?widget={widget}")
}
