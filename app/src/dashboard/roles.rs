//! What each role may do, and the roles that the company cuts to measure. Plain forms, answered with this page.

use super::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{Field, FormNotice};
use leptos::prelude::*;
use model::Problem;
use model::identity::{Role, RoleInfo};
use model::permission::{Permission, Permissions, ROLE_AT_MOST};
use words::noted;

const FIELDS: &[(&str, &str)] = &[("title", noted!("Name")), ("permissions", noted!("What it may do"))];
const HERE: &str = "/dashboard/roles";

/// A role that is to be made or changed, as it was typed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Typed {
    /// Which is changed; none for a new one.
    pub role: Option<Role>,
    /// What it is to be called.
    pub title: String,
    /// What it is to do.
    pub permissions: Permissions,
}

/// What came of a form.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Outcome {
    /// None was sent.
    #[default]
    Nothing,
    /// It is done.
    Done,
    /// One is deleted.
    Deleted,
    /// It did not work.
    Refused(Problem, Box<Typed>),
}

/// The page.
pub fn roles(frame: &Frame, roles: Vec<RoleInfo>, outcome: Outcome) -> Page {
    let may = frame.session.member.permissions;
    let manages = may.has(Permission::ManageMembers);
    let title = match &outcome {
        Outcome::Nothing => t!("Roles"),
        Outcome::Done => t!("Saved · Roles"),
        Outcome::Deleted => t!("Deleted · Roles"),
        Outcome::Refused(..) => t!("Error: {title}", title = t!("Roles")),
    };
    let good = |words: String| view! { <p class="notice notice--good" role="status">{words}</p> }.into_any();
    let (notice, wrong) = match outcome {
        Outcome::Nothing => (().into_any(), None),
        Outcome::Done => (good(t!("Saved. It counts from now on.")), None),
        Outcome::Deleted => (good(t!("Deleted.")), None),
        Outcome::Refused(problem, typed) => {
            let error = |field: &str| problem.field(field).map(say);
            let wrong = (*typed, error("title"), error("permissions"));
            (view! { <FormNotice problem=problem fields=FIELDS/> }.into_any(), Some(wrong))
        }
    };
    let new = wrong.clone().filter(|(typed, ..)| typed.role.is_none());
    let rows = roles.into_iter().map(|role| {
        let wrong = wrong.clone().filter(|(typed, ..)| typed.role == Some(role.role));
        row(role, manages.then_some(may), wrong)
    });
    let main = view! {
        <header class="page__head">
            <h1>{t!("Roles")}</h1>
            <p>
                {rich!(
                    "What members may do. Everybody has one role; you give it on the page of the {members}.",
                    members = view! { <a href="/dashboard/members">{t!("members")}</a> },
                )}
            </p>
        </header>
        {notice}
        {manages.then(|| making(new, may))}
        <section class="section" aria-labelledby="all">
            <div class="section__head"><div class="section__text"><h2 id="all">{t!("All roles")}</h2></div></div>
            <ul class="ways" role="list">{rows.collect_view()}</ul>
        </section>
    };
    frame.page_below(("/dashboard/members", "/roles"), title, Surface::Dashboard, main)
}

/// What was typed, and what is wrong with the name and with what it may do.
type Wrong = (Typed, Option<String>, Option<String>);

fn making(wrong: Option<Wrong>, may: Permissions) -> impl IntoView {
    let open = wrong.is_some();
    let (typed, title, permissions) = wrong.unwrap_or_default();
    view! {
        <section class="section" aria-labelledby="new">
            <div class="section__head"><div class="section__text">
                <h2 id="new">{t!("A role of your own")}</h2>
                <p>{t!("For what none of the others fits.")}</p>
            </div></div>
            <details class="more" open=open>
                <summary>{t!("Make a role")}</summary>
                <form class="form form--narrow" method="post" action=HERE>
                    <Field name="title" label=t!("Name") autocomplete="off" maxlength=40 value=typed.title hint=t!("By which you know it, for example “Night shift”.") error=title/>
                    {checks("permissions".to_owned(), typed.permissions, may, permissions)}
                    <button class="button button--primary" type="submit">{t!("Make the role")}</button>
                </form>
            </details>
        </section>
    }
}

/// What it may do, of what whoever makes it may themselves. To see the workspace belongs to each.
fn checks(id: String, chosen: Permissions, may: Permissions, error: Option<String>) -> impl IntoView {
    let one = |permission: Permission| {
        let always = permission == Permission::ReadWorkspace;
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    name=permission.name()
                    value="1"
                    checked=always || chosen.has(permission)
                    disabled=always
                />
                " "{say(&permission.sentence())}
            </label>
        }
    };
    let can = ROLE_AT_MOST.within(may).list().into_iter().map(one).collect_view();
    let (described, error_id) = (error.is_some().then(|| format!("{id}-error")), format!("{id}-error"));
    view! {
        <fieldset class="checks" id=id aria-describedby=described>
            <legend class="field__label">{t!("What it may do")}</legend>
            {can}
            {error.map(|error| view! { <p class="field__error" id=error_id>{error}</p> })}
        </fieldset>
    }
}

fn row(one: RoleInfo, manages: Option<Permissions>, wrong: Option<Wrong>) -> impl IntoView {
    let RoleInfo { role, title, permissions, members } = one;
    let title = say(&role.called(&title));
    let have = match members {
        0 => t!("nobody has it"),
        n => t!("{n} person has it or is invited to it", "{n} people have it or are invited to it", n),
    };
    let name = view! { <b>{title.clone()}</b> };
    let own = matches!(role, Role::Custom(_));
    let change = manages
        .filter(|may| own && may.have(permissions))
        .map(|may| changing(role, (title.clone(), permissions), members == 0, may, wrong));
    let sentences = permissions.list().into_iter().map(|one| view! { <li>{say(&one.sentence())}</li> }).collect_view();
    view! {
        <li>
            <p>
                {rich!("{name}: {have}.", name = name, have = have)}
                {own.then(|| view! { " "<span class="badge">{t!("Yours")}</span> })}
            </p>
            <details class="more">
                <summary>{t!("What {title} may do", title)}</summary>
                <ul class="checks">{sentences}</ul>
            </details>
            {change}
        </li>
    }
}

fn changing(
    role: Role,
    (title, permissions): (String, Permissions),
    unused: bool,
    may: Permissions,
    wrong: Option<Wrong>,
) -> AnyView {
    let open = wrong.is_some();
    let named = title.clone();
    let (typed, title_error, permissions_error) =
        wrong.unwrap_or((Typed { role: None, title, permissions }, None, None));
    let id = format!("title-{role}");
    let described = title_error.is_some().then(|| format!("{id}-error"));
    let error_id = format!("{id}-error");
    view! {
        <details class="more" open=open>
            <summary>{t!("Change {name}", name = named)}</summary>
            <form class="form form--narrow" method="post" action=format!("{HERE}/{role}")>
                <div class="field">
                    <label class="field__label" for=id.clone()>{t!("Name")}</label>
                    <input
                        class="field__input"
                        id=id
                        name="title"
                        value=typed.title
                        maxlength="40"
                        autocomplete="off"
                        required
                        aria-invalid=title_error.as_ref().map(|_| "true")
                        aria-describedby=described
                    />
                    {title_error.map(|error| view! { <p class="field__error" id=error_id>{error}</p> })}
                </div>
                {checks(format!("permissions-{role}"), typed.permissions, may, permissions_error)}
                <div class="actions">
                    <button class="button button--primary" type="submit">{t!("Save {name}", name = named)}</button>
                    {unused.then(|| view! {
                        <button class="button button--ends" type="submit" formaction=format!("{HERE}/{role}/delete") formnovalidate>{t!("Delete {name}", name = named)}</button>
                    })}
                </div>
            </form>
        </details>
    }
    .into_any()
}
