//! What the company knows: documents go in here, and answers can be tried.
//!
//! The form works without WASM: the field for files takes files that are dropped on it, the server reads them and shows
//! this page again. With it, each file is sent by itself and says how far it is.

use super::LoadError;
use crate::api::{ApiError, Asked, documents};
use crate::ui::{Icon, Shape, Title, later, live, renewed};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::serde_json;
use leptos_router::hooks::use_query_map;
use model::Problem;
use model::knowledge::{Answer, Document, DocumentState};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use web_sys::wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::{File, FormData, HtmlInputElement, ProgressEvent, XmlHttpRequest};

/// Where files are sent.
const HERE: &str = "/dashboard/knowledge";
/// How soon the list is asked for again while something in it is being read.
const AGAIN: Duration = Duration::from_millis(700);

/// What came of files that the form sent. The server puts it into context when it answers the form itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Files that were not kept: the name, and why.
    pub refused: Vec<(String, String)>,
}

type DocumentList = Asked<model::Page<Document>>;

/// A file on its way.
#[derive(Debug, Clone, PartialEq)]
struct Sending {
    name: String,
    /// How much of it is there, 0 to 1.
    share: f64,
    /// What came of it: nothing yet, kept, or why not.
    end: Option<Result<(), String>>,
}

/// The page.
#[component]
pub(super) fn Knowledge() -> impl IntoView {
    // In the browser the server's outcome comes with the page.
    let given = SharedValue::new(|| use_context::<Outcome>().unwrap_or_default()).into_inner();
    let documents: DocumentList = Asked::new(documents::list);
    let sending = RwSignal::new(Vec::<Sending>::new());
    let files = NodeRef::<leptos::html::Input>::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(input) = files.get_untracked() {
            send_all(&input, sending, documents);
        }
    };
    // While something is being read, the list is asked for again.
    Effect::new(move |_| {
        let waiting = |d: &Document| matches!(d.state, DocumentState::Queued | DocumentState::Processing);
        if documents.get().is_some_and(|list| list.is_ok_and(|page| page.data.iter().any(waiting))) {
            set_timeout(move || documents.refetch(), AGAIN);
        }
    });
    view! {
        <Title text="Knowledge · Samtal"/>
        <header class="page__head">
            <h1>"Knowledge"</h1>
            <p>"What stands in these documents, the assistant can answer, and nothing else."</p>
        </header>
        <section class="section" aria-labelledby="add">
            <div class="section__head"><div class="section__text">
                <h2 id="add">"Add documents"</h2>
                <p>"Markdown, text, and questions with their answers as CSV or JSON. 5 MB a file at most."</p>
            </div></div>
            <Refused refused=given.refused/>
            <form class="form" method="post" action=HERE enctype="multipart/form-data" on:submit=submit>
                <div class="field">
                    <label class="field__label" for="file">"Choose files, or drop them here"</label>
                    <input
                        class="drop" id="file" name="file" type="file" multiple required
                        accept=".md,.markdown,.txt,.csv,.json,text/plain,text/markdown,text/csv,application/json"
                        node_ref=files
                    />
                </div>
                <p class="actions">
                    <button class="button button--primary" type="submit"><Icon shape=Shape::Plus/>"Upload"</button>
                </p>
            </form>
            <ul class="uploads" role="list" aria-live="polite">
                {live(move || sending.get().into_iter().map(on_the_way).collect_view().into_any())}
            </ul>
        </section>
        <section class="section" aria-labelledby="documents">
            <div class="section__head"><div class="section__text"><h2 id="documents">"Documents"</h2></div></div>
            {renewed(3, move || async move {
                match documents.await {
                    Ok(page) if page.data.is_empty() => view! { <NoDocuments/> }.into_any(),
                    Ok(page) => view! { <DocumentTable list=page.data documents=documents/> }.into_any(),
                    Err(error) => view! { <LoadError error=error/> }.into_any(),
                }
            })}
        </section>
        <Try/>
    }
}

/// Files that the server did not keep, when it answered the form itself.
#[component]
fn Refused(refused: Vec<(String, String)>) -> impl IntoView {
    (!refused.is_empty()).then(|| view! {
        <div class="notice notice--attention" role="alert" tabindex="-1">
            <h3 class="notice__title">"Not every file could be read"</h3>
            <ul>{refused.into_iter().map(|(name, why)| view! { <li><strong>{name}</strong>": "{why}</li> }).collect_view()}</ul>
        </div>
    })
}

fn on_the_way(file: Sending) -> impl IntoView {
    let Sending { name, share, end } = file;
    let state = match end {
        None => view! { <progress max="1" value=share aria-label=format!("Sending {name}")></progress> }.into_any(),
        Some(Ok(())) => view! { <span class="badge badge--accent">"Uploaded"</span> }.into_any(),
        Some(Err(why)) => view! { <span class="field__error">{why}</span> }.into_any(),
    };
    view! { <li><span>{name}</span>{state}</li> }
}

/// Sends the chosen files, one after the other.
fn send_all(input: &HtmlInputElement, sending: RwSignal<Vec<Sending>>, documents: DocumentList) {
    let Some(list) = input.files() else { return };
    let files: Vec<File> = (0..list.length()).filter_map(|at| list.get(at)).collect();
    sending.set(files.iter().map(|file| Sending { name: file.name(), share: 0.0, end: None }).collect());
    input.set_value("");
    send(0, files, sending, documents);
}

/// Sends the file at `at`, and then those after it.
fn send(at: usize, files: Vec<File>, sending: RwSignal<Vec<Sending>>, documents: DocumentList) {
    let Some(file) = files.get(at) else { return };
    let change = move |change: &dyn Fn(&mut Sending)| {
        sending.update(|all| {
            if let Some(one) = all.get_mut(at) {
                change(one);
            }
        });
    };
    let (Ok(request), Ok(form)) = (XmlHttpRequest::new(), FormData::new()) else { return };
    let begun = form
        .append_with_blob_and_filename("file", file, &file.name())
        .and_then(|()| request.open("POST", HERE))
        .and_then(|()| request.set_request_header("accept", "application/json"));
    if let Ok(upload) = request.upload() {
        let progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
            change(&|one| one.share = event.loaded() / event.total().max(1.0));
        });
        upload.set_onprogress(Some(progress.into_js_value().unchecked_ref()));
    }
    let asked = request.clone();
    let ended = Closure::once_into_js(move || {
        let end = result_of(&asked);
        change(&|one| one.end = Some(end.clone()));
        documents.refetch();
        send(at + 1, files, sending, documents);
    });
    request.set_onloadend(Some(ended.unchecked_ref()));
    if begun.and_then(|()| request.send_with_opt_form_data(Some(&form))).is_err() {
        change(&|one| one.end = Some(Err("The browser could not send this file.".to_owned())));
    }
}

fn result_of(request: &XmlHttpRequest) -> Result<(), String> {
    match request.status() {
        Ok(200..=299) => Ok(()),
        Ok(0) | Err(_) => Err("The server cannot be reached. Check the connection and try again.".to_owned()),
        Ok(_) => {
            let text = request.response_text().ok().flatten().unwrap_or_default();
            Err(sentence_of(&text).unwrap_or_else(|| "That did not work. Try again.".to_owned()))
        }
    }
}

/// The sentence of a problem document.
fn sentence_of(text: &str) -> Option<String> {
    let problem: Problem = serde_json::from_str(text).ok()?;
    Some(problem.field("file").map_or_else(|| problem.detail.clone(), str::to_owned))
}

#[component]
fn NoDocuments() -> impl IntoView {
    view! {
        <div class="empty">
            <div class="empty__text">
                <h3>"Nothing is known yet"</h3>
                <p>"Begin with what people ask most: returns, delivery, opening hours. A page of Markdown or a text file for each is enough; headings help, because each part is found by itself."</p>
            </div>
            <figure class="code">
                <figcaption>"Or a table of questions and answers, as a spreadsheet saves it"</figcaption>
                <pre tabindex="0" role="region" aria-label="Example of a CSV file"><code>
                    "question,answer\n\"How long may I return goods?\",\"60 days from delivery.\""
                </code></pre>
            </figure>
        </div>
    }
}

#[component]
fn DocumentTable(list: Vec<Document>, documents: DocumentList) -> impl IntoView {
    let done = move |result: Result<(), ApiError>| {
        // What went wrong, another look at the list shows: it was deleted, or the session has ended.
        drop(result);
        documents.refetch();
    };
    let delete = Action::new(move |id: &String| {
        let id = id.clone();
        async move { done(documents::delete(id).await) }
    });
    let again = Action::new(move |id: &String| {
        let id = id.clone();
        async move { done(documents::reindex(id).await) }
    });
    view! {
        <div class="table">
            <table role="table" aria-labelledby="documents">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Title"</th>
                        <th role="columnheader" scope="col">"State"</th>
                        <th role="columnheader" scope="col">"Pieces"</th>
                        <th role="columnheader" scope="col">"Added"</th>
                        <th class="table__end" role="columnheader" scope="col"><span class="visually-hidden">"Action"</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    {list.into_iter().map(|document| row(document, delete, again)).collect_view()}
                </tbody>
            </table>
        </div>
    }
}

fn row(document: Document, delete: Action<String, ()>, again: Action<String, ()>) -> impl IntoView {
    let id = document.id.to_string();
    let dialog = format!("delete-{id}");
    let (class, state) = match (document.state, document.by_meaning) {
        (DocumentState::Queued, _) => ("badge", "Waiting"),
        (DocumentState::Processing, _) => ("badge", "Being read"),
        (DocumentState::Ready, true) => ("badge badge--accent", "Ready"),
        (DocumentState::Ready, false) => ("badge", "Ready, by words alone"),
        (DocumentState::Failed, _) => ("badge badge--attention", "Could not be read"),
    };
    let may_read_again =
        document.state == DocumentState::Failed || (document.state == DocumentState::Ready && !document.by_meaning);
    let on_submit = |action: Action<String, ()>, id: String| {
        move |event: SubmitEvent| {
            event.prevent_default();
            action.dispatch(id.clone());
        }
    };
    let title = document.title.clone();
    view! {
        <tr role="row">
            <th role="rowheader" scope="row">
                <span class="entry"><span>{document.title.clone()}<small>{document.file_name.clone()}</small></span></span>
            </th>
            <td role="cell" data-label="State">
                <span class=class>{state}</span>
                {document.error.clone().map(|why| view! { <small class="field__error">{why}</small> })}
            </td>
            <td role="cell" data-label="Pieces">{document.chunk_count}</td>
            <td role="cell" data-label="Added"><time datetime=document.created_at.to_string()>{document.created_at.day()}</time></td>
            <td class="table__end" role="cell">
                {may_read_again.then(|| view! {
                    <form method="post" action=format!("{HERE}/{id}/reindex") on:submit=on_submit(again, id.clone())>
                        <button class="button button--small" type="submit" aria-label=format!("Read {title} again")>"Read again"</button>
                    </form>
                })}
                <button class="button button--small" type="button" aria-label=format!("Delete {title}") command="show-modal" commandfor=dialog.clone()>
                    "Delete"
                </button>
                <dialog class="dialog" id=dialog.clone() aria-labelledby=format!("{dialog}-title") aria-describedby=format!("{dialog}-text")>
                    <div class="dialog__head">
                        <h2 id=format!("{dialog}-title")>"Delete "{title.clone()}"?"</h2>
                        <p id=format!("{dialog}-text")>"The assistant can no longer answer from it. The file itself is not touched; you can upload it again."</p>
                    </div>
                    <form class="dialog__actions" method="post" action=format!("{HERE}/{id}/delete") on:submit=on_submit(delete, id.clone())>
                        <button class="button" type="button" command="close" commandfor=dialog.clone()>"Keep it"</button>
                        <button class="button button--danger" type="submit">"Delete "{title.clone()}</button>
                    </form>
                </dialog>
            </td>
        </tr>
    }
}

/// A question to the documents, as a contact would ask it.
#[component]
fn Try() -> impl IntoView {
    let query = use_query_map();
    let asked = move || query.read().get("question").unwrap_or_default();
    let answer = Asked::about(asked, |question| async move {
        if question.trim().is_empty() { Ok(None) } else { documents::ask(question).await.map(Some) }
    });
    view! {
        <section class="section" id="try" aria-labelledby="try-title">
            <div class="section__head"><div class="section__text">
                <h2 id="try-title">"Try a question"</h2>
                <p>"As a contact would ask it. The answer is quoted from a document, or refused."</p>
            </div></div>
            <form class="form form--inline" method="get" action=HERE>
                <div class="field">
                    <label class="field__label" for="question">"Question"</label>
                    <input class="field__input" id="question" name="question" maxlength="1000" required autocomplete="off" value=asked/>
                </div>
                <button class="button button--primary" type="submit">"Ask"</button>
            </form>
            {later(2, move || async move {
                match answer.await {
                    Ok(None) => ().into_any(),
                    Ok(Some(answer)) => said(answer).into_any(),
                    Err(error) => view! { <LoadError error=error/> }.into_any(),
                }
            })}
        </section>
    }
}

fn said(answer: Answer) -> impl IntoView {
    let class = if answer.refused { "notice" } else { "notice notice--good" };
    view! {
        <div class=class role="status">
            <p id="answer"><strong>{answer.answer}</strong></p>
            {answer.citations.into_iter().map(|citation| view! {
                <figure class="source">
                    <blockquote>{citation.quote}</blockquote>
                    <figcaption><cite>{citation.title}</cite></figcaption>
                </figure>
            }).collect_view()}
        </div>
    }
}
