//! The people of the workspace.

use super::LoadError;
use crate::api::{Asked, members};
use crate::ui::{Avatar, Title, later};
use leptos::prelude::*;
use model::identity::{Member, Role};

/// The page.
#[component]
pub(super) fn Members() -> impl IntoView {
    view! {
        <Title text="Members · Samtal"/>
        <header class="page__head"><h1>"Members"</h1><p>"People who can sign in to this workspace."</p></header>
        <section class="section" aria-label="Members"><MemberTable/></section>
    }
}

/// The table, wherever it stands.
#[component]
pub(super) fn MemberTable() -> impl IntoView {
    let members = Asked::new(members::list);
    view! {
        {later(3, move || async move {
            match members.await {
                Ok(page) => view! {
                    <div class="table">
                        <table role="table" aria-label="Members">
                            <thead role="rowgroup">
                                <tr role="row">
                                    <th role="columnheader" scope="col">"Name"</th>
                                    <th role="columnheader" scope="col">"Role"</th>
                                    <th role="columnheader" scope="col">"Joined"</th>
                                </tr>
                            </thead>
                            <tbody role="rowgroup">{page.data.into_iter().map(row).collect_view()}</tbody>
                        </table>
                    </div>
                }.into_any(),
                Err(error) => view! { <LoadError error=error/> }.into_any(),
            }
        })}
    }
}

fn row(member: Member) -> impl IntoView {
    let (class, role) = match member.role {
        Role::Owner => ("badge badge--accent", "Owner"),
        Role::Agent => ("badge", "Agent"),
    };
    view! {
        <tr role="row">
            <th role="rowheader" scope="row">
                <span class="entry"><Avatar name=member.name.clone()/><span>{member.name}<small>{member.email}</small></span></span>
            </th>
            <td role="cell" data-label="Role"><span class=class>{role}</span></td>
            <td role="cell" data-label="Joined"><time datetime=member.created_at.to_string()>{member.created_at.day()}</time></td>
        </tr>
    }
}
