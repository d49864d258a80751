//! The documents around pages: what the server sends. One for pages without WASM, one for each surface that has a bundle,
//! one for errors.

use crate::dashboard::Dashboard;
use crate::site::{Site, error_page::ErrorPage};
use leptos::prelude::*;
use leptos_meta::MetaTags;

/// A page of the site: landing, sign-in, sign-up. No WASM.
pub fn site() -> impl IntoView {
    view! { <Document surface=Option::None><Site/></Document> }
}

/// A page of the dashboard, with its bundle.
pub fn dashboard() -> impl IntoView {
    view! { <Document surface=Some("dashboard")><Dashboard/></Document> }
}

/// A page for what went wrong. No WASM.
pub fn error() -> impl IntoView {
    view! { <Document surface=Option::None><ErrorPage/></Document> }
}

#[component]
fn Document(
    /// The bundle that takes over in the browser, if one does.
    surface: Option<&'static str>,
    /// The page.
    children: Children,
) -> impl IntoView {
    // Theme and assets are the server's to know; the browser never renders the document.
    #[cfg(feature = "ssr")]
    let (theme, assets) = {
        let page = crate::api::context::page();
        let theme = (page.theme != Default::default()).then(|| page.theme.name());
        (theme, page.assets)
    };
    #[cfg(not(feature = "ssr"))]
    let (theme, assets) = (Option::<&str>::None, std::sync::Arc::new(crate::ui::Assets::default()));
    let file = |name: &str| assets.file(name).map(str::to_owned);
    let font = file("fonts/schibsted-grotesk.woff2");
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                {file("favicon.svg").map(|href| view! { <link rel="icon" href=href type="image/svg+xml"/> })}
                {font.map(|href| view! { <link rel="preload" href=href r#as="font" type="font/woff2" crossorigin="anonymous"/> })}
                {file("main.css").map(|href| view! { <link rel="stylesheet" href=href/> })}
                {surface.and_then(|name| assets.bundles.get(name).cloned()).map(hydrate)}
                <MetaTags/>
            </head>
            {match surface {
                Some(name) => view! { <body class=name>{children()}</body> }.into_any(),
                None => view! { <body>{children()}</body> }.into_any(),
            }}
        </html>
    }
}

/// Loads a bundle and lets it take over. (Leptos's own component reads a file of hashes at every render.)
fn hydrate(bundle: crate::ui::Bundle) -> impl IntoView {
    let nonce = leptos::nonce::use_nonce();
    let script = format!(
        "import init, {{ hydrate }} from {:?}; init({{ module_or_path: {:?} }}).then(hydrate);",
        bundle.script, bundle.wasm
    );
    view! {
        <link rel="modulepreload" href=bundle.script nonce=nonce.clone()/>
        <link rel="preload" href=bundle.wasm r#as="fetch" type="application/wasm" crossorigin="anonymous"/>
        <script type="module" nonce=nonce>{script}</script>
    }
}
