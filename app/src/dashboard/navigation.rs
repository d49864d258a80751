//! The sidebar, the bar on phones, and the profile menu. All of it works before WASM: popovers are the browser's own.

use super::Frame;
use crate::shell::Theme;
use crate::ui::{Avatar, Icon, Shape};
use leptos::prelude::*;
use model::identity::CurrentSession;
use model::permission::Permission;

/// Pages of the workspace: path, name, icon, and what one has to be allowed to see it. A page of the dashboard has its line here.
const WORKSPACE: [(&str, &str, Shape, Permission); 6] = [
    ("/dashboard/knowledge", "Knowledge", Shape::Book, Permission::ReadDocuments),
    ("/dashboard/members", "Members", Shape::People, Permission::ReadWorkspace),
    ("/dashboard/api-keys", "API keys", Shape::Key, Permission::ReadWorkspace),
    ("/dashboard/audit-log", "Audit log", Shape::List, Permission::ReadAuditLog),
    ("/dashboard/sign-on", "Company sign-on", Shape::Door, Permission::ManageSignOn),
    ("/dashboard/settings", "Settings", Shape::Sliders, Permission::ManageSettings),
];

/// The looks that one may choose, and what they are called.
const THEMES: [(Theme, &str); 3] = [(Theme::System, "System"), (Theme::Light, "Light"), (Theme::Dark, "Dark")];

/// A link of the navigation.
fn link(here: &str, path: &'static str, name: &'static str, shape: Shape) -> AnyView {
    let current = (here == path).then_some("page");
    view! { <li><a href=path aria-current=current><Icon shape=shape/>{name}</a></li> }.into_any()
}

/// Everything around the page.
pub(super) fn around(frame: &Frame, here: &str) -> AnyView {
    let CurrentSession { tenant, member } = frame.session.clone();
    let (role, theme) = (member.role_title.clone(), frame.theme);
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
                    {link(here, "/dashboard", "Home", Shape::Home)}
                    {member.permissions.has(Permission::ReadConversations).then(|| link(here, "/dashboard/inbox", "Inbox", Shape::Inbox))}
                </ul>
                <div>
                    <h2 id="nav-workspace">"Workspace"</h2>
                    <ul role="list" aria-labelledby="nav-workspace">
                        {WORKSPACE
                            .into_iter()
                            .filter(|(.., permission)| member.permissions.has(*permission))
                            .map(|(path, name, shape, _)| link(here, path, name, shape))
                            .collect_view()}
                    </ul>
                </div>
            </div>
            <button class="me" type="button" popovertarget="me">
                <Avatar name=member.name.clone()/>
                <span>{member.name.clone()}<small>{role.clone()}</small></span>
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
                                view! { <button type="submit" name="theme" value=value.name() aria-pressed=pressed>{name}</button> }
                            })
                            .collect_view()}
                    </div>
                </fieldset>
            </form>
            <hr/>
            <a class="menu__item" href="/dashboard/account"><Icon shape=Shape::Key/>"Your account"</a>
            <a class="menu__item" href="/dashboard/workspaces"><Icon shape=Shape::UpDown/>"Your workspaces"</a>
            <form method="post" action="/logout">
                <button class="menu__item" type="submit"><Icon shape=Shape::Leave/>"Sign out"</button>
            </form>
        </section>
    }    .into_any()
}
