//! The pages around letters by mail: asking for one, what its link opens, and the outbox of who develops.

use super::{AuthPage, FormState, page};
use crate::shell::Page;
use crate::ui::{Field, FormNotice};
use leptos::prelude::*;
use words::noted;

const EMAIL: &[(&str, &str)] = &[("email", noted!("Email"))];
const PASSWORD: &[(&str, &str)] = &[("password", noted!("New password"))];
const SIGN_UP: &[(&str, &str)] = &[("password", noted!("Password"))];

/// The way back to the form that signs in.
fn back() -> AnyView {
    rich!("Back to {link}", link = view! { <a href="/login">{t!("Sign in")}</a> })
}

/// The words beside each of these pages.
fn aside() -> AnyView {
    view! {
        <p class="auth__note">{t!("A link in a letter works once, for a while, and signs nobody in. Nobody at Samtal or at your company will ever ask you for one.")}</p>
    }
    .into_any()
}

/// Asks for the link to a new password.
pub fn ask_reset(state: FormState) -> Page {
    let wrong = state.problem.is_some();
    let body = view! {
        <AuthPage other=back() aside=aside()>
            <div><h1>{t!("A new password")}</h1><p>{t!("Give the address of your account. A letter with a link goes to it.")}</p></div>
            {state.problem.clone().map(|problem| view! { <FormNotice problem=problem fields=EMAIL/> })}
            <form class="form" method="post" action="/reset">
                <Field name="email" label=t!("Email") kind="email" autocomplete="username" value=state.value("email") error=state.error("email")/>
                <button class="button button--primary button--block" type="submit">{t!("Send the link")}</button>
            </form>
        </AuthPage>
    };
    page(t!("A new password"), wrong, body)
}

/// Which letter is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The one to confirm an address, or to say that it has an account.
    SignUp,
    /// The one with the link to a new password.
    Reset,
}

/// Says that a letter is on its way; not whether there is an account.
pub fn sent(which: Sent, outbox: bool) -> Page {
    let (words, again) = match which {
        Sent::SignUp => (
            t!(
                "A letter is on its way to the address that you gave. Open its link, and your workspace is ready. If the address has an account already, the letter says so."
            ),
            "/signup",
        ),
        Sent::Reset => (
            t!("If there is an account with this address, a letter is on its way to it. Its link is good for an hour."),
            "/reset",
        ),
    };
    let body = view! {
        <AuthPage other=back() aside=aside()>
            <div><h1>{t!("Check your email")}</h1><p>{words}</p></div>
            {outbox.then(|| view! {
                <div class="notice">
                    <h2 class="notice__title">{t!("No mail server is set")}</h2>
                    <p>
                        {rich!(
                            "This installation is for development: what it would send stands in its {outbox}.",
                            outbox = view! { <a href="/outbox">{t!("outbox")}</a> }
                        )}
                    </p>
                </div>
            })}
            <p>
                {rich!(
                    "Nothing there after some minutes? Look among what your mail program takes for junk, or {link}.",
                    link = view! { <a href=again>{t!("ask once more")}</a> }
                )}
            </p>
        </AuthPage>
    };
    page(t!("Check your email"), false, body)
}

/// What the link to a new password opens.
pub fn choose_password(state: FormState) -> Page {
    let wrong = state.problem.is_some();
    let email = state.value("email");
    let body = view! {
        <AuthPage other=back() aside=aside()>
            <div>
                <h1>{t!("Choose a new password")}</h1>
                <p>
                    {rich!(
                        "For {email}. Whoever is signed in to this account now will be signed out everywhere.",
                        email = view! { <b>{email.clone()}</b> }
                    )}
                </p>
            </div>
            {state.problem.clone().map(|problem| view! { <FormNotice problem=problem fields=PASSWORD/> })}
            // To its own address.
            <form class="form" method="post">
                <input type="hidden" name="email" autocomplete="username" value=email/>
                <Field
                    name="password"
                    label=t!("New password")
                    kind="password"
                    autocomplete="new-password"
                    hint=t!("At least 10 characters. A sentence that you will remember is a good one.")
                    error=state.error("password")
                />
                <button class="button button--primary button--block" type="submit">{t!("Change the password")}</button>
            </form>
        </AuthPage>
    };
    page(t!("Choose a new password"), wrong, body)
}

/// What the link in a letter to a new address opens.
pub fn confirm_address(email: &str) -> Page {
    let email = email.to_owned();
    let body = view! {
        <AuthPage other=back() aside=aside()>
            <div>
                <h1>{t!("Is this your address?")}</h1>
                <p>{rich!("From now on you sign in with {email}, and letters go there.", email = view! { <b>{email}</b> })}</p>
            </div>
            // To its own address.
            <form class="form" method="post">
                <button class="button button--primary button--block" type="submit">{t!("Yes, use this address")}</button>
            </form>
        </AuthPage>
    };
    page(t!("Is this your address?"), false, body)
}

/// What the link to confirm an address opens: the password that was chosen with it has to be given, too.
pub fn confirm(state: FormState) -> Page {
    let wrong = state.problem.is_some();
    let email = state.value("email");
    let body = view! {
        <AuthPage other=back() aside=aside()>
            <div>
                <h1>{t!("Confirm your address")}</h1>
                <p>
                    {rich!(
                        "Give the password that you chose for {email}, and your workspace is open to you.",
                        email = view! { <b>{email.clone()}</b> }
                    )}
                </p>
            </div>
            {state.problem.clone().map(|problem| view! { <FormNotice problem=problem fields=SIGN_UP/> })}
            // To its own address.
            <form class="form" method="post">
                <input type="hidden" name="email" autocomplete="username" value=email/>
                <Field name="password" label=t!("Password") kind="password" autocomplete="current-password" error=state.error("password")/>
                <button class="button button--primary button--block" type="submit">{t!("Confirm and sign in")}</button>
            </form>
            <p>
                {rich!(
                    "You did not choose one, or do not know it? {link}.",
                    link = view! { <a href="/reset">{t!("Choose a new password")}</a> }
                )}
            </p>
        </AuthPage>
    };
    page(t!("Confirm your address"), wrong, body)
}

/// Where no letters can be sent.
pub fn no_letters() -> Page {
    let body = view! {
        <AuthPage other=back() aside=aside()>
            <div>
                <h1>{t!("Forgot your password?")}</h1>
                <p>{t!("This installation sends no mail, so it cannot send you a link. Whoever runs it can help: ask them.")}</p>
            </div>
        </AuthPage>
    };
    page(t!("Forgot your password?"), false, body)
}

/// A link that opens nothing any more; `again` leads to where one asks for another.
pub fn link_over(state: FormState, again: &'static str) -> Page {
    let body = view! {
        <AuthPage other=back() aside=aside()>
            <div><h1>{t!("This link is over")}</h1></div>
            {state.problem.map(|problem| view! { <FormNotice problem=problem fields=&[]/> })}
            <p><a class="button button--block" href=again>{t!("Ask for a new one")}</a></p>
        </AuthPage>
    };
    page(t!("This link is over"), true, body)
}

/// A letter in the outbox.
#[derive(Debug, Clone)]
pub struct Kept {
    /// To whom.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// Where its link leads.
    pub link: Option<String>,
}

/// The letters that were sent nowhere, for who develops.
pub fn outbox(letters: Vec<Kept>) -> Page {
    let none = letters.is_empty();
    let letter = |letter: Kept| {
        view! {
            <li class="letter">
                <h2>{letter.subject}</h2>
                <p>{rich!("To {address}", address = view! { <b>{letter.to}</b> })}</p>
                <pre class="letter__text">{letter.text}</pre>
                {letter.link.map(|link| view! { <p><a class="button button--small" href=link>{t!("Open its link")}</a></p> })}
            </li>
        }
    };
    let body = view! {
        <AuthPage other=back() aside=aside()>
            <div>
                <h1>{t!("Outbox")}</h1>
                <p>{t!("This installation is for development and has no mail server, so letters go no further than this page. The last 50 are kept until it stops.")}</p>
            </div>
            {none.then(|| view! { <p>{t!("Nothing has been sent yet.")}</p> })}
            <ul class="letters" role="list">{letters.into_iter().map(letter).collect_view()}</ul>
        </AuthPage>
    };
    page(t!("Outbox"), false, body)
}
