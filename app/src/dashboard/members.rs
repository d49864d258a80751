//! The people of the workspace.

use super::Frame;
use crate::shell::{Page, Surface};
use crate::ui::Avatar;
use leptos::prelude::*;
use model::identity::{Member, Role};

/// The page.
pub fn members(frame: &Frame, members: Vec<Member>) -> Page {
    let main = view! {
        <header class="page__head"><h1>"Members"</h1><p>"People who can sign in to this workspace."</p></header>
        <section class="section" aria-label="Members">
            <div class="table">
                <table role="table" aria-label="Members">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">"Name"</th>
                            <th role="columnheader" scope="col">"Role"</th>
                            <th role="columnheader" scope="col">"Joined"</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{members.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </section>
    };
    frame.page("/dashboard/members", "Members · Samtal".to_owned(), Surface::Dashboard, main)
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
