//! The design system: what pages are made of. Native elements with a little structure; the look is in `style/`.
//!
//! No `style=` anywhere: the content security policy forbids it (`cargo xtask lint` checks).

mod confirm;
mod copy;
mod field;
mod icon;
mod languages;
mod links;
mod notice;
mod passkey;
mod picture;
mod text_area;

pub(crate) use confirm::{Asked, Question, asking, confirm, opener};
pub use copy::CopyButton;
pub use field::Field;
pub use icon::{Icon, Shape};
pub use languages::{Languages, languages};
pub use links::{anchor, linked};
pub use notice::{FormNotice, ProblemNotice};
pub use passkey::{AskDevice, PasskeyForm};
pub use picture::{Picture, ToPhotograph};
pub use text_area::{Lines, TextArea};

use leptos::prelude::*;
use std::collections::BTreeMap;

/// Where the files of this build are; every name carries a hash of the content.
#[derive(Debug, Clone, Default)]
pub struct Assets {
    /// Addresses by the name that the file has in the source.
    pub files: BTreeMap<String, String>,
    /// The browser's part.
    pub bundle: Option<Bundle>,
}

/// The browser's part.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The glue.
    pub script: String,
    /// The program.
    pub wasm: String,
    /// What an island loads besides, by its name in small letters.
    pub chunks: BTreeMap<String, Vec<String>>,
}

impl Assets {
    /// The address of a file, by the name that it has in the source.
    pub fn file(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(String::as_str)
    }
}

/// A view that takes the place of the one before, instead of turning it into this one, whenever the number is another. (Another
/// type is another view.)
pub fn anew(number: u32, view: AnyView) -> AnyView {
    if number.is_multiple_of(2) { view } else { (view,).into_any() }
}

/// The mark and the name, as a link to the landing page.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <a class="brand" href="/">
            <svg viewBox="0 0 24 24" aria-hidden="true">
                <path d="M6.25 2.5h7a4.25 4.25 0 0 1 0 8.5H2V6.75A4.25 4.25 0 0 1 6.25 2.5Z"/>
                <path class="brand__reply" d="M10.75 13H22v4.25a4.25 4.25 0 0 1-4.25 4.25h-7a4.25 4.25 0 0 1 0-8.5Z"/>
            </svg>
            "Samtal"
        </a>
    }
}

/// One or two letters in a circle, beside a name that is written out.
#[component]
pub fn Avatar(
    /// The name.
    #[prop(into)]
    name: String,
    /// A company instead of a person.
    #[prop(optional)]
    company: bool,
) -> impl IntoView {
    let class = if company { "avatar avatar--company" } else { "avatar" };
    view! { <span class=class aria-hidden="true">{initials(&name)}</span> }
}

fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|w| w.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

/// Shows what the function comes to, and again whenever something that it read changes. It goes into a box, so that the
/// browser has one copy of what watches, and not another for every place that does.
pub fn live(make: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    fn boxed(make: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
        (move || make()).into_any()
    }
    boxed(Box::new(make))
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn letters_of_names() {
        assert_eq!(initials("Astrid Lund"), "AL");
        assert_eq!(initials("astrid maria lund"), "AL");
        assert_eq!(initials("Åsa"), "Å");
        assert_eq!(initials("\"!\" & co"), "C");
        assert_eq!(initials(""), "");
    }
}
