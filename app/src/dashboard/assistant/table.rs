//! A table, of which a phone makes a list: a cell says by `data-label` what heads it.

use leptos::prelude::*;

/// What it is called.
pub(super) enum Called {
    /// By what stands in the element of this id.
    By(&'static str),
    As(String),
}

/// The table, with what heads its columns.
pub(super) fn table(called: Called, heads: Vec<String>, rows: AnyView) -> AnyView {
    let (by, name) = match called {
        Called::By(id) => (Some(id), None),
        Called::As(name) => (None, Some(name)),
    };
    let heads = heads.into_iter().map(|head| view! { <th role="columnheader" scope="col">{head}</th> });
    view! {
        <div class="table">
            <table role="table" aria-labelledby=by aria-label=name>
                <thead role="rowgroup">
                    <tr role="row">{heads.collect_view()}</tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
