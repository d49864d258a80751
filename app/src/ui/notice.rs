//! What stands above a form that did not go through.

use super::anchor;
use crate::say::say;
use leptos::prelude::*;
use model::{ErrorCode, Problem};
use words::Text;

/// Says what is wrong, and leads to each field.
#[component]
pub fn FormNotice(
    /// What went wrong.
    problem: Problem,
    /// The fields of the form: their names and labels (`noted!`).
    fields: &'static [(&'static str, &'static str)],
) -> impl IntoView {
    let waiting = matches!(problem.code, ErrorCode::RateLimited | ErrorCode::Unavailable);
    let class = if waiting { "notice" } else { "notice notice--attention" };
    let title = match (problem.errors.len(), problem.code) {
        (0, ErrorCode::RateLimited) => t!("Too many attempts"),
        (0, ErrorCode::Unavailable) => t!("Not just now"),
        (0, _) => t!("That did not work"),
        (n, _) => t!("One thing to put right", "{n} things to put right", n),
    };
    let label = |name: &str| fields.iter().find(|(field, _)| *field == name).map_or("", |(_, label)| *label);
    let label = |name: &str| say(&Text::of(label(name)));
    let links = problem
        .errors
        .iter()
        .map(|e| {
            let again = e.field == "password";
            let (link, why) = (view! { <a href=format!("#{}", e.field)>{label(&e.field)}</a> }, say(&e.message));
            let line = if again {
                rich!("{field}: {why} It has to be typed again.", field = link, why = why)
            } else {
                rich!("{name}: {why}", name = link, why = why)
            };
            view! { <li>{line}</li> }
        })
        .collect_view();
    let detail = problem.errors.is_empty().then(|| view! { <p>{say(&problem.detail)}</p> });
    view! {
        <div class=class role="alert" tabindex="-1">
            <h2 class="notice__title">{title}</h2>
            {detail}
            {(!problem.errors.is_empty()).then(|| view! { <ul>{links}</ul> })}
        </div>
    }
}

/// What stands where something could not be loaded or done.
#[component]
pub fn ProblemNotice(
    /// Why.
    problem: Problem,
) -> impl IntoView {
    let signed_out = problem.code == ErrorCode::Unauthenticated;
    view! {
        <div class="notice notice--attention" role="alert">
            <h2 class="notice__title">{say(&problem.title)}</h2>
            <p>{say(&problem.detail)}</p>
            {signed_out.then(|| view! { <p>{anchor("", "/login".to_owned(), s!("Sign in").into_any())}</p> })}
            {problem.request_id.map(|id| view! { <p>{s!("Request")}" "<code>{id}</code></p> })}
        </div>
    }
}
