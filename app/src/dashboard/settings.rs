//! The settings of the workspace: the form, the same as JSON, and every version that was. Plain forms, answered with this page.

use super::Frame;
use super::versions::{Version, history};
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{Field, FormNotice, Lines};
use leptos::prelude::*;
use model::hours::DAYS;
use model::settings::{Settings, SettingsVersion};
use model::{Problem, Timestamp};
use words::{Language, Text, noted};

const FIELDS: &[(&str, &str)] = &[
    ("name", noted!("Company")),
    ("language", noted!("Language")),
    ("session_minutes", noted!("A session ends after")),
    ("idle_minutes", noted!("Signed out when idle for")),
    ("embed_origins", noted!("Sites that show meetings")),
    ("time_zone", noted!("Time zone")),
    ("monday", noted!("Monday")),
    ("tuesday", noted!("Tuesday")),
    ("wednesday", noted!("Wednesday")),
    ("thursday", noted!("Thursday")),
    ("friday", noted!("Friday")),
    ("saturday", noted!("Saturday")),
    ("sunday", noted!("Sunday")),
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
    /// Whether the assistant remembers what contacts say of themselves.
    pub remember_facts: bool,
    /// Whether personal data is hidden from models.
    pub mask_personal_data: bool,
    /// Sites that may show meetings, one a line.
    pub embed_origins: String,
    /// Whether contacts may ask for a call.
    pub calls: bool,
    /// Where the hours are said.
    pub time_zone: String,
    /// The hours of each day, Monday's first.
    pub service_hours: [String; 7],
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
                {minutes("idle_minutes", t!("Signed out when idle for (minutes)"), typed.idle_minutes, error("idle_minutes"))}
                {assistant(typed.remember_facts, typed.mask_personal_data)}
                <Lines name="embed_origins" label=s!("Sites that show meetings in their pages, one a line, like https://shop.example") rows=3 required=false value=typed.embed_origins error=error("embed_origins")/>
                {calls(typed.calls, typed.time_zone, typed.service_hours, &error)}
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
        {(!versions.is_empty()).then(|| {
            history(version, earlier(&versions), now, |number| format!("/dashboard/settings/{number}/restore"))
        })}
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
        remember_facts: settings.remember_facts,
        mask_personal_data: settings.mask_personal_data,
        embed_origins: settings.embed_origins.join("\n"),
        calls: settings.calls,
        time_zone: settings.time_zone.clone().unwrap_or_default(),
        service_hours: std::array::from_fn(|day| settings.service_hours.get(day).cloned().unwrap_or_default()),
        json: None,
    }
}

/// What the assistant does with what contacts say.
fn assistant(remembers: bool, hides: bool) -> AnyView {
    view! {
        <fieldset class="checks">
            <legend>{t!("Assistant")}</legend>
            <label class="check">
                <input type="checkbox" name="remember_facts" value="1" checked=remembers/>
                " "{t!("Remember what contacts say of themselves, for a year. It is sent to your models, and shown beside the conversation.")}
            </label>
            <label class="check">
                <input type="checkbox" name="mask_personal_data" value="1" checked=hides/>
                " "{t!("Hide personal data from your models: addresses of mail, telephones, cards, accounts, and numbers of persons are replaced before anything is sent.")}
            </label>
        </fieldset>
    }
    .into_any()
}

/// Whether contacts may ask for a call, and when people are there.
fn calls(may: bool, zone: String, hours: [String; 7], error: &dyn Fn(&str) -> Option<String>) -> AnyView {
    let days = DAYS
        .into_iter()
        .zip(hours)
        .map(|((name, day), value)| line(name, say(&Text::of(day)), None, value, error(name)));
    view! {
        <fieldset class="checks">
            <legend>{t!("Calls and service hours")}</legend>
            <label class="check">
                <input type="checkbox" name="calls" value="1" checked=may/>
                " "{t!("Contacts may ask to talk face to face, by a button in the chat. Outside service hours they are called back.")}
            </label>
            <p class="field__hint">{t!("The hours of each day, like 09:00-17:00, or two spans: 09:00-12:00, 13:00-17:00. Nothing on any day: always.")}</p>
            {days.collect_view()}
            {line("time_zone", t!("Time zone"), Some(t!("Of these hours, by its name: Europe/Stockholm")), zone, error("time_zone"))}
        </fieldset>
    }
    .into_any()
}

/// A line that may be empty.
fn line(name: &'static str, label: String, hint: Option<String>, value: String, error: Option<String>) -> AnyView {
    let (hinted, wrong) = (format!("{name}-hint"), format!("{name}-error"));
    let described = [hint.as_ref().map(|_| hinted.clone()), error.as_ref().map(|_| wrong.clone())];
    let described = described.into_iter().flatten().collect::<Vec<_>>().join(" ");
    view! {
        <div class="field">
            <label class="field__label" for=name>{label}</label>
            {hint.map(|hint| view! { <p class="field__hint" id=hinted>{hint}</p> })}
            <input
                class="field__input"
                id=name
                name=name
                autocomplete="off"
                maxlength="64"
                value=value
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby=(!described.is_empty()).then_some(described)
            />
            {error.map(|error| view! { <p class="field__error" id=wrong>{error}</p> })}
        </div>
    }
    .into_any()
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
fn earlier(versions: &[SettingsVersion]) -> Vec<Version> {
    let before = versions.iter().skip(1).map(Some).chain([None]);
    let all = versions.iter().zip(before).map(|(version, before)| {
        let changes = before.map(|before| before.settings.differences(&version.settings)).unwrap_or_default();
        let changes = changes.into_iter().map(|(name, was, is)| (say(&Settings::title(name)), say(&was), say(&is)));
        Version {
            number: version.version,
            restores: version.restores,
            first: version.version == 0,
            changes: changes.collect(),
            by: version.changed_by.clone(),
            at: version.changed_at,
        }
    });
    all.collect()
}
