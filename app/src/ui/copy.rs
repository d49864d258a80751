//! A button that copies what stands before it. Without JavaScript, or where the browser hands nothing over, there is none: what is to be
//! copied is marked as a whole by a press on it. Where the browser says no, the button marks it and says so.

use crate::shell::Nonce;
use leptos::prelude::*;

const COPY: &str = "{\
    const button = document.currentScript.previousElementSibling, { copied, denied } = button.dataset, copy = button.textContent;\
    button.hidden = !navigator.clipboard;\
    button.addEventListener('click', async () => {\
      const code = button.parentElement.querySelector('code');\
      try {\
        await navigator.clipboard.writeText(code.textContent);\
        button.textContent = copied;\
      } catch {\
        getSelection().selectAllChildren(code);\
        button.textContent = denied;\
      }\
      setTimeout(() => button.textContent = copy, 5000);\
    });\
  }";

/// The button, inside what also holds one `<code>`.
#[component]
pub fn CopyButton() -> impl IntoView {
    let nonce = use_context::<Nonce>().map(|nonce| nonce.0);
    let denied = t!("Not allowed. The text is marked: copy it.");
    view! {
        <button class="button button--small copy-button" type="button" hidden data-copied=t!("Copied") data-denied=denied>{t!("Copy")}</button>
        <script nonce=nonce>{COPY}</script>
    }
}
