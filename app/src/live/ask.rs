//! What the browser asks the server by itself: the addresses that links and forms have, answered as JSON instead of as a page.

use leptos::prelude::*;
use leptos::serde_json;
use leptos::task::spawn_local;
use model::{ErrorCode, Problem};
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::{Object, Reflect};
use web_sys::wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::{
    DomParser, Element, FormData, Headers, HtmlElement, ProgressEvent, RequestInit, Response, SupportedType,
};
use web_sys::{UrlSearchParams, XmlHttpRequest};
use words::text;

const JSON: &str = "application/json";

/// What an answer is done with.
type Then = Box<dyn FnOnce(Result<String, Problem>)>;

fn unreachable() -> Problem {
    Problem::new(ErrorCode::Unavailable, text!("The server cannot be reached. Check the connection and try again."))
}

/// An answer that is none.
fn unreadable() -> Problem {
    Problem::new(
        ErrorCode::Internal,
        text!("The answer could not be read. Look whether it was done before you try again."),
    )
}

/// What an answer says.
fn answered(status: u16, text: String) -> Result<String, Problem> {
    match status {
        200..=299 => Ok(text),
        0 => Err(unreachable()),
        _ => Err(serde_json::from_str(&text).unwrap_or_else(|_| unreadable())),
    }
}

fn read<T: DeserializeOwned>(answer: Result<String, Problem>) -> Result<T, Problem> {
    serde_json::from_str(&answer?).map_err(|_| unreadable())
}

/// Who asks: somebody who does something, or the page by itself, which keeps nobody signed in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Somebody,
    Itself,
}

/// Sends a request. The browser has one copy of this, whatever the answer is.
fn send(by: By, address: &str, accept: &str, form: Option<UrlSearchParams>, then: Then) {
    async fn text(address: &str, init: &RequestInit) -> Result<(u16, String), JsValue> {
        let response = JsFuture::from(window().fetch_with_str_and_init(address, init)).await?;
        let response: Response = response.unchecked_into();
        let text = JsFuture::from(response.text()?).await?;
        Ok((response.status(), text.as_string().unwrap_or_default()))
    }
    let init: RequestInit = Object::new().unchecked_into();
    if let Ok(headers) = Headers::new() {
        let _ = headers.set("accept", accept);
        if by == By::Itself {
            let _ = headers.set("x-unattended", "1");
        }
        init.set_headers(&headers);
    }
    if let Some(form) = form {
        init.set_method("POST");
        init.set_body(&form);
        // What is said is said, also when its page is left meanwhile. Browsers let 64 KB go on in this way, all together.
        if form.to_string().length() < 16_384 {
            let _ = Reflect::set(&init, &"keepalive".into(), &true.into());
        }
    }
    let address = address.to_owned();
    let asked: Pin<Box<dyn Future<Output = ()>>> = Box::pin(async move {
        let answer = text(&address, &init).await;
        then(answer.map_err(|_| unreachable()).and_then(|(status, text)| answered(status, text)));
    });
    spawn_local(asked);
}

/// Asks for what is at an address.
pub fn get<T: DeserializeOwned>(address: &str, then: impl FnOnce(Result<T, Problem>) + 'static) {
    send(By::Somebody, address, JSON, None, Box::new(|answer| then(read(answer))));
}

/// The same by the page itself: nobody has done anything.
pub fn look<T: DeserializeOwned>(address: &str, then: impl FnOnce(Result<T, Problem>) + 'static) {
    send(By::Itself, address, JSON, None, Box::new(|answer| then(read(answer))));
}

/// Sends a form.
pub fn post<T: DeserializeOwned>(
    address: &str,
    fields: &[(&str, &str)],
    then: impl FnOnce(Result<T, Problem>) + 'static,
) {
    let Ok(form) = UrlSearchParams::new() else { return };
    for (name, value) in fields {
        form.append(name, value);
    }
    send(By::Somebody, address, JSON, Some(form), Box::new(|answer| then(read(answer))));
}

/// Sends a form without fields, to which nothing is answered.
pub fn tell(address: &str, then: impl FnOnce(Result<(), Problem>) + 'static) {
    send(By::Somebody, address, JSON, UrlSearchParams::new().ok(), Box::new(|answer| then(answer.map(drop))));
}

/// Sends files. `progress` is told how much is there, 0 to 1.
pub fn send_files(
    address: &str,
    form: &FormData,
    progress: impl Fn(f64) + 'static,
    then: impl FnOnce(Result<(), Problem>) + 'static,
) {
    // `fetch` says nothing of how far it is.
    let Ok(request) = XmlHttpRequest::new() else { return };
    let begun = request.open("POST", address).and_then(|()| request.set_request_header("accept", JSON));
    if let Ok(upload) = request.upload() {
        let tell = move |event: ProgressEvent| progress(event.loaded() / event.total().max(1.0));
        let tell = Closure::<dyn Fn(ProgressEvent)>::new(tell);
        upload.set_onprogress(Some(tell.into_js_value().unchecked_ref()));
    }
    let then = Rc::new(Cell::new(Some(then)));
    let (asked, told) = (request.clone(), Rc::clone(&then));
    let ended = Closure::once_into_js(move || {
        let text = asked.response_text().ok().flatten().unwrap_or_default();
        if let Some(then) = told.take() {
            then(answered(asked.status().unwrap_or_default(), text).map(drop));
        }
    });
    request.set_onloadend(Some(ended.unchecked_ref()));
    // It cannot even begin where a file has gone meanwhile, or is a folder.
    if begun.and_then(|()| request.send_with_opt_form_data(Some(form))).is_err()
        && let Some(then) = then.take()
    {
        then(Err(Problem::new(ErrorCode::Invalid, text!("The file cannot be read any more. Choose it again."))));
    }
}

/// What came of asking for a part again.
pub enum Renewed {
    /// It stands in the page.
    Placed,
    /// It does not: a question in it is open.
    Later,
    /// The server did not answer.
    Unreachable,
    /// Another page came: the session has ended.
    Gone,
}

/// Asks for this page again, and puts the part with that id in the place of the one that is there; of rows that have an id,
/// those alone that have changed. While a question in it is open, it stays. Nothing is done with an answer once it is not
/// `wanted` any more, because of a later question.
pub fn renew(id: &'static str, wanted: impl Fn() -> bool + 'static, then: impl FnOnce(Renewed) + 'static) {
    let place = move |answer: Result<String, Problem>| {
        let Ok(html) = answer else { return Renewed::Unreachable };
        let page = DomParser::new().and_then(|parser| parser.parse_from_string(&html, SupportedType::TextHtml));
        let (Some(new), Some(old)) = (page.ok().and_then(|page| page.get_element_by_id(id)), super::part(id)) else {
            return Renewed::Gone;
        };
        if old.query_selector("dialog[open]") != Ok(None) {
            return Renewed::Later;
        }
        let within = |part: &Element| part.contains(document().active_element().as_deref());
        let was_within = within(&old);
        replace(&old, &new);
        // What had the focus may be gone: then one goes on at the list.
        let lost = super::part(id).filter(|list| was_within && !within(list));
        if let Some(list) = lost.and_then(|list| list.dyn_into::<HtmlElement>().ok()) {
            let _ = list.focus();
        }
        Renewed::Placed
    };
    let here = window().location();
    let address = here.pathname().unwrap_or_default() + &here.search().unwrap_or_default();
    let answered = move |answer| {
        if wanted() {
            then(place(answer));
        }
    };
    send(By::Itself, &address, "text/html", None, Box::new(answered));
}

fn replace(old: &Element, new: &Element) {
    let rows = |of: &Element| {
        let rows = of.query_selector_all("tr[id]").ok();
        let rows = rows.into_iter().flat_map(|rows| (0..rows.length()).filter_map(move |at| rows.get(at)));
        rows.filter_map(|row| row.dyn_into::<Element>().ok()).collect::<Vec<_>>()
    };
    let (before, after) = (rows(old), rows(new));
    let same = before.iter().map(Element::id).eq(after.iter().map(Element::id));
    if !same || before.is_empty() {
        let _ = old.replace_with_with_node_1(&new.clone_node_with_deep(true).unwrap_or_else(|_| new.clone().into()));
        return;
    }
    for (was, is) in before.iter().zip(&after).filter(|(was, is)| !was.is_equal_node(Some(is))) {
        let _ = was.replace_with_with_node_1(is);
    }
    let changing = "data-changing";
    let _ = if new.has_attribute(changing) { old.set_attribute(changing, "") } else { old.remove_attribute(changing) };
}
