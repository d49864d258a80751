//! What the company knows: documents go in here, and answers can be tried.
//!
//! All forms work as they are. Where the browser's part arrives, each file is sent by itself and says how far it is, and the
//! documents are shown as they are now, without loading the page again.

mod outcomes;
mod search_model;
mod unanswered;
mod upload;

use super::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{Asked, ProblemNotice, confirm};
use leptos::prelude::*;
use model::Problem;
use model::knowledge::{Answer, Document, DocumentState, SearchProgress};
use model::permission::Permission;
use upload::Upload;
use words::Text;

pub use unanswered::{Gaps, Written};

/// The address of the page, to which files are sent.
const HERE: &str = "/dashboard/knowledge";
/// The part of the page that changes while documents are being read.
const DOCUMENTS: &str = "document-list";

/// What came of files that the form sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Files that were not kept: the name, and why.
    pub refused: Vec<(String, Text)>,
    /// Whether a document has just been deleted.
    pub deleted: bool,
}

/// Documents from which on they are looked for by name.
const MANY: usize = 10;

/// A page of the list.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// The documents on it.
    pub documents: Vec<Document>,
    /// The part of an address that asks for the page after it, if there is one.
    pub older: Option<String>,
    /// The same of the first page, if it is another one.
    pub newest: Option<String>,
    /// What was looked for, as it was typed.
    pub name: String,
    /// What is wrong with that.
    pub problem: Option<Text>,
    /// How far a model of the workspace's own is with all of them, if one is chosen.
    pub search: Option<SearchProgress>,
}

/// A question, and what the documents say to it.
pub type Tried = (String, Result<Answer, Problem>);

/// The page.
pub fn knowledge(frame: &Frame, listed: Listed, gaps: Gaps, outcome: Outcome, tried: Option<Tried>) -> Page {
    let Listed { documents, older, newest, name, problem, search: own } = listed;
    // What the browser's part looks for: while it is there, the list is asked for again.
    let changing = documents.iter().any(|d| matches!(d.state, DocumentState::Queued | DocumentState::Processing));
    // Read when the page comes, as what happened on the one before.
    let fine = outcome.refused.is_empty() && !gaps.written.refused() && problem.is_none();
    let title = match (&tried, fine) {
        (_, false) => t!("Error: {title}", title = t!("Knowledge")),
        (Some(_), true) => t!("Answer · Knowledge"),
        (None, true) => t!("Knowledge"),
    };
    let manages = frame.session.member.permissions.has(Permission::ManageDocuments);
    let deleted = outcome.deleted.then(|| {
        let words = t!("The document is deleted. The assistant answers from it no more.");
        view! { <p class="notice notice--good" role="status">{words}</p> }
    });
    let looks = !name.trim().is_empty();
    let search =
        (looks || older.is_some() || newest.is_some() || documents.len() >= MANY).then(|| by_name(name, problem));
    let list = if !documents.is_empty() {
        view! { <DocumentTable list=documents manages=manages/> }.into_any()
    } else if looks {
        view! { <p>{t!("No document has this in its title or in the name of its file.")}</p> }.into_any()
    } else if newest.is_some() {
        view! { <p>{t!("There are no older documents.")}</p> }.into_any()
    } else {
        view! { <NoDocuments/> }.into_any()
    };
    let to =
        |query: String, words: String| view! { <a class="button" href=format!("{HERE}{query}#documents")>{words}</a> };
    let pages = (older.is_some() || newest.is_some()).then(|| {
        view! {
            <nav class="actions pages" aria-label=t!("More documents")>
                {newest.map(|newest| to(newest, t!("Newest documents")))}
                {older.map(|older| to(older, t!("Older documents")))}
            </nav>
        }
    });
    let add = manages.then(|| {
        view! {
            <section class="section" aria-labelledby="add">
                <div class="section__head"><div class="section__text">
                    <h2 id="add">{t!("Add documents")}</h2>
                    <p>{t!("Markdown, text, web pages, and questions with their answers as CSV or JSON. 5 MB a file at most.")}</p>
                </div></div>
                <Refused refused=outcome.refused/>
                <Upload/>
            </section>
        }
    });
    let counted = gaps.outcomes.clone().filter(|counts| counts.asked > 0).map(outcomes::section);
    let main = view! {
        <header class="page__head">
            <h1>{t!("Knowledge")}</h1>
            <p>{t!("What stands in these documents, the assistant can answer, and nothing else.")}</p>
        </header>
        {deleted}
        {add}
        <section class="section" aria-labelledby="documents">
            <div class="section__head"><div class="section__text"><h2 id="documents">{t!("Documents")}</h2></div></div>
            {search}
            <div id=DOCUMENTS tabindex="-1" data-changing=changing.then_some("")>{list}{pages}</div>
        </section>
        {own.and_then(search_model::section)}
        {unanswered::section(gaps, manages)}
        {counted}
        <Try tried=tried/>
    };
    let page = frame.page(HERE, title, Surface::Dashboard, main);
    Page { island: manages.then_some("upload"), ..page }
}

/// What asks for documents by a part of their names.
fn by_name(name: String, problem: Option<Text>) -> AnyView {
    let looks = !name.trim().is_empty();
    let error = problem.as_ref().map(say);
    let wrong = error.is_some();
    view! {
        <form class="form form--inline" method="get" action=format!("{HERE}#documents") role="search" aria-label=t!("Documents by name")>
            <div class="field">
                <label class="field__label" for="name">{t!("A part of the title or of the file’s name")}</label>
                <input
                    class="field__input"
                    id="name"
                    name="name"
                    maxlength="200"
                    autocomplete="off"
                    value=name
                    aria-invalid=wrong.then_some("true")
                    aria-describedby=wrong.then_some("name-error")
                />
                {error.map(|error| view! { <p class="field__error" id="name-error">{error}</p> })}
            </div>
            <button class="button" type="submit">{t!("Find")}</button>
            {looks.then(|| view! { <a class="button" href=format!("{HERE}#documents")>{t!("All documents")}</a> })}
        </form>
    }
    .into_any()
}

/// Files that the server did not keep, when it answered the form itself.
#[component]
fn Refused(refused: Vec<(String, Text)>) -> impl IntoView {
    let line = |(name, why): (String, Text)| {
        let name = view! { <strong>{name}</strong> };
        view! { <li>{rich!("{name}: {why}", name = name, why = say(&why))}</li> }
    };
    (!refused.is_empty()).then(|| {
        view! {
            <div class="notice notice--attention" role="alert" tabindex="-1">
                <h3 class="notice__title">{t!("Not every file could be read")}</h3>
                <ul>{refused.into_iter().map(line).collect_view()}</ul>
            </div>
        }
    })
}

#[component]
fn NoDocuments() -> impl IntoView {
    view! {
        <div class="empty">
            <div class="empty__text">
                <h3>{t!("Nothing is known yet")}</h3>
                <p>{t!("Begin with what people ask most: returns, delivery, opening hours. A page of Markdown or a text file for each is enough; headings help, because each part is found by itself.")}</p>
            </div>
            <figure class="code">
                <figcaption>{t!("Or a table of questions and answers, as a spreadsheet saves it")}</figcaption>
                <pre tabindex="0" role="region" aria-label=t!("Example of a CSV file")><code>
                    "question,answer\n\"How long may I return goods?\",\"60 days from delivery.\""
                </code></pre>
            </figure>
        </div>
    }
}

#[component]
fn DocumentTable(list: Vec<Document>, manages: bool) -> impl IntoView {
    view! {
        <div class="table">
            <table role="table" aria-labelledby="documents">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t!("Title")}</th>
                        <th role="columnheader" scope="col">{t!("State")}</th>
                        <th role="columnheader" scope="col">{t!("Pieces")}</th>
                        <th role="columnheader" scope="col">{t!("Added")}</th>
                        <th class="table__end" role="columnheader" scope="col"><span class="visually-hidden">{t!("Action")}</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    {list.into_iter().map(|document| row(document, manages)).collect_view()}
                </tbody>
            </table>
        </div>
    }
}

fn row(document: Document, manages: bool) -> impl IntoView {
    let id = document.id.to_string();
    let (class, state) = match (document.state, document.by_meaning) {
        (DocumentState::Queued, _) => ("badge", t!("Waiting")),
        (DocumentState::Processing, _) => ("badge", t!("Being read")),
        (DocumentState::Ready, true) => ("badge badge--accent", t!("Ready")),
        (DocumentState::Ready, false) => ("badge", t!("Ready, by words alone")),
        (DocumentState::Failed, _) => ("badge badge--attention", t!("Could not be read")),
    };
    let may_read_again =
        document.state == DocumentState::Failed || (document.state == DocumentState::Ready && !document.by_meaning);
    let title = document.title.clone();
    let asked = manages.then(|| Asked {
        short: t!("Delete"),
        full: t!("Delete {title}", title),
        question: t!("Delete {title}?", title),
        text: t!(
            "The assistant can no longer answer from it. The file itself is not touched; you can upload it again."
        ),
    });
    view! {
        <tr role="row" id=format!("document-{id}")>
            <th role="rowheader" scope="row">
                <span class="entry"><span>{document.title.clone()}<small>{document.file_name.clone()}</small></span></span>
            </th>
            <td role="cell" data-label=t!("State")>
                <span class=class>{state}</span>
                {document.error.clone().map(|why| say(&Text::kept(why))).map(|why| view! { <small class="field__error">{why}</small> })}
            </td>
            <td role="cell" data-label=t!("Pieces")>{document.chunk_count}</td>
            <td role="cell" data-label=t!("Added")><time datetime=document.created_at.to_string()>{say(&document.created_at.day())}</time></td>
            <td class="table__end" role="cell">{asked.map(|asked| view! {
                {may_read_again.then(|| view! {
                    <form method="post" action=format!("{HERE}/{id}/reindex")>
                        <button class="button button--small" type="submit" aria-label=t!("Read again: {title}", title)>{t!("Read again")}</button>
                    </form>
                })}
                {confirm(&format!("delete-{id}"), asked, format!("{HERE}/{id}/delete"))}
            })}</td>
        </tr>
    }
}

/// A question to the documents, as a contact would ask it.
#[component]
fn Try(tried: Option<Tried>) -> impl IntoView {
    let (question, answer) = tried.unzip();
    let answer = answer.map(|answer| match answer {
        Ok(answer) => said(answer).into_any(),
        Err(problem) => view! { <ProblemNotice problem=problem/> }.into_any(),
    });
    view! {
        <section class="section" id="try" aria-labelledby="try-title">
            <div class="section__head"><div class="section__text">
                <h2 id="try-title">{t!("Try a question")}</h2>
                <p>{t!("As a contact would ask it. What comes is what the documents say by themselves, without a model: an answer, the passages that are nearest, or a refusal.")}</p>
            </div></div>
            <form class="form form--inline" method="get" action=format!("{HERE}#try")>
                <div class="field">
                    <label class="field__label" for="question">{t!("Question")}</label>
                    <input class="field__input" id="question" name="question" maxlength="1000" required autocomplete="off" value=question/>
                </div>
                <button class="button button--primary" type="submit">{t!("Ask")}</button>
            </form>
            {answer}
        </section>
    }
}

fn said(answer: Answer) -> impl IntoView {
    let (class, name, words) = match answer.outcome {
        model::knowledge::Outcome::Answer => ("notice notice--good", Some(t!("Answer")), answer.answer),
        model::knowledge::Outcome::Passages => ("notice", None, t!("Nearest passages, no clear answer")),
        model::knowledge::Outcome::Refused => ("notice", None, t!("The documents do not say.")),
    };
    view! {
        <div class=class role="status">
            {name.map(|name| view! { <p><span class="badge">{name}</span></p> })}
            <p id="answer"><strong>{words}</strong></p>
            {answer.citations.into_iter().map(|citation| view! {
                <figure class="source">
                    <blockquote>{citation.quote}</blockquote>
                    <figcaption><cite>{citation.title}</cite></figcaption>
                </figure>
            }).collect_view()}
        </div>
    }
}
