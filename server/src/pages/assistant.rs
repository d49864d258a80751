//! `/dashboard/assistant`: the models that the assistant asks, what they may cost and have used, and a question to try. (What it is like:
//! `personalities`.)

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{render::Render, to_show, to_try_again, unreadable};
use crate::request::PathId;
use crate::state::App;
use app::dashboard::assistant::{Form as Which, Outcome, Shown, Typed, assistant};
use axum::{
    Form,
    extract::{Query, State, rejection::FormRejection, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use llm::{Key, LlmError, ModelChange, NewModel};
use model::llm::{Micros, Prices, Use, Wire};
use model::permission::Permission;
use model::{Fault, FieldError, ModelId, PersonalityId, Problem};
use serde::Deserialize;
use store::Caller;
use time::Duration;
use words::text;
use zeroize::Zeroizing;

const HERE: &str = "/dashboard/assistant";
const SAVED: &str = "/dashboard/assistant?done=saved";
/// Days that the page looks back.
const DAYS: u32 = 30;

/// What has just been done, to be said on the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Done {
    done: String,
    /// With which personality a question is to be tried.
    personality: String,
}

/// The page.
///
/// # Errors
/// A page, for who may not set the assistant up, and when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Viewer(caller): Viewer,
    render: Render,
    done: Result<Query<Done>, QueryRejection>,
) -> Result<Response, Failure> {
    let Done { done, personality } = done.map(|Query(done)| done).unwrap_or_default();
    let outcome = match done.as_str() {
        "added" => Outcome::Added,
        "saved" => Outcome::Saved,
        _ => Outcome::Nothing,
    };
    show_trying(&app, &caller, &render, (StatusCode::OK, personality.parse().ok()), outcome).await
}

/// Back to the page: its address is another one where it shows what came of a question, and a browser may load that again.
pub async fn back(Viewer(_): Viewer) -> Redirect {
    Redirect::to(HERE)
}

async fn show(
    app: &App,
    caller: &Caller,
    render: &Render,
    status: StatusCode,
    outcome: Outcome,
) -> Result<Response, Failure> {
    show_trying(app, caller, render, (status, None), outcome).await
}

/// The page on which a question is tried with a personality that need not be in use.
async fn show_trying(
    app: &App,
    caller: &Caller,
    render: &Render,
    (status, trying): (StatusCode, Option<PersonalityId>),
    outcome: Outcome,
) -> Result<Response, Failure> {
    let (models, services) = (&app.capabilities.llm, &app.capabilities.services);
    let today = services.now().date();
    let personalities = app.capabilities.assistant.personalities(caller).await?;
    let used = personalities.iter().find(|one| one.in_use).map(|one| one.personality.name.clone());
    let tried = personalities.into_iter().find(|one| trying == Some(one.id));
    let shown = Shown {
        models: models.list(caller).await?,
        usage: models.usage(caller, DAYS).await?,
        personality: used,
        tries: tried.map(|one| (one.id, one.personality.name)),
        budget: models.budget(caller).await?,
        days: (0..i64::from(DAYS)).rev().map(|back| (today - Duration::days(back)).to_string()).collect(),
        asks: caller.permissions().has(Permission::ReadDocuments),
    };
    render.dashboard(caller, status, |frame| assistant(frame, shown, outcome)).await
}

/// The page with what is wrong and what was typed; what is our fault, or is not there, is a page of its own.
async fn refused(
    app: &App,
    caller: &Caller,
    render: &Render,
    error: impl Fault,
    typed: Typed,
) -> Result<Response, Failure> {
    let (status, problem, retry_after) = to_show(error)?;
    let page = show(app, caller, render, status, Outcome::Refused(problem, Box::new(typed))).await?;
    Ok(to_try_again(page, retry_after))
}

/// What came of a form that changes something.
async fn came<T, E: Fault>(
    app: &App,
    caller: &Caller,
    render: &Render,
    done: Result<T, E>,
    (next, typed): (&str, Typed),
) -> Result<Response, Failure> {
    match done {
        Ok(_) => Ok(Redirect::to(next).into_response()),
        Err(error) => refused(app, caller, render, error, typed).await,
    }
}

/// The form of a model. It does not print: it has a key.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Fields {
    wire: String,
    name: String,
    address: String,
    key: Zeroizing<String>,
    uses: String,
    images: String,
    input: String,
    cached: String,
    output: String,
    since: String,
}

impl Fields {
    fn typed(&self, form: Which) -> Typed {
        Typed {
            form,
            wire: self.wire.clone(),
            name: self.name.clone(),
            address: self.address.clone(),
            uses: self.uses.clone(),
            images: !self.images.is_empty(),
            input: self.input.clone(),
            cached: self.cached.clone(),
            output: self.output.clone(),
            since: self.since.clone(),
            ..Typed::default()
        }
    }

    /// What a million tokens cost, or that nothing was said of it. What the provider remembers costs as much as the rest, if nothing else was
    /// said.
    fn prices(&self) -> Result<Option<Prices>, LlmError> {
        let [input, cached, output] = [&self.input, &self.cached, &self.output].map(|typed| typed.trim());
        if input.is_empty() && cached.is_empty() && output.is_empty() {
            return Ok(None);
        }
        let cached = if cached.is_empty() { input } else { cached };
        let fields = [("input", input), ("cached", cached), ("output", output)];
        match fields.map(|(_, typed)| Micros::parse(typed)) {
            [Some(input), Some(cached), Some(output)] => {
                Ok(Some(Prices { input, cached, output, since: self.since.clone() }))
            }
            _ => {
                let wrong = fields.into_iter().filter(|(_, typed)| Micros::parse(typed).is_none());
                let wrong = wrong.map(|(field, _)| FieldError {
                    field: field.to_owned(),
                    message: text!("Enter an amount like 2.50, or leave all of them empty."),
                });
                Err(LlmError::Invalid(wrong.collect()))
            }
        }
    }
}

/// Adds a model.
///
/// # Errors
/// A page, when nobody is signed in, they may not, or the fault is ours.
pub async fn add(
    State(app): State<App>,
    Member(caller): Member,
    render: Render,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let typed = fields.typed(Which::New);
    let done = match (Wire::from_name(&fields.wire), fields.prices()) {
        (None, _) => Err(LlmError::field("wire", text!("Choose one of the list."))),
        (_, Err(error)) => Err(error),
        (Some(wire), Ok(prices)) => {
            let Fields { name, address, key, uses, images, .. } = fields;
            let (uses, images) = (Use::from_name(&uses).unwrap_or(Use::All), !images.is_empty());
            let new = NewModel { wire, name, address, key: Key::new(&key), on: true, uses, images, prices };
            app.capabilities.llm.add(&caller, new).await
        }
    };
    came(&app, &caller, &render, done, ("/dashboard/assistant?done=added", typed)).await
}

/// Changes a model; without a key that is typed its key stays.
///
/// # Errors
/// As [`add`], and where there is no such model.
pub async fn change(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<ModelId>,
    render: Render,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let typed = fields.typed(Which::Model(id));
    let done = match fields.prices() {
        Err(error) => Err(error),
        Ok(prices) => {
            let Fields { name, address, key, uses, images, .. } = fields;
            let key = Some(Key::new(&key)).filter(|key| *key != Key::default());
            let (name, address, uses) = (Some(name), Some(address), Use::from_name(&uses));
            let (images, prices) = (Some(!images.is_empty()), Some(prices));
            let change = ModelChange { name, address, key, uses, images, prices, ..ModelChange::default() };
            app.capabilities.llm.change(&caller, id, change).await
        }
    };
    came(&app, &caller, &render, done, (SAVED, typed)).await
}

/// Asks a model something short, and shows beside it what came of that.
///
/// # Errors
/// As [`change`].
pub async fn try_out(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<ModelId>,
    render: Render,
) -> Result<Response, Failure> {
    match app.capabilities.llm.try_out(&caller, id).await {
        Ok(tried) => show(&app, &caller, &render, StatusCode::OK, Outcome::Tried(id, tried)).await,
        Err(error) => refused(&app, &caller, &render, error, in_row(id)).await,
    }
}

/// Nothing that was typed, in the row of a model.
fn in_row(id: ModelId) -> Typed {
    Typed { form: Which::Model(id), ..Typed::default() }
}

/// Whether a model is asked, and where it stands.
#[derive(Debug, Deserialize, Default)]
#[serde(default)]
pub struct Row {
    on: String,
    place: String,
}

/// Has a model be asked, or not.
///
/// # Errors
/// As [`change`].
pub async fn switch(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<ModelId>,
    render: Render,
    form: Result<Form<Row>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Row { on, .. }) = form.map_err(unreadable)?;
    let change = ModelChange { on: Some(!on.is_empty()), ..ModelChange::default() };
    let done = app.capabilities.llm.change(&caller, id, change).await;
    came(&app, &caller, &render, done, (SAVED, in_row(id))).await
}

/// Puts a model elsewhere in the line.
///
/// # Errors
/// As [`change`].
pub async fn place(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<ModelId>,
    render: Render,
    form: Result<Form<Row>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Row { place, .. }) = form.map_err(unreadable)?;
    let done = app.capabilities.llm.place(&caller, id, place.parse().unwrap_or_default()).await;
    came(&app, &caller, &render, done, (SAVED, in_row(id))).await
}

/// Removes a model.
///
/// # Errors
/// As [`change`].
pub async fn remove(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<ModelId>,
    render: Render,
) -> Result<Response, Failure> {
    let done = app.capabilities.llm.remove(&caller, id).await;
    came(&app, &caller, &render, done, (SAVED, in_row(id))).await
}

/// The form of the budget.
#[derive(Debug, Deserialize, Default)]
#[serde(default)]
pub struct Limit {
    limit: String,
    alert_at: String,
}

/// Sets what a month may cost.
///
/// # Errors
/// As [`add`].
pub async fn budget(
    State(app): State<App>,
    Member(caller): Member,
    render: Render,
    form: Result<Form<Limit>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Limit { limit, alert_at }) = form.map_err(unreadable)?;
    let read = match limit.trim() {
        "" => Ok(None),
        typed => Micros::parse(typed).map(Some).ok_or(()),
    };
    let done = match read {
        // What is no number is no percentage.
        Ok(limit) => app.capabilities.llm.set_budget(&caller, limit, alert_at.trim().parse().unwrap_or_default()).await,
        Err(()) => Err(LlmError::field("limit", text!("Enter an amount like 25.00, or nothing."))),
    };
    let typed = Typed { form: Which::Budget, limit, alert_at, ..Typed::default() };
    came(&app, &caller, &render, done, (SAVED, typed)).await
}

/// A question to try.
#[derive(Debug, Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    question: String,
    /// The personality that it is tried with; nothing for the one in use.
    personality: String,
}

/// Answers a question as visitors are answered, and shows how.
///
/// # Errors
/// As [`add`].
pub async fn ask(
    State(app): State<App>,
    Member(caller): Member,
    render: Render,
    form: Result<Form<Asked>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Asked { question, personality }) = form.map_err(unreadable)?;
    // Who sees no such page tries nothing on it.
    app.capabilities.assistant.personalities(&caller).await?;
    let trying: Option<PersonalityId> = match personality.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| Problem::not_found())?),
    };
    match app.capabilities.assistant.try_as(&caller, trying, &question).await {
        Ok(made) => {
            let outcome = Outcome::Answered(Box::new((question, made.answer, made.record)));
            show_trying(&app, &caller, &render, (StatusCode::OK, trying), outcome).await
        }
        Err(error) => {
            let (status, problem, retry_after) = to_show(error)?;
            let typed = Typed { form: Which::Question, question, ..Typed::default() };
            let outcome = Outcome::Refused(problem, Box::new(typed));
            let page = show_trying(&app, &caller, &render, (status, trying), outcome).await?;
            Ok(to_try_again(page, retry_after))
        }
    }
}
