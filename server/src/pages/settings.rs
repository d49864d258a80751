//! `/dashboard/settings`: what the workspace has chosen, each change a version.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{Done, render::Render, unreadable};
use crate::state::App;
use app::dashboard::settings::{Outcome, Typed, settings};
use axum::{
    Form,
    extract::{Path, State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use identity::IdentityError;
use model::settings::Settings;
use model::{ErrorCode, FieldError, Problem};
use serde::Deserialize;
use store::Caller;
use store::services::timestamp;
use words::{Language, text};

const HERE: &str = "/dashboard/settings";

/// The page.
///
/// # Errors
/// A page, for who may not change settings, and when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Viewer(caller): Viewer,
    render: Render,
    Done(done): Done,
) -> Result<Response, Failure> {
    let outcome = if done == "saved" { Outcome::Saved } else { Outcome::Nothing };
    show(&app, &caller, &render, StatusCode::OK, outcome).await
}

async fn show(
    app: &App,
    caller: &Caller,
    render: &Render,
    status: StatusCode,
    outcome: Outcome,
) -> Result<Response, Failure> {
    let identity = &app.capabilities.identity;
    let versions = identity.settings_versions(caller).await?;
    let (version, now) = identity.settings(caller).await?;
    let json = serde_json::to_string_pretty(&now).unwrap_or_default();
    let clock = timestamp(app.capabilities.services.now());
    render.dashboard(caller, status, |frame| settings(frame, (version, now, json), versions, clock, outcome)).await
}

/// The page with what is wrong and what was typed; what is our fault, or is not there, is a page of its own.
async fn refused(
    app: &App,
    caller: &Caller,
    render: &Render,
    error: IdentityError,
    typed: Option<Box<Typed>>,
) -> Result<Response, Failure> {
    let failure = Failure::from(error);
    if !matches!(failure.0.code, ErrorCode::Invalid | ErrorCode::Conflict) {
        return Err(failure);
    }
    // What was typed over settings that are others by now is not kept: it would bring the old ones back.
    let typed = typed.filter(|_| failure.0.code == ErrorCode::Invalid);
    let status = failure.status();
    show(app, caller, render, status, Outcome::Refused { problem: failure.0, typed }).await
}

/// The form, or the settings as JSON.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Fields {
    version: String,
    name: String,
    second_factor: String,
    session_minutes: String,
    idle_minutes: String,
    language: String,
    remember_facts: String,
    mask_personal_data: String,
    embed_origins: String,
    calls: String,
    time_zone: String,
    monday: String,
    tuesday: String,
    wednesday: String,
    thursday: String,
    friday: String,
    saturday: String,
    sunday: String,
    json: Option<String>,
}

impl Fields {
    /// The hours of the week, as they were typed.
    fn week(&self) -> [String; 7] {
        let Self { monday, tuesday, wednesday, thursday, friday, saturday, sunday, .. } = self;
        [monday, tuesday, wednesday, thursday, friday, saturday, sunday].map(Clone::clone)
    }
}

/// A number of minutes, or none.
fn minutes(field: &str, text: &str, errors: &mut Vec<FieldError>) -> Option<u32> {
    let text = text.trim();
    let read = text.parse().ok();
    if !text.is_empty() && read.is_none() {
        let message = text!("A whole number of minutes, or nothing.");
        errors.push(FieldError { field: field.to_owned(), message });
    }
    read
}

/// A language, or none.
fn language(tag: &str, errors: &mut Vec<FieldError>) -> Option<Language> {
    let read = Language::offered(tag);
    if !tag.is_empty() && read.is_none() {
        errors.push(FieldError { field: "language".to_owned(), message: text!("Choose one of the list.") });
    }
    read
}

fn read(fields: &Fields) -> Result<Settings, IdentityError> {
    if let Some(json) = &fields.json {
        return serde_json::from_str(json)
            .map_err(|e| IdentityError::field("json", text!("These are no settings: {error}.", error = e)));
    }
    let mut errors = Vec::new();
    let settings = Settings {
        name: fields.name.clone(),
        second_factor: !fields.second_factor.is_empty(),
        session_minutes: minutes("session_minutes", &fields.session_minutes, &mut errors),
        idle_minutes: minutes("idle_minutes", &fields.idle_minutes, &mut errors),
        language: language(&fields.language, &mut errors),
        remember_facts: !fields.remember_facts.is_empty(),
        mask_personal_data: !fields.mask_personal_data.is_empty(),
        embed_origins: fields.embed_origins.split_whitespace().map(str::to_owned).collect(),
        calls: !fields.calls.is_empty(),
        time_zone: Some(fields.time_zone.trim().to_owned()).filter(|zone| !zone.is_empty()),
        service_hours: fields.week().to_vec(),
    };
    match settings.clone().checked() {
        Ok(_) if errors.is_empty() => Ok(settings),
        Ok(_) => Err(IdentityError::Invalid(errors)),
        Err(more) => Err(IdentityError::Invalid(more.into_iter().chain(errors).collect())),
    }
}

/// Puts new settings in force.
///
/// # Errors
/// A page, when nobody is signed in, they may not, or the fault is ours.
pub async fn change(
    State(app): State<App>,
    Member(caller): Member,
    render: Render,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let seen = fields.version.parse().unwrap_or(-1);
    let done = match read(&fields) {
        Ok(settings) => app.capabilities.identity.change_settings(&caller, seen, settings).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(_) => Ok(Redirect::to("/dashboard/settings?done=saved").into_response()),
        Err(mut error) => {
            // What is wrong with a field of the JSON is wrong with the JSON.
            if let (Some(_), IdentityError::Invalid(errors)) = (&fields.json, &mut error) {
                // Filled into a sentence, it has to be said by now.
                let language = render.frame(&caller).await?.language;
                for wrong in errors.iter_mut().filter(|wrong| wrong.field != "json") {
                    let message = wrong.message.say(language);
                    wrong.message = text!("{field}: {message}", field = wrong.field, message);
                    wrong.field = "json".to_owned();
                }
            }
            let typed = Typed {
                service_hours: fields.week(),
                calls: !fields.calls.is_empty(),
                time_zone: fields.time_zone,
                name: fields.name,
                second_factor: !fields.second_factor.is_empty(),
                session_minutes: fields.session_minutes,
                idle_minutes: fields.idle_minutes,
                language: fields.language,
                remember_facts: !fields.remember_facts.is_empty(),
                mask_personal_data: !fields.mask_personal_data.is_empty(),
                embed_origins: fields.embed_origins,
                json: fields.json,
            };
            refused(&app, &caller, &render, error, Some(Box::new(typed))).await
        }
    }
}

/// Which version was seen.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Seen {
    version: String,
}

/// Brings the settings of a version back.
///
/// # Errors
/// A page, when nobody is signed in, they may not, there is no such version, or the fault is ours.
pub async fn restore(
    State(app): State<App>,
    Member(caller): Member,
    Path(version): Path<String>,
    render: Render,
    form: Result<Form<Seen>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Seen { version: seen }) = form.map_err(unreadable)?;
    let version = version.parse().map_err(|_| Problem::not_found())?;
    match app.capabilities.identity.restore_settings(&caller, seen.parse().unwrap_or(-1), version).await {
        Ok(_) => Ok(Redirect::to(&format!("{HERE}?done=saved")).into_response()),
        Err(error) => refused(&app, &caller, &render, error, None).await,
    }
}
