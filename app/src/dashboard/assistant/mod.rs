//! The assistant: its models, what they may cost and have used, what it is told, a question to try, and the receipt of an answer. Plain forms,
//! answered with this page.

mod line;
mod models;
mod receipt;
mod spent;
mod tried;

pub use receipt::receipt;

use super::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{FormNotice, Lines};
use leptos::prelude::*;
use model::knowledge::Answer;
use model::llm::{Budget, Model, Tried, UsageDay};
use model::receipt::{AssistantWishes, Record};
use model::{ModelId, Problem};
use words::noted;

/// The address of the page.
const HERE: &str = "/dashboard/assistant";
const FIELDS: &[(&str, &str)] = &[
    ("wire", noted!("Provider")),
    ("name", noted!("Model")),
    ("address", noted!("Address")),
    ("key", noted!("Key")),
    ("input", noted!("A million tokens asked")),
    ("cached", noted!("Of these remembered")),
    ("output", noted!("A million tokens answered")),
    ("since", noted!("Since")),
    ("limit", noted!("A month may cost")),
    ("alert_at", noted!("Told at (percent)")),
    ("instruction", noted!("Name and tone")),
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
    /// What the assistant is told.
    pub wishes: AssistantWishes,
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
    /// That of name and tone.
    Wishes,
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
    /// Name and tone.
    pub instruction: String,
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
    let Shown { models, budget, usage, days, wishes, asks } = shown;
    let on = models.iter().any(|model| model.on);
    let answers = if on {
        t!(
            "A model writes its answers, from your documents alone, each sentence checked against its source. Where none stands that check, or no model answers, it quotes your documents."
        )
    } else {
        t!("It answers visitors with quotes from your documents, without a model.")
    };
    let told = wishes_form(wishes, wrong.of(Form::Wishes));
    let main = view! {
        <header class="page__head"><h1>{t!("Assistant")}</h1><p>{answers}</p></header>
        {notice}
        {models::section(models, tried, &wrong)}
        {spent::section(budget, usage, days, wrong.of(Form::Budget))}
        {told}
        {asks.then(|| tried::section(answered, wrong.of(Form::Question)))}
    };
    frame.page(HERE, title, Surface::Dashboard, main)
}

fn good(title: String, text: String) -> AnyView {
    view! {
        <div class="notice notice--good" role="status"><h2 class="notice__title">{title}</h2><p>{text}</p></div>
    }
    .into_any()
}

/// What the assistant is told besides the documents.
fn wishes_form(wishes: AssistantWishes, wrong: Wrong) -> AnyView {
    let error = wrong.error("instruction");
    let value = wrong.typed.map_or(wishes.instruction, |typed| typed.instruction);
    view! {
        <section class="section" aria-labelledby="wishes">
            <div class="section__head"><div class="section__text">
                <h2 id="wishes">{t!("Name and tone")}</h2>
                <p>{t!("What it is called, how it speaks, what it calls your customers: at most 2,000 characters. A model is told so with each question. That it answers from your documents alone stands above it, and cannot be changed here.")}</p>
            </div></div>
            <form class="form" method="post" action=format!("{HERE}/wishes")>
                <Lines name="instruction" label=s!("Name and tone") prose=true rows=4 required=false value=value error=error/>
                <div class="actions"><button class="button" type="submit">{t!("Save")}</button></div>
            </form>
        </section>
    }
    .into_any()
}
