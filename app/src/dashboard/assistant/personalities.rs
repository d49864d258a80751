//! What the assistant is like: the personalities, the form of one, and its versions. Plain forms, answered with these pages.

use super::HERE;
use super::line::{Line, line};
use crate::dashboard::Frame;
use crate::dashboard::versions::{Version, history};
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{Asked, FormNotice, Lines, anchor, confirm};
use leptos::prelude::*;
use model::personality::{
    CALLED, Grounding, INTENTS, Intent, KeptPersonality, NAME, Personality, PersonalityVersion, Reaction, Speaks, Tone,
};
use model::{Problem, Timestamp};
use words::noted;

const FIELDS: &[(&str, &str)] = &[
    ("name", noted!("Name")),
    ("called", noted!("What visitors call it")),
    ("tone", noted!("Tone")),
    ("language", noted!("Language")),
    ("instruction", noted!("Instructions")),
    ("greeting", noted!("To a greeting")),
    ("thanks", noted!("To thanks")),
    ("refusal", noted!("Where the documents do not say")),
    ("nearest", noted!("Above the nearest passages")),
    ("grounding", noted!("Answers are made of")),
    ("intents", noted!("Intents")),
];
/// Empty intents that a form has besides those that there are.
const MORE: usize = 2;

/// What came of a form.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Done {
    /// None was sent.
    #[default]
    Nothing,
    /// It is so.
    Saved,
    /// It is not.
    Refused {
        /// Why.
        problem: Problem,
        /// What was typed, where it is shown again.
        typed: Option<Box<Personality>>,
    },
}

/// What a page says of it: its title, the notice, what is wrong, and what was typed.
struct Said {
    title: String,
    notice: AnyView,
    problem: Option<Problem>,
    typed: Option<Personality>,
}

impl Said {
    fn of(done: Done, page: String) -> Self {
        match done {
            Done::Nothing => Self { title: page, notice: ().into_any(), problem: None, typed: None },
            Done::Saved => {
                let notice = super::good(t!("Saved"), t!("It counts from the next answer on."));
                Self { title: t!("Saved · {title}", title = page), notice, problem: None, typed: None }
            }
            Done::Refused { problem, typed } => {
                let notice = view! { <FormNotice problem=problem.clone() fields=FIELDS/> }.into_any();
                let title = t!("Error: {title}", title = page);
                Self { title, notice, problem: Some(problem), typed: typed.map(|typed| *typed) }
            }
        }
    }
}

/// All of them, and the form of another one. `most` is how many there may be.
pub fn personalities(frame: &Frame, all: Vec<KeptPersonality>, most: usize, done: Done) -> Page {
    let Said { title, notice, problem, typed } = Said::of(done, t!("Personalities"));
    let (none, full) = (all.is_empty(), all.len() >= most);
    let open = none || typed.is_some();
    let list = if none {
        empty()
    } else {
        view! { <ul class="asked" role="list">{all.into_iter().map(row).collect_view()}</ul> }.into_any()
    };
    let making = if full {
        view! { <p>{t!("There are {most} of them, and no more can be made.", most)}</p> }.into_any()
    } else {
        let fields = fields(typed.unwrap_or_default(), problem.as_ref());
        view! {
            <details class="more" open=open>
                <summary>{t!("Make a personality")}</summary>
                <form class="form" method="post" action=format!("{HERE}/personalities")>
                    {fields}
                    <div class="actions"><button class="button button--primary" type="submit">{t!("Make the personality")}</button></div>
                </form>
            </details>
        }
        .into_any()
    };
    let main = view! {
        <header class="page__head">
            <h1>{t!("Personalities")}</h1>
            <p>{t!("What the assistant is like. One is in use; the others wait, and can be tried. Whatever stands here, it answers from your documents alone.")}</p>
        </header>
        {notice}
        <section class="section" aria-labelledby="all">
            <div class="section__head"><div class="section__text"><h2 id="all">{t!("All personalities")}</h2></div></div>
            {list}
            {making}
        </section>
        {back()}
    };
    frame.page(HERE, title, Surface::Dashboard, main)
}

/// One of them, with its versions.
pub fn personality(
    frame: &Frame,
    one: KeptPersonality,
    versions: model::Page<PersonalityVersion>,
    now: Timestamp,
    done: Done,
) -> Page {
    let KeptPersonality { id, version, in_use, personality, .. } = one.clone();
    let name = personality.name.clone();
    let Said { title, notice, problem, typed } = Said::of(done, name.clone());
    let fields = fields(typed.unwrap_or(personality), problem.as_ref());
    let here = format!("{HERE}/personalities/{id}");
    let to = here.clone();
    let (shown, before) = earlier(&versions);
    let more = before.map(|version| {
        let link = anchor("button button--small", format!("{here}?before={version}"), s!("Earlier ones").into_any());
        view! { <p class="actions">{link}</p> }
    });
    let main = view! {
        <header class="page__head">
            <h1>{name}" "{in_use.then(used)}</h1>
            {acting(one)}
        </header>
        {notice}
        <section class="section" aria-label=t!("Personality")>
            <form class="form" method="post" action=here>
                <input type="hidden" name="version" value=version.to_string()/>
                {fields}
                <div class="actions"><button class="button button--primary" type="submit">{t!("Save")}</button></div>
            </form>
        </section>
        {history(version, shown, now, |number| format!("{to}/versions/{number}/restore"))}
        {more}
        <p class="actions"><a class="button" href=format!("{HERE}/personalities")>{t!("All personalities")}</a></p>
    };
    frame.page(HERE, title, Surface::Dashboard, main)
}

fn back() -> AnyView {
    view! { <p class="actions"><a class="button" href=HERE>{t!("To the assistant")}</a></p> }.into_any()
}

fn used() -> AnyView {
    view! { <span class="badge badge--accent">{t!("In use")}</span> }.into_any()
}

fn empty() -> AnyView {
    view! {
        <div class="empty">
            <div class="empty__text">
                <h3>{t!("The assistant speaks as it was delivered")}</h3>
                <p>{t!("Give it a name, a tone and words of its own, and say what it does not talk about. The first personality is in use at once.")}</p>
            </div>
        </div>
    }
    .into_any()
}

fn row(one: KeptPersonality) -> AnyView {
    let Personality { name, tone, language, intents, .. } = one.personality.clone();
    let intents = t!("{n} intent", "{n} intents", n = intents.len());
    let like = format!("{} · {} · {intents}", say(&tone.words()), say(&language.words()));
    let at = format!("{HERE}/personalities/{}", one.id);
    let label = t!("Change {name}", name = name.clone());
    view! {
        <li>
            <h3>{name}" "{one.in_use.then(used)}</h3>
            <p>{like}</p>
            <div class="actions">
                <a class="button button--small" href=at aria-label=label>{t!("Change")}</a>
            </div>
            {acting(one)}
        </li>
    }
    .into_any()
}

/// What can be done with one, besides changing it.
fn acting(one: KeptPersonality) -> AnyView {
    let (id, name) = (one.id, one.personality.name);
    let at = format!("{HERE}/personalities/{id}");
    let taking = (!one.in_use).then(|| {
        view! {
            <form method="post" action=format!("{at}/use")>
                <button class="button button--small" type="submit" aria-label=t!("Use {name}", name)>{t!("Use")}</button>
            </form>
        }
    });
    let deleting = (!one.in_use).then(|| deleting(&at, &format!("delete-{id}"), &name));
    let trying = format!("{HERE}?personality={id}#try");
    view! {
        <div class="actions">
            {taking}
            <a class="button button--small" href=trying aria-label=t!("Try {name}", name)>{t!("Try")}</a>
            {deleting}
        </div>
    }
    .into_any()
}

fn deleting(at: &str, dialog: &str, name: &str) -> AnyView {
    let asked = Asked {
        short: t!("Delete"),
        full: t!("Delete {name}", name),
        question: t!("Delete {name}?", name),
        text: t!("It goes with all its versions. The assistant does not use it."),
    };
    confirm(dialog, asked, format!("{at}/delete"))
}

/// What can be chosen: what is sent, what is read, and in which language, where that is another one.
type Choice = (&'static str, String, Option<&'static str>);

/// A choice among a few.
fn choice(
    name: &'static str,
    (label, hint): (String, Option<String>),
    options: Vec<Choice>,
    chosen: &str,
    error: Option<String>,
) -> AnyView {
    let (hint_id, error_id) = (format!("{name}-hint"), format!("{name}-error"));
    let described = [hint.as_ref().map(|_| hint_id.clone()), error.as_ref().map(|_| error_id.clone())];
    let described = described.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let options = options.into_iter().map(|(value, words, lang)| {
        let selected = value == chosen;
        view! { <option value=value lang=lang selected=selected>{words}</option> }
    });
    view! {
        <div class="field">
            <label class="field__label" for=name>{label}</label>
            {hint.map(|hint| view! { <p class="field__hint" id=hint_id>{hint}</p> })}
            <select
                class="field__input"
                id=name
                name=name
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby=(!described.is_empty()).then_some(described)
            >
                {options.collect_view()}
            </select>
            {error.map(|error| view! { <p class="field__error" id=error_id>{error}</p> })}
        </div>
    }
    .into_any()
}

/// The fields of a personality.
fn fields(typed: Personality, problem: Option<&Problem>) -> AnyView {
    let error = |field: &str| problem.and_then(|problem| problem.field(field)).map(say);
    let most = |most: usize| u32::try_from(most).unwrap_or(u32::MAX);
    let name = line(Line {
        name: "name",
        label: t!("Name"),
        kind: "text",
        hint: Some(t!("By which your team knows it.")),
        value: typed.name,
        error: error("name"),
        most: most(NAME),
        required: true,
        ..Line::default()
    });
    let called = line(Line {
        name: "called",
        label: t!("What visitors call it"),
        kind: "text",
        hint: Some(t!("Stands beside its messages. Nothing: Assistant.")),
        value: typed.called,
        error: error("called"),
        most: most(CALLED),
        ..Line::default()
    });
    let tones = Tone::ALL.iter().map(|tone| (tone.name(), say(&tone.words()), None)).collect();
    let hint = t!("How a model writes. What is quoted stays as it stands.");
    let tone = choice("tone", (t!("Tone"), Some(hint)), tones, typed.tone.name(), error("tone"));
    // Each language is called what it is by who speaks it.
    let languages = Speaks::ALL.iter().map(|one| (one.name(), say(&one.words()), one.language().map(|_| one.name())));
    let chosen = typed.language.name();
    let language = choice("language", (t!("Language"), None), languages.collect(), chosen, error("language"));
    let groundings = Grounding::ALL.iter().map(|one| (one.name(), say(&one.words()), None)).collect();
    let chosen = typed.grounding.name();
    let grounding = choice("grounding", (t!("Answers are made of"), None), groundings, chosen, error("grounding"));
    view! {
        {name}
        {called}
        {tone}
        {language}
        <Lines name="instruction" label=s!("Instructions") prose=true rows=4 required=false value=typed.instruction error=error("instruction")/>
        <p class="field__hint">{t!("What else a model is told with each question: at most 2,000 characters. The rules stand above it, and cannot be changed here.")}</p>
        {grounding}
        <fieldset class="checks">
            <legend class="field__label">{t!("What it says by itself")}</legend>
            <p class="field__hint">{t!("At most 500 characters each. Nothing: in the product’s own words, in English, or in Spanish where it is asked in Spanish.")}</p>
            <div class="form">
                <Lines name="greeting" label=s!("To a greeting") prose=true rows=2 required=false value=typed.greeting error=error("greeting")/>
                <Lines name="thanks" label=s!("To thanks") prose=true rows=2 required=false value=typed.thanks error=error("thanks")/>
                <Lines name="refusal" label=s!("Where the documents do not say") prose=true rows=2 required=false value=typed.refusal error=error("refusal")/>
                <Lines name="nearest" label=s!("Above the nearest passages") prose=true rows=2 required=false value=typed.nearest error=error("nearest")/>
            </div>
        </fieldset>
        {intents(typed.intents, error("intents"))}
        <label class="check">
            <input type="checkbox" name="person_after_refusals" value="1" checked=typed.person_after_refusals/>
            " "{t!("Ask a person to join where three questions in a row were not answered. The assistant is silent from then on.")}
        </label>
    }
    .into_any()
}

/// What is decided before anything is searched: those that there are, and some that can be filled in.
fn intents(typed: Vec<Intent>, error: Option<String>) -> AnyView {
    let room = INTENTS.saturating_sub(typed.len()).min(MORE);
    let empty = std::iter::repeat_n(Intent::default(), room);
    let all = typed.into_iter().chain(empty).zip(1_u32..);
    let wrong = error.is_some();
    let described = wrong.then_some("intents-error");
    view! {
        <fieldset class="checks" id="intents" tabindex="-1" aria-describedby=described>
            <legend class="field__label">{t!("Intents")}</legend>
            <p class="field__hint">{t!("What is decided before anything is searched: what is answered with a text of yours, what a person sees to, and what is not talked about. An intent is known by the words of its examples and, in English, by what they mean. An empty one is left out, and so one is taken away; when these are full, save, and there are more.")}</p>
            {error.map(|error| view! { <p class="field__error" id="intents-error">{error}</p> })}
            {all.map(|(intent, number)| one(intent, number, wrong)).collect_view()}
        </fieldset>
    }
    .into_any()
}

fn one(typed: Intent, number: u32, open: bool) -> AnyView {
    let Intent { name, examples, then, text } = typed;
    let open = open && !(name.is_empty() && examples.is_empty() && text.is_empty());
    let title = match name.is_empty() {
        true => t!("Intent {number}", number),
        false => t!("Intent {number}: {name}", number, name = name.clone()),
    };
    let label = t!("Intent {number}", number);
    let form = number.to_string();
    let field = line(Line {
        name: "intent_name",
        form: form.clone(),
        label: t!("Name"),
        kind: "text",
        value: name,
        most: u32::try_from(NAME).unwrap_or(u32::MAX),
        ..Line::default()
    });
    let reaction = |one: &Reaction| {
        let selected = *one == then;
        view! { <option value=one.name() selected=selected>{say(&one.words())}</option> }
    };
    let choice = format!("intent_then-{form}");
    view! {
        <details class="more" open=open>
            <summary>{title}</summary>
            <div class="form" role="group" aria-label=label>
                {field}
                <Lines name="intent_examples" id=format!("intent_examples-{form}") label=s!("How it is said, each example in a line of its own") prose=true rows=4 required=false value=examples.join("\n") error=None/>
                <div class="field">
                    <label class="field__label" for=choice.clone()>{t!("What comes of it")}</label>
                    <select class="field__input" id=choice name="intent_then">
                        {Reaction::ALL.iter().map(reaction).collect_view()}
                    </select>
                </div>
                <Lines name="intent_text" id=format!("intent_text-{form}") label=s!("What is said then") prose=true rows=2 required=false value=text error=None/>
            </div>
        </details>
    }
    .into_any()
}

/// What was, the latest first, and what each has changed; and the last that is shown, where there are earlier ones. (Then one more has come, for the
/// last one to be compared with.)
fn earlier(versions: &model::Page<PersonalityVersion>) -> (Vec<Version>, Option<i32>) {
    let (all, more) = (&versions.data, versions.next_cursor.is_some());
    let before = all.iter().skip(1).map(Some).chain([None]);
    let shown = all.iter().zip(before).take(all.len().saturating_sub(usize::from(more)));
    let shown = shown.map(|(version, before)| {
        let changes = before.map(|before| before.personality.differences(&version.personality)).unwrap_or_default();
        let changes = changes.into_iter().map(|(name, was, is)| (say(&Personality::title(&name)), say(&was), say(&is)));
        Version {
            number: version.version,
            restores: version.restores,
            first: version.version == 1,
            changes: changes.collect(),
            by: version.changed_by.clone(),
            at: version.changed_at,
        }
    });
    let shown: Vec<_> = shown.collect();
    let last = shown.last().filter(|_| more).map(|last| last.number);
    (shown, last)
}
