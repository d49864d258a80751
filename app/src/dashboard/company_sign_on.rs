//! A company's own provider, and its domains. Plain forms, answered with this page.

use super::Frame;
use crate::say::say;
use crate::shell::{Page, Surface};
use crate::ui::{Field, FormNotice};
use leptos::prelude::*;
use model::Problem;
use model::identity::{CompanyDomain, CompanySignOn};
use words::noted;

const FIELDS: &[(&str, &str)] = &[
    ("name", noted!("Name")),
    ("issuer", noted!("Issuer")),
    ("client_id", noted!("Client ID")),
    ("client_secret", noted!("Client secret")),
    ("domain", noted!("Domain")),
];

/// What was typed. Never the secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// What people call the provider.
    pub name: String,
    /// Its address.
    pub issuer: String,
    /// What it calls this installation.
    pub client_id: String,
    /// Whether members sign in by it.
    pub required: bool,
    /// A domain.
    pub domain: String,
}

/// What came of a form.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Outcome {
    /// None was sent.
    #[default]
    Nothing,
    /// The provider is set.
    Set,
    /// A domain is proven.
    Proven,
    /// It did not work.
    Refused {
        /// Why.
        problem: Problem,
        /// What was typed.
        typed: Box<Typed>,
    },
}

/// The page.
pub fn company_sign_on(frame: &Frame, found: CompanySignOn, outcome: Outcome) -> Page {
    let title = match &outcome {
        Outcome::Nothing => t!("Company sign-on"),
        Outcome::Set => t!("Saved · Company sign-on"),
        Outcome::Proven => t!("Proven · Company sign-on"),
        Outcome::Refused { .. } => t!("Error: {title}", title = t!("Company sign-on")),
    };
    let CompanySignOn { provider, domains } = found;
    let problem = match &outcome {
        Outcome::Refused { problem, .. } => Some(problem.clone()),
        _ => None,
    };
    let error = |field: &str| problem.as_ref().and_then(|problem| problem.field(field)).map(say);
    let (typed, notice) = match outcome {
        Outcome::Nothing => (None, ().into_any()),
        Outcome::Set => (
            None,
            good(
                t!("Saved"),
                t!(
                    "The provider has answered. Whether it knows this client shows at the first sign-in, once a domain is proven."
                ),
            ),
        ),
        Outcome::Proven => {
            (None, good(t!("Proven"), t!("For addresses in this domain the provider's word counts now.")))
        }
        Outcome::Refused { problem, typed } => {
            (Some(*typed), view! { <FormNotice problem=problem fields=FIELDS/> }.into_any())
        }
    };
    let domain = typed.as_ref().map(|typed| typed.domain.clone()).unwrap_or_default();
    // What was typed into the other form says nothing of this one.
    let typed = typed.filter(|typed| !typed.issuer.is_empty() || !typed.name.is_empty()).unwrap_or_else(|| {
        provider.as_ref().map_or_else(Typed::default, |provider| Typed {
            name: provider.name.clone(),
            issuer: provider.issuer.clone(),
            client_id: provider.client_id.clone(),
            required: provider.required,
            domain: String::new(),
        })
    });
    let (secret, back) = provider.map_or((false, None), |provider| (provider.secret, Some(provider.back)));
    let some = back.is_some();
    let back = match back {
        Some(back) => view! {
            <p>
                {rich!(
                    "The provider sends people back to {address}: that has to be registered there.",
                    address = view! { <code>{back}</code> },
                )}
            </p>
        }
        .into_any(),
        None => view! {
            <p>{t!("Once it is saved, the address stands here to which the provider has to send people back.")}</p>
        }
        .into_any(),
    };
    let main = view! {
        <header class="page__head">
            <h1>{t!("Company sign-on")}</h1>
            <p>{t!("Your people sign in as they do everywhere in your company: by its own OpenID provider.")}</p>
        </header>
        {notice}
        <section class="section" aria-labelledby="provider">
            <div class="section__head"><div class="section__text"><h2 id="provider">{t!("Provider")}</h2>{back}</div></div>
            <form class="form form--narrow" method="post" action="/dashboard/sign-on">
                <Field name="name" label=t!("Name") autocomplete="off" hint=t!("What your people call it.") value=typed.name error=error("name")/>
                <Field
                    name="issuer"
                    label=t!("Issuer")
                    autocomplete="off"
                    hint=t!("Its address, as it calls itself: {example}", example = "https://login.example.com")
                    value=typed.issuer
                    error=error("issuer")
                />
                <Field name="client_id" label=t!("Client ID") autocomplete="off" value=typed.client_id error=error("client_id")/>
                {secret_field(secret, error("client_secret"))}
                <label class="check">
                    <input type="checkbox" name="required" value="1" checked=typed.required/>
                    " "{t!("Members with an address in our domains sign in by it alone. Owners who have a password can still use that.")}
                </label>
                <div class="field">
                    <label class="field__label" for="password">{t!("Your password")}</label>
                    <p class="field__hint" id="password-hint">{t!("Whoever sets this can come in as others. Leave it empty if you have none.")}</p>
                    <input
                        class="field__input"
                        id="password"
                        name="password"
                        type="password"
                        autocomplete="current-password"
                        aria-describedby="password-hint"
                    />
                </div>
                <button class="button button--primary" type="submit">{t!("Save")}</button>
            </form>
            {some.then(|| view! {
                <form class="actions" method="post" action="/dashboard/sign-on/remove">
                    <button class="button button--danger" type="submit">{t!("Take it away")}</button>
                </form>
            })}
        </section>
        <section class="section" aria-labelledby="domains">
            <div class="section__head"><div class="section__text">
                <h2 id="domains">{t!("Domains")}</h2>
                <p>{t!("The provider's word counts for addresses in domains that are your own. A record in the DNS proves it.")}</p>
            </div></div>
            <form class="form form--inline" method="post" action="/dashboard/sign-on/domains">
                <Field name="domain" label=t!("Domain") autocomplete="off" value=domain error=error("domain")/>
                <button class="button" type="submit">{t!("Add")}</button>
            </form>
            {(!domains.is_empty()).then(|| view! { <ul class="ways" role="list">{domains.into_iter().map(row).collect_view()}</ul> })}
        </section>
    };
    frame.page("/dashboard/sign-on", title, Surface::Dashboard, main)
}

fn good(title: String, text: String) -> AnyView {
    view! {
        <div class="notice notice--good" role="status"><h2 class="notice__title">{title}</h2><p>{text}</p></div>
    }
    .into_any()
}

/// The secret, which is never shown; nothing leaves it as it is.
fn secret_field(there: bool, error: Option<String>) -> AnyView {
    let hint = if there {
        t!("One is kept. Type another one to replace it; for another issuer, its own.")
    } else {
        t!("None for a public client.")
    };
    view! {
        <div class="field">
            <label class="field__label" for="client_secret">{t!("Client secret")}</label>
            <p class="field__hint" id="client_secret-hint">{hint}</p>
            <input
                class="field__input"
                id="client_secret"
                name="client_secret"
                type="password"
                autocomplete="off"
                aria-invalid=error.as_ref().map(|_| "true")
                aria-describedby="client_secret-hint"
            />
            {error.map(|error| view! { <p class="field__error" id="client_secret-error">{error}</p> })}
        </div>
    }
    .into_any()
}

fn row(domain: CompanyDomain) -> impl IntoView {
    let CompanyDomain { id, domain, record, says, proven_at } = domain;
    let (prove, remove) =
        (format!("/dashboard/sign-on/domains/{id}/prove"), format!("/dashboard/sign-on/domains/{id}/remove"));
    let label = t!("Remove {name}", name = domain);
    let look = t!("Look for the record of {domain}", domain);
    let state = if proven_at.is_some() {
        view! { <p><b>{domain}</b>" "<span class="badge badge--accent">{t!("Proven")}</span></p> }.into_any()
    } else {
        view! {
            <p>
                {rich!(
                    "{domain} is not proven yet. Put this record of the type TXT into its DNS:",
                    domain = view! { <b>{domain}</b> },
                )}
            </p>
            <p><code>{record}</code>" "<code>{says}</code></p>
        }
        .into_any()
    };
    view! {
        <li>
            {state}
            <div class="actions">
                {proven_at.is_none().then(|| view! {
                    <form method="post" action=prove>
                        <button class="button button--small" type="submit" aria-label=look>{t!("Look for the record")}</button>
                    </form>
                })}
                <form method="post" action=remove>
                    <button class="button button--small" type="submit" aria-label=label>{t!("Remove")}</button>
                </form>
            </div>
        </li>
    }
}
