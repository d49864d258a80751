//! The assistant: its models, what they may cost and have used, what it is like, a question to try, and the receipts of its answers. Plain forms,
//! answered with this page.

mod evaluation;
mod line;
mod models;
mod personalities;
mod receipt;
mod receipts;
mod since;
mod spent;
mod table;
mod tools;
mod tried;
mod usage;

pub use evaluation::{evaluation, evaluations};
pub use personalities::{Done, personalities, personality};
pub use receipt::receipt;
pub use receipts::receipts;
pub use tools::{ToolForm, ToolOutcome, ToolTyped, tools};
pub use usage::{Month, usage};

use super::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{FormNotice, anchor};
use leptos::prelude::*;
use model::knowledge::Answer;
use model::llm::{Budget, Model, Tried, UsageDay, Use};
use model::receipt::Record;
use model::{ModelId, PersonalityId, Problem};
use words::noted;

/// The address of the page.
const HERE: &str = "/dashboard/assistant";
const FIELDS: &[(&str, &str)] = &[
    ("wire", noted!("Provider")),
    ("name", noted!("Model")),
    ("address", noted!("Address")),
    ("key", noted!("Key")),
    ("uses", noted!("Asked for")),
    ("input", noted!("A million tokens asked")),
    ("cached", noted!("Of these remembered")),
    ("output", noted!("A million tokens answered")),
    ("since", noted!("Since")),
    ("limit", noted!("A month may cost")),
    ("alert_at", noted!("Warn at (percent)")),
    ("question", noted!("Question")),
];

/// What the page shows.
pub struct Shown {
    /// The models, in the order in which they are asked.
    pub models: Vec<Model>,
    /// What a month may cost.
    pub budget: Budget,
    /// What was used on the days that the page looks back.
    pub usage: Vec<UsageDay>,
    /// These days, the latest last.
    pub days: Vec<String>,
    /// What the personality in use is called, if there is one.
    pub personality: Option<String>,
    /// The one that a question is tried with, where that was chosen, and what it is called.
    pub tries: Option<(PersonalityId, String)>,
    /// Whether whoever looks may try a question.
    pub asks: bool,
}

/// Which form was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// That of a new model.
    #[default]
    New,
    /// That of one that is there.
    Model(ModelId),
    /// That of the budget.
    Budget,
    /// That of a question.
    Question,
}

/// What was typed. Never a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// In which form.
    pub form: Form,
    /// How a model is spoken with.
    pub wire: String,
    /// What its provider calls it.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// What it is asked first for.
    pub uses: String,
    /// Whether it looks at pictures.
    pub images: bool,
    /// What a million tokens cost that are asked.
    pub input: String,
    /// That are asked and remembered.
    pub cached: String,
    /// That are answered.
    pub output: String,
    /// Since when.
    pub since: String,
    /// What a month may cost.
    pub limit: String,
    /// At how many percent somebody is told.
    pub alert_at: String,
    /// A question.
    pub question: String,
}

/// What came of a form.
#[derive(Debug, Clone, Default)]
pub enum Outcome {
    /// None was sent.
    #[default]
    Nothing,
    /// A model was added.
    Added,
    /// It is so.
    Saved,
    /// A model was tried.
    Tried(ModelId, Tried),
    /// A question was answered: the question, the answer, and how it came about.
    Answered(Box<(String, Answer, Option<Record>)>),
    /// It did not work.
    Refused(Problem, Box<Typed>),
}

/// What was typed into one form, and what is wrong there.
#[derive(Debug, Clone, Default)]
struct Wrong {
    typed: Option<Typed>,
    problem: Option<Problem>,
}

impl Wrong {
    /// Of this form alone: what was typed into another one says nothing of it.
    fn of(&self, form: Form) -> Self {
        let mine = self.typed.as_ref().is_some_and(|typed| typed.form == form);
        if mine { self.clone() } else { Self::default() }
    }

    fn error(&self, field: &str) -> Option<String> {
        self.problem.as_ref().and_then(|problem| problem.field(field)).map(say)
    }
}

/// The page.
pub fn assistant(frame: &Frame, shown: Shown, outcome: Outcome) -> Page {
    let title = match &outcome {
        Outcome::Nothing => t!("Assistant"),
        Outcome::Added | Outcome::Saved => t!("Saved · Assistant"),
        Outcome::Tried(..) => t!("Tried · Assistant"),
        Outcome::Answered(_) => t!("Answer · Assistant"),
        Outcome::Refused(..) => t!("Error: {title}", title = t!("Assistant")),
    };
    let (mut tried, mut answered, mut wrong) = (None, None, Wrong::default());
    let notice = match outcome {
        Outcome::Nothing => ().into_any(),
        Outcome::Added => good(t!("Added"), t!("It is asked from now on. Try it below, to see whether it answers.")),
        Outcome::Saved => good(t!("Saved"), t!("It counts from the next answer on.")),
        Outcome::Tried(id, what) => {
            tried = Some((id, what));
            ().into_any()
        }
        Outcome::Answered(what) => {
            answered = Some(*what);
            ().into_any()
        }
        Outcome::Refused(problem, typed) => {
            wrong = Wrong { typed: Some(*typed), problem: Some(problem.clone()) };
            view! { <FormNotice problem=problem fields=FIELDS/> }.into_any()
        }
    };
    let Shown { models, budget, usage, days, personality, tries, asks } = shown;
    let on = models.iter().any(|model| model.on && model.uses != Use::Search);
    let answers = if on {
        t!(
            "A model writes its answers, from your documents alone, each sentence checked against its source. Where none stands that check, or no model answers, it quotes your documents."
        )
    } else {
        t!("It answers visitors with quotes from your documents, without a model.")
    };
    let to_tools = view! { <a href=format!("{HERE}/tools")>{t!("tools")}</a> };
    let main = view! {
        <header class="page__head"><h1>{t!("Assistant")}</h1><p>{answers}</p></header>
        {notice}
        {models::section(models, tried, &wrong)}
        {spent::section(budget, usage, days, wrong.of(Form::Budget))}
        {like(personality)}
        <p>{rich!("What a model may call besides your documents: its {tools}.", tools = to_tools)}</p>
        {asks.then(|| tried::section(answered, wrong.of(Form::Question), tries))}
        {asks.then(evaluation::link)}
        <p class="actions"><a class="button" href=format!("{HERE}/receipts")>{t!("Receipts of answers")}</a></p>
    };
    frame.page(HERE, title, Surface::Dashboard, main)
}

fn good(title: String, text: String) -> AnyView {
    view! {
        <div class="notice notice--good" role="status"><h2 class="notice__title">{title}</h2><p>{text}</p></div>
    }
    .into_any()
}

/// What the assistant is like, and where that is said.
fn like(personality: Option<String>) -> AnyView {
    let used = match personality {
        Some(name) => rich!("In use: {name}.", name = view! { <b>{name}</b> }),
        None => s!("None was made, so it speaks as it was delivered.").into_any(),
    };
    view! {
        <section class="section" aria-labelledby="personality">
            <div class="section__head"><div class="section__text">
                <h2 id="personality">{t!("Personality")}</h2>
                <p>{used}" "{t!("What it is called, how and in which language it speaks, what it says by itself, and what comes of some things that are said to it.")}</p>
            </div></div>
            <p class="actions">{anchor("button", format!("{HERE}/personalities"), s!("Personalities").into_any())}</p>
        </section>
    }
    .into_any()
}
