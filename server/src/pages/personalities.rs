//! `/dashboard/assistant/personalities`: what the assistant is like, each change a version.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{render::Render, to_show, to_try_again, unreadable};
use crate::request::{PathId, PathIds};
use crate::state::App;
use app::dashboard::assistant::{Done, personalities as all_page, personality as one_page};
use assistant::{AssistantError, MAX_PERSONALITIES, VERSIONS_OF_A_PAGE};
use axum::{
    Form,
    extract::{Query, State, rejection::FormRejection, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use model::personality::{Grounding, Intent, Personality, Reaction, Speaks, Tone};
use model::{FieldError, PersonalityId};
use serde::Deserialize;
use store::Caller;
use store::services::timestamp;
use words::text;

const HERE: &str = "/dashboard/assistant/personalities";

/// What has just been done, to be said on the page; and the version before which those that are shown are, where these are not the latest.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    done: String,
    before: Option<i32>,
}

fn done(asked: Result<Query<Asked>, QueryRejection>) -> Done {
    if asked.is_ok_and(|Query(Asked { done, .. })| done == "saved") { Done::Saved } else { Done::Nothing }
}

/// All of them.
///
/// # Errors
/// A page, for who may not set the assistant up, and when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Viewer(caller): Viewer,
    render: Render,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Failure> {
    show(&app, &caller, &render, (StatusCode::OK, done(asked))).await
}

async fn show(
    app: &App,
    caller: &Caller,
    render: &Render,
    (status, done): (StatusCode, Done),
) -> Result<Response, Failure> {
    let all = app.capabilities.assistant.personalities(caller).await?;
    render.dashboard(caller, status, |frame| all_page(frame, all, MAX_PERSONALITIES, done)).await
}

/// One of them, with its versions.
///
/// # Errors
/// As [`page`], and where there is none.
pub async fn one(
    State(app): State<App>,
    Viewer(caller): Viewer,
    PathId(id): PathId<PersonalityId>,
    render: Render,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Failure> {
    let before = asked.as_ref().ok().and_then(|Query(asked)| asked.before);
    show_one(&app, &caller, &render, (id, before), (StatusCode::OK, done(asked))).await
}

async fn show_one(
    app: &App,
    caller: &Caller,
    render: &Render,
    (id, before): (PersonalityId, Option<i32>),
    (status, done): (StatusCode, Done),
) -> Result<Response, Failure> {
    let assistant = &app.capabilities.assistant;
    let found = assistant.personality(caller, id).await?;
    let before = before.map(|version| version.to_string());
    let versions = assistant.personality_versions(caller, id, Some(VERSIONS_OF_A_PAGE), before.as_deref()).await?;
    let clock = timestamp(app.capabilities.services.now());
    render.dashboard(caller, status, |frame| one_page(frame, found, versions, clock, done)).await
}

/// What came of a form about one of them: its page, or that with what is wrong. What is our fault, or is not there, is a page of its own.
async fn came<T>(
    app: &App,
    caller: &Caller,
    render: &Render,
    id: PersonalityId,
    (came, typed): (Result<T, AssistantError>, Option<Personality>),
) -> Result<Response, Failure> {
    let Err(error) = came else { return Ok(Redirect::to(&format!("{HERE}/{id}?done=saved")).into_response()) };
    // What was typed over one that is another by now is not kept: it would bring the old one back.
    let typed = typed.filter(|_| matches!(error, AssistantError::Invalid(_))).map(Box::new);
    let (status, problem, retry_after) = to_show(error)?;
    let page = show_one(app, caller, render, (id, None), (status, Done::Refused { problem, typed })).await?;
    Ok(to_try_again(page, retry_after))
}

/// The form of a personality: the fields of an intent come again for each.
type Fields = Vec<(String, String)>;

/// A choice, or that it is none of the list.
fn chosen<T: Default>(field: &str, name: &str, read: fn(&str) -> Option<T>, errors: &mut Vec<FieldError>) -> T {
    read(name).unwrap_or_else(|| {
        errors.push(FieldError { field: field.to_owned(), message: text!("Choose one of the list.") });
        T::default()
    })
}

/// What was typed, and what in it is none of a list.
fn read(fields: &Fields) -> (Personality, Vec<FieldError>) {
    let every =
        |name: &'static str| fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str());
    let one = |name: &'static str| every(name).next().unwrap_or_default();
    let mut errors = Vec::new();
    let lines = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    let mut said = every("intent_text");
    let mut then = every("intent_then");
    let mut examples = every("intent_examples");
    let intents = every("intent_name").map(|name| {
        let then = then.next().map_or(Some(Reaction::default()), Reaction::from_name);
        let intent = Intent {
            name: name.to_owned(),
            examples: lines(examples.next().unwrap_or_default()),
            then: then.unwrap_or_default(),
            text: said.next().unwrap_or_default().to_owned(),
        };
        (intent, then.is_none())
    });
    // One that nothing was written into is none.
    let empty = |one: &Intent| one.name.trim().is_empty() && one.examples.is_empty() && one.text.trim().is_empty();
    let intents: Vec<(Intent, bool)> = intents.filter(|(intent, _)| !empty(intent)).collect();
    if intents.iter().any(|(_, unknown)| *unknown) {
        errors.push(FieldError { field: "intents".to_owned(), message: text!("Choose one of the list.") });
    }
    let personality = Personality {
        name: one("name").to_owned(),
        called: one("called").to_owned(),
        tone: chosen("tone", one("tone"), Tone::from_name, &mut errors),
        language: chosen("language", one("language"), Speaks::from_name, &mut errors),
        instruction: one("instruction").to_owned(),
        greeting: one("greeting").to_owned(),
        thanks: one("thanks").to_owned(),
        refusal: one("refusal").to_owned(),
        nearest: one("nearest").to_owned(),
        grounding: chosen("grounding", one("grounding"), Grounding::from_name, &mut errors),
        intents: intents.into_iter().map(|(intent, _)| intent).collect(),
        person_after_refusals: !one("person_after_refusals").is_empty(),
    };
    (personality, errors)
}

/// The number of the version that was seen.
fn seen(fields: &Fields) -> i32 {
    fields.iter().find(|(field, _)| field == "version").and_then(|(_, value)| value.parse().ok()).unwrap_or(-1)
}

/// Makes one.
///
/// # Errors
/// A page, when nobody is signed in, they may not, or the fault is ours.
pub async fn create(
    State(app): State<App>,
    Member(caller): Member,
    render: Render,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let (typed, errors) = read(&fields);
    let made = match errors.is_empty() {
        true => app.capabilities.assistant.create_personality(&caller, typed.clone()).await,
        false => Err(AssistantError::Invalid(errors)),
    };
    match made {
        Ok(made) => Ok(Redirect::to(&format!("{HERE}/{}?done=saved", made.id)).into_response()),
        Err(error) => {
            let (status, problem, retry_after) = to_show(error)?;
            let refused = Done::Refused { problem, typed: Some(Box::new(typed)) };
            Ok(to_try_again(show(&app, &caller, &render, (status, refused)).await?, retry_after))
        }
    }
}

/// Makes one another, over the version that was seen.
///
/// # Errors
/// As [`create`], and where there is none.
pub async fn change(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<PersonalityId>,
    render: Render,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let (typed, errors) = read(&fields);
    let changed = match errors.is_empty() {
        true => app.capabilities.assistant.change_personality(&caller, id, seen(&fields), typed.clone()).await,
        false => Err(AssistantError::Invalid(errors)),
    };
    came(&app, &caller, &render, id, (changed, Some(typed))).await
}

/// Brings a version back.
///
/// # Errors
/// As [`change`], and where there is no such version.
pub async fn restore(
    State(app): State<App>,
    Member(caller): Member,
    PathIds(id, version): PathIds<PersonalityId, i32>,
    render: Render,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let done = app.capabilities.assistant.restore_personality(&caller, id, seen(&fields), version).await;
    came(&app, &caller, &render, id, (done, None)).await
}

/// Gives the assistant this one.
///
/// # Errors
/// As [`change`].
pub async fn take(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<PersonalityId>,
    render: Render,
) -> Result<Response, Failure> {
    let done = app.capabilities.assistant.use_personality(&caller, id).await;
    came(&app, &caller, &render, id, (done, None)).await
}

/// Deletes one that is not in use.
///
/// # Errors
/// As [`change`].
pub async fn delete(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<PersonalityId>,
    render: Render,
) -> Result<Response, Failure> {
    match app.capabilities.assistant.delete_personality(&caller, id).await {
        Ok(()) => Ok(Redirect::to(&format!("{HERE}?done=saved")).into_response()),
        error => came(&app, &caller, &render, id, (error, None)).await,
    }
}
