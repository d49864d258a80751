//! Where one works: from one workspace to another without signing in again. A plain form.

use super::Frame;
use crate::shell::{Page, Surface};
use crate::ui::{Avatar, FormNotice};
use leptos::prelude::*;
use model::Problem;
use model::identity::Workspace;
use words::noted;

const FIELDS: &[(&str, &str)] = &[("workspace", noted!("Workspace"))];

/// The page.
pub fn workspaces(frame: &Frame, all: Vec<Workspace>, problem: Option<Problem>) -> Page {
    let title = t!("Your workspaces");
    let title = if problem.is_some() { t!("Error: {title}", title) } else { title };
    let here = frame.session.tenant.id;
    let alone = all.len() < 2;
    let entry = |workspace: Workspace| {
        let name = workspace.name.clone();
        let go = if workspace.id == here {
            view! { <span class="badge badge--accent">{t!("Here")}</span> }.into_any()
        } else {
            let label = t!("Go to {name}", name);
            view! {
                <form method="post" action="/dashboard/workspaces">
                    <button class="button button--small" type="submit" name="workspace" value=workspace.id.to_string() aria-label=label>{t!("Go")}</button>
                </form>
            }
            .into_any()
        };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row"><span class="entry"><Avatar name=name.clone() company=true/><span>{name}</span></span></th>
                <td class="table__end" role="cell">{go}</td>
            </tr>
        }
    };
    let main = view! {
        <header class="page__head"><h1>{t!("Your workspaces")}</h1><p>{t!("Each is a company of its own: what is in one is not seen from another.")}</p></header>
        <section class="section" aria-label=t!("Your workspaces")>
            {problem.map(|problem| view! { <FormNotice problem=problem fields=FIELDS/> })}
            <div class="table" id="workspace">
                <table role="table" aria-label=t!("Your workspaces")>
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">{t!("Workspace")}</th>
                            <th class="table__end" role="columnheader" scope="col"><span class="visually-hidden">{t!("Action")}</span></th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{all.into_iter().map(entry).collect_view()}</tbody>
                </table>
            </div>
            {alone.then(|| view! { <p>{t!("You work in this one alone. When you accept an invitation to another one with this account, it stands here, too.")}</p> })}
        </section>
    };
    frame.page("/dashboard/workspaces", title, Surface::Dashboard, main)
}
