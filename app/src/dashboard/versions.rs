//! The versions of something, the latest first: what each has changed, by whom and when, and the way back to it.

use crate::say::say;
use leptos::prelude::*;
use model::Timestamp;

/// A version.
pub(super) struct Version {
    /// Its number.
    pub number: i32,
    /// Which version it brought back, if it did.
    pub restores: Option<i32>,
    /// Whether it is how the thing was made.
    pub first: bool,
    /// What it has changed: what that is called, what it was, and what it is.
    pub changes: Vec<(String, String, String)>,
    /// Who made it; empty for nobody.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// All of them. `restore` is where a form goes that brings one back.
pub(super) fn history(
    current: i32,
    versions: Vec<Version>,
    now: Timestamp,
    restore: impl Fn(i32) -> String,
) -> AnyView {
    let rows = versions.into_iter().map(|version| {
        let Version { number, restores, first, changes, by, at } = version;
        let what = match restores {
            Some(restored) => t!("Brought version {number} back", number = restored),
            None if first => t!("How it was made"),
            None => String::new(),
        };
        let changes = changes.into_iter().map(|(setting, was, is)| {
            let (was, is) = (view! { <del>{was}</del> }, view! { <ins>{is}</ins> });
            let line = rich!("{setting}: {was} {is}", setting = setting, was = was, is = is);
            view! { <li>{line}</li> }
        });
        let restore = if number == current {
            view! { <span class="badge badge--accent">{t!("In force")}</span> }.into_any()
        } else {
            view! {
                <form method="post" action=restore(number)>
                    <input type="hidden" name="version" value=current.to_string()/>
                    <button class="button button--small" type="submit" aria-label=t!("Restore version {number}", number)>
                        {t!("Restore")}
                    </button>
                </form>
            }
            .into_any()
        };
        view! {
            <tr role="row">
                <th role="rowheader" scope="row">{number}</th>
                <td role="cell" data-label=t!("What")>{what}<ul role="list">{changes.collect_view()}</ul></td>
                <td role="cell" data-label=t!("Who")>{if by.is_empty() { "-".to_owned() } else { by }}</td>
                <td role="cell" data-label=t!("When")><time datetime=at.to_string()>{say(&at.ago(now))}</time></td>
                <td class="table__end" role="cell">{restore}</td>
            </tr>
        }
    });
    view! {
        <section class="section" aria-labelledby="versions">
            <div class="section__head"><div class="section__text">
                <h2 id="versions">{t!("Versions")}</h2>
                <p>{t!("Each change is one. Restoring one is a change, too.")}</p>
            </div></div>
            <div class="table">
                <table role="table" aria-labelledby="versions">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">{t!("Version")}</th>
                            <th role="columnheader" scope="col">{t!("What")}</th>
                            <th role="columnheader" scope="col">{t!("Who")}</th>
                            <th role="columnheader" scope="col">{t!("When")}</th>
                            <th class="table__end" role="columnheader" scope="col"><span class="visually-hidden">{t!("Action")}</span></th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}
