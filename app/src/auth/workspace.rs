//! The step of signing in at which somebody who works in several workspaces chooses one.

use super::{AuthPage, form_state};
use crate::ui::{FormNotice, Title};
use leptos::prelude::*;

const FIELDS: &[(&str, &str)] = &[("workspace", "Workspace")];

/// The page of that step.
#[component]
pub fn ChooseWorkspace() -> impl IntoView {
    let state = form_state();
    let title =
        if state.problem.is_some() { "Error: Choose a workspace · Samtal" } else { "Choose a workspace · Samtal" };
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
    view! {
        <Title text=title/>
        <AuthPage
            other=view! { "Somebody else? "<a href="/login">"Sign in"</a> }.into_any()
            aside=view! {
                <p class="auth__note">"Each workspace is a company of its own: what is in one is not seen from another."</p>
            }
            .into_any()
        >
            <div><h1>"Choose a workspace"</h1><p>"You work in several. Where do you want to go?"</p></div>
            {state.problem.map(|problem| view! { <FormNotice problem=problem fields=FIELDS/> })}
            <form class="form" method="post" action="/login/workspace">
                <input type="hidden" name="next" value=next/>
                <ul class="auth__choices" id="workspace" role="list" aria-label="Workspaces">{choices.collect_view()}</ul>
            </form>
        </AuthPage>
    }
}
