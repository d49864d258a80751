//! Errors as pages: what happened, whether anything was lost, what to do, and the id by which the log knows it.

use super::SkipLink;
use crate::ui::{Brand, Title};
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use model::{ErrorCode, Problem};

/// The page of the problem in context.
#[component]
pub fn ErrorPage() -> impl IntoView {
    provide_meta_context();
    let problem = use_context::<Problem>().unwrap_or_else(Problem::not_found);
    view! { <SkipLink/><ProblemPage problem=problem/> }
}

/// An address that leads nowhere.
#[component]
pub fn NotFound() -> impl IntoView {
    #[cfg(feature = "ssr")]
    let problem = {
        let mut problem = Problem::not_found();
        crate::api::context::set_status(problem.status);
        problem.request_id = Some(crate::api::context::page().request.to_string());
        problem
    };
    #[cfg(not(feature = "ssr"))]
    let problem = Problem::not_found();
    view! { <ProblemPage problem=problem/> }
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
        <Title text=format!("{} · Samtal", problem.title)/>
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
