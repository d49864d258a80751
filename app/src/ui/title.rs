//! The title of a page. The only one that there is: leptos_meta writes it as it is when it renders on the server, so this
//! escapes it.

use leptos::prelude::*;
use leptos::text_prop::TextProp;

/// What the browser calls the page: once for a page, and text that changes goes in as a function. (leptos_meta forgets none
/// that is made anew where it stands.)
#[component]
pub fn Title(
    /// The text.
    #[prop(into)]
    text: TextProp,
) -> impl IntoView {
    // The browser's part sets `document.title`, which takes text as it is.
    #[cfg(feature = "ssr")]
    let text = move || escaped(&text.get());
    view! { <leptos_meta::Title text=text/> }
}

/// The text as the content of a `<title>`, where only these two mean something (HTML, section 13.2.5.2).
#[cfg(any(feature = "ssr", test))]
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_leaves_the_title() {
        assert_eq!(escaped("</title><meta>&amp;"), "&lt;/title>&lt;meta>&amp;amp;");
        assert_eq!(escaped("Åsa > \"Ö\""), "Åsa > \"Ö\"");
    }
}
