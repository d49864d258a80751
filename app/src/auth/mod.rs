//! Sign-in, its steps, and sign-up: plain forms, shown again with what was typed when something is wrong.

mod code;
mod factor;
mod join;
mod letters;
mod passkey;
mod providers;
mod sign_in;
mod sign_up;
mod workspace;

pub use code::give_code;
pub use factor::{codes_once, set_up_factor};
pub use join::{Invited, join};
pub use letters::{
    Kept, Sent, ask_reset, choose_password, confirm, confirm_address, link_over, no_letters, outbox, sent,
};
pub use passkey::{Asked, sign_in_by_passkey};
pub use providers::{Newcomer, ask_provider, company_sign_in, leaving, link_account, newcomer};
pub use sign_in::sign_in;
pub use sign_up::sign_up;
pub use workspace::choose_workspace;

use crate::say::say;
use crate::shell::{Page, Surface};
use crate::site::SkipLink;
use crate::ui::{Brand, Languages};
use leptos::prelude::*;
use model::Problem;
use model::identity::Workspace;

/// What a form was sent with and what is wrong with it. Empty when it is shown for the first time. Never holds a
/// password.
#[derive(Debug, Clone, Default)]
pub struct FormState {
    values: Vec<(&'static str, String)>,
    /// Where whoever signs in may work, when they are asked.
    workspaces: Vec<Workspace>,
    /// What went wrong.
    pub problem: Option<Problem>,
    /// The providers by whose word one signs in: name in addresses, and what people call it.
    pub ways: Vec<(String, String)>,
    /// Whether passkeys open accounts here.
    pub passkeys: bool,
    /// The passkey that is asked for besides.
    pub asked: Option<Asked>,
}

impl FormState {
    /// What was typed, by field.
    pub fn new<const N: usize>(values: [(&'static str, &String); N]) -> Self {
        let values = values.into_iter().map(|(name, value)| (name, value.clone())).collect();
        Self { values, ..Self::default() }
    }

    /// The same, with what may be chosen.
    pub fn with(self, workspaces: Vec<Workspace>) -> Self {
        Self { workspaces, ..self }
    }

    /// The same, with providers by whose word one signs in, and whether passkeys are another way.
    pub fn offering(self, (ways, passkeys): (Vec<(String, String)>, bool)) -> Self {
        Self { ways, passkeys, ..self }
    }

    /// The same, asking for a passkey besides.
    pub fn asking(self, asked: Option<Asked>) -> Self {
        Self { asked, ..self }
    }

    fn value(&self, name: &str) -> String {
        self.values.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone()).unwrap_or_default()
    }

    fn error(&self, name: &str) -> Option<String> {
        self.problem.as_ref().and_then(|p| p.field(name)).map(say)
    }
}

/// Where a sign-in leads, as it stands in an address. `next` is a path, of the characters that may stand in one.
pub fn leads_to(next: &str) -> String {
    format!("?next={}", next.replace('%', "%25").replace('&', "%26").replace('#', "%23").replace('+', "%2B"))
}

/// The page of a form; its title says when something is wrong.
fn page(title: impl Into<String>, wrong: bool, body: impl IntoView + 'static) -> Page {
    let title = title.into();
    let title = if wrong { t!("Error: {title}", title) } else { title };
    Page::new(format!("{title} · Samtal"), Surface::Auth, view! { <SkipLink/>{body} })
}

/// The way back to the form that signs in, at its further steps.
fn somebody_else() -> AnyView {
    rich!("Somebody else? {link}", link = view! { <a href="/login">{t!("Sign in")}</a> })
}

/// The page around either form.
#[component]
fn AuthPage(
    /// What stands at the top right: the way to the other form.
    other: AnyView,
    /// The words beside the form.
    aside: AnyView,
    /// The form.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="auth">
            <header class="auth__head"><Brand/><p>{other}</p></header>
            <main class="auth__main" id="main" tabindex="-1"><div>{children()}</div></main>
            <aside class="auth__aside" aria-label=t!("About Samtal")>
                <dl class="entry-word">
                    <dt lang="sv">"sam"<span>"·"</span>"tal"</dt>
                    <dd>{t!("noun, Swedish")}</dd>
                    <dd>
                        {rich!(
                            "A talk between people. {thanks}: thank you for the talk.",
                            thanks = view! { <b lang="sv">"Tack för samtalet"</b> } // lint:allow(said) it is Swedish
                        )}
                    </dd>
                </dl>
                {aside}
                <Languages/>
            </aside>
        </div>
    }
}
