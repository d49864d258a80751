//! `/dashboard/assistant/tools`: what the assistant may call while it writes an answer.

use crate::auth::{Member, Viewer};
use crate::failure::Failure;
use crate::pages::{Done, render::Render, to_show, to_try_again, unreadable};
use crate::request::PathId;
use crate::state::App;
use app::dashboard::assistant::{ToolForm, ToolOutcome, ToolTyped, tools};
use assistant::{NewTool, ToolChange};
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use knowledge::KnowledgeError;
use llm::Key;
use model::ToolId;
use model::tool::ToolMethod;
use serde::Deserialize;
use store::Caller;
use words::text;
use zeroize::Zeroizing;

const HERE: &str = "/dashboard/assistant/tools";
const SAVED: &str = "/dashboard/assistant/tools?done=saved";

/// The page.
///
/// # Errors
/// A page, for who may not set the assistant up, and when the database does not answer.
pub async fn page(
    State(app): State<App>,
    Viewer(caller): Viewer,
    render: Render,
    Done(done): Done,
) -> Result<Response, Failure> {
    let outcome = if done == "saved" { ToolOutcome::Saved } else { ToolOutcome::Nothing };
    show(&app, &caller, &render, StatusCode::OK, outcome).await
}

/// Back to the page: its address is another one where it shows what came of a call, and a browser may load that again.
pub async fn back(Viewer(_): Viewer) -> Redirect {
    Redirect::to(HERE)
}

async fn show(
    app: &App,
    caller: &Caller,
    render: &Render,
    status: StatusCode,
    outcome: ToolOutcome,
) -> Result<Response, Failure> {
    let all = app.capabilities.assistant.list_tools(caller).await?;
    render.dashboard(caller, status, |frame| tools(frame, all, outcome)).await
}

/// The page with what is wrong and what was typed; what is our fault, or is not there, is a page of its own.
async fn refused(
    app: &App,
    caller: &Caller,
    render: &Render,
    error: KnowledgeError,
    typed: ToolTyped,
) -> Result<Response, Failure> {
    let (status, problem, retry_after) = to_show(error)?;
    let page = show(app, caller, render, status, ToolOutcome::Refused(problem, Box::new(typed))).await?;
    Ok(to_try_again(page, retry_after))
}

/// What came of a form that changes something.
async fn came<T>(
    app: &App,
    caller: &Caller,
    render: &Render,
    done: Result<T, KnowledgeError>,
    typed: ToolTyped,
) -> Result<Response, Failure> {
    match done {
        Ok(_) => Ok(Redirect::to(SAVED).into_response()),
        Err(error) => refused(app, caller, render, error, typed).await,
    }
}

/// The form of a tool. It does not print: it has a secret.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Fields {
    name: String,
    description: String,
    method: String,
    address: String,
    parameters: String,
    header: String,
    secret: Zeroizing<String>,
    on: String,
    in_conversations: String,
}

impl Fields {
    fn typed(&self, form: ToolForm) -> ToolTyped {
        ToolTyped {
            form,
            name: self.name.clone(),
            description: self.description.clone(),
            method: self.method.clone(),
            address: self.address.clone(),
            parameters: self.parameters.clone(),
            header: self.header.clone(),
            on: !self.on.is_empty(),
            in_conversations: !self.in_conversations.is_empty(),
            ..ToolTyped::default()
        }
    }

    fn method(&self) -> Result<ToolMethod, KnowledgeError> {
        ToolMethod::from_name(&self.method)
            .ok_or_else(|| KnowledgeError::field("method", text!("Choose one of the list.")))
    }
}

/// Adds a tool.
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
    let typed = fields.typed(ToolForm::New);
    let done = match fields.method() {
        Err(error) => Err(error),
        Ok(method) => {
            let (on, in_conversations) = (typed.on, typed.in_conversations);
            let Fields { name, description, address, parameters, header, secret, .. } = fields;
            let secret = Key::new(&secret);
            let new = NewTool { name, description, method, address, parameters, header, secret, on, in_conversations };
            app.capabilities.assistant.add_tool(&caller, new).await
        }
    };
    came(&app, &caller, &render, done, typed).await
}

/// Changes a tool; without a secret that is typed its secret stays.
///
/// # Errors
/// As [`add`], and where there is no such tool.
pub async fn change(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<ToolId>,
    render: Render,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(fields) = form.map_err(unreadable)?;
    let typed = fields.typed(ToolForm::Tool(id));
    let done = match fields.method() {
        Err(error) => Err(error),
        Ok(method) => {
            let (on, in_conversations) = (Some(typed.on), Some(typed.in_conversations));
            let Fields { name, description, address, parameters, header, secret, .. } = fields;
            let change = ToolChange {
                name: Some(name),
                description: Some(description),
                method: Some(method),
                address: Some(address),
                parameters: Some(parameters),
                header: Some(header),
                secret: Some(Key::new(&secret)),
                on,
                in_conversations,
            };
            app.capabilities.assistant.change_tool(&caller, id, change).await
        }
    };
    came(&app, &caller, &render, done, typed).await
}

/// Removes a tool.
///
/// # Errors
/// As [`change`].
pub async fn remove(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<ToolId>,
    render: Render,
) -> Result<Response, Failure> {
    let done = app.capabilities.assistant.remove_tool(&caller, id).await;
    came(&app, &caller, &render, done, ToolTyped::default()).await
}

/// What a tool is tried with.
#[derive(Debug, Deserialize, Default)]
#[serde(default)]
pub struct Written {
    arguments: String,
}

/// Calls a tool, and shows beside it what it tells.
///
/// # Errors
/// As [`change`].
pub async fn try_out(
    State(app): State<App>,
    Member(caller): Member,
    PathId(id): PathId<ToolId>,
    render: Render,
    form: Result<Form<Written>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(Written { arguments }) = form.map_err(unreadable)?;
    match app.capabilities.assistant.try_tool(&caller, id, &arguments).await {
        Ok(tried) => show(&app, &caller, &render, StatusCode::OK, ToolOutcome::Tried(id, arguments, tried)).await,
        Err(error) => {
            let typed = ToolTyped { form: ToolForm::Try(id), arguments, ..ToolTyped::default() };
            refused(&app, &caller, &render, error, typed).await
        }
    }
}
