//! Errors as pages: what happened, whether anything was lost, what to do, and the id by which the log knows it.

use super::SkipLink;
use crate::shell::{Page, Surface};
use crate::ui::Brand;
use leptos::prelude::*;
use model::{ErrorCode, Problem};

/// The page of a problem.
pub fn error(problem: Problem) -> Page {
    Page::new(
        format!("{} · Samtal", problem.title),
        Surface::Error,
        view! { <SkipLink/><ProblemPage problem=problem/> },
    )
}

#[component]
fn ProblemPage(
    /// What happened.
    problem: Problem,
) -> impl IntoView {
    let ours = problem.status >= 500;
    let action = match problem.code {
        ErrorCode::Unauthenticated => {
            view! { <a class="button button--primary" href="/login">"Sign in"</a> }.into_any()
        }
        _ if ours => view! { <a class="button button--primary" href="">"Try again now"</a> }.into_any(),
        _ => view! { <a class="button button--primary" href="/">"To the front page"</a> }.into_any(),
    };
    view! {
        <div class="error-page">
            <header><Brand/></header>
            <main id="main" tabindex="-1">
                <p class="error-page__code">{problem.status}</p>
                <h1>{problem.title.clone()}"."</h1>
                <p class="lede">{problem.detail.clone()}</p>
                <p class="actions">{action}</p>
            </main>
            <footer>
                {problem.request_id.clone().map(|id| view! { <p>"Request "<code>{id}</code></p> })}
                {ours.then(|| view! { <p>"If you run this installation: "<code>"samtal doctor"</code>" says what is wrong."</p> })}
            </footer>
        </div>
    }
}
