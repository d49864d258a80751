//! The audit log: who did what, when and from where. A form that asks for a part of it, a table, and the same as a file.

use super::Frame;
use super::account::browser;
use crate::say::{say, sentence};
use crate::shell::{Page, Surface};
use crate::ui::FormNotice;
use leptos::prelude::*;
use model::Problem;
use model::audit::{Act, ActorKind, AuditEntry, Facts};
use model::identity::Member;
use words::{Text, noted};

/// What is written down as one of a few words.
const VALUES: [&str; 9] = [
    noted!("required"),
    noted!("up to each"),
    noted!("yes"),
    noted!("no"),
    noted!("never"),
    noted!("owner"),
    noted!("admin"),
    noted!("agent"),
    noted!("viewer"),
];

const HERE: &str = "/dashboard/audit-log";
const FIELDS: &[(&str, &str)] = &[("from", noted!("From")), ("until", noted!("Until"))];
/// What is written down with what was done: names, and how people say them.
const FACTS: &[(&str, &str)] = &[
    ("browser", noted!("browser")),
    ("by", noted!("by")),
    ("bytes", noted!("bytes")),
    ("client_id", noted!("client id")),
    ("email", noted!("email")),
    ("expires_at", noted!("expires at")),
    ("how", noted!("how")),
    ("idle_minutes", noted!("idle minutes")),
    ("issuer", noted!("issuer")),
    ("language", noted!("language")),
    ("name", noted!("name")),
    ("old_one_expires_at", noted!("old one expires at")),
    ("permissions", noted!("permissions")),
    ("prefix", noted!("prefix")),
    ("provider", noted!("provider")),
    ("reason", noted!("reason")),
    ("required", noted!("required")),
    ("role", noted!("role")),
    ("scopes", noted!("scopes")),
    ("second_factor", noted!("second factor")),
    ("signs", noted!("signs requests")),
    ("session_minutes", noted!("session minutes")),
    ("starts_at", noted!("starts at")),
    ("team", noted!("team")),
    ("title", noted!("title")),
    ("version", noted!("version")),
];

/// What was asked for, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The name of an act, or nothing.
    pub act: String,
    /// The id of a member, or nothing.
    pub member: String,
    /// A day, or nothing.
    pub from: String,
    /// A day, or nothing.
    pub until: String,
}

impl Asked {
    fn any(&self) -> bool {
        [&self.act, &self.member, &self.from, &self.until].into_iter().any(|part| !part.is_empty())
    }

    /// The part of an address that asks for the same. Names, ids and days need no escape; what else was typed is not repeated.
    fn query(&self, before: Option<i64>) -> String {
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        let parts = [("act", &self.act), ("member", &self.member), ("from", &self.from), ("until", &self.until)];
        let parts = parts.into_iter().filter(|(_, value)| !value.is_empty() && plain(value));
        let parts = parts.map(|(name, value)| format!("{name}={value}"));
        let parts: Vec<String> = parts.chain(before.map(|before| format!("before={before}"))).collect();
        if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
    }
}

/// The page.
pub fn audit_log(
    frame: &Frame,
    members: Vec<Member>,
    entries: Vec<AuditEntry>,
    next: Option<i64>,
    asked: Asked,
    problem: Option<Problem>,
) -> Page {
    let title = if problem.is_some() { t!("Error: {title}", title = t!("Audit log")) } else { t!("Audit log") };
    let export = format!("{HERE}/export{}", asked.query(None));
    let older = next.map(|next| format!("{HERE}{}", asked.query(Some(next))));
    let list = if entries.is_empty() {
        let words = if asked.any() {
            t!("Nothing was written down that is all of this. Ask for less.")
        } else {
            t!("Nothing has been done yet.")
        };
        view! { <div class="empty"><div class="empty__text"><h2>{t!("Nothing here")}</h2><p>{words}</p></div></div> }
            .into_any()
    } else {
        table(entries)
    };
    let main = view! {
        <header class="page__head">
            <h1>{t!("Audit log")}</h1>
            <p>{t!("Who did what, when and from where. Nobody can change it, and whoever runs this installation can see whether somebody has.")}</p>
        </header>
        <section class="section" aria-label=t!("Audit log")>
            {problem.clone().map(|problem| view! { <FormNotice problem=problem fields=FIELDS/> })}
            {form(members, &asked, problem.as_ref())}
            {list}
            <div class="actions">
                {older.map(|older| view! { <a class="button" href=older>{t!("Older")}</a> })}
                <a class="button" href=export download="audit-log.csv">{t!("Download as CSV, 10,000 at most")}</a>
            </div>
        </section>
    };
    frame.page(HERE, title, Surface::Dashboard, main)
}

/// What asks for a part of it.
fn form(members: Vec<Member>, asked: &Asked, problem: Option<&Problem>) -> AnyView {
    let act = |act: &Act| {
        let chosen = act.name() == asked.act;
        view! { <option value=act.name() selected=chosen>{say(&act.words())}</option> }
    };
    let member = |member: Member| {
        let id = member.id.to_string();
        let chosen = id == asked.member;
        view! { <option value=id selected=chosen>{member.name}</option> }
    };
    let left = !asked.member.is_empty() && !members.iter().any(|member| member.id.to_string() == asked.member);
    let gone = left.then(|| asked.member.clone());
    let day = |name: &'static str, label: String, value: String| {
        let error = problem.and_then(|problem| problem.field(name)).map(say);
        let described = error.is_some().then(|| format!("{name}-error"));
        let says = described.clone();
        view! {
            <div class="field">
                <label class="field__label" for=name>{label}</label>
                <input
                    class="field__input"
                    id=name
                    name=name
                    type="date"
                    value=value
                    aria-invalid=error.as_ref().map(|_| "true")
                    aria-describedby=described
                />
                {error.map(|error| view! { <p class="field__error" id=says>{error}</p> })}
            </div>
        }
    };
    view! {
        <form class="form form--inline" method="get" action=HERE role="search" aria-label=t!("A part of the log")>
            <div class="field">
                <label class="field__label" for="act">{t!("What")}</label>
                <select class="field__input" id="act" name="act">
                    <option value="">{t!("Everything")}</option>
                    {Act::ALL.iter().map(act).collect_view()}
                </select>
            </div>
            <div class="field">
                <label class="field__label" for="member">{t!("Who")}</label>
                <select class="field__input" id="member" name="member">
                    <option value="">{t!("Everybody")}</option>
                    {gone.map(|id| view! { <option value=id selected>{t!("Somebody who has left")}</option> })}
                    {members.into_iter().map(member).collect_view()}
                </select>
            </div>
            {day("from", t!("From"), asked.from.clone())}
            {day("until", t!("Until"), asked.until.clone())}
            <button class="button" type="submit">{t!("Show")}</button>
        </form>
    }
    .into_any()
}

fn table(entries: Vec<AuditEntry>) -> AnyView {
    view! {
        <div class="table">
            <table role="table" aria-label=t!("Audit log")>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t!("What")}</th>
                        <th role="columnheader" scope="col">{t!("Who")}</th>
                        <th role="columnheader" scope="col">{t!("When (UTC)")}</th>
                        <th role="columnheader" scope="col">{t!("From where")}</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{entries.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(entry: AuditEntry) -> impl IntoView {
    let what = say(&entry.words());
    let what = if entry.subject.is_empty() {
        what.into_any()
    } else {
        rich!("{what}: {subject}", what = what, subject = view! { <b>{entry.subject}</b> })
    };
    let who = match entry.actor_kind {
        ActorKind::Member if !entry.actor_name.is_empty() => entry.actor_name,
        ActorKind::Member => t!("A member"),
        ActorKind::Key => t!("The key {name}", name = entry.actor_name),
        ActorKind::Operator if entry.actor_name.is_empty() => t!("Whoever runs this installation"),
        ActorKind::Operator => t!("Whoever runs this installation, by the key {name}", name = entry.actor_name),
        ActorKind::System => "Samtal".to_owned(),
    };
    let at = entry.created_at.to_string();
    let when = at.get(..19).map(|at| at.replace('T', " ")).unwrap_or_default();
    view! {
        <tr role="row">
            <th role="rowheader" scope="row">
                <span class="entry"><span>{what}<small>{facts(&entry.before, &entry.after)}</small></span></span>
            </th>
            <td role="cell" data-label=t!("Who")>{who}</td>
            <td role="cell" data-label=t!("When (UTC)")><time datetime=at>{when}</time></td>
            <td role="cell" data-label=t!("From where")>{entry.address.unwrap_or_default()}</td>
        </tr>
    }
}

/// What something was and is, in a line: `role: agent → admin`.
fn facts(before: &Facts, after: &Facts) -> String {
    let mut parts = Vec::new();
    for (name, was) in before {
        parts.push(match after.get(name) {
            Some(is) => t!("{name}: {was} → {is}", name = fact(name), was = value(name, was), is = value(name, is)),
            None => t!("{name}: {value}", name = fact(name), value = value(name, was)),
        });
    }
    for (name, is) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        parts.push(t!("{name}: {value}", name = fact(name), value = value(name, is)));
    }
    parts.join(" · ")
}

/// What people call something that is written down.
fn fact(name: &str) -> String {
    let known = FACTS.iter().find(|(one, _)| *one == name);
    known.map_or_else(|| name.replace('_', " "), |(_, words)| say(&Text::of(words)))
}

/// What it was or is, as people say it. What somebody has typed stays as it is.
fn value(name: &str, text: &str) -> String {
    let said = match name {
        "browser" => return browser(text),
        "second_factor" | "required" | "signs" | "language" | "role" | "expires_at" => {
            VALUES.iter().find(|known| **known == text)
        }
        _ => None,
    };
    said.map_or_else(|| text.to_owned(), |known| sentence(known).to_owned())
}
