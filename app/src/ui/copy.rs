//! A button that copies what stands before it. Without JavaScript, or where the browser hands nothing over, there is none: what is to be
//! copied is marked as a whole by a press on it.

use crate::shell::Nonce;
use leptos::prelude::*;

const COPY: &str = "{\
    const button = document.currentScript.previousElementSibling, { copied } = button.dataset;\
    button.hidden = !navigator.clipboard;\
    button.addEventListener('click', async () => {\
      await navigator.clipboard.writeText(button.parentElement.querySelector('code').textContent);\
      button.textContent = copied;\
    });\
  }";

/// The button, inside what also holds one `<code>`.
#[component]
pub fn CopyButton() -> impl IntoView {
    let nonce = use_context::<Nonce>().map(|nonce| nonce.0);
    view! {
        <button class="button button--small copy-button" type="button" hidden data-copied=t!("Copied")>{t!("Copy")}</button>
        <script nonce=nonce>{COPY}</script>
    }
}
