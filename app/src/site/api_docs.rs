//! The REST interface, as the program itself describes it: every call, what it takes and answers, and a way to try it. Without JavaScript there
//! are the calls to copy; with it a key that is entered stays in the page, and goes nowhere but to this installation.

use super::SkipLink;
use crate::shell::{Nonce, Page, Surface};
use crate::ui::Brand;
use leptos::prelude::*;

/// A call.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// What it is known by.
    pub id: String,
    /// What it is about.
    pub about: String,
    /// How.
    pub method: String,
    /// Where, with places in braces.
    pub path: String,
    /// What it does.
    pub does: String,
    /// What stands in the address, or in a header.
    pub parameters: Vec<Parameter>,
    /// What is sent.
    pub body: Body,
    /// What comes: status, and what that means.
    pub answers: Vec<(String, String)>,
}

/// Something in an address, or a header.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands: `path`, `query` or `header`.
    pub place: String,
    /// What it is.
    pub is: String,
}

/// What a call sends.
#[derive(Debug, Clone, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// JSON, like this.
    Json(String),
    /// A form: names, what each is, and whether it is a file.
    Form(Vec<(String, String, bool)>),
}

/// Sends what stands in a call's form, and shows what comes.
const TRY: &str = "\
    const key = document.getElementById('key');\
    document.getElementById('with-key').hidden = false;\
    for (const form of document.querySelectorAll('form[data-path]')) {\
      form.hidden = false;\
      const { method, path } = form.dataset, answer = form.querySelector('output');\
      form.addEventListener('submit', async (event) => {\
        event.preventDefault();\
        const query = new URLSearchParams(), sent = new FormData();\
        const headers = key.value ? { authorization: `Bearer ${key.value.trim()}` } : {};\
        let to = path, body;\
        for (const field of form.querySelectorAll('[data-place]')) {\
          const { name, value, files, dataset: { place } } = field;\
          if (place === 'path') to = to.replace(`{${name}}`, encodeURIComponent(value));\
          else if (place === 'query') value && query.set(name, value);\
          else if (place === 'header') value && (headers[name] = value);\
          else if (place === 'json') body = field.textContent;\
          else { body = sent; files ? files[0] && sent.set(name, files[0]) : value && sent.set(name, value); }\
        }\
        if (typeof body === 'string') headers['content-type'] = 'application/json';\
        answer.textContent = '…';\
        try {\
          const came = await fetch(to + (query.size ? `?${query}` : ''), { method, headers, body, credentials: 'omit' });\
          const text = await came.text();\
          let shown = text;\
          try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch {}\
          answer.textContent = `${came.status} ${came.statusText}\\n${shown}`;\
        } catch (error) { answer.textContent = String(error); }\
      });\
    }";

/// The page. `address` is that of this installation, without a slash at its end.
pub fn api_docs(calls: Vec<Call>, introduction: String, address: &str) -> Page {
    let nonce = use_context::<Nonce>().map(|nonce| nonce.0);
    let mut about: Vec<String> = calls.iter().map(|call| call.about.clone()).collect();
    about.sort();
    about.dedup();
    let parts = about.into_iter().map(|part| {
        let calls: Vec<_> =
            calls.iter().filter(|call| call.about == part).map(|call| self::call(call, address)).collect();
        view! { <section class="calls"><h2 lang="en">{part}</h2>{calls}</section> }
    });
    let body = view! {
        <SkipLink/>
        <header class="api-head"><Brand/><nav aria-label=t!("This page")><a href="/api/openapi.json">"OpenAPI"</a>" "<a href="/dashboard/api-keys">{t!("API keys")}</a></nav></header>
        <main class="api" id="main" tabindex="-1">
            <h1>{t!("The REST interface")}</h1>
            <p lang="en">{introduction}</p>
            <p id="with-key" class="field" hidden>
                <label class="field__label" for="key">{t!("API key, to try calls with: it stays in this page")}</label>
                <input class="field__input" id="key" type="password" autocomplete="off" spellcheck="false" placeholder="smt_…"/> // lint:allow(said) a name
            </p>
            {parts.collect_view()}
        </main>
        <script nonce=nonce>{TRY}</script>
    };
    Page::new(t!("The REST interface · Samtal"), Surface::Api, body)
}

fn call(call: &Call, address: &str) -> AnyView {
    let Call { id, method, path, does, parameters, body, answers, .. } = call.clone();
    let curl = curl(call, address);
    let field = |parameter: Parameter| {
        let Parameter { name, place, is } = parameter;
        let (at, in_path) = (format!("{id}-{name}"), place == "path");
        view! {
            <p class="field">
                <label class="field__label" for=at.clone()><code>{name.clone()}</code>" "{is}</label>
                <input class="field__input" id=at name=name data-place=place required=in_path autocomplete="off"/>
            </p>
        }
    };
    let fields = parameters.into_iter().map(field).collect_view();
    let sent = match body {
        Body::None => ().into_any(),
        Body::Json(example) => view! {
            <pre class="field__input" contenteditable="true" role="textbox" aria-multiline="true" aria-label="JSON" data-place="json"> // lint:allow(said) a name
                {example}
            </pre>
        }
        .into_any(),
        Body::Form(fields) => fields
            .into_iter()
            .map(|(name, is, file)| {
                let at = format!("{id}-{name}");
                view! {
                    <p class="field">
                        <label class="field__label" for=at.clone()><code>{name.clone()}</code>" "{is}</label>
                        <input class="field__input" id=at name=name type=if file { "file" } else { "text" } data-place="form"/>
                    </p>
                }
            })
            .collect_view()
            .into_any(),
    };
    let answers = answers.into_iter().map(|(status, means)| view! { <div><dt>{status}</dt><dd>{means}</dd></div> });
    view! {
        <details class="call" id=id.clone()>
            <summary lang="en"><b>{method.clone()}</b>" "<code>{path.clone()}</code></summary>
            <div lang="en">
                <p>{does}</p>
                <pre tabindex="0" role="region" aria-label=t!("Example call with curl")><code>{curl}</code></pre>
                <dl>{answers.collect_view()}</dl>
                <form class="form" data-method=method data-path=path hidden>
                    {fields}{sent}
                    <button class="button button--primary" type="submit">{t!("Send")}</button>
                    <output></output>
                </form>
            </div>
        </details>
    }
    .into_any()
}

/// The call as one types it.
fn curl(call: &Call, address: &str) -> String {
    let method = if call.method == "GET" { String::new() } else { format!("-X {} ", call.method) };
    let mut line = format!("curl {method}{address}{} \\\n  -H \"Authorization: Bearer $SAMTAL_KEY\"", call.path);
    match &call.body {
        Body::None => {}
        Body::Json(example) => {
            line +=
                &format!(" \\\n  -H 'Content-Type: application/json' \\\n  -d '{}'", example.replace('\'', "'\\''"));
        }
        Body::Form(fields) => {
            for (name, ..) in fields.iter().filter(|(.., file)| *file) {
                line += &format!(" \\\n  -F {name}=@faq.md");
            }
        }
    }
    line
}
