//! The form for files, as it moves: each file is sent by itself and says how far it is; then the documents are shown as they
//! are now, for as long as one of them is being read.

use super::{DOCUMENTS, HERE};
use crate::live::ask::{self, Renewed};
use crate::live::{part, take_over};
use crate::say::say;
use crate::ui::{Icon, Shape, live};
use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use model::Problem;
use std::cell::Cell;
use std::time::Duration;
use web_sys::wasm_bindgen::JsCast as _;
use web_sys::{File, FormData, HtmlDialogElement, HtmlFormElement, HtmlInputElement};

/// How soon the documents are asked for again while one of them is being read.
const AGAIN: Duration = Duration::from_millis(700);

/// How soon when the server did not answer.
const LATER: Duration = Duration::from_secs(5);

/// Bytes of the largest file that the server takes (`knowledge::reading::MAX_BYTES`).
const MOST: f64 = 5_242_880.0;

/// A file on its way.
#[derive(Debug, Clone, PartialEq)]
struct Sending {
    name: String,
    /// How much of it is there, 0 to 1.
    share: f64,
    /// What came of it: nothing yet, kept, or why not.
    end: Option<Result<(), String>>,
    /// Whether it takes the place of an earlier one.
    replaces: bool,
}

/// Files, in the order in which they are sent, and what has come of each. A copy is the same one.
#[derive(Clone, Copy)]
struct Uploads {
    files: StoredValue<Vec<File>, LocalStorage>,
    lines: RwSignal<Vec<Sending>>,
    /// Whether one of them is on its way.
    going: StoredValue<bool>,
    /// What could not be done with a document.
    refused: RwSignal<Option<String>>,
}

/// The form.
#[island(lazy)]
pub(super) fn Upload() -> impl IntoView {
    take_over();
    let input = NodeRef::<Input>::new();
    let uploads = Uploads {
        files: StoredValue::new_local(Vec::new()),
        lines: RwSignal::new(Vec::new()),
        going: StoredValue::new(false),
        refused: RwSignal::new(None),
    };
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(input) = input.get_untracked() {
            uploads.add(&input);
        }
    };
    Effect::new(move |_| {
        let list = part(DOCUMENTS);
        if list.as_ref().is_some_and(|list| list.has_attribute("data-changing")) {
            set_timeout(renew, AGAIN);
        }
        window_event_listener(leptos::ev::submit, move |event| uploads.quietly(&event));
        // The browser asks before files on their way are given up.
        window_event_listener(leptos::ev::beforeunload, move |event| {
            if uploads.going.get_value() {
                event.prevent_default();
            }
        });
    });
    view! {
        <form class="form" id="upload" method="post" action=HERE enctype="multipart/form-data" on:submit=send>
            <div class="field">
                <label class="field__label" for="file">{s!("Choose files, or drop them here")}</label>
                <input
                    class="drop" id="file" name="file" type="file" multiple required
                    accept=".md,.markdown,.txt,.html,.htm,.csv,.tsv,.json,text/plain,text/markdown,text/html,text/csv,application/json"
                    node_ref=input
                />
            </div>
            <label class="check"><input type="checkbox" name="replace" value="1"/>" "{s!("Put a file in the place of an earlier one of the same name")}</label>
            <p class="actions">
                <button class="button button--primary" type="submit"><Icon shape=Shape::Plus/>{s!("Upload")}</button>
            </p>
        </form>
        <ul class="uploads" role="list" aria-live="polite">
            {live(move || uploads.lines.get().into_iter().map(on_the_way).collect_view().into_any())}
        </ul>
        {live(move || {
            uploads.refused.get().map(|why| view! { <p class="field__error" role="alert">{why}</p> }.into_any()).into_any()
        })}
    }
}

fn on_the_way(file: Sending) -> AnyView {
    let Sending { name, share, end, .. } = file;
    let state = match end {
        None => view! { <progress max="1" value=share aria-label=t!("Sending {name}", name)></progress> }.into_any(),
        Some(Ok(())) => view! { <span class="badge badge--accent">{s!("Uploaded")}</span> }.into_any(),
        Some(Err(why)) => view! { <span class="field__error">{why}</span> }.into_any(),
    };
    view! { <li translate="no"><span>{name}</span>{state}</li> }.into_any()
}

impl Uploads {
    /// Sends the files that are chosen, after those that are on their way.
    fn add(self, input: &HtmlInputElement) {
        let Some(list) = input.files() else { return };
        let chosen: Vec<File> = (0..list.length()).filter_map(|at| list.get(at)).collect();
        input.set_value("");
        let replaces = part("upload").is_some_and(|form| form.query_selector("[name=replace]:checked") != Ok(None));
        let going = self.going.get_value();
        if !going {
            self.files.set_value(Vec::new());
            self.lines.set(Vec::new());
        }
        self.lines.update(|all| {
            all.extend(chosen.iter().map(|file| Sending { name: file.name(), share: 0.0, end: None, replaces }));
        });
        self.files.update_value(|all| all.extend(chosen));
        if !going {
            self.send(0);
        }
    }

    /// Sends the file at `at`, and then those after it.
    fn send(self, at: usize) {
        let file = self.files.with_value(|files| files.get(at).cloned());
        self.going.set_value(file.is_some());
        let (Some(file), Ok(form)) = (file, FormData::new()) else { return };
        let change = move |change: &dyn Fn(&mut Sending)| {
            self.lines.update(|all| {
                if let Some(one) = all.get_mut(at) {
                    change(one);
                }
            });
        };
        if file.size() > MOST {
            change(&|one| one.end = Some(Err(s!("A file may have 5 MB. Split it and upload the parts.").to_owned())));
            return self.send(at + 1);
        }
        // An error says that the browser cannot read the file; then the server says that there is none.
        let _ = form.append_with_blob_and_filename("file", &file, &file.name());
        if self.lines.with_untracked(|all| all.get(at).is_some_and(|one| one.replaces)) {
            let _ = form.append_with_str("replace", "1");
        }
        let progress = move |share| change(&|one| one.share = share);
        ask::send_files(HERE, &form, progress, move |answer| {
            let end = answer.map_err(|problem: Problem| say(problem.field("file").unwrap_or(&problem.detail)));
            change(&|one| one.end = Some(end.clone()));
            renew();
            self.send(at + 1);
        });
    }

    /// Sends the forms of the documents without loading the page again. What became of it, the list shows.
    fn quietly(self, event: &SubmitEvent) {
        let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok()) else { return };
        if event.default_prevented() || !part(DOCUMENTS).is_some_and(|list| list.contains(Some(&form))) {
            return;
        }
        event.prevent_default();
        if let Some(dialog) = form.closest("dialog").ok().flatten().and_then(|d| d.dyn_into::<HtmlDialogElement>().ok())
        {
            dialog.close();
        }
        self.refused.set(None);
        ask::tell(&form.action(), move |answer| {
            // One that is gone, the list shows.
            self.refused.set(answer.err().filter(|problem| problem.status != 404).map(|problem| say(&problem.detail)));
            renew();
        });
    }
}

thread_local! {
    /// Rises with each question for the documents: the answer of the last one counts.
    static ASKED: Cell<u32> = const { Cell::new(0) };
}

/// Shows the documents as they are now; once more in a moment, while one of them is being read.
fn renew() {
    let mine = ASKED.get().wrapping_add(1);
    ASKED.set(mine);
    let wanted = move || ASKED.get() == mine;
    ask::renew(DOCUMENTS, wanted, move |came| {
        let changing = part(DOCUMENTS).is_some_and(|list| list.has_attribute("data-changing"));
        let again = match came {
            Renewed::Placed if changing => AGAIN,
            Renewed::Later => AGAIN,
            Renewed::Unreachable => LATER,
            Renewed::Placed | Renewed::Gone => return,
        };
        // Unless somebody has asked meanwhile.
        set_timeout(
            move || {
                if wanted() {
                    renew()
                }
            },
            again,
        );
    });
}
