//! The sidebar, the bar on phones, and the profile menu. All of it works before WASM: popovers are the browser's own.

use super::{Given, SessionResource};
use crate::ui::{Avatar, Icon, Shape, later};
use leptos::prelude::*;
use leptos_router::{components::A, hooks::use_location};
use model::identity::{CurrentSession, Role};
use web_sys::{HtmlElement, wasm_bindgen::JsCast as _};

/// Pages of the workspace: path, name, icon. A page of the dashboard has its line here.
const WORKSPACE: [(&str, &str, Shape); 3] = [
    ("/dashboard/knowledge", "Knowledge", Shape::Book),
    ("/dashboard/members", "Members", Shape::People),
    ("/dashboard/api-keys", "API keys", Shape::Key),
];

/// Everything around the page.
#[component]
pub(super) fn Navigation() -> impl IntoView {
    let SessionResource(session) = expect_context();
    let location = use_location();
    // A link that loads no page leaves the menu open and the focus where it was; a page that is loaded does neither.
    Effect::new(move |before: Option<String>| {
        let now = location.pathname.get();
        if before.is_some_and(|before| before != now) {
            arrive();
        }
        now
    });
    view! {
        {later(0, move || async move {
            match session.await {
                Ok(Some(session)) => view! { <Frame session=session/> }.into_any(),
                _ => ().into_any(),
            }
        })}
    }
}

/// The looks that one may choose: value and name.
const THEMES: [(&str, &str); 3] = [("system", "System"), ("light", "Light"), ("dark", "Dark")];

/// Closes the menu and moves the focus to the page, so that it is read.
fn arrive() {
    let element = |id| document().get_element_by_id(id).and_then(|e| e.dyn_into::<HtmlElement>().ok());
    if let Some(menu) = element("sidebar") {
        // An error says that it was not open.
        let _ = menu.hide_popover();
    }
    if let Some(page) = element("main") {
        let _ = page.focus();
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Agent => "Agent",
    }
}

#[component]
fn Frame(session: CurrentSession) -> impl IntoView {
    let CurrentSession { tenant, member } = session;
    let role = role_name(member.role);
    let Given { theme, .. } = expect_context();
    view! {
        <header class="topbar">
            <button class="button button--plain button--square" type="button" popovertarget="sidebar" aria-label="Menu">
                <Icon shape=Shape::Menu/>
            </button>
            <p class="tenant"><span>{tenant.name.clone()}</span></p>
            <button class="button button--plain button--square" type="button" popovertarget="me">
                <Avatar name=member.name.clone()/>
                <span class="visually-hidden">{member.name.clone()}", your account"</span>
            </button>
        </header>
        <nav class="sidebar" id="sidebar" aria-label="Dashboard" popover="auto">
            <p class="tenant"><Avatar name=tenant.name.clone() company=true/><span>{tenant.name.clone()}</span></p>
            <div class="nav">
                <ul role="list">
                    <li><A href="/dashboard" exact=true><Icon shape=Shape::Home/>"Home"</A></li>
                    <li><A href="/dashboard/inbox"><Icon shape=Shape::Inbox/>"Inbox"</A></li>
                </ul>
                <div>
                    <h2 id="nav-workspace">"Workspace"</h2>
                    <ul role="list" aria-labelledby="nav-workspace">
                        {WORKSPACE
                            .into_iter()
                            .map(|(path, name, shape)| view! { <li><A href=path><Icon shape=shape/>{name}</A></li> })
                            .collect_view()}
                    </ul>
                </div>
            </div>
            <button class="me" type="button" popovertarget="me">
                <Avatar name=member.name.clone()/>
                <span>{member.name.clone()}<small>{role}</small></span>
                <Icon shape=Shape::UpDown/>
            </button>
        </nav>
        <section class="menu menu--me" id="me" aria-label="Your account" popover="auto">
            <p class="menu__who">
                <strong>{member.name.clone()}</strong>" "{member.email.clone()}<br/>{role}" of "{tenant.name.clone()}
            </p>
            <hr/>
            <form method="post" action="/preferences/theme">
                <fieldset class="choice">
                    <legend>"Appearance"</legend>
                    <div class="choice__options">
                        {THEMES
                            .into_iter()
                            .map(|(value, name)| {
                                let pressed = if value == theme { "true" } else { "false" };
                                view! { <button type="submit" name="theme" value=value aria-pressed=pressed>{name}</button> }
                            })
                            .collect_view()}
                    </div>
                </fieldset>
            </form>
            <hr/>
            <form method="post" action="/logout">
                <button class="menu__item" type="submit"><Icon shape=Shape::Leave/>"Sign out"</button>
            </form>
        </section>
    }
}
