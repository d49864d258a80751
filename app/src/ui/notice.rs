//! What stands above a form that did not go through.

use leptos::prelude::*;
use model::{ErrorCode, Problem};

/// Says what is wrong and leads to each field.
#[component]
pub fn FormNotice(
    /// What went wrong.
    problem: Problem,
    /// The fields of the form: their names and labels.
    fields: &'static [(&'static str, &'static str)],
) -> impl IntoView {
    let waiting = matches!(problem.code, ErrorCode::RateLimited | ErrorCode::Unavailable);
    let class = if waiting { "notice" } else { "notice notice--attention" };
    let title = match (problem.errors.len(), problem.code) {
        (0, ErrorCode::RateLimited) => "Too many attempts".to_owned(),
        (0, ErrorCode::Unavailable) => "Not just now".to_owned(),
        (0, _) => "That did not work".to_owned(),
        (1, _) => "One thing to put right".to_owned(),
        (n, _) => format!("{n} things to put right"),
    };
    let label = |name: &str| fields.iter().find(|(field, _)| *field == name).map_or("", |(_, label)| *label);
    let links = problem
        .errors
        .iter()
        .map(|e| {
            let again = (e.field == "password").then_some(", which has to be typed again");
            view! { <li><a href=format!("#{}", e.field)>{label(&e.field)}</a>{again}</li> }
        })
        .collect_view();
    let detail = problem.errors.is_empty().then(|| view! { <p>{problem.detail.clone()}</p> });
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
            <h2 class="notice__title">{problem.title}</h2>
            <p>{problem.detail}</p>
            {signed_out.then(|| view! { <p><a href="/login">"Sign in"</a></p> })}
            {problem.request_id.map(|id| view! { <p>"Request "<code>{id}</code></p> })}
        </div>
    }
}
