//! The teams of the workspace, and who is in them. Plain forms, answered with this page.

use super::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{Field, FormNotice, Icon, Question, Shape, asking};
use leptos::prelude::*;
use model::identity::{Member, Team, TeamMember};
use model::permission::{CHANNELS, Permission, Permissions};
use model::{MemberId, Problem, TeamId};
use words::noted;

const FIELDS: &[(&str, &str)] = &[("name", noted!("Name"))];
const HERE: &str = "/dashboard/teams";

/// The name of a team, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// Which is changed; none for a new one.
    pub team: Option<TeamId>,
    /// What it is to be called.
    pub name: String,
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
    /// Somebody is not in one any more.
    TakenOut,
    /// It did not work.
    Refused(Problem, Box<Typed>),
}

/// Who looks, and what they may.
#[derive(Clone, Copy)]
struct Eyes<'a> {
    may: Permissions,
    member: MemberId,
    members: &'a [Member],
}

impl Eyes<'_> {
    fn manages(self) -> bool {
        self.may.has(Permission::ManageMembers)
    }

    /// Whether they may let others into it, and delete it: who reaches what is the team's, by whichever channel it came.
    fn decides(self, team: &Team) -> bool {
        let of_it = self.may.has(Permission::ReachTeams) && team.members.iter().any(|one| one.id == self.member);
        self.manages() && self.may.have(CHANNELS) && (of_it || self.may.has(Permission::ReachOthers))
    }
}

/// The page.
pub fn teams(frame: &Frame, teams: Vec<Team>, members: &[Member], outcome: Outcome) -> Page {
    let me = &frame.session.member;
    let eyes = Eyes { may: me.permissions, member: me.id, members };
    let title = match &outcome {
        Outcome::Nothing => t!("Teams"),
        Outcome::Done => t!("Saved · Teams"),
        Outcome::Deleted => t!("Deleted · Teams"),
        Outcome::TakenOut => t!("Taken out · Teams"),
        Outcome::Refused(..) => t!("Error: {title}", title = t!("Teams")),
    };
    let good = |words: String| view! { <p class="notice notice--good" role="status">{words}</p> }.into_any();
    let (notice, wrong) = match outcome {
        Outcome::Nothing => (().into_any(), None),
        Outcome::Done => (good(t!("Saved. It counts from now on.")), None),
        Outcome::Deleted => (good(t!("Deleted.")), None),
        Outcome::TakenOut => (good(t!("Taken out.")), None),
        Outcome::Refused(problem, typed) => {
            let error = problem.field("name").map(say);
            (view! { <FormNotice problem=problem fields=FIELDS/> }.into_any(), Some((*typed, error)))
        }
    };
    // One field of a name is wrong, and alone on the page then.
    let renamed = wrong.as_ref().and_then(|(typed, _)| typed.team);
    let new = wrong.clone().filter(|_| renamed.is_none());
    let making = (eyes.manages() && renamed.is_none()).then(|| making(new));
    let list = if teams.is_empty() {
        empty()
    } else {
        let row = |team: Team| {
            let wrong = wrong.clone().filter(|_| renamed == Some(team.id));
            row(team, eyes, wrong)
        };
        view! { <ul class="ways" role="list">{teams.into_iter().map(row).collect_view()}</ul> }.into_any()
    };
    let main = view! {
        <header class="page__head">
            <h1>{t!("Teams")}</h1>
            <p>
                {rich!(
                    "Members who see to the same conversations. What is given to a team waits for its people; {roles} say who sees what is whose.",
                    roles = view! { <a href="/dashboard/roles">{t!("roles")}</a> },
                )}
            </p>
        </header>
        {notice}
        {making}
        <section class="section" aria-labelledby="all">
            <div class="section__head"><div class="section__text"><h2 id="all">{t!("All teams")}</h2></div></div>
            {list}
        </section>
    };
    frame.page_below(("/dashboard/members", "/teams"), title, Surface::Dashboard, main)
}

/// What was typed, and what is wrong with it.
type Wrong = (Typed, Option<String>);

fn making(wrong: Option<Wrong>) -> impl IntoView {
    let (typed, error) = wrong.unwrap_or_default();
    view! {
        <section class="section" aria-labelledby="new">
            <div class="section__head"><div class="section__text"><h2 id="new">{t!("A new team")}</h2></div></div>
            <form class="form form--inline" method="post" action=HERE>
                <Field name="name" label=t!("Name") autocomplete="off" maxlength=40 value=typed.name error=error/>
                <button class="button button--primary" type="submit"><Icon shape=Shape::Plus/>{t!("Make the team")}</button>
            </form>
        </section>
    }
}

fn empty() -> AnyView {
    view! {
        <div class="empty">
            <div class="empty__text">
                <h3>{t!("There is no team yet")}</h3>
                <p>{t!("Make one for those who see to the same things, for example invoices, and put members into it. In the inbox a conversation is given to it below what was said. A role that reads the conversations of one's teams, and no others, shows its members these alone.")}</p>
            </div>
        </div>
    }
    .into_any()
}

fn row(team: Team, eyes: Eyes<'_>, wrong: Option<Wrong>) -> impl IntoView + use<> {
    let (manages, decides) = (eyes.manages(), eyes.decides(&team));
    let id = team.id;
    let have = match team.members.len() {
        0 => t!("nobody is in it yet"),
        n => t!("{n} member", "{n} members", n),
    };
    let adding = decides.then(|| adding(&team, eyes.members)).flatten();
    let changing = manages.then(|| changing(id, &team.name, decides, wrong));
    let name = team.name;
    let bold = view! { <b>{name.clone()}</b> };
    let some = !team.members.is_empty();
    let people = team.members.into_iter().map(|one| person(id, &name, one, manages)).collect_view();
    let people = some.then(|| view! { <ul class="people" role="list">{people}</ul> });
    view! {
        <li>
            <p>{rich!("{name}: {have}.", name = bold, have = have)}</p>
            {people}
            {adding}
            {changing}
        </li>
    }
}

/// Somebody who is in it.
fn person(team: TeamId, named: &str, one: TeamMember, manages: bool) -> AnyView {
    let TeamMember { id, name } = one;
    let out = manages.then(|| {
        let label = t!("Take out {name} of {team}", name, team = named);
        view! {
            <form method="post" action=format!("{HERE}/{team}/members/{id}/remove")>
                <button class="button button--small" type="submit" aria-label=label>{t!("Take out")}</button>
            </form>
        }
    });
    view! { <li><span>{name}</span>{out}</li> }.into_any()
}

/// Who is not in it may be put there.
fn adding(team: &Team, members: &[Member]) -> Option<AnyView> {
    let others = members.iter().filter(|one| !team.members.iter().any(|there| there.id == one.id));
    let others: Vec<_> = others.collect();
    if others.is_empty() {
        return None;
    }
    let option = |one: &Member| {
        let called = format!("{} · {}", one.name, one.email);
        view! { <option value=one.id.to_string()>{called}</option> }
    };
    let options = others.into_iter().map(option).collect_view();
    let (field, label) = (format!("member-{}", team.id), format!("member-{}", team.id));
    let name = team.name.clone();
    let view = view! {
        <details class="more">
            <summary>{t!("Put somebody into {name}", name)}</summary>
            <form class="form form--inline" method="post" action=format!("{HERE}/{}/members", team.id)>
                <div class="field">
                    <label class="field__label" for=label>{t!("Member")}</label>
                    <select class="field__input" id=field name="member">{options}</select>
                </div>
                <button class="button" type="submit">{t!("Put into {name}", name)}</button>
            </form>
        </details>
    };
    Some(view.into_any())
}

/// What it is called, and its end.
fn changing(id: TeamId, name: &str, decides: bool, wrong: Option<Wrong>) -> AnyView {
    let open = wrong.is_some();
    let field = if open { "name".to_owned() } else { format!("name-{id}") };
    let label = field.clone();
    let (typed, error) = wrong.unwrap_or_else(|| (Typed { team: Some(id), name: name.to_owned() }, None));
    let error_id = format!("{field}-error");
    let described = error.is_some().then(|| error_id.clone());
    let dialog = format!("delete-{id}");
    let opens = decides.then(|| {
        let dialog = dialog.clone();
        view! {
            <button class="button button--ends" type="button" command="show-modal" commandfor=dialog>{t!("Delete {name}", name)}</button>
        }
    });
    let end = decides.then(|| deleting(id, name, &dialog));
    view! {
        <details class="more" open=open>
            <summary>{t!("Change {name}", name)}</summary>
            <form class="form form--narrow" method="post" action=format!("{HERE}/{id}")>
                <div class="field">
                    <label class="field__label" for=label>{t!("Name")}</label>
                    <input
                        class="field__input"
                        id=field
                        name="name"
                        value=typed.name
                        maxlength="40"
                        autocomplete="off"
                        required
                        aria-invalid=error.as_ref().map(|_| "true")
                        aria-describedby=described
                    />
                    {error.map(|error| view! { <p class="field__error" id=error_id>{error}</p> })}
                </div>
                <div class="actions">
                    <button class="button button--primary" type="submit">{t!("Save {name}", name)}</button>
                    {opens}
                </div>
            </form>
            {end}
        </details>
    }
    .into_any()
}

fn deleting(id: TeamId, name: &str, dialog: &str) -> AnyView {
    let asks = Question {
        question: t!("Delete the team {name}?", name),
        text: t!("Its members stay members. Conversations that were given to it belong to no team then."),
        no: t!("Not now"),
        yes: t!("Delete the team"),
    };
    asking(dialog, asks, format!("{HERE}/{id}/delete"))
}

/// Below a conversation: gives it to a team. Without an `action` the form goes to the address of the page, which names the conversation that is
/// open, also where the browser's part has opened another one since.
pub(super) fn giving(teams: Vec<(TeamId, String)>) -> AnyView {
    let option = |(id, name): (TeamId, String)| view! { <option value=id.to_string()>{name}</option> };
    view! {
        <details class="more">
            <summary>{t!("Give to a team")}</summary>
            <form class="form form--inline" method="post">
                <div class="field">
                    <label class="field__label" for="team">{t!("The team")}</label>
                    <select class="field__input" id="team" name="team" required>
                        <option value="">{t!("Choose a team")}</option>
                        {teams.into_iter().map(option).collect_view()}
                        <option value="none">{t!("No team")}</option>
                    </select>
                </div>
                <button class="button" type="submit">{t!("Give the conversation")}</button>
            </form>
        </details>
    }
    .into_any()
}
