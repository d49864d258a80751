//! Meetings: those that go on, those to come, those that are over, with who came and for how long. Plain forms, answered with this page.

use super::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{CopyButton, FormNotice, Icon, Question, Shape, anchor, asking, opener};
use leptos::prelude::*;
use model::meeting::{Attendee, Meeting, MeetingState, Written};
use model::{MeetingId, Problem};
use words::noted;

const HERE: &str = "/dashboard/meetings";
const FIELDS: &[(&str, &str)] = &[
    ("title", noted!("Name")),
    ("starts_at", noted!("Begins")),
    ("time_zone", noted!("Time zone")),
    ("minutes", noted!("Minutes")),
    ("passcode", noted!("Passcode")),
];
/// What a page lends to the meeting in it: browsers give a frame none of these by itself.
const EMBED_ALLOWS: &str =
    "camera; microphone; display-capture; speaker-selection; autoplay; fullscreen; clipboard-write";
/// Places by which people know their time; whatever else was chosen before stands among them.
const ZONES: [&str; 43] = [
    "UTC",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Nairobi",
    "America/Anchorage",
    "America/Argentina/Buenos_Aires",
    "America/Bogota",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Lima",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Toronto",
    "Asia/Bangkok",
    "Asia/Dubai",
    "Asia/Hong_Kong",
    "Asia/Jakarta",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Manila",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Atlantic/Reykjavik",
    "Australia/Brisbane",
    "Australia/Perth",
    "Australia/Sydney",
    "Europe/Athens",
    "Europe/Berlin",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Europe/Lisbon",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Paris",
    "Europe/Stockholm",
    "Pacific/Auckland",
];

/// A meeting in a list.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The meeting.
    pub meeting: Meeting,
    /// When it begins, where its time is said.
    pub begins: Option<String>,
    /// Who came.
    pub people: Vec<Attendee>,
    /// What was written in it first.
    pub said: Vec<Written>,
    /// How many messages there are.
    pub messages: usize,
    /// How many are in it.
    pub now: usize,
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Those that go on.
    pub live: Vec<Listing>,
    /// Those to come, the next one first.
    pub upcoming: Vec<Listing>,
    /// Where later ones begin.
    pub later: Option<String>,
    /// Those that are over, the latest first.
    pub past: Vec<Listing>,
    /// Where earlier ones begin.
    pub earlier: Option<String>,
    /// The time zone that is offered.
    pub zone: String,
    /// The conversation from which a meeting is to be made.
    pub conversation: Option<String>,
    /// The meeting that is to be changed, as it is.
    pub changing: Option<(MeetingId, Typed)>,
    /// Whether this server carries sound and pictures.
    pub carries: bool,
}

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// What it is called.
    pub title: String,
    /// When it begins; nothing for at once.
    pub starts_at: String,
    /// Where that is said.
    pub time_zone: String,
    /// How long it is to take.
    pub minutes: String,
    /// Whether guests wait.
    pub waiting_room: bool,
    /// Whether it has a passcode.
    pub passcode: bool,
    /// Whether it is the form for one to come.
    pub later: bool,
}

/// What came of a form.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Outcome {
    /// None was sent.
    #[default]
    Nothing,
    /// One is planned.
    Planned,
    /// One is changed.
    Changed,
    /// One is over.
    Ended,
    /// It did not work.
    Refused(Problem, Box<Typed>),
}

/// The page.
pub fn meetings(frame: &Frame, shown: Shown, outcome: Outcome) -> Page {
    let title = match &outcome {
        Outcome::Nothing => t!("Meetings"),
        Outcome::Planned | Outcome::Changed | Outcome::Ended => t!("Saved · Meetings"),
        Outcome::Refused(..) => t!("Error: {title}", title = t!("Meetings")),
    };
    let good = |words: String| view! { <p class="notice notice--good" role="status">{words}</p> }.into_any();
    let (notice, typed, problem) = match outcome {
        Outcome::Nothing => (().into_any(), Typed::default(), None),
        Outcome::Planned => {
            (good(t!("The meeting is planned. Send its link to those who are to come.")), Typed::default(), None)
        }
        Outcome::Changed => (good(t!("The meeting is changed. Its link is the same.")), Typed::default(), None),
        Outcome::Ended => (good(t!("The meeting is over.")), Typed::default(), None),
        Outcome::Refused(problem, typed) => {
            let notice = view! { <FormNotice problem=problem.clone() fields=FIELDS/> }.into_any();
            (notice, *typed, Some(problem))
        }
    };
    let error = |name: &str| problem.as_ref().and_then(|problem| problem.field(name)).map(say);
    let Shown { live, upcoming, later: more, past, earlier, zone, conversation, changing, carries } = shown;
    let zone = if typed.time_zone.is_empty() { zone } else { typed.time_zone.clone() };
    let silent = (!carries).then(|| {
        view! { <p class="notice notice--attention">{t!("This server carries no sound and pictures just now. Whoever runs it finds the reason in its log.")}</p> }
    });
    let forms = match changing {
        // What was typed goes before what is kept.
        Some((id, kept)) => {
            let typed = if problem.is_some() { Typed { passcode: kept.passcode, ..typed } } else { kept };
            change(id, &typed, &error)
        }
        None => view! {
            {now(&typed, conversation.clone(), &error)}
            {later(&typed, conversation, &zone, &error)}
        }
        .into_any(),
    };
    let main = view! {
        <header class="page__head">
            <h1>{t!("Meetings")}</h1>
            <p>{t!("Talk face to face, with a link and nothing to install. Whoever has the link can knock.")}</p>
        </header>
        {notice}
        {silent}
        {forms}
        {list("live", t!("Going on"), live, None)}
        {list("upcoming", t!("To come"), upcoming, more)}
        {over(past, earlier)}
    };
    frame.page(HERE, title, Surface::Dashboard, main)
}

/// What is wrong with a field.
type Wrong<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A field of one of the forms, which have the same names.
fn field(
    form: &'static str,
    name: &'static str,
    label: String,
    kind: &'static str,
    value: String,
    error: Option<String>,
) -> AnyView {
    // What is wrong leads to the field by its name.
    let id = if error.is_some() { name.to_owned() } else { format!("{form}-{name}") };
    let (label_for, error_id) = (id.clone(), format!("{id}-error"));
    let described = error.is_some().then(|| error_id.clone());
    view! {
        <div class="field">
            <label class="field__label" for=label_for>{label}</label>
            <input
                class="field__input"
                id=id
                name=name
                type=kind
                value=value
                maxlength="200"
                autocomplete="off"
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby=described
            />
            {error.map(|error| view! { <p class="field__error" id=error_id>{error}</p> })}
        </div>
    }
    .into_any()
}

fn common(form: &'static str, typed: &Typed, conversation: Option<String>, mine: bool, error: Wrong<'_>) -> AnyView {
    let error = |name: &str| if mine { error(name) } else { None };
    let title = if mine { typed.title.clone() } else { String::new() };
    let waits = mine && typed.waiting_room;
    view! {
        {conversation.map(|id| view! { <input type="hidden" name="conversation" value=id/> })}
        {field(form, "title", t!("Name"), "text", title, error("title"))}
        {field(form, "passcode", t!("Passcode (optional)"), "text", String::new(), error("passcode"))}
        {waiting(waits)}
    }
    .into_any()
}

fn waiting(waits: bool) -> AnyView {
    view! {
        <label class="check">
            <input type="checkbox" name="waiting_room" value="1" checked=waits/>
            " "{t!("Guests wait until a host lets them in")}
        </label>
    }
    .into_any()
}

fn now(typed: &Typed, conversation: Option<String>, error: Wrong<'_>) -> AnyView {
    let from = conversation.is_some().then(|| {
        view! { <p>{t!("The link is said in the conversation, and so is when the meeting begins and ends.")}</p> }
    });
    view! {
        <section class="section" aria-labelledby="now">
            <div class="section__head"><div class="section__text"><h2 id="now">{t!("Now")}</h2>{from}</div></div>
            <form class="form form--narrow" method="post" action=HERE>
                {common("now", typed, conversation, !typed.later, error)}
                <button class="button button--primary" type="submit"><Icon shape=Shape::Plus/>{t!("Start a meeting")}</button>
            </form>
        </section>
    }
    .into_any()
}

/// When it begins and how long it is to take.
fn time(form: &'static str, typed: &Typed, zone: &str, error: Wrong<'_>) -> AnyView {
    let minutes = if typed.minutes.is_empty() { "60".to_owned() } else { typed.minutes.clone() };
    let known = ZONES.contains(&zone);
    let other = (!known).then(|| view! { <option value=zone.to_owned() selected=true>{zone.to_owned()}</option> });
    let zones = ZONES.into_iter().map(|one| {
        let chosen = one == zone;
        view! { <option value=one selected=chosen>{one}</option> }
    });
    let zone_error = error("time_zone");
    let wrong_zone = zone_error.is_some().then_some("true");
    let described = wrong_zone.map(|_| "time_zone-error");
    view! {
        {field(form, "starts_at", t!("Begins"), "datetime-local", typed.starts_at.clone(), error("starts_at"))}
        <div class="field">
            <label class="field__label" for="time_zone">{t!("Time zone")}</label>
            <select class="field__input" id="time_zone" name="time_zone" aria-invalid=wrong_zone aria-describedby=described>
                {other}
                {zones.collect_view()}
            </select>
            {zone_error.map(|error| view! { <p class="field__error" id="time_zone-error">{error}</p> })}
        </div>
        {field(form, "minutes", t!("Minutes"), "number", minutes, error("minutes"))}
    }
    .into_any()
}

/// The form of a meeting that is to be another.
fn change(id: MeetingId, typed: &Typed, error: Wrong<'_>) -> AnyView {
    let passcode = if typed.passcode { t!("New passcode (left empty, it stays)") } else { t!("Passcode (optional)") };
    let without = typed.passcode.then(|| {
        view! {
            <label class="check">
                <input type="checkbox" name="without_passcode" value="1"/>
                " "{t!("No passcode from now on")}
            </label>
        }
    });
    view! {
        <section class="section" aria-labelledby="change">
            <div class="section__head"><div class="section__text"><h2 id="change">{t!("Change the meeting")}</h2></div></div>
            <form class="form form--narrow" method="post" action=format!("{HERE}/{id}")>
                {field("change", "title", t!("Name"), "text", typed.title.clone(), error("title"))}
                {field("change", "passcode", passcode, "text", String::new(), error("passcode"))}
                {without}
                {waiting(typed.waiting_room)}
                {time("change", typed, &typed.time_zone, error)}
                <div class="actions">
                    <button class="button button--primary" type="submit">{t!("Save")}</button>
                    <a class="button" href=HERE>{t!("Not now")}</a>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn later(typed: &Typed, conversation: Option<String>, zone: &str, error: Wrong<'_>) -> AnyView {
    view! {
        <details class="more" open=typed.later>
            <summary>{t!("Plan one for later")}</summary>
            <form class="form form--narrow" method="post" action=HERE>
                <input type="hidden" name="later" value="1"/>
                {common("later", typed, conversation, typed.later, error)}
                {time("later", typed, zone, error)}
                <button class="button" type="submit">{t!("Plan the meeting")}</button>
            </form>
        </details>
    }
    .into_any()
}

/// Meetings that are not over.
fn list(id: &'static str, heading: String, all: Vec<Listing>, later: Option<String>) -> AnyView {
    if all.is_empty() {
        return ().into_any();
    }
    let more = later.map(|cursor| {
        let to = format!("{HERE}?after={cursor}");
        view! { <p class="actions">{anchor("button button--small", to, s!("Later ones").into_any())}</p> }
    });
    view! {
        <section class="section" aria-labelledby=id>
            <div class="section__head"><div class="section__text"><h2 id=id>{heading}</h2></div></div>
            <ul class="ways" role="list">{all.into_iter().map(open).collect_view()}</ul>
            {more}
        </section>
    }
    .into_any()
}

fn open(one: Listing) -> AnyView {
    let Listing { meeting, begins, now, .. } = one;
    let when = match (meeting.state, begins, &meeting.time_zone) {
        (MeetingState::Live, ..) if now == 0 => t!("Nobody is in it now."),
        (MeetingState::Live, ..) => t!("{n} person is in it.", "{n} people are in it.", n = now),
        (_, Some(at), Some(zone)) => t!("Begins {at} ({zone}).", at, zone),
        (_, Some(at), None) => t!("Begins {at} ({zone}).", at, zone = "UTC"),
        _ => t!("Nobody has come yet."),
    };
    let path = path(&meeting.link);
    let join = t!("Join {title}", title = meeting.title.clone());
    let calendar = meeting.starts_at.is_some().then(|| {
        let label = t!("Calendar file of {title}", title = meeting.title.clone());
        view! { <a class="button button--small" href=format!("{path}/invite.ics") aria-label=label>{t!("Calendar file")}</a> }
    });
    let change = (meeting.state == MeetingState::Scheduled).then(|| {
        let label = t!("Change {title}", title = meeting.title.clone());
        let to = format!("{HERE}?change={}", meeting.id);
        view! { <a class="button button--small" href=to aria-label=label>{t!("Change")}</a> }
    });
    let link = meeting.link.clone();
    let title = meeting.title.clone();
    view! {
        <li>
            <p><b>{title}</b>" "{when}</p>
            <figure class="code">
                <figcaption>{t!("Send this link")}</figcaption>
                <pre class="code__line"><code>{link}</code></pre>
                <CopyButton/>
            </figure>
            {embedding(&meeting)}
            <div class="actions">
                <a class="button button--primary button--small" href=path.clone() aria-label=join>{t!("Join")}</a>
                {calendar}
                {change}
                {ending(meeting.id, &meeting.title)}
            </div>
        </li>
    }
    .into_any()
}

/// What a page of the company's own has to hold to show it.
fn embedding(meeting: &Meeting) -> AnyView {
    let address = meeting.link.replacen("/meet/", "/embed/meet/", 1);
    let title = meeting.title.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let sizes = "width=\"100%\" height=\"640\"";
    // It is shown, as text.
    let line =
        ["<iframe src=\"", &address, "\" title=\"", &title, "\" ", sizes, " allow=\"", EMBED_ALLOWS, "\"></iframe>"]
            .concat();
    let settings = view! { <a href="/dashboard/settings">{t!("settings")}</a> };
    view! {
        <details class="more">
            <summary>{t!("Show it in a page of yours")}</summary>
            <p>{rich!("It is shown on the sites that your {settings} name, and on no others.", settings = settings)}</p>
            <figure class="code">
                <figcaption>{t!("Put this line into the page")}</figcaption>
                <pre class="code__line"><code>{line}</code></pre>
                <CopyButton/>
            </figure>
        </details>
    }
    .into_any()
}

/// The path in a link: pages lead to where they are themselves.
fn path(link: &str) -> String {
    link.find("/meet/").and_then(|at| link.get(at..)).unwrap_or_default().to_owned()
}

fn ending(id: MeetingId, title: &str) -> AnyView {
    let dialog = format!("end-{id}");
    let asks = Question {
        question: t!("End {title}?", title),
        text: t!("It ends for everybody in it, and its link opens nothing any more."),
        no: t!("Not now"),
        yes: t!("End the meeting"),
    };
    view! {
        {opener(&dialog, t!("End"), t!("End {title}", title))}
        {asking(&dialog, asks, format!("{HERE}/{id}/end"))}
    }
    .into_any()
}

fn over(past: Vec<Listing>, earlier: Option<String>) -> AnyView {
    if past.is_empty() {
        return view! {
            <div class="empty">
                <div class="empty__text">
                    <h2>{t!("No meeting is over yet")}</h2>
                    <p>{t!("Here it will say who came to each and for how long.")}</p>
                </div>
            </div>
        }
        .into_any();
    }
    let more = earlier.map(|cursor| {
        let to = format!("{HERE}?before={cursor}");
        view! { <p class="actions">{anchor("button button--small", to, s!("Earlier ones").into_any())}</p> }
    });
    view! {
        <section class="section" aria-labelledby="past">
            <div class="section__head"><div class="section__text"><h2 id="past">{t!("Over")}</h2></div></div>
            <ul class="ways" role="list">{past.into_iter().map(was).collect_view()}</ul>
            {more}
        </section>
    }
    .into_any()
}

/// Whole minutes between two instants.
fn minutes(from: model::Timestamp, until: model::Timestamp) -> i64 {
    (until.millis() - from.millis()).max(0) / 60_000
}

fn was(one: Listing) -> AnyView {
    let Listing { meeting, people, said, messages, .. } = one;
    let day = say(&meeting.started_at.unwrap_or(meeting.created_at).day());
    let took = match (meeting.started_at, meeting.ended_at) {
        (Some(began), Some(ended)) => t!("{n} min", n = minutes(began, ended)),
        _ => t!("nobody came"),
    };
    let some = !people.is_empty();
    let came = people.into_iter().map(|person| {
        let stayed = person.joined_at.map(|_| t!("{n} min", n = person.present_s / 60));
        view! { <li><span>{person.name}</span>{stayed.map(|stayed| view! { <small>{stayed}</small> })}</li> }
    });
    let came = some.then(|| view! { <ul class="people" role="list">{came.collect_view()}</ul> });
    let chat = chat(meeting.id, said, messages);
    view! { <li><p><b>{meeting.title}</b>" · "{day}" · "{took}</p>{came}{chat}</li> }.into_any()
}

/// What was written in it.
fn chat(id: MeetingId, said: Vec<Written>, messages: usize) -> AnyView {
    if messages == 0 {
        return ().into_any();
    }
    let rest = (said.len() < messages).then(|| {
        let path = view! { <code>{format!("/api/v1/meetings/{id}/messages")}</code> };
        view! { <p>{rich!("That is the beginning. Programs read all of it: {path}", path = path)}</p> }
    });
    let said = said.into_iter().map(|one| {
        view! { <li><span><b>{one.name}</b>" "{one.text}</span><small>{format!("{} UTC", one.at.time())}</small></li> }
    });
    view! {
        <details class="more">
            <summary>{t!("{n} message was written", "{n} messages were written", n = messages)}</summary>
            <ul class="people" role="list">{said.collect_view()}</ul>
            {rest}
        </details>
    }
    .into_any()
}

/// The way from the conversation that is open into its meeting, which opens beside. (Sent to the address of the page, which names that conversation.)
pub(super) fn beginning() -> AnyView {
    view! {
        <form method="post" target="_blank">
            <button class="button button--small" type="submit" name="meet" value="1">{t!("Meet face to face")}</button>
        </form>
    }
    .into_any()
}
