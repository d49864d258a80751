//! How contacts get here: the line for the company's own pages.

use crate::dashboard::Given;
use leptos::prelude::*;
use model::WidgetId;

/// The line, to be copied.
pub(in crate::dashboard) fn snippet(widget: WidgetId) -> AnyView {
    let Given { address, .. } = expect_context();
    let line = format!("<script src=\"{address}/widget/v1/widget.js\" data-widget=\"{widget}\" async></script>"); // lint:allow(html-built) it is shown, as text
    view! {
        <figure class="code">
            <figcaption>"Paste this before </body>"</figcaption>
            <pre class="code__line"><code>{line}</code></pre>
        </figure>
    }
    .into_any()
}

/// A page that has it.
pub(in crate::dashboard) fn demo(widget: WidgetId) -> String {
    format!("/demo?widget={widget}")
}

/// Instead of a list, as long as there has never been anybody.
pub(super) fn nobody_yet(widget: WidgetId) -> AnyView {
    view! {
        <div class="empty inbox__first">
            <div class="empty__text">
                <h2>"Nobody has written yet"</h2>
                <p>"Put this line on your pages, and a button for questions appears there. The assistant answers from your documents; where it cannot, the conversation waits for you here."</p>
                <p><a href=demo(widget) rel="external">"Try it on a page that has it"</a></p>
            </div>
            {snippet(widget)}
        </div>
    }
    .into_any()
}
