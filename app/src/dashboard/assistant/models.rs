//! The models in the order in which they are asked, each with what can be done about it, and the form of another one.

use super::line::{Line, line};
use super::{Form, HERE, Typed, Wrong};
use crate::say::say;
use crate::ui::{Asked, confirm};
use leptos::prelude::*;
use model::ModelId;
use model::llm::{Model, Prices, Tried, Use, Wire};

/// Where models often are: the servers of one's own in their manuals' words, on the machine itself.
const ADDRESSES: [(&str, &str); 9] = [
    ("https://api.openai.com/v1", "OpenAI"),
    ("https://api.anthropic.com/v1", "Anthropic"),
    ("https://generativelanguage.googleapis.com/v1beta", "Google Gemini"),
    ("https://api.mistral.ai/v1", "Mistral"),
    ("https://api.groq.com/openai/v1", "Groq"),
    ("https://openrouter.ai/api/v1", "OpenRouter"),
    ("http://localhost:11434/v1", "Ollama"),
    ("http://localhost:8000/v1", "vLLM"),
    ("http://localhost:1234/v1", "LM Studio"),
];
const LIST: &str = "addresses";

pub(super) fn section(models: Vec<Model>, tried: Option<(ModelId, Tried)>, wrong: &Wrong) -> AnyView {
    let none = models.is_empty();
    let last = models.len().saturating_sub(1);
    let first = models.iter().position(|model| model.on && model.uses == Use::All);
    let parted = models.iter().any(|model| model.on && model.uses == Use::Simple);
    let rows = models.into_iter().enumerate().map(|(place, model)| {
        let tried = tried.as_ref().filter(|(id, _)| *id == model.id).map(|(_, tried)| tried.clone());
        let wrong = wrong.of(Form::Model(model.id));
        row(model, (place, last, Some(place) == first), tried, wrong)
    });
    let list =
        if none { empty() } else { view! { <ol class="asked" role="list">{rows.collect_view()}</ol> }.into_any() };
    let new = wrong.of(Form::New);
    let open = none || new.typed.is_some();
    // A notice leads to the fields of the form that was refused.
    let form = if matches!(wrong.typed, Some(Typed { form: Form::Model(_), .. })) { "new" } else { "" };
    view! {
        <section class="section" aria-labelledby="models">
            <div class="section__head"><div class="section__text">
                <h2 id="models">{t!("Models")}</h2>
                <p>{t!("The first one is asked; the next one where that does not answer. Behind the last one stands the built-in answerer, which quotes your documents.")}</p>
                {parted.then(|| view! {
                    <p>{t!("Of a simple question those for simple ones are asked first, and of any other last. A question is simple that is short, to which one passage clearly answers, and before which nothing was said.")}</p>
                })}
            </div></div>
            {list}
            <details class="more" open=open>
                <summary>{t!("Add a model")}</summary>
                {adding(form, new)}
            </details>
            <datalist id=LIST>
                {ADDRESSES.into_iter().map(|(address, name)| view! { <option value=address>{name}</option> }).collect_view()}
            </datalist>
        </section>
    }
    .into_any()
}

fn empty() -> AnyView {
    view! {
        <div class="empty">
            <div class="empty__text">
                <h3>{t!("The assistant answers by quotes today")}</h3>
                <p>{t!("It finds the passage that answers and tells it word for word, with its source. That takes no key and no network.")}</p>
                <p>{t!("A model puts the passages into an answer of its own: it joins several of them, says it in the language of the question, and understands what leans on what was asked before.")}</p>
                <p>{t!("What is sent to its provider: the question, with the pictures that came with it where a model looks at such, the passages that were found for it, the newest messages of the conversation and a summary of those before, what visitors have said of themselves where the workspace remembers that, what your tools are and tell, the name of your company, and the name, tone, language and instructions of the personality in use. Never: keys, names and addresses of contacts that they have not typed themselves, documents that do not fit the question, anything of other workspaces.")}</p>
            </div>
        </div>
    }
    .into_any()
}

fn row(model: Model, (place, last, first): (usize, usize, bool), tried: Option<Tried>, wrong: Wrong) -> AnyView {
    let (later, silent) = (model.next_prices().cloned(), silent(&model).filter(|_| tried.is_none()));
    let Model { id, wire, name, address, key_end, on, uses, images, prices, .. } = model.clone();
    let (class, state) = match (on, uses) {
        (false, _) => ("badge", t!("Off")),
        (true, Use::Search) => ("badge badge--accent", t!("Used by the search")),
        (true, Use::Simple) => ("badge badge--accent", t!("Asked first where a question is simple")),
        (true, Use::All) if first => ("badge badge--accent", t!("Asked first")),
        (true, Use::All) => ("badge badge--accent", t!("Asked if those before do not answer")),
    };
    let key = match key_end.as_deref() {
        None => t!("no key"),
        Some("") => t!("a key is kept"),
        Some(end) => t!("key …{end}", end),
    };
    let costs = prices.as_ref().map_or_else(
        || t!("no prices: its money is not counted"),
        |prices| t!("{input} asked, {output} answered, a million tokens", input = prices.input, output = prices.output),
    );
    let later = later.map(|Prices { input, output, since, .. }| {
        format!(" · {}", t!("from {since} on {input} asked, {output} answered", since, input, output))
    });
    let looks = images.then(|| format!(" · {}", t!("looks at pictures")));
    let of = |what: &str| format!("{HERE}/models/{id}/{what}");
    let switch = if on { t!("Turn off {name}", name) } else { t!("Turn on {name}", name) };
    let (next, turn) = if on { ("", t!("Turn off")) } else { ("1", t!("Turn on")) };
    let moved = |to: usize, label: String, words: String| {
        view! {
            <form method="post" action=of("move")>
                <input type="hidden" name="place" value=to.to_string()/>
                <button class="button button--small" type="submit" aria-label=label>{words}</button>
            </form>
        }
    };
    let up = (place > 0).then(|| moved(place - 1, t!("Up: ask {name} earlier", name), t!("Up")));
    let down = (place < last).then(|| moved(place + 1, t!("Down: ask {name} later", name), t!("Down")));
    view! {
        <li id=format!("model-{id}")>
            <h3>{name.clone()}" "<span class=class>{state}</span></h3>
            <p>{say(&wire.words())}<br/><code>{address}</code>" · "{key}" · "{costs}{later}{looks}</p>
            {silent}
            {tried.map(came)}
            <div class="actions">
                <form method="post" action=of("try")>
                    <button class="button button--small" type="submit" aria-label=t!("Try {name}", name)>{t!("Try")}</button>
                </form>
                <form method="post" action=of("switch")>
                    <input type="hidden" name="on" value=next/>
                    <button class="button button--small" type="submit" aria-label=switch>{turn}</button>
                </form>
                {up}
                {down}
                {removing(id, &name)}
            </div>
            {changing(model, wrong)}
        </li>
    }
    .into_any()
}

/// That it did not answer when visitors asked, and since when.
fn silent(model: &Model) -> Option<AnyView> {
    let (fault, since) = model.silent()?;
    let at = format!("{} {}", say(&since.day()), since.time());
    let view = view! {
        <div class="notice notice--attention">
            <p><b>{t!("It has not answered since {at} (UTC).", at)}</b>" "{say(&fault.words())}</p>
        </div>
    };
    Some(view.into_any())
}

/// What came of trying it.
fn came(tried: Tried) -> AnyView {
    let took = t!("{ms} ms", ms = tried.took_ms);
    match tried.fault {
        None => view! {
            <div class="notice notice--good" role="status">
                <p><b>{t!("It answers.")}</b>" "{tried.text}" "<span class="badge">{took}</span></p>
            </div>
        }
        .into_any(),
        Some(fault) => view! {
            <div class="notice notice--attention" role="alert">
                <p><b>{t!("It does not answer.")}</b>" "{say(&fault.words())}</p>
            </div>
        }
        .into_any(),
    }
}

fn removing(id: ModelId, name: &str) -> AnyView {
    let asked = Asked {
        short: t!("Remove"),
        full: t!("Remove {name}", name),
        question: t!("Remove {name}?", name),
        text: t!("It is not asked any more, and its key is forgotten. What it has used stays known."),
    };
    confirm(&format!("remove-{id}"), asked, format!("{HERE}/models/{id}/remove"))
}

fn adding(form: &str, wrong: Wrong) -> AnyView {
    let chosen = wrong.typed.as_ref().map(|typed| typed.wire.clone()).unwrap_or_default();
    let error = wrong.error("wire");
    let option = |wire: &Wire| {
        let selected = wire.name() == chosen;
        view! { <option value=wire.name() selected=selected>{say(&wire.words())}</option> }
    };
    view! {
        <form class="form form--narrow" method="post" action=HERE>
            <div class="field">
                <label class="field__label" for="wire">{t!("Provider")}</label>
                <select class="field__input" id="wire" name="wire" aria-invalid=error.as_ref().map(|_| "true")>
                    {Wire::ALL.iter().map(option).collect_view()}
                </select>
                {error.map(|error| view! { <p class="field__error">{error}</p> })}
            </div>
            {fields(form.to_owned(), None, &wrong)}
            <button class="button button--primary" type="submit">{t!("Add the model")}</button>
        </form>
    }
    .into_any()
}

fn changing(model: Model, wrong: Wrong) -> AnyView {
    let (id, name, refused) = (model.id, model.name.clone(), wrong.typed.is_some());
    let form = if refused { String::new() } else { id.to_string() };
    view! {
        <details class="more" open=refused>
            <summary>{t!("Change {name}", name)}</summary>
            <form class="form form--narrow" method="post" action=format!("{HERE}/models/{id}")>
                {fields(form, Some(model), &wrong)}
                <button class="button" type="submit">{t!("Save {name}", name)}</button>
            </form>
        </details>
    }
    .into_any()
}

/// What a model is asked first for.
fn for_what(form: &str, chosen: &str, error: Option<String>) -> AnyView {
    let id = if form.is_empty() { "uses".to_owned() } else { format!("uses-{form}") };
    let option = |(one, words): (Use, String)| {
        let selected = one.name() == chosen;
        view! { <option value=one.name() selected=selected>{words}</option> }
    };
    let all = [
        (Use::All, t!("All questions")),
        (Use::Simple, t!("Simple questions first")),
        (Use::Search, t!("The search alone")),
    ];
    let hint = format!("{id}-hint");
    view! {
        <div class="field">
            <label class="field__label" for=id.clone()>{t!("Asked for")}</label>
            <p class="field__hint" id=hint.clone()>{t!("A model for the search answers nothing: it says what texts mean, also in other languages. All your documents are sent to its provider, piece by piece, and each question. It is tried before it is taken.")}</p>
            <select class="field__input" id=id name="uses" aria-describedby=hint aria-invalid=error.as_ref().map(|_| "true")>
                {all.into_iter().map(option).collect_view()}
            </select>
            {error.map(|error| view! { <p class="field__error">{error}</p> })}
        </div>
    }
    .into_any()
}

/// What both forms have.
fn fields(form: String, model: Option<Model>, wrong: &Wrong) -> AnyView {
    let key = match &model {
        None => t!("As the provider has shown it. A server of your own may take none."),
        Some(Model { key_end: None, .. }) => t!("None is kept."),
        Some(_) => t!("One is kept. Type another one to replace it; for another address, its own."),
    };
    // Of what was pressed in its row nothing was typed.
    let typed = wrong.typed.clone().filter(|typed| model.is_none() || !typed.name.is_empty());
    let kept = model.filter(|_| typed.is_none());
    let typed = typed.unwrap_or_default();
    // Prices that are to come are said with their day; those of today have had theirs.
    let next = kept.as_ref().filter(|model| model.prices.is_none()).and_then(|model| model.next_prices().cloned());
    let coming = next.as_ref().map(|next| next.since.clone()).unwrap_or_default();
    let uses = kept.as_ref().map_or_else(|| typed.uses.clone(), |model| model.uses.name().to_owned());
    let images = kept.as_ref().map_or(typed.images, |model| model.images);
    let (name, address, prices) =
        kept.map_or_else(Default::default, |model| (model.name, model.address, model.prices.or(next)));
    let price = |of: fn(&Prices) -> String| prices.as_ref().map(of).unwrap_or_default();
    let (input, output) = (price(|prices| prices.input.to_string()), price(|prices| prices.output.to_string()));
    let cached = price(|prices| prices.cached.to_string());
    let one = |name: &'static str, label: String, hint: Option<String>, kept: String, typed: String| Line {
        name,
        form: form.clone(),
        label,
        kind: "text",
        hint,
        value: if typed.is_empty() { kept } else { typed },
        error: wrong.error(name),
        most: 500,
        ..Line::default()
    };
    let money = |name, label, hint, kept, typed| Line {
        mode: Some("decimal"),
        most: 20,
        ..one(name, label, hint, kept, typed)
    };
    view! {
        {line(Line {
            required: true,
            most: 200,
            ..one("name", t!("Model"), Some(t!("As its provider writes it, for example {example}.", example = "gpt-5-mini")), name, typed.name)
        })}
        {line(Line {
            list: Some(LIST),
            ..one("address", t!("Address"), Some(t!("Empty: where the provider is. For a server of your own, its address, most often with /v1 at the end.")), address, typed.address)
        })}
        {line(Line { kind: "password", ..one("key", t!("Key"), Some(key), String::new(), String::new()) })}
        {for_what(&form, &uses, wrong.error("uses"))}
        <label class="check"><input type="checkbox" name="images" value="1" checked=images/>" "{t!("It looks at pictures that come with a question")}</label>
        <fieldset class="checks">
            <legend class="field__label">{t!("What it costs")}</legend>
            {line(money("input", t!("A million tokens asked"), Some(t!("In the currency in which you count: 2.50. Without prices no money is counted, and no budget holds.")), input, typed.input))}
            {line(money("output", t!("A million tokens answered"), None, output, typed.output))}
            {line(money("cached", t!("Of these remembered"), Some(t!("What the provider takes for what it remembers. Empty: as for what is asked.")), cached, typed.cached))}
            {line(Line { kind: "date", ..one("since", t!("Since"), Some(t!("Empty: from today on, in UTC. A day up to a year ahead for what it will cost then; what was asked before costs what it did.")), coming, typed.since) })}
        </fieldset>
    }
    .into_any()
}
