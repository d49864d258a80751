//! The tools that the assistant may call: a list, each with what can be done about it, and the form of another one.

use super::HERE;
use super::line::{Line, line};
use crate::dashboard::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{Asked, FormNotice, Lines, confirm};
use leptos::prelude::*;
use model::tool::{Tool, ToolMethod, TriedTool};
use model::{Problem, ToolId};
use words::noted;

/// The address of the page.
const TOOLS: &str = "/dashboard/assistant/tools";
const FIELDS: &[(&str, &str)] = &[
    ("name", noted!("Name")),
    ("description", noted!("What it does")),
    ("method", noted!("Method")),
    ("address", noted!("Address")),
    ("parameters", noted!("Parameters")),
    ("header", noted!("Header")),
    ("secret", noted!("Secret")),
    ("arguments", noted!("Arguments")),
];
/// What stands in the form of a new tool.
const PARAMETERS: &str = r#"{
  "type": "object",
  "properties": {
    "order": { "type": "string", "description": "The number of the order.", "maxLength": 20 }
  },
  "required": ["order"]
}"#;

/// Which form was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ToolForm {
    /// That of a new tool.
    #[default]
    New,
    /// That of one that is there.
    Tool(ToolId),
    /// That in which it is tried.
    Try(ToolId),
}

/// What was typed. Never a secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolTyped {
    /// In which form.
    pub form: ToolForm,
    /// What a model calls it by.
    pub name: String,
    /// What it does.
    pub description: String,
    /// How it is asked.
    pub method: String,
    /// Where.
    pub address: String,
    /// What it takes.
    pub parameters: String,
    /// The header in which it gets its secret.
    pub header: String,
    /// Whether it is called.
    pub on: bool,
    /// Whether it is called in conversations.
    pub in_conversations: bool,
    /// What it is tried with.
    pub arguments: String,
}

/// What came of a form.
#[derive(Debug, Clone, Default)]
pub enum ToolOutcome {
    /// None was sent.
    #[default]
    Nothing,
    /// It is so.
    Saved,
    /// A tool was tried, with these arguments.
    Tried(ToolId, String, TriedTool),
    /// It did not work.
    Refused(Problem, Box<ToolTyped>),
}

/// What was typed into one form, and what is wrong there.
#[derive(Debug, Clone, Default)]
struct Wrong {
    typed: Option<ToolTyped>,
    problem: Option<Problem>,
}

impl Wrong {
    /// Of this form alone.
    fn of(&self, form: ToolForm) -> Self {
        if self.typed.as_ref().is_some_and(|typed| typed.form == form) { self.clone() } else { Self::default() }
    }

    fn error(&self, field: &str) -> Option<String> {
        self.problem.as_ref().and_then(|problem| problem.field(field)).map(say)
    }
}

/// The page.
pub fn tools(frame: &Frame, all: Vec<Tool>, outcome: ToolOutcome) -> Page {
    let title = match &outcome {
        ToolOutcome::Nothing => t!("Tools · Assistant"),
        ToolOutcome::Saved => t!("Saved · Tools"),
        ToolOutcome::Tried(..) => t!("Tried · Tools"),
        ToolOutcome::Refused(..) => t!("Error: {title}", title = t!("Tools · Assistant")),
    };
    let (mut tried, mut wrong) = (None, Wrong::default());
    let notice = match outcome {
        ToolOutcome::Nothing => ().into_any(),
        ToolOutcome::Saved => {
            view! { <p class="notice notice--good" role="status">{t!("Saved. It counts from the next answer on.")}</p> }
                .into_any()
        }
        ToolOutcome::Tried(id, arguments, what) => {
            tried = Some((id, arguments, what));
            ().into_any()
        }
        ToolOutcome::Refused(problem, typed) => {
            wrong = Wrong { typed: Some(*typed), problem: Some(problem.clone()) };
            view! { <FormNotice problem=problem fields=FIELDS/> }.into_any()
        }
    };
    let none = all.is_empty();
    let rows = all.into_iter().map(|tool| {
        let tried = tried.clone().filter(|(id, ..)| *id == tool.id).map(|(_, arguments, what)| (arguments, what));
        row(tool, tried, &wrong)
    });
    let list =
        if none { empty() } else { view! { <ul class="asked" role="list">{rows.collect_view()}</ul> }.into_any() };
    let new = wrong.of(ToolForm::New);
    let open = none || new.typed.is_some();
    // A notice leads to the fields of the form that was refused.
    let elsewhere = wrong.typed.as_ref().is_some_and(|typed| typed.form != ToolForm::New);
    let form = if elsewhere { "new" } else { "" };
    let main = view! {
        <header class="page__head">
            <h1>{t!("Tools")}</h1>
            <p>{t!("What a model may call while it writes an answer, besides your documents: addresses of your own that know an order, a price, a stock. What they tell is checked like a passage, sentence by sentence.")}</p>
        </header>
        {notice}
        <section class="section" aria-labelledby="tools">
            <div class="section__head"><div class="section__text">
                <h2 id="tools">{t!("Your tools")}</h2>
                <p>{t!("In a conversation nobody knows who asks: a stranger may type anybody's number. A tool that is called there must tell no more than a stranger may know.")}</p>
            </div></div>
            {list}
            <details class="more" open=open>
                <summary>{t!("Add a tool")}</summary>
                <form class="form" method="post" action=TOOLS>
                    {fields(form.to_owned(), None, &new)}
                    <button class="button button--primary" type="submit">{t!("Add the tool")}</button>
                </form>
            </details>
        </section>
        <p class="actions"><a class="button" href=HERE>{t!("To the assistant")}</a></p>
    };
    frame.page(HERE, title, Surface::Dashboard, main)
}

fn empty() -> AnyView {
    view! {
        <div class="empty">
            <div class="empty__text">
                <h3>{t!("The assistant calls nothing yet")}</h3>
                <p>{t!("It answers from your documents, in which a model may search again by itself. With a tool it can say where an order is, or whether something is in stock.")}</p>
                <p>{t!("A tool gets what the model has read from the question, in the places that you name, and nothing else: no name, no address, no cookie of the visitor.")}</p>
            </div>
        </div>
    }
    .into_any()
}

fn row(tool: Tool, tried: Option<(String, TriedTool)>, wrong: &Wrong) -> AnyView {
    let Tool { id, name, description, method, address, header, on, in_conversations, .. } = tool.clone();
    let (class, state) = match (on, in_conversations) {
        (false, _) => ("badge", t!("Off")),
        (true, false) => ("badge", t!("For your own people alone")),
        (true, true) => ("badge badge--accent", t!("In conversations")),
    };
    let secret = header.map_or_else(|| t!("no secret"), |header| t!("a secret in {header}", header));
    view! {
        <li id=format!("tool-{id}")>
            <h3>{name.clone()}" "<span class=class>{state}</span></h3>
            <p>{description}<br/><code>{method.name().to_uppercase()}" "{address}</code>" · "{secret}</p>
            {trying(id, &name, tried, wrong.of(ToolForm::Try(id)))}
            {changing(tool, wrong.of(ToolForm::Tool(id)))}
            <div class="actions">{removing(id, &name)}</div>
        </li>
    }
    .into_any()
}

/// The form that tries it, and what came of that.
fn trying(id: ToolId, name: &str, tried: Option<(String, TriedTool)>, wrong: Wrong) -> AnyView {
    let error = wrong.error("arguments");
    let refused = wrong.typed.is_some();
    let open = refused || tried.is_some();
    let field = if refused { "arguments".to_owned() } else { format!("arguments-{id}") };
    let (typed, came) = match tried {
        Some((arguments, what)) => (arguments, Some(came(what))),
        None => (wrong.typed.map(|typed| typed.arguments).unwrap_or_default(), None),
    };
    let typed = if typed.is_empty() { "{}".to_owned() } else { typed };
    view! {
        <details class="more" open=open>
            <summary>{t!("Try {name}", name)}</summary>
            <form class="form" method="post" action=format!("{TOOLS}/{id}/try#tool-{id}")>
                <Lines name="arguments" id=field label=s!("Arguments") rows=3 value=typed error=error/>
                <div class="actions"><button class="button" type="submit">{t!("Call {name}", name)}</button></div>
            </form>
            {came}
        </details>
    }
    .into_any()
}

fn came(tried: TriedTool) -> AnyView {
    let took = t!("{ms} ms", ms = tried.took_ms);
    match tried.fault {
        None => view! {
            <div class="notice notice--good" role="status">
                <p><b>{t!("It has told this:")}</b>" "<span class="badge">{took}</span></p>
                <p class="told"><code>{tried.told}</code></p>
            </div>
        }
        .into_any(),
        Some(fault) => view! {
            <div class="notice notice--attention" role="alert">
                <p><b>{t!("It has told nothing.")}</b>" "{say(&fault)}</p>
            </div>
        }
        .into_any(),
    }
}

fn changing(tool: Tool, wrong: Wrong) -> AnyView {
    let (id, name, refused) = (tool.id, tool.name.clone(), wrong.typed.is_some());
    let form = if refused { String::new() } else { id.to_string() };
    view! {
        <details class="more" open=refused>
            <summary>{t!("Change {name}", name)}</summary>
            <form class="form" method="post" action=format!("{TOOLS}/{id}")>
                {fields(form, Some(tool), &wrong)}
                <button class="button" type="submit">{t!("Save {name}", name)}</button>
            </form>
        </details>
    }
    .into_any()
}

fn removing(id: ToolId, name: &str) -> AnyView {
    let asked = Asked {
        short: t!("Remove"),
        full: t!("Remove {name}", name),
        question: t!("Remove {name}?", name),
        text: t!("It is not called any more, and its secret is forgotten."),
    };
    confirm(&format!("remove-{id}"), asked, format!("{TOOLS}/{id}/remove"))
}

/// What both forms have.
fn fields(form: String, tool: Option<Tool>, wrong: &Wrong) -> AnyView {
    let kept = match &tool {
        None => t!("What the header says: Bearer and a key, for example. It is kept sealed, and not shown again."),
        Some(Tool { header: None, .. }) => t!("None is kept."),
        Some(_) => t!("One is kept. Type another one to replace it; for another address, its own."),
    };
    let new = || ToolTyped {
        method: ToolMethod::Get.name().to_owned(),
        parameters: PARAMETERS.to_owned(),
        on: true,
        ..ToolTyped::default()
    };
    let there = |tool: Tool| ToolTyped {
        name: tool.name,
        description: tool.description,
        method: tool.method.name().to_owned(),
        address: tool.address,
        parameters: tool.parameters,
        header: tool.header.unwrap_or_default(),
        on: tool.on,
        in_conversations: tool.in_conversations,
        ..ToolTyped::default()
    };
    let ToolTyped { name, description, method, address, parameters, header, on, in_conversations, .. } =
        wrong.typed.clone().unwrap_or_else(|| tool.map_or_else(new, there));
    let id = |name: &str| if form.is_empty() { name.to_owned() } else { format!("{name}-{form}") };
    let one = |name: &'static str, label: String, hint: Option<String>, value: String, most: u32| Line {
        name,
        form: form.clone(),
        label,
        kind: "text",
        hint,
        value,
        error: wrong.error(name),
        most,
        ..Line::default()
    };
    let chosen = wrong.error("method");
    let option = |one: &ToolMethod| {
        let selected = one.name() == method;
        view! { <option value=one.name() selected=selected>{say(&one.words())}</option> }
    };
    view! {
        {line(Line { required: true, ..one("name", t!("Name"), Some(t!("Small letters, digits and _: {example}.", example = "order_status")), name, 40) })}
        <Lines name="description" id=id("description") label=s!("What it does") prose=true rows=2 value=description error=wrong.error("description")/>
        <div class="field">
            <label class="field__label" for=id("method")>{t!("Method")}</label>
            <select class="field__input" id=id("method") name="method" aria-invalid=chosen.as_ref().map(|_| "true")>
                {ToolMethod::ALL.iter().map(option).collect_view()}
            </select>
            {chosen.map(|error| view! { <p class="field__error">{error}</p> })}
        </div>
        {line(Line {
            required: true,
            ..one("address", t!("Address"), Some(t!("What stands in braces is filled in: {example}. What else there is goes behind it, or is sent as JSON.", example = "https://shop.example/orders/{order}")), address, 500)
        })}
        <Lines name="parameters" id=id("parameters") label=s!("Parameters") rows=7 required=false value=parameters error=wrong.error("parameters")/>
        {line(one("header", t!("Header"), Some(t!("Where the tool wants a key: {example}. Empty: it gets none.", example = "Authorization")), header, 60))}
        {line(Line { kind: "password", ..one("secret", t!("Secret"), Some(kept), String::new(), 500) })}
        <fieldset class="checks">
            <legend class="field__label">{t!("When it is called")}</legend>
            <label class="check"><input type="checkbox" name="on" value="1" checked=on/>" "{t!("The assistant may call it")}</label>
            <label class="check"><input type="checkbox" name="in_conversations" value="1" checked=in_conversations/>" "{t!("Also in conversations with contacts, whoever they are")}</label>
        </fieldset>
    }
    .into_any()
}
