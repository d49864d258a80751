//! What asks a browser's devices for a passkey, or to make one (W3C Web Authentication). It takes JavaScript, and says so without.

use crate::shell::Nonce;
use leptos::prelude::*;

/// What is asked of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskDevice {
    /// To make a passkey.
    Make,
    /// To show one, when the button is pressed.
    Show,
    /// To show one at once.
    ShowAtOnce,
}

/// Asks, and sends what the device has answered as a form. What it says stands in the form.
const ASK: &str = "{\
    const form = document.currentScript.previousElementSibling, keys = globalThis.PublicKeyCredential;\
    const button = form.querySelector('button'), said = form.querySelector('[role=alert]'), told = form.dataset;\
    const say = (words) => { said.textContent = words; said.hidden = !words; };\
    const wrong = { NotAllowedError: told.unchosen, InvalidStateError: told.known, SecurityError: told.elsewhere };\
    const go = async () => {\
      say('');\
      button.disabled = true;\
      try {\
        const options = JSON.parse(told.options);\
        const answer = told.ask === 'make'\
          ? await navigator.credentials.create({ publicKey: keys.parseCreationOptionsFromJSON(options) })\
          : await navigator.credentials.get({ publicKey: keys.parseRequestOptionsFromJSON(options) });\
        form.elements.credential.value = JSON.stringify(answer);\
        form.submit();\
      } catch (error) {\
        button.disabled = false;\
        say(wrong[error.name] ?? told.failed.replace('{message}', () => error.message));\
      }\
    };\
    if (keys?.parseRequestOptionsFromJSON) {\
      say('');\
      button.hidden = false;\
      button.addEventListener('click', go);\
      if (told.ask === 'show-at-once') go();\
    } else say(told.unable);\
  }";

/// The form.
#[component]
pub fn PasskeyForm(
    /// Where the answer goes.
    action: &'static str,
    /// What is asked.
    ask: AskDevice,
    /// What the device is told.
    options: String,
    /// Where browsers know passkeys of this installation.
    at: String,
    /// What stands on the button.
    #[prop(into)]
    label: String,
    /// Where it leads in the end.
    #[prop(into, optional)]
    next: String,
) -> impl IntoView {
    let nonce = use_context::<Nonce>().map(|nonce| nonce.0);
    let asks = match ask {
        AskDevice::Make => "make",
        AskDevice::Show => "show",
        AskDevice::ShowAtOnce => "show-at-once",
    };
    // What went wrong is only known in the browser, where it is filled in.
    let failed = t!("That did not work: {message}", message = "{message}");
    view! {
        <form
            class="form"
            method="post"
            action=action
            data-ask=asks
            data-options=options
            data-unchosen=t!("Nothing was chosen, or it took too long. Try again, or go on another way.")
            data-known=t!("This device has a passkey of your account already.")
            data-elsewhere=t!("Browsers know the passkeys of this installation at {at} alone. Open it there.", at)
            data-unable=t!("This browser knows no passkeys, or not at this address. Go on another way.")
            data-failed=failed
        >
            <input type="hidden" name="credential"/>
            {(!next.is_empty()).then(|| view! { <input type="hidden" name="next" value=next/> })}
            <p class="notice notice--attention" role="alert">{t!("Passkeys take JavaScript, and this browser has it turned off. Go on another way.")}</p>
            <button class="button button--primary button--block" type="button" hidden>{label}</button>
        </form>
        <script nonce=nonce>{ASK}</script>
    }
}
