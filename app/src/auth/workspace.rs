//! The step of signing in at which somebody who works in several workspaces chooses one.

use super::{AuthPage, FormState, page, somebody_else};
use crate::shell::Page;
use crate::ui::FormNotice;
use leptos::prelude::*;
use words::noted;

const FIELDS: &[(&str, &str)] = &[("workspace", noted!("Workspace"))];

/// The page of that step.
pub fn choose_workspace(state: FormState) -> Page {
    let wrong = state.problem.is_some();
    let next = state.value("next");
    let choices = state.workspaces.into_iter().map(|workspace| {
        view! {
            <li>
                <button class="button button--block" type="submit" name="workspace" value=workspace.id.to_string()>
                    {workspace.name}
                </button>
            </li>
        }
    });
    let body = view! {
        <AuthPage
            other=somebody_else()
            aside=view! {
                <p class="auth__note">{t!("Each workspace is a company of its own: what is in one is not seen from another.")}</p>
            }
            .into_any()
        >
            <div><h1>{t!("Choose a workspace")}</h1><p>{t!("You work in several. Where do you want to go?")}</p></div>
            {state.problem.map(|problem| view! { <FormNotice problem=problem fields=FIELDS/> })}
            <form class="form" method="post" action="/login/workspace">
                <input type="hidden" name="next" value=next/>
                <ul class="auth__choices" id="workspace" role="list" aria-label=t!("Workspaces")>{choices.collect_view()}</ul>
            </form>
        </AuthPage>
    };
    page(t!("Choose a workspace"), wrong, body)
}
