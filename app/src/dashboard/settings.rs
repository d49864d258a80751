//! The settings of the workspace: the form, the same as JSON, and every version that was. Plain forms, answered with this page.

use super::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{Field, FormNotice, Lines};
use leptos::prelude::*;
use model::settings::{Settings, SettingsVersion};
use model::{Problem, Timestamp};
use words::{Language, noted};

const FIELDS: &[(&str, &str)] = &[
    ("name", noted!("Company")),
    ("language", noted!("Language")),
    ("session_minutes", noted!("A session ends after")),
    ("idle_minutes", noted!("Unused, it ends after")),
    ("json", noted!("The settings as JSON")),
];

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// The company's name.
    pub name: String,
    /// The tag of a language, or nothing.
    pub language: String,
    /// Whether a second factor is asked for.
    pub second_factor: bool,
    /// Minutes of a session.
    pub session_minutes: String,
    /// Minutes of one that nobody uses.
    pub idle_minutes: String,
    /// All of them as JSON, where they were typed so.
    pub json: Option<String>,
}

/// What came of a form.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Outcome {
    /// None was sent.
    #[default]
    Nothing,
    /// They are in force.
    Saved,
    /// They are not.
    Refused {
        /// Why.
        problem: Problem,
        /// What was typed, where it is shown again.
        typed: Option<Box<Typed>>,
    },
}

/// The page.
pub fn settings(
    frame: &Frame,
    (version, settings, json): (i32, Settings, String),
    versions: Vec<SettingsVersion>,
    now: Timestamp,
    outcome: Outcome,
) -> Page {
    let title = match &outcome {
        Outcome::Nothing => t!("Settings"),
        Outcome::Saved => t!("Saved · Settings"),
        Outcome::Refused { .. } => t!("Error: {title}", title = t!("Settings")),
    };
    let problem = match &outcome {
        Outcome::Refused { problem, .. } => Some(problem.clone()),
        _ => None,
    };
    let error = |field: &str| problem.as_ref().and_then(|problem| problem.field(field)).map(say);
    let typed = match outcome.clone() {
        Outcome::Refused { typed: Some(typed), .. } => *typed,
        _ => of(&settings),
    };
    let notice = match outcome {
        Outcome::Nothing => ().into_any(),
        Outcome::Saved => view! {
            <div class="notice notice--good" role="status">
                <h2 class="notice__title">{t!("Saved")}</h2>
                <p>{t!("It is in force. Below stands what was before, and how to bring it back.")}</p>
            </div>
        }
        .into_any(),
        Outcome::Refused { problem, .. } => view! { <FormNotice problem=problem fields=FIELDS/> }.into_any(),
    };
    let expert = typed.json.is_some();
    let json = typed.json.clone().unwrap_or(json);
    // What was typed as JSON says nothing of the other form.
    let typed = if expert { of(&settings) } else { typed };
    let main = view! {
        <header class="page__head"><h1>{t!("Settings")}</h1><p>{t!("They hold for everybody in this workspace.")}</p></header>
        {notice}
        <section class="section" aria-label=t!("Settings")>
            <form class="form form--narrow" method="post" action="/dashboard/settings">
                <input type="hidden" name="version" value=version.to_string()/>
                <Field name="name" label=t!("Company") autocomplete="organization" value=typed.name error=error("name")/>
                {language(&typed.language, error("language"))}
                <label class="check">
                    <input type="checkbox" name="second_factor" value="1" checked=typed.second_factor/>
                    " "{t!("Signing in takes a second factor. Who has none is led through it at the next sign-in.")}
                </label>
                {minutes("session_minutes", t!("A session ends after (minutes)"), typed.session_minutes, error("session_minutes"))}
                {minutes("idle_minutes", t!("Unused, it ends after (minutes)"), typed.idle_minutes, error("idle_minutes"))}
                <button class="button button--primary" type="submit">{t!("Save")}</button>
            </form>
            <details class="more" open=expert>
                <summary>{t!("The same as JSON")}</summary>
                <form class="form" method="post" action="/dashboard/settings">
                    <input type="hidden" name="version" value=version.to_string()/>
                    <Lines name="json" label=s!("The settings as JSON") rows=8 value=json error=error("json")/>
                    <div class="actions"><button class="button" type="submit">{t!("Save the JSON")}</button></div>
                </form>
            </details>
        </section>
        {(!versions.is_empty()).then(|| history(version, versions, now))}
    };
    frame.page("/dashboard/settings", title, Surface::Dashboard, main)
}

fn of(settings: &Settings) -> Typed {
    let minutes = |minutes: Option<u32>| minutes.map(|minutes| minutes.to_string()).unwrap_or_default();
    Typed {
        name: settings.name.clone(),
        language: settings.language.map(|language| language.tag().to_owned()).unwrap_or_default(),
        second_factor: settings.second_factor,
        session_minutes: minutes(settings.session_minutes),
        idle_minutes: minutes(settings.idle_minutes),
        json: None,
    }
}

/// A choice among languages. Each is called what it is by who speaks it.
fn language(chosen: &str, error: Option<String>) -> AnyView {
    let described = if error.is_some() { "language-hint language-error" } else { "language-hint" };
    let option = |language: Language| {
        let tag = language.tag();
        view! { <option value=tag lang=tag selected=tag == chosen>{language.name()}</option> }
    };
    view! {
        <div class="field">
            <label class="field__label" for="language">{t!("Language")}</label>
            <p class="field__hint" id="language-hint">
                {t!("What your people and your letters speak, where somebody has not chosen. Up to each: pages speak what a browser asks for.")}
            </p>
            <select
                class="field__input"
                id="language"
                name="language"
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby=described
            >
                <option value="">{t!("Up to each")}</option>
                {Language::OFFERED.into_iter().map(option).collect_view()}
            </select>
            {error.map(|error| view! { <p class="field__error" id="language-error">{error}</p> })}
        </div>
    }
    .into_any()
}

/// A number of minutes, or nothing.
fn minutes(name: &'static str, label: String, value: String, error: Option<String>) -> AnyView {
    let (hint, wrong) = (format!("{name}-hint"), format!("{name}-error"));
    let described = if error.is_some() { format!("{hint} {wrong}") } else { hint.clone() };
    view! {
        <div class="field">
            <label class="field__label" for=name>{label}</label>
            <p class="field__hint" id=hint>{t!("Nothing: as long as this installation lets it. From 5 to 10,080.")}</p>
            <input
                class="field__input"
                id=name
                name=name
                inputmode="numeric"
                autocomplete="off"
                value=value
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby=described
            />
            {error.map(|error| view! { <p class="field__error" id=wrong>{error}</p> })}
        </div>
    }
    .into_any()
}

/// What was, the latest first, and what each has changed.
fn history(current: i32, versions: Vec<SettingsVersion>, now: Timestamp) -> AnyView {
    let earlier = versions.iter().skip(1).cloned().map(Some).chain([None]);
    let rows = versions.iter().cloned().zip(earlier).map(|(version, before)| {
        let changes = before.map(|before| before.settings.differences(&version.settings)).unwrap_or_default();
        let what = match version.restores {
            Some(restored) => t!("Brought version {number} back", number = restored),
            None if version.version == 0 => t!("How it was made"),
            None => String::new(),
        };
        let changes = changes.into_iter().map(|(name, was, is)| {
            let (was, is) = (view! { <del>{say(&was)}</del> }, view! { <ins>{say(&is)}</ins> });
            let line = rich!("{setting}: {was} {is}", setting = say(&Settings::title(name)), was = was, is = is);
            view! { <li>{line}</li> }
        });
        let number = version.version;
        let restore = if number == current {
            view! { <span class="badge badge--accent">{t!("In force")}</span> }.into_any()
        } else {
            view! {
                <form method="post" action=format!("/dashboard/settings/{number}/restore")>
                    <input type="hidden" name="version" value=current.to_string()/>
                    <button class="button button--small" type="submit" aria-label=t!("Restore version {number}", number)>
                        {t!("Restore")}
                    </button>
                </form>
            }
            .into_any()
        };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">{number}</th>
                <td role="cell" data-label=t!("What")>{what}<ul role="list">{changes.collect_view()}</ul></td>
                <td role="cell" data-label=t!("Who")>{if version.changed_by.is_empty() { "-".to_owned() } else { version.changed_by }}</td>
                <td role="cell" data-label=t!("When")>
                    <time datetime=version.changed_at.to_string()>{say(&version.changed_at.ago(now))}</time>
                </td>
                <td class="table__end" role="cell">{restore}</td>
            </tr>
        }
    });
    view! {
        <section class="section" aria-labelledby="versions">
            <div class="section__head"><div class="section__text">
                <h2 id="versions">{t!("Versions")}</h2>
                <p>{t!("Each change is one. Restoring one is a change, too.")}</p>
            </div></div>
            <div class="table">
                <table role="table" aria-labelledby="versions">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">{t!("Version")}</th>
                            <th role="columnheader" scope="col">{t!("What")}</th>
                            <th role="columnheader" scope="col">{t!("Who")}</th>
                            <th role="columnheader" scope="col">{t!("When")}</th>
                            <th class="table__end" role="columnheader" scope="col"><span class="visually-hidden">{t!("Action")}</span></th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}
