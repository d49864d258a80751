//! The people of the workspace: who they are, what they may do, and who is asked to join. Plain forms, answered with this page.

use super::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{Avatar, CopyButton, Field, FormNotice, Icon, Shape};
use leptos::prelude::*;
use model::Problem;
use model::identity::{Invitation, Member, Role, RoleInfo};
use model::permission::{Permission, Permissions};
use words::noted;

const FIELDS: &[(&str, &str)] = &[("email", noted!("Email")), ("role", noted!("Role"))];

/// What was done about somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// An invitation was taken back.
    TakenBack,
    /// They have another role.
    Changed,
    /// They were signed out.
    SignedOut,
    /// They are kept out.
    Suspended,
    /// They are let in again.
    LetIn,
    /// They are no member any more.
    Removed,
}

/// What came of a form.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Outcome {
    /// None was sent.
    #[default]
    Nothing,
    /// Somebody is asked to join.
    Invited {
        /// Under this address.
        email: String,
        /// The link to give to them, where no letter takes it there.
        link: Option<String>,
    },
    /// It is done.
    Done {
        /// What.
        done: Done,
        /// About whom, where they are still there.
        who: Option<model::MemberId>,
    },
    /// It did not work.
    Refused {
        /// Why.
        problem: Problem,
        /// The address that was typed.
        email: String,
    },
}

/// Who looks, what they may change, and the roles that there are.
#[derive(Clone, Copy)]
struct Eyes<'a> {
    may: Permissions,
    member: model::MemberId,
    roles: &'a [RoleInfo],
}

impl<'a> Eyes<'a> {
    /// Whether they may change somebody who may this.
    fn may_change(self, permissions: Permissions) -> bool {
        self.may.has(Permission::ManageMembers) && self.may.have(permissions)
    }

    /// The roles that they may give, the least powerful first.
    fn may_give(self) -> Vec<&'a RoleInfo> {
        self.roles.iter().rev().filter(|role| self.may_change(role.permissions)).collect()
    }

    /// What a role may; nothing of one that was deleted.
    fn of(self, role: Role) -> Permissions {
        self.roles.iter().find(|one| one.role == role).map(|one| one.permissions).unwrap_or_default()
    }
}

/// The page.
pub fn members(
    frame: &Frame,
    (members, invitations): (Vec<Member>, Vec<Invitation>),
    roles: &[RoleInfo],
    outcome: Outcome,
) -> Page {
    let me = &frame.session.member;
    let eyes = Eyes { may: me.permissions, member: me.id, roles };
    let title = match &outcome {
        Outcome::Nothing => t!("Members"),
        Outcome::Invited { .. } => t!("Invited · Members"),
        Outcome::Done { .. } => t!("Done · Members"),
        Outcome::Refused { .. } => t!("Error: {title}", title = t!("Members")),
    };
    let (notice, typed, error) = match outcome {
        Outcome::Nothing => (().into_any(), String::new(), None),
        Outcome::Invited { email, link } => (invited(email, link), String::new(), None),
        Outcome::Done { done: what, who } => {
            let who = members.iter().find(|one| Some(one.id) == who).map(|one| one.name.as_str());
            (done(what, who), String::new(), None)
        }
        Outcome::Refused { problem, email } => {
            let error = problem.field("email").map(say);
            (view! { <FormNotice problem=problem fields=FIELDS/> }.into_any(), email, error)
        }
    };
    let form = (!eyes.may_give().is_empty()).then(|| {
        view! {
            <form class="form form--inline" method="post" action="/dashboard/members">
                <Field name="email" label=t!("Email") kind="email" autocomplete="off" value=typed error=error/>
                {choice("role", eyes.may_give(), Role::Agent)}
                <button class="button button--primary" type="submit"><Icon shape=Shape::Plus/>{t!("Invite")}</button>
            </form>
        }
    });
    let main = view! {
        <header class="page__head">
            <h1>{t!("Members")}</h1>
            <p>
                {rich!(
                    "People who can sign in to this workspace, and as what. {link}",
                    link = view! {
                        <a href="/dashboard/roles">{t!("What each role may do")}</a>" · "<a href="/dashboard/teams">{t!("Teams")}</a>
                    },
                )}
            </p>
        </header>
        <section class="section" aria-label=t!("Members")>
            {notice}
            {form}
            <div class="table">
                <table role="table" aria-label=t!("Members")>
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">{t!("Name")}</th>
                            <th role="columnheader" scope="col">{t!("Role")}</th>
                            <th role="columnheader" scope="col">{t!("Joined")}</th>
                            <th class="table__end" role="columnheader" scope="col"><span class="visually-hidden">{t!("Action")}</span></th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{members.into_iter().map(|member| row(member, eyes)).collect_view()}</tbody>
                </table>
            </div>
        </section>
        {(!invitations.is_empty()).then(|| open(invitations, eyes))}
    };
    frame.page("/dashboard/members", title, Surface::Dashboard, main)
}

/// A choice among roles.
fn choice(id: &str, roles: Vec<&RoleInfo>, chosen: Role) -> AnyView {
    let option = |one: &RoleInfo| {
        view! { <option value=one.role.to_string() selected=one.role == chosen>{say(&one.role.called(&one.title))}</option> }
    };
    let (id, named) = (id.to_owned(), id.to_owned());
    view! {
        <div class="field">
            <label class="field__label" for=named>{t!("Role")}</label>
            <select class="field__input" id=id name="role">{roles.into_iter().map(option).collect_view()}</select>
        </div>
    }
    .into_any()
}

/// Somebody has been asked; the link, where nobody else takes it there.
fn invited(email: String, link: Option<String>) -> AnyView {
    match link {
        None => view! {
            <div class="notice notice--good" role="status">
                <h2 class="notice__title">{t!("Invited")}</h2>
                <p>{rich!("A letter is on its way to {email}. Its link is good for a week.", email = view! { <b>{email}</b> })}</p>
            </div>
        }
        .into_any(),
        Some(link) => view! {
            <div class="notice notice--good" role="status">
                <h2 class="notice__title">{t!("Give this link to {email}", email)}</h2>
                <p>{t!("This installation has no mail server. Whoever opens the link joins; it is good for a week and works once.")}</p>
                <div class="copy"><code id="link">{link}</code><CopyButton/></div>
            </div>
        }
        .into_any(),
    }
}

/// It is done. Of who is not there nothing is said: somebody has written that address, or they have gone since.
fn done(what: Done, who: Option<&str>) -> AnyView {
    let words = match (what, who) {
        (Done::TakenBack, _) => t!("The invitation is taken back. Its link opens nothing any more."),
        (Done::Removed, _) => t!("They are removed from this workspace and signed out."),
        (_, None) => return ().into_any(),
        (Done::Changed, Some(name)) => t!("{name} has another role now.", name),
        (Done::SignedOut, Some(name)) => t!("{name} is signed out everywhere here.", name),
        (Done::Suspended, Some(name)) => t!("{name} is suspended and signed out.", name),
        (Done::LetIn, Some(name)) => t!("{name} is let in again and can sign in.", name),
    };
    view! { <p class="notice notice--good" role="status">{words}</p> }.into_any()
}

fn badge(role: Role) -> &'static str {
    if matches!(role, Role::Owner | Role::Admin) { "badge badge--accent" } else { "badge" }
}

fn row(member: Member, eyes: Eyes<'_>) -> impl IntoView + use<> {
    let own = member.id == eyes.member;
    let change = (own || eyes.may_change(member.permissions)).then(|| dialog(&member, eyes, own));
    let out = member.suspended_at.map(|_| view! { " "<span class="badge badge--attention">{t!("Suspended")}</span> });
    view! {
        <tr role="row">
            <th role="rowheader" scope="row">
                <span class="entry">
                    <Avatar name=member.name.clone()/>
                    <span>{member.name.clone()}<small>{member.email.clone()}</small></span>
                </span>
            </th>
            <td role="cell" data-label=t!("Role")><span class=badge(member.role)>{say(&member.role.called(&member.role_title))}</span>{out}</td>
            <td role="cell" data-label=t!("Joined")><time datetime=member.created_at.to_string()>{say(&member.created_at.day())}</time></td>
            <td class="table__end" role="cell">{change}</td>
        </tr>
    }
}

/// What can be done with a member.
fn dialog(member: &Member, eyes: Eyes<'_>, own: bool) -> AnyView {
    let (id, name) = (member.id.to_string(), member.name.clone());
    let dialog = format!("member-{id}");
    let title = format!("{dialog}-title");
    let (button, label) =
        if own { (t!("Leave"), t!("Leave {name}", name)) } else { (t!("Change"), t!("Change {name}", name)) };
    let (head, leave, end) = if own {
        (t!("Leave this workspace?"), t!("You will be signed out of it."), t!("Leave"))
    } else {
        let leave = t!("Conversations that they have taken wait for somebody else.");
        (name.clone(), leave, t!("Remove {name}", name))
    };
    let role = (!own).then(|| {
        view! {
            <form class="form" method="post" action=format!("/dashboard/members/{id}/role")>
                {choice(&format!("role-{id}"), eyes.may_give(), member.role)}
                <div class="dialog__actions"><button class="button" type="submit">{t!("Change the role")}</button></div>
            </form>
        }
    });
    let keep = (!own).then(|| kept(&id, &name, member.suspended_at.is_some()));
    view! {
        <button class="button button--small" type="button" aria-label=label command="show-modal" commandfor=dialog.clone()>{button}</button>
        <dialog class="dialog" id=dialog.clone() aria-labelledby=title.clone()>
            <div class="dialog__head"><h2 id=title.clone()>{head}</h2></div>
            {role}
            {keep}
            <form class="form" method="post" action=format!("/dashboard/members/{id}/remove")>
                <p>{leave}</p>
                <label class="check"><input type="checkbox" name="keys" value="1" checked/>" "{t!("Revoke the API keys that they made, too")}</label>
                <div class="dialog__actions">
                    <button class="button" type="button" command="close" commandfor=dialog.clone()>{t!("Not now")}</button>
                    <button class="button button--danger" type="submit">{end}</button>
                </div>
            </form>
        </dialog>
    }
    .into_any()
}

/// Keeps somebody out for a while, or lets them in again.
fn kept(id: &str, name: &str, out: bool) -> AnyView {
    let action = format!("/dashboard/members/{id}/suspend");
    if out {
        return view! {
            <form class="form" method="post" action=action>
                <input type="hidden" name="resume" value="1"/>
                <div class="dialog__actions"><button class="button" type="submit">{t!("Let {name} in again", name)}</button></div>
            </form>
        }
        .into_any();
    }
    view! {
        <form class="form" method="post" action=format!("/dashboard/members/{id}/sign-out")>
            <div class="dialog__actions"><button class="button" type="submit">{t!("Sign {name} out everywhere here", name)}</button></div>
        </form>
        <form class="form" method="post" action=action>
            <p>{t!("Suspended, they are signed out and kept out until you let them in again. Conversations that they have taken wait for somebody else.")}</p>
            <label class="check"><input type="checkbox" name="keys" value="1" checked/>" "{t!("Revoke the API keys that they made, too")}</label>
            <div class="dialog__actions"><button class="button" type="submit">{t!("Suspend {name}", name)}</button></div>
        </form>
    }
    .into_any()
}

/// Who is asked to join.
fn open(invitations: Vec<Invitation>, eyes: Eyes<'_>) -> impl IntoView + use<> {
    let row = |invitation: Invitation| {
        let address = format!("/dashboard/members/invitations/{}", invitation.id);
        let actions = eyes.may_change(eyes.of(invitation.role)).then(|| {
            let again = t!("Send again to {email}", email = invitation.email);
            let back = t!("Take back {email}", email = invitation.email);
            view! {
                <div class="actions">
                    <form method="post" action=format!("{address}/again")>
                        <button class="button button--small" type="submit" aria-label=again>{t!("Send again")}</button>
                    </form>
                    <form method="post" action=format!("{address}/revoke")>
                        <button class="button button--small" type="submit" aria-label=back>{t!("Take back")}</button>
                    </form>
                </div>
            }
        });
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">{invitation.email.clone()}</th>
                <td role="cell" data-label=t!("Role")><span class=badge(invitation.role)>{say(&invitation.role.called(&invitation.role_title))}</span></td>
                <td role="cell" data-label=t!("Open until")>
                    <time datetime=invitation.expires_at.to_string()>{say(&invitation.expires_at.day())}</time>
                </td>
                <td class="table__end" role="cell">{actions}</td>
            </tr>
        }
    };
    let rows = invitations.into_iter().map(row).collect_view();
    view! {
        <section class="section" aria-labelledby="invitations">
            <div class="section__head"><div class="section__text"><h2 id="invitations">{t!("Invitations")}</h2></div></div>
            <div class="table">
                <table role="table" aria-labelledby="invitations">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">{t!("Email")}</th>
                            <th role="columnheader" scope="col">{t!("Role")}</th>
                            <th role="columnheader" scope="col">{t!("Open until")}</th>
                            <th class="table__end" role="columnheader" scope="col"><span class="visually-hidden">{t!("Action")}</span></th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows}</tbody>
                </table>
            </div>
        </section>
    }
}
