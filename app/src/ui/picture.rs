//! What an app on a phone is shown: a picture to photograph, and the same as letters and digits.

use leptos::prelude::*;

/// The dark squares as the path of a picture, and how many there are on a side.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// The path.
    pub path: String,
    /// Squares on a side, with the bright edge around them.
    pub side: i32,
}

/// The picture, and the key.
#[component]
pub fn ToPhotograph(
    /// What it says, as letters and digits.
    key: String,
    /// What is photographed.
    picture: Picture,
) -> impl IntoView {
    let Picture { path, side } = picture;
    let digits: Vec<char> = key.chars().collect();
    let spelt: Vec<String> = digits.chunks(4).map(|four| four.iter().collect()).collect();
    let key = view! { <code class="picture__key" id="key">{spelt.join(" ")}</code> };
    view! {
        <svg class="picture" viewBox=format!("0 0 {side} {side}") role="img" aria-label=t!("A picture for your app; the key below says the same")>
            <rect class="picture__bright" width=side height=side/>
            <path class="picture__dark" d=path/>
        </svg>
        <p>{rich!("The key: {key}", key = key)}</p>
    }
}
