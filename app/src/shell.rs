//! The document around a page: the same for all of them. Each surface has its style sheets, and only a page with an island
//! gets code.

use crate::ui::{Assets, Bundle};
use leptos::prelude::*;
use std::sync::Arc;
use words::Language;

/// What the server knows when it makes a page, whichever it is.
#[derive(Debug, Clone)]
pub struct Around {
    /// The look that the visitor chose.
    pub theme: Theme,
    /// The language that the page is in.
    pub language: Language,
    /// Where the files of this build are.
    pub assets: Arc<Assets>,
    /// What scripts and styles of this answer alone are marked with.
    pub nonce: String,
}

/// What scripts of this answer alone are marked with, for what stands in a page.
#[derive(Debug, Clone)]
pub(crate) struct Nonce(pub String);

/// The look that a visitor chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// What the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The name in the cookie and the form.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of that name; the system's for any other.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }
}

/// Pages that look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// The front page.
    Landing,
    /// Signing in and up.
    Auth,
    /// A meeting.
    Meet,
    /// The shop of the demo.
    Demo,
    /// What went wrong.
    Error,
    /// The description of the REST interface.
    Api,
    /// What members see.
    Dashboard,
    /// Their inbox.
    Inbox,
}

impl Surface {
    /// The class of its body, and its style sheets (`style/sheets`).
    const fn look(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Landing => ("landing", &["landing.css"]),
            Self::Auth => ("forms", &["auth.css"]),
            Self::Meet => ("meet", &["meet.css"]),
            Self::Demo => ("shop", &["demo.css"]),
            Self::Error => ("wrong", &["error.css"]),
            Self::Api => ("api-docs", &["api.css"]),
            Self::Dashboard => ("dashboard", &["dashboard.css", "pages.css"]),
            Self::Inbox => ("dashboard", &["dashboard.css", "inbox.css"]),
        }
    }
}

/// A page.
pub struct Page {
    /// What the browser calls it.
    pub title: String,
    /// What it is, for who is sent a link to it, or finds it in a search. (Only the front page is to be found.)
    pub description: Option<String>,
    /// How it looks.
    pub surface: Surface,
    /// What stands in it.
    pub body: AnyView,
    /// The island in it that the browser's part takes over, by its name in small letters.
    pub island: Option<&'static str>,
}

impl Page {
    /// A page that is not for search engines and has no island.
    pub fn new(title: impl Into<String>, surface: Surface, body: impl IntoView + 'static) -> Self {
        Self { title: title.into(), description: None, surface, body: body.into_any(), island: None }
    }

    /// The same, with what it is.
    pub fn described(self, description: String) -> Self {
        Self { description: Some(description), ..self }
    }

    /// The whole document. `make` runs where views may be made.
    pub fn render(around: &Around, make: impl FnOnce() -> Self) -> String {
        let owner = Owner::new();
        owner.with(|| {
            provide_context(Nonce(around.nonce.clone()));
            provide_context(around.language);
            // Behind the document stands a mark of Leptos's.
            make().document(around).to_html().trim_end_matches("<!>").to_owned()
        })
    }

    fn document(self, around: &Around) -> impl IntoView + use<> {
        let Self { title, description, surface, body, island } = self;
        let file = |name: &str| around.assets.file(name).map(str::to_owned);
        let theme = (around.theme != Theme::System).then(|| around.theme.name());
        let (class, styles) = surface.look();
        let direction = Some(around.language.direction()).filter(|direction| *direction != "ltr");
        let code =
            around.assets.bundle.as_ref().zip(island).map(|(bundle, island)| code(bundle, island, &around.nonce));
        let kept = code.is_some().then(|| as_made(&around.nonce));
        let brought = code.is_some().then(|| brought(around));
        view! {
            <!DOCTYPE html>
            <html lang=around.language.tag() dir=direction data-theme=theme>
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1"/>
                    <meta name="color-scheme" content="light dark"/>
                    <title inner_html=escaped(&title)></title>
                    {description.map(|text| view! { <meta name="description" content=text/> })}
                    {(!matches!(surface, Surface::Landing)).then(|| view! { <meta name="robots" content="noindex"/> })}
                    {file("favicon.svg").map(|href| view! { <link rel="icon" href=href type="image/svg+xml"/> })}
                    {file("fonts/schibsted-grotesk.woff2").map(|href| view! {
                        <link rel="preload" href=href r#as="font" type="font/woff2" crossorigin="anonymous"/>
                    })}
                    {styles.iter().filter_map(|name| file(name)).map(|href| view! { <link rel="stylesheet" href=href/> }).collect_view()}
                    {code}
                    {matches!(surface, Surface::Dashboard | Surface::Inbox).then(|| ahead(&around.nonce))}
                </head>
                <body class=class>{body}{brought}{kept}</body>
            </html>
        }
    }
}

/// Keeps islands as they were made, and puts them back: when something else has changed the page before their code came
/// (translators put elements around every word, extensions beside fields), since the code would look for what it knows; and
/// when the code fails: then the page works as it does without, or is loaded again if the code had gone on to another address.
/// What was typed and chosen stays. Addresses in what people say open in tabs of their own.
fn as_made(nonce: &str) -> AnyView {
    const SCRIPT: &str = "\
        const count = (island) => island.querySelectorAll('*').length, fields = 'textarea, input:not([type=hidden])';\
        const here = location.href, islands = [...document.querySelectorAll('leptos-island')].map((island) => ({\
          island, made: island.innerHTML, elements: count(island),\
        }));\
        const putBack = ({ island, made }) => {\
          const typed = [...island.querySelectorAll(fields)];\
          const at = island.contains(document.activeElement) && document.activeElement.name;\
          island.innerHTML = made;\
          for (const { name, type, value, files } of typed) for (const field of island.querySelectorAll(fields)) if (field.name === name) {\
            if (type === 'file') field.files = files; else field.value = value;\
            if (name === at) field.focus();\
          }\
        };\
        globalThis.takeOver = () => islands.forEach((one) => count(one.island) !== one.elements && putBack(one));\
        const failed = ({ error, reason }) => {\
          if (!((error ?? reason) instanceof WebAssembly.RuntimeError)) return;\
          removeEventListener('error', failed);\
          removeEventListener('unhandledrejection', failed);\
          if (location.href !== here) return location.reload();\
          islands.forEach(putBack);\
          addEventListener('submit', () => Object.keys(sessionStorage).forEach((key) => key.startsWith('samtal:draft:') && sessionStorage.removeItem(key)));\
        };\
        addEventListener('error', failed);\
        addEventListener('unhandledrejection', failed);\
        addEventListener('click', ({ target }) => {\
          const link = target.closest?.('a.elsewhere');\
          if (link) Object.assign(link, { target: '_blank', rel: 'noopener noreferrer' });\
        }, true);";
    view! { <script nonce=nonce.to_owned()>{SCRIPT}</script> }.into_any()
}

/// What islands say, for their code, which knows it in English.
fn brought(around: &Around) -> Option<AnyView> {
    const ISLANDS: [&str; 10] = [
        "app/src/dashboard/inbox/",
        "app/src/dashboard/knowledge/upload.rs",
        "app/src/dashboard/mod.rs",
        "app/src/live/",
        "app/src/ui/",
        // What has happened in a conversation, as it is kept.
        "crates/conversations/src/answering.rs",
        "crates/conversations/src/handling.rs",
        "crates/conversations/src/meetings.rs",
        "crates/model/src/error.rs",
        "crates/model/src/timestamp.rs",
    ];
    let given = words::given(around.language, &ISLANDS)?;
    Some(view! { <template id="words" data-said=given></template> }.into_any())
}

/// Loads the code of an island, and lets it take over. What does not come leaves the page as the server made it.
fn code(bundle: &Bundle, island: &str, nonce: &str) -> AnyView {
    let script = format!(
        "import init, * as code from {:?}; await init({{ module_or_path: {:?} }}); code.start(); \
         for (const island of document.querySelectorAll('leptos-island')) code[island.dataset.component](island);",
        bundle.script, bundle.wasm
    );
    let pieces = bundle.chunks.get(island).into_iter().flatten();
    let programs = std::iter::once(&bundle.wasm).chain(pieces).map(|href| {
        view! { <link rel="preload" href=href.clone() r#as="fetch" type="application/wasm" crossorigin="anonymous"/> }
    });
    view! {
        <link rel="modulepreload" href=bundle.script.clone() nonce=nonce.to_owned()/>
        {programs.collect_view()}
        <script type="module" nonce=nonce.to_owned()>{script}</script>
    }
    .into_any()
}

/// Lets a browser that can do it fetch a page of the dashboard when its link is pressed, and not only when it is let go: what
/// was fetched while the pointer rested there may be old. (It is no script, but the
/// policy takes it for one.)
fn ahead(nonce: &str) -> AnyView {
    const RULES: &str = r#"{"prefetch":[{"where":{"selector_matches":".sidebar a"},"eagerness":"conservative"}]}"#;
    view! { <script type="speculationrules" nonce=nonce.to_owned()>{RULES}</script> }.into_any()
}

/// The text as the content of a `<title>`, where only these two mean something (HTML, section 13.2.5.2). Leptos would put its
/// marks for the browser's part behind it, and there they are text, too.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_holds_what_its_page_needs() {
        let around =
            Around { theme: Theme::Dark, language: Language::Mirrored, assets: Arc::default(), nonce: "n".to_owned() };
        let page = || Page::new("</title><meta>&amp;", Surface::Error, view! { <p>"<b>"</p> });
        let html = Page::render(&around, page);
        assert!(html.contains("<title>&lt;/title>&lt;meta>&amp;amp;</title>"), "{html}");
        assert!(html.contains("data-theme=\"dark\"") && html.contains("<p>&lt;b&gt;"), "{html}");
        let bundle = Bundle {
            script: "/a.js".into(),
            wasm: "/a.wasm".into(),
            chunks: [("b".into(), vec!["/b.wasm".into()])].into(),
        };
        let assets = Arc::new(Assets { bundle: Some(bundle), ..Assets::default() });
        let around = Around { theme: Theme::System, language: Language::English, assets, nonce: "n".to_owned() };
        let html = Page::render(&around, || Page { island: Some("b"), ..Page::new("x", Surface::Inbox, ()) });
        // Nothing of Leptos's own stands in what is read by other rules than HTML's.
        assert!(html.contains("(island);</script>") && html.contains("}]}</script>"), "{html}");
        assert!(html.contains("<link rel=\"preload\" href=\"/b.wasm\""), "{html}");
        assert!(html.ends_with("</html>"), "{html}");
        let html = Page::render(&around, || Page::new("x", Surface::Landing, ()));
        assert!(!html.contains("<script") && !html.contains("wasm"), "{html}");
        assert_eq!(escaped("Åsa > \"Ö\""), "Åsa > \"Ö\"");
    }
}
