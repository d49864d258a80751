//! The sidebar, the bar on phones, and the profile menu. All of it works before WASM: popovers are the browser's own.

use super::{Frame, notices};
use crate::say::say;
use crate::shell::{Nonce, Theme};
use crate::ui::{Avatar, Icon, Shape, languages};
use leptos::prelude::*;
use model::identity::CurrentSession;
use model::permission::Permission;
use words::{Text, noted};

/// Pages of the workspace: path, name, icon, and what one has to be allowed to see it. A page of the dashboard has its line here.
const WORKSPACE: [(&str, &str, Option<Shape>, Permission); 8] = [
    ("/dashboard/knowledge", noted!("Knowledge"), Some(Shape::Book), Permission::ReadDocuments),
    ("/dashboard/meetings", noted!("Meetings"), None, Permission::ManageMeetings),
    ("/dashboard/assistant", noted!("Assistant"), None, Permission::ManageAssistant),
    ("/dashboard/members", noted!("Members"), Some(Shape::People), Permission::ReadWorkspace),
    ("/dashboard/api-keys", noted!("API keys"), Some(Shape::Key), Permission::ReadWorkspace),
    ("/dashboard/audit-log", noted!("Audit log"), Some(Shape::List), Permission::ReadAuditLog),
    ("/dashboard/sign-on", noted!("Company sign-on"), Some(Shape::Door), Permission::ManageSignOn),
    ("/dashboard/settings", noted!("Settings"), Some(Shape::Sliders), Permission::ManageSettings),
];

/// Words that are said: the assistant's icon. (Not among the shapes, all of which the browser's part loads.)
const SPEECH: &str = "M3.500 4.500h13v8.500H9.500L6 16v-3H3.500ZM7 8.750h.010M10 8.750h.010M13 8.750h.010";

/// A camera: that of meetings, likewise.
const CAMERA: &str = "M2.500 6h9.500v8H2.500ZM12 9l5.500-3v8L12 11";

/// Whoever signs out leaves nothing half written behind in the tab; and browsers that do not know buttons that open and close a question
/// (`command`, since 2025) are helped.
const HELP: &str = "\
    document.currentScript.previousElementSibling.addEventListener('submit', () => {\
      for (const name of Object.keys(sessionStorage)) if (name.startsWith('samtal:')) sessionStorage.removeItem(name);\
    });\
    if (!('command' in HTMLButtonElement.prototype)) addEventListener('click', ({ target }) => {\
      const button = target.closest?.('[commandfor]'), dialog = button && document.getElementById(button.getAttribute('commandfor'));\
      if (dialog) button.getAttribute('command') === 'close' ? dialog.close() : dialog.showModal();\
    });";

/// The looks that one may choose, and what they are called.
const THEMES: [(Theme, &str); 3] =
    [(Theme::System, noted!("System")), (Theme::Light, noted!("Light")), (Theme::Dark, noted!("Dark"))];

/// A link of the navigation.
fn link(here: &str, path: &'static str, name: String, shape: Option<Shape>) -> AnyView {
    let current = (here == path).then_some("page");
    let icon = match shape {
        Some(shape) => view! { <Icon shape=shape/> }.into_any(),
        None => {
            let path = if path == "/dashboard/meetings" { CAMERA } else { SPEECH };
            view! { <svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d=path/></svg> }.into_any()
        }
    };
    view! { <li><a href=path aria-current=current>{icon}{name}</a></li> }.into_any()
}

/// Everything around the page, of which the guide speaks there (`/roles`).
pub(super) fn around(frame: &Frame, here: &str, guide: &str) -> AnyView {
    let CurrentSession { tenant, member, .. } = frame.session.clone();
    let theme = frame.theme;
    let nonce = use_context::<Nonce>().map(|nonce| nonce.0);
    let chosen = frame.session.languages.chosen;
    let automatic = if chosen.is_none() { "true" } else { "false" };
    let role = say(&member.role.called(&member.role_title));
    view! {
        <header class="topbar">
            <button class="button button--plain button--square" type="button" popovertarget="sidebar" aria-label=t!("Menu")>
                <Icon shape=Shape::Menu/>
            </button>
            <p class="tenant"><span>{tenant.name.clone()}</span></p>
            <button class="button button--plain button--square" type="button" popovertarget="me">
                <Avatar name=member.name.clone()/>
                <span class="visually-hidden">{t!("{name}, your account", name = member.name)}</span>
            </button>
        </header>
        <nav class="sidebar" id="sidebar" aria-label=t!("Dashboard") popover="auto">
            <p class="tenant"><Avatar name=tenant.name.clone() company=true/><span>{tenant.name.clone()}</span></p>
            <div class="nav">
                <ul role="list">
                    {link(here, "/dashboard", t!("Home"), Some(Shape::Home))}
                    {frame.waiting.map(|waiting| {
                        let current = (here == "/dashboard/inbox").then_some("page");
                        view! {
                            <li>
                                <a href="/dashboard/inbox" aria-current=current><Icon shape=Shape::Inbox/>{t!("Inbox")}{notices::count(frame, waiting)}</a>
                            </li>
                        }
                    })}
                </ul>
                <div>
                    <h2 id="nav-workspace">{t!("Workspace")}</h2>
                    <ul role="list" aria-labelledby="nav-workspace">
                        {WORKSPACE
                            .into_iter()
                            .filter(|(.., permission)| member.permissions.has(*permission))
                            .map(|(path, name, shape, _)| link(here, path, say(&Text::of(name)), shape))
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
        <section class="menu menu--me" id="me" aria-label=t!("Your account") popover="auto">
            <p class="menu__who">
                <strong>{member.name.clone()}</strong>" "{member.email.clone()}<br/>{t!("{role} of {company}", role, company = tenant.name)}
            </p>
            <hr/>
            <form method="post" action="/preferences/theme">
                <fieldset class="choice">
                    <legend>{t!("Appearance")}</legend>
                    <div class="choice__options">
                        {THEMES
                            .into_iter()
                            .map(|(value, name)| {
                                let pressed = if value == theme { "true" } else { "false" };
                                let name = say(&Text::of(name));
                                view! { <button type="submit" name="theme" value=value.name() aria-pressed=pressed>{name}</button> }
                            })
                            .collect_view()}
                    </div>
                </fieldset>
            </form>
            <form method="post" action="/preferences/language">
                <fieldset class="choice">
                    <legend>{t!("Language")}</legend>
                    <div class="choice__options">
                        <button type="submit" name="language" value="" aria-pressed=automatic>{t!("Automatic")}</button>
                        {languages("", chosen)}
                    </div>
                </fieldset>
            </form>
            <hr/>
            <a class="menu__item" href="/dashboard/account"><Icon shape=Shape::Key/>{t!("Your account")}</a>
            <a class="menu__item" href="/dashboard/workspaces"><Icon shape=Shape::UpDown/>{t!("Your workspaces")}</a>
            <a class="menu__item" href=format!("/guide{guide}")><Icon shape=Shape::Book/>{t!("Guide to this page")}</a>
            <form method="post" action="/logout">
                <button class="menu__item" type="submit"><Icon shape=Shape::Leave/>{t!("Sign out")}</button>
            </form>
            <script nonce=nonce>{HELP}</script>
        </section>
        {frame.waiting.map(|_| notices::listen())}
    }    .into_any()
}
