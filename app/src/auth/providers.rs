//! Signing in by a provider's word: the ways there, and what is asked of who comes back.

use super::{AuthPage, FormState, page, somebody_else};
use crate::say::say;
use crate::shell::Page;
use crate::ui::{Field, FormNotice};
use leptos::prelude::*;
use words::{Text, noted};

/// The providers that are offered, below a form; nothing where there are none. `with` is what they are told of where it leads.
#[component]
pub(super) fn Ways(
    /// Name in addresses, and what people call it.
    all: Vec<(String, String)>,
    /// What is asked for: begins with a question mark, or is empty.
    #[prop(into, optional)]
    with: String,
) -> impl IntoView {
    (!all.is_empty()).then(|| {
        let links = all.into_iter().map(|(slug, title)| {
            let address = format!("/login/with/{slug}{with}");
            view! { <li><a class="button button--block" href=address rel="nofollow">{t!("Continue with {provider}", provider = title)}</a></li> }
        });
        view! {
            <p class="auth__or">{t!("or")}</p>
            <ul class="auth__choices" role="list">{links.collect_view()}</ul>
        }
    })
}

/// The page that asks for a password, once: the provider, the address, and the company that is joined by it.
pub fn link_account(state: FormState, (provider, email, company): (String, String, Option<String>)) -> Page {
    let wrong = state.problem.is_some();
    let (error, problem) = (state.error("password"), state.problem);
    let button = if company.is_some() { t!("Link and join") } else { t!("Link and sign in") };
    let joins = company.map(|company| {
        view! { " "{rich!("You join {company} by that.", company = view! { <b>{company}</b> })} }
    });
    let body = view! {
        <AuthPage
            other=somebody_else()
            aside=view! { <p class="auth__note">{t!("Asked once: whoever has an account at a provider could otherwise take yours.")}</p> }.into_any()
        >
            <div>
                <h1>{t!("You have an account here")}</h1>
                <p>
                    {rich!(
                        "It has the address {email}. Type its password once, and from then on {provider} opens it.",
                        email = view! { <b>{email.clone()}</b> },
                        provider = provider
                    )}
                    {joins}
                </p>
            </div>
            {problem.map(|problem| view! { <FormNotice problem=problem fields=&[("password", noted!("Password"))]/> })}
            <form class="form" method="post" action="/login/link">
                <input type="hidden" name="email" autocomplete="username" value=email/>
                <Field name="password" label=t!("Password") kind="password" autocomplete="current-password" error=error/>
                <button class="button button--primary button--block" type="submit">{button}</button>
            </form>
            <p><a href="/reset">{t!("Forgot your password?")}</a></p>
        </AuthPage>
    };
    page(t!("Link your account"), wrong, body)
}

/// Somebody who has no account yet.
#[derive(Debug, Clone)]
pub struct Newcomer {
    /// The provider, as people call it.
    pub provider: String,
    /// The address.
    pub email: String,
    /// To what they are invited: the link, the company, and as what.
    pub invited: Vec<(String, String, Text)>,
    /// Whether it began with an invitation: then nothing else is asked.
    pub joins: bool,
}

/// The page that asks what they want: nothing is made and nothing joined unasked.
pub fn newcomer(state: FormState, who: Newcomer) -> Page {
    let wrong = state.problem.is_some();
    let Newcomer { provider, email, invited, joins } = who;
    let some = !invited.is_empty();
    let told = if joins { t!("Do you want to join?") } else { t!("There is no account here with this address yet.") };
    // Whoever was asked to join has most likely come for that.
    let makes = if some { "button button--block" } else { "button button--primary button--block" };
    let invitations = invited.into_iter().map(|(token, company, role)| {
        view! {
            <li>
                <button class="button button--primary button--block" type="submit" name="invitation" value=token>
                    {t!("Join {company} as {role}", company, role = say(&role).to_lowercase())}
                </button>
            </li>
        }
    });
    let invitations = some.then(|| {
        view! {
            <form class="form" method="post" action="/login/new">
                <ul class="auth__choices" role="list" aria-label=t!("Invitations")>{invitations.collect_view()}</ul>
            </form>
            {(!joins).then(|| view! { <p class="auth__or">{t!("or")}</p> })}
        }
    });
    let body = view! {
        <AuthPage
            other=somebody_else()
            aside=view! {
                <ul class="auth__note" role="list">
                    <li><b>{t!("A workspace of your own")}</b>" "{t!("What is in it stays in it. The database sees to that.")}</li>
                    <li><b>{t!("Looking for your colleagues?")}</b>" "{t!("Ask one of them to invite this address.")}</li>
                </ul>
            }
            .into_any()
        >
            <div>
                <h1>{t!("Welcome")}</h1>
                <p>
                    {rich!(
                        "{provider} says that you are {email}.",
                        provider = provider,
                        email = view! { <b>{email}</b> }
                    )}
                    " "
                    {told}
                </p>
            </div>
            {state.problem.clone().map(|problem| {
                view! { <FormNotice problem=problem fields=&[("company", noted!("Company")), ("name", noted!("Your name"))]/> }
            })}
            {invitations}
            {(!joins).then(|| view! {
            <form class="form" method="post" action="/login/new">
                <Field name="company" label=t!("Company") autocomplete="organization" value=state.value("company") error=state.error("company")/>
                <Field name="name" label=t!("Your name") autocomplete="name" value=state.value("name") error=state.error("name")/>
                <button class=makes type="submit">{t!("Create workspace")}</button>
            </form>
            })}
        </AuthPage>
    };
    page(t!("Welcome"), wrong, body)
}

/// The page that leads to a provider by itself.
pub fn leaving(provider: &Text, address: &str) -> Page {
    let (provider, address) = (say(provider), address.to_owned());
    let body = view! {
        <AuthPage
            other=view! { <a href="/dashboard">{t!("Back")}</a> }.into_any()
            aside=().into_any()
        >
            <div><h1>{t!("On to {provider}", provider)}</h1><p>{t!("It asks you who you are, and leads back here.")}</p></div>
            <p><a class="button button--primary button--block" href=address>{t!("Go on to {provider}", provider)}</a></p>
        </AuthPage>
    };
    page(t!("On your way"), false, body)
}

/// The page that asks for an address, by whose domain the company is known.
pub fn company_sign_in(state: FormState) -> Page {
    let wrong = state.problem.is_some();
    let next = state.value("next");
    let body = view! {
        <AuthPage
            other=rich!("With a password? {link}", link = view! { <a href="/login">{t!("Sign in")}</a> })
            aside=view! { <p class="auth__note">{t!("Your company can let its people sign in by its own provider. Its owners set that up.")}</p> }.into_any()
        >
            <div><h1>{t!("Sign in through your company")}</h1><p>{t!("Its domain says where to go.")}</p></div>
            {state.problem.clone().map(|problem| view! { <FormNotice problem=problem fields=&[("email", noted!("Email"))]/> })}
            <form class="form" method="post" action="/login/company">
                <Field name="email" label=t!("Email") kind="email" autocomplete="username" value=state.value("email") error=state.error("email")/>
                <input type="hidden" name="next" value=next/>
                <button class="button button--primary button--block" type="submit">{t!("Go on")}</button>
            </form>
        </AuthPage>
    };
    page(t!("Sign in through your company"), wrong, body)
}

/// The step of signing in at which the company's own provider is asked for.
pub fn ask_provider(company: &str, address: &str) -> Page {
    let (company, address) = (company.to_owned(), address.to_owned());
    let body = view! {
        <AuthPage
            other=somebody_else()
            aside=view! { <p class="auth__note">{t!("Does that not work? An owner of the workspace still signs in with a password, and can change it.")}</p> }.into_any()
        >
            <div>
                <h1>{t!("One more step")}</h1>
                <p>
                    {rich!(
                        "{company} has its people sign in by its own provider, and not by a password alone.",
                        company = view! { <b>{company}</b> }
                    )}
                </p>
            </div>
            <p><a class="button button--primary button--block" href=address>{t!("Go on")}</a></p>
        </AuthPage>
    };
    page(t!("Sign in through your company"), false, body)
}
