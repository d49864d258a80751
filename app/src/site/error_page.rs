//! Errors as pages: what happened, whether anything was lost, what to do, and the id by which the log knows it.

use super::SkipLink;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::Brand;
use leptos::prelude::*;
use model::{ErrorCode, Problem};

/// The page of a problem; whether it leads to the home page of who is signed in.
pub fn error(problem: Problem, home: bool) -> Page {
    Page::new(
        format!("{} · Samtal", say(&problem.title)),
        Surface::Error,
        view! { <SkipLink/><ProblemPage problem=problem home=home/> },
    )
}

#[component]
fn ProblemPage(
    /// What happened.
    problem: Problem,
    /// Whether it leads to the home page of who is signed in.
    home: bool,
) -> impl IntoView {
    let ours = problem.status >= 500;
    let action = match problem.code {
        ErrorCode::Unauthenticated => {
            view! { <a class="button button--primary" href="/login">{t!("Sign in")}</a> }.into_any()
        }
        _ if ours => view! { <a class="button button--primary" href="">{t!("Try again now")}</a> }.into_any(),
        _ if home => {
            view! { <a class="button button--primary" href="/dashboard">{t!("To the home page")}</a> }.into_any()
        }
        _ => view! { <a class="button button--primary" href="/">{t!("To the front page")}</a> }.into_any(),
    };
    view! {
        <div class="error-page">
            <header><Brand/></header>
            <main id="main" tabindex="-1">
                <p class="error-page__code">{problem.status}</p>
                <h1>{t!("{title}.", title = say(&problem.title))}</h1>
                <p class="lede">{say(&problem.detail)}</p>
                <p class="actions">{action}</p>
            </main>
            <footer>
                {problem.request_id.clone().map(|id| view! { <p>{t!("Request")}" "<code>{id}</code></p> })}
                {ours.then(|| view! {
                    <p>
                        {rich!(
                            "If you run this installation: {command} says what is wrong.",
                            command = view! { <code>"samtal doctor"</code> } // lint:allow(said) a command
                        )}
                    </p>
                })}
            </footer>
        </div>
    }
}
