//! What was asked and not answered, most asked first, each with a form for its answer. Plain forms, answered with the page.

use super::HERE;
use crate::say::say;
use crate::ui::Lines;
use leptos::prelude::*;
use model::evaluation::OutcomeCounts;
use model::knowledge::{AskedId, Outcome, Unanswered};
use words::Text;

/// What was asked and not answered, and what came of an answer to it.
#[derive(Debug, Clone, Default)]
pub struct Gaps {
    /// The questions; none for who may not see them.
    pub unanswered: Vec<Unanswered>,
    /// What came of an answer that was sent.
    pub written: Written,
    /// What became of all that was asked; nothing for who may not see it.
    pub outcomes: Option<OutcomeCounts>,
}

/// What came of an answer.
#[derive(Debug, Clone, Default)]
pub enum Written {
    /// None was sent.
    #[default]
    Nothing,
    /// It is a document now.
    Kept,
    /// None is needed.
    Settled,
    /// It was a document before.
    There {
        /// What that is called.
        title: String,
    },
    /// It was not kept.
    Refused {
        /// What it answers.
        asked: Unanswered,
        /// The question as it was typed.
        question: String,
        /// The answer as it was typed.
        answer: String,
        /// Whether it is the question that is wrong.
        of_question: bool,
        /// Why.
        why: Text,
    },
}

impl Written {
    /// Whether an answer was sent that was not kept.
    pub(super) fn refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

/// The part of the page; nothing where there is nothing to say.
pub(super) fn section(gaps: Gaps, manages: bool) -> Option<AnyView> {
    let Gaps { mut unanswered, written, .. } = gaps;
    let (mut typed, mut notice) = (None, None);
    match written {
        Written::Nothing => {}
        Written::Kept => notice = Some(good(t!("The answer is a document now. Visitors get it once that is read."))),
        Written::Settled => notice = Some(good(t!("The question is off the list."))),
        Written::There { title } => notice = Some(there(title)),
        Written::Refused { asked, question, answer, of_question, why } => {
            notice = Some(not_kept(&asked, of_question));
            let (of_question, of_answer) = if of_question { (Some(say(&why)), None) } else { (None, Some(say(&why))) };
            typed = Some((asked.id, Fields { question, answer, of_question, of_answer }));
            // It may have been settled meanwhile, or asked once more: what was typed stays.
            if !unanswered.iter().any(|one| one.id == asked.id) {
                unanswered.insert(0, asked);
            }
        }
    }
    if unanswered.is_empty() && notice.is_none() {
        return None;
    }
    let line = |one: Unanswered| {
        let mine = typed.take_if(|(id, _)| *id == one.id);
        question(one, mine.map(|(_, fields)| fields), manages)
    };
    let some = !unanswered.is_empty();
    let lines = unanswered.into_iter().map(line).collect_view();
    let view = view! {
        <section class="section" aria-labelledby="unanswered">
            <div class="section__head"><div class="section__text">
                <h2 id="unanswered" tabindex="-1">{t!("Asked and not answered")}</h2>
                <p>{t!("What visitors asked and the documents did not answer, most asked first. An answer that is written here becomes a document.")}</p>
            </div></div>
            {notice}
            {some.then(|| view! { <ol class="asked" role="list">{lines}</ol> })}
        </section>
    };
    Some(view.into_any())
}

/// It is done.
fn good(words: String) -> AnyView {
    view! { <p class="notice notice--good" role="status">{words}</p> }.into_any()
}

/// An answer that was a document before.
fn there(title: String) -> AnyView {
    view! {
        <div class="notice" role="status">
            <p>{t!("This answer is here already, as \u{201c}{title}\u{201d}. The question is off the list.", title)}</p>
        </div>
    }
    .into_any()
}

/// What leads to the field of an answer that was not kept.
fn not_kept(asked: &Unanswered, of_question: bool) -> AnyView {
    let field = if of_question { words_of(asked.id) } else { field(asked.id) };
    view! {
        <div class="notice notice--attention" role="alert" tabindex="-1">
            <h3 class="notice__title">{t!("The answer was not saved")}</h3>
            <ul><li><a href=format!("#{field}")>{asked.question.clone()}</a></li></ul>
        </div>
    }
    .into_any()
}

fn field(id: AskedId) -> String {
    format!("answer-{id}")
}

fn words_of(id: AskedId) -> String {
    format!("question-{id}")
}

/// What a form holds, and what is wrong with it.
struct Fields {
    question: String,
    answer: String,
    of_question: Option<String>,
    of_answer: Option<String>,
}

/// A question; with what was typed to it, where that was not kept.
fn question(one: Unanswered, typed: Option<Fields>, manages: bool) -> AnyView {
    let Unanswered { id, question, times, last_at, outcome, conversation_id } = one;
    let asked = t!("Asked once, on {day}.", "Asked {n} times, last on {day}.", n = times, day = say(&last_at.day()));
    let nearest = (outcome == Outcome::Passages).then(|| view! { " "{t!("The nearest passages were shown.")} });
    let open = typed.is_some();
    let as_asked = || Fields { question: question.clone(), answer: String::new(), of_question: None, of_answer: None };
    let fields = typed.unwrap_or_else(as_asked);
    let actions = manages.then(|| {
        view! {
            <details class="more" open=open>
                <summary aria-label=t!("Write the answer: {question}", question = question.clone())>{t!("Write the answer")}</summary>
                <form class="form" method="post" action=format!("{HERE}/unanswered/{id}/answer#unanswered")>
                    <Lines
                        name="question"
                        id=words_of(id)
                        label=s!("The question, as visitors will read it")
                        rows=2
                        prose=true
                        value=fields.question
                        error=fields.of_question
                    />
                    <Lines
                        name="answer"
                        id=field(id)
                        label=s!("The answer")
                        rows=4
                        prose=true
                        value=fields.answer
                        error=fields.of_answer
                    />
                    <div class="actions"><button class="button button--primary" type="submit">{t!("Save the answer")}</button></div>
                </form>
            </details>
            <form method="post" action=format!("{HERE}/unanswered/{id}/settle#unanswered")>
                <button class="button button--small" type="submit" aria-label=t!("Not needed: {question}", question = question.clone())>
                    {t!("Not needed")}
                </button>
            </form>
        }
    });
    view! {
        <li>
            <h3>{question.clone()}</h3>
            <p>{asked}{nearest}" "<a href=format!("/dashboard/inbox/{conversation_id}")>{t!("To the conversation")}</a></p>
            {actions}
        </li>
    }
    .into_any()
}
